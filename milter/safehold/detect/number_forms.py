# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms of official numbers, their check digits, and the words that go with each.

One ten-digit number in eleven passes for an NHS number, and a UPRN is any number at all; so most kinds count only where
a word that goes with them stands near.  Numbers of a very own form (family cases, postcodes) need none.

Sources: NHS Data Dictionary, "NHS NUMBER" (weights 10 to 2, modulus 11), "COMMUNITY HEALTH INDEX NUMBER" (begins with
a birth date, so its range is apart from that of NHS numbers); HMRC NIM39110 (NINO); BS 7666 (postcodes, UPRN); the
courts' published case numbers; identifiers of the Police National Computer and its court case references (modulus 23).
Pure.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from operator import mul
from typing import Final

# -- check digits ------------------------------------------------------------------------------------------------------

# Below are CHI numbers; above are those of England, Wales and Northern Ireland, and those that are kept for tests.
_FIRST_NHS_NUMBER: Final = "3200000000"


_WEIGHTS: Final = range(10, 0, -1)


def has_check_digit(digits: str) -> bool:
    """Return whether the last of ten digits checks the other nine: modulus 11, weights 10 to 2.

    >>> has_check_digit("9434765919")
    True
    """
    if len(digits) != 10 or digits == digits[0] * 10:
        return False
    # The last digit is what is missing to a multiple of eleven; where that would be ten, nothing fits.
    total: int = sum(map(mul, _WEIGHTS, map(int, digits)))
    return total % 11 == 0


def is_nhs_number(text: str) -> bool:
    """Return whether ten digits are an NHS number: its range, which begins above every birth date, and check digit."""
    digits = squeezed(text)
    return digits >= _FIRST_NHS_NUMBER and has_check_digit(digits)


def is_chi(text: str) -> bool:
    """Return whether ten digits are a CHI number: the first six are a birth date, and the check digit is right."""
    digits = squeezed(text)
    # Of two years with the same last digits only a leap year has the 29th of February; 2000 and 1900 + 4n are.
    return has_check_digit(digits) and _is_date(int(digits[:2]), int(digits[2:4]), 2000 + int(digits[4:6]))


_NEVER_NINO: Final = frozenset({"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"})
_NINO_FIRST, _NINO_SECOND = frozenset("ABCEGHJKLMNOPRSTWXYZ"), frozenset("ABCEGHJKLMNPRSTWXYZ")


def is_nino(text: str) -> bool:
    """Return whether the first two letters may begin a National Insurance number.

    QQ does: it is never issued, and is the official example.
    """
    prefix = text[:2].upper()
    if prefix == "QQ":
        return True
    return prefix not in _NEVER_NINO and prefix[0] in _NINO_FIRST and prefix[1] in _NINO_SECOND


_LETTERS_OF_23: Final = "ZABCDEFGHJKLMNPQRTUVWXY"


def is_pnc(text: str) -> bool:
    """Return whether a PNC identifier (year, serial number, letter) has the right letter.

    >>> is_pnc("12/24H")
    True
    """
    year, serial = _parts_of_reference(text)
    return _LETTERS_OF_23[int(year[-2:] + serial.zfill(7)) % 23] == text[-1].upper()


def is_court_case(text: str) -> bool:
    """Return whether a court case reference (year, court, serial number, letter) has the right letter.

    >>> is_court_case("97/1626/008395Q")
    True
    """
    year, court, serial = _parts_of_reference(text)
    return _LETTERS_OF_23[int(year + court + serial.zfill(6)) % 23] == text[-1].upper()


def _parts_of_reference(text: str) -> list[str]:
    return [piece.strip() for piece in text[:-1].split("/")]


def _is_criminal_case(text: str) -> bool:
    return is_court_case(text) if text.count("/") == 2 else is_pnc(text)


# -- forms -------------------------------------------------------------------------------------------------------------


def squeezed(text: str) -> str:
    """Return the letters and digits of *text*, small."""
    return "".join(filter(str.isalnum, text)).lower()


def _anything(text: str) -> bool:
    return bool(text)


def _nothing(text: str) -> bool:
    return not text


@dataclass(frozen=True, slots=True)
class Form:
    """What a kind of number looks like.

    Attributes:
        form: Its form.
        near: Words of which one must stand near; () where the form says enough.
        is_right: Whether what has the form is one.
        same: What two spellings of one number have in common.
        is_weak: Whether it could be any number, so that its word must stand directly beside it.
    """

    form: re.Pattern[str]
    near: tuple[str, ...] = ()
    is_right: Callable[[str], bool] = _anything
    same: Callable[[str], str] = squeezed
    is_weak: Callable[[str], bool] = _nothing


def found_in(form: Form, text: str) -> Iterator[tuple[int, int]]:
    """Yield where numbers of a form stand in a cleaned text."""
    for match in form.form.finditer(text):
        if form.is_right(match.group()):
            yield match.span()


# A sign that groups digits: one blank, or a dash as any keyboard or word processor makes it.
_BLANK = r"[ .\-\u2010-\u2015]?"
# Nothing of a longer word or number on either side.  A dash belongs to the number before it, a blank or a label not.
_EDGE, _END = r"(?<![^\W_])(?<![^\W_][-\u2010-\u2015])", r"(?![^\W_]|[-\u2010-\u2015][^\W_])"
_NO_DIGIT, _NO_MORE = r"(?<!\d)(?<!\d[.,/-])", r"(?!\d|[.,/-]\d)"
# As the form's boxes have them, one digit each: "9 4 3 4 7 6 5 9 1 9".
_TEN_BOXES = r"(?<!\d )\d(?: \d){9}(?! \d)"
_TEN_DIGITS = rf"{_NO_DIGIT}(?:\d{{3}}{_BLANK}\d{{3}}{_BLANK}\d{{4}}|{_TEN_BOXES}){_NO_MORE}"
_CHI = rf"{_NO_DIGIT}(?:\d{{6}}{_BLANK}\d{{4}}|\d{{3}}{_BLANK}\d{{3}}{_BLANK}\d{{4}}|{_TEN_BOXES}){_NO_MORE}"

_DAY, _MONTH, _YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:(?:19|20)\d{2}|'?\d{2})"
# English and Welsh, each by its first letters.
_MONTHS: Final[tuple[tuple[str, ...], ...]] = (
    ("jan", "ion"),
    ("feb", "chwef"),
    ("mar", "maw"),
    ("apr", "ebr"),
    ("may", "mai"),
    ("jun", "meh"),
    ("jul", "gor"),
    ("aug", "aws"),
    ("sep", "med"),
    ("oct", "hyd"),
    ("nov", "tach"),
    ("dec", "rhag"),
)
_NAMED = "(?:" + "|".join(name for names in _MONTHS for name in names) + r")[a-z]{0,8}"
_DATE = (
    rf"(?<![^\W_])(?<!\d[/.-])(?:{_DAY} ?([/.-]) ?{_MONTH} ?\1 ?{_YEAR}"
    rf"|{_DAY}(?:st|nd|rd|th|af|ain|eg|fed)?[ -]?(?:of )?{_NAMED}[.,]{{0,2}}[ -]?{_YEAR}"
    rf"|{_NAMED}\.? {_DAY}(?:st|nd|rd|th)?,? (?:19|20)\d{{2}}"
    r"|(?:19|20)\d{2}([/.-])(?:0?[1-9]|1[0-2])\2(?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0[1-9]|[12]\d|3[01]) (?:0[1-9]|1[0-2]) (?:19|20)\d{2}"
    r"|(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d{2}"
    r")(?!\d|[/.-]\d)"
)
_NUMBER_OR_NAME = re.compile(r"\d+|[^\W\d_]{3,}", re.IGNORECASE)


def _day_of(text: str) -> tuple[int, int, int]:
    """Return day, month and the last two digits of the year of what has the form of a date; zeros where it is none."""
    pieces = _NUMBER_OR_NAME.findall(text)
    if len(pieces) == 1:
        pieces = [text[:2], text[2:4], text[4:]]
    named = [number for piece in pieces if (number := _month(piece))]
    numbers = [int(piece) for piece in pieces if piece.isdigit()]
    if named and len(numbers) == 2:
        day, month, year = numbers[0], named[0], numbers[1]
    elif len(numbers) == 3:
        day, month, year = reversed(numbers) if len(pieces[0]) == 4 else numbers
    else:
        return 0, 0, 0
    return day, month, year % 100


def _month(piece: str) -> int:
    names = ((number, name) for number, names in enumerate(_MONTHS, 1) for name in names)
    return next((number for number, name in names if piece.lower().startswith(name)), 0)


def _is_date(day: int, month: int, year: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _is_day(text: str) -> bool:
    day, month, year = _day_of(text)
    return _is_date(day, month, 2000 + year)


def _same_day(text: str) -> str:
    return "-".join(map(str, _day_of(text)))


def _national(text: str) -> str:
    """Return a phone number without what says its country, where that is ours."""
    digits = squeezed(text).lstrip("0")
    if text.lstrip().startswith(("+44", "0044", "(+44", "(0044")):
        digits = digits.removeprefix("44").lstrip("0")
    return digits


def _is_phone(text: str) -> bool:
    if text.startswith("+") and not text.startswith("+44"):
        return True
    # Nine digits were given out in a few places, and only of the first geographic numbers.
    national = _national(text)
    return len(national) == 10 or (len(national) == 9 and national.startswith("1"))


# Royal Mail's postcode areas, with the three of the islands.
_AREAS: Final = frozenset(
    """
    AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK
    FY G GIR GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE
    NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ
    TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE
    """.split()  # noqa: SIM905 - read as text, so written as text
)
_AREA = re.compile(r"[A-Z]+")
_ORDINALS: Final = ("st", "nd", "rd", "th")


def _is_postcode(text: str) -> bool:
    """Return whether what has the form is meant as one: small letters only with a blank, and no "b2 2nd".

    In one piece it must be of a real area, because codes of all sorts look the same.
    """
    if text.isalnum():
        return text.upper() == text and (_AREA.findall(text)[0] in _AREAS)
    return text.upper() == text or not text.endswith(_ORDINALS)


def _is_family_case(text: str) -> bool:
    return text.isalnum() or text.upper() == text


def _same_case(text: str) -> str:
    year, *_, serial = pieces = _parts_of_reference(text)
    return "/".join((year[-2:], *pieces[1:-1], serial.lstrip("0")))


_FEWEST_OF_A_UPRN = 6

FORMS: Final[Mapping[str, Form]] = {
    "nhs_number": Form(
        re.compile(_TEN_DIGITS),
        ("nhs", "nhs number", "nhs no", "patient", "dob", "d o b", "date of birth", "hospital number", "gp"),
        is_nhs_number,
    ),
    "chi": Form(
        re.compile(_CHI),
        ("chi", "chi number", "chi no", "nhs", "patient", "dob", "d o b", "date of birth", "hospital number", "gp"),
        is_chi,
    ),
    "nino": Form(
        re.compile(
            rf"{_EDGE}[A-Z]{_BLANK}[A-Z]{_BLANK}\d{{2}}{_BLANK}\d{{2}}{_BLANK}\d{{2}}(?:{_BLANK}[A-D])?{_END}"
            rf"|(?<![^\W_])[A-Z] [A-Z](?: \d){{6}}(?: [A-D])?{_END}",
            re.IGNORECASE,
        ),
        ("ni", "nino", "n i", "national insurance", "insurance number", "ni number", "ni no", "yswiriant gwladol"),
        lambda text: is_nino(squeezed(text)),
        same=lambda text: squeezed(text)[:8],
    ),
    "uprn": Form(
        re.compile(rf"{_EDGE}\d{{1,12}}{_END}(?![.,/]\d)"),
        ("uprn", "uprns", "unique property reference", "unique property reference number"),
        same=lambda text: text.lstrip("0"),
        is_weak=lambda text: len(text.lstrip("0")) < _FEWEST_OF_A_UPRN,
    ),
    "postcode": Form(
        re.compile(
            rf"{_EDGE}(?<![=&#%])(?:[A-PR-UWYZ](?:[A-HK-Y]\d{{1,2}}|[A-HK-Y]\d[ABEHMNPRVWXY]|\d[A-HJKPSTUW]|\d{{1,2}})|GIR)"
            rf"{_BLANK}\d[ABD-HJLNP-UW-Z]{{2}}{_END}",
            re.IGNORECASE,
        ),
        is_right=_is_postcode,
    ),
    "family_case": Form(
        re.compile(rf"{_EDGE}[A-Z]{{2}}{_BLANK}\d{{2}}{_BLANK}[CPFD]{_BLANK}\d{{5}}{_END}", re.IGNORECASE),
        is_right=_is_family_case,
    ),
    "criminal_case": Form(
        re.compile(
            rf"{_EDGE}(?<!\d/)(?:\d{{2}} ?/ ?\d{{4}} ?/ ?\d{{1,6}}|(?:\d{{2}}|\d{{4}}) ?/ ?\d{{1,7}}) ?[A-Z]{_END}",
            re.IGNORECASE,
        ),
        (
            "case",
            "crime",
            "urn",
            "pnc",
            "reference",
            "ref",
            "defendant",
            "offence",
            "court",
            "police",
            "ccr",
            "custody",
        ),
        _is_criminal_case,
        same=_same_case,
    ),
    "prison_number": Form(
        re.compile(rf"{_EDGE}[A-Z]{_BLANK}\d{{4}}{_BLANK}[A-Z]{{2}}{_END}", re.IGNORECASE),
        ("prison", "prisoner", "nomis", "noms", "hmp", "hmyoi", "yoi", "custody", "inmate", "carchar"),
    ),
    "phone": Form(
        re.compile(
            r"(?<![^\W_])(?<!\d[.,-])(?<![=&#%_])(?<![a-z]/)(?<!isbn[ :=-])(?<!isbn: )"
            r"(?:\(?(?:\+|00)44\)?[ .-]?(?:\(0\)|0)?[ .-]?|\(?0)[1-35789](?:[ ().-]{0,2}\d){8,9}"
            r"(?!\d|[.,]\d|[a-df-wyz])"
            r"|(?<![^\W_+])\+(?!44)[1-9]\d{0,2}(?:[ ().-]{0,2}\d){6,12}(?!\d|[.,]\d)",
            re.IGNORECASE,
        ),
        is_right=_is_phone,
        same=_national,
    ),
    "email": Form(
        re.compile(
            r"(?<![\w.+%-])[\w.+%'-]{1,64}@(?:[^\W_][\w-]{0,62}\.){1,8}[^\W\d_]{2,24}(?![^\W_]|@)",
            re.IGNORECASE,
        ),
        same=str.casefold,
    ),
    "date_of_birth": Form(
        re.compile(_DATE, re.IGNORECASE),
        (
            *("dob", "d o b", "born", "date of birth", "dates of birth", "birth date", "birthdate", "birthday"),
            *("ganwyd", "dyddiad geni"),
        ),
        _is_day,
        same=_same_day,
    ),
}

# -- numbers misread ---------------------------------------------------------------------------------------------------

_MISREAD: Final = str.maketrans({"O": "0", "o": "0", "I": "1", "l": "1", "|": "1", "S": "5", "B": "8", "Z": "2"})
_AMONG_DIGITS = re.compile(
    r"(?<=\d)[OoIl|SBZ]{1,4}(?=\d)|(?<=\d )[OoIl|SBZ]{2,4}(?= \d)"
    r"|(?<![^\W_])[OoIl|SBZ]{1,2}(?=\d)|(?<=\d)[OoIl|SBZ]{1,2}(?![^\W_])"
)


def read_again(text: str) -> str:
    """Return what text recognition saw with the letters that stand among digits as the digits they are taken for.

    >>> read_again("943 476 59I9")
    '943 476 5919'
    """
    return _AMONG_DIGITS.sub(lambda match: match.group().translate(_MISREAD), text)

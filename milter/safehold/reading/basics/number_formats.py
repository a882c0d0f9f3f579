# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers of a sheet as a person sees them: ``9.990001234E9`` is 9990001234, ``000000`` makes 123 into 000123.

Where a format pads, spells a pattern (``00000 000000``) or makes a date of a number, both forms count, because the
one that somebody searches for may be either: they are returned joined by a tab.  Pure; never raises for content.

Source: ECMA-376 part 1, 18.8.30 (numFmt) and 18.17.4 (serial dates).
"""

import calendar
import math
import re
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import lru_cache

GENERAL = "General"
# Ids without a code in the file.  14 and 22 follow the reader's country: here the United Kingdom.
_DAY = "yyyy-mm-dd"
BUILT_IN: dict[int, str] = {
    0: GENERAL, 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
    13: "# ??/??", 14: "dd/mm/yyyy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
    20: "h:mm", 21: "h:mm:ss", 22: "dd/mm/yyyy hh:mm", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss", 48: "##0.0E+0",
    49: "@", **dict.fromkeys((*range(27, 37), *range(50, 59)), _DAY),
}  # fmt: skip

_INTEGER = re.compile(r"-?\d{1,400}")
_LARGEST_WHOLE = 1e21
_LARGEST_AMOUNT = 1e15  # beyond it a float has no pence
_LAST_DAY = 2_958_466  # 9999-12-31 and its hours
_LONGEST_CODE = 255  # Excel's own limit
_TOKEN = re.compile(
    r"\"(?P<quoted>[^\"]*)\"?|[\\!](?P<escaped>.)|_(?P<space>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]?"
    r"|(?P<date>[Aa][Mm]/[Pp][Mm]|[Aa]/[Pp]|[Yy]+|[Mm]+|[Dd]+|[Hh]+|[Ss]+(?:\.0+)?)|(?P<digit>[0#?])"
    r"|(?P<power>[Ee][+-])|(?P<general>[Gg][Ee][Nn][Ee][Rr][Aa][Ll])|(?P<other>.)",
    re.DOTALL,
)
_MONTHS = calendar.month_name  # English: nothing here sets a locale
_DAYS = calendar.day_name


@dataclass(frozen=True, slots=True)
class _Section:
    """One of the up to four parts of a format (positive, negative, zero, text)."""

    tokens: tuple[tuple[str, str], ...]

    @property
    def is_date(self) -> bool:
        return any(kind == "date" for kind, _ in self.tokens)

    @property
    def shows_value(self) -> bool:
        """Return whether it shows anything of the value itself."""
        return any(
            kind in ("date", "digit", "general", "power") or (kind, text) == ("other", "@")
            for kind, text in self.tokens
        )

    @property
    def is_amount(self) -> bool:
        """Return whether it groups thousands, rounds to some places, or shows a percentage."""
        kinds = {kind for kind, _ in self.tokens}
        signs = {text for kind, text in self.tokens if kind == "other"}
        return (
            "digit" in kinds
            and not kinds & {"date", "general", "power"}
            and bool(signs & set(".,%"))
            and "/" not in signs
        )

    @property
    def is_fraction(self) -> bool:
        """Return whether it shows what is behind the point as a fraction."""
        kinds = [kind for kind, _ in self.tokens]
        signs = [text for kind, text in self.tokens if kind == "other"]
        return signs.count("/") == 1 and "digit" in kinds and not set(kinds) & {"date", "general", "power"}

    @property
    def is_pattern(self) -> bool:
        """Return whether it shows a whole number with padding or with other signs than digits."""
        kinds = [kind for kind, _ in self.tokens]
        signs = "".join(text for kind, text in self.tokens if kind == "other")
        if "general" in kinds or "power" in kinds or set(signs) & set(".,%/@"):
            return False
        digits = [text for kind, text in self.tokens if kind == "digit"]
        return digits.count("0") > 1 or (bool(digits) and any(kind == "literal" for kind in kinds)) or bool(signs)


@lru_cache(maxsize=1024)
def _sections(code: str) -> tuple[_Section, ...]:
    sections: list[list[tuple[str, str]]] = [[]]
    for found in _TOKEN.finditer(code[:_LONGEST_CODE]):
        kind, text = found.lastgroup or "other", found[found.lastgroup or 0]
        if kind == "other" and text == ";":
            sections.append([])
        elif kind == "bracket":
            if text[:1] in "hHmMsS" and text.isalpha():
                sections[-1].append(("date", f"[{text}]"))
            elif text.startswith("$"):  # a currency and a country
                sections[-1].append(("literal", text[1:].partition("-")[0]))
        elif kind in ("quoted", "escaped"):
            sections[-1].append(("literal", text))
        elif kind == "space":
            sections[-1].append(("other", " "))
        elif kind != "fill":
            sections[-1].append((kind, text))
    return tuple(_Section(tuple(tokens)) for tokens in sections)


def hides_text(code: str) -> bool:
    """Return whether the format shows nothing of a text: ``;;;`` does."""
    sections = _sections(code)
    return len(sections) > 3 and not sections[3].shows_value


def hides_number(code: str, raw: str) -> bool:
    """Return whether the format shows nothing of that number; that a zero is not shown hides nothing."""
    value = _number(raw)
    return bool(code) and value != 0 and not _section_for(code, value).shows_value


def instead(code: str, raw: str, *, is_text: bool = False) -> str:
    """Return the words that the format shows in place of a value of which it shows nothing, or "".

    >>> instead('"see file";;', "1")
    'see file'
    """
    sections = _sections(code)
    if is_text and len(sections) < 4:
        return ""
    section = sections[3] if is_text else _section_for(code, _number(raw))
    if section.shows_value:
        return ""
    words = "".join(text for kind, text in section.tokens if kind in ("literal", "other")).strip()
    return words if any(map(str.isalnum, words)) else ""


def may_blank(code: str) -> bool:
    """Return whether the format shows nothing of some values."""
    return not all(section.shows_value for section in _sections(code))


def is_plain(code: str) -> bool:
    """Return whether numbers of that format are shown as they are, as far as searching goes."""
    return not any(
        section.is_date or section.is_pattern or section.is_amount or section.is_fraction for section in _sections(code)
    )


def shown(raw: str, code: str = GENERAL, *, since_1904: bool = False) -> str:
    r"""Return what a person sees of a number, and (after a tab) the other form that may be searched for.

    >>> shown("9.990001234E9")
    '9990001234'
    >>> shown("123", "000000")
    '000123\t123'
    >>> shown("36525", "dd/mm/yyyy")
    '31/12/1999\t1999-12-31'
    >>> shown("1599.99", "[$£-809]#,##0.00")
    '£1,599.99\t1599.99'
    """
    plain = as_whole(raw)
    if code == GENERAL:
        return plain
    value = _number(raw)
    if math.isnan(value):
        return plain
    section = _section_for(code, value)
    if section.is_date:
        return _date(section, value, since_1904=since_1904) or plain
    if section.is_pattern and _INTEGER.fullmatch(plain):
        # A section of its own for negative numbers brings its own sign.
        pattern = _pattern(section, plain.lstrip("-"))
        return pattern if pattern == plain else f"{pattern}\t{plain}"
    if abs(value) < _LARGEST_AMOUNT and (section.is_amount or section.is_fraction):
        show = _amount if section.is_amount else _fraction
        shown_so = show(section, value, has_own_sign=section is not _sections(code)[0])
        return plain if shown_so in ("", plain) else f"{shown_so}\t{plain}"
    return plain


def as_whole(raw: str) -> str:
    """Return a number without exponent, and whole where it is whole; what is no number stays as it is.

    >>> as_whole("0.30000000000000004")
    '0.3'
    """
    if _INTEGER.fullmatch(raw):
        return raw
    value = _number(raw)
    if math.isnan(value):
        return raw
    if value == int(value) and abs(value) < _LARGEST_WHOLE:
        return str(int(value))
    return f"{value:.15g}"


def packed(value: int) -> float:
    """Return the number that four bytes of a workbook stand for ([MS-XLS] 2.5.219, [MS-XLSB] 2.5.122: RkNumber).

    >>> packed(0x40590001), packed(0x0000000E)
    (1.0, 3.0)
    """
    if value & 2:
        number = float((value ^ 0x80000000) - 0x80000000 >> 2)
    else:
        (number,) = struct.unpack("<d", struct.pack("<Q", (value & 0xFFFFFFFC) << 32))
    return number / 100 if value & 1 else number


def _number(raw: str) -> float:
    try:
        value = float(raw)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _section_for(code: str, value: float) -> _Section:
    sections = _sections(code)
    index = 1 if value < 0 else 2 if value == 0 else 0
    if len(sections) > 3:
        return sections[index]
    return sections[index] if index < len(sections) else sections[0]


def _pattern(section: _Section, digits: str) -> str:
    """Fill the places of a pattern from the right; what is left over stands at the first place."""
    places = sum(kind == "digit" for kind, _ in section.tokens)
    out: list[str] = []
    left = digits.rjust(places, "\0")
    first = len(left) - places
    done = 0
    for kind, text in section.tokens:
        if kind != "digit":
            out.append(text)
            continue
        taken = left[: first + 1] if done == 0 else left[first + done]
        done += 1
        out.append(taken.replace("\0", {"0": "0", "?": " "}.get(text, "")))
    return "".join(out).strip()


def _amount(section: _Section, value: float, *, has_own_sign: bool) -> str:
    """Return a number with its thousands, decimal places, percent sign and what else stands around it."""
    signs = [text if kind in ("digit", "other") else "" for kind, text in section.tokens]
    places = [index for index, (kind, _) in enumerate(section.tokens) if kind == "digit"]
    point = next((index for index in range(places[0], len(signs)) if signs[index] == "."), len(signs))
    after = "".join(sign for sign in signs[point:] if sign in ("0", "#", "?"))
    grouped = "," in signs[places[0] : min(point, places[-1])]
    number = abs(value) * (100 if "%" in signs else 1)
    text = f"{number:{',' if grouped else ''}.{len(after)}f}"
    for sign in reversed(after):
        if sign != "#" or not text.endswith("0"):
            break
        text = text[:-1]
    if not grouped:
        whole, _, rest = text.partition(".")
        text = whole.zfill(sum(signs[index] == "0" for index in places if index < point)) + (f".{rest}" if rest else "")
    minus = "-" if value < 0 and not has_own_sign else ""
    whole, dot, rest = text.rstrip(".").partition(".")
    before, between, behind = _around(section, places, point)
    if between.strip() and places[0] < point:
        return f"{minus}{before}{whole}{between}{dot}{rest}{behind}".strip()
    return f"{minus}{before}{whole}{dot}{rest}{between}{behind}".strip()


def _around(section: _Section, places: list[int], point: int) -> tuple[str, str, str]:
    """Return what stands before a number, between its last whole place and its point, and behind it."""
    pieces = ["", "", ""]
    last_whole = max((index for index in places if index < point), default=places[0])
    for index, (kind, text) in enumerate(section.tokens):
        if kind in ("literal", "other") and text not in (",", "."):
            pieces[0 if index < places[0] else 1 if last_whole < index < point else 2] += text
    return pieces[0], pieces[1], pieces[2]


def _fraction(section: _Section, value: float, *, has_own_sign: bool) -> str:
    """Return a number with what is behind its point as a fraction: ``2 1/2``; "" where it is whole."""
    signs = [text for kind, text in section.tokens if kind in ("digit", "other", "literal")]
    below = "".join(signs[signs.index("/") + 1 :])
    fixed = re.match(r"\d*[1-9]\d*", below)  # sixteenths, say
    number = Fraction(abs(value))
    if fixed:
        number = Fraction(round(number * int(fixed[0])), int(fixed[0]))
    else:
        number = number.limit_denominator(10 ** min(max(1, sum(sign in "0#?" for sign in below)), 4) - 1)
    has_whole = sum(kind == "digit" for kind, _ in section.tokens[: section.tokens.index(("other", "/"))]) > 1
    whole, rest = divmod(number, 1) if has_whole else (0, number)
    if not rest or (fixed and not has_whole):
        return ""
    above, base = rest.numerator, rest.denominator
    if fixed:
        above, base = int(rest * int(fixed[0])), int(fixed[0])
    minus = "-" if value < 0 and not has_own_sign else ""
    return f"{minus}{whole} {above}/{base}" if whole else f"{minus}{above}/{base}"


def _date(section: _Section, value: float, *, since_1904: bool) -> str:
    """Return the date as the format shows it, and as ISO 8601 writes it; "" where it is no date."""
    if not 0 <= value < _LAST_DAY - (1_462 if since_1904 else 0):
        return ""
    # The 1900 system counts a 29 February 1900 that never was.
    start = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30 if value >= 60 else 31)  # noqa: DTZ001
    moment = start + timedelta(seconds=round(value * 86_400))
    kinds = [text[0].lower() for kind, text in section.tokens if kind == "date"]
    out: list[str] = []
    clock = ""  # the letter of the time that was last shown: m beside h or s are minutes
    for index, (kind, text) in enumerate(section.tokens):
        if kind != "date":
            out.append(text)
            continue
        following = next((t[0].lower() for k, t in section.tokens[index + 1 :] if k == "date"), "")
        minutes = text[0] in "mM" and (clock == "h" or following == "s")
        out.append(_piece(moment, text, value, minutes=minutes, afternoon="a" in kinds))
        clock = text.strip("[")[0].lower()
    shown_date = "".join(out).strip()
    if not {"y", "d"} & set(kinds):
        return shown_date
    iso = moment.date().isoformat()
    return shown_date if shown_date == iso else f"{shown_date}\t{iso}"


def _piece(moment: datetime, text: str, value: float, *, minutes: bool, afternoon: bool) -> str:
    letter, size = text[0].lower(), len(text)
    if letter == "[":
        unit = {"h": 24, "m": 1_440, "s": 86_400}.get(text[1].lower(), 1)
        return str(int(value * unit))
    if letter == "y":
        return f"{moment.year:04}" if size > 2 else f"{moment.year % 100:02}"
    if letter == "a":
        return "PM" if moment.hour >= 12 else "AM"
    if letter == "m" and not minutes and size > 2:
        month = _MONTHS[moment.month]
        return month[:3] if size == 3 else month[:1] if size == 5 else month
    if letter == "d" and size > 2:
        day = _DAYS[moment.weekday()]
        return day[:3] if size == 3 else day
    hour = (moment.hour - 1) % 12 + 1 if afternoon else moment.hour
    number = {"d": moment.day, "m": moment.minute if minutes else moment.month, "h": hour, "s": moment.second}[letter]
    return f"{number:02}" if size > 1 else str(number)

# SPDX-License-Identifier: GPL-3.0-or-later
"""What is spelt out letter by letter, as on the telephone: ``Lima Alpha Romeo ...``, ``T for Tango``, ``tee en``.

A *sign* is a word of the spelling alphabet, a letter with a word for it ("P for Peter"), the name of a letter, a letter
or a digit alone, or a number in words.  Signs that follow each other are read as what they spell; at least three must,
and letters among them that cannot be ordinary words.  Most texts are left after one look at their set of words.

Pure, total, linear: every gap is bounded.  Source: the ICAO/ITU spelling alphabet; the rest is everyday usage.
"""

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from safehold.detect.rendering import Builder, Rendering
from safehold.register.postcodes import is_strict
from safehold.register.vocabulary import DIGIT_WORDS, NUMBER_WORDS, REPEATING

_ALPHABET: Final = {
    word: word[0]
    for word in """alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike november
    oscar papa quebec romeo sierra tango uniform victor whiskey whisky xray yankee zulu""".split()  # noqa: SIM905
}
# How letters are called; what is a common word besides ("be", "see", "you", "why", "are") is none here.
_NAMES: Final = {
    "ay": "a", "bee": "b", "cee": "c", "dee": "d", "ee": "e", "ef": "f", "eff": "f", "gee": "g", "aitch": "h",
    "haitch": "h", "jay": "j", "kay": "k", "el": "l", "ell": "l", "em": "m", "en": "n", "pee": "p", "cue": "q",
    "ar": "r", "ess": "s", "tee": "t", "vee": "v", "ex": "x", "wy": "y", "zed": "z", "zee": "z",
}  # fmt: skip
_TELLING: Final = frozenset(_ALPHABET) | frozenset(_NAMES)
_FEWEST: Final = 3  # signs
_FEWEST_LETTERS: Final = 3  # that a word stands for; one less among digits, and one is enough that is "P for Peter"
_NEAR: Final = 4  # words from one telling word to the next
_AROUND: Final = 150
_GAP = r"[ \t]{0,3}(?:[,;.:/|-]|\r?\n)?[ \t>]{0,3}(?:(?:then|and)[ ])?"
_TENS = "|".join(word for word, number in NUMBER_WORDS.items() if number in range(20, 100, 10))
_ONES = "|".join(word for word, number in NUMBER_WORDS.items() if number < 10)
_BETWEEN: Final = re.compile(_GAP, re.IGNORECASE)
_SIGN: Final = re.compile(
    rf"""(?<![^\W_])(?:
    (?P<letter>[A-Za-z])[ ]{{1,2}}(?:for|as[ ]in)[ ]{{1,2}}(?=(?P=letter))[A-Za-z]{{1,12}}(?:-[A-Za-z]{{2,8}})?
    | (?P<xray>x[- ]?ray) | (?P<tens>{_TENS})[- ](?P<ones>{_ONES}) | (?P<plain>[A-Za-z]{{1,10}} | [0-9]{{1,4}})
    )(?![^\W_])""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Sign:
    """What one sign spells and where it stands; "double" spells nothing yet.

    Attributes:
        spells: Letters or digits.
        start: Where it begins in the text.
        end: Where it ends.
        times: How often the next one is meant.
        worth: 0 for letters and digits that stand there, 1 for a letter that a word stands for, 2 if it says so.
    """

    spells: str = field(repr=False)
    start: int
    end: int
    times: int = 1
    worth: int = 0


def telling(raw: list[str], words: AbstractSet[str]) -> list[int]:
    """Return which words of a text show that something may be spelt out around them: mostly none.

    Args:
        raw: The words, folded, in order.
        words: The set of them.
    """
    found = [place for word in words & _TELLING for place in _places(raw, word)]
    found.sort()
    kept = {place for pair in pairwise(found) if pair[1] - pair[0] <= _NEAR for place in pair}
    for place in _places(raw, "for") if "for" in words else ():
        if _is_tied(raw, place, place + 1):
            kept.add(place)
    for place in _places(raw, "as") if "as" in words and "in" in words else ():
        if raw[place + 1 : place + 2] == ["in"] and _is_tied(raw, place, place + 2):
            kept.add(place)
    return sorted(kept)


def _places(raw: list[str], word: str) -> Iterator[int]:
    place = -1
    while True:
        try:
            place = raw.index(word, place + 1)
        except ValueError:
            return
        yield place


def _is_tied(raw: list[str], link: int, word: int) -> bool:
    """Return whether a letter stands before a link, and a word that begins with it after it."""
    return link > 0 and word < len(raw) and len(raw[link - 1]) == 1 and raw[word].startswith(raw[link - 1])


def spelt(text: str, places: Sequence[int]) -> Rendering | None:
    """Return the neighbourhoods of all that is spelt out in *text*, read, or None where nothing is.

    Args:
        text: The text.
        places: Where its telling words begin, in order.
    """
    builder = Builder()
    reached = 0
    for first, last in _windows(text, places):
        for run in _runs(text, first, last):
            start, end = run[0].start, run[-1].end
            if start - _AROUND > reached or not builder:
                builder.wall()
                reached = max(reached, start - _AROUND)
            builder.add(text[reached:start], range(reached, start))
            _put(run, builder)
            reached = end
    if not builder:
        return None
    end = min(reached + _AROUND, len(text))
    builder.add(text[reached:end], range(reached, end))
    return builder.rendering()


def _windows(text: str, places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the stretches around the telling words; where two are near each other, one around both."""
    first = last = -1
    for place in places:
        if last < 0 or place > last + _AROUND:
            if last >= 0:
                yield first, min(last + _AROUND, len(text))
            first = max(place - _AROUND, last, 0)
        last = place
    if last >= 0:
        yield first, min(last + _AROUND, len(text))


def _runs(text: str, first: int, last: int) -> Iterator[list[_Sign]]:
    """Yield the signs that follow each other in a stretch of text and spell something."""
    run: list[_Sign] = []
    for match in _SIGN.finditer(text, first, last):
        sign = _read(match)
        follows = bool(run) and _BETWEEN.fullmatch(text, run[-1].end, match.start()) is not None
        if sign is not None and follows:
            run.append(sign)
            continue
        if _spells(run):
            yield run
        run = [sign] if sign is not None else []
    if _spells(run):
        yield run


def _read(match: re.Match[str]) -> _Sign | None:
    """Return the sign that a word is, or None."""
    start, end = match.span()
    if match["letter"]:
        return _Sign(match["letter"].lower(), start, end, worth=2)
    if match["xray"]:
        return _Sign("x", start, end, worth=1)
    if match["tens"]:
        number = NUMBER_WORDS[match["tens"].lower()] + NUMBER_WORDS[match["ones"].lower()]
        return _Sign(str(number), start, end)
    word = match["plain"].lower()
    if word in REPEATING:
        return _Sign("", start, end, times=REPEATING[word])
    letter = _ALPHABET.get(word) or _NAMES.get(word)
    if letter:
        return _Sign(letter, start, end, worth=1)
    if len(word) == 1 or word.isdigit():
        return _Sign(word, start, end)
    digits = DIGIT_WORDS.get(word) or (str(NUMBER_WORDS[word]) if word in NUMBER_WORDS else "")
    return _Sign(digits, start, end) if digits else None


def _spells(run: list[_Sign]) -> bool:
    """Return whether signs that follow each other spell something: ordinary words do not stand so together."""
    letters = [sign for sign in run if sign.spells.isalpha()]
    if len(run) < _FEWEST or len(letters) < _FEWEST_LETTERS - 1:
        return False
    worded = sum(sign.worth > 0 for sign in run)
    if any(sign.worth > 1 for sign in run) or worded >= _FEWEST_LETTERS:
        return True
    return worded == _FEWEST_LETTERS - 1 and len(run) > _FEWEST


def _put(run: list[_Sign], builder: Builder) -> None:
    """Add what the signs of a run spell: a postcode as one word, everything else parted at digits."""
    if len(run) > 1 and run[0].worth == 0 and run[0].spells in {"a", "i"} and run[1].worth:
        builder.add(f"{run[0].spells} ", (run[0].start, run[0].start))  # "a", the article
        run = run[1:]
    signs: list[_Sign] = []
    times, start = 1, -1
    for sign in run:
        if not sign.spells:
            times, start = sign.times, sign.start
            continue
        spells = sign.spells[0] * (times - 1) + sign.spells
        signs.append(_Sign(spells, start if times > 1 else sign.start, sign.end))
        times = 1
    is_code = is_strict("".join(sign.spells for sign in signs))
    was_digit = False
    for at, sign in enumerate(signs):
        is_digit = sign.spells.isdigit()
        builder.joint()
        if at and is_digit is not was_digit and not is_code:
            builder.add(" ", (sign.start,))
        was_digit = is_digit
        last = sign.end - 1 if at == len(signs) - 1 else sign.start
        builder.add(sign.spells, [sign.start] * (len(sign.spells) - 1) + [last])

# SPDX-License-Identifier: GPL-3.0-or-later
"""Postcodes among words: whole, in halves, in pieces, misread.

What is spelt properly (``tight``) is a postcode whoever lives there.  What was only pieced together (``PF7.3QX``,
``P F7 3 QX``, ``PF7`` here and ``3QX`` three lines on) is one only if somebody is looked for at it: the caller asks an
index.  Pure.  Sources: Royal Mail's six shapes of postcode; matching.md, 2.7 (confusable signs are one in the key).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from safehold.register.words import Words

# Optical and wilful confusions, folded to one of each class: the same class on both sides repairs them for free.
CLASSES: Final = str.maketrans({"0": "o", "q": "o", "1": "i", "l": "i", "5": "s", "8": "b", "2": "z", "6": "g"})
_DIGITISH = "0-9oqilsbzg"
INWARD: Final = re.compile(r"[0-9][abd-hjlnp-uw-z]{2}")
OUTWARD: Final = re.compile(r"[a-pr-uwyz](?:[0-9]{1,2}|[a-hk-y][0-9]{1,2}|[0-9][a-z]|[a-hk-y][0-9][a-z])")
LOOSE_INWARD: Final = re.compile(rf"[{_DIGITISH}][a-z01582][a-z01582]")
LOOSE_OUTWARD: Final = re.compile(rf"[a-z015826][a-z]?[{_DIGITISH}][{_DIGITISH}a-z]?")

_TIGHT_GAP = frozenset(" \t\r\n>-_+")
_LOOSE_GAP = _TIGHT_GAP | frozenset(".,:;/|*=()[]'\"\u00b7\u2022")
_WIDEST_TIGHT, _WIDEST_LOOSE, _WIDEST_PIECE = 4, 8, 3
_LONGEST_OUTWARD = 4
APART: Final = 12  # words between the halves of one postcode


@dataclass(frozen=True, slots=True)
class Postcode:
    """A postcode among the words.

    Attributes:
        first: Its first word.
        last: Its last word.
        key: The folded key.
        outward: Its first half as spelt.
        strict: Whether it stands there to the letter and in one piece.
        misread: Whether a digit stands for a letter or a letter for a digit.
    """

    first: int
    last: int
    key: str = field(repr=False)
    outward: str = field(repr=False)
    strict: bool = True
    misread: bool = False


def postcode_key(text: str) -> str:
    """Return the key under which a postcode is looked up: letters and digits, confusable ones folded together."""
    return "".join(filter(str.isalnum, text.lower())).translate(CLASSES)


def is_postcode(text: str) -> bool:
    """Return whether *text* is exactly one properly spelt postcode."""
    plain = "".join(text.lower().split())
    return 5 <= len(plain) <= 7 and is_strict(plain)


def is_strict(run: str) -> bool:
    """Return whether a run of letters and digits has the shape of a postcode to the letter."""
    return bool(OUTWARD.fullmatch(run[:-3]) and INWARD.fullmatch(run[-3:]))


def _joins(gap: str) -> bool:
    """Return whether what stands between two words leaves them one postcode; a full stop or comma does not."""
    return len(gap) <= _WIDEST_TIGHT and not set(gap) - _TIGHT_GAP and gap.count("\n") < 2


def _may_join(gap: str, widest: int) -> bool:
    """Return whether two words may still be meant as one postcode."""
    return len(gap) <= widest and not set(gap) - _LOOSE_GAP


def postcode_at(words: "Words", index: int) -> Postcode | None:
    """Return the postcode whose last word is at *index*, or None."""
    word = words.words[index]
    raw = words.raw[index]
    if word.postcode:
        return Postcode(index, index, postcode_key(raw), raw[:-3], strict=word.strict, misread=not word.strict)
    if not word.inward or index == 0:
        return None
    before = words.words[index - 1]
    outward = words.raw[index - 1]
    if before.outward and (before.digits or word.digits):
        if not _joins(words.gap(index - 1)):
            return None
        strict = is_strict(outward + raw)
        return Postcode(index - 1, index, postcode_key(outward + raw), outward, strict=strict, misread=not strict)
    if index > 1 and before.is_number and len(outward) <= 2 and INWARD.fullmatch(raw):
        area = words.raw[index - 2]
        if OUTWARD.fullmatch(area + outward) and _joins(words.gap(index - 1)) and _joins(words.gap(index - 2)):
            return Postcode(index - 2, index, postcode_key(area + outward + raw), area + outward)
    return None


def pieced_at(words: "Words", index: int) -> Iterator[Postcode]:
    """Yield the postcodes whose second half begins in the word with digits at *index*, in whatever pieces they stand.

    >>> from safehold.register.words import Words
    >>> [found.key for found in pieced_at(Words("p f7 3 qx"), 2)] == [postcode_key("F7 3QX"), postcode_key("PF7 3QX")]
    True
    """
    raw = words.raw
    tail = len(raw[index]) - len(raw[index].rstrip("abcdefghijklmnopqrstuvwxyz"))
    last = index
    run = raw[index]
    while tail < 2:
        if last + 1 >= len(raw) or len(raw[last + 1]) + tail > 2 or not raw[last + 1].isalpha():
            return
        if not _may_join(words.gap(last), _WIDEST_PIECE):
            return
        last += 1
        run += raw[last]
        tail += len(raw[last])
    if tail > 2:
        return
    first = index
    if last > first and is_strict(run):
        yield Postcode(first, last, postcode_key(run), run[:-3], strict=False)
    widest = _WIDEST_LOOSE if INWARD.fullmatch(run) else _WIDEST_PIECE  # between halves there may be a blank line
    while first > 0 and len(run) + len(raw[first - 1]) <= _LONGEST_OUTWARD + 3:
        if not _may_join(words.gap(first - 1), widest):
            return
        first -= 1
        run = raw[first] + run
        widest = _WIDEST_PIECE
        if is_strict(run):
            yield Postcode(first, last, postcode_key(run), run[:-3], strict=False)


def halves_at(words: "Words", index: int) -> Iterator[Postcode]:
    """Yield the postcodes whose second half is the word at *index* and whose first stands some words before it."""
    inward = words.raw[index]
    if not INWARD.fullmatch(inward):
        return
    for first in range(max(index - APART, 0), index):
        if words.words[first].outward and OUTWARD.fullmatch(words.raw[first]):
            outward = words.raw[first]
            yield Postcode(first, index, postcode_key(outward + inward), outward, strict=False)

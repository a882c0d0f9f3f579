# SPDX-License-Identifier: GPL-3.0-or-later
"""Folding: one spelling for all the ways in which the same words can be written, with a map back to the source.

``fold`` lower-cases, decomposes (NFKD) and drops marks, turns look-alikes of Latin letters into those letters,
removes what cannot be seen (zero-width and bidi characters, soft hyphens, controls), joins words hyphenated at a line
end, and where asked decodes ``%20`` escapes.  Register values and message texts go through the same door, so a
look-alike that is folded "wrongly" (a truly Cyrillic word) is folded wrongly on both sides and still matches.

Pure, thread-safe, linear in the text, total: no text makes it fail.  The table fills itself lazily, character by
character, and is bounded.  Sources: Unicode 14 (what Python 3.11 ships), UTS #39 for the idea of look-alikes, UAX #44
(Default_Ignorable_Code_Point); the table of look-alikes is our own choice of the letters that fonts draw alike.
"""

import re
import unicodedata
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

# Bounds the memory that hostile text can make the table hold; ordinary mail needs a few hundred entries.
_TABLE_LIMIT = 20_000


def _pairs(table: str) -> dict[str, str]:
    """Return the map that a table of lines ``letters target`` describes: each of the letters becomes the target."""
    pairs: dict[str, str] = {}
    for line in table.split("\n"):
        letters, _, target = line.strip().partition(" ")
        pairs.update(dict.fromkeys(letters, target))
    pairs.pop("", None)
    return pairs


# What NFKD does not take apart, and letters of other scripts that are drawn like Latin ones.  Capitals stand
# beside small letters where both look like the same Latin letter; Greek eta, nu and upsilon do not.
_LOOK_ALIKES = _pairs(
    """
    аАΑαɑᴀᎪ a
    вВΒβвʙᏴƀ b
    сСϲϹᴄᏟ c
    ԁđĐᴅɗᎠðÐ d
    еЕΕεєЄᴇᎬɛ e
    ƒϜ f
    ɡɢᏀԌ g
    нНΗһҺʜᎻհħĦ h
    іІΙιıɩӀӏᏆǀ i
    јЈϳᴊᎫ j
    кКΚκᴋᏦ k
    ʟᏞłŁⳐ l
    мМΜᴍᎷ m
    ΝηпոɴՈ n
    оОΟοօՕᴏøØσ o
    рРΡρᴘᏢ p
    ԛՔ q
    гʀᏒɾ r
    ѕЅꜱᏚ s
    тТΤτᴛᎢŧŦ t
    υսմᴜՍʋ u
    νѵѴᴠᏙ v
    ԝᴡᏔԜω w
    хХΧχ x
    уУΥүҮʏ y
    ΖᴢᏃƶƵ z
    æÆ ae
    œŒ oe
    ßẞ ss
    þÞ th
    µ u
    з 3
    ‐‑‒–—―−⁃﹘﹣⸺⸻ -
    ‘’‛′`´ʼʹˈ＇ '
    “”„‟″ "
    ⁄∕╱ /
    """
)

# Shown as nothing although Unicode calls them letters: Hangul fillers (UAX #44 Default_Ignorable_Code_Point).
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")
_WHITE = {"\t": "\t", "\n": "\n", "\r": "\r", "\v": "\n", "\f": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n"}
# Letters in boxes, discs and flags, which have no decomposition: (first code point, 26 letters).
_BOXED = (0x1F150, 0x1F170, 0x1F1E6)


def _fold_character(character: str) -> str:
    """Return what one character becomes; empty where nothing of it is seen."""
    if character in _WHITE:
        return _WHITE[character]
    if character in _LOOK_ALIKES:
        return _LOOK_ALIKES[character]
    code = ord(character)
    if character in _FILLERS or 0xFFF0 <= code <= 0xFFF8 or 0xE0000 <= code <= 0xE0FFF:
        return ""
    for first in _BOXED:
        if first <= code < first + 26:
            return chr(ord("a") + code - first)
    match unicodedata.category(character):
        case "Cc" | "Cf" | "Mn" | "Me":
            return ""
        case "Zs":
            return " "
        case "Nd":
            return str(unicodedata.decimal(character))
        case _:
            return _fold_letters(character)


def _fold_letters(character: str) -> str:
    """Return the decomposition of a visible character in lower case, marks dropped, look-alikes replaced."""
    if character == "\u2800":  # the blank of Braille: a space that is not called one
        return " "
    parts = unicodedata.normalize("NFKD", character)
    if len(parts) > 1 and not any(part.isascii() for part in parts) and unicodedata.category(character) == "Lo":
        return character  # a Hangul syllable says more whole than in three pieces
    seen = (part for part in parts if unicodedata.category(part) not in {"Mn", "Me", "Cf"})
    lowered = "".join(seen).lower()
    return "".join(_LOOK_ALIKES.get(part, part) for part in lowered if unicodedata.category(part) != "Mn")


class _Table(dict[int, str]):
    """The map for ``str.translate``, filled as characters are met."""

    def __missing__(self, code: int) -> str:
        folded = _fold_character(chr(code))
        if len(self) < _TABLE_LIMIT:
            self[code] = folded
        return folded


_TABLE = _Table()

# Every gap is bounded, so that no text makes these slower than linear.
_HYPHENATED = re.compile(r"(?<=[^\W\d_])-[ \t]{0,8}\r?\n[ \t>|]{0,16}(?=[^\W\d_])")
_PERCENT = re.compile(r"(?:%[0-9a-f]{2}){1,64}")


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text and the way back.

    Attributes:
        text: The folded text.
        offsets: For each folded character the offset (in code points) of the source character it came from; one more
            at the end, the length of the source.  Never decreasing.
    """

    text: str = field(repr=False)
    offsets: Sequence[int] = field(repr=False)

    def source_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the source that the folded characters from *start* up to *end* came from."""
        if end <= start:
            return self.offsets[start], self.offsets[start]
        return self.offsets[start], self.offsets[end - 1] + 1


def fold(text: str, *, percent: bool = False) -> Folded:
    r"""Return *text* in its one plain spelling, with offsets back into it.

    Args:
        text: Any text at all.
        percent: Also decode percent escapes (links, file names), as UTF-8.

    >>> fold("Ａｃａ\u200bcía").text
    'acacia'
    """
    folded = text.translate(_TABLE)
    offsets: Sequence[int] = range(len(text) + 1)
    if not text.isascii() or len(folded) != len(text):  # ASCII can only lose characters, never gain
        offsets = _offsets(text)
    if percent and "%" in folded:
        folded, offsets = _splice(folded, offsets, _escapes(folded))
    if "-" in folded and "\n" in folded:
        joints = [(match.start(), match.end(), "", ()) for match in _HYPHENATED.finditer(folded)]
        folded, offsets = _splice(folded, offsets, joints)
    return Folded(folded, offsets)


def folded(text: str) -> str:
    """Return the folded text alone, for keys."""
    return fold(text).text


def _offsets(text: str) -> Sequence[int]:
    """Return the offsets of the translated text, cheaply where every character became exactly one."""
    uneven = {character for character in set(text) if len(_TABLE[ord(character)]) != 1}
    if not uneven:
        return range(len(text) + 1)
    offsets = array("I")
    position = 0
    for match in re.finditer("[" + "".join(map(re.escape, sorted(uneven))) + "]", text):
        place = match.start()
        offsets.extend(range(position, place))
        offsets.extend([place] * len(_TABLE[ord(match.group())]))
        position = place + 1
    offsets.extend(range(position, len(text) + 1))
    return offsets


_Splice = tuple[int, int, str, Sequence[int]]  # start, end, replacement, offsets of it relative to start


def _escapes(text: str) -> Iterable[_Splice]:
    """Yield the runs of percent escapes with what they spell, folded."""
    for match in _PERCENT.finditer(text):
        spelt = bytes.fromhex(match.group().replace("%", "")).decode("utf-8", errors="replace")
        letters: list[str] = []
        places: list[int] = []
        at = 0
        for character in spelt:
            plain = _TABLE[ord(character)]
            letters.append(plain)
            places.extend([min(at, match.end() - match.start() - 1)] * len(plain))
            at += 3 * (1 if character == "\ufffd" else len(character.encode()))
        yield match.start(), match.end(), "".join(letters), places


def _splice(text: str, offsets: Sequence[int], splices: Iterable[_Splice]) -> tuple[str, Sequence[int]]:
    """Return the text and its offsets with each span replaced."""
    pieces: list[str] = []
    moved = array("I")
    position = 0
    for start, end, replacement, places in splices:
        pieces += (text[position:start], replacement)
        moved.extend(offsets[position:start])
        moved.extend([offsets[start + place] for place in places])
        position = end
    if not pieces:
        return text, offsets
    pieces.append(text[position:])
    moved.extend(offsets[position:])
    return "".join(pieces), moved

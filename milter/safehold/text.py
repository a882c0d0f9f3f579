# SPDX-License-Identifier: GPL-3.0-or-later
"""Folding: one spelling for all the ways in which the same words can be written, with a map back to the source.

``fold`` lower-cases, decomposes (NFKD) and drops marks, turns look-alikes of Latin letters into those letters,
removes what cannot be seen (zero-width and bidi characters, soft hyphens, controls), joins words hyphenated at a line
end, and where asked decodes ``%20`` escapes.  Register values and message texts go through the same door, so a
look-alike that is folded "wrongly" (a truly Cyrillic word) is folded wrongly on both sides and still matches.

``cleaned`` does less: it keeps case, marks and letters, and is for patterns that match those on purpose.

Pure, thread-safe, linear in the text, total: no text makes it fail.  The table fills itself lazily, character by
character, and is bounded.  Sources: Unicode 14 (what Python 3.11 ships), UTS #39 for the idea of look-alikes, UAX #44
(Default_Ignorable_Code_Point); the table of look-alikes is our own choice of the letters that fonts draw alike.
"""

import re
import unicodedata
from array import array
from collections.abc import Callable, Iterable, Sequence
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
        case "No" | "So":
            return _fold_enclosed(character)
        case _:
            return _fold_letters(character)


def _fold_enclosed(character: str) -> str:
    """Return the number or letter in a circle, in brackets or before a full stop, without those."""
    value = unicodedata.numeric(character, -1.0)
    if value >= 0 and value.is_integer() and not unicodedata.normalize("NFKD", character)[:2].strip("(").isascii():
        return str(int(value))  # dingbats and ideographs have a value and are taken apart into no digits
    folded = _fold_letters(character)
    return folded.strip("().,") or folded


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
    """A map for ``str.translate``, filled as characters are met."""

    def __init__(self, rule: Callable[[str], str]) -> None:
        super().__init__()
        self._rule = rule

    def __missing__(self, code: int) -> str:
        plain = self._rule(chr(code))
        if len(self) < _TABLE_LIMIT:
            self[code] = plain
        return plain


_TABLE = _Table(_fold_character)

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


def fold(text: str, *, percent: bool = False, join: bool = True) -> Folded:
    r"""Return *text* in its one plain spelling, with offsets back into it.

    Args:
        text: Any text at all.
        percent: Also decode percent escapes (links, file names), as UTF-8.
        join: Join words hyphenated at a line end.

    >>> fold("Ａｃａ\u200bcía").text
    'acacia'
    """
    folded = text.translate(_TABLE)
    offsets: Sequence[int] = range(len(text) + 1)
    if not text.isascii() or len(folded) != len(text):  # ASCII can only lose characters, never gain
        offsets = _offsets(text, _TABLE)
    if percent and "%" in folded:
        folded, offsets = _splice(folded, offsets, _escapes(folded))
    if join and "-" in folded and "\n" in folded:
        joints = [(match.start(), match.end(), "", ()) for match in _HYPHENATED.finditer(folded)]
        folded, offsets = _splice(folded, offsets, joints)
    return Folded(folded, offsets)


def folded(text: str) -> str:
    """Return the folded text alone, for keys."""
    return fold(text).text


def _offsets(text: str, table: _Table) -> Sequence[int]:
    """Return the offsets of the translated text, cheaply where every character became exactly one."""
    uneven = {character for character in set(text) if len(table[ord(character)]) != 1}
    if not uneven:
        return range(len(text) + 1)
    offsets = array("I")
    position = 0
    for match in re.finditer("[" + "".join(map(re.escape, sorted(uneven))) + "]", text):
        place = match.start()
        offsets.extend(range(position, place))
        offsets.extend([place] * len(table[ord(match.group())]))
        position = place + 1
    offsets.extend(range(position, len(text) + 1))
    return offsets


# -- cleaning: what authors' patterns run on, besides the text itself ---------------------------------------------


def _clean_character(character: str) -> str:
    """Return what one character becomes: what is seen of it, in its compatibility form, case and marks kept."""
    if character in _WHITE:
        return _WHITE[character]
    if _fold_character(character) == "" and unicodedata.category(character) not in {"Mn", "Me"}:
        return ""
    if "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef" or character == "\u034f":
        return ""  # variation selectors and the grapheme joiner are marks that nobody sees
    if character == "\u2800" or unicodedata.category(character) == "Zs":
        return " "
    return unicodedata.normalize("NFKC", character)


_CLEAN = _Table(_clean_character)
_MARKED = re.compile(r"[^\W_][\u0300-\u036f]{1,16}")
_QUOTING = r"[ \t>|]{0,16}"
_BREAK = re.compile(rf"[ \t]*\r?\n(?:{_QUOTING}\r?\n)*{_QUOTING}|[ \t]{{2,}}|\t")


def cleaned(text: str) -> Folded:
    r"""Return *text* as the eye takes it, case and punctuation kept: for patterns that match those on purpose.

    Compatibility forms are replaced (NFKC), what cannot be seen is removed, white space is one space.  A line end
    within a paragraph is a space, or nothing after a hyphen; between paragraphs one line end stays.

    >>> cleaned("Ref\u200b No:\u00a0 AB\n> 12").text
    'Ref No: AB 12'
    """
    plain = text.translate(_CLEAN)
    offsets: Sequence[int] = range(len(text) + 1)
    if not text.isascii() or len(plain) != len(text):
        offsets = _offsets(text, _CLEAN)
    if not plain.isascii():
        marked = [(match, unicodedata.normalize("NFKC", match.group())) for match in _MARKED.finditer(plain)]
        composed = [(match.start(), match.end(), whole, [0] * len(whole)) for match, whole in marked]
        plain, offsets = _splice(plain, offsets, composed)
    breaks = [(match.start(), match.end(), _break(plain, match), (0,)) for match in _BREAK.finditer(plain)]
    plain, offsets = _splice(plain, offsets, ((start, end, to, at[: len(to)]) for start, end, to, at in breaks))
    return Folded(plain, offsets)


def _break(text: str, match: re.Match[str]) -> str:
    """Return what a run of white space becomes."""
    ends = match.group().count("\n")
    if ends > 1:
        return "\n"
    return "" if ends and text[match.start() - 1 : match.start()] == "-" else " "


# -- splicing -------------------------------------------------------------------------------------------------------

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

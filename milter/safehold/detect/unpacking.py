# SPDX-License-Identifier: GPL-3.0-or-later
r"""What a text says once its escapes and its markup are undone.

Left-overs of encodings stand in ordinary mail (``PF7=203QX``, ``&#80;F7``, ``\u0050F7``, ``27\nLarkspur``), structured
files are sent as they are (``<house>27</house><street>...``, ``{"house":27,"street":...}``), and letters are written as
signs (``L@rkspur``).  The text as it stands is searched too, always; here stands only the neighbourhood of such signs,
with the signs undone.  What is undone may itself be an escape (``&amp;#80;``): three rounds.

Pure, total, linear: every gap is bounded.
"""

import re
from collections.abc import Iterator, Sequence
from html.entities import html5
from itertools import islice
from typing import Final

from safehold.detect.rendering import Builder, Rendering

_AROUND = 250  # characters on either side of a sign: more than an address is long
_ROUNDS = 3
_MOST_SIGNS = 20_000  # a structured file of some 400 KB

# Tags that stand inside words; all others part them.
_INLINE_TAGS = "a abbr b bdi bdo big del em font i ins kbd mark q s small span strike strong sub sup tt u wbr"
_INLINE: Final = frozenset(_INLINE_TAGS.split())
_LETTER_SIGNS: Final = {"@": "a", "$": "s", "|": "l", "!": "i", "\u20ac": "e"}
_CONTROLS: Final = {"n": "\n", "r": "\n", "t": "\t"}

_TAG = r"</?[A-Za-z][\w:.-]{0,40}\s{0,4}/?>"
_OPENING = r"<[A-Za-z][\w:.-]{0,40}(?=\s{1,20}[\w:.-]{1,40}\s?=)"  # of a tag with attributes
_ATTRIBUTE = r"\s{1,8}[A-Za-z][\w:.-]{0,40}\s?=\s?[\"']"
_CLOSING = r"[\"']\s{0,4}/?>"
_FIELD = r"[\"',{\[][\s\"',{\[]{0,40}?[\"'][A-Za-z_][\w .:/-]{0,40}[\"']\s{0,4}:\s{0,20}[\"'\[{]?"  # of JSON
_ESCAPE = r"\\u(?:[0-9A-Fa-f]{4}|\{[0-9A-Fa-f]{1,6}\})"
_HEX = r"\\[x'][0-9A-Fa-f]{2}"
_CONTROL = r"(?:\\[rnt])+"
_ENTITY = r"&(?:\#[0-9]{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});"
_PERCENT = r"%25(?=[0-9A-Fa-f]{2})"
_SOFT = r"=[ \t]{0,4}\r?\n"
_QUOTED = r"(?:=[0-9A-F]{2})+"
_AT = r"@(?=[^\W\d_]{2})"
_LETTER = r"[$|!\u20ac](?=[^\W\d_]{2})"

# What shows that there is something to undo: a sign without which there is none, found fast, and the whole of it.  A
# soft line end shows nothing: what it splits is found without undoing it, and lines of base64 end in the same sign.
_FINDERS: Final = tuple(
    (needle, name, re.compile(pattern))
    for needle, name, pattern in (
        ("\\", "escape", f"{_ESCAPE}|{_HEX}|{_CONTROL}"),
        ("&", "entity", _ENTITY),
        ("%25", "percent", _PERCENT),
        ("=", "quoted", _QUOTED),
        ("@", "at", _AT),
        ("</", "tags", f"{_TAG}|{_OPENING}"),
        ("/>", "tags", f"{_TAG}|{_OPENING}"),
        ('":', "field", _FIELD),
        ("':", "field", _FIELD),
        ('" :', "field", _FIELD),
        *((sign, "letter", re.escape(sign) + _LETTER.partition("]")[2]) for sign in "$|!\u20ac"),
    )
)
_SIGN: Final = re.compile(
    rf"""(?=[\\&%=@<"',{{\[\s$|!\u20ac])(?:
    (?P<escape>{_ESCAPE}|{_HEX}) | (?P<control>{_CONTROL}) | (?P<entity>{_ENTITY}) | (?P<percent>{_PERCENT})
    | (?P<soft>{_SOFT}) | (?P<quoted>{_QUOTED}) | (?P<tags>{_TAG}(?:\s{{0,40}}{_TAG})*)
    | (?P<opening>{_OPENING}) | (?P<attribute>{_ATTRIBUTE}) | (?P<closing>{_CLOSING}) | (?P<field>{_FIELD})
    | (?P<at>{_AT}) | (?P<letter>{_LETTER}))""",
    re.VERBOSE,
)
_HOST = re.compile(r"[\w.-]{0,80}\.[A-Za-z]")


def unpacked(text: str) -> Rendering | None:
    """Return the neighbourhoods of all escapes and markup of *text* with those undone, or None where there are none."""
    places = sorted(_places(text))
    if not places:
        return None
    builder = Builder()
    for start, end in _windows(text, places):
        builder.wall()
        _undo(text[start:end], range(start, end), builder)
    return builder.rendering()


def _places(text: str) -> Iterator[tuple[int, int]]:
    """Yield where something is to be undone; the first ones of a kind, where there are too many to be of use."""
    for needle, name, finder in _FINDERS:
        if needle in text:
            meant = (match for match in finder.finditer(text) if _is_meant(text, name, *match.span()))
            yield from (match.span() for match in islice(meant, _MOST_SIGNS))


def _is_meant(text: str, name: str, start: int, end: int) -> bool:
    """Return whether a sign is one, and not part of a link, a mail address or a line drawn with signs."""
    before = text[start - 1 : start]
    match name:
        case "at":
            return before.isalpha() and _HOST.match(text, end) is None
        case "letter":
            return before.isalpha() or (text[start] == "|" and not before.strip() and text[start + 1].islower())
        case "quoted" | "soft":
            word = [] if before.isspace() else text[max(start - 100, 0) : start].split()[-1:]
            return before not in {"", "=", "\n"} and not any("?" in piece or "//" in piece for piece in word)
        case "attribute" | "closing":
            return "<" in text[max(start - 400, 0) : start]
        case _:
            return True


def _windows(text: str, places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the stretches around the places, merged where they meet, cut at white space."""
    start = end = -1
    for first, last in places:
        if start >= 0 and first - _AROUND <= end:
            end = last + _AROUND
            continue
        if start >= 0:
            yield start, _cut(text, end)
        start, end = _cut(text, max(first - _AROUND, 0)), last + _AROUND
    yield start, _cut(text, end)


def _cut(text: str, place: int) -> int:
    """Return the end of the word that stands at *place*, so that no word is cut in two."""
    if place <= 0:
        return 0
    limit = min(place + 60, len(text))
    while place < limit and not text[place].isspace():
        place += 1
    return min(place, len(text))


def _undo(text: str, offsets: Sequence[int], builder: Builder) -> None:
    """Add a stretch of text to the builder with everything undone."""
    touched = [False] * len(text)
    for _ in range(_ROUNDS):
        pieces: list[str] = []
        moved: list[int] = []
        marks: list[bool] = []
        position = 0
        for match in _SIGN.finditer(text):
            if not _is_meant(text, match.lastgroup or "", *match.span()):
                continue
            plain = _plain(text, match)
            start, end = match.span()
            pieces += (text[position:start], plain)
            moved += offsets[position:start]
            moved += [offsets[start]] * len(plain)
            marks += touched[position:start]
            marks += [True] * len(plain)
            if not plain and marks:
                marks[-1] = True
            position = end
        if not position:
            break
        pieces.append(text[position:])
        moved += offsets[position:]
        marks += touched[position:]
        text, offsets, touched = "".join(pieces), moved, marks
    _add(text, offsets, touched, builder)


def _add(text: str, offsets: Sequence[int], touched: Sequence[bool], builder: Builder) -> None:
    """Add text to the builder with a joint at each place that was touched, and at what follows it."""
    position = 0
    for place in range(len(text)):
        if touched[place] or (place and touched[place - 1]):
            builder.add(text[position:place], offsets[position:place])
            builder.joint()
            position = place
    builder.add(text[position:], offsets[position:])


def _plain(text: str, match: re.Match[str]) -> str:
    """Return what a sign stands for."""
    sign = match.group()
    match match.lastgroup:
        case "escape":
            return _character(sign[2:].strip("{}"), 16)
        case "control":
            return _CONTROLS[sign[-1]]
        case "entity":
            return _entity(sign)
        case "percent":
            return "%"
        case "soft":
            return ""
        case "quoted":
            return _bytes(sign)
        case "tags":
            return "" if _is_inside_a_word(text, match) else "\t"
        case "at" | "letter":
            return _LETTER_SIGNS[sign]
        case _:
            return "\t"


def _character(digits: str, base: int) -> str:
    """Return the character of a code; a blank where there is none, or half of one."""
    code = int(digits, base)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else " "


def _entity(sign: str) -> str:
    if sign[1] != "#":
        return html5.get(sign[1:], sign)
    return _character(sign[3:-1], 16) if sign[2] in "xX" else _character(sign[2:-1], 10)


def _bytes(sign: str) -> str:
    """Return what quoted-printable octets spell."""
    octets = bytes.fromhex(sign.replace("=", ""))
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("cp1252", errors="replace")


def _is_inside_a_word(text: str, match: re.Match[str]) -> bool:
    """Return whether a single tag, of a kind that changes the looks of letters, stands between two letters."""
    sign = match.group()
    start, end = match.span()
    if sign.count("<") > 1 or sign.strip("</> ").lower() not in _INLINE:
        return False
    return text[max(start - 1, 0) : start].isalnum() and text[end : end + 1].isalnum()

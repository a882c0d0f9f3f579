# SPDX-License-Identifier: GPL-3.0-or-later
"""PDF as it lies in the file: objects, dictionaries, strings.  Pure functions over bytes, without any table.

The objects are found where they stand, in one pass, because a table of a damaged file is wrong and that of a forged one
lies.  Everything is linear in its input.
Sources: ISO 32000-2, 7.2, 7.3 and 7.5 (syntax, objects, files), 7.9.2 (strings), Annex D.3 (PDFDocEncoding).
"""

import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

# White space may be NUL and form feed, and comments stand for it (7.2.3).
_GAP = rb"(?:[\x00\t\n\x0c\r ]|%[^\r\n]{0,200}[\r\n]){1,9}"
_OBJECT = re.compile(rb"(?<!\d)(\d{1,10})" + _GAP + rb"\d{1,5}" + _GAP + rb"obj\b")
_STREAM = re.compile(rb"\bstream\r?\n?")
_CLOSED = re.compile(rb"\s{0,20}endstream\s{0,20}(?:endobj)?")
_LENGTH = re.compile(rb"/Length\s{1,9}(\d{1,10})(?:(\s{1,9}\d{1,5}\s{1,9}R)|(?!\d))")
_NUMBER_OBJECT = re.compile(rb"obj\s{1,9}(\d{1,10})\s{1,9}endobj")
_NAME_OF_OBJECT = re.compile(rb"(?<!\d)(\d{1,10})\s{1,9}\d{1,5}\s{1,9}$")
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|(\r\n|\r|\n)|(.))", re.DOTALL)
_PARENTHESIS = re.compile(rb"\\.|[()]", re.DOTALL)
_HEX_NAME = re.compile(rb"#([0-9A-Fa-f]{2})")
_TOKEN = re.compile(
    rb"/[^\s\x00/<>\[\](){}%]*|\((?:\\.|[^\\()])*+\)|<<|>>|<[0-9A-Fa-f\s]*+>|[\[\]]|[^\s\x00/<>\[\](){}%][^/<>\[\](){}%]*+|%[^\r\n]*+|[()<>{}]",
    re.DOTALL,
)
_DEEPER = {b"<<": 1, b"[": 1, b">>": -1, b"]": -1}
# A dictionary without comments and escapes, up to two deep: nearly all are, and one pass is enough for these.
_SIMPLE_NAME = rb"/[^\s\x00/<>\[\](){}%]*+"
_SIMPLE_VALUE = (
    rb"(?:"
    + _SIMPLE_NAME
    + rb"|[^\s\x00/<>\[\](){}%][^\x00/<>\[\](){}%]*+|\[(?:[^\[\]<>(){}%]|<<[^<>(){}%]*+>>|<[0-9A-Fa-f\s]*+>)*+\]"
    rb"|<<(?:[^<>(){}%]|<<[^<>(){}%]*+>>|<[0-9A-Fa-f\s]*+>)*+>>|\([^\\()]*+\)|<[0-9A-Fa-f\s]*+>)"
)
_SIMPLE_ENTRY = re.compile(rb"(" + _SIMPLE_NAME + rb")\s*+(" + _SIMPLE_VALUE + rb")")
_SIMPLE = re.compile(rb"\s*+<<(?:\s*+" + _SIMPLE_NAME + rb"\s*+" + _SIMPLE_VALUE + rb")*+\s*+>>")
_DIRECT = re.compile(rb"(?<!\d)(\d{1,10})\s{1,9}\d{1,5}\s{1,9}R\b")

# Where PDFDocEncoding differs from Latin-1 (Annex D.3).
_PDFDOC = dict(zip([*range(0x80, 0x9F), 0xA0], "•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž€", strict=True))


@dataclass(frozen=True, slots=True)
class Object:
    """One object as it lies in the file.

    Attributes:
        number: Its number; 0 for a piece of several.
        head: What stands between ``obj`` and the stream or the end.
        stream: The bytes of its stream as they lie there.
        damaged: The stream has no end of its own.
        unlike: The stream is not as long as is said.
    """

    number: int
    head: bytes = field(repr=False)
    stream: bytes | None = field(repr=False, default=None)
    damaged: bool = False
    unlike: bool = False


def walk(content: bytes) -> Iterator[tuple[bytes, Object | None]]:
    """Yield what stands before each object, and the object; at the end what stands behind the last."""
    words = _Words(content)
    at = 0
    while (opened := _OBJECT.search(content, at)) is not None:
        gap = content[at : opened.start()]
        end = words.place(b"endobj", opened.end())
        following = _OBJECT.search(content, opened.end(), min(end, words.place(b"stream", opened.end())))
        if following is not None:  # viewers take an object without an end, and so the next is no part of it
            yield gap, Object(int(opened[1]), content[opened.end() : following.start()])
            at = following.start()
            continue
        begun = _STREAM.search(content, opened.end(), end)
        if begun is None:
            yield gap, Object(int(opened[1]), content[opened.end() : end])
            at = end + 6
            continue
        head = content[opened.end() : begun.start()]
        stop, unlike = _end_of_stream(content, begun.end(), head, words)
        closed = _CLOSED.match(content, stop)
        yield gap, Object(int(opened[1]), head, content[begun.end() : stop], closed is None, unlike)
        at = closed.end() if closed else stop
    yield content[at:], None


class _Words:
    """Where the next word of a kind stands, asked in ascending order, and what numbers objects are."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._places: dict[bytes, int] = {}
        self._numbers: dict[int, int] | None = None

    def place(self, word: bytes, start: int) -> int:
        """Return where *word* stands from *start* on, or the end.  Looked for once, or many streams cost a square."""
        known = self._places.get(word, -1)
        if known < start:
            found = self._content.find(word, start)
            known = self._places[word] = found if found >= 0 else len(self._content)
        return known

    def number(self, number: int) -> int:
        """Return the number that the last object of that number is, or -1."""
        if self._numbers is None:
            self._numbers = {}
            for found in _NUMBER_OBJECT.finditer(self._content):
                named = _NAME_OF_OBJECT.search(self._content, max(0, found.start() - 24), found.start())
                if named:
                    self._numbers[int(named[1])] = int(found[1])
        return self._numbers.get(number, -1)


def _end_of_stream(content: bytes, start: int, head: bytes, words: _Words) -> tuple[int, bool]:
    """Return where a stream ends, and whether that is not where it says."""
    said = _LENGTH.search(head)
    length = -1
    if said:
        length = words.number(int(said[1])) if said[2] else int(said[1])
    stop = start + length
    if length >= 0 and content[stop : stop + 20].lstrip(b"\r\n\t ").startswith(b"endstream"):
        return stop, False
    return min(words.place(b"endstream", start), words.place(b"endobj", start)), length >= 0


def behind_the_numbers(item: Object, raw: bytes) -> Object:
    """Return the objects of an object stream, which was unpacked to *raw*, as one piece."""
    return Object(0, raw[number_in(entries(item.head).get(b"First", b"")) :])


def objects_within(item: Object, raw: bytes) -> Iterator[Object]:
    """Yield the objects of an object stream (7.5.7), which was unpacked to *raw*, each by itself."""
    start = number_in(entries(item.head).get(b"First", b""))
    numbers = [int(number) for number in raw[:start].split() if number.isdigit() and len(number) < 11]
    # Each piece ends where the next begins, whatever order they are told in; one piece for all that begin together.
    begins = sorted(set(numbers[1::2]))
    pieces = {
        begin: raw[start + begin : start + end] for begin, end in zip(begins, [*begins[1:], len(raw)], strict=False)
    }
    for number, begin in zip(numbers[::2], numbers[1::2], strict=False):
        yield Object(number, pieces[begin])


def number_in(value: bytes) -> int:
    """Return the number a value is, or 0."""
    digits = value.strip()
    return int(digits) if digits.isdigit() and len(digits) < 11 else 0


def references_in(value: bytes) -> list[int]:
    """Return the numbers of the objects that a piece of syntax refers to."""
    return [int(number) for number in _DIRECT.findall(value)]


# -- dictionaries -------------------------------------------------------------------------------------------------


def entries(head: bytes) -> dict[bytes, bytes]:
    """Return the entries of the outermost dictionary: names without slash and escapes, values as they stand there."""
    simple = _SIMPLE.match(head)
    if simple is None:
        return _entries_one_by_one(head)
    out: dict[bytes, bytes] = {}
    for name, value in _SIMPLE_ENTRY.findall(simple[0]):
        out.setdefault(plain_name(name[1:]), value.rstrip())
    return out


def _entries_one_by_one(head: bytes) -> dict[bytes, bytes]:
    out: dict[bytes, bytes] = {}
    key: bytes | None = None
    depth = start = at = 0
    while (found := _TOKEN.search(head, at)) is not None:
        token, at = found[0], found.end()
        if token.startswith(b"%"):
            continue
        if token == b"(":
            at = _behind_string(head, at)
        if depth == 1 and key is None and token.startswith(b"/"):
            key, start = plain_name(token[1:]), at
            continue
        ends = depth == 1 and key is not None and token.startswith((b"/", b">>"))
        if ends and (value := head[start : found.start()].strip()):
            out.setdefault(key or b"", value)
            key, start = plain_name(token[1:]), at
            if token == b">>":
                break
            continue
        depth += _DEEPER.get(token, 0)
        if depth <= 0 and token == b">>":
            break
    return out


def items(array: bytes) -> Iterator[bytes]:
    """Yield the dictionaries and references of an array, in their order."""
    depth = start = 0
    for found in _TOKEN.finditer(array):
        change = _DEEPER.get(found[0], 0)
        if change > 0 and depth == 1:
            start = found.start()
        depth += change
        if change < 0 and depth == 1:
            yield array[start : found.end()]
        elif depth == 1 and not change and found[0][:1].isdigit():
            yield from (b"%d 0 R" % number for number in references_in(found[0]))


def dictionary(known: Mapping[bytes, bytes]) -> bytes:
    """Return a dictionary with these entries."""
    named = (b"".join(_escaped_name(byte) for byte in key) for key in known)
    return b"<<%s>>" % b"".join(b"/%s %s\n" % (name, value) for name, value in zip(named, known.values(), strict=True))


def _escaped_name(byte: int) -> bytes:
    return b"%c" % byte if chr(byte).isascii() and chr(byte).isalnum() else b"#%02X" % byte


def _behind_string(head: bytes, at: int) -> int:
    """Return where a literal string ends that was opened before *at*; the end of all if it does not."""
    depth = 1
    for found in _PARENTHESIS.finditer(head, at):
        depth += {b"(": 1, b")": -1}.get(found[0], 0)
        if not depth:
            return found.end()
    return len(head)


def plain_name(raw: bytes) -> bytes:
    """Return a name with its escapes undone (7.3.5)."""
    return _HEX_NAME.sub(lambda found: binascii.unhexlify(found[1]), raw) if b"#" in raw else raw


def name_in(value: bytes) -> bytes:
    """Return the name a value is, or nothing."""
    value = value.strip()
    return plain_name(value[1:]) if value.startswith(b"/") else b""


def name_text(raw: bytes) -> str:
    """Return a name as text."""
    return plain_name(raw).decode("utf-8", "replace")


# -- strings ------------------------------------------------------------------------------------------------------


def literals(piece: bytes) -> Iterator[bytes]:
    """Yield the outermost literal strings of a piece, as they stand there, however deep their parentheses go."""
    depth = start = 0
    for found in _PARENTHESIS.finditer(piece):
        if found[0] == b"(":
            depth += 1
            if depth == 1:
                start = found.end()
        elif found[0] == b")" and depth:
            depth -= 1
            if not depth:
                yield piece[start : found.start()]


def literal(raw: bytes) -> bytes:
    """Undo the escapes of a literal string (7.3.4.2)."""
    return _ESCAPE.sub(_escaped, raw) if b"\\" in raw else raw


def _escaped(found: re.Match[bytes]) -> bytes:
    if found[1]:
        return bytes([int(found[1], 8) & 0xFF])
    if found[2]:
        return b""
    return {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"", b"f": b""}.get(found[3], found[3])


def text(raw: bytes) -> str:
    """Return a text string: UTF-16 or UTF-8 by its mark, else PDFDocEncoding (7.9.2.2)."""
    if raw.startswith(b"\xfe\xff"):
        return raw[2:].decode("utf-16-be", "replace")
    if raw.startswith(b"\xff\xfe"):
        return raw[2:].decode("utf-16-le", "replace")
    if raw.startswith(b"\xef\xbb\xbf"):
        return raw[3:].decode("utf-8", "replace")
    plain = raw.decode("latin-1")
    return plain if plain.isascii() else plain.translate(_PDFDOC)


def string_in(value: bytes) -> str:
    """Return the text that a value is, or nothing."""
    value = value.strip()
    if value.startswith(b"("):
        return text(literal(value[1:-1]))
    return text(from_hex(value[1:-1])) if value.startswith(b"<") and not value.startswith(b"<<") else ""


def from_hex(raw: bytes) -> bytes:
    """Return the bytes of a hexadecimal string; an odd digit at the end counts as if a 0 followed."""
    digits = b"".join(raw.split())
    try:
        return binascii.unhexlify(digits + b"0" * (len(digits) % 2))
    except binascii.Error:
        return b""

# SPDX-License-Identifier: GPL-3.0-or-later
"""PDF, the file behind the pages: strings that no page shows, objects nobody points to, revisions before the last.

pdfium answers what a viewer asks.  A person with an editor finds more: scripts, alternative texts, names of layers
and files, choices of forms, private data of programs, comments in the file, pages and notes as they were before the
last save.  So the objects are walked as they lie in the file, in one pass of regular expressions and without any
table, which a damaged or a forged file has too.  What the pages have said already is not said again.

Revisions: every save may append; the file cut at an earlier ``%%EOF`` is the file as it was, and pdfium reads it.
An encrypted file that opens without a password has encrypted strings, which pdfminer.six undoes.
Sources: ISO 32000-2, 7.2 to 7.5 (syntax, objects, revisions), 7.9.2 (strings), 14.9.4 (ActualText).
"""

import base64
import binascii
import contextlib
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pypdfium2
from pdfminer.pdfdocument import PDFDocument
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import PDFStream
from pdfminer.psparser import PSLiteral

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.basics import binary
from safehold.reading.basics.types import looks_like_text
from safehold.reading.notes import OpenPart
from safehold.reading.pictures.image_metadata import words_of_xmp
from safehold.reading.vocabulary import Detail, MarkKind, words

_OBJECT = re.compile(rb"(?<!\d)(\d{1,10})[ \t\r\n]{1,9}\d{1,5}[ \t\r\n]{1,9}obj\b")
_STREAM = re.compile(rb"\bstream\r?\n?")
_FIRST = re.compile(rb"/First\s{1,9}(\d{1,9})")
_IDENTIFIERS = re.compile(rb"/ID\s{0,9}\[.{0,400}?\]", re.DOTALL)
_CLOSED = re.compile(rb"\s{0,20}endstream\s{0,20}(?:endobj)?")
_LENGTH = re.compile(rb"/Length\s{1,9}(\d{1,10})(?!\s{1,9}\d+\s{1,9}R)")
_FILTERS = re.compile(rb"/(FlateDecode|Fl|ASCIIHexDecode|AHx|ASCII85Decode|A85|LZWDecode|LZW|RunLengthDecode|RL)\b")
_FLATE = re.compile(rb"/Filter\s{0,9}\[?\s{0,9}/(?:FlateDecode|Fl)\b")
_REFERENCE = re.compile(rb"(?<!\d)(\d{1,10})\s{1,9}\d{1,5}\s{1,9}R\b")
_ENCRYPTED = re.compile(rb"/Encrypt\s{0,9}(?:\d|<<)")
_INFO = re.compile(rb"/Info\s{1,9}(\d{1,10})\s")
_END = re.compile(rb"startxref\s{1,9}\d{1,12}\s{1,9}%%EOF")
_INNER = rb"(?:\\.|[^\\()])"
_STRING = re.compile(
    rb"(?:/([^\s/<>\[\](){}%]{1,60})\s{0,9})?"
    rb"(?:\(((?:\\.|[^\\()]|\(" + _INNER + rb"*\))*+)\)|(?<!<)<([0-9A-Fa-f\s]{6,})>)",
    re.DOTALL,
)
_HEXADECIMAL = re.compile(rb"(?<!<)<[0-9A-Fa-f]")
_NAMED = re.compile(rb"/(?:V|DV|AS|Name)\s{0,9}/([^\s/<>\[\](){}%]{3,100})")
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|(\r\n|\r|\n)|(.))", re.DOTALL)
_SHOWN = re.compile(rb"\((" + _INNER + rb"*+)\)|<([0-9A-Fa-f\s]*)>|(T\*|Td|TD|Tm|ET)\b|(?<=[\s\])>])(['\"])")
_ACTUAL = re.compile(
    rb"/ActualText\s{0,9}(?:\((" + _INNER + rb"*)\)|<([0-9A-Fa-f\s]*)>)[^>]{0,200}>>\s{0,9}BDC(.{0,100000}?)EMC",
    re.DOTALL,
)
_OPERATOR = re.compile(
    rb"(?:^|\s)[-+.\d]+\s{1,4}[-+.\d]+\s{1,4}(?:[-+.\d]+\s{1,4}){0,4}(?:re|cm|m|l|c|rg|RG|k|K|scn|SCN)\s"
)
# Strings, each of which something shows; numbers behind one are fine in an array only.
_BEHIND = rb"(?!\s*(?:(?:[-+.\d]{1,20}\s+){1,6}[A-Za-z]|[A-SU-Za-z\x80-\xff]|T[^jJ]|<!))"
_INSIDE = rb"(?:\\.|[^\\()]|\((?:\\.|[^\\()]|\((?:\\.|[^\\()]|\(" + _INNER + rb"*+\))*+\))*+\))*+"
_SOUND = re.compile(
    rb"(?:[\0\t\n\f\r -$&')-;=-~]++|%[^\r\n]*+|\("
    + _INSIDE
    + rb"\)"
    + _BEHIND
    + rb"|<[0-9A-Fa-f\s]*+>"
    + _BEHIND
    + rb"|<<)*+",
    re.DOTALL,
)
_INLINE = re.compile(rb"<<(.{1,2000}?)>>", re.DOTALL)
_COMMENT = re.compile(rb"%([^\r\n]{3,2000})")
_TO_LINE_END = re.compile(rb"%[^\r\n]*")
_HEX_NAME = re.compile(rb"#([0-9A-Fa-f]{2})")
_TAG = re.compile(r"<[^<>]{1,2000}>")

_ENTRIES = re.compile(rb"\d{10} \d{5} [nf][ \r\n]{1,2}")
_KEYWORDS = re.compile(r"\s*(?:%PDF-|%%EOF|xref\s*$|trailer\s*$|startxref|endobj|endstream\s*$|[\d ]*$)")
_BLANK = b"\x00\t\n\x0c\r "
_SHORTEST = 8
# Values that are numbers in the shape of strings, and names of fonts and colours.
_NO_WORDS = words(
    "ID CreationDate ModDate M DA CharSet Panose O U OE UE Perms CheckSum Ordering Registry Cert ByteRange FontName"
    " BaseFont Lookup Style CIDSet DS F0 Checksum Length Height Width"
)
_INFO_KEYS = words("Title Author Subject Keywords Creator Producer CreationDate ModDate Trapped")
_LINKS = words("URI F UF D Dest URL Base")
_SCRIPTS = words("JS")
_FIELDS = words("V DV TU TM CA RC AC Opt RV")
# Streams without words: pictures, fonts, tables, colour profiles.
_SILENT = re.compile(
    rb"/(?:Subtype\s{0,9}/(?:Image|Type1C|CIDFontType0C|OpenType)|Type\s{0,9}/XRef|Length1\b|FunctionType\b|N\s{1,9}[134]\b"
    rb"|ShadingType\b|BitsPerComponent\b|CIDSystemInfo\b)"
)
# pdfium writes these for a hyphen at the end of a line, and joins the lines; a soft hyphen says the same.
LINE_HYPHENS = {0x02: "\u00ad", 0xFFFE: "\u00ad"}
# Where PDFDocEncoding differs from Latin-1 (Annex D.3).
_PDFDOC = dict(zip([*range(0x80, 0x9F), 0xA0], "•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž€", strict=True))
_MOST_STREAM = 4 * 1024 * 1024
_SEQUENCE = (b"\x30\x80", b"\x30\x82", b"\x30\x83")  # a signature (X.690)
_MOST_UNPACKED = 64 * 1024 * 1024
_ENOUGH = 4_096  # to tell a content stream from a picture
_MOST_REVISIONS = 10
_MOST_OLD_PAGES = 60


@dataclass(frozen=True, slots=True)
class _Object:
    """One object as it lies in the file."""

    number: int
    head: bytes = field(repr=False)
    stream: bytes | None = field(repr=False)
    damaged: bool = False  # the stream has no end of its own
    unlike: bool = False  # the stream is not as long as is said


class _Known:
    """What the reading has said already."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._text = ""
        self._words: set[str] = set()
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        """Remember a text."""
        self._text += "\n" + _squeezed(text)
        self._words.update(text.split())

    def has(self, text: str) -> bool:
        """Return whether all of *text* was said, in this order."""
        return self._words.issuperset(text.split()) and _squeezed(text) in self._text


def _squeezed(text: str) -> str:
    return "".join(text.split())


@dataclass(slots=True)
class _Found:
    """New texts, apart by what they are."""

    known: _Known
    any_page_silent: bool = False
    texts: dict[tuple[PlaceKind, Visibility], dict[str, None]] = field(default_factory=dict)

    def add(self, text: str, kind: PlaceKind = PlaceKind.METADATA, visibility: Visibility = Visibility.HIDDEN) -> bool:
        """Add a text, unless it was said or says nothing; return whether it was added."""
        text = text.strip("\x00 \r\n\t")
        if len(text) < 2 or not any(map(str.isalnum, text)) or self.known.has(text):
            return False
        self.texts.setdefault((kind, visibility), {})[text] = None
        return True


def read(content: bytes, part: OpenPart, pages: int) -> None:
    """Read what is in the file and was not said.

    Args:
        content: The file.
        part: Its part; what was said is in ``part.heard``.
        pages: How many pages pdfium counts.  Where one of them said nothing, every content stream is looked at:
            a page whose content cannot be found looks blank.
    """
    heard = part.heard or ()
    spoken = {number for kind, number, _ in heard if kind is PlaceKind.PAGE}
    found = _Found(_Known(text for _, _, text in heard), len(spoken) < min(pages, part.limits.pages))
    if _ENCRYPTED.search(content):
        _encrypted(content, found, part)
    else:
        _plain(content, found, part)
    for (kind, visibility), texts in found.texts.items():
        part.segment(kind, "\n\n".join(texts), visibility=visibility)
    _revisions(content, found.known, part)


# -- the walk -----------------------------------------------------------------------------------------------------


def _plain(content: bytes, found: _Found, part: OpenPart) -> None:
    objects: list[_Object] = []
    for gap, item in _walk(content):
        if item is not None:
            objects.append(item)
        _gap(gap, found, part)
    info = {int(number) for number in _INFO.findall(content)}
    inner = [piece for item in objects for piece in _packed(item, info)]
    heads = b"\n".join([*(item.head for item in objects), *(item.head for item in inner)])
    pointed = set(map(int, _REFERENCE.findall(heads)))
    defined = Counter(item.number for item in objects)
    budget = _MOST_UNPACKED
    for item in objects:
        if _is_open(item):
            part.problem(Reason.CORRUPT, Detail.SALVAGED)
            for line in binary.narrow_strings(item.head).split("\n"):
                found.add(line)
    for item in (*objects, *inner):
        _strings(item.head, found, part, with_keys=item.number in info or _looks_like_info(item))
        if item.damaged and item.stream:
            part.problem(Reason.CORRUPT, Detail.SALVAGED)
            _strings(item.stream[:_MOST_STREAM], found, part, with_keys=False)
        if item.stream is None or _SILENT.search(item.head) or b"/ObjStm" in item.head:
            continue
        raw = _unpacked(item)
        if not raw and _FLATE.search(item.head) and _is_no_deflate(item.stream):
            part.problem(Reason.CORRUPT, Detail.SALVAGED)
            raw = item.stream
        budget -= len(raw)
        if budget < 0:
            part.problem(Reason.TOO_LARGE, Detail.EXPANDED)
            return
        lost = item.unlike or item.number not in pointed or defined[item.number] > 1
        _stream(item, raw, found, part, lost=lost)


def _walk(content: bytes) -> Iterator[tuple[bytes, _Object | None]]:
    """Yield what stands before each object, and the object; at the end what stands behind the last."""
    at = 0
    while (opened := _OBJECT.search(content, at)) is not None:
        gap = content[at : opened.start()]
        end = content.find(b"endobj", opened.end())
        end = end if end >= 0 else len(content)
        begun = _STREAM.search(content, opened.end(), end)
        if begun is None:
            yield gap, _Object(int(opened[1]), content[opened.end() : end], None)
            at = end + 6
            continue
        head = content[opened.end() : begun.start()]
        said = _LENGTH.search(head)
        stop = begun.end() + int(said[1]) if said else -1
        unlike = False
        if stop < 0 or not content[stop : stop + 20].lstrip(b"\r\n\t ").startswith(b"endstream"):
            ends = [content.find(word, begun.end()) for word in (b"endstream", b"endobj")]
            stop = min((place for place in ends if place >= 0), default=len(content))
            unlike = bool(said)
        closed = _CLOSED.match(content, stop)
        yield gap, _Object(int(opened[1]), head, content[begun.end() : stop], closed is None, unlike)
        at = closed.end() if closed else stop
    yield content[at:], None


def _gap(gap: bytes, found: _Found, part: OpenPart) -> None:
    """Take what stands between objects: comments, rubbish in front, notes behind the end; tables are numbers."""
    if len(gap) < _SHORTEST:
        return
    for line in binary.narrow_strings(_ENTRIES.sub(b"", gap)).split("\n"):
        if _KEYWORDS.match(line):
            continue
        if line.startswith(("<<", "/")):
            _strings(line.encode("cp1252", "replace"), found, part, with_keys=False)
        else:
            found.add(line.removeprefix("%"))


def _comments(content: bytes, found: _Found) -> None:
    for comment in _COMMENT.findall(content):
        if not comment.startswith((b"PDF-", b"%EOF")) and binary.written(comment):
            found.add(comment.decode("cp1252", "replace"))


def _packed(item: _Object, info: set[int]) -> Iterator[_Object]:
    """Yield the objects of an object stream (7.5.7): as one piece, and the document's information again by itself."""
    if item.stream is None or b"/ObjStm" not in item.head:
        return
    raw = _unpacked(item)
    first = _FIRST.search(item.head)
    start = int(first[1]) if first else 0
    yield _Object(0, raw[start:], None)
    pairs = [int(number) for number in raw[:start].split() if number.isdigit()]
    for index in range(0, len(pairs) - 1, 2):
        if pairs[index] in info:
            end = start + pairs[index + 3] if index + 3 < len(pairs) else len(raw)
            yield _Object(pairs[index], raw[start + pairs[index + 1] : end], None)


def _unpacked(item: _Object) -> bytes:
    """Return a stream with its filters undone as far as they are simple, and at most a bound of it."""
    raw = item.stream or b""
    for name in _FILTERS.findall(item.head)[:4]:
        if name in (b"FlateDecode", b"Fl"):
            raw = _inflated(raw)
        elif name in (b"ASCIIHexDecode", b"AHx"):
            raw = _from_hex(raw.partition(b">")[0])
        elif name in (b"ASCII85Decode", b"A85"):
            with contextlib.suppress(ValueError):
                raw = base64.a85decode(raw.strip().removeprefix(b"<~").partition(b"~>")[0])
        else:
            return b""
    return raw[:_MOST_STREAM]


def _inflated(raw: bytes) -> bytes:
    engine = zlib.decompressobj()
    out = b""
    with contextlib.suppress(zlib.error):
        out = engine.decompress(raw, _MOST_STREAM)
    return out


def _is_no_deflate(raw: bytes) -> bool:
    try:
        zlib.decompressobj().decompress(raw, 1)
    except zlib.error:
        return True
    return False


def _from_hex(raw: bytes) -> bytes:
    digits = b"".join(raw.split())
    try:
        return binascii.unhexlify(digits + b"0" * (len(digits) % 2))
    except binascii.Error:
        return b""


# -- dictionaries -------------------------------------------------------------------------------------------------


def _strings(head: bytes, found: _Found, part: OpenPart, *, with_keys: bool) -> None:
    if b"/ID" in head:
        head = _IDENTIFIERS.sub(b"", head)
    if b"(" in head or b")" in head or _HEXADECIMAL.search(head):
        for key, literal, hexadecimal in _STRING.findall(head):
            name = key.decode("latin-1")
            if name in _NO_WORDS:
                continue
            raw = _from_hex(hexadecimal) if hexadecimal else _literal(literal)
            text = _text(raw)
            if _is_text(text) and not raw.startswith(_SEQUENCE):
                _take(name, text, found, part)
            if with_keys and name not in _INFO_KEYS:
                found.add(_name(key))
        if _is_damaged(head):
            part.problem(Reason.CORRUPT, Detail.SALVAGED)
            for line in binary.narrow_strings(head).split("\n"):
                found.add(line)
    if b"/V" in head or b"/Name" in head or b"/AS" in head or b"/DV" in head:
        for value in _NAMED.findall(head):
            found.add(_name(value))
    if b"%" in head:
        _comments(_STRING.sub(b"", head), found)


def _looks_like_info(item: _Object) -> bool:
    return bool(item.number) and (b"/Producer" in item.head or b"/Author" in item.head or b"/Creator" in item.head)


def _is_open(item: _Object) -> bool:
    """Return whether a dictionary has no end, or rubbish behind it: a viewer passes over such an object."""
    head = item.head.strip(_BLANK)
    whole = head.endswith(b">>") and head.startswith(b"<<")
    if whole or (b"<<" not in head and item.stream is None):
        return whole and head.count(b"<<") != head.count(b">>") and _is_uneven(head)
    bare = _TO_LINE_END.sub(b"", _STRING.sub(b"", head)).strip(_BLANK)
    return not bare.endswith((b">>", b"]")) or _is_uneven(head)


def _is_uneven(head: bytes) -> bool:
    bare = _STRING.sub(b"", head)
    return bare.count(b"<<") != bare.count(b">>")


def _is_text(text: str) -> bool:
    sample = text[:4_000]
    return sum(character.isprintable() or character in "\r\n\t" for character in sample) >= 0.95 * len(sample)


def _take(name: str, text: str, found: _Found, part: OpenPart) -> None:
    if name in _SCRIPTS:
        part.mark(MarkKind.ACTIVE_CONTENT)
        found.add(text)
    elif name in _LINKS:
        found.add(text, visibility=Visibility.ATTRIBUTE)
    elif name in _FIELDS:
        found.add(_TAG.sub("", text) if "<" in text else text, PlaceKind.FIELD)
    else:
        found.add(_TAG.sub("", text) if name in ("RC", "DS") else text)


def _literal(raw: bytes) -> bytes:
    """Undo the escapes of a literal string (7.3.4.2)."""
    if b"\\" not in raw:
        return raw
    return _ESCAPE.sub(_escaped, raw)


def _escaped(found: re.Match[bytes]) -> bytes:
    if found[1]:
        return bytes([int(found[1], 8) & 0xFF])
    if found[2]:
        return b""
    return {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"", b"f": b""}.get(found[3], found[3])


def _text(raw: bytes) -> str:
    """Return a text string: UTF-16 or UTF-8 by its mark, else PDFDocEncoding (7.9.2.2)."""
    if raw.startswith(b"\xfe\xff"):
        return raw[2:].decode("utf-16-be", "replace")
    if raw.startswith(b"\xff\xfe"):
        return raw[2:].decode("utf-16-le", "replace")
    if raw.startswith(b"\xef\xbb\xbf"):
        return raw[3:].decode("utf-8", "replace")
    text = raw.decode("latin-1")
    return text if text.isascii() else text.translate(_PDFDOC)


def _name(raw: bytes) -> str:
    return _HEX_NAME.sub(lambda found: binascii.unhexlify(found[1]), raw).decode("utf-8", "replace")


# -- streams ------------------------------------------------------------------------------------------------------


def _stream(item: _Object, raw: bytes, found: _Found, part: OpenPart, *, lost: bool) -> None:
    head = item.head
    if b"/Metadata" in head or raw[:200].lstrip().startswith((b"<?xpacket", b"<x:xmpmeta")):
        for text in words_of_xmp(raw).split("\n"):
            found.add(text)
    elif b"/EmbeddedFile" in head:
        if raw and len(raw) < _MOST_STREAM and part.is_new(raw):  # else pdfium handed it over
            part.session.take_expanded(len(raw))
            part.member("embedded", raw)
    elif ((plain := looks_like_text(raw[:_ENOUGH])) and _is_content(raw)) or (b"BT" in raw and b" Tf" in raw):
        damaged = _is_damaged(raw) or _has_lost_operators(raw)
        if damaged:
            part.problem(Reason.CORRUPT, Detail.SALVAGED)
        beside = lost or b"/Form" in head or b"/BBox" in head  # what no page is made of may say what no page says
        if plain or damaged:  # fonts of two bytes a character make it no text, and pdfium has read it
            _content(raw, found, part, whole=beside or damaged or found.any_page_silent, of_page=not beside)
    elif b"begincmap" not in raw and b"/CMapName" not in raw and raw:
        text = _text(raw)
        if _is_text(text):
            for line in (words_of_xmp(raw) if text.lstrip().startswith("<") else text).split("\n"):
                found.add(line)


def _is_content(raw: bytes) -> bool:
    return b"Tj" in raw or b"TJ" in raw or b"BT" in raw or b"BMC" in raw or bool(_OPERATOR.search(raw, 0, 2_000))


def _is_damaged(raw: bytes) -> bool:
    """Return whether strings of a content stream are not closed: all that follows is lost to a viewer."""
    if b"\nBI" in raw or b" BI" in raw:
        return False  # an inline picture may have any bytes
    if b"\\" in raw:
        raw = _ESCAPED.sub(b"", raw)
    return raw.count(b"(") != raw.count(b")")


def _has_lost_operators(raw: bytes) -> bool:
    """Return whether a string has no operator that shows it: somebody cut, or something broke."""
    return b" BI" not in raw and b"\nBI" not in raw and _SOUND.fullmatch(raw) is None


def _content(raw: bytes, found: _Found, part: OpenPart, *, whole: bool, of_page: bool) -> None:
    """Take from a content stream what the page does not say: comments, other words, and all of it where no page is."""
    if b"%" in raw:
        _comments(_STRING.sub(b"", raw), found)
    if b"<<" in raw:
        for inside in _INLINE.findall(raw):
            if b"(" in inside or b"<FE" in inside:
                _strings(inside, found, part, with_keys=False)
    if b"/ActualText" in raw:
        for literal, hexadecimal, inside in _ACTUAL.findall(raw):
            said = _text(_from_hex(hexadecimal) if hexadecimal else _literal(literal))
            _denied(said, inside, found, part)
    if whole:
        for line in _lines(raw):
            if binary.written(line.encode("cp1252", "replace")) or line.isalnum():
                new = found.add(line)
                if new and of_page and found.any_page_silent:
                    part.problem(Reason.CORRUPT, Detail.SALVAGED)


def _denied(said: str, inside: bytes, found: _Found, part: OpenPart) -> None:
    """Compare what a page shows with what it says it shows: a viewer draws the one, a search finds the other."""
    shown = "".join(_lines(inside))
    if len(shown) <= 3 * len(said) + 6:
        return
    if binary.written(shown.encode("cp1252", "replace")):
        found.add(shown, PlaceKind.TEXT, Visibility.VISIBLE)
    else:
        part.problem(Reason.AMBIGUOUS, Detail.TWO_TEXTS)


def _lines(raw: bytes) -> Iterator[str]:
    """Yield the shown strings of a content stream, line by line, as far as their font is a plain one."""
    line: list[str] = []
    for literal, hexadecimal, moved, quote in _SHOWN.findall(raw):
        if moved or quote:
            if line:
                yield "".join(line)
            line = []
        else:
            line.append(_text(_from_hex(hexadecimal) if hexadecimal else _literal(literal)))
    if line:
        yield "".join(line)


# -- encrypted, revised, turned -----------------------------------------------------------------------------------


def _encrypted(content: bytes, found: _Found, part: OpenPart) -> None:
    """Take the strings of a file that opens without a password."""
    try:
        document = PDFDocument(PDFParser(io.BytesIO(content)))
        numbers = sorted({number for table in document.xrefs for number in table.get_objids()})[:20_000]
    except (MemoryError, RecursionError):
        raise
    except Exception:  # noqa: BLE001 - it raises nearly anything on odd files; pdfium has read the pages
        part.problem(Reason.CORRUPT, Detail.SALVAGED)
        return
    for number in numbers:
        with contextlib.suppress(Exception):
            _take_values("", document.getobj(number), found, part, 0)


def _take_values(key: str, value: Any, found: _Found, part: OpenPart, depth: int) -> None:
    if depth > 20:
        return
    if isinstance(value, bytes):
        if key not in _NO_WORDS and _is_text(text := _text(value)):
            _take(key, text, found, part)
    elif isinstance(value, PSLiteral):
        if key in ("V", "DV", "AS", "Name") and isinstance(value.name, str):
            found.add(value.name)
    elif isinstance(value, PDFStream):
        _take_values(key, value.attrs, found, part, depth + 1)
        head = b"/Metadata" if str(value.attrs.get("Type")) == "/'Metadata'" else b"-"
        if head == b"/Metadata" and isinstance(data := value.get_data(), bytes):
            _stream(_Object(0, head, data), data, found, part, lost=False)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _take_values(str(name), inner, found, part, depth + 1)
    elif isinstance(value, list | tuple):
        for inner in value[:10_000]:
            _take_values(key, inner, found, part, depth + 1)


def _revisions(content: bytes, known: _Known, part: OpenPart) -> None:
    """Read the pages as they were before each later save, as far as they said something else."""
    ends = [found.end() for found in _END.finditer(content)]
    if b"/Linearized" in content[:1_024]:
        ends = ends[1:]  # the first end belongs to the table that stands in front
    pages = 0
    for end in ends[:-1][-_MOST_REVISIONS:]:
        try:
            document = pypdfium2.PdfDocument(content[:end])
        except pypdfium2.PdfiumError:
            continue
        try:
            for number in range(1, len(document) + 1):
                pages += 1
                if pages > _MOST_OLD_PAGES:
                    part.problem(Reason.TOO_LARGE, Detail.PAGES)
                    return
                _old_page(document, number, known, part)
        finally:
            document.close()


def _old_page(document: Any, number: int, known: _Known, part: OpenPart) -> None:
    try:
        page = document.get_page(number - 1)
        text_page = page.get_textpage()
        lines = text_page.get_text_range().translate(LINE_HYPHENS).splitlines()
        text_page.close()
        page.close()
    except pypdfium2.PdfiumError:
        return
    new = [line for line in lines if line.strip() and not known.has(line)]
    if new:
        part.mark(MarkKind.EARLIER_REVISION, PlaceKind.PAGE, number)
        text = "\n".join(new)
        known.add(text)
        part.segment(PlaceKind.PAGE, text, number=number, visibility=Visibility.HIDDEN)


def read_turned(page: Any, text: str, number: int, part: OpenPart) -> None:
    """Read a page that is shown on its side as if it were not.

    pdfium orders the pieces of a line as they are shown; where letters are set one by one and the page is turned,
    the lines come out mixed.
    """
    if not page.get_rotation():
        return
    page.set_rotation(0)
    text_page = page.get_textpage()
    upright = text_page.get_text_range().translate(LINE_HYPHENS)
    text_page.close()
    known = _Known([text])
    part.segment(PlaceKind.PAGE, "\n".join(line for line in upright.splitlines() if not known.has(line)), number=number)

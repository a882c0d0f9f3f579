# SPDX-License-Identifier: GPL-3.0-or-later
"""PDF: the strings and names in dictionaries, and the words between objects, each handed on as what it is.

A string counts whatever its key is called: what programs write under a key is a date or a name of a font, but nothing
keeps a person from writing an address there.
Sources: ISO 32000-2, 7.3.4 (strings), 7.3.5 (names), 12.7 (forms), 12.6.4 (actions).
"""

import re

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.basics import appended, binary
from safehold.reading.notes import OpenPart
from safehold.reading.pages import pdf_syntax
from safehold.reading.pages.pdf_content import has_open_strings
from safehold.reading.pages.pdf_found import Found
from safehold.reading.pages.pdf_syntax import Object
from safehold.reading.pictures.image_metadata import words_of_xmp
from safehold.reading.vocabulary import Detail, MarkKind, words

_IDENTIFIERS = re.compile(rb"/ID\s{0,9}\[(?:\s{0,9}<[0-9A-Fa-f\s]{0,400}>){2}\s{0,9}\]")
_INNER = rb"(?:\\.|[^\\()])"
_STRING = re.compile(rb"\(((?:\\.|[^\\()]|\(" + _INNER + rb"*\))*+)\)|<(?<!<<)([0-9A-Fa-f\s]{6,})>", re.DOTALL)
_KEY = re.compile(rb"([^\s<>\[\](){}%]{1,60})\s{0,9}")
_REACH = 80
_HEXADECIMAL = re.compile(rb"(?<!<)<[0-9A-Fa-f]")
_NAMED = re.compile(rb"/(?:V|DV|AS|Name)\s{0,9}/([^\s/<>\[\](){}%]{3,100})")
# Programs write no names that need an escape for a space or a letter with an accent; people do.
_SPACED = re.compile(rb"/([^\s/<>\[\](){}%#]{0,200}#(?:20|[89A-Fa-f])[^\s/<>\[\](){}%]{0,200})")
_COMMENT = re.compile(rb"%([^\r\n]{3,2000})")
_TO_LINE_END = re.compile(rb"%[^\r\n]*")
_TAG = re.compile(r"<[^<>]{1,2000}>")
_SOUND_TAG = re.compile(r"""</?[A-Za-z][\w:.-]*(?:\s+[\w:.-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'))*\s*[/?]?>""")
_ATTRIBUTE = re.compile(r"""\s(?!xmlns|style\b|xfa:|dir\b|lang\b|xml:)[\w:.-]+\s*=\s*(["'])([^"'<>]{3,})""")
_DATE = re.compile(rb"D?:?[\d+\-'Z: ./T]{4,40}$")
_ENTRIES = re.compile(rb"\d{10} \d{5} [nf][ \r\n]{1,2}")
_TRAILER = re.compile(rb"\btrailer\s{0,9}(<<.{0,20000}?>>)(?=\s{0,20}(?:startxref|xref|%|$))", re.DOTALL)
_KEYWORDS = re.compile(r"\s*(?:%PDF-|%%EOF|xref\s*$|trailer\s*$|startxref|endobj|endstream\s*$|[\d ]*$)")
_BLANK = b"\x00\t\n\x0c\r "
_SHORTEST = 8
_FILES = (
    b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"{\\rtf", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b\x08", b"\x89PNG", b"\xff\xd8\xff",
    b"GIF8", b"BZh", b"\xfd7zXZ",
)  # fmt: skip
# Values that are numbers in the shape of strings, or names of fonts and colours, unless somebody wrote into them.
_NO_WORDS = words(
    "ID CreationDate ModDate M DA CharSet Panose O U OE UE Perms CheckSum Ordering Registry Cert ByteRange FontName"
    " BaseFont Lookup Style CIDSet F0 Checksum Length Height Width"
)
_USUAL_WORDS = frozenset((b"Identity", b"Adobe-Identity-UCS"))
_INFO_KEYS = words("Title Author Subject Keywords Creator Producer CreationDate ModDate Trapped")
_LINKS = words("URI F UF D Dest URL Base")
_SCRIPTS = words("JS")
_FIELDS = words("V DV TU TM CA RC AC Opt RV")
_MARKED_UP = words("RC RV")
_SEQUENCE = (b"\x30\x80", b"\x30\x82", b"\x30\x83")  # a signature (X.690)


def take(piece: bytes, found: Found, part: OpenPart, *, with_keys: bool = False) -> None:
    """Hand on the strings, names and comments of a dictionary or of several.

    Args:
        piece: As it lies in the file.
        found: Where they go.
        part: The part at hand.
        with_keys: The keys are words too: people give the document's information keys of their own.
    """
    if b"/ID" in piece:
        piece = _IDENTIFIERS.sub(b"", piece)
    bare = piece
    if b"(" in piece or b")" in piece or _HEXADECIMAL.search(piece):
        strings: list[re.Match[bytes]] = []
        bare = _STRING.sub(lambda one: _set_aside(one, strings), piece)
        for one in strings:
            literal, hexadecimal = one.groups(b"")
            raw = pdf_syntax.from_hex(hexadecimal) if hexadecimal else pdf_syntax.literal(literal)
            name = _key_before(piece, one.start())
            take_value(name, raw, found, part)
            if with_keys and name not in _INFO_KEYS:
                found.add(name)
        if b"(" in bare or b")" in bare:
            _take_uneven(piece, found, part)
    if b"/V" in piece or b"/Name" in piece or b"/AS" in piece or b"/DV" in piece:
        for value in _NAMED.findall(piece):
            found.add(pdf_syntax.name_text(value))
    if b"#" in piece:
        for value in _SPACED.findall(piece):
            found.add(pdf_syntax.name_text(value))
    if b"/Dests" in piece:
        _take_names_of_targets(piece, found)
    if b"%" in bare:
        _take_comments(bare, found)


def _set_aside(one: re.Match[bytes], strings: list[re.Match[bytes]]) -> bytes:
    strings.append(one)
    return b""


def _key_before(piece: bytes, at: int) -> str:
    """Return the name that stands right before a string."""
    _, slash, behind = piece[max(0, at - _REACH) : at].rpartition(b"/")
    key = _KEY.fullmatch(behind) if slash else None
    return pdf_syntax.name_text(key[1]) if key else ""


def _take_uneven(piece: bytes, found: Found, part: OpenPart) -> None:
    """Take strings with deep parentheses in them, and those that do not end."""
    for literal in pdf_syntax.literals(piece):
        found.add(pdf_syntax.text(pdf_syntax.literal(literal)))
    if has_open_strings(piece):
        part.problem(Reason.CORRUPT, Detail.SALVAGED)
        take_loose(piece, found)


def _take_names_of_targets(piece: bytes, found: Found) -> None:
    """Take the names in the old dictionary of targets (12.3.2.4): the strings of the new tree are strings."""
    at = piece.find(b"/Dests")
    for name in pdf_syntax.entries(piece[at + len(b"/Dests") :]):
        found.add(name.decode("utf-8", "replace"))


def take_value(key: str, raw: bytes, found: Found, part: OpenPart) -> None:
    """Hand on one string, its escapes undone, as what its key says it is."""
    text = pdf_syntax.text(raw)
    if raw.startswith(_SEQUENCE) or not is_text(text):
        # Bytes; but a certificate has names in it, and some of them may be a sentence with a few bytes more.
        for line in binary.written(raw).split("\n"):
            found.add(line)
    elif key in _NO_WORDS and (not binary.written(raw) or raw in _USUAL_WORDS or _DATE.match(raw)):
        return
    elif key in _SCRIPTS:
        part.mark(MarkKind.ACTIVE_CONTENT)
        found.add(text)
    elif key in _LINKS:
        found.add(text, visibility=Visibility.ATTRIBUTE)
    elif key in _FIELDS:
        found.add(_plain(text), PlaceKind.FIELD)
    else:
        found.add(_plain(text) if key in _MARKED_UP else text)


def _plain(text: str) -> str:
    return marked_up(text) if "<" in text or "&" in text else text


def marked_up(text: str) -> str:
    """Return the words of rich text (12.7.4.4), which is XHTML."""
    if "<" not in text and "&" not in text:
        return text
    pieces = [_TAG.sub("", text)]
    for tag in _TAG.findall(text):
        # What is no tag is words; and so are attributes, but those of every program.
        pieces += [value for _, value in _ATTRIBUTE.findall(tag)] if _SOUND_TAG.fullmatch(tag) else [tag]
    if "&" in text:
        pieces.append(words_of_xmp(text.encode()))
    return "\n".join(pieces)


def take_comments(piece: bytes, found: Found) -> None:
    """Hand on the comments of a piece of syntax."""
    _take_comments(_STRING.sub(b"", piece), found)


def _take_comments(bare: bytes, found: Found) -> None:
    for comment in _COMMENT.findall(bare):
        if not comment.startswith((b"PDF-", b"%EOF")) and binary.written(comment):
            found.add(comment.decode("cp1252", "replace"))


def take_loose(piece: bytes, found: Found) -> None:
    """Hand on what can be read in a piece that is broken."""
    for line in binary.narrow_strings(piece).split("\n"):
        found.add(line)


def take_gap(gap: bytes, found: Found, part: OpenPart) -> None:
    """Take what stands between objects: comments, rubbish in front, files that no name leads to; tables are numbers."""
    if len(gap) < _SHORTEST:
        return
    bare = _ENTRIES.sub(b"", gap)
    for trailer in _TRAILER.findall(bare):  # the document's information may stand right in it
        take(trailer, found, part)
    bare = _TRAILER.sub(b"", bare)
    if b"endstream" in bare:
        part.problem(Reason.CORRUPT, Detail.SALVAGED)
    for line in binary.narrow_strings(bare).split("\n"):
        if _KEYWORDS.match(line):
            continue
        if line.startswith(("<<", "/")):
            raw = line.encode("cp1252", "replace")
            take(raw, found, part, with_keys=_is_information(raw))
        else:
            found.add(line.removeprefix("%"))
    if b"\x00" in bare:
        for line in binary.wide_strings(bare).split("\n"):
            found.add(line)
    inside = gap[max(0, gap.find(b"%PDF-")) : gap.rfind(b"%%EOF") if b"%%EOF" in gap else len(gap)].lstrip()
    if looks_like_file(inside) or b"PK\x03\x04" in inside:
        appended.read(inside, len(inside), len(inside), part)


def looks_like_file(raw: bytes) -> bool:
    """Return whether a file begins here that has a reader of its own."""
    return raw.startswith(_FILES)


def looks_like_information(item: Object) -> bool:
    """Return whether it looks like the document's information."""
    return bool(item.number) and _is_information(item.head)


def _is_information(head: bytes) -> bool:
    return b"/Producer" in head or b"/Author" in head or b"/Creator" in head


def is_open(item: Object) -> bool:
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


def is_text(text: str) -> bool:
    """Return whether a string is made of characters."""
    sample = text[:4_000]
    return sample.isprintable() or sum(
        character.isprintable() or character in "\r\n\t" for character in sample
    ) >= 0.95 * len(sample)

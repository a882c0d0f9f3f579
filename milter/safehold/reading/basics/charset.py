# SPDX-License-Identifier: GPL-3.0-or-later
"""From bytes to text: the charset ladder.

Measured on 424 labelled files: detectors must not see short UK text (``Café £100`` in windows-1252 was called
Greek by all three tried), so they are asked last, only about long 8-bit text, and never instead of
windows-1252 but beside it.  Never raises.  Pure but for Python's codec registry.
"""

import codecs
import re
from dataclasses import dataclass, field

import chardet

from safehold.reading.basics.types import looks_like_ebcdic, looks_like_utf_16
from safehold.reading.vocabulary import words

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Python knows codecs that are no charsets; a mail must not pick them.
_NO_CHARSETS = words(
    "idna punycode raw_unicode_escape unicode_escape undefined rot_13 rot13 base64_codec bz2_codec hex_codec"
    " quopri_codec uu_codec zlib_codec mbcs oem unicode_internal"
)
# What senders write for what they mean: browsers read latin-1 and ascii as windows-1252 (WHATWG Encoding).
_MEANT = {
    "iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252",
    "gb2312": "gb18030", "gbk": "gb18030", "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "shift_jis": "cp932",
    "x-sjis": "cp932", "iso-8859-9": "cp1254", "iso-8859-11": "cp874",
    "x-mac-roman": "mac_roman", "macintosh": "mac_roman",
    "unicode-1-1-utf-7": "utf-7", "iso-8859-8-i": "iso-8859-8",
    "x-unknown": "", "unknown-8bit": "", "8bit": "", "default": "",
}  # fmt: skip
# Base64 of UTF-16 in which every second byte is zero: western text (RFC 2152).
_UTF_7 = re.compile(r"\+A[A-Za-z0-9/]{2,}-?")
_ISO_2022 = re.compile(rb"\x1b(?:\$[()*+]?[@-Z]|[(),\-./][@-Z])")
_ISO_2022_CODECS = ("iso2022_jp_2", "iso2022_jp_ext", "iso2022_jp_3")
_ASCII_WORD = re.compile(r"[A-Za-z]{3,40}")
_NON_ASCII = re.compile(rb"[\x80-\xff]")
_DETECTOR_FROM = 64
_DETECTOR_BYTES = 64 * 1024
_NARROW_RUN = re.compile(rb"[A-Za-z0-9 ,.;:'@\r\n\t-]{8,}")
_SHIFTED = re.compile("[" + "".join(chr(code << 8) for code in range(0x20, 0x7F)) + "]")
_SEVERAL = 4
# windows-1252 leaves five bytes undefined; like browsers, read them as the C1 controls of that number.
_WINDOWS = "".join(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in range(256))


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, and the other text that it may be instead."""

    text: str = field(repr=False)
    other: str = field(default="", repr=False)


def decode(raw: bytes, declared: str = "", *, guess: bool = False) -> Decoded:
    """Return the text of *raw*: BOM, UTF-16 by its zeros, the declared charset, UTF-8, windows-1252.

    Args:
        raw: The bytes.
        declared: The charset that the message names, or "".
        guess: Ask the detector too, where the text is long enough and nothing better is known.
    """
    for bom, name in _BOMS:
        if raw.startswith(bom):
            return _wide(raw[len(bom) :], name)
    wide = looks_like_utf_16(raw)
    if wide:
        return _wide(raw, wide)
    named = _codec(declared)
    if raw.isascii():
        return _seven_bit(raw, named)
    if named and named != "cp1252":
        text = strict(raw, named)
        if text is not None:
            plain = raw.decode("ascii", "replace")
            return Decoded(text, codecs.charmap_decode(raw, "strict", _WINDOWS)[0] if _hides(plain, text) else "")
    if b"\x1b" in raw:
        text = _escaped(raw)
        if text is not None:
            return Decoded(text)
    text = strict(raw, "utf-8")
    if text is not None:
        return Decoded(text)
    if looks_like_ebcdic(raw):
        return Decoded(raw.decode("cp037").replace("\x85", "\n"))
    return _eight_bit(raw, named, guess)


def _wide(raw: bytes, name: str) -> Decoded:
    """Decode text of two-byte characters, and besides it what only makes sense otherwise.

    Where programs append to a file without asking for its charset, 8-bit lines stand in UTF-16 text, and what follows
    an odd number of them is shifted by a byte: every letter becomes a character whose low byte is zero.
    """
    text = raw.decode(name, "replace")
    if name.startswith("utf-32"):  # whose mark is UTF-16's and a zero, and few programs know it
        if "\ufffd" not in text:
            return Decoded(text)
        narrower = _wide(raw, name.replace("32", "16"))
        return Decoded(text, f"{narrower.text}\n{narrower.other}".rstrip("\n"))
    if not name.startswith("utf-16"):
        return Decoded(text)
    other = [found.decode("ascii") for found in _NARROW_RUN.findall(raw)]
    if len(_SHIFTED.findall(text)) >= _SEVERAL:
        other.append(raw[1:].decode(name, "replace"))
    return Decoded(text, "\n".join(other))


def _seven_bit(raw: bytes, named: str) -> Decoded:
    """Return ASCII, and what its escapes would say in the encodings that hide other characters in it."""
    plain = raw.decode("ascii")
    if named and named not in ("cp1252", "utf-8", "utf8"):
        text = strict(raw, named)
        if text is not None:
            return Decoded(text, plain if text != plain and _hides(plain, text) else "")
    if "\x1b" in plain:
        text = _escaped(raw)
        if text is not None:
            return Decoded(text)
    if "~{" in plain and "~}" in plain:
        return Decoded(plain, strict(raw, "hz") or "")
    if "+A" in plain and _UTF_7.search(plain):
        return Decoded(plain, _from_utf_7(plain))
    return Decoded(plain)


def _hides(plain: str, text: str) -> bool:
    """Return whether the declared charset makes less of an ASCII text than there is: rubbish for words."""
    return len(_ASCII_WORD.findall(text)) * 2 < len(_ASCII_WORD.findall(plain))


def _escaped(raw: bytes) -> str | None:
    """Return text with the escapes of ISO 2022, by the first of its variants that takes all of it."""
    if not _ISO_2022.search(raw):
        return None
    names = ("iso2022_kr", *_ISO_2022_CODECS) if b"\x1b$)C" in raw else _ISO_2022_CODECS
    return next((text for name in names if (text := strict(raw, name)) is not None), None)


def _from_utf_7(plain: str) -> str:
    """Return a text with what looks like UTF-7 decoded in place, "" where that says nothing."""

    def decoded(found: re.Match[str]) -> str:
        text = strict(found[0].encode(), "utf-7")
        return found[0] if text is None or not text.isprintable() else text

    text = _UTF_7.sub(decoded, plain)
    return "" if text == plain else text


def _eight_bit(raw: bytes, named: str, guess: bool) -> Decoded:
    high = len(_NON_ASCII.findall(raw))
    mostly = raw.decode("utf-8", "replace")
    if mostly.count("\ufffd") * 100 < high:
        return Decoded(mostly)
    western = codecs.charmap_decode(raw, "strict", _WINDOWS)[0]
    if named and named != "cp1252":
        # Declared, and not decodable in whole: what is decodable, and windows-1252 beside it.
        return Decoded(_replacing(raw, named), western)
    if guess and high > _DETECTOR_FROM:
        other = _detected(raw)
        if other and other != western:
            return Decoded(western, other)
    return Decoded(western)


def _detected(raw: bytes) -> str:
    # A window that starts at the first 8-bit byte, else 64 KB of ASCII could hide what follows.
    first = _NON_ASCII.search(raw)
    start = max(0, (first.start() if first else 0) - 256)
    name = _codec(str(chardet.detect(raw[start : start + _DETECTOR_BYTES]).get("encoding") or ""))
    return _replacing(raw, name) if name else ""


def _codec(name: str) -> str:
    name = name.strip("\"' ").lower()
    name = _MEANT.get(name, name)
    if not name or len(name) > 40 or not name.isascii():
        return ""
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return ""
    canonical = info.name.replace("-", "_")
    return "" if canonical in _NO_CHARSETS or not getattr(info, "_is_text_encoding", True) else name


def strict(raw: bytes, name: str) -> str | None:
    """Return the text of *raw* in one charset, or None where it is not all in it."""
    try:
        return raw.decode(name)
    except (UnicodeError, ValueError, LookupError):
        return None


def _replacing(raw: bytes, name: str) -> str:
    try:
        return raw.decode(name, "replace")
    except (UnicodeError, ValueError, LookupError):
        return ""

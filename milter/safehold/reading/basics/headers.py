# SPDX-License-Identifier: GPL-3.0-or-later
"""Header fields as bytes: unfolded, decoded, and their parameters, in ways that never raise.

Pure.  The standard library's decoders raise on odd input and pick one of several readings; here every reading
is wanted.  Sources: RFC 5322 (folding), RFC 2045 (parameters), RFC 2047 (encoded words), RFC 2231
(continuations and charsets in parameters).
"""

import binascii
import itertools
import re
from dataclasses import dataclass
from operator import itemgetter
from urllib.parse import unquote_to_bytes

from safehold.reading.basics import charset

_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?\r\n]{0,65536})\?=")
_PARAMETER = re.compile(r';\s*([^\s=;"]{1,80})\s*=\s*(?:"((?:[^"\\]|\\.)*)"?([^;]*)|([^;]*))', re.DOTALL)
_SECTION = re.compile(r"(.*?)\*(\d{1,3})(\*?)")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_FOLD = re.compile(r"\r?\n(?=[ \t])|[\r\n]")
_ADDRESS_IN_ANGLES = re.compile(r"<\s*[^<>\s]{0,1000}\s*>")
_QUOTED_MAILBOX = re.compile(r'"([^"\r\n]{1,250})"@')
_BARE_ADDRESS = re.compile(r"[^\s,;:<>@]{1,250}@[^\s,;:<>@]{1,250}")
# A comment within a structured field; it may stand between any two tokens (RFC 5322, 3.2.2).
_COMMENT = re.compile(r"\(([^()]*)\)")
_LEADING_COMMENT = re.compile(r"\s{0,99}\(([^()]*)\)")
_SOFT_BREAK = re.compile(rb"=[ \t]*(?:\r?\n|\r)")
_LONGEST_VALUE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Parameters:
    """The value of a structured field and every reading of each of its parameters, in order."""

    value: str
    all: dict[str, tuple[str, ...]]

    def first(self, name: str) -> str:
        """Return the first reading of a parameter, or ""."""
        readings = self.all.get(name, ())
        return readings[0] if readings else ""


def raw_bytes(value: str) -> bytes:
    """Return the bytes behind a header value of the standard parser (surrogates are its undecoded bytes)."""
    return value.encode("utf-8", "surrogateescape")


def readable(value: str) -> str:
    """Return *value* with 8-bit bytes decoded by the charset ladder and folding undone."""
    value = _FOLD.sub("", value)
    if value.isascii():
        return value
    return charset.decode(raw_bytes(value)).text


def decode_words(value: str) -> str:
    """Return *value* with RFC 2047 encoded words decoded, wherever they stand.

    Adjacent words of one charset are joined as bytes first, because senders cut characters in two.
    """
    text = readable(value)[:_LONGEST_VALUE]
    if "=?" not in text:
        return text
    out: list[str] = []
    run: list[tuple[str, str]] = []  # adjacent words of one charset
    run_charset = ""
    position = 0
    for word in _ENCODED_WORD.finditer(text):
        gap = text[position : word.start()]
        name = word[1].partition("*")[0].lower()
        adjacent = bool(run) and not gap.strip()
        if run and (not adjacent or name != run_charset):
            out.append(_run_text(run, run_charset))
            run = []
        if not adjacent:
            out.append(gap)
        run.append((word[2].lower(), word[3]))
        run_charset = name
        position = word.end()
    if run:
        out.append(_run_text(run, run_charset))
    out.append(text[position:])
    return "".join(out)


def _run_text(run: list[tuple[str, str]], name: str) -> str:
    raw = b""
    for encoding, pieces in itertools.groupby(run, key=itemgetter(0)):
        if encoding == "q":
            raw += b"".join(_word_bytes("q", text) for _, text in pieces)
            continue
        encoded = ""
        for _, text in pieces:  # some senders cut base64 anywhere, so that only the whole of it decodes
            if encoded and (len(encoded) % 4 == 0 or encoded.endswith("=")):
                raw += _word_bytes("b", encoded)
                encoded = ""
            encoded += text
        raw += _word_bytes("b", encoded)
    return charset.decode(raw, name).text


def _word_bytes(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "replace")
    if encoding == "b":
        return lenient_base64(raw)
    return quoted_printable(raw.replace(b"_", b"=20"))


def quoted_printable(raw: bytes) -> bytes:
    """Return what quoted-printable says; blanks behind a soft break are none (RFC 2045, 6.7).

    The standard library takes a lone carriage return behind an equals sign for the start of a break, and drops all that
    follows up to the next line feed.
    """
    if b"=\r" in raw or b"= " in raw or b"=\t" in raw:
        raw = _SOFT_BREAK.sub(b"=\n", raw)
    return binascii.a2b_qp(raw)


def lenient_base64(raw: bytes) -> bytes:
    """Return what *raw* decodes to when everything that is not base64 is skipped and padding may stand anywhere."""
    if raw.find(b"=") < 0 or not raw[raw.find(b"=") :].strip(b"= \t\r\n"):
        try:
            return binascii.a2b_base64(raw)  # all in C; it skips what is not base64
        except binascii.Error:
            pass  # cut short: piece by piece below
    out = bytearray()
    for run in _NOT_BASE64.sub(b"", raw).split(b"="):
        run = run[: len(run) - (len(run) % 4 == 1)]
        if run:
            out += binascii.a2b_base64(run + b"=" * (-len(run) % 4))
    return bytes(out)


_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")


def parameters(value: str) -> Parameters:
    """Return the parameters of a field such as Content-Type; every duplicate is kept."""
    head, comments, rest = _value_and_rest(readable(value)[:_LONGEST_VALUE])
    head, blank, more = head.partition(" ")
    plain: dict[str, list[str]] = {"": comments} if comments else {}
    if "=" in more:  # the first semicolon was forgotten
        rest = ";" + more + rest
    elif blank:  # words that are no part of any value
        plain[""] = [*comments, more.strip()]
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for found in _PARAMETER.finditer(rest):
        name = found[1].lower()
        content = _ESCAPE.sub(r"\1", found[2]) if found[2] is not None else (found[4] or "").strip()
        section = _SECTION.fullmatch(name)
        if section and int(section[2]) not in sections.setdefault(section[1], {}):
            sections[section[1]][int(section[2])] = (content, bool(section[3]))
        elif section or not name.endswith("*"):  # a section that was there already is read as it stands
            plain.setdefault(section[1] if section else name, []).append(content)
        else:
            plain.setdefault(name[:-1], []).append(_extended(content))
        if found[3] and found[3].strip():  # what stands behind the closing quote, with no semicolon between
            plain.setdefault("", []).append(found[3].strip())
    for name, pieces in sections.items():
        plain.setdefault(name, []).append(_joined(pieces))
    nameless = [piece for bare in _PARAMETER.sub("", rest).split(";") if (piece := bare.strip())]
    if nameless:  # not a parameter, whatever it is
        plain.setdefault("", []).extend(nameless)
    return Parameters(head.lower(), {name: tuple(dict.fromkeys(values)) for name, values in plain.items()})


def media_type(value: str) -> str:
    """Return the type that a Content-Type field names, lower case, as the most lenient client understands it."""
    return _value_and_rest(value)[0].partition(" ")[0].lower()


def _value_and_rest(text: str) -> tuple[str, list[str], str]:
    """Return the value of a field without its comments, these, and the parameters from the first semicolon on."""
    comments: list[str] = []
    start = 0
    while leading := _LEADING_COMMENT.match(text, start):
        comments.append(leading[1])
        start = leading.end()
    head, semicolon, rest = text[start:].partition(";")
    if "(" in head:
        comments += _COMMENT.findall(head)
        head = _COMMENT.sub(" ", head)
    return "/".join(map(str.strip, head.split("/"))), comments, semicolon + rest


def _extended(value: str) -> str:
    """Decode ``charset'language'percent-encoded`` (RFC 2231 section 4)."""
    pieces = value.split("'", 2)
    if len(pieces) == 3:
        return charset.decode(unquote_to_bytes(pieces[2]), pieces[0].lower()).text
    return charset.decode(unquote_to_bytes(value)).text


def _joined(pieces: dict[int, tuple[str, bool]]) -> str:
    """Join the continuations of one parameter (RFC 2231 section 3)."""
    encoded = any(is_encoded for _, is_encoded in pieces.values())
    ordered = [pieces[number] for number in sorted(pieces)]
    if not encoded:
        return "".join(content for content, _ in ordered)
    name, raw = "", b""
    for index, (content, is_encoded) in enumerate(ordered):
        if index == 0 and content.count("'") >= 2:
            name, _, content = content.split("'", 2)
        raw += unquote_to_bytes(content) if is_encoded else content.encode("utf-8", "replace")
    return charset.decode(raw, name.lower()).text


def display_names(value: str) -> str:
    """Return the words of an address field that are no addresses, one name a line."""
    text = _QUOTED_MAILBOX.sub(r"\1 @", decode_words(value))
    text = _BARE_ADDRESS.sub("", _ADDRESS_IN_ANGLES.sub("", text))
    names = [piece.strip(" \t\"'<>@") for piece in text.split(",")]
    return "\n".join(name for name in names if name)

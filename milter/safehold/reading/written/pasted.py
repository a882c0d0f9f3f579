# SPDX-License-Identifier: GPL-3.0-or-later
"""What was pasted into a text in some encoding, with nothing that says so: base64, hex, quoted-printable, files.

A mail client shows it as it stands, and anybody can decode it.  Lines of base64 that hold a file or a longer text are
a part of their own; what is short or decodes in place is handed over once more beside the text, hidden.  Base64 that
decodes to nothing we know (keys, signatures, tokens) is noise and is left alone, or every signed mail would have an
unread part.  Linear, never raises for content.  Sources: RFC 2045 (base64, quoted-printable), RFC 2047 (encoded words),
RFC 2849 (LDIF), RFC 8259 (escapes of JSON), POSIX uuencode, yEnc draft 1.3.
"""

import binascii
import re
from collections.abc import Iterator
from html import unescape

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.basics import charset, headers, types
from safehold.reading.notes import Given, OpenPart
from safehold.reading.vocabulary import Detail, MarkKind

# Every character of base64 (and of its form for addresses) becomes "a": then a plain search finds the runs, at the
# speed of C; a pattern would look at each character of every mail.
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_SHAPE = bytes(97 if code in _BASE64 else code if code == 61 else 32 for code in range(256))
_SHORTEST = 20
_WANTED = b"a" * _SHORTEST
_TOKEN = re.compile(rb"a+={0,2}")
_LAST_LINE = re.compile(rb"[ \t]{0,16}\r?\n[ \t>|]{0,16}([A-Za-z0-9+/_-]{1,19}={0,2})[ \t]{0,16}(?=\r?\n|$)")
_ADDRESS_FORM = bytes.maketrans(b"-_", b"+/")
_HEX_DIGITS = b"0123456789abcdefABCDEF"
_LINES_OF_A_FILE, _BYTES_OF_A_FILE = 3, 200
_LONGEST_INDENT = 40
# Letters, digits, white space and what stands between words, of everything that a text may hold.
_LIKE_WORDS = re.compile(r"[^\W_]|[\s.,;:'\"()-]")
_MOSTLY = 0.85
_FEWEST_BYTES, _FEWEST_WESTERN, _FEWEST_OF_A_FILE = 8, 24, 48
_LENGTH_OF_A_FILE = 200
_FIRSTS_OF_TEXT = b"CDIJKLMNOPQRSTUVWXYZabcdef"
_FEWEST_LETTERS = 8  # for each hyphen or line
_MOST_FOREIGN = 2  # one in so many may be something else
# Each may be looked for to the end of the text; so many keep that linear enough.
_MOST_EMBEDDED = 50
_MOST_NESTED = 3
_CODE = re.compile(r"=([0-9A-Fa-f]{2})")
_FEWEST_CODES = 3
_UNICODE_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})")
_LDIF = re.compile(
    r"^([A-Za-z][\w;.-]{0,60})::[ \t]{0,9}([A-Za-z0-9+/]{2,20000}={0,2}(?:\r?\n [A-Za-z0-9+/=]{1,200}){0,200})\s*?$",
    re.MULTILINE,
)
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LONGEST_LINE = 8_192

_UU_BEGIN = re.compile(rb"^begin(-base64)?[ \t]+[0-7]{3,4}(?:[ \t]+([^\r\n]{1,255}))?[ \t]*\r?\n", re.MULTILINE)
_UU_END = re.compile(rb"^(?:(?:end|====)[ \t]*\r?$|begin(?:-base64)?[ \t]+[0-7]{3,4}[ \t])", re.MULTILINE)
_YENC_BEGIN = re.compile(rb"^=ybegin [^\r\n]{0,512}?name=([^\r\n]{1,255})\r?\n", re.MULTILINE)
_YENC_END = re.compile(rb"^=yend", re.MULTILINE)
_YENC_BYTES = bytes((b - 42) & 0xFF for b in range(256))
_SEALED = re.compile(
    rb"^[ \t>|]{0,40}(?:-----BEGIN (?:PGP MESSAGE(?:, PART [0-9/]{1,9})?|AGE ENCRYPTED FILE)-----|\$ANSIBLE_VAULT;"
    rb"|U2FsdGVkX1[89+/])",  # "Salted__" in base64: what openssl enc writes
    re.MULTILINE,
)
# The marks of a quotation before the first line of a file stand before all its lines.
_QUOTED_BEGIN = re.compile(rb"^([ \t>|]{1,40})(?:begin(?:-base64)?[ \t]|=ybegin )", re.MULTILINE)
_BINHEX = b"(This file must be converted with BinHex"


# A header that says that what follows is encoded, or has parts.
_ENCODES = re.compile(
    rb"^content-(?:transfer-encoding[ \t]*:[ \t]*(?:base64|quoted-printable)"
    rb"|type[ \t]*:[ \t]*multipart/[^\n]{0,200}(?:\n[ \t][^\n]{0,200}){0,9})",
    re.MULTILINE,
)
_BOUNDARY = re.compile(rb"boundary=[\"']?([^\s\"';]{1,200})")
_HEADER_ABOVE = re.compile(rb"(?:[!-9;-~]{1,76}[ \t]*:|[ \t]+\S)")
_MOST_HEADERS = 200


def read(text: str, part: OpenPart, kind: PlaceKind, raw: bytes | None = None) -> None:
    """Read what is encoded in a text.

    Args:
        text: The text as its reader sees it.
        part: The part it stands in.
        kind: The kind of place that its segments have.
        raw: The bytes it was decoded from; yEnc needs them.
    """
    if raw is None or b"\x00" in raw:
        raw = text.encode("utf-8", "replace")
    files(raw, part)
    _message(raw, part)
    found = list(_base64(raw, part, 0))
    if "=" in text:
        found += _quoted_printable(text)
        if "=?" in text:
            found += _encoded_words(text)
    if "&#" in text:
        found += (unescape(unescape(line[:_LONGEST_LINE])) for line in text.splitlines() if "&#" in line)
    if "\\u" in text:
        found += _escaped_lines(text)
    if "::" in text:
        found += _values_of_ldif(text)
    if found:
        part.mark(MarkKind.ENCODED_TEXT, kind)
        part.segment(kind, "\n\n".join(dict.fromkeys(found)), visibility=Visibility.HIDDEN)


def _message(raw: bytes, part: OpenPart) -> None:
    """Read the source of a message that stands in a text, from its first header on."""
    lowered = raw.lower()
    if b"content-" not in lowered or part.path.steps.count("message") >= _MOST_NESTED:
        return
    found = enumerate(_ENCODES.finditer(lowered))
    header = next((one for number, one in found if number > _MOST_EMBEDDED or _is_followed(lowered, one)), None)
    if header is None:
        return
    start = header.start()
    for _ in range(_MOST_HEADERS):
        above = raw.rfind(b"\n", 0, max(start - 1, 0)) + 1
        if above >= start or not _HEADER_ABOVE.match(raw, above):
            break
        start = above
    given = Given(raw[start:], types.MESSAGE, is_attachment=part.is_attachment, attachment=part.attachment)
    part.child(given, "message")


def _is_followed(text: bytes, header: re.Match[bytes]) -> bool:
    """Return whether parts follow a header that says so: in a bounce they are often left out."""
    boundary = _BOUNDARY.search(header[0])
    return b"multipart/" not in header[0] or bool(boundary and text.find(b"--" + boundary[1], header.end()) >= 0)


# -- base64 and hex -----------------------------------------------------------------------------------------------


def _base64(raw: bytes, part: OpenPart, nested: int) -> Iterator[str]:
    """Yield the short texts, and read the files, that stand in base64 or hex."""
    files_found = 0
    for lines, encodings in _runs(raw):
        decoded = next((content for encoded in encodings for content in _decoded(encoded, lines)), b"")
        if not decoded:
            continue
        if lines >= _LINES_OF_A_FILE or len(decoded) > _BYTES_OF_A_FILE or _is_file(decoded):
            files_found += 1
            if files_found > _MOST_EMBEDDED:
                part.problem(Reason.TOO_MANY, Detail.MEMBERS)
                return
            part.session.take_expanded(len(decoded))
            part.child(Given(decoded, is_attachment=part.is_attachment, attachment=part.attachment), "pasted")
            continue
        yield charset.decode(decoded).text
        if nested < _MOST_NESTED and len(decoded) >= _SHORTEST:
            yield from _base64(decoded, part, nested + 1)


def _runs(raw: bytes) -> Iterator[tuple[int, tuple[bytes, ...]]]:
    """Yield how many lines a run of base64 has, and what it may be: with the short line below it, and without."""
    shape = raw.translate(_SHAPE)
    start = shape.find(_WANTED)
    while start >= 0:
        tokens: list[bytes] = []
        end = start
        while True:
            token = _TOKEN.match(shape, start)
            if token is None:
                break
            end = token.end()
            line = raw[start:end]
            if (line.count(b"-") + line.count(b"_")) * _FEWEST_LETTERS <= len(line):  # no rule under a heading
                tokens.append(line)
            start = shape.find(_WANTED, end)
            if start < 0 or start - end > _LONGEST_INDENT or not _is_line_end(raw[end:start]):
                break
        encoded = b"".join(tokens)
        if not encoded:
            continue
        last = _LAST_LINE.match(raw, end) if len(tokens) > 1 and not encoded.endswith(b"=") else None
        yield len(tokens) + (last is not None), (encoded + last[1], encoded) if last else (encoded,)


def _is_line_end(gap: bytes) -> bool:
    return gap.strip(b" \t>|") in (b"\n", b"\r\n")


def _decoded(encoded: bytes, lines: int) -> Iterator[bytes]:
    """Yield what a run decodes to, where that is something."""
    if len(encoded) % 2 == 0 and not encoded.translate(None, _HEX_DIGITS):
        decoded = bytes.fromhex(encoded.decode())
        if is_known(decoded):
            yield decoded
    elif lines == 1 and len(encoded) < _LENGTH_OF_A_FILE:
        # The first of every four characters shows whether ASCII is behind it; addresses in links show that it is not.
        firsts = encoded[::4]
        if len(firsts.translate(None, _FIRSTS_OF_TEXT)) * _MOST_FOREIGN > len(firsts):
            return
    decoded = headers.lenient_base64(encoded.translate(_ADDRESS_FORM))
    if is_known(decoded):
        yield decoded


def is_known(content: bytes) -> bool:
    """Return whether decoded bytes are words, or a file of a known type: chance gives neither."""
    sample = content[:4_096]
    if len(sample) < _FEWEST_BYTES:
        return False
    if not _CONTROLS.search(sample):
        if sample.isascii() and len(sample) >= _FEWEST_WESTERN:
            return True  # by chance one time in many millions
        text = charset.strict(sample, "utf-8")
        if text is None and len(sample) >= _FEWEST_WESTERN:
            text = sample.decode("cp1252", "replace")  # a character cut at the end of the sample does no harm
        if text is not None and any(map(str.isalpha, text)):
            return len(_LIKE_WORDS.findall(text)) >= _MOSTLY * len(text)
    return _is_file(content) or bool(types.looks_like_utf_16(content))


def _is_file(content: bytes) -> bool:
    return len(content) >= _FEWEST_OF_A_FILE and types.by_rules(content) is not None


# -- quoted-printable and encoded words -----------------------------------------------------------------------------


def _quoted_printable(text: str) -> Iterator[str]:
    """Yield the runs of lines that are quoted-printable, decoded."""
    soft = "=\n" in text or "=\r\n" in text
    if not soft and len(_CODE.findall(text)) < _FEWEST_CODES:
        return
    run: list[str] = []
    goes_on = False  # whether the line before was broken softly
    for line in text.splitlines():
        codes = _CODE.findall(line) if "=" in line else []
        breaks = soft and line.endswith("=") and _is_broken_softly(line, codes)
        if codes or breaks or goes_on:
            run.append(line)
        elif run:
            yield from _decoded_run(run)
            run = []
        goes_on = breaks
    yield from _decoded_run(run)


def _decoded_run(lines: list[str]) -> Iterator[str]:
    run = "\n".join(lines)
    codes = _CODE.findall(run)
    if len(codes) < _FEWEST_CODES and not any(_is_broken_softly(line, codes) for line in lines[:-1]):
        return
    if any(code < "20" and code.upper() not in ("09", "0A", "0D") for code in codes):
        return  # ``?a=10&b=12``: no text has such characters
    decoded = charset.decode(headers.quoted_printable(run.encode("utf-8", "replace"))).text
    if decoded != run:
        yield decoded


def _is_broken_softly(line: str, codes: list[str]) -> bool:
    """Return whether a line of words ends in one equals sign; no rule of them, and no base64."""
    return line[-1:] == "=" and line[-2:] != "==" and (" " in line.strip() or bool(codes))


def _encoded_words(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if "=?" in line:
            decoded = headers.decode_words(line)
            if decoded != line:
                yield decoded


def _escaped_lines(text: str) -> Iterator[str]:
    """Yield the lines with characters written as JSON and programs write them, decoded."""
    for line in text.splitlines():
        if "\\u" in line:
            plain = _UNICODE_ESCAPE.sub(lambda found: chr(int(found[1], 16)), line[:_LONGEST_LINE])
            yield plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _values_of_ldif(text: str) -> Iterator[str]:
    """Yield the values of an address book that are base64 because they are not ASCII, or look odd (RFC 2849)."""
    for name, encoded in _LDIF.findall(text):
        decoded = headers.lenient_base64(encoded.encode())
        value = charset.strict(decoded, "utf-8")
        if value and value.isprintable():
            yield f"{name}: {value}"


# -- files in the lines -------------------------------------------------------------------------------------------


def files(content: bytes, part: OpenPart) -> None:
    """Read the files that stand encoded in the lines of a text, under the names they give themselves."""
    if b"begin" in content:
        content = _unquoted(content)
        if content.count(b"\nbegin ") + content.count(b"\n=ybegin ") > _MOST_EMBEDDED:
            part.problem(Reason.TOO_MANY, Detail.MEMBERS)
        for name, raw in (*uuencoded(content), *yencoded(content)):
            _file(part, name, raw)
    if _SEALED.search(content):
        part.problem(Reason.ENCRYPTED, Detail.SEALED)
    if _BINHEX in content:
        part.problem(Reason.UNSUPPORTED, Detail.NO_READER)


def _unquoted(content: bytes) -> bytes:
    """Return a text without the marks before the lines of quoted files."""
    for marks in dict.fromkeys(_QUOTED_BEGIN.findall(content)[:_MOST_EMBEDDED]):
        content = content.replace(b"\n" + marks, b"\n").removeprefix(marks)
    return content


def _file(part: OpenPart, name: str, raw: bytes) -> None:
    part.session.take_expanded(len(raw))
    given = Given(raw, names=(name,), is_attachment=True, attachment=part.attachment)
    part.child(given, name)


def uuencoded(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each uuencoded file; damaged lines are skipped, a missing end is forgiven."""
    position = 0
    for _ in range(_MOST_EMBEDDED):
        begin = _UU_BEGIN.search(content, position)
        if begin is None:
            return
        end = _UU_END.search(content, begin.end())
        stop = end.start() if end else len(content)
        block = content[begin.end() : stop]
        raw = _from_base64(block) if begin[1] else b"".join(_uu_lines(block))
        position = begin.end() if not raw else stop
        if raw:
            yield charset.decode((begin[2] or b"").strip()).text, raw


def _from_base64(block: bytes) -> bytes:
    try:
        return binascii.a2b_base64(block)
    except binascii.Error:
        return b""


def _uu_lines(block: bytes) -> Iterator[bytes]:
    for line in block.splitlines():
        if not line or line[0] in b"` ":
            continue
        wanted = (((line[0] - 32) & 63) * 4 + 5) // 3 + 1
        if len(line) > 62 + 8:  # no encoder writes more; so this is prose
            continue
        try:
            yield binascii.a2b_uu(line)
        except binascii.Error:
            try:
                yield binascii.a2b_uu(line[:wanted])  # broken encoders leave a checksum behind
            except binascii.Error:
                continue


def yencoded(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each yEnc file."""
    position = 0
    for _ in range(_MOST_EMBEDDED):
        begin = _YENC_BEGIN.search(content, position)
        if begin is None:
            return
        end = _YENC_END.search(content, begin.end())
        stop = end.start() if end else len(content)
        lines = [line for line in content[begin.end() : stop].splitlines() if not line.startswith(b"=ypart")]
        yield charset.decode(begin[1].strip()).text, _yenc(b"".join(lines))
        position = stop


def _yenc(raw: bytes) -> bytes:
    head, *escaped = raw.split(b"=")
    pieces = [head] + [bytes([(piece[0] - 64) & 0xFF]) + piece[1:] for piece in escaped if piece]
    return b"".join(pieces).translate(_YENC_BYTES)

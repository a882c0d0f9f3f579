# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain text: charset ladder, flowed lines, quoted threads, and files hidden in the lines (uuencode, yEnc, PGP).

The text below a reply is QUOTED, so is every line that starts with ``>``; the marks are taken off, because an
address that was wrapped inside a quotation is still that address.  Sources: RFC 3676 (flowed, DelSp),
POSIX uuencode, yEnc draft 1.3.
"""

import binascii
import re
from collections.abc import Iterator

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading import charset
from safehold.reading.notes import Given, OpenPart
from safehold.reading.vocabulary import Detail, MarkKind

_QUOTE_MARK = re.compile(r"[ \t]{0,3}>[> \t]*")
_REPLY_LINE = re.compile(
    r"""[ \t]*(?:
        -{2,}[ \t]*(?:original[ ](?:message|appointment)|forwarded[ ](?:message|by)|neges[ ]wreiddiol)\b.*
      | begin[ ]forwarded[ ]message:
      | on[ ].{6,300}[ ]wrote:
      | ar[ ].{6,300}[ ]ysgrifennodd.*
      | le[ ].{6,300}[ ]a[ ]écrit[ ]?:
      | am[ ].{6,300}[ ]schrieb.*:
    )[ \t]*""",
    re.IGNORECASE | re.VERBOSE,
)
_FROM_LINE = re.compile(r"[ \t]*\*?(?:from|oddi wrth)\s*:\*?", re.IGNORECASE)
_BESIDE_FROM = re.compile(r"[ \t]*\*?(?:sent|date|to|cc|subject|anfonwyd|dyddiad|at|pwnc)\s*:\*?", re.IGNORECASE)
_UU_BEGIN = re.compile(rb"^begin(-base64)?[ \t]+[0-7]{3,4}[ \t]+([^\r\n]{1,255})\r?\n", re.MULTILINE)
_UU_END = re.compile(rb"^(?:end|====)[ \t]*\r?$", re.MULTILINE)
_YENC_BEGIN = re.compile(rb"^=ybegin [^\r\n]{0,512}?name=([^\r\n]{1,255})\r?\n", re.MULTILINE)
_YENC_END = re.compile(rb"^=yend", re.MULTILINE)
_YENC_BYTES = bytes((b - 42) & 0xFF for b in range(256))
_PGP = re.compile(rb"^-----BEGIN PGP MESSAGE-----", re.MULTILINE)
_BINHEX = b"(This file must be converted with BinHex"
# Each may be looked for to the end of the text; so many keep that linear enough.
_MOST_EMBEDDED = 50
_WORD = re.compile(r"\w+")
# Other words than in the shown alternative, in hundredths, before an alternative counts as a different text.
_OTHER_WORDS_PERCENT = 10


def read(content: bytes, part: OpenPart) -> None:
    """Read a text part or a text file."""
    given = part.given
    decoded = charset.decode(content, given.charset, guess=True)
    text = unflow(decoded.text, delsp=given.delsp) if given.flowed else decoded.text
    kind = PlaceKind.BODY if given.body else PlaceKind.TEXT
    visibility = alternative_or_visible(text, part)
    if given.body:
        for quoted, run in split_quoted(text):
            part.segment(PlaceKind.QUOTED if quoted else kind, run, visibility=visibility)
    else:
        part.segment(kind, text, visibility=visibility)
    if decoded.other:
        part.mark(MarkKind.CHARSET_GUESSED, kind)
        part.segment(kind, decoded.other, visibility=Visibility.ALTERNATIVE)
    embedded_files(content, part)


def alternative_or_visible(text: str, part: OpenPart) -> Visibility:
    """Return ALTERNATIVE for a text that says something else than the alternative that clients show."""
    shown = part.given.shown
    if shown is None:
        return Visibility.VISIBLE
    words = set(_WORD.findall(text.lower()))
    return (
        Visibility.ALTERNATIVE if len(words - shown) * 100 > _OTHER_WORDS_PERCENT * len(words) else Visibility.VISIBLE
    )


def words_of(text: str) -> set[str]:
    """Return the words of a text, for :func:`alternative_or_visible`."""
    return set(_WORD.findall(text.lower()))


def unflow(text: str, *, delsp: bool) -> str:
    """Return flowed text with its soft line breaks undone (RFC 3676 sections 4.1 and 4.2)."""
    out: list[str] = []
    soft = False
    depth = 0
    for line in text.splitlines():
        mark = _QUOTE_MARK.match(line) if line.startswith(">") else None
        line_depth = mark[0].count(">") if mark else 0
        content = line[line_depth:] if line_depth and line[:line_depth] == ">" * line_depth else line
        content = content.removeprefix(" ") if line_depth or line.startswith(" ") else content
        if soft and line_depth == depth and content != "-- ":
            out[-1] += content
        else:
            out.append(">" * line_depth + (" " if line_depth else "") + content)
        soft = content.endswith(" ") and content != "-- "
        if soft and delsp:
            out[-1] = out[-1][:-1]
        depth = line_depth
    return "\n".join(out)


def split_quoted(text: str) -> Iterator[tuple[bool, str]]:
    """Yield the own text and then the quoted text of a body, each where there is any, as (is_quoted, text)."""
    if ">" not in text and ":" not in text and "--" not in text:
        yield False, text
        return
    lines = text.splitlines()
    end = _thread_start(lines)
    own: list[str] = []
    quoted: list[str] = []
    previous = False
    for line in lines[:end]:
        mark = _QUOTE_MARK.match(line) if ">" in line else None
        target = quoted if mark else own
        if target and previous != bool(mark):
            target.append("")  # what was apart stays apart
        target.append(line[mark.end() :] if mark else line)
        previous = bool(mark)
    quoted += [_QUOTE_MARK.sub("", line, count=1) if ">" in line else line for line in lines[end:]]
    if own:
        yield False, "\n".join(own)
    if quoted:
        yield True, "\n".join(quoted)


def _thread_start(lines: list[str]) -> int:
    """Return the index of the line that introduces the thread below a reply, or the number of lines."""
    for index, line in enumerate(lines):
        if ":" not in line and "--" not in line and "wrote" not in line:
            continue
        if _FROM_LINE.match(line):
            below = sum(bool(_BESIDE_FROM.match(following)) for following in lines[index + 1 : index + 6])
            if below >= 2:
                return index
        elif _REPLY_LINE.fullmatch(line):
            return index
        elif _is_wrapped_reply_line(lines, index):
            return index - 1
    return len(lines)


def _is_wrapped_reply_line(lines: list[str], index: int) -> bool:
    """Return whether this line and the one before are one "On ... wrote:" that a client wrapped."""
    if not index or not lines[index].rstrip().endswith(("wrote:", "schrieb:", "écrit :")):
        return False
    return bool(_REPLY_LINE.fullmatch(lines[index - 1].rstrip() + " " + lines[index].lstrip()))


def embedded_files(content: bytes, part: OpenPart) -> None:
    """Read the files that stand encoded in the lines of a text."""
    if content.count(b"\nbegin ") + content.count(b"\n=ybegin ") > _MOST_EMBEDDED:
        part.problem(Reason.TOO_MANY, Detail.MEMBERS)
    if b"begin" in content:
        for name, raw in uuencoded(content):
            _embedded(part, name, raw)
    if b"=ybegin" in content:
        for name, raw in yencoded(content):
            _embedded(part, name, raw)
    if b"-----BEGIN PGP MESSAGE" in content and _PGP.search(content):
        part.problem(Reason.ENCRYPTED, Detail.SEALED)
    if _BINHEX in content:
        part.problem(Reason.UNSUPPORTED, Detail.NO_READER)


def _embedded(part: OpenPart, name: str, raw: bytes) -> None:
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
            yield charset.decode(begin[2].strip()).text, raw


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

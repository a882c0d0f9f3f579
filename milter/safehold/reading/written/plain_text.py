# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain text: charset ladder, flowed lines, quoted threads.

The text below a reply is QUOTED, so is every line that starts with ``>``; the marks are taken off, because an
address that was wrapped inside a quotation is still that address.  Cards and calendars that were pasted into it are
read once more as what they are; tags and what is encoded in the lines are read by modules of their own.
Source: RFC 3676 (flowed, DelSp).
"""

import re
from collections.abc import Iterator

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import charset
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import MarkKind
from safehold.reading.written import inline, markup, pasted

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
_CARD = re.compile(r"^[ \t]{0,8}BEGIN:V(?:CARD|CALENDAR|NOTE|MSG|BODY)\b", re.IGNORECASE | re.MULTILINE)
_TERMINAL = re.compile(r"\x1b(?:\[[0-9;?]{0,40}[@-~]|[()*+$][()]?[@-Z]|[=>78DEHM])")
_WORD = re.compile(r"\w+")
# Other words than in the shown alternative, in hundredths, before an alternative counts as a different text.
_OTHER_WORDS_PERCENT = 10


def read(content: bytes, part: OpenPart) -> None:
    """Read a text part or a text file."""
    given = part.given
    decoded = charset.decode(content, given.charset, guess=True)
    text = unflow(decoded.text, delsp=given.delsp) if given.flowed else decoded.text
    kind = PlaceKind.BODY if given.body else PlaceKind.TEXT
    if "\x1b" in text:
        text = _TERMINAL.sub("", text)
    visibility = alternative_or_visible(text, part)
    if given.body:
        for quoted, run in split_quoted(text):
            part.segment(PlaceKind.QUOTED if quoted else kind, run, visibility=visibility)
    else:
        part.segment(kind, text, visibility=visibility)
    if given.flowed and given.delsp:  # which few clients know
        part.segment(kind, unflow(decoded.text, delsp=False), visibility=Visibility.ALTERNATIVE)
    if decoded.other:
        part.mark(MarkKind.CHARSET_GUESSED, kind)
        part.segment(kind, decoded.other, visibility=Visibility.ALTERNATIVE)
    if "</" in text or text[:100].lstrip()[:2] in ("<?", "<!"):
        for reading in markup.readings(text):
            part.segment(kind, reading, visibility=visibility)
    inline.read(_cards(text), part)
    pasted.read(text, part, kind, content)


def _cards(text: str) -> tuple[inline.Inline, ...]:
    """Return the text from the first card or calendar in it, as a document of its own."""
    found = _CARD.search(text) if ":V" in text or ":v" in text else None
    if found is None:
        return ()
    card = text[found.start() :].strip().encode("utf-8", "replace")
    return (inline.Inline("card", "text/vcard", card, "utf-8"),)


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
    quoted += [_unmarked(line) for line in lines[end:]]
    if own:
        yield False, "\n".join(own)
    if quoted:
        yield True, "\n".join(quoted)


def _unmarked(line: str) -> str:
    """Return a line without the marks that say it is quoted; a ``>`` within it is its own."""
    mark = _QUOTE_MARK.match(line) if ">" in line else None
    return line[mark.end() :] if mark else line


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

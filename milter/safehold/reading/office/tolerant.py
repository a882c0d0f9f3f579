# SPDX-License-Identifier: GPL-3.0-or-later
"""XML that is not well-formed, read all the same: what can be told to be a tag is one, and everything else is text.

Linear in any input, without recursion, never raises.  lxml's recovery would drop what is nested deep, and is C on bytes
that are known to be bad.
"""

import html
import re
from collections.abc import Callable
from typing import Protocol

from safehold.reading.basics import charset

_DECLARED_CHARSET = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml[^<>]{0,100}?\sencoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
_TAG = re.compile(r"<(/?)([^\W\d][\w.:-]{0,255})((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)>([^<]*)")
_SIGNS = re.compile("<+")
_ATTRIBUTE = re.compile(r"([^\W\d][\w.:-]{0,255})\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


class Handler(Protocol):
    """What takes the events of one XML part."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""

    def end(self, tag: str) -> None:
        """Take an end tag."""

    def data(self, text: str) -> None:
        """Take character data."""


def read_on(content: bytes, at: int, handler: Handler, aside: Callable[[str], None] | None = None) -> None:
    """Read *content* from a fault on, as far as it can be told what is a tag and what is text.  Linear."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        rest = charset.decode(content[:2] + content[at & ~1 :]).text
    else:
        opened = content.rfind(b"<", 0, at + 1)
        if opened >= 0 and b">" not in content[opened:at]:
            at = opened  # inside a tag: read it again
        declared = _DECLARED_CHARSET.match(content)
        rest = charset.decode(content[at:], declared[1].decode().lower() if declared else "").text
    _Tokens(rest, handler, aside or (lambda _: None)).read()


class _Tokens:
    """A tokenizer that takes anything."""

    # How each thing that is no tag begins and ends, and whether what it holds is text.
    _ODD = (("<![CDATA[", "]]>", True), ("<!--", "-->", False), ("<?", "?>", False), ("<!", ">", False))

    def __init__(self, text: str, handler: Handler, aside: Callable[[str], None]) -> None:
        self._text = text
        self._handler = handler
        self._aside = aside
        self._unending: set[str] = set()  # what is never closed from here on is searched for once

    def read(self) -> None:
        """Raise the events."""
        text, start, end, data = self._text, self._handler.start, self._handler.end, self._handler.data
        position = self._text_from(0)
        while position < len(text):
            tag = _TAG.match(text, position)
            if tag is None:
                position = self._text_from(self._oddity(position))
                continue
            closing, name, inside, behind = tag.groups()
            position = tag.end()
            if closing:
                end(name)
            else:
                found = _ATTRIBUTE.findall(inside) if "=" in inside else ()
                start(name, {key: html.unescape(one or other) for key, one, other in found})
                if inside.endswith("/"):
                    end(name)
            if behind:
                data(html.unescape(behind))

    def _text_from(self, position: int) -> int:
        """Hand over the text from a position on; return where it ends."""
        opened = self._text.find("<", position)
        if opened < 0:
            opened = len(self._text)
        if opened > position:
            self._handler.data(html.unescape(self._text[position:opened]))
        return opened

    def _oddity(self, position: int) -> int:
        """Read what begins like a tag and is none; return where it ends."""
        text, handler = self._text, self._handler
        for begin, end, is_text in self._ODD:
            if text.startswith(begin, position) and begin not in self._unending:
                stop = text.find(end, position + len(begin))
                if stop < 0:
                    self._unending.add(begin)
                    continue
                (handler.data if is_text else self._aside)(text[position + len(begin) : stop])
                return stop + len(end)
        handler.data("\n")  # a lone sign, or many of them
        signs = _SIGNS.match(text, position)
        return max(position + 1, signs.end() - 1 if signs else 0)

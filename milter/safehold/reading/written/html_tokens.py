# SPDX-License-Identifier: GPL-3.0-or-later
"""The two ways through HTML, by selectolax's tree and by a linear tokenizer, to one kind of listener.

A tree is what a mail client builds, but every tree builder can be stopped by a few hundred kilobytes of nested tags
(lexbor: 40,000 nested ``div`` took 39 s, 2026); the tokenizer reads anything in linear time and knows nothing of
nesting.  Neither recurses, neither raises.  Pure.
"""

import re
from collections.abc import Mapping, Sequence
from html import unescape
from typing import Protocol

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from safehold.reading.vocabulary import words

VOID = words("area base br col embed hr img input link meta param source track wbr")
RAW_TEXT = frozenset(("script", "style"))
# To a tree builder the inside of these is text, whatever it looks like; to a client that does not know them it is not.
_TEXT_INSIDE = words("iframe noembed noframes xmp plaintext")
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,40})")
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]{1,100})\s{0,20}(?:=\s{0,20}(?:"([^"]*)"|'([^']*)'|([^\s"'<>`]+)))?""")
_QUOTE_OR_END = re.compile(r"[>\"']")
_END_OF_RAW = {tag: re.compile(rf"</{tag}", re.IGNORECASE) for tag in RAW_TEXT | {"textarea", "title"}}
_LONGEST_TAG = 100_000
# Each selector is asked of each element; one that counts is asked of each pair (100,000 siblings took 25 s).
_MOST_ASKED, _MOST_COUNTED = 1_000_000, 2_000
_MOST_MATCHED, _LONGEST_STYLE = 5_000, 5_000


class Listener(Protocol):
    """Takes what either way meets."""

    def start(self, tag: str, attributes: Mapping[str, str | None]) -> None:
        """Take a start tag, lower case."""

    def end(self, tag: str) -> None:
        """Take an end tag."""

    def text(self, text: str) -> None:
        """Take a text node, entities decoded."""

    def comment(self, text: str) -> None:
        """Take a comment, or what else is no element."""


# -- the tree -----------------------------------------------------------------------------------------------------


def walk(text: str, listener: Listener, rules: Sequence[tuple[str, str]] = ()) -> None:
    """Tell *listener* the tree of a page that is known to be tame.

    Args:
        text: The page.
        listener: Takes the events.
        rules: Selectors, and the declarations that the elements they match have besides their own.
    """
    if not text.strip():
        return
    tree = LexborHTMLParser(text)
    tags = text.count("<") if rules else 0
    for selector, declarations in rules[: _MOST_ASKED // max(tags, 1)]:
        if ":nth" not in selector or tags <= _MOST_COUNTED:
            _apply(tree, selector, declarations)
    node: LexborNode | None = tree.root
    while node is not None and node.prev is not None:  # comments before <html> are siblings of the root
        node = node.prev
    open_nodes: list[tuple[LexborNode, str]] = []
    while node is not None:
        tag = node.tag or ""
        down = None
        if tag == "-text":
            inside = node.text_content or ""
            if "<" in inside and open_nodes and open_nodes[-1][1] in _TEXT_INSIDE:
                tokenize(inside, listener)
            else:
                listener.text(inside)
        elif tag == "-comment":
            listener.comment(node.comment_content or "")
        elif tag[:1] != "-":
            listener.start(tag, node.attributes)
            if tag == "template":  # its content hangs in a tree of its own
                tokenize(node.html or "", listener)
            down = node.child
            if down is None:
                listener.end(tag)
        if down is not None:
            open_nodes.append((node, tag))
            node = down
            continue
        following = node.next
        while following is None and open_nodes:
            node, tag = open_nodes.pop()
            listener.end(tag)
            following = node.next
        node = following


def _apply(tree: LexborHTMLParser, selector: str, declarations: str) -> None:
    """Give the elements that a selector matches its declarations; one that the parser does not know is passed over."""
    try:
        matched = tree.css(selector)
    except (SelectolaxError, ValueError):
        return
    for element in matched[:_MOST_MATCHED]:
        style = element.attributes.get("style") or ""
        if len(style) < _LONGEST_STYLE:
            element.attrs["style"] = f"{style};{declarations}"


# -- the tokenizer ------------------------------------------------------------------------------------------------


class _Finder:
    """``str.find`` that remembers what is not there, so that a scan over hostile input stays linear."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._missing: dict[str, int] = {}

    def find(self, what: str, start: int) -> int:
        """Return the next place of *what*, or -1."""
        if start >= self._missing.get(what, len(self._text) + 1):
            return -1
        place = self._text.find(what, start)
        if place < 0:
            self._missing[what] = start
        return place


def tokenize(text: str, listener: Listener) -> None:
    """Tell *listener* tags and text from left to right, in linear time whatever the input."""
    text = text.replace("\x00", "")  # which shows nowhere
    finder = _Finder(text)
    no_end_of_raw: set[str] = set()
    position, size = 0, len(text)
    while position < size:
        start = text.find("<", position)
        if start < 0:
            listener.text(unescape(text[position:]))
            return
        if start > position:
            listener.text(unescape(text[position:start]))
        if text.startswith("<!--", start):
            end = finder.find("-->", start + 4)
            listener.comment(text[start + 4 : end if end >= 0 else size])
            position = end + 3 if end >= 0 else size
        elif text.startswith(("<!", "<?"), start):
            end = finder.find(">", start)
            if text[start + 2 : start + 9].lower() != "doctype":  # which is looked at in the source
                listener.comment(text[start + 2 : end if end >= 0 else size])
            position = end + 1 if end >= 0 else size
        else:
            position = _one_tag(text, start, finder, listener, no_end_of_raw)


def _one_tag(text: str, start: int, finder: _Finder, listener: Listener, no_end_of_raw: set[str]) -> int:
    tag = TAG.match(text, start)
    if tag is None:
        listener.text("<")
        return start + 1
    end = _end_of_tag(text, tag.end(), finder)
    if end < 0:  # never closed: browsers drop it
        listener.comment(text[start:])
        return len(text)
    name = tag[2].lower()
    if tag[1]:
        listener.end(name)
        return end + 1
    inside = text[tag.end() : min(end, tag.end() + _LONGEST_TAG)]
    if end - tag.end() > _LONGEST_TAG:
        listener.comment(text[tag.end() + _LONGEST_TAG : end])
    listener.start(name, _attributes(inside, listener) if inside.strip() else {})
    closing = _END_OF_RAW.get(name)
    if closing is not None and name not in no_end_of_raw:
        found = closing.search(text, end + 1)
        if found is None:
            no_end_of_raw.add(name)
        else:
            inner = text[end + 1 : found.start()]
            listener.text(inner if name in RAW_TEXT else unescape(inner))
            return found.start()
    return end + 1


def _attributes(inside: str, listener: Listener) -> dict[str, str | None]:
    attributes: dict[str, str | None] = {}
    for found in _ATTRIBUTE.finditer(inside):
        name = found[1].lower()
        value = next((unescape(value) for value in found.groups()[1:] if value is not None), None)
        if name not in attributes:
            attributes[name] = value
        elif value:
            listener.comment(value)  # a second one of a name is read by nobody but by us
    return attributes


def _end_of_tag(text: str, position: int, finder: _Finder) -> int:
    """Return the place of the ``>`` that ends a tag, quotes respected where they are closed."""
    stop = position + _LONGEST_TAG
    while position < stop:
        found = _QUOTE_OR_END.search(text, position, stop)
        if found is None:
            break
        if found[0] == ">":
            return found.start()
        closing = finder.find(found[0], found.end())
        position = closing + 1 if 0 <= closing < stop else found.end()
    return finder.find(">", position)

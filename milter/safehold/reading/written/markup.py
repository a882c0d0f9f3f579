# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of marked-up text that is no web page: XML of any kind, SVG, and tags in what calls itself plain.

A reader of the file sees through the tags, and a tag may stand inside a word or between two.  So a text with tags
has two more readings: each tag a space and the values of its attributes, and each tag nothing.  Linear, total.  Pure.
"""

import re
from html import unescape

_VALUE = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_ENTITY = re.compile(r"<!ENTITY\s+([\w.-]{1,80})\s+(?:\"([^\"]{0,1000})\"|'([^']{0,1000})')\s*>")
_REFERENCE = re.compile(r"&([\w.-]{1,80});")
_MOST_ENTITIES = 200
_MOST_GROWTH = 100_000
_LONGEST_TAG = 100_000


def readings(text: str) -> tuple[str, ...]:
    """Return the other readings of a text with tags: tags apart, and where a tag stands inside a word, joined too."""
    text = _with_entities(text)
    apart: list[str] = []
    joined: list[str] = []
    cuts = False  # whether a tag stands between two characters of words
    last = ""
    position, size = 0, len(text)
    while position < size:
        start = text.find("<", position)
        plain = unescape(text[position : start if start >= 0 else size])
        if plain:
            cuts = cuts or (bool(joined) and last.isalnum() and plain[0].isalnum())
            last = plain[-1]
            apart.append(plain)
            joined.append(plain)
        if start < 0:
            break
        inside, position, is_text = _tag(text, start)
        if is_text:
            joined.append(inside)
            last = inside[-1:]
        apart.append(f" {inside} ")
    if not cuts:
        return ("".join(apart),)
    return "".join(apart), "".join(joined)


def _tag(text: str, start: int) -> tuple[str, int, bool]:
    """Return what a tag holds, where it ends, and whether that is text of its own."""
    for opening, closing in (("<!--", "-->"), ("<![CDATA[", "]]>")):
        if text.startswith(opening, start):
            end = text.find(closing, start + len(opening))
            end = end if end >= 0 else len(text)
            return text[start + len(opening) : end], end + len(closing), closing == "]]>"
    if not (text[start + 1 : start + 2].isalpha() or text[start + 1 : start + 2] in ("/", "!", "?")):
        return "<", start + 1, True
    end = text.find(">", start, start + _LONGEST_TAG)
    if end < 0:
        return text[start + 1 : start + _LONGEST_TAG], start + _LONGEST_TAG, False
    tag = text[start + 1 : end]
    values = [unescape(one or other) for one, other in _VALUE.findall(tag)]
    return " ".join(value for value in values if value), end + 1, False


def _with_entities(text: str) -> str:
    """Return the text with the entities that it declares put in, once and within bounds."""
    if "<!ENTITY" not in text:
        return text
    found = _ENTITY.findall(text[:_MOST_GROWTH])[:_MOST_ENTITIES]
    declared: dict[str, str] = {name: one or other for name, one, other in found}
    left = _MOST_GROWTH

    def put(found: re.Match[str]) -> str:
        nonlocal left
        value = declared.get(found[1], "")
        if not value or len(value) > left:
            return str(found[0])
        left -= len(value)
        return value

    return _REFERENCE.sub(put, text)

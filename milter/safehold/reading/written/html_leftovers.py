# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the source of a page and in no tree of it, and what only Outlook makes of it.

A tree builder drops whatever has no place: the second of two attributes, attributes of end tags, elements that stand
where they may not, a tag that never ends, instructions.  Nobody sees that but who opens the source; so it is found in
the source, where the tree has nothing like it.  Linear, never raises.  Pure.
"""

import re
from collections.abc import Container, Iterator
from html import unescape

from safehold.reading.written.html_attributes import ELEMENTS

_DOCTYPE = re.compile(r"<!doctype\s([^>]{1,100000})", re.IGNORECASE)
# As the standards write it.
_PLAIN_DOCTYPE = re.compile(
    r"\s*html(?:\s+(?:public|system)\s*"
    r"(?:[\"'](?:-//(?:w3c|ietf)//dtd x?html[\w .+-]{0,30}//en|about:legacy-compat)[\"'])?"
    r"(?:\s*[\"']https?://www\.w3\.org/[\w./-]{3,60}[\"'])?)?\s*",
    re.IGNORECASE,
)
_VALUE = re.compile(r"""=\s{0,20}(?:"([^"]*)"|'([^']*)'|([^\s"'<>=]+))""")
_END_TAG = re.compile(r"</[a-zA-Z][^\s<>]{0,60}[\s/]([^<>]{4,10000})>")
_END_NAME = re.compile(r"</([a-zA-Z][^\s<>]{4,200})")
_SAYS_SOMETHING = re.compile(r"[^\W\d_]{4}|\d(?:[ -]?\d){4}")
_OPEN_QUOTE = re.compile(
    r"<[a-zA-Z][^<>\"']{0,1000}(?:\"[^\"]*\"[^<>\"']{0,1000}|'[^']*'[^<>\"']{0,1000}){0,50}=\s{0,20}(?:\"[^\"]*|'[^']*)\Z"
)
_INSTRUCTION = re.compile(
    r"<\?(?!xml\s+version)([^>]{1,100000})|<\?xml\s+version=.{3,8}?\s([^>]{1,100000})", re.IGNORECASE
)
_OPENS, _OPENED, _CLOSES = "<!--[if", "]>", "<![endif]"
_TAG = re.compile(r"<[^<>]{0,10000}>")
_LONGEST_CONDITION = 200


def read(text: str, told: Container[str | None], *, is_tree: bool) -> Iterator[str]:
    """Yield what the source has and nobody told of.

    Args:
        text: The page.
        told: The values of attributes that were met.
        is_tree: Whether a tree told of them, and not the tokenizer, which leaves nothing out but end tags.
    """
    for kind in _DOCTYPE.findall(text) if "<!" in text else ():
        if not _PLAIN_DOCTYPE.fullmatch(kind):
            yield kind.replace("<", " ")  # what begins in it is no tag
    yield from (left for left in _END_TAG.findall(text) if _SAYS_SOMETHING.search(left))
    yield from (
        name for name in dict.fromkeys(_END_NAME.findall(text)) if name.lower() not in ELEMENTS and _is_said(name)
    )
    if not is_tree:
        return
    for match in _VALUE.finditer(text):
        value = match[1] or match[2] or match[3]
        if value and value not in told and _SAYS_SOMETHING.search(value):
            plain = unescape(value.replace("\r\n", "\n")) if "&" in value or "\r" in value else value
            if plain not in told:
                yield plain
    unclosed = text.rfind("<")
    if unclosed > text.rfind(">"):  # browsers drop a tag that never ends; somebody may have meant it as text
        yield text[unclosed:]
    quote = max(text.rfind('"'), text.rfind("'"))
    if open_quote := _OPEN_QUOTE.search(text, max(0, quote - 2_000)):
        yield text[text.rfind(">", 0, open_quote.start() + 1) + 1 :]
    for instruction, declaration in _INSTRUCTION.findall(text) if "<?" in text else ():
        yield instruction or declaration


def _is_said(name: str) -> bool:
    """Return whether the name of an element that no page has may be somebody's words."""
    return ":" not in name and bool(_SAYS_SOMETHING.search(name))


def for_outlook(text: str) -> str:
    """Return a page as Outlook reads it, with the text of conditional comments in its place, "" where they have none.

    Most of these comments hold tables and settings for Outlook, and no word.
    """
    first, *pieces = text.split(_OPENS)
    out = [first]
    says_something = False
    for piece in pieces:
        condition, opened, rest = piece.partition(_OPENED)
        inside, closed, behind = rest.partition(_CLOSES)
        if not opened or not closed or len(condition) > _LONGEST_CONDITION or inside.startswith(("<!-->", "-->")):
            out += (_OPENS, piece)
            continue
        out += (inside, _CLOSES, behind)
        says_something = says_something or bool(_SAYS_SOMETHING.search(_TAG.sub("", _without_settings(inside))))
    return "".join(out).replace(_CLOSES + "-->", "") if says_something else ""


def _without_settings(markup: str) -> str:
    lowered = markup.lower()
    for opening, closing in (("<xml", "</xml>"), ("<style", "</style>")):
        start, end = lowered.find(opening), lowered.rfind(closing)
        if 0 <= start < end:
            markup = markup[:start] + markup[end:]
            lowered = markup.lower()
    return markup

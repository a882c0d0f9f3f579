# SPDX-License-Identifier: GPL-3.0-or-later
"""HTML: all text in the order a reader sees it, and apart from it what a reader does not see.

Text nodes are joined without a separator inside a block (``w<b>or</b>d`` is one word) and broken at block tags.
Every tree builder can be stopped by a few hundred kilobytes of nested tags (lexbor: 40,000 nested ``div`` took
39 s, 2026), so a linear pre-scan decides: inside the bounds selectolax reads, outside them our own linear
tokenizer does.  Both feed the same collector.

Hidden text (``display:none``, zero font, white on white in the plain cases) is handed over with the whole block
it stands in, so that a word that is partly hidden is still found.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser, LexborNode

from safehold.model import PlaceKind, Visibility
from safehold.reading import charset, plain_text
from safehold.reading.limits import Limits
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import MarkKind, words

_VOID = words("area base br col embed hr img input link meta param source track wbr")
# Elements that close each other, so that leaving their end tags out nests nothing.
_SELF_CLOSING = words("p li dt dd option optgroup tr td th tbody thead tfoot colgroup caption rp rt")
_FORMATTING = words("a b big code em font i nobr s small strike strong tt u")
_BLOCKS = words(
    "address article aside blockquote body br center dd details dialog dir div dl dt fieldset figcaption figure footer"
    " form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html iframe legend li main menu nav noframes noscript ol"
    " optgroup option p pre section select summary table tbody tfoot thead title tr ul textarea button object"
)
_CELLS = frozenset(("td", "th"))
_RAW_TEXT = frozenset(("script", "style"))
_SPACES = re.compile(r"[ \t\r\n\f]+")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,40})")
_COMMENT_TAGS = re.compile(r"<[^<>]{0,2000}>")
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_SHOWN_ATTRIBUTES = words("alt title href value placeholder content summary label aria-label cite action data src")
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|mso-hide\s*:\s*all|opacity\s*:\s*0*(?:\.0+)?\s*(?:;|$|!)"
)
_TINY_STYLE = re.compile(
    r"font-size\s*:\s*(?:0*(?:\.\d+)?|1)\s*(?:px|pt|em|rem|%|;|$|!)|font\s*:[^;]{0,40}\b0(?:px|pt|em)?/"
)
_COLOUR = re.compile(r"(?<![\w-])color\s*:\s*([^;!]{1,40})")
_BACKGROUND = re.compile(r"background(?:-color)?\s*:\s*([^;!]{1,200})")
_WHITE = re.compile(
    r"\s*(?:white|#fff(?:f(?:ff)?)?(?:fff)?|rgba?\(\s*255\s*,\s*255\s*,\s*255\s*(?:,\s*[\d.]+\s*)?\)|#fefefe)\s*"
)
_CLASS_RULE = re.compile(r"\.([A-Za-z_][\w-]{0,60})\s*\{([^{}]{0,2000})\}")
_AT_RULE = re.compile(
    r"@[a-z-]{1,40}[^{};]{0,400}\{(?:[^{}]{0,5000}\{[^{}]{0,5000}\}){0,400}[^{}]{0,5000}\}", re.IGNORECASE
)
_STYLE_TAG = re.compile(r"<style", re.IGNORECASE)
_STYLES_WITHIN = 100_000
_CITED = re.compile(r"\b(?:gmail_quote|moz-cite-prefix|yahoo_quoted|protonmail_quote)\b")
_CITED_IDS = frozenset(("divrplyfwdmsg", "appendonsend", "isforwardcontent", "mail-editor-reference-message-container"))
# Formatting elements that stay open are opened again in every block: the product bounds the tree.
_MOST_REOPENED = 2_000_000


def read(content: bytes, part: OpenPart) -> None:
    """Read an HTML body or file."""
    given = part.given
    named = given.charset
    if not named:
        found = _CHARSET.search(content[:4_096])
        named = found[1].decode().lower() if found else ""
    decoded = charset.decode(content, named, guess=True)
    kind = PlaceKind.BODY if given.body else PlaceKind.TEXT
    page = extract(decoded.text, part.limits)
    hand_over(page, part, kind)
    if decoded.other:
        part.mark(MarkKind.CHARSET_GUESSED, kind)
        part.segment(kind, extract(decoded.other, part.limits).own, visibility=Visibility.ALTERNATIVE)


def hand_over(page: "Page", part: OpenPart, kind: PlaceKind) -> None:
    """Hand over everything found on a page, the visible text first."""
    visibility = plain_text.alternative_or_visible(page.own + "\n" + page.quoted, part)
    if part.words is not None:
        part.words |= plain_text.words_of(page.own) | plain_text.words_of(page.quoted)
    if kind is PlaceKind.BODY:
        for quoted, run in plain_text.split_quoted(page.own):
            part.segment(PlaceKind.QUOTED if quoted else kind, run, visibility=visibility)
    else:
        part.segment(kind, page.own, visibility=visibility)
    part.segment(PlaceKind.QUOTED if kind is PlaceKind.BODY else kind, page.quoted, visibility=visibility)
    for hiding, text in page.hidden.items():
        part.mark(MarkKind.HIDDEN_TEXT, kind)
        part.segment(kind, text, visibility=hiding)
    part.segment(kind, page.attributes, visibility=Visibility.ATTRIBUTE)
    part.segment(PlaceKind.METADATA, page.title, visibility=Visibility.ATTRIBUTE)
    part.segment(PlaceKind.METADATA, page.comments, visibility=Visibility.HIDDEN)


@dataclass(frozen=True, slots=True)
class Page:
    """The texts of one page, apart by how a reader would meet them."""

    own: str = field(repr=False)
    quoted: str = field(repr=False)
    hidden: dict[Visibility, str] = field(repr=False)
    attributes: str = field(repr=False)
    title: str = field(repr=False)
    comments: str = field(repr=False)


def extract(text: str, limits: Limits) -> Page:
    """Return the texts of a page, by the tree parser where it is safe and by the tokenizer where it is not."""
    collector = _Collector()
    collector.learn_classes(text)
    if is_tame(text, limits):
        _walk(text, collector)
        unclosed = text.rfind("<")
        if unclosed > text.rfind(">"):  # browsers drop a tag that never ends; somebody may have meant it as text
            collector.comment(text[unclosed:])
    else:
        _tokenize(text, collector)
    return collector.page()


def is_tame(text: str, limits: Limits) -> bool:
    """Return whether a tree parser may see this: bounded size, nesting and open formatting.  Linear."""
    if len(text) > limits.html_bytes:
        return False
    opened = text.count("<")
    if opened <= limits.html_formatting:
        return True
    depth = deepest = formatting = most_formatting = tags = 0
    for closing, name in _TAG.findall(text):
        name = name.lower()
        tags += 1
        if name in _VOID or name in _SELF_CLOSING:
            continue
        step = -1 if closing else 1
        if name in _FORMATTING:
            formatting = max(0, formatting + step)
            most_formatting = max(most_formatting, formatting)
        depth = max(0, depth + step)
        deepest = max(deepest, depth)
        if deepest > limits.html_nesting or most_formatting > limits.html_formatting:
            return False
    return most_formatting * tags <= _MOST_REOPENED


# -- collecting ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _State:
    """What an element changes for everything inside it."""

    tag: str
    hiding: Visibility | None
    white_text: bool
    white_ground: bool
    quoted: bool
    title: bool
    raw: bool
    same: int = 0  # elements of the same name open inside it


class _Collector:
    """Takes the events of either parser and sorts text by visibility, block by block."""

    def __init__(self) -> None:
        self._states = [_State("", None, False, True, False, False, False)]
        self._block: list[tuple[str, Visibility | None]] = []
        self._own: list[str] = []
        self._quoted: list[str] = []
        self._hidden: dict[Visibility, list[str]] = {}
        self._attributes: dict[str, None] = {}
        self._title: list[str] = []
        self._comments: list[str] = []
        self._hidden_classes: frozenset[str] = frozenset()

    def learn_classes(self, text: str) -> None:
        """Note the classes that a plain style rule hides; rules for other media are left out."""
        head = text[:_STYLES_WITHIN]
        hidden: set[str] = set()
        for start in [found.start() for found in _STYLE_TAG.finditer(head)][:20]:
            end = head.find("</", start)
            sheet = _AT_RULE.sub("", head[start : end if end > 0 else None])
            hidden |= {name for name, rule in _CLASS_RULE.findall(sheet) if _HIDDEN_STYLE.search(rule.lower())}
        self._hidden_classes = frozenset(hidden)

    def start(self, tag: str, attributes: Iterable[tuple[str, str | None]]) -> None:
        """Take a start tag."""
        top = self._states[-1]
        if tag in _CELLS:
            self._block.append(("\t", None))
        elif tag in _BLOCKS:
            self._break()
        hiding, white_text, white_ground, quoted = top.hiding, top.white_text, top.white_ground, top.quoted
        for name, value in attributes:
            if value is None:
                if name == "hidden":
                    hiding = hiding or Visibility.HIDDEN
                continue
            if name == "style":
                style = value.lower()
                hiding = hiding or _hiding(style)
                white_text, white_ground = _colours(style, white_text, white_ground)
            elif name in _SHOWN_ATTRIBUTES:
                self._attribute(name, value)
            elif name == "color":
                white_text = bool(_WHITE.fullmatch(value.lower()))
            elif name == "bgcolor":
                white_ground = bool(_WHITE.fullmatch(value.lower()))
            elif name == "background":
                white_ground = False
            elif name == "hidden":
                hiding = hiding or Visibility.HIDDEN
            elif name == "class":
                quoted = quoted or bool(_CITED.search(value))
                if self._hidden_classes and not self._hidden_classes.isdisjoint(value.split()):
                    hiding = hiding or Visibility.HIDDEN
            elif name == "id" and value.lower() in _CITED_IDS:
                quoted = True
        quoted = quoted or tag == "blockquote"
        if tag in ("template", "noscript", "noframes"):
            hiding = hiding or Visibility.HIDDEN
        if tag in _VOID:
            return
        new = (hiding, white_text, white_ground, quoted)
        if new != (top.hiding, top.white_text, top.white_ground, top.quoted) or tag in ("title", *_RAW_TEXT):
            self._states.append(_State(tag, *new, tag == "title", tag in _RAW_TEXT))
        elif tag == top.tag:
            top.same += 1

    def end(self, tag: str) -> None:
        """Take an end tag."""
        if tag in _BLOCKS:
            self._break()
        top = self._states[-1]
        if tag == top.tag:
            if top.same:
                top.same -= 1
            elif len(self._states) > 1:
                self._states.pop()

    def text(self, text: str) -> None:
        """Take a text node."""
        top = self._states[-1]
        if top.title:
            self._title.append(text)
        elif top.raw:
            self._comments.append(text)
        else:
            hiding = top.hiding or (Visibility.WHITE if top.white_text and top.white_ground else None)
            self._block.append((_SPACES.sub(" ", text), hiding))

    def comment(self, text: str) -> None:
        """Take a comment; conditional comments hold markup that some clients show."""
        self._comments.append(unescape(_COMMENT_TAGS.sub(" ", text)) if "<" in text else text)

    def page(self) -> Page:
        """Return what was collected."""
        self._break()
        return Page(
            "\n".join(self._own),
            "\n".join(self._quoted),
            {hiding: "\n".join(blocks) for hiding, blocks in self._hidden.items()},
            "\n\n".join(self._attributes),
            "\n".join(self._title),
            "\n\n".join(text for text in self._comments if text.strip()),
        )

    def _attribute(self, name: str, value: str) -> None:
        if not value or (name in ("src", "data") and value[:5].lower() in ("data:", "cid:")):
            return
        self._attributes[value] = None
        if "%" in value:
            self._attributes[unquote(value, errors="replace")] = None

    def _break(self) -> None:
        block = self._block
        if not block:
            return
        self._block = []
        visible = "".join(text for text, hiding in block if hiding is None).strip(" ")
        target = self._quoted if self._states[-1].quoted else self._own
        if visible.strip() or (target and target[-1]):
            target.append(visible if visible.strip() else "")
        hidings = {hiding for text, hiding in block if hiding is not None and text.strip()}
        if hidings:
            whole = "".join(text for text, _ in block).strip()
            for hiding in hidings:
                self._hidden.setdefault(hiding, []).append(whole)


def _hiding(style: str) -> Visibility | None:
    if _HIDDEN_STYLE.search(style):
        return Visibility.HIDDEN
    if "font" in style and _TINY_STYLE.search(style):
        return Visibility.TINY
    return None


def _colours(style: str, white_text: bool, white_ground: bool) -> tuple[bool, bool]:
    colour = _COLOUR.search(style)
    if colour:
        white_text = bool(_WHITE.fullmatch(colour[1]))
    ground = _BACKGROUND.search(style)
    if ground and ground[1].strip() not in ("none", "transparent", "inherit", "initial"):
        white_ground = bool(_WHITE.fullmatch(ground[1]))
    return white_text, white_ground


# -- the tree parser ----------------------------------------------------------------------------------------------


def _walk(text: str, collector: _Collector) -> None:
    """Walk selectolax's tree without recursion."""
    if not text.strip():
        return
    root = LexborHTMLParser(text).root
    if root is None:
        return
    # Comments before <html> are siblings of the root.
    before = root.prev
    while before is not None:
        if before.tag == "-comment":
            collector.comment(before.comment_content or "")
        before = before.prev
    node: LexborNode | None = root
    open_nodes: list[tuple[LexborNode, str]] = []
    while node is not None:
        tag = node.tag or ""
        down = None
        if tag == "-text":
            collector.text(node.text_content or "")
        elif tag == "-comment":
            collector.comment(node.comment_content or "")
        elif not tag.startswith("-"):
            collector.start(tag, node.attributes.items())
            down = _first_child(node, tag, collector)
            if down is None:
                collector.end(tag)
        if down is not None:
            open_nodes.append((node, tag))
            node = down
            continue
        following = node.next
        while following is None and open_nodes:
            node, tag = open_nodes.pop()
            collector.end(tag)
            following = node.next
        node = following


def _first_child(node: LexborNode, tag: str, collector: _Collector) -> LexborNode | None:
    if tag == "template":  # its content hangs in a tree of its own
        inner = node.html or ""
        collector.text(unescape(_COMMENT_TAGS.sub(" ", inner)))
        return None
    return node.child


# -- the tokenizer ------------------------------------------------------------------------------------------------

_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]{1,100})\s{0,20}(?:=\s{0,20}(?:"([^"]*)"|'([^']*)'|([^\s"'<>`]+)))?""")
_QUOTE_OR_END = re.compile(r"[>\"']")
_END_OF_RAW = {tag: re.compile(rf"</{tag}", re.IGNORECASE) for tag in _RAW_TEXT | {"textarea", "title"}}
_LONGEST_TAG = 100_000


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


def _tokenize(text: str, collector: _Collector) -> None:
    """Read tags and text from left to right, in linear time whatever the input."""
    finder = _Finder(text)
    no_end_of_raw: set[str] = set()
    position, size = 0, len(text)
    while position < size:
        start = text.find("<", position)
        if start < 0:
            collector.text(unescape(text[position:]))
            return
        if start > position:
            collector.text(unescape(text[position:start]))
        if text.startswith("<!--", start):
            end = finder.find("-->", start + 4)
            collector.comment(text[start + 4 : end if end >= 0 else size])
            position = end + 3 if end >= 0 else size
        elif text.startswith(("<!", "<?"), start):
            end = finder.find(">", start)
            collector.comment(text[start + 2 : end if end >= 0 else size])
            position = end + 1 if end >= 0 else size
        else:
            position = _one_tag(text, start, finder, collector, no_end_of_raw)


def _one_tag(text: str, start: int, finder: _Finder, collector: _Collector, no_end_of_raw: set[str]) -> int:
    tag = _TAG.match(text, start)
    if tag is None:
        collector.text("<")
        return start + 1
    end = _end_of_tag(text, tag.end(), finder)
    if end < 0:  # never closed: browsers drop it
        collector.comment(text[start:])
        return len(text)
    name = tag[2].lower()
    if tag[1]:
        collector.end(name)
        return end + 1
    inside = text[tag.end() : min(end, tag.end() + _LONGEST_TAG)]
    pairs = (
        (found[1].lower(), next((unescape(value) for value in found.groups()[1:] if value is not None), None))
        for found in _ATTRIBUTE.finditer(inside)
    )
    collector.start(name, pairs if inside.strip() else ())
    closing = _END_OF_RAW.get(name)
    if closing is not None and name not in no_end_of_raw:
        found = closing.search(text, end + 1)
        if found is None:
            no_end_of_raw.add(name)
        else:
            collector.text(text[end + 1 : found.start()])
            return found.start()
    return end + 1


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

# SPDX-License-Identifier: GPL-3.0-or-later
"""Sorting the text of a page by how a reader would meet it, block by block.

Text nodes are joined without a separator inside a block (``w<b>or</b>d`` is one word) and broken at block tags; the
cells of a short row stand side by side, and the lines of a cell stay lines.  What can be seen in two ways is handed
over in both: raised text glued to its neighbours, apart from them and left out; a numbered item with and without its
number; text that is escaped twice; boxes that a style moves; what stands in the place of a picture.  Hidden text stands
with the whole block it is hidden in, so that a word that is partly hidden is still found; what takes no room does not
part what stands around it.  Linear in the page, never raises.  Pure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from safehold.model import Visibility
from safehold.reading.basics.numerals import written
from safehold.reading.written import html_block, html_styles
from safehold.reading.written.html_attributes import NOTHING, Attributes, Given
from safehold.reading.written.html_elements import (
    BLOCK,
    CELL,
    CHANGING,
    COUNTED,
    EMPTY,
    FALLBACK,
    ITEMS_OF,
    KINDS,
    OF_THEIR_OWN,
    PREFORMATTED,
    STRANGE,
    STRUCK,
    UNSEEN,
)
from safehold.reading.written.html_layout import Reordering
from safehold.reading.written.html_page import Page
from safehold.reading.written.html_styles import UNKNOWN, WHITE, Colour, Layout
from safehold.reading.written.html_tokens import tokenize

_SPACES = re.compile(r"[ \t\r\n\f]+")
# The signs that say in text what ``dir`` and ``bdo`` say in markup (UAX #9), and their ends.
_OVERRIDES = {"rtl": "\u202e", "ltr": "\u202d"}
_ISOLATE, _END_OF_OVERRIDE, _END_OF_ISOLATE = "\u2067", "\u202c", "\u2069"
_NO_SIGNS = dict.fromkeys(map(ord, "\u2067\u2069\u202c\u202d\u202e"))
_MOST_DIRECTIONS = 4
# A row is one line where a person sees one line: not where a page is laid out by a table.
_LONGEST_ROW, _MOST_LINES_OF_ROW = 400, 40
_START_OF_ITEM = 200
_MOST_GENERATED = 100_000
_MOST_COMMENTS = 200
_WITH_TEXT = frozenset(("img", "input"))
_FIELDS_WITHOUT_TEXT = frozenset(("hidden", "password", "checkbox", "radio", "file", "color", "range", "image"))


@dataclass(slots=True)
class _State:
    """What an element changes for everything inside it."""

    tag: str
    hiding: Visibility | None = None
    until: str = ""  # the property by which something inside is seen again
    gone: bool = False  # takes no room: what it breaks, it breaks for itself
    block: bool = False  # is a block by its style
    row: bool = False  # sets what stands in it side by side
    colour: Colour = UNKNOWN
    ground: Colour = WHITE
    quoted: bool = False
    direction: str = ""  # of a table: "rtl" turns its rows round
    opened: str = ""  # the sign that it opened, which ends with it
    after: str = field(default="", repr=False)
    given: Given | None = None  # of the element, for what stands behind it
    same: int = 0  # elements of the same name open inside it


@dataclass(slots=True)
class _List:
    """A list that counts its items."""

    next: int
    step: int
    way: str


class Collector:
    """Takes the events of either way through the page."""

    def __init__(self, sheet: html_styles.Sheet | None = None, *, is_comment: bool = False) -> None:
        self._is_comment = is_comment
        self._markup: list[str] = []  # comments that hold markup
        self._states = [_State("")]
        self._block: html_block.Block = []
        self._raised: html_block.Spans = []  # where in the block raised text begins and ends
        self._inserted: html_block.Spans = []
        self._signs: list[str] = []  # the signs of direction that are open
        self._marker = ""  # the number of the item that the block begins
        self._waiting = 0  # how many pieces at the start of the block are no text yet: tabs, numbers, signs
        self._is_blank = False  # whether the block is white space so far
        self._preformatted = 0  # elements open in which lines are lines
        self._hides = False  # whether some of the block is hidden
        self._lists: list[_List] = []
        self._rows: list[int] = []  # the line at which each open row begins
        self._layout = Reordering()
        self._moves = False  # whether anything stood otherwise so far
        self._own: list[str] = []
        self._quoted: list[str] = []
        self._also: dict[str, None] = {}
        self._hidden: dict[Visibility, list[str]] = {}
        self._attributes = Attributes(sheet)
        self._is_styled = bool(sheet)  # then an element may say something without attributes
        self._title: list[str] = []
        self._comments: list[str] = []
        self._generated = 0

    # -- what the parsers tell ------------------------------------------------------------------------------------

    def start(self, tag: str, attributes: Mapping[str, str | None]) -> None:
        """Take a start tag."""
        kind = KINDS.get(tag, STRANGE)
        told = attributes or kind & STRANGE or self._is_styled
        given = self._attributes.take(tag, attributes) if told else NOTHING
        style, top = given.style, self._states[-1]
        if kind & BLOCK or style.block:
            if not (style.gone or given.hidden):
                self._end_line(top)
        elif kind & CELL:
            self._cell(top)
        elif top.row or style.cell:
            self._block.append((" ", top.hiding))
        if kind & EMPTY:
            if attributes and tag in _WITH_TEXT:
                self._text_of_element(tag, attributes)
            return
        if style.layout is not None or self._moves:
            self._moves = True
            self._layout.start(style)
        state = top if given is NOTHING and not kind & CHANGING else self._state(tag, top, given)
        if state is not top:
            state.after, state.given = style.after, given
            self._states.append(state)
            if state.direction:
                self._open_sign(state, overrides=tag == "bdo" or style.override, isolates=given.direction == "rtl")
        elif tag == top.tag:
            top.same += 1
        if kind & COUNTED:
            self._count(tag, given)
        if style.before:
            self._generate(style.before, given)

    def end(self, tag: str) -> None:
        """Take an end tag."""
        kind = KINDS.get(tag, 0)
        top = self._states[-1]
        ends = tag == top.tag and not top.same
        if ends and top.after:
            self._generate(top.after, top.given or NOTHING)
        if kind & BLOCK or (ends and top.block):
            self._end_line(top)
        if kind & COUNTED:
            self._end_counted(tag, top)
        if self._moves and not kind & EMPTY:
            self._layout.end()
        if tag == top.tag:
            if top.same:
                top.same -= 1
            elif len(self._states) > 1:
                self._states.pop()
                self._close_sign(top)

    def text(self, text: str) -> None:
        """Take a text node."""
        top = self._states[-1]
        if top.tag in OF_THEIR_OWN:
            self._own_text(text, top.tag)
            return
        hiding = top.hiding
        if hiding is None and top.colour is not UNKNOWN and html_styles.alike(top.colour, top.ground):
            hiding = Visibility.WHITE if html_styles.alike(top.ground, WHITE) else Visibility.COVERED
        if self._preformatted and "\n" in text:
            self._lines_of(text)
            return
        if "\n" in text or "  " in text or "\t" in text or "\r" in text:
            text = _SPACES.sub(" ", text)
        if text == " " and len(self._block) == self._waiting:
            self._is_blank = True
            return
        if hiding is not None:
            self._hides = True
        self._block.append((text, hiding))
        if self._moves and hiding is None:
            self._layout.text(text)

    def _lines_of(self, text: str) -> None:
        """Take a text whose lines are lines."""
        first, *others = text.splitlines()
        self.text(first)
        for line in others:
            self._end_line(self._states[-1])
            self.text(line)

    def _text_of_element(self, tag: str, attributes: Mapping[str, str | None]) -> None:
        """Take the value of a field, and the name of a picture, which stands where pictures are not shown."""
        if tag == "img":
            alt = attributes.get("alt")
            if alt and self._states[-1].hiding is None:
                self._hides = True
                self._block.append((f" {alt} ", Visibility.ALTERNATIVE))
        elif (attributes.get("type") or "").lower() not in _FIELDS_WITHOUT_TEXT:
            self.text(attributes.get("value") or "")

    def comment(self, text: str) -> None:
        """Take a comment; conditional comments hold markup that some clients show."""
        if "<" in text and not self._is_comment:
            self._markup.append(text)
        else:
            self._comments.append(text)

    @property
    def told(self) -> set[str | None]:
        """Return every value of an attribute that was met."""
        return self._attributes.told

    def page(self) -> Page:
        """Return what was collected."""
        self._break()
        self._layout.finish()
        self._read_comments()
        return Page(
            "\n".join(self._own),
            "\n".join(self._quoted),
            "\n\n".join((*self._also, *self._layout.lines)),
            {hiding: "\n".join(blocks) for hiding, blocks in self._hidden.items()},
            "\n\n".join((*self._attributes.words, *self._attributes.telling_names())),
            "\n".join(self._title),
            "\n\n".join(text for text in self._comments if text.strip()),
            tuple(self._attributes.inlines),
            self._layout.found,
        )

    def _read_comments(self) -> None:
        """Read the comments that hold markup: one by one, and what is over a sane number as one."""
        texts = self._markup[:_MOST_COMMENTS]
        if len(self._markup) > _MOST_COMMENTS:
            texts.append("\n".join(self._markup[_MOST_COMMENTS:]))
        for text in texts:
            inside = Collector(is_comment=True)
            tokenize(text, inside)
            page = inside.page()
            self._comments.append(page.everything())
            self._attributes.inlines.update(dict.fromkeys(page.inlines))
            self._attributes.told |= inside.told

    # -- elements -------------------------------------------------------------------------------------------------

    def _state(self, tag: str, top: _State, given: Given) -> _State:
        """Return the state inside an element: that of its parent where it changes nothing."""
        style = given.style
        hiding, until = top.hiding, top.until
        if until and until in style.undoes:
            hiding, until = None, ""
        if hiding is None or (until and style.hiding and not style.until):
            if given.hidden or tag in UNSEEN:
                hiding, until = Visibility.HIDDEN, ""
            elif style.hiding is not None:
                hiding, until = style.hiding, style.until
            elif hiding is None and (tag in STRUCK or style.struck):
                hiding = Visibility.TRACKED_DELETION
        gone = top.gone or style.gone or given.hidden or tag in FALLBACK
        colour = top.colour if style.colour is None else style.colour
        ground = top.ground if style.ground is None else style.ground
        quoted = top.quoted or given.cited or tag == "blockquote"
        direction = given.direction or top.direction
        if (
            hiding is top.hiding
            and until == top.until
            and gone is top.gone
            and not style.block
            and not top.row
            and style.layout is not Layout.ROW
            and colour is top.colour
            and ground is top.ground
            and quoted is top.quoted
            and direction is top.direction
            and tag not in OF_THEIR_OWN
            and not style.after
            and not style.override
            and tag != "bdo"
        ):
            return top
        return _State(
            tag, hiding, until, gone, style.block, style.layout is Layout.ROW, colour, ground, quoted, direction
        )

    def _count(self, tag: str, given: Given) -> None:
        """Take an element that counts, or that is raised above or put into the line."""
        if tag == "li":
            self._item(given)
        elif tag == "tr":
            self._forget_cells()
            self._rows.append(len(self._lines()))
        elif tag == "ol":
            start = given.number("start", 1)
            if given.style.counter is not None:
                start = given.style.counter + 1
            way = given.style.marker or given.values.get("type") or "decimal"
            self._lists.append(_List(start, -1 if "reversed" in given.values else 1, way))
        elif tag in ITEMS_OF:
            self._lists.append(_List(1, 1, given.style.marker or "disc"))
        elif tag in PREFORMATTED:
            self._preformatted += 1
        elif tag == "ins":
            self._inserted.append([len(self._block), -1])
        else:
            self._raised.append([len(self._block), -1])

    def _end_counted(self, tag: str, top: _State) -> None:
        if tag == "tr":
            self._forget_cells()
            if self._rows:
                self._end_row(self._rows.pop(), top.direction)
        elif tag == "li":
            self._end_item()
        elif tag in ITEMS_OF:
            if self._lists:
                self._lists.pop()
        elif tag in PREFORMATTED:
            self._preformatted = max(0, self._preformatted - 1)
        else:
            html_block.end_span(self._inserted if tag == "ins" else self._raised, len(self._block))

    def _item(self, given: Given) -> None:
        self._end_item()
        if not self._lists:
            return
        counted = self._lists[-1]
        number = given.number("value", counted.next)
        counted.next = number + counted.step
        marker = written(number, given.style.marker or given.values.get("type") or counted.way)
        if marker:
            self._marker = f"{marker}. "
            starts = len(self._block) == self._waiting
            self.text(self._marker)
            self._waiting += starts

    def _end_item(self) -> None:
        """Hand over the number of an item without text."""
        if self._marker:
            self._marker = ""
            self._waiting = 0
            self._break()

    def _wait(self, piece: str) -> None:
        """Put something in front of a text that may never come, and then must not count as one."""
        self._waiting += len(self._block) == self._waiting
        self._block.append((piece, None))

    def _forget_cells(self) -> None:
        """Leave out the tabs of cells without text."""
        if len(self._block) == self._waiting:
            self._block = [(sign, None) for sign in self._signs]
            self._waiting = len(self._block)

    def _generate(self, text: str, given: Given) -> None:
        """Take text that a style sheet puts before or after an element."""
        for name in _BETWEEN_MARKS.findall(text):
            text = text.replace(f"\ue000{name}\ue001", (given.values.get(name) or "")[:200])
        self._generated += len(text)
        if self._generated <= _MOST_GENERATED:
            self.text(text)

    def _open_sign(self, state: _State, *, overrides: bool, isolates: bool) -> None:
        """Write the sign of direction that the markup stands for, so that the search can see what a reader sees."""
        sign = _OVERRIDES[state.direction] if overrides else _ISOLATE if isolates else ""
        if sign and len(self._signs) < _MOST_DIRECTIONS:
            state.opened = sign
            self._signs.append(sign)
            self._wait(sign)

    def _close_sign(self, state: _State) -> None:
        if not state.opened or not self._signs:
            return
        self._signs.pop()
        if self._block and self._block[-1][0] == state.opened:
            self._block.pop()  # nothing stands in it
            self._waiting = min(self._waiting, len(self._block))
        elif self._block:
            self._block.append((_end_of(state.opened), None))

    def _own_text(self, text: str, tag: str) -> None:
        """Take a title, a script or a style sheet: whole, and what its escapes and its markup say."""
        if tag == "title":
            self._title.append(text)
            return
        self._comments.append(text)
        if tag == "style":
            plain = html_styles.unescape(text)
            if plain != text:
                self._comments.append(plain)
        elif "</" in text:
            self.comment(text)
        self._attributes.inline(text)

    # -- blocks ---------------------------------------------------------------------------------------------------

    def _end_line(self, state: _State) -> None:
        """End the line; what takes no room ends it for itself only, and what stands around it goes on."""
        if state.gone:
            if len(self._block) != self._waiting and self._block[-1][0] != "\n":
                self._block.append(("\n", state.hiding))
        elif self._is_blank or len(self._block) != self._waiting:
            self._break()

    def _cell(self, state: _State) -> None:
        """Begin a cell."""
        if state.gone:
            self._block.append(("\t", state.hiding))
        else:
            self._wait("\t")

    def _lines(self) -> list[str]:
        return self._quoted if self._states[-1].quoted else self._own

    def _break(self) -> None:
        block = self._block
        target = self._lines()
        self._is_blank, is_blank = False, self._is_blank
        if len(block) == self._waiting:  # a number or a tab waits for its text
            if is_blank and target and target[-1]:
                target.append("")
            return
        self._block = []
        self._waiting = 0
        if self._signs:
            block += [(_end_of(sign), None) for sign in reversed(self._signs)]
            self._block = [(sign, None) for sign in self._signs]
            self._waiting = len(self._block)
        visible = "".join([text for text, hiding in block if hiding is None]).strip(" ")
        if visible.strip():
            target.append(visible)
            if "&" in visible:
                self._also.update(dict.fromkeys(html_block.unescaped(visible)))
            if self._marker:
                self._also[visible.removeprefix(self._marker)[:_START_OF_ITEM]] = None
            if self._raised:
                self._also.update(dict.fromkeys(html_block.with_raised(block, self._raised)))
        elif target and target[-1]:
            target.append("")
        if self._moves:
            self._layout.gap()
        if self._hides:
            self._hides = False
            for hiding in {hiding for text, hiding in block if hiding is not None and text.strip()}:
                whole = html_block.with_hidden(block, hiding, self._inserted)
                if whole:
                    self._hidden.setdefault(hiding, []).append(whole)
        if self._marker or self._raised or self._inserted:
            self._marker = ""
            self._raised.clear()
            self._inserted.clear()

    def _end_row(self, start: int, direction: str) -> None:
        """Put the cells of a row side by side, where a reader sees a row; the lines of a cell stay lines."""
        lines = self._lines()
        count = len(lines) - start
        if not 1 <= count <= _MOST_LINES_OF_ROW:
            return
        row = lines[start:]
        if sum(map(len, row)) > _LONGEST_ROW:
            return
        whole = "\n".join(row).replace("\n\t", "\t")
        if "\t" not in whole.strip():
            return
        if count > 1:
            lines[start:] = whole.split("\n")
        if direction == "rtl":
            line = whole.replace("\n", " ").translate(_NO_SIGNS).strip("\t")
            self._also["\t".join(reversed(line.split("\t")))] = None
            self._layout.found = True


_BETWEEN_MARKS = re.compile("\ue000([\\w-]{1,60})\ue001")


def _end_of(sign: str) -> str:
    return _END_OF_ISOLATE if sign == _ISOLATE else _END_OF_OVERRIDE

# SPDX-License-Identifier: GPL-3.0-or-later
"""One XML part of a Word document, streamed: its paragraphs as a reader sees them, and as one could.

A paragraph with deletions is handed over once as it reads now, and once as it read before.  What can be seen in two
ways (a list number, text for older programs, raised text, rows from right to left) is handed over beside it once more.
"""

import re
from collections.abc import Callable

from safehold.model import PlaceKind, Visibility
from safehold.reading.notes import OpenPart
from safehold.reading.office import drawings
from safehold.reading.office.attributes import Said
from safehold.reading.office.word_boxes import Boxes
from safehold.reading.office.word_fields import Fields
from safehold.reading.office.word_grounds import FILL_COLOURS, FILLS, Around
from safehold.reading.office.word_numbering import Counter, Numbering
from safehold.reading.office.word_paragraphs import Paragraph, Piece, symbol
from safehold.reading.office.word_stretches import Stretches
from safehold.reading.office.word_styles import AUTO, OF_RUNS, Look, Styles, level_of, without_prefixes
from safehold.reading.vocabulary import MarkKind, words

_NUMBER = re.compile(r"(\d{1,6})\.\w+$")
# Character data that is layout, as long as it is numbers or one of the format's own words.
_NOISE = words(
    "posOffset align pctWidth pctHeight pctPosHOffset pctPosVOffset Anchor SizeWithCells MoveWithCells AutoFill"
)
_LAYOUT = re.compile(r"[\s\d,.-]*|left|right|center|top|bottom|inside|outside|True|False")
# Roots of parts in WordprocessingML: only their paragraphs and runs end a text.  What else they are, if anything.
_ROOTS: dict[str, PlaceKind | None] = {
    "document": PlaceKind.PARAGRAPH, "hdr": PlaceKind.PAGE_HEADER, "ftr": PlaceKind.PAGE_HEADER,
    "footnotes": PlaceKind.NOTE, "endnotes": PlaceKind.NOTE, "comments": PlaceKind.COMMENT,
    **dict.fromkeys(("glossaryDocument", "styles", "numbering", "settings", "webSettings", "fonts", "commentsEx")),
}  # fmt: skip
_BREAKING = words("p h row c tr tc si li item footnote endnote comment")
# Outside Word, every element ends a piece of text but these.
_INLINE = words("t r rPr rPh b i u sz color rFont family charset scheme span a s em strong")
# In these, ``ins`` and ``del`` are about a mark or a row, and hold no text.
_PROPERTIES = frozenset(("rPr", "trPr", "tcPr", "numPr"))
_DELETING = frozenset(("del", "moveFrom"))
_INSERTING = frozenset(("ins", "moveTo"))
_CHANGED = _DELETING | _INSERTING
_TRACKED = words("ins del moveFrom moveTo rPrChange pPrChange tblPrChange sectPrChange cellIns cellDel")
_IN_RUN = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "softHyphen": "\u00ad"}
_ITEMS = {"comment": PlaceKind.COMMENT, "footnote": PlaceKind.NOTE, "endnote": PlaceKind.NOTE}
_UNCOUNTED = words("separator continuationSeparator continuationNotice")
_START_OF_PARAGRAPH = 200
_MOST_NAMES = 1_000
_OVERRIDE, _OVERRIDE_LEFT, _END_OF_OVERRIDE = "\u202e", "\u202d", "\u202c"


class Story:
    """Takes the events of one XML part and hands over its text."""

    def __init__(
        self,
        part: OpenPart,
        kind: PlaceKind,
        name: str,
        styles: Styles | None = None,
        numbering: Numbering | None = None,
        *,
        is_unseen: bool = False,
    ) -> None:
        self._part = part
        self._stretches = Stretches(part, kind)
        self._stretches.is_unseen = is_unseen
        self._named = _NUMBER.search(name)
        self._is_word = name.lower().startswith("word/")  # until its root says more
        self._styles = styles or Styles()
        self._counter = Counter(numbering or Numbering(), self._styles)
        self._around = Around(self._styles)
        self._boxes = Boxes()
        self._names: dict[str, str] = {}
        self._open: list[str] = []
        self._paragraphs: list[Paragraph] = [Paragraph()]
        self._deleting = 0
        self._inserting = 0
        self._looks: list[Look] = []  # of the open runs
        self._hiding: Visibility | None = None
        self._fields = Fields()
        self._items = 0
        self._said = Said(self._styles)
        self._asides: list[str] = []
        self._choices: list[set[str]] = []
        self._branches: list[int] = []  # which alternative is open, from 1, in each choice
        self._fallback = 0
        self._aids: list[tuple[int, int]] = []  # where in the paragraph the reading aids of open ruby texts stand
        self._in_aid = 0
        self._take_kind(kind)

    @property
    def kind(self) -> PlaceKind:
        """Return the kind of place that the part is."""
        return self._stretches.kind

    def _take_kind(self, kind: PlaceKind) -> None:
        numbered = self._named is not None and kind is not PlaceKind.PARAGRAPH and kind not in _ITEMS.values()
        self._stretches.kind = kind
        self._stretches.number = int(self._named[1]) if numbered and self._named else None

    # expat's events

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        name = self._names.get(tag) or self._name(tag)
        parent = self._open[-1] if self._open else ""
        if not parent:
            self._take_root(name)
        self._open.append(name)
        if name == "textpath":
            self._word_art(attributes.pop("string", ""))
        if attributes:
            is_loose = not self._is_word and self.kind is PlaceKind.METADATA
            self._said.take(name, parent, attributes, is_loose=is_loose)
        if name not in _BEGINNING:  # most elements
            return
        if name in ("p", "h"):
            self._start_paragraph()
        elif name == "r":
            self._looks.append(self._paragraphs[-1].look)
            self._hiding = self._looks[-1].hiding(self._paragraphs[-1].grounds)
        elif parent == "r" and name in _IN_RUN:
            self._put(_IN_RUN[name])
        elif parent == "rPr":
            if name in OF_RUNS or name == "rStyle":
                self._run_property(name, attributes)
        elif self._is_word and parent not in _PROPERTIES and name in _CHANGED:
            self._deleting += name in _DELETING
            self._inserting += name in _INSERTING
        else:
            take = _STARTS.get(name)
            if take is not None:
                take(self, name, attributes)
        if name in _TRACKED and self._is_word:
            self._part.mark(MarkKind.TRACKED_CHANGES)

    def end(self, tag: str) -> None:
        """Take an end tag."""
        name = self._names.get(tag) or self._name(tag)
        if self._open:
            self._open.pop()
        if name not in _ENDING:  # most elements
            if len(self._paragraphs) == 1 and (name in _BREAKING or not (self._is_word or name in _INLINE)):
                self._end_loose()
            return
        parent = self._open[-1] if self._open else ""
        if name in ("p", "h") and len(self._paragraphs) > 1:
            self._end_paragraph(self._paragraphs.pop())
        elif self._is_word and name in _CHANGED:
            if parent not in _PROPERTIES:
                self._deleting -= name in _DELETING
                self._inserting -= name in _INSERTING
        elif name == "r":
            if self._looks:
                self._looks.pop()
            self._hiding = self._looks[-1].hiding(self._paragraphs[-1].grounds) if self._looks else None
        elif name == "pPr" and self._is_word and parent == "p":
            self._end_properties(self._paragraphs[-1])
        elif name in _ENDS:
            _ENDS[name](self, name)
        elif len(self._paragraphs) == 1 and (name in _BREAKING or not (self._is_word or name in _INLINE)):
            self._end_loose()

    def _name(self, tag: str) -> str:
        """Return a tag without its prefix, and remember it: a part has few tags and many elements."""
        name = tag.rpartition(":")[2]
        if len(self._names) < _MOST_NAMES:
            self._names[tag] = name
        return name

    def _take_root(self, name: str) -> None:
        """Learn from its root what the part is: its name is free."""
        self._is_word = name in _ROOTS
        kind = _ROOTS.get(name)
        if kind is not None and self.kind is PlaceKind.TEXT:
            self._take_kind(kind)

    def data(self, text: str) -> None:
        """Take character data."""
        name = self._open[-1] if self._open else ""
        if name in ("instrText", "delInstrText"):
            self._fields.instructions.append(text)
        elif name == "posOffset" and _LAYOUT.fullmatch(text):
            self._boxes.offset(self._open[-2] if len(self._open) > 1 else "", text)
        elif (name in _NOISE and _LAYOUT.fullmatch(text)) or (self._is_word and name != "t" and not text.strip()):
            return
        else:
            self._put(text, deleted=name == "delText")

    def aside(self, text: str) -> None:
        """Take a comment or an instruction of XML itself: no program shows it."""
        self._asides.append(text)

    def finish(self) -> None:
        """Hand over what is left."""
        while self._paragraphs:
            self._end_paragraph(self._paragraphs.pop())
        self._stretches.hand_over()
        number = None if self.kind in _ITEMS.values() else self._stretches.number
        instructions = "".join(self._fields.instructions)
        self._part.segment(self.kind, instructions, number=number, visibility=Visibility.ATTRIBUTE)
        self._part.segment(self.kind, self._said.text(), number=number, visibility=Visibility.ATTRIBUTE)
        for packed in self._said.packed:
            drawings.read(packed, self._part)
        asides = "\n\n".join(self._asides)
        self._part.segment(self.kind, asides, number=number, visibility=Visibility.HIDDEN)

    # tables, and what stands one by one in its part

    def _start_table(self, _: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - one face for all
        self._stretches.start_table()
        self._around.start_table()

    def _end_table(self, _: str) -> None:
        self._stretches.end_table()
        self._around.end_table()

    def _turn_table(self, _: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - one face for all
        self._stretches.turn_table()

    def _dress_table(self, _: str, attributes: dict[str, str]) -> None:
        self._around.dress_table(without_prefixes(attributes).get("val", ""))

    def _start_row(self, _: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - one face for all
        self._stretches.start_row()
        self._around.start_row()

    def _end_row(self, _: str) -> None:
        self._stretches.end_row()

    def _start_cell(self, _: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - one face for all
        self._around.start_cell()

    def _end_cell(self, _: str) -> None:
        self._stretches.end_cell()
        self._around.end_cell()

    def _start_item(self, name: str, attributes: dict[str, str]) -> None:
        """Start a comment or a note: each has its own number."""
        if self.kind is not _ITEMS[name] or len(self._paragraphs) > 1:
            return
        self._stretches.hand_over()
        if without_prefixes(attributes).get("type") not in _UNCOUNTED:
            self._items += 1
            self._stretches.number = self._items

    def _end_item(self, name: str) -> None:
        if self.kind is _ITEMS[name] and len(self._paragraphs) == 1:
            self._end_loose()
            self._stretches.hand_over()

    # alternatives, fields and what stands in a text

    def _start_alternatives(self, _: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - one face for all
        self._choices.append(set())
        self._branches.append(0)

    def _end_alternatives(self, _: str) -> None:
        if self._choices:
            self._choices.pop()
            self._branches.pop()

    def _start_branch(self, name: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - one face for all
        if self._branches:
            self._branches[-1] += 1
        self._fallback += name == "Fallback"

    def _end_branch(self, name: str) -> None:
        self._fallback = max(0, self._fallback - (name == "Fallback"))

    def _start_ruby(self, _: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - one face for all
        self._aids.append((0, 0))

    def _end_ruby(self, _: str) -> None:
        if self._aids:
            self._paragraphs[-1].put_aid_behind(*self._aids.pop())

    def _start_aid(self, _: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - one face for all
        self._in_aid += 1
        if self._aids:
            self._aids[-1] = (len(self._paragraphs[-1].pieces),) * 2

    def _end_aid(self, _: str) -> None:
        self._in_aid = max(0, self._in_aid - 1)
        if self._aids:
            self._aids[-1] = (self._aids[-1][0], len(self._paragraphs[-1].pieces))

    def _field(self, _: str, attributes: dict[str, str]) -> None:
        """Take a mark of a field: between its begin and its separator stands its code, which nobody sees."""
        self._fields.mark(without_prefixes(attributes).get("fldCharType", ""))

    def _symbol(self, _: str, attributes: dict[str, str]) -> None:
        self._put(symbol(without_prefixes(attributes).get("char", "")))

    def _start_override(self, _: str, attributes: dict[str, str]) -> None:
        self._put(_OVERRIDE if "rtl" in attributes.values() else _OVERRIDE_LEFT)

    def _end_override(self, _: str) -> None:
        self._put(_END_OF_OVERRIDE)

    # what text stands on

    def _page_colour(self, _: str, attributes: dict[str, str]) -> None:
        colour = self._styles.palette.text({"val": "auto", **_coloured(attributes)})
        self._around.page(colour if colour >= 0 else None)

    def _shade(self, _: str, attributes: dict[str, str]) -> None:
        """Take the shading of a paragraph, a cell or a table; that of a run is a property of the run."""
        place = self._open[-3:-1]
        ground = self._styles.palette.shading(without_prefixes(attributes))
        if place == ["p", "pPr"]:
            if ground != AUTO:
                self._paragraphs[-1].grounds = (ground,)
        elif place == ["tc", "tcPr"]:
            self._around.shade_cell(ground)
        elif place == ["tbl", "tblPr"]:
            self._around.shade_table(ground)

    def _start_shape(self, _: str, attributes: dict[str, str]) -> None:
        self._around.start_shape(without_prefixes(attributes))

    def _end_shape(self, _: str) -> None:
        self._around.end_shape()

    def _start_anchor(self, _: str, attributes: dict[str, str]) -> None:
        self._boxes.start()
        self._around.hide_shape(without_prefixes(attributes))

    def _end_anchor(self, _: str) -> None:
        placed = self._boxes.end()
        if placed is not None:
            self._stretches.add_placed(placed)

    def _position(self, name: str, attributes: dict[str, str]) -> None:
        base = without_prefixes(attributes).get("relativeFrom", "")
        self._boxes.count_from(name, base, self._stretches.count)

    def _extent(self, _: str, attributes: dict[str, str]) -> None:
        self._boxes.extent(without_prefixes(attributes).get("cy", ""))

    def _drawing_properties(self, _: str, attributes: dict[str, str]) -> None:
        self._around.hide_shape(without_prefixes(attributes))

    def _fill(self, name: str, attributes: dict[str, str]) -> None:
        if self._open[-2:-1] == ["spPr"] or self._open[-3:-1] == ["spPr", "solidFill"]:
            self._around.fill_shape(name, without_prefixes(attributes))

    def _style_fill(self, _: str, attributes: dict[str, str]) -> None:
        self._around.style_shape(without_prefixes(attributes))

    def _start_box(self, _: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - one face for all
        self._around.start_box(self._hiding)

    def _end_box(self, _: str) -> None:
        self._around.end_box()

    def _word_art(self, text: str) -> None:
        """Take the words of WordArt, which VML keeps in an attribute: a text box of one paragraph."""
        self._around.start_box(self._hiding)
        hiding = Visibility.TRACKED_DELETION if self._deleting else self._around.hiding
        self._start_paragraph()
        self._paragraphs[-1].pieces.append(
            Piece(text, hiding, self._inserting > 0, other=False, chosen=False, raised=False)
        )
        self._end_paragraph(self._paragraphs.pop())
        self._around.end_box()

    def _crop(self, _: str, attributes: dict[str, str]) -> None:
        """Take how much of a picture is cut off: all of it is in the file."""
        if any(value.isdecimal() and value.strip("0") for value in attributes.values()):
            self._part.mark(MarkKind.CROPPED_IMAGE)

    # what runs and paragraphs come to

    def _put(self, text: str, *, deleted: bool = False) -> None:
        paragraph = self._paragraphs[-1]
        if deleted or self._deleting:
            hiding: Visibility | None = Visibility.TRACKED_DELETION
        elif self._fields.codes > paragraph.codes:
            hiding = Visibility.HIDDEN
        else:
            hiding = self._around.hiding or self._hiding
        branch = self._branches[-1] if len(self._choices) > paragraph.choices else 0
        raised = bool(self._looks) and self._looks[-1].raised
        other = branch > 1 or self._in_aid > 0
        paragraph.pieces.append(Piece(text, hiding, self._inserting > 0, other, branch == 1, raised))

    def _start_paragraph(self) -> None:
        look, ground = self._styles.paragraph()
        around = self._around
        grounds = around.grounds if ground is None else (ground,)
        self._paragraphs.append(
            Paragraph(look.over(around.look), grounds, len(self._choices), len(self._fields), self._fields.codes)
        )

    def _run_property(self, name: str, attributes: dict[str, str]) -> None:
        """Note how a run is seen; the properties of a paragraph's mark say nothing of its text."""
        if len(self._open) < 3 or self._open[-3] != "r" or not self._looks:
            return
        if name == "webHidden" and self._fields.contents:
            return  # a table of contents on the web has no page numbers
        given = without_prefixes(attributes)
        if name == "rStyle":
            look = self._styles.look(given.get("val", "")).over(self._looks[-1])
        else:
            look = self._looks[-1].with_property(name, given, self._styles.palette)
        if look is not self._looks[-1]:
            self._looks[-1] = look
            self._hiding = look.hiding(self._paragraphs[-1].grounds)

    def _paragraph_property(self, name: str, attributes: dict[str, str]) -> None:
        """Note the style and the list of a paragraph; those that it had before a tracked change do not count."""
        path = ["p", "pPr"] if name == "pStyle" else ["p", "pPr", "numPr"]
        if not self._is_word or self._open[-1 - len(path) : -1] != path:
            return
        value = without_prefixes(attributes).get("val", "")
        paragraph = self._paragraphs[-1]
        if name == "pStyle":
            paragraph.style = value
            look, ground = self._styles.paragraph(value)
            paragraph.look = look.over(self._around.look)
            if ground is not None:
                paragraph.grounds = (ground,)
        elif name == "numId":
            paragraph.number = value
        else:
            paragraph.level = level_of(value)

    def _end_properties(self, paragraph: Paragraph) -> None:
        """Work out the number of a list, which a reader sees before the text."""
        if not paragraph.label:
            paragraph.label = self._counter.label(paragraph.style, paragraph.number, paragraph.level)

    def _end_paragraph(self, paragraph: Paragraph) -> None:
        self._fields.end_paragraph(paragraph.fields, paragraph.codes)
        if not paragraph.pieces and not paragraph.label:
            return
        text, whole = paragraph.now(), paragraph.whole()
        if self._fallback and self._choices and whole in self._choices[-1]:
            return  # the same text box again, for older programs
        if self._choices:
            self._choices[-1].add(whole)
        stretches = self._stretches
        if whole.strip() or paragraph.label:
            stretches.count_paragraph()
        hidden = {hiding: paragraph.label + paragraph.with_hidden(hiding) for hiding in paragraph.hidings()}
        stretches.add_hidden(hidden, is_shown=bool(text.strip()))
        if paragraph.label and (text.strip() or not hidden):
            stretches.add_also(text[:_START_OF_PARAGRAPH])
            text = f"{paragraph.label}{text}"
        for reading in paragraph.also():
            if reading != text:
                stretches.add_also(reading)
        if text.strip():
            stretches.add(text)
            self._boxes.add(text)

    def _end_loose(self) -> None:
        """End a stretch of text that stands in no paragraph."""
        loose = self._paragraphs[0]
        if any(piece.text.strip() for piece in loose.pieces):
            self._paragraphs[0] = Paragraph()
            self._end_paragraph(loose)


_SHAPES = words("drawing pict wsp sp shape rect roundrect oval group")
_STARTS: dict[str, Callable[[Story, str, dict[str, str]], None]] = {
    "tbl": Story._start_table,
    "bidiVisual": Story._turn_table,
    "tblStyle": Story._dress_table,
    "tr": Story._start_row,
    "tc": Story._start_cell,
    **dict.fromkeys(_ITEMS, Story._start_item),
    "AlternateContent": Story._start_alternatives,
    **dict.fromkeys(("Choice", "Fallback"), Story._start_branch),
    "ruby": Story._start_ruby,
    "rt": Story._start_aid,
    "fldChar": Story._field,
    "sym": Story._symbol,
    "bdo": Story._start_override,
    "background": Story._page_colour,
    "shd": Story._shade,
    **dict.fromkeys(_SHAPES, Story._start_shape),
    **dict.fromkeys(("docPr", "cNvPr"), Story._drawing_properties),
    **dict.fromkeys(FILLS | FILL_COLOURS, Story._fill),
    "fillRef": Story._style_fill,
    "txbxContent": Story._start_box,
    "srcRect": Story._crop,
    "anchor": Story._start_anchor,
    **dict.fromkeys(("positionH", "positionV"), Story._position),
    "extent": Story._extent,
    **dict.fromkeys(("pStyle", "numId", "ilvl"), Story._paragraph_property),
}
_ENDS: dict[str, Callable[[Story, str], None]] = {
    "tbl": Story._end_table,
    "tr": Story._end_row,
    "tc": Story._end_cell,
    **dict.fromkeys(_ITEMS, Story._end_item),
    "AlternateContent": Story._end_alternatives,
    **dict.fromkeys(("Choice", "Fallback"), Story._end_branch),
    "ruby": Story._end_ruby,
    "rt": Story._end_aid,
    "bdo": Story._end_override,
    **dict.fromkeys(_SHAPES, Story._end_shape),
    "txbxContent": Story._end_box,
    "anchor": Story._end_anchor,
}


# The elements at whose begin, or end, there is something to do.
_BEGINNING = frozenset(("p", "h", "r", "rStyle", *_IN_RUN, *_CHANGED, *_TRACKED, *OF_RUNS, *_STARTS))
_ENDING = frozenset(("p", "h", "r", "pPr", *_CHANGED, *_ENDS))


def _coloured(attributes: dict[str, str]) -> dict[str, str]:
    """Return the colour of a page, which is written in an attribute of its own, as that of a text is."""
    given = without_prefixes(attributes)
    return {**given, "val": given.get("color", "auto")}

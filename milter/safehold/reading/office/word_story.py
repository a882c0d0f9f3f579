# SPDX-License-Identifier: GPL-3.0-or-later
"""One XML part of an office document, streamed: its paragraphs as a reader sees them, and as one could.

Paragraphs of the body are handed over in stretches, because an address in a letter is several paragraphs: a
stretch ends after a long paragraph once it has some size, and carries the number of its first paragraph.  A
paragraph with deletions is handed over once as it reads now, and once as it read before; what can be seen in two ways
(a list number, text for older programs, raised text, rows from right to left) is handed over once more beside it.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from safehold.model import PlaceKind, Visibility
from safehold.reading.notes import OpenPart
from safehold.reading.office.word_styles import PLAIN, Counter, Look, Numbering, Styles, level_of
from safehold.reading.office.word_styles import plain as without_prefixes
from safehold.reading.vocabulary import MarkKind, words

_NUMBER = re.compile(r"(\d{1,6})\.\w+$")
# Character data that is layout, not text.
_NOISE = words(
    "posOffset align pctWidth pctHeight pctPosHOffset pctPosVOffset Anchor SizeWithCells MoveWithCells AutoFill"
)
_BREAKING = words("p h row c tr tc si li item footnote endnote comment")
# Outside Word, every element ends a piece of text but these.
_INLINE = words("t r rPr rPh b i u sz color rFont family charset scheme span a s em strong")
_SHOWN_ATTRIBUTES = words(
    "descr title alt string tooltip author instr displayText instrText href prompt error promptTitle errorTitle"
)
# Elements whose ``val`` is somebody's words.
_VALUED = words(
    "alias tag default docVar helpText statusText entryMacro result listItem docPartName tblCaption tblDescription"
    " listEntry query"
)
_NAMED = words("bookmarkStart docPr cNvPr docVar definedName sheet name")
# Attributes that are words in these elements, and layout in others.
_SHOWN_IN = {
    "hyperlink": "anchor", "listItem": "value", "customXml": "element", "attr": "val", "ocxPr": "value",
    "comment": "initials", "lvlText": "val",
}  # fmt: skip
_HAVING_NAMES = frozenset(("docPartPr", "frame", "ffData"))
_LETTERS = re.compile(r"[^\W\d_]{2}")
# In these, ``ins`` and ``del`` are about a mark or a row, and hold no text.
_PROPERTIES = frozenset(("rPr", "trPr", "tcPr", "numPr"))
_DELETING = frozenset(("del", "moveFrom"))
_INSERTING = frozenset(("ins", "moveTo"))
_CHANGED = _DELETING | _INSERTING
_TRACKED = words("ins del moveFrom moveTo rPrChange pPrChange tblPrChange sectPrChange cellIns cellDel")
_IN_RUN = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "softHyphen": "\u00ad"}
_STRUCTURE = words("tbl tr tc bidiVisual AlternateContent Choice Fallback rt fldChar sym bdo")
_OF_PARAGRAPH = frozenset(("pStyle", "numId", "ilvl"))
_ENOUGH = 1_500
_TOO_MUCH = 20_000
_LONG_PARAGRAPH = 200
_LONGEST_ROW, _MOST_PIECES_OF_ROW = 400, 60
_START_OF_PARAGRAPH = 200
_MOST_NAMES = 1_000
_CELL = "\t"
_OVERRIDE, _OVERRIDE_LEFT, _END_OF_OVERRIDE = "\u202e", "\u202d", "\u202c"
# Words in a row, in an attribute that we do not know; names of fonts and styles are such words and say nothing.
_WORDY = re.compile(r"[A-Za-z]{4,40}[^A-Za-z]{1,20}[A-Za-z]{4}")
_WORDLESS = words("style path ascii hAnsi cs eastAsia typeface panose1 uiPriority Requires Ignorable schemaLocation")
_WORDLESS_ELEMENTS = words("lsdException name font latin ea cs sym clrScheme fontScheme fmtScheme")


class _Piece(NamedTuple):
    """A run of text as its document has it."""

    text: str
    hiding: Visibility | None
    inserted: bool  # with tracking on
    other: bool  # for older programs, or a reading aid: not what the paragraph says
    chosen: bool  # what stands for it in a new program
    raised: bool


@dataclass(slots=True)
class _Paragraph:
    """The pieces of a paragraph, and what its properties say."""

    choices: int = 0  # alternatives that were open when it began
    pieces: list[_Piece] = field(default_factory=list, repr=False)
    look: Look = PLAIN
    style: str = ""
    number: str | None = None
    level: int | None = None
    label: str = ""

    def now(self) -> str:
        """Return the text as the document shows it."""
        return "".join([piece.text for piece in self.pieces if piece.hiding is None and not piece.other])

    def hidings(self) -> set[Visibility]:
        """Return every way in which some of it is hidden."""
        return {piece.hiding for piece in self.pieces if piece.hiding is not None and piece.text.strip()}

    def with_hidden(self, hiding: Visibility) -> str:
        """Return the text with what is hidden in one way put back; with deletions, what replaced them is left out."""
        before = hiding is Visibility.TRACKED_DELETION
        return "".join(
            piece.text
            for piece in self.pieces
            if piece.hiding is hiding or (piece.hiding is None and not piece.other and not (before and piece.inserted))
        )

    def also(self) -> list[str]:
        """Return the other ways in which the shown text can be read."""
        shown = [piece for piece in self.pieces if piece.hiding is None]
        readings: list[str] = []
        if any(piece.other for piece in shown):
            readings.append("".join([piece.text for piece in shown if not piece.chosen]))
        shown = [piece for piece in shown if not piece.other]
        if any(piece.raised for piece in shown):
            readings.append("".join([f" {piece.text} " if piece.raised else piece.text for piece in shown]))
            readings.append("".join([piece.text for piece in shown if not piece.raised]))
        return readings


class Story:
    """Takes the events of one XML part and hands over its text."""

    def __init__(
        self,
        part: OpenPart,
        kind: PlaceKind,
        name: str,
        styles: Styles | None = None,
        numbering: Numbering | None = None,
    ) -> None:
        self.kind = kind
        self._part = part
        found = _NUMBER.search(name)
        self._number = int(found[1]) if found and kind is not PlaceKind.PARAGRAPH else None
        self._is_word = name.lower().startswith("word/")
        self._styles = styles or Styles()
        self._counter = Counter(numbering or Numbering())
        self._names: dict[str, str] = {}
        self._open: list[str] = []
        self._paragraphs: list[_Paragraph] = [_Paragraph()]
        self._deleting = 0
        self._inserting = 0
        self._looks: list[Look] = []  # of the open runs
        self._hiding: Visibility | None = None
        self._tables = 0
        self._table_depth = 0
        self._rows: list[int] = []  # where in the stretch each open row begins
        self._turned: list[int] = []  # tables whose columns go from right to left, by their depth
        self._count = 0
        self._stretch: list[str] = []
        self._stretch_from = 0
        self._stretch_size = 0
        self._also: dict[str, None] = {}
        self._attributes: dict[str, None] = {}
        self._asides: list[str] = []
        self._instructions: list[str] = []
        self._choices: list[set[str]] = []
        self._branches: list[int] = []  # which alternative is open, from 1, in each choice
        self._fallback = 0
        self._aids = 0

    # expat's events

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        name = self._names.get(tag) or self._name(tag)
        parent = self._open[-1] if self._open else ""
        self._open.append(name)
        if attributes:
            self._take_attributes(name, attributes)
        if name in ("p", "h"):
            self._paragraphs.append(_Paragraph(len(self._choices)))
        elif name == "r":
            self._looks.append(self._paragraphs[-1].look)
            self._hiding = self._looks[-1].hiding
        elif parent == "r" and name in _IN_RUN:
            self._put(_IN_RUN[name])
        elif parent == "rPr":
            self._run_property(name, attributes)
        elif self._is_word and parent not in _PROPERTIES and name in _CHANGED:
            self._deleting += name in _DELETING
            self._inserting += name in _INSERTING
        elif name in _STRUCTURE:
            self._start_structure(name, attributes)
        elif name in _OF_PARAGRAPH and self._is_word:
            self._paragraph_property(name, attributes)
        if name in _TRACKED and self._is_word:
            self._part.mark(MarkKind.TRACKED_CHANGES)

    def end(self, tag: str) -> None:
        """Take an end tag."""
        name = self._names.get(tag) or self._name(tag)
        if self._open:
            self._open.pop()
        if name in ("p", "h") and len(self._paragraphs) > 1:
            self._end_paragraph(self._paragraphs.pop())
        elif self._is_word and name in _CHANGED:
            if (self._open[-1] if self._open else "") not in _PROPERTIES:
                self._deleting -= name in _DELETING
                self._inserting -= name in _INSERTING
        elif name == "r":
            if self._looks:
                self._looks.pop()
            self._hiding = self._looks[-1].hiding if self._looks else None
        elif name == "pPr" and self._is_word and (self._open[-1] if self._open else "") == "p":
            self._end_properties(self._paragraphs[-1])
        elif name in _STRUCTURE:
            self._end_structure(name)
        elif len(self._paragraphs) == 1 and (name in _BREAKING or not (self._is_word or name in _INLINE)):
            self._end_loose()

    def _name(self, tag: str) -> str:
        """Return a tag without its prefix, and remember it: a part has few tags and many elements."""
        name = tag.rpartition(":")[2]
        if len(self._names) < _MOST_NAMES:
            self._names[tag] = name
        return name

    def data(self, text: str) -> None:
        """Take character data."""
        name = self._open[-1] if self._open else ""
        if name in ("instrText", "delInstrText"):
            self._instructions.append(text)
        elif name in _NOISE or (self._is_word and name != "t" and not text.strip()):
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
        self._hand_over_stretch()
        instructions = "".join(self._instructions)
        self._part.segment(self.kind, instructions, number=self._number, visibility=Visibility.ATTRIBUTE)
        attributes = "\n\n".join(self._attributes)
        self._part.segment(self.kind, attributes, number=self._number, visibility=Visibility.ATTRIBUTE)
        asides = "\n\n".join(self._asides)
        self._part.segment(self.kind, asides, number=self._number, visibility=Visibility.HIDDEN)

    # structure

    def _start_structure(self, name: str, attributes: dict[str, str]) -> None:
        if name == "tbl":
            if not self._table_depth:
                self._hand_over_stretch()
                self._tables += 1
            self._table_depth += 1
        elif name == "bidiVisual":
            self._turned.append(self._table_depth)
        elif name == "tr":
            self._rows.append(len(self._stretch))
        elif name == "AlternateContent":
            self._choices.append(set())
            self._branches.append(0)
        elif name in ("Choice", "Fallback"):
            if self._branches:
                self._branches[-1] += 1
            self._fallback += name == "Fallback"
        elif name == "rt":
            self._aids += 1
        elif name == "fldChar":
            self._instructions.append("\n")
        elif name == "sym":
            self._put(_symbol(without_prefixes(name, attributes)[1].get("char", "")))
        elif name == "bdo":
            self._put(_OVERRIDE if "rtl" in attributes.values() else _OVERRIDE_LEFT)

    def _end_structure(self, name: str) -> None:
        if name == "tc":
            self._stretch.append(_CELL)
        elif name == "tr":
            self._end_row()
        elif name == "tbl":
            while self._turned and self._turned[-1] >= self._table_depth:
                self._turned.pop()
            self._table_depth = max(0, self._table_depth - 1)
            if not self._table_depth:
                self._hand_over_stretch(PlaceKind.TABLE)
        elif name == "AlternateContent" and self._choices:
            self._choices.pop()
            self._branches.pop()
        elif name == "Fallback":
            self._fallback = max(0, self._fallback - 1)
        elif name == "rt":
            self._aids = max(0, self._aids - 1)
        elif name == "bdo":
            self._put(_END_OF_OVERRIDE)

    def _end_row(self) -> None:
        """Join the cells of a row, where a reader sees one line."""
        start = self._rows.pop() if self._rows else len(self._stretch)
        row = self._stretch[start:]
        if not 1 < len(row) <= _MOST_PIECES_OF_ROW or sum(map(len, row)) > _LONGEST_ROW:
            return
        cells: list[list[str]] = [[]]
        for piece in row:
            if piece == _CELL:
                cells.append([])
            else:
                cells[-1].append(piece)
        texts = [" ".join(cell) for cell in cells if cell]
        self._stretch[start:] = [_CELL.join(texts)]
        if self._turned:
            self._also[_CELL.join(reversed(texts))] = None
            self._part.mark(MarkKind.REORDERED, self._place_kind(), self._place_number())

    # what runs and paragraphs come to

    def _put(self, text: str, *, deleted: bool = False) -> None:
        paragraph = self._paragraphs[-1]
        hiding = Visibility.TRACKED_DELETION if deleted or self._deleting else self._hiding
        branch = self._branches[-1] if len(self._choices) > paragraph.choices else 0
        raised = bool(self._looks) and self._looks[-1].raised
        other = branch > 1 or self._aids > 0
        paragraph.pieces.append(_Piece(text, hiding, self._inserting > 0, other, branch == 1, raised))

    def _run_property(self, name: str, attributes: dict[str, str]) -> None:
        """Note how a run is seen; the properties of a paragraph's mark say nothing of its text."""
        if len(self._open) < 3 or self._open[-3] != "r" or not self._looks:
            return
        given = without_prefixes(name, attributes)[1]
        if name == "rStyle":
            look = self._styles.look(given.get("val", "")).over(self._looks[-1])
        else:
            look = self._looks[-1].with_property(name, given)
        if look is not self._looks[-1]:
            self._looks[-1] = look
            self._hiding = look.hiding

    def _paragraph_property(self, name: str, attributes: dict[str, str]) -> None:
        """Note the style and the list of a paragraph; those that it had before a tracked change do not count."""
        path = ["p", "pPr"] if name == "pStyle" else ["p", "pPr", "numPr"]
        if self._open[-1 - len(path) : -1] != path:
            return
        value = without_prefixes(name, attributes)[1].get("val", "")
        paragraph = self._paragraphs[-1]
        if name == "pStyle":
            paragraph.style = value
            paragraph.look = self._styles.look(value)
        elif name == "numId":
            paragraph.number = value
        else:
            paragraph.level = level_of(value)

    def _end_properties(self, paragraph: _Paragraph) -> None:
        """Put the number of a list before the text, as a reader sees it."""
        number, level = self._styles.numbering(paragraph.style)
        if paragraph.number is not None:
            number, level = paragraph.number, 0
        if number and not paragraph.label:
            paragraph.label = self._counter.label(number, level if paragraph.level is None else paragraph.level)

    def _take_attributes(self, name: str, attributes: dict[str, str]) -> None:
        for key, value in attributes.items():
            if not value:
                continue
            local = key.rpartition(":")[2]
            if (
                local in _SHOWN_ATTRIBUTES
                or (local == "val" and name in _VALUED)
                or (local == "name" and name in _NAMED)
                or (local == _SHOWN_IN.get(name) and _LETTERS.search(value))
                or (name == "name" and len(self._open) > 1 and self._open[-2] in _HAVING_NAMES)
                or (self.kind is PlaceKind.METADATA and not key.startswith("xmlns") and self._says_something(value))
                or (len(value) > 8 and _is_wordy(name, key, local, value))
            ):
                self._attributes[value] = None

    @staticmethod
    def _says_something(value: str) -> bool:
        return len(value) > 3 and not value.startswith(("http://schemas.", "http://purl.", "http://www.w3.org", "{"))

    def _end_paragraph(self, paragraph: _Paragraph) -> None:
        if not paragraph.pieces and not paragraph.label:
            return
        text = paragraph.now()
        whole = "".join(piece.text for piece in paragraph.pieces)
        if self._fallback and self._choices and whole in self._choices[-1]:
            return  # the same text box again, for older programs
        if self._choices:
            self._choices[-1].add(whole)
        if not self._table_depth and (whole.strip() or paragraph.label):
            self._count += 1
        for hiding in paragraph.hidings():
            mark = MarkKind.TRACKED_CHANGES if hiding is Visibility.TRACKED_DELETION else MarkKind.HIDDEN_TEXT
            self._part.mark(mark)
            self._part.segment(
                self._place_kind(), paragraph.with_hidden(hiding), number=self._place_number(), visibility=hiding
            )
        if paragraph.label:
            self._also[text[:_START_OF_PARAGRAPH]] = None
            text = f"{paragraph.label}\t{text}"
        for reading in paragraph.also():
            if reading != text:
                self._also[reading] = None
        if text.strip():
            self._add(text)

    def _end_loose(self) -> None:
        """End a stretch of text that stands in no paragraph."""
        loose = self._paragraphs[0]
        if any(piece.text.strip() for piece in loose.pieces):
            self._paragraphs[0] = _Paragraph()
            self._end_paragraph(loose)

    # stretches

    def _add(self, text: str) -> None:
        if not self._stretch:
            self._stretch_from = self._count
        self._stretch.append(text)
        self._stretch_size += len(text)
        if self._table_depth:
            return
        if self._stretch_size > _TOO_MUCH or (self._stretch_size > _ENOUGH and len(text) > _LONG_PARAGRAPH):
            self._hand_over_stretch()

    def _hand_over_stretch(self, kind: PlaceKind | None = None) -> None:
        stretch, self._stretch, self._stretch_size = self._stretch, [], 0
        also, self._also = "\n\n".join(self._also), {}
        text = "\n".join(stretch).replace("\n\t", "\t")
        visibility = Visibility.COMMENT if self.kind is PlaceKind.COMMENT else Visibility.VISIBLE
        if self.kind is PlaceKind.COMMENT and text:
            self._part.mark(MarkKind.COMMENTS)
        place, number = self.kind, self._number
        if kind is PlaceKind.TABLE and self.kind is PlaceKind.PARAGRAPH:
            place, number = PlaceKind.TABLE, self._tables
        elif self.kind is PlaceKind.PARAGRAPH:
            number = self._stretch_from
        self._part.segment(place, text, number=number, visibility=visibility)
        self._part.segment(place, also, number=number, visibility=visibility)

    def _place_kind(self) -> PlaceKind:
        return PlaceKind.TABLE if self._table_depth and self.kind is PlaceKind.PARAGRAPH else self.kind

    def _place_number(self) -> int | None:
        if self.kind is not PlaceKind.PARAGRAPH:
            return self._number
        return self._tables if self._table_depth else self._count


def _symbol(code: str) -> str:
    """Return the character of a symbol: symbol fonts have theirs from U+F000 on, in the places of ASCII."""
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    if 0xF000 <= number <= 0xF0FF:
        number -= 0xF000
    return chr(number) if 0x20 <= number < 0x110000 and not 0xD800 <= number < 0xE000 else ""


def _is_wordy(element: str, key: str, local: str, value: str) -> bool:
    return (
        (" " in value or element == "lvlText")
        and local not in _WORDLESS
        and element not in _WORDLESS_ELEMENTS
        and not key.startswith("xmlns")
        and bool(_WORDY.search(value))
    )

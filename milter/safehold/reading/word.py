# SPDX-License-Identifier: GPL-3.0-or-later
"""Word documents: every XML part, streamed.

A library that follows the document's structure returns 7 of 41 places where text can stand in a DOCX (python-docx
``paragraphs``), a streaming pass over all parts returns 41 (measured, design notes 2.2).  expat has no depth limit
(300 nested content controls make lxml drop the text without an error), and entity declarations stop it.

Paragraphs of the body are handed over in stretches, because an address in a letter is several paragraphs: a
stretch ends after a long paragraph once it has some size, and carries the number of its first paragraph.  A
paragraph with deletions is handed over once as it reads now, and once as it read before.
"""

import re
from dataclasses import dataclass, field

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading import ooxml
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import Detail, MarkKind, words

_BODY = re.compile(r"^word/document\d*\.xml$", re.IGNORECASE)
_PLACES: tuple[tuple[re.Pattern[str], PlaceKind], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (r"^word/(?:header|footer)\d*\.xml$", PlaceKind.PAGE_HEADER),
        (r"^word/(?:footnotes|endnotes)\d*\.xml$", PlaceKind.NOTE),
        (r"(?:^|/)(?:comments\w*|threadedcomments?/.*|comments/.*)\.xml$", PlaceKind.COMMENT),
        (r"^(?:docprops|customxml|meta\.xml|word/people\.xml|word/settings\.xml)", PlaceKind.METADATA),
        (r"^ppt/notesslides/", PlaceKind.NOTE),
        (r"^ppt/slides/", PlaceKind.SLIDE),
        (r"^xl/worksheets/", PlaceKind.SHEET),
    )
)
_NUMBER = re.compile(r"(\d{1,6})\.\w+$")

# Character data that is layout, not text.
_NOISE = words(
    "posOffset align pctWidth pctHeight pctPosHOffset pctPosVOffset Anchor SizeWithCells MoveWithCells AutoFill"
)
_BREAKING = words("p h row c tr tc si li item footnote endnote comment table-cell table-row")
# Outside Word, every element ends a piece of text but these.
_INLINE = words("t r rPr rPh b i u sz color rFont family charset scheme span a s em strong text-input")
_SHOWN_ATTRIBUTES = words(
    "descr title alt string tooltip author instr displayText instrText href prompt error promptTitle errorTitle"
)
# Elements whose ``val`` is somebody's words.
_VALUED = words("alias tag default docVar helpText statusText entryMacro result listItem docPartName")
_NAMED = words("bookmarkStart docPr cNvPr docVar definedName sheet name")
# In these, ``ins`` and ``del`` are about a mark or a row, and hold no text.
_PROPERTIES = frozenset(("rPr", "trPr", "tcPr", "numPr"))
_DELETING = frozenset(("del", "moveFrom"))
_INSERTING = frozenset(("ins", "moveTo"))
_TRACKED = words("ins del moveFrom moveTo rPrChange pPrChange tblPrChange sectPrChange cellIns cellDel")
_IN_RUN = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "softHyphen": "\u00ad"}
_OFF = frozenset(("0", "false", "off", "none"))
_ENOUGH = 1_500
_TOO_MUCH = 20_000
_LONG_PARAGRAPH = 200


def read(content: bytes, part: OpenPart) -> None:
    """Read a Word document, the body first: if anything stops us, that was read."""
    package = ooxml.Package(content, part)
    package.sweep(lambda name, xml: _read_xml(xml, name, part), first=_BODY.match)


def _kind(name: str) -> PlaceKind:
    if _BODY.match(name):
        return PlaceKind.PARAGRAPH
    return next((kind for pattern, kind in _PLACES if pattern.search(name)), PlaceKind.TEXT)


# -- one XML part -------------------------------------------------------------------------------------------------


def _read_xml(content: bytes, name: str, part: OpenPart) -> None:
    story = _Story(part, _kind(name), name)
    wrong = ooxml.parse(content, story)
    story.finish()
    if wrong is not Detail.NONE:
        part.problem(Reason.CORRUPT, wrong)


@dataclass(slots=True)
class _Paragraph:
    """The pieces of a paragraph, each with how it is hidden and whether it was inserted with tracking on."""

    pieces: list[tuple[str, Visibility | None, bool]] = field(default_factory=list)

    def now(self) -> str:
        """Return the text as the document shows it."""
        return "".join(text for text, hiding, _ in self.pieces if hiding is None)

    def hidings(self) -> set[Visibility]:
        """Return every way in which some of it is hidden."""
        return {hiding for text, hiding, _ in self.pieces if hiding is not None and text.strip()}

    def with_hidden(self, hiding: Visibility) -> str:
        """Return the text with what is hidden in one way put back; with deletions, what replaced them is left out."""
        before = hiding is Visibility.TRACKED_DELETION
        return "".join(
            text for text, how, inserted in self.pieces if how is hiding or (how is None and not (before and inserted))
        )


class _Story:
    """Takes the events of one XML part and hands over its text."""

    def __init__(self, part: OpenPart, kind: PlaceKind, name: str) -> None:
        self.kind = kind
        self._part = part
        found = _NUMBER.search(name)
        self._number = int(found[1]) if found and kind is not PlaceKind.PARAGRAPH else None
        self._is_word = name.lower().startswith("word/")
        self._open: list[str] = []
        self._paragraphs: list[_Paragraph] = [_Paragraph()]
        self._deleting = 0
        self._inserting = 0
        self._hiding: Visibility | None = None
        self._tables = 0
        self._table_depth = 0
        self._count = 0
        self._stretch: list[str] = []
        self._stretch_from = 0
        self._stretch_size = 0
        self._attributes: dict[str, None] = {}
        self._instructions: list[str] = []
        self._choices: list[set[str]] = []
        self._fallback = 0

    # expat's events

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        name = tag.rpartition(":")[2]
        parent = self._open[-1] if self._open else ""
        self._open.append(name)
        if attributes:
            self._take_attributes(name, attributes)
        if name in ("p", "h"):
            self._paragraphs.append(_Paragraph())
        elif name == "r":
            self._hiding = None
        elif parent == "r" and name in _IN_RUN:
            self._put(_IN_RUN[name])
        elif name == "rPr" or parent == "rPr":
            self._run_property(name, attributes)
        elif name == "tbl":
            if not self._table_depth:
                self._hand_over_stretch()
                self._tables += 1
            self._table_depth += 1
        elif self._is_word and parent not in _PROPERTIES and name in _DELETING | _INSERTING:
            self._deleting += name in _DELETING
            self._inserting += name in _INSERTING
        elif name == "AlternateContent":
            self._choices.append(set())
        elif name == "Fallback":
            self._fallback += 1
        elif name in ("s", "tab") and parent in ("p", "h", "span", "a"):  # OpenDocument's space and tab
            self._put(" ")
        if name in _TRACKED and self._is_word:
            self._part.mark(MarkKind.TRACKED_CHANGES)

    def end(self, tag: str) -> None:
        """Take an end tag."""
        name = tag.rpartition(":")[2]
        if self._open:
            self._open.pop()
        if name in ("p", "h") and len(self._paragraphs) > 1:
            self._end_paragraph(self._paragraphs.pop())
        elif name == "tc":
            self._stretch.append("\t")
        elif name == "tbl":
            self._table_depth = max(0, self._table_depth - 1)
            if not self._table_depth:
                self._hand_over_stretch(PlaceKind.TABLE)
        elif self._is_word and name in _DELETING | _INSERTING:
            if (self._open[-1] if self._open else "") not in _PROPERTIES:
                self._deleting -= name in _DELETING
                self._inserting -= name in _INSERTING
        elif name == "AlternateContent" and self._choices:
            self._choices.pop()
        elif name == "Fallback":
            self._fallback = max(0, self._fallback - 1)
        elif name == "r":
            self._hiding = None
        elif len(self._paragraphs) == 1 and (name in _BREAKING or not (self._is_word or name in _INLINE)):
            self._end_loose()

    def data(self, text: str) -> None:
        """Take character data."""
        name = self._open[-1] if self._open else ""
        if name in ("instrText", "delInstrText"):
            self._instructions.append(text)
        elif name in _NOISE or (self._is_word and name != "t" and not text.strip()):
            return
        else:
            self._put(text, deleted=name == "delText")

    def finish(self) -> None:
        """Hand over what is left."""
        while self._paragraphs:
            self._end_paragraph(self._paragraphs.pop())
        self._hand_over_stretch()
        instructions = "".join(self._instructions)
        self._part.segment(self.kind, instructions, number=self._number, visibility=Visibility.ATTRIBUTE)
        attributes = "\n\n".join(self._attributes)
        self._part.segment(self.kind, attributes, number=self._number, visibility=Visibility.ATTRIBUTE)

    # what they come to

    def _put(self, text: str, *, deleted: bool = False) -> None:
        hiding = Visibility.TRACKED_DELETION if deleted or self._deleting else self._hiding
        self._paragraphs[-1].pieces.append((text, hiding, self._inserting > 0))

    def _run_property(self, name: str, attributes: dict[str, str]) -> None:
        """Note how a run is hidden; the properties of a paragraph's mark hide nothing."""
        if len(self._open) < 3 or self._open[-3] != "r":
            return
        value = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "val"), "")
        if name in ("vanish", "webHidden") and value.lower() not in _OFF:
            self._hiding = Visibility.HIDDEN
        elif name == "color" and value.upper() == "FFFFFF" and self._hiding is None:
            self._hiding = Visibility.WHITE
        elif name in ("highlight", "shd") and self._hiding is Visibility.WHITE:
            self._hiding = None  # white on a colour is shown
        elif name == "sz" and value in ("0", "1", "2"):
            self._hiding = Visibility.TINY

    def _take_attributes(self, name: str, attributes: dict[str, str]) -> None:
        for key, value in attributes.items():
            if not value:
                continue
            local = key.rpartition(":")[2]
            if (
                local in _SHOWN_ATTRIBUTES
                or (local == "val" and name in _VALUED)
                or (local == "name" and name in _NAMED)
                or (self.kind is PlaceKind.METADATA and not key.startswith("xmlns") and self._says_something(value))
            ):
                self._attributes[value] = None

    @staticmethod
    def _says_something(value: str) -> bool:
        return len(value) > 3 and not value.startswith(("http://schemas.", "http://purl.", "http://www.w3.org", "{"))

    def _end_paragraph(self, paragraph: _Paragraph) -> None:
        if not paragraph.pieces:
            return
        text = paragraph.now()
        whole = "".join(piece for piece, _, _ in paragraph.pieces)
        if self._fallback and self._choices and whole in self._choices[-1]:
            return  # the same text box again, for older programs
        if self._choices:
            self._choices[-1].add(whole)
        if not self._table_depth and whole.strip():
            self._count += 1
        for hiding in paragraph.hidings():
            mark = MarkKind.TRACKED_CHANGES if hiding is Visibility.TRACKED_DELETION else MarkKind.HIDDEN_TEXT
            self._part.mark(mark)
            self._part.segment(
                self._place_kind(), paragraph.with_hidden(hiding), number=self._place_number(), visibility=hiding
            )
        if text.strip():
            self._add(text)

    def _end_loose(self) -> None:
        """End a stretch of text that stands in no paragraph."""
        loose = self._paragraphs[0]
        if any(text.strip() for text, _, _ in loose.pieces):
            self._paragraphs[0] = _Paragraph()
            self._end_paragraph(loose)

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
        if not stretch:
            return
        text = "\n".join(stretch).replace("\n\t", "\t")
        visibility = Visibility.COMMENT if self.kind is PlaceKind.COMMENT else Visibility.VISIBLE
        if self.kind is PlaceKind.COMMENT:
            self._part.mark(MarkKind.COMMENTS)
        if kind is PlaceKind.TABLE and self.kind is PlaceKind.PARAGRAPH:
            self._part.segment(PlaceKind.TABLE, text, number=self._tables, visibility=visibility)
        else:
            number = self._stretch_from if self.kind is PlaceKind.PARAGRAPH else self._number
            self._part.segment(self.kind, text, number=number, visibility=visibility)

    def _place_kind(self) -> PlaceKind:
        return PlaceKind.TABLE if self._table_depth and self.kind is PlaceKind.PARAGRAPH else self.kind

    def _place_number(self) -> int | None:
        if self.kind is not PlaceKind.PARAGRAPH:
            return self._number
        return self._tables if self._table_depth else self._count

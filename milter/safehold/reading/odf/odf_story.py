# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of one XML part of an OpenDocument file: content, styles, or a whole flat document.

Every element that changes where text goes, or how it is hidden, says what is to happen when it ends; so the reader
needs no recursion, and a part that breaks off is handed over as far as it goes.

Source: OpenDocument 1.3 part 3 (schema).
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.basics import colours
from safehold.reading.notes import OpenPart
from safehold.reading.odf.odf_sheet import Sheet, cell_value
from safehold.reading.odf.odf_styles import Styles, points
from safehold.reading.odf.odf_words import attribute, count, is_shown, loads_from_outside
from safehold.reading.office.ooxml import local
from safehold.reading.vocabulary import Detail, MarkKind, words

_IN_PARAGRAPH = frozenset(("p", "h", "span", "a", "ruby-base", "meta", "meta-field"))
_PLACED = words("frame custom-shape rect text-box line connector ellipse circle polygon path measure caption control g")
_HEADERS = words(
    "header footer header-left footer-left header-first footer-first header-decl footer-decl date-time-decl"
)
_MOSTLY = 0.9
_MOST_SPACES = 100
_ENOUGH = 1_500
_TOO_MUCH = 20_000
_LONG_PARAGRAPH = 200

_Piece = tuple[str, Visibility | None, bool]  # text, how it is hidden, whether tracked changes inserted it


@dataclass(slots=True)
class Context:
    """Where paragraphs go: the body, a note, a comment, a header, a cell, a slide.

    Attributes:
        kind: The kind of place, or None for a cell, whose text goes to its row.
        number: Which one.
        visibility: How all of it is hidden, or None.
        stretches: Whether it is long and goes out in stretches that carry the number of their first paragraph.
    """

    kind: PlaceKind | None
    number: int | None = None
    visibility: Visibility | None = None
    stretches: bool = False
    lines: list[str] = field(default_factory=list, repr=False)
    row: list[str] = field(default_factory=list, repr=False)
    size: int = 0
    first: int = 0
    has_text: bool = False


@dataclass(slots=True)
class _Paragraph:
    """A paragraph at hand."""

    pieces: list[_Piece] = field(default_factory=list, repr=False)
    is_hidden: bool = False


class Story:
    """Takes the events of content, styles or a whole flat file, and hands over the text."""

    def __init__(self, part: OpenPart, styles: Styles, outermost: Context) -> None:
        self._part = part
        self._styles = styles
        self._locals: dict[str, str] = {}
        self._open: list[str] = []
        self._contexts: list[Context] = [outermost]
        self._ends: list[tuple[int, Callable[[], None]]] = []  # what to do when the element of that depth ends
        self._paragraphs: list[_Paragraph] = []
        self._hidings: list[Visibility] = []
        self._grounds: list[int | None] = [colours.WHITE]
        self._inserting = 0
        self._deletions: dict[str, str] = {}
        self._sheet: Sheet | None = None
        self._counts = {"paragraph": 0, "table": 0, "note": 0, "comment": 0, "sheet": 0, "slide": 0, "image": 0}
        self._attributes: dict[str, None] = {}
        self._formulas: dict[str, None] = {}
        self._loose: list[str] = []
        self._captured: list[str] | None = None
        self._page_size: tuple[float, float] | None = None
        self._region = ""  # the change at hand
        self._hidden_layers: set[str] = set()
        self._in_body = False
        self._inside = {"spreadsheet": 0, "math": 0}  # how many of these are open

    # expat's events

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        name = self._locals.get(tag)
        if name is None:
            name = self._locals[tag] = local(tag)
        self._open.append(name)
        if name in self._inside:
            self._inside[name] += 1
        if attributes:
            self._take_attributes(name, attributes)
        take = _STARTS.get(name)
        if take is not None:
            take(self, attributes)
        elif name in _PLACED:
            self._start_shape(attributes)

    def end(self, _: str) -> None:
        """Take an end tag."""
        depth = len(self._open)
        while self._ends and self._ends[-1][0] >= depth:
            self._ends.pop()[1]()
        if self._open:
            name = self._open.pop()
            if name in self._inside:
                self._inside[name] -= 1
        if not self._paragraphs and self._loose and self._loose[-1] != "\n":
            self._loose.append("\n")

    def data(self, text: str) -> None:
        """Take character data."""
        if self._captured is not None:
            self._captured.append(text)
        elif self._paragraphs:
            self._put(text)
        elif not text.isspace():
            self._loose.append(text)

    def aside(self, text: str) -> None:
        """Take a comment or a processing instruction."""
        if text.strip():
            self._attributes[text.strip()] = None

    def finish(self) -> None:
        """Hand over what is left."""
        while self._ends:
            self._ends.pop()[1]()
        self._flush(self._contexts[0])
        part = self._part
        for text in self._deletions.values():
            part.segment(PlaceKind.PARAGRAPH, text, visibility=Visibility.TRACKED_DELETION)
        loose = "".join(self._loose)
        part.segment(PlaceKind.METADATA, loose, visibility=Visibility.HIDDEN)
        part.segment(PlaceKind.METADATA, "\n\n".join(self._attributes), visibility=Visibility.ATTRIBUTE)
        part.segment(PlaceKind.METADATA, "\n".join(self._formulas), visibility=Visibility.ATTRIBUTE)

    # what happens at the end of an element

    def _at_end(self, do: Callable[[], None]) -> None:
        self._ends.append((len(self._open), do))

    def _hide(self, visibility: Visibility | None) -> None:
        """Hide what stands in the element at hand."""
        if visibility is not None:
            self._hidings.append(visibility)
            self._at_end(self._unhide)

    def _unhide(self) -> None:
        if self._hidings:
            self._hidings.pop()

    def _stand_on(self, colour: int | None) -> None:
        """Lay a colour behind what stands in the element at hand; None where it is not one known colour."""
        self._grounds.append(colour)
        self._at_end(self._unground)

    def _unground(self) -> None:
        if len(self._grounds) > 1:
            self._grounds.pop()

    def _enter(self, context: Context) -> None:
        """Send the paragraphs of the element at hand elsewhere."""
        self._contexts.append(context)
        outer, self._paragraphs = self._paragraphs, []
        hidings, self._hidings = self._hidings, [] if context.visibility else self._hidings

        def leave() -> None:
            while self._paragraphs:
                self._end_paragraph()
            self._paragraphs, self._hidings = outer, hidings
            self._flush(self._contexts.pop())

        self._at_end(leave)

    # text

    def _put(self, text: str) -> None:
        if self._paragraphs:
            hiding = self._hidings[-1] if self._hidings else None
            self._paragraphs[-1].pieces.append((text, hiding, self._inserting > 0))

    def _start_paragraph(self, attributes: dict[str, str]) -> None:
        self._paragraphs.append(_Paragraph())
        self._at_end(self._end_paragraph)
        self._dress("paragraph", attributes)

    def _end_paragraph(self) -> None:
        if not self._paragraphs:
            return
        paragraph = self._paragraphs.pop()
        pieces = paragraph.pieces
        if not pieces:
            return
        if paragraph.is_hidden:
            pieces = [(text, hiding or Visibility.HIDDEN, inserted) for text, hiding, inserted in pieces]
        context = self._contexts[-1]
        if context.stretches and any(text.strip() for text, _, _ in pieces):
            self._counts["paragraph"] += 1
        shown = "".join(text for text, hiding, _ in pieces if hiding is None or context.visibility is not None)
        ways = {hiding for text, hiding, _ in pieces if hiding is not None and text.strip()}
        if context.visibility is None:
            for way in ways:
                self._hand_over_hidden(context, way, pieces)
        if shown.strip():
            self._add(context, shown)

    def _hand_over_hidden(self, context: Context, way: Visibility, pieces: list[_Piece]) -> None:
        before = way is Visibility.TRACKED_DELETION
        text = "".join(
            text for text, hiding, inserted in pieces if hiding is way or (hiding is None and not (before and inserted))
        )
        if self._sheet is not None and context.kind is None:
            self._sheet.hide_cell(way)
            self._add(context, text)
            return
        mark = _HIDING_MARKS.get(way, MarkKind.HIDDEN_TEXT)
        place = next((c for c in reversed(self._contexts) if c.kind is not None), self._contexts[0])
        kind = place.kind or PlaceKind.PARAGRAPH
        number = self._counts["paragraph"] if place.stretches else place.number
        self._part.mark(mark)
        self._part.segment(kind, text, number=number, visibility=way)

    def _add(self, context: Context, text: str) -> None:
        if not context.lines:
            context.first = self._counts["paragraph"]
        context.has_text = True
        context.lines.append(text)
        context.size += len(text)
        enough = context.size > _TOO_MUCH or (context.size > _ENOUGH and len(text) > _LONG_PARAGRAPH)
        if context.kind is not None and enough and context.kind is not PlaceKind.TABLE:
            self._flush(context)

    def _flush(self, context: Context) -> None:
        lines, context.lines, context.size = context.lines, [], 0
        if context.kind is None or not lines:
            context.lines = lines
            return
        self._part.segment(
            context.kind,
            "\n".join(lines),
            number=context.first if context.stretches else context.number,
            visibility=context.visibility or Visibility.VISIBLE,
        )

    def _dress(self, family: str, attributes: dict[str, str]) -> None:
        """Take the style of the element at hand."""
        name = attribute(attributes, "style-name")
        if name:
            self._hide(self._styles.text_hiding(family, name, self._grounds[-1]))

    def _span(self, attributes: dict[str, str]) -> None:
        self._dress("text", attributes)

    def _spaces(self, attributes: dict[str, str]) -> None:
        self._put(" " * min(count(attribute(attributes, "c")), _MOST_SPACES))

    def _tab(self, _: dict[str, str]) -> None:
        self._put("\t")

    def _line_break(self, _: dict[str, str]) -> None:
        self._put("\n")

    def _section(self, attributes: dict[str, str]) -> None:
        display = attribute(attributes, "display")
        if display == "none" or (display == "condition" and attribute(attributes, "is-hidden") != "false"):
            self._hide(Visibility.HIDDEN)

    def _hidden_text(self, attributes: dict[str, str]) -> None:
        if attribute(attributes, "is-hidden") != "false":
            self._hide(Visibility.HIDDEN)
            self._put(attribute(attributes, "string-value"))

    def _hidden_paragraph(self, attributes: dict[str, str]) -> None:
        if attribute(attributes, "is-hidden") != "false" and self._paragraphs:
            self._paragraphs[-1].is_hidden = True

    def _words_beside(self, _: dict[str, str]) -> None:
        """Take a title or description: of a drawing, or (in a paragraph) a field."""
        if len(self._open) > 1 and self._open[-2] in _IN_PARAGRAPH:
            return
        outer, self._captured = self._captured, []

        def leave() -> None:
            text = "".join(self._captured or ()).strip()
            self._captured = outer
            if text:
                self._attributes[text] = None

        self._at_end(leave)

    def _binary(self, _: dict[str, str]) -> None:
        """Take a picture or an object of a flat file."""
        outer, self._captured = self._captured, []

        def leave() -> None:
            encoded = "".join(self._captured or ())
            self._captured = outer
            self._counts["image"] += 1
            try:
                content = base64.b64decode(encoded)
            except (binascii.Error, ValueError):
                self._part.problem(Reason.CORRUPT, Detail.BAD_ENCODING)
                return
            if content:
                self._part.member(f"object {self._counts['image']}", content)

        self._at_end(leave)

    def _config(self, attributes: dict[str, str]) -> None:
        """Take a setting; what is binary holds nobody's words."""
        if attribute(attributes, "type") == "base64Binary":
            outer, self._captured = self._captured, []

            def leave() -> None:
                self._captured = outer

            self._at_end(leave)

    # notes, comments, changes

    def _note_body(self, _: dict[str, str]) -> None:
        self._counts["note"] += 1
        self._enter(Context(PlaceKind.NOTE, self._counts["note"], self._hidings[-1] if self._hidings else None))

    def _citation(self, _: dict[str, str]) -> None:
        self._words_beside({})

    def _annotation(self, _: dict[str, str]) -> None:
        if self._inside["math"]:
            return
        self._counts["comment"] += 1
        self._part.mark(MarkKind.COMMENTS)
        self._enter(Context(PlaceKind.COMMENT, self._counts["comment"], Visibility.COMMENT))

    def _creator(self, _: dict[str, str]) -> None:
        """Take the author of a comment or change: a line of its own."""
        self._paragraphs.append(_Paragraph())
        self._at_end(self._end_paragraph)

    def _tracked_changes(self, _: dict[str, str]) -> None:
        self._enter(Context(PlaceKind.METADATA, None, Visibility.ATTRIBUTE))  # who changed, and when

    def _changed_region(self, attributes: dict[str, str]) -> None:
        self._part.mark(MarkKind.TRACKED_CHANGES)
        self._region = attribute(attributes, "id")

    def _deletion(self, _: dict[str, str]) -> None:
        context = Context(None, None, Visibility.TRACKED_DELETION)
        self._enter(context)
        region = self._region
        self._part.mark(MarkKind.TRACKED_CHANGES)

        def leave() -> None:
            text = "\n".join(context.lines)
            if text:
                self._deletions[region or str(len(self._deletions))] = text

        self._ends.insert(-1, (len(self._open), leave))

    def _change_info(self, _: dict[str, str]) -> None:
        self._enter(Context(PlaceKind.METADATA, None, Visibility.ATTRIBUTE))

    def _change(self, attributes: dict[str, str]) -> None:
        """Put a deletion back where it stood."""
        text = self._deletions.pop(attribute(attributes, "change-id"), "")
        if text and self._paragraphs:
            self._paragraphs[-1].pieces.append((text, Visibility.TRACKED_DELETION, False))
        elif text:
            self._part.segment(PlaceKind.PARAGRAPH, text, visibility=Visibility.TRACKED_DELETION)

    def _change_start(self, _: dict[str, str]) -> None:
        self._inserting += 1

    def _change_end(self, _: dict[str, str]) -> None:
        self._inserting = max(0, self._inserting - 1)

    def _previous(self, _: dict[str, str]) -> None:
        """Take what a cell said before a change."""
        self._part.mark(MarkKind.TRACKED_CHANGES)
        self._enter(Context(PlaceKind.SHEET, None, Visibility.TRACKED_DELETION))

    def _tracked_cell(self, attributes: dict[str, str]) -> None:
        value, _ = cell_value(attributes)
        if value:
            self._add(self._contexts[-1], value)

    def _header(self, _: dict[str, str]) -> None:
        self._enter(Context(PlaceKind.PAGE_HEADER))
        if self._open[-1].endswith("-decl"):
            self._paragraphs.append(_Paragraph())

    # tables and sheets

    def _table(self, attributes: dict[str, str]) -> None:
        if self._inside["spreadsheet"] and self._sheet is None and len(self._contexts) == 1:
            self._start_sheet(attributes)
            return
        outer = self._contexts[-1]
        if outer.kind is PlaceKind.PARAGRAPH:
            self._flush(outer)
            self._counts["table"] += 1
            self._enter(Context(PlaceKind.TABLE, self._counts["table"], outer.visibility))

    def _start_sheet(self, attributes: dict[str, str]) -> None:
        self._counts["sheet"] += 1
        style = self._styles.properties("table", attribute(attributes, "style-name"))
        name, is_hidden = attribute(attributes, "name"), style.get("display") == "false"
        self._sheet = sheet = Sheet(self._part, self._counts["sheet"], name, is_hidden=is_hidden)

        def leave() -> None:
            sheet.end()
            self._sheet = None

        self._at_end(leave)

    def _column(self, attributes: dict[str, str]) -> None:
        if self._sheet is not None:
            self._sheet.column(attributes)

    def _row(self, attributes: dict[str, str]) -> None:
        if self._sheet is None:
            self._at_end(self._end_table_row)
        else:
            self._sheet.start_row(attributes)
            self._at_end(self._sheet.end_row)

    def _end_table_row(self) -> None:
        context = self._contexts[-1]
        cells, context.row = context.row, []
        if any(cells):
            self._add(context, "\t".join(cells))

    def _cell(self, attributes: dict[str, str]) -> None:
        sheet, outer = self._sheet, self._contexts[-1]
        if sheet is None and outer.kind is PlaceKind.PARAGRAPH:
            return
        style = attribute(attributes, "style-name")
        self._stand_on(self._styles.ground("table-cell", style, self._grounds[-1]))
        context = Context(None)
        if sheet is not None:
            hidden = self._styles.properties("table-cell", style).get("cell-protect") == "hidden-and-protected"
            hiding = Visibility.HIDDEN if hidden else self._styles.text_hiding("table-cell", style, self._grounds[-1])
            sheet.start_cell(attributes, hiding)
        self._enter(context)

        def leave() -> None:
            text = "\n".join(context.lines)
            if sheet is None:
                outer.row.append(text)
            else:
                sheet.end_cell(text)

        self._ends.insert(-1, (len(self._open), leave))

    # slides and shapes

    def _page(self, attributes: dict[str, str]) -> None:
        if self._open[-2:-1] not in (["presentation"], ["drawing"], ["body"]):
            return
        self._counts["slide"] += 1
        number = self._counts["slide"]
        style = self._styles.properties("drawing-page", attribute(attributes, "style-name"))
        whole = None
        if style.get("visibility") == "hidden":
            self._part.mark(MarkKind.HIDDEN_SLIDE, PlaceKind.SLIDE, number)
            whole = Visibility.HIDDEN
        layout = self._styles.properties("master-page", attribute(attributes, "master-page-name"))
        size = self._styles.properties("page-layout", layout.get("page-layout-name", ""))
        width, height = points(size.get("page-width", "")), points(size.get("page-height", ""))
        outer, self._page_size = self._page_size, (width, height) if width and height else None
        self._enter(Context(PlaceKind.SLIDE, number, whole))
        # What stands behind the text of a slide only its master knows.
        self._stand_on(None)

        def leave() -> None:
            self._page_size = outer

        self._at_end(leave)

    def _notes(self, _: dict[str, str]) -> None:
        if self._contexts[-1].kind is not PlaceKind.SLIDE:
            return
        context = Context(PlaceKind.NOTE, self._contexts[-1].number, Visibility.HIDDEN)
        outer, self._page_size = self._page_size, None
        self._enter(context)

        def leave() -> None:
            self._page_size = outer
            if context.has_text:
                self._part.mark(MarkKind.SPEAKER_NOTES, PlaceKind.SLIDE, context.number)

        self._ends.insert(-1, (len(self._open), leave))

    def _start_shape(self, attributes: dict[str, str]) -> None:
        if attribute(attributes, "layer") in self._hidden_layers:
            self._hide(Visibility.HIDDEN_LAYER)
        elif attribute(attributes, "display") == "none":
            self._hide(Visibility.HIDDEN)
        elif self._page_size is not None and self._is_off_page(attributes):
            self._hide(Visibility.OFF_PAGE)
        style = attribute(attributes, "style-name")
        if style:
            family = "presentation" if any(key.startswith("presentation:") for key in attributes) else "graphic"
            self._stand_on(self._styles.ground(family, style, self._grounds[-1]))

    def _is_off_page(self, attributes: dict[str, str]) -> bool:
        named = (points(attribute(attributes, key)) for key in ("x", "y", "width", "height"))
        left, top, width, height = named
        if left is None or top is None or self._page_size is None or "transform" in map(local, attributes):
            return False
        width, height = max(1.0, width or 0), max(1.0, height or 0)
        across = min(left + width, self._page_size[0]) - max(left, 0)
        down = min(top + height, self._page_size[1]) - max(top, 0)
        return max(0.0, across) * max(0.0, down) < (1 - _MOSTLY) * width * height

    def _layer(self, attributes: dict[str, str]) -> None:
        if attribute(attributes, "display") == "none":
            self._hidden_layers.add(attribute(attributes, "name") or "-")

    # styles and the rest

    def _style(self, attributes: dict[str, str]) -> None:
        family = attribute(attributes, "family") or self._open[-1]
        self._styles.begin(
            family, attribute(attributes, "name"), attribute(attributes, "parent-style-name"), attributes
        )
        if self._open[-1] != "master-page":
            self._at_end(self._styles.end)
        else:
            self._styles.end()
            self._enter(Context(PlaceKind.PAGE_HEADER))

    def _properties(self, attributes: dict[str, str]) -> None:
        self._styles.add(attributes)

    def _meta(self, _: dict[str, str]) -> None:
        if self._open[-2:-1] == ["document"]:  # of a flat file
            outer, self._loose = self._loose, []

            def leave() -> None:
                self._part.segment(PlaceKind.METADATA, "".join(self._loose))
                self._loose = outer

            self._at_end(leave)

    def _source(self, _: dict[str, str]) -> None:
        self._part.mark(MarkKind.EXTERNAL_LINK)

    def _take_attributes(self, name: str, attributes: dict[str, str]) -> None:
        for key, value in attributes.items():
            if not value or key.startswith("xmlns"):
                continue
            if loads_from_outside(name, key, value):
                self._part.mark(MarkKind.EXTERNAL_LINK)
            if local(key) == "formula":
                if len(value) > 3 and name != "equation":  # those draw shapes
                    self._formulas[value] = None
            elif is_shown(name, key, value, in_content=self._in_body):
                self._attributes[value] = None

    def _body(self, _: dict[str, str]) -> None:
        self._in_body = True

    def _script(self, _: dict[str, str]) -> None:
        self._part.mark(MarkKind.ACTIVE_CONTENT)
        self._hide(Visibility.HIDDEN)


_HIDING_MARKS = {
    Visibility.TRACKED_DELETION: MarkKind.TRACKED_CHANGES,
    Visibility.COVERED: MarkKind.COVERED_TEXT,
    Visibility.OFF_PAGE: MarkKind.OFF_PAGE_TEXT,
}

_STARTS: dict[str, Callable[[Story, dict[str, str]], None]] = {
    "p": Story._start_paragraph,
    "h": Story._start_paragraph,
    "span": Story._span,
    "s": Story._spaces,
    "tab": Story._tab,
    "line-break": Story._line_break,
    "section": Story._section,
    "hidden-text": Story._hidden_text,
    "hidden-paragraph": Story._hidden_paragraph,
    **dict.fromkeys(("title", "desc"), Story._words_beside),
    "binary-data": Story._binary,
    "body": Story._body,
    "script": Story._script,
    "config-item": Story._config,
    "note-citation": Story._citation,
    "note-body": Story._note_body,
    "footnote-body": Story._note_body,
    "endnote-body": Story._note_body,
    "footnote-citation": Story._citation,
    "annotation": Story._annotation,
    "creator": Story._creator,
    "tracked-changes": Story._tracked_changes,
    "changed-region": Story._changed_region,
    "deletion": Story._deletion,
    "change-info": Story._change_info,
    "change": Story._change,
    "change-start": Story._change_start,
    "change-end": Story._change_end,
    "previous": Story._previous,
    "change-track-table-cell": Story._tracked_cell,
    **dict.fromkeys(_HEADERS, Story._header),
    "table": Story._table,
    "table-column": Story._column,
    "table-row": Story._row,
    "table-cell": Story._cell,
    "covered-table-cell": Story._cell,
    "page": Story._page,
    "notes": Story._notes,
    "layer": Story._layer,
    **dict.fromkeys(("style", "page-layout", "page-master", "master-page"), Story._style),
    **dict.fromkeys(
        words(
            "text-properties paragraph-properties table-cell-properties table-properties drawing-page-properties"
            " graphic-properties page-layout-properties properties"
        ),
        Story._properties,
    ),
    "meta": Story._meta,
    **dict.fromkeys(("table-source", "cell-range-source", "section-source", "dde-source"), Story._source),
}

# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of one XML part of an OpenDocument file: content, styles, or a whole flat document.

What each element means; how text flows is :mod:`safehold.reading.odf.odf_flow`'s.

Source: OpenDocument 1.3 part 3 (schema).
"""

import base64
import binascii
from collections.abc import Callable

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.notes import OpenPart
from safehold.reading.odf.odf_contexts import Context, Paragraph
from safehold.reading.odf.odf_flow import Flow
from safehold.reading.odf.odf_lists import Lists
from safehold.reading.odf.odf_sheet import Sheet, cell_value
from safehold.reading.odf.odf_slide import Shape, Slide
from safehold.reading.odf.odf_styles import Styles, points
from safehold.reading.odf.odf_words import attribute, count, is_shown, loads_from_outside, setting_words
from safehold.reading.office.ooxml import local
from safehold.reading.vocabulary import Detail, MarkKind, words

_IN_PARAGRAPH = frozenset(("p", "h", "span", "a", "ruby-base", "meta", "meta-field"))
_PLACED = words("frame custom-shape rect text-box line connector ellipse circle polygon path measure caption control g")
_HEADERS = words(
    "header footer header-left footer-left header-first footer-first header-decl footer-decl date-time-decl"
)
_MOST_SPACES = 100


class Story(Flow):
    """Takes the events of content, styles or a whole flat file, and hands over the text."""

    def __init__(self, part: OpenPart, styles: Styles, outermost: Context) -> None:
        super().__init__(part, outermost, Lists(styles.lists))
        self._styles = styles
        self._locals: dict[str, str] = {}
        self._deletions: dict[str, str] = {}
        self._attributes: dict[str, None] = {}
        self._formulas: dict[str, None] = {}
        self._loose: list[str] = []
        self._slide: Slide | None = None
        self._shapes: list[Shape] = []  # of the slide, open
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
        self._leave()
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
        self._leave_all()
        part = self._part
        self._contexts[0].flush(part)
        for text in self._deletions.values():
            part.segment(PlaceKind.PARAGRAPH, text, visibility=Visibility.TRACKED_DELETION)
        loose = "".join(self._loose)
        part.segment(PlaceKind.METADATA, loose, visibility=Visibility.HIDDEN)
        part.segment(PlaceKind.METADATA, "\n\n".join(self._attributes), visibility=Visibility.ATTRIBUTE)
        part.segment(PlaceKind.METADATA, "\n".join(self._formulas), visibility=Visibility.ATTRIBUTE)

    # text

    def _start_paragraph(self, attributes: dict[str, str]) -> None:
        self._paragraphs.append(Paragraph(label=self._lists.label()))
        self._at_end(self._end_paragraph)
        self._stand_on(self._styles.ground("paragraph", attribute(attributes, "style-name"), self._grounds[-1]))
        self._dress("paragraph", attributes)

    def _dress(self, family: str, attributes: dict[str, str]) -> None:
        """Take the style of the element at hand."""
        name = attribute(attributes, "style-name")
        if name or family == "paragraph":
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
        if self._open[-2:-1] and self._open[-2] in _IN_PARAGRAPH:
            return
        self._capture(self._take_words)

    def _take_words(self, text: str) -> None:
        if text.strip():
            self._attributes[text.strip()] = None

    def _binary(self, _: dict[str, str]) -> None:
        """Take a picture or an object of a flat file."""
        self._capture(self._take_binary)

    def _take_binary(self, encoded: str) -> None:
        self._counts["image"] += 1
        try:
            content = base64.b64decode(encoded)
        except (binascii.Error, ValueError):
            self._part.problem(Reason.CORRUPT, Detail.BAD_ENCODING)
            return
        if content:
            self._part.member(f"object {self._counts['image']}", content)

    def _config(self, attributes: dict[str, str]) -> None:
        """Take a setting; of what is binary, the loose words."""
        if attribute(attributes, "type") == "base64Binary":
            self._capture(self._take_setting)

    def _take_setting(self, encoded: str) -> None:
        self._part.segment(PlaceKind.METADATA, setting_words(encoded), visibility=Visibility.HIDDEN)

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
        context = Context(PlaceKind.COMMENT, self._counts["comment"], Visibility.COMMENT)
        if self._sheet is not None:
            context.number, context.cell = self._counts["sheet"], self._sheet.cell
        self._enter(context)

    def _creator(self, _: dict[str, str]) -> None:
        """Take the author of a comment or change: a line of its own."""
        self._paragraphs.append(Paragraph())
        self._at_end(self._end_paragraph)

    def _tracked_changes(self, _: dict[str, str]) -> None:
        self._enter(Context(PlaceKind.METADATA, None, Visibility.ATTRIBUTE))  # who changed, and when

    def _changed_region(self, attributes: dict[str, str]) -> None:
        self._part.mark(MarkKind.TRACKED_CHANGES)
        self._region = attribute(attributes, "id")

    def _deletion(self, _: dict[str, str]) -> None:
        context = Context(None, None, Visibility.TRACKED_DELETION)
        self._enter(context)
        region = self._region or str(len(self._deletions))
        self._part.mark(MarkKind.TRACKED_CHANGES)

        def leave() -> None:
            text = "\n".join(context.lines)
            if text:
                before = self._deletions.get(region)  # two of one id are one too many, and both are read
                self._deletions[region] = text if before is None else f"{before}\n{text}"

        self._after_that(leave)

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
            self._contexts[-1].add(self._part, value, 0)

    def _header(self, _: dict[str, str]) -> None:
        self._enter(Context(PlaceKind.PAGE_HEADER))
        if self._open[-1].endswith("-decl"):
            self._paragraphs.append(Paragraph())

    # tables and sheets

    def _table(self, attributes: dict[str, str]) -> None:
        if self._inside["spreadsheet"] and self._sheet is None and len(self._contexts) == 1:
            self._start_sheet(attributes)
            return
        outer = self._contexts[-1]
        if outer.kind is PlaceKind.PARAGRAPH:
            outer.flush(self._part)
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
            style = self._styles.properties("table-column", attribute(attributes, "style-name"))
            self._sheet.column(attributes, style)

    def _group(self, attributes: dict[str, str]) -> None:
        sheet, what = self._sheet, self._open[-1]
        if sheet is not None and attribute(attributes, "display") == "false":
            sheet.fold(what)
            self._at_end(lambda: sheet.unfold(what))

    def _row(self, attributes: dict[str, str]) -> None:
        if self._sheet is None:
            self._at_end(self._end_table_row)
            if attribute(attributes, "visibility") in ("collapse", "filter"):
                self._hide(Visibility.HIDDEN)
        else:
            style = self._styles.properties("table-row", attribute(attributes, "style-name"))
            self._sheet.start_row(attributes, style)
            self._at_end(self._sheet.end_row)

    def _end_table_row(self) -> None:
        context = self._contexts[-1]
        cells, context.row = context.row, []
        if any(cells):
            context.add(self._part, "\t".join(cells), 0)

    def _cell(self, attributes: dict[str, str]) -> None:
        sheet, outer = self._sheet, self._contexts[-1]
        if sheet is None and outer.kind is PlaceKind.PARAGRAPH:
            return
        style = attribute(attributes, "style-name") or (sheet.next_style if sheet is not None else "")
        self._stand_on(self._styles.ground("table-cell", style, self._grounds[-1]))
        context = Context(None)
        if sheet is not None:
            hidden = self._styles.properties("table-cell", style).get("cell-protect") == "hidden-and-protected"
            hiding = Visibility.HIDDEN if hidden else self._styles.text_hiding("table-cell", style, self._grounds[-1])
            sheet.start_cell(attributes, hiding, is_covered=self._open[-1] == "covered-table-cell")
        self._enter(context)

        def leave() -> None:
            text = "\n".join(context.lines)
            if sheet is None:
                outer.row.append(text)
            else:
                sheet.end_cell(text)

        self._after_that(leave)

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
        outer, self._slide = self._slide, Slide(width, height)
        slide, context = self._slide, Context(PlaceKind.SLIDE, number, whole)
        self._enter(context)
        # What stands behind the text of a slide only its master knows.
        self._stand_on(None)

        def leave() -> None:
            self._slide = outer
            if placed := slide.by_place(context.lines):
                context.add_also(placed)
            if whole is None:
                self._put_covered_apart(context, slide.covered())

        self._at_end(leave)

    def _put_covered_apart(self, context: Context, covered: set[int]) -> None:
        """Hand over the lines of a slide that something covers."""
        if not covered:
            return
        lines = [*enumerate(context.lines)]
        context.lines = [line for index, line in lines if index not in covered]
        text = "\n".join(line for index, line in lines if index in covered)
        self._part.mark(MarkKind.COVERED_TEXT, PlaceKind.SLIDE, context.number)
        self._part.segment(PlaceKind.SLIDE, text, number=context.number, visibility=Visibility.COVERED)

    def _notes(self, _: dict[str, str]) -> None:
        if self._contexts[-1].kind is not PlaceKind.SLIDE:
            return
        context = Context(PlaceKind.NOTE, self._contexts[-1].number, Visibility.HIDDEN)
        outer, self._slide = self._slide, None
        self._enter(context)

        def leave() -> None:
            self._slide = outer
            if context.has_text:
                self._part.mark(MarkKind.SPEAKER_NOTES, PlaceKind.SLIDE, context.number)

        self._after_that(leave)

    def _start_shape(self, attributes: dict[str, str]) -> None:
        if attribute(attributes, "layer") in self._hidden_layers:
            self._hide(Visibility.HIDDEN_LAYER)
        elif attribute(attributes, "display") == "none":
            self._hide(Visibility.HIDDEN)
        elif self._slide is not None and self._slide.is_off(attributes):
            self._hide(Visibility.OFF_PAGE)
        style, family = attribute(attributes, "style-name"), "graphic"
        if style:
            family = "presentation" if any(key.startswith("presentation:") for key in attributes) else "graphic"
            self._stand_on(self._styles.ground(family, style, self._grounds[-1]))
            self._note_crop(self._styles.properties(family, style).get("clip", ""))
        if self._slide is not None:
            self._place_shape(self._slide, attributes, paints=bool(style) and self._styles.is_filled(family, style))

    def _place_shape(self, slide: Slide, attributes: dict[str, str], *, paints: bool) -> None:
        context = self._contexts[-1]
        shape = slide.place(attributes, len(context.lines), paints=paints)
        if shape is not None:
            self._shapes.append(shape)
            self._at_end(lambda: self._end_shape(len(context.lines)))

    def _end_shape(self, lines: int) -> None:
        self._shapes.pop().last = lines

    def _image(self, _: dict[str, str]) -> None:
        """Take a picture: it paints over what lies beneath its frame."""
        if self._shapes and self._open[-2:-1] == ["frame"]:
            self._shapes[-1].paints = True

    def _note_crop(self, clip: str) -> None:
        if any(
            length and points(length) for length in clip.removeprefix("rect(").rstrip(")").replace(",", " ").split()
        ):
            place = self._contexts[-1]
            self._part.mark(MarkKind.CROPPED_IMAGE, place.kind or PlaceKind.PARAGRAPH, place.number)

    # lists

    def _list(self, attributes: dict[str, str]) -> None:
        self._lists.start(attributes)
        self._at_end(self._lists.end)

    def _item(self, attributes: dict[str, str]) -> None:
        self._lists.item(attributes)

    def _list_style(self, attributes: dict[str, str]) -> None:
        self._styles.lists.begin(attribute(attributes, "name"))

    def _level(self, attributes: dict[str, str]) -> None:
        self._styles.lists.add(attributes, is_numbered=self._open[-1].endswith("number"))

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


_STARTS: dict[str, Callable[[Story, dict[str, str]], None]] = {
    "p": Story._start_paragraph,
    "h": Story._start_paragraph,
    "span": Story._span,
    "s": Story._spaces,
    "tab": Story._tab,
    "line-break": Story._line_break,
    "section": Story._section,
    "list": Story._list,
    "list-item": Story._item,
    "list-style": Story._list_style,
    **dict.fromkeys(("list-level-style-number", "list-level-style-bullet", "list-level-style-image"), Story._level),
    "image": Story._image,
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
    "table-column-group": Story._group,
    "table-row-group": Story._group,
    "table-row": Story._row,
    "table-cell": Story._cell,
    "covered-table-cell": Story._cell,
    "page": Story._page,
    "notes": Story._notes,
    "layer": Story._layer,
    **dict.fromkeys(("style", "default-style", "page-layout", "page-master", "master-page"), Story._style),
    **dict.fromkeys(
        words(
            "text-properties paragraph-properties table-cell-properties table-properties drawing-page-properties"
            " graphic-properties page-layout-properties table-column-properties table-row-properties properties"
        ),
        Story._properties,
    ),
    "meta": Story._meta,
    **dict.fromkeys(("table-source", "cell-range-source", "section-source", "dde-source"), Story._source),
}

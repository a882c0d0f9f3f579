# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerPoint presentations (PPTX, PPTM): slides in their order, and every place beside the slides.

A slide's text comes shape by shape, in the order they are painted (:mod:`safehold.reading.office.shapes` knows where a
shape stands and what hides it); then its charts, diagrams, notes and comments; then masters and layouts, and by the
sweep of :mod:`safehold.reading.office.ooxml` everything else.

Source: ECMA-376 part 1, chapters 19 (PresentationML) and 21 (DrawingML); [MS-PPTX] for modern comments.
"""

import re

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics.hidings import mark_of
from safehold.reading.notes import OpenPart
from safehold.reading.office import ooxml
from safehold.reading.office.attributes import drawing_words
from safehold.reading.office.ooxml import Loose, Package, local, says_something
from safehold.reading.office.shapes import Page
from safehold.reading.office.slide_reader import PageReader
from safehold.reading.office.themes import Theme
from safehold.reading.vocabulary import MarkKind, words

_MAIN = "ppt/presentation.xml"
_MASTERS = r"^ppt/(?:slidelayouts|slidemasters|notesmasters|handoutmasters)/[^/]+\.xml$"
_ON_SLIDES = re.compile(r"(?:slidelayouts|slidemasters)/", re.IGNORECASE)
_SLIDES = r"^ppt/slides/[^/]+\.xml$"
# What hangs on a slide and is seen on it.
_SEEN = words("chart chartex chartusershapes diagramdata diagramdrawing vmldrawing drawing")
_COMMENTS = words("comments")
_AUTHORS = r"^ppt/(?:commentAuthors|authors)\.xml$"
_NO_NOTES = words("hdr ftr dt sldNum sldImg")  # placeholders of a page of notes that are not the notes
_OTHER_PLACES: tuple[tuple[re.Pattern[str], PlaceKind, Visibility], ...] = tuple(
    (re.compile(pattern), kind, visibility)
    for pattern, kind, visibility in (
        (r"^docprops/", PlaceKind.METADATA, Visibility.VISIBLE),
        (r"^ppt/comments/", PlaceKind.COMMENT, Visibility.COMMENT),
        (r"^ppt/notesslides/", PlaceKind.NOTE, Visibility.HIDDEN),
        (r"^ppt/(?:drawings|charts|diagrams)/", PlaceKind.SLIDE, Visibility.VISIBLE),
        (r"", PlaceKind.METADATA, Visibility.HIDDEN),
    )
)
# Parts that lay diagrams out; their attributes are the language of a layout engine.
_ENGINE = re.compile(r"^ppt/(?:diagrams|charts|theme)/")
_DEEPEST_RELATION = 6


def read(content: bytes, part: OpenPart) -> None:
    """Read a presentation."""
    _Deck(Package(content, part), part).read()


class _Deck:
    """One presentation being read."""

    def __init__(self, package: Package, part: OpenPart) -> None:
        self.package = package
        self.part = part
        self.comments = 0
        self.index = _Index()
        self.authors = _Authors()
        self.masters: dict[str, Page] = {}
        self.themes: dict[str, Theme] = {}
        self.diagrams: set[str] = set()
        self.prompts: dict[str, None] = {}  # of placeholders; most layouts repeat them

    def read(self) -> None:
        """Read all of it."""
        package = self.package
        main = next(iter(package.related("", "officeDocument")), _MAIN)
        if not package.has(main):
            main = next(iter(package.names(r"^ppt/presentation\.xml$")), main)
        package.parse(main, self.index)
        for name in package.names(_AUTHORS):
            package.parse(name, self.authors)
        slides = self._read_slides(main)
        for number, name in slides:
            self._read_beside(name, number)
        for name in package.names(_MASTERS):
            self._read_master(name, None)
        for name, page in self.masters.items():
            # Pages of notes and handouts have a size of their own.
            self._hand_over_master(page, self.index.size if _ON_SLIDES.search(name) else None)
        self.part.segment(PlaceKind.PAGE_HEADER, "\n".join(self.prompts), visibility=Visibility.ATTRIBUTE)
        themes = Loose(drawing_words)
        for theme in self.themes.values():
            themes.attributes.update(theme.attributes)
            themes.lines += theme.text().splitlines()
        for loose in (self.index, self.authors, themes):
            self.part.segment(PlaceKind.METADATA, loose.text(), visibility=Visibility.HIDDEN)
            self.part.segment(PlaceKind.METADATA, loose.said(), visibility=Visibility.ATTRIBUTE)
        package.sweep(self._read_other)

    # slides

    def _read_slides(self, main: str) -> list[tuple[int, str]]:
        """Read the slides in the order of the presentation, then slides that it does not show."""
        relations = self.package.relations(main)
        named = [relations[key].target for key in self.index.slides if key in relations]
        whole = bool(named) and len(named) == len(self.index.slides)
        read: list[tuple[int, str]] = []
        for name in dict.fromkeys((*named, *self.package.names(_SLIDES))):
            content = self.package.take(name)
            if content is None:
                continue
            number = len(read) + 1
            read.append((number, name))
            self._read_slide(name, content, number, is_listed=name in named or not whole)
        return read

    def _read_slide(self, name: str, content: bytes, number: int, *, is_listed: bool) -> None:
        layout = self._master(name, "slideLayout")
        reader = PageReader(layout)
        self.package.report(ooxml.parse(content, reader, reader.rest.aside), name)
        page = reader.finish()
        part = self.part
        whole = None
        if page.is_hidden or not is_listed:
            part.mark(MarkKind.HIDDEN_SLIDE, PlaceKind.SLIDE, number)
            whole = Visibility.HIDDEN
        if page.has_crop:
            part.mark(MarkKind.CROPPED_IMAGE, PlaceKind.SLIDE, number)
        page.judge(self.index.size)
        for visibility in (None, *page.hidings()):
            shown = whole or visibility or Visibility.VISIBLE
            part.segment(PlaceKind.SLIDE, page.text(visibility), number=number, visibility=shown)
            if whole is None and visibility is not None:
                part.mark(mark_of(visibility), PlaceKind.SLIDE, number)
        bare = "\n\n".join(filter(None, (shape.without_labels() for shape in page.shapes)))
        part.segment(PlaceKind.SLIDE, bare, number=number, visibility=whole or Visibility.VISIBLE)
        part.segment(PlaceKind.SLIDE, page.by_place(), number=number, visibility=whole or Visibility.VISIBLE)
        part.segment(PlaceKind.SLIDE, reader.rest.said(), number=number, visibility=Visibility.ATTRIBUTE)
        part.segment(PlaceKind.SLIDE, reader.rest.text(), number=number, visibility=Visibility.HIDDEN)

    def _master(self, name: str, kind: str) -> Page | None:
        """Return the layout of a slide, or the master of a layout; read once."""
        target = next(iter(self.package.related(name, kind)), "")
        if target in self.masters:
            return self.masters[target]
        return self._read_master(target, self._master(target, "slideMaster") if kind == "slideLayout" else None)

    def _read_master(self, name: str, above: Page | None) -> Page | None:
        content = self.package.take(name)
        if content is None:
            return None
        reader = PageReader(above, self._theme(name) if above is None else None)
        self.package.report(ooxml.parse(content, reader, reader.rest.aside), name)
        page = self.masters[name] = reader.finish()
        return page

    def _theme(self, master: str) -> Theme | None:
        name = next(iter(self.package.related(master, "theme")), "")
        if name and name not in self.themes:
            theme = Theme()
            if self.package.parse(name, theme):
                self.themes[name] = theme
        return self.themes.get(name)

    def _hand_over_master(self, page: Page, size: tuple[int, int] | None) -> None:
        """Hand over what a master or layout says: on every slide, or (prompts of placeholders) on none."""
        page.judge(size)
        part = self.part
        part.segment(PlaceKind.PAGE_HEADER, page.text(None, placeholders=False))
        self.prompts.update(dict.fromkeys(page.text(None, placeholders=True).splitlines()))
        for visibility in page.hidings():
            part.segment(PlaceKind.PAGE_HEADER, page.text(visibility), visibility=visibility)
        self.prompts.update(page.rest.attributes)
        part.segment(PlaceKind.PAGE_HEADER, page.rest.text(), visibility=Visibility.HIDDEN)

    # beside the slides

    def _read_beside(self, name: str, number: int, depth: int = 0) -> None:
        """Read what hangs on a slide: charts, diagrams, notes, comments, and what hangs on those."""
        for relation in self.package.relations(name).values():
            kind = relation.kind.rpartition("/")[2].lower()
            if relation.is_external or kind not in _SEEN | _COMMENTS | {"notesslide"}:
                continue
            content = self.package.take(relation.target)
            if content is None:
                continue
            if kind in _COMMENTS:
                self._read_comments(relation.target, content)
            elif kind == "notesslide":
                self._read_notes(relation.target, content, number)
            else:
                self._read_seen(relation.target, content, number, kind)
            if depth < _DEEPEST_RELATION:
                self._read_beside(relation.target, number, depth + 1)

    def _read_notes(self, name: str, content: bytes, number: int | None) -> None:
        reader = PageReader(None)
        self.package.report(ooxml.parse(content, reader, reader.rest.aside), name)
        page = reader.finish()
        text = page.text(None)
        part = self.part
        if any(shape.whole() for shape in page.shapes if (shape.placeholder or ("",))[0] not in _NO_NOTES):
            part.mark(MarkKind.SPEAKER_NOTES, PlaceKind.SLIDE, number)
        part.segment(PlaceKind.NOTE, text, number=number, visibility=Visibility.HIDDEN)
        part.segment(PlaceKind.NOTE, page.rest.said(), number=number, visibility=Visibility.ATTRIBUTE)
        part.segment(PlaceKind.NOTE, page.rest.text(), number=number, visibility=Visibility.HIDDEN)

    def _read_seen(self, name: str, content: bytes, number: int, kind: str) -> None:
        loose = Loose(drawing_words)
        self.package.report(ooxml.parse(content, loose, loose.aside), name)
        lines = loose.text().split("\n")
        if kind == "diagramdrawing":  # the picture of a diagram says what its data say
            lines = [line for line in lines if line not in self.diagrams]
        elif kind == "diagramdata":
            self.diagrams.update(lines)
        self.part.segment(PlaceKind.SLIDE, "\n".join(lines), number=number)
        self.part.segment(PlaceKind.SLIDE, loose.said(), number=number, visibility=Visibility.ATTRIBUTE)

    def _read_comments(self, name: str, content: bytes) -> None:
        reader = _Comments(self.authors.names)
        self.package.report(ooxml.parse(content, reader, reader.aside), name)
        for text in (*reader.texts, reader.text()):
            if text.strip():
                self.comments += 1
                self.part.mark(MarkKind.COMMENTS)
                self.part.segment(PlaceKind.COMMENT, text, number=self.comments, visibility=Visibility.COMMENT)
        self.part.segment(PlaceKind.METADATA, reader.said(), visibility=Visibility.ATTRIBUTE)

    def _read_other(self, name: str, content: bytes) -> None:
        """Read an XML part that nothing above asked for."""
        lower = name.lower()
        kind, visibility = next((kind, seen) for pattern, kind, seen in _OTHER_PLACES if pattern.search(lower))
        if kind is PlaceKind.COMMENT:
            self._read_comments(name, content)
        elif kind is PlaceKind.NOTE:
            self._read_notes(name, content, None)
        elif _ENGINE.search(lower):
            ooxml.read_loose(content, self.package, name, kind, visibility=visibility, shown=drawing_words)
        else:
            ooxml.read_loose(content, self.package, name, kind, visibility=visibility)


class _Index(Loose):
    """The presentation part: the order and the size of the slides, and whatever else it says."""

    def __init__(self) -> None:
        super().__init__(lambda _, name, value: says_something(name, value))
        self.slides: list[str] = []
        self.size: tuple[int, int] | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = local(tag)
        if name == "sldId":
            relation = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            if relation:  # the other kind of sldId stands in lists of sections
                self.slides.append(relation)
        elif name == "sldSz":
            width, height = attributes.get("cx", ""), attributes.get("cy", "")
            if width.isdecimal() and height.isdecimal() and len(width) < 12 and len(height) < 12:
                self.size = (int(width), int(height))
        super().start(tag, attributes)


class _Authors(Loose):
    """Who wrote comments, by the ids that comments name.

    Attributes:
        names: With the initials, as comments show them.
    """

    def __init__(self) -> None:
        super().__init__(lambda _, name, value: says_something(name, value))
        self.names: dict[str, str] = {}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name, initials = attributes.get("name", ""), attributes.get("initials", "")
        if local(tag) in ("cmAuthor", "author"):
            self.names[attributes.get("id", "")] = f"{name} ({initials})" if name and initials else name or initials
        super().start(tag, attributes)


class _Comments(Loose):
    """Comments, old (``cm`` with a ``text``) and modern (``cm`` with paragraphs and replies), with their authors."""

    def __init__(self, authors: dict[str, str]) -> None:
        super().__init__(lambda _, name, value: says_something(name, value))
        self.texts: list[str] = []
        self._authors = authors

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        super().start(tag, attributes)
        author = self._authors.get(attributes.get("authorId", ""), "")
        if author and local(tag) in ("cm", "reply"):
            self.lines.append(author)

    def end(self, tag: str) -> None:
        super().end(tag)
        if local(tag) == "cm":
            self.texts.append(self.text())

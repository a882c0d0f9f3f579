# SPDX-License-Identifier: GPL-3.0-or-later
"""PDF, the file behind the pages: strings that no page shows, objects nobody points to, pages that were deleted.

pdfium answers what a viewer asks.  A person with an editor finds more: scripts, alternative texts, names of layers
and files, choices of forms, private data of programs, comments in the file, pages that are in no tree.  So the objects
are walked as they lie in the file (:mod:`.pdf_syntax`, :mod:`.pdf_inventory`), and what shows text and is on no page
is read by pdfium as if it were (:mod:`.pdf_redrawn`).  What the pages have said already is not said again.

An encrypted file that opens without a password is walked as pdfium saves it without, and pdfminer.six undoes what
pdfium leaves out.
Sources: ISO 32000-2, 7.5 (objects), 7.7 (page tree), 7.11.4 (embedded files), 9.6.4 (Type 3), 12.5.5 (appearances),
14.9.4 (ActualText).
"""

import contextlib
import io
import re
from collections.abc import Sequence
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium
from pdfminer.pdfdocument import PDFDocument
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import PDFStream
from pdfminer.psparser import PSLiteral

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.basics import binary
from safehold.reading.notes import OpenPart
from safehold.reading.pages import pdf_content, pdf_filters, pdf_fonts, pdf_looks, pdf_redrawn, pdf_strings, pdf_syntax
from safehold.reading.pages.pdf_filters import State, Unpacked
from safehold.reading.pages.pdf_found import Found
from safehold.reading.pages.pdf_inventory import Inventory
from safehold.reading.pages.pdf_syntax import Object
from safehold.reading.pictures.image_metadata import image_metadata, words_of_xmp
from safehold.reading.vocabulary import Detail, MarkKind

# Streams without words: pictures, fonts, tables, colour profiles.
_SILENT = re.compile(
    rb"/(?:Subtype\s{0,9}/(?:Image|Type1C|CIDFontType0C|OpenType)|Type\s{0,9}/XRef|Length1\b|FunctionType\b|N\s{1,9}[134]\b"
    rb"|ShadingType\b|BitsPerComponent\b|CIDSystemInfo\b)"
)
_PHOTOGRAPH = re.compile(rb"Exif\x00|ns\.adobe\.com/xap|Photoshop 3\.0|\xff\xfe")
_HEAD_OF_PICTURE = 65_536
_INLINE = re.compile(rb"<<(.{1,2000}?)>>", re.DOTALL)
_OF_TABLES = re.compile(rb"/Type\s{0,9}/(?:XRef|ObjStm)\b|/Filter\s{0,9}/Standard\b")
_ACTUAL, _RENAMED = b"/ActualText", b"/DeniedText"
_OF_PACKING = (b"Filter", b"DecodeParms", b"Length")
_SAMPLE = 4_096  # to tell a stream that shows text from a picture
_MOST_ENCRYPTED = 20_000
_LONGEST_TABLE = 65_536
_MOST_CONTENTS = 20_000  # content streams that are read once more: each is what one page may have a thousand times
# So many characters of a stream must be shown before it is a loss that nobody can say what they mean.
_A_WORD = 6
_SHOWN, _NOT_SHOWN = (PlaceKind.PAGE, Visibility.VISIBLE), (PlaceKind.METADATA, Visibility.HIDDEN)
_PAGE = b"<</Type/Page/MediaBox[0 0 2000 2000]/Contents %d 0 R/Resources %s>>"


def readable(document: Any, content: bytes) -> bytes:
    """Return the bytes of a document that pdfium opened, as pdfium saves it where they are encrypted."""
    if pdfium.FPDF_GetSecurityHandlerRevision(document) < 0:
        return content
    saved = io.BytesIO()
    with contextlib.suppress(pypdfium2.PdfiumError):
        document.save(saved, flags=pdfium.FPDF_REMOVE_SECURITY)
    return saved.getvalue()


def read(inventory: Inventory, content: bytes, found: Found, part: OpenPart, pages: int) -> None:
    """Read what is in the file and was not said.

    Args:
        inventory: The objects of the file, readable.
        content: Its bytes as they came.
        found: What was said, and where the rest goes; the caller hands it over.
        part: Its part.
        pages: How many pages pdfium counts.
    """
    _Walk(inventory, found, part, pages).read()
    if inventory.content is not content:
        _left_out(content, {*inventory.last}, found, part)


class _Walk:
    """One walk over the objects of a file."""

    def __init__(self, inventory: Inventory, found: Found, part: OpenPart, pages: int) -> None:
        self._content = inventory.content
        self._found = found
        self._part = part
        self._pages = pages
        self._all = inventory
        spoken = {number for kind, number, _ in part.heard or () if kind is PlaceKind.PAGE}
        # A page whose content cannot be found looks blank: then every content stream is looked at.
        self._any_page_silent = len(spoken) < min(pages, part.limits.pages)
        self._called: list[int] = []
        self._shown: set[int] = set()
        self._unshown: list[tuple[Object, bytes]] = []
        self._denying: dict[int, bytes] = {}
        self._tables: dict[int, dict[int, str]] = {}

    def read(self) -> None:
        """Read everything, what is cheap first."""
        for gap in self._all.gaps:
            pdf_strings.take_gap(gap, self._found, self._part)
        if self._all.states - {State.WHOLE, State.CUT}:
            self._damaged()
        if State.CUT in self._all.states:
            self._part.problem(Reason.TOO_LARGE, Detail.EXPANDED)
        self._pages_in_no_tree()
        self._dictionaries()
        self._fonts()
        for item in self._all.objects:
            if item.stream is not None:
                self._stream(item, item.stream)
        self._what_is_denied()
        self._what_no_page_shows()

    def _damaged(self) -> None:
        self._part.problem(Reason.CORRUPT, Detail.SALVAGED)

    def _dictionaries(self) -> None:
        informations = self._all.informations
        for item in self._all.objects:
            if pdf_strings.is_open(item):
                self._damaged()
                pdf_strings.take_loose(item.head, self._found)
        for item in (*self._all.objects, *self._all.pieces):
            keys = item.number in informations or pdf_strings.looks_like_information(item)
            pdf_strings.take(item.head, self._found, self._part, with_keys=keys)
        for number in informations & self._all.inner.keys():
            pdf_strings.take(self._all.inner[number].head, self._found, self._part, with_keys=True)

    def _fonts(self) -> None:
        for number, item in self._all.last.items():
            if b"/ToUnicode" not in item.head or b"/Type0" in item.head:
                continue
            font = self._all.entries(number)
            encoding = font.get(b"Encoding", b"")
            named = pdf_syntax.references_in(encoding) if b"/" not in encoding else []
            if named and named[0] in self._all.last:
                encoding = self._all.last[named[0]].head
            letters = pdf_fonts.letters_of(encoding) or pdf_fonts.usual_letters(font, self._is_embedded(font))
            for table in pdf_syntax.references_in(font.get(b"ToUnicode", b"")):
                if letters and pdf_fonts.lies(letters, self._meanings(table)):
                    self._part.problem(Reason.AMBIGUOUS, Detail.TWO_TEXTS)

    def _is_embedded(self, font: dict[bytes, bytes]) -> bool:
        return any(key.startswith(b"FontFile") for key in self._all.dictionary_in(font.get(b"FontDescriptor", b"")))

    def _meanings(self, number: int) -> dict[int, str]:
        if number not in self._tables:
            item = self._all.last.get(number)
            known = self._all.entries(number)
            table = pdf_filters.unpacked(item, known, _LONGEST_TABLE).data if item is not None else b""
            self._tables[number] = pdf_fonts.meanings(table)
        return self._tables[number]

    # -- pages ----------------------------------------------------------------------------------------------------

    def _pages_in_no_tree(self) -> None:
        """Read the pages that pdfium was not led to: deleted ones, templates, those behind a count that is wrong."""
        listed = self._all.listed(self._pages)
        self._called = list(dict.fromkeys((*listed, *self._all.called_pages())))
        self._shown = {number for page in self._called for number in self._all.contents_of(page)}
        drawn = set(listed)
        others = self._worth_drawing([page for page in self._called if page not in drawn])
        if not others:
            return
        in_tree = self._all.leaves()
        draft = pdf_redrawn.Draft(self._content, self._all.last)
        for page, text in zip(others, draft.texts([self._as_page(page) for page in others]), strict=False):
            new = self._found.new_lines(text)
            if new and page in in_tree:
                self._part.problem(Reason.AMBIGUOUS, Detail.STRUCTURE)  # who goes by the tree shows it
                self._part.segment(PlaceKind.PAGE, new, number=in_tree.index(page) + 1)
            elif new:
                self._part.mark(MarkKind.HIDDEN_TEXT)
                self._part.segment(PlaceKind.PAGE, new, visibility=Visibility.HIDDEN)

    def _worth_drawing(self, pages: list[int]) -> list[int]:
        """Return those of *pages* that show something of their own, as many as the limits allow."""
        seen: set[tuple[bytes, tuple[int, ...]]] = set()
        chosen: list[int] = []
        left = _MOST_CONTENTS
        for page in pages:
            contents = self._all.contents_of(page)
            look = (self._all.resources_for(page), tuple(contents))
            if contents and look in seen:
                continue
            left -= len(contents)
            if left < 0 or len(chosen) >= self._part.limits.pages:
                self._part.problem(Reason.TOO_LARGE, Detail.PAGES)
                break
            seen.add(look)
            chosen.append(page)
        return chosen

    def _as_page(self, number: int) -> int | bytes:
        """Return a page, or what has all that a page has (12.7.7) as one."""
        known = self._all.entries(number)
        if pdf_syntax.name_in(known.get(b"Type", b"")) == b"Page":
            return number
        return pdf_syntax.dictionary({**known, b"Type": b"/Page"})

    # -- streams --------------------------------------------------------------------------------------------------

    def _stream(self, item: Object, stream: bytes) -> None:
        if item.damaged:
            self._damaged()
            pdf_strings.take(stream[: pdf_filters.MOST_UNPACKED], self._found, self._part)
        if self._all.budget < 0 or b"/ObjStm" in item.head:
            return
        known = self._all.entries_of(item)
        if _SILENT.search(item.head) and not self._is_disguised(item, known):
            if _PHOTOGRAPH.search(stream, 0, _HEAD_OF_PICTURE):
                self._photograph(item, known)
            return
        most = self._part.limits.member_bytes if self._is_file(item, known) else pdf_filters.MOST_UNPACKED
        made = pdf_filters.unpacked(item, known, most)
        self._all.budget -= len(made.data) + made.cost
        if self._all.budget < 0:
            self._part.problem(Reason.TOO_LARGE, Detail.EXPANDED)
        elif made.state is State.PICTURE:
            self._photograph(item, known)
        else:
            self._say_what_is_missing(made)
            self._by_kind(item, known, made.data or (stream if made.state is State.BROKEN else b""))

    def _is_disguised(self, item: Object, known: dict[bytes, bytes]) -> bool:
        """Return whether it shows text, whatever its dictionary says that it is."""
        sample = pdf_filters.unpacked(item, known, _SAMPLE)
        return sample.state is not State.PICTURE and b"BT" in sample.data and pdf_content.shows_text(sample.data)

    def _photograph(self, item: Object, known: dict[bytes, bytes]) -> None:
        made = pdf_filters.unpacked(item, known)
        if made.state is State.PICTURE:
            for text in image_metadata(made.data, behind=False):
                self._found.add(text)

    def _say_what_is_missing(self, made: Unpacked) -> None:
        if made.state is State.BROKEN:
            self._damaged()
        elif made.state is State.CUT:
            self._part.problem(Reason.TOO_LARGE, Detail.EXPANDED)
        elif made.state is State.UNKNOWN:
            self._part.problem(Reason.UNSUPPORTED, Detail.METHOD)

    def _is_file(self, item: Object, known: dict[bytes, bytes]) -> bool:
        return pdf_syntax.name_in(known.get(b"Type", b"")) == b"EmbeddedFile" or item.number in self._all.files()

    def _by_kind(self, item: Object, known: dict[bytes, bytes], raw: bytes) -> None:
        if b"/Metadata" in item.head or raw[:200].lstrip().startswith((b"<?xpacket", b"<x:xmpmeta")):
            for text in words_of_xmp(raw).split("\n"):
                self._found.add(text)
        elif self._is_file(item, known):
            self._file(raw)
        elif pdf_content.is_content(raw):
            self._content_stream(item, raw)
        elif b"begincmap" not in raw and b"/CMapName" not in raw and raw:
            self._anything(raw)

    def _file(self, raw: bytes) -> None:
        if raw and self._part.is_new(raw):  # else pdfium handed it over
            self._part.session.take_expanded(len(raw))
            self._part.mark(MarkKind.ATTACHMENTS)
            self._part.member("embedded", raw)

    def _anything(self, raw: bytes) -> None:
        text = pdf_syntax.text(raw)
        if pdf_strings.is_text(text):
            for line in (words_of_xmp(raw) if text.lstrip().startswith("<") else text).split("\n"):
                self._found.add(line)
        elif pdf_strings.looks_like_file(raw) or raw.startswith(b"%PDF-"):
            self._file(raw)

    def _content_stream(self, item: Object, raw: bytes) -> None:
        plain = pdf_content.is_plain(raw)
        damaged = pdf_content.is_damaged(raw) if plain or b"\n" in raw else pdf_content.has_open_strings(raw)
        if damaged:
            self._damaged()
        if _ACTUAL in raw and not pdf_content.denies_blanks_only(raw):
            self._denying[item.number] = raw
        if plain or damaged:  # fonts of two bytes a character make it no text
            self._beside_the_text(raw)
        of_page = item.number in self._shown and self._all.defined[item.number] == 1 and not item.unlike
        if not of_page and pdf_content.shows_text(raw):
            self._unshown.append((item, raw))
        elif damaged or self._any_page_silent:
            self._lines(raw, of_page=of_page)

    def _beside_the_text(self, raw: bytes) -> None:
        """Take what a content stream holds besides the text that it shows."""
        if b"%" in raw:
            pdf_strings.take_comments(raw, self._found)
        if b"<<" in raw:
            for inside in _INLINE.findall(raw):
                if b"(" in inside or b"<FE" in inside:
                    pdf_strings.take(inside, self._found, self._part)

    def _lines(self, raw: bytes, *, of_page: bool) -> None:
        for line in pdf_content.lines(raw):
            if binary.written(line.encode("cp1252", "replace")) or line.isalnum():
                new = self._found.add(line)
                if new and of_page and self._any_page_silent:
                    self._damaged()

    # -- what pdfium must be asked for ----------------------------------------------------------------------------

    def _what_no_page_shows(self) -> None:
        """Read the streams that show text and are of no page: appearances, patterns, drawn letters, remains."""
        waiting = [(item, raw) for item, raw in self._unshown if not self._is_said(raw)]
        if not waiting:
            return
        draft = pdf_redrawn.Draft(self._content, self._all.last)
        pages: list[bytes] = []
        owners: list[int] = []
        for index, (item, _) in enumerate(waiting):
            number = item.number
            if self._all.defined[number] > 1 or number not in self._all.last:
                number = draft.add(b"%s stream\n%s\nendstream" % (_resized(item), item.stream or b""))
            for resources in self._all.resources_of(item, self._called) or [b"<<>>"]:
                pages.append(_PAGE % (number, resources))
                owners.append(index)
        most = self._part.limits.pages
        if len(pages) > most:
            self._part.problem(Reason.TOO_LARGE, Detail.PAGES)
        asked, told = set(owners[:most]), set[int]()
        shown = pdf_looks.shown_beside(self._all, self._all.listed(self._pages)[: self._part.limits.pages])
        for owner, text in zip(owners, draft.texts(pages[:most]), strict=False):
            if any(map(str.isalnum, text)):
                told.add(owner)
            kind = _SHOWN if waiting[owner][0].number in shown else _NOT_SHOWN
            for line in text.splitlines():
                self._found.add(line, *kind)
            if kind is _SHOWN:
                self._found.known.add(text)
        for index, (_, raw) in enumerate(waiting):
            self._lines(raw, of_page=False)
            if index in asked and index not in told and len("".join(pdf_content.lines(raw)).strip()) > _A_WORD:
                self._damaged()

    def _is_said(self, raw: bytes) -> bool:
        """Return whether everything it shows was said; of codes nobody knows."""
        lines = [line for line in pdf_content.lines(raw) if line.strip()]
        if not all(line.replace("\t", " ").isprintable() for line in lines):
            return False
        known = self._found.known
        return all(known.has(line) or known.has_letters(line) for line in lines) or known.has_letters("".join(lines))

    def _what_is_denied(self) -> None:
        """Read what is shown where a text says that it says something else (14.9.4): a search goes by what is said."""
        saying = [number for number, item in self._all.last.items() if _ACTUAL in item.head and item.stream is None]
        properties = self._all.properties() if saying else set()
        dictionaries = {number: self._all.last[number].head for number in saying if number in properties}
        if not self._denying and not dictionaries:
            return
        draft = pdf_redrawn.Draft(self._content, self._all.last)
        for number, raw in self._denying.items():
            raw = raw.replace(_ACTUAL, _RENAMED)
            kept = {key: value for key, value in self._all.entries(number).items() if key not in _OF_PACKING}
            head = pdf_syntax.dictionary({**kept, b"Length": b"%d" % len(raw)})
            draft.put(number, b"%s stream\n%s\nendstream" % (head, raw))
        for number, head in dictionaries.items():
            draft.put(number, head.replace(_ACTUAL, _RENAMED))
        indices = self._pages_that_deny() if not dictionaries else range(min(self._pages, self._part.limits.pages))
        for root in self._all.roots:
            for index, text in zip(indices, draft.texts_from(root, indices), strict=False):
                self._part.segment(PlaceKind.PAGE, self._found.new_lines(text), number=index + 1)
        for raw in self._denying.values():
            if any(_is_unreadable(said, shown) for said, shown in pdf_content.denials(raw)):
                self._part.problem(Reason.AMBIGUOUS, Detail.TWO_TEXTS)

    def _pages_that_deny(self) -> Sequence[int]:
        """Return the indices of the pages whose own content denies something; all where a form may do it."""
        listed = self._all.listed(self._pages)[: self._part.limits.pages]
        deny = [index for index, page in enumerate(listed) if self._denying.keys() & set(self._all.contents_of(page))]
        in_forms = self._denying.keys() - self._shown
        return deny if listed and not in_forms else range(min(self._pages, self._part.limits.pages))


def _resized(item: Object) -> bytes:
    """Return the dictionary of a stream with the length that it has."""
    known = pdf_syntax.entries(item.head)
    known[b"Length"] = b"%d" % len(item.stream or b"")
    return pdf_syntax.dictionary(known)


def _is_unreadable(said: str, shown: str) -> bool:
    """Return whether far more is shown than is said, in codes."""
    return len(shown) > 3 * len(said) + 6 and not binary.written(shown.encode("cp1252", "replace"))


# -- encrypted ----------------------------------------------------------------------------------------------------


def _left_out(content: bytes, saved: set[int], found: Found, part: OpenPart) -> None:
    """Take what pdfium leaves out of a file that opens without a password: objects that nothing leads to."""
    lying = {
        item.number for _, item in pdf_syntax.walk(content) if item is not None and not _OF_TABLES.search(item.head)
    } - saved
    try:
        document = PDFDocument(PDFParser(io.BytesIO(content)))
        numbers = {number for table in document.xrefs for number in table.get_objids()}
    except (MemoryError, RecursionError):
        raise
    except Exception:  # noqa: BLE001 - it raises nearly anything on odd files; pdfium has read the pages
        if lying or b"ObjStm" in content:
            part.problem(Reason.CORRUPT, Detail.SALVAGED)
        return
    if lying - numbers:
        part.problem(Reason.CORRUPT, Detail.SALVAGED)
    wanted = sorted(numbers - saved)
    if len(wanted) > _MOST_ENCRYPTED:
        part.problem(Reason.TOO_LARGE, Detail.ITEMS)
    for number in wanted[:_MOST_ENCRYPTED]:
        with contextlib.suppress(Exception):
            _take_values("", document.getobj(number), found, part, 0)


def _take_values(key: str, value: Any, found: Found, part: OpenPart, depth: int) -> None:
    if depth > 20:
        return
    if isinstance(value, bytes):
        pdf_strings.take_value(key, value, found, part)
    elif isinstance(value, PSLiteral):
        if key in ("V", "DV", "AS", "Name") and isinstance(value.name, str):
            found.add(value.name)
    elif isinstance(value, PDFStream):
        _take_values(key, value.attrs, found, part, depth + 1)
        _take_stream(value, found)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _take_values(str(name), inner, found, part, depth + 1)
    elif isinstance(value, list | tuple):
        for inner in value[:10_000]:
            _take_values(key, inner, found, part, depth + 1)


def _take_stream(stream: PDFStream, found: Found) -> None:
    if str(stream.attrs.get("Subtype")) == "/'Image'" or "Length1" in stream.attrs:
        return
    raw = stream.get_data()
    if not isinstance(raw, bytes):
        return
    if pdf_content.is_content(raw):
        for line in pdf_content.lines(raw):
            found.add(line)
    elif str(stream.attrs.get("Type")) == "/'Metadata'":
        for line in words_of_xmp(raw).split("\n"):
            found.add(line)

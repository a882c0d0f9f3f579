# SPDX-License-Identifier: GPL-3.0-or-later
"""PDF: text page by page, and everything else a person could read in the file.

pdfium reads (37 times faster than pdfminer.six with higher recall, measured on 643 pages); where it refuses a file or a
page, pdfminer.six tries in the same worker and the part is ``corrupt`` whatever it finds.  What is there for the eye
only (:mod:`safehold.reading.pages.scans`) is recognised where a policy could use it; a page of that kind is a
``no_text`` problem where it was not.  Text outside the page is read with the page.  pdfium is not thread-safe and is
C++ on hostile bytes: one process, one document, then the worker goes.
"""

import contextlib
import ctypes
import io
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium
from pdfminer.converter import TextConverter
from pdfminer.layout import LAParams
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.basics import appended, binary
from safehold.reading.basics.hidings import mark_of
from safehold.reading.notes import OpenPart, OverrunError
from safehold.reading.pages import (
    page_hidden,
    page_text,
    pdf_inventory,
    pdf_layers,
    pdf_objects,
    pdf_revisions,
    pdf_strings,
    scans,
)
from safehold.reading.pages.page_objects import objects_on
from safehold.reading.pages.pdf_found import Found, Known
from safehold.reading.pages.pdf_inventory import Inventory
from safehold.reading.pictures import ocr
from safehold.reading.vocabulary import Detail, MarkKind

_RUNNING_OFF = 4  # letters: fewer run off the edge of an honest page
_USUAL_TEXT = 512  # bytes: asked for at once, before it is known how many there are
_MOST_BOOKMARKS = 10_000
_MOST_ANNOTATIONS = 20_000
_ANNOTATION_TEXTS = ("Contents", "RC", "Subj", "T", "TU", "OverlayText")
_MARKUP = re.compile(r"<[^<>]{0,2000}>")
_XMP = re.compile(rb"<x:xmpmeta.{0,500000}?</x:xmpmeta>", re.DOTALL)
_END = b"%%EOF"
_DATE_KEYS = frozenset(("CreationDate", "ModDate"))


def read(content: bytes, part: OpenPart) -> None:
    """Read a PDF document."""
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as refusal:
        if refusal.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            part.problem(Reason.ENCRYPTED, Detail.PASSWORD)
        else:
            _read_damaged(content, part)
        return
    try:
        _read_document(document, content, part)
    finally:
        document.close()


def _read_document(document: Any, content: bytes, part: OpenPart) -> None:
    with contextlib.suppress(pypdfium2.PdfiumError):
        document.init_forms()
    part.heard = []
    pages = len(document)
    found = scans.Scans(part.limits, wanted=part.session.demand.ocr)
    readable = pdf_objects.readable(document, content)
    inventory = pdf_inventory.of(readable) if pdf_layers.may_be(readable) else None
    hidden = page_hidden.Hidden(pdf_layers.off(inventory) if inventory else frozenset())
    refused = [
        number
        for number in range(1, min(pages, part.limits.pages) + 1)
        if not _read_page(document, number, hidden, found, part)
    ]
    if refused:
        _read_refused(content, refused, part)
    if pages > part.limits.pages:
        part.problem(Reason.TOO_LARGE, Detail.PAGES)
    if not pages:
        part.problem(Reason.CORRUPT, Detail.DAMAGED)
    _metadata(document, content, part)
    _bookmarks(document, part)
    _scripts(document, part)
    _xfa(document, part)
    _attachments(document, part)
    _behind_the_pages(content, inventory or pdf_inventory.of(readable), pages, part)
    end = content.rfind(_END)
    appended.read(content, max(0, content.find(b"%PDF-")), end + len(_END) if end >= 0 else len(content), part)
    # Last, because it is dear: all that is cheap has been handed over, and a fresh worker need not do this again.
    _recognise(document, found, part)


# -- pages --------------------------------------------------------------------------------------------------------


def _read_page(document: Any, number: int, hidden: page_hidden.Hidden, found: scans.Scans, part: OpenPart) -> bool:
    """Read one page; return whether pdfium could."""
    try:
        page = document.get_page(number - 1)
    except pypdfium2.PdfiumError:
        return False
    try:
        text_page = page.get_textpage()
        text = page_text.shown(text_page)
        objects = list(objects_on(page))
        unseen = hidden.on(page, text_page, objects)
        part.segment(PlaceKind.PAGE, page_text.seen(text_page, unseen) if unseen else text, number=number)
        if unseen:
            _unseen(page, text_page, unseen, number, part)
        _read_otherwise(page, text_page, text, unseen, number, part, letters=hidden.has_letters_apart)
        _annotations(document, page, number, part)
        found.look_at(page, text_page, text, number, objects)
        text_page.close()
    except pypdfium2.PdfiumError:
        return False
    finally:
        page.close()
    return True


def _unseen(page: Any, text_page: Any, hidden: Mapping[int, Visibility], number: int, part: OpenPart) -> None:
    """Hand over what is on the page and no eye sees, as what hides it."""
    for way, text in page_text.unseen(page, text_page, hidden).items():
        letters = sum(map(str.isalnum, text))
        if letters >= (_RUNNING_OFF if way is Visibility.OFF_PAGE else 1):
            part.mark(mark_of(way), PlaceKind.PAGE, number)
        if letters:
            part.segment(PlaceKind.PAGE, text, number=number, visibility=way)


def _read_otherwise(
    page: Any,
    text_page: Any,
    text: str,
    hidden: Mapping[int, Visibility],
    number: int,
    part: OpenPart,
    *,
    letters: bool,
) -> None:
    """Read a page again whose lines pdfium may have mixed: as it was written, or as if it were not on its side."""
    others = [
        page_text.as_written(page, text_page, text, hidden),
        page_text.set_apart(text_page, text, hidden, letters=letters),
    ]
    turned = page.get_rotation()
    if turned:
        page.set_rotation(0)
        upright = page.get_textpage()
        others.append(page_text.seen(upright, hidden) if hidden else page_text.shown(upright))
        upright.close()
        page.set_rotation(turned)  # pictures are looked for as they are shown
    known = Known([text])
    for other in others:
        new = "\n".join(line for line in other.splitlines() if not known.has(line))
        part.segment(PlaceKind.PAGE, new, number=number)


def _recognise(document: Any, found: scans.Scans, part: OpenPart) -> None:
    """Recognise what is only there for the eye, or say that nobody did."""
    if found.too_large:
        part.problem(Reason.TOO_LARGE, Detail.PIXELS)
    if found.pages and not found.wanted:
        for codes in dict.fromkeys(picture.codes for picture in found.pages):
            part.problem(Reason.NO_TEXT, Detail.UNMAPPED if codes else Detail.SCANNED_PAGE)
    for picture, must in (*((page, True) for page in found.pages), *((one, False) for one in found.pictures)):
        if not found.wanted:
            part.mark(MarkKind.NO_OCR, PlaceKind.PAGE, picture.number)
        elif ocr.may_look(part, PlaceKind.PAGE, picture.number, must=must):
            _look(document, picture, part, must=must)


def _look(document: Any, picture: scans.Picture, part: OpenPart, *, must: bool) -> None:
    part.session.enter(part)  # drawing takes its time: the clock of the part starts anew
    part.session.flush()
    try:
        page = document.get_page(picture.number - 1)
        try:
            grey = scans.drawn(page, picture, part.limits)
        finally:
            page.close()
    except pypdfium2.PdfiumError:
        part.problem(Reason.CORRUPT, Detail.DAMAGED)
        return
    ocr.look(grey, part, PlaceKind.PAGE, picture.number, must=must)


def _annotations(document: Any, page: Any, number: int, part: OpenPart) -> None:
    fields: list[str] = []
    notes: list[str] = []
    links: list[str] = []
    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page), _MOST_ANNOTATIONS)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            kind = pdfium.FPDFAnnot_GetSubtype(annotation)
            if kind == pdfium.FPDF_ANNOT_WIDGET:
                fields += _field(document, annotation)
            elif kind == pdfium.FPDF_ANNOT_LINK:
                links += _link(document, annotation)
            elif kind == pdfium.FPDF_ANNOT_REDACT:
                part.mark(MarkKind.UNAPPLIED_REDACTION, PlaceKind.PAGE, number)
            if kind != pdfium.FPDF_ANNOT_WIDGET:
                notes += [text for key in _ANNOTATION_TEXTS if (text := _annotation_string(annotation, key))]
            if kind == pdfium.FPDF_ANNOT_FILEATTACHMENT:
                _attachment(pypdfium2.PdfAttachment(pdfium.FPDFAnnot_GetFileAttachment(annotation), document), part)
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)
    if fields:
        part.mark(MarkKind.FORM, PlaceKind.PAGE, number)
        part.segment(PlaceKind.FIELD, "\n".join(fields), number=number)
    if notes:
        part.mark(MarkKind.ANNOTATIONS, PlaceKind.PAGE, number)
        # Rich text (/RC) is XHTML beside the plain /Contents.
        part.segment(
            PlaceKind.COMMENT, "\n\n".join(map(pdf_strings.marked_up, notes)), number=number,
            visibility=Visibility.COMMENT,
        )  # fmt: skip
    part.segment(PlaceKind.PAGE, "\n\n".join(links), number=number, visibility=Visibility.ATTRIBUTE)


def _field(document: Any, annotation: Any) -> Iterator[str]:
    """Yield what a field holds, with its name in front, and what it is called for people."""
    form = document.formenv
    if form is None:
        yield from filter(None, (_annotation_string(annotation, "V"), _annotation_string(annotation, "T")))
        return
    value, name, alternative = (
        _wide(lambda buffer, size, ask=ask: ask(form, annotation, _shorts(buffer), size))  # type: ignore[misc]
        for ask in (
            pdfium.FPDFAnnot_GetFormFieldValue,
            pdfium.FPDFAnnot_GetFormFieldName,
            pdfium.FPDFAnnot_GetFormFieldAlternateName,
        )
    )
    if value:
        yield f"{name}: {value}" if name else value
    if alternative:
        yield alternative


def _link(document: Any, annotation: Any) -> Iterator[str]:
    link = pdfium.FPDFAnnot_GetLink(annotation)
    action = pdfium.FPDFLink_GetAction(link) if link else None
    if not action:
        return
    size = pdfium.FPDFAction_GetURIPath(document, action, None, 0)
    if 1 < size < 65_536:
        buffer = ctypes.create_string_buffer(size)
        pdfium.FPDFAction_GetURIPath(document, action, buffer, size)
        yield buffer.value.decode("utf-8", "replace")


def _annotation_string(annotation: Any, key: str) -> str:
    name = ctypes.create_string_buffer(key.encode())
    return _wide(lambda buffer, size: pdfium.FPDFAnnot_GetStringValue(annotation, name, _shorts(buffer), size))


def _shorts(buffer: Any) -> Any:
    return ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR))


def _wide(ask: Callable[[Any, int], int]) -> str:
    """Call a pdfium function that fills a buffer with UTF-16 and return the text."""
    buffer = ctypes.create_string_buffer(_USUAL_TEXT)
    size = ask(buffer, _USUAL_TEXT)
    if not 2 < size < 16_000_000:
        return ""
    if size > _USUAL_TEXT:
        buffer = ctypes.create_string_buffer(size)
        ask(buffer, size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace")


# -- the rest of the document -------------------------------------------------------------------------------------


def _behind_the_pages(content: bytes, inventory: Inventory, pages: int, part: OpenPart) -> None:
    found = Found(Known(text for _, _, text in part.heard or ()))
    pdf_revisions.read(content, found, part)
    pdf_objects.read(inventory, content, found, part, pages)
    for (kind, visibility), texts in found.texts.items():
        part.segment(kind, "\n\n".join(texts), visibility=visibility)


def _metadata(document: Any, content: bytes, part: OpenPart) -> None:
    entries = document.get_metadata_dict(skip_empty=True)
    part.segment(PlaceKind.METADATA, "\n\n".join(str(value) for key, value in entries.items() if key not in _DATE_KEYS))
    packets = [packet.decode("utf-8", "replace") for packet in _XMP.findall(content)[:20]]
    words = "\n".join(line for packet in packets for line in _MARKUP.sub("\n", packet).split("\n") if line.strip())
    part.segment(PlaceKind.METADATA, words, visibility=Visibility.HIDDEN)


def _bookmarks(document: Any, part: OpenPart) -> None:
    titles: list[str] = []
    with contextlib.suppress(pypdfium2.PdfiumError):
        for bookmark in document.get_toc(max_depth=10):
            titles.append(bookmark.get_title())
            if len(titles) >= _MOST_BOOKMARKS:
                break
    part.segment(PlaceKind.METADATA, "\n".join(titles))


def _scripts(document: Any, part: OpenPart) -> None:
    for index in range(min(pdfium.FPDFDoc_GetJavaScriptActionCount(document), 1_000)):
        action = pdfium.FPDFDoc_GetJavaScriptAction(document, index)
        if not action:
            continue
        part.mark(MarkKind.ACTIVE_CONTENT)
        script = _wide(lambda buffer, size, a=action: pdfium.FPDFJavaScriptAction_GetScript(a, _shorts(buffer), size))  # type: ignore[misc]
        pdfium.FPDFDoc_CloseJavaScriptAction(action)
        part.segment(PlaceKind.METADATA, script, visibility=Visibility.HIDDEN)


def _xfa(document: Any, part: OpenPart) -> None:
    """Read the XML of an XFA form: its values are in it and nowhere else."""
    for index in range(min(max(0, pdfium.FPDF_GetXFAPacketCount(document)), 100)):
        size = ctypes.c_ulong()
        pdfium.FPDF_GetXFAPacketContent(document, index, None, 0, size)
        if size.value > part.limits.xml_bytes:
            part.problem(Reason.TOO_LARGE, Detail.XML_SIZE)
        if not 0 < size.value <= part.limits.xml_bytes:
            continue
        buffer = ctypes.create_string_buffer(size.value)
        pdfium.FPDF_GetXFAPacketContent(document, index, buffer, size.value, size)
        text = _MARKUP.sub("\n", buffer.raw[: size.value].decode("utf-8", "replace"))
        part.mark(MarkKind.FORM)
        lines = "\n".join(line for line in text.split("\n") if line.strip())
        part.segment(PlaceKind.FIELD, lines, visibility=Visibility.HIDDEN)


def _attachments(document: Any, part: OpenPart) -> None:
    for index in range(max(0, document.count_attachments())):
        part.session.take_name()
        try:
            _attachment(document.get_attachment(index), part)
        except pypdfium2.PdfiumError:
            part.problem(Reason.CORRUPT, Detail.DAMAGED)


def _attachment(attachment: Any, part: OpenPart) -> None:
    part.mark(MarkKind.ATTACHMENTS)
    try:
        name = attachment.get_name() or "attachment"
    except pypdfium2.PdfiumError:
        name = "attachment"
    size = ctypes.c_ulong()
    pdfium.FPDFAttachment_GetFile(attachment, None, 0, size)
    if size.value > part.limits.member_bytes:
        part.unread_member(name, Reason.TOO_LARGE, Detail.MEMBER_SIZE)
        return
    part.session.take_expanded(size.value)
    try:
        data = bytes(attachment.get_data()) if size.value else b""
    except pypdfium2.PdfiumError:
        part.unread_member(name, Reason.CORRUPT, Detail.DAMAGED)
        return
    part.member(name, data)


# -- the second reader --------------------------------------------------------------------------------------------


def _read_damaged(content: bytes, part: OpenPart) -> None:
    """Read what pdfium refuses as a whole: pdfminer.six page by page, else loose strings."""
    try:
        found = _read_by_pdfminer(content, part, None)
    except PDFPasswordIncorrect:
        part.problem(Reason.ENCRYPTED, Detail.PASSWORD)
        return
    part.problem(Reason.CORRUPT, Detail.SALVAGED if found else Detail.DAMAGED)
    if not found:
        binary.strings(content, part)


def _read_refused(content: bytes, numbers: list[int], part: OpenPart) -> None:
    """Read single pages that pdfium refuses."""
    found = False
    with contextlib.suppress(PDFPasswordIncorrect):
        found = _read_by_pdfminer(content, part, numbers)
    part.problem(Reason.CORRUPT, Detail.SALVAGED if found else Detail.DAMAGED)


def _read_by_pdfminer(content: bytes, part: OpenPart, numbers: Sequence[int] | None) -> bool:
    """Hand over the text of all pages, or of those *numbers*; return whether there was any.

    Raises:
        PDFPasswordIncorrect: It wants a password.
    """
    found = False
    try:
        for number, text in _pages_by_pdfminer(content, part.limits.pages, numbers):
            found = found or bool(text.strip())
            part.segment(PlaceKind.PAGE, text, number=number)
    except (OverrunError, MemoryError, PDFPasswordIncorrect):
        raise
    except Exception:  # noqa: BLE001,S110 - it raises nearly anything on damaged files; what it read so far stays
        pass
    return found


def _pages_by_pdfminer(content: bytes, most: int, numbers: Sequence[int] | None) -> Iterator[tuple[int, str]]:
    resources = PDFResourceManager(caching=False)
    wanted = None if numbers is None else {number - 1 for number in numbers}
    pages = PDFPage.get_pages(io.BytesIO(content), pagenos=wanted, maxpages=most)
    for number, page in zip(numbers or itertools.count(1), pages, strict=False):
        out = io.StringIO()
        device = TextConverter(resources, out, laparams=LAParams())
        PDFPageInterpreter(resources, device).process_page(page)
        yield number, out.getvalue()

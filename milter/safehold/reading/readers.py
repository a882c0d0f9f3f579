# SPDX-License-Identifier: GPL-3.0-or-later
"""Which reader opens what: the table, and the one function that opens a part.

Runs in the worker.  Whatever a reader raises becomes a problem of its part; nothing that content does leaves
:func:`visit` as an exception.
"""

import re
from collections.abc import Callable

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.archives import archive, rar, rarer, seven_zip, streams, tar
from safehold.reading.basics import appended, binary, leftovers, types
from safehold.reading.legacy import legacy_sheet, legacy_slides, legacy_word, metafile, ole, rtf
from safehold.reading.mail import mime, msg, sealed, tnef
from safehold.reading.notes import Given, OpenPart, OverrunError
from safehold.reading.odf import opendocument
from safehold.reading.office import other_packages, sheets, slides, word
from safehold.reading.pages import pdf, postscript
from safehold.reading.pictures import images
from safehold.reading.vocabulary import Detail, MarkKind, is_plain
from safehold.reading.written import calendars, delimited, html, plain_text

Reader = Callable[[bytes, OpenPart], None]

READERS: dict[str, Reader] = {
    types.MESSAGE: mime.read,
    types.HTML: html.read,
    types.CALENDAR: calendars.read,
    types.CARD: calendars.read,
    types.CSV: delimited.read,
    types.TSV: delimited.read,
    "text/comma-separated-values": delimited.read,
    "text/x-csv": delimited.read,
    types.PDF: pdf.read,
    types.DOCX: word.read,
    types.DOCM: word.read,
    types.XLSX: sheets.read,
    types.XLSM: sheets.read,
    types.XLSB: sheets.read,
    types.PPTX: slides.read,
    types.PPTM: slides.read,
    types.OOXML + "document": other_packages.read,
    types.EPUB: rarer.read_epub,
    types.IWORK: rarer.read_iwork,
    types.RAR: rar.read,
    types.ZIP: archive.read_zip,
    types.TAR: tar.read,
    types.GZIP: streams.read_gzip,
    types.BZIP2: streams.read_bzip2,
    types.XZ: streams.read_xz,
    types.ZSTD: streams.read_zstd,
    "application/x-lzma": streams.read_xz,
    types.SEVEN_ZIP: seven_zip.read,
    types.PKCS7: sealed.read_pkcs7,
    types.PGP: sealed.read,
    types.POSTSCRIPT: postscript.read,
    types.ENCRYPTED_OFFICE: ole.read_encrypted,
    types.WORD: legacy_word.read,
    types.EXCEL: legacy_sheet.read,
    types.POWERPOINT: legacy_slides.read,
    types.PUBLISHER: ole.read,
    types.OUTLOOK: msg.read,
    types.OLE: ole.read,
    types.TNEF: tnef.read,
    types.RTF: rtf.read,
    types.METAFILE: metafile.read,
}


# Their readers look behind the end themselves; of all others an archive may hang on the end.
_LOOK_BEHIND = frozenset(
    (
        types.MESSAGE, types.PDF, types.ZIP, types.EPUB, types.DOCM, types.XLSM, types.PPTM, types.XLSB, types.TAR,
        types.GZIP, types.BZIP2, types.XZ, types.ZSTD, "application/x-lzma", types.IWORK, types.SEVEN_ZIP, types.RAR,
    )
)  # fmt: skip
# The end record of a zip stands in the last 22 + 65,535 bytes (APPNOTE 4.3.16).
_END_OF_ARCHIVE, _END_REACH = b"PK\x05\x06", 65_557
_PAGE_ENDINGS = (".html", ".htm", ".xhtml", ".xht", ".shtml")
_ANY_TAG = re.compile(rb"<(?:[abip]|br|body|div|font|html|span|t[dr]|table)[\s>/]", re.IGNORECASE)
_FAMILIES_THAT_LOOK_BEHIND = ("image/", types.OOXML, types.ODF, types.SUN)


def reader_for(media_type: str) -> Reader:
    """Return the reader of a type; what has none is read as loose strings and reported."""
    reader = READERS.get(media_type)
    if reader is not None:
        return reader
    if media_type.startswith("text/"):
        return plain_text.read
    if media_type.startswith("image/"):
        return images.read
    if media_type.startswith((types.ODF, types.SUN)):
        return opendocument.read
    return binary.read


def visit(part: OpenPart, given: Given) -> None:
    """Open one part: type, node, names, then its reader.  Never raises for content."""
    session = part.session
    if session.is_closed(part.path) or session.is_full:
        part.words = None  # unknown, which is not the same as none
        return
    session.enter(part)
    try:
        _open(part, given)
    except OverrunError as overrun:
        part.problem(overrun.reason, overrun.detail)
    except MemoryError:
        session.tainted = True
        part.problem(Reason.CRASHED, Detail.MEMORY)
    except RecursionError:
        part.problem(Reason.TOO_DEEP, Detail.DEPTH)
    except Exception:  # noqa: BLE001 - content made a library fail; the type of the failure is nobody's business
        session.tainted = True
        part.problem(Reason.CORRUPT, Detail.FAILED)
    if part.parent is not None:
        session.enter(part.parent)


def _open(part: OpenPart, given: Given) -> None:
    session = part.session
    media_type = types.detect(
        given.content, declared=given.declared_type, names=given.names, before_magic=session.taint
    )
    if (part.parent is None and part.session.is_message) or (
        given.declared_type in ("message/rfc822", "message/global", "message/news") and _could_be_message(media_type)
    ):
        media_type = types.MESSAGE
    part.announce(media_type)
    session.take_part()
    if part.depth > session.limits.depth:
        raise OverrunError(Reason.TOO_DEEP, Detail.DEPTH)
    part.name_segments()
    part.segment(PlaceKind.HEADER, part.header_words, visibility=Visibility.HIDDEN)
    for reason, detail in part.known_problems:
        part.problem(reason, detail)
    part.segment(PlaceKind.BODY if given.body else PlaceKind.TEXT, part.extra)
    if types.mismatch(media_type, given.declared_type):
        part.mark(MarkKind.TYPE_MISMATCH)
    if not is_plain(media_type):
        session.tainted = True
    session.flush()
    reader_for(media_type)(given.content, part)
    if media_type != types.HTML and _is_shown_as_page(given):
        html.read(given.content, part)
    if _may_hide_an_archive(given.content, media_type):
        appended.read(given.content, 0, len(given.content), part)
    elif _may_hide_a_file(given.content, media_type):
        leftovers.open_inside(given.content, part)


def _is_shown_as_page(given: Given) -> bool:
    """Return whether a client shows a part as HTML, whatever its first bytes are: it goes by the type or the name."""
    if given.declared_type != types.HTML and not any(name.lower().endswith(_PAGE_ENDINGS) for name in given.names):
        return False
    return bool(_ANY_TAG.search(given.content))


def _may_hide_an_archive(content: bytes, media_type: str) -> bool:
    """Return whether an archive may hang on the end, where no viewer of the part looks."""
    if media_type in _LOOK_BEHIND or media_type.startswith(_FAMILIES_THAT_LOOK_BEHIND):
        return False
    at = content.rfind(_END_OF_ARCHIVE, max(0, len(content) - _END_REACH))
    if at < 0:
        return False
    # Office files keep archives inside them; one that hangs on their end ends with them.
    end = at + 22 + int.from_bytes(content[at + 20 : at + 22], "little")
    return not content.startswith(types.OLE_MAGIC) or end + 4 >= len(content)


def _may_hide_a_file(content: bytes, media_type: str) -> bool:
    """Return whether a file may begin inside a text, or inside what is only searched for words, such as a program."""
    return not content.isascii() and (media_type.startswith("text/") or reader_for(media_type) is binary.read)


def _could_be_message(media_type: str) -> bool:
    return media_type in (types.PLAIN, types.HTML) or media_type.startswith("text/")

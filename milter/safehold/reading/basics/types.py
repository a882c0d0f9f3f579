# SPDX-License-Identifier: GPL-3.0-or-later
"""What a part is, by its content: own rules first, libmagic for the rest.

The type decides the reader; what a message declares is evidence only.  The own rules cover libmagic's blind
spots (TNEF, OneNote, OLE by its streams, zip by its members, PDF within the first kilobyte, messages) and all
that plain mail needs, so that libmagic, which is C on hostile bytes, is not asked about plain mail at all.
libmagic must be loaded before the worker is hardened: :func:`load`.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from functools import lru_cache

import magic

from safehold.reading.basics.compound import Compound
from safehold.reading.vocabulary import words

BINARY = "application/octet-stream"
MESSAGE = "message/rfc822"
PLAIN = "text/plain"
HTML = "text/html"
CALENDAR = "text/calendar"
CARD = "text/vcard"
CSV = "text/csv"
TSV = "text/tab-separated-values"

OOXML = "application/vnd.openxmlformats-officedocument."
DOCX = OOXML + "wordprocessingml.document"
XLSX = OOXML + "spreadsheetml.sheet"
PPTX = OOXML + "presentationml.presentation"
DOCM = "application/vnd.ms-word.document.macroenabled.12"
XLSM = "application/vnd.ms-excel.sheet.macroenabled.12"
PPTM = "application/vnd.ms-powerpoint.presentation.macroenabled.12"
XLSB = "application/vnd.ms-excel.sheet.binary.macroenabled.12"
ENCRYPTED_OFFICE = "application/encrypted-office"
ODF = "application/vnd.oasis.opendocument."
SUN = "application/vnd.sun.xml."  # OpenOffice 1, from which OpenDocument came
EPUB = "application/epub+zip"
IWORK = "application/vnd.apple.iwork"
RAR = "application/x-rar"
ISO = "application/x-iso9660-image"
HEIC = "image/heic"
ZIP = "application/zip"
TAR = "application/x-tar"
GZIP = "application/gzip"
BZIP2 = "application/x-bzip2"
XZ = "application/x-xz"
ZSTD = "application/zstd"
SEVEN_ZIP = "application/x-7z-compressed"
PDF = "application/pdf"
RTF = "application/rtf"
OLE = "application/x-ole-storage"
WORD = "application/msword"
EXCEL = "application/vnd.ms-excel"
POWERPOINT = "application/vnd.ms-powerpoint"
PUBLISHER = "application/x-mspublisher"
OUTLOOK = "application/vnd.ms-outlook"
TNEF = "application/vnd.ms-tnef"
METAFILE = "image/x-metafile"  # EMF and WMF: drawings whose text is text
POSTSCRIPT = "application/postscript"
PKCS7 = "application/pkcs7-mime"
PGP = "application/pgp-encrypted"

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Stream names in the directory of a compound file, and what they make of it; the first that is there wins.
_OLE_STREAMS = (
    ("EncryptedPackage", ENCRYPTED_OFFICE),
    ("WordDocument", WORD),
    ("PowerPoint Document", POWERPOINT),
    ("Workbook", EXCEL),
    ("__properties_version1.0", OUTLOOK),
    ("Quill", PUBLISHER),
    ("Book", EXCEL),
)
# PKCS #7's own content types, and those of CMS (compressed, authenticated-enveloped).
_CMS = (b"\x2a\x86\x48\x86\xf7\x0d\x01\x07", b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01")
_ONENOTE = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3")

# Bytes at the start, and the type.
_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"{\\rtf", RTF),
    (b"{\\rt", RTF),
    (b"\x1f\x8b", GZIP),
    (b"BZh", BZIP2),
    (b"\xfd7zXZ\x00", XZ),
    (b"7z\xbc\xaf\x27\x1c", SEVEN_ZIP),
    (b"Rar!\x1a\x07", RAR),
    (b"MSCF", "application/vnd.ms-cab-compressed"),
    (b"\x28\xb5\x2f\xfd", ZSTD),
    (b"\x78\x9f\x3e\x22", TNEF),
    (_ONENOTE, "application/onenote"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"-----BEGIN PGP MESSAGE-----", PGP),
    # Workbooks of Excel 2 to 95 outside a compound file: the record with which each begins (BIFF).
    (b"\x09\x00\x04\x00", EXCEL),
    (b"\x09\x02\x06\x00", EXCEL),
    (b"\x09\x04\x06\x00", EXCEL),
    (b"\x09\x08\x08\x00\x00\x05", EXCEL),
    (b"\x09\x08\x10\x00\x00\x06", EXCEL),
    (b"\xc5\xd0\xd3\xc6", POSTSCRIPT),  # with a preview around it
)
_POSTSCRIPT_START = re.compile(rb"(?:\x04|\x1b%-12345X[^\x00]{0,900})?%!PS")

_HEADER_LINE = re.compile(rb"([A-Za-z][A-Za-z0-9-]{1,40}):[ \t]?[^\r\n]*\r?\n")
_MAIL_HEADERS = frozenset(
    name.encode()
    for name in words("from to cc subject date received return-path delivered-to message-id mime-version content-type")
)
_HTML_START = re.compile(
    rb"\s{0,512}(?:<\?xml[^<>]{0,200}\?>\s{0,512})?(?:<!--.{0,2048}?-->\s{0,512})?<(?:!doctype\s+html|html|head|body|title|meta)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_CARD_START = re.compile(rb"\s{0,64}(?:\xef\xbb\xbf)?BEGIN:V(CARD|CALENDAR)\s", re.IGNORECASE)
_CARD_DECLARED = words("text/x-vcard text/directory text/x-vcalendar text/vcalendar")
# What decides between kinds of text where the content does not.
_TEXT_ENDINGS = {".ics": CALENDAR, ".vcs": CALENDAR, ".ifb": CALENDAR, ".vcf": CARD, ".csv": CSV, ".tsv": TSV,
                 ".tab": TSV}  # fmt: skip
_TEXT_TYPE = re.compile(r"text/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}")
_HTML_TAG = re.compile(rb"<[a-z!/][a-z0-9:-]{0,40}[\s>/]", re.IGNORECASE)
# Control characters that no text has: all of C0 but tab, line feed, form feed, carriage return, escape, backspace.
_CONTROLS = bytes([*range(0x08), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20), 0x7F])
# The end record of a zip stands in the last 22 + 65,535 bytes (APPNOTE 4.3.16).
_ZIP_END_REACH = 65_557
_IWORK_NAMES = ("Index/Document.iwa", "Index/Metadata.iwa", "index.apxl", "index.apxl.gz", "buildVersionHistory.plist")
_FLAT_ODF = re.compile(rb"office:mimetype=[\"']application/vnd\.oasis\.opendocument\.([a-z-]{1,40})[\"']")
_MAGIC_IMAGES = words("image/svg+xml image/vnd.microsoft.icon image/vnd.adobe.photoshop image/jp2 image/jxr image/jxl")
_MOST_LOOKED_AT = 256 * 1024
_TAR_HEADER = 512
_HIGH_BYTES = re.compile(rb"[\x80-\xff]")
_TAR_CHECKSUM = re.compile(rb"[\x00 ]*[0-7]{1,7}[\x00 ]*")


@lru_cache(maxsize=1)
def load() -> "magic.Magic":
    """Return libmagic with its data base loaded."""
    return magic.Magic(mime=True)


def detect(
    content: bytes, *, declared: str = "", names: tuple[str, ...] = (), before_magic: Callable[[], None] | None = None
) -> str:
    """Return the media type of *content*, lower case.

    Args:
        content: All of the part.
        declared: What the message calls it; decides only between kinds of text.
        names: File names; decide only between kinds of text.
        before_magic: Called before libmagic is asked, because that is no longer harmless.
    """
    if not content:
        return PLAIN
    kind = by_rules(content)
    if kind is not None:
        return kind
    if looks_like_text(content):
        return _kind_of_text(content, declared, names)
    if b"PK\x05\x06" in content[-_ZIP_END_REACH:]:  # with something in front: it opens all the same
        kind = _kind_of_zip(content)
        if kind != ZIP or zipfile.is_zipfile(io.BytesIO(content)):
            return kind
    if before_magic is not None:
        before_magic()
    return _by_magic(content)


def mismatch(media_type: str, declared: str) -> bool:
    """Return whether content and declaration differ in a way that matters: not octet-stream, not text as text."""
    if not declared or declared in (BINARY, "application/x-download", "application/force-download"):
        return False
    if media_type == declared or declared.startswith(("multipart/", "message/")):
        return False
    texts = media_type.startswith(("text/", "message/"))
    if texts:
        return declared.startswith(("image/", "audio/", "video/")) or declared in (PDF, ZIP, DOCX, XLSX, PPTX)
    return declared.startswith("text/") or (
        media_type.split("/", maxsplit=1)[0] != declared.split("/", maxsplit=1)[0] and media_type != BINARY
    )


def by_rules(content: bytes) -> str | None:
    """Return the type that strong signs tell, or None; text and chance give none."""
    head = content[:1024]
    for start, kind in _STARTS:
        if head.startswith(start) and (kind != "image/bmp" or _is_bitmap(content)):
            return kind
    # Zip first: a PDF that is stored in it, not compressed, begins within the first kilobyte too.
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08", b"PK00PK\x03\x04")):
        return _kind_of_zip(content)
    if b"%PDF-" in head:
        return PDF
    if head.startswith(OLE_MAGIC):
        return _kind_of_compound(content)
    if b"%!PS" in head and _POSTSCRIPT_START.match(head):
        return POSTSCRIPT
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif"):
        return HEIC
    if (head[40:44] == b" EMF" and head[:4] == b"\x01\x00\x00\x00") or head.startswith(
        (b"\xd7\xcd\xc6\x9a", b"\x01\x00\x09\x00\x00\x03", b"\x01\x00\x09\x00\x00\x01", b"\x02\x00\x09\x00\x00\x03")
    ):
        return METAFILE
    if head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5:  # a frame that programs skip, in front of one of zstd
        return ZSTD
    if content[257:262] == b"ustar" or is_tar_header(content[:512]):
        return TAR
    if content[32_769:32_774] in (b"CD001", b"BEA01"):
        return ISO
    if head[:1] == b"\x30" and any(name in head[:64] for name in _CMS):
        return PKCS7
    if is_message(content):
        return MESSAGE
    return None


def is_tar_header(block: bytes) -> bool:
    """Return whether the checksum of a header of tar is right; some programs have summed signed bytes."""
    if len(block) != _TAR_HEADER or not _TAR_CHECKSUM.fullmatch(block, 148, 156):
        return False
    said = int(block[148:156].strip(b"\x00 "), 8)
    total = sum(block) - sum(block[148:156]) + 8 * ord(" ")
    return said == total or said == total - 256 * len(_HIGH_BYTES.findall(block))


def _is_bitmap(content: bytes) -> bool:
    return len(content) > 30 and int.from_bytes(content[14:18], "little") in (12, 40, 52, 56, 64, 108, 124)


def _kind_of_compound(content: bytes) -> str:
    """Tell old office documents apart by what lies at the top, not by what is inside an embedded one."""
    names = {entry.name.lower() for entry in Compound(content).root.children}
    if names:
        return next((kind for stream, kind in _OLE_STREAMS if stream.lower() in names), OLE)
    return next((kind for stream, kind in _OLE_STREAMS if stream.encode("utf-16-le") in content), OLE)


def _kind_of_zip(content: bytes) -> str:
    """Tell office documents from archives by their member names, in the directory or, failing that, in the bytes."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            listed = archive.namelist()[:20_000]
            names = frozenset(name.replace("\\", "/").replace("[content_types]", "[Content_Types]") for name in listed)
            declared = _declared_kind(archive, listed)
            if declared:
                return declared
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, RuntimeError, EOFError, UnicodeError):
        sample = content[:_MOST_LOOKED_AT] + content[-_MOST_LOOKED_AT:]
        names = frozenset(
            name.decode() for name in (b"[Content_Types].xml", b"word/document.xml", b"xl/workbook.xml",
                                       b"ppt/presentation.xml") if name in sample
        )  # fmt: skip
    if "[Content_Types].xml" in names:
        return _kind_of_office(names)
    if "mimetype" in names:  # stored, as it should be
        at = content.find(b"mimetype")
        found = re.match(rb"mimetype(?:.{0,64}?)(application/[a-z0-9.+-]+)", content[at : at + 200], re.DOTALL)
        if found:
            kind = found[1].decode().partition("PK")[0]
            if kind == EPUB or kind.startswith((ODF, SUN)):
                return kind
    return IWORK if any(name.endswith(_IWORK_NAMES) for name in names) else ZIP


# What a package says of itself: OpenDocument in its manifest, Office in the type of its main part.
_SELF_DECLARED = (
    ("META-INF/manifest.xml", re.compile(rb"application/vnd\.(?:oasis\.opendocument|sun\.xml)\.[a-z.-]{1,40}")),
    (
        "[Content_Types].xml",
        re.compile(
            rb"application/vnd\.(?:openxmlformats-officedocument\.[a-z]{1,20}ml\.|ms-[a-z]{1,20}\.)[a-zA-Z.]{1,60}\.main\+xml"
        ),
    ),
)


def _declared_kind(archive: zipfile.ZipFile, names: list[str]) -> str:
    """Return the kind of a package whose names alone do not tell it, or ""."""
    folders = {name.partition("/")[0].lower() for name in names}
    if folders & {"word", "xl", "ppt"}:
        return ""
    for name, pattern in _SELF_DECLARED:
        if name not in names:
            continue
        try:
            with archive.open(name) as member:
                found = pattern.search(member.read(_MOST_LOOKED_AT))
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError, ValueError):
            continue
        kind = found[0].decode().lower() if found else ""
        if kind.startswith((ODF, SUN)):
            return kind
        for part, office in (("wordprocessingml", DOCX), ("spreadsheetml", XLSX), ("presentationml", PPTX)):
            if part in kind:
                return office
        for part, office in (("ms-word.", DOCM), ("ms-excel.", XLSM), ("ms-powerpoint.", PPTM)):
            if part in kind:
                return office
    return ""


def _kind_of_office(names: frozenset[str]) -> str:
    macros = any(name.lower().endswith("vbaproject.bin") for name in names)
    folders = {name.partition("/")[0].lower() for name in names}
    if "word" in folders:
        return DOCM if macros else DOCX
    if "xl" in folders:
        if any(name.lower().startswith("xl/workbook.bin") for name in names):
            return XLSB
        return XLSM if macros else XLSX
    if "ppt" in folders:
        return PPTM if macros else PPTX
    return OOXML + "document"


def is_message(content: bytes) -> bool:
    """Return whether *content* starts like an RFC 5322 message: header lines only, two or more of mail's own."""
    seen: set[bytes] = set()
    position, end = 0, min(len(content), 8_192)
    if content.startswith(b"From "):
        position = content.find(b"\n") + 1
    while position < end:
        line = _HEADER_LINE.match(content, position)
        if line is None:
            following = content[position : position + 2]
            if following[:1] in (b" ", b"\t") and seen:  # a folded line
                position = content.find(b"\n", position) + 1 or end
                continue
            break
        name = line[1].lower()
        if name in _MAIL_HEADERS:
            seen.add(name)
        position = line.end()
    if seen == {b"mime-version", b"content-type"}:  # a web archive
        return b"multipart/" in content[:end].lower()
    return len(seen) >= 3 or (len(seen) == 2 and bool(seen & {b"from", b"received", b"message-id"}))


def looks_like_text(content: bytes) -> bool:
    """Return whether *content* is text in some charset: hardly a control character in it, from end to end."""
    sample = content[:_MOST_LOOKED_AT]
    if sample.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return True
    if looks_like_utf_16(sample) or looks_like_ebcdic(sample):
        return True
    if not _has_few_controls(sample):
        return False
    # What stands behind the first text need not be any; the last window is a whole one.
    last = len(content) - _MOST_LOOKED_AT
    return all(
        _has_few_controls(content[min(at, last) : min(at, last) + _MOST_LOOKED_AT])
        for at in range(_MOST_LOOKED_AT, len(content), _MOST_LOOKED_AT)
    )


def _has_few_controls(sample: bytes) -> bool:
    if b"\x1b$)" in sample:  # ISO 2022 shifts with two of them
        sample = sample.translate(None, b"\x0e\x0f")
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if b"\x00" in sample and controls * 1000 > len(sample):
        return False
    return controls * 100 <= len(sample)


def looks_like_utf_16(sample: bytes) -> str:
    """Return the name of the wide encoding in which most characters of *sample* are western, "" for none.

    Every other byte of UTF-16 is then zero, and three of four of UTF-32.
    """
    sample = sample[: 4_096 & ~3]
    if len(sample) < 8 or b"\x00" not in sample:
        return ""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > 0.6 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.6 * half and odd < 0.05 * half:
        return "utf-16-be"
    if even + odd > 0.7 * len(sample):
        quarters = [sample[place::4].count(0) for place in range(4)]
        quarter = len(sample) // 4
        if quarters[0] < 0.05 * quarter and min(quarters[1:]) > 0.6 * quarter:
            return "utf-32-le"
        if quarters[3] < 0.05 * quarter and min(quarters[:3]) > 0.6 * quarter:
            return "utf-32-be"
    return ""


# In EBCDIC (code pages 037 and 500 agree on these): letters, digits, and the space; what ends a line.
_EBCDIC_LETTERS = ("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ").encode("cp037")
_EBCDIC_OTHERS = b"\x4b\x6b\x5e\x7a\x7d\x7f\x60\x61\x4d\x5d\x15\x25\x0d\x05\x50\x6d\x6f\x5a\x4e\x7b\x7c\x00"
_EBCDIC_SPACE = b"\x40"
_FEWEST_EBCDIC = 12


def looks_like_ebcdic(content: bytes) -> bool:
    """Return whether *content* is text of a mainframe: nearly all letters, digits and spaces in code page 037."""
    sample = content[:4_096]
    if len(sample) < _FEWEST_EBCDIC or sample.count(_EBCDIC_SPACE) * 25 < len(sample) or b" " in sample[:64]:
        return False
    foreign = len(sample.translate(None, _EBCDIC_LETTERS))
    strange = len(sample.translate(None, _EBCDIC_LETTERS + _EBCDIC_OTHERS))
    return foreign * 100 < 15 * len(sample) and strange * 50 <= len(sample)


def _kind_of_text(content: bytes, declared: str, names: tuple[str, ...]) -> str:
    flat = _FLAT_ODF.search(content[:16_384]) if content.lstrip()[:1] == b"<" else None
    if flat:
        return f"{ODF}{flat[1].decode()}-flat-xml"
    if declared == HTML or declared == "application/xhtml+xml":
        return HTML
    if _HTML_START.match(content):
        return HTML
    if any(name.lower().endswith((".html", ".htm", ".xhtml", ".mht")) for name in names) and _HTML_TAG.search(content):
        return HTML
    card = _CARD_START.match(content)
    if card:
        return CARD if card[1].upper() == b"CARD" else CALENDAR
    if declared in _CARD_DECLARED:
        return CALENDAR if "calendar" in declared else CARD
    if _TEXT_TYPE.fullmatch(declared) and declared != PLAIN:
        return declared
    for name in names:
        kind = _TEXT_ENDINGS.get(name[-4:].lower())
        if kind is not None:
            return kind
    if declared == PLAIN:
        return declared
    if content.lstrip()[:5] == b"<?xml":
        return "text/xml"
    return PLAIN


def _by_magic(content: bytes) -> str:
    try:
        found = load().from_buffer(content[:_MOST_LOOKED_AT])
    except magic.MagicException:
        return BINARY
    found = found.lower()
    if not re.fullmatch(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+", found):
        return BINARY
    if found.startswith("text/"):  # which it is not, from end to end: a program behind a script, for one
        return BINARY
    # libmagic sees pictures in much that is none (TGA has no magic), and a picture need not be read.
    return BINARY if found.startswith("image/") and found not in _MAGIC_IMAGES else found

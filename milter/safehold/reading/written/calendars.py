# SPDX-License-Identifier: GPL-3.0-or-later
"""Calendars and contact cards: every value of every property, and the files that stand in them.

What a calendar or address book shows is visible; what only the file has (``X-`` properties, identifiers,
parameters, lines outside any component) is hidden; where links lead is an attribute.  Inline files (ATTACH,
PHOTO, ``data:``), HTML descriptions and cards inside cards are read as parts of their own.

Lines are unfolded as bytes, because writers fold in the middle of a character, and every value has its own
charset in vCard 2.1.  Nothing raises for content: a line that is no property is text.  Pure but for the part.
Sources: RFC 5545, 7986 and 9073 (iCalendar), RFC 6350 (vCard 4.0), RFC 2426 (3.0), the versit specification of
vCard 2.1 and vCalendar 1.0 (quoted-printable, AGENT), RFC 6868 (carets in parameters).
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import charset, headers
from safehold.reading.basics.types import looks_like_utf_16
from safehold.reading.notes import Given, OpenPart
from safehold.reading.vocabulary import MarkKind, words
from safehold.reading.written import markup, pasted, plain_text

_BEGIN = re.compile(rb"(?:^|[\r\n])[ \t]{0,9}BEGIN:V[A-Z]", re.IGNORECASE)
_OLD = re.compile(rb"[\r\n]VERSION:(?:1\.0|2\.1)[ \t]{0,9}[\r\n]", re.IGNORECASE)
_LINE_END = re.compile(rb"\r\n|\r|\n")
_PROPERTY = re.compile(rb"(?:([A-Za-z0-9-]{1,60})\.)?([A-Za-z0-9-]{1,60})((?:;(?:\"[^\"]*\"|[^\":;])*+)*+):", re.DOTALL)
_PARAMETER = re.compile(r';([^=;":]{1,60})(?:=((?:"[^"]*"|[^;"])*))?')
# What vCard 2.1 writes without a name (6.3): kinds of numbers, addresses, pictures and encodings.
_FLAGS = words(
    "home work pref voice fax msg cell pager bbs modem car isdn video dom intl postal parcel internet aol applelink"
    " attmail cis eworld ibmmail mcimail powershare prodigy tlx x400 x-400 gif cgm wmf bmp met pmb dib pict tiff ps pdf"
    " jpeg mpeg mpeg2 avi qtime wave pcm aiff x509 pgp quoted-printable base64 b 7bit 8bit inline url content-id"
)
_TOKEN = re.compile(r"[A-Za-z0-9.+-]{1,40}(?:/[A-Za-z0-9.+-]{1,80})?")
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s\x00]|\S \S")
_COMPONENTS = words(
    "vcalendar vevent vtodo vjournal vfreebusy vtimezone standard daylight valarm vcard vavailability available"
    " participant vlocation vresource vnote vmsg vbody venv vpoll vote"
)
_PROGRAM_GROUP = re.compile(r"[A-Za-z]{0,6}[0-9]{1,4}|[A-Za-z]{1,2}|home|work|internet", re.IGNORECASE)
_KNOWN_PARAMETERS = words(
    "altrep cn cutype delegated-from delegated-to dir email encoding fbtype filename fmttype language member partstat"
    " range related reltype role rsvp schedule-agent schedule-force-send schedule-status sent-by tzid value type pref"
    " altid pid mediatype calscale sort-as geo tz label charset context display feature order schema derived size"
    " managed-id x-filename x-apple-filename x-oracle-filename"
)
_KNOWN_VALUES = words(
    "date date-time time uri url text binary boolean cal-address duration float integer period recur utc-offset"
    " language-tag timestamp date-and-or-time vcard unknown utf-8 us-ascii iso-8859-1 windows-1252 xml-reference"
)
_LONG_NUMBER = 6
_ESCAPE = re.compile(r"\\([nN,;:\\])")
_UNESCAPED_SEMICOLON = re.compile(r"(?<!\\)((?:\\\\)*);")
_CARET = re.compile(r"\^([n^'])")
_DATA_URI = re.compile(r"data:([a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60})?((?:;[^,;]{0,100})*),", re.IGNORECASE)
_BASE64 = words("base64 b")
# A fold in vCard 2.1 and vCalendar 1.0 stands where a blank was, later ones anywhere; writers mix them up.
_FOLD = "\x00"
_SOFT_BREAK = re.compile(rb"=[ \t]*$")
_HTML = "text/html"

# Properties of several components, each part of which is text (RFC 6350: N, ADR, ORG, GENDER, CLIENTPIDMAP).
_STRUCTURED = words("n adr org gender request-status")
# What programs write for programs.  Read all the same: somebody may have written there.
_MACHINES = words(
    "uid prodid version dtstamp created last-modified sequence transp class rev source calscale method tzid"
    " tzoffsetfrom tzoffsetto tzurl rrule exrule related-to recurrence-id priority percent-complete clientpidmap xml"
    " sort-string mailer profile kind geo tz freebusy trigger repeat duration action color image-id structured-data"
)
_TECHNICAL = words("encoding charset value fmttype")
_LINKS = words("attach photo logo sound key source fburl caladruri caluri image conference calendar-address related")


@dataclass(slots=True)
class _Found:
    """The texts of a file, apart by how a person meets them."""

    shown: list[str] = field(default_factory=list)
    joined: list[str] = field(default_factory=list)  # old cards without blanks at the folds, markup without its tags
    hidden: dict[str, None] = field(default_factory=dict)
    attributes: dict[str, None] = field(default_factory=dict)
    files: int = 0

    def add(self, text: str, *, shown: bool) -> None:
        """Add a text."""
        if _FOLD in text:
            self.joined.append(text.replace(_FOLD, ""))
            text = text.replace(_FOLD, " ")
        if not text.strip():
            return
        if shown:
            self.shown.append(text)
        else:
            self.hidden[text] = None


@dataclass(frozen=True, slots=True)
class _Property:
    """One property: its name, lower case; its parameters by name, lower case; its value as it stands."""

    name: str
    parameters: tuple[tuple[str, str], ...] = field(repr=False)
    raw: bytes = field(repr=False)
    group: str = field(default="", repr=False)  # what ties it to others of a card

    def parameter(self, *names: str) -> str:
        """Return the first value of one of the parameters, or ""."""
        return next((value for name, value in self.parameters if name in names and value), "")

    @property
    def encoding(self) -> str:
        """Return ``quoted-printable``, ``base64`` or ""; vCard 2.1 leaves the parameter's name out."""
        said = {value.lower() for name, value in self.parameters if name in ("encoding", "")}
        if "quoted-printable" in said:
            return "quoted-printable"
        is_binary = self.parameter("value").lower() == "binary" and "encoding" not in dict(self.parameters)
        return "base64" if said & _BASE64 or is_binary else ""


def read(content: bytes, part: OpenPart) -> None:
    """Read a calendar or card file, or an invitation in a message."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or looks_like_utf_16(content):
        wide = charset.decode(content)
        content = f"{wide.text}\n{wide.other}".encode("utf-8", "replace")
    if not _BEGIN.search(content):
        plain_text.read(content, part)
        return
    found = _Found()
    depth = 0
    for item in _properties(content):
        if isinstance(item, _Property):
            depth += (item.name == "begin") - (item.name == "end")
            _take(item, found, part, inside=depth > 0)
        elif item.strip():
            found.add(_decoded(item.strip(), part.given.charset), shown=depth > 0)
    kind = PlaceKind.BODY if part.given.body else PlaceKind.TEXT
    text = "\n".join(found.shown)
    part.segment(kind, text, visibility=plain_text.alternative_or_visible(text, part))
    part.segment(kind, "\n".join(found.joined), visibility=Visibility.ALTERNATIVE)
    part.segment(PlaceKind.METADATA, "\n\n".join(found.hidden), visibility=Visibility.HIDDEN)
    part.segment(kind, "\n\n".join(found.attributes), visibility=Visibility.ATTRIBUTE)
    pasted.read("\n".join((text, *found.hidden)), part, kind)


# -- lines --------------------------------------------------------------------------------------------------------


def _properties(content: bytes) -> Iterator[_Property | bytes]:
    """Yield each property, and each line that is none."""
    content = content.removeprefix(b"\xef\xbb\xbf").replace(b"\x00", b"")
    fold = _FOLD.encode() if _OLD.search(content) else b""
    for line in _unfolded(content, fold):
        found = _PROPERTY.match(line)
        if found is None:
            yield line
            continue
        group = found[1].decode("ascii") if found[1] else ""
        yield _Property(found[2].decode("ascii").lower(), _parameters(found[3]), line[found.end() :], group)


def _unfolded(content: bytes, fold: bytes) -> Iterator[bytes]:
    """Yield logical lines, folds replaced by *fold*; soft breaks and base64 blocks of vCard 2.1 are joined too."""
    pieces: list[bytes] = []
    soft = soft_allowed = block = False
    for line in _LINE_END.split(content):
        if pieces and line[:1] in (b" ", b"\t"):
            pieces.append(fold + line[1:])
        elif pieces and soft:
            pieces[-1] = _SOFT_BREAK.sub(b"", pieces[-1])
            pieces.append(line)
        elif pieces and block and line and b":" not in line:
            pieces.append(line)  # some programs do not indent the lines of an inline file
        else:
            if pieces:
                yield b"".join(pieces)
            pieces = [line]
        if len(pieces) == 1:
            head = line[:400].upper()
            soft_allowed = b"QUOTED-PRINTABLE" in head.partition(b":")[0]
            block = b"BASE64" in head.partition(b":")[0] or b"ENCODING=B" in head.partition(b":")[0]
        soft = soft_allowed and bool(_SOFT_BREAK.search(line))
    if pieces:
        yield b"".join(pieces)


def _parameters(raw: bytes) -> tuple[tuple[str, str], ...]:
    text = _decoded(raw)
    named = (
        (name.strip().lower(), _caret(piece.strip('"')))
        if value
        else ("", name.strip())  # vCard 2.1: ``TEL;HOME;VOICE:``
        for name, value in ((found[1], found[2] or "") for found in _PARAMETER.finditer(text))
        for piece in ([value] if '"' in value else value.split(","))
    )
    rest = _PARAMETER.sub("", text).strip(" \t;")
    return (*named, ("", rest)) if rest else tuple(named)


def _caret(text: str) -> str:
    return _CARET.sub(lambda found: {"n": "\n", "^": "^", "'": '"'}[found[1]], text) if "^" in text else text


# -- properties ---------------------------------------------------------------------------------------------------


def _take(item: _Property, found: _Found, part: OpenPart, *, inside: bool) -> None:
    if item.name in ("begin", "end"):
        name = _decoded(item.raw).strip()
        if name.lower() not in _COMPONENTS:
            found.add(name, shown=False)
        return
    _take_names(item, found)
    _take_parameters(item, found, part)
    raw, encoding = item.raw, item.encoding
    if encoding == "base64":
        _file(headers.lenient_base64(raw), item, found, part)
        if _NO_BASE64.search(raw):
            found.add(_decoded(raw), shown=False)
        return
    if encoding == "quoted-printable":
        raw = headers.quoted_printable(raw)
    text = _decoded(raw, item.parameter("charset").lower() or part.given.charset)
    if _take_inline(text, item, found, part):
        return
    if item.parameter("fmttype").lower() == _HTML or (item.name == "x-alt-desc" and "<" in text):
        _file(_unescape(text).encode("utf-8", "replace"), item, found, part, declared=_HTML)
    elif item.name == "agent" and "BEGIN:VCARD" in text.upper():
        _file(_unescape(text).encode("utf-8", "replace"), item, found, part, declared="text/vcard")
    else:
        _take_value(item.name, text, found, inside=inside)


def _take_inline(text: str, item: _Property, found: _Found, part: OpenPart) -> bool:
    """Read the file that a value holds as a ``data:`` address; return whether it does."""
    inline = _DATA_URI.match(text)
    if not inline:
        return False
    content = unquote_to_bytes(text[inline.end() :])
    content = headers.lenient_base64(content) if ";base64" in inline[2].lower() else content
    _file(content, item, found, part, declared=(inline[1] or "").lower())
    return True


def _take_names(item: _Property, found: _Found) -> None:
    """Take the names that people may give: of groups, of properties and of parameters."""
    if item.group and not _PROGRAM_GROUP.fullmatch(item.group):
        found.add(item.group, shown=False)
    if item.name.startswith("x-"):
        found.add(item.name, shown=False)
    for name, _ in item.parameters:
        if name and name not in _KNOWN_PARAMETERS:
            found.attributes[name] = None


def _take_value(name: str, text: str, found: _Found, *, inside: bool) -> None:
    if name in _STRUCTURED:
        fields = [_unescape(piece).strip() for piece in _UNESCAPED_SEMICOLON.sub("\\1\x1f", text).split("\x1f")]
        text = ", ".join(piece for piece in fields if piece)
        if name == "n" and len(fields) > 1:  # as it is written, and as it is said
            said = [fields[index] for index in (3, 1, 2, 0, 4) if index < len(fields) and fields[index]]
            text += "\n" + " ".join(said)
    else:
        text = _unescape(text)
    if name in _LINKS:
        found.attributes[text] = None
    else:
        shown = inside and not name.startswith("x-") and name not in _MACHINES
        if "<" in text and ">" in text:  # several calendars write HTML where text should stand
            found.joined += markup.readings(text)
        found.add(f"{name.upper()}: {text}" if text.strip() and not name.startswith("x-") else text, shown=shown)


def _take_parameters(item: _Property, found: _Found, part: OpenPart) -> None:
    for name, value in item.parameters:
        if not name and value.lower() not in _FLAGS:
            found.attributes[value] = None
        if not value or not name or _is_technical(name, value) or _take_inline(value, item, found, part):
            continue
        if name in ("cn", "label"):  # the attendee's name, the address as it is printed
            found.shown.append(_unescape(value))
        elif any(map(str.isalpha, value)) or sum(map(str.isdigit, value)) >= _LONG_NUMBER:
            found.attributes[_unescape(value)] = None


def _is_technical(name: str, value: str) -> bool:
    """Return whether the value of a parameter says how the property is written, and nothing else."""
    if name not in _TECHNICAL or not _TOKEN.fullmatch(value):
        return False
    return "/" in value or value.lower() in _KNOWN_VALUES or value.lower() in _FLAGS


def _decoded(raw: bytes, said: str = "") -> str:
    """Return a piece of a file as text; the mark of UTF-16 in the middle of a file is none."""
    decoded = charset.decode(raw.lstrip(b"\xfe\xff"), said)
    return f"{decoded.text}\n{decoded.other}" if decoded.other else decoded.text


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], text)


def _file(content: bytes, item: _Property, found: _Found, part: OpenPart, *, declared: str = "") -> None:
    """Read a file that stands in a property."""
    if not content.strip():
        return
    if declared not in (_HTML, "text/vcard"):
        part.mark(MarkKind.ATTACHMENTS)
    found.files += 1
    name = item.parameter("filename", "x-filename", "x-apple-filename", "x-oracle-filename") or (
        f"{item.name}.{found.files}"
    )
    kind = item.parameter("fmttype", "mediatype").lower() or declared
    given = Given(content, kind, names=(name,), is_attachment=True, attachment=part.attachment)
    part.child(given, name)

# SPDX-License-Identifier: GPL-3.0-or-later
"""What compound files have in common: properties, macros, embedded objects, and streams that nobody expects.

The readers of Word, Excel, PowerPoint and Outlook files open theirs through :class:`OleFile`, take the streams
they know, and call :meth:`OleFile.finish`, which reads all the others: so a text in a stream of its own invention
is found in any of them, and so is one that stands in a known stream where its reader did not look.  A compound file
of no known kind is read here whole, as loose strings and as the files that can be told by their first bytes, and is
reported as ``unsupported``.

Sources: [MS-CFB]; [MS-OLEDS] 2.3.6 (Ole10Native); [MS-OFFCRYPTO] (rights management, default passwords).
"""

import re
from collections.abc import Iterable, Iterator

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.basics import binary, charset, compound
from safehold.reading.basics.compound import Compound, Entry
from safehold.reading.legacy import default_password, escher, metafile, summary, vba
from safehold.reading.legacy.unsaid import Said, is_somebodys
from safehold.reading.notes import Given, OpenPart
from safehold.reading.vocabulary import Detail, MarkKind

# Streams of programs about themselves: words in them are those of programs, or of somebody who hides some.
_QUIET = frozenset(("\x01compobj", "\x01ole", "\x03objinfo", "\x03accessobjsitedata", "\x03print", "props"))
# Streams at the top of what is a file of its own, though it lies inside another.
_WHOLE_FILES = frozenset(
    ("worddocument", "workbook", "book", "powerpoint document", "__properties_version1.0", "encryptedpackage")
)
_NATIVE = "\x01ole10native"
_EQUATION = "equation native"
_WRAPPED = frozenset(("package", "contents", "content", "embeddedodf", "package_stream"))
# By these a storage is an object that some program put there.
_OBJECTS = _WRAPPED | {_NATIVE, _EQUATION, "\x01compobj", "\x01ole"}
# A character of an equation (MTEF 3): kind, typeface, then the character.
_EQUATION_CHARACTERS = re.compile(rb"[\x02\x12\x22\x32][\x81-\x98](.\x00|[\x00-\xff][\x01-\x06\x20-\x23])", re.DOTALL)
_RIGHTS = frozenset(("\x09drmcontent", "\x09drmviewercontent"))
# First bytes by which a file is known wherever it lies; each with the bytes of its end where it has some.
_SIGNATURES = re.compile(
    rb"%PDF-1|\x89PNG\r\n\x1a\n|\xff\xd8\xff[\xe0\xe1\xee]|PK\x03\x04|\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1|\{\\rtf1|GIF8[79]a"
    rb"|\x78\x9f\x3e\x22|\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d"
)
_ENDS = {b"%P": (b"%%EOF", 5), b"\x89P": (b"IEND", 8), b"PK": (b"PK\x05\x06", 22)}
_OLE1_LINK = 1
_MOST_CARVED = 50
_MOST_PICTURES = 300
_MOST_TEXT = 1_000_000
# Long runs of zeros say nothing and take their time: 0.1 s a megabyte.
_ZEROS = re.compile(rb"\x00{256,}")
_SOME_ZEROS = bytes(64)
_TAGS = re.compile(r"<[^<>]{0,4096}>")
_MIN_WORDS = re.compile(r"[A-Za-z\u00c0-\u024f]{3}|\d{3}|\b[A-Za-z]{1,2}\d[\dA-Za-z]? ?\d[A-Za-z]{2}\b")


class OleFile:
    """A compound file being read into a part."""

    def __init__(self, content: bytes, part: OpenPart, *, is_known: bool = True) -> None:
        """Open *content*; of a file of no known kind everything is text of the part, not a hidden remainder."""
        self.part = part
        self.compound = Compound(content, part.session.take_expanded)
        self._taken: set[int] = set()
        self._quiet: list[bytes] = []
        self._is_known = is_known
        part.heard = []
        if self.compound.has_more:
            part.problem(Reason.TOO_MANY, Detail.MEMBERS)

    def stream(self, *path: str) -> bytes:
        """Return the bytes of a stream, none where there is no such stream; it counts as read."""
        entry = self.compound.find(*path)
        self.take(entry)
        return self.compound.read(entry)

    def take(self, entry: Entry | None) -> None:
        """Count a stream or storage as read."""
        if entry is not None:
            self._taken.add(id(entry))

    def finish(self, *streams: bytes) -> None:
        """Read everything that was not taken, and what was not said of *streams*; say whether the file is damaged."""
        self._children(self.compound.root)
        for entry in self.compound.loose:
            self._leftover(entry)
        self._say("\n".join(filter(is_somebodys, loose_text(self.compound.unused()).splitlines())))
        said = Said(text for _, _, text in self.part.heard or ())
        self._say("\n".join(filter(None, map(said.rest, (*streams, *self._quiet)))))
        if self.compound.is_damaged:
            self.part.problem(Reason.CORRUPT, Detail.SALVAGED)

    def _say(self, text: str, kind: PlaceKind = PlaceKind.METADATA, how: Visibility = Visibility.HIDDEN) -> None:
        """Hand over loose texts, as much as anybody will look at, and say where that is not all."""
        self.part.segment(kind, text[:_MOST_TEXT], visibility=how)
        if len(text) > _MOST_TEXT:
            self.part.problem(Reason.TOO_LARGE, Detail.TEXT_OF_PART)

    def embedded(self, storage: Entry, name: str = "") -> None:
        """Read an object inside the file: what it wraps where it is a wrapping, else the object itself."""
        self.part.mark(MarkKind.EMBEDDED)
        self.take(storage)
        if storage.child("\x03OCXNAME"):  # a control of a form: its streams are its settings
            self.part.mark(MarkKind.ACTIVE_CONTENT)
            self._children(storage)
        elif storage.child(_EQUATION) or self.unwrap(storage):
            self._children(storage)
        elif storage.child("\x03LinkInfo") and not storage.child(_NATIVE):  # the object itself lies elsewhere
            self.part.mark(MarkKind.EXTERNAL_LINK)
            self._children(storage)
        else:
            self._child(compound.write(self.compound.read_tree(storage)), name or storage.name)

    def unwrap(self, storage: Entry) -> bool:
        """Read the file that an object is only the wrapping of; return whether it was one."""
        found = False
        for entry in storage.children:
            name = entry.name.lower()
            if entry.is_storage or id(entry) in self._taken:
                continue
            if name == _NATIVE:
                raw = self.compound.read(entry)
                size = int.from_bytes(raw[:4], "little")
                is_file = unwrap_native(raw[4 : 4 + size] if size else raw[4:], self.part)
            elif name in _WRAPPED:
                content = self.compound.read(entry)
                is_file = name == "package" or starts_like_a_file(content)
                if is_file:
                    self._child(content, entry.name)
            else:
                continue
            if is_file:
                self.take(entry)
                found = True
        return found

    def macros(self, storage: Entry) -> None:
        """Mark a VBA project and read its text."""
        self.take(storage)
        self.part.mark(MarkKind.MACROS)
        self._say(vba.text(self.compound, storage, self.part.session.take_expanded))

    def properties(self, content: bytes) -> None:
        """Read a stream of properties."""
        found = summary.read(content)
        self._quiet.append(content)
        self.part.segment(PlaceKind.METADATA, "\n".join(found.texts))
        if found.thumbnail:
            self._child(found.thumbnail, "thumbnail")

    def _children(self, storage: Entry) -> None:
        for index, entry in enumerate(storage.children):
            if id(entry) in self._taken:
                continue
            if not entry.is_storage:
                self._leftover(entry)
            elif vba.is_project(entry):
                self.macros(entry)
            elif storage.name.lower() == "objectpool":
                self.embedded(entry, f"object {index + 1}")
            elif self._is_object(entry):
                self.embedded(entry)
            else:
                self._children(entry)

    def _is_object(self, storage: Entry) -> bool:
        names = {entry.name.lower() for entry in storage.children}
        return bool(names & _WHOLE_FILES or (self._is_known and names & _OBJECTS))

    def _child(self, content: bytes, name: str) -> None:
        part = self.part
        given = Given(content, names=(name,), is_attachment=part.is_attachment, attachment=part.attachment)
        part.child(given, name)

    def _leftover(self, entry: Entry) -> None:
        """Read a stream that the format's reader did not ask for."""
        name = entry.name.lower()
        self.take(entry)
        if name in _RIGHTS:
            self.part.problem(Reason.ENCRYPTED, Detail.SEALED)
            return
        content = self.compound.read(entry)
        if name in _QUIET:
            self._quiet.append(content)
        elif content[:4] == b"\xfe\xff\x00\x00" or (name[:1] == "\x05" and content[:2] == b"\xfe\xff"):
            self.properties(content)
        elif name[:8] == "\x02olepres" or name == "\x03eprint":  # how an object looked when it was last drawn
            metafile.read_inside(content, self.part)
        elif name == _EQUATION:
            self.part.segment(PlaceKind.TEXT, equation_text(content))
        elif starts_like_a_file(content):
            self._child(content, entry.name)
        elif self._is_known:
            self._say(loose_text(content))
        else:
            self._say(loose_text(content), PlaceKind.TEXT, Visibility.VISIBLE)
            for number, inner in enumerate(carved(content)):
                self._child(inner, f"{entry.name} {number + 1}")


def starts_like_a_file(content: bytes) -> bool:
    """Return whether the first bytes are those of a file of a known kind."""
    return (
        bool(_SIGNATURES.match(content[:16]))
        or content[:4] in (b"II*\x00", b"MM\x00*", b"Rar!")
        or (content[:2] == b"BM" and content[6:10] == bytes(4))
    )


def equation_text(raw: bytes) -> str:
    """Return the characters of an equation in their order."""
    return b"".join(_EQUATION_CHARACTERS.findall(raw)).decode("utf-16-le", "replace")


def loose_text(content: bytes) -> str:
    """Return what can be read in a stream of no known format: marked-up text without its marks, else the strings."""
    if content.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \r\n\t")[:1] == b"<":
        text = charset.decode(content).text
        if "\0" not in text[:1_000]:
            return "\n".join(line.strip() for line in _TAGS.sub("\n", text).splitlines() if line.strip())
    content = _ZEROS.sub(_SOME_ZEROS, content)
    runs = (binary.wide_strings(content, None) + "\n" + binary.narrow_strings(content, None)).splitlines()
    return "\n".join(dict.fromkeys(run for run in runs if _MIN_WORDS.search(run)))


def unwrap_native(raw: bytes, part: OpenPart) -> bool:
    """Read a file that was dropped into a document ([MS-OLEDS] 2.3.6, undocumented within): names, then its bytes."""
    if raw[:2] != b"\x02\x00":
        if raw[:2] == b"\x1c\x00":
            part.segment(PlaceKind.TEXT, equation_text(raw))
            return True
        if starts_like_a_file(raw):
            part.mark(MarkKind.EMBEDDED)
            part.member("native", raw)
            return True
        return False
    label, at = _text_to_nul(raw, 2)
    source, at = _text_to_nul(raw, at)
    at += 4
    length = int.from_bytes(raw[at : at + 4], "little")
    temporary = raw[at + 4 : at + 4 + length].rstrip(b"\0")
    at += 4 + length
    size = int.from_bytes(raw[at : at + 4], "little")
    if at + 4 > len(raw):
        return False
    content = raw[at + 4 : at + 4 + size]
    behind = raw[at + 4 + size :]  # the same three names again, in Unicode
    names = tuple(dict.fromkeys(name for name in (label, _last_step(source)) if name)) or ("package",)
    part.mark(MarkKind.EMBEDDED)
    part.segment(
        PlaceKind.METADATA,
        "\n".join(dict.fromkeys((source, charset.decode(temporary).text, *loose_text(behind).splitlines()))),
        visibility=Visibility.ATTRIBUTE,
    )
    problems = ((Reason.CORRUPT, Detail.SALVAGED),) if len(content) < size else ()
    given = Given(content, names=names, is_attachment=part.is_attachment, attachment=part.attachment)
    part.child(given, names[0], problems=problems)
    return True


def unwrap_ole1(raw: bytes, part: OpenPart) -> None:
    """Read an object of OLE 1 ([MS-OLEDS] 2.2): its class, then a link or the object, then how it looked."""
    part.mark(MarkKind.EMBEDDED)
    if starts_like_a_file(raw):
        part.member("object", raw)
        return
    kind = int.from_bytes(raw[4:8], "little")
    at = 8
    names: list[str] = []
    for _ in range(3):  # class, topic, item
        size = int.from_bytes(raw[at : at + 4], "little")
        names.append(charset.decode(raw[at + 4 : at + 4 + size].rstrip(b"\0")).text)
        at += 4 + size
    part.segment(PlaceKind.METADATA, "\n".join(names), visibility=Visibility.ATTRIBUTE)
    if kind == _OLE1_LINK:
        part.mark(MarkKind.EXTERNAL_LINK)
        metafile.read_inside(raw[at:], part)
        return
    size = int.from_bytes(raw[at : at + 4], "little")
    content, rest = raw[at + 4 : at + 4 + size], raw[at + 4 + size :]
    if starts_like_a_file(content):
        part.member(names[0] or "object", content)
    elif not unwrap_native(content, part):
        part.problem(Reason.UNSUPPORTED, Detail.NO_READER)
        part.segment(PlaceKind.TEXT, loose_text(content or raw)[:_MOST_TEXT])
    metafile.read_inside(rest, part)


def texts(content: bytes) -> str:
    """Return what can be read in the streams of a compound file that belongs to the program, not to a person."""
    found = Compound(content)
    return "\n".join(loose_text(found.read(entry)) for entry in found.root.walk() if not entry.is_storage)


def _text_to_nul(raw: bytes, at: int) -> tuple[str, int]:
    end = raw.find(b"\0", at, at + 4_096)
    if end < 0:
        return "", len(raw)
    return charset.decode(raw[at:end]).text, end + 1


def _last_step(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


# -- compound files of no known kind ------------------------------------------------------------------------------


def read(content: bytes, part: OpenPart) -> None:
    """Read a compound file that is none of the known documents: a wrapping, a VBA project, or anything."""
    file = OleFile(content, part, is_known=False)
    root = file.compound.root
    if vba.is_project(root):
        file.macros(root)
    elif file.unwrap(root):
        part.mark(MarkKind.EMBEDDED)
        file.finish()
    else:
        part.problem(Reason.UNSUPPORTED, Detail.NO_READER)
        file.finish()


def read_encrypted(content: bytes, part: OpenPart) -> None:
    """Read an Office file of today that is encrypted: with Excel's own password, or not at all."""
    file = OleFile(content, part)
    information, package = file.stream("EncryptionInfo"), file.stream("EncryptedPackage")
    opened = default_password.open_package(information, package)
    if opened is None:
        # Without information on a password the key is with a rights management server.
        part.problem(Reason.ENCRYPTED, Detail.PASSWORD if information else Detail.SEALED)
        return
    part.session.take_expanded(len(opened))
    given = Given(opened, is_attachment=part.is_attachment, attachment=part.attachment)
    part.child(given, "package")


def carved(content: bytes) -> Iterator[bytes]:
    """Yield the files that can be told by their first bytes, wherever in *content* they start."""
    at = 0
    for _ in range(_MOST_CARVED):
        found = _SIGNATURES.search(content, at)
        if found is None:
            return
        start = found.start()
        ending = _ENDS.get(found[0][:2])
        stop = content.find(ending[0], start) if ending else -1
        following = _SIGNATURES.search(content, start + 8) if stop < 0 else None
        end = stop + ending[1] if ending and stop >= 0 else following.start() if following else len(content)
        yield content[start:end]
        at = end


def pictures(streams: Iterable[bytes], part: OpenPart) -> list[bytes]:
    """Read the pictures of an old Office document, each once; return of each stream what is no picture."""
    rest: list[bytes] = []
    seen: set[bytes] = set()
    for raw in streams:
        at = 0
        pieces: list[bytes] = []
        for picture in escher.pictures(raw):
            pieces.append(raw[at : picture.start])
            at = picture.end
            if not picture.content or picture.content in seen:
                continue
            seen.add(picture.content)
            if len(seen) > _MOST_PICTURES:
                part.problem(Reason.TOO_MANY, Detail.MEMBERS)
                break
            _read_picture(picture, len(seen), part)
        rest.append(b"\0\0".join((*pieces, raw[at:])))
    return rest


def _read_picture(picture: escher.Picture, number: int, part: OpenPart) -> None:
    if picture.suffix == "pict":  # drawings of old Macintoshes have no sign by which their type is known
        part.mark(MarkKind.NO_OCR)
        part.segment(PlaceKind.METADATA, binary.narrow_strings(picture.content)[:_MOST_TEXT])
    else:
        part.member(f"picture {number}.{picture.suffix}", picture.content)

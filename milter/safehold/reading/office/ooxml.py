# SPDX-License-Identifier: GPL-3.0-or-later
"""Zips of XML parts, as office programs write them: the seam under the readers of Word, sheets, slides, OpenDocument.

A reader asks for the parts it knows, one by one; :meth:`Package.sweep` then reads everything that nobody asked for,
so that every XML part is read and every other member is opened, whatever it is called.  The checks of the zip
itself (overlaps, sizes, expansion, encrypted members) are those of :mod:`safehold.reading.archives.archive`.

XML is streamed through expat, which has no depth limit (300 nested elements make lxml drop text without an error)
and reports entity declarations, which no office program writes.  A part that is not well-formed is read on from the
fault (:mod:`safehold.reading.office.tolerant`), and is ``corrupt``.

Source: ECMA-376 part 2 (packages, relationships).
"""

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote
from xml.parsers import expat

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.archives.archive import Member, Zip, read_expanded
from safehold.reading.basics import binary, types
from safehold.reading.basics.compound import Compound
from safehold.reading.basics.identifiers import identifies
from safehold.reading.legacy import vba
from safehold.reading.notes import OpenPart
from safehold.reading.office.part_names import is_part_name
from safehold.reading.office.tolerant import Handler, read_on
from safehold.reading.vocabulary import Detail, MarkKind, words

_RELATIONS, _BEGINNING = b"/package/2006/relationships", 400
_XML_NAMES = (".xml", ".rels", ".vml", ".rdf", ".fpage", ".fdoc", ".fdseq")
# Files that programs put into every package.  Nobody writes in them, so that they have no reader is no problem.
_QUIET = re.compile(r"(?:^|/)(?:printersettings\d*\.bin|fonts?/.*|.*\.odttf|.*\.fntdata|mimetype)$", re.IGNORECASE)
_MIMETYPE = re.compile(rb"application/[\w.+-]{1,100}\s?")
_MACROS = re.compile(r"(?:^|/)(?:vbaproject\w*\.bin|vbadata\.xml)$", re.IGNORECASE)
_BASIC_MACROS = re.compile(r"^(?:basic|scripts)/", re.IGNORECASE)
_DIGITS = re.compile(r"(\d+)")
_PACKED_NOTHING = 2  # bytes that deflate makes of none
# Types under which fonts and what programs keep for themselves are known, or not known.
_OF_PROGRAMS = words(
    "application/octet-stream font/sfnt font/ttf font/otf font/woff font/woff2 application/vnd.ms-opentype"
    " application/vnd.ms-fontobject application/x-font-ttf"
)


def local(tag: str) -> str:
    """Return a name without its prefix; prefixes are free, and two namespaces hardly share a name that matters."""
    return tag.rpartition(":")[2]


def natural(name: str) -> list[str | int]:
    """Return the key by which sheet2 sorts before sheet10."""
    return [int(piece[:9]) if piece.isdigit() else piece for piece in _DIGITS.split(name.lower())]


# -- the package --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Relation:
    """One relationship of a part; *target* is a member name, or a link as it stands where it is external."""

    kind: str
    target: str = field(repr=False)
    is_external: bool


class Package:
    """The members of an office zip, each read once."""

    def __init__(self, content: bytes, part: OpenPart) -> None:
        self.part = part
        self._zip = Zip(content, part)
        part.segment(PlaceKind.METADATA, self._zip.comment)
        self._named: dict[str, int] = {}
        for index, member in enumerate(self._zip.members):
            self._named.setdefault(_key(member.name), index)
            part.segment(PlaceKind.METADATA, member.comment)
            if member.name.lower().endswith(_XML_NAMES) and not is_part_name(member.name):
                part.segment(PlaceKind.FILENAME, member.name, visibility=Visibility.ATTRIBUTE)
        self._taken: set[int] = set()
        self._relations: dict[str, dict[str, Relation]] = {}

    def names(self, pattern: str = "") -> list[str]:
        """Return the names of the members that match, ``sheet2`` before ``sheet10``."""
        wanted = re.compile(pattern, re.IGNORECASE)
        return sorted((name for name in self._named if wanted.search(name)), key=natural)

    def has(self, name: str) -> bool:
        """Return whether there is such a member."""
        return _key(name) in self._named

    def is_encrypted(self, name: str) -> bool:
        """Return whether the zip itself encrypts the member."""
        index = self._named.get(_key(name))
        return index is not None and self._zip.members[index].encrypted

    def is_plain(self, name: str) -> bool:
        """Return whether a member is what can be read, whatever somebody says of it."""
        index = self._named.get(_key(name))
        if index is None or index in self._taken or self._zip.members[index].encrypted:
            return False
        content = self._expand(self._zip.members[index])
        return looks_like_xml(content) or bool(types.by_rules(content)) or types.looks_like_text(content)

    def leave_out(self, name: str) -> None:
        """Keep a member from the sweep: it is accounted for."""
        index = self._named.get(_key(name))
        if index is not None:
            self._taken.add(index)

    def take(self, name: str) -> bytes | None:
        """Return the content of an XML part, or None where there is none, or it was taken before."""
        index = self._named.get(_key(name))
        if index is None or index in self._taken:
            return None
        member = self._zip.members[index]
        if member.encrypted:  # the sweep reports it
            return None
        self._taken.add(index)
        return self._expand(member)

    def parse(self, name: str, handler: Handler) -> bool:
        """Feed an XML part to a handler; return whether there was one."""
        content = self.take(name)
        if content is None:
            return False
        self.report(parse(content, handler), name)
        return True

    def report(self, wrong: Detail, name: str) -> None:
        """Report what was wrong with an XML part, if anything."""
        # Excel and PowerPoint themselves write VML with unclosed ``br`` and ``<![if``; it was read all the same.
        if wrong is not Detail.NONE and not (wrong is Detail.BAD_XML and name.lower().endswith(".vml")):
            self.part.problem(Reason.CORRUPT, wrong)

    def relations(self, name: str) -> dict[str, Relation]:
        """Return the relationships of a part by their id ("" is the package); external targets are handed over."""
        key = _key(name)
        if key not in self._relations:
            folder, _, base = key.rpartition("/")
            rels = f"{folder}/_rels/{base}.rels" if folder else f"_rels/{base}.rels"
            content = self.take(rels)
            self._relations[key] = {} if content is None else self._read_relations(content, folder)
        return self._relations[key]

    def related(self, name: str, kind: str) -> list[str]:
        """Return the members of one kind (the end of the relationship's type) that a part points to."""
        ending = "/" + kind.lower()
        return [
            relation.target
            for relation in self.relations(name).values()
            if not relation.is_external and relation.kind.lower().endswith(ending)
        ]

    def sweep(
        self, read_xml: Callable[[str, bytes], None], *, first: Callable[[str], object] = lambda _: False
    ) -> None:
        """Read every member that was not taken: XML by *read_xml* (name, content), the others as members.

        Args:
            read_xml: Reads one XML part.
            first: Which names come first: if anything stops us, those were read.
        """
        left = (index for index in range(len(self._zip.members)) if index not in self._taken)
        for index in sorted(left, key=lambda index: not first(self._zip.members[index].name)):
            if index not in self._taken:
                self._taken.add(index)
                self._sweep_member(self._zip.members[index], read_xml)
        self._zip.read_outside()

    def _sweep_member(self, member: Member, read_xml: Callable[[str, bytes], None]) -> None:
        name, part = member.name, self.part
        if member.is_folder:
            return
        if not member.size and not member.crc and len(member.packed) <= _PACKED_NOTHING:
            if not is_part_name(name):
                part.segment(PlaceKind.FILENAME, name, visibility=Visibility.ATTRIBUTE)
            return
        if member.encrypted:
            part.unread_member(name, Reason.ENCRYPTED, Detail.PASSWORD)
            return
        if _QUIET.search(name):
            self._read_quiet(member)
            return
        is_xml = name.lower().endswith(_XML_NAMES)
        if is_xml:
            content = self._expand(member)
        else:
            expanded = self._zip.expand(member, part.limits.member_bytes)
            content = expanded.content
            if not (_MACROS.search(name) or _BASIC_MACROS.search(name) or looks_like_xml(content)):
                if "embeddings/" in name.lower():
                    part.mark(MarkKind.EMBEDDED)
                read_expanded(expanded, member.names, part)
                return
            self._report_expansion(expanded.problem)
        if _MACROS.search(name) or _BASIC_MACROS.search(name):
            part.mark(MarkKind.MACROS)
            if not is_xml:
                part.segment(PlaceKind.METADATA, macro_text(content), visibility=Visibility.HIDDEN)
                return
        if name.lower().endswith(".rels") or _RELATIONS in content[:_BEGINNING]:  # whatever it is called
            self._read_relations(content, posixpath.dirname(posixpath.dirname(_key(name))))
        else:
            read_xml(name, content)

    def _read_quiet(self, member: Member) -> None:
        """Read the loose words of a font or of a printer's settings; what only has the name of one is read as it is."""
        expanded = self._zip.expand(member, self.part.limits.member_bytes)
        content = expanded.content
        if _MIMETYPE.fullmatch(content):
            return
        if types.detect(content) in _OF_PROGRAMS:
            self._report_expansion(expanded.problem)
            self.part.segment(PlaceKind.METADATA, binary.written(content), visibility=Visibility.HIDDEN)
        else:
            read_expanded(expanded, member.names, self.part)

    def _expand(self, member: Member) -> bytes:
        expanded = self._zip.expand(member, self.part.limits.xml_bytes)
        self._report_expansion(expanded.problem)
        return expanded.content

    def _report_expansion(self, problem: tuple[Reason, Detail] | None) -> None:
        if problem is not None:
            reason, detail = problem
            self.part.problem(reason, Detail.XML_SIZE if detail is Detail.MEMBER_SIZE else detail)

    def _read_relations(self, content: bytes, folder: str) -> dict[str, Relation]:
        """Read relationships; a target outside that is no plain hyperlink is fetched on opening."""
        reader = _Relations(folder)
        self.report(parse(content, reader, reader.aside), "")
        external = [relation for relation in reader.found.values() if relation.is_external]
        if any(not relation.kind.lower().endswith("/hyperlink") for relation in external):
            self.part.mark(MarkKind.EXTERNAL_LINK)
        targets = dict.fromkeys(relation.target for relation in external)
        targets.update(dict.fromkeys(raw for raw, name in reader.inside.items() if "#" in raw or not self.has(name)))
        self.part.segment(
            PlaceKind.METADATA, "\n\n".join((*targets, *reader.attributes)), visibility=Visibility.ATTRIBUTE
        )
        self.part.segment(PlaceKind.METADATA, reader.text(), visibility=Visibility.HIDDEN)
        return reader.found


def _key(name: str) -> str:
    return unquote(name).replace("\\", "/").lstrip("/").lower()


# -- XML ----------------------------------------------------------------------------------------------------------


class _EntityError(Exception):
    """The part declares an entity: no office program writes one."""


def looks_like_xml(content: bytes) -> bool:
    """Return whether *content* begins as XML does."""
    return content.lstrip(b"\xef\xbb\xbf \r\n\t")[:5] == b"<?xml" or content[:4] in (b"\xff\xfe<\x00", b"\xfe\xff\x00<")


def parse(content: bytes, handler: Handler, aside: Callable[[str], None] | None = None) -> Detail:
    """Feed one XML part to a handler, to its end whatever is wrong with it; return what is wrong.

    Args:
        content: The part.
        handler: Takes its elements and text.
        aside: Takes comments and processing instructions.
    """
    if not content.strip():
        return Detail.NONE
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 1 << 16
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.data
    parser.EntityDeclHandler = _refuse_entity
    parser.SkippedEntityHandler = _refuse_entity  # one that is declared outside
    if aside is not None:
        parser.StartDoctypeDeclHandler = lambda name, system, public, _: aside(_doctype(name, system, public))
        parser.CommentHandler = aside
        parser.ProcessingInstructionHandler = lambda target, text: aside(f"{target} {text}")
    try:
        parser.Parse(content, True)
    except _EntityError:
        read_on(content, 0, handler, aside)
        return Detail.ENTITIES
    except (expat.ExpatError, ValueError, LookupError) as error:
        if not isinstance(error, expat.ExpatError) and parser.ErrorCode != _UNKNOWN_ENCODING:
            raise  # of a handler: a mistake of ours
        at = max(0, parser.ErrorByteIndex)
        parser.buffer_text = False  # hands over the text that waits
        read_on(content, at, handler, aside)
        return Detail.BAD_XML
    return Detail.NONE


def _doctype(name: str, system: str | None, public: str | None) -> str:
    """Return what the declaration of a document's type says, "" where it is one of those that are known."""
    known = _PUBLIC.fullmatch(public or "") and _SYSTEM.fullmatch(system or "")
    return "" if known else " ".join(filter(None, (name, system, public)))


def _refuse_entity(*_: object) -> None:
    raise _EntityError


# Document types as OpenOffice 1 and its formulas declare them.
_PUBLIC, _SYSTEM = re.compile(r"-//(?:OpenOffice\.org|W3C)//DTD [\w .]{1,40}//EN"), re.compile(r"[\w./:-]{1,60}\.dtd")
_UNKNOWN_ENCODING = expat.errors.codes[expat.errors.XML_ERROR_UNKNOWN_ENCODING]


# -- words of a part that no reader knows ---------------------------------------------------------------------------

# Elements that do not end a piece of text; all others do.
_INLINE = words("t r rPr rPh b i u sz color rFont family charset scheme span a s em strong text-input sub sup fld")
# Elements whose text says where things are drawn, as long as it is numbers.
_LAYOUT = words(
    "col colOff row rowOff posOffset pctWidth pctHeight pctPosHOffset pctPosVOffset Anchor Row Column SizeWithCells"
    " MoveWithCells AutoFill CF"
)
_ONLY_NUMBERS = re.compile(r"[\s\d,.-]*|True|False|Pict")
# Attributes whose value is the language of the format, and those where it is unless it is a sentence.
_NO_WORDS = words(
    "typeface panose script sqref spans requires ignorable schemalocation namespaceuri rgb lastclr basetype orient"
)
_ONE_WORD = words(
    "id rid uri target type contenttype partname algorithm guid uid ref r embed format mediatype clsid xmlns extension"
)
_FLAGS = words("yes off true false none auto all")
_SCHEMAS = re.compile(
    r"(?:http://(?:schemas\.|purl\.|www\.w3\.org|docs\.oasis-open\.org|openoffice\.org/)|urn:(?:schemas-|oasis:)|#_x|rId)\S*"
    r"|\{[0-9A-Fa-f-]+\}|#?(?:[0-9A-Fa-f]{2})?[0-9A-Fa-f]{6}"
)
_WORDY = re.compile(r"[^\W\d_]{3}|@")


def says_something(name: str, value: str) -> bool:
    """Return whether an attribute of an unknown element may hold somebody's words."""
    plain = local(name).lower()
    return (
        len(value) > 2
        and value not in _FLAGS
        and not (name.startswith("xmlns") and " " not in value)
        and plain not in _NO_WORDS
        and not (plain in _ONE_WORD and " " not in value and "://" not in value)
        and (_WORDY.search(value) is not None or identifies(value))
        and _SCHEMAS.fullmatch(value) is None
    )


# Attributes of drawings (and of what is drawn in sheets and slides) that hold somebody's words.
_SHOWN = words(
    "descr title alt string tooltip author authors initials instr displayText href prompt error promptTitle errorTitle"
    " display location action macro textlink text label caption linkedCell userId displayName cmd"
)
_VALUED = words("alias tag default docVar helpText statusText result listItem userName txtVal")
_NAMED = words("docPr cNvPr definedName sheet section custShow tag cNvPicPr layout oleObj bmk")


def shown_in_drawing(element: str, name: str, value: str) -> bool:  # noqa: ARG001 - the face of such rules
    """Return whether an attribute of a drawing is somebody's words; the names are without prefixes."""
    return name in _SHOWN or (name == "val" and element in _VALUED) or (name == "name" and element in _NAMED)


class Loose:
    """Gathers the words of any XML part: text by paragraphs, the attributes that are shown, and asides.

    Attributes:
        lines: Its text.
        attributes: What attributes say, each once.
    """

    def __init__(self, shown: Callable[[str, str, str], bool]) -> None:
        """Prepare; *shown* is asked of element, attribute and value, the names without prefixes."""
        self.lines: list[str] = []
        self.attributes: dict[str, None] = {}
        self._shown = shown
        self._pieces: list[str] = []
        self._paragraphs = 0
        self._is_layout = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        name = local(tag)
        self._is_layout = name in _LAYOUT
        if name == "p":
            self._end_line()
            self._paragraphs += 1
        elif self._pieces and name in ("br", "tab"):
            self._pieces.append("\n" if name == "br" else "\t")
        for key, value in attributes.items():
            if value and self._shown(name, local(key), value):
                self.attributes[value] = None

    def end(self, tag: str) -> None:
        """Take an end tag."""
        name = local(tag)
        self._is_layout = False
        if name == "p":
            self._paragraphs = max(0, self._paragraphs - 1)
            self._end_line()
        elif not self._paragraphs and name not in _INLINE:
            self._end_line()

    def data(self, text: str) -> None:
        """Take character data."""
        if self._is_layout and _ONLY_NUMBERS.fullmatch(text):
            return
        if self._pieces or not text.isspace():
            self._pieces.append(text)

    def aside(self, text: str) -> None:
        """Take a comment or a processing instruction."""
        if text.strip():
            self.attributes[text.strip()] = None

    def text(self) -> str:
        """Return the lines read so far, and forget them."""
        self._end_line()
        lines, self.lines = self.lines, []
        return "\n".join(lines)

    def said(self) -> str:
        """Return what the attributes say."""
        return "\n\n".join(self.attributes)

    def _end_line(self) -> None:
        if self._pieces:
            line = "".join(self._pieces).strip()
            self._pieces.clear()
            if line:
                self.lines.append(line)


class _Relations(Loose):
    """Relationships: takes the events of a ``.rels`` part, and gathers whatever else stands in it.

    Attributes:
        found: By their ids.
        inside: The targets inside the package as they are written, and the members they lead to.
    """

    _OWN = words("Id Type Target TargetMode")

    def __init__(self, folder: str) -> None:
        super().__init__(
            lambda element, name, value: (
                not (element == "Relationship" and name in self._OWN) and says_something(name, value)
            )
        )
        self.found: dict[str, Relation] = {}
        self.inside: dict[str, str] = {}
        self._folder = folder

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        super().start(tag, attributes)
        target = attributes.get("Target", "")
        if local(tag) != "Relationship" or not target:
            return
        external = attributes.get("TargetMode", "").lower() == "external"
        if not external:
            plain = unquote(target.partition("#")[0]).replace("\\", "/")
            name = posixpath.normpath(plain if plain.startswith("/") else f"{self._folder}/{plain}").lstrip("./")
            self.inside[target] = target = name
        # Two of one id are one too many, and both are read.
        key = attributes.get("Id", "")
        while key in self.found:
            key += "~"
        self.found[key] = Relation(attributes.get("Type", ""), target, external)


def read_loose(
    content: bytes,
    package: Package,
    name: str,
    kind: PlaceKind,
    *,
    number: int | None = None,
    visibility: Visibility = Visibility.VISIBLE,
    shown: Callable[[str, str, str], bool] = lambda _, name, value: says_something(name, value),
) -> str:
    """Hand over the words of an XML part; return its text."""
    part = package.part
    loose = Loose(shown)
    package.report(parse(content, loose, loose.aside), name)
    text = loose.text()
    part.segment(kind, text, number=number, visibility=visibility)
    part.segment(kind, loose.said(), number=number, visibility=Visibility.ATTRIBUTE)
    return text


# -- macros -------------------------------------------------------------------------------------------------------


def macro_text(content: bytes) -> str:
    """Return the source of the macros in a compound file, and the loose strings beside it."""
    project = Compound(content)
    source = vba.text(project, project.root)
    loose = "" if source and not project.is_damaged else binary.narrow_strings(content)
    return "\n".join(text for text in (source, loose) if text)

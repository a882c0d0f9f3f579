# SPDX-License-Identifier: GPL-3.0-or-later
"""Zips of XML parts, as office programs write them: the seam under the readers of Word, sheets, slides, OpenDocument.

A reader asks for the parts it knows, one by one; :meth:`Package.sweep` then reads everything that nobody asked for,
so that every XML part is read and every other member is opened, whatever it is called.  The checks of the zip
itself (overlaps, sizes, expansion, encrypted members) are those of :mod:`safehold.reading.archives.archive`.

XML is streamed through expat, which has no depth limit (300 nested elements make lxml drop text without an error)
and reports entity declarations, which no office program writes.  A part that is not well-formed is read on from the
fault by a tolerant, linear tokenizer that raises the same events, and is ``corrupt``: lxml's recovery would drop
what is nested deep, and is C on bytes that are known to be bad.

Source: ECMA-376 part 2 (packages, relationships).
"""

import html
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import unquote
from xml.parsers import expat

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading.archives.archive import Member, Zip, read_expanded
from safehold.reading.basics import binary, charset
from safehold.reading.basics.compound import Compound
from safehold.reading.legacy import vba
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import Detail, MarkKind, words

_XML_NAMES = (".xml", ".rels", ".vml", ".rdf")
# Files of an office package without anything to read, and no pictures either.
_SILENT = re.compile(r"(?:^|/)(?:printersettings\d*\.bin|fonts?/.*|.*\.odttf|.*\.fntdata|mimetype)$", re.IGNORECASE)
_MACROS = re.compile(r"(?:^|/)(?:vbaproject\w*\.bin|vbadata\.xml)$", re.IGNORECASE)
_BASIC_MACROS = re.compile(r"^(?:basic|scripts)/", re.IGNORECASE)
_DIGITS = re.compile(r"(\d+)")
_PACKED_NOTHING = 2  # bytes that deflate makes of none


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

    def parse(self, name: str, handler: "Handler") -> bool:
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
        if member.is_folder or _SILENT.search(name):
            return
        if not member.size and not member.crc and len(member.packed) <= _PACKED_NOTHING:
            part.segment(PlaceKind.FILENAME, name, visibility=Visibility.ATTRIBUTE)
            return
        if member.encrypted:
            part.unread_member(name, Reason.ENCRYPTED, Detail.PASSWORD)
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
        if name.lower().endswith(".rels"):
            self._read_relations(content, posixpath.dirname(posixpath.dirname(_key(name))))
        else:
            read_xml(name, content)

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
        self.report(parse(content, reader), "")
        external = [relation for relation in reader.found.values() if relation.is_external]
        if any(not relation.kind.lower().endswith("/hyperlink") for relation in external):
            self.part.mark(MarkKind.EXTERNAL_LINK)
        targets = "\n\n".join(dict.fromkeys(relation.target for relation in external))
        self.part.segment(PlaceKind.METADATA, targets, visibility=Visibility.ATTRIBUTE)
        return reader.found


def _key(name: str) -> str:
    return unquote(name).replace("\\", "/").lstrip("/").lower()


class _Relations:
    def __init__(self, folder: str) -> None:
        self.found: dict[str, Relation] = {}
        self._folder = folder

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        target = attributes.get("Target", "")
        if local(tag) != "Relationship" or not target:
            return
        external = attributes.get("TargetMode", "").lower() == "external"
        if not external:
            plain = unquote(target.partition("#")[0]).replace("\\", "/")
            target = posixpath.normpath(plain if plain.startswith("/") else f"{self._folder}/{plain}").lstrip("./")
        # Two of one id are one too many, and both are read.
        key = attributes.get("Id", "")
        while key in self.found:
            key += "~"
        self.found[key] = Relation(attributes.get("Type", ""), target, external)

    def end(self, tag: str) -> None:
        """Take an end tag."""

    def data(self, text: str) -> None:
        """Take character data."""


# -- XML ----------------------------------------------------------------------------------------------------------


class Handler(Protocol):
    """What takes the events of one XML part."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""

    def end(self, tag: str) -> None:
        """Take an end tag."""

    def data(self, text: str) -> None:
        """Take character data."""


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
    if aside is not None:
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


def _refuse_entity(*_: object) -> None:
    raise _EntityError


_UNKNOWN_ENCODING = expat.errors.codes[expat.errors.XML_ERROR_UNKNOWN_ENCODING]
_DECLARED_CHARSET = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml[^<>]{0,100}?\sencoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
_TAG = re.compile(r"<(/?)([^\W\d][\w.:-]{0,255})((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)>")
_SIGNS = re.compile("<+")
_ATTRIBUTE = re.compile(r"([^\W\d][\w.:-]{0,255})\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


def read_on(content: bytes, at: int, handler: Handler, aside: Callable[[str], None] | None = None) -> None:
    """Read *content* from a fault on, as far as it can be told what is a tag and what is text.  Linear."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        rest = charset.decode(content[:2] + content[at & ~1 :]).text
    else:
        opened = content.rfind(b"<", 0, at + 1)
        if opened >= 0 and b">" not in content[opened:at]:
            at = opened  # inside a tag: read it again
        declared = _DECLARED_CHARSET.match(content)
        rest = charset.decode(content[at:], declared[1].decode().lower() if declared else "").text
    _Tokens(rest, handler, aside or (lambda _: None)).read()


class _Tokens:
    """A tokenizer that takes anything."""

    # How each thing that is no tag begins and ends, and whether what it holds is text.
    _ODD = (("<![CDATA[", "]]>", True), ("<!--", "-->", False), ("<?", "?>", False), ("<!", ">", False))

    def __init__(self, text: str, handler: Handler, aside: Callable[[str], None]) -> None:
        self._text = text
        self._handler = handler
        self._aside = aside
        self._unending: set[str] = set()  # what is never closed from here on is searched for once

    def read(self) -> None:
        """Raise the events."""
        text, handler = self._text, self._handler
        position = 0
        while position < len(text):
            opened = text.find("<", position)
            if opened < 0:
                opened = len(text)
            if opened > position:
                handler.data(html.unescape(text[position:opened]))
            position = opened
            if position < len(text):
                position = self._markup(position)

    def _markup(self, position: int) -> int:
        text, handler = self._text, self._handler
        tag = _TAG.match(text, position)
        if tag is not None:
            closing, name, inside = tag[1], tag[2], tag[3]
            if closing:
                handler.end(name)
                return tag.end()
            found = _ATTRIBUTE.findall(inside) if "=" in inside else ()
            handler.start(name, {key: html.unescape(one or other) for key, one, other in found})
            if inside.endswith("/"):
                handler.end(name)
            return tag.end()
        for begin, end, is_text in self._ODD:
            if text.startswith(begin, position) and begin not in self._unending:
                stop = text.find(end, position + len(begin))
                if stop < 0:
                    self._unending.add(begin)
                    continue
                (handler.data if is_text else self._aside)(text[position + len(begin) : stop])
                return stop + len(end)
        handler.data("\n")  # a lone sign, or many of them
        signs = _SIGNS.match(text, position)
        return max(position + 1, signs.end() - 1 if signs else 0)


# -- words of a part that no reader knows ---------------------------------------------------------------------------

# Elements that do not end a piece of text; all others do.
_INLINE = words("t r rPr rPh b i u sz color rFont family charset scheme span a s em strong text-input sub sup fld")
# Elements whose text says where things are drawn, as long as it is numbers.
_LAYOUT = words(
    "col colOff row rowOff posOffset pctWidth pctHeight pctPosHOffset pctPosVOffset Anchor Row Column SizeWithCells"
    " MoveWithCells AutoFill CF"
)
_ONLY_NUMBERS = re.compile(r"[\s\d,.-]*|True|False|Pict")
_NO_WORDS = words(
    "id rid uri typeface panose script target type contenttype partname algorithm guid uid ref r sqref spans embed"
    " requires ignorable schemalocation namespaceuri format mediatype clsid xmlns rgb lastclr extension"
    " basetype orient"
)
_SCHEMAS = (
    "http://schemas.", "http://purl.", "http://www.w3.org", "http://docs.oasis-open.org", "http://openoffice.org/",
    "urn:schemas-", "urn:oasis:", "{", "#", "rId",
)  # fmt: skip
_WORDY = re.compile(r"[^\W\d_]{3}|\d{9}|@")
_COLOUR = re.compile(r"#?(?:[0-9A-Fa-f]{2})?[0-9A-Fa-f]{6}")


def says_something(name: str, value: str) -> bool:
    """Return whether an attribute of an unknown element may hold somebody's words."""
    return (
        len(value) > 3
        and not name.startswith("xmlns")
        and local(name).lower() not in _NO_WORDS
        and not value.startswith(_SCHEMAS)
        and _WORDY.search(value) is not None
        and _COLOUR.fullmatch(value) is None
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


def read(content: bytes, part: OpenPart) -> None:
    """Read the words of a package of a kind that has no reader."""
    part.problem(Reason.UNSUPPORTED, Detail.STRINGS_ONLY)
    package = Package(content, part)

    def read_any(name: str, xml: bytes) -> None:
        read_loose(xml, package, name, PlaceKind.TEXT)

    package.sweep(read_any)


# -- macros -------------------------------------------------------------------------------------------------------


def macro_text(content: bytes) -> str:
    """Return the source of the macros in a compound file, and the loose strings beside it."""
    project = Compound(content)
    source = vba.text(project, project.root)
    loose = "" if source and not project.is_damaged else binary.narrow_strings(content)
    return "\n".join(text for text in (source, loose) if text)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages: the standard library builds the tree, a layer of our own reads what it leaves or gets wrong.

No parser at hand found more than 22 of 36 hidden strings in odd messages (measured, design notes 2.6).  So: we
decode everything ourselves and never raise; a multipart without parts or with defects is also cut at every
boundary-looking line (:mod:`safehold.reading.salvage`); preamble and epilogue are text; encoded messages are
decoded and parsed again; names and duplicate headers are read in every form; every alternative is read.  A
structure that two clients could read in two ways is a problem of its own, ``ambiguous``, beside the union of
the readings.
"""

import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import errors
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from safehold.model import PlaceKind, Reason, Visibility
from safehold.reading import charset, headers, salvage
from safehold.reading.notes import Given, OpenPart
from safehold.reading.types import HTML, PLAIN, looks_like_text
from safehold.reading.vocabulary import Detail, MarkKind, words

_NAMES = ("from", "sender", "reply-to", "to", "cc", "bcc", "resent-to", "resent-cc", "resent-from")
# Headers that programs write.  All others are read as words: nobody can list the headers people invent.
_MACHINES = words(
    "received return-path delivered-to date message-id in-reply-to references mime-version content-type"
    " content-transfer-encoding content-disposition content-id content-length content-language dkim-signature"
    " domainkey-signature authentication-results received-spf user-agent errors-to precedence auto-submitted priority"
    " importance sensitivity thread-index lines status disposition-notification-to return-receipt-to resent-date"
    " resent-message-id resent-sender autocrypt face feedback-id envelope-to delivery-date x-originating-ip x-mailer"
)
_MACHINE_FAMILIES = ("arc-", "list-", "dkim-", "x-ms-exchange-", "x-microsoft-antispam", "x-forefront-", "x-google-")
# Parameters by which programs find and decode a part; in others somebody may have written.
_PARAMETERS = words(
    "charset boundary name filename format delsp type start start-info protocol micalg smime-type report-type id number"
    " total access-type size creation-date modification-date read-date reply-type method component profile"
)
# What these headers look like where a program wrote them; in anything else words may be left.
_PLAIN_VALUES = {
    "content-type": re.compile(r"[\w!#$&^.+-]{1,100}(?:/[\w!#$&^.+-]{0,200})?\s*(?:;|\(|$)", re.ASCII),
    "content-disposition": re.compile(r"[\w-]{1,60}\s*(?:;|\(|$)", re.ASCII),
    "content-transfer-encoding": re.compile(r"[\"']?[\w-]{1,40}[\"']?\s*(?:;|\(|$)", re.ASCII),
    "mime-version": re.compile(r"[\d. ]{1,20}(?:\(|$)"),
}
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]{1,998}={0,2}[ \t]*\r?")
_AFTER_PADDING = re.compile(rb"^([A-Za-z0-9+/]{4,998}={1,2})[ \t]{1,20}(?=\S)", re.MULTILINE)
_CLEAN_BASE64 = re.compile(rb"[A-Za-z0-9+/\r\n]*={0,2}\s*")  # no blanks inside: words are no base64
_LOOKS_ENCODED = re.compile(rb"\s*(?:[A-Za-z0-9+/]{60,76}\r?\n){4}")
_SPLIT_DEFECTS = (
    errors.NoBoundaryInMultipartDefect,
    errors.StartBoundaryNotFoundDefect,
    errors.MultipartInvariantViolationDefect,
    errors.CloseBoundaryNotFoundDefect,
    errors.MisplacedEnvelopeHeaderDefect,
    errors.FirstHeaderLineIsContinuationDefect,
)


class _Node(Message):
    """A message of the standard library that keeps its body as the bytes it was made of."""

    raw_text: str = ""

    # The parser asks these two whether to go inside a nested message.  It is told no: a nested message is parsed
    # from its own exact bytes, with its own transfer encoding undone, as a part of its own.

    def get_content_type(self) -> str:
        """Return the type, with nested messages disguised."""
        kind = super().get_content_type()
        return "x-" + kind if kind.startswith("message/") else kind

    def get_content_maintype(self) -> str:
        """Return the first half of the type, with nested messages disguised."""
        return self.get_content_type().partition("/")[0]

    def set_payload(self, payload, charset=None):  # type: ignore[no-untyped-def]
        """Keep the text besides setting it."""
        if isinstance(payload, str):
            self.raw_text = payload
        super().set_payload(payload, charset)

    def raw_body(self) -> bytes:
        """Return the body as bytes, transfer encoding still on."""
        return self.raw_text.encode("utf-8", "surrogateescape")

    def header_values(self, name: str) -> list[str]:
        """Return the raw values of every header called *name*, lower case."""
        return [str(value) for key, value in self.raw_items() if key.lower() == name]


@dataclass(slots=True)
class _Leaf:
    """A body part with what its headers say of it."""

    section: str
    given: Given = field(repr=False)
    problems: tuple[tuple[Reason, Detail], ...] = ()
    extra: str = field(default="", repr=False)  # lines in a base64 body that are not base64
    alternative_of: int = 0  # number of the multipart/alternative it stands in, 0 for none


_PARSER = BytesParser(_Node, policy=compat32)


def _parse(content: bytes, *, headers_only: bool = False) -> _Node:
    top = _PARSER.parsebytes(content, headersonly=headers_only)
    if not isinstance(top, _Node):
        raise TypeError
    return top


def read(content: bytes, part: OpenPart) -> None:
    """Read a whole message: headers, every body part, and what lies between them."""
    block, rest = salvage.header_block(content)
    _check_headers(block, part)
    if part.given.declared_type.startswith("text/"):  # it looks like a message, and a client shows it as it stands
        part.segment(PlaceKind.BODY if part.given.body else PlaceKind.TEXT, charset.decode(block).text)
    limits = part.limits
    if len(block) > limits.header_bytes or block.count(b"\n") > limits.header_lines:
        part.problem(Reason.TOO_LARGE, Detail.HEADERS)
        part.segment(PlaceKind.HEADER, charset.decode(block).text)
        block = _cut(block, limits.header_bytes, limits.header_lines)
        content = block + b"\r\n" + rest
    try:
        top = _parse(content)
    except RecursionError:
        part.problem(Reason.TOO_DEEP, Detail.DEPTH)
        _salvage(content, part)
        return
    _read_tree(top, content, part)


def _cut(block: bytes, most_bytes: int, most_lines: int) -> bytes:
    lines = block[:most_bytes].splitlines(keepends=True)[:most_lines]
    return b"".join(lines[:-1])


def _check_headers(block: bytes, part: OpenPart) -> None:
    if b"\x00" in block:
        part.problem(Reason.AMBIGUOUS, Detail.NUL_IN_HEADERS)
    if b"\n" in block and b"\r" in block.replace(b"\r\n", b""):
        part.problem(Reason.AMBIGUOUS, Detail.BARE_CR)


def _read_tree(top: _Node, content: bytes, part: OpenPart) -> None:
    _header_segments(top, part)
    leaves = part.session.leaves
    walk = _Walk(part)
    walk.visit(top, "", 0, in_related=False, in_alternative=0, own_body=True)
    walk.read_leaves()
    for text in walk.between:
        part.segment(PlaceKind.BODY, text, visibility=Visibility.HIDDEN)
        leaves.append(text.encode("utf-8", "replace"))
        walk.needs_salvage = walk.needs_salvage or salvage.looks_structured(text)
    if walk.needs_salvage:
        part.mark(MarkKind.MALFORMED, PlaceKind.BODY)
        _salvage(content, part)


def _salvage(content: bytes, part: OpenPart) -> None:
    """Read the pieces between boundary-looking lines whose bytes no part had."""
    digests = {_digest(leaf) for leaf in part.session.leaves}
    found = 0
    for piece in salvage.pieces(content):
        node = _parse(piece, headers_only=True)
        leaf = _leaf_of(node, f"salvaged.{found + 1}", own_body=True)
        digest = _digest(leaf.given.content)
        if digest in digests or not leaf.given.content.strip():
            continue
        digests.add(digest)
        found += 1
        _child(part, leaf)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(b" ".join(content.split()) if len(content) < 100_000 else content.strip()).digest()


def _is_machine(key: str) -> bool:
    return key in _MACHINES or key.startswith(_MACHINE_FAMILIES)


# -- headers ------------------------------------------------------------------------------------------------------


def _header_segments(node: _Node, part: OpenPart) -> None:
    names: list[str] = []
    others: list[str] = []
    for key, value in node.raw_items():
        key, value = key.lower(), str(value)
        if key == "subject":
            part.segment(PlaceKind.SUBJECT, headers.decode_words(value))
        elif key in _NAMES:
            names.append(headers.display_names(value))
        elif not _is_machine(key):
            others.append(headers.decode_words(value))
    for texts in (names, others):
        part.segment(PlaceKind.HEADER, "\n\n".join(text for text in texts if text.strip()))
    for defect in node.defects:
        # Lines that the parser took for the start of the body, or dropped, are text all the same.
        line = getattr(defect, "line", None)
        if isinstance(line, str):
            part.segment(PlaceKind.HEADER, headers.decode_words(line))


# -- the tree -----------------------------------------------------------------------------------------------------


class _Walk:
    """One pass over the tree that gathers the leaves, and a second that reads them.

    Two passes, because an attachment's number must not depend on the inline pictures before it, and because the
    alternative that clients show must be read before the others.
    """

    def __init__(self, part: OpenPart) -> None:
        self.between: list[str] = []  # preambles and epilogues
        self.needs_salvage = False
        self._part = part
        self._leaves: list[_Leaf] = []
        self._alternatives = 0
        self._attachments = 0
        self._body_seen = False
        self._late: list[_Leaf] = []  # inline pictures, numbered after the attachments
        self._numbers: dict[int, int] = {}

    def visit(
        self, node: _Node, section: str, depth: int, *, in_related: bool, in_alternative: int, own_body: bool
    ) -> None:
        """Gather what hangs below *node*."""
        self._check(node)
        self._headers(node, of_part=bool(section))
        kind = node.get_content_type()
        children = node.get_payload() if node.is_multipart() else None
        if kind.startswith("multipart/") or children is not None:
            self._multipart(node, kind, section, depth, in_related, in_alternative, own_body)
        else:
            self._leaf(node, kind, section or "1", in_related, in_alternative, own_body)

    def _headers(self, node: _Node, *, of_part: bool) -> None:
        """Read what the headers of a part say in words; no client shows it, "view source" does."""
        texts: list[str] = []
        if of_part:  # those of the message itself were read as such
            texts += [
                headers.decode_words(str(value)) for key, value in node.raw_items() if not _is_machine(key.lower())
            ]
        for name, plain in _PLAIN_VALUES.items():
            for value in node.header_values(name):
                if not plain.match(value.strip()):
                    texts.append(headers.decode_words(value))
                    continue
                for parameter, readings in headers.parameters(value).all.items():
                    texts += readings if parameter not in _PARAMETERS else ()
        if texts:
            self._part.segment(PlaceKind.HEADER, "\n\n".join(dict.fromkeys(texts)), visibility=Visibility.HIDDEN)

    def _check(self, node: _Node) -> None:
        """Report what two clients could read in two ways."""
        kinds = {headers.parameters(value).value for value in node.header_values("content-type")}
        boundaries = {
            boundary
            for value in node.header_values("content-type")
            for boundary in headers.parameters(value).all.get("boundary", ())
        }
        encodings = set(_encodings(node))
        for values, detail in (
            (kinds, Detail.TWO_TYPES),
            (boundaries, Detail.TWO_BOUNDARIES),
            (encodings, Detail.TWO_ENCODINGS),
        ):
            if len(values) > 1:
                self._part.problem(Reason.AMBIGUOUS, detail)
                self.needs_salvage = True
        if not encodings <= _ENCODINGS:
            self._part.problem(Reason.UNSUPPORTED, Detail.BAD_ENCODING)
        if node.defects and any(isinstance(defect, _SPLIT_DEFECTS) for defect in node.defects):
            self.needs_salvage = True

    def _multipart(
        self,
        node: _Node,
        kind: str,
        section: str,
        depth: int,
        in_related: bool,
        in_alternative: int,
        own_body: bool,
    ) -> None:
        for text in (node.preamble, node.epilogue):
            if text and text.strip():
                self.between.append(_text_of(text))
        children = node.get_payload() if node.is_multipart() else None
        if not isinstance(children, list) or not children:
            if node.raw_body().strip():
                self.needs_salvage = True
                self._part.problem(Reason.AMBIGUOUS, Detail.NO_BOUNDARY)
            self._leaf(node, PLAIN, section or "1", in_related, in_alternative, own_body)
            return
        if depth >= self._part.limits.multipart_depth:
            self._part.problem(Reason.TOO_DEEP, Detail.DEPTH)
            self.needs_salvage = True
            return
        if kind == "multipart/encrypted":
            self._part.problem(Reason.ENCRYPTED, Detail.SEALED)
        if kind == "multipart/alternative":
            self._alternatives += 1
            in_alternative = self._alternatives
        for index, child in enumerate(children):
            if isinstance(child, _Node):
                self.visit(
                    child,
                    f"{section}.{index + 1}" if section else str(index + 1),
                    depth + 1,
                    in_related=in_related or (kind == "multipart/related" and index > 0),
                    in_alternative=in_alternative,
                    own_body=own_body and kind != "multipart/digest",
                )

    def _leaf(
        self,
        node: _Node,
        kind: str,
        section: str,
        in_related: bool,
        in_alternative: int,
        own_body: bool,
    ) -> None:
        leaf = _leaf_of(node, section, own_body=own_body)
        leaf.alternative_of = in_alternative
        if leaf.given.body and not in_alternative:
            self._body_seen = True
        index = len(self._leaves)
        self._leaves.append(leaf)
        if not leaf.given.body:
            if in_related:
                self._late.append(leaf)
            else:
                self._attachments += 1
                self._numbers[index] = self._attachments
        if kind == "x-message/partial":
            leaf.problems += ((Reason.INCOMPLETE, Detail.PARTIAL),)
        elif kind == "x-message/external-body":
            leaf.problems += ((Reason.INCOMPLETE, Detail.ELSEWHERE),)

    def read_leaves(self) -> None:
        """Read every leaf."""
        for leaf in self._late:
            self._attachments += 1
            self._numbers[self._leaves.index(leaf)] = self._attachments
        inherited = self._part.attachment
        shown: dict[int, frozenset[str]] = {}
        for index in self._order():
            leaf = self._leaves[index]
            number = inherited or self._numbers.get(index, 0)
            seen = shown.get(leaf.alternative_of) if leaf.alternative_of and leaf.given.body else None
            _assign(leaf, is_attachment=bool(inherited) or not leaf.given.body, attachment=number, shown=seen)
            gathered = _child(self._part, leaf, gather=leaf.alternative_of > 0 and leaf.given.declared_type == HTML)
            if gathered is not None:
                shown[leaf.alternative_of] = frozenset(gathered) | shown.get(leaf.alternative_of, frozenset())

    def _order(self) -> Iterator[int]:
        """Yield the leaves in order, but HTML before the other alternatives of its group."""
        group: list[int] = []
        for index, leaf in enumerate(self._leaves):
            if leaf.alternative_of and group and self._leaves[group[0]].alternative_of == leaf.alternative_of:
                group.append(index)
                continue
            yield from self._shown_first(group)
            group = [index] if leaf.alternative_of else []
            if not group:
                yield index
        yield from self._shown_first(group)

    def _shown_first(self, group: list[int]) -> list[int]:
        return sorted(group, key=lambda index: self._leaves[index].given.declared_type != HTML)


def _assign(leaf: _Leaf, *, is_attachment: bool, attachment: int, shown: frozenset[str] | None) -> None:
    given = leaf.given
    leaf.given = Given(
        given.content, given.declared_type, given.names, given.charset, given.flowed, given.delsp, given.body,
        is_attachment, attachment, shown,
    )  # fmt: skip


def _child(part: OpenPart, leaf: _Leaf, *, gather: bool = False) -> set[str] | None:
    """Read a leaf under its section number and name; return its words where they were asked for."""
    part.session.leaves.append(leaf.given.content)
    steps = (leaf.section, leaf.given.names[0]) if leaf.given.names else (leaf.section,)
    return part.child(leaf.given, *steps, problems=leaf.problems, extra=leaf.extra, gather=gather)


def _text_of(text: str) -> str:
    return charset.decode(text.encode("utf-8", "surrogateescape")).text


_ENCODINGS = frozenset(
    {"", "7bit", "8bit", "binary", "base64", "quoted-printable", "x-uuencode", "uuencode", "x-uue", "uue"}
)
# Comments may stand in the header (RFC 2045, 6.1); quotes and parameters may not, and mail clients take them.
_COMMENT = re.compile(r"\([^()]*\)")


def _encodings(node: _Node) -> list[str]:
    """Return the transfer encodings that the headers name, as a client would understand each."""
    values = node.header_values("content-transfer-encoding")
    return [_COMMENT.sub(" ", value).partition(";")[0].strip().strip("\"'").strip().lower() for value in values]


def _leaf_of(node: _Node, section: str, *, own_body: bool) -> _Leaf:
    """Return a leaf with its transfer encoding undone and every name it goes by."""
    types = [headers.parameters(value) for value in node.header_values("content-type")]
    dispositions = [headers.parameters(value) for value in node.header_values("content-disposition")]
    declared = next((found.value for found in types if "/" in found.value), node.get_default_type())
    names = _names(types, dispositions)
    first = types[0] if types else headers.parameters("")
    encodings = _encodings(node)
    content, extra = decode_transfer(node.raw_body(), encodings[0] if encodings else "")
    attached = any(found.value == "attachment" for found in dispositions) or bool(names)
    given = Given(
        content,
        declared,
        names,
        charset=first.first("charset").lower(),
        flowed=first.first("format").lower() == "flowed",
        delsp=first.first("delsp").lower() == "yes",
        body=own_body and not attached and declared.startswith("text/"),
    )
    return _Leaf(section, given, extra=extra)


def _names(types: list[headers.Parameters], dispositions: list[headers.Parameters]) -> tuple[str, ...]:
    """Return every form of the file name, decoded forms first, raw forms where they differ."""
    raw = [name for found in dispositions for name in found.all.get("filename", ())]
    raw += [name for found in types for name in found.all.get("name", ())]
    decoded = [headers.decode_words(name).strip() for name in raw]
    return tuple(name for name in dict.fromkeys(decoded + raw) if name)


def decode_transfer(raw: bytes, encoding: str) -> tuple[bytes, str]:
    """Return the decoded bytes, and the lines that the encoding does not explain.

    Lenient on purpose: a client shows what it can make of a damaged body, so we read what it can show.
    """
    if encoding == "base64":
        if _CLEAN_BASE64.fullmatch(raw):
            return headers.lenient_base64(raw), ""
        return _doubtful_base64(raw)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(raw), ""
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return raw, ""  # the line scan of the text reader finds the file
    if _LOOKS_ENCODED.match(raw) and encoding not in ("7bit", "8bit"):
        decoded = headers.lenient_base64(raw)
        return decoded, raw.decode("ascii", "replace")
    return raw, ""


def _doubtful_base64(raw: bytes) -> tuple[bytes, str]:
    """Decode a base64 body in which not every line is base64: rubbish inside it, a footer below it, or no base64."""
    raw = _AFTER_PADDING.sub(rb"\1\n", raw)  # what follows the end on the same line is a line of its own
    lines = [line for line in raw.split(b"\n") if line.strip()]
    foreign = [line for line in lines if not _BASE64_LINE.fullmatch(line)]
    encoded = b"\n".join(line for line in lines if _BASE64_LINE.fullmatch(line))
    lenient = headers.lenient_base64(raw)
    if 2 * len(foreign) > len(lines) and not looks_like_text(lenient):
        # Text that only claims to be base64.  The lines that could be are read as such too.
        return raw, charset.decode(headers.lenient_base64(encoded)).text if encoded else ""
    strange = [line for line in foreign if b" " in line.strip() or len(foreign) > 2]
    if strange:  # from there on a line of letters may be a word as well as base64
        strange = lines[lines.index(strange[0]) :]
    # A footer must not spoil what stands above it; a lone odd character in a line must not lose the line.
    return headers.lenient_base64(encoded) if strange else lenient, charset.decode(b"\n".join(strange)).text

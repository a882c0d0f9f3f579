# SPDX-License-Identifier: GPL-3.0-or-later
"""What a notice must know of the message it is about: who may be told, what it replies to, and where to look.

The message is hostile and the caller holds the opening key (DESIGN P6), so nothing here decodes an attachment:
a plain scan of the header lines, bounded in size, and the evidence that the gate wrote as JSON.  Positions come
out, never text: "attachment 1, page 4", "the first person in Cc".  Pure; never raises for content.
"""

import email.errors
import email.header
import email.utils
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from safehold.model import HeldContent
from safehold.notices.evidence import authored, deciding, dicts, parse

# Postfix stops parsing headers at 100 KB (header_size_limit) a header; what is longer is nobody's address list.
HEADER_LIMIT_BYTES = 1 << 20
VALUE_LIMIT = 100_000
SUBJECT_LIMIT = 16_000
MESSAGE_ID_LIMIT = 250

# RFC 5322 msg-id, only its plain form: no quotes, no comments, no domain literal, so that nothing can hide in it.
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?>", re.ASCII)
_LIST_HEADERS = frozenset({"list-id", "list-post", "list-unsubscribe", "list-help", "mailing-list", "x-loop"})
_BULK = frozenset({"bulk", "list", "junk"})
_CELL = re.compile(r"[A-Z]{1,5}[0-9]{1,8}", re.ASCII)
_LINE_END = re.compile(rb"\r?\n")
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """A position that a notice may say: attachment number (0: the text of the email), kind of place, its number.

    *inside*: it is in a file that the attachment holds, as reviewers are told too.  *row* and *cell*: of a sheet.
    """

    attachment: int
    kind: str
    number: int = 0
    inside: bool = False
    row: int = 0
    cell: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """Where the sender should look: positions and kinds, free of any text of the message."""

    spots: tuple[Spot, ...] = ()
    unread: tuple[tuple[int, str], ...] = ()  # attachment number, reason of model.Reason
    kinds: tuple[str, ...] = ()  # field names of the register: address, phone, ...
    persons: tuple[tuple[str, int], ...] = ()  # header (to, cc), position from 1


@dataclass(frozen=True, slots=True)
class Original:
    """What of the original a notice about it depends on."""

    message_id: str = field(default="", repr=False)  # strictly shaped and short, or ""
    automatic: bool = False  # null sender, robot or list: its sender gets no notice (R7)
    attachments: int = 0
    look: Look = Look()
    sender_text: str = ""  # what the policy's author wants said, kept since the hold was made
    reviewers_text: str = ""


def of(content: HeldContent) -> Original:
    """Return what a notice about *content* depends on."""
    headers = scan(content.content)
    evidence = parse(content.evidence)
    return Original(
        message_id=_message_id(headers),
        automatic=not content.envelope.sender or _is_automatic(headers),
        attachments=len({n for n in _attachments(evidence).values() if n}),
        look=look(headers, evidence, [recipient.address for recipient in content.held]),
        sender_text=authored(evidence, "sender"),
        reviewers_text=authored(evidence, "reviewers"),
    )


def scan(content: bytes) -> tuple[tuple[str, str], ...]:
    """Return the header fields, names in lower case, values unfolded, 8-bit bytes as UTF-8 or Latin-1."""
    block = content[:HEADER_LIMIT_BYTES]
    lines: list[list[bytes]] = []
    for line in _LINE_END.split(block):  # a bare CR ends no line: else it could hide what follows from us
        if not line:
            break
        if line[:1] in (b" ", b"\t") and lines:
            lines[-1].append(line.strip())
        else:
            lines.append([line])
    fields = (_FIELD.fullmatch(b" ".join(pieces)) for pieces in lines)
    return tuple((match[1].decode("ascii").lower(), _text(match[2].strip())) for match in fields if match)


def values(headers: Iterable[tuple[str, str]], name: str) -> list[str]:
    """Return the values of every field *name*, in order."""
    return [value[:VALUE_LIMIT] for key, value in headers if key == name]


def subjects(headers: Iterable[tuple[str, str]]) -> list[str]:
    """Return every Subject, raw and with its encoded words decoded."""
    found = []
    for value in values(headers, "subject"):
        found += [value[:SUBJECT_LIMIT], decoded(value[:SUBJECT_LIMIT])]
    return found


def decoded(value: str) -> str:
    """Return *value* with RFC 2047 encoded words decoded as far as that is possible."""
    try:
        chunks = email.header.decode_header(value)
    except (ValueError, email.errors.HeaderParseError):
        return value
    return "".join(chunk if isinstance(chunk, str) else _decode(chunk, charset) for chunk, charset in chunks)


def _decode(chunk: bytes, charset: str | None) -> str:
    try:
        return chunk.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):
        return _text(chunk)


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _message_id(headers: Iterable[tuple[str, str]]) -> str:
    found = values(headers, "message-id")
    if len(found) != 1 or len(found[0]) > MESSAGE_ID_LIMIT or not _MESSAGE_ID.fullmatch(found[0]):
        return ""
    return found[0]


def _is_automatic(headers: Iterable[tuple[str, str]]) -> bool:
    """Return whether RFC 3834, section 2, or list headers forbid an automatic answer."""
    names = {name for name, _ in headers}
    robots = [value.partition(";")[0].strip().lower() for value in values(headers, "auto-submitted")]
    bulk = {value.strip().lower() for value in values(headers, "precedence")}
    return bool(names & _LIST_HEADERS) or bool(bulk & _BULK) or any(robot != "no" for robot in robots)


def look(headers: Sequence[tuple[str, str]], evidence: Mapping[str, Any], held: Sequence[str]) -> Look:
    """Return where to look: the places of the findings, the unread parts, the held persons' positions."""
    findings, problems = deciding(evidence)
    attachments = _attachments(evidence)
    outermost = _outermost(attachments)
    spots = _joined({spot for finding in findings if (spot := _spot(finding.get("place"), attachments, outermost))})
    unread = sorted({_unread(problem, attachments) for problem in problems})
    kinds = sorted({str(finding.get("field", "")) for finding in findings if finding.get("detector") == "register"})
    return Look(spots, tuple(unread), tuple(kinds), positions(headers, held))


def positions(headers: Iterable[tuple[str, str]], held: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Return where in To and Cc the *held* addresses stand, in order: ``(("cc", 1),)``."""
    wanted = {address.casefold() for address in held}
    found: list[tuple[str, int]] = []
    fields = tuple(headers)
    for name in ("to", "cc"):
        listed = [address for _, address in email.utils.getaddresses(values(fields, name)) if address]
        found += [(name, place) for place, address in enumerate(listed, start=1) if address.casefold() in wanted]
    return tuple(found)


def _attachments(evidence: Mapping[str, Any]) -> dict[str, int]:
    """Return the attachment number of every part, by its path."""
    numbers = ((str(part.get("path", "")), part.get("attachment")) for part in dicts(evidence.get("parts")))
    return {path: number for path, number in numbers if isinstance(number, int)}


def _outermost(attachments: Mapping[str, int]) -> dict[int, int]:
    """Return how deep the path of each attachment itself is: what lies deeper is a file inside it."""
    depths: dict[int, int] = {}
    for path, number in attachments.items():
        depths[number] = min(path.count("/"), depths.get(number, path.count("/")))
    return depths


def _unread(problem: Mapping[str, Any], attachments: Mapping[str, int]) -> tuple[int, str]:
    return attachments.get(str(problem.get("part", "")), 0), str(problem.get("reason", ""))


def _spot(place: Any, attachments: Mapping[str, int], outermost: Mapping[int, int]) -> Spot | None:
    if not isinstance(place, dict):
        return None
    number, path = place.get("number"), str(place.get("part", ""))
    attachment = attachments.get(path, 0)
    inside = bool(attachment) and path.count("/") > outermost[attachment]
    row, cell = place.get("row"), str(place.get("cell", ""))
    return Spot(
        attachment,
        str(place.get("kind", "")),
        number if isinstance(number, int) else 0,
        inside,
        row if isinstance(row, int) else 0,
        cell if _CELL.fullmatch(cell) else "",
    )


def _joined(spots: Iterable[Spot]) -> tuple[Spot, ...]:
    """Return positions in order; of several cells of one sheet their row, or the sheet alone."""
    joined: dict[Spot, Spot] = {}
    for spot in sorted(spots):
        sheet = replace(spot, row=0, cell="")
        known = joined.setdefault(sheet, spot)
        if known != spot:
            joined[sheet] = replace(spot, cell="") if known.row == spot.row else sheet
    return tuple(joined.values())

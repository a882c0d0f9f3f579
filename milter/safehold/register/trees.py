# SPDX-License-Identifier: GPL-3.0-or-later
"""Register files of every format as one kind of tree, each piece with its place.

JSON Lines, JSON, YAML and CSV become :class:`Node` trees, one per person, which :mod:`safehold.register.importing`
checks.  What a format forbids or cannot mean (duplicate fields, aliases, unknown columns, endless nesting) is
complained of here, by line and column, never by value.  Pure; no nesting and no bytes make it fail otherwise.
"""

import csv
import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from safehold.errors import Complaint

# A register of a million people is 300 to 500 MB of JSON Lines; YAML and JSON are written by hand, and read whole.
_LARGEST_BYTES: Final = {"jsonl": 1 << 30, "csv": 1 << 30, "json": 64 << 20, "yaml": 16 << 20}
_DEEPEST = 12
_MOST_COMPLAINTS = 500  # nobody reads more, and a wrong column makes one in every row
_FORMATS: Final = {"jsonl": "jsonl", "ndjson": "jsonl", "json": "json", "yaml": "yaml", "yml": "yaml", "csv": "csv"}
# The fields of one value; in CSV, columns of the same names.
VALUE_FIELDS: Final = ("kind", "value", "known_to", "secret", "from", "to")


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of a file: text, nothing, a list or a mapping, and where it stands.

    ``label`` names the column that it came from; empty where the path of fields names it.
    """

    content: "str | list[Node] | dict[str, tuple[Node, Node]] | None" = field(repr=False)
    line: int = 0
    column: int = 0
    label: str = ""


class Complaints:
    """Everything wrong with one file."""

    def __init__(self, file_name: str) -> None:
        self.file_name = file_name
        self.found: list[Complaint] = []

    def add(self, place: Node, code: str, message: str, hint: str = "") -> None:
        """Note one thing wrong at *place*."""
        self.at(place.line, place.column, code, message, hint)

    def at(self, line: int, column: int, code: str, message: str, hint: str = "") -> None:
        """Note one thing wrong at a line and column."""
        if len(self.found) < _MOST_COMPLAINTS:
            self.found.append(Complaint(self.file_name, line, column, code, message, hint))


class Unreadable(Exception):  # noqa: N818 - never leaves the import
    """The file cannot be read on from here; the complaint has been noted."""


def field_name(name: str, path: str = "") -> str:
    """Return what a complaint calls a field that the file names; only what looks like a name is repeated."""
    if not re.fullmatch(r"[A-Za-z_]{1,24}", name):
        return f"field of `{path}`" if path else "field"
    return f"field `{path}.{name}`" if path else f"field `{name}`"


def suggestion(name: str, allowed: Sequence[str]) -> str:
    """Return the hint that names what was probably meant, or all that is allowed."""
    near = difflib.get_close_matches(name.lower(), allowed, n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else f"expected one of: {', '.join(allowed)}"


def read(file_name: str, data: bytes, complaints: Complaints) -> Iterator[Node]:
    """Return the people of a register file as trees.

    Raises:
        Unreadable: There is nothing to go on with; why is among the complaints.
    """
    kind = _format(file_name, data, complaints)
    return _READERS[kind](_decode(data, complaints), complaints)


def _format(file_name: str, data: bytes, complaints: Complaints) -> str:
    kind = _FORMATS.get(file_name.rpartition(".")[2].lower(), "")
    if not kind:
        complaints.at(0, 0, "format", "not a register file: expected .jsonl, .json, .yaml or .csv")
        raise Unreadable
    if len(data) > _LARGEST_BYTES[kind]:
        complaints.at(
            0, 0, "too-large", f"larger than the {_LARGEST_BYTES[kind] >> 20} MB that this format may have",
            "use JSON Lines for a large register",
        )  # fmt: skip
        raise Unreadable
    return kind


def _decode(data: bytes, complaints: Complaints) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        complaints.at(line, 0, "encoding", "not UTF-8 text", "save the file as UTF-8")
        raise Unreadable from None


# -- JSON Lines and JSON ----------------------------------------------------------------------------------------------


class _Pairs(list[tuple[str, Any]]):
    """The members of a JSON object, duplicates and all."""


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_Pairs, parse_int=str, parse_float=str, parse_constant=str, strict=True
)


def _read_jsonl(text: str, complaints: Complaints) -> Iterator[Node]:
    """Yield one node a line."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                item, end = _DECODER.raw_decode(line, len(line) - len(line.lstrip()))
            except json.JSONDecodeError as error:
                complaints.at(number, error.colno, "json", f"not JSON: {_reason(error)}")
                continue
            except RecursionError:
                complaints.at(number, 0, "too-deep", "nested deeper than a person can be")
                continue
            if line[end:].strip():
                complaints.at(number, end + 1, "json", "more than one JSON value on this line")
                continue
            yield _node(item, number, complaints)


def _read_json(text: str, complaints: Complaints) -> Iterator[Node]:
    """Yield the people of a JSON list, or of the list under "people"; each with the line that it begins on."""
    try:
        start = re.compile(r"\s*\[").match(text)
        if start is None:
            yield from _unwrapped(_node(_DECODER.decode(text), 1, complaints), complaints)
            return
        yield from _json_items(text, start.end(), complaints)
    except json.JSONDecodeError as error:
        complaints.at(error.lineno, error.colno, "json", f"not JSON: {_reason(error)}")
    except RecursionError:
        complaints.at(1, 0, "too-deep", "nested deeper than a person can be")


def _json_items(text: str, place: int, complaints: Complaints) -> Iterator[Node]:
    """Yield the items of a JSON list that begins before *place*."""
    blank = re.compile(r"\s*")
    line, counted = 1, 0

    def skip(at: int) -> int:
        found = blank.match(text, at)
        return found.end() if found else at

    place = skip(place)
    if text[place : place + 1] != "]":
        while True:
            place = skip(place)
            line, counted = line + text.count("\n", counted, place), place
            item, place = _DECODER.raw_decode(text, place)
            yield _node(item, line, complaints)
            place = skip(place)
            if text[place : place + 1] != ",":
                break
            place += 1
    if text[place : place + 1] != "]" or text[place + 1 :].strip():
        raise json.JSONDecodeError("Expecting ',' delimiter or the end of the list", text, place)


def _reason(error: json.JSONDecodeError) -> str:
    """Return the parser's words, which never quote the text."""
    return error.msg[:1].lower() + error.msg[1:]


def _node(item: Any, line: int, complaints: Complaints, depth: int = 0) -> Node:
    """Return the tree of a decoded JSON value."""
    if depth > _DEEPEST:
        complaints.at(line, 0, "too-deep", "nested deeper than a person can be")
        return Node(None, line)
    if isinstance(item, _Pairs):
        members: dict[str, tuple[Node, Node]] = {}
        for name, value in item:
            if name in members:
                complaints.at(line, 0, "duplicate-field", f"{field_name(name)} is given twice")
            members[name] = Node(name, line), _node(value, line, complaints, depth + 1)
        return Node(members, line)
    if isinstance(item, list):
        return Node([_node(value, line, complaints, depth + 1) for value in item], line)
    if isinstance(item, bool):
        return Node("true" if item else "false", line)
    return Node(item, line)


# -- YAML --------------------------------------------------------------------------------------------------------------

_LOADER: Final = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})


def _read_yaml(text: str, complaints: Complaints) -> Iterator[Node]:
    """Yield the people of the documents of a YAML file."""
    try:
        documents = list(_yaml_documents(text, complaints))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        problem = "" if error.problem is None or "'" in error.problem else f": {error.problem}"
        complaints.at(mark.line + 1 if mark else 0, mark.column + 1 if mark else 0, "yaml", f"not YAML{problem}")
        return
    except yaml.YAMLError:
        complaints.at(0, 0, "yaml", "not YAML: a character that no YAML file may hold")
        return
    for document in documents:
        yield from _unwrapped(document, complaints)


def _yaml_documents(text: str, complaints: Complaints) -> Iterator[Node]:
    """Yield the tree of each document, built from parser events without recursion."""
    open_nodes: list[tuple[Node, list[Node]]] = []  # each container still open, with what it holds so far
    for event in yaml.parse(text, Loader=_LOADER):
        line, column = _place(event)
        node: Node | None = None
        if isinstance(event, yaml.AliasEvent):
            complaints.at(line, column, "alias", "aliases are not allowed in a register file", "write it out")
            node = Node(None, line, column)
        elif isinstance(event, yaml.ScalarEvent):
            _refuse_decoration(event, complaints)
            nothing = not event.style and event.value in _NOTHING  # "null" in quotes is a word
            node = Node(None if nothing else event.value, line, column)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            _refuse_decoration(event, complaints)
            if len(open_nodes) >= _DEEPEST:
                complaints.at(line, column, "too-deep", "nested deeper than a person can be")
                raise Unreadable
            empty: dict[str, tuple[Node, Node]] | list[Node] = {} if isinstance(event, yaml.MappingStartEvent) else []
            open_nodes.append((Node(empty, line, column), []))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            node = _closed(*open_nodes.pop(), complaints)
        if node is not None:
            if open_nodes:
                open_nodes[-1][1].append(node)
            else:
                yield node


def _place(event: yaml.Event) -> tuple[int, int]:
    """Return line and column of an event, from 1."""
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)


def _closed(start: Node, members: list[Node], complaints: Complaints) -> Node:
    """Return the container with its members in it."""
    if isinstance(start.content, list):
        return Node(members, start.line, start.column)
    pairs: dict[str, tuple[Node, Node]] = {}
    for name, value in zip(members[::2], members[1::2], strict=True):
        if not isinstance(name.content, str):
            complaints.add(name, "field", "the name of a field must be a word")
            continue
        if name.content in pairs:
            complaints.add(name, "duplicate-field", f"{field_name(name.content)} is given twice")
        pairs[name.content] = name, value
    return Node(pairs, start.line, start.column)


def _refuse_decoration(event: yaml.NodeEvent, complaints: Complaints) -> None:
    """Complain of anchors and tags."""
    line, column = _place(event)
    if event.anchor is not None:
        complaints.at(line, column, "alias", "anchors are not allowed in a register file", "write it out")
    if getattr(event, "tag", None) not in {None, "!"}:
        complaints.at(line, column, "tag", "tags are not allowed in a register file; every value is text")


def _unwrapped(document: Node, complaints: Complaints) -> Iterator[Node]:
    """Yield the people of a document: a list, one person, or a mapping with `people` and perhaps one `register`."""
    match document.content:
        case None:
            return
        case list(items):
            yield from items
        case dict(members) if "people" in members:
            shared = members.get("register")
            for name, (place, _) in members.items():
                if name not in {"people", "register", "version"}:
                    complaints.add(place, "unknown-field", f"{field_name(name)} cannot stand beside `people`")
            people = members["people"][1]
            if not isinstance(people.content, list):
                complaints.add(people, "shape", "`people` must be a list")
                return
            for person in people.content:
                if shared is not None and isinstance(person.content, dict):
                    person.content.setdefault("register", shared)
                yield person
        case _:
            yield document


# -- CSV ---------------------------------------------------------------------------------------------------------------

_COLUMNS: Final = (
    "id", "register", *VALUE_FIELDS,
    "adverse_id", "adverse_name", "adverse_email", "adverse_phone", "adverse_address", "adverse_route",
    "adverse_route_why", "authorised_email", "authorised_domain", "authorised_role", "authorised_purpose",
    "authorised_to", "former_email", "former_address", "former_ended", "subject", "conflicts", "review_by",
)  # fmt: skip
_Row = dict[str, Node]


def _read_csv(text: str, complaints: Complaints) -> Iterator[Node]:
    """Yield one node per person, its rows merged."""
    people: dict[str, _CsvPerson] = {}
    for row in _csv_rows(text, complaints):
        person_id = row.get("id")
        if person_id is None or not isinstance(person_id.content, str):
            complaints.at(next(iter(row.values())).line, 0, "missing-field", "column `id` is empty")
            continue
        people.setdefault(person_id.content, _CsvPerson()).add(row, complaints)
    for person in people.values():
        yield person.node()


def _csv_rows(text: str, complaints: Complaints) -> Iterator[_Row]:
    """Yield the filled cells of each row by column."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")  # not at the other line ends of Unicode
    reader = csv.reader((line + "\n" for line in lines), strict=True)
    header: list[str] = []
    line = 1
    try:
        for cells in reader:
            start, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = _csv_header(cells, start, complaints)
                continue
            if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
                complaints.at(start, 0, "csv", "more cells than the header has columns", "put quotes around commas")
                continue
            filled = {
                name: Node(cell.strip(), start, place, label=f"column `{name}`")
                for place, (name, cell) in enumerate(zip(header, cells, strict=False), 1)
                if cell.strip()
            }
            yield filled
    except csv.Error as error:
        complaints.at(reader.line_num, 0, "csv", f"not CSV: {error}")


def _csv_header(cells: Sequence[str], line: int, complaints: Complaints) -> list[str]:
    """Return the names of the columns, after complaining of unknown, missing and repeated ones."""
    header = [cell.strip().lower() for cell in cells]
    for place, name in enumerate(header, 1):
        if name not in _COLUMNS:
            complaints.at(line, place, "unknown-column", f"unknown column {place}", suggestion(name, _COLUMNS))
        elif name in header[: place - 1]:
            complaints.at(line, place, "duplicate-field", f"column `{name}` is given twice")
    for name in ("id", "register"):
        if name not in header:
            complaints.at(line, 0, "missing-field", f"there is no column `{name}`")
    if complaints.found:
        raise Unreadable
    return header


class _CsvPerson:
    """The rows of one person, gathered into the shape that the other formats have."""

    def __init__(self) -> None:
        self.single: dict[str, Node] = {}
        self.lists: dict[str, list[Node]] = {}
        self.parties: dict[str, dict[str, tuple[Node, Node]]] = {}
        self.line = 0

    def add(self, row: _Row, complaints: Complaints) -> None:
        """Take one row in."""
        line = row["id"].line
        self.line = self.line or line
        for name in ("id", "register", "review_by"):
            if name in row:
                known = self.single.setdefault(name, row[name])
                if known.content != row[name].content:
                    complaints.add(row[name], "conflict", f"column `{name}` differs from that of line {known.line}")
        for name in ("subject", "conflicts"):
            if name in row:
                self.lists.setdefault(name, []).extend(_split(row[name]))
        self._add_item("values", row, dict.fromkeys(VALUE_FIELDS), line, several=("known_to",))
        self._add_item("authorised", row, _renamed("authorised_", "email domain role purpose to"), line)
        self._add_item("former_contacts", row, _renamed("former_", "email address ended"), line)
        self._add_party(row, complaints)

    def _add_item(
        self, name: str, row: _Row, columns: Mapping[str, str | None], line: int, several: Sequence[str] = ()
    ) -> None:
        """Add the entry of a list that the row's columns make, if any is filled."""
        members: dict[str, tuple[Node, Node]] = {}
        for column, member in columns.items():
            if column in row:
                cell = row[column]
                value = Node(_split(cell), cell.line, cell.column, cell.label) if column in several else cell
                members[member or column] = cell, value
        if members:
            self.lists.setdefault(name, []).append(Node(members, line))

    def _add_party(self, row: _Row, complaints: Complaints) -> None:
        """Add what the row says of an adverse party to that party."""
        cells = {name: cell for name, cell in row.items() if name.startswith("adverse_")}
        party_id = cells.pop("adverse_id", None)
        if party_id is None or not isinstance(party_id.content, str):
            for cell in list(cells.values())[:1]:
                complaints.add(cell, "missing-field", f"{cell.label} needs column `adverse_id` beside it")
            return
        party = self.parties.setdefault(party_id.content, {"id": (party_id, party_id)})
        if "adverse_name" in cells:
            known = party.setdefault("name", (cells["adverse_name"], cells["adverse_name"]))[1]
            if known.content != cells["adverse_name"].content:
                complaints.add(
                    cells["adverse_name"], "conflict", f"column `adverse_name` differs from that of line {known.line}"
                )
        for column, member in (
            ("adverse_email", "emails"),
            ("adverse_phone", "phones"),
            ("adverse_address", "addresses"),
        ):
            if column in cells:
                cell = cells[column]
                _append(party, member, cell, [cell] if column == "adverse_address" else _split(cell))
        if "adverse_route" in cells:
            route = {"email": (cells["adverse_route"], cells["adverse_route"])}
            if "adverse_route_why" in cells:
                route["why"] = cells["adverse_route_why"], cells["adverse_route_why"]
            _append(party, "routes", cells["adverse_route"], [Node(route, cells["adverse_route"].line)])
        elif "adverse_route_why" in cells:
            complaints.add(
                cells["adverse_route_why"], "missing-field", "column `adverse_route_why` needs column `adverse_route`"
            )

    def node(self) -> Node:
        """Return the person as one mapping."""
        members = {name: (cell, cell) for name, cell in self.single.items()}
        lists = dict(self.lists)
        if self.parties:
            lists["adverse"] = [Node(party, party["id"][0].line) for party in self.parties.values()]
        for name, items in lists.items():
            place = Node(name, items[0].line)
            members[name] = place, Node(items, items[0].line)
        return Node(members, self.line)


def _renamed(prefix: str, members: str) -> dict[str, str | None]:
    return {prefix + member: member for member in members.split()}


def _append(party: dict[str, tuple[Node, Node]], member: str, cell: Node, items: list[Node]) -> None:
    """Add *items* to a list of a party."""
    _, known = party.setdefault(member, (cell, Node([], cell.line)))
    if isinstance(known.content, list):
        known.content.extend(items)


def _split(cell: Node) -> list[Node]:
    """Return the entries of a cell, which semicolons part."""
    text = cell.content if isinstance(cell.content, str) else ""
    return [Node(item.strip(), cell.line, cell.column, cell.label) for item in text.split(";") if item.strip()]


_READERS: Final[Mapping[str, Callable[[str, Complaints], Iterator[Node]]]] = {
    "jsonl": _read_jsonl,
    "json": _read_json,
    "yaml": _read_yaml,
    "csv": _read_csv,
}

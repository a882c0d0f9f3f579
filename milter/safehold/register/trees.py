# SPDX-License-Identifier: GPL-3.0-or-later
"""Register files of every format as one kind of tree, each piece with its place.

JSON Lines, JSON, YAML and CSV become :class:`Node` trees, one per person, which :mod:`safehold.register.importing`
checks.  What a format forbids or cannot mean (duplicate fields, aliases, unknown columns, endless nesting) is
complained of here, by line and column, never by value.  Pure; no nesting and no bytes make it fail otherwise.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import yaml

from safehold.register import faults
from safehold.register.nodes import Complaints, Node, Unreadable, field_name
from safehold.register.tables import read_csv

# A register of a million people is 300 to 500 MB of JSON Lines; YAML and JSON are written by hand, and read whole.
_LARGEST_BYTES: Final = {"jsonl": 1 << 30, "csv": 1 << 30, "json": 64 << 20, "yaml": 16 << 20}
_DEEPEST = 12
_FORMATS: Final = {"jsonl": "jsonl", "ndjson": "jsonl", "json": "json", "yaml": "yaml", "yml": "yaml", "csv": "csv"}


def read(file_name: str, data: bytes, complaints: Complaints) -> Iterator[Node]:
    """Return the people of a register file as trees.

    Raises:
        Unreadable: There is nothing to go on with; why is among the complaints.
    """
    kind = _format(file_name, data, complaints)
    return _READERS[kind](_decode(kind, data, complaints), complaints)


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


def _decode(kind: str, data: bytes, complaints: Complaints) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        excel = "; in Excel: File, Save As, type: CSV UTF-8 (Comma delimited)" if kind == "csv" else ""
        complaints.at(line, 0, "encoding", "not UTF-8 text", f"save the file as UTF-8{excel}")
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
        fault = faults.explain(error, text.splitlines())
        problem = "" if "'" in fault.problem else f": {fault.problem}"
        complaints.at(fault.line, fault.column, "yaml", f"not YAML{problem}", fault.hint)
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


_READERS: Final[Mapping[str, Callable[[str, Complaints], Iterator[Node]]]] = {
    "jsonl": _read_jsonl,
    "json": _read_json,
    "yaml": _read_yaml,
    "csv": read_csv,
}

# SPDX-License-Identifier: GPL-3.0-or-later
"""Register files as tables: rows of facts, merged to one tree a person.

Cells stand apart by commas, or by semicolons or tabs, which spreadsheets write in some regions: the header shows which.
What a table cannot mean (unknown columns, a row without an id) is complained of by line and column, never by value.
Pure.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final

from safehold.register.nodes import VALUE_FIELDS, Complaints, Node, Unreadable, suggestion

COLUMNS: Final = (
    "id", "register", *VALUE_FIELDS,
    "adverse_id", "adverse_name", "adverse_email", "adverse_phone", "adverse_address", "adverse_route",
    "adverse_route_why", "authorised_email", "authorised_domain", "authorised_role", "authorised_purpose",
    "authorised_to", "former_email", "former_address", "former_ended", "subject", "conflicts", "review_by",
)  # fmt: skip
_Row = dict[str, Node]


def read_csv(text: str, complaints: Complaints) -> Iterator[Node]:
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


# Excel writes what the machine's region says between cells, and where asked a first line that says which.
_SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs"}
_SAID: Final = re.compile(r"sep=(.?)\s*", re.IGNORECASE)


def _separator(lines: Sequence[str]) -> str:
    """Return what stands between the cells: that of the separators by which the header has most of our columns."""
    head = next((line for line in lines if line.strip()), "")

    def known(separator: str) -> int:
        with suppress(csv.Error):
            cells = next(csv.reader([head], delimiter=separator), [])
            return sum(cell.strip().lower() in COLUMNS for cell in cells)
        return 0

    return max(_SEPARATORS, key=known)  # of equals the first


def _csv_rows(text: str, complaints: Complaints) -> Iterator[_Row]:
    """Yield the filled cells of each row by column."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")  # not at the other line ends of Unicode
    if _SAID.fullmatch(lines[0]):
        lines[0] = ""
    separator = _separator(lines)
    reader = csv.reader((line + "\n" for line in lines), strict=True, delimiter=separator)
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
                hint = f"a text with {_SEPARATORS[separator]} in it needs quotes"
                complaints.at(start, 0, "csv", "more cells than the header has columns", hint)
                continue
            filled = {
                name: Node(cell.strip(), start, place, label=f"column `{name}`")
                for place, (name, cell) in enumerate(zip(header, cells, strict=False), 1)
                if cell.strip()
            }
            yield filled
    except csv.Error as error:  # the row began at *line*; where the reader gave up may be the end of the file
        hint = "a quote that opens in this row is not closed; a quote inside a text is written twice"
        complaints.at(line, 0, "csv", f"not CSV: {error}", hint)


def _csv_header(cells: Sequence[str], line: int, complaints: Complaints) -> list[str]:
    """Return the names of the columns, after complaining of unknown, missing and repeated ones."""
    header = [cell.strip().lower() for cell in cells]
    while header and not header[-1]:  # a sheet that was once wider
        header.pop()
    if not set(header) & set(COLUMNS):
        hint = "the first line names the columns, apart by commas: id,register,kind,value (docs/register.md has all)"
        complaints.at(line, 0, "csv", "no column of a register is named here", hint)
        raise Unreadable
    all_named = False
    for place, name in enumerate(header, 1):
        if name not in COLUMNS:
            hint = suggestion(name, COLUMNS)
            is_list = not hint.startswith("did you mean")
            complaints.at(
                line, place, "unknown-column", f"unknown column {place}", "" if is_list and all_named else hint
            )
            all_named = all_named or is_list
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

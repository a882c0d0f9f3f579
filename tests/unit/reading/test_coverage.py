# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of formats in the documentation says what the code does."""

import re

import pytest

import canaries
from canaries.unread import UNREAD
from safehold.model import EVERYTHING, Reason
from safehold.reading import readers

FALLBACKS = {
    "text/*": "text/anything",
    "image/*": "image/anything",
    "application/vnd.oasis.opendocument.*": "application/vnd.oasis.opendocument.text",
    "*": "application/x-never-heard-of",
}

# Whether writing can be made out is known only when somebody tries.
RECOGNISED = {"Pictures"}


@pytest.fixture(scope="module")
def rows(project):
    page = (project / "docs" / "reading.md").read_text()
    table = page.partition("<!-- coverage")[2].partition("<!-- end of coverage")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def quoted(cell):
    return re.findall(r"`([^`]+)`", cell)


def is_of(media_type, kind):
    """Whether a type is one of those that a row names; the last row is for what no other has."""
    if kind == "*":
        return media_type not in readers.READERS and readers.reader_for(media_type) is readers.reader_for(
            FALLBACKS["*"]
        )
    return media_type.startswith(kind[:-1]) if kind.endswith("*") else media_type == kind


def test_every_type_with_a_reader_stands_in_one_row(rows):
    named = [kind for row in rows for kind in quoted(row[1])]

    assert sorted(named) == sorted([*readers.READERS, *FALLBACKS])


def test_every_row_names_the_module_that_reads(rows):
    for row in rows:
        for kind in quoted(row[1]):
            reader = readers.reader_for(FALLBACKS.get(kind, kind))
            assert (kind, reader.__module__.rpartition(".")[2]) == (kind, row[2])


def test_every_reason_of_a_row_has_a_file_that_shows_it(rows):
    reasons = {reason.value for reason in Reason}
    said = {row[0]: reasons.intersection(quoted(row[4])) for row in rows}

    assert {word for row in rows for word in quoted(row[4])} <= reasons
    assert {name: of_row for name, of_row in said.items() if of_row} == {
        name: set(shown) for name, shown in UNREAD.items()
    }


@pytest.mark.parametrize(("row", "reason"), [(row, reason) for row, shown in UNREAD.items() for reason in shown])
def test_what_a_row_says_of_the_unread_is_what_the_reader_of_that_row_says(rows, read_here, row, reason):
    name, content = UNREAD[row][reason]()

    read = read_here(content, name, demand=EVERYTHING if row in RECOGNISED else None)

    assert reason in read.reasons
    [types] = [quoted(columns[1]) for columns in rows if columns[0] == row]
    assert any(is_of(read.reading.parts[0].media_type, kind) for kind in types)


def test_the_places_are_those_of_the_canaries(rows):
    said = {name: int(count) for row in rows for name, count in re.findall(r"(\w+) (\d+)", row[5])}

    counted = {name: sum(len(canary.places) for canary in canaries.files(name)) for name in canaries.BUILDERS}
    assert said == counted

# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of formats in the documentation says what the code does."""

import re

import pytest

import canaries
from safehold.model import Reason
from safehold.reading import readers

FALLBACKS = {
    "text/*": "text/anything",
    "image/*": "image/anything",
    "application/vnd.oasis.opendocument.*": "application/vnd.oasis.opendocument.text",
    "*": "application/x-never-heard-of",
}


@pytest.fixture(scope="module")
def rows(project):
    page = (project / "docs" / "reading.md").read_text()
    table = page.partition("<!-- coverage")[2].partition("<!-- end of coverage")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def quoted(cell):
    return re.findall(r"`([^`]+)`", cell)


def test_every_type_with_a_reader_stands_in_one_row(rows):
    named = [kind for row in rows for kind in quoted(row[1])]

    assert sorted(named) == sorted([*readers.READERS, *FALLBACKS])


def test_every_row_names_the_module_that_reads(rows):
    for row in rows:
        for kind in quoted(row[1]):
            reader = readers.reader_for(FALLBACKS.get(kind, kind))
            assert (kind, reader.__module__.rpartition(".")[2]) == (kind, row[2])


def test_what_is_not_read_has_a_reason_of_the_closed_set(rows):
    reasons = {reason.value for reason in Reason}

    assert {word for row in rows for word in quoted(row[4])} <= reasons


def test_the_places_are_those_of_the_canaries(rows):
    said = {name: int(count) for row in rows for name, count in re.findall(r"(\w+) (\d+)", row[5])}

    counted = {name: sum(len(canary.places) for canary in canaries.files(name)) for name in canaries.BUILDERS}
    assert said == counted


@pytest.mark.parametrize("format_name", ["iwork", "iso", "onenote"])
def test_what_the_table_calls_unsupported_is_said_to_be(read_here, format_name):
    for canary in canaries.files(format_name):
        assert "unsupported" in read_here(canary.content, canary.name).reasons

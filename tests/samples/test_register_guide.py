# SPDX-License-Identifier: GPL-3.0-or-later
"""What `docs/register.md` shows works as it stands there, and says the same in each format."""

import re
from pathlib import Path

from safehold.register.importing import parse
from safehold.register.people import Kind
from safehold.register.tables import COLUMNS

GUIDE = (Path(__file__).parents[2] / "docs/register.md").read_text(encoding="utf-8")


def block(language):
    (found,) = re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    return found.encode()


def test_the_yaml_example_is_a_person_with_everything():
    (person,) = parse("people.yaml", block("yaml"))

    assert all(
        (person.values, person.adverse, person.authorised, person.former_contacts, person.subject, person.conflicts)
    )


def test_the_csv_example_is_one_person_with_three_values():
    (person,) = parse("people.csv", block("csv"))

    assert [value.kind for value in person.values] == [Kind.ADDRESS, Kind.PHONE, Kind.ADDRESS]
    assert person.values[2].known_to == {"F-1"}


def test_the_line_of_json_is_a_person():
    (line,) = [line.strip() for line in GUIDE.splitlines() if line.startswith('    {"id"')]

    assert parse("people.jsonl", line.encode())[0].id == "P-0042"


def test_every_kind_and_every_column_is_named():
    named = set(re.findall(r"`([a-z_]+)`", GUIDE))

    assert named >= {kind.value for kind in Kind}
    assert named >= set(COLUMNS)

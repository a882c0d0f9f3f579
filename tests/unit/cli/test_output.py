# SPDX-License-Identifier: GPL-3.0-or-later
import json
from datetime import UTC, datetime

from safehold.cli import output


def test_control_and_bidi_characters_are_shown_and_not_obeyed(capsys):
    output.result("bill\x1b[2J\u202egnp.exe\r")

    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\\x1b[2J" in shown


def test_brackets_in_a_table_are_text_and_not_style(capsys):
    output.table(["a"], [["[red]alarm[/red]"]])

    assert "[red]alarm[/red]" in capsys.readouterr().out


def test_json_speaks_of_times_and_sets_plainly(capsys):
    output.document({"at": datetime(2026, 11, 3, tzinfo=UTC), "who": frozenset({"a"})})

    assert json.loads(capsys.readouterr().out) == {"at": "2026-11-03T00:00:00+00:00", "who": ["a"]}


def test_json_lines_are_one_document_a_line(capsys):
    output.lines([{"a": 1}, {"a": 2}])

    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [{"a": 1}, {"a": 2}]

# SPDX-License-Identifier: GPL-3.0-or-later
import json
import sys
from datetime import UTC, datetime

import pytest

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


HOSTILE = "\x9b31mred \u202egnp.exe\u2066 \x1b[2J \x7f \u200b \u2028 \ufeff \U000e0041 \udc80 \t\n\r"
READABLE = 'Zo\u00eb \u0177 \u5317 \U0001f4ce caf\u00e9 \\ "'


@pytest.mark.parametrize("is_terminal", [False, True])
@pytest.mark.parametrize("say", [output.document, lambda value: output.lines([value])], ids=["document", "lines"])
def test_json_is_as_harmless_to_a_terminal_as_text_and_says_the_same(capsys, monkeypatch, say, is_terminal):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal, raising=False)
    value = {f"{HOSTILE}name": [HOSTILE, READABLE]}

    say(value)

    shown = capsys.readouterr().out
    assert [c for c in shown if not c.isprintable() and c != "\n"] == []
    assert "Zo\u00eb \u0177 \u5317 \U0001f4ce caf\u00e9" in shown
    assert json.loads(shown) == value

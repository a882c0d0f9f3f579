# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold inspect``: the tree of parts, folded for people, whole where they ask."""

from email.message import EmailMessage

import pytest

from safehold.cli import main


@pytest.fixture
def message(tmp_path):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "jo@own.example", "dee@example.org", "Minutes"
    mail.set_content("\n".join(f"line {number} of the minutes" for number in range(1, 9)))
    rows = "\n".join(f"row {number},{number}" for number in range(1, 30))
    mail.add_attachment(rows, subtype="csv", filename="rows.csv")
    mail.add_attachment("a\x1b[2Jb\n", subtype="plain", filename="odd\u202e.txt")
    file = tmp_path / "minutes.eml"
    file.write_bytes(mail.as_bytes())
    return file


def run(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_long_texts_are_folded_and_what_is_left_out_is_counted(message, capsys):
    code, out, err = run(capsys, "inspect", message)

    assert code == 0
    assert "body: line 1 of the minutes" in out
    assert "line 3 of the minutes ... 105 more" in out
    assert "line 4 of the minutes" not in out
    assert err.endswith("0 parts not fully read\n")


def test_unfolded_nothing_is_left_out(message, capsys):
    _, out, _ = run(capsys, "inspect", "--unfold", message)

    assert "line 8 of the minutes" in out
    assert "row 29" in out
    assert " more" not in out


def test_one_part_can_be_asked_for_with_what_is_in_it(message, capsys):
    _, out, _ = run(capsys, "inspect", "--part", "2/rows.csv", message)

    assert "rows.csv  text/csv" in out
    assert "line 1 of the minutes" not in out


def test_a_part_that_is_not_there_is_answered_with_those_that_are(message, capsys):
    code, out, err = run(capsys, "inspect", "--part", "9", message)

    assert (code, out) == (65, "")
    assert "there is no such part" in err
    assert "2/rows.csv" in err


def test_what_could_move_a_terminal_is_shown_and_not_sent(message, capsys):
    _, out, _ = run(capsys, "inspect", "--unfold", message)

    assert "\x1b" not in out
    assert "\u202e" not in out


def test_a_part_that_was_not_read_says_so_with_its_reason(tmp_path, capsys):
    file = tmp_path / "notes.one"
    file.write_bytes(b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3" + bytes(100))

    code, out, err = run(capsys, "inspect", file)

    assert code == 0
    assert "not read: unsupported" in out
    assert "1 part not fully read" in err

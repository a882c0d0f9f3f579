# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold inspect``: the tree of parts, folded for people, whole where they ask."""

import io
from email.message import EmailMessage

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from canaries.packages import zipped
from safehold.cli import inspecting, main
from safehold.model import Part, PartPath
from safehold.reading.vocabulary import MarkKind


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


def test_every_mark_is_said_in_words():
    said = [inspecting.mark_words(kind) for kind in MarkKind]

    assert [words for words in said if "_" in words or words in set(MarkKind) - {"comments", "macros"}] == []
    assert len(set(said)) == len(MarkKind)


def test_alternatives_stand_in_the_order_of_their_numbers(tmp_path, capsys):
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "jo@own.example", "Minutes"
    mail.set_content("plain words")
    mail.add_alternative("<p>dressed words</p>", subtype="html")
    file = tmp_path / "minutes.eml"
    file.write_bytes(mail.as_bytes())
    _, out, _ = run(capsys, "inspect", file)

    assert out.index("plain words") < out.index("dressed words")


def test_parts_without_numbers_stay_as_they_were_read():
    paths = [(), ("10",), ("2", "b.zip", "z.txt"), ("2", "b.zip"), ("2", "b.zip", "a.txt"), ("1.2",), ("1.1",)]
    parts = [Part(PartPath(path), "text/plain", 1) for path in paths]

    assert [str(part.path) for part in inspecting.in_order(parts)] == [
        ".", "1.1", "1.2", "2/b.zip", "2/b.zip/z.txt", "2/b.zip/a.txt", "10",
    ]  # fmt: skip


def test_a_file_is_named_once(tmp_path, capsys):
    file = tmp_path / "notes.txt"
    file.write_text("words of it")
    _, out, _ = run(capsys, "inspect", file)

    assert out.count("notes.txt") == 1
    assert "text/plain" in out.splitlines()[0]


def test_a_hidden_sheet_is_called_hidden_once(tmp_path, capsys):
    main_part = (
        '<workbook xmlns:r="r"><sheets><sheet name="Seen" r:id="rId2"/>'
        '<sheet name="Staff" r:id="rId1" state="hidden"/></sheets></workbook>'
    )
    relation = '<R><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/></R>'
    cells = '<row r="7"><c r="B7" t="str"><v>Quill</v></c></row>'
    file = tmp_path / "staff.xlsx"
    file.write_bytes(
        zipped(
            {
                "[Content_Types].xml": "<Types/>",
                "xl/workbook.xml": main_part,
                "xl/_rels/workbook.xml.rels": relation,
                "xl/worksheets/sheet1.xml": f"<worksheet><sheetData>{cells}</sheetData></worksheet>",
            }
        )
    )
    _, out, _ = run(capsys, "inspect", file)

    assert 'sheet 2 "Staff" (hidden), cell B7: Quill' in out


MAIL = b"Received: by mx.own.example\r\nFrom: jo@own.example\r\nSubject: Minutes\r\n\r\nwords\r\n"


@pytest.mark.parametrize(
    ("name", "options", "content", "is_message"),
    [
        ("mail.txt", (), MAIL, True),
        ("mail.saved", (), MAIL, True),
        ("mail.txt", ("--document",), b"From: jo\r\n\r\nwords", False),
        ("mail.txt", (), b"Note: words\r\n\r\nwords", False),
        ("mail.txt", ("--message",), b"Note: words\r\n\r\nwords", True),
    ],
)
def test_a_message_is_told_by_what_it_is_unless_somebody_says(tmp_path, capsys, name, options, content, is_message):
    file = tmp_path / name
    file.write_bytes(content)
    _, out, _ = run(capsys, "inspect", *options, file)

    assert ("message/rfc822" in out) is is_message


def test_letters_that_stand_between_bytes_by_chance_are_counted_and_shown_unfolded(tmp_path, capsys):
    info, out = PngInfo(), io.BytesIO()
    info.add_text("Comment", "Ashford office\nLdY.rDIOx7Q\nKk{hWjE8zR")
    Image.new("L", (8, 8)).save(out, "PNG", pnginfo=info)
    file = tmp_path / "seal.png"
    file.write_bytes(out.getvalue())
    _, folded, _ = run(capsys, "inspect", file)
    _, whole, _ = run(capsys, "inspect", "--unfold", file)

    assert "Ashford office" in folded
    assert "LdY" not in folded
    assert "characters of loose text" in folded
    assert "LdY.rDIOx7Q" in whole


@pytest.mark.parametrize("line", ["Ashford office", "QQ123456C", "2012-11-23T14:20:31", "作業リスト", "3"])
def test_a_line_of_which_a_person_makes_something_is_shown(line):
    assert inspecting.says_something(line)

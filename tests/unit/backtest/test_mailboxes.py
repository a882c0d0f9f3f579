# SPDX-License-Identifier: GPL-3.0-or-later
"""Mailboxes: every message found once and whole, however damaged; nothing followed, nothing waited for, no crash."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.backtest import mailboxes
from safehold.backtest.mailboxes import Bookmark, ChangedError

FROM = b"From jo@riverbank.example Mon Jun  2 09:00:00 2025\n"
MOST = 1 << 20


def mail(number: int, body: bytes = b"Hello.\n") -> bytes:
    return b"From: jo@riverbank.example\nTo: b%d@example.org\nSubject: s\n\n%s" % (number, body)


def mbox(*mails: bytes) -> bytes:
    return b"".join(FROM + each + b"\n" for each in mails)


def contents(*places: Path) -> list[bytes]:
    return [mailboxes.content(piece, MOST)[0] for piece in mailboxes.walk(places)]


def problems(*places: Path) -> list[str]:
    return [mailboxes.content(piece, MOST)[1] for piece in mailboxes.walk(places)]


def recipients(*places: Path) -> list[str]:
    found = []
    for content in contents(*places):
        line = next((line for line in content.split(b"\r\n") if line.startswith(b"To:")), b"")
        found.append(line.removeprefix(b"To: ").partition(b"@")[0].decode())
    return found


@pytest.fixture
def make(tmp_path):
    def made(content: bytes, name: str = "box") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return made


# -- mbox --------------------------------------------------------------------------------------------------------------


def test_each_message_of_an_mbox_comes_whole_and_as_it_would_travel(make):
    found = contents(make(mbox(mail(1), mail(2))))

    assert found == [mail(n).replace(b"\n", b"\r\n") + b"\r\n" for n in (1, 2)]


def test_escaped_from_lines_are_as_they_were_written(make):
    body = b">From now on\n>>From then\n> From me\n"

    (found,) = contents(make(mbox(mail(1, body))))

    assert found.endswith(b"\r\nFrom now on\r\n>From then\r\n> From me\r\n\r\n")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"I came\nFrom Ashford at 10:30 2025\nby train\n", id="a sentence with a time"),
        pytest.param(b"I came\n\nFrom Ashford I came\nby train\n", id="a sentence after a blank line"),
        pytest.param(b"I came\nFrom Ashford\nNote: by train\n", id="a sentence before a colon"),
        pytest.param(b"From \n", id="the word alone"),
    ],
)
def test_a_sentence_that_begins_with_from_opens_no_message(make, body):
    assert recipients(make(mbox(mail(1, body), mail(2)))) == ["b1", "b2"]


def test_a_message_that_stands_in_another_is_none_where_the_length_is_stated(make):
    inner = b"see below\n\n" + FROM + mail(9)
    stated = b"Content-Length: %d\n" % len(inner) + mail(1, inner)

    assert recipients(make(mbox(stated, mail(2)))) == ["b1", "b2"]


@pytest.mark.parametrize("length", [b"3", b"999999", b"-1", b"00000000000000000000000001", b"nine"])
def test_a_stated_length_that_leads_nowhere_counts_for_nothing(make, length):
    wrong = b"Content-Length: " + length + b"\n" + mail(1)

    assert recipients(make(mbox(wrong, mail(2)))) == ["b1", "b2"]


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_other_line_ends_are_line_ends(make, end):
    assert recipients(make(mbox(mail(1), mail(2)).replace(b"\n", end))) == ["b1", "b2"]


def test_mixed_line_ends_are_line_ends(make):
    content = mbox(mail(1)).replace(b"\n", b"\r\n") + mbox(mail(2)) + mbox(mail(3)).replace(b"\n", b"\r\n")

    assert recipients(make(content)) == ["b1", "b2", "b3"]


def test_a_first_line_that_is_lost_costs_no_message(make):
    assert recipients(make(mbox(mail(1), mail(2)).removeprefix(FROM))) == ["b1", "b2"]


def test_rubbish_before_the_first_message_is_told_and_costs_no_message(make):
    path = make(b"\0" * 5000 + b"\x93rubbish\n\n" + mbox(mail(1), mail(2)))

    assert problems(path) == [mailboxes.NO_MESSAGE, "", ""]


def test_a_hole_of_nuls_before_a_message_costs_nothing(make):
    assert recipients(make(b"\0" * 5000 + mail(1))) == ["b1"]


def test_a_mailbox_that_was_cut_gives_all_that_is_there(make):
    content = mbox(mail(1), mail(2))

    assert recipients(make(content[: -len(mail(2)) // 2])) == ["b1", "b2"]


def test_a_line_longer_than_the_limit_is_not_held_in_memory(make):
    path = make(FROM + mail(1) + b"x")
    with path.open("r+b") as file:
        file.truncate(300 << 20)  # of NULs, none on disk
        file.seek(300 << 20)
        file.write(b"\n\n" + mbox(mail(2)))

    pieces = list(mailboxes.walk([path]))

    assert [mailboxes.content(piece, MOST)[1] for piece in pieces] == [mailboxes.TOO_LARGE, ""]


def test_an_opening_line_on_the_edge_of_what_is_read_at_once_is_found(make):
    for short in range(-8, 9):
        body = b"x" * ((1 << 20) - len(FROM + mail(1, b"")) - 2 + short) + b"\n"

        assert recipients(make(mbox(mail(1, body), mail(2))))[-1] == "b2", short


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.sampled_from([FROM, b"From ", b"\nFrom ", b"\n\n", b"\r", b"\0", b"To: a@b.example\n", mail(1)]),
            st.builds(lambda n: b"Content-Length: %d\n" % n, st.integers(0, 500)),
        ),
        max_size=12,
    )
)
def test_whatever_bytes_come_every_byte_is_in_one_piece(tmp_path, parts):
    path = tmp_path / "box"
    content = b"".join(parts)
    path.write_bytes(content)

    pieces = list(mailboxes.walk([path]))
    problems(path)

    assert b"".join(mailboxes.raw_content(piece) for piece in pieces) == content
    assert [piece.number for piece in pieces] == list(range(1, len(pieces) + 1))


# -- folders -----------------------------------------------------------------------------------------------------------


def test_a_file_of_one_message_is_one_whatever_stands_in_it(make):
    assert recipients(make(mbox(mail(1), mail(2)), "m.eml")) == ["b1"]


def test_a_folder_is_walked_with_all_below_it_in_the_order_of_names(make, tmp_path):
    for number, name in enumerate(("a.eml", "b/deep/c.eml", "b/d", "e")):
        make(mail(number), f"all/{name}")
    make(mbox(mail(7), mail(8)), "all/f")

    assert recipients(tmp_path / "all") == ["b0", "b3", "b7", "b8", "b2", "b1"]


def test_a_maildir_gives_what_was_delivered_and_nothing_else(make, tmp_path):
    for number, name in enumerate(("cur/1.M2P3.host:2,S", "new/x y\n\x1b[31m", "tmp/3", ".Sent/cur/4", ".Sent/tmp/5")):
        make(mail(number), f"box/{name}")
    for folder in ("box/.Sent/new", "box/cur", "box/new"):
        (tmp_path / folder).mkdir(exist_ok=True)
    make(mail(9), "box/dovecot.index")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/box/new/\xff\xfe")).write_bytes(mail(6))

    assert sorted(recipients(tmp_path / "box")) == ["b0", "b1", "b3", "b6"]


def test_what_is_no_file_or_no_message_is_told_and_not_opened(make, tmp_path):
    make(mail(1), "box/1.eml")
    make(b"", "box/2.eml")
    make(b"key: value\n", "box/3.yaml")
    os.mkfifo(tmp_path / "box/4")
    (tmp_path / "box/5").symlink_to(tmp_path / "box/1.eml")
    (tmp_path / "box/6").symlink_to(tmp_path / "box")
    (tmp_path / "box/7").symlink_to("7")

    found = problems(tmp_path / "box")

    links = [mailboxes.LINK] * 3
    assert found == ["", mailboxes.EMPTY, mailboxes.NO_MESSAGE, mailboxes.NO_FILE, *links]


def test_a_file_that_is_gone_when_its_turn_comes_is_skipped(make):
    path = make(mail(1), "m.eml")
    (piece,) = mailboxes.walk([path])
    path.unlink()

    assert mailboxes.content(piece, MOST) == (b"", mailboxes.UNREADABLE)


# -- going on ----------------------------------------------------------------------------------------------------------


def test_a_walk_goes_on_behind_any_piece_as_if_it_had_not_been_broken_off(make, tmp_path):
    make(mbox(mail(1), mail(2), mail(3)), "all/a")
    make(mail(4), "all/b.eml")
    (tmp_path / "all/c").symlink_to("a")
    make(mbox(mail(5), mail(6)), "all/d")
    places = [tmp_path / "all", make(mail(7), "m.eml"), make(mbox(mail(8), mail(9)))]
    pieces = list(mailboxes.walk(places))

    for done, piece in enumerate(pieces, 1):
        assert list(mailboxes.walk(places, Bookmark.at(piece))) == pieces[done:]


def test_a_mailbox_that_shrank_or_went_is_no_place_to_go_on(make, tmp_path):
    path = make(mbox(mail(1), mail(2)), "all/a")
    *_, last = mailboxes.walk([tmp_path / "all"])
    path.write_bytes(mbox(mail(1)))
    with pytest.raises(ChangedError):
        list(mailboxes.walk([tmp_path / "all"], Bookmark.at(last)))

    path.unlink()

    with pytest.raises(ChangedError):
        list(mailboxes.walk([tmp_path / "all"], Bookmark.at(last)))


# -- ids ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        ("00012.eml", "all/00012.eml"),
        ("00012.7c53336b37003a9286aba55d2945844c.eml", "all/00012.7c53336b37003a9286aba55d2945844c.eml"),
        ("msg-3.eml", "all/msg-3.eml"),
        ("Ms Brown has moved.eml", "all#1"),
        ("01632960123.eml", "all#1"),
        ("TN99 9ZZ.eml", "all#1"),
        ("B. Brown/12.eml", "all#1"),
        ("\x1b[31m.eml", "all#1"),
    ],
)
def test_a_name_of_a_file_is_an_id_only_where_it_tells_nothing(make, monkeypatch, tmp_path, file, shown):
    make(mail(1), f"all/{file}")
    monkeypatch.chdir(tmp_path)

    (piece,) = mailboxes.walk([Path("all")])

    assert mailboxes.name(piece, [Path("all")]) == shown


def test_every_message_is_found_again_by_its_id(make):
    places = [
        make(mbox(mail(1), mail(2)), "x"),
        make(mail(3), "y/Ms Brown.eml").parent,
        make(mail(4), "z/4.eml").parent,
    ]

    for piece in mailboxes.walk(places):
        assert mailboxes.find(mailboxes.name(piece, places), places) == piece
    assert mailboxes.find("x#9", places) is None

# SPDX-License-Identifier: GPL-3.0-or-later
"""The line: an honest worker is understood, and no other is believed."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model import Demand, PartPath, Reason
from safehold.reading.limits import Limits
from safehold.reading.notes import Resume
from safehold.reading.vocabulary import Detail
from safehold.reading.wire import HEAD, Hearing, Job, LineError, Unpacker, pack

ENTERED = ["at", ["1"], False, 0]


def take_all(hearing, frames):
    for frame in frames:
        hearing.take(frame)
    return hearing


def heard(*frames):
    return take_all(Hearing(Limits()), frames)


def test_a_whole_message_is_understood():
    hearing = heard(
        ["at", [], False, 0],
        ["part", [], "message/rfc822", 10, "", False, 0],
        ENTERED,
        ["part", ["1"], "text/plain", 4, "text/plain", False, 0],
        ["segment", ["1"], "body", None, "visible", "text"],
        ["problem", ["1"], "corrupt", "damaged"],
        ["mark", ["1"], "page", 3, "macros"],
        ["end", True],
    )
    reading = hearing.reading()

    assert hearing.ended
    assert hearing.reusable
    assert [part.media_type for part in reading.parts] == ["message/rfc822", "text/plain"]
    assert reading.segments[0].text == "text"
    assert reading.problems[0].reason is Reason.CORRUPT
    assert reading.marks[0].place.number == 3


@pytest.mark.parametrize(
    "frame",
    [
        None,
        "at",
        [],
        [["at"]],
        ["gossip", 1],
        ["at", "1", False, 0],
        ["at", ["a/b"], False, 0],
        ["at", [""], False, 0],
        ["at", ["x" * 256], False, 0],
        ["at", ["a\x00"], False, 0],
        ["at", ["1"] * 100, False, 0],
        ["at", ["1"], 1, 0],
        ["at", ["1"], False, -1],
        ["at", ["1"], False, True],
        ["at", ["1"], False, 0, 0],
        ["at"],
        ["part", ["1"], "text/plain", 1.5, "", False, 0],
        ["part", ["1"], "12 Hidden Lane", 1, "", False, 0],
        ["part", ["2"], "text/plain", 1, "", False, 0],
        ["segment", ["1"], "body", None, "visible", 7],
        ["segment", ["1"], "body", None, "visible", "x" * 4_000_001],
        ["segment", ["1"], "cellar", None, "visible", "x"],
        ["segment", ["1"], "body", "12", "visible", "x"],
        ["segment", ["1"], "body", None, ["visible"], "x"],
        ["segment", ["1"], "sheet", 1, "visible", "x", 7],
        ["segment", ["1"], "sheet", 1, "visible", "x", "B7"],
        ["segment", ["1"], "sheet", 1, "visible", "x", []],
        ["segment", ["1"], "sheet", 1, "visible", "x", [7]],
        ["segment", ["1"], "sheet", 1, "visible", "x", [7, "B"]],
        ["segment", ["1"], "sheet", 1, "visible", "x", [-7, 2]],
        ["segment", ["1"], "sheet", 1, "visible", "x", [7, 10_000_001]],
        ["segment", ["1"], "sheet", 1, "visible", "xy", [7, 2, 1, 7]],
        ["segment", ["1"], "sheet", 1, "visible", "xy", [7, 2, 0, 7, 3]],
        ["segment", ["1"], "sheet", 1, "visible", "xy", [7, 2, 2, 7, 3]],
        ["segment", ["1"], "sheet", 1, "visible", "xyz", [7, 2, 2, 7, 3, 1, 7, 4]],
        ["segment", ["1"], "sheet", 1, "visible", "x" * 64_001, [7, 2]],
        ["segment", ["1"], "sheet", 1, "visible", "x", [7, 2], 7],
        ["segment", ["1", "2"], "body", None, "visible", "x"],
        ["problem", ["1"], "corrupt", "12 Hidden Lane"],
        ["problem", ["1"], "bored", ""],
        ["mark", ["1"], "text", None, "12 Hidden Lane"],
        ["dear", True],
        ["end", "yes"],
    ],
)
def test_what_no_honest_worker_sends_is_refused(frame):
    hearing = heard(ENTERED)
    before = hearing.reading()

    with pytest.raises(LineError):
        hearing.take(frame)

    assert hearing.reading() == before


def test_a_worker_says_once_that_its_work_is_dear():
    hearing = heard(ENTERED, ["dear"])

    assert hearing.is_dear
    with pytest.raises(LineError):
        hearing.take(["dear"])


def test_dear_work_lies_in_some_part():
    with pytest.raises(LineError):
        heard(["dear"])


def test_a_fresh_worker_may_say_again_that_its_work_is_dear():
    hearing = heard(ENTERED, ["dear"])

    hearing.begin()

    assert not hearing.is_dear
    hearing.take(ENTERED)
    hearing.take(["dear"])


def test_nothing_is_heard_after_the_end():
    with pytest.raises(LineError):
        heard(["end", True], ENTERED)


def test_a_declared_type_that_is_none_is_left_out():
    hearing = heard(ENTERED, ["part", ["1"], "text/plain", 1, "12 Hidden Lane", False, 0])

    assert hearing.reading().parts[0].declared_type == ""


def test_text_over_the_message_limit_is_refused():
    hearing = Hearing(Limits(characters=100, part_characters=60))
    hearing.take(ENTERED)
    hearing.take(["segment", ["1"], "body", None, "visible", "x" * 60])

    with pytest.raises(LineError):
        hearing.take(["segment", ["1"], "body", None, "visible", "x" * 60])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=6),
    max_leaves=12,
)


@given(
    st.sampled_from(["at", "part", "segment", "problem", "mark", "dear", "tainted", "end"]),
    st.lists(json_values, max_size=7),
)
def test_any_frame_is_understood_or_refused(kind, fields):
    hearing = heard(ENTERED)

    with contextlib.suppress(LineError):
        hearing.take([kind, *fields])
    hearing.reading()


@given(st.lists(st.integers(1, 9), max_size=20))
def test_frames_survive_any_cutting(sizes):
    frames = [["segment", ["é"], "body", None, "visible", "text"], ["end", True]]
    stream = b"".join(pack(frame) for frame in frames)
    unpacker, seen = Unpacker(), []
    position = 0
    for size in [*sizes, len(stream)]:
        seen += unpacker.feed(stream[position : position + size])
        position += size

    assert seen == frames


@pytest.mark.parametrize(
    "stream",
    [
        HEAD.pack(1 << 31, 0),
        HEAD.pack(1 << 20, 0),
        HEAD.pack(2, 1 << 31) + b"[]",
        HEAD.pack(4, 0) + b"\xff\xfe{}",
        HEAD.pack(4, 0) + b"[] 1",
        HEAD.pack(2, 0) + b"{}",
        HEAD.pack(100_000, 0) + b"[" * 100_000,
        HEAD.pack(0, 0),
        HEAD.pack(11, 3) + b'["segment"]' + b"\xed\xa0\x80",
        HEAD.pack(8, 1) + b'["dear"]' + b"x",
    ],
)
def test_a_stream_that_is_no_frame_is_refused(stream):
    with pytest.raises(LineError):
        list(Unpacker().feed(stream))


def test_lone_surrogates_become_replacement_characters():
    (frame,) = Unpacker().feed(pack(["a\ud800b", "\ud83d\ude00"]))

    assert frame == ["a\ufffdb", "😀"]


def test_a_job_comes_back_as_it_was_sent():
    job = Job("ä.pdf", Demand(ocr=True), Resume({("1",): 3}, frozenset({("2", "x")}), 17))

    assert Job.unpack(job.pack()) == job


def test_a_fresh_worker_is_told_what_was_heard_and_what_is_closed():
    hearing = heard(
        ["at", [], False, 0],
        ["part", [], "message/rfc822", 10, "", False, 0],
        ["at", ["1"], False, 0],
        ["segment", ["1"], "body", None, "visible", "text"],
        ["at", [], False, 0],
        ["at", ["2"], True, 1],
        ["at", ["2", "a"], True, 1],
    )
    hearing.fail(Reason.CRASHED, Detail.DIED)

    assert hearing.resume() == Resume({(): 1, ("2",): 0}, frozenset({("1",), ("2", "a")}), 4)
    assert hearing.can_resume
    assert hearing.reading().problems[0].part == PartPath(("2", "a"))


def test_a_message_whose_own_reader_died_cannot_be_resumed():
    hearing = heard(["at", [], False, 0])
    hearing.fail(Reason.CRASHED, Detail.DIED)

    assert not hearing.can_resume


def test_a_worker_that_is_tainted_cannot_take_that_back():
    hearing = heard(ENTERED, ["tainted"], ["part", ["1"], "text/plain", 4, "", False, 0], ["end", True])

    assert not hearing.may_serve_again


@pytest.mark.parametrize(("media_type", "may"), [("text/html", True), ("message/rfc822", True), ("image/png", False)])
def test_who_opened_more_than_text_serves_nobody_else(media_type, may):
    assert heard(ENTERED, ["part", ["1"], media_type, 4, "", False, 0], ["end", True]).may_serve_again == may


def test_lone_surrogates_in_facts_never_reach_anybody():
    """They come through JSON as an escape, and whoever writes them down later fails."""
    facts = rb'["at",["\ud800"],true,0]'
    (frame,) = Unpacker().feed(HEAD.pack(len(facts), 0) + facts)

    with pytest.raises(LineError):
        heard(frame)


@pytest.mark.parametrize("frame", [["at", ["1"], False, 0], ["tainted"]], ids=["at", "tainted"])
def test_a_flood_of_frames_that_are_kept_nowhere_ends(frame):
    hearing = Hearing(Limits(items=10, parts=1, names=1, pages=1))

    with pytest.raises(LineError, match="too many"):
        take_all(hearing, [frame] * 2_000)


def test_what_paths_may_take_is_bounded():
    hearing = Hearing(Limits(characters=10_000, part_characters=1_000))

    with pytest.raises(LineError, match="paths"):
        take_all(hearing, [["at", ["x" * 250, str(number)], False, 0] for number in range(100)])


def test_a_path_is_kept_once():
    """A worker may say two hundred thousand things of a path of 16,000 characters."""
    hearing = heard(["at", ["a" * 200], False, 0], *(["mark", ["a" * 200], "text", None, "macros"] for _ in range(3)))

    assert len({id(mark.place.part) for mark in hearing.reading().marks}) == 1


def test_nothing_shows_text_in_its_repr():
    job = Job("12 Hidden Lane.pdf", Demand(), Resume({("12 Hidden Lane",): 1}))

    assert "Hidden" not in repr(job)

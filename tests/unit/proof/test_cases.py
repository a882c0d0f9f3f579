# SPDX-License-Identifier: GPL-3.0-or-later
"""A test file says what it means or is refused with place and cure: a test that asks nothing never passes."""

import random
from datetime import UTC, date, datetime

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.errors import ComplaintsError
from safehold.proof import cases, running

TO_G = "{from: sw@council.example, to: [gareth@postbox.example], subject: s, body: hello}"
GOOD = f"- {{name: n, message: {TO_G}, expect: {{gareth@postbox.example: hold}}}}\n"
EML = b"From: sw@council.example\nTo: gareth@postbox.example\nSubject: s\n\nHello\n"


def expecting(expected: str, message: str = TO_G, rest: str = "") -> str:
    return f"- {{name: n, message: {message}, expect: {expected}{rest}}}\n"


def complaints(make_suite, tests, files=None, **rest):
    with pytest.raises(ComplaintsError) as raised:
        make_suite(tests, files, **rest)
    return raised.value.complaints


def test_everything_that_a_test_can_say_is_taken(make_suite):
    suite = make_suite(
        """
- name: all of it
  message:
    from: sw@council.example
    to: [gareth@postbox.example]
    cc: [b@x.example]
    bcc: [c@x.example]
    subject: s
    body: b
    html: <p>b</p>
    attach: [a.pdf, {name: b.txt, text: "t"}, {name: c.pdf, file: a.pdf}]
  expect:
    gareth@postbox.example: {verdict: hold, policies: [refuge], person: P-1, field: phone, found_in: "a.pdf > b.docx",
                             strength: certain, why: adverse}
    c@x.example: deliver
    sender_notice: {has: [on hold], lacks: [subject, "01632 960123"]}
  known_gap: T-1
  today: 2026-11-03
  at: "22:30"
  direction: internal
  contacts: {b@x.example: 2026-10-01}
""",
        {"a.pdf": b"%PDF"},
    )

    (case,) = suite.cases
    first, second = case.expected
    assert (first.verdict, first.policies, first.found_in) == ("hold", {"refuge"}, "a.pdf > b.docx")
    assert (second.address, second.verdict) == ("c@x.example", "deliver")
    assert [(a.name, a.content) for a in case.letter.attachments] == [
        ("a.pdf", b"%PDF"),
        ("b.txt", b"t"),
        ("c.pdf", b"%PDF"),
    ]
    assert case.now == datetime(2026, 11, 3, 22, 30, tzinfo=UTC)
    assert case.notice is not None
    assert case.notice.has == ("on hold",)
    assert case.contacts == {"b@x.example": date(2026, 10, 1)}


WRONG = [
    # what is wrong, the test, code, part of the message
    ("nothing is expected", expecting("{}"), "missing-key", "expect says nothing"),
    ("an expectation without a verdict", expecting("{gareth@postbox.example: {}}"), "invalid-value", "verdict is one"),
    ("a verdict that is none", expecting("{gareth@postbox.example: held}"), "invalid-value", 'did you mean "hold"?'),
    ("a notice of which nothing is asked", expecting("{sender_notice: {}}"), "missing-key", "asks nothing"),
    (
        "a recipient who is not there",
        expecting("{garet@postbox.example: hold}"),
        "unknown-recipient",
        'did you mean "gareth@postbox.example"?',
    ),
    (
        "a person who is not there",
        expecting("{gareth@postbox.example: {verdict: hold, person: P-2}}"),
        "unknown-person",
        "there are: P-1",
    ),
    (
        "a strength that is none",
        expecting("{gareth@postbox.example: {verdict: hold, strength: certian}}"),
        "invalid-value",
        'did you mean "certain"?',
    ),
    (
        "a reason of a copy that is delivered",
        expecting("{gareth@postbox.example: {verdict: deliver, field: phone}}"),
        "invalid-value",
        "has no field",
    ),
    (
        "a slip in a word of the notice, which no notice could ever say",
        expecting("{sender_notice: {lacks: [register-value]}}"),
        "invalid-value",
        'did you mean "register-values"?',
    ),
    ("a misspelt key", expecting("{gareth@postbox.example: {verdct: hold}}"), "unknown-key", 'did you mean "verdict"?'),
    ("no name", f"- {{message: {TO_G}, expect: {{gareth@postbox.example: hold}}}}", "missing-key", "no name"),
    ("two tests of one name", GOOD + GOOD, "duplicate-name", "say what differs"),
    ("no tests", " []", "missing-key", "no tests"),
    ("a file that is not there", expecting("{g@x.example: hold}", "x.eml"), "unknown-file", "x.eml"),
    (
        "a file of nearly that name",
        expecting("{g@x.example: hold}", "peple.yaml"),
        "unknown-file",
        'did you mean "tests/people.yaml"?',
    ),
    (
        "an address that is none",
        expecting("{gareth@postbox.example: hold}", "{from: nobody, to: gareth@postbox.example}"),
        "invalid-value",
        "not a mail address",
    ),
    (
        "a subject of two lines",
        expecting("{a@x.example: hold}", '{from: s@x.example, to: a@x.example, subject: "a\\nBcc: b@x.example"}'),
        "invalid-value",
        "one line",
    ),
    (
        "an attachment that is nothing",
        expecting("{a@x.example: hold}", "{from: s@x.example, to: a@x.example, attach: [{name: a.txt}]}"),
        "missing-key",
        "either a text or a file",
    ),
    (
        "an earlier contact with somebody else",
        expecting("{gareth@postbox.example: hold}", rest=", contacts: {garet@postbox.example: 2026-10-01}"),
        "unknown-recipient",
        'did you mean "gareth@postbox.example"?',
    ),
    ("a time that is none", expecting("{gareth@postbox.example: hold}", rest=", at: noon"), "invalid-value", "22:30"),
    ("a day that is none", expecting("{gareth@postbox.example: hold}", rest=", today: 2.11."), "invalid-value", "day"),
    (
        "a direction that is none",
        expecting("{gareth@postbox.example: hold}", rest=", direction: out"),
        "invalid-value",
        "outbound",
    ),
]


@pytest.mark.parametrize(("tests", "code", "words"), [each[1:] for each in WRONG], ids=[each[0] for each in WRONG])
def test_a_mistake_has_its_place_and_its_cure(make_suite, tests, code, words):
    found = [each for each in complaints(make_suite, tests) if each.code == code]

    assert found
    assert words in found[0].message
    assert found[0].file == "tests/a.test.yaml"
    assert found[0].line > 4
    assert found[0].column >= 1


def test_policies_may_be_named_by_a_pattern():
    files = {
        "tests/a.test.yaml": f"version: 1\npolicies: [../safe-*.yaml, ../b/*.yaml]\ntests:\n{GOOD}".encode(),
        "safe-a.yaml": b"",
        "safe-b.yaml": b"",
        "other.yaml": b"",
        "b/c.yaml": b"",
        "b/d/e.yaml": b"",
    }

    suite = cases.read("tests/a.test.yaml", files, date(2026, 11, 2))

    assert suite.policies == ("safe-a.yaml", "safe-b.yaml", "b/c.yaml")


def test_a_pattern_that_names_no_file_is_an_error(make_suite):
    (found,) = complaints(make_suite, GOOD, head="version: 1\npolicies: ../safe-*.yaml\ntests:\n")

    assert (found.code, found.line) == ("unknown-file", 2)


def test_every_mistake_is_told_at_once(make_suite):
    tests = expecting("{garet@postbox.example: held}") + expecting("{}").replace("name: n", "name: m")

    assert {each.code for each in complaints(make_suite, tests)} == {
        "unknown-recipient",
        "invalid-value",
        "missing-key",
    }


@pytest.mark.parametrize("place", ["../people.yaml", "../registers/people.yaml"])
def test_a_register_that_lies_elsewhere_may_be_in_use_and_is_refused(make_suite, place):
    head = f"version: 1\nregister: {place}\ntests:\n"
    files = {"people.yaml": b"", "registers/people.yaml": b""}

    with pytest.raises(ComplaintsError) as raised:
        cases.read("tests/a.test.yaml", {"tests/a.test.yaml": (head + GOOD).encode(), **files}, date(2026, 11, 2))

    assert [each.code for each in raised.value.complaints if each.line == 2] == ["live-register"]


def test_a_file_without_a_recipient_needs_one_from_the_test(make_suite):
    files = {"m.eml": b"From: sw@council.example\nSubject: s\n\nHello\n"}
    named = "{file: m.eml, to: gareth@postbox.example}"

    (found,) = complaints(make_suite, expecting("{gareth@postbox.example: hold}", "m.eml"), files)
    suite = make_suite(expecting("{gareth@postbox.example: hold}", named), files)

    assert "{file: ..., from: ..., to: ...}" in found.message
    assert suite.cases[0].letter.to == ("gareth@postbox.example",)


def test_a_finished_message_has_its_own_subject(make_suite):
    message = "{file: m.eml, subject: another}"

    (found,) = complaints(make_suite, expecting("{gareth@postbox.example: hold}", message), {"m.eml": EML})

    assert "its own subject" in found.message


def test_what_is_no_register_is_told_where_it_is_named(make_suite):
    (found,) = complaints(make_suite, GOOD, {"m.eml": EML}, head="version: 1\nregister: m.eml\ntests:\n")

    assert (found.file, found.line, found.column) == ("tests/a.test.yaml", 2, 11)
    assert found.message.startswith("`m.eml` is not a register file")


def test_people_may_stand_in_the_test_file(make_suite):
    people = "people: [{id: Q-1, register: r, values: [{kind: phone, value: 01632 960123}]}]\n"

    suite = make_suite(GOOD, head=f"version: 1\n{people}tests:\n")

    assert [person.id for person in suite.people] == ["Q-1"]


def test_a_mistake_in_people_of_the_test_file_is_told_at_their_place(make_suite):
    found = complaints(make_suite, GOOD, head="version: 1\nown: [x.example]\npeople: [{id: Q-1, regster: r}]\ntests:\n")

    assert {(each.file, each.line) for each in found} == {("tests/a.test.yaml", 3)}


def test_a_policy_that_nobody_knows_is_an_error(make_suite, make_policies):
    tests = expecting("{gareth@postbox.example: {verdict: hold, policies: [refuges]}}", rest=", matched: {reguge: 2}")
    suite = make_suite(tests)

    found = cases.unknown(suite, {each.id: each for each in make_policies().policies})

    assert [(each.code, 'did you mean "refuge"?' in each.message) for each in found] == [("unknown-policy", True)] * 2


def test_counting_for_a_policy_that_does_not_count_is_an_error(make_suite, make_policies):
    suite = make_suite(expecting("{gareth@postbox.example: hold}", rest=", matched: {refuge: 2}"))

    (found,) = cases.unknown(suite, {each.id: each for each in make_policies().policies})

    assert found.code == "no-repeat"


# -- as nobody would write them ----------------------------------------------------------------------------------------

KEYS = [
    *("version", "policies", "register", "people", "own", "today", "tests", "name", "message", "expect", "known_gap"),
    *("at", "direction", "contacts", "matched", "from", "to", "cc", "bcc", "subject", "body", "html", "attach", "text"),
    *("file", "verdict", "person", "field", "found_in", "strength", "why", "has", "lacks", "sender_notice"),
    *("gareth@postbox.example", "<<", ""),
]
WORDS = [
    *("hold", "deliver", "refuge", "P-1", "people.yaml", "m.eml", "../..", "/", "certain", "gareth@postbox.example"),
    *("1", "2026-11-02", "2026-02-31", "22:30", "25:00", "a\nb", "\x85", "\u202e", "~", "x" * 400, "a@b@c", "Ä <", ""),
]
LEAVES = st.sampled_from(WORDS) | st.text(max_size=8) | st.integers() | st.none() | st.booleans() | st.dates()
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
)
WHOLE = yaml.safe_load(
    f"""
version: 1
register: people.yaml
own: [council.example]
today: 2026-11-02
tests:
- name: n
  message: {{from: sw@council.example, to: [gareth@postbox.example], subject: s, body: b,
            attach: [{{name: a.txt, text: t}}, m.eml]}}
  expect: {{gareth@postbox.example: {{verdict: hold, policies: [refuge], person: P-1}}, sender_notice: {{has: [x]}}}}
- {{name: o, message: m.eml, expect: {{gareth@postbox.example: deliver}}}}
- {GOOD.strip().removeprefix("- ")}
"""
)


def bend(tree, tried: random.Random, other):
    """Return a tree with one subtree replaced, dropped or put under another key."""
    if isinstance(tree, dict) and tree and tried.random() < 0.8:
        key = tried.choice(sorted(tree, key=str))
        rest = {name: value for name, value in tree.items() if name != key}
        chance = tried.random()
        if chance < 0.15:
            return rest
        if chance < 0.3:
            return {**rest, tried.choice(KEYS): tree[key]}
        return {**rest, key: bend(tree[key], tried, other)}
    if isinstance(tree, list) and tree and tried.random() < 0.8:
        place = tried.randrange(len(tree))
        return [*tree[:place], bend(tree[place], tried, other), *tree[place + 1 :]]
    return other


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), others=st.lists(TREES, min_size=1, max_size=3))
def test_whatever_is_written_is_taken_or_refused_with_its_place(make_suite, reader, make_policies, seed, others):
    tried = random.Random(seed)
    tree = WHOLE
    for other in others:
        tree = bend(tree, tried, other)
    text = yaml.safe_dump(tree, allow_unicode=tried.random() < 0.5, sort_keys=False)

    try:
        suite = make_suite(text, {"m.eml": EML}, head="")
    except ComplaintsError as error:
        assert error.complaints
        for each in error.complaints:
            assert each.message
            assert each.line >= 1
            assert each.column >= 1 or each.file == "tests/people.yaml"
    else:
        assert suite.cases
        cases.unknown(suite, {each.id: each for each in make_policies().policies})
        running.run(running.prepare(suite, reader), make_policies())

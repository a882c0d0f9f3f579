# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of policies are judged as mail is, and say in words what was expected and what came."""

import pytest

from safehold.proof import running

FROM_TO = "from: sw@council.example, to: [gareth@postbox.example, court@x.example], subject: s"
CALL = f"{{{FROM_TO}, body: call 01632 960123}}"
KNOWN = f"{{{FROM_TO}, body: call 01632 960555}}"
HELLO = f"{{{FROM_TO}, body: hello}}"
LOCKED = f"{{{FROM_TO}, body: b, attach: [{{name: a.zip, text: LOCKED}}]}}"
TWO = f"{{{FROM_TO}, body: call 01632 960123, attach: [{{name: a.txt, text: marta.new@postbox.example}}]}}"


@pytest.fixture
def run(make_suite, make_policies, reader):
    """Return what comes of one test."""

    def run_one(message, expected, rest="", policies=None):
        suite = make_suite(f"- {{name: n, message: {message}, expect: {expected}{rest}}}")
        under_test = running.under_test(policies or make_policies())
        (result,) = running.run(running.prepare(suite, reader), under_test)
        return result

    return run_one


PASSES = [
    (CALL, "{gareth@postbox.example: hold, court@x.example: deliver}"),
    (
        CALL,
        "{gareth@postbox.example: {verdict: hold, policies: [refuge], person: P-1, field: phone, strength: certain}}",
    ),
    (CALL, "{gareth@postbox.example: {verdict: hold, why: adverse}}"),
    (KNOWN, "{gareth@postbox.example: {verdict: deliver, why: known_to}}"),
    (LOCKED, "{gareth@postbox.example: {verdict: hold, why: cannot_tell, found_in: a.zip}, court@x.example: deliver}"),
    (TWO, "{gareth@postbox.example: {verdict: hold, field: email, found_in: A.TXT}}"),
]


@pytest.mark.parametrize(("message", "expected"), PASSES)
def test_what_is_as_expected_passes(run, message, expected):
    assert run(message, expected).wrong == ()


FAILS = [
    (HELLO, "{gareth@postbox.example: hold}", "expected hold, and it is deliver"),
    (CALL, "{gareth@postbox.example: deliver}", "expected deliver, and it is hold (refuge: "),
    (CALL, "{court@x.example: hold}", "expected hold, and it is deliver"),
    (CALL, "{gareth@postbox.example: {verdict: hold, field: email}}", "expected field email, and it is phone"),
    (CALL, "{gareth@postbox.example: {verdict: hold, strength: hint}}", "expected strength hint, and it is certain"),
    (
        CALL,
        "{gareth@postbox.example: {verdict: hold, found_in: bundle.pdf}}",
        "expected in bundle.pdf, and it is in the text of the message",
    ),
    (
        CALL,
        "{gareth@postbox.example: {verdict: hold, why: cannot_tell}}",
        "the reason is not `cannot_tell`, but: refuge",
    ),
    (HELLO, "{gareth@postbox.example: {verdict: deliver, why: known_to}}", "the reason is not `known_to`, but: none"),
    (LOCKED, "{gareth@postbox.example: {verdict: hold, found_in: b.zip}}", "expected in b.zip, and it is in a.zip"),
    (
        TWO,
        "{gareth@postbox.example: {verdict: hold, field: phone, found_in: a.txt}}",
        "no one passage is all of them: field phone, in a.txt",
    ),
]


@pytest.mark.parametrize(("message", "expected", "words"), FAILS)
def test_what_is_not_says_what_came_instead(run, message, expected, words):
    (wrong,) = run(message, expected).wrong

    assert words in wrong
    assert "960123" not in wrong


def test_who_is_only_recorded_has_the_mail(run, make_policies):
    text = "version: 1\npolicies:\n- {id: p, title: t, why: w, owner: o, mode: enforce, then: {action: notify}, "
    policies = make_policies(text + "when: {content: any, recipients: {address: court@x.example}}}")

    assert run(HELLO, "{court@x.example: deliver}", policies=policies).wrong == ()
    assert run(HELLO, "{court@x.example: notify}", policies=policies).wrong == ()


def test_a_policy_in_shadow_is_tested_as_if_it_were_enforced(run, make_policies):
    text = "version: 1\npolicies:\n- {id: p, title: t, why: w, owner: o, mode: shadow, "
    policies = make_policies(text + "when: {content: any, recipients: {address: court@x.example}}}")

    assert run(HELLO, "{court@x.example: hold}", policies=policies).wrong == ()


def test_a_known_gap_passes_while_it_is_open_and_fails_when_it_closes(run):
    still_open = run(HELLO, "{gareth@postbox.example: hold}", ", known_gap: T-1")
    closed = run(CALL, "{gareth@postbox.example: hold}", ", known_gap: T-1")

    assert (still_open.passed, still_open.is_gap) == (True, True)
    assert (closed.passed, closed.is_gap) == (False, False)


REPEAT = """
version: 1
policies:
- id: p
  title: t
  why: w
  owner: o
  mode: enforce
  when: {content: any, recipients: {address: court@x.example}}
  repeat: {per: %s, at_least: 3, in: 30 days}
"""


@pytest.mark.parametrize("per", ["sender", "recipient"])
@pytest.mark.parametrize(("before", "verdict"), [(0, "deliver"), (1, "deliver"), (2, "hold")])
def test_what_matched_before_is_counted(run, make_policies, per, before, verdict):
    policies = make_policies(REPEAT % per)

    assert run(HELLO, f"{{court@x.example: {verdict}}}", f", matched: {{p: {before}}}", policies).wrong == ()


@pytest.mark.parametrize(("before", "severity"), [(1, "low"), (2, "critical")])
def test_what_a_repeat_raised_shows_in_the_severity(run, make_policies, before, severity):
    raised = (REPEAT % "sender").replace("30 days}", "30 days, raise_to: critical}\n  severity: low")
    expected = f"{{court@x.example: {{verdict: hold, severity: {severity}}}}}"

    assert run(HELLO, expected, f", matched: {{p: {before}}}", make_policies(raised)).wrong == ()
    (wrong,) = run(HELLO, expected, f", matched: {{p: {3 - before}}}", make_policies(raised)).wrong
    assert f"expected severity {severity}, and it is " in wrong


FIRST = """
version: 1
policies:
- id: p
  title: t
  why: w
  owner: o
  mode: enforce
  when: {content: {regex: {pattern: 'h.llo'}}, recipients: {first_contact: 90 days, address: court@x.example}}
"""


@pytest.mark.parametrize(
    ("contacts", "verdict"), [("", "hold"), (", contacts: {court@x.example: 2026-10-01}", "deliver")]
)
def test_earlier_contacts_come_from_the_test(run, make_policies, contacts, verdict):
    assert run(HELLO, f"{{court@x.example: {verdict}}}", contacts, make_policies(FIRST)).wrong == ()


def test_a_test_has_a_clock_of_its_own(run):
    """The address is somebody's only until the day it ends."""
    result = run(CALL, "{gareth@postbox.example: hold}", ', today: 2026-12-24, at: "22:30"')

    assert result.case.now.isoformat() == "2026-12-24T22:30:00+00:00"
    assert result.passed


INBOUND = """
version: 1
policies:
- id: p
  title: t
  why: w
  owner: o
  mode: enforce
  when: {direction: inbound, content: any, recipients: {address: duty@council.example}}
"""


@pytest.mark.parametrize(("direction", "verdict"), [("inbound", "hold"), ("internal", "deliver"), ("", "deliver")])
def test_a_test_may_say_which_way_its_message_goes(run, make_policies, direction, verdict):
    message = "{from: a@x.example, to: duty@council.example, subject: s, body: b}"
    way = f", direction: {direction}" if direction else ""

    assert run(message, f"{{duty@council.example: {verdict}}}", way, make_policies(INBOUND)).wrong == ()


@pytest.mark.parametrize(
    ("expected", "lacking"),
    [
        ("{gareth@postbox.example: hold, court@x.example: deliver}", []),
        ("{gareth@postbox.example: hold}", ["no test expects a delivery"]),
        ("{court@x.example: deliver}", ["no test expects it to hold"]),
    ],
)
def test_an_enforced_policy_is_to_be_tested_both_ways(run, make_policies, expected, lacking):
    found = running.untested(make_policies(), [run(CALL, expected)])

    assert [(policy.id, why.partition(";")[0]) for policy, why in found if why.startswith(tuple(lacking))] == [
        ("refuge", f"{words} anything" if "hold" in words else words) for words in lacking
    ]
    assert len(found) == len(lacking)


def test_a_delivery_proves_nothing_of_a_policy_that_was_not_asked(run, make_policies):
    """A test file about one policy says nothing of another, however much it lets pass."""
    result = run(CALL, "{gareth@postbox.example: hold, court@x.example: deliver}")
    other = make_policies(REPEAT.replace("- id: p", "- id: other") % "sender")

    assert [why[:30] for _, why in running.untested(other, [result])] == [
        "no test expects it to hold any",
        "no test expects a delivery; a ",
    ]


def test_a_known_gap_proves_nothing(run, make_policies):
    gap = run(CALL, "{gareth@postbox.example: deliver, court@x.example: deliver}", ", known_gap: T-1")

    assert len(running.untested(make_policies(), [gap])) == 2


def test_a_test_that_fails_proves_nothing(run, make_policies):
    """A copy that was to be held by a policy that let it pass, beside one that it held: no proof of a hold."""
    failed = run(HELLO, "{gareth@postbox.example: hold, court@x.example: deliver}")

    assert [why[:30] for _, why in running.untested(make_policies(), [failed])] == ["no test expects it to hold any"]

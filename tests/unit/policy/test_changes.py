# SPDX-License-Identifier: GPL-3.0-or-later
"""What changed between two sets of policies, and whether it protects less: a table of edits as authors make them."""

from datetime import date

import pytest

from safehold import policy
from safehold.policy.changes import Effect, compare

TODAY = date(2026, 11, 3)
BASE = """\
version: 1
lists: {words: {kind: phrase, items: [quiet heron, grey goose]}, partners: {kind: domain, items: [nhs.test]}}
roles: {court: [court.test]}
reviewers: {dpo: {members: [dpo@own.test, second@own.test], hours: all}, other: {members: o@own.test}}
policies:
- id: one
  title: t
  why: w
  owner: o
  mode: enforce
  severity: high
  when: {content: {phrases: words}, recipients: {scope: external}}
  if_uninspectable: {encrypted: hold, else: notify}
  repeat: {per: sender, at_least: 3, in: 30 days}
  unless:
  - {id: e, reason: r, approved_by: a, expires: 2027-01-31, recipients: {domain: court.test}}
  then: {action: hold, review: dpo, approvals: 2, deadline: 2 hours, deliver_others: no}
- {id: quiet, title: t, why: w, owner: o, when: {content: {phrases: words}, recipients: {scope: external}}}
"""
WEAKER, STRICTER, CONDITIONS, NEITHER = Effect.WEAKER, Effect.STRICTER, Effect.CONDITIONS, Effect.NEITHER
AGAIN = {WEAKER: STRICTER, STRICTER: WEAKER, CONDITIONS: CONDITIONS, NEITHER: NEITHER}


def loaded(text):
    return policy.load({"p.yaml": text.encode()}, today=TODAY)


def edited(old, new):
    assert old in BASE
    return loaded(BASE.replace(old, new))


EDITS = [
    ("mode: enforce", "mode: shadow", WEAKER, "one: mode enforce -> shadow"),
    ("mode: enforce", "mode: off", WEAKER, "one: mode enforce -> off"),
    ("action: hold", "action: notify", WEAKER, "one: action hold -> notify"),
    ("action: hold", "action: reject", NEITHER, "one: action hold -> reject"),
    ("approvals: 2", "approvals: 1", WEAKER, "one: approvals 2 -> 1"),
    ("deadline: 2 hours", "deadline: 3 hours", WEAKER, "one: deadline 2 hours -> 3 hours"),
    ("hours: all", "hours: office", WEAKER, "one: hours of its reviewers all -> office"),
    ("deliver_others: no", "deliver_others: yes", WEAKER, "one: deliver_others no -> yes"),
    ("encrypted: hold", "encrypted: notify", WEAKER, "one: if_uninspectable hold -> notify for encrypted"),
    ("at_least: 3", "at_least: 4", WEAKER, "one: repeat 3 per sender in 30 days -> 4 per sender in 30 days"),
    ("in: 30 days", "in: 7 days", WEAKER, "one: repeat 3 per sender in 30 days -> 3 per sender in 7 days"),
    (
        "  repeat: {per: sender, at_least: 3, in: 30 days}\n",
        "",
        STRICTER,
        "one: repeat 3 per sender in 30 days -> none",
    ),
    ("when: {content", "when: {direction: any, content", STRICTER, "one: now judges mail that is inbound too"),
    ("2027-01-31", "2027-02-28", WEAKER, "one: exception e until 2027-02-28, before until 2027-01-31"),
    ("severity: high", "severity: low", NEITHER, "one: severity high -> low"),
    ("review: dpo", "review: other", NEITHER, "one: review dpo -> other"),
    ("[quiet heron, grey goose]", "[quiet heron]", CONDITIONS, "one: its conditions changed"),
    ("domain: court.test", "domain: other.test", CONDITIONS, "one: its conditions changed"),
    ("[nhs.test]", "[nhs.test, more.test]", WEAKER, "1 address or domain new among the partners"),
    ("[court.test]", "[court.test, a@b.test]", WEAKER, "1 address or domain new among the roles"),
]


@pytest.mark.parametrize(("old", "new", "effect", "line"), EDITS, ids=[e[3] for e in EDITS])
def test_an_edit_is_told_with_what_it_does_and_its_undoing_with_the_opposite(old, new, effect, line):
    before, after = loaded(BASE), edited(old, new)

    there, back = compare(before, after), compare(after, before)

    assert (line, effect) in [(c.line, c.effect) for c in there]
    assert not [c for c in there if c.effect is AGAIN[effect] and c.effect is not effect]
    assert AGAIN[effect] in [c.effect for c in back]


def test_a_policy_that_is_gone_is_weaker_only_where_it_acted():
    one, quiet = BASE.partition("- id: one")[0] + BASE[BASE.index("- {id: quiet") :], BASE.partition("- {id: quiet")[0]

    assert [(c.line, c.effect) for c in compare(loaded(BASE), loaded(one))] == [
        ("one: removed (it was in mode enforce)", WEAKER)
    ]
    assert [(c.line, c.effect) for c in compare(loaded(BASE), loaded(quiet))] == [
        ("quiet: removed (it was in mode shadow)", NEITHER)
    ]
    assert [c.effect for c in compare(loaded(one), loaded(BASE))] == [STRICTER]


def test_a_new_exception_is_weaker_and_an_ended_one_stricter():
    found = {c.line: c.effect for c in compare(loaded(BASE), edited("{id: e,", "{id: f,"))}

    assert found["one: exception f added, until 2027-01-31"] is WEAKER
    assert found["one: exception e ended"] is STRICTER


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: t\n  why", "title: better\n  why"),
        ("owner: o\n", "owner: p\n"),
        ("version: 1", "# a remark\nversion: 1"),
    ],
)
def test_what_changes_no_verdict_is_no_change(old, new):
    assert compare(loaded(BASE), edited(old, new)) == ()


def test_policies_that_only_moved_are_the_same():
    head, one, quiet = (
        BASE.partition("- id: one")[0],
        BASE[BASE.index("- id: one") : BASE.index("- {id: q")],
        "- {id: q",
    )
    moved = head + BASE[BASE.index(quiet) :] + one

    assert compare(loaded(BASE), loaded(moved)) == ()


def test_no_word_of_a_list_and_no_person_stands_in_the_words():
    people = "registers: {refuges: {file: people.yaml}}\n"
    person = b"- {id: R-1, register: refuges, values: [{kind: phone, value: 01632 960123}]}\n"
    other = b"- {id: R-2, register: refuges, values: [{kind: phone, value: 01632 960124}]}\n"

    def with_people(content):
        text = BASE.replace("roles:", people + "roles:").replace("nhs.test", "secret-partner.test")
        return policy.load({"p.yaml": text.encode(), "people.yaml": content}, today=TODAY)

    found = compare(loaded(BASE), with_people(person)) + compare(with_people(person), with_people(other))
    said = " ".join(c.line for c in found)

    assert [c.effect for c in compare(with_people(person), with_people(other))] == [WEAKER, STRICTER]
    assert not [word for word in ("R-1", "01632", "secret-partner", "heron") if word in said]

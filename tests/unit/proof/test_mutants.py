# SPDX-License-Identifier: GPL-3.0-or-later
"""Each condition is taken away or turned round once, in its author's words and at her line."""

import pytest

from safehold.proof import mutants, running

POLICY = """version: 1
lists:
  press: {{kind: domain, items: [herald.example]}}
policies:
- id: p
  title: t
  why: w
  owner: o
  mode: enforce
{}
"""


@pytest.fixture
def changes(make_policies):
    """Return the changes of one policy and their lines, from what stands under its `mode`."""

    def of(text, wanted=""):
        (policy,) = make_policies(POLICY.format("\n".join(f"  {line}" for line in text.splitlines()))).policies
        return [(m.change, m.line) for m in mutants.mutants(policy) if wanted in m.change]

    return of


def test_each_change_has_the_line_of_its_condition(changes):
    text = """when:
  direction: outbound
  content:
    register: refuges
    fields: [phone, email]
  recipients:
    scope: external
    relation: adverse
if_uninspectable: hold"""

    found = dict(changes(text))

    assert found["`register: refuges` dropped"] in (12, 13)
    assert found["field phone dropped"] in (12, 13)
    assert found["`scope: external` dropped"] == 16
    assert found["`relation: adverse` dropped"] == 17
    assert found["`relation: adverse` turned to `not relation: adverse`"] == 17
    assert found["if_uninspectable: notify in place of hold"] == 5


def test_a_direction_has_its_line(changes):
    text = "when:\n  content: any\n  direction: [outbound, internal]\n  recipients: {list: press}"

    assert changes(text, "direction") == [("direction internal dropped", 12), ("direction outbound dropped", 12)]


@pytest.mark.parametrize(
    ("recipients", "dropped"),
    [
        ("{scope: external}", ["outbound"]),
        ("{scope: partner}", ["outbound"]),
        ("{scope: internal}", ["internal"]),
        ("{kind: print-and-post}", ["outbound"]),
        ("{kind: personal-mail}", ["internal", "outbound"]),
        ("{not: {scope: external}}", ["internal", "outbound"]),
        ("{any: [{scope: external}, {list: press}]}", ["internal", "outbound"]),
    ],
)
def test_a_direction_that_nobody_wrote_and_nobody_can_have_is_not_dropped(changes, recipients, dropped):
    found = changes(f"when: {{content: any, recipients: {recipients}}}", "direction ")

    assert [words for words, _ in found] == [f"direction {name} dropped" for name in dropped]


def test_an_exception_has_its_line(changes):
    text = """when: {content: {register: refuges, fields: [phone]}, recipients: {relation: adverse}}
unless:
- id: asked
  reason: r
  approved_by: a@b.example
  expires: 2027-01-31
  recipients: {address: gareth@postbox.example}"""

    assert ('exception "asked" dropped', 16) in changes(text)


@pytest.mark.parametrize(
    ("fields", "dropped"),
    [
        ("[address, phone]", ["address", "phone"]),
        ("[address, postcode, phone]", ["phone", "postcode"]),
        ("[postcode]", []),
    ],
)
def test_an_address_is_its_postcode_too_so_dropping_it_beside_that_is_no_change(changes, fields, dropped):
    text = f"when: {{content: {{register: refuges, fields: {fields}}}, recipients: {{relation: adverse}}}}"

    assert [change for change, _ in changes(text, "field ")] == [f"field {name} dropped" for name in dropped]


def test_fields_that_are_counted_are_counted_as_they_were_found(changes):
    content = "register: refuges, fields: [address, postcode, phone], fields_at_least: 2"
    text = f"when: {{content: {{{content}}}, recipients: {{relation: adverse}}}}"

    assert ("field address dropped", 10) in changes(text)


def test_each_reason_of_what_cannot_be_read_is_one_of_its_own(changes):
    text = """when: {content: {register: refuges, fields: [phone]}, recipients: {relation: adverse}}
if_uninspectable: {encrypted: hold, no_text: notify, else: notify}"""

    assert [change for change, _ in changes(text, "if_uninspectable")] == [
        "if_uninspectable: else: hold in place of notify",
        "if_uninspectable: `encrypted: hold` dropped",
    ]


def test_what_is_not_written_is_not_changed(changes):
    text = "when: {content: {register: refuges, fields: [phone]}, recipients: {relation: adverse}}"

    assert changes(text, "if_uninspectable") == []


def test_conditions_that_look_alike_are_told_apart(changes):
    text = """when:
  content:
    any:
    - {register: refuges, fields: [phone, email]}
    - {register: homes, fields: [phone, email]}
  recipients: {relation: adverse}"""

    found = changes(text, "field phone")

    assert found == [
        ("field phone dropped in `register: refuges`", 13),
        ("field phone dropped in `register: homes`", 14),
    ]


def test_no_two_changes_mean_the_same(make_policies):
    for policy in make_policies().policies:
        made = [mutants._meaning(each.policy) for each in mutants.mutants(policy)]
        assert len(made) == len(set(map(repr, made)))


TESTS = """
- name: her number to him
  message: {from: sw@council.example, to: gareth@postbox.example, subject: s, body: call 01632 960123}
  expect: {gareth@postbox.example: hold}
- name: nothing to him
  message: {from: sw@council.example, to: gareth@postbox.example, subject: s, body: hello}
  expect: {gareth@postbox.example: deliver}
"""


def test_what_no_test_notices_is_told(make_suite, make_policies, reader):
    policies = running.under_test(make_policies())
    prepared = running.prepare(make_suite(TESTS), reader)

    (score,) = mutants.scores([(policies, prepared)])

    assert [each.change for each in score.survivors] == [
        "direction internal dropped",
        "`relation: adverse` dropped",
        "field email dropped",
        "if_uninspectable: notify in place of hold",
    ]
    assert score.total == score.noticed + 4


def test_a_test_that_fails_anyhow_notices_nothing(make_suite, make_policies, reader):
    tests = TESTS.replace(": hold", ": {verdict: hold, field: email}")
    policies = running.under_test(make_policies())

    (before,) = mutants.scores([(policies, running.prepare(make_suite(TESTS), reader))])
    (after,) = mutants.scores([(policies, running.prepare(make_suite(tests), reader))])

    assert after.noticed < before.noticed

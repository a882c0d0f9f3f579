# SPDX-License-Identifier: GPL-3.0-or-later
"""What another set of policies does to the copies of the tests, each set as it would be in force."""

import pytest

from safehold.proof import running
from safehold.proof.differences import differences

TESTS = """
- name: her number to him and the court
  message: {from: sw@council.example, to: [gareth@postbox.example, court@x.example], body: call 01632 960123}
  expect: {gareth@postbox.example: hold}
"""


@pytest.fixture
def compare(make_suite, make_policies, reader):
    """Return the differences between the usual policies and those with something put in another's place."""

    prepared = running.prepare(make_suite(TESTS), reader)
    usual = make_policies()

    def changed(text, *, back=False):
        other = make_policies(text)
        old, new = (other, usual) if back else (usual, other)
        return list(differences(prepared, old, new))

    return changed


POLICY = """
version: 1
policies:
- id: {id}
  title: t
  why: w
  owner: o
  mode: {mode}
  when:
    content: {{register: refuges, fields: [phone, email]}}
    recipients: {recipients}
"""


def policy(identity="refuge", mode="enforce", recipients="{relation: adverse}"):
    return POLICY.format(id=identity, mode=mode, recipients=recipients)


def test_the_same_is_no_difference(compare):
    assert compare(policy()) == []


def test_a_copy_that_would_leave_is_held_less(compare):
    (found,) = compare(policy(mode="shadow"))

    assert (found.address, found.old.words, found.new.words) == (
        "gareth@postbox.example",
        "hold (refuge)",
        "deliver",
    )
    assert (found.held_less, found.held_more) == (True, False)


def test_a_copy_that_would_stay_is_held_more(compare):
    (found,) = compare(policy(mode="shadow"), back=True)

    assert (found.held_less, found.held_more) == (False, True)


def test_each_recipient_is_told(compare):
    found = compare(policy(recipients="{scope: external}"))

    assert [(each.address, each.old.verdict, each.new.verdict) for each in found] == [
        ("court@x.example", "deliver", "hold")
    ]


def test_held_by_another_policy_is_a_difference_and_no_less(compare):
    (found,) = compare(policy("other"))

    assert (found.old.policies, found.new.policies, found.held_less) == (("refuge",), ("other",), False)

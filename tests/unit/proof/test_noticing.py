# SPDX-License-Identifier: GPL-3.0-or-later
"""The sender's notice is rendered as it would be sent; what its author wrote and could not be sent is told."""

import pytest

from safehold.proof import running

CALL = """from: sw@council.example, to: [gareth@postbox.example, court@x.example], subject: Quarterly bundle,
          body: call 01632 960123, attach: [{name: larkspur.txt, text: t}]"""
POLICY = """
version: 1
messages:
  told: "%s"
policies:
- id: refuge
  title: Refuges are not told
  notice_title: a check on places of safety
  why: refuge security rule
  owner: housing
  mode: enforce
  when:
    content: {register: refuges, fields: [phone, email]}
    recipients: {relation: adverse}
  then: {action: %s, notify: {sender: told}}
"""


@pytest.fixture
def run(make_suite, make_policies, reader):
    """Return what is wrong with the notice of one test."""

    def run_one(notice, text="Think of {held_count} person.", action="hold", message=CALL):
        suite = make_suite(f"- {{name: n, message: {{{message}}}, expect: {{sender_notice: {notice}}}}}")
        policies = running.under_test(make_policies(POLICY % (text, action)))
        (result,) = running.run(running.prepare(suite, reader), policies)
        return result.wrong

    return run_one


def test_it_says_what_it_must_and_nothing_else(run):
    everything = "[register-values, subject, attachment-names, addresses, gareth, P-1]"

    assert run(f"{{has: [on hold, a check on places of safety, think of 1 person], lacks: {everything}}}") == ()


def test_where_its_lines_break_is_no_matter(run):
    assert (
        run("{has: [No need to do anything because of this]}", text="No need to do anything\\nbecause of  this") == ()
    )


def test_what_it_lacks_is_told(run):
    assert run("{has: [telephone the duty line]}") == ("sender_notice: it does not say `telephone the duty line`",)


def test_what_it_must_not_say_is_told(run):
    assert run("{lacks: [on hold]}") == ("sender_notice: it says `on hold`",)


@pytest.mark.parametrize(
    ("text", "words"),
    [("call 01632 960123", "register-values"), ("it was for gareth@postbox.example", "addresses")],
)
def test_words_of_an_author_that_would_tell_are_told(run, text, words):
    """Whatever the test asks of the notice: the gateway would send it without these words."""
    (wrong,) = run("{has: [on hold]}", text=text)

    assert words in wrong
    assert "leaves out the policy's own words" in wrong
    assert "960123" not in wrong


def test_a_refusal_has_its_notice_too(run):
    assert run("{has: [think of 1 person]}", action="reject") == ()


def test_where_nobody_is_held_there_is_none(run):
    hello = CALL.replace("960123", "960000")

    assert run("{has: [on hold]}", message=hello) == (
        "sender_notice: nobody's copy is held or refused, so the sender gets none",
    )

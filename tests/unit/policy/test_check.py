# SPDX-License-Identifier: GPL-3.0-or-later
"""`policy check` tells the author what a rule will do before it does it."""

from datetime import date

import pytest

from safehold import policy

TODAY = date(2025, 11, 3)


def check(when, rest="", top="registers: {safe: store}\n", **options):
    text = (
        f"version: 1\n{top}policies:\n"
        f"- {{id: p, title: t, why: w, owner: o, mode: enforce, when: {when}{', ' + rest if rest else ''}}}\n"
    )
    return policy.check({"a.yaml": text.encode()}, TODAY, **options)


def said(found, code):
    return [c.message for c in found if c.code == code]


@pytest.mark.parametrize(
    ("when", "rest", "words"),
    [
        (
            "{content: {register: safe}, recipients: {relation: adverse}}",
            "",
            "to a recipient who is adverse to somebody in safe is held, and so is a photo without readable text;",
        ),
        (
            "{content: {register: safe}, recipients: {relation: adverse}}",
            "if_uninspectable: {encrypted: hold, else: notify}",
            "is held, a photo without readable text passed, recorded and counted; to all others it passes",
        ),
        (
            "{content: {register: safe}, recipients: {relation: unauthorised}}",
            "",
            "nobody can be named in what was not read",
        ),
        (
            "{content: {register: safe}, recipients: {scope: external}}",
            "",
            "a locked zip to any recipient that the policy names is passed, recorded and counted",
        ),
        (
            "{content: {register: safe}, recipients: {addressee: adverse}}",
            "",
            "a locked zip to the print room, whoever its letter is to, is held",
        ),
        (
            "{content: {register: safe}, recipients: {relation: former_contact}}",
            "",
            "to a recipient who is a former contact of somebody in safe",
        ),
        ("{content: any, recipients: {scope: external}}", "", "a locked zip makes no difference"),
    ],
)
def test_what_a_locked_zip_means_is_said_in_words(when, rest, words):
    assert words in said(check(when, rest), "unreadable")[0]


def test_a_shadow_policy_is_said_to_hold_nothing():
    found = check("{content: {register: safe}, recipients: {relation: adverse}}")
    assert said(found, "mode-unset") == []

    when = b"when: {content: any, recipients: {scope: external}}"
    text = b"version: 1\npolicies:\n- {id: p, title: t, why: w, owner: o, " + when + b"}\n"
    assert "records and holds nothing" in said(policy.check({"a.yaml": text}, TODAY), "mode-unset")[0]


def test_errors_come_alone_and_notes_only_without_them():
    found = check("{content: {register: saef}, recipients: {relation: adverse}}")

    assert [c.code for c in found if c.severity == "error"] == ["unknown-register"]
    assert said(found, "unreadable") == []


@pytest.mark.parametrize(
    ("code", "when", "rest", "top"),
    [
        (
            "uninspectable-unset",
            "{content: {register: safe}, recipients: {scope: external}}",
            "",
            "registers: {safe: store}\n",
        ),
        ("registers-undeclared", "{content: {register: safe}, recipients: {scope: external}}", "", ""),
        ("no-partners", "{content: {register: safe}, recipients: {scope: partner}}", "", "registers: {safe: store}\n"),
        ("name-needs-scope", "{content: {register: safe, fields: name}, recipients: {relation: unauthorised}}", "", ""),
        ("no-such-kind", "{content: {register: safe}, recipients: {addressee: adverse}}", "", ""),
        ("no-such-kind", "{content: any, recipients: {kind: role-mailbox}}", "", ""),
        ("review-overdue", "{content: any, recipients: {scope: external}}", "review_by: 2025-11-02", ""),
        ("holds-everything", "{content: any, recipients: any}", "", ""),
        (
            "unused-list",
            "{content: any, recipients: {scope: external}}",
            "",
            "lists: {x: {kind: domain, items: [a.test]}}\n",
        ),
        (
            "too-few-reviewers",
            "{content: any, recipients: {scope: external}}",
            "then: {approvals: 2, review: dpo}",
            "reviewers: {dpo: {members: one@own.test}}\n",
        ),
    ],
)
def test_warnings(code, when, rest, top):
    found = check(when, rest, top)

    assert len(said(found, code)) == 1
    assert {c.severity for c in found} <= {"warning", "note"}


def test_a_shadow_that_should_have_ended_is_said():
    text = (
        b"version: 1\npolicies:\n- {id: p, title: t, why: w, owner: o, mode: shadow, shadow_until: 2025-11-02,"
        b" when: {content: any, recipients: {scope: external}}}\n"
    )

    assert "still holds nothing" in said(policy.check({"a.yaml": text}, TODAY), "shadow-ended")[0]


def test_production_wants_if_uninspectable_written():
    found = check("{content: {register: safe}, recipients: {scope: external}}", profile="production")

    assert [c.severity for c in found if c.code == "uninspectable-unset"] == ["error"]


def test_check_never_raises_for_a_bad_file():
    assert [c.code for c in policy.check({"a.yaml": b"\xff\xfe"}, TODAY)] == ["encoding"]

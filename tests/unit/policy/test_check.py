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


# -- errors as they should look (policy-language, section 2) ----------------------------------------------------------

LISTS = """\
version: 1
registers: {safe-addresses: store, open-cases: store, privacy-requests: store}
lists:
  codewords: {kind: phrase, items: [dvds]}

  partners: {kind: domain, items: [partner.test]}
"""
MESSAGES = """\
version: 1
messages:
  # what senders read
  held: "Message {reference} is on hold because of {matched_text}"
"""


def in_line(number, when, *, indent="    ", name="p", rest=()):
    """Return a file whose conditions *when* stand in line *number*."""
    above = ["version: 1", "policies:", f"- id: {name}", "  title: t", "  why: w", "  owner: o", "  mode: enforce"]
    above += ["  if_uninspectable: hold"]
    above += ["  # ..."] * (number - len(above) - 2)
    return "\n".join([*above, "  when:", f"{indent}{when}", *rest]) + "\n"


SHOWN = [
    (
        in_line(14, "recipiants: {relation: adverse}", rest=["    content: any"]),
        (
            'policies/a.yaml:14:5: error[unknown-key]: "recipiants" is not a key of when; did you mean "recipients"?\n'
            "   14 |     recipiants: {relation: adverse}\n"
            "      |     ^~~~~~~~~~"
        ),
    ),
    (
        "version: 1\n" + "#\n" * 9 + "policies:\n"
        "- {id: wrong-family, title: t, why: w, owner: o, mode: enforce, when: {recipients: {scope: external}}}\n",
        (
            'policies/a.yaml:12:3: error[half-missing]: policy "wrong-family" has recipients but no content, so it'
            " would hold every message to them. If that is meant, write: content: any"
        ),
    ),
    (
        in_line(15, "recipients: {relation: adverse}", rest=["    content: {phrases: codewords}"]),
        (
            'policies/a.yaml:15:18: error[relation-without-person]: "relation: adverse" needs a person to be adverse'
            " to; add content: {register: ...}. Registers here: safe-addresses, open-cases, privacy-requests"
        ),
    ),
    (
        in_line(19, "recipients: {list: partner}", rest=["    content: any"]),
        'policies/a.yaml:19:24: error[unknown-list]: no list "partner"; did you mean "partners" (lists.yaml:6)?',
    ),
    (
        in_line(21, "content: {register: open-cases, within: 40}", rest=["    recipients: any"]),
        (
            "policies/a.yaml:21:45: error[unit-missing]: within: 40 - say words or characters, e.g."
            ' "40 words" (1 word is about 6 characters)'
        ),
    ),
    (
        in_line(23, r"content: {regex: {pattern: '\d{3} (\d{3} ?\d{3}'}}", rest=["    recipients: any"]),
        "policies/a.yaml:23:32: error[regex]: unclosed \"(\" at position 7 of '\\d{3} (\\d{3} ?\\d{3}'",
    ),
    (
        in_line(
            14,
            "content: {register: open-cases}",
            rest=[
                "    recipients: {scope: external}",
                "  unless:",
                (
                    "  - {id: ex-parent-asked, reason: r, approved_by: dpo, expires: 2025-09-30,"
                    " recipients: {relation: subject}}"
                ),
            ],
        ),
        (
            'policies/a.yaml:17:10: warning[exception-expired]: exception "ex-parent-asked" ended 2025-09-30 (34 days'
            " ago) and is not applied. Renew it with a new expires and approved_by, or delete it"
        ),
    ),
    (
        in_line(18, "recipients: {scope: internal, kind: personal-mail}", rest=["    content: any"]),
        (
            "policies/a.yaml:18:17: error[never-matches]: scope: internal and kind: personal-mail cannot both hold;"
            " this policy would never fire. Did you mean any: [...]?"
        ),
    ),
    (
        in_line(31, "content: {regex: {pattern: 'at SW1A 1AA or 07700 900123'}}", rest=["    recipients: any"]),
        (
            "policies/a.yaml:31:32: error[personal-data-in-policy]: (in a pattern): this looks like a real postcode and"
            " phone number. Policies are read by many; put the values in a register (safehold register import FILE)"
            " and name the register here"
        ),
    ),
]


@pytest.mark.parametrize(("text", "expected"), SHOWN, ids=[shown.split(" ")[1] for _, shown in SHOWN])
def test_a_mistake_looks_as_the_contract_shows(text, expected):
    files = {"policies/a.yaml": text, "lists.yaml": LISTS}

    found = policy.check({name: content.encode() for name, content in files.items()}, TODAY)

    (shown,) = [c for c in found if c.code in expected.split(" ")[1]]
    assert shown.text().startswith(expected)
    assert all(c.severity != "error" or c is shown for c in found), [c.text() for c in found]


def test_a_placeholder_that_leaks_looks_as_the_contract_shows():
    files = {"policies/a.yaml": in_line(14, "recipients: any", rest=["    content: any"]), "messages.yaml": MESSAGES}

    found = policy.check({name: content.encode() for name, content in files.items()}, TODAY)

    (shown,) = [c for c in found if c.code == "leaky-placeholder"]
    assert shown.text().startswith(
        "messages.yaml:4:52: error[leaky-placeholder]: {matched_text} would mail the protected value to the sender and"
        " anyone at their desk. Allowed: {reference}, "
    )
    assert shown.source[shown.column - 1 :].startswith("{matched_text}")
    assert shown.length == len("{matched_text}")


# -- lints ------------------------------------------------------------------------------------------------------------

REGISTER = "registers: {safe: store}\n"
DOMAINS = "lists: {d: {kind: domain, items: [a.test]}}\n"
PAPERS = (
    REGISTER + "document_types: {plan: {title_any: [care plan]}}\n"
    "lists: {partners: {kind: domain, items: [partner.test]}, courts: {kind: domain, items: [court.test]}}\n"
)
LINTS = [
    (
        "document-type-alone",
        "{content: {document_type: plan}, recipients: {scope: external}}",
        "",
        PAPERS,
        "holds every plan to",
    ),
    (
        "document-type-alone",
        "{content: {marking: secret}, recipients: {kind: personal-mail}}",
        "",
        PAPERS,
        "whatever is marked secret to whoever is outside",
    ),
    (
        "document-type-alone",
        "{any: [{content: {document_type: plan}, recipients: any}, {content: {register: safe}, recipients: any}]}",
        "",
        PAPERS,
        "lawfully get such papers",
    ),
    (
        "never-matches",
        "{content: {register: safe, in: ocr, ocr: no}, recipients: {relation: adverse}}",
        "",
        REGISTER,
        "(in: ocr) and asks that none be read (ocr: no)",
    ),
    (
        "never-matches",
        "{content: {register: safe}, recipients: {any: [{scope: internal, kind: personal-mail}, {scope: external}]}}",
        "",
        REGISTER,
        "that part of any: [...] would never fire",
    ),
    (
        "never-matches",
        "{content: {register: safe}, recipients: {scope: external, list: partners}}",
        "",
        PAPERS,
        "write scope: partner",
    ),
    (
        "always-excused",
        "{content: {register: safe}, recipients: {list: courts, relation: unauthorised}}",
        "unless: [{id: e, reason: r, approved_by: o, expires: 2026-01-01, recipients: {list: courts}}]",
        PAPERS,
        'takes out everything that "p" is about',
    ),
    ("unused-register", "{content: any, recipients: {scope: external}}", "", REGISTER, "nobody in it is protected"),
    (
        "personal-data-in-policy",
        "{content: {register: safe}, recipients: {relation: adverse}}",
        "notice_title: the house at SW1A 1AA",
        REGISTER,
        "(in notice_title of p): this looks like a real postcode",
    ),
    (
        "personal-data-in-policy",
        "{content: {register: safe}, recipients: {relation: adverse}}",
        "",
        REGISTER + "# she lives at SW1A 1AA\n",
        "(in a comment): this looks like a real postcode",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("code", "when", "rest", "top", "words"), LINTS, ids=lambda x: str(x)[:40])
def test_what_may_well_be_a_mistake_is_told(code, when, rest, top, words):
    found = [c for c in check(when, rest, top) if c.code == code]

    assert [c.severity for c in found] == ["warning"]
    assert words in found[0].message
    assert "SW1A" not in found[0].text()


@pytest.mark.parametrize(
    ("when", "rest"),
    [
        ("{content: {document_type: plan}, recipients: {relation: {is: former_contact, of: anyone}}}", ""),
        ("{content: {document_type: plan}, recipients: {list: courts}}", ""),
        ("{content: {document_type: plan}, recipients: {scope: partner}}", ""),
        ("{content: {all: [{document_type: plan}, {register: safe}]}, recipients: {scope: external}}", ""),
        ("{content: {document_type: plan}, recipients: {scope: external}}", "then: {action: notify}"),
        (
            "{content: {document_type: plan}, recipients: {kind: personal-mail}}",
            (
                "unless: [{id: e, reason: r, approved_by: o, expires: 2026-01-01, content: {register: safe},"
                " recipients: {relation: subject}}]"
            ),
        ),
    ],
)
def test_papers_that_are_held_for_more_than_their_kind_are_not_complained_of(when, rest):
    assert said(check(when, rest, PAPERS), "document-type-alone") == []


@pytest.mark.parametrize(
    ("other", "words"),
    [("", "so one of them is enough"), (", then: {action: reject}", "the stricter action counts (hold)")],
)
def test_rules_that_ask_the_same_are_told_with_what_comes_of_them(other, words):
    rule = "{id: %s, title: t, why: w, owner: o, mode: enforce, when: {content: any, recipients: {scope: external}}%s}"
    text = f"version: 1\npolicies:\n- {rule % ('first', '')}\n- {rule % ('second', other)}\n"

    (found,) = said(policy.check({"a.yaml": text.encode()}, TODAY), "same-conditions")

    assert found.startswith('"second" asks the same as "first" (a.yaml:3)')
    assert words in found


def test_a_trial_of_a_rule_beside_the_rule_is_no_mistake():
    rule = "{id: %s, title: t, why: w, owner: o, mode: %s, when: {content: any, recipients: {scope: external}}}"
    text = f"version: 1\npolicies:\n- {rule % ('first', 'enforce')}\n- {rule % ('second', 'shadow')}\n"

    assert said(policy.check({"a.yaml": text.encode()}, TODAY), "same-conditions") == []


def test_whom_to_ask_may_stand_in_a_comment_and_whom_to_phone_in_a_notice():
    top = REGISTER + "# ask dpo@own.test, 01632 960123\nmessages: {held: 'held; in danger phone 01632 960123'}\n"

    found = check("{content: {register: safe}, recipients: {relation: adverse}}", "then: {notify: {sender: held}}", top)

    assert said(found, "personal-data-in-policy") == []


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("encrypted", "is held, a photo without readable text passed"),
        ("unreadable", "is held, and so is a photo without readable text"),
        ("corrupt", "is passed, and so is a photo"),
    ],
)
def test_a_rule_about_files_that_cannot_be_read_is_not_said_to_ignore_them(state, words):
    found = check(f"{{attachments: {{state: {state}}}, recipients: {{scope: external}}}}", top="")

    assert words in said(found, "unreadable")[0]
    assert said(found, "uninspectable-unset") == []


@pytest.mark.parametrize("profile", ["starter", "production"])
def test_an_expired_exception_is_an_error_in_production_alone(profile):
    rest = "unless: [{id: e, reason: r, approved_by: o, expires: 2025-11-02, recipients: {scope: partner}}]"

    found = check("{content: {register: safe}, recipients: {relation: adverse}}", rest, profile=profile)

    (expired,) = [c for c in found if c.code == "exception-expired"]
    assert expired.severity == ("error" if profile == "production" else "warning")


@pytest.mark.parametrize("expires", ["2026-01-01", "2025-01-01"])
def test_a_register_that_only_an_exception_names_is_told_to_be_undeclared(expires):
    rest = f"unless: [{{id: e, reason: r, approved_by: o, expires: {expires}, content: {{register: safe}}}}]"

    (found,) = said(check("{content: any, recipients: {list: d}}", rest, DOMAINS), "registers-undeclared")

    assert "no registers: block names safe" in found

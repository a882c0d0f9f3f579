# SPDX-License-Identifier: GPL-3.0-or-later
"""What policy authors are told: every mistake has a place, a caret, a cause and a cure, all in one run."""

import re
from datetime import date
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safehold import policy
from safehold.errors import ComplaintsError
from safehold.model import Action, Direction, Reason, Scope
from safehold.policy.language import Kind, Mode, Severity

TODAY = date(2025, 11, 3)

HEAD = "- {id: p, title: t, why: w, owner: o, mode: enforce, "
NINE_LINES = """\
version: 1
policies:
- id: refuge-address
  title: The refuge's address leaves only to partners
  why: refuge security rule
  owner: housing
  mode: enforce
  when: {content: {register: refuges, fields: [address, postcode, phone]}, recipients: {scope: external}}
"""


def load(text, **others):
    files = {"a.yaml": text.encode()} | {name.replace("__", "/"): data for name, data in others.items()}
    return policy.load(files, today=TODAY)


def complaints(text, files=None):
    with pytest.raises(ComplaintsError) as caught:
        policy.load({"a.yaml": text.encode()} | (files or {}), today=TODAY)
    return [c for c in caught.value.complaints if c.severity == "error"]


def one(when, rest=""):
    """Return a file with one policy whose `when` stands in line 8, column 9."""
    return dedent(
        f"""\
        version: 1
        lists:
          partners: {{kind: domain, items: [partner.test]}}
          codewords: {{kind: phrase, items: [dvds]}}
        registers: {{safe-addresses: store, open-cases: store}}
        policies:
        - {{id: p, title: t, why: w, owner: o, mode: enforce,
          when: {when}{", " + rest if rest else ""}}}
        """
    )


SAFE = "content: {register: safe-addresses}"
ADVERSE = "recipients: {relation: adverse}"

# when of one policy, further keys of the policy, place, code, words of the message, what the caret underlines
MISTAKES = [
    (f"{{recipiants: {{relation: adverse}}, {SAFE}}}", "", "8", "unknown-key",
     '"recipiants" is not a key of when; did you mean "recipients"?', "recipiants"),
    (f"{{{ADVERSE}}}", "", "7:3", "half-missing",
     'policy "p" has recipients but no content, so it would hold every message to them. If that is meant', None),
    (f"{{{SAFE}}}", "", "7:3", "half-missing", "write: recipients: any", None),
    (f"{{{ADVERSE}, content: {{phrases: codewords}}}}", "", "8", "relation-without-person",
     "a person to be adverse to; add content: {register: ...}. Registers here: safe-addresses, open-cases", "relation"),
    (f"{{{ADVERSE}, content: {{any: [{{phrases: codewords}}, {{register: open-cases}}]}}}}", "", "8",
     "relation-without-person", "the branch of any: that has none needs a register: too", "relation"),
    (f"{{{ADVERSE}, content: {{not: {{register: open-cases}}, phrases: codewords}}}}", "", "8",
     "relation-without-person", "needs a person", "relation"),
    ("{recipients: {any: [{scope: external}, {addressee: adverse}]}, content: any}", "", "8",
     "relation-without-person", '"addressee: adverse" needs a person', "addressee"),
    (f"{{recipients: {{list: partner}}, {SAFE}}}", "", "8", "unknown-list",
     'no list "partner"; did you mean "partners" (a.yaml:3)?', "partner"),
    (f"{{recipients: {{list: codewords}}, {SAFE}}}", "", "8", "wrong-list-kind",
     'list "codewords" is of kind phrase; a domain or address list is needed here', "codewords"),
    (f"{{{ADVERSE}, content: {{register: safe-adresses}}}}", "", "8", "unknown-register",
     'no register "safe-adresses"; did you mean "safe-addresses"?', "safe-adresses"),
    (f"{{{ADVERSE}, content: {{register: open-cases, within: 40}}}}", "", "8", "unit-missing",
     'within: 40 - say words or characters, e.g. "40 words" (1 word is about 6 characters)', "40"),
    (f"{{{ADVERSE}, content: {{register: open-cases, fields: [adress]}}}}", "", "8", "invalid-value",
     'did you mean "address"?', "adress"),
    (f"{{{ADVERSE}, content: {{fields: [address]}}}}", "", "8", "missing-key", "fields needs a register", "fields"),
    (f"{{{ADVERSE}, content: {{register: open-cases, fields: [name], fields_at_least: 2}}}}", "", "8",
     "never-matches", "only 1 fields are named", "2"),
    ("{recipients: any, content: {regex: {pattern: '(\\d{3} ?\\d{3}'}}}", "", "8", "regex",
     "unclosed \"(\" at position 1 of '(\\d{3} ?\\d{3}'", "'(\\d{3} ?\\d{3}'"),
    ("{recipients: any, content: {regex: {pattern: 'a(?=b)'}}}", "", "8", "regex", "patterns run on RE2", "'a(?=b)'"),
    ("{recipients: any, content: {regex: {pattern: '(a)\\1'}}}", "", "8:54", "regex", "back-reference", None),
    ("{recipients: any, content: {regex: {pattern: 'a*'}}}", "", "8:54", "regex", "takes the empty text", None),
    ("{recipients: any, content: {regex: {pattern: '(a{500}){500}'}}}", "", "8:54", "regex", "", None),
    ("{recipients: any, content: {regex: {pattern: '*a'}}}", "", "8:54", "regex", "nothing stands before", None),
    ("{recipients: any, content: {regex: {pattern: '[a'}}}", "", "8:54", "regex", "unclosed", None),
    ("{recipients: any, content: {regex: {pattern: 'a)'}}}", "", "8:54", "regex", "at position 2", None),
    ("{recipients: {scope: internal, kind: personal-mail}, content: {phrases: codewords}}", "", "8:22", "never-matches",
     "scope: internal and kind: personal-mail cannot both hold; this policy would never fire. Did you mean any: [...]?",
     None),
    ("{recipients: {scope: partner, kind: print-and-post}, content: any}", "", "8:22", "never-matches", "", None),
    ("{recipients: {all: [{scope: internal}, {scope: external}]}, content: any}", "", "8:22", "never-matches", "",
     None),
    ("{recipients: {scope: internal, not: {scope: internal}}, content: any}", "", "8:22", "never-matches", "", None),
    ("{direction: outbound, recipients: {scope: internal}, content: any}", "", "8:43", "never-matches",
     "scope: internal and direction: outbound", None),
    ("{direction: internal, recipients: {scope: external}, content: any}", "", "8:43", "never-matches", "", None),
    ("{recipients: {all: [{domain: a.test}, {domain: b.test}]}, content: any}", "", "8:22", "never-matches", "", None),
    ("{recipients: {domain: a.test, not: {domain_under: a.test}}, content: any}", "", "8:22", "never-matches",
     "domain: a.test and not domain_under: a.test", None),
    ("{recipients: {scope: partner, not: {list: partners}}, content: any}", "", "8:22", "never-matches", "", None),
    ("{recipients: {not: [{scope: internal}, {scope: external}, {scope: partner}]}, content: any}", "", "8:22",
     "never-matches", "not scope: internal, not scope: partner, not scope: external cannot", None),
    ("{recipients: {kind: personal-mail, addressee: adverse}, " + SAFE + "}", "", "8:22", "never-matches", "", None),
    ("{recipients: {all: [{relation: authorised}, {relation: unauthorised}]}, " + SAFE + "}", "", "8:22",
     "never-matches", "", None),
    (f"{{{ADVERSE}, {SAFE}}}", "unless: [{id: x, reason: r, approved_by: dpo, recipients: {scope: partner}}]", "8:90",
     "missing-key", "this exception has no expires", None),
    (f"{{{ADVERSE}, {SAFE}}}", "unless: [{id: x, reason: r, approved_by: o, expires: 2027-01-01, content: any}]", "8",
     "too-long", "an exception ends within a year", "2027-01-01"),
    (f"{{{ADVERSE}, {SAFE}}}", "unless: [{id: x, reason: r, approved_by: dpo, expires: 2026-01-01}]", "8:90",
     "half-missing", "it would excuse everything", None),
    (f"{{{ADVERSE}, {SAFE}}}", "repeat: {per: sender, at_least: 3}", "8:89", "missing-key", "repeat has no in", None),
    (f"{{{ADVERSE}, {SAFE}}}", "repeat: {per: sender, at_least: 3, in: 30}", "8", "unit-missing", "say days", "30"),
    ("{recipients: {visible_count: {scope: external}}, content: any}", "", "8:38", "missing-key", "at_least", None),
    ("{recipients: {first_contact: 90}, " + SAFE + "}", "", "8", "unit-missing", '"90 days"', "90"),
    ("{recipients: {first_contact: 90 days}, content: any}", "", "7:8", "first-contact-alone",
     "would hold every mail to somebody new", None),
    (f"{{{ADVERSE}, sender: {{group: social-workers}}, {SAFE}}}", "", "8", "unknown-role", "roles:", "social-workers"),
    (f"{{{ADVERSE}, content: {{document_type: x, register: safe-addresses}}}}", "", "8", "unknown-document-type",
     'no document type "x"', "x"),
    ("{recipients: any, content: {identifier: {kind: nhs}}}", "", "8", "invalid-value", "is not a kind of identifier",
     "nhs"),
    ("{recipients: any, content: {identifier: {near: [NHS]}}}", "", "8:49", "missing-key", "needs a kind", None),
    ("{recipients: any, content: {marking: private}}", "", "8", "invalid-value", "expected one of", "private"),
    ("{recipients: any, attachments: {state: locked}}", "", "8", "invalid-value", "expected one of: unread", "locked"),
    ("{recipients: any, attachments: {type: exe}}", "", "8", "invalid-value", "is not a type", "exe"),
    ("{recipients: any, attachments: {larger_than: 10}}", "", "8", "unit-missing", "10 MB", "10"),
    ("{recipients: any, attachments: {redaction: any}}", "", "8", "not-yet", "write mode: shadow", "redaction"),
    ("{all: [{direction: internal, content: any}], recipients: any}", "", "8", "invalid-value", "direction stands once",
     "direction"),
    (f"{{{ADVERSE}, {SAFE}}}", "then: {action: defer}", "8", "invalid-value",
     "`defer` is not in version 1 of the language; actions: hold, reject, notify", "defer"),
    (f"{{{ADVERSE}, {SAFE}}}", "then: {action: holdd}", "8", "invalid-value", 'did you mean "hold"?', "holdd"),
    (f"{{{ADVERSE}, {SAFE}}}", "then: {approvals: 3}", "8", "invalid-value", "expected one of: 1, 2", "3"),
    (f"{{{ADVERSE}, {SAFE}}}", "then: {deadline: 2}", "8", "unit-missing", 'e.g. "2 hours"', "2"),
    (f"{{{ADVERSE}, {SAFE}}}", "then: {deadline: soon}", "8", "invalid-value", "must be a time", "soon"),
    (f"{{{ADVERSE}, {SAFE}}}", "then: {deliver_others: maybe}", "8", "invalid-value", "must be yes or no", "maybe"),
    (f"{{{ADVERSE}, {SAFE}}}", "then: {notify: {sender: hld}}", "8", "unknown-message", 'no message "hld"', "hld"),
    (f"{{{ADVERSE}, {SAFE}}}", "if_uninspectable: {encrypt: hold}", "8", "unknown-key",
     '"encrypt" is not a reason', "encrypt"),
    (f"{{{ADVERSE}, {SAFE}}}", "if_uninspectable: pass", "8", "invalid-value", "`pass` is not a value", "pass"),
    (f"{{{ADVERSE}, {SAFE}}}", "mode: on", "8", "invalid-value", "", "on"),
    (f"{{{ADVERSE}, {SAFE}}}", "review_by: 2026-13-01", "8", "invalid-value", "calendar day", "2026-13-01"),
    (f"{{{ADVERSE}, {SAFE}}}", "severity: [high]", "8", "invalid-value", "expected one of", "["),
    ("{recipients: {relation: advers}, " + SAFE + "}", "", "8", "invalid-value", 'did you mean "adverse"?', "advers"),
    ("{recipients: {relation: {is: adverse, of: someone}}, " + SAFE + "}", "", "8", "invalid-value",
     "of: may only be anyone", "someone"),
    ("{recipients: {address: nobody}, content: any}", "", "8", "invalid-value", "not a mail address", "nobody"),
    ("{recipients: {domain: nodots}, content: any}", "", "8", "invalid-value", "not a domain", "nodots"),
    ("{recipients: {}, content: any}", "", "8:22", "invalid-value", "write recipients: any", None),
    ("{recipients: {any: []}, content: any}", "", "8:28", "invalid-value", "empty list", None),
    ("{recipients: [{scope: external}], content: any}", "", "8:22", "not-a-mapping", "must be a mapping", None),
    ("{recipients: everybody, content: any}", "", "8:22", "invalid-value", "or the word any", None),
    (f"{{{ADVERSE}, content: {{}}}}", "", "8", "invalid-value", "no condition here", "{"),
    (f"{{{ADVERSE}, content: {{phrases: []}}}}", "", "8", "invalid-value", "empty list", "["),
    (f"{{direction: sideways, {ADVERSE}, {SAFE}}}", "", "8", "invalid-value", "expected one of", "sideways"),
    (f"{{phrases: codewords, {ADVERSE}, {SAFE}}}", "", "8", "unknown-key", "it belongs into content", "phrases"),
]  # fmt: skip


@pytest.mark.parametrize(("when", "rest", "place", "code", "words", "caret"), MISTAKES, ids=lambda x: str(x)[:50])
def test_mistake_has_place_cause_and_cure(when, rest, place, code, words, caret):
    text = one(when, rest).replace("mode: enforce,\n", ",\n" if rest.startswith("mode") else "mode: enforce,\n")
    text = text.replace("owner: o, ,", "owner: o,")

    found = [c for c in complaints(text) if c.code == code]

    assert found, [c.text() for c in complaints(text)]
    first = found[0]
    assert words in first.message
    if caret is None:
        assert f"{first.line}:{first.column}" == place
    else:
        assert str(first.line) == place
        assert first.source[first.column - 1 : first.column - 1 + first.length] == caret


@pytest.mark.parametrize(("when", "rest"), [entry[:2] for entry in MISTAKES], ids=lambda x: str(x)[:50])
def test_one_mistake_makes_one_complaint(when, rest):
    """What follows from the first mistake is noise that hides the second."""
    text = one(when, rest).replace("mode: enforce,\n", ",\n" if rest.startswith("mode") else "mode: enforce,\n")
    text = text.replace("owner: o, ,", "owner: o,")

    assert len(complaints(text)) == 1, [c.text() for c in complaints(text)]


def test_all_mistakes_of_all_files_come_in_one_run():
    a = one("{recipiants: 1, content: any}")
    b = one(f"{{{ADVERSE}, content: {{regex: {{pattern: '('}}}}}}").replace("id: p", "id: q")

    found = complaints(a.replace("lists:", "lists: #"), {"sub/b.yaml": b.replace("partners:", "other:").encode()})

    assert {c.file for c in found} == {"a.yaml", "sub/b.yaml"}
    assert {"unknown-key", "regex", "relation-without-person", "duplicate-name"} <= {c.code for c in found}


def test_complaint_is_printed_as_the_contract_shows():
    text = complaints(one(f"{{recipiants: {{relation: adverse}}, {SAFE}}}"))[0].text()

    assert text.splitlines() == [
        'a.yaml:8:10: error[unknown-key]: "recipiants" is not a key of when; did you mean "recipients"?',
        "    8 |   when: {recipiants: {relation: adverse}, content: {register: safe-addresses}}}",
        "      |          ^~~~~~~~~~",
    ]


def test_smallest_useful_policy_loads_without_a_warning():
    loaded = load(NINE_LINES)

    assert loaded.warnings == ()
    assert loaded.registers == {"refuges"}
    assert loaded.policy("refuge-address").mode is Mode.ENFORCE
    assert loaded.handling("refuge-address").notice_title == "a check on protected information"


def test_unset_mode_is_shadow_and_says_so():
    loaded = load(NINE_LINES.replace("  mode: enforce\n", ""))

    assert loaded.policies[0].mode is Mode.SHADOW
    assert [c.code for c in loaded.warnings] == ["mode-unset"]
    assert "it is in shadow: it records and holds nothing" in loaded.warnings[0].message


def test_required_keys_are_named_together():
    found = complaints("version: 1\npolicies:\n- id: p\n  when: {recipients: any, content: any}\n")

    assert [c.message for c in found] == ['policy "p" has no title, no why, no owner']


def test_defaults_are_merged_key_by_key_and_reach_their_own_file_only():
    defaults = (
        "defaults: {mode: enforce, severity: critical, if_uninspectable: hold, then: {review: dpo, approvals: 2}}\n"
    )
    rest = "when: {recipients: any, content: any}, then: {approvals: 1, deadline: 90 minutes}"
    a = f"version: 1\n{defaults}policies:\n- {{id: a, title: t, why: w, owner: o, {rest}}}\n"
    b = a.replace(defaults, "").replace("id: a", "id: b").replace(", deadline: 90 minutes", "")

    loaded = policy.load({"a.yaml": a.encode(), "b.yaml": b.encode()}, today=TODAY)

    first, second = loaded.policy("a"), loaded.policy("b")
    assert (first.mode, first.severity) == (Mode.ENFORCE, Severity.CRITICAL)
    assert (first.then.review, first.then.approvals, first.then.deadline_s) == ("dpo", 1, 5400)
    assert first.uninspectable.action(frozenset({Reason.ENCRYPTED})) is Action.HOLD
    assert (second.mode, second.severity, second.then.review) == (Mode.SHADOW, Severity.MEDIUM, "reviewers")


def test_scalars_are_text_and_typed_by_the_schema_alone():
    """YAML 1.1 would make NO false, 0770 an octal number and 12:30:00 sexagesimal."""
    text = NINE_LINES + "lists: {words: {kind: phrase, items: [NO, 0770, 12:30:00, null, 1e3]}}\n"
    loaded = load(text.replace("recipients: {scope", "recipients: {domain: 12.30.test, scope"))

    assert loaded.policies[0].branches


def test_direction_unset_is_from_us():
    assert load(NINE_LINES).policies[0].directions == {Direction.OUTBOUND, Direction.INTERNAL, Direction.TRANSIT}


def test_if_uninspectable_by_reason():
    text = NINE_LINES + "  if_uninspectable: {encrypted: hold, no_text: notify, else: reject}\n"
    rule = load(text).policies[0].uninspectable

    assert rule.action(frozenset({Reason.NO_TEXT})) is Action.NOTIFY
    assert rule.action(frozenset({Reason.CORRUPT})) is Action.REJECT
    assert rule.action(frozenset({Reason.NO_TEXT, Reason.ENCRYPTED})) is Action.HOLD


# -- names --------------------------------------------------------------------------------------------------------


def test_a_policy_id_given_twice_names_both_places():
    found = complaints(NINE_LINES, {"sub/b.yaml": NINE_LINES.encode()})

    assert [(c.file, c.line, c.code) for c in found] == [("sub/b.yaml", 3, "duplicate-id")]
    assert "first in a.yaml:3" in found[0].message


def test_a_list_given_twice_names_both_places():
    lists = "version: 1\nlists: {codewords: {kind: phrase, items: [x]}}\n"
    found = complaints(lists, {"b.yaml": lists.encode()})

    assert [(c.file, c.code) for c in found] == [("b.yaml", "duplicate-name")]
    assert "first in a.yaml:2" in found[0].message


def test_lists_come_from_items_files_and_the_built_in_with_plus_and_minus():
    text = NINE_LINES + (
        "lists:\n"
        "  mine: {kind: domain, builtin: personal-mail, plus: [home.test], minus: [gmail.com]}\n"
        "  theirs: {kind: address, file: lists/people.txt}\n"
        "kinds: {print-and-post: [print@own.test, post.test, lists/more.txt], personal-mail: [mail.test]}\n"
        "roles: {duty: [duty@own.test]}\n"
    )
    text = text.replace("scope: external", "list: [mine, theirs]")
    files = {"lists__people.txt": b"# people\n\nOne@Own.test\n", "lists__more.txt": b"letters.test\n"}

    loaded = load(text, **files)

    mine, theirs = (branch.tests[0].asked.addresses for branch in loaded.policies[0].branches)
    assert "x@home.test" in mine
    assert "x@yahoo.co.uk" in mine
    assert "x@gmail.com" not in mine
    assert "one@own.test" in theirs
    assert loaded.kinds_of("x@letters.test") == {Kind.PRINT_AND_POST}
    assert loaded.kinds_of("x@sub.post.test") == {Kind.PRINT_AND_POST}
    assert loaded.kinds_of("x@mail.test") == loaded.kinds_of("x@gmail.com") == {Kind.PERSONAL_MAIL}
    assert loaded.roles_of("duty@own.test") == {"duty"}
    assert loaded.scope_of("x@sub.own.test", frozenset({"own.test"})) is Scope.INTERNAL
    assert loaded.scope_of("print@own.test", frozenset({"own.test"})) is Scope.EXTERNAL


def test_a_list_file_that_is_wrong_is_not_shown():
    """A file of addresses may name service users; its lines are theirs and not the author's words."""
    text = NINE_LINES + "lists: {theirs: {kind: address, file: people.txt}}\n"
    found = complaints(text, {"people.txt": b"one@own.test\nnot an address\n"})

    assert [(c.file, c.line, c.source) for c in found] == [("people.txt", 2, "")]
    assert "not an address" not in found[0].message


def test_a_missing_file_is_named_with_the_one_that_was_meant():
    text = NINE_LINES + "lists: {theirs: {kind: address, file: lists/poeple.txt}}\n"
    found = complaints(text, {"lists/people.txt": b"one@own.test\n"})

    assert 'did you mean "lists/people.txt"?' in found[0].message


@pytest.mark.parametrize("path", ["../x.txt", "/etc/x.txt", "a/../../x.txt"])
def test_no_path_leads_out_of_the_folder(path):
    found = complaints(NINE_LINES + f"lists: {{theirs: {{kind: address, file: {path}}}}}\n")

    assert [c.code for c in found] == ["unknown-file"]
    assert "out of the policy folder" in found[0].message


@pytest.mark.parametrize(
    ("item", "what"),
    [
        ("call 01632 960123", "phone number"),
        ("+44 7700 900123", "phone number"),
        ("flat 2 at SW1A 1AA", "postcode"),
        ("anna.smith@mail.example", "mail address"),
        ("SW1A 1AA or 07700 900 123", "postcode and phone number"),
        ("999 000 0018", "NHS number"),
        ("AB 12 34 56 C", "National Insurance number"),
    ],
)
def test_personal_data_in_a_phrase_or_pattern_is_refused_and_not_shown(item, what):
    text = (
        NINE_LINES
        + f"lists: {{words: {{kind: phrase, items: ['{item}']}}, more: {{kind: regex, items: ['{item}']}}}}\n"
    )

    found = [c for c in complaints(text) if c.code == "personal-data-in-policy"]

    assert len(found) == 2
    assert f"this looks like a real {what}" in found[0].message
    assert all(item not in c.text() and c.source == "" for c in found)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\w+@nhs\.example",
        r"[A-Z]{1,2}\d{1,2} ?\d[A-Z]{2}",
        r"0\d{4} ?\d{6}",
        r"\b[a-z.]+@[a-z.]+\.uk\b",
        r"[A-Z]{2}\d{6}[A-D]",
        "999 000 0019",
        "QQ 12 34 56 A",
        "section 47",
        "form C1A",
    ],
)
def test_a_pattern_for_such_values_is_none(pattern):
    load(NINE_LINES + f"lists: {{words: {{kind: regex, items: ['{pattern}']}}}}\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "has {matched_text} in it",
            "would mail the protected value to the sender and anyone at their desk. Allowed: {reference}",
        ),
        ("by {dedline}", 'did you mean "deadline"?'),
        ("of {policy_title}", "for reviewers' texts only"),
        ("an open { brace", "a brace without its other half"),
        ("{reference.__class__}", ""),
        ("{recipient}", ""),
    ],
)
def test_a_message_may_only_say_what_is_on_the_list(text, words):
    found = complaints(f'{NINE_LINES}messages:\n  held: "Message {text}"\n')

    assert [c.code for c in found] == ["leaky-placeholder"]
    assert words in found[0].message
    assert found[0].line == 10


def test_reviewers_texts_may_name_the_policy():
    text = (
        NINE_LINES
        + "  then: {notify: {reviewers: task, sender: held}}\n"
        + "messages: {task: 'see {policy_title}', held: 'wait {reference}'}\n"
    )

    handling = load(text).handling("refuge-address")
    assert (handling.sender_text, handling.reviewers_text) == ("wait {reference}", "see {policy_title}")


def test_a_text_of_the_defaults_is_that_of_every_policy_that_names_none():
    text = NINE_LINES + "defaults: {then: {notify: {sender: held}}}\nmessages: {held: 'wait {reference}'}\n"

    assert load(text).handling("refuge-address").sender_text == "wait {reference}"
    assert load(NINE_LINES).handling("refuge-address").sender_text == ""


def test_a_text_that_nothing_names_is_told():
    (only,) = load(NINE_LINES + "messages: {held: 'wait {reference}'}\n").warnings

    assert (only.code, only.line) == ("unused-message", 9)


def test_a_text_too_long_for_a_notice_is_refused():
    (only,) = complaints(f"{NINE_LINES}messages: {{held: '{'wait ' * 401}'}}\n")

    assert "longer than 2000 characters" in only.message


@pytest.mark.parametrize(
    ("rest", "key"),
    [
        ("  then: {sender_may: [cancel]}\n", "sender_may"),
        ("  then: {notice_detail: none}\n", "notice_detail"),
        ("  then: {notify: {owner: held}}\nmessages: {held: wait}\n", "owner"),
        ("reviewers: {dpo: {members: dpo@own.test, cover: siro}}\n", "cover"),
        ("defaults: {then: {sender_may: [cancel]}}\n", "sender_may"),
    ],
)
def test_a_key_that_nothing_would_heed_is_refused_by_name(rest, key):
    found = complaints(NINE_LINES + rest)

    assert [c.code for c in found] == ["not-yet"]
    assert found[0].message.startswith(f"`{key}` is part of the language and not built yet")


def test_a_role_must_be_among_the_reviewers_where_there_are_any():
    text = NINE_LINES + "  then: {review: dpp}\nreviewers: {dpo: {members: dpo@own.test}}\n"
    found = complaints(text)

    assert [c.code for c in found] == ["unknown-role"]
    assert 'no reviewers "dpp"; did you mean "dpo"?' in found[0].message


# -- registers from files -------------------------------------------------------------------------------------------

PEOPLE = b"""\
- id: P-1
  register: refuges
  values: [{kind: phone, value: 01632 960123}]
  adverse: [{id: F-1, name: Frank Farrier, emails: [father@mail.test]}]
"""


def test_people_may_stand_in_a_file_beside_the_policies():
    loaded = load(NINE_LINES + "registers: {refuges: {file: people.yaml}}\n", **{"people.yaml": PEOPLE})

    assert [person.id for person in loaded.people] == ["P-1"]
    assert [c.code for c in loaded.warnings] == ["register-file"]


def test_a_wrong_file_of_people_never_shows_a_value():
    bad = PEOPLE.replace(b"kind: phone", b"kind: fone")
    found = complaints(NINE_LINES + "registers: {refuges: {file: people.yaml}}\n", {"people.yaml": bad})

    assert found[0].file == "people.yaml"
    assert "960123" not in "".join(c.text() for c in found)


def test_people_of_another_register_are_counted_not_shown():
    text = NINE_LINES + "registers: {refuges: {file: people.yaml}}\n"
    found = complaints(text, {"people.yaml": PEOPLE.replace(b"register: refuges", b"register: others")})

    assert [c.code for c in found] == ["register-mismatch"]


def test_one_id_in_two_files_of_people_is_complained_of_by_its_place():
    """The later one would replace the other without a word."""
    text = NINE_LINES + "registers: {refuges: {file: people.yaml}, families: {file: more.yaml}}\n"
    more = PEOPLE.replace(b"register: refuges", b"register: families").replace(b"960123", b"960124")

    (only,) = complaints(text, {"people.yaml": PEOPLE, "more.yaml": more})

    assert (only.file, only.line, only.code) == ("a.yaml", text.count("\n"), "duplicate-id")
    assert "P-1" in only.message
    assert "people.yaml" in only.message
    assert "96012" not in only.text()


def test_one_file_of_people_named_twice_is_no_second_person():
    text = NINE_LINES + "registers: {refuges: {file: [people.jsonl, people.jsonl]}}\n"
    people = b'{"id": "P-1", "register": "refuges", "values": [{"kind": "phone", "value": "01632 960123"}]}\n'

    assert [person.id for person in load(text, **{"people.jsonl": people}).people] == ["P-1"]


def test_people_with_a_register_above_them_may_stand_in_a_file_too():
    people = b"register: refuges\npeople:\n- {id: P-1, values: [{kind: phone, value: 01632 960123}]}\n"
    loaded = load(NINE_LINES + "registers: {refuges: {file: people.yaml}}\n", **{"people.yaml": people})

    assert [person.id for person in loaded.people] == ["P-1"]


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(
    "people",
    [
        pytest.param(b"# who to protect\n" + PEOPLE, id="a list under a comment"),
        pytest.param(b"\xef\xbb\xbf" + PEOPLE, id="a list behind a byte order mark"),
        pytest.param(PEOPLE.replace(b"[{kind: phone", b"[{kind: 'pho'ne"), id="a broken list"),
        pytest.param(b"id: P-1\nregister: refuges\nvalues: [{kind: phone, value: 01632 960123\n", id="one broken"),
        pytest.param(b"register: refuges\npeople: [{id: P-1, valus: 01632 960123}]\n", id="wrapped"),
    ],
)
def test_whatever_is_wrong_with_a_file_of_people_none_of_it_is_shown(people, named):
    top = "registers: {refuges: {file: people.yaml}}\n" if named else ""
    found = policy.check({"a.yaml": (NINE_LINES + top).encode(), "people.yaml": people}, TODAY)

    assert "960123" not in "".join(c.text() for c in found)


def test_a_list_may_be_named_as_people_call_things():
    names = b"version: 1\nlists:\n  people: {kind: address, items: [a@b.test]}\n  values: {kind: phrase, items: [x]}\n"

    assert {c.code for c in load(NINE_LINES, **{"shared.yaml": names}).warnings} == {"unused-list"}


def test_a_broken_file_that_names_such_a_list_is_still_told_its_place_and_cause():
    found = complaints(
        NINE_LINES, {"shared.yaml": b"version: 1\nlists:\n  people: {kind: address, items: [a@b.test}\n"}
    )

    assert [(c.file, c.line, c.source) for c in found] == [("shared.yaml", 3, "")]
    assert "is not closed" in found[0].hint


def test_a_file_of_people_that_no_register_names_is_not_shown():
    found = complaints(NINE_LINES, {"people.yaml": PEOPLE})

    assert [(c.file, c.code, c.source) for c in found] == [("people.yaml", "not-a-mapping", "")]


def test_the_digest_is_of_what_was_read_and_of_nothing_else():
    first = load(NINE_LINES)

    assert load(NINE_LINES, **{"tests__x.test.yaml": b"[", "notes.txt": b"x"}).digest == first.digest
    assert load(NINE_LINES + "# changed\n").digest != first.digest


# -- hostile files ----------------------------------------------------------------------------------------------------

BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(8)
)

HOSTILE = [
    ("tab", b"version: 1\npolicies:\n\t- id: p\n", "yaml", "tab", 3),
    ("tab in flow", b"version: 1\nlists: {\n\tpartners: x}\n\tb: 1\n", "yaml", "", None),
    ("byte order mark within", b"version: 1\nx: \xef\xbb\xbfy\n", "encoding", "invisible character", 2),
    ("no-break indent", b"version: 1\n\xc2\xa0\xc2\xa0x: 1\n", "no-break-space", "a no-break space", 2),
    ("space of no width", b"version: 1\nx\xe2\x80\x8b: 1\n", "encoding", "invisible character", 2),
    ("UTF-16", "version: 1\n".encode("utf-16"), "encoding", "UTF-16", 1),
    ("UTF-16 without mark", "version: 1\n".encode("utf-16-be"), "encoding", "UTF-16", 1),
    ("Latin-1", b"version: 1\n# caf\xe9\n", "encoding", "not UTF-8", 2),
    ("a zero byte", b"version: 1\n# \x00\n", "encoding", "control character", 2),
    ("line separator", "version: 1\n# a\u2028b\n".encode(), "encoding", "invisible", 2),
    ("empty", b"", "empty-file", "version: 1", 1),
    ("only a comment", b"# nothing\n", "empty-file", "version: 1", 1),
    ("text", b"hello", "not-a-mapping", "mapping", 1),
    ("a list", b"- a\n- b\n", "not-a-mapping", "mapping", 1),
    ("duplicate key", b"version: 1\nlists: {}\nlists: {}\n", "duplicate-key", "first in line 2", 3),
    ("tag", b"version: !!python/object/apply:os.system [x]\n", "yaml", "tags", 1),
    ("tag on a scalar", b"version: !!int 1\n", "yaml", "tags", 1),
    ("complex key", b"version: 1\n? [a, b]\n: c\n", "yaml", "a key must be a word", 2),
    ("alias bomb", ("version: 1\n" + BOMB).encode(), "yaml", "aliases", None),
    ("alias of itself", b"version: 1\nlists: &a {x: *a}\n", "yaml", "stands inside", 2),
    ("unknown alias", b"version: 1\nlists: *a\n", "yaml", "", 2),
    ("second document", b"version: 1\n---\nversion: 1\n", "yaml", "second document", 2),
    ("deep", b"version: 1\nlists: " + b"[" * 5000, "yaml", "", None),
    ("deep and closed", b"version: 1\nlists: " + b"[" * 900 + b"]" * 900, "yaml", "nested", None),
    ("unclosed quote", b"version: 1\nlists: {a: 'x\n", "yaml", "", None),
    ("unclosed brace", b"version: 1\nlists: {a: x\n", "yaml", "", None),
    ("double-quoted pattern", b'version: 1\nlists: {a: {kind: regex, items: ["\\d"]}}\n', "yaml", "single quotes", 2),
    ("a colon in text", b"version: 1\npolicies:\n- title: hold: this\n", "yaml", "quotes", 3),
    ("too large", b"version: 1\n" + b"#" * 1_000_001, "file-too-large", "1,000,000", 1),
    ("no version", b"lists: {}\n", "missing-key", "version: 1", 1),
    ("version 2", b"version: 2\n", "invalid-value", "version: 1", 1),
    ("unknown top key", b"version: 1\npolices: []\n", "unknown-key", 'did you mean "policies"', 2),
    ("policies a mapping", b"version: 1\npolicies: {id: p}\n", "not-a-list", "begin each policy with", 2),
    ("a policy that is text", b"version: 1\npolicies: [p]\n", "not-a-mapping", "must be a mapping", 2),
    ("lists a list", b"version: 1\nlists: [a]\n", "not-a-mapping", "mapping of names", 2),
    ("include of itself", b"version: 1\ninclude: a.yaml\n", "include-cycle", "itself", 2),
    ("include of nothing", b"version: 1\ninclude: b*.yaml\n", "unknown-file", "names no file", 2),
]  # fmt: skip


@pytest.mark.parametrize(("content", "code", "words", "line"), [h[1:] for h in HOSTILE], ids=[h[0] for h in HOSTILE])
def test_a_hostile_file_is_a_complaint_with_a_line(content, code, words, line):
    with pytest.raises(ComplaintsError) as caught:
        policy.load({"a.yaml": content}, today=TODAY)

    found = [c for c in caught.value.complaints if c.code == code]
    assert found, caught.value.text()
    assert words in found[0].message + found[0].hint
    assert found[0].line == line if line else found[0].line >= 1


def test_includes_that_go_in_a_circle_are_refused():
    a, b = b"version: 1\ninclude: b.yaml\n", b"version: 1\ninclude: a.yaml\n"
    with pytest.raises(ComplaintsError) as caught:
        policy.load({"a.yaml": a, "b.yaml": b}, today=TODAY)

    assert {c.code for c in caught.value.complaints} == {"include-cycle"}


def test_an_empty_folder_is_a_complaint():
    with pytest.raises(ComplaintsError, match="1 complaint"):
        policy.load({}, today=TODAY)


def test_a_few_aliases_are_thrift():
    text = NINE_LINES.replace("[address, postcode, phone]", "&f [address, phone]") + NINE_LINES.split("policies:\n")[
        1
    ].replace("refuge-address", "second").replace("[address, postcode, phone]", "*f")

    assert {p.contents[0].fields for p in load(text).policies} == {frozenset({"address", "phone"})}


WORDS = st.sampled_from(  # words of the language, and signs that mean something to YAML
    re.findall(
        r"\S+",
        """version policies lists id title when then content recipients register relation addressee adverse any all not
        phrases regex pattern within part 40 words kind domain items file in scope external if_uninspectable encrypted
        hold is of anyone fields strength people unless defaults mode messages {reference} '(' *a &a ! | > - 1 2""",
    )
)
VALUES = st.recursive(
    WORDS | st.text(max_size=5) | st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


def _written(value):
    import yaml

    return yaml.safe_dump(value, allow_unicode=True).encode()


@settings(max_examples=150, deadline=None)
@given(when=VALUES, then=VALUES, top=st.dictionaries(WORDS, VALUES, max_size=3))
def test_wrong_shapes_anywhere_are_complaints_and_never_tracebacks(when, then, top):
    root = {
        "version": "1",
        "policies": [{"id": "p", "title": "t", "why": "w", "owner": "o", "when": when, "then": then}],
    }
    try:
        policy.load({"a.yaml": _written(top | root), "b.yaml": _written(top)}, today=TODAY)
    except ComplaintsError as error:
        assert all(c.line >= 0 and c.text() for c in error.complaints)


@settings(max_examples=150, deadline=None)
@given(cut=st.integers(0, len(NINE_LINES)), junk=st.binary(max_size=6) | st.text(max_size=6).map(str.encode))
def test_mangled_bytes_are_complaints_and_never_tracebacks(cut, junk):
    whole = NINE_LINES.encode()
    try:
        policy.load({"a.yaml": whole[:cut] + junk + whole[cut:]}, today=TODAY)
    except ComplaintsError as error:
        assert error.complaints


# -- what is not there, and what is not read --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "file", "words"),
    [
        pytest.param({"a.yaml": b"version: 1\n"}, "a.yaml", "no policy stands in this file", id="version alone"),
        pytest.param({"a.yaml": b"version: 1\npolicies: []\n"}, "a.yaml", "no policy", id="an empty list"),
        pytest.param({"a.yml": b"version: 1\n", "b.yaml": b"version: 1\n"}, "", "in the 2 files here", id="two files"),
        pytest.param({"words.txt": b"x\n"}, "", "no .yaml or .yml file here", id="no policy file"),
    ],
)
def test_a_folder_without_a_policy_is_an_error_with_its_cure(files, file, words):
    """A gateway that loaded it would let everything pass, and look well."""
    with pytest.raises(ComplaintsError) as caught:
        policy.load(files, today=TODAY)

    (only,) = caught.value.complaints
    assert (only.file, only.code) == (file, "no-policy-file")
    assert words in only.message
    assert "policies/README.md" in only.hint


def test_what_is_not_read_is_named_with_the_reason():
    loaded = policy.load(
        {"a.yaml": NINE_LINES.encode(), "words.txt": b"x\n"}, today=TODAY, beside={"b.yaml.txt~", "notes.docx"}
    )

    assert [(c.file, c.code) for c in loaded.warnings] == [
        ("b.yaml.txt~", "not-read"),
        ("notes.docx", "not-read"),
        ("words.txt", "not-read"),
    ]
    assert "rename the file" in loaded.warnings[0].hint
    assert "no policy names it" in loaded.warnings[2].hint


def test_a_policy_saved_as_text_is_told_how_policies_end():
    loaded = policy.load({"a.yaml": NINE_LINES.encode(), "b.yaml.txt": b"version: 1\n"}, today=TODAY)

    assert "policies end in .yaml or .yml" in loaded.warnings[0].hint


def test_a_list_that_a_policy_names_is_read():
    text = NINE_LINES.replace("{scope: external}", "{list: d}") + "lists: {d: {kind: domain, file: d.txt}}\n"

    assert load(text, **{"d.txt": b"gmail.test\n"}).warnings == ()


def test_a_refusal_counts_errors_and_no_warnings():
    with pytest.raises(ComplaintsError) as caught:
        load("version: 1\npolicies: [{id: p, title: t, why: w, owner: o, when: {content: any, recipients: x}}]\n")

    assert str(caught.value) == "1 complaint"


def test_a_byte_order_mark_at_the_beginning_is_taken():
    assert policy.load({"a.yaml": b"\xef\xbb\xbf" + NINE_LINES.encode()}, today=TODAY).policies


# -- cures that are true ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "rest", "words"),
    [
        pytest.param("{content: {register: safe, unless: {}}, recipients: any}", "", "into policy", id="unless inside"),
        pytest.param("{content: {register: safe}}", "recipients: any", "it belongs into when", id="recipients up"),
        pytest.param("{content: any, recipients: {domain: partners}}", "", "write list: partners", id="a list's name"),
        pytest.param("{content: any, recipients: {domain: 'a.test, b.test'}}", "", "brackets: [one", id="no brackets"),
        pytest.param("{content: {phrases: [care plan]}, recipients: any}", "", "kind: phrase, items", id="phrases"),
        pytest.param("{content: any, recipients: any}", "<<: {}", "no merges", id="merge"),
        pytest.param("{content: any, recipients: any}", "thеn: {}", "looks like another", id="a Cyrillic letter"),
    ],
)
def test_the_cure_is_one_that_helps(when, rest, words):
    said = [f"{c.message} {c.hint}" for c in complaints(one(when, rest))]

    assert any(words in each for each in said), said


def test_what_is_not_built_is_never_proposed():
    (found,) = [c for c in complaints(one("{content: any}", "recipients: any")) if c.code == "unknown-key"]

    assert "repeat" not in found.message


@pytest.mark.parametrize(("changed", "warned"), [(date(2025, 8, 5), False), (date(2025, 8, 4), True)])
def test_a_list_that_nobody_looked_through_for_too_long_is_told(changed, warned):
    text = NINE_LINES.replace("scope: external", "list: courts").replace(
        "policies:", "lists: {courts: {kind: domain, file: courts.txt, at_most_age: 90 days}}\npolicies:"
    )
    files = {"a.yaml": text.encode(), "courts.txt": b"justice.test"}

    said = policy.load(files, today=TODAY, changed={"a.yaml": TODAY, "courts.txt": changed}).warnings

    assert ("list-too-old" in {c.code for c in said}) is warned


def test_the_age_of_a_list_without_a_file_is_that_of_the_file_it_stands_in():
    text = NINE_LINES.replace("scope: external", "list: courts").replace(
        "policies:", "lists: {courts: {kind: domain, items: [justice.test], at_most_age: 90 days}}\npolicies:"
    )

    said = policy.load({"a.yaml": text.encode()}, today=TODAY, changed={"a.yaml": date(2025, 1, 1)}).warnings

    assert "list-too-old" in {c.code for c in said}


# -- much to say ------------------------------------------------------------------------------------------------------


def test_no_number_of_warnings_hides_an_error():
    """A file whose errors nobody counts any more would be taken, with stand-ins for what was wrong."""
    excuses = ", ".join(
        f"{{id: x{n}, reason: r, approved_by: dpo, expires: 2025-01-01, recipients: {{scope: partner}}}}"
        for n in range(300)
    )
    text = one(f"{{{ADVERSE}, {SAFE}}}", f"unless: [{excuses}]").replace("owner: o,", "owner: o, severity: hihg,")

    assert [c.code for c in complaints(text)] == ["invalid-value"]


def test_who_has_very_many_mistakes_is_told_that_there_are_more():
    found = complaints(one(f"{{{ADVERSE}, {SAFE}}}", ", ".join(f"key{n}: x" for n in range(500))))

    assert len(found) == 201
    assert [c.message for c in found if c.code == "and-more"] == [
        "200 are listed for this file; mend them, and the rest will be shown"
    ]


# -- reviewers' hours -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hours", "office"), [("", False), (", hours: all", False), (", hours: office", True)])
def test_a_policy_knows_whether_its_reviewers_decide_in_office_hours_only(hours, office):
    text = NINE_LINES + f"  then: {{review: dpo}}\nreviewers: {{dpo: {{members: dpo@own.test{hours}}}}}\n"

    assert load(text).handling("refuge-address").office is office


def test_hours_are_those_of_the_role_that_decides_wherever_it_is_written():
    """Roles and defaults may stand in another file, and a policy may say nothing of either."""
    roles = b"version: 1\nreviewers: {reviewers: {members: r@own.test, hours: office}}\n"

    assert load(NINE_LINES, **{"roles.yaml": roles}).handling("refuge-address").office


def test_hours_that_are_none_are_told_with_those_there_are():
    (found,) = complaints(NINE_LINES + "reviewers: {dpo: {members: dpo@own.test, hours: night}}\n")

    assert found.line == 9
    assert "all, office" in found.message


def test_there_is_an_end_to_the_names_that_a_message_lists():
    lists = ", ".join(f"l{n}: {{kind: domain, items: [a.test]}}" for n in range(100))

    when = "{content: any, recipients: {list: something-else}}"

    (found,) = complaints(f"version: 1\nlists: {{{lists}}}\npolicies:\n{HEAD}when: {when}}}\n")

    assert found.message.endswith("and 70 more")


# -- what YAML makes of it, and we do not -----------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["NO", "07700", "12:30:00", "1e3", "null", "2026-01-31", "0x1F", "yes", ".inf"])
def test_a_phrase_is_what_is_written(text):
    loaded = load(
        f"version: 1\nlists: {{w: {{kind: phrase, items: [{text}, other]}}}}\npolicies:\n"
        f"{HEAD}when: {{content: {{phrases: w}}, recipients: any}}}}\n"
    )

    assert loaded.terms["w"].phrases == (text, "other")


def test_a_list_of_ten_megabytes_is_refused_with_its_place():
    text = NINE_LINES.replace("scope: external", "list: big") + "lists: {big: {kind: domain, file: big.txt}}\n"

    (found,) = complaints(text, {"big.txt": b"a.test\n" * 1_500_000})

    assert (found.file, found.line, found.code) == ("big.txt", 1, "file-too-large")
    assert "may have 1,000,000 at most" in found.message


def test_a_longer_circle_of_includes_is_refused():
    files = {
        name: f"version: 1\ninclude: {other}.yaml\n".encode() for name, other in (("a", "b"), ("b", "c"), ("c", "a"))
    }

    with pytest.raises(ComplaintsError) as caught:
        policy.load({f"{name}.yaml": content for name, content in files.items()}, today=TODAY)

    assert [(c.file, c.code) for c in caught.value.complaints] == [
        ("a.yaml", "include-cycle"),
        ("b.yaml", "include-cycle"),
        ("c.yaml", "include-cycle"),
    ]


def test_addresses_of_a_long_list_are_no_contradiction_that_anybody_looks_for():
    """Comparing two lists of thousands for each of hundreds of policies would take minutes."""
    lists = ", ".join(
        f"{letter}: {{kind: domain, items: [{', '.join(f'{letter}{n}.test' for n in range(600))}]}}" for letter in "de"
    )
    when = "{content: any, recipients: {all: [{list: d}, {list: e}]}}"

    assert load(f"version: 1\nlists: {{{lists}}}\npolicies:\n{HEAD}when: {when}}}\n").policies


def test_no_complaint_shows_a_line_in_which_a_value_of_somebody_stands():
    text = "version: 1\nlists: {w: {kind: phrase, items: ['at SW1A 1AA', '']}}\n" + NINE_LINES.removeprefix(
        "version: 1\n"
    )

    found = complaints(text)

    assert len(found) == 2
    assert not any("SW1A" in each.text() for each in found)

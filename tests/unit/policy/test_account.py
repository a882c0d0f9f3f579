# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts of verdicts in words: what was a yes, what was missing, and where its author wrote it.

That they agree with the verdicts is asked of every worked verdict, in test_evaluate.py.
"""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from safehold import assemble, policy, screening
from safehold.detect import people
from safehold.model import (
    Answer,
    Direction,
    Facts,
    FinalRecipient,
    Origin,
    Part,
    PartPath,
    Place,
    PlaceKind,
    Problem,
    Reading,
    Reason,
    Segment,
)
from safehold.policy.account import nearest
from safehold.policy.clauses import Join
from safehold.register.index import Register
from safehold.register.people import from_record

PROJECT = Path(__file__).parents[3]
TODAY = date(2025, 11, 3)
FATHER, COURT, CLERK = "father@mail.test", "court@justice.test", "clerk@council.test"
ADDRESS, PHONE = "12 Acacia Road, Ashford, TN24 8ZZ", "01632 960123"
OLD_HOME, NIECE = "7 Old Mill Lane, Ashford, TN23 1ZZ", "07700 900456"
PEOPLE = [
    {
        "id": "P-1",
        "register": "safe",
        "values": [
            {"kind": "address", "value": ADDRESS},
            {"kind": "phone", "value": PHONE},
            {"kind": "name", "value": "Anna Quillfeather"},
            {"kind": "address", "value": OLD_HOME, "known_to": ["F-1"]},
        ],
        "adverse": [{"id": "F-1", "name": "Frank Farrier", "emails": [FATHER]}],
        "authorised": [{"email": COURT}],
    },
    {
        "id": "P-2",
        "register": "safe",
        "values": [{"kind": "phone", "value": NIECE}],
        "authorised": [{"email": FATHER}],
    },
]
REGISTER = Register.build(from_record(record) for record in PEOPLE)
LISTS = (
    "lists: {words: {kind: phrase, items: [clare's law, dvds]}, clerks: {kind: address, items: [clerk@council.test]}}"
)


def load(*rules):
    text = f"version: 1\n{LISTS}\npolicies:\n"
    for number, rule in enumerate(rules):
        text += f"- id: p{number}\n  title: t\n  why: w\n  owner: o\n"
        text += "" if "mode:" in rule else "  mode: enforce\n"
        text += rule
    return policy.load({"p.yaml": text.encode()}, today=TODAY)


def read(*texts, problems=()):
    """Return a reading with each text as one page of an attachment."""
    path = PartPath(("1", "report.pdf"))
    places = [Place(path, PlaceKind.PAGE, number) for number in range(1, len(texts) + 1)]
    part = Part(path, "application/pdf", 9, is_attachment=True, attachment=1)
    found = tuple(Problem(path, reason) for reason in problems)
    return Reading((part,), tuple(map(Segment, places, texts)), found)


def accounts(policies, reading, *addresses, **extra):
    """Return the accounts of each recipient, by policy."""
    direction = extra.pop("direction", Direction.OUTBOUND)
    facts = Facts(
        datetime(2025, 11, 3, 9, tzinfo=UTC),
        Origin.AUTH,
        recipients=tuple(FinalRecipient(each, (each,), direction) for each in addresses),
        own_domains=frozenset({"council.test"}),
        **extra,
    )
    found = screening.accounts(reading, facts, REGISTER, policies)
    return [{account.policy.id: account for account in own} for own in found]


def one(rule, text, *addresses, **extra):
    """Return the account of one policy for the last recipient."""
    return accounts(load(rule), read(text), *(addresses or (FATHER,)), **extra)[-1]["p0"]


def condition(account, words):
    """Return the condition whose words begin so."""
    todo = [account.when, *(exempt.when for exempt in account.exempt)]
    while todo:
        each = todo.pop()
        if each.words.startswith(words):
            return each
        todo += each.items
    raise AssertionError(f"no condition {words}")


ADVERSE = "  when:\n    content: {register: safe, fields: [address]}\n    recipients: {relation: adverse}\n"
ANYBODY = "  when:\n    content: {register: safe, %s}\n    recipients: any\n"


def test_what_fired_has_every_condition_with_its_line_its_answer_and_what_was_found():
    account = one(ADVERSE, f"she lives at {ADDRESS}")

    content, relation = account.when.items
    assert (account.answer, account.when.answer) == (Answer.YES, Answer.YES)
    assert (content.words, content.line) == ("content: {register: safe, fields: [address]}", 10)
    assert [(f.person, f.field, f.place.number) for f in content.findings] == [("P-1", "address", 1)]
    assert (relation.words, relation.line) == ("recipients: {relation: adverse}", 11)
    assert relation.why == "the recipient is adverse to P-1"
    assert not account.lacking


def test_a_recipient_who_is_something_else_to_her_is_told_as_what():
    account = one(ADVERSE, f"she lives at {ADDRESS}", COURT)

    assert account.ground is None
    assert [(each.line, each.why) for each in account.lacking] == [
        (11, "the recipient is not adverse to P-1, but authorised")
    ]


def test_of_a_value_that_he_knows_only_the_content_is_missing():
    account = one(ADVERSE, f"the house at {OLD_HOME}")

    (missing,) = account.lacking
    assert missing.words.startswith("content")
    assert [(f.field, why) for f, why in missing.missed] == [
        ("address", "what was found is known to this recipient already")
    ]


def test_a_relation_without_anybody_found_waits_and_is_not_counted_as_missing():
    account = one(ADVERSE, "nothing to see")

    relation = condition(account, "recipients")
    assert (relation.answer, relation.waits) == (Answer.NO, True)
    assert relation.why == "the recipient is adverse to P-1, of whom nothing was found that counts"
    assert [each.why for each in account.lacking] == ["not found"]


@pytest.mark.parametrize(
    ("asked", "text", "why"),
    [
        ("fields_at_least: 2, fields: [address, phone]", ADDRESS, "1 field of one person found, 2 needed"),
        ("fields: [phone], people: 2", PHONE, "1 person found, 2 needed"),
    ],
)
def test_too_little_is_counted(asked, text, why):
    assert condition(one(ANYBODY % asked, text), "content").why == why


def test_what_another_recipient_alone_is_searched_for_is_not_told():
    """A weak finding in the father's own scope is no news for anybody else."""
    policies = load(ADVERSE, ANYBODY % "fields: [address]")
    hidden = read("somewhere in Acacia Road, Ashford")

    father, court = accounts(policies, hidden, FATHER, COURT)

    def told(account):
        content = condition(account, "content")
        return bool(content.findings or content.missed)

    assert told(father["p0"])
    assert not told(court["p0"])
    assert not told(court["p1"])


def test_each_alone_but_not_near_enough():
    rule = "  when:\n    content: {all: [{register: safe}, {phrases: words}], within: page}\n    recipients: any\n"

    account = accounts(load(rule), read(ADDRESS, "under the DVDS"), FATHER)[0]["p0"]

    content = condition(account, "content")
    assert [item.answer for item in content.items] == [Answer.YES, Answer.YES]
    assert content.answer is Answer.NO
    assert account.why_not == "each is so, but not near enough together"


def test_a_relation_is_told_of_the_person_whom_the_verdict_is_about():
    """Nobody is authorised here for the one on page 1 either, but the two hits that count stand on page 2."""
    rule = (
        "  when:\n    content: {all: [{register: safe}, {phrases: words}], within: page}\n"
        "    recipients: {relation: unauthorised}\n"
    )

    account = accounts(load(rule), read(PHONE, f"DVDS, {NIECE}"), "x@mail.test")[0]["p0"]

    assert account.ground.person == "P-2"
    assert condition(account, "recipients").why == "the recipient is not authorised for P-2"


def test_each_alone_but_not_of_one_person():
    rule = (
        "  when:\n    content: {register: safe, fields: [phone]}\n"
        "    recipients: {all: [{relation: adverse}, {relation: authorised}]}\n"
    )

    account = one(rule, f"{PHONE} or {NIECE}")

    both = condition(account, "recipients")
    assert [item.answer for item in both.items] == [Answer.YES, Answer.YES]
    assert account.why_not == "each is so, but not for one and the same person"


def test_what_stands_under_not_is_missing_when_it_is_so():
    rule = "  when:\n    content: {all: [{register: safe}, {not: {phrases: words}}]}\n    recipients: any\n"

    account = one(rule, f"{ADDRESS}, under the DVDS")

    (missing,) = account.lacking
    assert (missing.words, missing.answer) == ("phrases: words", Answer.YES)
    assert [f.field for f in missing.findings] == ["words"]


EXCUSED = ANYBODY % "fields: [address]" + (
    "  unless:\n"
    "  - {id: ex-court, reason: r, approved_by: dpo, expires: 2026-01-31,\n"
    "     content: {register: safe},\n     recipients: {relation: authorised}}\n"
)


def test_an_exception_that_excuses_is_named_and_has_its_conditions():
    account = one(EXCUSED, ADDRESS, COURT)

    (exempt,) = account.exempt
    assert account.ground is None
    assert account.why_not == "excused by exception ex-court"
    assert (exempt.excuse.id, exempt.excuses) == ("ex-court", True)
    assert condition(account, "recipients: {relation").answer is Answer.YES


def test_an_exception_that_does_not_excuse_says_which_condition_was_not_so():
    account = one(EXCUSED, ADDRESS, FATHER)

    (exempt,) = account.exempt
    answers = {item.words.split(":")[0]: (item.answer, item.line) for item in exempt.when.items}
    assert account.answer is Answer.YES
    assert not exempt.excuses
    assert answers == {"content": (Answer.YES, 14), "recipients": (Answer.NO, 15)}


def test_what_could_not_be_read_is_no_answer():
    account = accounts(load(ADVERSE), read("", problems=[Reason.ENCRYPTED]), FATHER)[0]["p0"]

    assert [item.answer for item in account.when.items] == [Answer.CANNOT_TELL, Answer.CANNOT_TELL]
    assert account.when.items[0].why == "a part could not be read (encrypted)"


def test_a_copy_that_goes_another_way_says_so():
    (missing,) = one(ADVERSE, ADDRESS, direction=Direction.INBOUND).lacking

    assert (missing.words, missing.line) == ("direction: from us, as none is written", 0)
    assert missing.why == "this copy goes from outside to us"


def test_a_direction_that_was_written_has_its_line():
    rule = "  when:\n    direction: internal\n    content: {register: safe}\n    recipients: any\n"

    (missing,) = one(rule, ADDRESS).lacking

    assert (missing.words, missing.line) == ("direction: internal", 10)


@pytest.mark.parametrize(
    ("asked", "extra", "why"),
    [
        ("sender: {list: clerks}", {"senders": (CLERK,)}, "the sender is among them"),
        ("sender: {list: clerks}", {"senders": ("x@council.test",)}, "the sender is not among them"),
        ("recipients: {scope: internal}", {}, "the recipient is external"),
        ("recipients: {kind: personal-mail}", {}, "the recipient's mailbox is of no special kind"),
        ("recipients: {domain: mail.test}", {}, "the recipient is among them"),
        ("recipients: {visible_count: {at_least: 2}}", {"visible": (FATHER,)}, "1 address in To and Cc"),
        (
            "recipients: {visible_count: {at_least: 2, scope: external}}",
            {"visible": (FATHER, COURT)},
            "2 external addresses in To and Cc",
        ),
        (
            "recipients: {first_contact: 90 days}",
            {"last_contact": {FATHER: date(2025, 11, 1)}},
            "mail with this recipient was last accepted 2 days ago",
        ),
        (
            "recipients: {first_contact: 90 days}",
            {},
            "no mail with this recipient is remembered",
        ),
    ],
)
def test_what_is_so_about_sender_and_recipient(asked, extra, why):
    account = one(f"  when:\n    {asked}\n    content: {{phrases: words}}\n", "DVDS", **extra)

    assert condition(account, asked.split(":")[0]).why == why


def test_how_often_it_was_so_stands_beside_the_conditions():
    rule = ADVERSE + "  repeat: {per: sender, at_least: 3, in: 30 days, raise_to: critical}\n"

    account = one(rule, ADDRESS)

    assert account.repeat.answer is Answer.NO
    assert account.repeat.why == "time 1 in 30 days for this sender; its severity is critical from time 3 on"


def test_a_policy_that_is_off_has_no_account_and_one_in_shadow_has():
    policies = load("  mode: off\n" + ADVERSE, "  mode: shadow\n" + ADVERSE)

    (found,) = accounts(policies, read(ADDRESS), FATHER)

    assert list(found) == ["p1"]
    assert not found["p1"].policy.enforced
    assert found["p1"].ground is not None


def test_nearest_is_the_one_that_lacks_least_and_of_those_the_one_that_found_something():
    content = "{all: [{phrases: words}, {register: safe, fields: [phone]}]}"
    far = f"  when:\n    content: {content}\n    recipients: {{scope: internal}}\n"
    blank = "  when:\n    content: {phrases: words}\n    recipients: any\n"
    policies = load(far, blank, ADVERSE)

    (found,) = accounts(policies, read(ADDRESS), COURT)

    assert [len(account.lacking) for account in found.values()] == [3, 1, 1]
    assert nearest(found.values()).policy.id == "p2"


def test_nothing_is_near_where_everything_fired():
    (found,) = accounts(load(ADVERSE), read(ADDRESS), FATHER)

    assert nearest(found.values()) is None


def test_every_condition_of_the_shipped_policies_stands_where_its_account_says():
    lines = {path.name: path.read_text("utf-8").splitlines() for path in (PROJECT / "policies").glob("*.yaml")}

    def below(clause):
        yield clause
        for item in clause.items:
            yield from below(item)

    seen = 0
    for each in assemble.load_policies(PROJECT / "policies").policies:
        for clause in below(each.written):
            key = {"all of": "", "any of": "any", "none of": "not"}.get(clause.words, clause.words.split(":")[0])
            assert key in lines[each.place[0]][clause.line - 1]
            seen += bool(key)
    assert seen > 30


def test_words_are_what_was_written_on_one_line_and_no_longer_than_can_be_read():
    many = ", ".join(f"clerk{number}@council.test" for number in range(50))
    rule = f"  when:\n    sender:\n      address: [{many}]\n    content:\n      any:\n      - phrases: words\n"

    policies = load(rule)

    sender, content = policies.policy("p0").written.items
    assert sender.words.startswith("sender: {address: [clerk0@council.test, clerk1@council.test")
    assert len(sender.words) <= 120
    assert (content.words, content.join, [item.words for item in content.items]) == (
        "content: any of",
        Join.ANY,
        ["phrases: words"],
    )


def test_what_only_looking_wider_would_change_is_not_believed(monkeypatch):
    """An account looks for more than the gate did; where that ends otherwise, the gate is right."""
    searched = people.search

    def incomplete(segments, register, *, scope, whole):
        found = searched(segments, register, scope=scope, whole=whole)
        return people.Search(found.findings, is_complete=found.is_complete and not whole)

    monkeypatch.setattr(people, "search", incomplete)

    account = one(ADVERSE, "nothing to see")

    assert account.ground is None
    assert condition(account, "content").answer is Answer.NO

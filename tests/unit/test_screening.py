# SPDX-License-Identifier: GPL-3.0-or-later
"""The heart, with the real register and the real detectors: invented people, whole messages, verdicts per recipient."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safehold import policy, screening
from safehold.detect import people
from safehold.model import (
    Action,
    Answer,
    Direction,
    Envelope,
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
from safehold.register.index import Register
from safehold.register.people import from_record

TODAY = date(2025, 11, 3)
OWN = frozenset({"council.test"})
ENVELOPE = Envelope("sw@council.test", ())

ANNA = {
    "id": "P-0001",
    "register": "safe-addresses",
    "values": [
        {"kind": "address", "value": "12 Acacia Road, Ashford, TN24 8ZZ"},
        {"kind": "phone", "value": "01632 960123"},
        {"kind": "name", "value": "Anna Quillfeather"},
        {"kind": "address", "value": "7 Old Mill Lane, Ashford, TN23 1ZZ", "known_to": ["F-1"]},
    ],
    "adverse": [{"id": "F-1", "name": "Frank Farrier", "emails": ["father@mail.test"]}],
    "authorised": [{"email": "court@justice.test"}],
    "subject": ["anna@mail.test"],
}
BELA = {
    "id": "P-0002",
    "register": "open-cases",
    "values": [{"kind": "name", "value": "Bela Thistlewood"}, {"kind": "phone", "value": "07700 900456"}],
    "adverse": [{"id": "G-1", "name": "Greta Gorse", "emails": ["gran@mail.test"]}],
    "authorised": [{"email": "doctor@health.test"}],
}
REGISTER = Register.build(from_record(record) for record in (ANNA, BELA))

SAFE = "{content: {register: safe-addresses}, recipients: {relation: adverse}}"
CASES = "{content: {register: open-cases}, recipients: {relation: unauthorised}}"
WORDS = "{content: {phrases: words}, recipients: {scope: external}}"


def make_policies(*whens, **extra):
    rules = "".join(
        f"- {{id: p{n}, title: t, why: w, owner: o, mode: {extra.get('mode', 'enforce')}, when: {when}"
        f"{extra.get('rest', '')}}}\n"
        for n, when in enumerate(whens)
    )
    text = (
        "version: 1\nlists: {words: {kind: phrase, items: [clare's law]}}\n"
        f"kinds: {{print-and-post: [print@council.test]}}\npolicies:\n{rules}"
    )
    return policy.load({"p.yaml": text.encode()}, today=TODAY)


def make_facts(*addresses, **extra):
    def recipient(address):
        ours = address.endswith("@council.test")
        return FinalRecipient(address, (address,), Direction.INTERNAL if ours else Direction.OUTBOUND)

    return Facts(
        now=datetime(2025, 11, 3, 9, tzinfo=UTC),
        origin=extra.pop("origin", Origin.AUTH),
        recipients=tuple(map(recipient, addresses)),
        own_domains=OWN,
        **extra,
    )


def make_reading(*texts, problems=()):
    segments = tuple(Segment(Place(PartPath((str(n),)), PlaceKind.BODY), text) for n, text in enumerate(texts))
    parts = tuple(Part(PartPath((str(n),)), "text/plain", 1, attachment=n, is_attachment=n > 0) for n in range(9))
    return Reading(parts, segments, tuple(Problem(PartPath((part,)), reason) for part, reason in problems))


def screen(reading, facts, policies):
    return screening.screen(reading, ENVELOPE, facts, REGISTER, policies)


def actions(verdict):
    return [recipient.action for recipient in verdict.recipients]


# -- demand -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("whens", "addresses"),
    [
        ([SAFE], ["court@justice.test"]),
        ([SAFE], ["gran@mail.test"]),  # adverse, but to nobody in the register that the policy names
        ([CASES.replace("relation: un", "scope: internal, relation: un")], ["gran@mail.test"]),
        ([SAFE.replace("adverse", "former_contact")], ["father@mail.test"]),
        ([SAFE.replace("relation: adverse", "addressee: adverse")], ["father@mail.test", "clerk@council.test"]),
        ([SAFE.replace("{content", "{direction: inbound, content")], ["father@mail.test"]),
        ([WORDS], ["clerk@council.test"]),
    ],
)
def test_mail_that_no_policy_could_concern_is_not_even_read(whens, addresses):
    assert screening.demand(make_facts(*addresses), REGISTER, make_policies(*whens)) is None


@pytest.mark.parametrize(
    ("whens", "addresses"),
    [
        ([SAFE], ["court@justice.test", "father@mail.test"]),
        ([SAFE.replace("relation: adverse", "addressee: adverse")], ["print@council.test"]),
        ([CASES], ["doctor@health.test"]),
        ([WORDS], ["gran@mail.test"]),
        ([SAFE, WORDS], ["gran@mail.test"]),
    ],
)
def test_mail_that_a_policy_could_concern_is_read(whens, addresses):
    assert screening.demand(make_facts(*addresses), REGISTER, make_policies(*whens)) is not None


@pytest.mark.parametrize(
    ("whens", "address", "pictures"),
    [
        ([SAFE], "father@mail.test", True),
        ([SAFE.replace("{content", "{ocr: no, content")], "father@mail.test", True),  # somebody is in his scope
        ([SAFE.replace("relation: adverse", "addressee: adverse")], "print@council.test", True),
        ([WORDS], "gran@mail.test", True),
        ([CASES], "doctor@health.test", True),
        ([WORDS.replace("{phrases: words}", "{phrases: words, ocr: no}")], "gran@mail.test", False),
        ([WORDS.replace("{content", "{ocr: no, content")], "gran@mail.test", False),
        ([WORDS.replace("{content: {phrases: words}", "{content: {any: [{phrases: words, ocr: no}]}")],
         "gran@mail.test", False),
        ([WORDS.replace("{content", "{ocr: no, content"), WORDS], "gran@mail.test", True),
        ([WORDS.replace("phrases: words", "phrases: words, in: [subject, filename]")], "gran@mail.test", False),
        ([WORDS.replace("phrases: words", "phrases: words, in: [subject, attachment]")], "gran@mail.test", True),
        ([WORDS.replace("phrases: words", "phrases: words, in: ocr")], "gran@mail.test", True),
        (["{content: {regex: {pattern: '[0-9]{9}'}}, recipients: {scope: external}}"], "gran@mail.test", True),
        (["{content: {not: {phrases: words}}, recipients: {scope: external}}"], "gran@mail.test", True),
        (["{content: any, recipients: {scope: external}}"], "gran@mail.test", False),
        (["{content: any, ocr: yes, recipients: {scope: external}}"], "gran@mail.test", True),
    ],
)  # fmt: skip
def test_pictures_are_read_where_some_policy_could_use_their_text(whens, address, pictures):
    demand = screening.demand(make_facts(address), REGISTER, make_policies(*whens))

    assert demand is not None
    assert demand.ocr is pictures


def test_pictures_on_their_way_to_nobody_of_interest_are_not_read():
    assert screening.demand(make_facts("clerk@council.test"), REGISTER, make_policies(WORDS, SAFE)) is None


def test_policies_that_are_off_read_nothing_and_shadow_ones_do():
    facts = make_facts("father@mail.test")

    assert screening.demand(facts, REGISTER, make_policies(SAFE, mode="off")) is None
    assert screening.demand(facts, REGISTER, make_policies(SAFE, mode="shadow")) is not None


# -- screen -------------------------------------------------------------------------------------------------------


def test_a_safe_address_is_held_for_the_man_she_fled_and_delivered_to_the_court():
    reading = make_reading("Dear all, she now lives at 12 Acacia Road, Ashford TN24 8ZZ.")
    verdict = screen(reading, make_facts("father@mail.test", "court@justice.test"), make_policies(SAFE))

    held, delivered = verdict.recipients
    assert (held.action, delivered.action) == (Action.HOLD, Action.PASS)
    ground = held.deciding[0]
    assert (ground.policy, ground.person, ground.relation, ground.answer) == ("p0", "P-0001", "adverse", Answer.YES)
    assert [finding.field for finding in ground.findings] == ["address"]
    assert "adverse to P-0001; address found (certain" in ground.why
    assert "Acacia" not in ground.why
    assert [handling.policy for handling in verdict.handling] == ["p0"]
    assert verdict.register_digest == REGISTER.digest
    assert len(verdict.policies_digest) == 64


@pytest.mark.parametrize("within", ["", ", within: part", ", within: 40 words"])
def test_an_address_split_over_body_and_attachment_is_held_for_the_man_she_fled_alone(within):
    policies = make_policies(
        f"{{content: {{register: safe-addresses{within}}}, recipients: {{relation: adverse}}}}", SAFE
    )
    body = Segment(Place(PartPath(("1",)), PlaceKind.BODY), "It is house number 12, the one with the red door.")
    attached = Segment(Place(PartPath(("2",)), PlaceKind.TEXT), "The keys to Acacia Road are with the agent.")
    reading = replace(make_reading(), segments=(body, attached))

    verdict = screen(reading, make_facts("father@mail.test", "court@justice.test"), policies)

    assert actions(verdict) == [Action.HOLD, Action.PASS]
    held = verdict.recipients[0]
    assert {ground.policy for ground in held.grounds} == {"p0", "p1"}
    assert "over two places" in held.grounds[0].findings[0].why


def test_who_has_the_address_has_its_postcode():
    """A policy that asks for postcodes alone must not miss the one inside an address that was found whole."""
    rule = make_policies("{content: {register: safe-addresses, fields: [postcode]}, recipients: {relation: adverse}}")
    reading = make_reading("she is at 12 Acacia Road, Ashford, TN24 8ZZ")

    assert actions(screen(reading, make_facts("father@mail.test"), rule)) == [Action.HOLD]


def test_the_old_home_he_knows_is_delivered_and_the_verdict_says_why():
    reading = make_reading("We met at 7 Old Mill Lane, Ashford, TN23 1ZZ.")
    verdict = screen(reading, make_facts("father@mail.test"), make_policies(SAFE))

    assert actions(verdict) == [Action.PASS]
    assert "known_to" in verdict.recipients[0].why


def test_a_locked_zip_stops_for_the_few():
    reading = make_reading("See attached.", problems=[("1", Reason.ENCRYPTED)])
    facts = make_facts("father@mail.test", "gran@mail.test", "court@justice.test", "clerk@council.test")
    verdict = screen(reading, facts, make_policies(SAFE))

    assert actions(verdict) == [Action.HOLD, Action.PASS, Action.PASS, Action.PASS]
    assert verdict.recipients[0].deciding[0].problems == reading.problems
    assert verdict.problems == reading.problems


def test_the_whole_register_is_searched_for_who_is_not_authorised():
    reading = make_reading("Call Bela Thistlewood on 07700 900456.")
    verdict = screen(reading, make_facts("clerk@council.test", "doctor@health.test"), make_policies(CASES))

    assert actions(verdict) == [Action.HOLD, Action.PASS]


def test_the_register_is_searched_only_as_far_as_the_policies_need(monkeypatch):
    asked = []

    def search(segments, register, *, scope, whole):
        asked.append((scope, whole))
        return people.Search((), is_complete=True)

    monkeypatch.setattr(people, "search", search)
    reading, none = make_reading("hello"), frozenset()

    screen(reading, make_facts("father@mail.test"), make_policies(SAFE))
    screen(reading, make_facts("court@justice.test"), make_policies(SAFE))
    screen(reading, make_facts("father@mail.test"), make_policies(WORDS))
    screen(reading, make_facts("gran@mail.test"), make_policies(CASES))

    assert asked == [
        (frozenset({"P-0001"}), none),
        (none, frozenset({"open-cases"})),
        (frozenset({"P-0002"}), none),
    ]


@pytest.mark.parametrize(
    "content",
    [
        "{register: safe-addresses, people: 2}",
        "{all: [{register: safe-addresses}, {register: open-cases}]}",
        "{register: safe-addresses, not: {register: open-cases}}",
    ],
)
def test_a_condition_on_somebody_else_needs_the_whole_register_too(monkeypatch, content):
    asked = []

    def search(segments, register, *, scope, whole):
        asked.append(whole)
        return people.Search((), is_complete=True)

    monkeypatch.setattr(people, "search", search)
    policies = make_policies(f"{{content: {content}, recipients: {{relation: adverse}}}}")
    screen(make_reading("hello"), make_facts("father@mail.test"), policies)

    assert any("safe-addresses" in whole for whole in asked)


def test_a_search_that_had_to_leave_something_out_counts_as_unread(monkeypatch):
    monkeypatch.setattr(people, "search", lambda *_, **__: people.Search((), is_complete=False))
    verdict = screen(make_reading("x"), make_facts("father@mail.test", "court@justice.test"), make_policies(SAFE))

    assert actions(verdict) == [Action.HOLD, Action.PASS]
    assert verdict.problems[0].reason is Reason.TOO_MANY


def test_nobody_gets_no_verdict():
    assert screen(make_reading("x"), make_facts(), make_policies(SAFE)).recipients == ()


def test_a_shadow_policy_is_a_ground_with_its_handling_and_takes_no_action():
    reading = make_reading("12 Acacia Road, Ashford TN24 8ZZ")
    verdict = screen(reading, make_facts("father@mail.test"), make_policies(SAFE, mode="shadow"))

    assert actions(verdict) == [Action.PASS]
    assert [(g.enforced, g.action) for g in verdict.recipients[0].grounds] == [(False, Action.HOLD)]
    assert [handling.policy for handling in verdict.handling] == ["p0"]


LETTER = """\
Mr Frank Farrier
3 Station Parade
Ashford
TN23 9ZZ

Dear Mr Farrier

{}
"""
FATHERS_HOME = Register.build(
    [from_record(ANNA | {"adverse": [ANNA["adverse"][0] | {"addresses": ["3 Station Parade, Ashford TN23 9ZZ"]}]})]
)


@pytest.mark.parametrize(
    ("to", "text", "action"),
    [
        ("print@council.test", "Anna lives at 12 Acacia Road, Ashford TN24 8ZZ.", Action.HOLD),
        ("print@council.test", "We write about your parking permit.", Action.PASS),
        ("clerk@council.test", "Anna lives at 12 Acacia Road, Ashford TN24 8ZZ.", Action.PASS),
    ],
)
def test_a_letter_for_the_print_room_is_judged_by_its_addressee(to, text, action):
    reading = make_reading("please print", LETTER.format(text))
    policies = make_policies(SAFE.replace("{relation: adverse}", "{any: [{relation: adverse}, {addressee: adverse}]}"))
    verdict = screening.screen(reading, ENVELOPE, make_facts(to), FATHERS_HOME, policies)

    assert actions(verdict) == [action]


# -- lists that could not be expanded ---------------------------------------------------------------------------------


def unexpanded(*addresses, **extra):
    return make_facts(*addresses, unexpanded={"team@council.test": "a map could not be read"}, **extra)


def test_a_list_that_could_not_be_expanded_is_held_whole():
    verdict = screen(make_reading("hello"), unexpanded("court@justice.test"), make_policies(SAFE))

    assert actions(verdict) == [Action.PASS, Action.HOLD]
    whole = verdict.recipients[1]
    assert whole.recipient == FinalRecipient("team@council.test", ("team@council.test",), Direction.INTERNAL)
    assert "list could not be expanded" in whole.why
    assert [ground.policy for ground in whole.deciding] == ["p0"]
    assert screening.demand(unexpanded(), REGISTER, make_policies(SAFE)) is not None


@pytest.mark.parametrize(
    ("policies", "text", "origin", "action"),
    [
        (make_policies(WORDS), "hello", Origin.AUTH, Action.PASS),
        (make_policies(WORDS), "clare's law", Origin.AUTH, Action.HOLD),
        (make_policies(SAFE, mode="shadow"), "hello", Origin.AUTH, Action.PASS),
        (make_policies(SAFE, rest=", then: {action: notify}"), "hello", Origin.AUTH, Action.PASS),
        (make_policies(SAFE), "hello", Origin.OUTSIDE, Action.PASS),
        (make_policies(SAFE.replace("{content", "{direction: any, content")), "hello", Origin.OUTSIDE, Action.HOLD),
    ],
    ids=["words absent", "words present", "shadow", "notify only", "from outside", "any direction"],
)
def test_an_unexpanded_list_is_held_only_if_an_enforced_hold_could_concern_it(policies, text, origin, action):
    assert actions(screen(make_reading(text), unexpanded(origin=origin), policies)) == [action]


def test_an_unexpanded_list_alone_holds_nobody_else():
    """The list is held because we cannot tell; that is no leak which the others' copies would be part of."""
    policies = make_policies(SAFE, rest=", then: {deliver_others: no}")

    assert actions(screen(make_reading("hello"), unexpanded("gran@mail.test"), policies)) == [Action.PASS, Action.HOLD]


def test_deliver_others_no_reaches_an_unexpanded_list():
    policies = make_policies(WORDS, rest=", then: {deliver_others: no}")
    reading = make_reading("clare's law")
    facts = replace(unexpanded("gran@mail.test"), unexpanded={"team@mail.test": "", "staff@council.test": ""})

    assert actions(screen(reading, facts, policies)) == [Action.HOLD] * 3


# -- properties ---------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        "12 Acacia Road, Ashford TN24 8ZZ",
        "12 Acacia Road",
        "TN24 8ZZ",
        "7 Old Mill Lane, Ashford",
        "Anna Quillfeather",
        "A. Quillfeather",
        "Bela Thistlewood",
        "07700 900456",
        "01632 960123",
        "clare's law",
        "hello",
    ]
)
CROWD = ["father@mail.test", "gran@mail.test", "court@justice.test", "doctor@health.test", "clerk@council.test",
         "anna@mail.test", "frank.farrier@new.test", "print@council.test"]  # fmt: skip
MANY = make_policies(
    SAFE,
    CASES,
    WORDS,
    "{content: {register: [safe-addresses, open-cases], strength: likely}, recipients: {scope: external}}",
    "{content: {register: open-cases, within: paragraph, phrases: words}, recipients: {relation: adverse}}",
    "{content: {register: safe-addresses, not: {phrases: words}}, recipients: {not: {relation: authorised}}}",
    "{content: {any: [{phrases: words}, {register: open-cases}]}, recipients: {relation: {is: adverse, of: anyone}}}",
)


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.lists(PIECES, max_size=3).map("; ".join), max_size=3),
    crowd=st.lists(st.sampled_from(CROWD), unique=True, min_size=1),
    problem=st.booleans(),
)
def test_adding_or_removing_a_recipient_never_changes_another_verdict(texts, crowd, problem):
    reading = make_reading(*texts, problems=[("4", Reason.ENCRYPTED)] if problem else [])
    together = screen(reading, make_facts(*crowd), MANY).recipients

    for address, verdict in zip(crowd, together, strict=True):
        alone = screen(reading, make_facts(address), MANY).recipients[0]
        assert (alone.action, {(g.policy, g.answer, g.action) for g in alone.grounds}) == (
            verdict.action,
            {(g.policy, g.answer, g.action) for g in verdict.grounds},
        )
        if screening.demand(make_facts(address), REGISTER, MANY) is None:
            assert not alone.grounds


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.lists(PIECES, max_size=3).map("; ".join), min_size=1, max_size=3), crowd=st.sampled_from(CROWD)
)
def test_a_part_that_cannot_be_read_never_makes_a_verdict_milder(texts, crowd):
    read, facts = make_reading(*texts), make_facts(crowd)
    unread = replace(read, problems=(Problem(PartPath(("4",)), Reason.ENCRYPTED),))
    # "not" turns yes into cannot tell, whose action is the author's choice: left out.
    policies = make_policies(SAFE, CASES, WORDS)

    assert screen(unread, facts, policies).action.rank >= screen(read, facts, policies).action.rank


# -- days ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("zone", "expected"), [("Europe/London", Action.HOLD), ("Atlantic/Azores", Action.PASS)])
def test_an_authority_ends_when_its_last_day_ends_where_the_organisation_is(zone, expected):
    """In summer the day in London ends an hour before the day in UTC."""
    until = {**BELA, "authorised": [{"email": "doctor@health.test", "to": "2025-07-01"}]}
    facts = replace(make_facts("doctor@health.test"), now=datetime(2025, 7, 1, 23, 30, tzinfo=UTC), zone=ZoneInfo(zone))

    verdict = screening.screen(
        make_reading("ring 07700 900456"), ENVELOPE, facts, Register.build([from_record(until)]), make_policies(CASES)
    )

    assert actions(verdict) == [expected]

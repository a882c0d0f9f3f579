# SPDX-License-Identifier: GPL-3.0-or-later
"""The worked verdicts: the evaluator's specification, asked through the public face with detectors made of tokens."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from email.utils import parseaddr
from pathlib import Path

import pytest
import yaml

from safehold import policy, screening
from safehold.detect import addressee, people
from safehold.model import (
    Answer,
    Direction,
    Envelope,
    Facts,
    FinalRecipient,
    Finding,
    Mark,
    Origin,
    Part,
    PartPath,
    Place,
    PlaceKind,
    Problem,
    Reading,
    Reason,
    Segment,
    Strength,
    Visibility,
)
from safehold.policy import reasons
from safehold.policy.clauses import Join
from safehold.policy.shortlist import Shortlist
from safehold.register.index import Register
from safehold.register.people import from_record


class _Text(yaml.SafeLoader):
    """Every scalar as text, as the policies are read."""


_Text.yaml_implicit_resolvers = {}

TABLE = yaml.load((Path(__file__).parent / "worked_verdicts.yaml").read_text("utf-8"), Loader=_Text)
TODAY = date(2025, 11, 3)
NOW = datetime(2025, 11, 3, 9, 0, tzinfo=UTC)
OWN = frozenset(TABLE["own"])
REGISTER = Register.build(from_record(record) for record in TABLE["people"])

_TOKEN = re.compile(r"([A-Z])\.([a-z_]+)(?:#(\d))?(?:\+([a-z_]+)(?:#(\d))?)?(~~|[!~?])")
_LETTER = re.compile(r"letter-to(-name)?: (\S+)")
_STRENGTH = {"!": Strength.CERTAIN, "~": Strength.LIKELY, "~~": Strength.LIKELY, "?": Strength.HINT}


def search(segments, register, *, scope, whole):
    """The contract of detect.people in tokens: the scope at any strength, whole registers when certain."""
    found = []
    for index, segment in enumerate(segments):
        for match in _TOKEN.finditer(segment.text):
            person_id, field, position, inner, inner_position, sign = match.groups()
            person = register.person(person_id)
            strength = _STRENGTH[sign]
            seen = person_id in scope or (person.register in whole and (strength is Strength.CERTAIN or sign == "~~"))
            if not seen:
                continue
            for name, at, span in ((field, position, match.span()), (inner, inner_position, match.span(4))):
                if name:
                    value = int(at) if at else [v.kind for v in person.values].index(name)
                    assert person.values[value].kind == name, f"the table is wrong: {person_id}#{value} is no {name}"
                    found.append(
                        Finding("register", person_id, name, value, index, segment.place, span, strength, "a token")
                    )
    return people.Search(tuple(found), is_complete=True)


def addressees(reading, register, *, today):
    return tuple(
        addressee.Addressee(segment.place.part, register.relations(match[2], today=today), bool(match[1]))
        for segment in reading.segments
        for match in _LETTER.finditer(segment.text)
    )


@pytest.fixture(autouse=True)
def _detectors_of_tokens(monkeypatch):
    monkeypatch.setattr(people, "search", search)
    monkeypatch.setattr(addressee, "addressees", addressees)


def make_reading(message, unread, types=None, marks=None):
    segments, parts = [], {PartPath(): Part(PartPath(), "message/rfc822", 0)}
    for where, text in message.items():
        place, visibility = _place(where)
        path = place.part
        parts[path] = _part(path)
        segments.append(Segment(place, text, visibility))
    problems = []
    for where, reason in (unread or {}).items():
        path = PartPath(tuple(where.split("/")))
        parts[path] = _part(path)
        problems.append(Problem(path, Reason(reason)))
    for where, kind in (types or {}).items():
        path = PartPath(tuple(where.split("/")))
        name, _, size = kind.partition(" ")
        parts[path] = replace(parts.get(path) or _part(path), media_type=name, size_bytes=int(size or 1))
    found = [Mark(Place(PartPath((where,)), PlaceKind.TEXT), kind) for where, kind in (marks or {}).items()]
    return Reading(tuple(parts.values()), tuple(segments), tuple(problems), tuple(found))


def _part(path):
    number = int(path.steps[0]) if path.steps and path.steps[0].isdigit() else 0
    return Part(path, "text/plain", 1, is_attachment=number > 0, attachment=number)


def _place(where):
    path, _, rest = where.partition(" ")
    if path in ("body", "quoted", "subject"):
        part = PartPath() if path == "subject" else PartPath(("text",))
        return Place(part, PlaceKind(path)), Visibility.VISIBLE
    kind, _, number = rest.partition(" ")
    part = PartPath(tuple(path.split("/")))
    if kind == "hidden":
        return Place(part, PlaceKind.TEXT), Visibility.HIDDEN
    return Place(part, PlaceKind(kind or "text"), int(number) if number else None), Visibility.VISIBLE


def make_facts(addresses, origin=Origin.AUTH, **extra):
    return Facts(
        now=NOW,
        origin=origin,
        recipients=tuple(make_recipient(address, origin) for address in addresses),
        own_domains=OWN,
        **extra,
    )


def make_recipient(text, origin=Origin.AUTH):
    name, address = parseaddr(text)
    ours = address.rpartition("@")[2] in OWN
    if origin is Origin.OUTSIDE:
        direction = Direction.INBOUND if ours else Direction.TRANSIT
    else:
        direction = Direction.INTERNAL if ours else Direction.OUTBOUND
    return FinalRecipient(address, (address,), direction, name)


def make_policies(case):
    keys = ("when", "then", "if_uninspectable", "mode", "severity", "unless", "repeat")
    one = {"id": "p"} | {key: case[key] for key in keys if key in case}
    common = {"title": "t", "why": "w", "owner": "o", "mode": "enforce"}
    root = {
        "version": "1",
        "lists": TABLE["lists"],
        "kinds": TABLE["kinds"],
        "roles": TABLE["roles"],
        "document_types": TABLE["document_types"],
        "policies": [common | entry for entry in case.get("policies", [one])],
    }
    return policy.load({"p.yaml": yaml.safe_dump(root).encode()}, today=TODAY)


def judge(case, addresses=None):
    addresses = list(case["to"]) if addresses is None else addresses
    facts = make_facts(addresses, Origin(case.get("origin", "auth")), **known(case))
    reading = make_reading(case["message"], case.get("unread"), case.get("types"), case.get("marks"))
    verdict = screening.screen(reading, Envelope("sw@own.test", ()), facts, REGISTER, make_policies(case))
    return dict(zip(addresses, verdict.recipients, strict=True))


def known(case):
    """Return what the gate knows besides addresses, as the table says it."""
    return {
        "senders": tuple(case.get("sent by", ["sw@own.test"])),
        "proven": tuple(case.get("proven", case.get("sent by", ["sw@own.test"]))),
        "visible": tuple(case.get("visible", [])),
        "last_contact": {who: date.fromisoformat(day) for who, day in case.get("last contact", {}).items()},
        "counts": {("p", "" if who == "sender" else who): int(n) for who, n in case.get("matched before", {}).items()},
    }


@pytest.mark.parametrize("case", TABLE["verdicts"], ids=lambda case: case["says"])
def test_worked_verdict(case):
    verdicts = judge(case)

    for address, expected in case["to"].items():
        action, words = (expected, "") if isinstance(expected, str) else expected
        assert verdicts[address].action == action
        assert words in verdicts[address].why
    for address, ids in case.get("grounds", {}).items():
        assert sorted({ground.policy for ground in verdicts[address].grounds}) == ids


@pytest.mark.parametrize("case", TABLE["verdicts"], ids=lambda case: case["says"])
def test_each_recipient_alone_gets_what_he_gets_among_others(case):
    """Rule 4: adding or removing one recipient never changes another's verdict, but for deliver_others."""
    if "deliver_others" in str(case):
        pytest.skip("deliver_others is the exception")
    crowd = [*case["to"], "father@mail.test", "Greta Gorse <g1@new.test>", "old@mail.test", "clerk@own.test"]
    together = judge(case, list(dict.fromkeys(crowd)))

    for address in case["to"]:
        assert judge(case, [address])[address] == together[address]


@pytest.mark.parametrize("case", TABLE["verdicts"], ids=lambda case: case["says"])
def test_what_need_not_be_read_has_no_ground(case):
    """`demand` may say None only where no message at all could have a ground."""
    policies = make_policies(case)
    for address in case["to"]:
        facts = make_facts([address], Origin(case.get("origin", "auth")), **known(case))
        if screening.demand(facts, REGISTER, policies) is None:
            assert not judge(case, [address])[address].grounds


@pytest.mark.parametrize("case", TABLE["verdicts"], ids=lambda case: case["says"])
def test_reasons_are_words_without_values_addresses_or_file_names(case):
    for address, verdict in judge(case).items():
        for why in (verdict.why, *(ground.why for ground in verdict.grounds)):
            assert parseaddr(address)[1] not in why
            assert "report.docx" not in why
            assert "!" not in why


def test_the_order_of_policies_and_recipients_never_matters():
    cases = [case for case in TABLE["verdicts"] if "policies" in case]
    assert cases
    for case in cases:
        turned = case | {"policies": case["policies"][::-1]}
        assert judge(case) == judge(turned, list(reversed(case["to"]))), case["says"]


@pytest.mark.parametrize("case", TABLE["verdicts"], ids=lambda case: case["says"])
def test_what_is_not_on_the_shortlist_could_only_have_said_no(case, monkeypatch):
    """Asking every branch of every policy takes longer, and comes to the same."""
    shortlisted = judge(case)

    monkeypatch.setattr(Shortlist, "of", lambda self, asked, people: (1 << len(self.branches)) - 1)
    monkeypatch.setattr(Shortlist, "holding", lambda self, registers, terms, unread: (1 << len(self.branches)) - 1)

    assert judge(case) == shortlisted


# -- accounts: what `explain` tells -----------------------------------------------------------------------------------


def account_of(case):
    """Return the verdicts and the accounts of a case, by recipient, then policy."""
    addresses = list(case["to"])
    facts = make_facts(addresses, Origin(case.get("origin", "auth")), **known(case))
    reading = make_reading(case["message"], case.get("unread"), case.get("types"), case.get("marks"))
    found = screening.accounts(reading, facts, REGISTER, make_policies(case))
    return {
        address: (verdict, {account.policy.id: account for account in own})
        for (address, verdict), own in zip(judge(case).items(), found, strict=True)
    }


def all_of(condition):
    yield condition
    for item in condition.items:
        yield from all_of(item)


@pytest.mark.parametrize("case", TABLE["verdicts"], ids=lambda case: case["says"])
def test_an_account_says_what_the_verdict_says(case):
    for verdict, accounts in account_of(case).values():
        own = {ground.policy: ground for ground in verdict.grounds if ground.why != reasons.HELD_OTHERS}
        fired = {name: account.ground for name, account in accounts.items() if account.ground is not None}
        assert fired == own


@pytest.mark.parametrize("case", TABLE["verdicts"], ids=lambda case: case["says"])
def test_the_conditions_add_up_to_what_the_judge_says_or_tell_why_not(case):
    """Whatever is a yes has what it needs below it; whatever is less than the sum of its parts says why."""
    for _, accounts in account_of(case).values():
        for account in accounts.values():
            for condition in all_of(account.when):
                below = [item.answer for item in condition.items]
                if condition.join is Join.ALL and condition.answer is Answer.YES:
                    assert set(below) <= {Answer.YES}
                if condition.join is Join.ANY and condition.answer is Answer.YES:
                    assert Answer.YES in below
                if condition.join is Join.ALL and condition.answer is Answer.NO:
                    assert Answer.NO in below or condition.why


@pytest.mark.parametrize("case", TABLE["verdicts"], ids=lambda case: case["says"])
def test_a_part_that_is_the_whole_is_answered_as_the_judge_answers(case):
    """Parts are asked another way than the whole is; with all conditions one level further in, they are the whole."""
    if "when" not in case or case.get("mode") == "off":
        pytest.skip("several policies, or none")
    inner = {key: value for key, value in case["when"].items() if key not in ("direction", "ocr")}
    outer = {key: value for key, value in case["when"].items() if key in ("direction", "ocr")}
    nested = {key: value for key, value in case.items() if key not in ("unless", "repeat")}
    for _, accounts in account_of(nested | {"when": outer | {"all": [inner]}}).values():
        when = accounts["p"].when
        assert accounts["p"].policy.branches == make_policies(case).policy("p").branches
        if not any(item.words.startswith("direction") and item.answer is Answer.NO for item in when.items):
            assert when.items[-1].answer is when.answer


@pytest.mark.parametrize("case", TABLE["verdicts"], ids=lambda case: case["says"])
def test_a_policy_that_did_not_fire_tells_what_it_lacked(case):
    for _, accounts in account_of(case).values():
        for account in accounts.values():
            if account.ground is None:
                assert account.lacking or account.why_not
                assert all(each.why or each.missed or each.findings for each in account.lacking)


@pytest.mark.parametrize("case", TABLE["verdicts"], ids=lambda case: case["says"])
def test_accounts_are_words_without_values_addresses_or_file_names(case):
    for address, (_, accounts) in account_of(case).items():
        for account in accounts.values():
            for condition in all_of(account.when):
                assert parseaddr(address)[1] not in condition.why
                assert "report.docx" not in condition.why
                assert "!" not in condition.why

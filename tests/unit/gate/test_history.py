# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory of a gate, over a real store: who is no stranger any more, and whose third time this is."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from itertools import count

import pytest

from safehold import policy, vault
from safehold.gate import Gate, Rules
from safehold.gate.facts import NoMaps, Site, gather
from safehold.gate.history import History, asked
from safehold.model import Demand, Envelope, Message, Part, PartPath, Place, PlaceKind, Reading, Recipient, Segment
from safehold.model import ReplyKind as Kind
from safehold.quarantine import Quarantine
from safehold.register.index import Register
from safehold.store import Store
from safehold.store.memory import Memory, Question

NOW = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
SITE = Site(frozenset({"council.test"}), (ip_network("127.0.0.0/8"),))
HEAD = "version: 1\nlists: {codewords: {kind: phrase, items: [quiet heron]}}\npolicies:\n"
POLICY = """\
- id: %(id)s
  title: t
  why: w
  owner: o
  mode: %(mode)s
  when: {content: {phrases: codewords}, recipients: %(recipients)s}
  %(more)s
"""
ANYTHING = Demand()


def rule(name="p", *, mode="enforce", recipients="{scope: external}", more=""):
    return POLICY % {"id": name, "mode": mode, "recipients": recipients, "more": more}


def repeat(per="sender", at_least=3, raise_to=""):
    raised = f", raise_to: {raise_to}" if raise_to else ""
    return f"repeat: {{per: {per}, at_least: {at_least}, in: 30 days{raised}}}"


class Reader:
    """Reads a message as its one body."""

    def read(self, content, *, document_name=None, demand=ANYTHING, tick=None):
        body = PartPath(("1",))
        text = content.decode().partition("\r\n\r\n")[2]
        return Reading((Part(body, "text/plain", 9),), (Segment(Place(body, PlaceKind.BODY), text),))


class House:
    """A gate with a memory: ``send(to, ...)`` gives the kind of reply."""

    def __init__(self, folder, *rules):
        vault.create_keys(folder / "keys")
        need = frozenset({"sealing", "recovery", "store"})
        self.keys = vault.KeyRing.load(folder / "keys", need=need)
        self.store = Store.open(folder / "store.db", create=True)
        self.memory = Memory(self.store, self.keys.store)
        self.quarantine = Quarantine(self.store, self.keys)
        self.now = NOW
        self.numbers = count(1)
        self.live(*rules)

    def live(self, *rules):
        content = (HEAD + "".join(rules)).encode()
        self.rules = Rules(policy.load({"p.yaml": content}, today=NOW.date()), Register.build(()))
        self.gate = Gate(
            rules=lambda: self.rules,
            reader=Reader(),
            quarantine=self.quarantine,
            site=SITE,
            expander=NoMaps(),
            history=History(self.memory),
            now=lambda: self.now,
        )

    def send(self, *to, sender="sw@council.test", login="", text="the quiet heron", outside=False, number=None):
        named = Envelope(sender, tuple(map(Recipient, to or ("b@other.test",))))
        content = f"Message-ID: <{number or next(self.numbers)}@council.test>\r\n\r\n{text}\r\n".encode()
        macros = {"i": "4bXyZ1abc", "{client_addr}": "203.0.113.7" if outside else "127.0.0.1"}
        return self.gate.judge(Message(named, content, self.now, macros | ({"{auth_authen}": login} if login else {})))

    def kinds(self, times, **more):
        return [self.send(**more).kind for _ in range(times)]

    def holds(self):
        return self.quarantine.list()

    def recalled(self):
        """Return the facts of one more mail, as whoever explains it would have them."""
        named = Envelope("sw@council.test", (Recipient("b@other.test"),))
        facts = gather(Message(named, b"\r\n\r\n", self.now), SITE, NoMaps(), self.now)
        return History(self.memory).recall(facts, self.rules.policies)


@pytest.fixture
def house(tmp_path):
    made = []

    def make(*rules):
        made.append(House(tmp_path, *rules))
        return made[0]

    yield make
    for each in made:
        each.store.close()


# -- first contact ----------------------------------------------------------------------------------------------------

FIRST = rule(recipients="{first_contact: 90 days}")


def test_nobody_is_a_stranger_once_he_was_written_to(house):
    here = house(FIRST)

    assert here.send().kind is Kind.DISCARD
    assert here.send(text="nothing of note").kind is Kind.ACCEPT
    assert here.send().kind is Kind.ACCEPT


def test_a_mail_that_is_held_makes_nobody_known(house):
    here = house(FIRST)

    assert here.kinds(2) == [Kind.DISCARD] * 2


def test_whoever_gets_his_copy_is_known_and_whoever_is_held_is_not(house):
    here = house(rule(recipients="{first_contact: 90 days, address: b@other.test}"))
    here.send("b@other.test", "c@other.test")

    assert set(here.memory.last_contact(["b@other.test", "c@other.test"])) == {"c@other.test"}


def test_a_contact_is_one_for_as_long_as_the_policy_says(house):
    here = house(FIRST)
    here.send(text="nothing of note")
    here.now = NOW + timedelta(days=90)
    within = here.send(number="a").kind
    here.now = NOW + timedelta(days=181)

    assert (within, here.send(number="b").kind) == (Kind.ACCEPT, Kind.DISCARD)


def test_who_wrote_to_us_from_outside_is_known_and_whom_he_wrote_to_is_not(house):
    here = house(FIRST)
    here.send("sw@council.test", sender="b@other.test", text="hello", outside=True)

    assert set(here.memory.last_contact(["b@other.test", "sw@council.test"])) == {"b@other.test"}
    assert here.send().kind is Kind.ACCEPT


def test_a_sender_from_outside_is_a_stranger_until_his_mail_was_accepted(house):
    held = (
        "- {id: p, title: t, why: w, owner: o, mode: enforce, when: {direction: inbound,"
        " sender: {first_contact: 90 days}, content: {phrases: codewords}}}\n"
    )
    here = house(held)
    outside = {"sender": "b@other.test", "outside": True}

    first = here.send("sw@council.test", **outside)
    here.send("sw@council.test", text="hello", **outside)

    assert (first.kind, here.send("sw@council.test", **outside).kind) == (Kind.DISCARD, Kind.ACCEPT)


def test_contacts_are_learnt_whether_or_not_a_policy_asks_for_them(house):
    """On the day it is switched on a policy must not take all the world for strangers."""
    here = house(rule(mode="off"))
    here.send()

    assert here.memory.last_contact(["b@other.test"]) == {"b@other.test": NOW.date()}


# -- repeat -----------------------------------------------------------------------------------------------------------


def test_the_third_mail_of_a_sender_is_held_and_two_are_only_recorded(house):
    here = house(rule(more=repeat()))

    assert here.kinds(4) == [Kind.ACCEPT, Kind.ACCEPT, Kind.DISCARD, Kind.DISCARD]


def test_each_sender_has_a_count_of_his_own(house):
    here = house(rule(more=repeat()))
    here.kinds(2)

    assert here.send(sender="other@council.test").kind is Kind.ACCEPT
    assert here.send().kind is Kind.DISCARD


def test_who_signed_in_is_counted_whatever_sender_he_writes(house):
    here = house(rule(more=repeat()))
    for name in ("one", "two"):
        here.send(sender=f"{name}@council.test", login="sw")

    assert here.send(sender="three@council.test", login="SW").kind is Kind.DISCARD
    assert here.send(sender="one@council.test").kind is Kind.ACCEPT


def test_one_mail_to_many_is_one_match_of_its_sender(house):
    here = house(rule(more=repeat()))
    here.send("b@other.test", "c@other.test", "d@other.test")

    assert here.kinds(2) == [Kind.ACCEPT, Kind.DISCARD]


def test_each_recipient_has_a_count_of_his_own_where_recipients_are_counted(house):
    here = house(rule(more=repeat("recipient", 2)))
    here.send("b@other.test")

    reply = here.send("B@other.test", "c@other.test")

    assert [each.address for each in reply.remove] == ["B@other.test"]


def test_matches_of_long_ago_do_not_count(house):
    here = house(rule(more=repeat()))
    here.kinds(2)
    here.now = NOW + timedelta(days=31)

    assert here.send().kind is Kind.ACCEPT


def test_a_retry_of_what_is_held_counts_once(house):
    here = house(rule(more=repeat(raise_to="critical")))
    for _ in range(3):
        here.send(number="the same")

    assert {held.severity for held in here.holds()} == {"medium"}
    here.kinds(2)
    assert sorted(held.severity for held in here.holds()) == ["critical", "medium", "medium"]


def test_a_second_recipient_of_a_held_mail_is_counted_and_the_first_not_again(house):
    here = house(rule(more=repeat("recipient", 3, "critical")))
    here.send("b@other.test", number="x")
    here.send("b@other.test", "c@other.test", number="x")
    here.send("b@other.test", number="y")

    here.send("c@other.test", number="z")
    assert {held.severity for held in here.holds()} == {"medium"}
    here.send("b@other.test", number="z")
    assert "critical" in {held.severity for held in here.holds()}


def test_what_was_only_recorded_in_shadow_does_not_count_once_it_is_enforced(house):
    """Nobody was told of those, and a first mail must not be held as a third."""
    here = house(rule(mode="shadow", more=repeat()))
    here.kinds(5)
    here.live(rule(more=repeat()))

    assert here.kinds(3) == [Kind.ACCEPT, Kind.ACCEPT, Kind.DISCARD]


def test_shadow_counts_its_own(house):
    here = house(rule(mode="shadow", more=repeat()))
    here.kinds(2)
    here.memory.flush()
    here.send()

    assert here.recalled().counts == {("p", ""): 3}


def test_a_mail_with_held_and_noticed_copies_is_one_match(house):
    here = house(
        rule("held", recipients="{address: b@other.test}"),
        rule("p", recipients="{address: c@other.test}", more=repeat()),
    )
    here.send("b@other.test", "c@other.test")
    here.send("b@other.test", "c@other.test")

    assert here.send("c@other.test").kind is Kind.DISCARD
    assert len(here.holds()) == 3


def test_a_copy_held_only_for_anothers_sake_is_no_match_of_its_own(house):
    here = house(
        rule(
            recipients="{address: [b@other.test, c@other.test]}",
            more=repeat("recipient", 2, "critical") + "\n  then: {deliver_others: no}",
        )
    )
    here.send("b@other.test", "d@other.test")

    who = here.memory.person("d@other.test"), here.memory.person("b@other.test")
    (found,) = here.memory.counts([Question("p", True, NOW - timedelta(days=1), who)])
    assert found == {here.memory.person("b@other.test"): 1}


def test_rejected_mail_counts_too(house):
    here = house(rule(more=repeat() + "\n  then: {action: reject}"))

    assert here.kinds(4) == [Kind.ACCEPT, Kind.ACCEPT, Kind.REJECT, Kind.REJECT]


def test_matches_of_holds_are_as_durable_as_the_hold(house):
    here = house(rule(more=repeat(raise_to="critical")))
    here.kinds(2)
    here.memory = Memory(here.store, here.keys.store)  # a crash: what was only in memory is gone
    here.live(rule(more=repeat(raise_to="critical")))
    here.send()

    assert "critical" in {held.severity for held in here.holds()}


def test_while_the_store_is_away_mail_without_a_match_goes_and_every_match_is_one_too_many(house):
    here = house(rule(more=repeat()))
    here.store.path.rename(here.store.path.with_suffix(".away"))
    plain, first_match = here.send(text="nothing of note").kind, here.send().kind
    here.store.path.with_suffix(".away").rename(here.store.path)

    assert (plain, first_match) == (Kind.ACCEPT, Kind.TEMPFAIL)


def test_while_the_store_is_away_everybody_is_a_stranger(house):
    here = house(FIRST)
    here.send(text="nothing of note")
    here.memory.keep()
    here.store.path.rename(here.store.path.with_suffix(".away"))
    known = here.send().kind
    here.store.path.with_suffix(".away").rename(here.store.path)

    assert known is Kind.TEMPFAIL
    assert here.send().kind is Kind.ACCEPT


def test_the_store_is_asked_for_earlier_matches_of_mail_that_matches_only(house, monkeypatch):
    here = house(rule(more=repeat()))
    asked_for = []
    counts = Memory.counts
    monkeypatch.setattr(Memory, "counts", lambda memory, asked: asked_for.append(asked) or counts(memory, asked))

    here.send(text="nothing of note")
    assert asked_for == []

    here.send()
    assert len(asked_for) == 1


# -- raise_to ---------------------------------------------------------------------------------------------------------


def test_a_raised_severity_is_that_of_hold_task_and_words(house):
    here = house(
        "- {id: a-high, title: t, why: w, owner: o, mode: enforce, severity: high, notice_title: the high one,"
        " when: {content: {phrases: codewords}, recipients: {scope: external}}}\n",
        rule("b-low", more=repeat(at_least=2, raise_to="critical") + "\n  notice_title: the low one"),
    )
    here.kinds(2)

    assert [(h.severity, h.notice_title) for h in sorted(here.holds(), key=lambda h: h.severity, reverse=True)] == [
        ("high", "the high one"),
        ("critical", "the low one"),
    ]


def test_a_policy_is_never_lowered_by_raise_to(house):
    here = house(rule(more=repeat(at_least=2, raise_to="low")))
    here.kinds(2)

    assert {held.severity for held in here.holds()} == {"medium"}


# -- what is asked ----------------------------------------------------------------------------------------------------


def test_only_what_policies_in_force_ask_is_looked_up(house):
    here = house(FIRST, rule("sleeps", mode="off", more=repeat()))

    found = asked(here.rules.policies)

    assert (found.recipients, found.sender, found.repeats, found.days) == (True, False, (), 90)


def test_an_exception_asks_as_well(house):
    said = "id: e, reason: r, approved_by: a, expires: 2027-01-01"
    excuse = f"unless: [{{{said}, recipients: {{not: {{first_contact: 120 days}}}}}}]"
    here = house(rule(more=excuse))

    assert (asked(here.rules.policies).recipients, asked(here.rules.policies).days) == (True, 120)


def test_recalling_writes_nothing(house):
    here = house(FIRST, rule("q", more=repeat()))
    here.send()
    here.memory.flush()
    with here.store.read() as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM matches").scalar()
    for _ in range(3):
        here.recalled()
    here.memory.flush()

    with here.store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM matches").scalar() == before

# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds made while the maps could not be read: whom a name reaches is asked again when somebody lets it go."""

import pytest

from safehold.errors import IllegalMoveError, KeyUnavailableError, MapUnreadableError, NotAllowedError
from safehold.model import Handling, HoldState
from safehold.postfix import UNREAD, Expansion, Whole
from safehold.quarantine import Names, NoWayOutError, Outlets, Quarantine, content_digest, names
from safehold.store import holds

SENDER = "a@riverbank.example"
B, C = "b@example.org", "c@example.org"
TEAM = "team@riverbank.example"
AGAIN = "when they can be read"


@pytest.fixture
def maps():
    """What the maps say now, by address; an exception is raised.  An address that is not in it is a mailbox."""
    return {}


@pytest.fixture
def asked():
    """The addresses that the maps were asked about."""
    return []


@pytest.fixture
def outlets():
    """What the site has; a test may ask for another by parametrising it."""
    return Outlets()


@pytest.fixture
def quarantine(store, milter_keys, keys, maps, asked, outlets):
    def expand_all(addresses):
        addresses = tuple(addresses)
        asked.extend(addresses)
        if isinstance(maps.get("*"), Exception):
            raise maps["*"]
        return {each: maps.get(each, Expansion((each,))) for each in addresses}

    return Quarantine(store, milter_keys, outlets=outlets, names=Names(expand_all, lambda: keys.opening))


@pytest.fixture
def leaving(quarantine, keys, now):
    """What a release will send: ``leaving(hold)`` -> (final addresses, lists)."""

    def look(hold):
        rows = quarantine.claim(now, 10, 900)
        (row,) = [row for row in rows if row.kind == "release"]
        copies = quarantine.to_release(row, quarantine.open(hold, keys.opening))
        return [each.address for each in copies.final], [each.address for each in copies.lists]

    return look


def audited(quarantine, hold, kind):
    return [entry.facts for entry in quarantine.history(hold) if entry.kind == kind]


def test_what_could_not_be_looked_up_is_not_called_a_list(arrive, quarantine):
    hold = arrive(hold=[B], lists=[TEAM], unread=[C]).hold_id

    (facts,) = audited(quarantine, hold, "held")

    assert (facts["held"], facts["lists"], facts["unread"]) == (3, 1, 1)


@pytest.mark.parametrize("deed", ["approve", "release"])
@pytest.mark.parametrize("outlets", [Outlets(), Outlets(lists=True)], ids=["no listener for lists", "one"])
def test_a_name_that_is_a_mailbox_leaves_as_it_was_approved(arrive, quarantine, leaving, now, deed, outlets):
    """By the listener that maps nothing: so it reaches this address, whatever the maps say by then."""
    hold = arrive(hold=[B], unread=[C]).hold_id

    held = getattr(quarantine, deed)(hold, actor="rita", reason="", now=now)

    assert held.state is HoldState.RELEASING
    assert leaving(hold) == ([B, C], [])
    assert audited(quarantine, hold, "names looked up") == [{"mailboxes": 1, "lists": 0}]


def test_what_is_announced_to_the_guard_is_the_address_that_was_held(arrive, quarantine, keys, now):
    hold = arrive(hold=[], unread=[C]).hold_id
    quarantine.release(hold, actor="rita", reason="", now=now)
    (row,) = [row for row in quarantine.claim(now, 10, 900) if row.kind == "release"]
    digest = content_digest(quarantine.open(hold, keys.opening).content)

    with pytest.raises(NotAllowedError):
        quarantine.expect(row, SENDER, [B], digest, now)
    quarantine.expect(row, SENDER, [C], digest, now)

    assert quarantine.departing(SENDER, [C], digest, now)
    assert not quarantine.departing(SENDER, [B], digest, now)


MEMBERS = [
    pytest.param(Expansion((B, C)), id="several"),
    pytest.param(Expansion((B,)), id="one other"),
    pytest.param(Expansion((TEAM, C)), id="itself and another"),
    pytest.param(Expansion((TEAM.upper(),)), id="another spelling"),
    pytest.param(Expansion(()), id="nobody"),
    *(pytest.param(Expansion((), why), id=why) for why in Whole),
]


@pytest.mark.parametrize("now_says", MEMBERS)
def test_a_name_that_leads_to_others_is_a_list_whose_members_nobody_has_judged(
    arrive, quarantine, counted, now, maps, now_says
):
    hold = arrive(hold=[B], unread=[TEAM]).hold_id
    before, trail = quarantine.get(hold), counted()
    maps[TEAM] = now_says

    with pytest.raises(NoWayOutError, match=r"release\.lists") as refused:
        quarantine.release(hold, actor="rita", reason="", now=now)

    assert AGAIN not in str(refused.value)
    assert quarantine.get(hold) == before
    assert counted() == trail


@pytest.mark.parametrize("outlets", [Outlets(lists=True)])
@pytest.mark.parametrize("now_says", MEMBERS)
def test_with_a_listener_for_lists_it_leaves_by_that_under_its_name(
    arrive, quarantine, leaving, now, maps, now_says, outlets
):
    hold = arrive(hold=[B], unread=[TEAM, C]).hold_id
    maps[TEAM] = now_says

    quarantine.release(hold, actor="rita", reason="", now=now)

    assert leaving(hold) == ([B, C], [TEAM])
    assert audited(quarantine, hold, "names looked up") == [{"mailboxes": 1, "lists": 1}]


UNREADABLE = [
    pytest.param({TEAM: Expansion((), UNREAD)}, id="one map"),
    pytest.param({"*": MapUnreadableError("postconf does not answer")}, id="all settings"),
]


@pytest.mark.parametrize("unreadable", UNREADABLE)
def test_while_the_maps_are_unreadable_the_hold_waits_and_says_what_for(
    arrive, quarantine, leaving, counted, now, maps, unreadable
):
    hold = arrive(hold=[B], unread=[TEAM]).hold_id
    before, trail = quarantine.get(hold), counted()
    maps.update(unreadable)

    with pytest.raises(NoWayOutError, match=AGAIN):
        quarantine.release(hold, actor="rita", reason="", now=now)

    assert quarantine.get(hold) == before
    assert counted() == trail
    maps.clear()
    quarantine.release(hold, actor="rita", reason="", now=now)
    assert leaving(hold) == ([B, TEAM], [])


@pytest.mark.parametrize("outlets", [Outlets(lists=True)])
@pytest.mark.parametrize("unreadable", UNREADABLE)
def test_unreadable_maps_and_a_listener_for_lists_leave_it_to_postfix(
    arrive, quarantine, leaving, now, maps, unreadable, outlets
):
    hold = arrive(hold=[B], unread=[TEAM]).hold_id
    maps.update(unreadable)

    quarantine.release(hold, actor="rita", reason="", now=now)

    assert leaving(hold) == ([B], [TEAM])


def test_what_the_maps_called_a_list_stays_one(arrive, quarantine, now, asked):
    """They need not be asked again: too many members then may be a mailbox of that name now, and nobody approved it."""
    hold = arrive(hold=[B], lists=[TEAM]).hold_id

    with pytest.raises(NoWayOutError):
        quarantine.release(hold, actor="rita", reason="", now=now)

    assert asked == []


def test_of_two_yeses_the_last_one_counts(arrive, quarantine, leaving, now, maps, asked):
    """The first is told what it is worth; whom the mail reaches is settled when it goes."""
    hold = arrive(hold=[], unread=[TEAM, C], handling=[Handling("safe", approvals=2)]).hold_id
    quarantine.approve(hold, actor="rita", reason="", now=now)
    maps[TEAM] = Expansion((B, C))

    with pytest.raises(NoWayOutError):
        quarantine.approve(hold, actor="sam", reason="", now=now)

    assert quarantine.get(hold).state is HoldState.PROPOSED
    maps.clear()
    quarantine.approve(hold, actor="sam", reason="", now=now)
    assert leaving(hold) == ([TEAM, C], [])


def test_plain_holds_ask_no_maps(arrive, quarantine, now, asked):
    quarantine.release(arrive(hold=[B, C]).hold_id, actor="rita", reason="", now=now)

    assert asked == []


def test_a_decided_hold_asks_no_maps(arrive, quarantine, now, asked):
    hold = arrive(hold=[B], unread=[TEAM]).hold_id
    quarantine.refuse(hold, actor="rita", reason="", now=now)

    with pytest.raises(IllegalMoveError, match="refused"):
        quarantine.release(hold, actor="rita", reason="", now=now)

    assert asked == []


def test_a_failed_release_that_comes_back_is_not_asked_about_again(arrive, quarantine, leaving, now, asked):
    """It was approved as an address, and as that it failed."""
    hold = arrive(hold=[], unread=[C]).hold_id
    quarantine.release(hold, actor="rita", reason="", now=now)
    (row,) = [row for row in quarantine.claim(now, 10, 900) if row.kind == "release"]
    quarantine.dead(row, "RCPT 550 5.1.1", now=now)

    quarantine.release(hold, actor="rita", reason="", now=now)

    assert asked == [C]
    assert leaving(hold) == ([C], [])


def test_a_process_that_cannot_ask_lets_nothing_of_the_kind_go(arrive, store, milter_keys, now):
    hold = arrive(hold=[B], unread=[C]).hold_id

    with pytest.raises(NoWayOutError, match=AGAIN):
        Quarantine(store, milter_keys).release(hold, actor="rita", reason="", now=now)


def test_without_the_opening_key_nothing_is_decided(arrive, store, milter_keys, now):
    """The name stands in the sealed envelope and nowhere else."""
    hold = arrive(hold=[B], unread=[C]).hold_id
    keyless = Quarantine(store, milter_keys, names=Names(lambda _: {}, lambda: milter_keys.opening))

    with pytest.raises(KeyUnavailableError):
        keyless.release(hold, actor="rita", reason="", now=now)

    assert keyless.get(hold).state is HoldState.HELD


@pytest.mark.parametrize("deed", ["approve", "release"])
@pytest.mark.parametrize("outlets", [Outlets(lists=True)])
def test_who_waited_for_the_maps_decides_on_nothing_that_left_meanwhile(
    arrive, quarantine, leaving, store, milter_keys, keys, now, deed, outlets
):
    """Else the copy that left counts as held once more, and is sent a second time."""
    hold = arrive(hold=[B], lists=[TEAM], unread=[C]).hold_id

    def slow(addresses):
        quarantine.release(hold, actor="rita", reason="", now=now)
        (row,) = [row for row in quarantine.claim(now, 10, 900) if row.kind == "release"]
        quarantine.left(row, lists=False, now=now)
        quarantine.dead(row, "RCPT 550 5.1.1", now=now)
        return {each: Expansion((each,)) for each in addresses}

    late = Quarantine(store, milter_keys, outlets=outlets, names=Names(slow, lambda: keys.opening))
    with pytest.raises(IllegalMoveError, match="changed meanwhile; it is held now"):
        getattr(late, deed)(hold, actor="sam", reason="", now=now)

    quarantine.release(hold, actor="sam", reason="", now=now)
    assert leaving(hold) == ([], [TEAM])


@pytest.mark.parametrize("outlets", [Outlets(lists=True)])
def test_what_was_found_of_a_name_changes_no_copy_that_was_settled_before(arrive, quarantine, store, now, outlets):
    hold = arrive(hold=[B], lists=[TEAM], unread=[C]).hold_id

    with store.write() as connection:
        names.settle(connection, hold, names.Found(mailboxes=frozenset({2}), lists=frozenset({1, 3})))
        assert holds.states(connection, hold) == (holds.HELD, holds.LIST, holds.LIST)

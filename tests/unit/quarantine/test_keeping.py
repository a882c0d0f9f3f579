# SPDX-License-Identifier: GPL-3.0-or-later
"""Deciding and leaving: only legal moves, each with its audit entry, and nothing leaves undecided."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold import vault
from safehold.errors import IllegalMoveError, KeyUnavailableError, NotAllowedError, SafeholdError
from safehold.model import Handling, HoldState
from safehold.quarantine import MOVES, OPEN, NotFoundError, Quarantine, content_digest
from safehold.store import audit

TWO = [Handling("safe", approvals=2, severity="critical")]
DIGEST = bytes(32)
BOTH = ("b@example.org", "c@example.org")


@pytest.fixture
def held(arrive):
    return arrive(hold=BOTH).hold_id


@pytest.fixture
def releasing(quarantine, held, now):
    quarantine.release(held, actor="rita", reason="checked", now=now)
    return held


@pytest.fixture
def claim_release(quarantine, releasing, now):
    def claim(at=now, lease_s=900):
        return next(row for row in quarantine.claim(at, 50, lease_s) if row.kind == "release")

    return claim


@pytest.fixture
def digest(quarantine, held, keys):
    return content_digest(quarantine.open(held, keys.opening).content)


SENDER = "a@riverbank.example"


# -- the table --------------------------------------------------------------------------------------------------


def test_what_was_released_stays_released():
    assert MOVES[HoldState.RELEASED] == frozenset()


def test_nothing_but_a_decision_leads_to_a_release():
    assert {state for state, to in MOVES.items() if HoldState.RELEASED in to} == {HoldState.RELEASING}
    assert {s for s, to in MOVES.items() if HoldState.RELEASING in to} == {HoldState.HELD, HoldState.PROPOSED}


def test_every_state_has_its_moves():
    assert set(MOVES) == set(HoldState)


# -- deciding ---------------------------------------------------------------------------------------------------


def test_one_yes_sends_an_ordinary_hold_to_the_courier(quarantine, held, counted, now):
    moved = quarantine.release(held, actor="rita", reason="rang the team", now=now)

    assert moved == quarantine.get(held)
    assert (moved.state, moved.decided_by, moved.version) == (HoldState.RELEASING, "rita", 2)
    assert counted().kinds == ["notice.held", "notice.task", "release"]
    assert counted().audit == ["held", "release decided"]


def test_two_different_people_must_say_yes_where_two_are_asked_for(arrive, quarantine, now):
    hold = arrive(handling=TWO).hold_id

    with pytest.raises(NotAllowedError, match="another person must approve"):
        quarantine.release(hold, actor="rita", reason="", now=now)
    assert quarantine.approve(hold, actor="rita", reason="", now=now).state is HoldState.PROPOSED
    for same in ("rita", " Rita ", "RITA"):
        with pytest.raises(NotAllowedError, match="another person's"):
            quarantine.approve(hold, actor=same, reason="", now=now)
        with pytest.raises(NotAllowedError, match="another person's"):
            quarantine.release(hold, actor=same, reason="", now=now)
    assert quarantine.get(hold).state is HoldState.PROPOSED

    moved = quarantine.release(hold, actor="sam", reason="", now=now)

    assert (moved.state, moved.approved_by) == (HoldState.RELEASING, ("rita", "sam"))


@pytest.mark.parametrize("deed", ["approve", "release", "refuse"])
@pytest.mark.parametrize("party", ["amy", "AMY", "a@riverbank.example", "c@example.org", "d@example.org"])
def test_nobody_decides_on_a_message_they_sent_or_get(arrive, quarantine, now, deed, party):
    hold = arrive(hold=BOTH, passes=["d@example.org"]).hold_id

    with pytest.raises(NotAllowedError, match="sent or would get"):
        getattr(quarantine, deed)(hold, actor=party, reason="", now=now)

    assert quarantine.get(hold).version == 1


def test_a_sender_may_cancel_his_own_hold(held, quarantine, counted, now):
    assert quarantine.cancel(held, actor="amy", reason="wrong file", now=now).state is HoldState.CANCELLED
    assert counted().kinds[-1] == "notice.cancelled"


@pytest.mark.parametrize("deed", ["approve", "release", "refuse", "cancel", "withdraw", "reopen"])
@pytest.mark.parametrize("actor", ["", "  "])
def test_a_deed_needs_somebody_who_does_it(held, quarantine, counted, now, deed, actor):
    with pytest.raises(NotAllowedError):
        getattr(quarantine, deed)(held, actor=actor, reason="", now=now)

    assert counted().audit == ["held"]
    assert quarantine.get(held).version == 1


@pytest.mark.parametrize(
    ("deed", "state", "notice"),
    [("refuse", HoldState.REFUSED, "notice.refused"), ("cancel", HoldState.CANCELLED, "notice.cancelled")],
)
def test_a_hold_that_ended_cannot_be_decided_on_and_stays_as_it_is(held, quarantine, counted, now, deed, state, notice):
    ended = getattr(quarantine, deed)(held, actor="rita", reason="", now=now)
    before = counted()

    for other in ("approve", "release", "refuse", "cancel", "withdraw"):
        with pytest.raises(IllegalMoveError):
            getattr(quarantine, other)(held, actor="sam", reason="", now=now)

    assert quarantine.get(held) == ended
    assert (ended.state, ended.decided_by) == (state, "rita")
    assert counted() == before
    assert before.kinds[-1] == notice


def test_a_decision_on_an_old_version_is_refused(held, quarantine, arrive, now):
    hold = arrive(handling=TWO, hold=["x@example.org"]).hold_id
    quarantine.approve(hold, actor="rita", reason="", now=now, version=1)

    with pytest.raises(IllegalMoveError, match="changed meanwhile"):
        quarantine.refuse(hold, actor="sam", reason="", now=now, version=1)

    assert quarantine.refuse(hold, actor="sam", reason="", now=now, version=2).state is HoldState.REFUSED


def test_an_unknown_hold_is_not_found(quarantine, keys, now):
    for call in (
        lambda: quarantine.get("NONE-NONE"),
        lambda: quarantine.open("NONE-NONE", keys.opening),
        lambda: quarantine.release("NONE-NONE", actor="rita", reason="", now=now),
    ):
        with pytest.raises(NotFoundError, match=r"^there is no such hold$") as caught:
            call()
        assert isinstance(caught.value, KeyError)


def test_a_typed_reason_is_sealed_and_can_be_read_by_who_has_the_key(held, quarantine, store, keys, now):
    quarantine.refuse(held, actor="rita", reason="14 Elm Road is secret", now=now)

    entry = quarantine.history(held)[-1]

    assert (entry.kind, entry.actor) == ("refused", "rita")
    assert audit.reason(entry, keys.opening) == "14 Elm Road is secret"
    assert b"Elm" not in b"".join(p.read_bytes() for p in store.path.parent.glob("store.db*"))


def test_looking_at_evidence_is_on_record_before_it_is_shown(held, quarantine, store, keys, tmp_path, now):
    vault.create_keys(tmp_path / "other")
    wrong = vault.KeyRing.load(tmp_path / "other", need=frozenset({"opening"}))

    quarantine.reveal(held, keys.opening, actor="rita", reason="to decide", now=now)
    with pytest.raises(KeyUnavailableError):
        quarantine.reveal(held, wrong.opening, actor="sam", reason="", now=now)

    assert [(e.kind, e.actor) for e in quarantine.history(held)[1:]] == [("revealed", "rita"), ("revealed", "sam")]


def test_an_approval_can_be_taken_back(arrive, quarantine, now):
    hold = arrive(handling=TWO).hold_id
    quarantine.approve(hold, actor="rita", reason="", now=now)

    moved = quarantine.withdraw(hold, actor="rita", reason="a doubt", now=now)

    assert (moved.state, moved.approved_by) == (HoldState.HELD, ())
    assert quarantine.approve(hold, actor="sam", reason="", now=now).state is HoldState.PROPOSED


def test_holds_that_nobody_decides_on_expire_and_their_senders_hear(arrive, quarantine, counted, now):
    one = arrive().hold_id
    two = arrive(hold=["c@example.org"], handling=TWO).hold_id
    quarantine.approve(two, actor="rita", reason="", now=now)
    going = arrive(hold=["d@example.org"]).hold_id
    quarantine.release(going, actor="rita", reason="", now=now)

    assert quarantine.expire_due(now + timedelta(days=30) - timedelta(seconds=1)) == ()
    assert set(quarantine.expire_due(now + timedelta(days=30))) == {one, two}
    assert quarantine.expire_due(now + timedelta(days=30)) == ()

    assert quarantine.get(one).state is HoldState.EXPIRED
    assert quarantine.get(going).state is HoldState.RELEASING
    assert counted().kinds.count("notice.expired") == 2


def test_more_holds_than_one_batch_expire_in_one_call(arrive, quarantine, now):
    for number in range(105):
        arrive(hold=[f"r{number}@example.org"])

    assert len(quarantine.expire_due(now + timedelta(days=31))) == 105


def test_a_closed_hold_can_be_reopened_and_needs_every_approval_again(arrive, quarantine, now):
    hold = arrive(handling=TWO).hold_id
    quarantine.approve(hold, actor="rita", reason="", now=now)
    quarantine.refuse(hold, actor="sam", reason="", now=now)

    moved = quarantine.reopen(hold, actor="rita", reason="wrong one", now=now + timedelta(days=1))

    assert (moved.state, moved.approved_by, moved.decided_by) == (HoldState.HELD, (), "")
    assert moved == quarantine.get(hold)
    assert moved.due_at == now + timedelta(days=1, hours=4)


def test_erasing_takes_the_content_and_keeps_the_facts(held, quarantine, keys, now, counted):
    quarantine.refuse(held, actor="rita", reason="", now=now)

    assert quarantine.erase_closed(now + timedelta(days=13)) == ()
    assert quarantine.erase_closed(now + timedelta(days=15)) == (held,)

    assert quarantine.get(held).state is HoldState.REFUSED
    with pytest.raises(NotFoundError, match="erased"):
        quarantine.open(held, keys.opening)
    with pytest.raises(IllegalMoveError):
        quarantine.reopen(held, actor="rita", reason="", now=now)
    assert counted().audit[-1] == "content erased"


def test_what_is_not_decided_is_never_erased(held, quarantine, keys, now):
    assert quarantine.erase_closed(now + timedelta(days=3650)) == ()
    assert quarantine.open(held, keys.opening)


def test_the_list_shows_what_is_due_first_first(arrive, quarantine, now):
    late = arrive(hold=["x@example.org"], handling=[Handling("safe", deadline_s=9000)]).hold_id
    soon = arrive(hold=["y@example.org"], handling=[Handling("safe", deadline_s=60)]).hold_id
    gone = arrive(hold=["z@example.org"]).hold_id
    quarantine.refuse(gone, actor="rita", reason="", now=now)

    assert [h.id for h in quarantine.list()] == [soon, late]
    assert [h.id for h in quarantine.list(states=tuple(HoldState), limit=1)] == [soon]
    assert [h.id for h in quarantine.list(states={HoldState.REFUSED})] == [gone]
    assert quarantine.counts()[HoldState.HELD] == 2


def test_rewrapping_moves_every_hold_to_the_new_key(arrive, quarantine, keys, tmp_path, now):
    holds = [arrive(hold=[f"r{n}@example.org"]).hold_id for n in range(3)]
    vault.create_keys(tmp_path / "new")
    new = vault.KeyRing.load(tmp_path / "new", need=frozenset({"sealing", "opening"}))

    assert quarantine.rewrap(keys.opening, new.sealing, actor="root", now=now) == 3

    for hold in holds:
        assert quarantine.open(hold, new.opening).content
        with pytest.raises(KeyUnavailableError):
            quarantine.open(hold, keys.opening)


# -- the courier ------------------------------------------------------------------------------------------------


def test_a_row_is_claimed_by_one_courier_only(quarantine, held, now):
    first = quarantine.claim(now, 10, 60)

    assert [row.kind for row in first] == ["notice.held", "notice.task"]
    assert all(row.hold_id == held and row.attempts == 1 for row in first)
    assert quarantine.claim(now, 10, 60) == ()


def test_a_dead_couriers_row_comes_back_when_its_lease_is_over(quarantine, held, now):
    quarantine.claim(now, 10, 60)

    assert quarantine.claim(now + timedelta(seconds=59), 10, 60) == ()
    assert [row.attempts for row in quarantine.claim(now + timedelta(seconds=60), 10, 60)] == [2, 2]


def test_a_row_done_never_comes_back(quarantine, held, now, counted):
    row = quarantine.claim(now, 1, 60)[0]

    assert quarantine.done(row, now=now)
    assert not quarantine.done(row, now=now)
    assert row.id not in {each.id for each in quarantine.claim(now + timedelta(days=1), 10, 60)}
    assert counted().audit == ["held", "sent notice.held"]


def test_a_row_put_off_comes_back_when_it_said(quarantine, held, now):
    row = quarantine.claim(now, 1, 60)[0]
    assert quarantine.retry(row, "451", now + timedelta(minutes=10))

    assert row.id not in {each.id for each in quarantine.claim(now + timedelta(minutes=9), 10, 60)}
    assert row.id in {each.id for each in quarantine.claim(now + timedelta(minutes=10), 10, 60)}


def test_a_late_courier_can_neither_put_off_nor_give_up_the_row_of_another(quarantine, held, now):
    late = quarantine.claim(now, 1, 60)[0]
    new = quarantine.claim(now + timedelta(seconds=61), 1, 60)[0]
    assert new.id == late.id

    assert not quarantine.retry(late, "451", now)
    assert not quarantine.dead(late, "554", now=now)
    assert quarantine.done(new, now=now)


def test_a_release_is_recorded_with_postfix_queue_id_and_its_notice(quarantine, claim_release, releasing, counted, now):
    row = claim_release()

    assert quarantine.done(row, now=now, queue_id="4bXyZ9")

    assert quarantine.get(releasing).state is HoldState.RELEASED
    assert quarantine.history(releasing)[-1].facts["queue_id"] == "4bXyZ9"
    assert counted().kinds[-1] == "notice.released"


def test_a_release_that_failed_for_good_goes_back_to_people(quarantine, claim_release, releasing, counted, now):
    row = claim_release()

    assert quarantine.dead(row, "550 5.1.1 <b@example.org> unknown", now=now)

    held = quarantine.get(releasing)
    assert (held.state, held.approved_by, held.decided_by) == (HoldState.HELD, (), "")
    assert held.last_error == "550 5.1.1 (address) unknown"
    assert counted().kinds[-1] == "notice.task"
    quarantine.release(releasing, actor="sam", reason="", now=now)
    assert claim_release().id != row.id


def test_a_notice_that_cannot_be_sent_alerts_the_administrator_once(quarantine, held, counted, now):
    row = quarantine.claim(now, 1, 60)[0]

    quarantine.dead(row, "554", now=now)

    assert counted().kinds[-1] == "alert"
    alert = next(each for each in quarantine.claim(now, 10, 60) if each.kind == "alert")
    quarantine.dead(alert, "554", now=now)
    assert counted().kinds.count("alert") == 1


def test_an_alert_that_waits_is_not_put_twice(quarantine, counted, now):
    assert quarantine.alert("undecided mail at the release listener", now=now)
    assert not quarantine.alert("undecided mail at the release listener", now=now, facts={"refused": 3})
    assert counted().kinds == ["alert"]
    assert counted().audit == ["alert", "alert"]

    quarantine.done(quarantine.claim(now, 1, 60)[0], now=now)
    assert quarantine.alert("undecided mail at the release listener", now=now)


def test_a_delivery_reported_after_another_courier_gave_up_is_told(quarantine, claim_release, releasing, counted, now):
    late = claim_release(lease_s=60)
    new = claim_release(at=now + timedelta(seconds=61))
    quarantine.dead(new, "554", now=now)

    assert not quarantine.done(late, now=now, queue_id="4bXyZ9")

    assert counted().audit[-1] == "delivered late"
    assert counted().kinds[-1] == "alert"


# -- the guard --------------------------------------------------------------------------------------------------


def test_nothing_may_leave_that_was_not_announced(quarantine, held, digest, now):
    assert not quarantine.departing(SENDER, BOTH, digest, now)


def test_exactly_what_was_announced_may_leave(quarantine, claim_release, digest, now):
    quarantine.expect(claim_release(), SENDER, BOTH, digest, now)

    assert quarantine.departing(SENDER, tuple(reversed(BOTH)), digest, now)
    assert not quarantine.departing(SENDER, BOTH[:1], digest, now)
    assert not quarantine.departing(SENDER, (*BOTH, "x@example.org"), digest, now)
    assert not quarantine.departing("", BOTH, digest, now)
    assert not quarantine.departing(SENDER, BOTH, DIGEST, now)


def test_the_release_with_its_new_received_line_is_what_was_held(quarantine, claim_release, held, keys, digest, now):
    content = quarantine.open(held, keys.opening)
    leaving = b"Received: " + content.received.encode("ascii") + b"\r\n" + content.content

    assert content_digest(leaving) == digest
    assert content_digest(leaving.replace(b"Elm", b"Oak")) != digest


def test_a_departure_is_over_when_its_time_is(quarantine, claim_release, digest, now):
    quarantine.expect(claim_release(), SENDER, BOTH, digest, now, lasts_s=60)

    assert quarantine.departing(SENDER, BOTH, digest, now + timedelta(seconds=59))
    assert not quarantine.departing(SENDER, BOTH, digest, now + timedelta(seconds=60))


@pytest.mark.parametrize("end", ["done", "dead", "retry"])
def test_a_departure_is_over_when_the_row_is(quarantine, claim_release, digest, now, end):
    row = claim_release()
    quarantine.expect(row, SENDER, BOTH, digest, now)

    if end == "done":
        quarantine.done(row, now=now)
    elif end == "dead":
        quarantine.dead(row, "554", now=now)
    else:
        quarantine.retry(row, "451", now + timedelta(minutes=1))

    assert not quarantine.departing(SENDER, BOTH, digest, now)


def test_a_late_courier_cannot_announce(quarantine, claim_release, digest, now):
    late = claim_release(lease_s=60)
    claim_release(at=now + timedelta(seconds=61))

    with pytest.raises(IllegalMoveError):
        quarantine.expect(late, SENDER, BOTH, digest, now + timedelta(seconds=62))

    assert not quarantine.departing(SENDER, BOTH, digest, now)


@pytest.mark.parametrize(
    ("sender", "recipients", "other_content"),
    [
        pytest.param(SENDER, ("x@example.org",), False, id="somebody else"),
        pytest.param(SENDER, (*BOTH, "x@example.org"), False, id="one more"),
        pytest.param(SENDER, (), False, id="nobody"),
        pytest.param("z@riverbank.example", BOTH, False, id="another sender"),
        pytest.param(SENDER, BOTH, True, id="another content"),
    ],
)
def test_a_courier_gone_wrong_cannot_announce_what_was_not_held(
    quarantine, claim_release, digest, now, sender, recipients, other_content
):
    """MailScanner's sibling re-sent to every header recipient; here the milter's own record stands in the way."""
    shown = DIGEST if other_content else digest

    with pytest.raises(NotAllowedError):
        quarantine.expect(claim_release(), sender, recipients, shown, now)

    assert not quarantine.departing(sender, recipients, shown, now)


def test_some_of_the_held_recipients_may_leave(quarantine, claim_release, digest, now):
    quarantine.expect(claim_release(), SENDER, BOTH[:1], digest, now)

    assert quarantine.departing(SENDER, BOTH[:1], digest, now)
    assert not quarantine.departing(SENDER, BOTH, digest, now)


def test_a_notice_of_ours_may_leave_while_it_is_claimed(quarantine, held, now):
    row = quarantine.claim(now, 1, 60)[0]
    quarantine.expect(row, "", ["a@riverbank.example"], DIGEST, now)

    assert quarantine.departing("", ["a@riverbank.example"], DIGEST, now)
    assert not quarantine.departing("", ["a@riverbank.example"], DIGEST, now + timedelta(seconds=61))


# -- the whole life ---------------------------------------------------------------------------------------------

NUMBERS = itertools.count()
DEEDS = ("approve", "release", "refuse", "cancel", "withdraw", "reopen", "expire", "done", "dead")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(DEEDS), st.sampled_from(["rita", "sam", "amy"])), max_size=10))
def test_whatever_is_tried_in_whatever_order_the_trail_is_whole_and_every_move_is_in_the_table(
    arrive, quarantine, store, now, deeds
):
    """No order of deeds gets a message out without the yes of two different people."""
    hold = arrive(hold=[f"r{next(NUMBERS)}@example.org"], handling=TWO).hold_id
    for deed, actor in deeds:
        before = quarantine.get(hold)
        try:
            attempt(quarantine, hold, deed, actor, now)
        except SafeholdError:
            assert quarantine.get(hold) == before
            continue
        after = quarantine.get(hold)
        assert after.state is before.state or after.state in MOVES[before.state]
        if after.state is HoldState.RELEASING:
            assert len(set(after.approved_by)) == 2

    assert audit.verify(store).is_whole


def attempt(quarantine: Quarantine, hold: str, deed: str, actor: str, now) -> None:
    if deed == "expire":
        quarantine.expire_due(now + timedelta(days=40))
    elif deed in {"done", "dead"}:
        for row in quarantine.claim(now + timedelta(days=40), 1000, 0):
            if row.hold_id == hold and row.kind == "release":
                quarantine.done(row, now=now) if deed == "done" else quarantine.dead(row, "554", now=now)
    else:
        getattr(quarantine, deed)(hold, actor=actor, reason="", now=now)


def test_open_holds_are_those_that_something_may_still_happen_to():
    assert {state for state in HoldState if state in OPEN} == {HoldState.HELD, HoldState.PROPOSED, HoldState.RELEASING}

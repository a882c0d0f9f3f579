# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves a hold besides plain releases: lists that were held whole, releases in parts, copies for an archive."""

from datetime import timedelta
from itertools import product

import pytest

from safehold.errors import IllegalMoveError, NotAllowedError
from safehold.model import Handling, HoldState
from safehold.quarantine import NoWayOutError, Outlets, Quarantine, content_digest

SENDER = "a@riverbank.example"
B, C = "b@example.org", "c@example.org"
TEAM = "team@riverbank.example"
ARCHIVE = "archive@riverbank.example"
EVERY_WAY = Outlets(lists=True, archive=ARCHIVE)


@pytest.fixture
def outlets():
    """What the site has; a test may ask for another by parametrising it."""
    return EVERY_WAY


@pytest.fixture
def quarantine(store, milter_keys, outlets):
    return Quarantine(store, milter_keys, outlets=outlets)


@pytest.fixture
def opened(quarantine, keys):
    return lambda hold: quarantine.open(hold, keys.opening)


@pytest.fixture
def claim(quarantine, now):
    """Claim the row of a kind: ``claim("release")``; the other rows that wait are done first."""

    def one(kind, at=now):
        while rows := quarantine.claim(at, 1, 900):
            if rows[0].kind == kind:
                return rows[0]
            quarantine.done(rows[0], now=at)
        return None

    return one


def addresses(copies):
    return [each.address for each in copies.final], [each.address for each in copies.lists]


# -- lists that were held whole ---------------------------------------------------------------------------------


def test_a_release_tells_lists_from_people(arrive, quarantine, opened, claim, now):
    hold = arrive(hold=[B, C], lists=[TEAM]).hold_id
    quarantine.release(hold, actor="rita", reason="", now=now)

    copies = quarantine.to_release(claim("release"), opened(hold))

    assert addresses(copies) == ([B, C], [TEAM])


@pytest.mark.parametrize("outlets", [Outlets()])
@pytest.mark.parametrize("deed", ["approve", "release"])
def test_without_a_listener_for_lists_a_list_cannot_be_released_and_stays_as_it_was(
    arrive, quarantine, counted, now, deed, outlets
):
    hold = arrive(hold=[B], lists=[TEAM]).hold_id
    before, trail = quarantine.get(hold), counted()

    with pytest.raises(NoWayOutError, match=r"release\.lists"):
        getattr(quarantine, deed)(hold, actor="rita", reason="", now=now)

    assert quarantine.get(hold) == before
    assert counted() == trail
    assert quarantine.refuse(hold, actor="rita", reason="", now=now).state is HoldState.REFUSED


@pytest.mark.parametrize("outlets", [Outlets()])
def test_the_first_of_two_yeses_is_refused_too_where_the_second_would_be_in_vain(arrive, quarantine, now, outlets):
    hold = arrive(hold=[], lists=[TEAM], handling=[Handling("safe", approvals=2)]).hold_id

    with pytest.raises(NoWayOutError):
        quarantine.approve(hold, actor="rita", reason="", now=now)

    assert quarantine.get(hold).approved_by == ()


@pytest.mark.parametrize("outlets", [Outlets()])
def test_a_hold_without_lists_needs_no_listener_for_them(arrive, quarantine, now, outlets):
    hold = arrive(hold=[B]).hold_id

    assert quarantine.release(hold, actor="rita", reason="", now=now).state is HoldState.RELEASING


# -- releases in parts ------------------------------------------------------------------------------------------


@pytest.fixture
def releasing(arrive, quarantine, now):
    """A hold for two people and a list, on its way out."""
    hold = arrive(hold=[B, C], lists=[TEAM]).hold_id
    quarantine.release(hold, actor="rita", reason="", now=now)
    return hold


@pytest.mark.parametrize(("lists", "rest"), [(False, ([], [TEAM])), (True, ([B, C], []))], ids=["people", "list"])
def test_what_has_left_is_not_sent_again_because_the_rest_could_not_be(
    quarantine, releasing, opened, claim, now, lists, rest
):
    row, content = claim("release"), opened(releasing)
    digest = content_digest(content.content)

    quarantine.left(row, lists=lists, now=now, queue_id="4bXyZ9")

    assert quarantine.get(releasing).state is HoldState.RELEASING
    assert addresses(quarantine.to_release(row, content)) == rest
    gone = [TEAM] if lists else [B, C]
    with pytest.raises(NotAllowedError):
        quarantine.expect(row, SENDER, gone, digest, now)
    quarantine.expect(row, SENDER, rest[0] + rest[1], digest, now)


def test_the_last_part_makes_it_released_and_is_told_once(quarantine, releasing, claim, counted, now):
    row = claim("release")
    quarantine.left(row, lists=False, now=now)

    quarantine.done(row, now=now)

    assert quarantine.get(releasing).state is HoldState.RELEASED
    assert quarantine.get(releasing).held_count == 3
    assert counted().kinds.count("notice.released") == 1
    assert counted().kinds.count("journal") == 1
    assert counted().audit[-2:] == ["released in part", "released"]


def test_a_part_that_cannot_be_sent_goes_back_to_people_and_the_other_counts_as_delivered(
    quarantine, releasing, opened, claim, now
):
    row = claim("release")
    quarantine.left(row, lists=False, now=now)

    quarantine.dead(row, "550 5.1.1", now=now)

    held = quarantine.get(releasing)
    assert (held.state, held.held_count, held.delivered_count) == (HoldState.HELD, 1, 2)
    quarantine.release(releasing, actor="sam", reason="", now=now)
    again = claim("release")
    assert addresses(quarantine.to_release(again, opened(releasing))) == ([], [TEAM])
    quarantine.dead(again, "550 5.1.1", now=now)
    held = quarantine.get(releasing)
    assert (held.held_count, held.delivered_count) == (1, 2)


def test_a_part_that_left_after_another_courier_gave_the_row_up_is_told(quarantine, releasing, claim, counted, now):
    row = claim("release")
    quarantine.dead(row, "451", now=now)

    quarantine.left(row, lists=True, now=now)

    assert counted().audit[-2:] == ["released in part", "delivered late"]
    assert counted().kinds[-1] == "alert"


# -- the archive ------------------------------------------------------------------------------------------------

ENDS = ("released", "refused", "expired")


def end(quarantine, claim, hold, how, now):
    if how == "released":
        quarantine.release(hold, actor="rita", reason="", now=now)
        quarantine.done(claim("release"), now=now)
    elif how == "refused":
        quarantine.refuse(hold, actor="rita", reason="", now=now)
    else:
        assert hold in quarantine.expire_due(now + timedelta(days=31))


def ordered(counted):
    return counted().kinds.count("journal")


@pytest.mark.parametrize(
    ("outlets", "passes", "how"),
    [
        pytest.param(Outlets(archive=ARCHIVE, at_hold=at_hold), passes, how, id=f"{at}, {extent}, {how}")
        for (at, at_hold), (extent, passes), how in product(
            (("at hold", True), ("at release", False)), (("full", ()), ("partial", (C,))), ENDS
        )
    ],
)
def test_the_archive_gets_one_copy_of_what_the_mail_server_did_not_copy(
    arrive, quarantine, claim, counted, now, outlets, passes, how
):
    """Where some of a message went on, the mail server has copied it at once."""
    hold = arrive(hold=[B], passes=passes).hold_id
    at_first = ordered(counted)

    end(quarantine, claim, hold, how, now)

    assert at_first == (1 if outlets.at_hold and not passes else 0)
    assert ordered(counted) == (0 if passes else 1 if outlets.at_hold or how == "released" else 0)


def test_no_copy_where_no_archive_is_named(arrive, store, milter_keys, claim, counted, now):
    quarantine = Quarantine(store, milter_keys)
    hold = arrive(hold=[B]).hold_id

    quarantine.release(hold, actor="rita", reason="", now=now)
    quarantine.done(claim("release"), now=now)

    assert ordered(counted) == 0


@pytest.mark.parametrize("outlets", [Outlets(archive=ARCHIVE, at_hold=True)])
def test_a_retry_and_a_refusal_beside_the_hold_make_no_second_copy(arrive, counted, outlets):
    arrive(hold=[B], reject=[C])
    arrive(hold=[B], reject=[C])

    assert counted().audit == ["held", "refused by policy", "retry joined", "retry joined"]
    assert ordered(counted) == 1


@pytest.mark.parametrize("outlets", [Outlets(archive=ARCHIVE, at_hold=True)])
def test_a_refusal_that_comes_with_a_retry_makes_no_second_copy(arrive, counted, outlets):
    arrive(hold=[B])
    arrive(hold=[B], reject=[C])

    assert counted().audit == ["held", "refused by policy", "retry joined"]
    assert ordered(counted) == 1


def test_what_left_in_part_has_its_copy_though_the_rest_goes_back(quarantine, releasing, claim, counted, now):
    row = claim("release")
    quarantine.left(row, lists=True, now=now)

    quarantine.dead(row, "550 5.1.1", now=now)

    assert ordered(counted) == 1


@pytest.mark.parametrize("outlets", [Outlets(lists=True, archive=ARCHIVE, at_hold=True)])
def test_a_copy_that_is_late_is_still_what_was_held(arrive, quarantine, opened, store, now, outlets):
    """The archive was away at the hold, and a part of the release has left meanwhile."""
    hold = arrive(hold=[B], lists=[TEAM]).hold_id
    digest = content_digest(opened(hold).content)
    quarantine.release(hold, actor="rita", reason="", now=now)
    rows = {row.kind: row for row in quarantine.claim(now, 10, 900)}
    quarantine.left(rows["release"], lists=False, now=now)

    quarantine.expect(rows["journal"], SENDER, [ARCHIVE], digest, now, held=[B, TEAM])

    assert quarantine.departing(SENDER, [ARCHIVE], digest, now)


@pytest.mark.parametrize("outlets", [Outlets(archive=ARCHIVE, at_hold=True)])
def test_a_copy_made_long_before_the_release_is_not_forgotten(
    arrive, quarantine, store, milter_keys, claim, counted, now, outlets
):
    """Rows that ended are deleted after two weeks; a hold may wait for a month, and the setting may be changed."""
    hold = arrive(hold=[B]).hold_id
    quarantine.done(claim("journal"), now=now)
    later = now + timedelta(days=20)
    quarantine.erase_closed(later)

    changed = Quarantine(store, milter_keys, outlets=Outlets(archive=ARCHIVE))
    changed.release(hold, actor="rita", reason="", now=later)
    changed.done(claim("release", later), now=later)

    assert ordered(counted) == 1


@pytest.fixture
def copy(arrive, quarantine, opened, claim):
    """The archive copy of a hold for two: its row, the digest, and whom it was held for."""
    content = opened(arrive(hold=[B, C]).hold_id)
    return claim("journal"), content_digest(content.content)


AT_HOLD = pytest.mark.parametrize("outlets", [Outlets(archive=ARCHIVE, at_hold=True)])


@AT_HOLD
def test_the_archives_copy_may_leave_whatever_is_decided(quarantine, copy, now, outlets):
    row, digest = copy
    quarantine.refuse(row.hold_id, actor="rita", reason="", now=now)

    quarantine.expect(row, SENDER, [ARCHIVE], digest, now, held=[B, C])

    assert quarantine.departing(SENDER, [ARCHIVE], digest, now)


@AT_HOLD
@pytest.mark.parametrize(
    ("sender", "recipients", "held", "is_content"),
    [
        pytest.param(SENDER, [B], [B, C], True, id="to somebody it is held for"),
        pytest.param(SENDER, [ARCHIVE, B], [B, C], True, id="to the archive and somebody"),
        pytest.param(SENDER, ["other@riverbank.example"], [B, C], True, id="to another archive"),
        pytest.param(SENDER, [], [B, C], True, id="to nobody"),
        pytest.param("x@riverbank.example", [ARCHIVE], [B, C], True, id="from another"),
        pytest.param(SENDER, [ARCHIVE], [B, C], False, id="another content"),
        pytest.param(SENDER, [ARCHIVE], [B, "x@example.org"], True, id="held for another"),
        pytest.param(SENDER, [ARCHIVE], [], True, id="held for nobody"),
    ],
)
def test_nothing_else_leaves_as_the_archives_copy(quarantine, copy, now, sender, recipients, held, is_content, outlets):
    row, digest = copy
    shown = digest if is_content else bytes(32)

    with pytest.raises(NotAllowedError):
        quarantine.expect(row, sender, recipients, shown, now, held=held)

    assert not quarantine.departing(sender, recipients, shown, now)


@AT_HOLD
def test_a_copy_that_cannot_be_sent_is_an_alert_and_changes_nothing_of_the_hold(
    quarantine, copy, counted, now, outlets
):
    row, _ = copy
    before = quarantine.get(row.hold_id)

    quarantine.dead(row, "550 5.1.1", now=now)

    assert quarantine.get(row.hold_id) == before
    assert counted().kinds[-1] == "alert"


def test_a_release_does_not_cover_the_archive(quarantine, releasing, opened, claim, now):
    row = claim("release")
    digest = content_digest(opened(releasing).content)

    with pytest.raises(NotAllowedError):
        quarantine.expect(row, SENDER, [B, ARCHIVE], digest, now)
    with pytest.raises(IllegalMoveError):
        quarantine.release(releasing, actor="sam", reason="", now=now)

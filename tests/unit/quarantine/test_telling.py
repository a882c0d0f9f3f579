# SPDX-License-Identifier: GPL-3.0-or-later
"""A notice is compared with its hold when its turn comes: what is no longer true is dropped, and that is recorded."""

from datetime import timedelta

import pytest

from safehold.quarantine import Standing


@pytest.fixture
def claimed(quarantine, now):
    """Return a function that claims everything and returns the rows by kind, the latest of each."""

    def claim(at=now):
        return {row.kind: row for row in quarantine.claim(at, 100, 60)}

    return claim


def test_a_notice_of_a_hold_that_waits_is_true(arrive, quarantine, claimed):
    arrive()

    assert {quarantine.standing(row) for row in claimed().values()} == {Standing.TRUE}


def test_while_a_release_is_on_its_way_the_senders_notice_waits_and_the_task_is_over(arrive, quarantine, claimed, now):
    quarantine.approve(arrive().hold_id, actor="alex", reason="fine", now=now)

    found = {kind: quarantine.standing(row) for kind, row in claimed().items()}

    assert found == {
        "notice.held": Standing.UNSETTLED,
        "notice.task": Standing.OVERTAKEN,
        "release": Standing.TRUE,
    }


def test_what_is_dropped_is_recorded_with_its_kind_and_never_comes_back(arrive, quarantine, claimed, now):
    hold_id = arrive().hold_id
    quarantine.refuse(hold_id, actor="alex", reason="no", now=now)

    assert quarantine.drop(claimed()["notice.held"], now=now)

    (entry,) = [each for each in quarantine.history(hold_id) if each.kind == "overtaken"]
    assert entry.facts == {"kind": "notice.held", "attempts": 1, "state": "refused"}
    assert "notice.held" not in claimed(now + timedelta(hours=1))


def test_what_is_true_is_not_dropped(arrive, quarantine, claimed, now):
    arrive()

    assert not quarantine.drop(claimed()["notice.held"], now=now)
    assert "notice.held" in claimed(now + timedelta(hours=1))


def test_whose_claim_is_over_drops_nothing(arrive, quarantine, claimed, now):
    hold_id = arrive().hold_id
    late = claimed()["notice.held"]
    claimed(now + timedelta(hours=1))
    quarantine.refuse(hold_id, actor="alex", reason="no", now=now)

    assert not quarantine.drop(late, now=now)
    assert [each.kind for each in quarantine.history(hold_id)] == ["held", "refused"]

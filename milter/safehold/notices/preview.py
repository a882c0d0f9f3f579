# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows every notice with an invented hold, so that an administrator can read what staff will get.  Pure."""

from datetime import datetime, timedelta

from safehold.model import HeldMessage, HoldState, Origin
from safehold.notices.compose import Kind, NoticeSettings, Occasion, render
from safehold.notices.original import Look, Original, Spot


def preview(
    kind: Kind, settings: NoticeSettings, *, now: datetime, role: str = "", policy: str = "", text: str = ""
) -> bytes:
    """Return the notice as these settings and the *text* of a policy's author make it, for a hold that never was."""
    held = HeldMessage(
        id="0000-TEST",
        state=HoldState.HELD,
        version=1,
        held_at=now - timedelta(minutes=6),
        due_at=now + timedelta(hours=2),
        expires_at=now + timedelta(days=30),
        policies=(policy,) if policy else (),
        persons=(),
        severity="high",
        notice_title="a check on protected information",
        review=role,
        approvals_needed=2,
        approved_by=(),
        decided_by="",
        origin=Origin.AUTH,
        queue_id="-",
        held_count=1,
        delivered_count=2,
        attachment_count=2,
        size_bytes=0,
        problems=("encrypted",),
    )
    look = Look((Spot(1, "page", 4),), ((2, "encrypted"),), ("address",), (("cc", 1),))
    original = Original("<0000-test@example.org>", attachments=2, look=look, sender_text=text, reviewers_text=text)
    return render(
        kind, held, settings=settings, occasion=Occasion(now, original=original, about=Kind.HELD, why="automatic")
    )

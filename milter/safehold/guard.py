# SPDX-License-Identifier: GPL-3.0-or-later
"""The release guard: what stands in the gate's place on the release listeners (DESIGN 3.5).

It accepts what a courier has said it is about to send, and nothing else: this sender, exactly these recipients, this
content, now.  Everything else is 550 and an alert: only somebody with access to the mail server's loopback can have
sent it.  Added Received: lines do not count, so that the hops in between may add theirs.

Thread-safe; same face as :class:`safehold.gate.Gate`.  It needs the store and the store's key, and opens nothing.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from safehold.errors import StoreError
from safehold.model import REFUSED, TRY_LATER, Message, Reply, ReplyKind
from safehold.quarantine import Quarantine, content_digest

log = logging.getLogger(__name__)

ACCEPTED = Reply(ReplyKind.ACCEPT)
ALERT = "guard refused mail without a decision"
# One alert a minute: a client that tries again and again must neither fill the log nor the audit trail.
ALERT_EVERY = timedelta(minutes=1)


@dataclass
class _Refusals:
    """Counts refusals, and says when to speak of them."""

    untold: int = 0
    quiet_until: datetime | None = None

    def add(self, now: datetime) -> int:
        """Count one more; return how many to tell of now, or 0."""
        self.untold += 1
        if self.quiet_until is not None and now < self.quiet_until:
            return 0
        told, self.untold, self.quiet_until = self.untold, 0, now + ALERT_EVERY
        return told


class Guard:
    """Judges what comes to the release listeners."""

    def __init__(self, holds: Quarantine) -> None:
        self._holds = holds
        self._refusals = _Refusals()
        self._lock = threading.Lock()

    def judge(self, message: Message, progress: Callable[[], None] | None = None) -> Reply:  # noqa: ARG002 - the gate's face
        """Return accept for an expected departure, 550 for anything else, 451 where the store cannot be asked."""
        recipients = tuple(recipient.address for recipient in message.envelope.recipients)
        digest = content_digest(message.content)
        try:
            expected = self._holds.departing(message.envelope.sender, recipients, digest, message.received_at)
        except StoreError:
            log.error("guard: the store is away, mail waits queue_id=%s", message.queue_id)
            return TRY_LATER
        if expected and recipients:
            return ACCEPTED
        self._alert(message)
        return REFUSED

    def _alert(self, message: Message) -> None:
        with self._lock:
            count = self._refusals.add(message.received_at)
        if not count:
            return
        log.warning(
            "guard: refused mail without a decision count=%d recipients=%d size=%d queue_id=%s",
            count,
            len(message.envelope.recipients),
            len(message.content),
            message.queue_id,
        )
        try:
            self._holds.alert(ALERT, now=message.received_at, facts={"refused": count})
        except StoreError:
            log.error("guard: the refusal could not be written to the audit trail count=%d", count)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Works the outbox: hands notices and released mail to the release listener, one row at a time.

Promises (DESIGN P1 to P5; milter-facts, section 2, lesson 4):

* Nothing is marked released but on a 250 after DATA whose reply line came whole.  Anything else is tried again.
* A departure is recorded before DATA, so that the release guard lets through this mail to these recipients only.
* A released message is the held bytes with one ``Received:`` line before them; its recipients are the held ones.
* A crash between the 250 and our commit may repeat one mail, with the same Message-ID; a store that is away for a
  while does not even do that, since what was sent is remembered until it is recorded.
* A notice that is no longer true when its turn comes is not sent (quarantine.telling).
* Notices go inside the own domains only, and none leaves before the leak check has read it.
* No address, reply text or subject in a log or an error: event, hold id, counts and reply codes.

A failing row never stops the others.  One :class:`Courier` belongs to one thread; several processes may work one
outbox, since a row is claimed under a lease that is longer than any hand-over may take.
"""

import logging
import random
import re
import smtplib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from safehold import notices
from safehold.courier import telling
from safehold.courier.handover import Connection, LaterError, NeverError, Parcel, Receipt, expect_2xx, hand_over
from safehold.courier.points import checkpoint
from safehold.courier.settings import CourierSettings
from safehold.errors import IllegalMoveError, NotAllowedError, SafeholdError, StoreError, TamperedError
from safehold.model import HeldContent, HeldMessage, Recipient
from safehold.notices import Kind, Occasion, Original
from safehold.quarantine import NotFoundError, OutboxRow, Quarantine, Standing, content_digest
from safehold.vault import OpeningKey

log = logging.getLogger(__name__)

EXPIRE_EVERY_S = 60.0
POLL_S = 1.0
STORE_AWAY_S = 5.0


# -- the round --------------------------------------------------------------------------------------------------


class Connect(Protocol):
    """Makes a connection to the listener that has not been greeted yet."""

    def __call__(self, *, local_hostname: str, timeout: float) -> smtplib.SMTP:
        """Return an unconnected client."""


Clock = Callable[[], datetime]
Deed = Callable[[datetime], object]

# What an alert begins with (fixed words: they go into the audit trail and to the duty role).
RELEASE_STUCK = "approved mail could not be sent"
RELEASE_REFUSED = "release refused for some recipients"
NOTICE_LEAK = "notice cut short by the leak check"
NO_LIST_LISTENER = "no listener for lists is set up"


class NoListenerError(LaterError):
    """The listener does not answer at all, so nothing else need be tried now."""


class Courier:
    """Works the outbox."""

    def __init__(
        self,
        holds: Quarantine,
        opening_key: OpeningKey,
        settings: CourierSettings,
        *,
        connect: Connect = Connection,
        jitter: Callable[[], float] = random.random,
        monotonic: Callable[[], float] = time.monotonic,
        beat: Callable[[datetime], None] = lambda _: None,
    ) -> None:
        self.settings = settings  # may be replaced between rounds
        self._beat = beat  # told before each claim, and between the commands of a hand-over, that we live
        self._holds = holds
        self._key = opening_key
        self._connect = connect
        self._jitter = jitter
        self._monotonic = monotonic
        self._expire_at: datetime | None = None
        # What was done and the store does not know yet, by row: told it before anything else is done.
        self._owed: dict[int, Deed] = {}

    def run(self, stop: threading.Event, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Work until *stop* is set; a store that is away is waited for."""
        while not stop.is_set():
            try:
                worked = self.run_once(clock())
            except StoreError as error:
                log.error("courier: the store is away, waiting: %s", error)
                stop.wait(STORE_AWAY_S)
            else:
                if worked < self.settings.batch:
                    stop.wait(POLL_S)

    def run_once(self, now: datetime) -> int:
        """Expire what is due, then work at most a batch of rows; return how many.

        Raises:
            StoreError: The store is away.  What was handed over by then is recorded by a later round.
        """
        began = self._monotonic()

        def moment() -> datetime:
            return now + timedelta(seconds=self._monotonic() - began)

        self._settle(now)
        self._expire(now)
        worked = 0
        # One row a claim: its lease must not run while others are worked.
        while worked < self.settings.batch:
            self._beat(moment())
            rows = self._holds.claim(moment(), 1, self.settings.lease_s)
            if not rows:
                break
            worked += 1
            if not self._work(rows[0], moment):
                break
        return worked

    def _settle(self, now: datetime) -> None:
        for row_id, deed in tuple(self._owed.items()):
            self._finish(row_id, deed, now)

    def _finish(self, row_id: int, deed: Deed, now: datetime) -> None:
        """Tell the store how a row ended; where it is away now, a later round does, and nothing is sent twice."""
        self._owed[row_id] = deed
        try:
            deed(now)
        except IllegalMoveError:
            log.error("the hold had moved before its row ended row=%d", row_id)
        del self._owed[row_id]

    def _expire(self, now: datetime) -> None:
        if self._expire_at is None or now >= self._expire_at:
            expired = self._holds.expire_due(now)
            self._expire_at = now + timedelta(seconds=EXPIRE_EVERY_S)
            if expired:
                log.info("expired holds=%d", len(expired))

    def _work(self, row: OutboxRow, moment: Clock) -> bool:
        """Do what *row* asks for, and see to it that it ends or comes back; return whether the listener is there."""
        checkpoint("claimed")
        try:
            if row.kind == "release":
                self._release(row, moment)
            elif row.kind == "journal":
                self._journal(row, moment)
            else:
                self._notice(row, moment)
        except StoreError:
            if row.id in self._owed:
                raise
            self._put_off(row, "the store was away", moment())
        except NeverError as error:
            self._give_up(row, str(error), moment())
        except (TamperedError, NotFoundError, NotAllowedError, ValueError) as error:
            # Trying again changes nothing: the content did not open, is gone, is not what was held, or cannot be sent.
            self._give_up(row, type(error).__name__, moment())
        except (LaterError, SafeholdError) as error:
            self._put_off(row, str(error) if isinstance(error, LaterError) else type(error).__name__, moment())
            return not isinstance(error, NoListenerError)
        except OSError as error:  # smtplib's exceptions are OSErrors too; their texts repeat what servers said
            self._put_off(row, no_answer(error), moment())
        except Exception as error:  # noqa: BLE001 - a bug that one row meets must not stop the mail of others
            self._put_off(row, f"fault ({type(error).__name__})", moment())
        return True

    # -- ends of a row ------------------------------------------------------------------------------------------

    def _record(self, row: OutboxRow, receipt: Receipt, alerts: Mapping[str, Mapping[str, Any]], now: datetime) -> None:
        """Record that *row* is done, and before it what people must know about how."""

        def deed(moment: datetime) -> None:
            for words, facts in alerts.items():
                self._holds.alert(words, now=moment, hold_id=row.hold_id, facts=facts)
            self._holds.done(row, now=moment, queue_id=receipt.queue_id)

        self._finish(row.id, deed, now)
        checkpoint("row done")

    def _put_off(self, row: OutboxRow, error: str, now: datetime) -> None:
        if (now - row.created_at).total_seconds() > self.settings.give_up_s:
            self._give_up(row, error, now)
            return
        wait_s = retry_wait_s(row.attempts, self._jitter(), self.settings)
        log.warning(
            "put off kind=%s hold=%s attempt=%d wait_s=%d error=%s",
            *(row.kind, row.hold_id or "-", row.attempts, wait_s, error),
        )
        next_at = now + timedelta(seconds=wait_s)
        self._finish(row.id, lambda _: self._holds.retry(row, error, next_at), now)
        checkpoint("row put off")

    def _give_up(self, row: OutboxRow, error: str, now: datetime) -> None:
        def deed(moment: datetime) -> None:
            if self._holds.dead(row, error, now=moment) and row.kind == "release":
                self._holds.alert(RELEASE_STUCK, now=moment, hold_id=row.hold_id, facts={"error": error})

        log.error("given up kind=%s hold=%s attempt=%d error=%s", row.kind, row.hold_id or "-", row.attempts, error)
        self._finish(row.id, deed, now)
        checkpoint("row put off")

    # -- release ------------------------------------------------------------------------------------------------

    def _release(self, row: OutboxRow, moment: Clock) -> None:
        """Send what has not left yet: final addresses by one listener, lists by the other.

        What of it left is remembered, so that it is not sent again because the rest could not be.
        """
        content = self._holds.open(row.hold_id, self._key)
        checkpoint("opened")
        waiting = self._holds.to_release(row, content)
        parts = [(lists, to) for lists, to in ((False, waiting.final), (True, waiting.lists)) if to]
        if not parts:  # every part left, and the end of the release could not be recorded
            self._finish(row.id, lambda at: self._holds.done(row, now=at), moment())
        failures: list[LaterError | NeverError] = []
        for number, (lists, recipients) in enumerate(parts, 1):
            parcel = Parcel(content.envelope.sender, recipients, released_bytes(content), content.envelope.parameters)
            try:
                receipt = self._send(row, parcel, moment, lists=lists)
            except (LaterError, NeverError) as error:
                failures.append(error)
            except OSError as error:
                failures.append(LaterError(no_answer(error)))
            else:
                is_all = number == len(parts) and not failures
                self._record_release(row, receipt, moment(), lists=lists, is_all=is_all)
        if failures:
            raise next((error for error in failures if isinstance(error, LaterError)), failures[0])

    def _record_release(self, row: OutboxRow, receipt: Receipt, now: datetime, *, lists: bool, is_all: bool) -> None:
        def deed(moment: datetime) -> None:
            # The alert comes before the end of the row: the notice of the release must be able to tell of it.
            if receipt.refused:
                facts = refusal_facts(receipt, lists=lists)
                self._holds.alert(RELEASE_REFUSED, now=moment, hold_id=row.hold_id, facts=facts)
            if is_all:
                self._holds.done(row, now=moment, queue_id=receipt.queue_id)
            else:
                self._holds.left(row, lists=lists, now=moment, queue_id=receipt.queue_id)

        self._finish(row.id, deed, now)
        checkpoint("row done" if is_all else "part done")
        log.info(
            "released hold=%s lists=%s all=%s accepted=%d refused=%d queue_id=%s",
            *(row.hold_id, lists, is_all, receipt.accepted, len(receipt.refused), receipt.queue_id or "-"),
        )
        if receipt.left_off:
            log.warning(
                "the listener knows no DSN, so what the sender asked for of reports is lost hold=%s", row.hold_id
            )

    def _journal(self, row: OutboxRow, moment: Clock) -> None:
        """Send the archive its copy of what was held, as the mail server would have: a bounce of it is nobody's."""
        archive = self._holds.outlets.archive
        if not archive:
            raise NeverError("no archive is named any more")
        content = self._holds.open(row.hold_id, self._key)
        checkpoint("opened")
        held = tuple(recipient.address for recipient in content.held)
        receipt = Receipt("", 0)
        # An archive that the mail was held for as well gets it when that is released, and not by this way.
        if archive.lower() not in {address.lower() for address in held}:
            copy = (Recipient(archive, ("NOTIFY=NEVER",)),)
            parcel = Parcel(content.envelope.sender, copy, released_bytes(content), content.envelope.parameters)
            receipt = self._send(row, parcel, moment, held=held)
        self._record(row, receipt, {}, moment())
        log.info("archived hold=%s accepted=%d queue_id=%s", row.hold_id, receipt.accepted, receipt.queue_id or "-")

    def _send(
        self, row: OutboxRow, parcel: Parcel, moment: Clock, *, lists: bool = False, held: Sequence[str] = ()
    ) -> Receipt:
        """Hand *parcel* over, its departure recorded just before DATA; *held* shows that it is what was held."""
        settings = self.settings
        deadline = self._monotonic() + settings.hand_over_s
        digest = content_digest(parcel.content)

        def tick() -> None:
            if self._monotonic() > deadline:
                raise LaterError("the listener is too slow")
            self._beat(moment())

        def depart(leaving: Parcel) -> None:
            addresses = [recipient.address for recipient in leaving.recipients]
            self._holds.expect(row, leaving.sender, addresses, digest, moment(), held=held, lasts_s=settings.part_s)
            if smtp.sock is not None:
                smtp.sock.settimeout(settings.data_timeout_s)

        with self._connected(lists=lists) as smtp:
            return hand_over(smtp, parcel, depart=depart, tick=tick)

    @contextmanager
    def _connected(self, *, lists: bool) -> Iterator[smtplib.SMTP]:
        settings = self.settings
        host, port = (settings.list_host, settings.list_port) if lists else (settings.host, settings.port)
        if lists and not host:
            raise NeverError(NO_LIST_LISTENER)
        smtp = self._connect(local_hostname=settings.helo, timeout=settings.timeout_s)
        try:
            try:
                expect_2xx(smtp.connect(host, port), "greeting", never=False)
            except (OSError, LaterError) as error:
                if lists:
                    raise LaterError(f"no listener for lists ({type(error).__name__})") from None
                raise NoListenerError(f"no listener ({type(error).__name__})") from None
            yield smtp
            with suppress(OSError):
                smtp.putcmd("QUIT")  # the answer is nobody's concern any more
        finally:
            with suppress(OSError):
                smtp.close()

    # -- notices ------------------------------------------------------------------------------------------------

    def _notice(self, row: OutboxRow, moment: Clock) -> None:
        standing = self._holds.standing(row)
        if standing is Standing.TRUE:
            self._tell(row, moment)
        elif standing is Standing.UNSETTLED:
            self._wait(row, moment())
        else:
            self._finish(row.id, lambda at: self._holds.drop(row, now=at), moment())
            log.info("not told, a decision was faster kind=%s hold=%s", row.kind, row.hold_id)

    def _wait(self, row: OutboxRow, now: datetime) -> None:
        """Give a notice back until the release that is on its way has ended; that is never given up for its age."""
        next_at = now + timedelta(seconds=retry_wait_s(row.attempts, self._jitter(), self.settings))
        self._finish(row.id, lambda _: self._holds.retry(row, "a release is on its way", next_at), now)

    def _tell(self, row: OutboxRow, moment: Clock) -> None:
        kind = Kind(row.kind.removeprefix("notice."))
        held, content = self._subject_of(row, kind)
        checkpoint("opened")
        occasion = Occasion(
            now=moment(),
            at=row.created_at,
            # An alert's version does not tell it from another alert about the same hold; its number does.
            serial=row.id if kind is Kind.ALERT else row.version,
            original=notices.of(content) if content else Original(),
            about=kind,
            refused=self._refused_count(row) if kind is Kind.RELEASED else 0,
            answer=row.detail,
        )
        refusals = []
        for audience in telling.audiences(kind, held, content, occasion.original, self.settings):
            told = replace(occasion, to=audience.to, why=audience.why)
            try:
                notice = telling.checked(audience.kind, held, content, told, self.settings.notices)
                parcel = Parcel("", tuple(Recipient(address) for address in audience.to), notice.mail)
                receipt = self._send(row, parcel, moment)
            except NeverError as error:
                refusals.append(str(error))
                continue
            if notice.standard:
                log.warning("words of a policy were left out of a notice hold=%s kind=%s", row.hold_id or "-", row.kind)
            is_new = notice.cut and kind is not Kind.ALERT
            self._record(row, receipt, {NOTICE_LEAK: {"leaks": notice.cut}} if is_new else {}, moment())
            log.info(
                "told kind=%s as=%s hold=%s accepted=%d refused=%d leaks=%d",
                *(row.kind, audience.kind, row.hold_id or "-", receipt.accepted, len(receipt.refused), notice.cut),
            )
            return
        raise NeverError(refusals[0] if refusals else "nobody inside may hear of it")

    def _subject_of(self, row: OutboxRow, kind: Kind) -> tuple[HeldMessage | None, HeldContent | None]:
        """Return the hold that *row* is about and what it seals; an alert may be about none, or one long erased."""
        if not row.hold_id:
            return None, None
        held = self._holds.get(row.hold_id)
        try:
            return held, self._holds.open(row.hold_id, self._key)
        except (NotFoundError, TamperedError):
            if kind is Kind.ALERT:
                return held, None
            raise

    def _refused_count(self, row: OutboxRow) -> int:
        """Return how many recipients of a released mail the listeners refused for good, from the audit trail."""
        facts = [entry.facts for entry in self._holds.history(row.hold_id)]
        # Of each part the last counts: a crash between the alert and the end of the row repeats both.
        counts = {f.get("lists", False): int(f["refused"]) for f in facts if f.get("detail") == RELEASE_REFUSED}
        return sum(counts.values())


def no_answer(error: OSError) -> str:
    """Return what to say of a connection that failed, without what the server said."""
    return f"no answer ({type(error).__name__})"


def refusal_facts(receipt: Receipt, *, lists: bool) -> dict[str, Any]:
    """Return what the audit trail keeps of recipients refused for good: counts and reply codes."""
    return {
        "lists": lists,
        "refused": len(receipt.refused),
        "accepted": receipt.accepted,
        "codes": sorted(set(receipt.refused)),
    }


def retry_wait_s(attempts: int, jitter: float, settings: CourierSettings) -> float:
    """Return how long to wait after that many attempts: doubling, up to a longest, spread by half either way."""
    doubled = settings.first_retry_s * 2.0 ** min(max(attempts, 1) - 1, 32)
    return min(doubled, settings.longest_retry_s) * (0.5 + jitter)


def released_bytes(content: HeldContent) -> bytes:
    """Return what a release sends: one ``Received:`` line, then the held bytes as they are."""
    if not content.received:
        return content.content
    value = _FOLD.sub("\r\n\t", content.received.strip())
    return b"Received: " + value.encode("ascii", "replace") + b"\r\n" + content.content


# Whatever line ends and indents the value has, the lines after its first begin with a tab: it is one field.
_FOLD = re.compile(r"\s*[\r\n]+\s*")

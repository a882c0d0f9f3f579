# SPDX-License-Identifier: GPL-3.0-or-later
"""The quarantine: the one face through which holds begin, are decided on, leave and end.

Promises (DESIGN P1, P3, P5, P6): a hold is durable when :meth:`Quarantine.hold` returns; a retry makes no second hold
and no second notice; every move is one of :data:`MOVES`, made by compare-and-set, and its audit entry and outbox rows
are in the same transaction; nothing leaves but what was held, on a recorded decision.  No clock: every call takes
``now``.  Thread-safe, and safe between processes.

Raises, besides what each call names: StoreError (the store cannot be used now), KeyUnavailableError (this process was
not given the key), NotFoundError (no such hold).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from safehold import vault
from safehold.errors import IllegalMoveError, NotAllowedError
from safehold.model import Action, Facts, HeldContent, HeldMessage, HoldState, Message, Reading, Verdict
from safehold.quarantine import changing, contents, digests, intake, leaving, moves, names, tallies, telling
from safehold.quarantine.changing import NotFoundError
from safehold.quarantine.hours import Calendar
from safehold.quarantine.intake import Arrival, HoldOutcome
from safehold.quarantine.leaving import COURIER, Copies, Departure
from safehold.quarantine.names import Found, Names
from safehold.quarantine.outlets import Outlets
from safehold.quarantine.telling import Standing
from safehold.store import Store, audit, holds, memory, outbox
from safehold.store.outbox import OutboxRow


class Quarantine:
    """The life of held messages, over one store and the keys that this process may have."""

    def __init__(
        self,
        store: Store,
        keys: vault.KeyRing,
        *,
        expires_after: timedelta = timedelta(days=30),
        outlets: Outlets = Outlets(),  # noqa: B008 - frozen
        names: Names | None = None,
        addresses: Callable[[str], Iterable[str]] = lambda _actor: (),
        calendar: Calendar = Calendar(),  # noqa: B008 - frozen
    ) -> None:
        self._calendar = calendar
        self.outlets = outlets
        self._addresses = addresses
        self._names = names
        self._store = store
        self._keys = keys
        self._expires_after = expires_after

    # -- in (the gate) ------------------------------------------------------------------------------------------

    def hold(self, message: Message, facts: Facts, verdict: Verdict, reading: Reading, *, now: datetime) -> HoldOutcome:
        """Hold the copies of all held recipients; return once hold, audit entry and outbox rows are durable.

        Recipients whose earlier hold is open and younger than 5 days join it; the others get a hold of their own.
        Recipients that a policy rejects get a hold closed as refused, and its notice.
        """
        arrival = Arrival(message, facts, verdict, reading, now, self._calendar)
        return intake.take_in(self._store, self._keys, arrival, self._expires_after, self.outlets)

    def note(self, message: Message, facts: Facts, verdict: Verdict, *, now: datetime) -> None:
        """Record that a message passed although a policy wanted it noticed (action notify).

        Its matches are counted here, but where other copies of it are stopped: :meth:`hold` counts the whole message.
        """
        noticed = verdict.with_action(Action.NOTIFY)
        record = {
            "policies": sorted({ground.policy for each in noticed for ground in each.deciding}),
            "recipients": len(noticed),
            "origin": facts.origin.value,
            "queue_id": intake.plain(message.queue_id, 64),
            "policies_digest": verdict.policies_digest,
            "register_digest": verdict.register_digest,
        }
        with self._store.write() as connection:
            audit.append(connection, "noticed", now=now, actor=intake.GATEWAY, facts=record)
            if not verdict.with_action(Action.HOLD, Action.REJECT):
                memory.record(connection, self.matches(facts, verdict), now)

    def matches(self, facts: Facts, verdict: Verdict) -> tuple[memory.Tally, ...]:
        """Return the matches in *verdict* that ``repeat`` counts."""
        return tuple(each.tally for each in tallies.counted(self._keys.store, facts, verdict))

    def fault(self, message: Message, facts: Facts | None = None, *, now: datetime) -> int:  # noqa: ARG002
        """Count a temporary failure of ours on this message (DESIGN P2); return how many there were in 5 days."""
        key = digests.fault_key(self._keys.store, message, digests.retry_digest(message.content))
        with self._store.write() as connection:
            return holds.count_fault(connection, key, now, intake.RETRY_WINDOW)

    # -- looking (CLI, console, courier) ------------------------------------------------------------------------

    def list(self, states: Collection[HoldState] = moves.OPEN, limit: int = 1000) -> tuple[HeldMessage, ...]:
        """Return holds in any of *states*, the one due first first."""
        with self._store.read() as connection:
            return holds.listed(connection, states, limit)

    def counts(self) -> Mapping[HoldState, int]:
        """Return how many holds are in each state."""
        with self._store.read() as connection:
            return holds.counts(connection)

    def get(self, hold_id: str) -> HeldMessage:
        """Return the plain facts of a hold."""
        with self._store.read() as connection:
            return changing.get(connection, hold_id)

    def open(self, hold_id: str, opening_key: vault.OpeningKey) -> HeldContent:
        """Return what a hold sealed: for the courier.  A person's look is :meth:`reveal`.

        Raises:
            TamperedError: it is not what was sealed.
        """
        with self._store.read() as connection:
            changing.get(connection, hold_id)
            sealed = holds.content(connection, hold_id)
        if sealed is None:
            raise NotFoundError("the content of this hold was erased")
        return contents.unpack(vault.unseal(opening_key, hold_id, sealed))

    def reveal(
        self, hold_id: str, opening_key: vault.OpeningKey, *, actor: str, reason: str, now: datetime
    ) -> HeldContent:
        """Return what a hold sealed, after the audit trail says who looked and why."""
        self._refuse_nobody(actor)
        with self._store.write() as connection:
            changing.get(connection, hold_id)
            self._record(connection, "revealed", hold_id, actor=actor, reason=reason, now=now)
        return self.open(hold_id, opening_key)

    def history(self, hold_id: str) -> tuple[audit.Entry, ...]:
        """Return the audit entries of a hold; ``store.audit.reason`` opens the reasons."""
        return audit.entries(self._store, hold=hold_id)

    # -- deciding (reviewers, senders, time) --------------------------------------------------------------------

    def approve(
        self,
        hold_id: str,
        *,
        actor: str,
        reason: str,
        now: datetime,
        version: int | None = None,
        lists_too: bool = True,
    ) -> HeldMessage:
        """Say yes: the last yes needed sends the hold to the courier, an earlier one proposes it.

        Raises:
            IllegalMoveError: it is not to be decided on (any more), or not in *version* (any more); NoWayOutError where
                it is held for a list and this site has no listener that expands lists, or for a name that still
                cannot be looked up; WholeListError where it would go to a list, without *lists_too*.
            NotAllowedError: nobody acts, or somebody who said yes already, or who sent the message or gets it.
        """
        found = self._look_up(hold_id)
        with self._store.write() as connection:
            held = self._releasable(connection, hold_id, actor, version, found)
            if not lists_too:
                leaving.require_no_list(connection, hold_id, found)
            return self._approve(connection, held, found, actor=actor, reason=reason, now=now)

    def release(
        self,
        hold_id: str,
        *,
        actor: str,
        reason: str,
        now: datetime,
        version: int | None = None,
        lists_too: bool = True,
    ) -> HeldMessage:
        """Say the last yes needed; as :meth:`approve`, but NotAllowedError where another yes must come first."""
        found = self._look_up(hold_id)
        with self._store.write() as connection:
            held = self._releasable(connection, hold_id, actor, version, found)
            if not lists_too:
                leaving.require_no_list(connection, hold_id, found)
            if len(held.approved_by) + 1 < held.approvals_needed:
                raise NotAllowedError("another person must approve this hold first")
            return self._approve(connection, held, found, actor=actor, reason=reason, now=now)

    def refuse(
        self, hold_id: str, *, actor: str, reason: str, now: datetime, version: int | None = None
    ) -> HeldMessage:
        """Say no: the message is never sent, and its sender hears."""
        with self._store.write() as connection:
            held = self._undecided(connection, hold_id, actor, version, to=HoldState.REFUSED)
            return self._close(connection, held, HoldState.REFUSED, actor=actor, reason=reason, now=now)

    def cancel(
        self, hold_id: str, *, actor: str, reason: str, now: datetime, version: int | None = None
    ) -> HeldMessage:
        """End the hold at its sender's wish."""
        self._refuse_nobody(actor)
        with self._store.write() as connection:
            held = changing.current(connection, hold_id, version)
            return self._close(connection, held, HoldState.CANCELLED, actor=actor, reason=reason, now=now)

    def withdraw(self, hold_id: str, *, actor: str, reason: str, now: datetime) -> HeldMessage:
        """Take back all approvals of a proposed hold."""
        self._refuse_nobody(actor)
        with self._store.write() as connection:
            held = changing.get(connection, hold_id)
            if held.state is not HoldState.PROPOSED:
                raise IllegalMoveError(f"a hold that is {held.state} has no approval to take back")
            moved = changing.move(connection, held, HoldState.HELD, approved_by=())
            self._record(connection, "approval withdrawn", hold_id, actor=actor, reason=reason, now=now)
            return moved

    def reopen(self, hold_id: str, *, actor: str, reason: str, now: datetime) -> HeldMessage:
        """Put a refused, cancelled or expired hold before the reviewers again, while its content is kept."""
        self._refuse_nobody(actor)
        with self._store.write() as connection:
            held = changing.get(connection, hold_id)
            if held.state not in moves.CLOSED or holds.content(connection, hold_id) is None:
                raise IllegalMoveError(f"a hold that is {held.state} cannot be reopened, or its content was erased")
            times = {"due_at": self._due_again(held, now), "expires_at": now + self._expires_after}
            moved = changing.move(
                connection, held, HoldState.HELD, approved_by=(), decided_by="", closed_at=None, last_error="", **times
            )
            self._record(connection, "reopened", hold_id, actor=actor, reason=reason, now=now)
            outbox.add(connection, "notice.task", hold=hold_id, version=moved.version, now=now)
            return moved

    def expire_due(self, now: datetime) -> tuple[str, ...]:
        """Expire the holds that nobody decided on in time; return their ids."""
        ended: list[str] = []
        while True:
            with self._store.read() as connection:
                if not holds.expired(connection, moves.UNDECIDED, now, 1):
                    return tuple(ended)
            with self._store.write() as connection:
                for hold_id in holds.expired(connection, moves.UNDECIDED, now, 100):
                    held = changing.get(connection, hold_id)
                    self._close(connection, held, HoldState.EXPIRED, actor="time", reason="", now=now)
                    ended.append(hold_id)

    # -- out (the courier) --------------------------------------------------------------------------------------

    def claim(self, now: datetime, limit: int = 10, lease_s: float = 900) -> tuple[OutboxRow, ...]:
        """Claim due outbox rows for *lease_s*: longer than sending one may take, or it may be sent twice."""
        with self._store.read() as connection:
            if not outbox.is_due(connection, now):
                return ()
        with self._store.write() as connection:
            return outbox.claim(connection, now, limit, timedelta(seconds=lease_s))

    def standing(self, row: OutboxRow) -> Standing:
        """Return whether what a notice tells is still true of its hold."""
        with self._store.read() as connection:
            return telling.standing(connection, row)

    def drop(self, row: OutboxRow, *, now: datetime) -> bool:
        """End a notice unsent, where a decision has overtaken it; return whether that was so."""
        with self._store.write() as connection:
            return telling.drop(connection, row, actor=COURIER, now=now)

    def to_release(self, row: OutboxRow, content: HeldContent) -> Copies:
        """Return those copies of the hold that a release has still to send."""
        with self._store.read() as connection:
            return leaving.waiting(connection, row.hold_id, content)

    def left(self, row: OutboxRow, *, lists: bool, now: datetime, queue_id: str = "") -> None:
        """Record that the copies of the lists, or of all others, left, and that the rest of the release is to come."""
        facts = {"queue_id": intake.plain(queue_id, 64), "attempts": row.attempts}
        with self._store.write() as connection:
            leaving.set_left(connection, row, self.outlets, lists=lists, facts=facts, now=now)

    def done(self, row: OutboxRow, *, now: datetime, queue_id: str = "") -> bool:
        """Record that a row was done (a release: that Postfix said 250 with *queue_id*); return whether it was news.

        A release makes its hold released, and puts the notice of it in the outbox; and the archive's copy, where none
        was made when the message came.
        """
        facts = {"queue_id": intake.plain(queue_id, 64), "attempts": row.attempts}
        with self._store.write() as connection:
            if not outbox.done(connection, row, now=now):
                leaving.set_done_late(connection, row, facts, now)
                return False
            if row.kind != outbox.RELEASE:
                audit.append(connection, f"sent {row.kind}", now=now, hold=row.hold_id, actor=COURIER, facts=facts)
                return True
            held = changing.get(connection, row.hold_id)
            moved = changing.move(connection, held, HoldState.RELEASED, closed_at=now, last_error="")
            audit.append(connection, "released", now=now, hold=held.id, actor=COURIER, facts=facts)
            outbox.add(connection, telling.OF_END[HoldState.RELEASED], hold=held.id, version=moved.version, now=now)
            leaving.order_archive_copy(connection, held, self.outlets, now)
            return True

    def retry(self, row: OutboxRow, error: str, next_at: datetime) -> bool:
        """Give a row back until *next_at*; return whether the claim was still good.

        *error* is in words of ours; anything like an address is taken out of it.
        """
        words = intake.plain(error, 200)
        with self._store.write() as connection:
            good = outbox.put_back(connection, row, words, next_at)
            if good and row.kind == outbox.RELEASE:
                holds.set_error(connection, row.hold_id, words)
            return good

    def dead(self, row: OutboxRow, error: str, *, now: datetime) -> bool:
        """Give a row up.  What a release did not send goes back to the reviewers; of others, an alert tells.

        False: the claim is over.
        """
        words = intake.plain(error, 200)
        with self._store.write() as connection:
            if not outbox.dead(connection, row, words, now=now):
                return False
            facts = {"kind": row.kind, "attempts": row.attempts, "error": words}
            audit.append(connection, "given up", now=now, hold=row.hold_id, actor=COURIER, facts=facts)
            if row.kind == outbox.RELEASE:
                leaving.send_back(connection, row.hold_id, words or "release failed", now)
            elif row.kind != outbox.ALERT:
                outbox.alert(connection, f"{row.kind} could not be sent", hold=row.hold_id, now=now)
            return True

    def alert(self, detail: str, *, now: datetime, hold_id: str = "", facts: Mapping[str, Any] | None = None) -> bool:
        """Tell the administrator *detail* (fixed words of ours); False where the same alert waits to be sent already.

        Each call is in the audit trail, with *facts* (counts and codes of ours).
        """
        words = intake.plain(detail, 200)
        with self._store.write() as connection:
            told = outbox.alert(connection, words, hold=hold_id, now=now)
            record = {**(facts or {}), "detail": words}
            audit.append(connection, "alert", now=now, hold=hold_id, actor=intake.GATEWAY, facts=record)
            return told

    def expect(
        self,
        row: OutboxRow,
        sender: str,
        recipients: Sequence[str],
        content_digest: bytes,
        now: datetime,
        *,
        held: Sequence[str] = (),
        lasts_s: float = 600,
    ) -> None:
        """Let exactly this pass the release guard while the claim is good, for at most *lasts_s*.

        Of a release, sender and content must be what the milter held, and every recipient one of those it held and
        that have not left, whatever the courier says.  An archive's copy goes to the archive of the settings alone,
        and must be what was held for each recipient in *held*.

        Raises:
            IllegalMoveError: the claim is over, or the hold is not being released.
            NotAllowedError: this is not what was held.
        """
        key, mail = self._keys.store, Departure(sender, recipients, content_digest)
        with self._store.write() as connection:
            if not outbox.is_claimed(connection, row, now):
                raise IllegalMoveError("the claim on this outbox row is over")
            if row.kind == outbox.RELEASE:
                leaving.check_release(connection, row.hold_id, mail, key)
                # Whom a person let it go to is no stranger any more (``first_contact``).
                memory.learn(connection, {memory.person(key, each): now.date() for each in recipients})
            elif row.kind == outbox.JOURNAL:
                leaving.check_archive_copy(connection, row.hold_id, mail, key, self.outlets, held)
            announced = digests.departure(key, sender, recipients, content_digest)
            outbox.expect(connection, row, announced, now + timedelta(seconds=lasts_s))

    # -- out (the guard) ----------------------------------------------------------------------------------------

    def departing(self, sender: str, recipients: Sequence[str], content_digest: bytes, now: datetime) -> bool:
        """Return whether exactly this may leave now: a hold being released, or a notice of ours being sent."""
        shown = digests.departure(self._keys.store, sender, recipients, content_digest)
        with self._store.read() as connection:
            return outbox.departing(connection, shown, now)

    # -- upkeep -------------------------------------------------------------------------------------------------

    def erase_closed(self, now: datetime, *, kept: timedelta = timedelta(days=14)) -> tuple[str, ...]:
        """Erase what was sealed of holds that ended longer than *kept* ago; their plain facts and audit stay."""
        erased: list[str] = []
        while True:
            with self._store.write() as connection:
                ids = holds.erase(connection, now - kept, moves.CLOSED)
                for hold_id in ids:
                    audit.append(connection, "content erased", now=now, hold=hold_id, actor="time")
                if not ids:
                    outbox.forget(connection, now - kept)
                    return tuple(erased)
            erased += ids

    def rewrap(self, old: vault.OpeningKey, new: vault.PublicKey, *, actor: str, now: datetime) -> int:
        """Hand every hold that *old* opens over to *new*, in batches, while mail flows; return how many.

        *old* is an earlier reviewers' key, or the recovery key where that one is lost.
        """
        self._refuse_nobody(actor)
        count = 0
        while True:
            with self._store.write() as connection:
                batch = holds.sealed_to(connection, old.public.id, 200, but=new.id)
                for hold_id, sealed in batch:
                    holds.rewrap(connection, hold_id, new.id, vault.rewrap(old, new, hold_id, sealed))
                count += len(batch)
                if not batch:
                    facts = {"holds": count, "from": old.public.id, "to": new.id}
                    audit.append(connection, "keys rewrapped", now=now, actor=actor, facts=facts)
                    return count

    # -- inside -------------------------------------------------------------------------------------------------

    def _undecided(
        self, connection: Connection, hold_id: str, actor: str, version: int | None, *, to: HoldState
    ) -> HeldMessage:
        """Return a hold that *actor* may decide on now."""
        self._refuse_nobody(actor)
        held = changing.current(connection, hold_id, version)
        moves.check(held.state, to)
        known_as = {digests.party(self._keys.store, each) for each in (actor, *self._addresses(actor))}
        if known_as & holds.parties(connection, hold_id):
            raise NotAllowedError("nobody decides on a message that they sent or would get")
        return held

    def _releasable(
        self, connection: Connection, hold_id: str, actor: str, version: int | None, found: Found
    ) -> HeldMessage:
        """Return a hold that *actor* may let go now, and that can reach whom it is for."""
        changing.current(connection, hold_id, found.version)
        held = self._undecided(connection, hold_id, actor, version, to=HoldState.RELEASING)
        leaving.require_way_out(connection, hold_id, self.outlets, found)
        return held

    def _look_up(self, hold_id: str) -> Found:
        """Ask the maps about the names in a hold that nobody could look up; before the transaction, for it may last."""
        with self._store.read() as connection:
            held = holds.get(connection, hold_id)
            unread = names.unread(holds.states(connection, hold_id))
        if held is None or held.state not in moves.UNDECIDED or not unread:
            return Found()
        if self._names is None:
            return Found(unread=frozenset(unread), version=held.version)
        found = names.look_up(unread, self.open(hold_id, self._names.opening()), self._names)
        return replace(found, version=held.version)

    def _approve(
        self, connection: Connection, held: HeldMessage, found: Found, *, actor: str, reason: str, now: datetime
    ) -> HeldMessage:
        if _person(actor) in map(_person, held.approved_by):
            raise NotAllowedError("the second approval must be another person's")
        approved_by = (*held.approved_by, actor)
        is_last = len(approved_by) >= held.approvals_needed
        to = HoldState.RELEASING if is_last else HoldState.PROPOSED
        moved = changing.move(connection, held, to, approved_by=approved_by, decided_by=actor if is_last else "")
        kind = "release decided" if is_last else "release proposed"
        self._record(connection, kind, held.id, actor=actor, reason=reason, now=now)
        if is_last and found != Found():
            names.settle(connection, held.id, found)
            facts = {"mailboxes": len(found.mailboxes), "lists": len(found.lists | found.unread)}
            audit.append(connection, "names looked up", now=now, hold=held.id, actor=actor, facts=facts)
        outbox.add(connection, "release" if is_last else "notice.task", hold=held.id, version=moved.version, now=now)
        return moved

    def _close(
        self, connection: Connection, held: HeldMessage, to: HoldState, *, actor: str, reason: str, now: datetime
    ) -> HeldMessage:
        moved = changing.move(connection, held, to, decided_by=actor, closed_at=now)
        self._record(connection, to.value, held.id, actor=actor, reason=reason, now=now)
        outbox.add(connection, telling.OF_END[to], hold=held.id, version=moved.version, now=now)
        return moved

    def _record(
        self, connection: Connection, kind: str, hold_id: str, *, actor: str, reason: str, now: datetime
    ) -> None:
        """Write the audit entry of somebody's deed; what they typed is sealed, for it may say anything."""
        note = None
        if reason:
            place = audit.note_place(hold_id)
            note = vault.seal_note(self._keys.sealing, place, reason.encode("utf-8", "replace"))
        audit.append(connection, kind, now=now, hold=hold_id, actor=actor, note=note)

    def _due_again(self, held: HeldMessage, now: datetime) -> datetime:
        """Return by when a hold that is reopened now is due: as long as it was given at first."""
        if not held.office:
            return now + (held.due_at - held.held_at)
        return self._calendar.due(now, self._calendar.between(held.held_at, held.due_at).total_seconds())

    @staticmethod
    def _refuse_nobody(actor: str) -> None:
        if not actor.strip():
            raise NotAllowedError("a decision needs the name of the person who takes it")


def _person(actor: str) -> str:
    return actor.strip().casefold()

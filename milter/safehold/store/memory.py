# SPDX-License-Identifier: GPL-3.0-or-later
"""What was before: with whom mail was accepted, and how often somebody matched a policy that counts.

No address is stored: a person is a keyed hash (the store's key), a contact is that and a day.  What is learnt waits in
memory and is written about every second by a thread of its own, so that no message waits for a disk; whoever asks sees
it at once.  A crash loses that second: somebody known passes for unknown once more, which can only make a policy
stricter.  Matches that are the ground of a hold, or of a notice, are written with it, in its transaction, and are as
durable as it is (:func:`record`).

:class:`Memory` is safe for threads.
"""

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from safehold import vault
from safehold.errors import StoreError
from safehold.store.database import Store
from safehold.store.tables import contacts, matches

log = logging.getLogger(__name__)

FLUSH_S = 1.0
# How long contacts and matches are kept where no policy asks for longer (policy-language, section 1).
KEPT_DAYS = 90
# What may wait for a store that is away: some MB.  What is over that is lost, as by a crash.
MOST_WAITING = 100_000
# How many values one statement names.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Tally:
    """One match to be counted: of which policy, for whom (see :func:`person`), and whether it was enforced."""

    policy: str
    who: bytes = field(repr=False)
    enforced: bool


@dataclass(frozen=True, slots=True)
class Question:
    """How often did each of these people match this policy since then?"""

    policy: str
    enforced: bool
    since: datetime
    who: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What is to be written."""

    met: Mapping[bytes, date] = field(default_factory=dict, repr=False)
    matched: Sequence[tuple[Tally, datetime]] = ()

    def __bool__(self) -> bool:
        return bool(self.met or self.matched)


def person(store_key: bytes, address: str) -> bytes:
    """Return what stands for an address, or a login, here."""
    return vault.keyed_hash(store_key, b"before", address.strip().lower().encode("utf-8", "surrogateescape"))


def record(connection: Connection, tallies: Iterable[Tally], now: datetime) -> None:
    """Write matches of now down in the caller's transaction."""
    _record(connection, [(each, now) for each in tallies])


def _record(connection: Connection, matched: Iterable[tuple[Tally, datetime]]) -> None:
    rows = [{"policy": each.policy, "who": each.who, "enforced": each.enforced, "at": at} for each, at in matched]
    if rows:
        connection.execute(insert(matches), rows)


def learn(connection: Connection, days: Mapping[bytes, date]) -> None:
    """Write down in the caller's transaction with whom mail was accepted, and when last."""
    if not days:
        return
    row = upsert(contacts)
    later = row.on_conflict_do_update(
        index_elements=[contacts.c.who], set_={"day": row.excluded.day}, where=row.excluded.day > contacts.c.day
    )
    connection.execute(later, [{"who": who, "day": day} for who, day in days.items()])


class Memory:
    """Contacts and matches in one store: asked at once, written a little later."""

    def __init__(self, store: Store, store_key: bytes) -> None:
        self._store = store
        self._key = store_key
        self._lock = threading.Lock()
        self._met: dict[bytes, date] = {}
        self._matched: list[tuple[Tally, datetime]] = []
        # What is being written now: still to be seen by whoever asks, and not to be waited for.
        self._going = _Waiting()
        # Whom the store knows to be of that day: most mail goes to people who had some already.
        self._written: dict[bytes, date] = {}
        self._is_away = False

    def person(self, address: str) -> bytes:
        """Return what stands for an address here."""
        return person(self._key, address)

    # -- asking --

    def last_contact(self, addresses: Iterable[str]) -> dict[str, date]:
        """Return the day on which mail with each address was last accepted; who is not in it is not known.

        Raises:
            StoreError: The store cannot be read.
        """
        who = {address: self.person(address) for address in addresses}
        with self._lock:
            known = {**self._going.met, **self._met}
            found = {each: known[each] for each in who.values() if each in known}
        asked = [each for each in dict.fromkeys(who.values()) if each not in found]
        if asked:
            with self._store.read() as connection:
                for some in _batches(asked):
                    query = select(contacts.c.who, contacts.c.day).where(contacts.c.who.in_(some))
                    found |= {row.who: row.day for row in connection.execute(query)}
        return {address: found[each] for address, each in who.items() if each in found}

    def counts(self, questions: Sequence[Question]) -> list[dict[bytes, int]]:
        """Return for each question how often each person matched; who is not in it did not.

        What is being written at this very moment may count twice, and never too little.  That concerns matches in
        shadow and outright rejections alone: all others are never in memory only.

        Raises:
            StoreError: The store cannot be read.
        """
        if not questions:
            return []
        with self._lock:
            waiting = [*self._going.matched, *self._matched]
        with self._store.read() as connection:
            found = [_counted(connection, question) for question in questions]
        for question, count in zip(questions, found, strict=True):
            for tally, at in waiting:
                is_its = (tally.policy, tally.enforced) == (question.policy, question.enforced)
                if is_its and tally.who in question.who and at >= question.since:
                    count[tally.who] = count.get(tally.who, 0) + 1
        return found

    # -- learning --

    def meet(self, addresses: Iterable[str], day: date) -> None:
        """Remember that mail with these was accepted that day.  Never waits for the store."""
        met = [self.person(address) for address in addresses]
        with self._lock:
            for who in met:
                known = max(each.get(who, date.min) for each in (self._written, self._going.met, self._met))
                if known < day and len(self._met) < MOST_WAITING:
                    self._met[who] = day

    def match(self, tallies: Iterable[Tally], now: datetime) -> None:
        """Remember matches that no hold and no notice is written for.  Never waits for the store."""
        with self._lock:
            room = MOST_WAITING - len(self._matched)
            self._matched += [(tally, now) for tally in islice(tallies, max(room, 0))]

    # -- writing --

    def flush(self) -> None:
        """Write down what waits; called by one thread.

        Raises:
            StoreError: The store cannot be written; all of it waits on.
        """
        with self._lock:
            if not self._going:
                self._going = _Waiting(self._met, self._matched)
                self._met, self._matched = {}, []
            going = self._going
        if not going:
            return
        with self._store.write() as connection:
            learn(connection, going.met)
            _record(connection, going.matched)
        with self._lock:
            if len(self._written) > MOST_WAITING:
                self._written.clear()
            self._written |= going.met
            self._going = _Waiting()

    def prune(self, now: datetime, days: int) -> None:
        """Forget what is older than *days*, and than :data:`KEPT_DAYS`.

        Raises:
            StoreError: The store cannot be written.
        """
        before = now - timedelta(days=max(days, KEPT_DAYS) + 1)
        with self._store.write() as connection:
            connection.execute(delete(contacts).where(contacts.c.day < before.date()))
            connection.execute(delete(matches).where(matches.c.at < before))

    def keep(self) -> None:
        """Flush, and where that fails say so once and try again the next time."""
        try:
            self.flush()
        except StoreError as error:
            if not self._is_away:
                log.warning("contacts and matches wait in memory: %s", error)
            self._is_away = True
        else:
            self._is_away = False


def _counted(connection: Connection, question: Question) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for some in _batches(question.who):
        query = (
            select(matches.c.who, func.count().label("times"))
            .where(matches.c.policy == question.policy, matches.c.who.in_(some), matches.c.at >= question.since)
            .where(matches.c.enforced == question.enforced)
            .group_by(matches.c.who)
        )
        found |= {row.who: row.times for row in connection.execute(query)}
    return found


def _batches(values: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]

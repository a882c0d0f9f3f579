# SPDX-License-Identifier: GPL-3.0-or-later
"""The register, sealed: one row a person, encrypted under the register key in its own row.

What is in the clear is a person's opaque id, the name of the register, and when the row changed.  A keyed digest of
each row says what an import changes without opening anything.

Rules of import (DESIGN section 8): nothing is deleted.  Who a *full* import of a register no longer holds is *ended*:
kept, sealed, and no longer protected.  Ending many at once is how a wrong file, or a wrong person, would take
everybody's protection away; so an import that ends over 2 % of the people, or over 20, wants the number said.
An import gives each person whole, so one that takes anything away from somebody who stays wants that number said too;
one that *adds* keeps everything that is there (:mod:`safehold.register.merging`).
Each change is one transaction: rows, revision, history and an audit entry with counts only.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from safehold import vault
from safehold.errors import IllegalMoveError, NotAllowedError, StoreError, TamperedError, counted
from safehold.register import merging
from safehold.register.people import Person, from_record, to_record
from safehold.store import audit
from safehold.store.database import Store
from safehold.store.tables import meta, people, register_imports

# How many people an import may end without a word (DESIGN section 8).
MOST_ENDS = 20
MOST_ENDS_SHARE = 0.02
# How many people a refusal names; the rest are counted.
MOST_NAMED = 10

_REVISION = "register_revision"


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What a change of the register did: counts, and the revision that it made (the old one, if nothing changed)."""

    revision: int
    added: int = 0
    changed: int = 0
    ended: int = 0
    returned: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since a revision: people to take in place of those of the same id, and ids to drop."""

    revision: int
    people: tuple[Person, ...]
    ended: frozenset[str]


@dataclass(frozen=True, slots=True)
class ImportEntry:
    """One line of the register's history."""

    revision: int
    at: datetime
    actor: str
    kind: str
    added: int
    changed: int
    ended: int
    returned: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class _Known:
    """A stored row, unopened."""

    register: str
    digest: bytes
    is_ended: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    """What an import will do to the rows that were there at one revision."""

    revision: int
    rows: Sequence[Mapping[str, Any]]
    ends: frozenset[str]
    result: ImportResult
    losses: Mapping[str, str] = field(default_factory=dict)  # by id, in words

    @property
    def is_empty(self) -> bool:
        return not self.rows and not self.ends


def registers(store: Store) -> Mapping[str, int]:
    """Return how many people each register protects; names are in the clear, so this needs no key."""
    query = (
        select(people.c.register, func.count().label("people"))
        .where(people.c.ended_at.is_(None))
        .group_by(people.c.register)
    )
    with store.read() as connection:
        return {row.register: row.people for row in connection.execute(query)}


_OTHER_KEYS = (
    "the register does not open with this register key: keys and store do not belong together; put the keys back that"
    " were there when it was imported, or the backup of the store that belongs to these keys"
)


class PeopleStore:
    """The sealed register in one store.  Safe for threads, and between processes."""

    def __init__(self, store: Store, register_key: bytes) -> None:
        self._store = store
        self._key = register_key

    def revision(self) -> int:
        """Return the number of the last change; cheap, to be asked every second."""
        with self._store.read() as connection:
            return _revision(connection)

    def load(self) -> tuple[int, tuple[Person, ...]]:
        """Return the revision and everybody who is protected at it.

        Raises:
            TamperedError: a row is not what was sealed.
        """
        with self._store.read() as connection:
            query = select(people.c.id, people.c.sealed).where(people.c.ended_at.is_(None)).order_by(people.c.id)
            rows = connection.execution_options(yield_per=5000).execute(query)
            found = tuple(self._opened(row.id, row.sealed) for row in rows)
            return _revision(connection), found

    def changes(self, since: int) -> Changes:
        """Return what changed after revision *since*: what a running gateway must know to follow."""
        with self._store.read() as connection:
            query = select(people.c.id, people.c.sealed, people.c.ended_at).where(people.c.revision > since)
            # Sorted here: asked to sort, SQLite walks the whole table by id instead of the index of revisions.
            rows = sorted(connection.execute(query), key=lambda row: row.id)
            return Changes(
                _revision(connection),
                tuple(self._opened(row.id, row.sealed) for row in rows if row.ended_at is None),
                frozenset(row.id for row in rows if row.ended_at is not None),
            )

    def ended(self) -> tuple[tuple[str, datetime], ...]:
        """Return ids of the people whose protection was ended, and when."""
        query = select(people.c.id, people.c.ended_at).where(people.c.ended_at.is_not(None)).order_by(people.c.id)
        with self._store.read() as connection:
            return tuple((row.id, row.ended_at) for row in connection.execute(query))

    def history(self) -> tuple[ImportEntry, ...]:
        """Return every change of the register, oldest first."""
        with self._store.read() as connection:
            rows = connection.execute(select(register_imports).order_by(register_imports.c.revision))
            return tuple(ImportEntry(**row._mapping) for row in rows)

    def import_people(
        self,
        incoming: Iterable[Person],
        *,
        full: bool,
        adding: bool = False,
        accept_ends: int = 0,
        accept_losses: int = 0,
        actor: str,
        now: datetime,
        registers: Collection[str] = (),
    ) -> ImportResult:
        """Add and change people; a *full* import ends everybody else of the registers that it is about.

        Args:
            incoming: The people; each id once.
            full: Whether this is all of the registers it names.
            adding: Whether what is there of a person stays, and this comes to it; else each person is given whole.
            accept_ends: How many people may be ended, where that is over 2 % of them or over 20.
            accept_losses: From how many people who stay the import may take something away.
            actor: Who does this.
            now: When.
            registers: The registers that a full import is about, where the people do not name them all.

        Raises:
            NotAllowedError: too many people would be ended or lose something, what is to be added contradicts what is
                there, an id comes twice, or nobody acts.
        """
        if not actor.strip():
            raise NotAllowedError("a change of the register needs the name of the person who makes it")
        by_id = _by_id(incoming)
        covered = frozenset(registers) | {person.register for person in by_id.values()} if full else frozenset()
        # Sealing a large import takes longer than other writers wait, so it is done before the transaction, and
        # anew where the register changed meanwhile.
        for _ in range(5):
            plan = self._plan(by_id, covered, adding=adding)
            _refuse_many_ends(plan, accept_ends)
            _refuse_losses(plan, accept_losses)
            if plan.is_empty:
                return plan.result
            kind = "full" if full else "added" if adding else "partial"
            if self._carry_out(plan, kind=kind, actor=actor, now=now):
                return plan.result
        raise StoreError("the register changes too fast to import now")

    def end(self, ids: Collection[str], *, actor: str, accept_ends: int = 0, now: datetime) -> ImportResult:
        """End people's protection; the same limit as for an import.

        Raises:
            NotAllowedError: nobody acts, or too many people would be ended.
            IllegalMoveError: somebody of them is not in the register, or ended already.
        """
        if not actor.strip():
            raise NotAllowedError("a change of the register needs the name of the person who makes it")
        for _ in range(5):
            with self._store.read() as connection:
                revision, known = _revision(connection), _known(connection)
            if not all(each in known and not known[each].is_ended for each in ids):
                raise IllegalMoveError("not everybody named is protected now; nobody was ended")
            going = frozenset(ids)
            active = sum(not each.is_ended for each in known.values())
            result = ImportResult(revision + 1, ended=len(going), unchanged=active - len(going))
            plan = _Plan(revision, (), going, result)
            _refuse_many_ends(plan, accept_ends)
            if plan.is_empty:
                return ImportResult(revision, unchanged=active)
            if self._carry_out(plan, kind="end", actor=actor, now=now):
                return result
        raise StoreError("the register changes too fast to change it now")

    def _plan(self, incoming: Mapping[str, Person], covered: frozenset[str], *, adding: bool) -> _Plan:
        with self._store.read() as connection:
            revision, known = _revision(connection), _known(connection)
            given = {key: (person, self._digest(person)) for key, person in incoming.items()}
            differing = [key for key, (_, digest) in given.items() if key in known and known[key].digest != digest]
            before_of = self._rows(connection, differing)
        if adding:
            _refuse_conflicts(before_of, incoming)
            joined = {key: merging.joined(before, incoming[key]) for key, before in before_of.items()}
            given |= {key: (person, self._digest(person)) for key, person in joined.items()}
        rows: list[Mapping[str, Any]] = []
        losses: dict[str, str] = {}
        added = changed = returned = unchanged = 0
        for person, digest in given.values():
            before = known.get(person.id)
            if before is not None and before.digest == digest and not before.is_ended:
                unchanged += 1
                continue
            added += before is None
            returned += before is not None and before.is_ended
            changed += before is not None and not before.is_ended
            if before is not None and not before.is_ended and (lost := _lost(before_of.get(person.id), person)):
                losses[person.id] = lost
            rows.append(
                {
                    "id": person.id,
                    "register": person.register,
                    "revision": revision + 1,
                    "ended_at": None,
                    "digest": digest,
                    "sealed": vault.seal_row(self._key, person.id, _record(person)),
                }
            )
        active = {i: k for i, k in known.items() if not k.is_ended and k.register in covered}
        ends = frozenset(active.keys() - incoming.keys())
        kept = revision + 1 if rows or ends else revision
        return _Plan(revision, rows, ends, ImportResult(kept, added, changed, len(ends), returned, unchanged), losses)

    def _digest(self, person: Person) -> bytes:
        return vault.keyed_hash(self._key, b"person", _record(person))

    def _rows(self, connection: Connection, ids: Sequence[str]) -> Mapping[str, Person]:
        """Return the stored people of these ids, ended ones too; without those whose row does not open."""
        found: dict[str, Person] = {}
        for some in _batches(ids):
            query = select(people.c.id, people.c.sealed).where(people.c.id.in_(some))
            for row in connection.execute(query):
                with suppress(TamperedError):  # an import is the way to write a damaged row anew
                    found[row.id] = self._opened(row.id, row.sealed)
        return found

    def _carry_out(self, plan: _Plan, *, kind: str, actor: str, now: datetime) -> bool:
        """Do what was planned if the register is still what it was planned on; return whether it was."""
        counts = {name: getattr(plan.result, name) for name in ("added", "changed", "ended", "returned", "unchanged")}
        with self._store.write() as connection:
            if _revision(connection) != plan.revision:
                return False
            revision = plan.revision + 1
            if plan.rows:
                statement = upsert(people)
                columns = ("register", "revision", "ended_at", "digest", "sealed")
                replaced = {name: statement.excluded[name] for name in columns}
                connection.execute(
                    statement.on_conflict_do_update(index_elements=["id"], set_=replaced), list(plan.rows)
                )
            for some in _batches(sorted(plan.ends)):
                connection.execute(update(people).where(people.c.id.in_(some)).values(ended_at=now, revision=revision))
            connection.execute(update(meta).where(meta.c.name == _REVISION).values(value=str(revision)))
            connection.execute(
                insert(register_imports).values(revision=revision, at=now, actor=actor, kind=kind, **counts)
            )
            facts = {"revision": revision, "kind": kind, **counts}
            if plan.losses:
                facts["losing"] = len(plan.losses)
            audit.append(connection, "register changed", now=now, actor=actor, facts=facts)
            return True

    def _opened(self, row_id: str, sealed: bytes) -> Person:
        try:
            record = json.loads(vault.open_row(self._key, row_id, sealed))
        except TamperedError:
            raise TamperedError(_OTHER_KEYS) from None
        if record.get("id") != row_id:
            raise TamperedError("a register row is another person's")
        try:
            return from_record(record)
        except (KeyError, TypeError, ValueError):
            # Not chained: the text of these names what the register holds.
            raise StoreError("a register row is of a shape that this program does not know") from None


def _by_id(incoming: Iterable[Person]) -> dict[str, Person]:
    found: dict[str, Person] = {}
    for person in incoming:
        if person.id in found:
            raise NotAllowedError("an id comes twice in this import; nothing was imported")
        found[person.id] = person
    return found


def _refuse_many_ends(plan: _Plan, accept_ends: int) -> None:
    ends = len(plan.ends)
    before = ends + plan.result.unchanged + plan.result.changed
    is_many = ends > MOST_ENDS or ends > MOST_ENDS_SHARE * before
    if is_many and ends > accept_ends:
        raise NotAllowedError(
            f"this would end the protection of {ends} of {before} people; nothing was changed."
            f" If that is right, say so with --accept-ends {ends}"
        )


def _refuse_losses(plan: _Plan, accept_losses: int) -> None:
    if len(plan.losses) <= accept_losses:
        return
    named = [f"{key} would lose {lost}" for key, lost in sorted(plan.losses.items())]
    more = len(named) - MOST_NAMED
    if more > 0:
        named[MOST_NAMED:] = [f"{counted(more, 'other person', 'other people')} would lose something too"]
    raise NotAllowedError(
        f"{'; '.join(named)}. Nothing was changed. To add to what is there: --add."
        f" If they are meant to lose it, say so with --accept-losses {len(plan.losses)}"
    )


def _lost(before: Person | None, after: Person) -> str:
    return merging.losses(before, after) if before is not None else "an entry that does not open"


def _refuse_conflicts(before: Mapping[str, Person], incoming: Mapping[str, Person]) -> None:
    said = [f"{key} {why}" for key in sorted(before) if (why := merging.conflict(before[key], incoming[key]))]
    if said:
        raise NotAllowedError(f"this cannot be added, and nothing was changed: {'; '.join(said[:MOST_NAMED])}")


def _record(person: Person) -> bytes:
    return json.dumps(to_record(person), sort_keys=True, ensure_ascii=False).encode()


def _revision(connection: Connection) -> int:
    return int(connection.execute(select(meta.c.value).where(meta.c.name == _REVISION)).scalar_one())


def _known(connection: Connection) -> dict[str, _Known]:
    query = select(people.c.id, people.c.register, people.c.digest, people.c.ended_at)
    return {row.id: _Known(row.register, row.digest, row.ended_at is not None) for row in connection.execute(query)}


def _batches(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    # SQLite allows 32,766 parameters in one statement.
    return (ids[at : at + 10_000] for at in range(0, len(ids), 10_000))

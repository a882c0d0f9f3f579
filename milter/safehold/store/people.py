# SPDX-License-Identifier: GPL-3.0-or-later
"""The register, sealed: one row a person, encrypted under the register key in its own row.

What is in the clear is a person's opaque id, the name of the register, and when the row changed.  A keyed digest of
each row says what an import changes without opening anything.

Rules of import (DESIGN section 8): nothing is deleted.  Who a *full* import of a register no longer holds is *ended*:
kept, sealed, and no longer protected.  Ending many at once is how a wrong file, or a wrong person, would take
everybody's protection away; so an import that ends over 2 % of the people, or over 20, wants the number said.
Each change is one transaction: rows, revision, history and an audit entry with counts only.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from safehold import vault
from safehold.errors import IllegalMoveError, NotAllowedError, StoreError, TamperedError
from safehold.register.people import Person, from_record, to_record
from safehold.store import audit
from safehold.store.database import Store
from safehold.store.tables import meta, people, register_imports

# How many people an import may end without a word (DESIGN section 8).
MOST_ENDS = 20
MOST_ENDS_SHARE = 0.02

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
        accept_ends: int = 0,
        actor: str,
        now: datetime,
        registers: Collection[str] = (),
    ) -> ImportResult:
        """Add and change people; a *full* import ends everybody else of the registers that it is about.

        Args:
            incoming: The people; each id once.
            full: Whether this is all of the registers it names.
            accept_ends: How many people may be ended, where that is over 2 % of them or over 20.
            actor: Who does this.
            now: When.
            registers: The registers that a full import is about, where the people do not name them all.

        Raises:
            NotAllowedError: too many people would be ended, an id comes twice, or nobody acts.
        """
        if not actor.strip():
            raise NotAllowedError("a change of the register needs the name of the person who makes it")
        by_id = _by_id(incoming)
        covered = frozenset(registers) | {person.register for person in by_id.values()} if full else frozenset()
        # Sealing a large import takes longer than other writers wait, so it is done before the transaction, and
        # anew where the register changed meanwhile.
        for _ in range(5):
            plan = self._plan(by_id, covered)
            _refuse_many_ends(plan, accept_ends)
            if plan.is_empty:
                return plan.result
            kind = "full" if full else "partial"
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

    def _plan(self, incoming: Mapping[str, Person], covered: frozenset[str]) -> _Plan:
        with self._store.read() as connection:
            revision, known = _revision(connection), _known(connection)
        rows: list[Mapping[str, Any]] = []
        added = changed = returned = unchanged = 0
        for person in incoming.values():
            text = json.dumps(to_record(person), sort_keys=True, ensure_ascii=False).encode()
            digest = vault.keyed_hash(self._key, b"person", text)
            before = known.get(person.id)
            if before is not None and before.digest == digest and not before.is_ended:
                unchanged += 1
                continue
            added += before is None
            returned += before is not None and before.is_ended
            changed += before is not None and not before.is_ended
            rows.append(
                {
                    "id": person.id,
                    "register": person.register,
                    "revision": revision + 1,
                    "ended_at": None,
                    "digest": digest,
                    "sealed": vault.seal_row(self._key, person.id, text),
                }
            )
        active = {i: k for i, k in known.items() if not k.is_ended and k.register in covered}
        ends = frozenset(active.keys() - incoming.keys())
        kept = revision + 1 if rows or ends else revision
        return _Plan(revision, rows, ends, ImportResult(kept, added, changed, len(ends), returned, unchanged))

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
            audit.append(connection, "register changed", now=now, actor=actor, facts=facts)
            return True

    def _opened(self, row_id: str, sealed: bytes) -> Person:
        record = json.loads(vault.open_row(self._key, row_id, sealed))
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


def _revision(connection: Connection) -> int:
    return int(connection.execute(select(meta.c.value).where(meta.c.name == _REVISION)).scalar_one())


def _known(connection: Connection) -> dict[str, _Known]:
    query = select(people.c.id, people.c.register, people.c.digest, people.c.ended_at)
    return {row.id: _Known(row.register, row.digest, row.ended_at is not None) for row in connection.execute(query)}


def _batches(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    # SQLite allows 32,766 parameters in one statement.
    return (ids[at : at + 10_000] for at in range(0, len(ids), 10_000))

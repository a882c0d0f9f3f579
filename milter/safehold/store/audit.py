# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit trail: an append-only chain of who did what, when, to which hold, and why.

Each entry's hash covers its own fields and the hash before it, so that a changed, removed, added or moved entry shows.
A chain cannot show that its *end* was cut off: signed checkpoints, kept elsewhere too, do.  Entries are written in the
transaction of the deed they record.  ``facts`` hold counts, ids of policies and digests, never an address or a text
(DESIGN P4); a reason that somebody typed may hold anything, so it is sealed to the reviewers.

:func:`append` takes a writing connection: SQLite lets one writer in at a time, which is what keeps the chain a chain.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from safehold import vault
from safehold.errors import TamperedError
from safehold.store import tables
from safehold.store.database import Store

START = bytes(32)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the trail.  ``note`` is the sealed reason, or None; :func:`reason` opens it."""

    seq: int
    at: datetime
    kind: str
    hold: str
    actor: str
    facts: Mapping[str, Any]
    note: bytes | None = field(default=None, repr=False)
    hash: bytes = b""


@dataclass(frozen=True, slots=True)
class Trail:
    """What :func:`verify` found: how many entries are good, and the first bad one with the reason in words."""

    entries: int
    bad_seq: int | None = None
    why: str = ""

    @property
    def is_whole(self) -> bool:
        """Return whether no entry is bad."""
        return self.bad_seq is None


def append(
    connection: Connection,
    kind: str,
    *,
    now: datetime,
    hold: str = "",
    actor: str = "",
    facts: Mapping[str, Any] | None = None,
    note: bytes | None = None,
) -> int:
    """Add an entry in the caller's transaction and return its number."""
    last = connection.execute(
        select(tables.audit.c.seq, tables.audit.c.hash).order_by(tables.audit.c.seq.desc()).limit(1)
    ).first()
    seq, previous = (last.seq + 1, last.hash) if last else (1, START)
    words = json.dumps(facts or {}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    connection.execute(
        insert(tables.audit).values(
            seq=seq,
            at=now,
            kind=kind,
            hold=hold,
            actor=actor,
            facts=words,
            note=note,
            prev_hash=previous,
            hash=_hash(seq, now, kind, hold, actor, words, note, previous),
        )
    )
    return seq


def note_place(hold: str) -> str:
    """Return where a typed reason about *hold* is sealed to."""
    return f"audit reason {hold}"


def reason(entry: Entry, opening: vault.OpeningKey) -> str:
    """Return the reason that the actor gave, or ""."""
    if entry.note is None:
        return ""
    return vault.open_note(opening, note_place(entry.hold), entry.note).decode()


def entries(store: Store, *, hold: str | None = None, after: int = 0, limit: int = 1_000_000) -> tuple[Entry, ...]:
    """Return entries in order: all, or those about one hold."""
    query = select(tables.audit).where(tables.audit.c.seq > after).order_by(tables.audit.c.seq).limit(limit)
    if hold is not None:
        query = query.where(tables.audit.c.hold == hold)
    with store.read() as connection:
        return tuple(_entry(row) for row in connection.execute(query))


def verify(store: Store, audit_public: bytes | None = None) -> Trail:
    """Return whether the chain is whole, and every checkpoint signed and in it; else the first bad entry."""
    with store.read() as connection:
        heads = {row.seq: row for row in connection.execute(select(tables.checkpoints))}
        good, previous = 0, START
        for row in _rows(connection):
            if why := _fault(row, good + 1, previous, heads.pop(good + 1, None), audit_public):
                return Trail(good, good + 1, why)
            good, previous = good + 1, row.hash
        if heads:
            return Trail(good, good + 1, f"the trail ends at {good}, but a checkpoint was signed at {max(heads)}")
        return Trail(good)


def checkpoint(store: Store, audit_key: bytes, *, now: datetime) -> tuple[int, bytes, bytes] | None:
    """Sign the head of the chain; return (seq, hash, signature) to be kept elsewhere too, or None if nothing is new."""
    with store.write() as connection:
        last = connection.execute(
            select(tables.audit.c.seq, tables.audit.c.hash).order_by(tables.audit.c.seq.desc()).limit(1)
        ).first()
        if (
            last is None
            or connection.execute(select(tables.checkpoints.c.seq).where(tables.checkpoints.c.seq == last.seq)).first()
        ):
            return None
        signature = vault.sign(audit_key, *_signed(last.seq, last.hash))
        connection.execute(insert(tables.checkpoints).values(seq=last.seq, at=now, hash=last.hash, signature=signature))
        return last.seq, last.hash, signature


def _rows(connection: Connection) -> Iterator[Row[Any]]:
    result = connection.execution_options(yield_per=1000).execute(select(tables.audit).order_by(tables.audit.c.seq))
    yield from result


def _fault(row: Row[Any], seq: int, previous: bytes, head: Row[Any] | None, audit_public: bytes | None) -> str:
    """Return in words what is wrong with the entry that should be number *seq*, or ""."""
    if row.seq != seq:
        return "an entry is missing"
    if row.prev_hash != previous:
        return "the entry does not follow the one before it"
    if row.hash != _hash(row.seq, row.at, row.kind, row.hold, row.actor, row.facts, row.note, row.prev_hash):
        return "the entry was changed"
    if head is None:
        return ""
    if head.hash != row.hash:
        return "the entry is not the one that a checkpoint was signed at"
    if audit_public is not None:
        try:
            vault.check_signature(audit_public, head.signature, *_signed(head.seq, head.hash))
        except TamperedError:
            return "the checkpoint at this entry is not signed by the audit key"
    return ""


def _signed(seq: int, digest: bytes) -> tuple[bytes, ...]:
    return b"safehold audit checkpoint 1", str(seq).encode(), digest


def _hash(
    seq: int, at: datetime, kind: str, hold: str, actor: str, facts: str, note: bytes | None, previous: bytes
) -> bytes:
    fields = (str(seq), at.isoformat(), kind, hold, actor, facts)
    sealed = b"" if note is None else b"1" + note
    return hashlib.sha256(
        vault.joined(b"safehold audit 1", *(each.encode() for each in fields), sealed, previous)
    ).digest()


def _entry(row: Row[Any]) -> Entry:
    return Entry(row.seq, row.at, row.kind, row.hold, row.actor, json.loads(row.facts), row.note, row.hash)

# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables, as the newest migration leaves them (a test compares the two).  Pure declarations.

What is in the clear here is what anybody with access to the store may see: no address, no subject, no text.
Everything else is sealed (``sealed``, ``people``, ``audit.note``) or a keyed hash.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    false,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData()


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time, kept as text of one width, so that it sorts as it reads: ``2026-11-25T14:02:00.000000Z``."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the text of *value*; a time without a zone is a mistake of ours and refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the time that the text says."""
        return None if value is None else datetime.fromisoformat(value)

    def process_literal_param(self, value: Any, dialect: Dialect) -> str:
        """Return the text for SQL shown to a person (never used for queries)."""
        return self.process_bind_param(value, dialect) or ""


# One row a held message: plain facts only.  ``version`` counts its changes (compare and set).  ``parties`` are keyed
# hashes of those who sent the message or get it, and so may not decide; ``office`` says that its deadline counts the
# hours of the office alone.
holds = Table(
    "holds",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("held_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("closed_at", UtcTime),
    Column("policies", JSON, nullable=False),
    Column("persons", JSON, nullable=False),
    Column("severity", String(16), nullable=False),
    Column("notice_title", String, nullable=False),
    Column("review", String, nullable=False),
    Column("approvals_needed", Integer, nullable=False),
    Column("approved_by", JSON, nullable=False),
    Column("decided_by", String, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("queue_id", String, nullable=False),
    Column("held_count", Integer, nullable=False),
    Column("delivered_count", Integer, nullable=False),
    Column("attachment_count", Integer, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("problems", JSON, nullable=False),
    Column("linked_to", String(16), nullable=False),
    Column("last_error", String, nullable=False),
    Column("parties", JSON, nullable=False),
    Column("office", Boolean, nullable=False, server_default=false()),
    Index("holds_by_state", "state", "due_at"),
)

# What a hold seals, apart from it, so that lists never walk over megabytes.
sealed = Table(
    "sealed",
    metadata,
    Column("hold", String(16), ForeignKey("holds.id"), primary_key=True),
    Column("suite", String, nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("recovery_id", String(16), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("wrapped_recovery", LargeBinary, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("evidence", LargeBinary, nullable=False),
    Column("message", LargeBinary, nullable=False),
    Index("sealed_by_key", "key_id"),
)

# The final recipients of a hold, as keyed hashes: by these a client's retry finds its first hold (DESIGN P3).
# ``release_key`` is what the courier must show to send this copy: a keyed hash of sender, recipient and content.
# ``state`` is this copy's: held, or ``list`` where it is held under the name of a list that could not be expanded, or
# ``unread`` where the maps could not be asked what its name leads to; refused where a policy rejected this recipient
# outright; left where it was released and others of the hold were not.
hold_recipients = Table(
    "hold_recipients",
    metadata,
    Column("hold", String(16), ForeignKey("holds.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("retry_key", LargeBinary, nullable=False),
    Column("message_id_hash", LargeBinary),
    Column("release_key", LargeBinary, nullable=False),
    Column("state", String(16), nullable=False),
    Index("hold_recipients_by_retry_key", "retry_key"),
)

# The append-only chain.  Triggers refuse UPDATE and DELETE.  ``note`` is a reason somebody typed, sealed to the
# reviewers; ``hash`` covers it.
audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("kind", String, nullable=False),
    Column("hold", String(16), nullable=False),
    Column("actor", String, nullable=False),
    Column("facts", String, nullable=False),
    Column("note", LargeBinary),
    Column("prev_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("audit_by_hold", "hold", "seq"),
)

# Signed heads of the chain: what shows that its end was cut off.
checkpoints = Table(
    "checkpoints",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)

# What the courier has to do.  ``attempts`` counts claims and tells one claim from the next.  ``state``: pending; done;
# dead, where it was given up; overtaken, where a decision made what it would have told untrue.
outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("hold", String(16), nullable=False),
    Column("hold_version", Integer, nullable=False),
    Column("detail", String, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("next_at", UtcTime, nullable=False),
    Column("claimed_until", UtcTime),
    Column("attempts", Integer, nullable=False),
    Column("ended_at", UtcTime),
    Column("last_error", String, nullable=False),
    # One row for each kind and change of a hold: nobody is told the same thing twice (rule R8 of notices).
    UniqueConstraint("kind", "hold", "hold_version", "detail", name="outbox_once"),
    Index("outbox_due", "state", "next_at"),
    sqlite_autoincrement=True,
)

# What may pass the release guard now.
departures = Table(
    "departures",
    metadata,
    Column("outbox", Integer, ForeignKey("outbox.id"), primary_key=True),
    Column("hash", LargeBinary, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Index("departures_by_hash", "hash"),
)

# Temporary failures of ours, counted by retry key (DESIGN P2).
faults = Table(
    "faults",
    metadata,
    Column("retry_key", LargeBinary, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    Index("faults_by_time", "last_at"),
)

# The register: one sealed row a person.  ``digest`` is a keyed hash of the row in the clear, so that an import can
# tell what changed without opening anything; ``revision`` is the register revision that last changed the row.
people = Table(
    "people",
    metadata,
    Column("id", String, primary_key=True),
    Column("register", String, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("ended_at", UtcTime),
    Column("digest", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("people_by_revision", "revision"),
)

# One row a change of the register: counts, never content.
register_imports = Table(
    "register_imports",
    metadata,
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", String, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("added", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("ended", Integer, nullable=False),
    Column("returned", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
)

# With whom mail was last accepted, by a keyed hash of the address.
contacts = Table(
    "contacts",
    metadata,
    Column("who", LargeBinary, primary_key=True),
    Column("day", Date, nullable=False),
    Index("contacts_by_day", "day"),
)

# Matches of the policies that count them (``repeat``): ``who`` is a keyed hash of the sender or the recipient.
# ``enforced`` keeps what a policy did apart from what it only recorded, in shadow.
matches = Table(
    "matches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("policy", String, nullable=False),
    Column("who", LargeBinary, nullable=False),
    Column("enforced", Boolean, nullable=False),
    Column("at", UtcTime, nullable=False),
    Index("matches_by_person", "policy", "who", "at"),
    Index("matches_by_time", "at"),
)

# Versions of the policies, newest last.  ``state``: published; proposed, where a second person has yet to agree;
# loaded, where a gateway found other files than were published and took them.  ``changes`` says in words what is other
# than in the version before; ``files`` are the files themselves, sealed as the register is, for one of them may be one.
versions = Table(
    "versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", String, nullable=False),
    Column("second", String, nullable=False),
    Column("changes", JSON, nullable=False),
    Column("files", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

# Policies that somebody switched off for a time.  Who, when and why stays in the audit trail.
disabled = Table(
    "disabled",
    metadata,
    Column("policy", String, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("actor", String, nullable=False),
)

# When each kind of process last worked the store, and since when that one has.
heartbeats = Table(
    "heartbeats",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("since", UtcTime, nullable=False),
)

# Single facts by name, e.g. the register revision.
meta = Table(
    "meta",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)

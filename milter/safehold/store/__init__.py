# SPDX-License-Identifier: GPL-3.0-or-later
"""The durable store: holds, outbox, audit trail and the sealed register, behind one face.

SQLite today (one machine; several processes), PostgreSQL later.  :class:`Store` gives transactions and turns every
failure of the database into :class:`safehold.errors.StoreError`; the modules beside it know one group of tables each
and take the connection of the transaction they are part of.
"""

from safehold.store.database import Store as Store

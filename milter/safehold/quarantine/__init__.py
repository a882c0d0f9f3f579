# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a hold: taken in by the gate, decided on by people, sent by the courier, let out by the guard.

:class:`Quarantine` is the face; the modules beside it are its parts.
"""

from safehold.quarantine.changing import NotFoundError as NotFoundError
from safehold.quarantine.digests import content_digest as content_digest
from safehold.quarantine.digests import retry_digest as retry_digest
from safehold.quarantine.hours import Calendar as Calendar
from safehold.quarantine.intake import HoldOutcome as HoldOutcome
from safehold.quarantine.intake import spoken_id as spoken_id
from safehold.quarantine.keeping import Quarantine as Quarantine
from safehold.quarantine.leaving import Copies as Copies
from safehold.quarantine.moves import MOVES as MOVES
from safehold.quarantine.moves import OPEN as OPEN
from safehold.quarantine.moves import UNDECIDED as UNDECIDED
from safehold.quarantine.names import Names as Names
from safehold.quarantine.outlets import NoWayOutError as NoWayOutError
from safehold.quarantine.outlets import Outlets as Outlets
from safehold.quarantine.outlets import WholeListError as WholeListError
from safehold.quarantine.tallies import counted_sender as counted_sender
from safehold.quarantine.telling import Standing as Standing
from safehold.store.outbox import OutboxRow as OutboxRow

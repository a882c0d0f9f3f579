# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share: makers of the values that travel through safehold, everything irrelevant defaulted.

Makers are fixtures that return functions, because tests are not packages and cannot import from here.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from safehold.model import Direction, Envelope, Facts, FinalRecipient, Message, Origin, Recipient

PROJECT = Path(__file__).parent.parent
NOW = datetime(2025, 6, 2, 9, 0, tzinfo=UTC)
OWN_DOMAIN = "riverbank.example"

# No example database in the tree, and no deadline: the machine's other work is not the code's fault.
settings.register_profile("safehold", deadline=None, database=None)
settings.load_profile("safehold")

# Under sudo(8) some commands do less: the tests of that set these themselves.
for name in ("SUDO_USER", "SUDO_UID"):
    os.environ.pop(name, None)

sys.path.insert(0, str(PROJECT / "samples"))  # for `import build`: samples are scripts, not a package
# For `import canaries` (files with a word in every place) and for the short cuts of what stands in bench.
sys.path[:0] = [str(PROJECT / "tests"), str(PROJECT / "tests" / "bench")]


@pytest.fixture(scope="session")
def project() -> Path:
    """The project's own folder."""
    return PROJECT


@pytest.fixture
def now() -> datetime:
    """A fixed aware time."""
    return NOW


@pytest.fixture
def make_envelope() -> Callable[..., Envelope]:
    """Make an envelope: ``make_envelope(to=["b@example.org"])``."""
    return envelope


@pytest.fixture
def make_message() -> Callable[..., Message]:
    """Make a message: ``make_message(b"Subject: x\\r\\n\\r\\ny\\r\\n", to=["b@example.org"])``."""
    return message


@pytest.fixture
def make_facts() -> Callable[..., Facts]:
    """Make facts whose final recipients are the given ones: ``make_facts(["b@example.org"])``."""
    return facts


def envelope(sender: str = f"a@{OWN_DOMAIN}", to: Sequence[str] = ("b@example.org",)) -> Envelope:
    return Envelope(sender, tuple(Recipient(address) for address in to))


def message(
    content: bytes = b"Subject: plain\r\n\r\nHello.\r\n",
    sender: str = f"a@{OWN_DOMAIN}",
    to: Sequence[str] = ("b@example.org",),
    macros: Mapping[str, str] | None = None,
) -> Message:
    return Message(
        envelope(sender, to), content, NOW, {"i": "4bXyZ1abc", "{client_addr}": "127.0.0.1"} | (macros or {})
    )


def facts(to: Sequence[str] = ("b@example.org",), **changes: Any) -> Facts:
    recipients = tuple(FinalRecipient(address, (address,), _direction(address)) for address in to)
    defaults: dict[str, Any] = {
        "now": NOW,
        "origin": Origin.TRUSTED,
        "senders": (f"a@{OWN_DOMAIN}",),
        "recipients": recipients,
        "own_domains": frozenset({OWN_DOMAIN}),
    }
    return Facts(**(defaults | changes))


def _direction(address: str) -> Direction:
    return Direction.INTERNAL if address.endswith(f"@{OWN_DOMAIN}") else Direction.OUTBOUND

# SPDX-License-Identifier: GPL-3.0-or-later
"""What a courier is told: where to hand over, whom to tell, how patient to be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from safehold.notices import NoticeSettings


@dataclass(frozen=True, slots=True)
class CourierSettings:
    """Where to hand over, whom to tell, how patient to be.

    Attributes:
        host: Address of the release listener, or the path of a unix-domain socket (begins with ``/``).
        list_host: Likewise of the listener that expands lists; "" where there is none.
        own_domains: Lower-case; sub-domains count.  Nobody outside them ever gets a notice.
        reviewers: Role -> addresses.
        owners: Policy id -> addresses of its owner.
        duty: Addresses of the duty role, who hear what nobody else can be told.
        logins: Login or sender -> address of who hears: people whose login is no address, owners of devices.
        timeout_s: Wait for one reply; the reply after DATA gets *data_timeout_s* (RFC 5321, 4.5.3.2).
        hand_over_s: Longest time for one mail up to its DATA.
        give_up_s: Age of a row after which trying stops; five days is what mail servers do (RFC 5321, 4.5.4.1).
    """

    host: str
    port: int = 0
    list_host: str = ""
    list_port: int = 0
    notices: NoticeSettings = field(default_factory=lambda: NoticeSettings("email-check@localhost"))
    own_domains: frozenset[str] = frozenset()
    reviewers: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    owners: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    duty: Sequence[str] = field(default=(), repr=False)
    logins: Mapping[str, str] = field(default_factory=dict, repr=False)
    helo: str = "localhost"
    batch: int = 20
    timeout_s: float = 60.0
    data_timeout_s: float = 300.0
    hand_over_s: float = 300.0
    first_retry_s: float = 10.0
    longest_retry_s: float = 900.0
    give_up_s: float = 5 * 86_400.0

    @property
    def lease_s(self) -> float:
        """Return how long a claimed row is ours: longer than everything one row may take, a release in two parts."""
        return 2 * self.part_s

    @property
    def part_s(self) -> float:
        """Return the longest that one mail may take: its last command, and DATA, are waited for beyond the time."""
        return self.hand_over_s + self.timeout_s + self.data_timeout_s

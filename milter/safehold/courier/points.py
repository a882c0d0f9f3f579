# SPDX-License-Identifier: GPL-3.0-or-later
"""The named points between which a crash must do no harm: tests kill the courier at each."""


def checkpoint(name: str) -> None:
    """Do nothing: a named point where tests kill the courier.  Names are in :data:`CHECKPOINTS`."""


CHECKPOINTS = (
    "claimed",
    "opened",
    "recipients accepted",
    "departure recorded",
    "data sent",
    "accepted by listener",
    "part done",
    "row done",
    "row put off",
)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Notices: what people are told about a hold, and the check that they are told nothing else.

``render`` makes the mail, ``leaks`` reads it again with other eyes; whoever sends a notice asks both.  The words
stand in template files, one folder a language.  Pure: no clock, no network, no store.
"""

from safehold.notices.compose import TO_SENDER, Detail, Kind, NoticeSettings, Occasion, render
from safehold.notices.leak import leaks
from safehold.notices.original import Look, Original, Spot, of
from safehold.notices.preview import preview

__all__ = [
    "TO_SENDER",
    "Detail",
    "Kind",
    "Look",
    "NoticeSettings",
    "Occasion",
    "Original",
    "Spot",
    "leaks",
    "of",
    "preview",
    "render",
]

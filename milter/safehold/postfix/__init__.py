# SPDX-License-Identifier: GPL-3.0-or-later
"""What we must know of the Postfix beside us: its settings, whom its maps send mail to, and the lines it needs.

Everything is asked of Postfix's own programs (``postconf``, ``postmap``), run with argument lists and time limits;
no map format is read by us.  Where a map cannot be asked, who gets the mail is unknown, and that is said, never
guessed.

    Postconf(directory)   settings and services of one Postfix instance
    Maps(postconf)        expands envelope recipients to final ones
    own_domains(postconf) the domains this Postfix takes mail for
    blind_spots(postconf) settings that send mail where Maps does not follow
    askers(services, main) which daemons ask milters, and what file each of them would open
    lines(settings)       what `safehold init` prints for main.cf and master.cf
"""

from safehold.postfix.expansion import UNREAD, Expansion, Whole, is_list
from safehold.postfix.lines import CURRENT_VERSION, Line, LineSettings, lines, on_instance
from safehold.postfix.maps import Maps, blind_spots, own_domains
from safehold.postfix.milters import (
    MILTER_LISTS,
    MILTER_SETTINGS,
    Asker,
    askers,
    follow_default,
    option,
    others,
    own_place,
    spelt,
)
from safehold.postfix.postconf import Postconf, Service, members

__all__ = [
    "CURRENT_VERSION",
    "MILTER_LISTS",
    "MILTER_SETTINGS",
    "UNREAD",
    "Asker",
    "Expansion",
    "Line",
    "LineSettings",
    "Maps",
    "Postconf",
    "Service",
    "Whole",
    "askers",
    "blind_spots",
    "follow_default",
    "is_list",
    "lines",
    "members",
    "on_instance",
    "option",
    "others",
    "own_domains",
    "own_place",
    "spelt",
]

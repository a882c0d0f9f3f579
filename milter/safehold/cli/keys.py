# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold key recover``: held mail opens again when the reviewers' key is lost, by the recovery key on paper.

The recovery key is typed or piped in, and is never an argument (others see those) nor a file (it is on paper).
"""

import argparse
import getpass
import sys
from datetime import UTC, datetime
from typing import Any

from safehold import assemble, config, vault
from safehold.cli import output
from safehold.cli.output import Exit, InputError
from safehold.errors import counted


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this module."""
    key = commands.add_parser("key", help="the keys of this gateway")
    verbs = key.add_subparsers(dest="verb", required=True, metavar="VERB")
    text = "make a new reviewers' key in place of a lost one, and hand all held mail over to it"
    more = "It asks for the recovery key that `safehold init` showed; a pipe may give it on its first line."
    recovery = verbs.add_parser("recover", parents=[common], help=text, description=f"{text}.  {more}")
    recovery.add_argument("--json", action="store_true")
    recovery.set_defaults(act=recover)


def recover(options: argparse.Namespace) -> int:
    """Hand every hold over to the reviewers' key, made anew where it is lost; running it again does no harm."""
    settings = config.load(options.config)
    recovery = vault.recovery_key(_typed())
    if recovery.public != assemble.keyring(settings, need=frozenset({"recovery"})).recovery:
        raise InputError(f"this is a recovery key, but not that of the keys in {settings.keys}")
    present = _reviewers_key(settings)
    key = present or vault.renew_opening(settings.keys, recovery.suite)
    with assemble.quarantine(settings) as quarantine:
        count = quarantine.rewrap(recovery, key, actor=assemble.actor(), now=datetime.now(UTC))
    if options.json:
        output.document({"keys": settings.keys, "made": present is None, "holds": count})
        return Exit.OK
    was = "made a new reviewers' key in" if present is None else "kept the reviewers' key in"
    output.result(f"{was} {settings.keys}; handed over to it: {counted(count, 'hold')}")
    if present is None:
        output.result("Reasons that people typed before stay sealed to the lost key.  Now:")
        output.result("  systemctl restart safehold-milter safehold-courier")
        output.result(f"  safehold key recover{output.named(options.config)}     # for what was held meanwhile")
        output.result("  and back up the new opening.key and sealing.pub, apart from the store")
    return Exit.OK


def _reviewers_key(settings: config.Settings) -> vault.PublicKey | None:
    """Return the reviewers' public key, or None where its private half is lost: missing, damaged or of another pair.

    Raises:
        KeyUnavailableError: It is there and may not be used as it is; says why, and the cure.
    """
    try:
        ring = assemble.keyring(settings, need=frozenset({"sealing", "opening"}))
    except vault.LostKeyError:
        return None
    return ring.sealing if ring.opening.public == ring.sealing else None


def _typed() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("recovery key (it is not shown): ")
    return sys.stdin.readline()

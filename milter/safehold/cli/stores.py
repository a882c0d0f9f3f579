# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold store upgrade | backup``: the file that holds everything."""

import argparse
from pathlib import Path
from typing import Any

from safehold import assemble, config
from safehold.cli import output
from safehold.cli.output import Exit, InputError
from safehold.store import Store


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this module."""
    store = commands.add_parser("store", help="the file that holds everything")
    verbs = store.add_subparsers(dest="verb", required=True, metavar="VERB")
    text = "bring the store to the schema of this version; stop the services first, and take a backup"
    newer = verbs.add_parser("upgrade", parents=[common], help=text, description=text)
    newer.add_argument("--json", action="store_true")
    newer.set_defaults(act=upgrade)
    text = "write a consistent copy while everything runs; it is of no use without the keys, which lie elsewhere"
    copy = verbs.add_parser("backup", parents=[common], help=text, description=text)
    copy.add_argument("file", type=Path, help="a file that is not there yet")
    copy.add_argument("--json", action="store_true")
    copy.set_defaults(act=backup)


def upgrade(options: argparse.Namespace) -> int:
    """Migrate the store to the newest schema."""
    settings = config.load(options.config)
    revision = Store.upgrade(settings.store)
    if options.json:
        output.document({"store": settings.store, "schema": revision})
    else:
        output.result(f"{settings.store} is of schema {revision}, which this version wants")
    return Exit.OK


def backup(options: argparse.Namespace) -> int:
    """Copy the store."""
    if options.file.exists():
        raise InputError(f"{options.file} is there already: a backup is never written over another; name a new file")
    opened = assemble.store(config.load(options.config))
    try:
        opened.backup(options.file)
    finally:
        opened.close()
    size = options.file.stat().st_size
    if options.json:
        output.document({"file": options.file, "size_bytes": size})
    else:
        output.result(f"wrote {options.file}, {size:,} bytes; keep it apart from the keys")
    return Exit.OK

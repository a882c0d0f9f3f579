# SPDX-License-Identifier: GPL-3.0-or-later
"""The command ``safehold``: verb and noun, ``--json`` where there is a result, exit codes as sysexits(3) has them."""

import argparse
import contextlib
import io
import logging
import os
import sys
from pathlib import Path

from safehold import __version__, config
from safehold.cli import (
    backtesting,
    explaining,
    holds,
    inspecting,
    judging,
    keys,
    policies,
    registers,
    run,
    serve,
    setup,
    stores,
)
from safehold.cli.output import Exit, InputError, say
from safehold.errors import (
    ComplaintsError,
    IllegalMoveError,
    KeyUnavailableError,
    NotAllowedError,
    SafeholdError,
    StoreError,
    TamperedError,
    counted,
)
from safehold.quarantine import NotFoundError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="safehold", description="Holds mail that would put somebody in danger.")
    parser.add_argument("--version", action="version", version=f"safehold {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (
        run,
        serve,
        setup,
        inspecting,
        judging,
        explaining,
        backtesting,
        policies,
        registers,
        holds,
        stores,
        keys,
    ):
        module.add_commands(commands, _common())
    return parser


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    default = Path(os.environ.get("SAFEHOLD_CONFIG", config.DEFAULT_PATH))
    common.add_argument(
        "--config",
        type=Path,
        default=default,
        metavar="FILE",
        help=f"settings (default: $SAFEHOLD_CONFIG or {config.DEFAULT_PATH})",
    )
    return common


# What went wrong -> the exit code that scripts and systemd read.  First match counts.
_EXITS: tuple[tuple[type[SafeholdError], Exit], ...] = (
    (ComplaintsError, Exit.BAD_CONFIGURATION),
    (KeyUnavailableError, Exit.BAD_CONFIGURATION),
    (StoreError, Exit.TRY_LATER),
    (NotAllowedError, Exit.NOT_ALLOWED),
    (IllegalMoveError, Exit.FOUND),
    (TamperedError, Exit.BAD_INPUT),
    (NotFoundError, Exit.BAD_INPUT),
    (InputError, Exit.BAD_INPUT),
    (SafeholdError, Exit.DOWN),
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    for stream in (sys.stdout, sys.stderr):
        # A name in a mail may hold what the terminal's encoding has not; that must never stop a command.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    options = _parser().parse_args(arguments)
    try:
        return _act(options)
    except ComplaintsError as error:
        # What is no terminal may be a log, and an author may have typed there what no log may hold.
        say(error.text(quoting=sys.stderr.isatty()))
        severities = [each.severity for each in error.complaints]
        warnings = severities.count("warning")
        also = f", {counted(warnings, 'warning')}" if warnings else ""
        say(f"{counted(len(severities) - warnings, 'error')}{also}")
        return Exit.BAD_CONFIGURATION
    except SafeholdError as error:
        is_person = isinstance(error, KeyUnavailableError) and options.command == "hold" and os.geteuid() != 0
        say(f"safehold: {error}{'; run it as root: sudo safehold hold ...' if is_person else ''}")
        return next(code for kind, code in _EXITS if isinstance(error, kind))
    except BrokenPipeError:
        _drop_output()
        return Exit.OK
    except OSError as error:
        say(f"safehold: {(error.strerror or 'not possible').lower()}{f': {error.filename}' if error.filename else ''}")
        return Exit.BAD_CONFIGURATION
    except KeyboardInterrupt:
        return 130


def _act(options: argparse.Namespace) -> int:
    if options.command == "hold":
        holds.refuse_lent(options)
    code = int(options.act(options))
    sys.stdout.flush()  # here and not at the interpreter's end, where a closed pipe is an error in its words
    return code


def _drop_output() -> None:
    """Send what is still to be printed nowhere: whoever reads has seen enough (``| head``)."""
    with contextlib.suppress(io.UnsupportedOperation):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

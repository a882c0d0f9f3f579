# SPDX-License-Identifier: GPL-3.0-or-later
"""How the command line speaks: results on stdout, talk on stderr, JSON where asked, colour only on a terminal."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.tree import Tree

from safehold.config import DEFAULT_PATH
from safehold.errors import SafeholdError


class Exit(IntEnum):
    """Exit codes (DESIGN section 8); 65 and up are sysexits(3)."""

    OK = 0
    FOUND = 1
    USAGE = 2
    BAD_INPUT = 65
    DOWN = 69
    TRY_LATER = 75
    NOT_ALLOWED = 77
    BAD_CONFIGURATION = 78


class InputError(SafeholdError):
    """What was named on the command line is not there, or is not what it must be."""


# Where there is no terminal to ask: wide enough for a table to be read in a log.
PIPE_WIDTH = 150

# Rich would read "[...]" in a text as markup: everything printed through here is plain text.
_OUT = Console(markup=False, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Print talk (not a result) to stderr."""
    print(text, file=sys.stderr, flush=True)


def result(text: str = "") -> None:
    """Print one line of result."""
    print(printable(text), flush=True)


def document(value: Any) -> None:
    """Print one JSON document."""
    print(_json(value, indent=2 if sys.stdout.isatty() else None), flush=True)


def lines(values: Iterable[Any]) -> None:
    """Print JSON Lines."""
    for value in values:
        print(_json(value))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> None:
    """Print a table, as wide as the terminal."""
    grid = Table(title=title or None, title_justify="left", header_style="bold", expand=False, padding=(0, 1))
    for column in columns:
        grid.add_column(column, overflow="fold")
    for row in rows:
        grid.add_row(*(printable(cell) for cell in row))
    if not _OUT.is_terminal:
        _OUT.width = PIPE_WIDTH
    _OUT.print(grid)


def tree(branches: Tree) -> None:
    """Print a tree whose texts went through :func:`printable`, wrapped to the terminal and nowhere else."""
    if not _OUT.is_terminal:
        _OUT.width = PIPE_WIDTH
    _OUT.print(branches, soft_wrap=False)


def printable(text: str) -> str:
    """Return *text* with control and bidi characters shown as escapes: names in mail are hostile to terminals too."""
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def _json(value: Any, indent: int | None = None) -> str:
    """Return a JSON document that is as readable, and as harmless to a terminal, as what is :func:`printable`."""
    text = json.dumps(value, ensure_ascii=False, default=_plain, indent=indent)
    return "".join(c if c.isprintable() or c == "\n" else _json_escape(c) for c in text)  # line ends are the indent's


def _json_escape(character: str) -> str:
    """Return an escape for a character within a JSON string (RFC 8259, section 7)."""
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in zip(units[::2], units[1::2], strict=True))


def named(settings: Path) -> str:
    """Return the option that names this settings file in a command to run next; "" where it is found by itself."""
    usual = Path(os.environ.get("SAFEHOLD_CONFIG", DEFAULT_PATH))
    return "" if settings == usual else f" --config {settings}"


def local(moment: datetime) -> str:
    """Return a time as people here read it, with its zone."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M %Z")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    return str(value)

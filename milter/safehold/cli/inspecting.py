# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold inspect``: what can be read of a message or document, as a tree for people and as JSON for programs.

The tree folds: of each text some lines are shown, and of many texts of one kind (rows of a sheet, pages) the first few;
what was left out is counted where it was.  ``--unfold`` leaves nothing out.  Files are read as the gate would, asking
for everything.
"""

import argparse
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.text import Text
from rich.tree import Tree

from safehold.cli import output
from safehold.cli.output import Exit, InputError, say
from safehold.errors import counted
from safehold.model import EVERYTHING, Part, PartPath, Reading, Segment, Visibility
from safehold.reading import document as reading_json
from safehold.reading.document import Sheets, segment_words, sheets_of
from safehold.reading.pool import ReaderPool

_LINES, _TEXTS = 3, 6
_PARTS_NAMED = 20
# Characters of a line that are shown folded.
_LONGEST_LINE = 200
_SEEN = frozenset((Visibility.VISIBLE, Visibility.OCR))


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command; it needs no settings."""
    del common
    inspect = commands.add_parser("inspect", help="what can be read of a message or document")
    inspect.add_argument("files", nargs="+", type=Path, metavar="FILE")
    inspect.add_argument("--unfold", action="store_true", help="show every text whole")
    inspect.add_argument("--part", default="", metavar="PATH", help="only this part and what is in it (2/annex.zip)")
    form = inspect.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true")
    form.add_argument("--jsonl", action="store_true", help="one document a line, with its file name")
    inspect.set_defaults(act=inspect_files)


def inspect_files(options: argparse.Namespace) -> int:
    """Read each file as the gate would, and show what came of it."""
    with ReaderPool(1) as pool:
        for path, reading in readings(pool, options.files):
            if options.json or options.jsonl:
                value = reading_json.to_json(reading)
                output.lines([{"file": str(path), **value}]) if options.jsonl else output.document(value)
            else:
                _show(path, reading, options)
    return Exit.OK


def readings(pool: ReaderPool, paths: Iterable[Path]) -> Iterator[tuple[Path, Reading]]:
    """Yield each file with everything that can be read of it.

    Raises:
        InputError: A file cannot be opened.
    """
    for path in paths:
        content = content_of(path)
        name = None if is_message(path, content) else path.name
        yield path, pool.read(content, document_name=name, demand=EVERYTHING)


def content_of(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        InputError: It cannot be opened.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None


def is_message(path: Path, content: bytes) -> bool:
    """Return whether a file is a message (by name, or by a header field on its first line)."""
    if path.suffix.lower() in {".eml", ".mbox"} or path.parent.name in {"cur", "new"}:
        return True
    first = content[:1000].split(b"\n", 1)[0]
    name, colon, _ = first.partition(b":")
    return path.suffix == "" and bool(colon) and name.replace(b"-", b"").isalnum()


# -- the tree ---------------------------------------------------------------------------------------------------------


def _show(path: Path, reading: Reading, options: argparse.Namespace) -> None:
    within = tuple(step for step in options.part.strip("/").split("/") if step and step != ".")
    parts = [part for part in reading.parts if part.path.steps[: len(within)] == within]
    if not parts:
        known = ", ".join(str(part.path) for part in reading.parts[:_PARTS_NAMED])
        raise InputError(f"{path}: there is no such part; there are {known}")
    tree = Tree(Text(output.printable(str(path)), style="bold"), guide_style="dim")
    branches: dict[PartPath, Tree] = {}
    sheets = sheets_of(reading)
    for part in parts:
        above = next((branches[one] for one in _above(part.path) if one in branches), tree)
        branches[part.path] = _branch(above, part, reading, sheets, unfold=options.unfold)
    nowhere = [problem for problem in reading.problems if not any(problem.part == part.path for part in reading.parts)]
    for problem in nowhere if not within else ():
        tree.add(Text(f"not read: {problem.part}: {problem.reason.value}, {problem.detail}", style="bold red"))
    output.tree(tree)
    characters = sum(len(segment.text) for segment in reading.segments)
    unread = counted(len({problem.part for problem in reading.problems}), "part not fully read", "parts not fully read")
    say(f"{counted(len(reading.parts), 'part')}, {counted(characters, 'character')} of text; {unread}")


def _above(path: PartPath) -> Iterator[PartPath]:
    """Yield the paths above a part, the nearest first."""
    for length in range(len(path.steps) - 1, -1, -1):
        yield PartPath(path.steps[:length])


def _branch(above: Tree, part: Part, reading: Reading, sheets: Sheets, *, unfold: bool) -> Tree:
    name = part.path.steps[-1] if part.path.steps else "message"
    title = Text(output.printable(name), style="bold")
    title.append(f"  {part.media_type}, {_size(part.size_bytes)}", style="dim not bold")
    branch = above.add(title)
    for problem in (problem for problem in reading.problems if problem.part == part.path):
        branch.add(Text(f"not read: {problem.reason.value}, {problem.detail}", style="bold red"))
    marks = sorted({mark.kind for mark in reading.marks if mark.place.part == part.path})
    if marks:
        branch.add(Text(f"marks: {', '.join(marks)}", style="cyan"))
    own = [segment for segment in reading.segments if segment.place.part == part.path]
    for _, alike in groupby(own, key=lambda segment: (segment.place.kind, segment.visibility)):
        _texts(branch, list(alike), sheets, unfold=unfold)
    return branch


def _texts(branch: Tree, alike: list[Segment], sheets: Sheets, *, unfold: bool) -> None:
    """Show texts of one kind: the first few, and how many more there are."""
    shown = alike if unfold else alike[:_TEXTS]
    for segment in shown:
        branch.add(_text(segment, sheets, unfold=unfold))
    if len(alike) > len(shown):
        more = alike[len(shown) :]
        count = sum(len(segment.text) for segment in more)
        branch.add(Text(f"... {len(more):,} more of these, {count:,} characters", style="dim italic"))


def _text(segment: Segment, sheets: Sheets, *, unfold: bool) -> Text:
    seen = segment.visibility is Visibility.VISIBLE
    place = segment_words(segment, sheets) + ("" if seen else f" ({segment.visibility.value.replace('_', ' ')})")
    lines = [line for line in (" ".join(line.split()) for line in segment.text.splitlines()) if line]
    shown = lines if unfold else [line[:_LONGEST_LINE] for line in lines[:_LINES]]
    left = sum(map(len, lines)) - sum(map(len, shown))
    colour = "yellow" if segment.visibility not in _SEEN else "default"
    text = Text(f"{output.printable(place)}: ", style="green")
    text.append(output.printable("\n".join(shown)), style=colour)
    if left:
        text.append(f" ... {left:,} more", style="dim italic")
    return text


def _size(count: int) -> str:
    """Return a size in the unit that people say it in."""
    if count < 10_000:
        return counted(count, "byte")
    return f"{count / 1000:,.0f} kB" if count < 10_000_000 else f"{count / 1_000_000:,.1f} MB"

# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold inspect``: what can be read of a message or document, as a tree for people and as JSON for programs.

The tree folds: of each text some lines are shown, and of many texts of one kind (rows of a sheet, pages) the first few;
what was left out is counted where it was.  ``--unfold`` leaves nothing out.  Files are read as the gate would, asking
for everything.
"""

import argparse
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.text import Text
from rich.tree import Tree

from safehold.cli import output
from safehold.cli.output import Exit, InputError, say
from safehold.errors import counted
from safehold.model import EVERYTHING, Part, PartPath, PlaceKind, Reading, Segment, Visibility
from safehold.reading import document as reading_json
from safehold.reading.basics import types
from safehold.reading.basics.identifiers import identifies
from safehold.reading.document import Sheets, segment_words, sheets_of
from safehold.reading.pool import ReaderPool
from safehold.reading.vocabulary import MarkKind

_LINES, _TEXTS = 3, 6
_PARTS_NAMED = 20
# Characters of a line that are shown folded.
_LONGEST_LINE = 200
_SEEN = frozenset((Visibility.VISIBLE, Visibility.OCR))
_SECTION = re.compile(r"\d{1,6}(?:\.\d{1,6})*")
# What stands in a line that says something: words in one case or with a capital, numbers.
_SAYING = re.compile(
    r"(?<![^\W_])(?:[^\W\d_]?[a-z\u00df-\u00ff]{2,}|[A-Z]{2,}|\d+|[^\W\d_a-zA-Z\u00c0-\u00ff]{2,})(?![^\W_])"
)

_MARKS: dict[str, str] = {
    MarkKind.TYPE_MISMATCH: "is not what its name or its sender says it is",
    MarkKind.MALFORMED: "breaks the rules of its format",
    MarkKind.SIGNATURE: "signed",
    MarkKind.NO_OCR: "a picture that was not searched for writing",
    MarkKind.NO_WORDS: "a picture without words",
    MarkKind.APPENDED: "something stands behind its end",
    MarkKind.HIDDEN_TEXT: "hidden text",
    MarkKind.EXTERNAL_LINK: "fetches something from outside when it is opened",
    MarkKind.ACTIVE_CONTENT: "runs something when it is opened",
    MarkKind.MACROS: "macros",
    MarkKind.TRACKED_CHANGES: "tracked changes: earlier words are still in it",
    MarkKind.COMMENTS: "comments",
    MarkKind.EMBEDDED: "files embedded in it",
    MarkKind.ATTACHMENTS: "files attached to it",
    MarkKind.FORM: "a form",
    MarkKind.ANNOTATIONS: "notes on its pages",
    MarkKind.EARLIER_REVISION: "an earlier version of it is still in it",
    MarkKind.UNAPPLIED_REDACTION: "marked for redaction, and not redacted",
    MarkKind.CHARSET_GUESSED: "its character set was guessed",
    MarkKind.BAD_NAME: "a file name that is made to mislead",
    MarkKind.HIDDEN_SHEET: "a hidden sheet",
    MarkKind.HIDDEN_ROWS: "hidden rows",
    MarkKind.HIDDEN_COLUMNS: "hidden columns",
    MarkKind.HIDDEN_NAMES: "hidden names",
    MarkKind.PIVOT_CACHE: "a pivot table remembers rows that no sheet shows",
    MarkKind.EXTERNAL_DATA: "remembers cells of another workbook",
    MarkKind.DATA_MODEL: "a data model",
    MarkKind.HIDDEN_SLIDE: "a hidden slide",
    MarkKind.SPEAKER_NOTES: "speaker notes",
    MarkKind.OFF_PAGE_TEXT: "text beside the page",
    MarkKind.COVERED_TEXT: "text under something that covers it",
    MarkKind.CROPPED_IMAGE: "a picture of which a part is cut off and still in it",
    MarkKind.OLD_REVISION: "an old version of its format",
    MarkKind.REORDERED: "text that is shown in another order than it is stored in",
    MarkKind.ENCODED_TEXT: "encoded text",
}


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command; it needs no settings."""
    del common
    inspect = commands.add_parser("inspect", help="what can be read of a message or document")
    inspect.add_argument("files", nargs="+", type=Path, metavar="FILE")
    inspect.add_argument("--unfold", action="store_true", help="show every text whole")
    taken = inspect.add_mutually_exclusive_group()
    taken.add_argument("--message", dest="is_message", action="store_true", default=None, help="each file is a message")
    taken.add_argument("--document", dest="is_message", action="store_false", help="each file is a document")
    inspect.add_argument("--part", default="", metavar="PATH", help="only this part and what is in it (2/annex.zip)")
    form = inspect.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true")
    form.add_argument("--jsonl", action="store_true", help="one document a line, with its file name")
    inspect.set_defaults(act=inspect_files)


def inspect_files(options: argparse.Namespace) -> int:
    """Read each file as the gate would, and show what came of it."""
    with ReaderPool(1) as pool:
        for path, reading in readings(pool, options.files, as_message=options.is_message):
            if options.json or options.jsonl:
                value = reading_json.to_json(reading)
                output.lines([{"file": str(path), **value}]) if options.jsonl else output.document(value)
            else:
                _show(path, reading, options)
    return Exit.OK


def readings(
    pool: ReaderPool, paths: Iterable[Path], *, as_message: bool | None = None
) -> Iterator[tuple[Path, Reading]]:
    """Yield each file with everything that can be read of it.

    Args:
        pool: Reads.
        paths: The files.
        as_message: Whether they are messages; None where each one's name and content say so.

    Raises:
        InputError: A file cannot be opened.
    """
    for path in paths:
        content = content_of(path)
        whole = is_message(path, content) if as_message is None else as_message
        name = None if whole else path.name
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
    """Return whether a file is a message: by its name, or because it begins with the header of one."""
    if path.suffix.lower() in {".eml", ".mbox"} or path.parent.name in {"cur", "new"} or types.is_message(content):
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
    _grow(tree, str(path), in_order(parts), reading, unfold=options.unfold)
    nowhere = [problem for problem in reading.problems if not any(problem.part == part.path for part in reading.parts)]
    for problem in nowhere if not within else ():
        tree.add(Text(f"not read: {problem.part}: {problem.reason.value}, {problem.detail}", style="bold red"))
    output.tree(tree)
    characters = sum(len(segment.text) for segment in reading.segments)
    unread = counted(len({problem.part for problem in reading.problems}), "part not fully read", "parts not fully read")
    say(f"{counted(len(reading.parts), 'part')}, {counted(characters, 'character')} of text; {unread}")


def _grow(tree: Tree, name: str, parts: list[Part], reading: Reading, *, unfold: bool) -> None:
    """Hang parts into the tree; the file itself is its root."""
    sheets = sheets_of(reading)
    branches: dict[PartPath, Tree] = {}
    for part in parts:
        if not branches and part is reading.parts[0]:
            branch = tree
            branch.label = _title(name, part)
        else:
            above = next((branches[one] for one in _above(part.path) if one in branches), tree)
            branch = above.add(_title(part.path.steps[-1] if part.path.steps else "message", part))
        branches[part.path] = branch
        _fill(branch, part, reading, sheets, unfold=unfold)


def _above(path: PartPath) -> Iterator[PartPath]:
    """Yield the paths above a part, the nearest first."""
    for length in range(len(path.steps) - 1, -1, -1):
        yield PartPath(path.steps[:length])


def in_order(parts: Iterable[Part]) -> list[Part]:
    """Return parts as a message has them: sections by their numbers, everything else as it was read."""
    arrived: dict[PartPath, int] = {}
    keys: dict[PartPath, list[tuple[int, ...]]] = {}
    listed = list(parts)
    for number, part in enumerate(listed):
        key: list[tuple[int, ...]] = []
        for length, step in enumerate(part.path.steps, 1):
            at = arrived.setdefault(PartPath(part.path.steps[:length]), number)
            section = _SECTION.fullmatch(step)
            key.append((0, *map(int, step.split("."))) if section else (1, at))
        keys[part.path] = key
    return sorted(listed, key=lambda part: keys[part.path])


def _title(name: str, part: Part) -> Text:
    title = Text(output.printable(name), style="bold")
    title.append(f"  {part.media_type}, {_size(part.size_bytes)}", style="dim not bold")
    return title


def _fill(branch: Tree, part: Part, reading: Reading, sheets: Sheets, *, unfold: bool) -> None:
    """Show what was read of one part, and what was not."""
    for problem in (problem for problem in reading.problems if problem.part == part.path):
        branch.add(Text(f"not read: {problem.reason.value}, {problem.detail}", style="bold red"))
    marks = sorted({mark_words(mark.kind) for mark in reading.marks if mark.place.part == part.path})
    if marks:
        branch.add(Text(f"marks: {'; '.join(marks)}", style="cyan"))
    own = [s for s in reading.segments if s.place.part == part.path and not _repeats_title(s, part)]
    for _, alike in groupby(own, key=lambda segment: (segment.place.kind, segment.visibility)):
        _texts(branch, list(alike), sheets, unfold=unfold)


def mark_words(kind: str) -> str:
    """Return what a mark says, as a person would."""
    return _MARKS.get(kind, kind)


def _repeats_title(segment: Segment, part: Part) -> bool:
    """Return whether a text is the name that stands above it, as it stands there."""
    return segment.place.kind is PlaceKind.FILENAME and segment.text == (part.path.steps or ("",))[-1]


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
    at = segment.place
    if segment.visibility is Visibility.HIDDEN and sheets.get((at.part, at.number), ("", False))[1]:
        seen = True  # its sheet says so
    place = segment_words(segment, sheets) + ("" if seen else f" ({segment.visibility.value.replace('_', ' ')})")
    lines = [line for line in (" ".join(line.split()) for line in segment.text.splitlines()) if line]
    loose = 0
    if at.kind is PlaceKind.METADATA and not unfold:
        saying = [line for line in lines if says_something(line)]
        loose = sum(map(len, lines)) - sum(map(len, saying))
        lines = saying
    shown = lines if unfold else [line[:_LONGEST_LINE] for line in lines[:_LINES]]
    left = sum(map(len, lines)) - sum(map(len, shown))
    colour = "yellow" if segment.visibility not in _SEEN else "default"
    text = Text(f"{output.printable(place)}: ", style="green")
    text.append(output.printable("\n".join(shown)), style=colour)
    if left:
        text.append(f" ... {left:,} more", style="dim italic")
    if loose:
        text.append(f"{' and ' if lines else ''}{counted(loose, 'character')} of loose text", style="dim italic")
    return text


def says_something(line: str) -> bool:
    """Return whether a person may make something of a line, or it is what stood between bytes by chance."""
    said = sum(len(found[0]) for found in _SAYING.finditer(line))
    return 2 * said >= len(line.replace(" ", "")) or identifies(line)


def _size(count: int) -> str:
    """Return a size in the unit that people say it in."""
    if count < 10_000:
        return counted(count, "byte")
    return f"{count / 1000:,.0f} kB" if count < 10_000_000 else f"{count / 1_000_000:,.1f} MB"

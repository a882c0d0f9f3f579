# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the messages stand: in mbox files, Maildirs and folders of messages, however damaged.

A mailbox is walked in a fixed order and never held in memory: a :class:`Piece` says where a message stands, and whoever
judges it reads it.  Nothing in a mailbox is an error: what is no message is a piece too, and says so.  Links are not
followed, and nothing but plain files is opened.

An mbox file has no grammar that all writers keep to (RFC 4155, appendix A, says as much).  A line that begins with
``From `` opens a message where what follows looks like the header of one, and either a blank line stands before it or a
time of day in it; so a sentence of a body that begins with that word opens none.  A ``Content-Length`` (mboxcl) counts
where it leads to such a line or to the end of the file.
"""

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from safehold.errors import SafeholdError

_CHUNK = 1 << 20
_HEADER = 1 << 16  # as far as a Content-Length is looked for
_LINE = 1024  # the longest "From " line
_MARKS = {False: b"\nFrom ", True: b"\rFrom "}
_TIME = re.compile(rb"\d:\d\d")
_FIELD = re.compile(rb">?From |[!-9;-~]{1,76}[ \t]*:")
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,12})[ \t\r]*$", re.IGNORECASE | re.MULTILINE)
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)
_OF_MESSAGES = re.compile(
    rb"^(?:from|sender|to|cc|bcc|date|subject|message-id|received|return-path|reply-to|delivered-to)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
# What a name may be made of so that it tells nothing: digests, these words, and short numbers (a long one may be
# somebody's).
_TELLS_NOTHING = re.compile(r"(?:[0-9]{1,6}|(?=[a-f]*[0-9])[0-9a-f]{16,}|eml|msg|mail|message|messages|ham|spam)?")

UNREADABLE = "cannot be read"
LINK = "a link, which is not followed"
NO_FILE = "no plain file"
NO_MESSAGE = "no message"
TOO_LARGE = "larger than the gateway takes"
EMPTY = "empty"
_CHANGED = "a mailbox was changed since the run was broken off"


class ChangedError(SafeholdError):
    """A mailbox is not what it was when a run was broken off."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Where one message stands, or why nothing there can be judged.

    Attributes:
        mailbox: Which of those that were named, from 0.
        number: Which message of it, from 1.
        path: The file.
        offset, length: Where in it.
        is_one_of_many: Whether it comes from a file of messages, where lines that begin with "From " are escaped.
        problem: Why it cannot be judged; "" where it can.
    """

    mailbox: int
    number: int
    path: str = field(repr=False)
    offset: int = 0
    length: int = 0
    is_one_of_many: bool = False
    problem: str = ""

    @property
    def end(self) -> int:
        """Return where what follows begins."""
        return self.offset + self.length


@dataclass(frozen=True, slots=True)
class Bookmark:
    """How far a walk came: the last piece, its file as a digest (names of files may tell whom a mail is about)."""

    mailbox: int = 0
    number: int = 0
    file: str = ""
    end: int = 0

    @classmethod
    def at(cls, piece: Piece) -> "Bookmark":
        """Return the bookmark behind *piece*."""
        return cls(piece.mailbox, piece.number, _digest(piece.path), piece.end)


def _digest(path: str) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()


# -- walking -----------------------------------------------------------------------------------------------------------


def walk(mailboxes: Sequence[Path], since: Bookmark | None = None) -> Iterator[Piece]:
    """Yield all pieces of *mailboxes* in a fixed order, or those behind a bookmark.

    Raises:
        ChangedError: What the bookmark says is not there any more.
    """
    since = since or Bookmark()
    for index, mailbox in enumerate(mailboxes):
        if index < since.mailbox:
            continue
        behind = since if index == since.mailbox and since.file else None
        first = behind.number + 1 if behind else 1
        for number, piece in enumerate(_of_mailbox(index, mailbox, behind), first):
            yield replace(piece, number=number)


def _of_mailbox(index: int, mailbox: Path, since: Bookmark | None) -> Iterator[Piece]:
    files = _files(mailbox)
    if since is not None:
        there = next((file for file in files if _digest(file[0]) == since.file), None)
        if there is None:
            raise ChangedError(_CHANGED)
        path, problem, is_single = there
        if since.end and not problem and not is_single:
            yield from _of_file(index, path, is_single=False, begin=since.end)
    for path, problem, is_single in files:
        if problem:
            yield Piece(index, 0, path, problem=problem)
        else:
            yield from _of_file(index, path, is_single=is_single)


def _files(mailbox: Path) -> Iterator[tuple[str, str, bool]]:
    """Yield the files of a mailbox, what is wrong with them, and whether they hold one message only."""
    if not mailbox.is_dir():
        yield os.fspath(mailbox), "", mailbox.suffix.lower() == ".eml"
        return
    unreadable: list[str] = []
    for place, folders, names in os.walk(mailbox, onerror=lambda error: unreadable.append(str(error.filename))):
        is_maildir = {"cur", "new"} <= {*folders}
        is_link = {name for name in folders if os.path.islink(os.path.join(place, name))}  # noqa: PTH114, PTH118
        # What lies in tmp is on its way; what lies beside cur and new belongs to the mail server.
        folders[:] = sorted(name for name in folders if name not in is_link and not (is_maildir and name == "tmp"))
        is_single = os.path.basename(place) in {"cur", "new"}  # noqa: PTH119 - names need be no text
        for name in sorted({*is_link} if is_maildir else {*names, *is_link}):
            path = os.path.join(place, name)  # noqa: PTH118
            yield path, _wrong_with(path), is_single or name.lower().endswith(".eml")
    yield from ((path, UNREADABLE, False) for path in sorted(unreadable))


def _wrong_with(path: str) -> str:
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return UNREADABLE
    if stat.S_ISLNK(mode):
        return LINK
    return "" if stat.S_ISREG(mode) else NO_FILE


def size_bytes(mailboxes: Sequence[Path]) -> int:
    """Return how large the mailboxes are together, for a progress bar."""
    total = 0
    for mailbox in mailboxes:
        for path, problem, _ in _files(mailbox):
            if not problem:
                try:
                    total += Path(path).stat().st_size
                except OSError:
                    continue
    return total


# -- one file ----------------------------------------------------------------------------------------------------------


def _of_file(index: int, path: str, *, is_single: bool, begin: int = 0) -> Iterator[Piece]:
    try:
        descriptor = _open(path)
    except OSError:
        yield Piece(index, 0, path, problem=UNREADABLE)
        return
    try:
        size = os.fstat(descriptor).st_size
        if begin > size:
            raise ChangedError(_CHANGED)
        if size == 0:
            yield Piece(index, 0, path, problem=EMPTY)
        elif is_single:
            yield Piece(index, 0, path, 0, size)
        elif begin < size:
            yield from _of_mbox(index, path, descriptor, begin, size)
    except OSError:  # a disk that fails in the middle of a file
        yield Piece(index, 0, path, begin, 0, problem=UNREADABLE)
    finally:
        os.close(descriptor)


def _open(path: str) -> int:
    # Without waiting, should it have become a pipe meanwhile.
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)


def _of_mbox(index: int, path: str, descriptor: int, begin: int, size: int) -> Iterator[Piece]:
    start = begin
    is_many = begin > 0 or os.pread(descriptor, 5, 0) == b"From "
    stated = _stated_end(descriptor, start, size)
    for separator in _separators(descriptor, begin):
        if separator <= start or separator < stated:
            continue
        yield Piece(index, 0, path, start, separator - start, is_one_of_many=True)
        start, is_many = separator, True
        stated = _stated_end(descriptor, start, size)
    yield Piece(index, 0, path, start, size - start, is_one_of_many=is_many)


def _separators(descriptor: int, begin: int) -> Iterator[int]:
    """Yield where lines begin that open a message, behind *begin*."""
    head = os.pread(descriptor, _HEADER, 0)
    mark = _MARKS[b"\r" in head and b"\n" not in head]
    at = begin
    while len(chunk := os.pread(descriptor, _CHUNK, at)) >= len(mark):
        found = chunk.find(mark)
        while found != -1:
            if _opens_message(descriptor, at + found + 1):
                yield at + found + 1
            found = chunk.find(mark, found + 1)
        at += len(chunk) - len(mark) + 1


def _opens_message(descriptor: int, where: int) -> bool:
    """Return whether the line there, which begins with "From ", opens a message."""
    before = os.pread(descriptor, min(where, 3), where - min(where, 3)).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = os.pread(descriptor, 2 * _LINE, where).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    line, end, after = lines.partition(b"\n")
    if not end or len(line) > _LINE:
        return False
    is_dated, is_apart = _TIME.search(line) is not None, where == 0 or before.endswith(b"\n\n")
    if after.startswith(b"\n"):  # a message without a header
        return is_dated and is_apart
    return _FIELD.match(after) is not None and (is_dated or is_apart)


def _stated_end(descriptor: int, start: int, size: int) -> int:
    """Return where a message ends by its Content-Length, if something ends there; else 0."""
    head = os.pread(descriptor, _HEADER, start)
    body = _BLANK_LINE.search(head)
    stated = _LENGTH.search(head, 0, body.start() + 1) if body else None
    if body is None or stated is None:
        return 0
    end = start + body.end() + int(stated[1])
    if end >= size:
        return size if end == size else 0
    behind = os.pread(descriptor, 4, end)
    end += len(behind) - len(behind.lstrip(b"\r\n"))
    if end >= size:
        return size
    return end if os.pread(descriptor, 5, end) == b"From " and _opens_message(descriptor, end) else 0


# -- one message -------------------------------------------------------------------------------------------------------


def content(piece: Piece, most_bytes: int) -> tuple[bytes, str]:
    """Return a message as it would travel, or why there is none."""
    if piece.problem:
        return b"", piece.problem
    if piece.length > most_bytes:
        return b"", TOO_LARGE
    try:
        raw = raw_content(piece)
    except OSError:
        return b"", UNREADABLE
    text = raw.lstrip(b"\r\n\0\xef\xbb\xbf")
    if b"\n" not in text:
        text = text.replace(b"\r", b"\n")
    if text.startswith(b"From "):
        text = text.partition(b"\n")[2]
    text = text.replace(b"\r\n", b"\n")
    if not _is_message(text):
        return b"", NO_MESSAGE if text.strip(b"\0\n ") else EMPTY
    if piece.is_one_of_many:
        text = _ESCAPED.sub(rb"\1", text)
    return text.replace(b"\n", b"\r\n"), ""


def raw_content(piece: Piece) -> bytes:
    """Return the bytes of a piece as they stand in the file.

    Raises:
        OSError: They cannot be read.
    """
    descriptor = _open(piece.path)
    try:
        found = bytearray()
        while len(found) < piece.length:
            read = os.pread(descriptor, piece.length - len(found), piece.offset + len(found))
            if not read:
                break
            found += read
        return bytes(found)
    finally:
        os.close(descriptor)


def _is_message(text: bytes) -> bool:
    """Return whether *text* begins with a header that has a field of messages; other files have colons too."""
    header = text[:_HEADER].partition(b"\n\n")[0]
    return b":" in header.partition(b"\n")[0] and _OF_MESSAGES.search(header) is not None


# -- ids ---------------------------------------------------------------------------------------------------------------


def name(piece: Piece, mailboxes: Sequence[Path]) -> str:
    """Return by what an administrator finds a message: the path of its file, or mailbox and number.

    Whoever saves mails as files names them by their subject, often enough.  So the name of a file is told only where it
    plainly tells nothing, as those that Maildirs and archives give.
    """
    mailbox = mailboxes[piece.mailbox]
    below = os.path.relpath(piece.path, mailbox)
    if piece.is_one_of_many or piece.number == 0 or not _tells_nothing(below):
        return f"{mailbox}#{piece.number}"
    return os.fspath(mailbox if below == "." else mailbox / below)


def _tells_nothing(path: str) -> bool:
    return all(_TELLS_NOTHING.fullmatch(word) for word in re.split(r"[^0-9A-Za-z\x80-\U0010ffff]+", path))


def find(named: str, mailboxes: Sequence[Path]) -> Piece | None:
    """Return the piece of that name, or None."""
    return next((piece for piece in walk(mailboxes) if name(piece, mailboxes) == named), None)

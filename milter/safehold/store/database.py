# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening the store, its transactions, and its failures in words.

Promises: a write transaction that ended without an exception is on disk (WAL with ``synchronous=FULL``: SQLite syncs
the log at every commit).  Whatever SQLite, SQLAlchemy or the file system raise comes out as StoreError, whose text
holds no value.  Safe for threads, and for several processes on one machine; not for a network file system.

Sources: sqlite.org "Write-Ahead Logging" and "PRAGMA Statements"; SQLAlchemy 2 "Serializable isolation / Savepoints /
Transactional DDL" for pysqlite (the driver must not begin transactions by itself).
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, create_engine, event, inspect, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from safehold.errors import StoreError

# Every schema this program knows, oldest first.  The last is the one that it needs.
REVISIONS = ("0001", "0002", "0003")

# How long a writer waits for another before the mail gets a 4xx; Postfix waits 300 s, a person about this long.
BUSY_TIMEOUT_S = 5.0

_WORDS = {
    "SQLITE_FULL": "the store cannot grow: its disk or quota is full",
    "SQLITE_READONLY": "the store is read-only",
    "SQLITE_BUSY": "the store is locked by another process",
    "SQLITE_LOCKED": "the store is locked by another process",
    "SQLITE_IOERR": "the store's disk fails or is full",  # full, where not even the index of the log can be made
    "SQLITE_CANTOPEN": "the store cannot be opened",
    "SQLITE_PERM": "the store may not be opened by this user",
    "SQLITE_AUTH": "the store may not be opened by this user",
    "SQLITE_CORRUPT": "the store is damaged",
    "SQLITE_NOTADB": "the file is not a store",
    "SQLITE_CONSTRAINT": "the store refused a change that breaks its rules",
    "SQLITE_TOOBIG": "the message is larger than the store can hold",
    "SQLITE_NOMEM": "the store is out of memory",
}


class Store:
    """An open store: transactions to read and to write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: tuple[int, int] | None = None
        # SQLite's own waiting is by polling and not fair; threads of one process queue here instead.
        self._turn = threading.Lock()
        self._engine = create_engine(
            "sqlite://",
            creator=self._connect,
            poolclass=QueuePool,
            pool_size=8,
            max_overflow=8,
            pool_timeout=BUSY_TIMEOUT_S,
            hide_parameters=True,
        )
        self._writer = self._engine.execution_options(safehold_write=True)
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)

    @classmethod
    def open(cls, path: Path, *, create: bool = False, shared: bool = False) -> "Store":
        """Return the store at *path*.

        Args:
            path: The database file, on a local file system.
            create: Make folder (0750), file (0640) and tables where they are missing.  An older schema is never
                changed by this: see :meth:`upgrade`.
            shared: Make them writable for the group (2770, 0660): for processes that run as different users.

        Raises:
            StoreError: it is missing, unreadable, no store, or of a schema that this program does not know.
        """
        path = Path(path)
        if create:
            _create_file(path, shared=shared)
        store = cls(path)
        store._check_schema(create=create)
        return store

    @classmethod
    def upgrade(cls, path: Path) -> str:
        """Migrate the store at *path* to the newest schema and return its revision."""
        store = cls(Path(path))
        try:
            store._refuse_unknown(store.revision())
            with store.write() as connection:
                _migrate(connection)
        finally:
            store.close()
        return REVISIONS[-1]

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one unchanging state of the store."""
        with _in_words():
            self._follow_file()
            with self._engine.begin() as connection:
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection that alone may write; all of it is durable once the block ends, or none of it is."""
        if not self._turn.acquire(timeout=BUSY_TIMEOUT_S):
            raise StoreError("the store is busy: other threads of this process wait too")
        try:
            with _in_words():
                self._follow_file()
                with self._writer.begin() as connection:
                    yield connection
        finally:
            self._turn.release()

    def revision(self) -> str:
        """Return the schema revision, or "" where there are no tables yet."""
        with self.read() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return ""
            return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")

    def backup(self, target: Path) -> None:
        """Write a consistent copy to *target* (which must not exist) while the store is in use."""
        target = Path(target)
        with _in_words():
            self._follow_file()
            try:
                _new_file(target, 0o640)
            except OSError as err:
                raise StoreError(f"the backup cannot be written to {target}: {(err.strerror or '').lower()}") from err
            source = self._engine.raw_connection()
            try:
                copy = sqlite3.connect(target, isolation_level=None)
                try:
                    source.driver_connection.backup(copy)  # type: ignore[union-attr]
                    copy.execute("PRAGMA journal_mode=DELETE")
                finally:
                    copy.close()
            finally:
                source.close()
            _sync(target)
            _sync(target.parent)

    def check(self) -> None:
        """Return if SQLite finds its own structure whole; else raise StoreError.  Reads everything once."""
        with self.read() as connection:
            if connection.execute(text("PRAGMA quick_check(1)")).scalar() != "ok":
                raise StoreError("the store is damaged")

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _connect(self) -> sqlite3.Connection:
        # mode=rw: a store that is missing is a fault to report, never a new and empty store.
        return sqlite3.connect(
            f"file:{quote(str(self.path.absolute()))}?mode=rw",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )

    def _follow_file(self) -> None:
        """Notice that the file was removed or replaced: a commit into an unlinked file would be a message lost."""
        try:
            status = self.path.stat()
        except FileNotFoundError as err:
            raise StoreError("the store is missing; `safehold init` makes one") from err
        found = (status.st_dev, status.st_ino)
        if self._file is not None and found != self._file:
            self._engine.dispose()
        self._file = found

    def _check_schema(self, *, create: bool) -> None:
        try:
            revision = self.revision()
            if revision == "" and create:
                with self.write() as connection:
                    _migrate(connection)
                revision = self.revision()
            self._refuse_unknown(revision)
            self._refuse_older(revision)
        except StoreError:
            self.close()
            raise

    @staticmethod
    def _refuse_older(revision: str) -> None:
        if revision != REVISIONS[-1]:
            raise StoreError(f"the store is of schema {revision}; run `safehold store upgrade`")

    @staticmethod
    def _refuse_unknown(revision: str) -> None:
        if revision == "":
            raise StoreError("the file holds no store; `safehold init` makes one")
        if revision not in REVISIONS:
            raise StoreError(
                "the store is of a newer schema than this program knows; install the newer safehold again,"
                " or restore the backup made before the upgrade"
            )


def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Set what SQLite keeps per connection."""
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA journal_mode=WAL")
        if cursor.fetchone()[0] != "wal":  # type: ignore[index]
            raise StoreError("the store's file system does not allow a write-ahead log; is it a network file system?")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        # Deleting a wrapped key must erase it (DESIGN P6): freed bytes are overwritten with zeros.
        cursor.execute("PRAGMA secure_delete=ON")
        # One large message must not leave a log of its size behind for good.
        cursor.execute("PRAGMA journal_size_limit=67108864")
    finally:
        cursor.close()


def _begin(connection: Connection) -> None:
    # IMMEDIATE takes the write lock at once; a reader that turns writer can fail without waiting (BUSY_SNAPSHOT).
    writes = connection.get_execution_options().get("safehold_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as err:
        raise StoreError(_words(getattr(err, "orig", None))) from err
    except sqlite3.Error as err:
        raise StoreError(_words(err)) from err
    except OSError as err:
        raise StoreError(f"the store cannot be used: {err.strerror}") from err


def _words(err: BaseException | None) -> str:
    name = getattr(err, "sqlite_errorname", "")
    for prefix, words in _WORDS.items():
        if name.startswith(prefix):
            return words
    return "the store failed"


def _migrate(connection: Connection) -> None:
    # Alembic is wanted at creation and upgrade only; its import would cost every command 0.1 s.
    from alembic import command
    from alembic.config import Config

    config = Config()
    folder = str(Path(__file__).with_name("migrations"))
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _create_file(path: Path, *, shared: bool) -> None:
    with _in_words():
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True)
            path.parent.chmod(0o2770 if shared else 0o750)
        try:
            _new_file(path, 0o660 if shared else 0o640)
        except FileExistsError:
            return  # another process was first, or it is a store already
        _sync(path.parent)


def _new_file(path: Path, mode: int) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode)
    try:
        os.fchmod(descriptor, mode)  # whatever the umask was; SQLite gives -wal and -shm the same mode
    finally:
        os.close(descriptor)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

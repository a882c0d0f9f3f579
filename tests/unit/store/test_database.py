# SPDX-License-Identifier: GPL-3.0-or-later
"""The store as a file: how it comes to be, who may open it, and what its failures say."""

import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import textwrap
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from safehold.errors import StoreError
from safehold.store import Store, audit, database, tables, vitals

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    opened = Store.open(tmp_path / "var" / "store.db", create=True)
    yield opened
    opened.close()


def write_something(store):
    with store.write() as connection:
        audit.append(connection, "test", now=NOW, actor="somebody")


def write_two(store):
    with store.write() as connection:
        audit.append(connection, "test", now=NOW)
        audit.append(connection, "test", now=NOW, facts={"much": "x" * 100_000})


def write_and_fail(store):
    with store.write() as connection:
        audit.append(connection, "test", now=NOW)
        raise ZeroDivisionError


def test_the_tables_are_what_the_migrations_make(store):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with store.read() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), tables.metadata)

    assert differences == []


def test_the_known_revisions_are_those_that_are_shipped():
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).with_name("migrations")))
    shipped = [each.revision for each in ScriptDirectory.from_config(config).walk_revisions()]

    assert tuple(reversed(shipped)) == database.REVISIONS


def test_file_and_folder_are_closed_to_others_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        Store.open(tmp_path / "var" / "store.db", create=True).close()
        Store.open(tmp_path / "group" / "store.db", create=True, shared=True).close()
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o750
    assert stat.S_IMODE((tmp_path / "var" / "store.db").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "group").stat().st_mode) == 0o2770
    assert stat.S_IMODE((tmp_path / "group" / "store.db").stat().st_mode) == 0o660


def test_the_log_beside_the_store_is_no_more_open_than_the_store(store):
    write_something(store)

    modes = {stat.S_IMODE(each.stat().st_mode) for each in store.path.parent.iterdir()}

    assert modes == {0o640}


def test_every_connection_syncs_each_commit_and_keeps_foreign_keys(store):
    with store.write() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "secure_delete")
        }

    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 5000,
        "secure_delete": 1,
    }


def test_a_missing_store_is_never_made_by_chance(tmp_path):
    with pytest.raises(StoreError, match="missing"):
        Store.open(tmp_path / "store.db")

    assert not (tmp_path / "store.db").exists()


def test_creating_twice_keeps_what_is_there(store):
    write_something(store)

    again = Store.open(store.path, create=True)

    assert audit.verify(again).entries == 1
    again.close()


def test_a_store_of_a_newer_schema_is_refused_with_words(store):
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StoreError, match="newer schema than this program knows"):
        Store.open(store.path)
    with pytest.raises(StoreError, match="newer schema"):
        Store.upgrade(store.path)


def test_a_store_of_an_older_schema_is_not_changed_by_opening_it(store, monkeypatch):
    newest = store.revision()
    monkeypatch.setattr(database, "REVISIONS", (*database.REVISIONS, "9998"))

    with pytest.raises(StoreError, match="safehold store upgrade"):
        Store.open(store.path, create=True)

    assert store.revision() == newest


def test_upgrading_a_store_that_is_up_to_date_changes_nothing(store):
    write_something(store)

    assert Store.upgrade(store.path) == database.REVISIONS[-1]
    assert audit.verify(store).entries == 1


@pytest.fixture
def first_store(tmp_path):
    """Return the path of a store of the first schema, with an audit entry."""
    from alembic import command
    from alembic.config import Config

    path = tmp_path / "first.db"
    database._new_file(path, 0o640)
    with closing(Store(path)) as opened:
        config = Config()
        config.set_main_option("script_location", str(Path(database.__file__).with_name("migrations")))
        with opened.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "0001")
        write_something(opened)
    return path


def test_a_store_of_the_first_schema_is_upgraded_with_what_it_holds(first_store):
    with pytest.raises(StoreError, match="safehold store upgrade"):
        Store.open(first_store)

    Store.upgrade(first_store)

    with closing(Store.open(first_store)) as opened:
        assert audit.verify(opened).entries == 1
        assert vitals.last_beat(opened, "courier") is None


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "holds no store"), (b"x" * 8192, "not a store|damaged"), (b"SQLite format 3\0" + b"x" * 8000, "store")],
    ids=["empty file", "another file", "head of a database, then rubbish"],
)
def test_what_is_no_store_is_said_to_be_none(tmp_path, content, words):
    (tmp_path / "store.db").write_bytes(content)

    with pytest.raises(StoreError, match=words):
        Store.open(tmp_path / "store.db")


def test_a_full_disk_is_a_store_error_and_nothing_is_half_written(store):
    write_something(store)
    with store.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(StoreError, match="full"):
        write_two(store)

    assert audit.verify(store).entries == 1


def test_there_is_room_again_after_a_full_disk(store):
    with store.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError), store.write() as connection:
        audit.append(connection, "test", now=NOW, facts={"much": "x" * 100_000})

    with store.write() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    write_something(store)

    assert audit.verify(store).entries == 1


def test_a_read_only_store_can_be_read_and_says_so_when_written(store):
    write_something(store)
    with store.read() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")

    with pytest.raises(StoreError, match="read-only"):
        write_something(store)

    assert audit.verify(store).entries == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not write")
@pytest.mark.parametrize("mode", [0o444, 0o000], ids=["may read", "may do nothing"])
def test_a_store_that_this_user_may_not_write_is_a_store_error(mode):
    script = textwrap.dedent("""
        import os, sys
        from datetime import UTC, datetime
        from pathlib import Path
        from safehold.errors import StoreError
        from safehold.store import Store, audit
        os.setgid(65534)
        os.setuid(65534)
        try:
            store = Store.open(Path(sys.argv[1]))
            with store.write() as connection:
                audit.append(connection, "test", now=datetime.now(UTC))
        except StoreError as err:
            print(err)
    """)
    folder = Path(tempfile.mkdtemp())  # pytest's own is closed to other users
    try:
        Store.open(folder / "store.db", create=True).close()
        folder.chmod(0o755)
        (folder / "store.db").chmod(mode)
        command = [sys.executable, "-c", script, str(folder / "store.db")]
        found = subprocess.run(command, capture_output=True, text=True, check=True)
    finally:
        shutil.rmtree(folder)

    assert re.search("read-only|cannot be opened|may not", found.stdout)


def test_a_store_that_was_removed_is_missed_and_not_written_into_the_void(store):
    """An unlinked file takes commits without complaint, and loses them: no such commit may look durable."""
    write_something(store)
    shutil.rmtree(store.path.parent)

    with pytest.raises(StoreError, match="missing"):
        write_something(store)


def test_a_store_that_was_replaced_is_followed(store, tmp_path):
    write_something(store)
    store.backup(tmp_path / "copy.db")
    write_something(store)
    for name in ("store.db", "store.db-wal", "store.db-shm"):
        (store.path.parent / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "copy.db", store.path)

    write_something(store)

    with closing(Store.open(store.path)) as again:
        assert audit.verify(again).entries == 2


def test_a_backup_that_cannot_be_written_names_the_backup_and_not_the_store(store, tmp_path):
    with pytest.raises(StoreError, match=f"the backup cannot be written to {tmp_path}/none/copy.db: no such file"):
        store.backup(tmp_path / "none" / "copy.db")


def test_a_backup_is_whole_while_the_store_is_in_use_and_never_overwrites(store, tmp_path):
    write_something(store)
    store.backup(tmp_path / "copy.db")

    with closing(Store.open(tmp_path / "copy.db")) as copy:
        copy.check()
        assert audit.verify(copy).entries == 1
    with pytest.raises(StoreError):
        store.backup(tmp_path / "copy.db")


def test_a_store_locked_by_another_process_is_a_store_error(store, monkeypatch):
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = Store(store.path)

        with pytest.raises(StoreError, match="locked by another process"):
            write_something(waiting)

        other.execute("ROLLBACK")
        write_something(waiting)
        waiting.close()


def test_readers_go_on_while_another_process_writes(store):
    write_something(store)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        assert audit.verify(store).entries == 1


def test_an_exception_in_the_block_undoes_the_whole_transaction(store):
    with pytest.raises(ZeroDivisionError):
        write_and_fail(store)

    assert audit.verify(store).entries == 0


def test_no_error_shows_a_value(store):
    with pytest.raises(StoreError) as caught, store.write() as connection:
        connection.exec_driver_sql("INSERT INTO meta (name, value) VALUES (?, ?)", ("register_revision", "s3cret"))

    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in str(caught.value.__cause__)


def test_times_keep_their_moment_and_microseconds_in_any_zone(store):
    elsewhere = datetime(2026, 7, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    with store.write() as connection:
        audit.append(connection, "test", now=elsewhere)

    found = audit.entries(store)[0].at

    assert found == elsewhere
    assert found.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused(store):
    with pytest.raises(StoreError), store.write() as connection:
        audit.append(connection, "test", now=datetime(2026, 7, 1, 12, 0))  # noqa: DTZ001

    assert audit.verify(store).entries == 0


def test_threads_and_processes_write_one_unbroken_chain(store):
    """The milter, the courier and a command write at once; every entry lands, in one chain."""
    script = textwrap.dedent(f"""
        from datetime import UTC, datetime
        from pathlib import Path
        from safehold.store import Store, audit
        store = Store.open(Path({str(store.path)!r}))
        for _ in range(40):
            with store.write() as connection:
                audit.append(connection, "process", now=datetime.now(UTC))
    """)
    processes = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(2)]
    threads = [threading.Thread(target=lambda: [write_something(store) for _ in range(40)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [process.wait() for process in processes] == [0, 0]
    assert audit.verify(store) == audit.Trail(200)

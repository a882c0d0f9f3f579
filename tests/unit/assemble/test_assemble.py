# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts as they are put together: what a process does and says when it starts."""

import logging
import threading
from contextlib import closing
from datetime import UTC, datetime

import pytest

from safehold import assemble, config
from safehold.quarantine import Outlets
from safehold.store import vitals

NOW = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)


# -- the courier ------------------------------------------------------------------------------------------------


def test_a_courier_leaves_its_heartbeat_in_the_store(settings):
    with assemble.courier(settings) as worker:
        worker.run_once(NOW)

    with closing(assemble.store(settings)) as opened:
        beat = vitals.last_beat(opened, "courier")
    assert beat is not None
    assert beat.at == beat.since >= NOW


def test_a_courier_that_runs_beats_from_within_its_loop(settings):
    stop = threading.Event()

    def clock():
        stop.set()
        return NOW

    with assemble.courier(settings) as worker:
        worker.run(stop, clock=clock)

    with closing(assemble.store(settings)) as opened:
        assert vitals.last_beat(opened, "courier").at >= NOW


def test_a_second_courier_on_the_same_store_is_turned_away(settings):
    with (
        assemble.courier(settings),
        pytest.raises(vitals.AlreadyRunningError, match="another courier"),
        assemble.courier(settings),
    ):
        pass


def test_a_courier_says_what_it_serves_and_no_address(settings, caplog):
    caplog.set_level(logging.INFO)

    with assemble.courier(settings):
        pass

    (line,) = [r.getMessage() for r in caplog.records if r.getMessage().startswith("courier")]
    assert f"store={settings.store}" in line
    assert "listener=127.0.0.1:1" in line
    assert "@" not in line


# -- what leaves ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Outlets()),
        ("release: {lists: '127.0.0.1:10028'}", Outlets(lists=True)),
        ("journal: {address: a@council.test}", Outlets(archive="a@council.test")),
        ("journal: {address: a@council.test, at: hold}", Outlets(archive="a@council.test", at_hold=True)),
    ],
)
def test_every_process_knows_the_ways_out_that_the_settings_name(settings, text, expected):
    named = config.parse("s.yaml", text.encode())
    settings = settings.model_copy(update={"release": named.release, "journal": named.journal})

    with assemble.quarantine(settings) as holds:
        assert holds.outlets == expected
    with assemble.courier(settings) as worker:
        assert worker._holds.outlets == expected
        assert bool(worker.settings.list_host) is expected.lists


def test_the_courier_is_told_both_listeners(settings):
    release = config.parse("s.yaml", b"release: {listener: '127.0.0.1:10027', lists: '[::1]:10028'}").release

    told = assemble.courier_settings(settings.model_copy(update={"release": release}))

    assert (told.host, told.port, told.list_host, told.list_port) == ("127.0.0.1", 10027, "::1", 10028)


def test_postfix_is_given_lines_for_lists_where_the_settings_name_a_listener(settings):
    release = config.parse("s.yaml", b"release: {lists: '127.0.0.1:10028'}").release

    with_lists = assemble.postfix_lines(settings.model_copy(update={"release": release}))
    without = assemble.postfix_lines(settings.model_copy(update={"release": config.Release()}))

    names = {line.name for line in with_lists} - {line.name for line in without}
    assert names >= {"127.0.0.1:10028/inet", "safehold-lists/unix"}

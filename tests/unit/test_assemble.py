# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts as they are put together: what a process does and says when it starts."""

import logging
import threading
from contextlib import closing
from datetime import UTC, datetime

import pytest

from safehold import assemble, config
from safehold.cli import setup
from safehold.errors import ComplaintsError
from safehold.quarantine import Outlets
from safehold.register.people import from_record
from safehold.store import vitals
from safehold.store.people import PeopleStore
from safehold.vault import KeyRing

NOW = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
POLICY = (
    "version: 1\npolicies:\n- {id: %(id)s, title: t, why: w, owner: o, mode: %(mode)s,"
    " when: {content: {register: %(register)s}, recipients: {scope: external}}}\n"
)


@pytest.fixture
def settings(tmp_path):
    """Return the settings of a gateway with keys, store, one policy about register `refuges`, and no maps."""
    file = tmp_path / "safehold.yaml"
    setup.write_settings(file, own="council.test", listen="127.0.0.1:10025", maps="none", release="127.0.0.1:1")
    loaded = config.load(file)
    setup.make_keys_and_store(loaded)
    write_policy(loaded)
    return loaded


def write_policy(settings, name="p", *, register="refuges", mode="enforce"):
    settings.policies.mkdir(exist_ok=True)
    (settings.policies / f"{name}.yaml").write_text(POLICY % {"id": name, "register": register, "mode": mode})


def rulebook(settings, opened):
    keys = KeyRing.load(settings.keys, need=frozenset({"register"}))
    return assemble.Rulebook(settings.policies, PeopleStore(opened, keys.register))


def add_person(settings, opened, register="refuges"):
    keys = KeyRing.load(settings.keys, need=frozenset({"register"}))
    person = from_record({"id": "P-1", "register": register, "values": [{"kind": "phone", "value": "01632 960123"}]})
    PeopleStore(opened, keys.register).import_people([person], full=False, accept_ends=0, actor="a", now=NOW)


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


# -- the rules --------------------------------------------------------------------------------------------------


def test_a_register_that_holds_nobody_is_told_loudly_when_rules_are_loaded(settings, caplog):
    """A misspelt register protects nobody, and mail would leave without a word."""
    write_policy(settings, "shadowed", register="shelters", mode="shadow")
    with closing(assemble.store(settings)) as opened:
        rulebook(settings, opened).reload()

    told = [r for r in caplog.records if "holds nobody" in r.getMessage()]
    assert [(r.levelname, r.args) for r in told] == [("ERROR", ("refuges", "p")), ("WARNING", ("shelters", "shadowed"))]


def test_a_register_that_holds_somebody_is_no_news(settings, caplog):
    with closing(assemble.store(settings)) as opened:
        add_person(settings, opened)
        rulebook(settings, opened).reload()

    assert not [r for r in caplog.records if "holds nobody" in r.getMessage()]


def test_following_the_register_tells_only_what_changed(settings, caplog):
    with closing(assemble.store(settings)) as opened:
        rules = rulebook(settings, opened)
        rules.reload()
        caplog.clear()
        add_person(settings, opened, register="others")
        rules.refresh()

    assert not [r for r in caplog.records if "holds nobody" in r.getMessage()]


def test_a_folder_without_policies_is_named_as_itself(tmp_path):
    with pytest.raises(ComplaintsError) as caught:
        assemble.load_policies(tmp_path)

    (only,) = caught.value.complaints
    assert only.file == str(tmp_path)


def test_a_complaint_about_a_file_names_it_so_that_an_editor_can_open_it(tmp_path):
    (tmp_path / "a.yaml").write_text("version: 1\npolicies: [{id: x}]\n")

    with pytest.raises(ComplaintsError) as caught:
        assemble.load_policies(tmp_path)

    assert {c.file for c in caught.value.complaints} == {str(tmp_path / "a.yaml")}


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

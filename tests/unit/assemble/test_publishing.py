# SPDX-License-Identifier: GPL-3.0-or-later
"""Which policies a gateway judges by: those in the folder, or those that were published; less what is disabled."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from safehold import assemble
from safehold.assemble import publishing
from safehold.assemble.rules import Rulebook, policy_folder
from safehold.errors import ComplaintsError
from safehold.policy.language import Mode
from safehold.store import Store, versions
from safehold.store.people import PeopleStore
from safehold.store.versions import Files, State, Versions
from safehold.vault import KeyRing

NOW = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
POLICY = (
    "version: 1\nlists: {words: {kind: phrase, items: [quiet heron]}}\npolicies:\n"
    "- {id: p, title: %s, why: w, owner: o, mode: enforce,"
    " when: {content: {phrases: words}, recipients: {scope: external}}}\n"
)


@pytest.fixture
def settings(settings):
    settings.policies.mkdir(exist_ok=True)
    write(settings, "first")
    return settings


@pytest.fixture
def store(settings):
    with closing(assemble.store(settings)) as opened:
        yield opened


@pytest.fixture
def kept(settings, store):
    return Versions(store, KeyRing.load(settings.keys, need=frozenset({"register"})).register)


class Time:
    now = NOW


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def rulebook(settings, store, kept, time):
    def make(*, required=False, asleep=None):
        people = PeopleStore(store, KeyRing.load(settings.keys, need=frozenset({"register"})).register)
        return Rulebook(
            settings.policies,
            people,
            source=publishing.Published(settings.policies, kept) if required else None,
            asleep=asleep or (lambda now: versions.asleep(store, now)),
            loaded=(lambda *_: None) if required else (lambda *read: publishing.record_loaded(kept, *read)),
            now=lambda: time.now,
        )

    return make


def write(settings, title):
    (settings.policies / "p.yaml").write_text(POLICY % title)


def publish(settings, kept, at=NOW):
    read = policy_folder(settings.policies)
    files = Files(read.files, read.changed)
    return kept.add(State.PUBLISHED, read.load().digest, files, actor="amy", changes=(), now=at)


def titles(rules):
    return [each.title for each in rules.current().policies.policies]


def disable(store, until, policy="p", now=NOW):
    versions.disable(store, policy, until, actor="amy", note=None, words="policy p is off", now=now)


# -- required ---------------------------------------------------------------------------------------------------------


def test_what_was_published_is_judged_by_whatever_lies_in_the_folder(settings, kept, rulebook):
    publish(settings, kept)
    write(settings, "second")
    rules = rulebook(required=True)
    rules.reload()
    rules.reload()

    assert titles(rules) == ["first"]


def test_a_newly_published_version_is_followed_without_a_reload(settings, kept, rulebook):
    publish(settings, kept)
    rules = rulebook(required=True)
    rules.reload()
    write(settings, "second")
    rules.refresh()
    before = titles(rules)
    publish(settings, kept, NOW + timedelta(seconds=1))
    rules.refresh()

    assert (before, titles(rules)) == (["first"], ["second"])


def test_a_published_version_that_cannot_be_read_keeps_the_old_one_and_says_so_once(settings, kept, rulebook, caplog):
    publish(settings, kept)
    rules = rulebook(required=True)
    rules.reload()
    kept.add(State.PUBLISHED, "0" * 64, Files({"p.yaml": b"no: good"}), actor="amy", changes=(), now=NOW)
    rules.refresh()
    rules.refresh()

    assert titles(rules) == ["first"]
    assert len([r for r in caplog.records if "reload refused" in r.getMessage()]) == 1


def test_where_nothing_was_published_a_gateway_says_what_to_do_and_does_not_start(rulebook):
    with pytest.raises(ComplaintsError) as caught:
        rulebook(required=True).reload()

    assert "safehold policy publish" in caught.value.text()


def test_a_proposal_is_not_in_force(settings, kept, rulebook):
    publish(settings, kept)
    write(settings, "second")
    read = policy_folder(settings.policies)
    kept.add(State.PROPOSED, read.load().digest, Files(read.files), actor="amy", changes=(), now=NOW)
    rules = rulebook(required=True)
    rules.reload()

    assert titles(rules) == ["first"]


def test_tests_are_kept_with_a_version_and_no_part_of_the_policies(settings, kept):
    tests = settings.policies / "tests"
    tests.mkdir()
    (tests / "p.test.yaml").write_text("version: 1\n")
    files = Files({**publishing.tests_below(settings.policies), **policy_folder(settings.policies).files})
    made = kept.add(State.PUBLISHED, "0" * 64, files, actor="amy", changes=(), now=NOW)

    assert set(kept.files(made).files) == {"p.yaml", "tests/p.test.yaml"}
    assert set(publishing.folder_of(made, kept, settings.policies).files) == {"p.yaml"}


# -- not required -----------------------------------------------------------------------------------------------------


def test_what_is_loaded_from_the_folder_is_recorded_once_with_what_changed(settings, store, kept, rulebook):
    rules = rulebook()
    rules.reload()
    rules.reload()
    (settings.policies / "p.yaml").write_text((POLICY % "first").replace("enforce", "shadow"))
    rules.reload()

    found = versions.listed(store)
    assert [(v.state, v.actor) for v in found] == [(State.LOADED, "gateway")] * 2
    assert [v.changes for v in found] == [("p: mode enforce -> shadow",), ("p: added, in mode enforce",)]


def test_what_was_published_is_no_news_when_it_is_loaded(settings, store, kept, rulebook):
    publish(settings, kept)
    rulebook().reload()

    assert [v.state for v in versions.listed(store)] == [State.PUBLISHED]


def test_policies_are_in_force_though_nobody_can_write_that_down(settings, store, kept, rulebook, monkeypatch, caplog):
    def full(*_, **__):
        from safehold.errors import StoreError

        raise StoreError("the store cannot grow: its disk or quota is full")

    monkeypatch.setattr(kept, "add", full)
    rules = rulebook()
    rules.reload()

    assert titles(rules) == ["first"]
    assert "disk or quota is full" in caplog.text


# -- disabled ---------------------------------------------------------------------------------------------------------


def modes(rules):
    return [each.mode for each in rules.current().policies.policies]


def test_a_disabled_policy_is_off_until_its_time(store, rulebook, time):
    rules = rulebook()
    rules.reload()
    disable(store, NOW + timedelta(hours=2))
    rules.refresh()
    during = modes(rules)
    time.now = NOW + timedelta(hours=2)
    rules.refresh()

    assert (during, modes(rules)) == ([Mode.OFF], [Mode.ENFORCE])


def test_it_is_off_at_a_start_and_after_a_reload_too(store, rulebook):
    disable(store, NOW + timedelta(hours=2))
    rules = rulebook()
    rules.reload()
    at_start = modes(rules)
    rules.reload()

    assert (at_start, modes(rules)) == ([Mode.OFF], [Mode.OFF])


def test_it_wakes_at_its_time_though_the_store_is_away(settings, store, rulebook, time):
    """A store that fails must not make an hour without protection a night without it."""
    rules = rulebook()
    disable(store, NOW + timedelta(hours=2))
    rules.reload()
    settings.store.rename(settings.store.with_suffix(".away"))
    time.now = NOW + timedelta(hours=3)
    with pytest.raises(Exception, match="missing"):
        rules.refresh()

    assert modes(rules) == [Mode.ENFORCE]


def test_the_log_says_what_is_off_and_what_is_back(store, rulebook, time, caplog):
    caplog.set_level("INFO")
    rules = rulebook()
    rules.reload()
    disable(store, NOW + timedelta(hours=2))
    for _ in range(3):
        rules.refresh()
    time.now = NOW + timedelta(hours=2)
    rules.refresh()

    said = [r.getMessage() for r in caplog.records if "policy=p" in r.getMessage()]
    assert [("disabled" in line, "again" in line) for line in said] == [(True, False), (False, True)]


def test_the_digest_is_that_of_the_files_whatever_is_disabled(store, rulebook):
    rules = rulebook()
    rules.reload()
    before = rules.current().policies.digest
    disable(store, NOW + timedelta(hours=2))
    rules.refresh()

    assert rules.current().policies.digest == before


def test_a_policy_that_is_no_longer_there_may_be_disabled_still(store, rulebook):
    disable(store, NOW + timedelta(hours=2), policy="gone")
    rules = rulebook()
    rules.reload()

    assert modes(rules) == [Mode.ENFORCE]


# -- the whole gateway ------------------------------------------------------------------------------------------------


def test_a_gateway_remembers_and_writes_down_what_it_learnt_when_it_ends(settings, monkeypatch):
    """Threads, store and history as `assemble` puts them together."""
    from safehold.model import Envelope, Message, Recipient

    message = Message(
        Envelope("sw@council.test", (Recipient("b@other.test"),)),
        b"Message-ID: <1@council.test>\r\n\r\nnothing of note\r\n",
        NOW,
        {"{client_addr}": "127.0.0.1", "i": "4bXyZ1abc"},
    )
    with assemble.gate(settings) as (gate, _):
        gate.judge(message)

    with closing(Store.open(settings.store)) as opened, opened.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM contacts").scalar() == 1
        assert [v.actor for v in versions.listed(opened)] == ["gateway"]

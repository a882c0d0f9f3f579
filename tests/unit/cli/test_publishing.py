# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting policies live, by one person or two, and the fire brigade, as an administrator types it."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from safehold import assemble, config, vault
from safehold.cli import main, publishing, setup
from safehold.doctor import Level, rules
from safehold.doctor.checks import Gateway, guarded
from safehold.store import audit, versions, vitals

BIRDS = """\
version: 1
lists: {words: {kind: phrase, items: [quiet heron, grey goose]}}
policies:
- id: birds
  title: t
  why: w
  owner: o
  mode: enforce
  when: {content: {phrases: words}, recipients: {scope: external}}
  then: {action: hold, approvals: 2}
"""
TEST = """\
version: 1
policies: [../birds.yaml]
own: [council.test]
today: 2026-11-25
tests:
- name: a heron is held
  message: {from: a@council.test, to: [b@other.test], subject: x, body: the quiet heron}
  expect: {b@other.test: {verdict: hold}}
"""


@pytest.fixture
def gateway(tmp_path):
    file = tmp_path / "safehold.yaml"
    setup.write_settings(file, own="council.test", listen="127.0.0.1:10025", maps="none")
    settings = config.load(file)
    setup.make_keys_and_store(settings)
    (settings.policies / "tests").mkdir(parents=True, exist_ok=True)
    (settings.policies / "birds.yaml").write_text(BIRDS)
    (settings.policies / "tests" / "birds.test.yaml").write_text(TEST)
    return file


@pytest.fixture
def run(gateway, capsys):
    def act(*arguments):
        code = main([*map(str, arguments), "--config", str(gateway)])
        said = capsys.readouterr()
        return code, said.out, said.err

    capsys.readouterr()
    return act


@pytest.fixture
def edit(gateway):
    def change(old, new, name="birds.yaml"):
        file = config.load(gateway).policies / name
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))

    return change


@pytest.fixture
def as_person(monkeypatch):
    def be(name):
        monkeypatch.setattr(assemble, "actor", lambda: name)

    be("amy")
    return be


def listed(gateway):
    with assemble.opened(config.load(gateway)) as store:
        return [(v.state.value, v.actor, v.second) for v in versions.listed(store)]


def trail(gateway):
    with assemble.opened(config.load(gateway)) as store:
        return audit.entries(store)


# -- publish ----------------------------------------------------------------------------------------------------------


def test_a_first_version_is_published_by_one_person(run, as_person, gateway):
    code, out, _ = run("policy", "publish")

    assert (code, listed(gateway)) == (0, [("published", "amy", "")])
    assert out.splitlines()[0] == "  stricter: birds: added, in mode enforce"
    assert "systemctl reload" in out


def test_publishing_what_is_published_changes_nothing(run, as_person, gateway):
    run("policy", "publish")
    code, out, _ = run("policy", "publish")

    assert (code, len(listed(gateway))) == (0, 1)
    assert "already" in out


def test_what_protects_no_less_wants_no_second_person(run, as_person, gateway, edit):
    run("policy", "publish")
    edit("grey goose]", "grey goose, dark crow]")

    assert run("policy", "publish")[0] == 0
    assert len(listed(gateway)) == 2


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("approvals: 2", "approvals: 1", "weaker: birds: approvals 2 -> 1"),
        ("mode: enforce", "mode: shadow", "weaker: birds: mode enforce -> shadow"),
        ("quiet heron", "dark crow", "weaker: tests/birds.test.yaml:6: 1 copy held before would leave"),
    ],
)
def test_what_protects_less_is_proposed_by_one_and_published_by_another(run, as_person, gateway, edit, old, new, said):
    run("policy", "publish")
    edit(old, new)
    code, out, _ = run("policy", "publish")
    alone = run("policy", "publish", "--second")[0]
    as_person("bob")
    agreed = run("policy", "publish", "--second")[0]

    assert (code, alone, agreed) == (1, 77, 0)
    assert f"  {said}" in out.splitlines()
    assert listed(gateway)[0] == ("published", "amy", "bob")
    assert [e.kind for e in trail(gateway)] == ["policies published", "policies proposed", "policies published"]


def test_dropping_the_test_that_would_tell_is_no_way_round(run, as_person, gateway, edit):
    run("policy", "publish")
    edit("quiet heron", "dark crow")
    edit("quiet heron", "dark crow", "tests/birds.test.yaml")

    assert run("policy", "publish")[0] == 1


def test_where_no_test_holds_nobody_can_tell_what_conditions_hold(run, as_person, gateway, edit):
    (config.load(gateway).policies / "tests" / "birds.test.yaml").unlink()
    run("policy", "publish")
    edit("grey goose", "dark crow")
    code, out, _ = run("policy", "publish")

    assert code == 1
    assert "no test holds by it, so nobody can tell" in out


def test_a_shadow_policy_may_change_as_its_author_likes(run, as_person, gateway, edit):
    edit("mode: enforce", "mode: shadow")
    run("policy", "publish")
    edit("quiet heron", "dark crow")

    assert run("policy", "publish")[0] == 0


def test_nobody_agrees_to_what_was_edited_meanwhile(run, as_person, gateway, edit):
    run("policy", "publish")
    edit("approvals: 2", "approvals: 1")
    run("policy", "publish")
    edit("mode: enforce", "mode: off")
    as_person("bob")
    code, _, err = run("policy", "publish", "--second")

    assert code == 65
    assert "as they are now" in err
    assert listed(gateway)[0][0] == "proposed"


def test_a_proposal_is_overtaken_by_what_is_published_after_it(run, as_person, gateway, edit):
    run("policy", "publish")
    edit("approvals: 2", "approvals: 1")
    run("policy", "publish")
    edit("approvals: 1", "approvals: 2")
    edit("grey goose]", "grey goose, dark crow]")
    run("policy", "publish")
    edit("grey goose, dark crow]", "grey goose]")
    edit("approvals: 2", "approvals: 1")
    as_person("bob")

    assert run("policy", "publish", "--second")[0] == 65


def test_who_proposes_twice_is_told_so(run, as_person, gateway, edit):
    run("policy", "publish")
    edit("approvals: 2", "approvals: 1")
    run("policy", "publish")
    code, out, _ = run("policy", "publish")

    assert (code, len(listed(gateway))) == (1, 2)
    assert "already" in out


def test_a_policy_that_is_wrong_is_not_published(run, as_person, gateway, edit):
    edit("mode: enforce", "mode: enforced")

    assert run("policy", "publish")[0] == 78
    assert listed(gateway) == []


def test_versions_are_listed_for_people_and_for_programs(run, as_person, gateway):
    assert "nothing was published" in run("policy", "versions")[2]
    run("policy", "publish", "--json")
    (version,) = [json.loads(line) for line in run("policy", "versions", "--json")[1].splitlines()]

    assert (version["state"], version["actor"]) == ("published", "amy")
    assert "published" in run("policy", "versions")[1]


# -- disable ----------------------------------------------------------------------------------------------------------


def asleep(gateway):
    with assemble.opened(config.load(gateway)) as store:
        return [each.policy for each in versions.asleep(store, datetime.now(UTC))]


def test_a_policy_is_disabled_told_everywhere_and_enabled(run, as_person, gateway):
    code, out, _ = run("policy", "disable", "birds", "--for", "2h", "--reason", "it holds everything")
    check, listing = run("policy", "check")[1], run("hold", "list")[2]
    during = asleep(gateway)
    back = run("policy", "enable", "birds", "--reason", "mended")[0]

    assert (code, back, during, asleep(gateway)) == (0, 0, ["birds"], [])
    assert "disabled until" in out
    assert '"birds" is disabled until' in check
    assert "policy birds is disabled until" in listing


def test_doctor_tells_what_is_disabled(run, as_person, gateway):
    run("policy", "disable", "birds", "--for", "2h", "--reason", "it holds everything")
    settings = config.load(gateway)

    checks = list(guarded("policies", rules.check, Gateway(gateway, settings, datetime.now(UTC))))

    assert [(c.level, '"birds"' in c.text) for c in checks if c.name == "disabled"] == [(Level.WARN, True)]


def test_the_reason_is_sealed_in_the_audit_trail(run, as_person, gateway):
    run("policy", "disable", "birds", "--for", "30m", "--reason", "court deadline")
    settings = config.load(gateway)
    (entry,) = trail(gateway)
    opening = vault.KeyRing.load(settings.keys, need=frozenset({"opening"})).opening

    assert (entry.kind, entry.actor, entry.facts["policy"]) == ("policy disabled", "amy", "birds")
    assert audit.reason(entry, opening) == "court deadline"
    assert b"court deadline" not in settings.store.read_bytes()


def test_a_misspelt_policy_is_not_disabled(run, as_person, gateway):
    code, _, err = run("policy", "disable", "brids", "--for", "2h", "--reason", "it holds everything")

    assert (code, asleep(gateway)) == (65, [])
    assert "did you mean birds?" in err


def test_a_fire_is_put_out_though_the_folder_is_broken(run, as_person, gateway, edit):
    edit("mode: enforce", "mode: enforced")

    assert run("policy", "disable", "birds", "--for", "2h", "--reason", "it holds everything")[0] == 0
    assert asleep(gateway) == ["birds"]


def test_what_is_not_disabled_cannot_be_enabled(run, as_person, gateway):
    assert run("policy", "enable", "birds", "--reason", "mended")[0] == 65


@pytest.mark.parametrize(
    ("text", "span"), [("30m", timedelta(minutes=30)), ("2h", timedelta(hours=2)), ("2 hours", timedelta(hours=2))]
)
def test_a_time_is_said_as_people_say_it(text, span):
    assert publishing.duration(text) == span


@pytest.mark.parametrize("text", ["", "2", "2d", "25h", "0m", "-1h", "for ever"])
def test_for_ever_is_no_time(text, run):
    with pytest.raises(SystemExit) as caught:
        run("policy", "disable", "birds", "--for", text, "--reason", "it holds everything")

    assert caught.value.code == 2


# -- doctor, where publishing is required -----------------------------------------------------------------------------


def test_doctor_compares_the_gateway_with_what_was_published(run, as_person, gateway, edit):
    gateway.write_text(gateway.read_text() + "\npublishing: {required: yes}\n")
    settings = config.load(gateway)

    def told():
        found = guarded("policies", rules.check, Gateway(gateway, settings, datetime.now(UTC)))
        return {c.name: c.level for c in found if c.name in ("published", "in force")}

    before = told()
    run("policy", "publish")
    with assemble.opened(settings) as store:
        vitals.set_in_force(store, versions.latest(store).digest, 0, datetime.now(UTC))
    published = told()
    edit("grey goose", "dark crow")

    assert before["published"] is Level.FAIL
    assert published == {"published": Level.OK, "in force": Level.OK}
    assert told() == {"published": Level.WARN, "in force": Level.OK}

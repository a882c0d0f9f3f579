# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies that hold nothing, protect nobody or reach no reviewer look like any others until somebody asks."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from safehold import assemble, config
from safehold.cli import setup
from safehold.doctor import Level, rules
from safehold.doctor.checks import Gateway, guarded
from safehold.register.people import from_record
from safehold.store import vitals

NOW = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
POLICY = (
    "version: 1\npolicies:\n- {id: p, title: t, why: w, owner: o, mode: %s, %s"
    " when: {content: {register: %s}, recipients: {scope: external}}}\n"
)
PERSON = {"id": "P-1", "register": "refuges", "values": [{"kind": "phone", "value": "01632 960123"}]}


@pytest.fixture
def examined(tmp_path):
    """Return examine(mode=..., register=..., then=...) -> checks on a gateway with one person in `refuges`."""

    def examine(*, mode="enforce", register="refuges", then="", people=(PERSON,)):
        file = tmp_path / "safehold.yaml"
        setup.write_settings(file, own="council.test", listen="127.0.0.1:10025", maps="none")
        settings = config.load(file)
        setup.make_keys_and_store(settings)
        settings.policies.mkdir()
        (settings.policies / "first.yaml").write_text(POLICY % (mode, then, register))
        with assemble.people(settings) as store:
            found = [from_record(record) for record in people]
            store.import_people(found, full=False, accept_ends=0, actor="a", now=NOW)
        return list(guarded("policies", rules.check, Gateway(file, settings, NOW)))

    return examine


def told(checks):
    return [(c.name, c.level) for c in checks if c.level is not Level.OK and c.name != "in force"]


def test_a_policy_that_holds_something_for_somebody_is_fine(examined):
    checks = examined()

    assert told(checks) == []
    assert [c.text for c in checks if c.name != "in force"] == ["1 loaded, 1 enforced", "1 person, revision 1"]


def test_policies_of_which_none_is_enforced_hold_nothing(examined):
    assert ("policies", Level.WARN) in told(examined(mode="shadow"))


@pytest.mark.parametrize(("mode", "level"), [("enforce", Level.FAIL), ("shadow", Level.WARN)])
def test_a_misspelt_register_protects_nobody(examined, mode, level):
    found = [c for c in examined(mode=mode, register="refugees") if "refugees" in c.text]

    assert [(c.level, "there are: refuges" in c.text) for c in found] == [(level, True)]


def test_an_empty_register_is_a_warning(examined):
    assert ("register", Level.WARN) in told(examined(people=()))


def test_a_role_that_is_to_decide_and_has_no_address_is_told(examined):
    found = [c for c in examined(then="then: {action: hold, review: safeguarding},") if c.name == "reviewers"]

    assert [(c.level, "safeguarding" in c.text) for c in found] == [(Level.WARN, True)]


def test_a_folder_without_policies_has_another_cure_than_a_mistake(tmp_path):
    file = tmp_path / "safehold.yaml"
    setup.write_settings(file, own="council.test", listen="127.0.0.1:10025", maps="none")

    (found,) = guarded("policies", rules.check, Gateway(file, config.load(file), NOW))

    assert (found.level, "there is none in" in found.text) == (Level.FAIL, True)
    assert found.fix.startswith("write one there")


def test_a_policy_that_cannot_be_read_is_named_with_its_place(examined):
    (found,) = examined(then="thn: {action: hold},")

    assert found.level is Level.FAIL
    assert found.text.startswith("1 error, the first: ")
    assert "first.yaml:3:" in found.text


# -- what is in force ------------------------------------------------------------------------------------------


@pytest.fixture
def served(tmp_path):
    """Return serve(edit) -> the checks `in force`, after a gateway loaded its rules, and *edit* changed the folder."""

    def serve(edit=lambda settings: None, *, loads=True, ago=timedelta(hours=2)):
        file = tmp_path / "safehold.yaml"
        setup.write_settings(file, own="council.test", listen="127.0.0.1:10025", maps="none")
        settings = config.load(file)
        setup.make_keys_and_store(settings)
        settings.policies.mkdir()
        (settings.policies / "first.yaml").write_text(POLICY % ("enforce", "", "refuges"))
        import_people(settings, PERSON)
        if loads:
            with closing(assemble.store(settings)) as opened:
                vitals.set_in_force(opened, assemble.load_policies(settings.policies).digest, 1, NOW - ago)
        edit(settings)
        return [c for c in guarded("policies", rules.check, Gateway(file, settings, NOW)) if c.name == "in force"]

    return serve


def import_people(settings, *people, ago=timedelta()):
    with assemble.people(settings) as store:
        store.import_people([from_record(p) for p in people], full=False, accept_ends=0, actor="a", now=NOW - ago)


def test_policies_that_were_loaded_as_they_are_now_are_in_force(served):
    (found,) = served()

    assert (found.level, found.text) == (Level.OK, "these policies, since 2 hours")


def test_policies_that_were_edited_and_not_reloaded_are_a_failure_with_the_command(served):
    """A reload that is refused looks the same to systemctl, so the cure says where the refusal stands."""
    (found,) = served(lambda s: (s.policies / "first.yaml").write_text(POLICY % ("shadow", "", "refuges")))

    assert found.level is Level.FAIL
    assert "edited and not in force" in found.text
    assert "2 hours" in found.text
    assert found.fix.splitlines() == [
        "systemctl reload safehold-milter   (it comes back without an error even if the milter refuses)",
        "journalctl -u safehold-milter -n 20   (`reload refused` says why)",
    ]


def test_where_no_gateway_ever_loaded_rules_that_is_said(served):
    (found,) = served(loads=False)

    assert found.level is Level.WARN
    assert found.fix.startswith("systemctl enable --now safehold-milter")


def test_a_register_that_the_gateway_does_not_follow_is_a_failure(served):
    (found,) = served(lambda s: import_people(s, PERSON | {"id": "P-2"}, ago=timedelta(minutes=1)))

    assert found.level is Level.FAIL
    assert "register revision 2" in found.text
    assert found.fix.startswith("systemctl restart safehold-milter")


def test_a_register_that_was_imported_this_very_moment_is_no_failure(served):
    (found,) = served(lambda s: import_people(s, PERSON | {"id": "P-2"}))

    assert found.level is Level.OK


def test_policies_that_cannot_be_loaded_leave_the_old_ones_in_force_until_the_next_start(served):
    (found,) = served(lambda s: (s.policies / "first.yaml").write_text("nonsense: ["))

    assert found.level is Level.WARN
    assert "keeps what it loaded 2 hours ago" in found.text

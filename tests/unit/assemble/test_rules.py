# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules in force: what is wrong or suspicious never replaces what is right, and a start tells all of it."""

from contextlib import closing
from datetime import UTC, datetime

import pytest

from safehold import assemble
from safehold.assemble.rules import Rulebook, load_policies, policy_folder, unasked
from safehold.errors import ComplaintsError, StoreError
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
def settings(settings):
    """Return a gateway with one policy about register `refuges`."""
    write_policy(settings)
    return settings


def write_policy(settings, name="p", *, register="refuges", mode="enforce"):
    settings.policies.mkdir(exist_ok=True)
    (settings.policies / f"{name}.yaml").write_text(POLICY % {"id": name, "register": register, "mode": mode})


def rulebook(settings, opened):
    keys = KeyRing.load(settings.keys, need=frozenset({"register"}))
    return Rulebook(settings.policies, PeopleStore(opened, keys.register))


def add_person(settings, opened, register="refuges"):
    keys = KeyRing.load(settings.keys, need=frozenset({"register"}))
    person = from_record(
        {"id": f"P-{register}", "register": register, "values": [{"kind": "phone", "value": "01632 960123"}]}
    )
    PeopleStore(opened, keys.register).import_people([person], full=False, accept_ends=0, actor="a", now=NOW)


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
        load_policies(tmp_path)

    (only,) = caught.value.complaints
    assert only.file == str(tmp_path)


def test_a_complaint_about_a_file_names_it_so_that_an_editor_can_open_it(tmp_path):
    (tmp_path / "a.yaml").write_text("version: 1\npolicies: [{id: x}]\n")

    with pytest.raises(ComplaintsError) as caught:
        load_policies(tmp_path)

    assert {c.file for c in caught.value.complaints} == {str(tmp_path / "a.yaml")}


# -- reloading ------------------------------------------------------------------------------------------------------


def running(settings, opened, *held):
    """Return the rules of a gateway that runs, with one person in each of the registers."""
    for register in held:
        add_person(settings, opened, register)
    rules = rulebook(settings, opened)
    rules.reload()
    return rules


@pytest.mark.parametrize("held", [("refuges",), ("refuges", "families")])
def test_a_misspelt_register_does_not_replace_the_rules_that_protect(settings, caplog, held):
    with closing(assemble.store(settings)) as opened:
        rules = running(settings, opened, *held)
        before = rules.current()
        write_policy(settings, register="refuge")
        rules.reload_or_keep()

        assert rules.current() is before
        with pytest.raises(ComplaintsError) as caught:
            rules.reload()

    (only,) = caught.value.complaints
    assert (only.file, only.line, only.code) == (str(settings.policies / "p.yaml"), 3, "register-holds-nobody")
    assert only.hint == "did you mean `refuges`?"
    assert "the old rules stay in force" in caplog.text


def test_what_was_refused_is_taken_once_it_is_right(settings):
    with closing(assemble.store(settings)) as opened:
        rules = running(settings, opened, "refuges")
        write_policy(settings, "families", register="families")
        with pytest.raises(ComplaintsError):
            rules.reload()
        add_person(settings, opened, "families")
        rules.refresh()
        rules.reload()

        assert len(rules.current().policies.policies) == 2


def test_a_policy_in_shadow_may_wait_for_its_people(settings, caplog):
    with closing(assemble.store(settings)) as opened:
        rules = running(settings, opened, "refuges")
        write_policy(settings, "families", register="families", mode="shadow")
        rules.reload()

    assert "register=families holds nobody" in caplog.text


def test_a_register_that_has_emptied_rightly_does_not_stand_in_the_way_of_other_changes(settings):
    keys = KeyRing.load(settings.keys, need=frozenset({"register"}))
    with closing(assemble.store(settings)) as opened:
        rules = running(settings, opened, "refuges", "families")
        PeopleStore(opened, keys.register).end(["P-refuges"], actor="a", accept_ends=1, now=NOW)
        rules.refresh()
        write_policy(settings, "families", register="families")
        rules.reload()

        assert len(rules.current().policies.policies) == 2


def test_where_nobody_is_in_any_register_policies_may_change(settings):
    """A new installation writes its policies first."""
    with closing(assemble.store(settings)) as opened:
        rules = running(settings, opened)
        write_policy(settings, "families", register="families")
        rules.reload()

        assert len(rules.current().policies.policies) == 2


def test_a_start_takes_a_misspelt_register_loudly(settings, caplog):
    """There are no old rules to keep, and stopping all mail for one policy would be worse."""
    write_policy(settings, register="refuge")
    with closing(assemble.store(settings)) as opened:
        running(settings, opened, "refuges")

    assert [r.levelname for r in caplog.records if "holds nobody" in r.getMessage()] == ["ERROR"]


@pytest.mark.parametrize("text", ["version: 1\n", ""])
def test_a_folder_without_a_policy_replaces_nothing(settings, caplog, text):
    with closing(assemble.store(settings)) as opened:
        rules = running(settings, opened, "refuges")
        before = rules.current()
        (settings.policies / "p.yaml").write_text(text)
        rules.reload_or_keep()

        assert rules.current() is before
        with pytest.raises(ComplaintsError):
            rulebook(settings, opened).reload()
    assert "the old rules stay in force" in caplog.text


def test_a_reload_tells_of_files_that_are_not_read(settings, caplog):
    (settings.policies / "second.yaml.txt").write_text("version: 1\n")
    with closing(assemble.store(settings)) as opened:
        rules = running(settings, opened, "refuges")
        caplog.clear()
        rules.reload()

    (told,) = [r for r in caplog.records if r.getMessage().startswith("not read")]
    assert told.levelname == "WARNING"
    assert str(settings.policies / "second.yaml.txt") in told.getMessage()


@pytest.mark.parametrize("edited", ["q", "p"])
def test_what_a_policy_in_shadow_asked_is_news_where_it_is_enforced(settings, edited):
    """Else a misspelt register would come in through shadow, and put out of force what protects now."""
    with closing(assemble.store(settings)) as opened:
        rules = running(settings, opened, "refuges")
        write_policy(settings, "q", register="refuge", mode="shadow")
        rules.reload()
        before = rules.current()
        write_policy(settings, edited, register="refuge")

        with pytest.raises(ComplaintsError) as caught:
            rules.reload()
        assert rules.current() is before

    assert [c.file for c in caught.value.complaints] == [str(settings.policies / f"{edited}.yaml")]


def test_a_register_that_has_emptied_is_news_for_every_policy_that_did_not_ask_it(settings):
    keys = KeyRing.load(settings.keys, need=frozenset({"register"}))
    with closing(assemble.store(settings)) as opened:
        rules = running(settings, opened, "refuges", "families")
        PeopleStore(opened, keys.register).end(["P-refuges"], actor="a", accept_ends=1, now=NOW)
        rules.refresh()
        write_policy(settings, "q", register="refuges")

        with pytest.raises(ComplaintsError) as caught:
            rules.reload()

    assert [c.file for c in caught.value.complaints] == [str(settings.policies / "q.yaml")]


# -- one id in the store and in a file --------------------------------------------------------------------------------


def write_people(settings, *ids):
    """Write a policy whose register `families` comes from a file with these people."""
    person = '{"id": "%s", "register": "families", "values": [{"kind": "phone", "value": "01632 960777"}]}\n'
    (settings.policies / "extra.jsonl").write_text("".join(person % each for each in ids))
    text = POLICY % {"id": "q", "register": "families", "mode": "enforce"}
    (settings.policies / "q.yaml").write_text(text + "registers: {refuges: store, families: {file: extra.jsonl}}\n")


def registers_by_id(rules):
    return {person.id: person.register for person in rules.current().register.people()}


def told_twice(caplog):
    return [(r.levelname, r.args) for r in caplog.records if "stored and in a file" in r.getMessage()]


def test_a_reload_refuses_a_person_of_a_file_who_has_the_id_of_a_stored_one(settings):
    with closing(assemble.store(settings)) as opened:
        rules = running(settings, opened, "refuges")
        before = rules.current()
        write_people(settings, "P-refuges", "P-2")

        with pytest.raises(ComplaintsError) as caught:
            rules.reload()
        assert rules.current() is before

    (only,) = caught.value.complaints
    assert (only.file, only.code) == (str(settings.policies), "duplicate-id")
    assert "P-refuges" in only.message
    assert "P-2" not in only.message


def test_of_many_people_who_are_stored_and_in_a_file_some_are_named(settings):
    keys = KeyRing.load(settings.keys, need=frozenset({"register"}))
    ids = [f"P-{number}" for number in range(10, 22)]
    people = [from_record({"id": each, "register": "refuges"}) for each in ids]
    with closing(assemble.store(settings)) as opened:
        PeopleStore(opened, keys.register).import_people(people, full=False, actor="a", now=NOW)
        rules = running(settings, opened)
        write_people(settings, *ids, "P-99")

        with pytest.raises(ComplaintsError) as caught:
            rules.reload()

    (only,) = caught.value.complaints
    assert only.message.endswith("P-18, P-19, and 2 more")


def test_at_a_start_the_stored_person_of_two_protects_and_the_other_is_told(settings, caplog):
    write_people(settings, "P-refuges", "P-2")
    with closing(assemble.store(settings)) as opened:
        rules = running(settings, opened, "refuges")

        assert registers_by_id(rules) == {"P-refuges": "refuges", "P-2": "families"}
    assert told_twice(caplog) == [("ERROR", ("P-refuges",))]
    assert "01632" not in caplog.text


def test_while_the_register_is_followed_a_stored_person_comes_before_one_of_a_file_and_that_is_told_once(
    settings, caplog
):
    write_people(settings, "P-refuges", "P-2")
    with closing(assemble.store(settings)) as opened:
        rules = running(settings, opened)
        assert told_twice(caplog) == []
        add_person(settings, opened, "refuges")
        rules.refresh()
        assert registers_by_id(rules) == {"P-refuges": "refuges", "P-2": "families"}
        add_person(settings, opened, "others")
        rules.refresh()

    assert told_twice(caplog) == [("ERROR", ("P-refuges",))]


# -- the folder -----------------------------------------------------------------------------------------------------


def test_hidden_files_are_not_read_nor_told(settings):
    for name in (".p.yaml", "._p.yaml", ".git/config"):
        (settings.policies / name).parent.mkdir(exist_ok=True)
        (settings.policies / name).write_bytes(b"\x00\x05\x16\x07")

    read = policy_folder(settings.policies)

    assert (set(read.files), read.beside) == ({"p.yaml"}, frozenset())


def test_what_cannot_be_a_policy_lies_beside_and_a_guide_does_not(settings):
    for name in ("b.YAML", "c.yml", "d.docx", "e.yaml~", "README.md", "tests/f.yaml"):
        (settings.policies / name).parent.mkdir(exist_ok=True)
        (settings.policies / name).write_text("")
    (settings.policies / "link").symlink_to("/")

    read = policy_folder(settings.policies)

    assert set(read.files) == {"p.yaml", "b.YAML", "c.yml"}
    assert read.beside == {"d.docx", "e.yaml~", "link"}


def test_a_link_to_no_file_is_an_error_not_a_policy_less(settings):
    (settings.policies / "q.yaml").symlink_to(settings.policies / "gone.yaml")

    with pytest.raises(ComplaintsError) as caught:
        policy_folder(settings.policies)

    assert [(c.file, c.code) for c in caught.value.complaints] == [(str(settings.policies / "q.yaml"), "unreadable")]


def test_a_register_that_no_policy_asks_is_told_with_the_name_that_was_meant(settings):
    loaded = load_policies(settings.policies)

    assert unasked(loaded, {"refugees"}) == {"refugees": "did you mean `refuges`?"}
    assert unasked(loaded, {"zebra"}) == {"zebra": "policies ask: refuges"}
    assert unasked(loaded, {"refuges"}) == {}


# -- what is in force is told to the doctor ---------------------------------------------------------------------


@pytest.fixture
def told(settings):
    """Return (rulebook, what it told), over a store with one person."""
    found = []
    keys = KeyRing.load(settings.keys, need=frozenset({"register"}))
    with closing(assemble.store(settings)) as opened:
        add_person(settings, opened)
        yield (
            Rulebook(settings.policies, PeopleStore(opened, keys.register), tell=lambda *rules: found.append(rules)),
            found,
        )


def test_rules_are_told_when_they_are_loaded_and_not_when_they_are_refused(settings, told):
    book, found = told
    book.reload()
    (settings.policies / "p.yaml").write_text("nonsense: [")
    book.reload_or_keep()

    assert found == [(book.current().policies.digest, 1)]


def test_a_register_that_was_followed_is_told(settings, told):
    book, found = told
    book.reload()
    with closing(assemble.store(settings)) as opened:
        add_person(settings, opened, "others")
    book.refresh()
    book.refresh()

    assert [revision for _, revision in found] == [1, 2]


def test_a_store_that_cannot_be_told_keeps_no_rules_from_coming_into_force(settings, caplog):
    """Its disk may be full: mail that is held waits then, and all other mail must still be judged by these rules."""

    def full(*_: object) -> None:
        raise StoreError("the store cannot grow")

    keys = KeyRing.load(settings.keys, need=frozenset({"register"}))
    with closing(assemble.store(settings)) as opened:
        book = Rulebook(settings.policies, PeopleStore(opened, keys.register), tell=full)
        book.reload()

    assert book.current().policies.policies
    assert "the store cannot grow" in caplog.text


def test_a_gateway_leaves_word_in_its_store_of_the_rules_it_serves(settings):
    with assemble.gate(settings) as (_, book), closing(assemble.store(settings)) as opened:
        found = vitals.in_force(opened)

        assert found.policies == book.current().policies.digest

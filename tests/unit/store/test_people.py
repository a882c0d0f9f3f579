# SPDX-License-Identifier: GPL-3.0-or-later
"""The sealed register: nobody's protection goes by accident, and the file tells nothing."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from safehold.errors import IllegalMoveError, NotAllowedError, TamperedError
from safehold.register.people import AdverseParty, Kind, Person, Value
from safehold.store import Store, audit
from safehold.store.people import PeopleStore

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
KEY = bytes(range(32))


@pytest.fixture
def store(tmp_path):
    opened = Store.open(tmp_path / "store.db", create=True)
    yield opened
    opened.close()


@pytest.fixture
def register(store):
    return PeopleStore(store, KEY)


def person(number, register="safe-addresses", street="14 Elm Road"):
    return Person(
        id=f"P-{number:04}",
        register=register,
        values=(Value(Kind.ADDRESS, street, frozenset({"F-1"})),),
        adverse=(AdverseParty(id="F-1", name="Kestrel Marsh", emails=("kestrel@mail.example",)),),
        subject=(f"p{number}@mail.example",),
        conflicts=("staff@riverbank.example",),
    )


def people(*numbers, **more):
    return tuple(person(number, **more) for number in numbers)


def bring(register, incoming, *, full=True, accept_ends=0, **more):
    return register.import_people(incoming, full=full, accept_ends=accept_ends, actor="kim", now=NOW, **more)


def test_an_empty_register_is_at_revision_nought(register):
    assert register.load() == (0, ())


def test_people_come_back_as_they_went_in(register):
    result = bring(register, people(1, 2, 3))

    assert (result.revision, result.added) == (1, 3)
    assert register.load() == (1, people(1, 2, 3))


def test_the_file_tells_nothing_about_anybody(register, store):
    bring(register, people(1, 2))

    stored = b"".join(p.read_bytes() for p in store.path.parent.glob("store.db*"))

    for text in (b"Elm", b"Kestrel", b"kestrel", b"mail.example", b"riverbank"):
        assert text not in stored


def test_the_same_import_again_changes_nothing_and_makes_no_revision(register):
    bring(register, people(1, 2))

    result = bring(register, people(1, 2))

    assert (result.revision, result.unchanged) == (1, 2)
    assert register.revision() == 1
    assert len(register.history()) == 1


def test_a_changed_person_is_replaced(register):
    bring(register, people(1, 2))

    result = bring(register, [person(1), person(2, street="2 Oak Lane")], accept_losses=1)

    assert (result.changed, result.unchanged) == (1, 1)
    assert register.load() == (2, (person(1), person(2, street="2 Oak Lane")))


def test_an_import_that_takes_from_somebody_who_stays_is_refused_by_id_and_counts(register):
    """One row with one more telephone number is what every author writes; it must not cost her all the rest."""
    bring(register, people(1, 2))
    more = Person("P-0001", "safe-addresses", (Value(Kind.PHONE, "07700 900124"),))

    with pytest.raises(NotAllowedError) as caught:
        bring(register, [more], full=False)

    said = str(caught.value)
    assert "P-0001 would lose 1 value, 1 adverse party, 1 mailbox of the person's own and 1 conflict." in said
    assert "--add" in said
    assert "--accept-losses 1" in said
    assert "Elm" not in said
    assert register.load() == (1, people(1, 2))


def test_what_is_said_to_be_lost_is_taken(register, store):
    bring(register, people(1, 2))
    less = replace(person(1), conflicts=())

    with pytest.raises(NotAllowedError):
        bring(register, [less, replace(person(2), subject=())], full=False, accept_losses=1)
    result = bring(register, [less], full=False, accept_losses=1)

    assert result.changed == 1
    assert register.load()[1] == (less, person(2))


def test_more_people_than_anybody_reads_are_counted(register):
    bring(register, people(*range(15)))

    with pytest.raises(NotAllowedError, match=r"5 other people would lose something too\..*--accept-losses 15"):
        bring(register, [replace(each, values=()) for each in people(*range(15))])


def test_adding_keeps_what_is_there(register):
    bring(register, people(1, 2))
    phone = Value(Kind.PHONE, "07700 900124")

    result = bring(register, [Person("P-0001", "safe-addresses", (phone,))], full=False, adding=True)

    assert (result.changed, result.ended) == (1, 0)
    assert register.load()[1] == (replace(person(1), values=(*person(1).values, phone)), person(2))
    assert register.history()[-1].kind == "added"


def test_adding_what_is_there_changes_nothing(register):
    bring(register, people(1))

    result = bring(register, [Person("P-0001", "safe-addresses", person(1).values)], full=False, adding=True)

    assert (result.revision, result.unchanged) == (1, 1)


def test_adding_to_somebody_of_another_register_is_refused(register):
    bring(register, people(1))

    with pytest.raises(NotAllowedError, match="P-0001 is in register safe-addresses, not refuges"):
        bring(register, [Person("P-0001", "refuges")], full=False, adding=True)

    assert register.load() == (1, people(1))


def test_somebody_who_comes_back_by_adding_has_all_she_had(register):
    bring(register, people(1, 2))
    bring(register, people(2), accept_ends=1)
    phone = Value(Kind.PHONE, "07700 900124")

    result = bring(register, [Person("P-0001", "safe-addresses", (phone,))], full=False, adding=True)

    assert result.returned == 1
    assert register.load()[1][0].values == (*person(1).values, phone)


def test_a_partial_import_ends_nobody(register):
    bring(register, people(1, 2, 3))

    result = bring(register, people(4), full=False)

    assert (result.added, result.ended) == (1, 0)
    assert [each.id for each in register.load()[1]] == ["P-0001", "P-0002", "P-0003", "P-0004"]


@pytest.mark.parametrize(
    ("before", "gone"),
    [
        pytest.param(100, 3, id="3 of 100 is over 2 %"),
        pytest.param(3, 1, id="1 of 3 is over 2 %"),
        pytest.param(2000, 21, id="21 are over 20"),
    ],
)
def test_an_import_that_ends_many_is_refused_and_nothing_of_it_happens(register, before, gone):
    bring(register, people(*range(before)))
    incoming = (*people(*range(gone, before)), person(9000))

    with pytest.raises(NotAllowedError, match=f"end the protection of {gone} of {before} people.*--accept-ends {gone}"):
        bring(register, incoming)
    with pytest.raises(NotAllowedError):
        bring(register, incoming, accept_ends=gone - 1)

    assert register.revision() == 1
    assert len(register.load()[1]) == before


def test_an_import_that_ends_many_goes_through_when_the_number_is_said(register):
    bring(register, people(*range(10)))

    result = bring(register, people(*range(5)), accept_ends=5)

    assert result.ended == 5
    assert [each.id for each in register.load()[1]] == [each.id for each in people(*range(5))]


def test_an_import_may_end_two_in_a_hundred_without_a_word(register):
    bring(register, people(*range(100)))

    assert bring(register, people(*range(2, 100))).ended == 2


def test_a_full_import_is_about_its_own_registers_only(register):
    bring(register, [*people(1, 2), *people(3, 4, register="adoption")])

    result = bring(register, people(1, 2))

    assert result.ended == 0
    assert len(register.load()[1]) == 4


def test_who_was_ended_is_kept_sealed_and_comes_back_with_an_import(register, store):
    bring(register, people(*range(10)))
    bring(register, people(*range(9)), accept_ends=1)
    assert [i for i, _ in register.ended()] == ["P-0009"]

    result = bring(register, people(*range(10)))

    assert (result.returned, result.added) == (1, 0)
    assert len(register.load()[1]) == 10
    assert register.ended() == ()


def test_ending_by_id_obeys_the_same_limit(register):
    bring(register, people(*range(10)))

    with pytest.raises(NotAllowedError):
        register.end(["P-0001"], actor="kim", now=NOW)
    result = register.end(["P-0001"], actor="kim", accept_ends=1, now=NOW)

    assert result.ended == 1
    assert len(register.load()[1]) == 9


def test_ending_somebody_who_is_not_there_ends_nobody(register):
    bring(register, people(*range(100)))

    with pytest.raises(IllegalMoveError):
        register.end(["P-0001", "P-7777"], actor="kim", now=NOW)

    assert len(register.load()[1]) == 100


def test_an_id_that_comes_twice_is_refused(register):
    with pytest.raises(NotAllowedError, match="twice"):
        bring(register, [person(1), person(1, street="2 Oak Lane")])

    assert register.revision() == 0


def test_a_change_without_an_actor_is_refused(register):
    with pytest.raises(NotAllowedError):
        register.import_people(people(1), full=False, actor=" ", now=NOW)

    assert register.revision() == 0


def test_the_audit_entry_has_counts_and_no_person(register, store):
    bring(register, people(1, 2))

    (entry,) = audit.entries(store)

    assert entry.facts == {
        "revision": 1,
        "kind": "full",
        "added": 2,
        "changed": 0,
        "ended": 0,
        "returned": 0,
        "unchanged": 0,
    }
    assert (entry.actor, entry.kind) == ("kim", "register changed")


def test_a_running_gateway_can_follow_with_the_changes_only(register):
    bring(register, people(*range(100)))
    bring(register, [*people(*range(1, 99)), person(99, street="2 Oak Lane"), person(200)], accept_losses=1)

    changes = register.changes(1)

    assert changes.revision == 2
    assert [each.id for each in changes.people] == ["P-0099", "P-0200"]
    assert changes.ended == {"P-0000"}
    assert register.changes(2).people == ()


def test_a_damaged_row_is_written_anew_only_when_that_is_said(register, store):
    bring(register, people(1, 2))
    with closing(sqlite3.connect(store.path)) as thief:
        thief.execute("UPDATE people SET sealed = (SELECT sealed FROM people WHERE id = 'P-0001') WHERE id = 'P-0002'")
        thief.commit()

    with pytest.raises(NotAllowedError, match="P-0002 would lose an entry that does not open"):
        bring(register, people(2, street="2 Oak Lane"), full=False)
    bring(register, people(2, street="2 Oak Lane"), full=False, accept_losses=1)

    assert register.load()[1][1] == person(2, street="2 Oak Lane")


def test_a_row_moved_to_another_person_is_noticed(register, store):
    bring(register, people(1, 2))
    with closing(sqlite3.connect(store.path)) as thief:
        thief.execute("UPDATE people SET sealed = (SELECT sealed FROM people WHERE id = 'P-0001') WHERE id = 'P-0002'")
        thief.commit()

    with pytest.raises(TamperedError):
        register.load()


def test_another_key_opens_nobody(register, store):
    bring(register, people(1))

    with pytest.raises(TamperedError):
        PeopleStore(store, bytes(32)).load()


def test_two_imports_at_once_are_both_there(register, store, monkeypatch):
    """What was planned on an old revision is planned anew, never written over the other's work."""
    other = PeopleStore(store, KEY)
    plan = register._plan
    meddled = []

    def plan_late(*arguments, **options):
        made = plan(*arguments, **options)
        if not meddled:
            meddled.append(bring(other, people(50), full=False))
        return made

    monkeypatch.setattr(register, "_plan", plan_late)

    result = bring(register, people(1), full=False)

    assert result.revision == 2
    assert [each.id for each in register.load()[1]] == ["P-0001", "P-0050"]
    assert audit.verify(store).is_whole


def test_an_unchanged_digest_needs_every_field_unchanged(register):
    bring(register, people(1))

    assert bring(register, [replace(person(1), subject=("new@mail.example",))], accept_losses=1).changed == 1

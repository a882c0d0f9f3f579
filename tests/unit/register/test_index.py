# SPDX-License-Identifier: GPL-3.0-or-later
"""The register answers who a recipient is to whom."""

from datetime import date

import pytest

from safehold.register.index import MOST_BY_NAME, Register, Relations
from safehold.register.people import AdverseParty, Authorised, FormerContact, Kind, Person, Route, Value

TODAY = date(2025, 11, 3)


def make_register(**changes):
    fields = {
        "id": "P-1",
        "register": "safe",
        "adverse": (
            AdverseParty(
                "F-1",
                name="Karl Novak",
                emails=("Karl.N@example.org",),
                routes=(Route("wing+a@prison.example", "prison"),),
            ),
        ),
    }
    return Register.build([Person(**(fields | changes))])


def ask(register, address, **changes) -> Relations:
    return register.relations(address, **({"today": TODAY} | changes))


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("karl.n@example.org", id="as registered but for case"),
        pytest.param("KARL.N+holiday@EXAMPLE.ORG", id="with a tag"),
        pytest.param("karl.n@example.org.", id="with a final dot"),
        pytest.param("kаrl.n@example.org", id="with a Cyrillic letter"),
        pytest.param("wing@prison.example", id="by a route registered with a tag"),
    ],
)
def test_an_address_of_an_adverse_party_is_adverse(address):
    relations = ask(make_register(), address)

    assert dict(relations.adverse) == {"P-1": frozenset({"F-1"})}
    assert relations.scope == frozenset({"P-1"})
    assert relations.by_name == frozenset()


def test_google_reads_dotted_and_plain_spellings_into_one_mailbox():
    register = make_register(adverse=(AdverseParty("F-1", emails=("k.novak@googlemail.com",)),))

    assert ask(register, "kno.vak+x@gmail.com").adverse


def test_an_address_in_ascii_form_is_the_same_domain():
    register = make_register(adverse=(AdverseParty("F-1", emails=("k@bücher.example",)),))

    assert ask(register, "k@xn--bcher-kva.example").adverse


def test_one_address_may_be_adverse_through_several_parties():
    parties = (AdverseParty("F-1", emails=("shared@example.org",)), AdverseParty("F-2", emails=("shared@example.org",)))

    assert ask(make_register(adverse=parties), "shared@example.org").adverse["P-1"] == frozenset({"F-1", "F-2"})


@pytest.mark.parametrize("address", ["somebody@example.org", "example.org", "", "@", "karl.n@other.example"])
def test_a_stranger_is_nothing(address):
    assert ask(make_register(), address) == Relations()


# -- by name --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "name"),
    [
        pytest.param("x@mail.test", "Karl Novak", id="display name"),
        pytest.param("x@mail.test", "NOVAK, Karl", id="surname first"),
        pytest.param("x@mail.test", "K. Novak", id="initial"),
        pytest.param("x@mail.test", "Charlie Novak", id="nickname"),
        pytest.param("karl.novak77@mail.test", "", id="local part with a dot"),
        pytest.param("novak_k@mail.test", "", id="local part surname first"),
        pytest.param("karlnovak@mail.test", "", id="glued"),
        pytest.param("knovak1980@mail.test", "", id="glued initial"),
    ],
)
def test_a_name_of_an_adverse_party_is_known_by_name(address, name):
    relations = ask(make_register(), address, name=name)

    assert relations.by_name == frozenset({"P-1"})
    assert not relations.scope


@pytest.mark.parametrize(
    ("address", "name"),
    [
        pytest.param("x@mail.test", "Novak", id="surname alone"),
        pytest.param("x@mail.test", "Peter Novak", id="another forename"),
        pytest.param("x@mail.test", "Karl Nowicki", id="another surname"),
        pytest.param("karl@mail.test", "", id="forename alone"),
    ],
)
def test_half_a_name_is_nobody(address, name):
    assert ask(make_register(), address, name=name).by_name == frozenset()


def test_whoever_is_adverse_by_address_is_not_also_known_by_name():
    assert ask(make_register(), "karl.n@example.org", name="Karl Novak").by_name == frozenset()


def test_a_name_widens_the_scope_by_few_people_the_rarest_first():
    smiths = [Person(f"P-{n}", "safe", adverse=(AdverseParty("F", name="John Smith"),)) for n in range(50)]
    rare = Person("P-rare", "safe", adverse=(AdverseParty("F", name="John Quillfeather"),))

    by_name = ask(Register.build([*smiths, rare]), "x@mail.test", name="John Quillfeather Smith").by_name

    assert len(by_name) == MOST_BY_NAME
    assert "P-rare" in by_name


# -- authorised, subject, former ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "address", "roles", "is_authorised"),
    [
        pytest.param({"email": "Dr@Nhs.example"}, "dr@nhs.example", (), True, id="address"),
        pytest.param({"email": "dr@nhs.example"}, "dr+x@nhs.example", (), False, id="a tag never excuses"),
        pytest.param({"email": "dr@nhs.example"}, "dr@nhѕ.example", (), False, id="a look-alike never excuses"),
        pytest.param({"domain": "nhs.example"}, "a@nhs.example", (), True, id="domain"),
        pytest.param({"domain": "nhs.example"}, "a@ward.nhs.example", (), True, id="sub-domain"),
        pytest.param({"domain": "nhs.example"}, "a@notnhs.example", (), False, id="another domain with that end"),
        pytest.param({"role": "guardian"}, "g@example.org", ("guardian",), True, id="role"),
        pytest.param({"role": "guardian"}, "g@example.org", ("clerk",), False, id="another role"),
        pytest.param({"role": "guardian", "end": TODAY}, "g@example.org", ("guardian",), True, id="on the last day"),
        pytest.param(
            {"role": "guardian", "end": date(2025, 11, 2)}, "g@example.org", ("guardian",), False, id="after its end"
        ),
    ],
)
def test_authorised_is_by_address_domain_or_role_until_its_end(entry, address, roles, is_authorised):
    register = make_register(authorised=(Authorised(**entry),))

    assert ask(register, address, roles=frozenset(roles)).authorised == ({"P-1"} if is_authorised else set())


def test_the_subject_is_authorised_for_her_own_data():
    relations = ask(make_register(subject=("Own@example.org",)), "own@example.org")

    assert relations.subject == relations.authorised == frozenset({"P-1"})


def test_a_tagged_address_is_not_the_subject():
    assert not ask(make_register(subject=("own@example.org",)), "own+x@example.org").subject


@pytest.mark.parametrize(
    ("ended", "address", "is_former"),
    [
        pytest.param(date(2025, 1, 31), "old@example.org", True, id="ended"),
        pytest.param(date(2025, 1, 31), "old+tag@example.org", True, id="with a tag"),
        pytest.param(date(2026, 1, 1), "old@example.org", False, id="not yet"),
        pytest.param(None, "old@example.org", True, id="without a date"),
    ],
)
def test_a_former_contact_is_in_scope_once_it_has_ended(ended, address, is_former):
    relations = ask(make_register(former_contacts=(FormerContact(email="old@example.org", ended=ended),)), address)

    assert relations.former == relations.scope == ({"P-1"} if is_former else set())


# -- the snapshot -----------------------------------------------------------------------------------------------------


def make_people():
    return [Person(f"P-{n}", "a" if n else "b", values=(Value(Kind.NAME, f"Jane Doe{n}"),)) for n in range(3)]


def test_the_digest_tells_contents_and_not_order():
    people = make_people()
    changed = [*people[:2], Person("P-2", "a", values=(Value(Kind.NAME, "Jane Roe"),))]

    assert Register.build(people).digest == Register.build(people[::-1]).digest
    assert Register.build(people).digest != Register.build(changed).digest
    assert Register.build([]).digest


def test_people_are_had_by_id_and_by_register():
    register = Register.build(make_people())

    assert (register.size, register.registers) == (3, frozenset({"a", "b"}))
    assert [person.id for person in register.people("a")] == ["P-1", "P-2"]
    assert register.person("P-0").register == "b"
    assert register.person("P-9") is None


def test_names_and_schools_are_taken_apart_once():
    values = (
        Value(Kind.PHONE, "07700 900123"),
        Value(Kind.NAME, "Jane Doe-Roe"),
        Value(Kind.SCHOOL, "Hill Top Primary"),
    )
    register = Register.build([Person("P-1", "safe", values=values)])

    name, school = register.names_of("P-1")

    assert (name.person, name.value, name.kind, name.surnames) == ("P-1", 1, Kind.NAME, ("doe", "roe", "doeroe"))
    assert "janedoeroe" in name.glued
    assert (school.value, school.run) == (2, "hilltopprimary")
    assert register.names_of("P-1")[0] is name
    assert register.names_of("P-9") == ()
    assert "jane" not in repr(name)


def test_the_keys_of_codes_are_known_together():
    values = (Value(Kind.NINO, "QQ123456A"), Value(Kind.VEHICLE, "ZZ99 ZZZ"), Value(Kind.PHONE, "07700 900123"))

    assert Register.build([Person("P-1", "safe", values=values)]).codes == {"qq123456", "zz99zzz"}

# SPDX-License-Identifier: GPL-3.0-or-later
"""The addressee of a letter is a recipient too."""

from datetime import date

import pytest

from safehold.detect.addressee import addressees
from safehold.model import Part, PartPath, Place, PlaceKind, Reading, Segment, Visibility
from safehold.register.index import Register
from safehold.register.people import AdverseParty, FormerContact, Kind, Person, Value

TODAY = date(2025, 11, 3)
LETTER = PartPath(("1", "letter.docx"))
LETTERHEAD = (
    "Wealdshire County Council\nCounty Hall\nHigh Street\nMaidstone\nME14 1XX\n\nOur ref: AB12\n3 November 2025\n\n"
)
BIRTH_FATHER = "Mr Karl Novak\n4 Mill Lane\nAshford\nKent\nTN24 8ZZ\n\n"


def make_register():
    return Register.build(
        [
            Person(
                "P-1",
                "adopted",
                values=(Value(Kind.ADDRESS, "12 Acacia Road, Ashford TN23 1AB"), Value(Kind.NAME, "Jane Doering")),
                adverse=(AdverseParty("F-1", name="Karl Novak", addresses=("4 Mill Lane, Ashford TN24 8ZZ",)),),
                former_contacts=(
                    FormerContact(address="9 Old Way, Ashford TN25 1ZZ", ended=date(2024, 1, 1)),
                    FormerContact(address="7 New Way, Ashford TN25 2ZZ", ended=date(2026, 1, 1)),
                ),
            )
        ]
    )


def read(*texts, kind=PlaceKind.PARAGRAPH, visibility=Visibility.VISIBLE, is_attachment=True):
    segments = tuple(Segment(Place(LETTER, kind, n), text, visibility) for n, text in enumerate(texts, 1))
    part = Part(LETTER, "application/x-letter", 1, is_attachment=is_attachment, attachment=1)
    return Reading(parts=(part,), segments=segments)


def ask(*texts, **changes):
    return addressees(read(*texts, **changes), make_register(), today=TODAY)


LETTERS = {
    "one text": (LETTERHEAD + BIRTH_FATHER + "Dear Mr Novak\n\nYour daughter",),
    "a segment a paragraph": (LETTERHEAD + BIRTH_FATHER + "Dear Mr Novak").split("\n"),
    "double spacing": ("\n\n".join((LETTERHEAD + BIRTH_FATHER + "Dear Mr Novak").split("\n")),),
    "no salutation": (LETTERHEAD + BIRTH_FATHER + "Re: contact",),
    "one line": ("Mr Karl Novak, 4 Mill Lane, Ashford, TN24 8ZZ\n\nDear Sir",),
    "no name": ("The Occupier\n4 Mill Lane\nAshford\nTN24 8ZZ\n\nDear Sir",),
    "misspelt": ("Mr Novak\n4 Mill Ln\nAshfrod\nTN248ZZ\n\nDear Mr Novak",),
}


@pytest.mark.parametrize("texts", LETTERS.values(), ids=LETTERS.keys())
def test_a_letter_to_the_address_of_an_adverse_party_is_adverse(texts):
    (addressee,) = ask(*texts)

    assert addressee.part == LETTER
    assert dict(addressee.relations.adverse) == {"P-1": frozenset({"F-1"})}
    assert not addressee.by_name_only


BY_NAME = {
    "another address": LETTERHEAD + "Mr K Novak\n7 Other Street\nLeeds\nLS1 1AA\n\nDear Karl",
    "no address": "Dear Mr Novak,\n\nYour daughter",
    "name and surname greeted": "Dear Karl Novak,\n\nYour daughter",
    "the neighbour": "Mr Karl Novak\n6 Mill Lane\nAshford\nTN24 8ZZ\n\nDear Sir",
}


@pytest.mark.parametrize("text", BY_NAME.values(), ids=BY_NAME.keys())
def test_who_is_known_by_name_alone_is_marked_so(text):
    (addressee,) = ask(text)

    assert addressee.by_name_only
    assert addressee.relations.by_name == frozenset({"P-1"})
    assert not addressee.relations.scope


@pytest.mark.parametrize(
    ("block", "former"),
    [("9 Old Way\nAshford\nTN25 1ZZ", {"P-1"}), ("7 New Way\nAshford\nTN25 2ZZ", set())],
    ids=["ended", "not yet"],
)
def test_a_letter_to_a_former_address_is_to_a_former_contact(block, former):
    (addressee,) = ask(f"Ms J Doering\n{block}\n\nDear Ms Doering")

    assert addressee.relations.former == former


def test_a_letter_to_the_person_herself_is_to_the_subject():
    (addressee,) = ask("Ms J Doering\n12 Acacia Road\nAshford\nTN23 1AB\n\nDear Ms Doering")

    assert addressee.relations.subject == addressee.relations.authorised == frozenset({"P-1"})
    assert not addressee.relations.scope
    assert not addressee.by_name_only


def test_her_address_under_another_name_is_not_the_subject():
    (addressee,) = ask("Mr B Elsewhere\n12 Acacia Road\nAshford\nTN23 1AB\n\nDear Mr Elsewhere")

    assert not addressee.relations.subject


def test_a_letter_to_somebody_unknown_has_an_addressee_who_is_nothing():
    """For `addressee: unauthorised` the stranger must be there to be asked for."""
    (addressee,) = ask("Mr B Elsewhere\n1 Far Street\nLeeds\nLS1 1AA\n\nDear Mr Elsewhere")

    assert not addressee.relations.scope
    assert not addressee.relations.authorised


@pytest.mark.parametrize(
    "text",
    ["A report on trees.", "12 Acacia Road, Ashford TN23 1AB", "", "x " * 5000 + "\n4 Mill Lane, Ashford TN24 8ZZ"],
    ids=["no letter", "an address in a text", "nothing", "far from the top"],
)
def test_what_is_no_letter_has_no_addressee(text):
    assert ask(text) == ()


def test_every_letter_of_a_print_run_has_its_addressee():
    other = "Mrs A Elsewhere\n1 Far Street\nLeeds\nLS1 1AA\n\n"
    pages = [LETTERHEAD + block + f"Dear {block.split(chr(10))[0]}\n\ntext" for block in (other, BIRTH_FATHER, other)]

    run = [bool(addressee.relations.adverse) for addressee in ask(*pages, kind=PlaceKind.PAGE)]
    single_text = [bool(addressee.relations.adverse) for addressee in ask("\n\n".join(pages))]

    assert run == single_text == [False, True, False]


def test_the_body_of_the_mail_is_no_letter():
    assert ask(LETTERHEAD + BIRTH_FATHER + "Dear Mr Novak", is_attachment=False) == ()


def test_hidden_text_addresses_nobody():
    assert ask(LETTERHEAD + BIRTH_FATHER + "Dear Mr Novak", visibility=Visibility.HIDDEN) == ()


def test_nothing_of_the_letter_shows():
    (addressee,) = ask(LETTERHEAD + BIRTH_FATHER + "Dear Mr Novak")

    for secret in ("Novak", "Mill", "letter.docx"):
        assert secret not in repr(addressee)

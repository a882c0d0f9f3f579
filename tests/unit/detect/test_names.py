# SPDX-License-Identifier: GPL-3.0-or-later
"""The name of somebody in scope is found as people write names, and half a name is not one."""

import pytest

from safehold.register.people import Kind, Value


def name(text):
    return Value(Kind.NAME, text)


WRITTEN = {
    "initial": ("Margaret Doering", "seen by M. Doering today"),
    "initials": ("Margaret Doering", "seen by M.A. Doering today"),
    "initial after a comma": ("Margaret Doering", "Doering, M."),
    "initial after the surname": ("Margaret Doering", "Present: Doering M, Bloggs J"),
    "initial in the next cell": ("Margaret Doering", "Doering\tM\t1980"),
    "surname in capitals": ("Margaret Doering", "DOERING Margaret"),
    "surname in brackets": ("Margaret Doering", "Margaret (Doering) came"),
    "nickname in quotes": ("Margaret Doering", 'Margaret "Peg" Doering'),
    "nickname in brackets": ("Margaret Doering", "Margaret (known as Peggy) Doering, or Peggy Doering"),
    "other name in quotes": ("Margaret Doering", "Margaret 'Bo' Doering"),
    "middle initials": ("Margaret Doering", "Margaret A. B. Doering"),
    "mailbox": ("Margaret Doering", "margaret.doering@mail.test"),
    "mailbox, initial": ("Margaret Doering", "mdoering@mail.test"),
    "mailbox, glued": ("Margaret Doering", "margaretdoering@mail.test"),
    "hashtag": ("Margaret Doering", "#MargaretDoering"),
    "file name": ("Margaret Doering", "Margaret_Doering.pdf"),
    "double name, first half": ("Jane Doerr-Rowe", "Jane Doerr"),
    "double name, second half": ("Jane Doerr-Rowe", "Jane Rowe"),
    "double name over a line end": ("Jane Doerr-Rowe", "Jane Doerr-\nRowe"),
    "double name without its hyphen": ("Jane Doerr-Rowe", "Jane Doerr Rowe"),
    "double name run together": ("Jane Doerr-Rowe", "Jane DoerrRowe"),
    "O apart": ("Jane O'Brienne", "Jane O Brienne"),
    "O with another apostrophe": ("Jane O'Brienne", "Jane O’ Brienne"),
    "O without its apostrophe": ("Jane O'Brienne", "Jane OBrienne"),
    "O registered apart": ("Jane O Brienne", "Jane O'Brienne"),
    "Mc apart": ("Jane McDoering", "Jane Mc Doering"),
    "Mc registered apart": ("Jane Mc Doering", "Jane McDoering"),
    "Mac apart, surname first": ("Jane MacDoering", "Mac Doering, Jane"),
    "middle initial O": ("Jane O Brienne", "Jane Brienne"),
    "hyphen in the forename": ("Anne-Marie Doering", "Anne-Marie Doering"),
    "first of two forenames": ("Anne-Marie Doering", "Anne Doering"),
    "letters apart": ("Margaret Doering", "M a r g a r e t  D o e r i n g"),
    "look-alikes": ("Margaret Doering", "Маrgаrеt Dоеring"),
}


@pytest.mark.parametrize(("registered", "text"), WRITTEN.values(), ids=WRITTEN.keys())
def test_a_name_is_likely_however_it_is_written(registered, text, in_scope):
    assert in_scope(text, name(registered)).strongest("name") == "likely"


NOBODY = {
    "forename alone": ("Margaret Doering", "Margaret said, and Peggy too"),
    "surname alone": ("Margaret Doering", "Doering said"),
    "initials alone": ("Margaret Doering", "M. D. said"),
    "initial and word after": ("Ian Doering", "after Doering I went home"),
    "article after": ("Anna Doering", "if Doering A level"),
    "a word after, registered by an initial": ("M Doering", "or Doering Many\nfound"),
    "run together, registered by an initial": ("M Doering", "CN=MDOERING"),
    "another initial": ("Margaret Doering", "Doering N"),
    "initial in another sentence": ("Margaret Doering", "Vitamin M. Then we met Doering"),
    "initial on another line": ("Margaret Doering", "Class M\nRoad: Doering Street"),
    "a word that is initial and surname": ("Sarah Wallow", "a swallow flew"),
    "brackets that do not close": ("Margaret Doering", "for Margaret (Doering went"),
    "a paragraph between": ("Margaret Doering", "We saw Margaret\n\nDoering went"),
    "O of another word": ("Jane O'Brienne", "Peter O Brienne"),
    "middle initial is no prefix": ("Jane Doe", "Jane D Roe"),
    "turned round": ("Margaret Doering", "gnireoD teragraM"),
}


@pytest.mark.parametrize(("registered", "text"), NOBODY.values(), ids=NOBODY.keys())
def test_half_a_name_or_another_is_nothing(registered, text, in_scope):
    assert in_scope(text, name(registered)).findings == ()


def test_a_middle_initial_is_not_taken_for_a_part_of_the_surname(in_scope):
    assert in_scope("Jane Doe", name("Jane D Doe")).strengths("name") == ["likely"]

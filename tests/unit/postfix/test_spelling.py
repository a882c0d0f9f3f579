# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses in the spellings that Postfix takes for one another, and lists as it splits them."""

import pytest

from safehold.postfix import spelling


@pytest.mark.parametrize(
    ("value", "members"),
    [
        ("a@x.example, b@x.example c", ["a@x.example", "b@x.example", "c"]),
        ("<a@x.example>,,<b@x.example>", ["a@x.example", "b@x.example"]),
        ('"a, b"@x.example, c', ['"a, b"@x.example', "c"]),
        ('"|/bin/true -x", :include:/etc/list', ['"|/bin/true -x"', ":include:/etc/list"]),
        (r"a\,b@x.example", [r"a\,b@x.example"]),
        (" , ", []),
    ],
)
def test_a_list_is_split_at_blanks_and_commas_outside_of_quotes(value, members):
    assert spelling.list_members(value) == members


@pytest.mark.parametrize(
    "address", ["a", "a@x.example", '"a b"@x.example', "a@[192.0.2.1]", "@relay.example:a@x.example"]
)
def test_a_local_part_with_or_without_a_domain_is_simple(address):
    assert spelling.is_simple(address)


@pytest.mark.parametrize("address", ["a b", "Bo <a@x.example>", "a@x.example (Bo)", "a;b@x.example", '"a', ""])
def test_what_postfix_would_take_apart_is_not_simple(address):
    assert not spelling.is_simple(address)


@pytest.mark.parametrize(
    ("local", "plain"),
    [("bob", "bob"), ('"bob"', "bob"), (r"b\ob", "bob"), ('"b ob"', '"b ob"'), ('"b@x"', '"b@x"'), ('b"o"b', "bob")],
)
def test_quotes_that_change_nothing_go(local, plain):
    assert spelling.plainest(local) == plain


@pytest.mark.parametrize(("local", "bare"), [('"a \\"b\\""', 'a "b"'), ("a", "a"), ('"', '"')])
def test_quotes_around_a_local_part_are_taken_off(local, bare):
    assert spelling.unquoted(local) == bare

# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a YAML parser stops is seldom where the mistake is: authors are shown the mistake."""

import pytest
import yaml

from safehold.register import faults

HEAD = "version: 1\npolicies:\n- id: p\n  title: A title\n"


def fault_of(text):
    with pytest.raises(yaml.YAMLError) as caught:
        list(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    return faults.explain(caught.value, text.splitlines())


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        pytest.param(HEAD + "  why: w\n   when: {}\n", (6, 4), "indented deeper", id="a space too much"),
        pytest.param("version: 1\npolicies:\n• id: p\n  title: t\n", (3, 1), "hyphen and a space", id="bullet"),
        pytest.param(HEAD + "– id: q\n  title: t\n", (5, 1), "hyphen and a space", id="en dash"),
        pytest.param("version: 1\npolicies:\n-id: p\n  title: t\n", (3, 1), "hyphen and a space", id="no space"),
        pytest.param(HEAD + "  why: 'The refuge's address'\n", (5, 20), "an apostrophe ends", id="apostrophe"),
        pytest.param(HEAD + "  x: {why: 'The refuge's address'}\n", (5, 24), "an apostrophe ends", id="in braces"),
        pytest.param(HEAD + '  why: "The refuge\n  owner: o\n', (5, 8), "the quote that opens here", id="open quote"),
        pytest.param(HEAD + "  why: 'The refuge\n  owner: o\n", (5, 8), "the quote that opens here", id="single quote"),
        pytest.param(HEAD + '  why: "w\n  owner: "o"\n', (5, 8), "not closed in this line", id="quote over two lines"),
        pytest.param(HEAD + "  why:\u00a0law\n  owner: o\n", (5, 7), "no-break space", id="no-break space"),
        pytest.param(
            HEAD + "  why:law\n  owner: o\n", (5, 3), "a colon and a space after it", id="no space after colon"
        ),
        pytest.param(HEAD + "  why: law: five\n", (5, 11), "a colon and a space needs quotes", id="colon"),
        pytest.param(
            HEAD + "  x: {why: law: five}\n", (5, 15), "a colon and a space needs quotes", id="colon in braces"
        ),
        pytest.param(HEAD + "  x: {a: [b}\n", (5, 12), "opens in line 5, column 10 is not closed", id="bracket"),
        pytest.param(HEAD + "  x: {a: b\n  mode: o\n", (6, 7), "opens in line 5, column 6 is not closed", id="brace"),
        pytest.param(HEAD + "\twhy: w\n", (5, 1), "spaces instead of a tab", id="tab"),
        pytest.param(HEAD + "  why: %five\n", (5, 8), "begins with this sign needs quotes", id="sign"),
    ],
)
def test_the_hint_names_what_the_author_did(text, place, words):
    found = fault_of(text)

    assert words in found.hint
    assert (found.line, found.column) == place


def test_nothing_of_the_file_is_in_what_is_said():
    found = fault_of("- id: R-1\n  values: [{value: 'Sean O'Hara'}]\n")

    assert "Sean" not in found.problem + found.hint
    assert "Hara" not in found.problem + found.hint

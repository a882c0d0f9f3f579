# SPDX-License-Identifier: GPL-3.0-or-later
"""What the recall of the benchmark asks: strings about files, never about the program whose tests they are from."""

import importlib.util

import pytest


@pytest.fixture(scope="module")
def demanded(project):
    spec = importlib.util.spec_from_file_location("demanded", project / "tests" / "bench" / "demanded.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_string_that_is_looked_for_in_the_text_is_asked(demanded):
    assert list(demanded.asked_in('assertContains("27 Larkspur Lane", r.xml);')) == ["27 Larkspur Lane"]


def test_markup_around_a_string_is_not_asked(demanded):
    assert list(demanded.asked_in('assertContains("<p class=\\"a\\">Larkspur</p>", xml);')) == ["Larkspur"]


def test_name_and_value_of_a_field_are_asked_one_by_one(demanded):
    code = 'assertContains("<li fieldName=\\"f\\">Street: Larkspur Lane</li>", xml);'

    assert list(demanded.asked_in(code)) == ["Street", "Larkspur Lane"]


@pytest.mark.parametrize(
    "code",
    [
        'assertContains("incorrect data check", m.get(TikaCoreProperties.TIKA_META_EXCEPTION_WARNING));',
        'assertContains("no such thing", e.getMessage());',
        'assertContains("colon", r.metadata.get(HttpHeaders.CONTENT_TYPE));',
        'assertContains("DefaultParser", m.getValues(TikaCoreProperties.TIKA_PARSED_BY));',
        'assertContains("org.apache.tika.parser", xml);',
    ],
)
def test_what_is_said_about_the_parsing_is_not_asked(demanded, code):
    assert list(demanded.asked_in(code)) == []


def test_what_comes_after_an_option_that_arranges_text_is_not_asked(demanded):
    code = """
        assertContains("first things", text);
        config.setSortByPosition(true);
        assertContains("things first", text);
    """

    assert list(demanded.asked_in(code)) == ["first things"]


def test_comments_are_no_tests(demanded):
    code = """
        // assertContains("one thing", text);
        /* assertContains("other thing", text); */
        assertContains("http://example.org//path", text); // why
    """

    assert list(demanded.asked_in(demanded.without_comments(code))) == ["http://example.org//path"]


def test_texts_are_compared_without_blanks_case_and_kinds_of_quotation_marks(demanded):
    assert demanded.folded("Lark\u00adspur\u00a0\u2018LANE\u2019") == demanded.folded("larkspur 'lane'")

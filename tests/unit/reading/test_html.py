# SPDX-License-Identifier: GPL-3.0-or-later
"""HTML: both parsers must find the same words, hidden ones apart, and neither may be stopped by hostile tags."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safehold.model import PlaceKind, Visibility
from safehold.reading import html
from safehold.reading.limits import Limits

LIMITS = Limits()
WILD = Limits(html_bytes=1)  # everything is over the bound: the tokenizer reads


@pytest.fixture(params=["tree", "tokenizer"])
def extract(request):
    limits = LIMITS if request.param == "tree" else WILD
    return lambda text: html.extract(text, limits)


def test_inline_tags_join_and_block_tags_break(extract):
    page = extract("<div>w<b>or</b>d<p>next</p>last<br>line</div>")

    assert page.own.split("\n") == ["word", "next", "last", "line"]


def test_white_space_of_the_source_is_one_space(extract):
    assert extract("<p>12 High\n     Street</p>").own == "12 High Street"


def test_cells_of_a_row_stand_apart(extract):
    own = extract("<table><tr><td>a</td><td>b</td></tr></table>").own

    assert own.split() == ["a", "b"]


@pytest.mark.parametrize(
    ("markup", "visibility"),
    [
        ('<span style="display:none">ghost</span>', Visibility.HIDDEN),
        ('<span style="DISPLAY : NONE !important">ghost</span>', Visibility.HIDDEN),
        ("<div hidden>ghost</div>", Visibility.HIDDEN),
        ('<div style="visibility:hidden"><p>ghost</p></div>', Visibility.HIDDEN),
        ('<span style="mso-hide:all">ghost</span>', Visibility.HIDDEN),
        ('<span style="opacity:0">ghost</span>', Visibility.HIDDEN),
        ('<span style="font-size:0">ghost</span>', Visibility.TINY),
        ('<span style="font-size: 1px; color: red">ghost</span>', Visibility.TINY),
        ('<font color="#ffffff">ghost</font>', Visibility.WHITE),
        ('<span style="color:white">ghost</span>', Visibility.WHITE),
        ('<span style="color: rgb(255, 255, 255)">ghost</span>', Visibility.WHITE),
        ("<template><p>ghost</p></template>", Visibility.HIDDEN),
        ("<style>.gone{display:none}</style><p class='a gone'>ghost</p>", Visibility.HIDDEN),
    ],
)
def test_hidden_text_is_found_and_labelled(extract, markup, visibility):
    page = extract(f"<p>before</p>{markup}<p>after</p>")

    assert "ghost" not in page.own
    assert "ghost" in page.hidden[visibility]
    assert "after" in page.own


@pytest.mark.parametrize(
    "markup",
    [
        '<span style="display:block">shown</span>',
        '<span style="opacity:0.9">shown</span>',
        '<span style="font-size:10px">shown</span>',
        '<td bgcolor="#003366"><font color="#ffffff">shown</font></td>',
        '<div style="background-color:#000"><span style="color:#fff">shown</span></div>',
        '<span style="background-color:white">shown</span>',
        "<style>@media print{.no{display:none}}</style><p class=no>shown</p>",
        "<p>a<br hidden>shown</p>",
    ],
)
def test_shown_text_is_not_called_hidden(extract, markup):
    page = extract(f"<table><tr>{markup}</tr></table>")

    assert "shown" in page.own
    assert page.hidden == {}


def test_a_word_that_is_partly_hidden_is_found_whole(extract):
    page = extract('<p>12 High <span style="display:none">Street</span> now</p>')

    assert page.hidden[Visibility.HIDDEN] == "12 High Street now"


@pytest.mark.parametrize(
    "markup",
    [
        '<img alt="Quill">',
        '<a title="Quill" href="x">y</a>',
        '<a href="mailto:Quill@example.org">y</a>',
        '<a href="https://example.org/?q=Qu%69ll">y</a>',
        '<input value="Quill">',
        "<input value='Quill'>",
        "<input value=Quill>",
        '<meta name=description content="Quill">',
        '<input placeholder="&#81;uill">',
    ],
)
def test_attributes_are_read(extract, markup):
    assert "Quill" in extract(markup).attributes


def test_comments_scripts_and_titles_are_read_apart(extract):
    page = extract("<title>the title</title><!-- a note --><script>let x = 'code'</script><p>text</p>")

    assert page.own.strip() == "text"
    assert page.title == "the title"
    assert "a note" in page.comments
    assert "code" in page.comments


def test_conditional_comments_are_stripped_of_their_tags(extract):
    assert "for old Outlook" in " ".join(
        extract("<!--[if mso]><p>for <b>old</b> Outlook</p><![endif]-->x").comments.split()
    )


def test_entities_are_decoded(extract):
    assert extract("<p>Caf&eacute; &pound;&#49;</p>").own == "Café £1"


@pytest.mark.parametrize(
    "markup",
    [
        "<p>mine</p><blockquote><p>theirs</p></blockquote>",
        '<p>mine</p><div class="gmail_quote">theirs</div>',
        '<p>mine</p><div id="divRplyFwdMsg">theirs</div>',
    ],
)
def test_quotations_are_apart(extract, markup):
    page = extract(markup)

    assert page.own.strip() == "mine"
    assert page.quoted.strip() == "theirs"


def test_an_unclosed_tag_or_comment_hides_nothing_from_us(extract):
    for text in ("<p>a</p><!-- ghost", "<p>a</p><span ghost", "<p>a</p><b title='ghost"):
        page = extract(text)
        assert "ghost" in page.own + page.comments + page.attributes


HOSTILE = {
    "nested div": "<div>" * 60_000 + "ghost",
    "nested font with attributes": "".join(f"<font size={n}>" for n in range(30_000)) + "ghost",
    "unclosed formatting in many blocks": "<b><i><u>" * 60 + "<p>x" * 40_000 + "ghost",
    "comments": "<!--" * 100_000 + "ghost",
    "less-than signs": "<" * 300_000 + "ghost",
    "open quotes": '<a "' * 60_000 + "ghost",
    "one far end": "<a " * 60_000 + ">ghost",
    "open attributes": "<a x='" * 60_000 + "ghost",
    "end tags": "</x>" * 60_000 + "ghost",
    "nested tables": "<table><tr><td>" * 20_000 + "ghost",
    "script starts": "<script>" * 40_000 + "ghost",
    "style starts": "<style>.a{" * 30_000 + "ghost",
    "ampersands": "&" * 300_000 + "ghost",
    "doctypes": "<!x" * 60_000 + "ghost",
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_markup_is_read_in_bounded_time(text):
    page = html.extract(text, LIMITS)

    assert "ghost" in " ".join(
        (page.own, page.quoted, page.attributes, page.comments, page.title, *page.hidden.values())
    )


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="<>/='\" abp!-&;#xdivstyle\n", max_size=200))
def test_the_tokenizer_never_raises(text):
    html.extract(text, WILD)


def test_sloppy_html_of_real_mail_is_tame_enough_for_the_tree():
    rows = "<tr><td><p>a<li>b" * 3_000

    assert html.is_tame(f"<table>{rows}</table>", LIMITS)


def test_places_of_an_html_body(read_here):
    read = read_here(
        b"Subject: x\r\nContent-Type: text/html\r\n\r\n<p>own</p><p style='display:none'>ghost</p><img alt=pic>"
    )

    assert read.texts(PlaceKind.BODY, Visibility.VISIBLE) == ["own"]
    assert read.texts(PlaceKind.BODY, Visibility.HIDDEN) == ["ghost"]
    assert read.texts(PlaceKind.BODY, Visibility.ATTRIBUTE) == ["pic"]
    assert read.marks == {"hidden_text"}

# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E501 - tables of pages, one a line
"""HTML: both parsers must find the same words, hidden ones apart, and neither may be stopped by hostile tags."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safehold.model import PlaceKind, Visibility
from safehold.reading.limits import Limits
from safehold.reading.written import html

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


ADDRESS = "27 Larkspur Gardens"


def everything(page):
    return "\n".join(
        (page.own, page.quoted, page.also, page.attributes, page.title, page.comments, *page.hidden.values())
    )


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param("<ol start=27><li>Larkspur Gardens</ol>", id="a list that starts there"),
        pytest.param("<ol><li value=27>Larkspur Gardens</ol>", id="an item that says so"),
        pytest.param("<ol start='27'><li><p>Larkspur Gardens</p></ol>", id="a paragraph in the item"),
        pytest.param("<ol>" + "<li>x</li>" * 26 + "<li>Larkspur Gardens</li></ol>", id="counted"),
        pytest.param("<ol reversed start=28><li>x<li>Larkspur Gardens</ol>", id="counted down"),
        pytest.param("<ol style='counter-reset:list-item 26'><li>Larkspur Gardens</ol>", id="set by a style"),
    ],
)
def test_the_number_of_an_item_is_text(extract, markup):
    assert "27. Larkspur Gardens" in extract(markup).own


def test_an_item_is_read_without_its_number_too(extract):
    """Else the number of the item could pass for the number of the house."""
    page = extract("<ol start=3><li>Larkspur Gardens, Leeds</li></ol>")

    assert page.own == "3. Larkspur Gardens, Leeds"
    assert page.also == "Larkspur Gardens, Leeds"


@pytest.mark.parametrize(
    ("markup", "numbers"),
    [
        ("<ol type=a start=27><li>x</ol>", "aa. x"),
        ("<ol type=I start=27><li>x</ol>", "XXVII. x"),
        ("<ol style='list-style-type:lower-roman'><li>x<li>y</ol>", "i. x\nii. y"),
        ("<ol style='list-style:none'><li>x</ol>", "x"),
        ("<ul><li>x</ul>", "x"),
        ("<ol><li>a<ol><li>b</ol><li>c</ol>", "1. a\n1. b\n2. c"),
        ("<ol><li></li><li>b</ol>c", "1.\n2. b\nc"),
    ],
)
def test_items_count_as_a_client_counts_them(markup, numbers):
    lines = [line.strip() for line in html.extract(markup, LIMITS).own.split("\n")]

    assert [line for line in lines if line] == numbers.split("\n")


@pytest.mark.parametrize("tag", ["sup", "sub", "rt"])
def test_raised_text_is_read_glued_apart_and_left_out(extract, tag):
    page = extract(f"<p>Lark<{tag}>3</{tag}>spur</p>")

    assert page.own == "Lark3spur"
    assert page.also.split("\n\n") == ["Lark 3 spur", "Larkspur"]


@pytest.mark.parametrize(
    "markup",
    ["<del>{}</del>", "<s>{}</s>", "<strike>{}</strike>", "<span style='text-decoration: line-through'>{}</span>"],
)
def test_struck_text_is_read_and_told_apart(extract, markup):
    page = extract("<p>at " + markup.format(ADDRESS) + " now</p>")

    assert page.own == "at  now"
    assert page.hidden == {Visibility.TRACKED_DELETION: f"at {ADDRESS} now"}


def test_text_before_a_change_is_read_without_what_replaced_it(extract):
    page = extract("<p>12<del>3</del><ins>4</ins> High Street</p>")

    assert page.own == "124 High Street"
    assert page.hidden == {Visibility.TRACKED_DELETION: "123 High Street"}


def test_a_run_that_is_turned_round_carries_the_signs_that_say_so(extract):
    """The search reads those signs in any text, so markup need only be put into them."""
    page = extract("<p>to <bdo dir=rtl>snedraG rup<b>skraL</b> 72</bdo></p><p>now</p>")

    assert page.own == "to \u202esnedraG rupskraL 72\u202c\nnow"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p dir=rtl>27 Larkspur</p>", "\u206727 Larkspur\u2069"),
        ("<span style='direction:rtl;unicode-bidi:bidi-override'>72</span>", "\u202e72\u202c"),
        ("<bdo dir=rtl>ab<br>cd</bdo>", "\u202eab\u202c\n\u202ecd\u202c"),
        ("<bdo dir=rtl></bdo>x", "x"),
        ("<bdo>ab</bdo>", "ab"),
    ],
)
def test_directions(extract, markup, text):
    assert extract(markup).own == text


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param("<div style='display:flex;flex-direction:row-reverse'><i>Gardens</i><i>Larkspur</i><i>27</i></div>", id="a flex row turned round"),
        pytest.param("<div style='display:flex;flex-flow:column-reverse'><p>Gardens</p><p>Larkspur</p><p>27</p></div>", id="a flex column turned round"),
        pytest.param("<style>.r{display:flex;flex-direction:row-reverse}</style><div class=r><i>Gardens</i><i>Larkspur</i><i>27</i></div>", id="by a class"),
        pytest.param("<div style='display:flex'><i style='order:3'>Gardens</i><i style='order:1'>27</i><i style='order:2'>Larkspur</i></div>", id="ordered children"),
        pytest.param("<p><i style='float:right'>Gardens</i><i style='float:right'>Larkspur</i><i style='float:right'>27</i></p>", id="floats"),
        pytest.param("<div style='float:right'>Gardens</div><div style='float:right'>Larkspur</div>27", id="floats before text"),
        pytest.param("<i style='position:absolute;left:99px'>Gardens</i><i style='position:absolute;left:5px'>27</i><i style='position:absolute;left:30px'>Larkspur</i>", id="boxes at coordinates"),
        pytest.param("<svg><text x=90 y=1>Gardens</text><text x=1 y=1>27</text><text x=9 y=1>Larkspur</text></svg>", id="a drawing"),
        pytest.param("<table dir=rtl><tr><td>Gardens</td><td>Larkspur</td><td>27</td></tr></table>", id="a table from right to left"),
        pytest.param("<div style='display:flex;flex-direction:row-reverse'><i>Gardens</i><div style='display:flex;flex-direction:row-reverse'><i>Larkspur</i><i>27</i></div></div>", id="a row in a row"),
    ],
)  # fmt: skip
def test_text_in_another_order_is_read_as_it_is_seen_too(markup):
    page = html.extract(markup, LIMITS)

    assert ADDRESS in " ".join(page.also.split())
    assert page.reordered


@pytest.mark.parametrize(
    "style", ["position:relative;left:-90px", "transform:scaleX(-1)", "transform: rotate(180deg)", "margin-left:-9em"]
)
def test_what_is_moved_in_no_simple_way_is_said_to_be(extract, style):
    assert extract(f"<p>27 <span style='{style}'>Larkspur</span></p>").reordered


@pytest.mark.parametrize(
    "markup",
    [
        "<div style='display:flex'><i>a</i><i>b</i></div>",
        "<img style='float:right'>text",
        "<p style='border:1px;order'>x",
    ],
)
def test_what_stands_in_order_is_not_said_to_be_moved(extract, markup):
    page = extract(markup)

    assert not page.reordered
    assert page.also == ""


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param("<template><p title='{}'>x</p></template>", id="an attribute in a template"),
        pytest.param("<noscript>{}</noscript>", id="noscript"),
        pytest.param("<body><textarea>{}</textarea>", id="a textarea"),
        pytest.param("<option label='{}'>", id="a label"),
        pytest.param("<a aria-label='{}'>x</a>", id="aria"),
        pytest.param("<p aria-description='{}'>x", id="another aria"),
        pytest.param("<p data-street='{}'>x", id="a data attribute"),
        pytest.param("<p whatever='{}'>x", id="an invented attribute"),
        pytest.param("<p id='27-Larkspur-Gardens'>x", id="an id"),
        pytest.param("<svg><text>{}</text></svg>", id="svg text"),
        pytest.param("<svg><title>{}</title></svg>", id="an svg title"),
        pytest.param("<math><mtext>{}</mtext></math>", id="mathml"),
        pytest.param("<!--[if mso]><v:textpath string='{}'/><![endif]-->", id="an attribute in a comment"),
        pytest.param("<!--[if mso]><table><tr><td>27<td>Larkspur<b> Gardens</b></table><![endif]-->", id="a table in a comment"),
        pytest.param("x<!-- {} -->", id="a comment"),
        pytest.param("<html><body>x</body></html><!-- {} -->", id="a comment after the end"),
        pytest.param("<style>p::before{{content:'{}'}}</style><p>", id="text of a style sheet"),
        pytest.param("<style>.n:before{{content:'27 '}}</style><p><b class=n>Larkspur</b> Gardens", id="half of it in a style sheet"),
        pytest.param("<style>.n:before{{content:'\\32\\37\\20'}}</style><p><b class=n>Larkspur</b> Gardens", id="escaped in a style sheet"),
        pytest.param("<style>b::after{{content:attr(data-x)}}</style><p>27 <b data-x=' Gardens'>Larkspur</b>", id="an attribute that a style shows"),
        pytest.param("<p style='--note: \"{}\"'>x", id="a string in a style"),
        pytest.param("<script>write('{}')</script>", id="a string of a script"),
        pytest.param("<script>write('<p>27 <b>Lark</b>spur Gardens</p>')</script>", id="markup in a script"),
        pytest.param("<script type='application/ld+json'>{{\"street\":\"{}\"}}</script>", id="json-ld"),
        pytest.param("<o:p>{}</o:p>", id="an Office tag"),
        pytest.param("<base href='https://example.org/27-'><a href='Larkspur Gardens'>x</a>", id="an address against its base"),
        pytest.param("<p>&#50&#55 Larkspur Gardens", id="entities without their semicolon"),
        pytest.param("<p>&amp;#50;&amp;#55; Larkspur Gardens", id="entities escaped twice"),
        pytest.param("<a title='&#50&#55 Larkspur Gardens'>x", id="entities in an attribute"),
        pytest.param("<iframe><p>27 <b>Lark</b>spur Gardens</p></iframe>", id="what stands in a frame"),
        pytest.param("<xmp>27 <b>Lark</b>spur Gardens</xmp>", id="what stands in an xmp"),
        pytest.param("<frameset>{}<frame></frameset>", id="beside frames"),
        pytest.param("<table>{}<tr><td>x</table>", id="beside rows"),
        pytest.param("<27 larkspur gardens>{}", id="no tag at all"),
        pytest.param("<!doctype html '{}'>x", id="a doctype"),
        pytest.param("<larkspur gardens>{}", id="a tag nobody knows"),
        pytest.param("<object>{}</object>", id="what an object falls back to"),
        pytest.param("<title>27 Larkspur&#32;Gardens</title>x", id="a title"),
        pytest.param("<img alt=x alt='{}'>", id="the second of two attributes"),
        pytest.param("<p>x</p title='{}'>", id="an attribute of an end tag"),
        pytest.param("<script>x</script {}>", id="words in an end tag"),
        pytest.param("<body title=a>x<body title='{}'>", id="an attribute of a second body"),
        pytest.param("<div><td title='{}'>x</div>", id="an attribute of a cell outside a table"),
        pytest.param("<form><form action='{}'>x</form></form>", id="an attribute of a form in a form"),
        pytest.param("<body>x<frame src='{}'>", id="an attribute of a frame outside frames"),
        pytest.param("<select><div title='{}'>x</div></select>", id="an attribute of a tag in a list"),
        pytest.param("<p>x</p><img alt='a>b' title='{}'", id="an attribute of a tag that never ends"),
        pytest.param("<!doctype html PUBLIC '-//w3.org//{}'>x", id="a doctype with the name of the standard"),
        pytest.param("<!doctype html>x<!doctype '{}'>", id="a second doctype"),
        pytest.param("<?xml version='1.0' note='{}'?><p>x", id="an instruction"),
        pytest.param("<p class='{}'>x", id="classes"),
        pytest.param("<a target='27-Larkspur-Gardens'>x", id="the name of a window"),
        pytest.param("<p style='x-home: {}'>x", id="a declaration that is no style"),
        pytest.param("<p style='color:red /* {} */'>x", id="a comment in a style"),
        pytest.param("<p style='font-family: {}'>x", id="the name of a font"),
        pytest.param("<p data-27-larkspur-gardens=1>Larkspur Gardens 27 Larkspur Gardens", id="the name of an attribute"),
        pytest.param("27 <img alt=Larkspur> Gardens", id="the text in place of a picture"),
        pytest.param("27 <input value=Larkspur> Gardens", id="a field"),
        pytest.param("27 <!--[if mso]>Larkspur<![endif]--> Gardens", id="words for Outlook"),
        pytest.param("27 <!--[if mso]><table><tr><td><![endif]--><!--[if mso]><b>Lark<![endif]-->spur Gardens", id="letters for Outlook"),
        pytest.param("<style>i::after{{content:attr(title)}}</style>27 <i title=Larkspur></i> Gardens", id="an attribute that a style shows behind it"),
        pytest.param("27 <i style='font-size:0'>Frog<b style='font-size:12pt'>Larkspur</b></i> Gardens", id="a size within no size"),
        pytest.param("27 <i style='visibility:hidden'>Frog<b style='visibility:visible'>Larkspur</b></i> Gardens", id="seen within unseen"),
    ],
)  # fmt: skip
def test_an_address_is_found_in(extract, markup):
    page = extract(markup.format(ADDRESS))

    assert ADDRESS in " ".join(everything(page).replace("27-", "27 ").replace("-", " ").split())


@pytest.mark.parametrize(
    "markup",
    ['<x|><body6quillfeather<img alt="x>x</p>', '<p>x<img alt="quillfeather>x</p', "<body>x</head~quillfeather<b>y"],
)
def test_a_word_in_a_tag_that_is_none_is_found(extract, markup):
    assert "quillfeather" in everything(extract(markup))


# What stands inside a word and is not shown there, so that only who knows that sees the word.
DECOYS = {
    "a block without room": "<div style='display:none'>Frog</div>",
    "paragraphs without room": "<div hidden><p>Frog</p><p>Toad</p></div>",
    "a box out of the flow": "<div style='position:absolute;opacity:0'>Frog</div>",
    "faint by percentage": "<i style='opacity:1%'>Frog</i>",
    "clear ink": "<i style='color:rgba(0,0,0,0)'>Frog</i>",
    "clear ink by eight digits": "<i style='color:#12345600'>Frog</i>",
    "clear filling": "<i style='-webkit-text-fill-color:transparent'>Frog</i>",
    "white by hue": "<i style='color:hsl(120, 50%, 100%)'>Frog</i>",
    "white by percentage": "<i style='color:rgb(100%,100%,100%)'>Frog</i>",
    "zoomed away": "<i style='zoom:0.001'>Frog</i>",
    "filtered away": "<i style='filter:opacity(0)'>Frog</i>",
    "far to the right": "<i style='position:absolute;left:9999px'>Frog</i>",
    "a variable": "<i style='--d:none;display:var(--d)'>Frog</i>",
    "a list of proposals": "<datalist><option>Frog</option></datalist>",
    "a window that is closed": "<dialog>Frog</dialog>",
    "the title of a drawing": "<svg><title>Frog</title></svg>",
    "what a browser shows of no film": "<video>Frog</video>",
    "what a browser shows of no frame": "<iframe><p>Frog</p></iframe>",
}  # fmt: skip


@pytest.mark.parametrize("decoy", DECOYS.values(), ids=DECOYS.keys())
def test_what_is_not_shown_inside_a_word_does_not_part_it(extract, decoy):
    page = extract(f"<div>27 Lark{decoy}spur Gardens</div>")

    assert ADDRESS in f"{page.own}\n\n{page.also}"
    assert "Frog" in everything(page)


# By selectors that only a tree parser can match; the tokenizer finds what they hide, and calls it visible.
SELECTORS = {
    "an attribute": "[data-x]",
    "a place among others": "i:nth-child(1n)",
    "any element": "p *",
    "either of two": ":is(.q)",
    "an escape": ".\\71 ",
}


@pytest.mark.parametrize("selector", SELECTORS.values(), ids=SELECTORS.keys())
def test_what_a_selector_hides_is_hidden(selector):
    style = f"<style>{selector}{{display:none}}</style>"
    page = html.extract(f"{style}<p>27 Lark<i data-x class=q>Frog</i>spur Gardens</p>", LIMITS)

    assert page.own == ADDRESS
    assert "Frog" in page.hidden[Visibility.HIDDEN]


@pytest.mark.parametrize(
    "sheet",
    [
        "<style>@media (min-width:1px){.q{display:none}}</style>",
        "<style>@media only screen and (min-width: 480px){.q{display:none}}</style>",
        "<style>@supports (display:none){.q{display:none}}</style>",
        "<style>@layer a{.q{display:none}}</style>",
        "<style>:root{--d:none} .q{display:var(--d)}</style>",
        "<style>@import url('data:text/css,.q{display:none}');</style>",
        "<link rel=stylesheet href='data:text/css,.q{display:none}'>",
    ],
)
def test_a_rule_holds_wherever_it_stands(extract, sheet):
    assert extract(f"{sheet}<p>27 Lark<i class=q>Frog</i>spur Gardens</p>").own == ADDRESS


def test_rules_for_small_windows_and_paper_hide_nothing(extract):
    sheet = "<style>@media (max-width:600px){.q{display:none}} @media print{.q{display:none}}</style>"

    assert extract(f"{sheet}<p class=q>shown</p>").own == "shown"


def test_text_in_a_wrapping_without_size_is_not_called_tiny(extract):
    """Tools that make newsletters set ``font-size:0`` on every cell, and a size on what stands in it."""
    page = extract("<table><tr><td style='font-size:0px'><div style='font-size:13px'>shown</div></td></tr></table>")

    assert page.own.strip() == "shown"
    assert page.hidden == {}


@pytest.mark.parametrize("inner", ["font-size:1em", "font-size:100%", "visibility:visible"])
def test_no_relative_size_makes_text_without_size_seen(extract, inner):
    assert extract(f"<p style='font-size:0'><b style='{inner}'>ghost</b></p>").own == ""


def test_elements_that_a_style_makes_blocks_begin_lines(extract):
    page = extract(
        "<style>.l{display:block}</style><span class=l>27 Larkspur Gardens</span><span class=l>Leeds</span>x"
    )

    assert page.own.split("\n") == [ADDRESS, "Leeds", "x"]


@pytest.mark.parametrize(
    "markup",
    [
        "<div style='display:flex'><b>27</b><b>Larkspur</b><b>Gardens</b></div>",
        "<div style='display:grid'><span>27</span><span>Larkspur</span><span>Gardens</span></div>",
        "<style>b{display:table-cell}</style><div><b>27</b><b>Larkspur</b><b>Gardens</b></div>",
    ],
)
def test_what_a_style_sets_side_by_side_stands_apart(extract, markup):
    assert extract(markup).own.strip() == ADDRESS


def test_lines_of_a_cell_stay_lines_and_cells_stand_side_by_side(extract):
    own = extract("<table><tr><td>27<br>4</td><td>Larkspur<br>High</td></tr><tr><td>a</td><td>b</td></tr></table>").own

    assert [line.strip() for line in own.strip().split("\n")] == ["27", "4\tLarkspur", "High", "a\tb"]


def test_conditional_comments_without_words_are_not_read_twice(extract):
    comment = "<!--[if mso]><xml><o:Pixels>96</o:Pixels></xml><table><tr><td style='width:600px'><![endif]-->"

    assert extract(f"{comment}<p>shown</p>").hidden == {}


def test_the_name_of_a_picture_that_stands_alone_is_said_once(extract):
    assert extract("<p>a</p><p><img alt='two words'></p><p>b</p>").hidden == {}


def test_nothing_of_an_ordinary_page_is_left_over(extract):
    page = extract(
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"'
        ' "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd"><html xmlns="http://www.w3.org/1999/xhtml">'
        '<body bgcolor="#ffffff" style="margin:0;padding:0;-webkit-text-size-adjust:100%"><table width=\'600\''
        " cellpadding='0' role='presentation'><tr><td align='center' valign='middle' class='wrapper'>"
        "<a href='https://example.org/?a=1&amp;b=some' target='_blank'>x</a></td></tr></table></body></html>"
    )

    assert page.comments == ""
    assert page.attributes.split("\n\n") == ["http://www.w3.org/1999/xhtml", "https://example.org/?a=1&b=some"]


def test_a_page_that_may_be_in_another_charset_is_read_whole_in_it(read_here):
    hidden = '<p style="display:none">+AFEAdQBpAGwAbABmAGUAYQB0AGgAZQBy-</p>'
    read = read_here(f"Subject: x\r\nContent-Type: text/html\r\n\r\n<p>words</p>{hidden}".encode())

    assert "Quillfeather" in read.text


def test_tags_and_attributes_that_nobody_knows_are_words(extract):
    assert "larkspur gardens leeds" in extract("<Larkspur Gardens Leeds>x").attributes


@pytest.mark.parametrize("name", ["width", "class", "align", "id", "target"])
def test_attributes_that_say_how_are_no_words(extract, name):
    assert extract(f"<p {name}=middle>x</p>").attributes == ""


@pytest.mark.parametrize(
    "markup",
    [
        "<td>27</td><td>Larkspur Gardens</td>",
        "<td><p>27</p></td><td><div>Larkspur</div><div>Gardens</div></td>",
        "<td>27</td><td><table><tr><td>Larkspur</td><td>Gardens</td></tr></table></td>",
        "<th>27</th><td>Larkspur<br>Gardens</td>",
    ],
)
def test_rows_stand_apart_and_their_cells_together(markup):
    own = html.extract(f"<p>before</p><table><tr>{markup}</tr><tr><td>a</td><td>b</td></tr></table>", LIMITS).own

    assert ADDRESS in " ".join(own.split())
    assert "a b" in [" ".join(line.split()) for line in own.split("\n")]


def test_a_page_laid_out_by_a_table_keeps_its_lines(extract):
    paragraphs = "".join(f"<p>paragraph {number} with some words</p>" for number in range(30))
    own = extract(f"<table><tr><td>{paragraphs}</td><td>menu</td></tr></table>").own

    assert "paragraph 3 with some words\n" in own


@pytest.mark.parametrize(
    ("markup", "visibility"),
    [
        ("<p style='color:#000;background:#000'>ghost</p>", Visibility.COVERED),
        ("<p style='background-color:black'><span style='color: rgb(0,0,0)'>ghost</span></p>", Visibility.COVERED),
        ("<p style='color:#fdfdfd'>ghost</p>", Visibility.WHITE),
        ("<p style='text-indent:-9999px'>ghost</p>", Visibility.OFF_PAGE),
        ("<p style='position:absolute;left:-5000px'>ghost</p>", Visibility.OFF_PAGE),
        ("<p style='max-height:0;overflow:hidden'>ghost</p>", Visibility.HIDDEN),
        ("<p style='height:0;overflow:hidden'>ghost</p>", Visibility.HIDDEN),
        ("<p style='\\64 isplay:none'>ghost</p>", Visibility.HIDDEN),
        ("<p style='dis/**/play:none'>ghost</p>", Visibility.HIDDEN),
        ("<p style='font:1px/1px Arial'>ghost</p>", Visibility.TINY),
        ("<p style='font-size:1pt'>ghost</p>", Visibility.TINY),
        ("<style>#gone, .b {visibility:hidden}</style><p id=gone>ghost</p>", Visibility.HIDDEN),
    ],
)
def test_more_ways_of_hiding_are_labelled(extract, markup, visibility):
    page = extract(f"<p>before</p>{markup}<p>after</p>")

    assert "ghost" not in page.own
    assert "ghost" in page.hidden[visibility]


@pytest.mark.parametrize("size", ["1em", "0.9em", ".8rem", "80%", "2pt", "small", "12px"])
def test_ordinary_sizes_are_not_called_tiny(extract, size):
    page = extract(f"<p style='font-size:{size}'>shown</p>")

    assert page.own == "shown"
    assert page.hidden == {}


INLINES = {
    "srcdoc": "<iframe srcdoc='<p>27 <b>Lark</b>spur Gardens</p>'></iframe>",
    "srcdoc with entities": "<iframe srcdoc=\"&lt;p&gt;27 Larkspur Gardens\"></iframe>",
    "a link": "<a href='data:text/html,<p>27 Lark<b>spur</b> Gardens'>x</a>",
    "a link in base64": "<a href='data:text/html;base64,PHA+MjcgTGFyazxiPnNwdXI8L2I+IEdhcmRlbnM='>x</a>",
    "a script": "<script>show('data:text/html;base64,PHA+MjcgTGFyazxiPnNwdXI8L2I+IEdhcmRlbnM=')</script>",
    "an address with a line end in it": "<a href='da\nta:text/html;base64,PHA+MjcgTGFyazxiPnNwdXI8L2I+IEdhcmRlbnM='>x</a>",
    "plain text": "<a href='data:,27%20Larkspur%20Gardens'>x</a>",
    "a source": "<iframe src='data:text/plain;charset=utf-16le;base64,MgA3ACAATABhAHIAawBzAHAAdQByACAARwBhAHIAZABlAG4AcwA='></iframe>",
    "an object": "<object data='DATA:text/html,27 Larkspur Gardens'></object>",
    "an embed": "<embed src='data:text/html,27 Larkspur Gardens'>",
    "a refresh": "<meta http-equiv=refresh content='0;url=data:text/html,27%20Larkspur%20Gardens'>",
    "a style": "<p style='background:url(\"data:image/svg+xml;utf8,<svg><text>27 Larkspur Gardens</text></svg>\")'>x",
    "a style sheet": "<style>p{background:url(data:image/svg+xml;base64,PHN2Zz48dGV4dD4yNyBMYXJrc3B1ciBHYXJkZW5zPC90ZXh0Pjwvc3ZnPg==)}</style><p>x",
    "a background": "<table><td background='data:text/plain,27 Larkspur Gardens'>x</table>",
    "srcdoc in srcdoc": "<iframe srcdoc='<iframe srcdoc=&quot;27 Larkspur Gardens&quot;></iframe>'></iframe>",
    "data in srcdoc": "<iframe srcdoc='<a href=&quot;data:text/html,27 Larkspur Gardens&quot;>x</a>'></iframe>",
}  # fmt: skip


@pytest.mark.parametrize("markup", INLINES.values(), ids=INLINES.keys())
def test_a_document_inside_a_page_is_a_part_of_it(read_here, markup):
    read = read_here(f"Subject: x\r\nContent-Type: text/html\r\n\r\n<p>x</p>{markup}".encode())

    assert ADDRESS in " ".join(read.text.split())
    assert any(path.startswith(("1/srcdoc", "1/data")) for path in read.paths)
    assert read.problems == []


def test_documents_inside_pages_end_at_the_depth_limit(read_here):
    page = "Larkspur"
    for _ in range(14):
        page = f"<iframe srcdoc='{page.replace('&', '&amp;').replace(chr(39), '&#39;')}'></iframe>"
    read = read_here(page.encode(), "a.html")

    assert "too_deep" in read.reasons
    assert len(read.paths) <= 12


def test_too_many_documents_inside_a_page_are_said(read_here):
    links = "".join(f"<a href='data:,number{number}'>" for number in range(300))
    read = read_here(f"<html>{links}".encode(), "a.html")

    assert read.problems == [("a.html", "too_many")]


def test_documents_inside_pages_draw_on_the_budget_of_the_message(read_here):
    page = "<html>" + "".join(f"<a href='data:,{number}{'x' * 50_000}'>" for number in range(50))
    read = read_here(page.encode(), "a.html", limits=Limits(expanded_bytes=1_000_000))

    assert "too_large" in read.reasons


def test_what_is_pasted_into_a_page_is_read(read_here):
    encoded = "MjcgTGFya3NwdXIgR2FyZGVucywgTGVlZHM="
    read = read_here(f"<html><p>see</p><p>{encoded}</p>".encode(), "a.html")

    assert ADDRESS in read.text


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
    "numbered lists": "<ol start=27>" * 60_000 + "ghost",
    "items": "<ol><li value=9>" * 50_000 + "ghost",
    "raised text": "<sup>" * 100_000 + "ghost",
    "raised text in many blocks": "<p>a<sup>b" * 60_000 + "ghost",
    "directions": "<bdo dir=rtl>a<br>" * 50_000 + "ghost",
    "rows turned round": "<div style='flex-direction:row-reverse'>a" * 25_000 + "ghost",
    "floats": "<i style='float:right'>a</i>" * 35_000 + "ghost",
    "open floats": "<i style='float:right'>a" * 40_000 + "ghost",
    "boxes": "<i style='position:absolute;left:1px'>a" * 25_000 + "ghost",
    "styles that differ": "".join(f"<i style='color:#{n:06x};left:{n}px'>" for n in range(20_000)) + "ghost",
    "rows": "<tr><td>a<td>" * 60_000 + "ghost",
    "rows that end": "<table>" + "<tr><td>a<td>b" * 20_000 + "</tr>" * 20_000 + "ghost",
    "comments with markup": "<!--<b>-->" * 60_000 + "ghost",
    "addresses in addresses": "<a href='data:,data:,data:," * 20_000 + "ghost",
    "addresses without end": "<a href=data:" * 60_000 + "ghost",
    "style sheets with braces": "<style>" + "@media x{a{" * 20_000 + "</style>ghost",
    "style comments": "<style>" + "/*" * 40_000 + "</style>ghost",
    "content that multiplies": "<style>b:before{content:'" + "y" * 190 + "'}</style>" + "<b>x</b>" * 50_000 + "ghost",
    "tags nobody knows": "<zz yy>" * 60_000 + "ghost",
    "entities escaped many times": "&" + "amp;" * 200_000 + "lt;ghost",
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_markup_is_read_in_bounded_time(text):
    page = html.extract(text, LIMITS)

    assert "ghost" in everything(page)
    assert len(everything(page)) < 8 * len(text) + 1_000_000


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


@pytest.mark.parametrize(
    "page",
    [
        "<!DOCTYPE html<!DOCTYPE quillfeather><p>x</p>",
        '<p style="opacity:0#>quillfeather</p>\n<p style="color:red">x</p>',
    ],
)
def test_what_a_damaged_mark_swallows_is_read(read_here, page):
    assert "quillfeather" in read_here(page.encode(), "a.html").text

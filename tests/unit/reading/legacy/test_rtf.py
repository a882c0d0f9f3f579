# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E501 - tables of files, one a line
"""Rich text: every group where text can stand, code pages, what Outlook makes of HTML, and bombs."""

import re
import struct

import pytest

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import compound

WORD = "Quillfeather"


def rtf(body: str, head: str = "") -> bytes:
    return ("{\\rtf1\\ansi\\ansicpg1252\\deff0 " + head + body + "}").encode("latin-1")


def ole1(content: bytes, name: bytes = b"Package\0", kind: int = 2) -> str:
    """An embedded object (OLE 1) as hexadecimal digits."""
    raw = struct.pack("<II", 0x501, kind) + struct.pack("<I", len(name)) + name + bytes(8)
    return (raw + struct.pack("<I", len(content)) + content).hex()


def package(name: str, content: bytes) -> bytes:
    label, path = name.encode() + b"\0", b"C:\\example\\" + name.encode() + b"\0"
    body = b"\x02\0" + label + path + b"\0\0\x03\0" + struct.pack("<I", len(path)) + path
    return body + struct.pack("<I", len(content)) + content


COLOURS = "{\\colortbl;\\red255\\green255\\blue255;\\red255\\green0\\blue0;\\red0\\green0\\blue0;}"
PLACES = {
    "the body": (rtf(WORD), PlaceKind.PARAGRAPH, Visibility.VISIBLE),
    "a word in pieces": (rtf("{\\b Quill}{\\i feather}"), PlaceKind.PARAGRAPH, Visibility.VISIBLE),
    "a word over two lines": (rtf("Quill\r\nfeather"), PlaceKind.PARAGRAPH, Visibility.VISIBLE),
    "bytes": (rtf("\\'51\\'75illfeather"), PlaceKind.PARAGRAPH, Visibility.VISIBLE),
    "Unicode": (rtf("\\u81?uillfeather"), PlaceKind.PARAGRAPH, Visibility.VISIBLE),
    "a table": (rtf("\\trowd\\intbl a\\cell Quillfeather\\cell\\row"), PlaceKind.PARAGRAPH, Visibility.VISIBLE),
    "a numbered item": (rtf("{\\listtext 1.\\tab}Quillfeather"), PlaceKind.PARAGRAPH, Visibility.VISIBLE),
    "a header": (rtf("{\\header Quillfeather}a"), PlaceKind.PAGE_HEADER, Visibility.VISIBLE),
    "a footer of the first page": (rtf("{\\footerf Quillfeather}a"), PlaceKind.PAGE_HEADER, Visibility.VISIBLE),
    "a footnote": (rtf("a{\\footnote\\pard Quillfeather}b"), PlaceKind.NOTE, Visibility.VISIBLE),
    "a comment": (rtf("a{\\*\\annotation Quillfeather}b"), PlaceKind.COMMENT, Visibility.COMMENT),
    "the author of a comment": (rtf("a{\\*\\atnauthor Quillfeather}b"), PlaceKind.METADATA, Visibility.COMMENT),
    "a text box": (
        rtf("{\\shp{\\*\\shpinst{\\shptxt Quillfeather}}}"), PlaceKind.TEXT, Visibility.VISIBLE,
    ),
    "a text box for older programs": (
        rtf("{\\*\\do\\dobxcolumn{\\dptxbxtext Quillfeather}}"), PlaceKind.TEXT, Visibility.VISIBLE,
    ),
    "alternative text": (
        rtf("{\\shp{\\*\\shpinst{\\sp{\\sn wzDescription}{\\sv Quillfeather}}}}"), PlaceKind.METADATA,
        Visibility.ATTRIBUTE,
    ),
    "WordArt": (
        rtf("{\\shp{\\*\\shpinst{\\sp{\\sn gtextUNICODE}{\\sv Quillfeather}}}}"), PlaceKind.METADATA,
        Visibility.ATTRIBUTE,
    ),
    "hidden text": (rtf("a{\\v Quillfeather}b"), PlaceKind.PARAGRAPH, Visibility.HIDDEN),
    "a tracked deletion": (rtf("a{\\deleted Quillfeather}b"), PlaceKind.PARAGRAPH, Visibility.TRACKED_DELETION),
    "a tracked insertion": (rtf("a{\\revised Quillfeather}b"), PlaceKind.PARAGRAPH, Visibility.VISIBLE),
    "white text": (rtf("a{\\cf1 Quillfeather}b", COLOURS), PlaceKind.PARAGRAPH, Visibility.WHITE),
    "white text on a colour": (
        rtf("a{\\cf1\\highlight2 Quillfeather}b", COLOURS), PlaceKind.PARAGRAPH, Visibility.VISIBLE,
    ),
    "black text on black": (
        rtf("a{\\cf3\\highlight3 Quillfeather}b", COLOURS), PlaceKind.PARAGRAPH, Visibility.COVERED,
    ),
    "the name of a font": (rtf("a", "{\\fonttbl{\\f1 Quillfeather;}}"), PlaceKind.METADATA, Visibility.HIDDEN),
    "tiny text": (rtf("a{\\fs2 Quillfeather}b"), PlaceKind.PARAGRAPH, Visibility.TINY),
    "what stands behind the end": (rtf("a") + b"\nQuillfeather", PlaceKind.PARAGRAPH, Visibility.HIDDEN),
    "the instruction of a field": (
        rtf('{\\field{\\*\\fldinst HYPERLINK "http://Quill{feather}.example"}{\\fldrslt here}}'), PlaceKind.METADATA,
        Visibility.ATTRIBUTE,
    ),
    "the result of a field": (
        rtf("{\\field{\\*\\fldinst PAGE}{\\fldrslt Quillfeather}}"), PlaceKind.PARAGRAPH, Visibility.VISIBLE,
    ),
    "a bookmark": (rtf("{\\*\\bkmkstart Quillfeather}a"), PlaceKind.METADATA, Visibility.ATTRIBUTE),
    "an entry of the index": (rtf("a{\\xe Quillfeather}"), PlaceKind.METADATA, Visibility.ATTRIBUTE),
    "the help of a form field": (
        rtf("{\\*\\formfield{\\fftype0{\\*\\ffhelptext Quillfeather}}}"), PlaceKind.METADATA, Visibility.ATTRIBUTE,
    ),
    "the title": (rtf("{\\info{\\title Quillfeather}{\\author b}}a"), PlaceKind.METADATA, Visibility.VISIBLE),
    "the title in Unicode": (
        rtf("{\\info{\\upr{\\title ?}{\\*\\ud{\\title Quillfeather}}}}a"), PlaceKind.METADATA, Visibility.VISIBLE,
    ),
    "a property of somebody's own": (
        rtf("{\\*\\userprops{\\propname a}\\proptype30{\\staticval Quillfeather}}"), PlaceKind.METADATA,
        Visibility.VISIBLE,
    ),
    "a document variable": (rtf("{\\*\\docvar{a}{Quillfeather}}"), PlaceKind.METADATA, Visibility.VISIBLE),
    "the author of a change": (rtf("{\\*\\revtbl{Unknown;}{Quillfeather;}}"), PlaceKind.METADATA, Visibility.VISIBLE),
    "the name of a style": (rtf("{\\stylesheet{\\s1 Quillfeather;}}a"), PlaceKind.METADATA, Visibility.HIDDEN),
    "a group of nobody's standard": (rtf("{\\*\\mine Quillfeather}a"), PlaceKind.METADATA, Visibility.HIDDEN),
    "an object": (
        rtf("{\\object{\\*\\objdata " + ole1(package("a.txt", b"Quillfeather")) + "}{\\result a}}"), PlaceKind.TEXT,
        Visibility.VISIBLE,
    ),
    "an object that is a compound file": (
        rtf("{\\object{\\*\\objdata " + ole1(compound.write({"Package": rtf(WORD)}), b"Word.Document.8\0") + "}}"),
        PlaceKind.PARAGRAPH, Visibility.VISIBLE,
    ),
    "the path of a linked object": (
        rtf("{\\object\\objlink{\\*\\objdata " + ole1(b"", b"Quillfeather.doc\0", 1) + "}}"), PlaceKind.METADATA,
        Visibility.ATTRIBUTE,
    ),
    "custom XML": (
        rtf("{\\*\\datastore " + compound.write({"MsoDataStore": {"Item": b"<a><b>Quillfeather</b></a>"}}).hex() + "}"),
        PlaceKind.METADATA, Visibility.HIDDEN,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "kind", "visibility"), PLACES.values(), ids=PLACES.keys())
def test_every_place_is_read_under_its_name(read_here, content, kind, visibility):
    read = read_here(content, "a.rtf")

    assert WORD in "\n".join(read.texts(kind, visibility))
    assert read.problems == []


@pytest.mark.parametrize(
    ("name", "mark"),
    {
        "hidden text": "hidden_text",
        "a tracked deletion": "tracked_changes",
        "a tracked insertion": "tracked_changes",
        "a comment": "comments",
        "an object": "embedded",
        "the path of a linked object": "external_link",
    }.items(),
)
def test_what_hides_is_marked(read_here, name, mark):
    assert mark in read_here(PLACES[name][0], "a.rtf").marks


TEXTS = {
    "a code page of the file": (b"{\\rtf1\\ansi\\ansicpg1250 \\'8elu\\'9d}", "Žluť"),
    "a code page of a font": (b"{\\rtf1{\\fonttbl{\\f1\\fcharset204 A;}}\\f1 \\'ca\\'e8}", "Ки"),
    "a code page that a font names": (b"{\\rtf1{\\fonttbl{\\f1\\cpg1253 A;}}\\f1 \\'c1}", "Α"),
    "the font of double-byte characters": (
        b"{\\rtf1{\\fonttbl{\\f1 A;}{\\f2\\fcharset134 B;}}\\loch\\af1\\dbch\\af2 \\'b2\\'e2\\'ca\\'d4}", "测试",
    ),
    "the other direction of writing": (
        b"{\\rtf1{\\fonttbl{\\f1 A;}{\\f2\\fcharset134 B;}}\\dbch\\af2{\\rtlch\\af1\\ltrch \\'b2\\'e2}}", "测",
    ),
    "a character whose second byte is a letter": (b"{\\rtf1{\\fonttbl{\\f1\\fcharset128 A;}}\\f1 \\'83A}", "ア"),
    "a font that ends with its group": (b"{\\rtf1\\ansicpg1252{\\fonttbl{\\f1\\fcharset204 A;}}{\\f1 \\'ca}\\'e9}", "Кé"),
    "two words for a character": (b"{\\rtf1\\uc2\\u26476 \\'b2\\'e2b}", "杬b"),
    "no words for a character": (b"{\\rtf1\\uc0\\u233 b}", "éb"),
    "a negative number": (b"{\\rtf1\\u-3?}", "\ufffd"),
    "a character in two halves": (b"{\\rtf1\\u-10179?\\u-8704?}", "\U0001f600"),
    "signs": (b"{\\rtf1 a\\~b\\_c\\{d\\}e\\\\f\\emdash g}", "a\u00a0b\u2011c{d}e\\f\u2014g"),
    "the Macintosh": (b"{\\rtf1\\mac \\'8e}", "é"),
    "a byte that is no letter": (b"{\\rtf1 a\\'zzb}", "azzb"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "text"), TEXTS.values(), ids=TEXTS.keys())
def test_text_is_read_in_its_code_page(read_here, content, text):
    assert read_here(content, "a.rtf").texts(PlaceKind.PARAGRAPH) == [text]


def test_paragraphs_of_an_address_are_one_text(read_here):
    read = read_here(rtf("12 Acacia Road\\par Ashford\\par TN99 9ZZ\\par"), "a.rtf")

    assert read.texts(PlaceKind.PARAGRAPH) == ["12 Acacia Road\nAshford\nTN99 9ZZ"]


def test_a_replaced_word_reads_as_before_and_as_now(read_here):
    read = read_here(rtf("at {\\deleted 12}{\\revised 14} Acacia Road"), "a.rtf")

    assert read.texts(PlaceKind.PARAGRAPH, Visibility.TRACKED_DELETION) == ["at 12 Acacia Road"]
    assert read.texts(PlaceKind.PARAGRAPH, Visibility.VISIBLE) == ["at 14 Acacia Road"]


def test_plain_ends_hiding(read_here):
    read = read_here(rtf("{\\v a\\plain Quillfeather}"), "a.rtf")

    assert WORD in "\n".join(read.texts(PlaceKind.PARAGRAPH, Visibility.VISIBLE))


def test_pictures_are_read_as_files_each_once(read_here):
    png = (b"\x89PNG\r\n\x1a\n" + bytes(40)).hex()
    wmf = (b"\x01\x00\x09\x00\x00\x03" + bytes(12)).hex()
    content = rtf("{\\pict\\pngblip " + png + "}{\\pict\\wmetafile8 " + wmf + "}")
    read = read_here(content, "a.rtf")

    assert [part.media_type for part in read.reading.parts[1:]] == ["image/png", "image/x-metafile"]


def test_a_picture_in_bytes_may_hold_braces(read_here):
    png = b"\x89PNG\r\n\x1a\n}}{{\\" + bytes(40)
    content = b"{\\rtf1 a{\\pict\\pngblip\\bin%d " % len(png) + png + b"}Quillfeather}"
    read = read_here(content, "a.rtf")

    assert read.texts(PlaceKind.PARAGRAPH) == ["aQuillfeather"]
    assert read.reading.parts[1].size_bytes == len(png)


def test_a_length_of_bytes_beyond_the_end_hides_nothing(read_here):
    read = read_here(b"{\\rtf1 {\\pict\\bin4294967295 }Quillfeather}", "a.rtf")

    assert WORD in read.text


HTML_IN_RTF = (
    b"{\\rtf1\\ansi\\fromhtml1 {\\*\\htmltag64 <p>}{\\*\\htmltag84 <b>}Quill{\\*\\htmltag92 </b>}\\htmlrtf {\\b x\\htmlrtf0 "
    b'feather &\\htmlrtf }\\htmlrtf0 {\\*\\htmltag84 <span style="display:none">}Oakhanger{\\*\\htmltag92 </span>}'
    b"{\\*\\htmltag72 </p>}}"
)


def test_html_in_rtf_is_read_as_html(read_here):
    read = read_here(HTML_IN_RTF, "a.rtf")

    assert read.texts(PlaceKind.TEXT, Visibility.VISIBLE) == ["Quillfeather &"]
    assert "Oakhanger" in "\n".join(read.texts(PlaceKind.TEXT, Visibility.HIDDEN))


def test_what_only_rtf_says_beside_the_html_is_another_alternative(read_here):
    content = b"{\\rtf1\\fromhtml1 {\\*\\htmltag64 <p>}shown{\\*\\htmltag72 </p>}\\htmlrtf Zephyrine\\htmlrtf0 }"
    read = read_here(content, "a.rtf")

    assert "Zephyrine" in "\n".join(read.texts(visibility=Visibility.ALTERNATIVE))
    assert "Zephyrine" not in "\n".join(read.texts(visibility=Visibility.VISIBLE))


def test_fields_that_fetch_or_run_are_marked(read_here):
    fetch = rtf("{\\field{\\*\\fldinst INCLUDEPICTURE http://a.example/b.png}{\\fldrslt x}}")
    run = rtf("{\\field{\\*\\fldinst DDEAUTO c:\\\\\\\\x.exe}{\\fldrslt x}}")

    assert "external_link" in read_here(fetch, "a.rtf").marks
    assert "active_content" in read_here(run, "a.rtf").marks


def test_a_file_cut_short_gives_its_text_and_says_so(read_here):
    read = read_here(b"{\\rtf1 Quillfeather {\\b and", "a.rtf")

    assert WORD in read.text
    assert read.problems == [("a.rtf", "corrupt")]


BOMBS = {
    "groups in groups": b"{\\rtf1 " + b"{" * 200_000 + b"Quillfeather" + b"}" * 200_000 + b"}",
    "groups that never end": b"{\\rtf1 Quillfeather" + b"{" * 200_000,
    "ends without beginnings": b"{\\rtf1 Quillfeather}" + b"}" * 200_000,
    "characters by number": b"{\\rtf1 Quillfeather " + b"\\u4660?" * 100_000 + b"}",
    "a long word": b"{\\rtf1 Quillfeather \\" + b"a" * 500_000 + b"}",
    "numbers without end": b"{\\rtf1 Quillfeather \\uc" + b"9" * 100_000 + b"}",
    "backslashes": b"{\\rtf1 Quillfeather " + b"\\" * 500_000 + b"}",
    "lengths of bytes": b"{\\rtf1 Quillfeather" + b"\\bin0 " * 100_000 + b"}",
    "fonts": b"{\\rtf1{\\fonttbl" + b"{\\f7\\fcharset204 a;}" * 20_000 + b"}Quillfeather}",
    "objects in objects": b"{\\rtf1 Quillfeather" + b"{\\object{\\*\\objdata 0105" * 20_000,
}


@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS.keys())
def test_bombs_end_and_hide_nothing(read_here, content):
    assert WORD in read_here(content, "a.rtf").text


def test_every_word_that_striprtf_finds_is_found(read_here, corpora):
    """striprtf as the oracle; it takes the names of fonts and styles for text now and then."""
    striprtf = pytest.importorskip("striprtf.striprtf")
    missing: dict[str, set[str]] = {}
    for path in sorted((corpora / "documents").rglob("*.rtf")):
        content = path.read_bytes()
        if not content.startswith(b"{\\rtf"):
            continue
        theirs = striprtf.rtf_to_text(content.decode("latin-1"), errors="ignore")
        ours = set(re.findall(r"\w{3,}", read_here(content, path.name).text))
        lost = {word for word in re.findall(r"\w{3,}", theirs) if word not in ours}
        if lost:
            missing[path.name] = lost

    assert missing == {}


# Every way to write a word where no reader shows one.  Each is searched for all the same.
HIDING_PLACES = {
    "a group of a theme": "{\\*\\themedata 12 Quillfeather Road}",
    "a group of the program's styles": "{\\*\\latentstyles Normal;heading 1;12 Quillfeather Road;}",
    "a password": "{\\*\\password Quillfeather Road}",
    "between the properties of a shape": "{\\shp{\\*\\shpinst Quillfeather Road{\\sp{\\sn a}{\\sv 1}}}}",
    "a property of a shape that says no words": "{\\shp{\\*\\shpinst{\\sp{\\sn fooBar}{\\sv Quillfeather Road}}}}",
    "the name of a property of a shape": "{\\shp{\\*\\shpinst{\\sp{\\sn Quillfeather Road}{\\sv 1}}}}",
    "the table of colours": "{\\colortbl;Quillfeather Road;\\red1\\green1\\blue1;}",
    "among the digits of a picture": "{\\pict\\pngblip 8950Quillfeather Road4e47}",
    "bytes in a picture": "{\\pict\\pngblip 8950"
    + "".join(f"\\'{ord(letter):x}" for letter in "Quillfeather Road")
    + "4e47}",
    "raw bytes of no picture": "{\\*\\x\\bin22  is Quillfeather Road }",
    "raw bytes of the body": "a\\bin22  is Quillfeather Road b",
    "what stands after a character for old readers": "\\uc40\\u160 12 Quillfeather Road, Ashford TN99 9ZZ yes\\uc1 x",
    "the same, letter by letter": "".join(f"\\u8203{letter}" for letter in "Quillfeather Road"),
    "a tag of HTML that there is none of": "{\\*\\htmltag64 Quillfeather Road}",
    "a word of the format that is none": "a\\Quillfeather b",
    "the generator": "{\\*\\generator Quillfeather Road}",
    "the table of lists": "{\\*\\listtable Quillfeather Road}",
    "what stands behind the length of a label": "{\\*\\listtable{\\list{\\listlevel{\\leveltext\\'01.Quillfeather Road;}}\\listid1}}",
    "the text of a level that nobody uses": "{\\*\\listtable{\\list{\\listlevel{\\leveltext\\'13Quillfeather Road :;}}\\listid1}}",
    "the name of an object in a group that goes elsewhere": "{\\object{\\*\\objname Quillfeather\\objdata 01}}",
}


@pytest.mark.parametrize("body", HIDING_PLACES.values(), ids=HIDING_PLACES.keys())
def test_words_where_none_belong_are_found(read_here, body):
    read = read_here(rtf(body), "a.rtf")

    assert WORD in read.text
    assert WORD not in "\n".join(read.texts(PlaceKind.PARAGRAPH, Visibility.VISIBLE))


@pytest.mark.parametrize("said", ["07700 900123", "TN99 9ZZ"])
@pytest.mark.parametrize("group", ["generator", "themedata", "listtable", "fontemb"])
def test_numbers_where_no_words_belong_are_found(read_here, group, said):
    assert said in read_here(rtf(f"{{\\*\\{group} {said}}}a"), "a.rtf").text


def test_what_programs_write_about_themselves_is_not_said(read_here):
    body = (
        "{\\fonttbl{\\f0 Times New Roman;}{\\f1 Courier New Cyr;}}{\\*\\latentstyles Normal;heading 1;Table Grid;}"
        "{\\*\\themedata 504b0304140006000800}{\\shp{\\*\\shpinst{\\sp{\\sn pVerticies}{\\sv 8;4;(0,0);(100,20000)}}}}"
        "\\u8217 'a\\u233 e b\\u1055 ?\\u1088 ?"
    )

    assert read_here(rtf(body), "a.rtf").texts(PlaceKind.METADATA) == []


# -- styles, shades, lists ----------------------------------------------------------------------------------------

SHEET = (
    "{\\stylesheet{\\snext0 Normal;}{\\s1\\v One;}{\\s2\\sbasedon1 Two;}{\\s3\\cf1 Three;}{\\s4\\fs2 Four;}"
    "{\\*\\cs5\\additive\\v Five;}{\\s6\\cbpat3\\cf1 Six;}{\\s7\\ls1 Seven;}{\\s8\\sbasedon9\\v 8;}{\\s9\\sbasedon8 9;}}"
)
STYLED = {
    "hidden by its style": ("\\s1 Quillfeather", Visibility.HIDDEN),
    "hidden by a style below its own": ("\\s2 Quillfeather", Visibility.HIDDEN),
    "white by its style": ("\\s3 Quillfeather", Visibility.WHITE),
    "tiny by its style": ("\\s4 Quillfeather", Visibility.TINY),
    "hidden by the style of characters": ("a{\\cs5 Quillfeather}", Visibility.HIDDEN),
    "hidden by its style, and shown": ("\\s1\\v0 Quillfeather", Visibility.VISIBLE),
    "tiny by its style, and large": ("\\s4\\fs24 Quillfeather", Visibility.VISIBLE),
    "white on black by its style": ("\\s6 Quillfeather", Visibility.VISIBLE),
    "another paragraph": ("\\s1 a\\par\\pard Quillfeather", Visibility.VISIBLE),
    "styles that build on each other": ("\\s9 Quillfeather", Visibility.HIDDEN),
    "white on a black paragraph": ("\\cbpat3\\cf1 Quillfeather", Visibility.VISIBLE),
    "white behind a black paragraph": ("\\cbpat3 a\\par\\pard\\cf1 Quillfeather", Visibility.WHITE),
    "white in a black cell": (
        "\\trowd\\cellx1\\clcbpat3\\cellx2\\pard\\intbl a\\cell{\\cf1 Quillfeather}\\cell\\row", Visibility.VISIBLE,
    ),
    "white in the cell beside it": (
        "\\trowd\\cellx1\\clcbpat3\\cellx2\\pard\\intbl{\\cf1 Quillfeather}\\cell a\\cell\\row", Visibility.WHITE,
    ),
    "white in the next row": (
        "\\trowd\\clcbpat3\\cellx1\\pard\\intbl a\\cell\\row\\trowd\\cellx1\\pard\\intbl{\\cf1 Quillfeather}\\cell\\row",
        Visibility.WHITE,
    ),
    "white in a second row like the first": (
        "\\trowd\\clcbpat3\\cellx1\\pard\\intbl a\\cell\\row{\\cf1 Quillfeather}\\cell\\row", Visibility.VISIBLE,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "visibility"), STYLED.values(), ids=STYLED.keys())
def test_text_is_seen_as_styles_and_grounds_have_it(read_here, body, visibility):
    read = read_here(rtf(body, COLOURS + SHEET), "a.rtf")

    assert [kind for kind in Visibility if WORD in "\n".join(read.texts(PlaceKind.PARAGRAPH, kind))] == [visibility]


def level(text: str, words: str = "") -> str:
    return f"{{\\listlevel{words}{{\\leveltext{text};}}{{\\levelnumbers;}}}}"


LISTS = (
    "{\\*\\listtable{\\list" + level("\\'02\\'00.", "\\levelnfc0\\levelstartat27")
    + level("\\'03\\'00.\\'01", "\\levelnfc4\\levelstartat1\\levelfollow2") + "{\\listname ;}\\listid77}"
    + "{\\list" + level("\\'06Flat :", "\\levelnfc23") + level("\\'01\\'b7", "\\levelnfc23") + "\\listid78}}"
    "{\\*\\listoverridetable{\\listoverride\\listid77\\listoverridecount0\\ls1}"
    "{\\listoverride\\listid77\\listoverridecount1{\\lfolevel\\listoverridestartat\\levelstartat40}\\ls2}"
    "{\\listoverride\\listid78\\listoverridecount0\\ls3}}"
)  # fmt: skip
NUMBERED = {
    "a number": ("\\ls1 Larkspur Lane\\par", "27. Larkspur Lane"),
    "numbers in a row": ("\\ls1 a\\par b\\par\\pard c\\par\\ls1 d\\par", "27. a\n28. b\nc\n29. d"),
    "levels": ("\\ls1 a\\par\\ilvl1 b\\par c\\par", "27. a\n27.ab\n27.bc"),
    "a use that begins anew": ("\\ls1 a\\par\\ls2 b\\par c\\par", "27. a\n40. b\n41. c"),
    "a style that numbers": ("\\s7 a\\par", "27. a"),
    "a table": ("\\pard\\intbl\\ls1 a\\cell b\\cell\\cell\\row", "27. a\t28. b\t29."),
    "nothing but the number": ("\\ls1\\par\\pard Larkspur Lane\\par", "27. \nLarkspur Lane"),
    "a number that is said beside": ("{\\listtext\\pard 27.\\tab}\\ls1 Larkspur Lane\\par", "27. Larkspur Lane"),
    "a number that is said in another way": ("{\\listtext\\pard 5.\\tab}\\ls1 Larkspur Lane\\par", "5. 27. Larkspur Lane"),
    "words in place of a bullet": ("\\ls3 12\\par", "Flat : 12"),
    "a bullet": ("\\ls3\\ilvl1 a\\par", "a"),
    "a list that is not there": ("\\ls9 a\\par", "a"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "text"), NUMBERED.values(), ids=NUMBERED.keys())
def test_numbered_paragraphs_begin_with_their_number(read_here, body, text):
    assert read_here(rtf(body, LISTS + SHEET), "a.rtf").texts(PlaceKind.PARAGRAPH) == [text]


def test_a_number_is_hidden_with_its_paragraph(read_here):
    assert (
        read_here(rtf("\\ls1\\v Larkspur Lane\\par", LISTS), "a.rtf").texts(PlaceKind.PARAGRAPH, Visibility.VISIBLE)
        == []
    )


@pytest.mark.parametrize(
    "body",
    [
        "{\\*\\listtable" + "{\\list{\\listlevel{\\leveltext\\'ff\\'00x;}}\\listid1}" * 20_000 + "}",
        "{\\stylesheet" + "".join(f"{{\\s{n}\\sbasedon{n + 1}\\v a;}}" for n in range(20_000)) + "}" + "\\s1 a" * 9_000,
        "\\ls1\\ilvl99\\ls-1\\s-5\\cs99999 a\\par" * 5_000,
        "\\trowd" + "\\clcbpat3\\cellx1" * 50_000,
        "{\\listtext" * 20_000,
    ],
    ids=["lists", "styles", "paragraphs", "cells", "labels"],
)
def test_bombs_of_lists_and_styles_end_and_hide_nothing(read_here, body):
    assert WORD in read_here(rtf(body) + b"\\par Quillfeather", "a.rtf").text

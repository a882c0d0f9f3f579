# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E501 - tables of documents, one a line
"""The seam under all office zips: XML whatever is wrong with it, relationships, and the sweep."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model import PlaceKind, Visibility
from safehold.reading.office import ooxml
from safehold.reading.vocabulary import Detail


class Events:
    """What a handler was told."""

    def __init__(self):
        self.seen = []

    def start(self, tag, attributes):
        self.seen.append(f"<{tag}{''.join(f' {key}={value}' for key, value in attributes.items())}>")

    def end(self, tag):
        self.seen.append(f"</{tag}>")

    def data(self, text):
        if self.seen and not self.seen[-1].startswith("<"):
            self.seen[-1] += text
        else:
            self.seen.append(text)


def parse(content):
    events, asides = Events(), []
    wrong = ooxml.parse(content, events, asides.append)
    return events.seen, asides, wrong


def zipped(*members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


# -- XML ------------------------------------------------------------------------------------------------------------

FAULTS = {
    "a control character": (b"<a><b>one</b>\x01<c>two</c></a>", ["<a>", "<b>", "one", "</b>", "\x01", "<c>", "two", "</c>", "</a>"]),
    "text before the fault": (b"<a>one\x01two</a>", ["<a>", "one\x01two", "</a>"]),
    "an unknown entity": (b"<a>one&nbsp;two</a>", ["<a>", "one\xa0two", "</a>"]),
    "a character that XML has not": (b"<a>&#1;two</a>", ["<a>", "two", "</a>"]),
    "a wrong end tag": (b"<a><b>one</c>two</a>", ["<a>", "<b>", "one", "</c>", "two", "</a>"]),
    "an attribute twice": (b"<a b='1' b='2'>two</a>", ["<a b=2>", "two", "</a>"]),
    "a bare ampersand in an attribute": (b"<a b='x & y'>two</a>", ["<a b=x & y>", "two", "</a>"]),
    "an end that is missing": (b"<a><b>one</b>", ["<a>", "<b>", "one", "</b>"]),
    "a tag cut short": (b"<a>one<b c='tw", ["<a>", "one\nb c='tw"]),
    "something after the end": (b"<a>one</a><b>two</b>", ["<a>", "one", "</a>", "<b>", "two", "</b>"]),
    "bytes that are no UTF-8": (b"<a>caf\xe9</a>", ["<a>", "caf\xe9", "</a>"]),
    "no XML at all": (b"just words", ["just words"]),
    "a charset that expat cannot": ("<?xml version='1.0' encoding='gbk'?><a>中文</a>".encode("gbk"), ["<a>", "中文", "</a>"]),
    "CDATA after a fault": (b"<a>\x01<![CDATA[<two>]]></a>", ["<a>", "\x01<two>", "</a>"]),
    "UTF-16 after a fault": ("<a>one\x01two</a>".encode("utf-16"), ["<a>", "one\x01two", "</a>"]),
}  # fmt: skip


@pytest.mark.parametrize(("content", "events"), FAULTS.values(), ids=FAULTS.keys())
def test_a_part_is_read_on_from_a_fault(content, events):
    seen, _, wrong = parse(content)

    assert wrong is Detail.BAD_XML
    assert [each for each in seen if each] == events


def test_a_sound_part_has_no_fault():
    assert parse(b"<a b='1'>one &amp; two<!--aside--></a>") == (["<a b=1>", "one & two", "</a>"], ["aside"], Detail.NONE)  # fmt: skip


def test_an_empty_part_has_no_fault():
    assert parse(b" \r\n") == ([], [], Detail.NONE)


def test_entities_are_never_expanded():
    bomb = b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><a>&y; two</a>'
    seen, asides, wrong = parse(bomb)

    assert wrong is Detail.ENTITIES
    assert "haha" not in "".join(seen)
    assert " two" in "".join(seen)
    assert '"ha"' in "".join(asides)


def test_a_mistake_of_a_handler_is_not_taken_for_a_fault_of_the_part():
    events = Events()
    events.start = lambda *_: {}["no such key"]

    with pytest.raises(KeyError):
        ooxml.parse(b"<a/>", events)


@pytest.mark.parametrize(
    "content",
    [b"<" * 200_000, b"<!--" * 30_000, b"<a " * 30_000, b"<a b='" * 30_000, b"</" * 60_000, b"<![CDATA[" * 20_000,
     b"<a" + b" b='1'" * 30_000, b"\x01" + b"<a>x</b>" * 20_000],
    ids=["signs", "comments", "tags", "quotes", "ends", "CDATA", "attributes", "pairs"],
)  # fmt: skip
def test_nonsense_is_read_in_linear_time(content):
    """A search to the end of the part for every sign that opens something would never come to an end here."""
    _, _, wrong = parse(content)

    assert wrong is Detail.BAD_XML


@given(st.binary(max_size=300))
def test_any_bytes_are_read(content):
    parse(b"<a>" + content)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="<>&\r\x00"), max_size=50))
def test_no_text_is_lost_behind_a_fault(text):
    seen, _, _ = parse(b"<a><b>\x01</b><c>" + text.encode() + b"</c></a>")

    assert text in "".join(seen)


# -- the sweep ------------------------------------------------------------------------------------------------------


def test_a_package_of_no_known_kind_is_read_as_words_and_unsupported(read_here):
    content = zipped(("[Content_Types].xml", "<Types/>"), ("visio/page.xml", "<a><b>Quillfeather</b></a>"))
    read = read_here(content, "a.vsdx")

    assert read.problems == [("a.vsdx", "unsupported")]
    assert "Quillfeather" in read.text


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_both_read(read_here):
    one, two = (f"<a>{word}</a>" for word in ("first", "second"))
    read = read_here(zipped(("[Content_Types].xml", "<T/>"), ("xl/x.xml", one), ("xl/x.xml", two)), "a.xlsx")

    assert "first" in read.text
    assert "second" in read.text


def test_the_comment_of_the_zip_is_read(read_here):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<T/>")
        archive.writestr("xl/workbook.xml", "<w/>")
        archive.comment = b"Quillfeather"

    assert read_here(out.getvalue(), "a.xlsx").texts(PlaceKind.METADATA)[0] == "Quillfeather"


def test_pictures_are_members_of_the_document(read_here):
    picture = b"\x89PNG\r\n\x1a\n" + bytes(64)
    read = read_here(zipped(("[Content_Types].xml", "<T/>"), ("ppt/media/image1.png", picture)), "a.pptx")

    assert len(read.paths) == 2
    assert read.marks == {"no_ocr"}


def test_a_member_without_content_is_a_name_and_no_part(read_here):
    content = zipped(("[Content_Types].xml", "<T/>"), ("xl/", ""), ("xl/Quillfeather", ""))
    read = read_here(content, "a.xlsx")

    assert read.paths == ["a.xlsx"]
    assert read.texts(PlaceKind.FILENAME, Visibility.ATTRIBUTE) == ["xl/Quillfeather"]


def test_links_of_a_part_that_is_missing_are_read(read_here):
    rels = "<R><Relationship Id='a' Type='x/image' TargetMode='External' Target='http://example.org/Quillfeather'/></R>"
    read = read_here(zipped(("[Content_Types].xml", "<T/>"), ("xl/_rels/gone.xml.rels", rels)), "a.xlsx")

    assert "Quillfeather" in read.text
    assert read.marks == {"external_link"}


def test_relations_are_found_whatever_their_path_looks_like(read_here):
    targets = ["/xl/worksheets/a.xml", "worksheets/a.xml", "../xl/worksheets/A.XML", ".\\worksheets\\a.xml"]
    for target in targets:
        content = zipped(
            ("[Content_Types].xml", "<T/>"),
            ("xl/workbook.xml", "<workbook xmlns:r='r'><sheets><sheet name='S' r:id='i'/></sheets></workbook>"),
            ("xl/_rels/workbook.xml.rels", f"<R><Relationship Id='i' Type='x/worksheet' Target='{target}'/></R>"),
            ("xl/worksheets/a.xml", "<s><sheetData><row r='4'><c t='str'><v>word</v></c></row></sheetData></s>"),
        )
        places = {s.place.row: s.visibility for s in read_here(content, "a.xlsx").reading.segments if s.text == "word"}
        assert places == {4: Visibility.VISIBLE}, target


QUIET = {
    "a folder of fonts": ("word/fonts/a.txt", b"ask for Quillfeather"),
    "a document in a folder of fonts": ("word/fonts/b.xml", b"<?xml version='1.0'?><a>ask for Quillfeather</a>"),
    "a font": ("word/fonts/font1.odttf", bytes(range(256)) * 4 + "ask for Quillfeather".encode("utf-16-be") + bytes(2)),
    "settings of a printer": ("word/printerSettings/printerSettings1.bin", b"\1\2" + "Quillfeather's printer".encode("utf-16-le")),
    "a member called mimetype": ("word/mimetype", b"ask for Quillfeather"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content"), QUIET.values(), ids=QUIET.keys())
def test_what_programs_put_beside_the_text_is_read_and_is_no_problem(read_here, name, content):
    read = read_here(zipped(("[Content_Types].xml", "<T/>"), ("word/document.xml", "<d/>"), (name, content)), "a.docx")

    assert "Quillfeather" in read.text
    assert read.problems == []


def test_the_type_that_a_package_says_it_has_is_no_text(read_here):
    content = zipped(("[Content_Types].xml", "<T/>"), ("xl/a.xml", "<a/>"), ("mimetype", "application/vnd.example+zip"))

    assert read_here(content, "a.xlsx").paths == ["a.xlsx"]


def test_comments_of_members_are_read(read_here):
    out = io.BytesIO(zipped(("[Content_Types].xml", "<T/>")))
    with zipfile.ZipFile(out, "a") as archive:
        member = zipfile.ZipInfo("word/document.xml")
        member.comment = b"ask for Quillfeather"
        archive.writestr(member, "<d/>")

    assert "ask for Quillfeather" in read_here(out.getvalue(), "a.docx").texts(PlaceKind.METADATA)


@pytest.mark.parametrize("name", ["customXml/Quillfeather.xml", "Quillfeather/item1.xml", "word/Quillfeather1.xml"])
def test_a_name_of_a_part_that_no_program_gives_is_read(read_here, name):
    read = read_here(zipped(("[Content_Types].xml", "<T/>"), ("word/document.xml", "<d/>"), (name, "<a/>")), "a.docx")

    assert read.texts(PlaceKind.FILENAME, Visibility.ATTRIBUTE) == [name]


def test_names_of_parts_are_judged_in_bounded_time(read_here):
    parts = ((f"{name}q.xml", "<a/>") for name in ("customXml" * 5_000, "chartex" * 5_000, "x" * 40_000))
    read = read_here(zipped(("[Content_Types].xml", "<T/>"), ("word/document.xml", "<d/>"), *parts), "a.docx")

    assert len(read.texts(PlaceKind.FILENAME, Visibility.ATTRIBUTE)) == 3


RELATIONS = {
    "a comment": "<R><!-- ask for Quillfeather --></R>",
    "text": "<R>ask for Quillfeather</R>",
    "an attribute": "<R><Relationship Id='a' Type='x/image' Target='document.xml' note='Quillfeather'/></R>",
    "a target that is not there": "<R><Relationship Id='a' Type='x/image' Target='Quillfeather.xml'/></R>",
    "a place in a part": '<R><Relationship Id="a" Type="x/hyperlink" Target="document.xml#Quillfeather"/></R>',
    "a place in this part": '<R><Relationship Id="a" Type="x/hyperlink" Target="#Quillfeather"/></R>',
}


@pytest.mark.parametrize("rels", RELATIONS.values(), ids=RELATIONS.keys())
def test_a_word_is_found_in_relationships_in(read_here, rels):
    parts = (("[Content_Types].xml", "<T/>"), ("word/document.xml", "<d/>"), ("word/_rels/document.xml.rels", rels))

    assert "Quillfeather" in read_here(zipped(*parts), "a.docx").text


def test_a_doctype_is_read():
    assert parse(b"<!DOCTYPE a SYSTEM 'Quillfeather'><a/>")[1:] == (["a Quillfeather"], Detail.NONE)


def test_an_entity_that_lies_outside_is_said():
    """expat skips it in silence, and nobody knows what it would have said."""
    events, _, wrong = parse(b"<!DOCTYPE a SYSTEM 'b.dtd'><a>12 &c; Lane</a>")

    assert wrong is Detail.ENTITIES
    assert "12 &c; Lane" in "".join(events)


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("who", "Quill", True), ("phone", "07700900123", True), ("mail", "a@b.test", True), ("xmlns:a", "Quillfeather", False),
        ("x", "457200", False), ("val", "FF00AA", False), ("id", "{1-2}", False), ("r:id", "rId12345", False),
        ("uri", "http://schemas.example/Quill", False), ("b", "yes", False), ("who", "Amy", True),
        ("phone", "01632 960 123", True), ("nhs", "999 000 1234", True), ("code", "TN99 9ZZ", True),
        ("target", "ask for Quill", True), ("b", "http://schemas.example/ 12 Larkspur Lane", True), ("c", "{Quill}", True),
        ("c", "{0A1B2C3D-0000-4000-8000-0123456789AB}", False), ("typeface", "Times New Roman", False),
        ("xmlns", "12 Larkspur Lane", True), ("xmlns", "http://example.org/schema", False),
    ],
)  # fmt: skip
def test_which_attributes_of_unknown_parts_are_words(name, value, kept):
    assert ooxml.says_something(name, value) is kept


def test_relationships_are_read_as_such_whatever_their_part_is_called(read_here):
    types = b'<Types><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
    main = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body/></w:document>'
    relations = b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="t" Target="media/quillfeather.png"/></Relationships>'
    content = zipped(("[Content_Types].xml", types), ("word/document.xml", main), ("docProps/core.xml~", relations))

    assert "quillfeather" in read_here(content, "a.docx").text

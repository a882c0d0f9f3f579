# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain text and its charsets, flowed lines and quotations."""

import binascii
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import charset, headers, types
from safehold.reading.written import plain_text


def test_short_western_text_is_never_given_to_a_detector(read_here):
    """All three detectors tried called this Greek, Arabic or IBM852."""
    read = read_here("Café £100".encode("cp1252"), "a.txt")

    assert read.texts(PlaceKind.TEXT) == ["Café £100"]
    assert read.marks == set()


def test_long_8_bit_text_is_read_both_ways(read_here):
    russian = "Мать и дочь переехали на новую квартиру в другом городе и никому не сообщили адрес. " * 3
    read = read_here(russian.encode("cp1251"), "a.txt")

    assert russian.strip() in read.texts(PlaceKind.TEXT, Visibility.ALTERNATIVE)
    assert len(read.texts(PlaceKind.TEXT, Visibility.VISIBLE)) == 1
    assert "charset_guessed" in read.marks


@pytest.mark.parametrize(
    ("raw", "declared", "text"),
    [
        pytest.param("é".encode(), "", "é", id="utf-8 undeclared"),
        pytest.param("é".encode(), "iso-8859-1", "é", id="utf-8 declared as latin-1"),
        pytest.param("é".encode("cp1252"), "us-ascii", "é", id="8-bit declared ascii"),
        pytest.param("“q”".encode("cp1252"), "iso-8859-1", "“q”", id="windows quotes declared latin-1"),
        pytest.param("naïve €".encode("utf-16"), "", "naïve €", id="utf-16 with BOM"),
        pytest.param("plain words".encode("utf-16-le"), "", "plain words", id="utf-16 without BOM"),
        pytest.param("plain words".encode("utf-16-be"), "utf-8", "plain words", id="utf-16 big endian declared utf-8"),
        pytest.param("жизнь".encode("koi8-r"), "koi8-r", "жизнь", id="declared charset"),
        pytest.param("日本".encode("iso2022_jp"), "", "日本", id="iso-2022-jp undeclared"),
        pytest.param(b"x\x81y", "", "x\x81y", id="bytes that windows-1252 leaves undefined"),
        pytest.param(b"abc", "rot13", "abc", id="a codec that is no charset"),
        pytest.param(b"abc", "\x00\udcff" * 30, "abc", id="a nonsense name"),
        pytest.param("plain words here".encode("utf-32-le"), "", "plain words here", id="utf-32 without BOM"),
        pytest.param(
            "plain words here".encode("utf-32-be"), "", "plain words here", id="utf-32 big endian without BOM"
        ),
        pytest.param("plain words here".encode("utf-32"), "", "plain words here", id="utf-32 with BOM"),
        pytest.param(
            "We live at 27 Elm Rd now".encode("cp037"), "", "We live at 27 Elm Rd now", id="EBCDIC undeclared"
        ),
        pytest.param(
            "We live at 27 Elm Rd now".encode("cp500"),
            "us-ascii",
            "We live at 27 Elm Rd now",
            id="EBCDIC declared ascii",
        ),
        pytest.param("We live at 27 Elm Rd".encode("cp500"), "ibm500", "We live at 27 Elm Rd", id="EBCDIC declared"),
        pytest.param(b"El\x1b(Bm Road", "", "Elm Road", id="an escape that changes nothing"),
        pytest.param("집에서".encode("iso2022_kr"), "", "집에서", id="iso-2022-kr undeclared"),
        pytest.param(("é" * 200).encode() + b"\xff", "", "é" * 200 + "\ufffd", id="nearly utf-8"),
    ],
)
def test_ladder(raw, declared, text):
    assert charset.decode(raw, declared).text == text


@pytest.mark.parametrize(
    ("raw", "declared", "other"),
    [
        pytest.param(b"at +ADIANwAg-Elm Road", "", "at 27 Elm Road", id="utf-7 undeclared"),
        pytest.param(b"+ADI-+ADc- Elm", "us-ascii", "27 Elm", id="each character in utf-7"),
        pytest.param(b"27 ~{VPND~} Elm", "", "27 中文 Elm", id="HZ undeclared"),
        pytest.param(b"We live at 27 Elm Road", "cp037", "We live at 27 Elm Road", id="ascii declared EBCDIC"),
        pytest.param(b"We live at 27 Elm Road", "utf-16", "We live at 27 Elm Road", id="ascii declared utf-16"),
    ],
)
def test_what_may_be_another_text_is_read_both_ways(raw, declared, other):
    assert charset.decode(raw, declared).other == other


@pytest.mark.parametrize("text", ["C++ and +ABC", "a +A1 b", "~{ not closed", "1+AB+2"])
def test_what_only_looks_like_an_encoding_is_one_text(text):
    decoded = charset.decode(text.encode())

    assert (decoded.text, decoded.other) == (text, "")


@pytest.mark.parametrize("name", ["koi8-r", "cp1251", "cp1253", "shift_jis", "gb18030", "euc-kr", "cp1252"])
def test_other_8_bit_texts_are_not_taken_for_ebcdic(name):
    texts = [
        "Мать и дочь переехали",
        "Η μητέρα και η κόρη",
        "母と娘は別の町の新しい",
        "어머니와 딸은 다른",
        "Über Öl ÄÖÜ ÉÈÀ Ça",
    ]

    for text in texts:
        assert not types.looks_like_ebcdic(text.encode(name, "replace"))


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", [b"+A", b"+AA", b"+AAAA-", b"~{~}", b"~{", b"\x1b(B", b"\x1b$", b"\x00a", b"\x40\x81"]
)
def test_hostile_escapes_are_decoded_in_bounded_time(piece):
    charset.decode(piece * (1_000_000 // len(piece)), guess=True)


def test_colours_of_a_terminal_stand_in_no_word(read_here):
    assert read_here(b"27 \x1b[31mLark\x1b[0mspur Gardens", "a.log").texts(PlaceKind.TEXT) == ["27 Larkspur Gardens"]


@pytest.mark.parametrize(
    ("name", "declared", "content"),
    [
        ("a.json", "application/json", b'{"street": "27 Larkspur Gardens"}'),
        ("a.json", "application/octet-stream", b'{"street": "27 Larkspur Gardens"}'),
        ("a.yaml", "application/x-yaml", b"street: 27 Larkspur Gardens\n"),
        ("a.csv", "application/vnd.ms-excel", b'"x","27 Larkspur Gardens"\n'),
        ("a.md", "text/markdown", b"# 27 Larkspur Gardens\n"),
        ("a.log", "", b"[info] 27 Larkspur Gardens\n"),
        ("a.ini", "application/x-setup", b"[x]\nstreet = 27 Larkspur Gardens\n"),
        ("a.py", "text/x-python", b"x = '27 Larkspur Gardens'\n"),
        ("a.pdf", "application/pdf", b"27 Larkspur Gardens\n"),
        ("a.png", "image/png", b"27 Larkspur Gardens\n"),
        ("a.bin", "application/zip", b"27 Larkspur Gardens\n"),
        ("a.tex", "application/x-tex", b"\\address{27 Larkspur Gardens}\n"),
    ],
)
def test_text_is_read_whole_whatever_it_is_called(read_here, name, declared, content):
    head = f"Content-Type: {declared or 'text/x-log'}; name={name}\r\nContent-Disposition: attachment\r\n\r\n"
    read = read_here(b"Subject: x\r\n" + head.encode() + content)

    assert "27 Larkspur Gardens" in read.text
    assert read.problems == []


XML = {
    "elements": "<a><no>27</no><street>Larkspur Gardens</street></a>",
    "a tag inside a word": "<a>27 Lark<b>spur</b> Gardens</a>",
    "attributes": "<a no='27' street='Larkspur Gardens'/>",
    "entities": "<a>&#50;&#x37; Larkspur Gardens</a>",
    "entities of its own": "<!DOCTYPE a [<!ENTITY x 'Lark'>]><a>27 &x;spur Gardens</a>",
    "CDATA": "<a>27 <![CDATA[Lark]]>spur Gardens</a>",
    "a comment": "<a><!-- 27 Larkspur Gardens --></a>",
    "a processing instruction": "<?note 27 Larkspur Gardens?><a/>",
    "a drawing": "<svg><text>27 <tspan>Larkspur</tspan> Gardens</text></svg>",
}


@pytest.mark.parametrize("name", ["a.xml", "a.txt", "a.svg", "a"])
@pytest.mark.parametrize("text", XML.values(), ids=XML.keys())
def test_xml_is_read_through_its_tags(read_here, text, name):
    read = read_here(f'<?xml version="1.0"?>\n{text}'.encode(), name)

    assert "27 Larkspur Gardens" in " ".join(read.text.split())
    assert read.texts(PlaceKind.TEXT)[0].startswith("<?xml")
    assert read.problems == []


def test_entities_that_multiply_are_put_in_once(read_here):
    bomb = "<!DOCTYPE a [" + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 50}'>" for n in range(1, 20)) + "]><a>&a19;</a>"
    read = read_here(b"<?xml version='1.0'?>" + bomb.encode(), "a.xml")

    assert len(read.text) < 150_000


CARDS = {
    "quoted-printable with soft breaks": b"NOTE;ENCODING=QUOTED-PRINTABLE:27 Lark=\r\nspur =47ardens\r\n",
    "the marks of vCard 2.1": b"NOTE;QUOTED-PRINTABLE:27 Larkspur =47ardens\r\n",
    "base64": b"NOTE;ENCODING=BASE64:MjcgTGFya3NwdXIgR2FyZGVucw==\r\n",
    "base64, folded": b"NOTE;ENCODING=b:MjcgTGFya3Nw\r\n dXIgR2FyZGVucw==\r\n",
    "escapes": b"ADR:;;27 Larkspur\\, Gardens\r\n",
    "a charset": b"NOTE;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:27 Larkspur Gardens =E9=E9\r\n",
    "a note of a calendar": b"DESCRIPTION:27 Lark\r\n spur Gardens\r\n",
    "html of a calendar": b"X-ALT-DESC;FMTTYPE=text/html:<p>27 Lark<b>spur</b> Gardens</p>\r\n",
    "an attached file": b"ATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY:MjcgTGFya3NwdXIgR2FyZGVucw==\r\n",
    "a data address": b"PHOTO:data:text/plain;base64,MjcgTGFya3NwdXIgR2FyZGVucw==\r\n",
}


@pytest.mark.parametrize("line", CARDS.values(), ids=CARDS.keys())
@pytest.mark.parametrize("before", [b"", b"see the card below\r\n"], ids=["alone", "below words"])
def test_values_of_a_card_are_read(read_here, line, before):
    read = read_here(before + b"BEGIN:VCARD\r\nVERSION:2.1\r\n" + line + b"END:VCARD\r\n", "a.vcf")

    assert "27 Larkspur Gardens" in " ".join(read.text.replace(",", "").split())
    assert read.problems == []


def test_a_picture_in_a_card_is_a_part(read_here):
    picture = binascii.b2a_base64(b"\x89PNG\r\n\x1a\n" + bytes(60)).replace(b"\n", b"\r\n ")
    read = read_here(b"BEGIN:VCARD\r\nPHOTO;ENCODING=b;TYPE=PNG:" + picture + b"\r\nEND:VCARD\r\n", "a.vcf")

    assert read.paths == ["a.vcf", "a.vcf/photo.1"]


@given(st.binary(max_size=300), st.text(max_size=12))
def test_decoding_never_raises(raw, declared):
    assert isinstance(charset.decode(raw, declared, guess=True).text, str)


@given(st.text(max_size=200))
def test_header_decoding_never_raises(value):
    headers.decode_words(value)
    headers.parameters(value)
    headers.display_names(value)


def test_parameters_keep_every_reading():
    found = headers.parameters("multipart/mixed; boundary=\"a;b\"; BOUNDARY=c; name*=utf-8'en'%C3%A9; x*1=2; x*0=1")

    assert found.value == "multipart/mixed"
    assert found.all == {"boundary": ("a;b", "c"), "name": ("é",), "x": ("12",)}


def test_display_names_leave_addresses_out():
    value = '"Ann Lee" <ann@example.org>, bob@example.org, C Dee <c@example.org>, D Eff d@example.org'

    assert headers.display_names(value) == "Ann Lee\nC Dee\nD Eff"


def test_text_whose_blanks_flowing_takes_is_read_as_others_show_it_too(read_here):
    """Outlook knows nothing of flowed text: it shows the blank at the end of the line, and the line end."""
    head = b"Subject: x\r\nContent-Type: text/plain; format=flowed; delsp=yes\r\n\r\n"
    read = read_here(head + b"27 Larkspur \r\nGardens\r\n")

    assert "27 LarkspurGardens" in read.texts(visibility=Visibility.VISIBLE)[-1]
    assert read.texts(visibility=Visibility.ALTERNATIVE) == ["27 Larkspur Gardens"]


def test_flowed_lines_are_joined_and_quotations_kept_apart():
    text = "> 12 High \n> Street\nand I \nsay\n-- \nsig"

    assert plain_text.unflow(text, delsp=False) == "> 12 High Street\nand I say\n-- \nsig"


@pytest.mark.parametrize(
    "intro",
    [
        "On Mon, 3 Nov 2025 at 10:00, Ann Example <ann@example.org> wrote:",
        "On Mon, 3 Nov 2025 at 10:00, Ann Example\n<ann@example.org> wrote:",
        "-----Original Message-----",
        "---------- Forwarded message ---------",
        "From: Ann\nSent: Monday\nTo: Bob\nSubject: x",
        "*From:* Ann\n*Date:* Monday\n*To:* Bob",
    ],
)
def test_a_thread_below_the_reply_is_quoted(intro):
    parts = dict(plain_text.split_quoted(f"my words\n\n{intro}\n\ntheir words"))

    assert parts[False].strip() == "my words"
    assert "their words" in parts[True]


def test_a_letter_that_says_from_is_not_a_thread():
    text = "From: the office\n\nWe write to you."

    assert list(plain_text.split_quoted(text)) == [(False, text)]


def test_quote_marks_are_taken_off_so_that_a_wrapped_address_stays_whole():
    parts = dict(plain_text.split_quoted("ok\n> 12 High\n> Street"))

    assert parts[True] == "12 High\nStreet"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "line", [b"begin 644 a\n", b"=ybegin line=1 name=a\n", b"On a wrote:\n", b"From: x\nTo: y\n", b"> ", b"-" * 9]
)
def test_hostile_lines_are_read_in_bounded_time(read_here, line):
    read = read_here(line * (1_000_000 // len(line)) + b"\nQuillfeather", "a.txt")

    assert "Quillfeather" in read.text


def test_a_megabyte_of_text_is_no_work(read_here):
    text = b"the quick brown fox: said On Monday wrote -- > and so on\r\n" * 18_000

    start = time.process_time()
    read = read_here(b"Subject: x\r\n\r\n" + text)

    assert read.problems == []
    assert time.process_time() - start < 20  # a hang, not a benchmark


def test_utf_16_behind_the_mark_of_utf_32_is_read(read_here):
    """To Notepad the mark is UTF-16's and a zero."""
    assert "Quillfeather lane" in read_here(b"\xff\xfe\0\0" + "Quillfeather lane".encode("utf-16-le"), "a.txt").text


def test_eight_bit_lines_appended_to_utf_16_are_read_as_well(read_here):
    """Programs append to a file without asking for its charset; what follows an odd number of bytes is shifted."""
    content = "first line\r\n".encode("utf-16") + b"Quillfeather lane\r\n+" + "third Acacia line".encode("utf-16-le")

    text = read_here(content, "a.txt").text

    assert "first line" in text
    assert "Quillfeather lane" in text
    assert "third Acacia line" in text


def test_a_card_that_was_pasted_into_text_is_read_as_a_card_and_the_text_stays(read_here):
    pasted = "Hello,\n\nBEGIN:VCARD\nVERSION:2.1\nADR;QUOTED-PRINTABLE:;;12 Aca=\ncia Road;Ashford\nEND:VCARD\n\nBye"

    read = read_here(pasted.encode(), "a.txt")

    assert "ADR: 12 Acacia Road, Ashford" in "\n".join(read.texts())
    assert [text for text in read.texts() if text.startswith("Hello,") and text.endswith("Bye")]
    assert "text/vcard" in [part.media_type for part in read.reading.parts]


def test_an_address_in_the_line_above_a_quotation_stays_whole(read_here):
    reply = "Hello\n\nOn 3 April 2012, at 4:19 PM, Bob <bob@example.org> wrote:\n\n> Hi\n"

    read = read_here(f"Subject: Re\n\n{reply}".encode())

    assert read.texts(PlaceKind.QUOTED) == ["On 3 April 2012, at 4:19 PM, Bob <bob@example.org> wrote:\n\nHi"]


def test_uuencode_without_a_name_is_decoded(read_here):
    line = binascii.b2a_uu(b"27 Larkspur Lane, Ashford").rstrip().decode()

    assert "27 Larkspur Lane, Ashford" in read_here(f"hello\nbegin 644 \n{line}\n`\nend\n".encode(), "a.txt").text


@pytest.mark.parametrize("sealed", ["$ANSIBLE_VAULT;1.1;AES256\n3031\n", "U2FsdGVkX1+abcdefghijklmnop\n"])
def test_what_other_programs_encrypted_into_text_is_encrypted(read_here, sealed):
    assert "encrypted" in read_here(sealed.encode(), "a.txt").reasons


@pytest.mark.parametrize("declared", ["cp037", "utf-16-le"])
def test_words_in_ascii_survive_a_charset_that_makes_rubbish_of_them(read_here, declared):
    head = f"Subject: x\r\nContent-Type: text/plain; charset={declared}\r\n\r\n"

    read = read_here(head.encode() + b"She lives at 27 Larkspur Lane now: caf\xe9..\r\n")

    assert "27 Larkspur Lane" in read.text

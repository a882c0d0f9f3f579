# SPDX-License-Identifier: GPL-3.0-or-later
"""Calendars and cards: every value is read, with how a person would meet it."""

import base64

import pytest

from safehold.model import PlaceKind, Visibility

PIXEL = b"\x89PNG\r\n\x1a\n" + bytes(40)


def event(*lines: str) -> bytes:
    return "\r\n".join(
        ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR", ""]
    ).encode()


def card(*lines: str, version: str = "4.0") -> bytes:
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""]).encode()


def shown(read) -> str:
    return "\n".join(read.texts(visibility=Visibility.VISIBLE))


def test_what_a_calendar_shows_is_visible(read_here):
    read = read_here(
        event(
            "SUMMARY:Review of Jane Doe",
            "LOCATION:12 Acacia Road\\, Ashford\\nTN99 9ZZ",
            'ATTENDEE;CN="Doe, Jane";ROLE=REQ-PARTICIPANT:mailto:jane@example.org',
        ),
        "a.ics",
    )

    assert read.reading.parts[0].media_type == "text/calendar"
    assert "SUMMARY: Review of Jane Doe" in shown(read)
    assert "LOCATION: 12 Acacia Road, Ashford\nTN99 9ZZ" in shown(read)
    assert "Doe, Jane" in shown(read)
    assert "ATTENDEE: mailto:jane@example.org" in shown(read)


def test_a_fold_inside_a_character_and_a_word_is_undone(read_here):
    folded = (
        event("SUMMARY:Café Quillfeather")
        .replace(b"Caf\xc3\xa9", b"Caf\xc3\r\n \xa9")
        .replace(b"Quill", b"Qui\r\n\tll")
    )

    assert "SUMMARY: Café Quillfeather" in shown(read_here(folded, "a.ics"))


def test_what_only_the_file_has_is_hidden(read_here):
    read = read_here(
        b"before\r\n"
        + event(
            "UID:uid-words@example.org",
            "X-SECRET:x words",
            "SUMMARY;X-NOTE=note words:s",
            "ATTACH:https://a.example/link",
        )
        + b"after\r\n",
        "a.ics",
    )

    hidden = "\n".join(read.texts(visibility=Visibility.HIDDEN))
    assert all(words in hidden for words in ("before", "after", "uid-words@example.org", "x words"))
    attributes = "\n".join(read.texts(visibility=Visibility.ATTRIBUTE))
    assert "note words" in attributes
    assert "https://a.example/link" in attributes
    assert "words" not in shown(read)


def test_an_alarm_and_its_mail_are_visible(read_here):
    read = read_here(
        event("BEGIN:VALARM", "ACTION:EMAIL", "DESCRIPTION:call the refuge", "SUMMARY:alarm", "END:VALARM"), "a.ics"
    )

    assert "DESCRIPTION: call the refuge" in shown(read)


@pytest.mark.parametrize(
    "line",
    [
        "ATTACH;FMTTYPE=image/png;ENCODING=BASE64;VALUE=BINARY;FILENAME=plan.png:" + base64.b64encode(PIXEL).decode(),
        "ATTACH;FMTTYPE=image/png;X-FILENAME=plan.png:data:image/png;base64," + base64.b64encode(PIXEL).decode(),
    ],
    ids=["binary", "data uri"],
)
def test_an_inline_file_is_a_part_of_its_own(read_here, line):
    read = read_here(event(line), "a.ics")

    assert read.paths == ["a.ics", "a.ics/plan.png"]
    assert read.reading.parts[1].media_type == "image/png"
    assert read.reading.parts[1].size_bytes == len(PIXEL)


def test_an_html_description_is_read_as_html(read_here):
    read = read_here(event("X-ALT-DESC;FMTTYPE=text/html:<p>w<b>or</b>d\\, here</p><p hidden>secret</p>"), "a.ics")

    assert "word, here" in shown(read)
    assert "secret" in "\n".join(read.texts(visibility=Visibility.HIDDEN))


def test_names_and_addresses_of_a_card_read_as_people_write_them(read_here):
    read = read_here(
        card("N:Doe;Jane;Ann;Dr;", "item1.ADR;TYPE=home:;;12 Acacia Road;Ashford;Kent;TN99 9ZZ;UK"), "a.vcf"
    )

    assert read.reading.parts[0].media_type == "text/vcard"
    assert "N: Doe, Jane, Ann, Dr" in shown(read)
    assert "Dr Jane Ann Doe" in shown(read)
    assert "ADR: 12 Acacia Road, Ashford, Kent, TN99 9ZZ, UK" in shown(read)


def test_an_old_card_with_quoted_printable_its_charset_and_soft_breaks(read_here):
    old = card(
        "N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:Dou=E9;Jane",
        "NOTE;QUOTED-PRINTABLE:first line=0D=0A=",
        "second li=",
        "ne",
        "TEL;HOME;VOICE:07700 900123",
        version="2.1",
    )

    text = shown(read_here(old, "a.vcf"))

    assert "Doué, Jane" in text
    assert "first line\r\nsecond line" in text
    assert "TEL: 07700 900123" in text


def test_a_fold_of_an_old_card_is_a_blank_and_may_be_none(read_here):
    read = read_here(card("NOTE:Acacia\r\n Road and Quill\r\n feather", version="2.1"), "a.vcf")

    assert "Acacia Road" in shown(read)
    assert "Quillfeather" in "\n".join(read.texts(visibility=Visibility.ALTERNATIVE))


def test_a_photo_in_unindented_lines_is_a_part(read_here):
    encoded = base64.b64encode(PIXEL).decode()
    read = read_here(
        card("PHOTO;PNG;ENCODING=BASE64:", encoded[:30], encoded[30:], "", "NOTE:after", version="2.1"), "a.vcf"
    )

    assert read.reading.parts[1].media_type == "image/png"
    assert "NOTE: after" in shown(read)


def test_a_card_inside_a_card_is_read(read_here):
    read = read_here(card("AGENT:BEGIN:VCARD\\nFN:Inner Person\\nEND:VCARD\\n", version="3.0"), "a.vcf")

    assert "FN: Inner Person" in shown(read)


@pytest.mark.parametrize(
    "line",
    [b"ORGANIZER;CNmerubajususa:mailto:a@b.example", b"ATTACH;FMTTYPE=text/pl merubajususa:https://a.example/"],
)
def test_a_parameter_that_is_none_is_read(read_here, line):
    assert "merubajususa" in read_here(event("SUMMARY:x", line.decode()), "a.ics").text


def test_a_byte_order_mark_inside_a_value_is_none(read_here):
    made = card("FN:x", "URL:MARKs://a.example/jane").replace(b"MARK", b"\xfe\xff\xff\xff")

    assert "a.example/jane" in read_here(made, "a.vcf").text


def test_utf_16_is_read(read_here):
    read = read_here(card("FN:Jane Doe").decode().encode("utf-16"), "a.vcf")

    assert "FN: Jane Doe" in shown(read)


def test_an_invitation_in_a_message_is_part_of_its_body(read_here):
    read = read_here(
        b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\n"
        + event("SUMMARY:Review")
    )

    assert "SUMMARY: Review" in "\n".join(read.texts(PlaceKind.BODY))


def test_a_file_that_only_claims_to_be_a_calendar_is_text(read_here):
    assert shown(read_here(b"Subject: x\r\nContent-Type: text/calendar\r\n\r\njust words\r\n")).endswith("just words")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "line", [";" * 200_000, ';"' * 100_000, "\r\n" * 200_000, "A;" * 100_000, "\\" * 200_000 + ";", " BEGIN:" * 30_000]
)
def test_hostile_lines_are_read_in_bounded_time(read_here, line):
    assert "Quillfeather" in read_here(event("N:" + line, line, "SUMMARY:Quillfeather"), "a.ics").text


CORNERS = {
    "the name of a component": event("BEGIN:X-QUILLFEATHER", "END:X-QUILLFEATHER"),
    "the end of a component that nobody began": event("END:QUILLFEATHER"),
    "the name of a property": event("X-QUILLFEATHER:1"),
    "the name of a parameter": event("SUMMARY;X-QUILLFEATHER=1:x"),
    "the name of a group": card("Quillfeather.TEL:1"),
    "a kind of value that nobody knows": event("SUMMARY;VALUE=Quillfeather:x"),
    "an encoding that nobody knows": event("SUMMARY;ENCODING=Quillfeather:x"),
    "HTML in a description": event("DESCRIPTION:<p>Quill<b>feather</b></p>"),
    "entities in a description": event("DESCRIPTION:<p>&#81;uillfeather</p>"),
    "a file in a parameter": event('DESCRIPTION;ALTREP="data:text/html,%3Cp%3E%51uillfeather":x'),
    "a value that says it is bytes": event("ATTACH;VALUE=BINARY:UXVpbGxmZWF0aGVy"),
    "base64 that nobody declared": card(f"NOTE:{base64.b64encode(b'ask for Quillfeather there').decode()}"),
    "markup in XML": event("XML:<a>Quill<b/>feather</a>"),
    "quoted-printable with a lone carriage return": card("NOTE;ENCODING=QUOTED-PRINTABLE:x=\rQuillfeather"),
}


@pytest.mark.parametrize("content", CORNERS.values(), ids=CORNERS.keys())
def test_what_stands_where_no_program_looks_is_read(read_here, content):
    read = read_here(content, "a.vcf" if b"VCARD" in content else "a.ics")

    assert "quillfeather" in read.text.lower()


def test_a_number_as_the_value_of_a_parameter_is_read(read_here):
    assert "07700900123" in read_here(event("SUMMARY;X-NOTE=07700900123:x"), "a.ics").text

# SPDX-License-Identifier: GPL-3.0-or-later
"""Calendars (RFC 5545, 7986, 9073, vCalendar 1.0), contact cards (RFC 6350, 2426, vCard 2.1) and tables in text."""

import base64

from canaries.core import ANY, ATTRIBUTE, HIDDEN, Canary, Words, halves


def _file(*lines: str) -> bytes:
    return ("\r\n".join(lines) + "\r\n").encode()


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _quoted_printable(text: str) -> str:
    return "".join(f"={byte:02X}" for byte in text.encode())


def build_ics() -> list[Canary]:
    """Return calendars, new and old."""
    w = Words("ics", "calendar")
    fold = halves(w("folded inside a word"))
    new = _file(
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:-//{w('PRODID', HIDDEN)}//EN",
        f"NAME:{w('NAME')}",
        f"X-WR-CALNAME:{w('X-WR-CALNAME', ANY)}",
        f"X-WR-CALDESC:{w('X-WR-CALDESC', ANY)}",
        "BEGIN:VTIMEZONE",
        f"TZID:{w('TZID', HIDDEN)}",
        "BEGIN:STANDARD",
        "DTSTART:19701025T020000",
        f"TZNAME:{w('TZNAME')}",
        f"COMMENT:{w('COMMENT of a time zone')}",
        "END:STANDARD",
        "END:VTIMEZONE",
        "BEGIN:VEVENT",
        f"UID:{w('UID', HIDDEN)}@example.org",
        "DTSTART:20250602T090000Z",
        f"SUMMARY:{w('SUMMARY')}",
        f"SUMMARY;LANGUAGE=cy:{w('SUMMARY in another language')}",
        f'DESCRIPTION;ALTREP="https://a.example/{w("ALTREP", ATTRIBUTE)}":first\\n{w("DESCRIPTION")} {fold[0]}',
        f" {fold[1]}\\, {w('behind a fold')}",
        f"LOCATION:Room\\; {w('LOCATION')}",
        f"COMMENT:{w('COMMENT')}",
        f"CONTACT:{w('CONTACT')}",
        f"CATEGORIES:x,{w('CATEGORIES')}",
        f"RESOURCES:{w('RESOURCES')}",
        f"URL:https://a.example/{w('URL')}",
        f"ORGANIZER;CN={w('CN of the organizer')}:mailto:{w('ORGANIZER')}@example.org",
        f'ATTENDEE;CN="{w("CN of an attendee")}; x";DIR="ldap://{w("DIR", ATTRIBUTE)}":mailto:{w("ATTENDEE")}@b.example',
        f"ATTENDEE;CN=^'{w('CN with carets')}^':mailto:c@example.org",
        f"RELATED-TO:{w('RELATED-TO', HIDDEN)}",
        f"REQUEST-STATUS:2.0;{w('REQUEST-STATUS', ANY)};x",
        f"ATTACH:https://a.example/{w('ATTACH, link', ATTRIBUTE)}",
        f"ATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY:{_b64(w('ATTACH, inline'))}",
        f"ATTACH;FMTTYPE=text/plain;FILENAME={w('name of an inline file', ANY)}.txt:data:text/plain;base64,"
        f"{_b64(w('ATTACH, data address'))}",
        f'X-ALT-DESC;FMTTYPE=text/html:<html><body>{w("X-ALT-DESC")}<p style="display:none">'
        f"{w('hidden in X-ALT-DESC', HIDDEN)}</p></body></html>",
        f"X-MICROSOFT-CDO-NOTE:{w('X- property', HIDDEN)}",
        f"SUMMARY;X-PARAM={w('X- parameter', ATTRIBUTE)}:x",
        f"STYLED-DESCRIPTION;VALUE=TEXT;FMTTYPE=text/html:<p>{w('STYLED-DESCRIPTION')}</p>",
        f"CONFERENCE;LABEL={w('LABEL of a conference', ANY)}:https://a.example/{w('CONFERENCE', ANY)}",
        f"IANA-PROPERTY:{w('unknown property')}",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{w('alarm, DESCRIPTION')}",
        "END:VALARM",
        "BEGIN:VALARM",
        "ACTION:EMAIL",
        f"SUMMARY:{w('alarm, SUMMARY')}",
        f"ATTENDEE:mailto:{w('alarm, ATTENDEE')}@example.org",
        "END:VALARM",
        "BEGIN:PARTICIPANT",
        f"NAME:{w('PARTICIPANT')}",
        "END:PARTICIPANT",
        "BEGIN:VLOCATION",
        f"NAME:{w('VLOCATION')}",
        "END:VLOCATION",
        "END:VEVENT",
        "BEGIN:VTODO",
        f"SUMMARY:{w('VTODO')}",
        "END:VTODO",
        "BEGIN:VJOURNAL",
        f"DESCRIPTION:{w('VJOURNAL')}",
        "END:VJOURNAL",
        "BEGIN:VFREEBUSY",
        f"COMMENT:{w('VFREEBUSY')}",
        "END:VFREEBUSY",
        "BEGIN:X-COMPONENT",
        f"X-NOTE:{w('X- component', HIDDEN)}",
        "END:X-COMPONENT",
        "END:VCALENDAR",
        w("behind the calendar", HIDDEN),
        "BEGIN:VCALENDAR",
        "BEGIN:VEVENT",
        f"SUMMARY:{w('second calendar in the file')}",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    old = Words("ics", "old calendar")
    content = _file(
        "BEGIN:VCALENDAR",
        "VERSION:1.0",
        "BEGIN:VEVENT",
        f"SUMMARY;ENCODING=QUOTED-PRINTABLE:caf=C3=A9 {_quoted_printable(old('quoted-printable'))}",
        f"DESCRIPTION;QUOTED-PRINTABLE;CHARSET=ISO-8859-1:caf=E9 =\r\n{old('behind a soft break')}",
        f"AALARM:{old('AALARM')}",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    wide = Words("ics", "UTF-16 calendar")
    text = f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:{wide('SUMMARY')}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    return [
        w.file(new, "invite.ics"),
        old.file(content, "old.vcs"),
        wide.file(text.encode("utf-16"), "wide.ics"),
    ]


def build_vcf() -> list[Canary]:
    """Return cards of all three versions."""
    w = Words("vcf", "card 4.0")
    new = _file(
        "BEGIN:VCARD",
        "VERSION:4.0",
        f"FN:{w('FN')}",
        f"N:{w('N, family')};{w('N, given')};{w('N, additional')};{w('N, prefix')};{w('N, suffix')}",
        f"NICKNAME:{w('NICKNAME')}",
        f'ADR;LABEL="{w("LABEL of ADR")}\\nx":{w("ADR, box")};{w("ADR, extended")};12 {w("ADR, street")} Road;'
        f"{w('ADR, town')};{w('ADR, region')};TN99 9ZZ;{w('ADR, country')}",
        f"item1.TEL;VALUE=uri:tel:{w('TEL in a group')}",
        f"item1.X-ABLabel:{w('label of a group', HIDDEN)}",
        f"EMAIL:{w('EMAIL')}@example.org",
        f"IMPP:xmpp:{w('IMPP')}@example.org",
        f"TITLE:{w('TITLE')}",
        f"ROLE:{w('ROLE')}",
        f"ORG:{w('ORG, name')};{w('ORG, unit')}",
        f"MEMBER:mailto:{w('MEMBER')}@example.org",
        f"RELATED;TYPE=child:urn:uuid:{w('RELATED', ANY)}",
        f"RELATED;VALUE=text:{w('RELATED, text', ANY)}",
        f"NOTE:first\\n{w('NOTE')}",
        f"CATEGORIES:x,{w('CATEGORIES')}",
        f"GENDER:O;{w('GENDER, words')}",
        f"LANG;X-NOTE={w('parameter', ATTRIBUTE)}:en",
        f"SOURCE:https://a.example/{w('SOURCE', ANY)}",
        f"URL:https://a.example/{w('URL')}",
        f"KEY:data:text/plain,{w('KEY, data address')}",
        f"PHOTO:data:text/plain;base64,{_b64(w('PHOTO, data address'))}",
        f"HOBBY:{w('HOBBY')}",
        f"BIRTHPLACE:{w('BIRTHPLACE')}",
        f"X-SPOUSE:{w('X- property', HIDDEN)}",
        f"PRODID:{w('PRODID', HIDDEN)}",
        f"UID:{w('UID', HIDDEN)}",
        "END:VCARD",
    )
    middle = Words("vcf", "card 3.0")
    fold = halves(middle("folded inside a word"))
    third = _file(
        "BEGIN:VCARD",
        "VERSION:3.0",
        f"FN:{middle('FN')}",
        f"NOTE:{fold[0]}\r\n {fold[1]} and {middle('NOTE')}",
        f"LABEL;TYPE=HOME:{middle('LABEL')}\\nx",
        f"MAILER:{middle('MAILER', HIDDEN)}",
        f"SORT-STRING:{middle('SORT-STRING', HIDDEN)}",
        f"AGENT:BEGIN:VCARD\\nFN:{middle('AGENT')}\\nEND:VCARD\\n",
        f"PHOTO;ENCODING=b;TYPE=TEXT:{_b64(middle('PHOTO, inline'))}",
        "END:VCARD",
        "BEGIN:VCARD",
        "VERSION:3.0",
        f"FN:{middle('second card in the file')}",
        "END:VCARD",
    )
    old = Words("vcf", "card 2.1")
    first = _file(
        "BEGIN:VCARD",
        "VERSION:2.1",
        f"N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:{_quoted_printable(old('N, quoted-printable'))};x",
        f"ADR;HOME:;;{old('ADR')};Ashford",
        f"LABEL;HOME;ENCODING=QUOTED-PRINTABLE:12 x=0D=0A=\r\n{old('LABEL, behind a soft break')}",
        f"NOTE;ENCODING=BASE64:\r\n {_b64(old('NOTE, base64'))}\r\n",
        "AGENT:",
        "BEGIN:VCARD",
        f"FN:{old('AGENT, nested')}",
        "END:VCARD",
        "END:VCARD",
    )
    latin = Words("vcf", "Latin-1 card")
    raw = f"BEGIN:VCARD\r\nVERSION:2.1\r\nFN;CHARSET=ISO-8859-1:Ren\xe9 {latin('FN')}\r\nEND:VCARD\r\n".encode(
        "latin-1"
    )
    return [
        w.file(new, "card.vcf"),
        middle.file(third, "cards.vcf"),
        old.file(first, "old.vcf"),
        latin.file(raw, "latin.vcf"),
    ]


def build_csv() -> list[Canary]:
    """Return tables with every delimiter and coding that Excel writes."""
    made: list[Canary] = []

    def file(title: str, make, codec: str = "utf-8", name: str = "staff.csv") -> None:
        w = Words("csv", title)
        made.append(w.file(make(w).encode(codec), name))

    file("commas", lambda w: f"{w('heading')},b\r\n1,{w('cell')}\r\n")
    file("semicolons", lambda w: f"{w('heading')};b\r\ncafé;{w('cell')}\r\n", "cp1252")
    file("UTF-16 with tabs", lambda w: f"{w('heading')}\tb\r\n1\t{w('cell')}\r\n", "utf-16")
    file(
        "quotes", lambda w: f'a,"{w("quoted")}, ""{w("doubly quoted")}"""\r\n"x\r\n{w("second line of a cell")}",1\r\n'
    )
    file("said delimiter", lambda w: f"sep=|\r\na|{w('cell')}\r\n")
    file("a letter as the delimiter", lambda w: f"sep=a\r\nba{w('cell', ANY)}\r\n")
    file("formulas", lambda w: f'="{w("text formula")}",=HYPERLINK("https://a.example/{w("link formula")}")\r\n')
    file("short rows", lambda w: f"a,b,c\r\n\r\n{w('short row')}\r\n1,2,3,{w('cell beyond the headings')}\r\n")
    file("tab-separated", lambda w: f"a\t{w('cell')}\r\n", name="a.tsv")
    return made

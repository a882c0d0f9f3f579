# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E501 - tables of messages, one a line
"""Messages, whole and broken: a word that some mail client would show must be found."""

import base64
import binascii
import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safehold.model import PlaceKind, Visibility
from safehold.reading.limits import Limits
from safehold.reading.mail import mime, salvage

CANARY = "Quillfeather"


def crlf(*lines: str) -> bytes:
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n"


def b64(text: str | bytes) -> str:
    raw = text.encode() if isinstance(text, str) else text
    return base64.encodebytes(raw).decode().replace("\n", "\r\n").rstrip()


HEAD = ("From: Ann Example <ann@example.org>", "To: bob@example.org", "Subject: subject words", "MIME-Version: 1.0")
MIXED = (*HEAD, 'Content-Type: multipart/mixed; boundary="xx"', "")


def multipart(*parts: str) -> bytes:
    lines = [*MIXED]
    for part in parts:
        lines += ["--xx", part]
    return crlf(*lines, "--xx--")


def uu(raw: bytes) -> str:
    lines = [binascii.b2a_uu(raw[i : i + 45]).decode().rstrip("\n") for i in range(0, len(raw), 45)]
    return "\r\n".join(["begin 644 note.txt", *lines, "`", "end"])


MAILBOX = "From a\r\nFrom: a@example.org\r\nSubject: one\r\n\r\nhello\r\n\r\nFrom a\r\nFrom: a@b.example\r\n"

PLACES = {
    "the subject": crlf("Subject: about Quillfeather", "", "x"),
    "a subject in two encoded words that cut a character": crlf("Subject: =?utf-8?b?w4k=?= =?utf-8?q?Quill?=\r\n =?utf-8?q?feather?=", "", "x"),
    "a second subject": crlf("Subject: one", "Subject: Quillfeather", "", "x"),
    "a raw 8-bit subject": b"Subject: Quillfeather \xa3\r\n\r\nx\r\n",
    "a display name": crlf("To: =?iso-8859-1?q?Mrs_Quillfeather?= <a@example.org>", "", "x"),
    "a header of somebody's own": crlf("X-Case: Quillfeather", "", "x"),
    "keywords": crlf("Keywords: Quillfeather", "", "x"),
    "the body": crlf(*HEAD, "", "Dear Quillfeather"),
    "a quoted line": crlf(*HEAD, "", "ok", "> Quillfeather"),
    "quoted-printable": crlf(*HEAD, "Content-Transfer-Encoding: quoted-printable", "", "Quill=", "feather"),
    "base64": crlf(*HEAD, "Content-Transfer-Encoding: base64", "", b64("the Quillfeather")),
    "base64 with rubbish in it": crlf(*HEAD, "Content-Transfer-Encoding: base64", "", b64("the Quillfeather").replace("UXV", "U*X!V")),
    "base64 in two padded pieces": crlf(*HEAD, "Content-Transfer-Encoding: base64", "", b64("A") + b64("Quillfeather")),
    "base64 cut short": crlf(*HEAD, "Content-Transfer-Encoding: base64", "", b64("x Quillfeather y")[:-3]),
    "a footer below base64": crlf(*HEAD, "Content-Transfer-Encoding: base64", "", b64("hello"), "", "list footer for Quillfeather"),
    "flowed text": crlf(*HEAD, "Content-Type: text/plain; format=flowed; delsp=yes", "", "Quill ", "feather"),
    "a charset nobody knows": crlf(*HEAD, "Content-Type: text/plain; charset=x-nowhere", "", "Quillfeather é"),
    "utf-16": crlf(*HEAD, "Content-Type: text/plain; charset=utf-16", "Content-Transfer-Encoding: base64", "", b64("Quillfeather".encode("utf-16"))),
    "utf-7": crlf(*HEAD, "Content-Type: text/plain; charset=utf-7", "", "+AFE-uillfeather"),
    "html": crlf(*HEAD, "Content-Type: text/html", "", "<p>Qu<b>ill</b>feather</p>"),
    "an html alternative": multipart("Content-Type: text/plain\r\n\r\nplain", "Content-Type: text/html\r\n\r\n<p>Quillfeather</p>"),
    "a text attachment": multipart("\r\nbody", "Content-Type: text/plain; name=a.txt\r\n\r\nQuillfeather"),
    "a file name": multipart("\r\nbody", 'Content-Type: image/png; name="Quillfeather.png"\r\n\r\nx'),
    "a file name by RFC 2231": multipart("\r\nbody", "Content-Disposition: attachment; filename*0*=utf-8''Qu%69ll; filename*1=feather.txt\r\n\r\nx"),
    "a file name by RFC 2047": multipart("\r\nbody", 'Content-Disposition: attachment; filename="=?utf-8?b?UXVpbGxmZWF0aGVyLnR4dA==?="\r\n\r\nx'),
    "the second of two names": multipart("\r\nbody", 'Content-Type: image/png; name="a.png"\r\nContent-Disposition: attachment; filename=Quillfeather.png\r\n\r\nx'),
    "the preamble": crlf(*MIXED, "Quillfeather", "--xx", "", "a", "--xx--"),
    "the epilogue": crlf(*MIXED, "--xx", "", "a", "--xx--", "Quillfeather"),
    "a part behind the closing boundary": crlf(*MIXED, "--xx", "", "a", "--xx--", "--xx", "Content-Transfer-Encoding: base64", "", b64("Quillfeather")),
    "a multipart that is never closed": crlf(*MIXED, "--xx", "", "a", "--xx", "", "Quillfeather"),
    "a multipart without boundary": crlf(*HEAD, "Content-Type: multipart/mixed", "", "--xx", "Content-Transfer-Encoding: base64", "", b64("Quillfeather"), "--xx--"),
    "a multipart with the wrong boundary": crlf(*HEAD, "Content-Type: multipart/mixed; boundary=yy", "", "--xx", "Content-Transfer-Encoding: base64", "", b64("Quillfeather"), "--xx--"),
    "the second of two boundaries": crlf(*HEAD, "Content-Type: multipart/mixed; boundary=yy; boundary=xx", "", "--xx", "Content-Transfer-Encoding: base64", "", b64("Quillfeather"), "--xx--"),
    "the second of two content types": crlf(*HEAD, "Content-Type: text/plain", "Content-Type: multipart/mixed; boundary=xx", "", "--xx", "Content-Transfer-Encoding: base64", "", b64("Quillfeather"), "--xx--"),
    "a nested message": multipart("\r\nbody", "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nQuillfeather"),
    "the subject of a nested message": multipart("\r\nbody", "Content-Type: message/rfc822\r\n\r\nSubject: Quillfeather\r\nFrom: a@example.org\r\n\r\nx"),
    "a nested message in base64": multipart("\r\nbody", "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64("Subject: inner\r\n\r\nQuillfeather")),
    "a message as a file": multipart("\r\nbody", "Content-Type: application/octet-stream; name=a.eml\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64("From: a@example.org\r\nTo: b@example.org\r\nSubject: Quillfeather\r\n\r\nx")),
    "a digest": crlf(*HEAD, "Content-Type: multipart/digest; boundary=xx", "", "--xx", "", "Subject: Quillfeather", "", "x", "--xx--"),
    "a delivery status": multipart("\r\nbody", "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; a\r\n\r\nDiagnostic-Code: smtp; 550 no Quillfeather"),
    "uuencode in the body": crlf(*HEAD, "", "see below", uu(b"the Quillfeather"), "bye"),
    "yEnc in the body": b"Subject: x\r\n\r\n=ybegin line=128 size=12 name=a.txt\r\n" + bytes((c + 42) & 255 for c in b"Quillfeather") + b"\r\n=yend size=12\r\n",
    "a part of message/partial": crlf(*HEAD, "Content-Type: message/partial; id=a; number=1; total=2", "", "Quillfeather"),
    "a header line that is none": crlf("Subject: x", "no colon Quillfeather", "", "body"),
    "a body without headers": crlf("", "Quillfeather"),
    "bare LF lines": b"Subject: x\n\nQuillfeather\n",
    "an unknown multipart": crlf(*HEAD, "Content-Type: multipart/x-odd; boundary=xx", "", "--xx", "", "Quillfeather", "--xx--"),
    "8-bit text called ascii": crlf(*HEAD, "Content-Type: text/plain; charset=us-ascii", "", "Quillfeather £"),
    "quoted-printable with blanks behind a soft break": crlf(*HEAD, "Content-Transfer-Encoding: quoted-printable", "", "Quill= \t", "feather"),
    "quoted-printable with a lone carriage return": crlf(*HEAD, "Content-Transfer-Encoding: quoted-printable", "", "x =\rQuillfeather", "more"),
    "a word that claims to be base64": crlf(*MIXED, "--xx", "Content-Transfer-Encoding: base64", "", "Quillfeather", "--xx--"),
    "a comment before the type": crlf(*HEAD, "Content-Type: (a/b; c) multipart/mixed; boundary=xx", "", "--xx", "Content-Transfer-Encoding: base64", "", b64("Quillfeather"), "--xx--"),
    "a comment inside the type": crlf(*HEAD, "Content-Type: multipart (c) / mixed; boundary=xx", "", "--xx", "Content-Transfer-Encoding: base64", "", b64("Quillfeather"), "--xx--"),
    "a blank before the colon of a type": crlf(*HEAD, "Content-Type : multipart/mixed; boundary=xx", "", "--xx", "Content-Transfer-Encoding: base64", "", b64("Quillfeather"), "--xx--"),
    "a blank before the colon of an encoding": crlf(*HEAD, "Content-Transfer-Encoding : base64", "", b64("Quillfeather")),
    "the same in a part": multipart("Content-Type: text/plain\r\nContent-Transfer-Encoding : base64\r\n\r\n" + b64("Quillfeather")),
    "a line that is no header above a type": crlf(*HEAD, "no header", "Content-Type: multipart/mixed; boundary=xx", "", "--xx", "Content-Transfer-Encoding: base64", "", b64("Quillfeather"), "--xx--"),
    "a line that is no header above an encoding": crlf(*HEAD, "no header", "Content-Transfer-Encoding: base64", "", b64("Quillfeather")),
    "a byte order mark above the headers": b"\xef\xbb\xbf" + multipart("Content-Transfer-Encoding: base64\r\n\r\n" + b64("Quillfeather")),
    "parts in a plain text": crlf(*HEAD, "Content-Type: text/plain", "", "--xx", "Content-Type: text/plain", "", "one", "--xx", "Content-Type: text/plain", "Content-Transfer-Encoding: base64", "", b64("Quillfeather"), "--xx--"),
    "words behind a boundary": crlf(*MIXED, "--xx", "", "a", "--xx and more", "Content-Transfer-Encoding: base64", "", b64("Quillfeather"), "--xx--"),
    "a boundary that only begins alike": crlf(*MIXED, "--xx", "", "a", "--xxyz", "Content-Transfer-Encoding: base64", "", b64("Quillfeather"), "--xx--"),
    "a long wrong boundary": crlf(*MIXED, "--" + "y" * 300, "Content-Transfer-Encoding: base64", "", b64("Quillfeather"), "--" + "y" * 300 + "--"),
    "the name of an empty part with the wrong boundary": crlf(*MIXED, "--yy", "Content-Disposition: attachment; filename*=utf-8''Quill%66eather.txt", "", "", "--yy--"),
    "the second message of a mailbox": multipart("\r\nbody", f"Content-Type: application/mbox; name=a.mbox\r\n\r\n{MAILBOX}Content-Transfer-Encoding: base64\r\n\r\n{b64('Quillfeather')}"),
    "the source of a message in a text": multipart("\r\nbody", "Content-Type: text/plain; name=a.txt\r\n\r\n1234\r\nFrom: a@example.org\r\nSubject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64("Quillfeather")),
    "encoded text without a transfer encoding": crlf(*HEAD, "", *[base64.b64encode((f"{CANARY} " * 20).encode()).decode()[i : i + 76] for i in range(0, 320, 76)]),
}  # fmt: skip


def lines64(text: str, width: int = 60) -> str:
    encoded = base64.b64encode(text.encode()).decode()
    return "\r\n".join(encoded[at : at + width] for at in range(0, len(encoded), width))


LETTER = f"Dear all, as agreed on the telephone this morning we now live at 27 Larkspur Gardens, and {CANARY} does too.\nYours"

PASTED = {
    "base64 lines in a plain body": crlf(*HEAD, "", "see below", "", lines64(LETTER), "", "bye"),
    "base64 lines below others in a quotation": crlf(*HEAD, "", "see below", *(f"> {line}" for line in lines64(LETTER).split("\r\n")), "> bye"),
    "base64 declared 7bit": crlf(*HEAD, "Content-Transfer-Encoding: 7bit", "", lines64(LETTER)),
    "base64 declared 8bit in an attachment": multipart("\r\nbody", "Content-Type: application/octet-stream; name=a.txt\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + lines64(LETTER)),
    "base64 in one long line": crlf(*HEAD, "", "x " + base64.b64encode(LETTER.encode()).decode() + " y"),
    "base64 of one word": crlf(*HEAD, "", "password: " + base64.b64encode(b"ask for Quillfeather").decode()),
    "base64 for addresses": crlf(*HEAD, "", "x " + base64.urlsafe_b64encode(b"so~~ ask for Quillfeather ok?").decode()),
    "base64 in a link": crlf(*HEAD, "", "https://example.org/x?t=" + base64.b64encode(b"ask for Quillfeather").decode()),
    "base64 in base64": crlf(*HEAD, "", lines64(lines64(LETTER).replace("\r\n", ""))),
    "hex": crlf(*HEAD, "", b"we ask for Quillfeather".hex()),
    "a zip in base64": lambda: crlf(*HEAD, "", "see below", b64(zipped("a.txt", b"Quillfeather lives here"))),
    "quoted-printable with soft breaks": crlf(*HEAD, "Content-Transfer-Encoding: 7bit", "", "the address of Quill=", "feather is known"),
    "quoted-printable codes": crlf(*HEAD, "Content-Transfer-Encoding: 8bit", "", "ask =51=75=69=6C=6Cfeather"),
    "an encoded word in the body": crlf(*HEAD, "", "see =?utf-8?B?UXVpbGxmZWF0aGVy?= there"),
    "an encoded word glued to others in the body": crlf(*HEAD, "", "see=?utf-8?q?Quill=66eather?=there"),
    "entities in a plain body": crlf(*HEAD, "", "ask &#81;uill&#102;eather"),
    "tags in a plain body": crlf(*HEAD, "", "ask <b>Quill</b>feather"),
    "uuencode in a page": crlf(*HEAD, "Content-Type: text/html", "", "<p>x</p><pre>" + uu(b"the Quillfeather letter").replace("&", "&amp;").replace("<", "&lt;") + "</pre>"),
    "base64 in a page": crlf(*HEAD, "Content-Type: text/html", "", "<p>" + lines64(LETTER).replace("\r\n", "<br>") + "</p>"),
    "uuencode in a quotation": crlf(*HEAD, "", *(f"> {line}" for line in uu(b"the Quillfeather letter").split("\r\n"))),
    "escapes of a program": crlf(*HEAD, "", '"name": "Quill\\u0066eather"'),
    "an address book": multipart("Content-Type: text/plain; name=a.ldif\r\n\r\ndn: cn=x\r\ncn:: UXVpbGxm\r\n ZWF0aGVy"),
    "words behind the padding of base64": crlf(*HEAD, "Content-Transfer-Encoding: base64", "", b64("the Quillfeather") + " ignored"),
}  # fmt: skip

HEADERS = {
    "an encoded word glued to others": crlf("Subject: xx=?utf-8?q?Quill?==?utf-8?q?feather?=yy", "", "x"),
    "an encoded word in quotes": crlf('To: "=?utf-8?B?UXVpbGxmZWF0aGVy?=" <a@example.org>', "", "x"),
    "an encoded word cut by a fold": crlf("Subject: =?utf-8?B?UXVpbGxm\r\n ZWF0aGVy?=", "", "x"),
    "words in angle brackets": crlf("To: Bob <ask for Quillfeather>", "", "x"),
    "a quoted mailbox": crlf('To: "ask for Quillfeather"@example.org', "", "x"),
    "a comment in an address": crlf("To: bob@example.org (Quillfeather)", "", "x"),
    "List-Id": crlf("List-Id: Friends of Quillfeather <x.example.org>", "", "x"),
    "List-Post": crlf("List-Post: <mailto:x@example.org> (ask for Quillfeather please)", "", "x"),
    "Message-Id": crlf("Message-Id: <ask.Jane.Quillfeather.1234@example.org>", "", "x"),
    "References": crlf("References: <1@example.org> <Jane-Quillfeather-1234@example.org>", "", "x"),
    "In-Reply-To": crlf("In-Reply-To: your letter to Jane Quillfeather", "", "x"),
    "an encoded word of 5 KB": crlf("Subject: =?utf-8?b?" + base64.b64encode(b"word " * 1000 + b"Quillfeather").decode() + "?=", "", "x"),
    "base64 cut anywhere": crlf("Subject: =?utf-8?b?UXVpb?= =?utf-8?b?GxmZWF0aGVy?=", "", "x"),
    "the end of a long subject": crlf("Subject: " + "\r\n ".join(["words and words " * 10] * 600) + " Quillfeather", "", "x"),
    "a mailbox line": b"From Jane Quillfeather Larkspur Mon Jan  1 00:00:00 2024\r\n" + crlf(*HEAD, "", "x"),
    "a mailbox line in a part": multipart("From Jane Quillfeather Larkspur\r\nContent-Type: text/plain\r\n\r\nx"),
    "the name of a multipart": crlf(*HEAD, 'Content-Type: multipart/mixed; name="Quillfeather"; boundary=xx', "", "--xx", "", "x", "--xx--"),
    "the file name of a multipart": crlf(*HEAD, "Content-Type: multipart/mixed; boundary=xx", "Content-Disposition: attachment; filename=Quillfeather.eml", "", "--xx", "", "x", "--xx--"),
    "the name of a multipart in another": multipart("\r\nbody", 'Content-Type: multipart/mixed; boundary=yy; name="Quillfeather"\r\n\r\n--yy\r\n\r\nx\r\n--yy--'),
    "a comment behind a type": multipart("Content-Type: text/plain (for Quillfeather)\r\n\r\nx"),
    "words behind a type": multipart("Content-Type: text/plain for Quillfeather\r\n\r\nx"),
    "a comment behind an encoding": multipart("Content-Transfer-Encoding: 7bit (for Jane Quillfeather)\r\n\r\nx"),
    "a comment behind a disposition": multipart("Content-Disposition: inline (for Quillfeather)\r\n\r\nx"),
    "a comment behind the version": multipart("MIME-Version: 1.0 (for Jane Quillfeather)\r\n\r\nx"),
    "words as a boundary": crlf(*HEAD, 'Content-Type: multipart/mixed; boundary="Jane Quillfeather lives here"', "", "--Jane Quillfeather lives here", "", "x", "--Jane Quillfeather lives here--"),
    "a version that is none": multipart("MIME-Version: 1lain; name=Quillfeather\r\n\r\nx"),
    "a date that is none": crlf("Date: Quillfeather", "", "x"),
    "a type that is none": multipart("Content-Type: text/plainme=Quillfeather.txt\r\n\r\nx"),
    "a disposition that is none": multipart("Content-Disposition: attle*=utf-8''Quillfeather\r\n\r\nx"),
    "a mailbox line with a word": b"From a@example.org Mon Jan  1 00:00:00Quillfeather\r\n" + crlf(*HEAD, "", "x"),
    "words as a size": multipart('Content-Disposition: attachment; size="for Jane Quillfeather"\r\n\r\nx'),
    "Received": crlf("Received: from mail.example.org (care of Jane Quillfeather) by mx.example.org with ESMTP id 1; Mon, 3 Nov 2025 10:00:00 +0000", "", "x"),
    "X-Mailer": crlf("X-Mailer: written for Jane Quillfeather", "", "x"),
    "User-Agent, encoded": crlf("User-Agent: =?utf-8?B?UXVpbGxmZWF0aGVy?=", "", "x"),
    "Thread-Topic": crlf("Thread-Topic: Quillfeather", "", "x"),
    "Comments": crlf("Comments: Quillfeather", "", "x"),
    "an unknown header": crlf("Whatever: Quillfeather", "", "x"),
    "a header of an Exchange server": crlf("X-MS-Exchange-Foo: ask for Jane Quillfeather", "", "x"),
    "DKIM-Signature": crlf("DKIM-Signature: v=1; a=rsa-sha256; n=ask for Jane Quillfeather; b=AAAA", "", "x"),
    "Content-Description": multipart("\r\nbody", "Content-Type: text/plain\r\nContent-Description: Quillfeather\r\n\r\nx"),
    "Content-Description of a multipart": multipart("\r\nbody", "Content-Type: multipart/mixed; boundary=yy\r\nContent-Description: Quillfeather\r\n\r\n--yy\r\n\r\nx\r\n--yy--"),
    "Content-Description of the message": crlf(*HEAD, "Content-Description: Quillfeather", "", "x"),
    "Content-Id": multipart("\r\nbody", "Content-Type: text/plain\r\nContent-Id: <Jane.Quillfeather@example.org>\r\n\r\nx"),
    "Content-Location": multipart("\r\nbody", "Content-Type: text/plain\r\nContent-Location: file:///Quillfeather.txt\r\n\r\nx"),
    "an invented header of a part": multipart("\r\nbody", "Content-Type: text/plain\r\nX-Note: Quillfeather\r\n\r\nx"),
    "an invented parameter": crlf(*HEAD, "Content-Type: text/plain; note=Quillfeather", "", "x"),
    "an invented parameter of a part": multipart("\r\nbody", "Content-Type: text/plain\r\nContent-Disposition: inline; note*=utf-8''Quill%66eather\r\n\r\nx"),
    "an invented parameter of a multipart": crlf(*HEAD, "Content-Type: multipart/mixed; note=Quillfeather; boundary=xx", "", "--xx", "", "x", "--xx--"),
    "continuations in an odd order": multipart("\r\nbody", "Content-Disposition: attachment; filename*2=er; filename*0=Quill; filename*1=feath\r\n\r\nx"),
    "continuations that begin at one": multipart("\r\nbody", "Content-Disposition: attachment; filename*2=feather; filename*1=Quill\r\n\r\nx"),
    "the second of two equal continuations": multipart("\r\nbody", "Content-Disposition: attachment; filename*0=a; filename*0=Quillfeather\r\n\r\nx"),
    "a name without its semicolon": multipart("\r\nbody", "Content-Disposition: attachment filename=Quillfeather\r\n\r\nx"),
    "what stands behind a quoted name": multipart("\r\nbody", 'Content-Disposition: attachment; filename="a" Quillfeather\r\n\r\nx'),
}  # fmt: skip


@pytest.mark.parametrize("message", PASTED.values(), ids=PASTED.keys())
def test_what_is_pasted_without_a_word_about_its_encoding_is_read(read_here, message):
    read = read_here(message() if callable(message) else message)

    assert CANARY in read.text
    assert read.problems == []


@pytest.mark.parametrize("message", HEADERS.values(), ids=HEADERS.keys())
def test_a_word_is_found_in_the_header(read_here, message):
    read = read_here(message)

    assert CANARY.lower() in read.text.lower()
    assert read.problems == []


NOISE = """\
Received: from mail-ed1-f51.example.com (mail-ed1-f51.example.com [192.0.2.51]) by mx1.example.org (Postfix) with
 ESMTPS id 4F1ABC9990000018 for <jane.quillfeather@example.org>; Mon,  3 Nov 2025 10:00:00 +0000 (UTC)
Received: by 2002:a05:6402:3481:b0:5c2:5f31:8888 with SMTP id v1-20020a056402348100b005c25f318888mr9990000018
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=sel; t=9990000018; h=from:to:subject:date;
 bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=dzdVyOfAKCdLXdJOc9G2q8LoXSlEniSbav+yuU4zGeeruD00lszZ
ARC-Seal: i=1; a=rsa-sha256; t=9990000018; cv=none; d=example.org; s=arc; b=dzdVyOfAKCdLXdJOc9G2q8LoXSlEniSbav
Authentication-Results: mx.example.org; dkim=pass header.i=@example.org header.s=sel; spf=pass smtp.mailfrom=example.org
Message-Id: <20251103100000.9990000018.JavaMail.root@mail.example.org>
References: <CAF+9990000018=abcdefGHIJKLmnop_qrst@mail.example.org>
X-MS-Exchange-AntiSpam-MessageData-0: VGhpcyBpcyBub2lzZSBvZiBhIHByb3ZpZGVyIGFuZCBub3RoaW5nIGVsc2U
X-Mailer: Microsoft Outlook 16.0
List-Unsubscribe: <https://example.org/u?id=9990000018>
Thread-Index: AQHb9990000018abcdef
MIME-Version: 1.0
""".splitlines()


def test_what_programs_write_is_noise_and_not_searched(read_here):
    """Time stamps and ids of ten digits would be NHS numbers one time in eleven."""
    read = read_here(crlf(*NOISE, "Subject: x", "From: a@example.org", "", "x"))

    assert read.texts(PlaceKind.HEADER) == []


def test_words_of_a_header_that_programs_write_are_hidden_and_without_its_numbers(read_here):
    read = read_here(crlf("Received: from x by y (care of Jane Quillfeather) id 9990000018", "", "x"))

    (text,) = read.texts(PlaceKind.HEADER, Visibility.HIDDEN)
    assert "Jane Quillfeather" in text
    assert "9990000018" not in text


def test_words_far_into_a_header_that_programs_write_are_read(read_here):
    read = read_here(crlf(f"X-MS-Note: {'some filling words ' * 2000}then Jane Quillfeather", "", "x"))

    assert "Quillfeather" in read.text


def test_words_in_the_headers_of_a_part_belong_to_the_part(read_here):
    read = read_here(HEADERS["Content-Description"])

    assert read.texts(PlaceKind.HEADER, Visibility.HIDDEN, part="2") == ["Quillfeather"]


SIGNATURE = "\r\n".join(
    ["-----BEGIN PGP SIGNATURE-----", "", b64(bytes(range(128, 256)) * 2), "=a1B2", "-----END PGP SIGNATURE-----"]
)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(SIGNATURE, id="a signature"),
        pytest.param("_" * 60 + "\r\n" + "-" * 70, id="rules"),
        pytest.param("=" * 20 + "\r\nHeading\r\n" + "=" * 20, id="a heading between rules"),
        pytest.param("https://example.org/downloads/documents/letters/archive?page=10&size=20&sort=12", id="a link"),
        pytest.param("0123456789abcdef0123456789abcdef01234567", id="a hash"),
        pytest.param("x = 1\r\ny ==\r\nz == 3", id="assignments"),
        pytest.param("Donaudampfschifffahrtsgesellschaft\r\nRechtsschutzversicherungsgesellschaften\r\nKraftfahrzeughaftpflicht", id="long words"),
    ],
)  # fmt: skip
def test_what_only_looks_encoded_is_left_alone(read_here, text):
    read = read_here(crlf(*HEAD, "", text))

    assert read.marks == set()
    assert read.problems == []
    assert read.paths == [".", "1"]


def test_text_that_was_pasted_encoded_is_marked(read_here):
    read = read_here(PASTED["quoted-printable codes"])

    assert "encoded_text" in read.marks
    assert read.texts(PlaceKind.BODY, Visibility.HIDDEN) == ["ask Quillfeather"]


def test_too_many_pasted_files_are_said(read_here):
    blocks = [f"number {n}\r\n" + lines64(f"{n} {LETTER}") + "\r\n" for n in range(60)]

    assert "too_many" in read_here(crlf(*HEAD, "", *blocks)).reasons


def test_base64_in_base64_ends_at_the_depth_limit(read_here):
    text = LETTER
    for _ in range(14):
        text = lines64(text)
    read = read_here(crlf(*HEAD, "", text))

    assert "too_deep" in read.reasons
    assert len(read.paths) <= 13


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "line",
    ["=41", "=\r\n", "=?", "=?utf-8?q?a?=", "&#", "&#65;", "QUJD" * 15 + "\r\n", "QUJD" * 15 + " ", "41" * 30 + "\r\n", "</", "<a b='c'>", "<!--", "<![CDATA[", "data:,", "BEGIN:VCARD\r\n", "NOTE;ENCODING=BASE64:QUJD\r\n"],
)  # fmt: skip
def test_hostile_text_is_read_in_bounded_time(read_here, line):
    read = read_here(crlf(*HEAD, "", line * (1_000_000 // len(line)), CANARY))

    assert CANARY in read.text


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", ["Received", "Message-Id", "X-Whatever", "Content-Type", "Subject", "To"])
@pytest.mark.parametrize("piece", ["word ", "<a@b> ", ";a=", '"', "=?utf-8?q?a?= ", "x*0*=a; ", "<", "(", "A" * 50])
def test_hostile_headers_are_read_in_bounded_time(read_here, name, piece):
    read_here(crlf(f"{name}: {piece * (200_000 // len(piece))}", "", "x"))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["Subject: x", "A:", "b : c", ":", " folded", "\tfolded", "x", "From a b", "é: x", "X: é", ""]), max_size=8), st.sampled_from(["\r\n", "\n", "\r"]))  # fmt: skip
def test_a_plain_message_is_parsed_as_the_library_parses_it(lines, end):
    content = end.join([*lines, "", "body", "more"]).encode()
    block, _ = salvage.header_block(content)

    plainly = mime._parse_plainly(block, content)

    if plainly is not None:
        whole = mime._parse(content)
        assert list(plainly.raw_items()) == list(whole.raw_items())
        assert plainly.raw_text == whole.raw_text
        assert not whole.defects


@pytest.mark.parametrize("message", PLACES.values(), ids=PLACES.keys())
def test_a_word_is_found_in(read_here, message):
    assert CANARY.lower() in read_here(message).text.lower()


def zipped(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def test_paths_are_section_then_name_then_members(read_here):
    inner = zipped("letters/report.txt", b"hello")
    read = read_here(
        multipart(
            "\r\nbody",
            "Content-Type: application/zip; name=annex.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(inner),
        )
    )

    assert read.paths == [".", "1", "2/annex.zip", "2/annex.zip/letters∕report.txt"]
    assert read.texts(PlaceKind.TEXT, part="2/annex.zip/letters∕report.txt") == ["hello"]


def test_sections_of_nested_multiparts_count_like_imap(read_here):
    nested = (
        'Content-Type: multipart/alternative; boundary="yy"\r\n\r\n'
        "--yy\r\nContent-Type: text/plain\r\n\r\nsame words\r\n--yy\r\nContent-Type: text/html\r\n\r\n<p>same words</p>\r\n--yy--"
    )
    read = read_here(multipart(nested, "Content-Type: text/plain; name=a.txt\r\n\r\nfile"))

    assert sorted(read.paths) == [".", "1.1", "1.2", "2/a.txt"]


def test_attachments_are_numbered_without_inline_pictures(read_here):
    related = (
        'Content-Type: multipart/related; boundary="yy"\r\n\r\n--yy\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n'
        "--yy\r\nContent-Type: image/png; name=logo.png\r\n\r\nx\r\n--yy--"
    )
    read = read_here(
        multipart(
            related, "Content-Type: text/plain; name=a.txt\r\n\r\na", "Content-Type: text/plain; name=b.txt\r\n\r\nb"
        )
    )

    numbers = {str(part.path): (part.is_attachment, part.attachment) for part in read.reading.parts}
    assert numbers["1.1"] == (False, 0)
    assert numbers["2/a.txt"] == (True, 1)
    assert numbers["3/b.txt"] == (True, 2)
    assert numbers["1.2/logo.png"] == (True, 3)


def test_everything_in_an_attached_message_has_its_number(read_here):
    inner = "From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\n\r\ninner body"
    read = read_here(multipart("\r\nbody", f"Content-Type: message/rfc822\r\n\r\n{inner}"))

    assert {(str(part.path), part.attachment) for part in read.reading.parts} == {
        (".", 0),
        ("1", 0),
        ("2", 1),
        ("2/1", 1),
    }
    assert all(part.is_attachment for part in read.reading.parts if part.attachment)
    assert read.texts(PlaceKind.BODY, part="2/1") == ["inner body"]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        pytest.param(PLACES["the second of two boundaries"], "ambiguous", id="two boundaries"),
        pytest.param(PLACES["the second of two content types"], "ambiguous", id="two types"),
        pytest.param(PLACES["a multipart without boundary"], "ambiguous", id="no boundary"),
        pytest.param(crlf(*HEAD, "Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: 7bit", "", "eA=="), "ambiguous", id="two encodings"),
        pytest.param(b"Subject: a\x00b\r\n\r\nx", "ambiguous", id="NUL in a header"),
        pytest.param(b"Subject: a\rX-B: c\r\n\r\nx", "ambiguous", id="a lone CR in a header"),
        pytest.param(PLACES["a part of message/partial"], "incomplete", id="message/partial"),
        pytest.param(crlf(*HEAD, "Content-Type: message/external-body; access-type=URL", "", "x"), "incomplete", id="external body"),
        pytest.param(crlf(*HEAD, "Content-Type: multipart/encrypted; boundary=xx", "", "--xx", "", "a", "--xx--"), "encrypted", id="PGP/MIME"),
        pytest.param(crlf(*HEAD, "", "-----BEGIN PGP MESSAGE-----", "", "hQE", "-----END PGP MESSAGE-----"), "encrypted", id="PGP in the body"),
        pytest.param(crlf(*HEAD, "", "> -----BEGIN PGP MESSAGE-----", "> ", "> hQE"), "encrypted", id="PGP in a quotation"),
        pytest.param(crlf(*HEAD, "", "-----BEGIN PGP MESSAGE, PART 01/02-----", "", "hQE"), "encrypted", id="a piece of PGP"),
        pytest.param(crlf(*HEAD, "", "-----BEGIN AGE ENCRYPTED FILE-----", "", "hQE"), "encrypted", id="age"),
        pytest.param(PLACES["a line that is no header above a type"], "ambiguous", id="a line that is no header"),
        pytest.param(crlf(*MIXED, *("--yy", "", "x") * 2100), "too_many", id="too many boundaries"),
    ],
)  # fmt: skip
def test_what_cannot_be_settled_is_a_problem(read_here, message, reason):
    assert reason in read_here(message).reasons


def test_an_ordinary_message_has_no_problems_and_no_marks(read_here):
    read = read_here(PLACES["an html alternative"])

    assert read.problems == []
    assert read.marks == set()


@pytest.mark.parametrize(
    "start", ["%PDF-1.4", "{\\rtf1", "BEGIN:VCARD", "%!PS", "GIF89a", "PK\x03\x04", "From: a@b.example\r\nTo: c\r\nSubject: d"]
)  # fmt: skip
def test_what_a_client_shows_as_html_is_read_as_html_whatever_it_begins_with(read_here, start):
    page = f"Content-Type: text/html\r\n\r\n{start} <p>&#81;uill<!-- x -->feather</p>"

    assert CANARY in read_here(multipart("\r\nbody", page)).text


def test_the_headers_of_a_message_that_was_left_out_are_no_structure(read_here):
    """Bounces end with the headers of what bounced; its parts are not there, and nothing is ambiguous about that."""
    bounced = "From: a@example.org\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=yy\r\n\r\n(cut)"

    assert read_here(crlf(*HEAD, "", "it could not be delivered:", "", bounced)).problems == []


def test_two_equal_content_types_are_not_ambiguous(read_here):
    read = read_here(crlf(*HEAD, "Content-Type: text/plain", "Content-Type: TEXT/plain", "", "x"))

    assert read.problems == []


def test_an_alternative_that_says_something_else_is_told_apart(read_here):
    html = "Content-Type: text/html\r\n\r\n<p>the same few words</p>"
    alternative = (*HEAD, "Content-Type: multipart/alternative; boundary=xx", "")

    other = read_here(
        crlf(*alternative, "--xx", "Content-Type: text/plain\r\n\r\nsomething quite different", "--xx", html, "--xx--")
    )
    same = read_here(
        crlf(*alternative, "--xx", "Content-Type: text/plain\r\n\r\nthe same few words", "--xx", html, "--xx--")
    )

    assert other.texts(PlaceKind.BODY, Visibility.ALTERNATIVE) == ["something quite different"]
    assert same.texts(PlaceKind.BODY, Visibility.ALTERNATIVE) == []
    assert len(same.texts(PlaceKind.BODY, Visibility.VISIBLE)) == 2


def test_a_part_that_the_tree_has_is_not_read_again_by_the_salvage(read_here):
    read = read_here(PLACES["a multipart that is never closed"])

    assert read.text.count("Quillfeather") == 1


@pytest.mark.parametrize(
    "spelling", ['"base64"', "(a comment) base64 (another)", "base64;", "BASE64 ; x=y", "'base64'"]
)
def test_a_transfer_encoding_is_understood_however_it_is_spelt(read_here, spelling):
    """Mail clients decode all of these, so what only a strict reader cannot see would leave unread."""
    encoded = base64.b64encode(b"This is Quillfeather").decode()
    read = read_here(
        multipart(f"Content-Type: text/plain; name=a.txt\r\nContent-Transfer-Encoding: {spelling}\r\n\r\n{encoded}")
    )

    assert read.texts(PlaceKind.TEXT) == ["This is Quillfeather"]


def test_a_transfer_encoding_that_nobody_knows_is_said_to_be_unread(read_here):
    read = read_here(multipart("Content-Type: text/plain\r\nContent-Transfer-Encoding: x-foo\r\n\r\nMjcgTGFya3NwdXI="))

    assert read.reasons == {"unsupported"}


def test_text_that_only_claims_to_be_base64_is_text(read_here):
    read = read_here(
        multipart(
            "Content-Type: text/plain; name=a.txt\r\nContent-Transfer-Encoding: base64\r\n\r\nThis is Quillfeather"
        )
    )

    assert read.texts(PlaceKind.TEXT) == ["This is Quillfeather"]
    assert read.problems == []


def test_header_block_over_the_limit_is_cut_and_said(read_here):
    lines = [f"X-Filler-{number}: {'y' * 50}" for number in range(2000)]
    read = read_here(crlf(*lines, "Subject: after", "", "body Quillfeather"))

    assert (".", "too_large") in read.problems
    assert "Quillfeather" in read.text
    assert "after" in read.text  # the block itself is text all the same


def test_messages_within_messages_end_at_the_depth_limit(read_here):
    message = b"Subject: innermost\r\n\r\nx\r\n"
    for _ in range(14):
        message = b"Subject: outer\r\nContent-Type: message/rfc822\r\n\r\n" + message
    read = read_here(message)

    assert "too_deep" in read.reasons
    assert len(read.paths) <= 13


def test_multiparts_within_multiparts_end_at_their_limit(read_here):
    lines = ["Subject: x"]
    for number in range(80):
        lines += [f"Content-Type: multipart/mixed; boundary=b{number}", "", f"--b{number}"]
    read = read_here(crlf(*lines, "Content-Type: text/plain", "", "Quillfeather"))

    assert "too_deep" in read.reasons
    assert "Quillfeather" in read.text


def test_too_many_parts_are_said(read_here):
    read = read_here(multipart(*["\r\nx"] * 50), limits=Limits(parts=20))

    assert "too_many" in read.reasons


def test_text_over_the_message_limit_is_cut_and_said(read_here):
    limits = Limits(characters=1000, part_characters=600)
    read = read_here(
        multipart(
            "Content-Type: text/plain; name=a.txt\r\n\r\n" + "a" * 500,
            "Content-Type: text/plain; name=b.txt\r\n\r\n" + "b" * 700,
        ),
        limits=limits,
    )

    assert ("2/b.txt", "too_large") in read.problems
    assert sum(len(segment.text) for segment in read.reading.segments) <= 1000


def test_a_name_cannot_make_a_path_of_its_own(read_here):
    read = read_here(multipart("\r\nbody", 'Content-Type: text/plain; name="../../etc/passwd"\r\n\r\nx'))

    (path,) = [part.path for part in read.reading.parts if part.is_attachment]
    assert path.steps == ("2", "..∕..∕etc∕passwd")


def test_members_of_one_name_get_different_paths(read_here):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "one")
        archive.writestr("b.txt", "two")
    content = out.getvalue().replace(b"b.txt", b"a.txt")
    read = read_here(content, "x.zip")

    assert read.paths == ["x.zip", "x.zip/a.txt", "x.zip/a.txt~2"]


def test_quoted_threads_are_told_from_the_reply(read_here):
    thread = ("From: Ann", "Sent: today", "To: Bob", "Subject: old", "", "the old text Quillfeather")
    read = read_here(crlf(*HEAD, "", "my reply", "", *thread))

    assert "my reply" in read.texts(PlaceKind.BODY)[0]
    assert "Quillfeather" in read.texts(PlaceKind.QUOTED)[0]
    assert "Quillfeather" not in read.texts(PlaceKind.BODY)[0]


def test_words_in_the_headers_of_a_part_are_hidden_text(read_here):
    read = read_here(
        b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b'Content-Type: text/plain; charset=utf-8; note="parameter words"\r\nContent-Description: described\r\n'
        b"X-Own: own words\r\nContent-ID: <1@machine.example>\r\n\r\nbody\r\n--b--\r\n"
    )

    assert read.texts(PlaceKind.HEADER, Visibility.HIDDEN) == ["parameter words\n\ndescribed\n\nown words"]


def test_base64_with_words_behind_its_padding_is_decoded(read_here):
    read = read_here(
        b"Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        b"ecO2dMOkIHZhYW4uCg== ignored\r\n"
    )

    assert "y\u00f6t\u00e4 vaan." in read.text


def test_a_text_that_looks_like_a_message_is_read_as_it_is_shown_too(read_here):
    """A text attachment with the headers of a forwarded mail: whoever opens it sees the addresses."""
    read = read_here(
        b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: text/plain; name=mail.txt\r\n\r\nReceived: by a.example\r\n"
        b"From: Jane <jane@refuge.example>\r\nTo: b@example.org\r\n\r\ninner words\r\n--b--\r\n"
    )

    assert "jane@refuge.example" in "\n".join(read.texts(visibility=Visibility.VISIBLE))
    assert "inner words" in read.text


def test_the_subject_in_a_link_to_leave_a_list_is_read(read_here):
    link = "<mailto:a@example.org?subject=27%20Larkspur%20Lane%2C%20Ashford>"

    assert "27 Larkspur Lane" in read_here(f"From: jo@example.org\r\nList-Unsubscribe: {link}\r\n\r\nx".encode()).text


def test_a_parameter_without_its_name_is_read(read_here):
    part = "--in\r\nContent-Type: text/plain; nquillfeather.txt\r\n\r\nx\r\n--in--\r\n"
    head = 'Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="in"\r\n\r\n'

    assert "nquillfeather.txt" in read_here((head + part).encode()).text


def test_what_base64_does_not_explain_is_read_beside_it(read_here):
    body = "RnJvbTogenVsZW1ldnVqZXZ1IDxjQGV4YW1wbGUub3JnPg0KU3ViamVjdDogaGFudXJlaHVkb3Jv\r\nDQpNSU1me=larkspur.txt\r\n\r\nquillfeather\r\n"
    head = "Subject: x\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"

    text = read_here((head + body).encode()).text

    assert "larkspur.txt" in text
    assert "quillfeather" in text

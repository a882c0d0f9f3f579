# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E501 - tables of messages, one a line
"""Messages, whole and broken: a word that some mail client would show must be found."""

import base64
import binascii
import io
import zipfile

import pytest

from safehold.model import PlaceKind, Visibility
from safehold.reading.limits import Limits

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
    "encoded text without a transfer encoding": crlf(*HEAD, "", *[base64.b64encode((f"{CANARY} " * 20).encode()).decode()[i : i + 76] for i in range(0, 320, 76)]),
}  # fmt: skip


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
    ],
)  # fmt: skip
def test_what_cannot_be_settled_is_a_problem(read_here, message, reason):
    assert reason in read_here(message).reasons


def test_an_ordinary_message_has_no_problems_and_no_marks(read_here):
    read = read_here(PLACES["an html alternative"])

    assert read.problems == []
    assert read.marks == set()


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

    assert read.texts(PlaceKind.HEADER, Visibility.HIDDEN) == ["described\n\nown words\n\nparameter words"]


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

# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages: RFC 5322, 2045 to 2049, 2183, 2231, 2387, 3676, 3462, 8551, and what mail programs make of broken ones."""

import base64
import binascii
import datetime as dt
import quopri
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

from canaries.core import ALTERNATIVE, ANY, HIDDEN, Canary, Words, halves

FORMAT = "mime"
CRLF = "\r\n"


def lines(*parts: str) -> bytes:
    """Return lines as a message has them; characters beyond ASCII as UTF-8."""
    return (CRLF.join(parts) + CRLF).encode()


def b64(text: str | bytes) -> str:
    """Return base64 in lines of 76."""
    raw = text.encode() if isinstance(text, str) else text
    return base64.encodebytes(raw).decode().strip().replace("\n", CRLF)


def _message(body_headers: list[str], *body: str, subject: str = "plain") -> bytes:
    head = ["From: a@example.org", "To: b@example.org", f"Subject: {subject}", "MIME-Version: 1.0"]
    return lines(*head, *body_headers, "", *body)


def _mixed(*parts: tuple[list[str], str], boundary: str = "=_b") -> bytes:
    body: list[str] = []
    for headers, text in parts:
        body += [f"--{boundary}", *headers, "", text]
    return _message([f'Content-Type: multipart/mixed; boundary="{boundary}"'], *body, f"--{boundary}--")


def _headers() -> Canary:
    w = Words(FORMAT, "headers")
    q = quopri.encodestring(f"é{w('encoded word, Q')}".encode(), header=True).decode()
    cut = f"ééé{w('encoded words cut inside a character')}".encode()
    content = lines(
        f"From: {w('From, display name')} <a@example.org> ({w('From, comment')})",
        f'To: "{w("To, quoted name")}" <b@example.org>, =?utf-8?b?{b64(w("To, encoded name"))}?= <c@example.org>',
        f"Cc: {w('Cc, group name')}: d@example.org, {w('Cc, member of a group')} <e@example.org>;",
        f"Reply-To: {w('Reply-To')} <f@example.org>",
        f"Sender: {w('Sender')} <a@example.org>",
        f"Bcc: {w('Bcc')} <g@example.org>",
        f"Resent-From: {w('Resent-From')} <h@example.org>",
        f"Subject: {w('Subject')} =?utf-8?b?{b64(w('encoded word, B'))}?=",
        f" folded {w('Subject, folded line')} =?utf-8?q?{q}?=",
        f"Subject: {w('second Subject')} =?utf-8?b?{base64.b64encode(cut[:5]).decode()}?=",
        f" =?utf-8?b?{base64.b64encode(cut[5:]).decode()}?=",
        f"Comments: {w('Comments')}",
        f"Keywords: first, {w('Keywords')}",
        f"Organization: {w('Organization')}",
        f"X-Note: {w('X- header')}",
        f"Thread-Topic: {w('Thread-Topic')}",
        f"X-Raw: café {w('header in raw UTF-8')}",
        f"X-Latin: =?iso-8859-1?q?caf=E9_{w('encoded word in Latin-1')}?=",
        f"X-Utf7: =?utf-7?q?caf+AOk- {w('encoded word in UTF-7')}?=".replace(" ", "_", 2).replace("_", " ", 1),
        f"X-Language: =?utf-8*en?q?{w('encoded word with a language')}?=",
        f'X-Quoted: "=?utf-8?q?{w("encoded word in quotes")}?="',
        f"Obsolete-Header : {w('header with a blank before the colon')}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Description: {w('Content-Description of the message')}",
        "",
        w("body"),
    )
    return w.file(content, None)


def _structure() -> Canary:
    w = Words(FORMAT, "structure")
    head = [
        "From: a@example.org",
        "Subject: x",
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="outer"',
        "",
        w("preamble", HIDDEN),
        "--outer",
        'Content-Type: multipart/alternative; boundary="inner"',
        "",
        w("preamble of an inner multipart", HIDDEN),
        "--inner",
        "Content-Type: text/plain",
        "",
        f"a text of its own: {w('plain alternative', ALTERNATIVE)}",
        "--inner",
        "Content-Type: text/x-amp-html",
        "",
        f"<html amp4email><body>another text of its own {w('AMP alternative', ANY)}</body></html>",
        "--inner",
        "Content-Type: text/html",
        "",
        f"<html><body><p>{w('HTML alternative')}</p></body></html>",
        "--inner--",
        w("epilogue of an inner multipart", HIDDEN),
        "--outer",
        "Content-Type: text/plain",
        "",
        f"second text {w('second text part')}",
        "",
        f"> {w('quoted line')}",
        "",
        "-----Original Message-----",
        w("below a reply"),
        "--outer",
        f'Content-Type: text/plain; name="{w("name parameter")}.txt"',
        f'Content-Disposition: attachment; filename="{w("filename parameter")}.txt"',
        f"Content-Description: {w('Content-Description of a part', ANY)}",
        f"X-Part-Header: {w('other header of a part', ANY)}",
        f"Content-Location: https://example.org/{w('Content-Location', ANY)}",
        "",
        w("text attachment"),
        "--outer",
        "Content-Type: application/octet-stream",
        "Content-Disposition: attachment;",
        f" filename*0*=utf-8''caf%C3%A9-{halves(w('filename, RFC 2231 pieces'))[0]};",
        f" filename*1={halves(w.places[-1].word)[1]}.bin",
        "",
        "just words",
        "--outer",
        f'Content-Type: application/octet-stream; name="=?utf-8?b?{b64(w("name, RFC 2047"))}?="',
        f"Content-Disposition: attachment; filename*=utf-8''{w('filename, RFC 2231')}; note={w('parameter', ANY)}",
        "",
        "just words",
        "--outer",
        'Content-Type: multipart/related; boundary="rel"; type="text/html"',
        "",
        "--rel",
        "Content-Type: text/html",
        "",
        f'<p>{w("root of related")}</p><img src="cid:1">',
        "--rel",
        f'Content-Type: image/gif; name="{w("name of an inline picture")}.gif"',
        "Content-ID: <1>",
        "Content-Transfer-Encoding: base64",
        "",
        b64(b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"),
        "--rel--",
        "--outer",
        'Content-Type: multipart/x-unknown; boundary="unk"',
        "",
        "--unk",
        "",
        w("part without headers in an unknown multipart"),
        "--unk--",
        "--outer",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="rep"',
        "",
        "--rep",
        "Content-Type: text/plain",
        "",
        w("report, text"),
        "--rep",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; a.example",
        "",
        f"Diagnostic-Code: smtp; 550 {w('report, status')}",
        "--rep",
        "Content-Type: text/rfc822-headers",
        "",
        f"Subject: {w('report, returned headers')}",
        "--rep--",
        "--outer",
        'Content-Type: multipart/digest; boundary="dig"',
        "",
        "--dig",
        "",
        "From: a@example.org",
        f"Subject: {w('digest, subject')}",
        "",
        w("digest, body"),
        "--dig--",
        "--outer--",
        w("epilogue", HIDDEN),
    ]
    return w.file(lines(*head), None)


def _encodings() -> Canary:
    w = Words(FORMAT, "encodings")
    soft = halves(w("quoted-printable, soft break in a word"))
    uu = binascii.b2a_uu(w("uuencode in a text").encode()).decode().strip("\n")
    uu_part = binascii.b2a_uu(w("uuencode as the encoding").encode()).decode().strip("\n")
    yenc = bytes((b + 42) & 0xFF for b in w("yEnc").encode()).decode("latin-1")
    text = "Content-Type: text/plain; charset=utf-8"
    rubbish = b64(f"text {w('base64 with rubbish inside')} and more of it to fill some lines of the body" * 2)
    flowed = halves(w("format=flowed with DelSp"))
    parts = [
        ([text, "Content-Transfer-Encoding: quoted-printable"], f"caf=C3=A9 {soft[0]}=\r\n{soft[1]}"),
        ([text, "Content-Transfer-Encoding: Quoted-Printable"], f"=zz caf=c3=a9 {w('quoted-printable, broken')} ="),
        ([text, "Content-Transfer-Encoding: base64"], b64(w("base64"))),
        ([text, "Content-Transfer-Encoding: base64 (a comment)"], b64(w("encoding with a comment"))),
        ([text, 'Content-Transfer-Encoding: "base64"'], b64(w("encoding in quotes"))),
        ([text, "Content-Transfer-Encoding: base64"], b64(w("base64 without padding") + "x").rstrip("=")),
        ([text, "Content-Transfer-Encoding: base64"], rubbish.replace(CRLF, "\r\n!!\r\n")),
        (
            [text, "Content-Transfer-Encoding: base64"],
            b64(w("base64 above a footer")) + CRLF * 2 + "_____" + CRLF + f"a footer with {w('footer below base64')}",
        ),
        ([text, "Content-Transfer-Encoding: base64"], f"no base64 at all, {w('text that claims to be base64')}!"),
        ([text, "Content-Transfer-Encoding: 8bit"], f"café {w('8bit')}"),
        ([text, "Content-Transfer-Encoding: binary"], f"café {w('binary')}"),
        ([text, "Content-Transfer-Encoding: x-unknown"], f"words {w('unknown encoding')}"),
        ([text], f"words\r\nbegin 644 a.txt\r\n{uu}\r\n`\r\nend\r\nwords"),
        ([text, "Content-Transfer-Encoding: x-uuencode"], f"begin 644 a.txt\r\n{uu_part}\r\n`\r\nend"),
        ([text + "; format=flowed; delsp=yes"], f"words {flowed[0]} \r\n{flowed[1]} words"),
        (
            [text, "Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: 7bit"],
            b64(f"some words and {w('two encodings, the first')} and more words to make two lines of base64 of it"),
        ),
    ]
    content = _mixed(*parts)
    yenc_part = f"=ybegin line=128 size=12 name=a.txt\r\n{yenc}\r\n=yend size=12\r\n".encode("latin-1")
    at = content.index(b"--=_b\r\n")
    content = content[:at] + b"--=_b\r\nContent-Type: text/plain\r\n\r\n" + yenc_part + content[at:]
    return w.file(content, None)


def _charsets() -> Canary:
    w = Words(FORMAT, "charsets")
    parts = []
    for charset, codec in (
        ("utf-16", "utf-16"),
        ("utf-16le", "utf-16-le"),
        ("utf-16be", "utf-16-be"),
        ("utf-7", "utf-7"),
        ("iso-2022-jp", "iso2022_jp"),
        ("iso-8859-15", "iso8859_15"),
        ("windows-1251", "cp1251"),
        ("koi8-r", "koi8_r"),
        ("big5", "big5"),
        ("gb18030", "gb18030"),
        ("cp037", "cp037"),
        ("unheard-of", "utf-8"),
    ):
        sign = {"iso-2022-jp": "\u6771", "big5": "\u6771", "gb18030": "\u6771", "koi8-r": "\u0416"}.get(charset, "£")
        sign = "\u0416" if charset == "windows-1251" else sign
        body = b64(f"{sign}100 {w(charset)} words".encode(codec))
        parts.append(([f"Content-Type: text/plain; charset={charset}", "Content-Transfer-Encoding: base64"], body))
    ascii_declared = b64(f"café {w('8-bit text declared us-ascii')}".encode())
    parts.append((["Content-Type: text/plain; charset=us-ascii", "Content-Transfer-Encoding: base64"], ascii_declared))
    return w.file(_mixed(*parts), None)


def _broken() -> list[Canary]:
    made: list[Canary] = []

    def file(title: str, build) -> None:
        w = Words(FORMAT, title)
        made.append(w.file(build(w), None))

    file(
        "multipart without boundary",
        lambda w: _message(
            ["Content-Type: multipart/mixed"], "--x", "Content-Type: text/plain", "", w("first part", ANY), "--x",
            "Content-Transfer-Encoding: base64", "", b64(w("base64 part", ANY) + " and some more words"), "--x--",
        ),
    )  # fmt: skip
    file(
        "a line that is no header",
        lambda w: lines(
            "From: a@example.org", "no header", "Content-Type: multipart/mixed; boundary=b", "", w("preamble", ANY), "--b",
            "Content-Transfer-Encoding: base64", "", b64(w("part", ANY)), "--b--",
        ),
    )  # fmt: skip
    file(
        "a blank before the colon",
        lambda w: _mixed(
            (
                [f"Content-Type: text/plain; x={w('parameter', ANY)}", "Content-Transfer-Encoding : base64"],
                b64(w("text", ANY)),
            )
        ),
    )
    file(
        "comments and names of the structure",
        lambda w: f"From a@example.org Mon {w('mailbox line', ANY)}\r\n".encode() + lines(
            "From: a@example.org", f"Content-Type: ({w('comment before a type', ANY)}) multipart/mixed; boundary=b;",
            f" name={w('name of a multipart', ANY)}", "", "--b", f"MIME-Version: 1.0 {w('version', ANY)}",
            f"Content-Type: text/plain ({w('comment behind a type', ANY)})", "", w("text"), "--b--",
        ),
    )  # fmt: skip
    file(
        "soft breaks of all kinds",
        lambda w: _mixed(
            (
                ["Content-Transfer-Encoding: quoted-printable"],
                "=  \r\n".join(["x ", *halves(w("blanks behind a soft break"))]),
            ),
            (["Content-Transfer-Encoding: quoted-printable"], f"x =\r{w('lone carriage return')}\r\n"),
        ),
    )
    file(
        "parts in a text",
        lambda w: _message(
            [], "--x", "Content-Type: text/plain", "", w("first", ANY), "--x", "Content-Transfer-Encoding: base64", "",
            b64(w("second", ANY)), "--x--",
        ),
    )  # fmt: skip
    file(
        "wrong boundary",
        lambda w: _message(
            ['Content-Type: multipart/mixed; boundary="a"'], "--b", "Content-Type: text/plain", "", w("part", ANY), "--b",
            "Content-Type: text/plain", "Content-Transfer-Encoding: quoted-printable", "",
            "=".join(["", *(f"{ord(c):02X}" for c in w("encoded part", ANY))]), "--b--",
        ),
    )  # fmt: skip
    file(
        "two boundaries",
        lambda w: _message(
            ['Content-Type: multipart/mixed; boundary="a"; boundary="b"'], "--a", "", w("by the first", ANY), "--a--",
            "--b", "Content-Transfer-Encoding: base64", "", b64(w("by the second", ANY)), "--b--",
        ),
    )  # fmt: skip
    file(
        "two content types",
        lambda w: _message(
            ["Content-Type: text/plain", 'Content-Type: multipart/mixed; boundary="b"'], w("before the parts", ANY),
            "--b", "Content-Transfer-Encoding: base64", "", b64(w("part by the second", ANY)), "--b--",
        ),
    )  # fmt: skip
    file(
        "no closing boundary",
        lambda w: _message(
            ['Content-Type: multipart/mixed; boundary="b"'], "--b", "", w("first", ANY), "--b", "", w("last", ANY)
        ),
    )
    file(
        "after the closing boundary",
        lambda w: _message(
            ['Content-Type: multipart/mixed; boundary="b"'], "--b", "", w("part"), "--b--", "--b",
            "Content-Transfer-Encoding: base64", "", b64(w("part behind the end", ANY)), "--b--",
        ),
    )  # fmt: skip
    file(
        "boundaries that begin alike",
        lambda w: _message(
            ['Content-Type: multipart/mixed; boundary="b"'], "--b", 'Content-Type: multipart/mixed; boundary="bb"', "",
            "--bb", "", w("inner"), "--bb--", "--b", "", w("outer"), "--b--",
        ),
    )  # fmt: skip
    file(
        "no blank line below the headers",
        lambda w: lines(
            "From: a@example.org", "Subject: x", f"this is no header {w('first line', ANY)}", w("rest", ANY)
        ),
    )
    file("body with no headers at all", lambda w: lines("just a line", w("text", ANY)))
    file(
        "blank lines above the headers",
        lambda w: b"\r\n\r\n" + lines("From: a@example.org", f"Subject: {w('subject', ANY)}", "", w("body", ANY)),
    )
    file(
        "mailbox line above the headers",
        lambda w: lines("From a@example.org Mon Jan  1 00:00:00 2024", f"Subject: {w('subject')}", "", w("body")),
    )
    file("line feeds only", lambda w: lines(f"Subject: {w('subject')}", "", w("body")).replace(b"\r\n", b"\n"))
    file(
        "carriage returns only",
        lambda w: lines(f"Subject: {w('subject', ANY)}", "", w("body", ANY)).replace(b"\r\n", b"\r"),
    )
    file(
        "a lone carriage return in the headers",
        lambda w: lines("From: a@example.org", f"Subject: x\rX-Hidden: {w('behind it', ANY)}", "", w("body")),
    )
    file(
        "NUL in the headers",
        lambda w: lines("From: a@example.org", f"Subject: x\x00{w('behind it', ANY)}", "", w("body")),
    )
    file(
        "encoded multipart",
        lambda w: _message(
            ['Content-Type: multipart/mixed; boundary="b"', "Content-Transfer-Encoding: base64"],
            b64(lines("--b", "Content-Type: text/plain", "", w("part", ANY), "--b--")),
        ),
    )
    file(
        "one piece of a message",
        lambda w: _message(
            ['Content-Type: message/partial; id="x"; number=1; total=2'], f"Subject: {w('inner subject', ANY)}", "",
            w("inner body", ANY),
        ),
    )  # fmt: skip
    file(
        "content elsewhere",
        lambda w: _message(
            [f'Content-Type: message/external-body; access-type=URL; URL="https://example.org/{w("address", ANY)}"'],
            "Content-Type: text/plain", "", w("phantom body", ANY),
        ),
    )  # fmt: skip
    file(
        "clear signed",
        lambda w: _message(
            ["Content-Type: text/plain"], "-----BEGIN PGP SIGNED MESSAGE-----", "Hash: SHA256", "", f"- {w('text')}",
            "-----BEGIN PGP SIGNATURE-----", f"Comment: {w('comment of the signature')}", "", "iQEz",
            "-----END PGP SIGNATURE-----",
        ),
    )  # fmt: skip
    file(
        "detached signature",
        lambda w: _message(
            ['Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary="b"'], "--b",
            "Content-Type: text/plain", "", w("signed text"), "--b", "Content-Type: application/pgp-signature", "",
            "-----BEGIN PGP SIGNATURE-----", f"Comment: {w('comment of the signature')}", "", "iQEz",
            "-----END PGP SIGNATURE-----", "--b--",
        ),
    )  # fmt: skip
    file(
        "opaque signed",
        lambda w: _message(
            ["Content-Type: application/pkcs7-mime; smime-type=signed-data", "Content-Transfer-Encoding: base64"],
            b64(_signed(lines("Content-Type: text/plain", "", w("signed text")))),
        ),
    )
    return made


@lru_cache(maxsize=1)
def _signer() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.derive_private_key(0x5AFE, ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Somebody")])
    day = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, day, day + dt.timedelta(days=9_000))
    return made.sign(key, hashes.SHA256()), key


def _signed(content: bytes) -> bytes:
    certificate, key = _signer()
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(certificate, key, hashes.SHA256())
    return builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])


def build() -> list[Canary]:
    """Return messages, straight and broken."""
    return [_headers(), _structure(), _encodings(), _charsets(), *_broken()]


# -- messages inside messages -------------------------------------------------------------------------------------


def _inner(w: Words, what: str) -> bytes:
    return lines(
        f"From: {w(f'{what}, sender')} <c@example.org>",
        f"Subject: {w(f'{what}, subject')}",
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="in"',
        "",
        "--in",
        "Content-Type: text/plain",
        "",
        w(f"{what}, body"),
        "--in",
        f"Content-Type: text/plain; name={w(f'{what}, name of an attachment')}.txt",
        "",
        w(f"{what}, attachment"),
        "--in--",
    )


def build_nested() -> list[Canary]:
    """Return messages attached to messages and as files."""
    w = Words("eml", "attached")
    attached = _mixed(
        (["Content-Type: message/rfc822"], _inner(w, "message/rfc822").decode()),
        (["Content-Type: message/rfc822", "Content-Transfer-Encoding: base64"], b64(_inner(w, "base64 message"))),
        (
            ["Content-Type: application/octet-stream; name=a.eml", "Content-Transfer-Encoding: base64"],
            b64(_inner(w, "message as octets")),
        ),
        (["Content-Type: message/global"], _inner(w, "message/global").decode()),
        (["Content-Type: message/news"], _inner(w, "message/news").decode()),
    )
    deep = Words("eml", "eight levels deep")
    content = _inner(deep, "innermost")
    for level in range(7):
        boundary = f"l{level}"
        content = lines(
            f"Subject: {deep(f'level {7 - level}')}",
            "MIME-Version: 1.0",
            f"Content-Type: multipart/mixed; boundary={boundary}",
            "",
            f"--{boundary}",
            "Content-Type: message/rfc822",
            "",
            content.decode(),
            f"--{boundary}--",
        )
    file = Words("eml", "file")
    return [
        w.file(attached, None),
        deep.file(content, None),
        file.file(_inner(file, "file"), "letter.eml"),
    ]

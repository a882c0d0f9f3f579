# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E501 - tables of wrappings, one a line
"""S/MIME: a signed message is unwrapped, an enveloped one is encrypted."""

import datetime as dt
import zlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

INNER = b"Content-Type: text/plain\r\n\r\nQuillfeather in a signed letter\r\n"


@pytest.fixture(scope="module")
def signer():
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Quill Example")])
    start = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=9999))
        .sign(key, hashes.SHA256())
    )
    return certificate, key


def test_a_signed_message_is_unwrapped(read_here, signer):
    builder = pkcs7.PKCS7SignatureBuilder().set_data(INNER).add_signer(*signer, hashes.SHA256())
    wrapped = builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])
    read = read_here(wrapped, "smime.p7m")

    assert "Quillfeather in a signed letter" in read.text
    assert read.problems == []
    assert read.marks == {"signature"}


def test_a_detached_signature_is_a_mark_and_no_problem(read_here, signer):
    builder = pkcs7.PKCS7SignatureBuilder().set_data(INNER).add_signer(*signer, hashes.SHA256())
    wrapped = builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature])
    read = read_here(wrapped, "smime.p7s")

    assert read.problems == []
    assert read.marks == {"signature"}


def test_more_words_around_a_signature_than_are_read_are_said(read_here, signer):
    builder = pkcs7.PKCS7SignatureBuilder().set_data(INNER).add_signer(*signer, hashes.SHA256())
    wrapped = builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])

    assert read_here(wrapped + b"words behind the end\n" * 2_000, "smime.p7m").reasons == {"too_large"}


def test_an_enveloped_message_is_encrypted(read_here, signer):
    wrapped = (
        pkcs7.PKCS7EnvelopeBuilder().set_data(INNER).add_recipient(signer[0]).encrypt(serialization.Encoding.DER, [])
    )
    read = read_here(wrapped, "smime.p7m")

    assert read.problems == [("smime.p7m", "encrypted")]


def der(tag: int, *inner: bytes) -> bytes:
    body = b"".join(inner)
    length = bytes([len(body)]) if len(body) < 128 else b"\x82" + len(body).to_bytes(2, "big")
    return bytes([tag]) + length + body


def oid(last: int, *, smime: bool = False) -> bytes:
    prefix = "2a864886f70d0109100109" if smime else f"2a864886f70d0107{last:02x}"
    return der(6, bytes.fromhex(prefix))


def content_info(kind: bytes, inner: bytes) -> bytes:
    return der(0x30, kind, der(0xA0, inner))


def encapsulated(data: bytes) -> bytes:
    return der(0x30, oid(1), der(0xA0, der(4, data)))


VERSION = der(2, b"\x01")
ALGORITHM = der(0x30, der(6, b"\x60\x86\x48\x01\x65\x03\x04\x02\x01"))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(content_info(oid(1), der(4, INNER)), id="data"),
        pytest.param(content_info(oid(5), der(0x30, VERSION, ALGORITHM, encapsulated(INNER), der(4, bytes(range(200, 232))))), id="digested"),
        pytest.param(content_info(oid(0, smime=True), der(0x30, VERSION, ALGORITHM, encapsulated(zlib.compress(INNER)))), id="compressed"),
        pytest.param(content_info(oid(2), der(0x30, VERSION, der(0x31, ALGORITHM), encapsulated(INNER), der(0x31))), id="signed by nobody"),
    ],
)  # fmt: skip
def test_wrappings_without_a_lock_are_opened(read_here, content):
    read = read_here(content, "smime.p7m")

    assert "Quillfeather in a signed letter" in read.text
    assert read.problems == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(content_info(oid(3), der(0x30, VERSION)), "encrypted", id="enveloped"),
        pytest.param(content_info(oid(6), der(0x30, VERSION)), "encrypted", id="encrypted"),
        pytest.param(content_info(der(6, bytes.fromhex("2a864886f70d0109100117")), der(0x30, VERSION)), "encrypted", id="authenticated"),
        pytest.param(content_info(oid(2), der(0x30, VERSION, der(0x31), der(0x30, oid(1), der(0xA0, der(12, INNER))))), "unsupported", id="content of an odd type"),
        pytest.param(content_info(oid(2), b"Quillfeather in a signed letter"), "unsupported", id="no structure"),
        pytest.param(content_info(oid(0, smime=True), der(0x30, VERSION, ALGORITHM, encapsulated(b"not zlib"))), "corrupt", id="not compressed"),
    ],
)  # fmt: skip
def test_a_small_wrapping_that_yields_nothing_is_a_problem(read_here, content, reason):
    assert reason in read_here(content, "smime.p7m").reasons


def test_names_in_certificates_are_read(read_here, signer):
    builder = pkcs7.PKCS7SignatureBuilder().set_data(INNER).add_signer(*signer, hashes.SHA256())
    wrapped = builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature])

    assert "Quill Example" in read_here(wrapped, "smime.p7s").text


def test_a_compressed_bomb_is_too_large(read_here):
    bomb = zlib.compress(bytes(80_000_000), 9)
    read = read_here(
        content_info(oid(0, smime=True), der(0x30, VERSION, ALGORITHM, encapsulated(bomb[:60_000]))), "a.p7m"
    )

    assert "too_large" in read.reasons


@pytest.mark.parametrize("encoding", [serialization.Encoding.PEM, serialization.Encoding.SMIME])
def test_a_wrapping_pasted_as_text_is_opened(read_here, signer, encoding):
    builder = pkcs7.PKCS7SignatureBuilder().set_data(INNER).add_signer(*signer, hashes.SHA256())
    read = read_here(builder.sign(encoding, []), "a.txt")

    assert "Quillfeather in a signed letter" in read.text
    assert "signature" in read.marks


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", [b"\x30\x80", b"\x24\x80", b"\xa0\x80\x30\x80", b"\x04\x01x", b"\x30\x82\xff\xff"])
def test_hostile_wrappings_are_read_in_bounded_time(read_here, piece):
    read_here(b"\x30\x80" + oid(2) + piece * (1_000_000 // len(piece)), "a.p7m")

# SPDX-License-Identifier: GPL-3.0-or-later
"""S/MIME: a signed message is unwrapped, an enveloped one is encrypted."""

import datetime as dt

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
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example")])
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


def test_an_enveloped_message_is_encrypted(read_here, signer):
    wrapped = (
        pkcs7.PKCS7EnvelopeBuilder().set_data(INNER).add_recipient(signer[0]).encrypt(serialization.Encoding.DER, [])
    )
    read = read_here(wrapped, "smime.p7m")

    assert read.problems == [("smime.p7m", "encrypted")]

# SPDX-License-Identifier: GPL-3.0-or-later
"""Workbooks under Excel's own password are opened; the three old ciphers are applied here the other way round."""

import hashlib
import io
import struct

import pytest
from msoffcrypto.method.rc4 import DocumentRC4
from msoffcrypto.method.rc4_cryptoapi import DocumentRC4CryptoAPI
from msoffcrypto.method.xor_obfuscation import DocumentXOR

from safehold.model import PlaceKind
from safehold.reading.basics import compound
from safehold.reading.legacy import default_password

PASSWORD = "VelvetSweatshop"
WORD = "Quillfeather"
SALT, VERIFIER = bytes(range(16)), bytes(range(16, 32))


def record(kind: int, raw: bytes) -> bytes:
    return struct.pack("<HH", kind, len(raw)) + raw


BEGIN = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
SHEET = record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
REST = record(0x85, struct.pack("<IBBBB", 9_999, 0, 0, 1, 0) + b"S") + record(0x0A, b"") + SHEET
REST += record(0x204, struct.pack("<HHHHB", 0, 0, 0, len(WORD), 0) + WORD.encode()) + record(0x0A, b"")


def workbook(file_pass: bytes) -> bytes:
    return BEGIN + record(0x2F, file_pass) + REST


def spans(stream: bytes):
    """Yield where what is encrypted starts and ends."""
    at = 0
    while at < len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        if kind not in (0x809, 0x2F):
            yield at + 4 + (4 if kind == 0x85 else 0), at + 4 + length
        at += 4 + length


def under_rc4(password: str) -> bytes:
    sealed = DocumentRC4.decrypt(password, SALT, io.BytesIO(VERIFIER + hashlib.md5(VERIFIER).digest()), 1024).read()
    plain = workbook(struct.pack("<HHH", 1, 1, 1) + SALT + sealed)
    return mixed(plain, DocumentRC4.decrypt(password, SALT, io.BytesIO(plain), 1024).read())


def under_crypto_api(password: str) -> bytes:
    digest = hashlib.sha1(VERIFIER).digest()
    sealed = DocumentRC4CryptoAPI.decrypt(password, SALT, 128, io.BytesIO(VERIFIER + digest), 1024).read()
    header = struct.pack("<IIIIIIII", 4, 0, 0x6801, 0x8004, 128, 1, 0, 0) + "x\0".encode("utf-16-le")
    info = struct.pack("<HHHII", 1, 2, 2, 4, len(header)) + header
    info += struct.pack("<I", 16) + SALT + sealed[:16] + struct.pack("<I", 20) + sealed[16:]
    plain = workbook(info)
    return mixed(plain, DocumentRC4CryptoAPI.decrypt(password, SALT, 128, io.BytesIO(plain), 1024).read())


def under_xor(password: str) -> bytes:
    verifier = next(number for number in range(65_536) if DocumentXOR.verifypw(password, number))
    keys = DocumentXOR.create_xor_array_method1(password)
    plain = workbook(struct.pack("<HHH", 0, DocumentXOR.create_xor_key_method1(password), verifier))
    sealed = bytearray(plain)
    for start, end in spans(plain):
        for at in range(start, end):
            turned = (plain[at] << 5 | plain[at] >> 3) & 0xFF
            sealed[at] = turned ^ keys[(end + at - start) % 16]
    return bytes(sealed)


def mixed(plain: bytes, sealed: bytes) -> bytes:
    out = bytearray(plain)
    for start, end in spans(plain):
        out[start:end] = sealed[start:end]
    return bytes(out)


CIPHERS = {"RC4": under_rc4, "RC4 of CryptoAPI": under_crypto_api, "XOR": under_xor}


@pytest.mark.parametrize("seal", CIPHERS.values(), ids=CIPHERS.keys())
def test_excels_own_password_opens_a_workbook(read_here, seal):
    stream = seal(PASSWORD)
    read = read_here(compound.write({"Workbook": stream}), "a.xls")

    assert WORD.encode() not in stream
    assert WORD in read.texts(PlaceKind.SHEET)
    assert "encrypted" not in read.reasons


@pytest.mark.parametrize("seal", CIPHERS.values(), ids=CIPHERS.keys())
def test_another_password_leaves_a_workbook_encrypted(read_here, seal):
    read = read_here(compound.write({"Workbook": seal("another")}), "a.xls")

    assert read.problems == [("a.xls", "encrypted")]


@pytest.mark.parametrize(
    "information",
    [
        b"",
        b"\x04\x00\x04\x00",
        struct.pack("<HHI", 4, 4, 0x40) + b'<encryption><keyEncryptors><encryptedKey spinCount="4000000000"/>',
        struct.pack("<HHI", 4, 4, 0x40) + b'<encryption><keyEncryptors><encryptedKey spinCount="x" saltValue="?"/>',
        struct.pack("<HHII", 3, 2, 0x24, 0xFFFFFFFF),
        struct.pack("<HHII", 3, 2, 0x24, 4) + bytes(200),
    ],
)
def test_rubbish_in_place_of_encryption_is_opened_by_nothing(information):
    assert default_password.open_package(information, bytes(100)) is None

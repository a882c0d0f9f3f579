# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a ZIP that asks for a password, as people make them to "protect" a file: for samples and tests only.

The cipher (PKWARE's traditional encryption, APPNOTE.TXT section 6.1) is broken and must protect nothing; what matters
here is that the archive is really locked: flag bit 0 set, member bytes unreadable without the password.  The standard
library reads such archives and cannot write them.  Pure and deterministic.
"""

import struct
import zlib
from collections.abc import Iterable

_CRC = [0] * 256
for _number in range(256):
    _value = _number
    for _ in range(8):
        _value = _value >> 1 ^ (0xEDB88320 if _value & 1 else 0)
    _CRC[_number] = _value

_MASK = 0xFFFFFFFF
_ENCRYPTED = 0x1
_DATE_1 = (2025 - 1980) << 9 | 6 << 5 | 2  # 2 June 2025, MS-DOS form
_TIME_1 = 9 << 11 | 30 << 5


def _crc_step(crc: int, byte: int) -> int:
    return crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]


def _encrypt(plain: bytes, password: bytes) -> bytes:
    first, second, third = 0x12345678, 0x23456789, 0x34567890
    out = bytearray()

    def update(byte: int) -> None:
        nonlocal first, second, third
        first = _crc_step(first, byte)
        second = ((second + (first & 0xFF)) * 134775813 + 1) & _MASK
        third = _crc_step(third, second >> 24)

    for byte in password:
        update(byte)
    for byte in plain:
        key = (third | 2) & 0xFFFF
        out.append(byte ^ (key * (key ^ 1) >> 8 & 0xFF))
        update(byte)
    return bytes(out)


def locked_zip(members: Iterable[tuple[str, bytes]], password: str) -> bytes:
    """Return a ZIP of *members*, each stored under *password*; their names stay readable, as always in a ZIP."""
    body, directory = bytearray(), bytearray()
    count = 0
    for name, content in members:
        crc = zlib.crc32(content)
        # Twelve bytes of salt, the last of which lets an unpacker check the password.  Fixed, for equal builds.
        salt = bytes((7 * place + 3) % 256 for place in range(11)) + bytes([crc >> 24])
        data = _encrypt(salt + content, password.encode())
        encoded = name.encode("ascii")
        common = struct.pack(
            "<HHHHHIIIHH", 20, _ENCRYPTED, 0, _TIME_1, _DATE_1, crc, len(data), len(content), len(encoded), 0
        )
        directory += b"PK\x01\x02" + struct.pack("<H", 20) + common
        directory += struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + encoded
        body += b"PK\x03\x04" + common + encoded + data
        count += 1
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)
    return bytes(body + directory + b"PK\x05\x06" + end)

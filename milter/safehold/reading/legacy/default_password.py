# SPDX-License-Identifier: GPL-3.0-or-later
"""Office files that are encrypted with Excel's own password: anybody's Excel opens them without asking.

Excel does so where only the structure of a workbook is protected.  A file that another password opens stays
encrypted.  The ciphers are msoffcrypto-tool's; its files are not used, because it writes temporary ones, and because
it opens compound files by a library that can be stopped.  Sources: [MS-OFFCRYPTO] 2.3, [MS-XLS] 2.2.10.
"""

import base64
import binascii
import io
import re
import struct

import cryptography.hazmat.backends.openssl.backend  # noqa: F401 - else it is looked for on first use, behind the walls
from msoffcrypto.format.common import _parse_header_RC4CryptoAPI
from msoffcrypto.method.ecma376_agile import ECMA376Agile
from msoffcrypto.method.ecma376_standard import ECMA376Standard
from msoffcrypto.method.rc4 import DocumentRC4
from msoffcrypto.method.rc4_cryptoapi import DocumentRC4CryptoAPI
from msoffcrypto.method.xor_obfuscation import DocumentXOR

from safehold.reading.legacy.biff import u16, u32

_PASSWORD = "VelvetSweatshop"  # noqa: S105 - Excel's own, printed in [MS-OFFCRYPTO]
_FILE_PASS, _BOUND_SHEET = 0x2F, 0x85
# Records that are never encrypted.
_PLAIN = frozenset((0x809, _FILE_PASS, 0x194, 0x195, 0xE1, 0x196, 0x138))
# Office itself takes 100,000 rounds of hashing, some 80 ms; a file may ask for a hundred times as many.
_MOST_ROUNDS = 100_000
_ATTRIBUTE = re.compile(rb"\b(\w{1,40})=\"([^\"]{0,400})\"")
_BLOCK = 1024


def open_workbook(stream: bytes) -> bytes | None:
    """Return a workbook stream decrypted, its encryption record blanked; None where the password is another."""
    try:
        return _Workbook(stream).decrypted()
    except (struct.error, ValueError, IndexError, TypeError, KeyError, UnicodeError):
        return None


def open_package(information: bytes, package: bytes) -> bytes | None:
    """Return the package of an encrypted Office file of today; None where the password is another."""
    try:
        if u16(information, 0) == 4 and u16(information, 2) == 4:
            return _agile(information, package)
        if u16(information, 2) == 2:
            return _standard(information, package)
    except (struct.error, ValueError, IndexError, TypeError, KeyError, UnicodeError, binascii.Error):
        pass
    return None


class _Workbook:
    """A workbook stream: which of its bytes are encrypted, and by which method."""

    def __init__(self, stream: bytes) -> None:
        self._stream = stream
        self._spans: list[tuple[int, int]] = []
        self._file_pass = b""
        self._blanked = bytearray(stream)
        at = 0
        while at + 4 <= len(stream):
            kind, length = struct.unpack_from("<HH", stream, at)
            start, end = at + 4, min(at + 4 + length, len(stream))
            if kind == _FILE_PASS and not self._file_pass:
                self._file_pass = stream[start:end]
                self._blanked[at : at + 2] = b"\x00\x00"
                self._blanked[start:end] = bytes(end - start)
            elif kind == _BOUND_SHEET:
                self._spans.append((start + 4, end))
            elif kind not in _PLAIN:
                self._spans.append((start, end))
            at = end

    def decrypted(self) -> bytes | None:
        """Return the stream with its records decrypted, or None."""
        info = self._file_pass
        kind = u16(info, 0)
        if kind == 0 and len(info) >= 6:
            if DocumentXOR.verifypw(_PASSWORD, u16(info, 4)):
                return self._by_xor()
        elif kind == 1 and u16(info, 2) == 1:
            salt, verifier, verifier_hash = info[6:22], info[22:38], info[38:54]
            if DocumentRC4.verifypw(_PASSWORD, salt, verifier, verifier_hash):
                return self._patched(DocumentRC4.decrypt(_PASSWORD, salt, io.BytesIO(self._stream), _BLOCK).read())
        elif kind == 1 and u16(info, 2) in (2, 3, 4):
            found = _parse_header_RC4CryptoAPI(io.BytesIO(info[6:]))
            salt, size = found["salt"], found["keySize"]
            if DocumentRC4CryptoAPI.verifypw(
                _PASSWORD, salt, size, found["encryptedVerifier"], found["encryptedVerifierHash"]
            ):
                plain = DocumentRC4CryptoAPI.decrypt(_PASSWORD, salt, size, io.BytesIO(self._stream), _BLOCK)
                return self._patched(plain.read())
        return None

    def _patched(self, plain: bytes) -> bytes:
        for start, end in self._spans:
            self._blanked[start:end] = plain[start:end]
        return bytes(self._blanked)

    def _by_xor(self) -> bytes:
        keys = bytes(DocumentXOR.create_xor_array_method1(_PASSWORD))
        for start, end in self._spans:
            # Where the key starts depends on where the record ends.
            first = end % 16
            for at in range(start, end):
                mixed = self._stream[at] ^ keys[(first + at - start) % 16]
                self._blanked[at] = (mixed << 3 | mixed >> 5) & 0xFF
        return bytes(self._blanked)


def _agile(information: bytes, package: bytes) -> bytes | None:
    head, _, rest = information.partition(b"keyEncryptors")
    data = dict(_ATTRIBUTE.findall(head))
    key = dict(_ATTRIBUTE.findall(rest))
    rounds = int(key[b"spinCount"])
    if rounds > _MOST_ROUNDS:
        return None
    salt, hashing = base64.b64decode(key[b"saltValue"]), key[b"hashAlgorithm"].decode()
    bits = int(key[b"keyBits"])
    if not ECMA376Agile.verify_password(
        _PASSWORD, salt, hashing, base64.b64decode(key[b"encryptedVerifierHashInput"]),
        base64.b64decode(key[b"encryptedVerifierHashValue"]), rounds, bits,
    ):  # fmt: skip
        return None
    secret = ECMA376Agile.makekey_from_password(
        _PASSWORD, salt, hashing, base64.b64decode(key[b"encryptedKeyValue"]), rounds, bits
    )
    content: bytes = ECMA376Agile.decrypt(
        secret, base64.b64decode(data[b"saltValue"]), data[b"hashAlgorithm"].decode(), io.BytesIO(package)
    )
    return content


def _standard(information: bytes, package: bytes) -> bytes | None:
    size = u32(information, 8)
    header, verifier = information[12 : 12 + size], information[12 + size :]
    bits, salt = u32(header, 16), verifier[4:20]
    secret = ECMA376Standard.makekey_from_password(
        _PASSWORD, u32(header, 8), u32(header, 12), u32(header, 20), bits, 16, salt
    )
    if not ECMA376Standard.verifykey(secret, verifier[20:36], verifier[40:72]):
        return None
    content: bytes = ECMA376Standard.decrypt(secret, io.BytesIO(package))
    return content

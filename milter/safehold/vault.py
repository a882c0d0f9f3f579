# SPDX-License-Identifier: GPL-3.0-or-later
"""All cryptography of safehold: what seals, what opens, what is hashed with a key, what is signed.

A hold is sealed under a random content key of its own (AES-256-GCM; hold id and field name are associated data, so
that no ciphertext can stand in for another).  HPKE (RFC 9180, single shot, base mode) seals that key twice: to the
reviewers' public key and to an offline recovery key.  The milter holds public keys only: it can lock and not unlock
(DESIGN P6).  Register rows are sealed under one symmetric key, because the milter must read them.

Promises: no exception tells why a value did not open, or anything of the value; keys never show in a ``repr``; a
secret key that others of the machine may read, or a public key that others may replace, is refused.
Thread-safe: everything here is a pure function of its arguments but for the operating system's randomness.

Sources: RFC 9180 (HPKE), NIST SP 800-38D (GCM; a random 96-bit nonce is good for 2^32 values under one key),
draft-connolly-cfrg-xwing-kem as ``cryptography`` implements it for the hybrid suite, acl(5) for the mode of keys.
"""

import base64
import binascii
import hashlib
import hmac
import itertools
import os
import secrets
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import ed25519, mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from safehold.errors import KeyUnavailableError, TamperedError


class LostKeyError(KeyUnavailableError):
    """A key file is missing or damaged: no change of its owner or mode brings the key back."""


# -- suites -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Kem:
    """One way to seal a content key: how its keys are made from raw bytes, and how long those are."""

    kem: hpke.KEM
    private_size: int
    public_size: int
    private: Callable[[bytes], Any]
    public: Callable[[bytes], Any]
    raw_public: Callable[[bytes], bytes]


def _x25519_raw_public(raw: bytes) -> bytes:
    return x25519.X25519PrivateKey.from_private_bytes(raw).public_key().public_bytes_raw()


def _hybrid_private(raw: bytes) -> hpke.MLKEM768X25519PrivateKey:
    return hpke.MLKEM768X25519PrivateKey(
        mlkem.MLKEM768PrivateKey.from_seed_bytes(raw[:64]), x25519.X25519PrivateKey.from_private_bytes(raw[64:])
    )


def _hybrid_public(raw: bytes) -> hpke.MLKEM768X25519PublicKey:
    return hpke.MLKEM768X25519PublicKey(
        mlkem.MLKEM768PublicKey.from_public_bytes(raw[:1184]), x25519.X25519PublicKey.from_public_bytes(raw[1184:])
    )


def _hybrid_raw_public(raw: bytes) -> bytes:
    lattice = mlkem.MLKEM768PrivateKey.from_seed_bytes(raw[:64]).public_key().public_bytes_raw()
    return lattice + _x25519_raw_public(raw[64:])


CLASSIC = "x25519-hkdf-sha256-aes256gcm"
HYBRID = "mlkem768-x25519-hkdf-sha256-aes256gcm"

# The id is stored with every hold, so that a later suite can live beside these.
SUITES: Mapping[str, _Kem] = {
    CLASSIC: _Kem(
        hpke.KEM.X25519,
        32,
        32,
        x25519.X25519PrivateKey.from_private_bytes,
        x25519.X25519PublicKey.from_public_bytes,
        _x25519_raw_public,
    ),
    HYBRID: _Kem(hpke.KEM.MLKEM768_X25519, 96, 1216, _hybrid_private, _hybrid_public, _hybrid_raw_public),
}


def _suite(name: str) -> hpke.Suite:
    return hpke.Suite(SUITES[name].kem, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that things are sealed to.  ``id`` names it in the store, so that a rotation can find its holds."""

    suite: str
    raw: bytes

    @property
    def id(self) -> str:
        """Return 16 hexadecimal digits that name the key."""
        return hashlib.sha256(joined(b"safehold key id", self.suite.encode(), self.raw)).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class OpeningKey:
    """A key that opens what was sealed to its public half: the reviewers', or the offline recovery key."""

    suite: str
    raw: bytes = field(repr=False)

    @property
    def public(self) -> PublicKey:
        """Return the public half."""
        return PublicKey(self.suite, SUITES[self.suite].raw_public(self.raw))


# -- sealing a hold ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sealed:
    """The fields of one hold under a content key, and that key sealed to two public keys.

    Erasing a hold is deleting the two wrapped keys; handing it to a new key is replacing one of them.
    """

    suite: str
    key_id: str
    recovery_id: str
    wrapped: bytes = field(repr=False)
    wrapped_recovery: bytes = field(repr=False)
    fields: Mapping[str, bytes] = field(repr=False)


def seal(sealing: PublicKey, recovery: PublicKey, hold_id: str, fields: Mapping[str, bytes]) -> Sealed:
    """Return *fields* sealed for *hold_id* under a fresh content key that only the two private keys give back."""
    if sealing.suite != recovery.suite:
        raise KeyUnavailableError("sealing and recovery key are of different suites")
    content_key = AESGCM.generate_key(bit_length=256)
    return Sealed(
        suite=sealing.suite,
        key_id=sealing.id,
        recovery_id=recovery.id,
        wrapped=_wrap(content_key, sealing, hold_id),
        wrapped_recovery=_wrap(content_key, recovery, hold_id),
        fields={name: _encrypt(content_key, text, _field_place(hold_id, name)) for name, text in fields.items()},
    )


def unseal(opening: OpeningKey, hold_id: str, sealed: Sealed, *names: str) -> dict[str, bytes]:
    """Return the named fields (all where none is named) of *sealed* in the clear.

    Raises:
        KeyUnavailableError: it was sealed to other keys than this one.
        TamperedError: it is not what was sealed for this hold.
    """
    content_key = _content_key(opening, hold_id, sealed)
    try:
        chosen = {name: sealed.fields[name] for name in names or sealed.fields}
    except KeyError as err:
        raise TamperedError("a sealed field is missing") from err
    return {name: _decrypt(content_key, blob, _field_place(hold_id, name)) for name, blob in chosen.items()}


def rewrap(opening: OpeningKey, new: PublicKey, hold_id: str, sealed: Sealed) -> bytes:
    """Return the content key of *sealed* sealed to *new*: what a rotation stores in place of the old wrapped key."""
    if new.suite != sealed.suite:
        raise KeyUnavailableError("the new key is of another suite than the hold")
    return _wrap(_content_key(opening, hold_id, sealed), new, hold_id)


def seal_note(sealing: PublicKey, place: str, text: bytes) -> bytes:
    """Return a short text sealed straight to the reviewers' key; *place* must be given again to open it."""
    blob: bytes = _suite(sealing.suite).encrypt(text, _public(sealing), info=_note_info(place))
    return blob


def open_note(opening: OpeningKey, place: str, blob: bytes) -> bytes:
    """Return the text that :func:`seal_note` sealed at *place*."""
    return _hpke_open(opening, blob, _note_info(place))


def _content_key(opening: OpeningKey, hold_id: str, sealed: Sealed) -> bytes:
    key_id = opening.public.id
    if sealed.suite == opening.suite and key_id == sealed.key_id:
        wrapped = sealed.wrapped
    elif sealed.suite == opening.suite and key_id == sealed.recovery_id:
        wrapped = sealed.wrapped_recovery
    else:
        raise KeyUnavailableError("the hold was sealed to another key")
    return _hpke_open(opening, wrapped, _key_info(hold_id))


def _wrap(content_key: bytes, public: PublicKey, hold_id: str) -> bytes:
    wrapped: bytes = _suite(public.suite).encrypt(content_key, _public(public), info=_key_info(hold_id))
    return wrapped


def _public(key: PublicKey) -> Any:
    try:
        return SUITES[key.suite].public(key.raw)
    except (KeyError, ValueError, UnsupportedAlgorithm) as err:
        raise KeyUnavailableError("the public key is of a suite that this machine cannot use") from err


def _hpke_open(opening: OpeningKey, blob: bytes, info: bytes) -> bytes:
    try:
        private = SUITES[opening.suite].private(opening.raw)
    except (KeyError, ValueError, UnsupportedAlgorithm) as err:
        raise KeyUnavailableError("the opening key is of a suite that this machine cannot use") from err
    try:
        text: bytes = _suite(opening.suite).decrypt(blob, private, info=info)
    except (InvalidTag, ValueError) as err:
        raise TamperedError("a sealed key did not open") from err
    return text


def _key_info(hold_id: str) -> bytes:
    return joined(b"safehold content key 1", hold_id.encode())


def _note_info(place: str) -> bytes:
    return joined(b"safehold note 1", place.encode())


def _field_place(hold_id: str, name: str) -> bytes:
    return joined(b"safehold hold 1", hold_id.encode(), name.encode())


# -- symmetric: register rows, keyed hashes ---------------------------------------------------------------------


def seal_row(key: bytes, row_id: str, text: bytes) -> bytes:
    """Return a register row sealed under the register key; it opens in its own row only."""
    return _encrypt(key, text, _row_place(row_id))


def open_row(key: bytes, row_id: str, blob: bytes) -> bytes:
    """Return what :func:`seal_row` sealed for *row_id*; TamperedError for anything else."""
    return _decrypt(key, blob, _row_place(row_id))


def keyed_hash(key: bytes, *fields: bytes) -> bytes:
    """Return HMAC-SHA256 of *fields*, each prefixed with its length: ("ab", "c") and ("a", "bc") differ."""
    return hmac.digest(key, joined(*fields), "sha256")


def joined(*fields: bytes) -> bytes:
    """Return *fields* as one byte string from which they could be told apart again."""
    return b"".join(part for text in fields for part in (struct.pack(">Q", len(text)), text))


def _row_place(row_id: str) -> bytes:
    return joined(b"safehold register row 1", row_id.encode())


def _encrypt(key: bytes, text: bytes, place: bytes) -> bytes:
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, text, place)


def _decrypt(key: bytes, blob: bytes, place: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(blob[:12], memoryview(blob)[12:], place)
    except (InvalidTag, ValueError) as err:
        raise TamperedError("a sealed value did not open") from err


# -- signatures -------------------------------------------------------------------------------------------------


def sign(audit_key: bytes, *fields: bytes) -> bytes:
    """Return the Ed25519 signature of *fields* under the audit key."""
    return ed25519.Ed25519PrivateKey.from_private_bytes(audit_key).sign(joined(*fields))


def check_signature(audit_public: bytes, signature: bytes, *fields: bytes) -> None:
    """Return if *signature* is the audit key's over *fields*; else raise TamperedError."""
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(audit_public).verify(signature, joined(*fields))
    except (InvalidSignature, ValueError) as err:
        raise TamperedError("a signature is not the audit key's") from err


# -- keys on disk -----------------------------------------------------------------------------------------------

# File of each key, and whether it is secret.  One line: "safehold-key NAME SUITE BASE64".
_FILES: Mapping[str, tuple[str, bool]] = {
    "sealing": ("sealing.pub", False),
    "opening": ("opening.key", True),
    "recovery": ("recovery.pub", False),
    "register": ("register.key", True),
    "store": ("store.key", True),
    "audit": ("audit.key", True),
    "audit-public": ("audit.pub", False),
}
_SYMMETRIC = "symmetric-256"
_SIGNING = "ed25519"


def _missing(name: str) -> KeyUnavailableError:
    return KeyUnavailableError(f"the {name} key was not loaded by this process")


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys that one process was given, and no more (DESIGN 6).  Asking for another raises KeyUnavailableError."""

    _sealing: PublicKey | None = None
    _recovery: PublicKey | None = None
    _opening: OpeningKey | None = field(default=None, repr=False)
    _register: bytes | None = field(default=None, repr=False)
    _store: bytes | None = field(default=None, repr=False)
    _audit: bytes | None = field(default=None, repr=False)
    _audit_public: bytes | None = None

    @classmethod
    def load(cls, directory: Path, *, need: frozenset[str]) -> "KeyRing":
        """Return the keys named in *need* from *directory*; every other stays unread.

        Names: ``sealing`` ``opening`` ``recovery`` ``register`` ``store`` ``audit`` ``audit-public``.

        Raises:
            KeyUnavailableError: a key is missing, unreadable, of the wrong kind, or others may read or replace it.
        """
        if unknown := need - _FILES.keys():
            raise ValueError(f"no key is named {', '.join(sorted(unknown))}")
        found = {name: _read_key(Path(directory), name) for name in sorted(need)}

        def public(name: str) -> PublicKey | None:
            return PublicKey(*found[name]) if name in found else None

        def raw(name: str) -> bytes | None:
            return found[name][1] if name in found else None

        return cls(
            public("sealing"),
            public("recovery"),
            OpeningKey(*found["opening"]) if "opening" in found else None,
            raw("register"),
            raw("store"),
            raw("audit"),
            raw("audit-public"),
        )

    @property
    def sealing(self) -> PublicKey:
        """Return the reviewers' public key."""
        if self._sealing is None:
            raise _missing("sealing")
        return self._sealing

    @property
    def recovery(self) -> PublicKey:
        """Return the public half of the offline recovery key."""
        if self._recovery is None:
            raise _missing("recovery")
        return self._recovery

    @property
    def opening(self) -> OpeningKey:
        """Return the reviewers' private key: the courier's and the console's alone."""
        if self._opening is None:
            raise _missing("opening")
        return self._opening

    @property
    def register(self) -> bytes:
        """Return the key of the sealed register."""
        if self._register is None:
            raise _missing("register")
        return self._register

    @property
    def store(self) -> bytes:
        """Return the key of keyed hashes in the store."""
        if self._store is None:
            raise _missing("store")
        return self._store

    @property
    def audit(self) -> bytes:
        """Return the private key that signs audit checkpoints."""
        if self._audit is None:
            raise _missing("audit")
        return self._audit

    @property
    def audit_public(self) -> bytes:
        """Return the public half of the audit key."""
        if self._audit_public is None:
            raise _missing("audit-public")
        return self._audit_public


def create_keys(directory: Path, *, suite: str = CLASSIC) -> str:
    """Create every key file in *directory* and return the recovery key's private half as text, which is kept nowhere.

    Files and folder are synced to disk before this returns: a hold under keys that a power cut took is lost.

    Raises:
        KeyUnavailableError: there are keys already, or the folder cannot be written.
    """
    directory = Path(directory)
    if suite not in SUITES:
        raise ValueError(f"no suite is named {suite}; expected one of {', '.join(SUITES)}")
    opening, recovery = (OpeningKey(suite, secrets.token_bytes(SUITES[suite].private_size)) for _ in range(2))
    audit = ed25519.Ed25519PrivateKey.generate()
    lines = {
        "sealing": (suite, opening.public.raw),
        "opening": (suite, opening.raw),
        "recovery": (suite, recovery.public.raw),
        "register": (_SYMMETRIC, secrets.token_bytes(32)),
        "store": (_SYMMETRIC, secrets.token_bytes(32)),
        "audit": (_SIGNING, audit.private_bytes_raw()),
        "audit-public": (_SIGNING, audit.public_key().public_bytes_raw()),
    }
    try:
        directory.mkdir(mode=0o750, parents=True, exist_ok=True)
        if any((directory / name).exists() for name, _ in _FILES.values()):
            raise KeyUnavailableError(f"there are keys in this folder already: {directory}")
        for name, (kind, raw) in lines.items():
            _write_key(directory, name, kind, raw)
        _sync_folder(directory)
    except OSError as err:
        raise KeyUnavailableError(f"keys cannot be written: {err.strerror} ({directory})") from err
    return recovery_text(recovery)


def renew_opening(directory: Path, suite: str) -> PublicKey:
    """Make a new reviewers' pair in *directory* in place of one that is lost, and return its public half.

    What lay there before stays beside it, with ``.before`` at its name (then ``.before2`` and so on).  Holds open
    with the new key once :func:`rewrap` has handed them over.

    Raises:
        KeyUnavailableError: The folder cannot be written.
    """
    opening = OpeningKey(suite, secrets.token_bytes(SUITES[suite].private_size))
    try:
        for name, raw in (("opening", opening.raw), ("sealing", opening.public.raw)):
            path = directory / _FILES[name][0]
            if os.path.lexists(path):
                path.rename(_unused_name(path))
            _write_key(directory, name, suite, raw)
        _sync_folder(directory)
    except OSError as err:
        raise KeyUnavailableError(f"keys cannot be written: {err.strerror} ({directory})") from err
    return opening.public


def _unused_name(path: Path) -> Path:
    """Return under which name what lies at *path* is kept; never one that something is kept under already."""
    names = (path.with_name(f"{path.name}.before{number if number > 1 else ''}") for number in itertools.count(1))
    return next(name for name in names if not os.path.lexists(name))


def recovery_text(key: OpeningKey) -> str:
    """Return a private key as groups of letters and digits that a person can keep on paper."""
    raw = key.raw + hashlib.sha256(key.raw).digest()[:4]
    letters = base64.b32encode(raw).decode().rstrip("=")
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def recovery_key(text: str) -> OpeningKey:
    """Return the private key that :func:`recovery_text` wrote; forgives case, spaces, and 0 1 8 for O I B."""
    letters = "".join(text.split()).replace("-", "").upper().translate(str.maketrans("018", "OIB"))
    try:
        whole = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except binascii.Error as err:
        raise KeyUnavailableError("this is not a recovery key: letters are missing or wrong") from err
    raw, check = whole[:-4], whole[-4:]
    if not hmac.compare_digest(hashlib.sha256(raw).digest()[:4], check):
        raise KeyUnavailableError("this is not a recovery key: a letter is wrong")
    for name, kem in SUITES.items():
        if len(raw) == kem.private_size:
            return OpeningKey(name, raw)
    raise KeyUnavailableError("this is not a recovery key: its length fits no suite")


def _write_key(directory: Path, name: str, kind: str, raw: bytes) -> None:
    file, secret = _FILES[name]
    mode = 0o400 if secret else 0o444
    descriptor = os.open(directory / file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        os.fchmod(descriptor, mode)  # whatever the umask was
        os.write(descriptor, f"safehold-key {name} {kind} {base64.b64encode(raw).decode()}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_key(directory: Path, name: str) -> tuple[str, bytes]:
    file, secret = _FILES[name]
    path = directory / file
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as err:
        kind = LostKeyError if isinstance(err, FileNotFoundError) else KeyUnavailableError
        raise kind(f"the {name} key cannot be read: {err.strerror} ({path})") from err
    try:
        _refuse_exposed(descriptor, name, path, secret=secret)
        line = os.read(descriptor, 65536)
    finally:
        os.close(descriptor)
    return _parse_key(line, name, path)


def _parse_key(line: bytes, name: str, path: Path) -> tuple[str, bytes]:
    words = line.decode("ascii", "replace").split()
    if len(words) != 4 or words[0] != "safehold-key" or words[1] != name:
        raise LostKeyError(f"the file of the {name} key does not hold a {name} key ({path})")
    try:
        raw = base64.b64decode(words[3], validate=True)
    except ValueError as err:
        raise LostKeyError(f"the file of the {name} key is damaged ({path})") from err
    if len(raw) != _size(name, words[2]):
        raise LostKeyError(f"the {name} key is of the wrong kind or length ({path})")
    return words[2], raw


def _size(name: str, kind: str) -> int:
    """Return how many bytes a key of this name and kind has; -1 where the two do not go together."""
    if name in {"sealing", "recovery"}:
        return SUITES[kind].public_size if kind in SUITES else -1
    if name == "opening":
        return SUITES[kind].private_size if kind in SUITES else -1
    expected = _SIGNING if name.startswith("audit") else _SYMMETRIC
    return 32 if kind == expected else -1


def _refuse_exposed(descriptor: int, name: str, path: Path, *, secret: bool) -> None:
    """Raise KeyUnavailableError where somebody else could read a secret key, or replace a public one."""
    status = os.fstat(descriptor)
    if status.st_uid not in {0, os.geteuid()}:
        raise KeyUnavailableError(f"the {name} key belongs to another user ({path})")
    mode = (status.st_mode & 0o707) | (_group_mode(descriptor, status.st_mode) << 3)
    wanted = f"its mode must be {_wanted(secret)}: chmod {_wanted(secret)} {path}"
    if mode & 0o022:
        raise KeyUnavailableError(f"the {name} key can be replaced by others; {wanted}")
    if secret and mode & 0o055:
        raise KeyUnavailableError(f"the {name} key can be read by others; {wanted}")


def _wanted(secret: bool) -> str:
    return "0400" if secret else "0444"


def _group_mode(descriptor: int, mode: int) -> int:
    """Return what groups and *other* named users may do with a file.

    systemd hands credentials over with an ACL entry for the unit's user; the mode then shows the ACL's *mask* in the
    group bits (0440), though no group may read.  So where there is an ACL, its entries are asked (acl(5);
    linux/posix_acl_xattr.h: version, then tag, permission, id of each entry).
    """
    try:
        acl = os.getxattr(descriptor, "system.posix_acl_access")
    except OSError:
        return (mode >> 3) & 0o7
    entries = list(struct.iter_unpack("<HHI", acl[4:]))
    mask = next((permission for tag, permission, _ in entries if tag == 0x10), 0o7)
    others = [
        permission & mask
        for tag, permission, who in entries
        if tag in {0x04, 0x08} or (tag == 0x02 and who not in {0, os.geteuid()})
    ]
    granted = 0
    for permission in others:
        granted |= permission
    return granted

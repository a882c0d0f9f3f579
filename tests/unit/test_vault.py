# SPDX-License-Identifier: GPL-3.0-or-later
"""The vault: what it sealed opens with the right key in the right place, and nowhere else."""

import os
import stat
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold import vault
from safehold.errors import KeyUnavailableError, TamperedError

EVERY = frozenset({"sealing", "opening", "recovery", "register", "store", "audit", "audit-public"})
MILTER = frozenset({"sealing", "recovery", "register", "store"})
FIELDS = {"envelope": b"who", "evidence": b"why", "message": b"what" * 1000}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder of keys, and the recovery text."""
    folder = tmp_path_factory.mktemp("keys")
    return folder, vault.create_keys(folder)


@pytest.fixture(scope="module")
def keys(made):
    return vault.KeyRing.load(made[0], need=EVERY)


def sealed_by(keys, hold="7K4M-2QXR"):
    return vault.seal(keys.sealing, keys.recovery, hold, FIELDS)


@pytest.mark.parametrize("suite", [vault.CLASSIC, vault.HYBRID])
def test_a_hold_opens_with_the_reviewers_key_and_with_the_recovery_key_from_paper(tmp_path, suite):
    recovery = vault.create_keys(tmp_path, suite=suite)
    keys = vault.KeyRing.load(tmp_path, need=EVERY)

    sealed = sealed_by(keys)

    assert sealed.suite == suite
    assert vault.unseal(keys.opening, "7K4M-2QXR", sealed) == FIELDS
    assert vault.unseal(vault.recovery_key(recovery), "7K4M-2QXR", sealed) == FIELDS


def test_the_milter_can_seal_and_not_open(made):
    milter = vault.KeyRing.load(made[0], need=MILTER)

    assert sealed_by(milter).fields
    with pytest.raises(KeyUnavailableError, match="opening key was not loaded"):
        milter.opening  # noqa: B018
    with pytest.raises(KeyUnavailableError, match="audit key was not loaded"):
        milter.audit  # noqa: B018


def test_nothing_of_the_text_is_in_what_is_stored(keys):
    sealed = sealed_by(keys)

    stored = b"".join([sealed.wrapped, sealed.wrapped_recovery, *sealed.fields.values()])

    assert b"what" not in stored


def test_every_hold_has_a_content_key_of_its_own(keys):
    assert sealed_by(keys).fields["message"] != sealed_by(keys).fields["message"]


def test_one_field_can_be_opened_without_the_others(keys):
    assert vault.unseal(keys.opening, "7K4M-2QXR", sealed_by(keys), "evidence") == {"evidence": b"why"}


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda s: replace(s, fields={**s.fields, "message": s.fields["evidence"]}), id="fields swapped"),
        pytest.param(lambda s: replace(s, fields={**s.fields, "message": b""}), id="field emptied"),
        pytest.param(lambda s: replace(s, fields={**s.fields, "message": s.fields["message"][:-1]}), id="cut off"),
        pytest.param(lambda s: replace(s, wrapped=s.wrapped[:-1] + bytes([s.wrapped[-1] ^ 1])), id="wrapped key bent"),
        pytest.param(lambda s: replace(s, wrapped=b""), id="wrapped key erased"),
        pytest.param(lambda s: replace(s, wrapped=s.wrapped_recovery), id="wrapped keys swapped"),
    ],
)
def test_what_was_tampered_with_does_not_open_and_does_not_say_why(keys, spoil):
    with pytest.raises(TamperedError) as caught:
        vault.unseal(keys.opening, "7K4M-2QXR", spoil(sealed_by(keys)))

    assert "what" not in str(caught.value)


def test_a_sealed_hold_does_not_open_as_another_hold(keys):
    with pytest.raises(TamperedError):
        vault.unseal(keys.opening, "AAAA-AAAA", sealed_by(keys))


def test_a_field_of_another_hold_does_not_open_in_this_one(keys):
    one, other = sealed_by(keys), sealed_by(keys, "AAAA-AAAA")
    mixed = replace(one, fields={**one.fields, "message": other.fields["message"]})

    with pytest.raises(TamperedError):
        vault.unseal(keys.opening, "7K4M-2QXR", mixed)


def test_another_reviewers_key_is_named_as_such_and_not_as_tampering(keys, tmp_path):
    vault.create_keys(tmp_path)
    other = vault.KeyRing.load(tmp_path, need=frozenset({"opening"}))

    with pytest.raises(KeyUnavailableError, match="another key"):
        vault.unseal(other.opening, "7K4M-2QXR", sealed_by(keys))


def test_rewrapping_hands_a_hold_to_a_new_key_without_touching_the_fields(keys, tmp_path):
    vault.create_keys(tmp_path)
    new = vault.KeyRing.load(tmp_path, need=EVERY)
    sealed = sealed_by(keys)

    moved = replace(sealed, key_id=new.sealing.id, wrapped=vault.rewrap(keys.opening, new.sealing, "7K4M-2QXR", sealed))

    assert vault.unseal(new.opening, "7K4M-2QXR", moved) == FIELDS
    with pytest.raises(KeyUnavailableError):
        vault.unseal(keys.opening, "7K4M-2QXR", moved)


def test_a_note_opens_in_its_own_place_only(keys):
    blob = vault.seal_note(keys.sealing, "reason 1", b"spoke to the team")

    assert vault.open_note(keys.opening, "reason 1", blob) == b"spoke to the team"
    with pytest.raises(TamperedError):
        vault.open_note(keys.opening, "reason 2", blob)


def test_a_register_row_opens_in_its_own_row_only(keys):
    blob = vault.seal_row(keys.register, "P-0001", b"row")

    assert vault.open_row(keys.register, "P-0001", blob) == b"row"
    with pytest.raises(TamperedError):
        vault.open_row(keys.register, "P-0002", blob)
    with pytest.raises(TamperedError):
        vault.open_row(keys.store, "P-0001", blob)


@pytest.mark.parametrize("blob", [b"", b"short", bytes(12), bytes(28)])
def test_rubbish_does_not_open(keys, blob):
    with pytest.raises(TamperedError):
        vault.open_row(keys.register, "P-0001", blob)


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_different_fields_never_look_the_same_to_a_keyed_hash(one, other):
    same = vault.keyed_hash(b"k" * 32, *one) == vault.keyed_hash(b"k" * 32, *other)

    assert same == (one == other)


def test_a_keyed_hash_depends_on_the_key():
    assert vault.keyed_hash(b"a" * 32, b"x") != vault.keyed_hash(b"b" * 32, b"x")


def test_a_signature_holds_for_its_fields_and_its_key_only(keys):
    signature = vault.sign(keys.audit, b"head", b"7")

    vault.check_signature(keys.audit_public, signature, b"head", b"7")
    for fields in ((b"head", b"8"), (b"head7",)):
        with pytest.raises(TamperedError):
            vault.check_signature(keys.audit_public, signature, *fields)


def test_keys_do_not_show_in_a_repr(keys):
    shown = repr(keys) + repr(keys.opening) + repr(sealed_by(keys))

    for secret in (keys.opening.raw, keys.register, keys.store, keys.audit):
        assert repr(secret) not in shown


def test_secret_keys_are_readable_by_their_owner_only_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        vault.create_keys(tmp_path / "keys")
    finally:
        os.umask(before)

    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "keys").iterdir()}
    assert {name: mode for name, mode in modes.items() if name.endswith(".key")} == dict.fromkeys(
        ("opening.key", "register.key", "store.key", "audit.key"), 0o400
    )
    assert {name: mode for name, mode in modes.items() if name.endswith(".pub")} == dict.fromkeys(
        ("sealing.pub", "recovery.pub", "audit.pub"), 0o444
    )
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) & 0o007 == 0


def test_the_recovery_key_is_on_no_disk(made):
    folder, text = made
    raw = vault.recovery_key(text).raw
    import base64

    for file in folder.iterdir():
        assert base64.b64encode(raw) not in file.read_bytes()


def test_keys_are_never_overwritten(made):
    folder, _ = made
    before = (folder / "opening.key").read_bytes()

    with pytest.raises(KeyUnavailableError, match=f"already.*{folder}"):
        vault.create_keys(folder)

    assert (folder / "opening.key").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "mode", "words"),
    [
        pytest.param("opening", 0o440, "read by others", id="secret readable by the group"),
        pytest.param("register", 0o404, "read by others", id="secret readable by everybody"),
        pytest.param("store", 0o420, "replaced by others", id="secret writable by the group"),
        pytest.param("sealing", 0o666, "replaced by others", id="public key that anybody could swap for his own"),
    ],
)
def test_a_key_that_others_can_reach_is_refused(tmp_path, name, mode, words):
    vault.create_keys(tmp_path)
    file = next(p for p in tmp_path.iterdir() if p.name.startswith(name))
    file.chmod(mode)

    with pytest.raises(KeyUnavailableError, match=words) as caught:
        vault.KeyRing.load(tmp_path, need=frozenset({name}))
    assert str(file) in str(caught.value)


def acl(*entries):
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


NOBODY_IN_PARTICULAR = 0xFFFFFFFF


@pytest.mark.parametrize(
    ("entry", "fine"),
    [
        pytest.param((0x02, 4, os.geteuid()), True, id="the user of this very unit, as systemd does it"),
        pytest.param((0x02, 4, 65_000), False, id="another user"),
        pytest.param((0x08, 4, 65_000), False, id="a group"),
    ],
)
def test_an_access_list_is_judged_by_its_entries_and_not_by_the_mode_it_shows(tmp_path, monkeypatch, entry, fine):
    """systemd hands credentials over as mode 0440 with an ACL: the group bits there are the mask, not a group."""
    vault.create_keys(tmp_path)
    (tmp_path / "store.key").chmod(0o440)
    entries = acl(
        (0x01, 4, NOBODY_IN_PARTICULAR),
        entry,
        (0x04, 0, NOBODY_IN_PARTICULAR),
        (0x10, 4, NOBODY_IN_PARTICULAR),
        (0x20, 0, NOBODY_IN_PARTICULAR),
    )
    monkeypatch.setattr(os, "getxattr", lambda *_: entries)

    if fine:
        assert vault.KeyRing.load(tmp_path, need=frozenset({"store"})).store
    else:
        with pytest.raises(KeyUnavailableError, match="read by others"):
            vault.KeyRing.load(tmp_path, need=frozenset({"store"}))


def test_a_missing_key_is_named_with_its_file(tmp_path):
    """A path is no secret, and whoever reads the message must know which file to look at."""
    with pytest.raises(KeyUnavailableError, match="the opening key cannot be read") as caught:
        vault.KeyRing.load(tmp_path, need=frozenset({"opening"}))

    assert str(tmp_path / "opening.key") in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"rubbish",
        b"safehold-key register symmetric-256 AAAA\n",
        b"safehold-key store symmetric-256 %%%%\n",
        b"safehold-key store ed25519 " + b"A" * 43 + b"=\n",
        b"safehold-key store symmetric-256 AAAA\n",
    ],
)
def test_a_key_of_the_wrong_kind_is_refused(tmp_path, line):
    (tmp_path / "store.key").write_bytes(line)
    (tmp_path / "store.key").chmod(0o400)

    with pytest.raises(KeyUnavailableError) as caught:
        vault.KeyRing.load(tmp_path, need=frozenset({"store"}))
    assert str(tmp_path / "store.key") in str(caught.value)


def test_a_recovery_key_survives_being_typed(made):
    text = made[1]
    typed = f" {text.lower().replace('-', ' ')}\n".replace("o", "0").replace("i", "1")

    assert vault.recovery_key(typed) == vault.recovery_key(text)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: ("A" if t[0] != "A" else "B") + t[1:],
        lambda t: t[:-2],
        lambda t: "",
        lambda t: "no key at all!",
    ],
    ids=["one letter wrong", "cut short", "empty", "rubbish"],
)
def test_a_mistyped_recovery_key_is_noticed(made, spoil):
    with pytest.raises(KeyUnavailableError, match="not a recovery key"):
        vault.recovery_key(spoil(made[1]))


def test_however_often_a_pair_is_renewed_no_private_key_goes(tmp_path):
    """A crash between its two files leads to a second call, and the first key may yet turn out to be the right one."""
    vault.create_keys(tmp_path)
    private = []
    for _ in range(4):
        private.append((tmp_path / "opening.key").read_bytes())
        vault.renew_opening(tmp_path, vault.CLASSIC)

    kept = [path.read_bytes() for path in tmp_path.glob("opening.key.before*")]
    assert sorted(kept) == sorted(private)
    assert (tmp_path / "opening.key.before").read_bytes() == private[0]


@pytest.mark.parametrize(
    ("spoil", "is_lost"),
    [
        pytest.param(lambda file: file.unlink(), True, id="missing"),
        pytest.param(lambda file: (file.chmod(0o600), file.write_bytes(b"")), True, id="empty"),
        pytest.param(lambda file: (file.chmod(0o600), file.write_bytes(b"safehold-key opening x")), True, id="damaged"),
        pytest.param(
            lambda file: (file.chmod(0o600), file.write_bytes(b"safehold-key opening x \xff")), True, id="bytes"
        ),
        pytest.param(lambda file: file.chmod(0o640), False, id="others may read it"),
        pytest.param(lambda file: (file.unlink(), file.symlink_to(file)), False, id="cannot be opened"),
    ],
)
def test_a_key_is_lost_where_it_is_missing_or_damaged_and_not_where_it_may_not_be_used(tmp_path, spoil, is_lost):
    vault.create_keys(tmp_path)
    spoil(tmp_path / "opening.key")

    with pytest.raises(KeyUnavailableError) as caught:
        vault.KeyRing.load(tmp_path, need=frozenset({"opening"}))

    assert isinstance(caught.value, vault.LostKeyError) is is_lost

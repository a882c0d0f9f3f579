# SPDX-License-Identifier: GPL-3.0-or-later
"""The committed sample messages are what `samples/build.py` builds, and `messages.yaml` tells the truth about them."""

import io
import re
import zipfile
from email import message_from_bytes, policy
from pathlib import Path

import build
import pytest
import yaml
import zipcrypto
from pdfminer.high_level import extract_text
from PIL import Image

PROJECT = Path(build.__file__).parent.parent
ENTRIES = yaml.safe_load((PROJECT / "samples" / "messages.yaml").read_text(encoding="utf-8"))
# Word writes its parts' order and relationships as it likes; what is said in them is what counts.
XML_TAG = re.compile(rb"<[^>]+>")


def contents(name: str, content: bytes) -> list[tuple[str, str]]:
    """Return (path, text) of everything in a document, archives opened, formats' own noise left out."""
    if content.startswith(b"PK") and _locked(content):
        return [(name, f"locked, {len(content)} bytes")]
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return [
                entry
                for member in sorted(archive.namelist())
                for entry in contents(f"{name}/{member}", archive.read(member))
            ]
    if content.startswith(b"%PDF"):
        return [(name, extract_text(io.BytesIO(content)))]
    if content.startswith(b"\xff\xd8\xff"):
        with Image.open(io.BytesIO(content)) as picture:  # how it is compressed is the library's business
            shades = picture.resize((8, 10), Image.Resampling.BOX).quantize(6).convert("L").tobytes()
            return [(name, f"a picture of {picture.size}"), (name, shades.hex())]
    if content.lstrip().startswith(b"<?xml"):
        return [(name, XML_TAG.sub(b" ", content).decode())] if "document.xml" in name or "header" in name else []
    if name.endswith((".jpeg", ".rels")):
        return []
    return [(name, content.decode())]


def _locked(content: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return any(member.flag_bits & 1 for member in archive.infolist())


def described(mail: bytes) -> list[tuple[str, str]]:
    """Return headers, types and texts of a message."""
    parsed = message_from_bytes(mail, policy=policy.default)
    found = [(f"header {key}", str(value)) for key, value in parsed.items()]
    for number, part in enumerate(parsed.walk()):
        found.append((f"{number} type", f"{part.get_content_type()} {part.get_filename()}"))
        if not part.is_multipart():
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            found += contents(f"{number}", payload)
    return found


@pytest.mark.parametrize("name", sorted(f"{name}.eml" for name in build.BUILDERS))
def test_the_committed_message_is_what_is_built(name: str):
    committed = (build.FOLDER / name).read_bytes()

    assert described(committed) == described(build.build()[name])


def test_every_message_is_listed_and_every_listed_one_is_there():
    listed = [entry["file"] for entry in ENTRIES]

    assert sorted(listed) == sorted(path.name for path in build.FOLDER.glob("*.eml"))
    assert sorted(listed) == sorted(build.build())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
def test_an_entry_says_what_becomes_of_every_recipient(entry: dict):
    assert set(entry) == {"file", "case", "shows", "from", "to", "expect"}
    assert list(entry["expect"]) == entry["to"]
    for outcome in entry["expect"].values():
        assert outcome == "delivered" or outcome["held"]


def test_every_holding_policy_here_has_a_sample_that_it_holds():
    policies = {
        rule["id"]
        for path in (PROJECT / "policies").glob("*.yaml")
        for rule in yaml.safe_load(path.read_text(encoding="utf-8")).get("policies", ())
    }

    held_by = {
        i for e in ENTRIES for outcome in e["expect"].values() if outcome != "delivered" for i in outcome["held"]
    }

    assert held_by == policies


def test_messages_cross_the_wire_unchanged():
    """CRLF throughout, short lines, seven bits, Date and Message-ID: nothing for an MTA to mend."""
    for content in build.build().values():
        assert content.replace(b"\r\n", b"").count(b"\n") == 0
        assert max(map(len, content.split(b"\r\n"))) <= 998
        assert content.isascii()
        assert b"\r\nDate: " in content
        assert b"\r\nMessage-ID: " in content


def test_only_domains_that_nobody_can_own_are_used():
    addresses = re.findall(
        rb"[\w.+-]+@[\w.-]+\w", b"".join(build.build().values()) + (PROJECT / "samples/register.yaml").read_bytes()
    )

    assert addresses
    assert {a.rpartition(b".")[2] for a in addresses} == {b"example"}


def test_a_locked_zip_opens_with_its_password_only():
    content = zipcrypto.locked_zip([("a.txt", b"first"), ("b.txt", b"")], "secret")

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.read("a.txt", pwd=b"secret") == b"first"
        assert archive.read("b.txt", pwd=b"secret") == b""
        with pytest.raises(RuntimeError, match="password required"):
            archive.read("a.txt")
        with pytest.raises(RuntimeError, match="Bad password"):
            archive.read("a.txt", pwd=b"wrong")
    assert b"first" not in content

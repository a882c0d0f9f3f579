# SPDX-License-Identifier: GPL-3.0-or-later
"""A register, policies and a reader for tests of tests: small, invented, and without workers."""

from collections.abc import Callable, Mapping
from datetime import date
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from safehold import policy
from safehold.model import (
    Demand,
    Part,
    PartPath,
    Place,
    PlaceKind,
    Problem,
    Reading,
    Reason,
    Segment,
)
from safehold.policy import PolicySet
from safehold.proof import cases
from safehold.proof.cases import Suite

TODAY = date(2026, 11, 2)
PATH = "tests/a.test.yaml"
PEOPLE = b"""
- id: P-1
  register: refuges
  values:
  - {kind: phone, value: 01632 960123}
  - {kind: phone, value: 01632 960555, known_to: [G]}
  - {kind: email, value: marta.new@postbox.example}
  adverse: [{id: G, name: Gareth Wren, emails: [gareth@postbox.example]}]
"""
POLICY = b"""
version: 1
policies:
- id: refuge
  title: Refuges are not told
  why: refuge security rule
  owner: housing
  mode: enforce
  if_uninspectable: hold
  when:
    content: {register: refuges, fields: [phone, email]}
    recipients: {relation: adverse}
"""
HEAD = "version: 1\nregister: people.yaml\nown: [council.example]\ntoday: 2026-11-02\ntests:\n"


def read(content: bytes, demand: Demand) -> Reading:
    """Return a message as a worker would read it, of what these tests have in it: text parts, and locked archives."""
    del demand
    mail = message_from_bytes(content, policy=SMTP)
    assert isinstance(mail, EmailMessage)
    parts: list[Part] = []
    segments = [Segment(Place(PartPath(), PlaceKind.SUBJECT), str(mail["Subject"] or ""))]
    problems: list[Problem] = []
    leaves = [part for part in mail.walk() if not part.is_multipart()]
    for number, part in enumerate(leaves, 1):
        name = part.get_filename() or str(number)
        path = PartPath((name,))
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        attachment = number - 1 if part.get_filename() else 0
        parts.append(
            Part(path, part.get_content_type(), len(payload), is_attachment=attachment > 0, attachment=attachment)
        )
        if payload.startswith(b"LOCKED"):
            problems.append(Problem(path, Reason.ENCRYPTED))
        else:
            segments.append(Segment(Place(path, PlaceKind.TEXT), payload.decode()))
    return Reading(tuple(parts), tuple(segments), tuple(problems))


@pytest.fixture
def reader() -> Callable[[bytes, Demand], Reading]:
    """A reader that needs no worker."""
    return read


@pytest.fixture
def make_suite() -> Callable[..., Suite]:
    """Make a test file of its tests' text: ``make_suite("- name: ...", {"a.eml": b"..."})``."""

    def make(tests: str, files: Mapping[str, bytes] | None = None, head: str = HEAD) -> Suite:
        beside = {f"tests/{name}": content for name, content in (files or {}).items()}
        return cases.read(PATH, {PATH: (head + tests).encode(), "tests/people.yaml": PEOPLE, **beside}, TODAY)

    return make


@pytest.fixture
def make_policies() -> Callable[..., PolicySet]:
    """Make policies of a file's text; by default one about refuges."""

    def make(text: bytes | str = POLICY) -> PolicySet:
        content = text if isinstance(text, bytes) else text.encode()
        return policy.load({"refuge.yaml": content}, today=TODAY)

    return make

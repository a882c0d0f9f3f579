# SPDX-License-Identifier: GPL-3.0-or-later
"""From policies as people write them to what a worker does: nothing dear that no policy in force could use."""

import io
from datetime import UTC, date, datetime
from email.message import EmailMessage

import pytest

from safehold import policy, screening
from safehold.model import EVERYTHING, Demand, Direction, Facts, FinalRecipient, Origin
from safehold.reading.pictures import ocr
from safehold.register.index import Register

WORD = "Thistlewood"
SETTINGS = """\
version: 1
lists:
  words: {{kind: phrase, items: [{word}]}}
policies:
- id: one
  title: a policy
  why: a test
  owner: nobody
  when: {when}
"""


def demand_of(when: str) -> Demand | None:
    policies = policy.load({"one.yaml": SETTINGS.format(word=WORD, when=when).encode()}, today=date(2025, 6, 2))
    recipient = FinalRecipient("b@elsewhere.example", ("b@elsewhere.example",), Direction.OUTBOUND)
    now = datetime(2025, 6, 2, 9, 0, tzinfo=UTC)
    facts = Facts(now=now, origin=Origin.AUTH, recipients=(recipient,), own_domains=frozenset({"riverbank.example"}))
    return screening.demand(facts, Register.build(()), policies)


@pytest.fixture
def mail(written) -> bytes:
    """A mail whose one word of interest stands in a picture."""
    paper = io.BytesIO()
    written(f"Dear Bela {WORD}\nThe meeting is on Monday\nat the town hall", size=32).save(paper, "PNG")
    message = EmailMessage()
    message["Subject"] = "a picture"
    message.set_content("see the picture")
    message.add_attachment(paper.getvalue(), maintype="image", subtype="png", filename="a.png")
    return message.as_bytes()


@pytest.mark.parametrize(
    "when",
    [
        "{content: {phrases: words, ocr: no}, recipients: {scope: external}}",
        "{content: {phrases: words, in: [subject, filename]}, recipients: {scope: external}}",
        "{content: any, recipients: {scope: external}}",
    ],
)
def test_no_picture_is_recognised_where_no_policy_could_use_its_text(read_here, mail, monkeypatch, when):
    demand = demand_of(when)
    monkeypatch.setattr(ocr, "recognise", lambda *_, **__: pytest.fail("a picture was recognised"))

    found = read_here(mail, demand=demand)

    assert demand is not None
    assert WORD not in found.text
    assert "no_ocr" in {mark.kind for mark in found.reading.marks}


@pytest.mark.parametrize(
    "when",
    [
        "{content: {phrases: words}, recipients: {scope: external}}",
        "{content: {phrases: words, in: ocr}, recipients: {scope: external}}",
    ],
)
def test_pictures_are_recognised_where_one_could(read_here, mail, when):
    if ocr.available():
        pytest.skip(ocr.available())

    assert WORD in read_here(mail, demand=demand_of(when)).text


def test_what_concerns_nobody_is_not_read_at_all():
    assert demand_of("{content: {phrases: words}, recipients: {scope: internal}}") is None


def test_whoever_inspects_asks_for_everything(read_here, mail):
    assert EVERYTHING.ocr
    assert EVERYTHING.render
    if ocr.available():
        pytest.skip(ocr.available())
    assert WORD in read_here(mail, demand=EVERYTHING).text

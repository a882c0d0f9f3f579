# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets what, whichever way the one who must not have it is written to; and mail of odd shapes; by either front end.

Every case ends with a release, so that each says both things: nobody got what he must not have, and nothing was lost
or doubled.  The site archives every message (``always_bcc``), so each case also says how many copies the archive has:
exactly one, whenever it is made.

Absence is asserted when Postfix's queue is empty: a client is told 250 only after the hold, and what was accepted is
delivered by then.
"""

import base64
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fronts import FRONTS, SECRET, SENDER, B, C, Fronted
from harness.gateway import DUTY, NOTICES_FROM, OWN_DOMAIN, Books, letter, without_trace
from harness.postfix import PrivatePostfix

B2 = "sheila.wren@postbox.example"  # who reads to B
D = "worker@haven.example"
ARCHIVE = f"archive@{OWN_DOMAIN}"
TEAM, ONLY, OUTER, HUGE, SELF = (f"{name}@{OWN_DOMAIN}" for name in ("team", "only", "outer", "huge", "self"))
DEEP = f"deep@{OWN_DOMAIN}"
ALIASES = {
    TEAM: f"{B}, {C}",
    ONLY: B,
    OUTER: f"{TEAM}, {D}",
    DEEP: f"deep1@{OWN_DOMAIN}",
    f"deep1@{OWN_DOMAIN}": f"deep2@{OWN_DOMAIN}",
    f"deep2@{OWN_DOMAIN}": OUTER,
    # One member more than we follow, and the one who matters is the last.
    HUGE: ", ".join([*(f"m{n}@members.example" for n in range(1000)), B]),
    SELF: f"{SELF}, {C}, {B}",
}
WHOLE = (HUGE, SELF)


@pytest.fixture(scope="module", params=FRONTS)
def _gateway(request: pytest.FixtureRequest, possible: None, faults: Path) -> Iterator[Fronted]:
    with PrivatePostfix({"always_bcc": ARCHIVE, "virtual_alias_expansion_limit": "5000"}) as postfix:
        postfix.set(virtual_alias_maps=postfix.map("virtual", ALIASES))
        people, lists = postfix.guarded_listeners()
        settings = {
            "journal": {"address": ARCHIVE, "at": "release"},
            "release": {"listener": f"127.0.0.1:{people}", "lists": f"127.0.0.1:{lists}"},
        }
        with Fronted(request.param, postfix, faults, settings=settings) as running:
            yield running


def members(recipients: Sequence[str]) -> list[str]:
    """Return who gets what is released to *recipients*: the people, and the members of lists that were held whole."""
    return [m for each in recipients for m in (ALIASES[each].split(", ") if each in WHOLE else [each])]


@pytest.mark.parametrize(
    ("recipients", "free", "held"),
    [
        pytest.param([B], [], [B], id="direct"),
        pytest.param([B, C], [C], [B], id="direct, before another"),
        pytest.param([C, B], [C], [B], id="direct, after another"),
        pytest.param([ONLY], [], [B], id="by an alias of one"),
        pytest.param([TEAM], [C], [B], id="by a list"),
        pytest.param([TEAM, B], [C], [B], id="by a list, then direct"),
        pytest.param([B, TEAM], [C], [B], id="direct, then by a list"),
        pytest.param([C, TEAM], [C], [B], id="by a list whose other member is written to as well"),
        pytest.param([TEAM, C, B], [C], [B], id="list, other member, direct"),
        pytest.param([ONLY, TEAM], [C], [B], id="by two aliases"),
        pytest.param([OUTER], [C, D], [B], id="by a list in a list"),
        pytest.param([OUTER, B], [C, D], [B], id="by a list in a list, then direct"),
        pytest.param([B, OUTER], [C, D], [B], id="direct, then by a list in a list"),
        pytest.param([TEAM, OUTER, D], [C, D], [B], id="by a list, and by the list it is in"),
        pytest.param([DEEP], [C, D], [B], id="by an alias of an alias of an alias of a list in a list"),
        pytest.param([B, B2, C], [C], [B, B2], id="two of them"),
        pytest.param([TEAM, B2], [C], [B, B2], id="two of them, one by a list"),
        pytest.param([HUGE], [], [HUGE], id="by a list beyond the limit"),
        pytest.param([HUGE, C], [C], [HUGE], id="by a list beyond the limit, then another"),
        pytest.param([B, HUGE], [], [B, HUGE], id="direct, then by a list beyond the limit"),
        pytest.param([SELF], [], [SELF], id="by a list that contains itself"),
        pytest.param([C, SELF], [C], [SELF], id="by a list that contains itself, after another"),
    ],
)
def test_only_the_held_copy_stays_and_a_release_completes_it(
    gateway: Fronted, books: Books, recipients: list[str], free: list[str], held: list[str]
):
    content, before = letter(SECRET), books.holds()

    sent = gateway.send(content, SENDER, recipients)

    assert sent.code == 250
    assert gateway.arrived() == Counter([*free, ARCHIVE] if free else [])
    (hold,) = books.new(before)
    assert [hold.state.value, hold.held_count, hold.delivered_count] == ["held", len(held), len(free)]

    books.release(hold.id)
    books.work()

    # Whoever is named and on such a list as well has two, as Postfix itself would have it.
    assert gateway.arrived() == Counter([*free, *members(held), ARCHIVE])
    assert all(without_trace(delivery.content) == content for delivery in gateway.copies())
    assert books.state(hold.id) == "released"


def test_a_list_that_is_held_whole_reaches_its_members_once_released(gateway: Fronted, books: Books):
    """Nobody else will expand it: at the next hop there is no such mailbox, and the mail bounces after *released*."""
    before = books.holds()
    assert gateway.send(letter(SECRET), SENDER, [SELF]).code == 250
    assert gateway.arrived() == Counter()
    (hold,) = books.new(before)

    books.release(hold.id)
    books.work()

    assert gateway.arrived()[B] == 1
    assert gateway.arrived()[C] == 1


@pytest.mark.parametrize("other", ["Gareth.Wren@Postbox.EXAMPLE", "gareth.wren+home@postbox.example"])
def test_another_spelling_of_the_address_is_the_same_person(gateway: Fronted, books: Books, other: str):
    before = books.holds()

    assert gateway.send(letter(SECRET), SENDER, [other, C]).code == 250

    assert gateway.arrived() == Counter([C, ARCHIVE])
    assert [hold.held_count for hold in books.new(before)] == [1]


@pytest.mark.parametrize("recipients", [[HUGE], [SELF, C]], ids=["beyond the limit", "itself"])
def test_a_list_that_cannot_be_followed_is_held_whatever_the_mail_says(
    gateway: Fronted, books: Books, recipients: list[str]
):
    """Who gets it is unknown, so nobody can say that no policy is about them (DESIGN 3.4)."""
    before = books.holds()

    assert gateway.send(letter(), SENDER, recipients).code == 250

    assert gateway.arrived() == Counter([C, ARCHIVE] if C in recipients else [])
    assert [hold.held_count for hold in books.new(before)] == [1]


# -- mail of odd shapes -----------------------------------------------------------------------------------------


def test_one_of_a_thousand_recipients_is_held(gateway: Fronted, books: Books):
    others = [f"r{number}@members.example" for number in range(999)]
    before = books.holds()

    sent = gateway.send(letter(SECRET), SENDER, [*others[:600], B, *others[600:]])

    assert sent.code == 250
    assert {code for code, _ in sent.recipients.values()} == {250}
    assert gateway.arrived() == Counter([*others, ARCHIVE])
    (hold,) = books.new(before)
    assert [hold.held_count, hold.delivered_count] == [1, 999]


def test_a_null_sender_gets_no_notice_and_stays_null_through_a_release(gateway: Fronted, books: Books):
    before = books.holds()

    assert gateway.send(letter(SECRET), "", [B]).code == 250

    assert gateway.arrived() == Counter()
    (hold,) = books.new(before)
    books.work()
    assert DUTY in gateway.told(hold.id)
    assert SENDER not in gateway.told(hold.id)
    books.release(hold.id)
    books.work()
    gateway.postfix.wait_for_empty_queue()
    (delivery,) = [d for d in gateway.copies() if B in d.recipients]
    assert delivery.sender == ""


HEADERS = f"From: Jo Marlow <{SENDER}>\r\nDate: Mon, 02 Jun 2025 09:41:00 +0100\r\n".encode()


@pytest.mark.parametrize("end", [b"", b"\r\n"], ids=["no empty line", "an empty line"])
def test_a_message_of_headers_only_is_checked(gateway: Fronted, books: Books, end: bytes):
    content = HEADERS + f"Message-ID: <h{len(end)}@own>\r\nSubject: {SECRET}\r\n".encode() + end
    before = books.holds()

    assert gateway.send(content, SENDER, [B, C]).code == 250

    assert gateway.arrived() == Counter([C, ARCHIVE])
    (hold,) = books.new(before)
    books.release(hold.id)
    books.work()
    assert gateway.arrived() == Counter([C, B, ARCHIVE])
    assert {without_trace(d.content).rstrip(b"\r\n") for d in gateway.copies()} == {content.rstrip(b"\r\n")}


def test_an_empty_message_passes(gateway: Fronted, books: Books):
    before = books.holds()

    assert gateway.send(b"", SENDER, [B]).code == 250

    assert gateway.arrived() == Counter([B, ARCHIVE])
    assert books.new(before) == []


# -- ESMTP parameters -------------------------------------------------------------------------------------------

ASKED: Mapping[str, Sequence[str]] = {
    B: ["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;first@elsewhere.example"],
    B2: ["NOTIFY=NEVER"],
    C: ["NOTIFY=DELAY", f"ORCPT=rfc822;{C}"],
}


def test_dsn_parameters_come_through_hold_and_release_each_with_its_recipient(gateway: Fronted, books: Books):
    before = books.holds()

    sent = gateway.send(
        letter(SECRET), SENDER, [B, C, B2], mail_options=["RET=HDRS", "ENVID=case+2B7"], rcpt_options=ASKED
    )

    assert sent.code == 250
    gateway.arrived()
    (hold,) = books.new(before)
    books.release(hold.id)
    books.work()
    assert gateway.arrived() == Counter([B, B2, C, ARCHIVE])
    for recipient, asked in ASKED.items():
        delivery = next(d for d in gateway.copies() if recipient in d.recipients)
        assert set(asked) <= set(delivery.parameters_of(recipient))
        assert {"RET=HDRS", "ENVID=case+2B7"} <= set(delivery.mail_parameters)


def test_dsn_parameters_of_a_list_go_with_its_members(gateway: Fronted, books: Books):
    """Postfix gives each member what the list was given; a member put back by us, or released, has the same."""
    asked = ["NOTIFY=FAILURE", f"ORCPT=rfc822;{TEAM}"]
    before = books.holds()

    sent = gateway.send(letter(SECRET), SENDER, [TEAM], mail_options=["RET=FULL"], rcpt_options=asked)

    assert sent.code == 250
    gateway.arrived()
    (hold,) = books.new(before)
    books.release(hold.id)
    books.work()
    assert gateway.arrived() == Counter([B, C, ARCHIVE])
    for recipient in (B, C):
        delivery = next(d for d in gateway.copies() if recipient in d.recipients)
        assert set(asked) <= set(delivery.parameters_of(recipient))


# -- signatures -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", ["simple", "relaxed"])
def test_a_dkim_signature_verifies_on_what_passed_and_on_what_was_released(gateway: Fronted, books: Books, body: str):
    """Signed before us over every header that we and Postfix could be tempted to touch, without forgiveness."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)
    plain = letter(f"  {SECRET}  \r\n.\r\n..\r\n\tlast line \r\n\r\n", f"To: {C},\r\n\t{B}", "X-Odd:   spaces   kept")
    signature = dkim.sign(
        plain,
        b"s1",
        OWN_DOMAIN.encode(),
        pem,
        canonicalize=(b"simple", body.encode()),
        include_headers=[b"from", b"to", b"subject", b"date", b"message-id", b"x-odd"],
    )
    content, before = signature + plain, books.holds()

    assert gateway.send(content, SENDER, [C, B]).code == 250

    gateway.arrived()
    (hold,) = books.new(before)
    books.release(hold.id)
    books.work()
    assert gateway.arrived() == Counter([B, C, ARCHIVE])
    for delivery in gateway.copies():
        assert dkim.verify(delivery.content, dnsfunc=lambda *_, **__: record)
        changed = delivery.content.replace(b"Larkspur", b"Larkspurr")
        assert not dkim.verify(changed, dnsfunc=lambda *_, **__: record)


def test_mail_that_claims_to_be_a_notice_of_ours_is_checked_like_any_other(gateway: Fronted, books: Books):
    before = books.holds()

    forged = letter(SECRET, f"From: {NOTICES_FROM}", "Auto-Submitted: auto-generated")
    assert gateway.send(forged, NOTICES_FROM, [B]).code == 250

    assert B not in gateway.arrived()
    assert len(books.new(before)) == 1

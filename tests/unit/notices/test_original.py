# SPDX-License-Identifier: GPL-3.0-or-later
"""What a notice takes from a hostile original: positions, a strictly shaped id, and whether anybody may be told."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model import Envelope, HeldContent, Recipient
from safehold.notices import Look, Spot, of, original


def of_headers(headers: bytes, *, sender="sam@council.example", held=("father@mail.test",), evidence=b""):
    held_ = tuple(Recipient(address) for address in held)
    return of(HeldContent(Envelope(sender, held_), held_, headers + b"\r\n\r\nBody: x\r\n", evidence))


@pytest.mark.parametrize(
    "identifier",
    ["<a@b.example>", "<A.1+x=2_y-z@mail.b.example>", "<" + "a" * 238 + "@b.example>"],
)
def test_plain_message_id_is_taken(identifier):
    assert of_headers(b"Message-ID: " + identifier.encode()).message_id == identifier


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(b"Message-ID: <" + b"a" * 239 + b"@b.example>", id="over 250 characters"),
        pytest.param(b"Message-ID: <a@b.example> <c@d.example>", id="two in one"),
        pytest.param(b"Message-ID: <a@b.example>\r\nMessage-ID: <c@d.example>", id="two of them"),
        pytest.param(b"Message-ID: a@b.example", id="no brackets"),
        pytest.param(b"Message-ID: <a b@c.example>", id="space"),
        pytest.param(b'Message-ID: <"a"@b.example>', id="quotes"),
        pytest.param(b"Message-ID: <a@[10.0.0.1]>", id="literal"),
        pytest.param("Message-ID: <é@b.example>".encode(), id="not ASCII"),
        pytest.param(b"Message-ID: <a\x00@b.example>", id="NUL"),
        pytest.param(b"Message-ID: <a\r@b.example>", id="bare CR"),
        pytest.param(b"Message-ID: <a@b.example>\r\n Bcc: x@y.test", id="folded"),
        pytest.param(b"X: y", id="none"),
    ],
)
def test_any_other_message_id_is_not(headers):
    assert of_headers(headers).message_id == ""


def test_message_id_in_the_body_is_none():
    assert of_headers(b"X: y\r\n\r\nMessage-ID: <a@b.example>").message_id == ""


@pytest.mark.parametrize(
    ("headers", "automatic"),
    [
        (b"Auto-Submitted: no", False),
        (b"AUTO-SUBMITTED:  No ; x=y", False),
        (b"Auto-Submitted: auto-generated", True),
        (b"Auto-Submitted: no\r\nAuto-Submitted: auto-replied", True),
        (b"Auto-Submitted:\r\n auto-replied", True),
        (b"Subject: a\rList-Id: x", False),
        (b"Subject: a\nList-Id: x", True),
        (b"List-Unsubscribe: <mailto:x@y.test>", True),
        (b"Precedence: List", True),
        (b"Precedence: first-class", False),
        (b"X-List-Id: x", False),
    ],
)
def test_who_is_a_robot(headers, automatic):
    assert of_headers(headers).automatic is automatic


def test_null_sender_is_a_robot():
    assert of_headers(b"X: y", sender="").automatic


@pytest.mark.parametrize(
    ("headers", "positions"),
    [
        (b"To: a@b.test, Father <father@mail.test>", (("to", 2),)),
        (b"Cc: FATHER@mail.test", (("cc", 1),)),
        (b'To: "Last, First" <a@b.test>,\r\n father@mail.test\r\nCc: father@mail.test', (("to", 2), ("cc", 1))),
        (b"To: a@b.test", ()),
        (b"Bcc: father@mail.test", ()),
    ],
)
def test_held_person_is_known_by_position(headers, positions):
    assert of_headers(headers).look.persons == positions


def make_evidence(*, enforced=True, action="hold", findings=(0,), problems=()) -> bytes:
    ground = {"enforced": enforced, "action": action, "findings": list(findings), "problems": list(problems)}
    return json.dumps(
        {
            "recipients": [{"address": "x", "action": "hold", "grounds": [ground]}],
            "findings": [
                {"detector": "register", "field": "phone", "place": {"part": "2/a.pdf", "kind": "page", "number": 4}},
                {"detector": "phrase", "field": "list", "place": {"part": ".", "kind": "subject", "number": None}},
            ],
            "problems": [{"part": "3/b.zip", "reason": "encrypted", "detail": ""}],
            "parts": [{"path": "2/a.pdf", "attachment": 1}, {"path": "3/b.zip", "attachment": 2}],
        }
    ).encode()


def test_places_come_from_the_findings_that_decided():
    found = of_headers(b"X: y", evidence=make_evidence(findings=(0, 1), problems=(0,)))

    assert found.look == Look((Spot(0, "subject"), Spot(1, "page", 4)), ((2, "encrypted"),), ("phone",))
    assert found.attachments == 2


def test_a_file_inside_an_attachment_is_said_to_be_one():
    """Reviewers and senders are told of one place in one wording."""
    evidence = json.loads(make_evidence())
    evidence["parts"].append({"path": "2/a.pdf/inner.txt", "attachment": 1})
    evidence["findings"][0]["place"]["part"] = "2/a.pdf/inner.txt"

    found = of_headers(b"X: y", evidence=json.dumps(evidence).encode())

    assert found.look.spots == (Spot(1, "page", 4, inside=True),)


@pytest.mark.parametrize("ground", [{"enforced": False}, {"action": "notify"}, {"findings": ()}])
def test_what_only_a_shadow_policy_found_is_not_said(ground):
    assert of_headers(b"X: y", evidence=make_evidence(**ground)).look.spots == ()


@given(st.binary(max_size=400), st.binary(max_size=200))
def test_no_bytes_make_it_raise(headers, evidence):
    of_headers(headers, evidence=evidence)


KEYS = ["recipients", "grounds", "findings", "problems", "parts", "place", "part"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["recipients", "grounds", "findings", "problems", "parts", "place", "part"]), inner
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_shape_of_evidence_makes_it_raise(shape):
    of_headers(b"To: a@b.test", evidence=json.dumps(shape).encode())


def test_header_scan_stops_at_its_limit_and_is_quick():
    endless = b"Subject: x\r\n" + b" folded\r\n" * 200_000

    fields = original.scan(endless)

    assert len(fields) == 1
    assert len(fields[0][1]) <= original.HEADER_LIMIT_BYTES

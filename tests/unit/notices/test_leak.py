# SPDX-License-Identifier: GPL-3.0-or-later
"""The leak check: another pair of eyes on every notice; a hostile message can neither blind nor abuse it."""

import base64
import json
import quopri
import string
from dataclasses import replace
from datetime import UTC, datetime
from email.header import Header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold import notices
from safehold.model import Envelope, HeldContent, HeldMessage, HoldState, Origin, Recipient
from safehold.notices import Kind, NoticeSettings, Occasion

NOW = datetime(2026, 11, 25, 14, 20, tzinfo=UTC)
HELD = HeldMessage(
    *("7K4M-2QXR", HoldState.HELD, 1, NOW, NOW, NOW, ("safe-address",), ("P-1",), "high"),
    *("a check on protected information", "reviewers", 1, (), "", Origin.AUTH, "4XyZ", 1, 0, 1, 1000),
)
SETTINGS = NoticeSettings("email-check@council.example", organisation="the council", urgent_phone="01632 960001")
TO = "sam@council.example"


def evidence(match="14 Damson Rise, Elverton EL9 9ZZ", name="medical letter.pdf", field="address") -> bytes:
    place = {"part": f"2/{name}", "kind": "page", "number": 4, "words": "attachment 1, page 4"}
    excerpt = {"before": "she lives at ", "match": match, "after": " with Rosamund"}
    ground = {
        "policy": "safe-address",
        "enforced": True,
        "action": "hold",
        "answer": "yes",
        "findings": [0],
        "problems": [],
    }
    document = {
        "recipients": [{"address": "father@mail.test", "name": "Dad Smithers", "action": "hold", "grounds": [ground]}],
        "findings": [
            {"detector": "register", "field": field, "place": place, "excerpt": excerpt, "why": "whole address"}
        ],
        "parts": [{"path": f"2/{name}", "type": "application/pdf", "bytes": 3, "attachment": 1}],
        "problems": [],
    }
    return json.dumps(document).encode()


def content(*, subject=b"Bundle for the hearing", recipients=("father@mail.test",), shown=None) -> HeldContent:
    return HeldContent(
        Envelope(TO, tuple(Recipient(address) for address in recipients)),
        tuple(Recipient(address) for address in recipients),
        b"Subject: " + subject + b"\r\nCc: father@mail.test\r\nMessage-ID: <1.2@council.example>\r\n\r\nHello\r\n",
        evidence() if shown is None else shown,
    )


def notice(held_content: HeldContent, kind=Kind.HELD, **changes) -> bytes:
    occasion = replace(Occasion(NOW, serial=12345, to=(TO,), original=notices.of(held_content)), **changes)
    return notices.render(kind, HELD, settings=SETTINGS, occasion=occasion)


def leaks(mail: bytes, held_content: HeldContent) -> tuple[str, ...]:
    return notices.leaks(mail, held_content, settings=SETTINGS, held=HELD, to=(TO,))


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("minimal", [False, True])
def test_our_own_notices_leak_nothing(kind, minimal):
    mail = notice(content(), kind, minimal=minimal, answer="guard refused mail", why="automatic", about=Kind.HELD)

    assert leaks(mail, content()) == ()


# A text of a policy's author, and whether the notice may say it.  Subject: "Bundle for the hearing".
@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        pytest.param(
            "A bundle for a hearing goes by post. Letters too.", (), id="words of the subject and a file name"
        ),
        pytest.param("Ask about the rise.", ("protected",), id="a word of a protected value"),
        pytest.param("It lives at 14 Damson Rise, Elverton EL9 9ZZ.", ("protected",), id="a protected value"),
        pytest.param("Never write to father@mail.test.", ("protected", "recipient"), id="a recipient's address"),
    ],
)
def test_an_authors_words_are_no_leak_but_a_protected_value_and_an_address_are(text, kinds):
    shown = json.loads(evidence()) | {"notice_texts": {"sender": text, "reviewers": "Reviewers' own."}}
    held_content = content(shown=json.dumps(shown).encode())

    mail = notice(held_content)

    said = notices.render(Kind.HELD, HELD, settings=SETTINGS, occasion=Occasion(NOW, original=notices.of(held_content)))
    assert text.split(".")[0].encode() in said
    assert set(leaks(mail, held_content)) == set(kinds)


# What a policy is called, and whether a notice may say it.  The author names policies and checks, like their texts.
NAMES = [
    pytest.param("A hearing by letter", (), id="words of the subject and a file name"),
    pytest.param("Ask about the rise", ("protected",), id="a word of a protected value"),
    pytest.param("14 Damson Rise, Elverton EL9 9ZZ", ("protected",), id="a protected value"),
    pytest.param("Never to father@mail.test", ("protected", "recipient"), id="a recipient's address"),
]


@pytest.mark.parametrize(("name", "kinds"), NAMES)
@pytest.mark.parametrize("kind", [Kind.HELD, Kind.TASK])
def test_what_a_policy_or_its_check_is_called_is_its_authors_text_and_not_ours(kind, name, kinds):
    held, settings = replace(HELD, notice_title=name), replace(SETTINGS, titles={"safe-address": name})
    occasion = Occasion(NOW, to=(TO,), original=notices.of(content()))

    def found(occasion):
        mail = notices.render(kind, held, settings=settings, occasion=occasion)
        return set(notices.leaks(mail, content(), settings=settings, held=held, to=(TO,)))

    assert found(occasion) == set(kinds)
    assert found(replace(occasion, titled=False)) == set()


@pytest.mark.parametrize("policy", ["safe-address", "another"])
def test_a_title_that_says_what_is_protected_lets_no_other_text_say_it(policy):
    said = "It lives at 14 Damson Rise, Elverton EL9 9ZZ."
    shown = json.dumps(json.loads(evidence()) | {"notice_texts": {"sender": said}}).encode()
    settings = replace(SETTINGS, titles={policy: said})
    mail = notice(content(shown=shown))

    assert set(notices.leaks(mail, content(shown=shown), settings=settings, held=HELD, to=(TO,))) == {"protected"}


@pytest.mark.parametrize("texts", ["x", ["x"], {"sender": 3}, {"sender": {"a": "b"}}, None])
def test_texts_of_another_shape_are_none(texts):
    shown = json.dumps(json.loads(evidence()) | {"notice_texts": texts}).encode()

    assert notices.of(content(shown=shown)).sender_text == ""


# What a subject may say by chance: every one of these words is in some notice.
@pytest.mark.parametrize(
    "subject",
    [
        b"Your email is on hold (reference 7K4M-2QXR)",
        b"The council: please call 01632 960001 by Wednesday 25 November 2026, page 4",
        b"sam@council.example",
        b"Content-Type multipart alternative charset boundary 12345",
        b"Re: attachment 1, page 4",
    ],
)
def test_words_that_are_ours_are_no_leak(subject):
    """Else anybody could silence the notices about his mail, and flood the administrators with alerts."""
    assert leaks(notice(content(subject=subject)), content(subject=subject)) == ()


@pytest.mark.parametrize("name", ["Attachment 1", "page 4", "Text of the email.pdf"])
def test_file_name_that_is_a_position_is_no_leak(name):
    assert leaks(notice(content(shown=evidence(name=name))), content(shown=evidence(name=name))) == ()


@given(st.text(max_size=80) | st.text(string.ascii_letters + string.digits + " -@.", max_size=80))
def test_no_subject_makes_a_right_notice_look_wrong(subject):
    hostile = content(subject=subject.replace("\n", " ").replace("\r", " ").encode("utf-8", "replace"))

    assert leaks(notice(hostile), hostile) == ()


@given(st.text(string.ascii_lowercase, min_size=7, max_size=20).map("zq".__add__), st.sampled_from(["raw", "b", "q"]))
def test_any_telling_word_of_any_subject_is_found(word, encoding):
    subject = {
        "raw": word.encode(),
        "b": b"=?utf-8?b?" + base64.b64encode(word.encode()) + b"?=",
        "q": b"=?utf-8?q?" + word.encode().replace(b"z", b"=7A") + b"?=",
    }[encoding]
    mail = notice(content()).replace(b"Your email", b"Your " + word.upper().encode(), 1)

    assert "subject" in leaks(mail, content(subject=b"About " + subject))


SECRETS = {
    "protected": "14 Damson Rise, Elverton EL9 9ZZ",
    "word of a protected text": "Damson",
    "text around it": "Rosamund",
    "name of a recipient": "Smithers",
    "subject": "hearing",
    "filename": "medical letter.pdf",
    "address": "father@mail.test",
    "local part": "father",
}


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("way", ["text", "header", "encoded header", "html", "base64", "quoted-printable", "epilogue"])
def test_leak_is_found_wherever_and_however_it_stands(secret, way):
    said = SECRETS[secret]
    mail = notice(content())
    plain = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
    broken = quopri.encodestring(f"{said[:3]}=\n{said[3:]}".encode()).replace(b"=3D", b"=")
    extra = {
        "base64": plain + b"base64\r\n\r\n" + base64.b64encode(said.encode()),
        "quoted-printable": plain + b"quoted-printable\r\n\r\n" + broken,
    }
    boundary = b"--" + mail.partition(b'boundary="')[2].partition(b'"')[0]
    leaky = {
        "text": lambda: mail.replace(b"Why it is on hold", said.upper().encode(), 1),
        "header": lambda: f"X-Note: {said}\r\n".encode() + mail,
        "encoded header": lambda: f"X-Note: {Header(said, 'utf-16be').encode()}\r\n".encode() + mail,
        "html": lambda: mail.replace(b"<h2>Why", f"<p>{said[0]}<b></b>{said[1:]}</p><h2>Why".encode(), 1),
        "epilogue": lambda: mail + said.encode() + b"\r\n",
    }.get(way, lambda: mail.replace(boundary, boundary + b"\r\n" + extra[way] + b"\r\n" + boundary, 1))()

    assert leaks(leaky, content()) != ()


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        pytest.param("14 Damson Rise", "1 4 D a m s o n R i s e", id="spaced out"),
        pytest.param("14 Damson Rise", "14\u00a0DAMSON\u2003rise", id="odd spaces and case"),
        pytest.param("Zo\u00eb", "zoe\u0308", id="another composition"),
        pytest.param("Damson", "\uff24\uff41\uff4d\uff53\uff4f\uff4e", id="full-width letters"),
        pytest.param("Damson", "Dam\u00adson", id="soft hyphen"),
        pytest.param("W1 1AA", "w1 1aa", id="short postcode"),
        pytest.param("07700 900123", "07700900123", id="phone without spaces"),
        pytest.param("QQ 12 34 56 C", "QQ123456C", id="number without spaces"),
    ],
)
def test_folded_and_squeezed_forms_are_found(secret, said):
    shown = evidence(match=secret)
    body = f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{said}\r\n".encode()

    assert set(leaks(body, content(shown=shown))) == {"protected"}


def test_second_subject_is_looked_at_too():
    hostile = content(subject=b"Nothing\r\nSubject: Zebedee")

    assert leaks(notice(content()).replace(b"Your email", b"Your Zebedee", 1), hostile) == ("subject",)


def test_addressee_may_be_named_to_himself_and_nobody_else():
    """Who mails himself a copy is a recipient too; his own address in To tells him nothing."""
    own = content(recipients=("sam@council.example", "quentin@council.example"))

    assert leaks(notice(own), own) == ()
    other = notice(own, to=("quentin@council.example",))
    assert set(leaks(other, own)) == {"recipient"}


def test_leaks_are_named_by_kind_only():
    mail = notice(content()).replace(b"Why it is on hold", b"Damson Rise hearing", 1)

    assert sorted(leaks(mail, content())) == ["protected", "protected", "subject"]


def test_evidence_that_is_none_blinds_nothing_else():
    odd = content(shown=b"\xff not json")

    assert leaks(notice(content()).replace(b"Your email", b"Your hearing", 1), odd) == ("subject",)


def test_new_field_of_the_evidence_is_searched_before_anybody_teaches_it():
    shown = json.dumps({"something_new": [{"deep": "Zebedee Court"}]}).encode()

    assert "protected" in leaks(notice(content()).replace(b"Your email", b"Zebedee", 1), content(shown=shown))


def test_who_has_the_mail_already_is_a_recipient_too():
    """An alias hides them from the envelope; the evidence names them for the reviewers."""
    shown = json.dumps({**json.loads(evidence()), "delivered": ["petra.quill@council.example"]}).encode()
    held = content(shown=shown)
    told = notice(held).replace(b"safe to read on a phone", b"safe to read, petra.quill@council.example")

    assert leaks(notice(held), held) == ()
    assert "recipient" in leaks(told, held)

# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client hears when it is refused: never a code of the wrong class, never a second line."""

import pytest

from safehold.frontends.refusals import refusal
from safehold.model import REFUSED, TRY_LATER, Reply, ReplyKind


def said(*code):
    return Reply(ReplyKind.REJECT, code=code)


@pytest.mark.parametrize(("reply", "digit"), [(TRY_LATER, "4"), (REFUSED, "5")])
def test_a_refusal_of_the_right_class_is_told_as_it_is(reply, digit):
    assert refusal(reply, digit) == reply.code


@pytest.mark.parametrize(
    ("code", "digit"),
    [
        pytest.param(("250", "2.0.0", "ok"), "4", id="success"),
        pytest.param(("451", "4.7.1", "later"), "5", id="4xx for a reject"),
        pytest.param(("550", "5.7.1", "never"), "4", id="5xx for a tempfail"),
        pytest.param(("450", "5.7.1", "mixed"), "4", id="classes that differ"),
    ],
)
def test_a_code_of_the_wrong_class_is_put_right_and_logged(code, digit, caplog):
    told = refusal(said(*code), digit)

    assert told == (f"{digit}50", f"{digit}.7.1", "message refused by local policy")
    assert "wrong_code" in caplog.text


def test_text_is_one_printable_line_of_bounded_length():
    text = refusal(said("550", "5.7.1", "one\r\n250 two \u00e9\x07" + "x" * 1000), "5")[2]

    assert text.startswith("one??250 two ??xxx")
    assert len(text) == 400

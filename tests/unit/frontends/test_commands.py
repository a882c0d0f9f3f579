# SPDX-License-Identifier: GPL-3.0-or-later
"""Command lines of the proxy: passed on as given, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.frontends import commands
from safehold.frontends.commands import CommandError
from safehold.model import Recipient

ALL = frozenset({"DSN", "8BITMIME", "SMTPUTF8", "SIZE"})


@pytest.mark.parametrize(
    ("arg", "address", "parameters"),
    [
        ("FROM:<>", "", ()),
        ("from:<A@b.example>", "A@b.example", ()),
        ("FROM: <a@b.example>  RET=HDRS   ENVID=x+2B", "a@b.example", ("RET=HDRS", "ENVID=x+2B")),
        ('FROM:<"a > b"@c.example> SIZE=10', '"a > b"@c.example', ("SIZE=10",)),
        ('FROM:<"a \\" > b"@c.example>', '"a \\" > b"@c.example', ()),
        ("FROM:<jos\u00e9@b.example> SMTPUTF8", "jos\u00e9@b.example", ("SMTPUTF8",)),
    ],
)
def test_mail_is_read_as_given(arg, address, parameters):
    assert commands.path("FROM", arg, commands.MAIL_PARAMETERS, ALL) == (address, parameters)
    assert commands.mail(address, parameters, ALL) == " ".join((f"MAIL FROM:<{address}>", *parameters))


@pytest.mark.parametrize(
    ("arg", "code"),
    [
        (None, "501"),
        ("", "501"),
        ("FROM:a@b.example", "501"),
        ("FROM:<a@b.example", "501"),
        ("FROM:<a@b.example>RET=HDRS", "501"),
        ("FROM:<a@b.example> RET=HDRS\rRCPT TO:<c@d.example>", "501"),
        ("TO:<a@b.example>", "501"),
        ("FROM:<a<b>@c.example>", "501"),
        ("FROM:<a@b.example> AUTH=x", "555"),
        ("FROM:<a@b.example> NOTIFY=NEVER", "555"),
        ("FROM:<a@b.example> RET=HDRS ret=FULL", "501"),
    ],
)
def test_a_mail_that_cannot_be_passed_on_is_refused(arg, code):
    with pytest.raises(CommandError, match=f"^{code}"):
        commands.path("FROM", arg, commands.MAIL_PARAMETERS, ALL)


def test_a_parameter_that_was_not_offered_is_refused():
    with pytest.raises(CommandError, match=r"^555"):
        commands.path("TO", "TO:<a@b.example> NOTIFY=NEVER", commands.RCPT_PARAMETERS, ALL - {"DSN"})


def test_a_recipient_cannot_be_nobody():
    with pytest.raises(CommandError, match=r"^501"):
        commands.path("TO", "TO:<>", commands.RCPT_PARAMETERS, ALL)


def test_rcpt_is_written_with_its_parameters():
    assert commands.rcpt(Recipient("a@b.example", ("NOTIFY=NEVER",))) == "RCPT TO:<a@b.example> NOTIFY=NEVER"


def test_size_is_passed_on_only_where_it_was_offered():
    assert commands.mail("a@b.example", ["SIZE=5", "RET=HDRS"], {"DSN"}) == "MAIL FROM:<a@b.example> RET=HDRS"


@pytest.mark.parametrize(
    ("size", "code"), [("SIZE=11", "552"), ("SIZE=x", "501"), ("SIZE=", "501"), ("size=\u0661", "501")]
)
def test_a_size_that_is_none_or_too_large_is_refused(size, code):
    with pytest.raises(CommandError, match=f"^{code}"):
        commands.check_size([size], 10)


def test_a_size_within_the_limit_is_fine():
    commands.check_size(["RET=HDRS", "SIZE=10"], 10)


def test_attributes_are_decoded_and_unknown_values_empty():
    arg = "NAME=[UNAVAILABLE] ADDR=IPV6:2001:db8::1 helo=a+3Db+20c IDENT=[tempunavail]"

    assert commands.attributes(arg, commands.XFORWARD) == {
        "NAME": "",
        "ADDR": "2001:db8::1",
        "HELO": "a=b c",
        "IDENT": "",
    }


@pytest.mark.parametrize("arg", [None, "", "ADDR", "EVIL=1", "NAME=a+0Db", "LOGIN=x"])
def test_malformed_attributes_are_none(arg):
    assert commands.attributes(arg, commands.XFORWARD) is None


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=30))
def test_an_attribute_survives_writing_and_reading(value):
    written = commands.xtext(value)

    assert written.isascii()
    assert " " not in written
    expected = "" if value.upper() in {"[UNAVAILABLE]", "[TEMPUNAVAIL]"} else value
    assert commands.attributes(f"HELO={written}", commands.XFORWARD) == {"HELO": expected}


@given(st.text(max_size=60))
def test_no_command_makes_a_second_line(arg):
    try:
        address, parameters = commands.path("TO", arg, commands.RCPT_PARAMETERS, ALL)
    except CommandError as refusal:
        assert str(refusal)[0] == "5"
    else:
        assert commands.is_printable(commands.rcpt(Recipient(address, parameters)))

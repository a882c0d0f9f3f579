# SPDX-License-Identifier: GPL-3.0-or-later
"""Deciding about held mail as a reviewer does it: what is shown of it, what is asked first, and whose word counts."""

import io
import json
import os
import pwd
from contextlib import closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from safehold import assemble, config
from safehold.cli import main, setup
from safehold.errors import MapUnreadableError
from safehold.model import (
    Action,
    Answer,
    Direction,
    Envelope,
    Facts,
    FinalRecipient,
    Finding,
    Ground,
    Handling,
    HoldState,
    Message,
    Origin,
    Part,
    PartPath,
    Place,
    PlaceKind,
    Problem,
    Reading,
    Reason,
    Recipient,
    RecipientVerdict,
    Segment,
    Strength,
    Verdict,
)
from safehold.postfix.expansion import Whole
from safehold.quarantine import Quarantine
from safehold.store import vitals
from safehold.vault import KeyRing

NOW = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
ADDRESS = "27 Larkspur Lane"
SENDER, FATHER, COURT = "jo.marlow@riverbank.example", "gareth.wren@postbox.example", "listings@familycourt.example"
PDF = PartPath(("2", "wren-report.zip", "page.pdf"))


@pytest.fixture
def gateway(tmp_path):
    (tmp_path / "policies").mkdir()
    file = tmp_path / "safehold.yaml"
    setup.write_settings(file, own="riverbank.example", listen="127.0.0.1:10025", maps="none")
    setup.make_keys_and_store(config.load(file))
    return file


@pytest.fixture
def run(gateway, capsys):
    """Return run(*arguments) -> (exit code, stdout, stderr), with the settings named."""

    def command(*arguments, config=gateway):
        try:
            code = main([*map(str, arguments), *(["--config", str(config)] if config else [])])
        except SystemExit as end:
            code = end.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


@pytest.fixture
def hold(gateway):
    return make_hold(gateway)


def make_hold(file, *, approvals=1, unexpanded=""):
    """Hold a mail from Jo to the father, whose copy matches two policies; the court has its copy already."""
    settings = config.load(file)
    keys = KeyRing.load(settings.keys, need=frozenset({"sealing", "recovery", "store"}))
    father = FinalRecipient(FATHER, (FATHER,), Direction.OUTBOUND)
    court = FinalRecipient(COURT, (COURT,), Direction.OUTBOUND)
    text = f"she lives at {ADDRESS} now"
    place = Place(PDF, PlaceKind.PAGE, 3)
    finding = Finding("register", "P-1001", "address", 0, 0, place, (13, 29), Strength.CERTAIN, "number and street")
    locked = Problem(PartPath(("3", "wren-scan.zip")), Reason.ENCRYPTED)
    tell = Ground("a-told", True, Action.NOTIFY, Answer.YES, why="goes outside")
    stop = Ground("z-safe-address", True, Action.HOLD, Answer.YES, "P-1001", "adverse", (finding,), why="adverse")
    unread = Ground("z-unread", True, Action.HOLD, Answer.CANNOT_TELL, problems=(locked,), why="part of it is unread")
    verdict = Verdict(
        (RecipientVerdict(father, Action.HOLD, (tell, stop, unread)), RecipientVerdict(court, Action.PASS)),
        handling=(Handling("a-told", title="Told"), Handling("z-safe-address", title="Safe", approvals=approvals)),
        problems=(locked,),
    )
    content = b"Message-ID: <1@x.test>\r\nSubject: =?utf-8?q?Wren_report?=\r\n\r\n" + text.encode() + b"\r\n"
    message = Message(Envelope(SENDER, (Recipient(FATHER), Recipient(COURT))), content, NOW)
    reading = Reading(
        (
            Part(PartPath(("1",)), "text/plain", 30),
            Part(PartPath(("2", "wren-report.zip")), "application/zip", 90, attachment=1),
            Part(PDF, "application/pdf", 80, attachment=1),
            Part(locked.part, "application/zip", 70, attachment=2),
        ),
        (Segment(place, text),),
        (locked,),
    )
    facts = Facts(
        NOW,
        Origin.AUTH,
        identity="jo.marlow",
        senders=(SENDER,),
        recipients=(father, court),
        unexpanded={FATHER: unexpanded} if unexpanded else {},
    )
    with closing(assemble.store(settings)) as store:
        return Quarantine(store, keys).hold(message, facts, verdict, reading, now=datetime.now(UTC)).hold_id


def state_of(gateway, hold):
    with assemble.quarantine(config.load(gateway)) as quarantine:
        return quarantine.get(hold).state


# -- what is shown ----------------------------------------------------------------------------------------------


def test_a_hold_is_shown_with_whose_it_is_masked_and_without_a_word_of_the_mail(run, hold):
    code, out, _ = run("hold", "show", hold)
    document = run("hold", "show", hold, "--json")[1]

    assert code == 0
    assert "sender: j•••@riverbank.example" in out
    assert "have it already: l•••@familycourt.example" in out
    assert "not read: attachment 2: encrypted" in out
    assert "a file inside attachment 1, page 3" in out
    for text in (out, document):
        for secret in ("jo.marlow", "listings@", "Larkspur", "subject", "Wren report", "wren-"):
            assert secret not in text.replace("gareth.wren@", "")


def test_revealed_it_is_shown_with_subject_file_names_sender_and_who_has_it(run, hold):
    out = run("hold", "show", hold, "--reveal", "--reason", "deciding")[1]
    document = json.loads(run("hold", "show", hold, "--json", "--reveal", "--reason", "deciding")[1])

    for text in (f"sender: {SENDER} (signed in as jo.marlow)", f"have it already: {COURT}", "subject: Wren report"):
        assert text in out
    assert "file: 2/wren-report.zip/page.pdf" in out
    assert ADDRESS in out
    assert (document["sender"], document["delivered"]) == (SENDER, [COURT])


def test_a_mask_does_not_tell_how_long_a_word_is(run, hold):
    assert "[••• ••• •••]" in run("hold", "show", hold)[1]


def test_what_was_done_is_shown_with_who_when_and_why(run, gateway, monkeypatch):
    hold = make_hold(gateway, approvals=2)
    for who, verb in (("ada", "approve"), ("ben", "refuse")):
        monkeypatch.setattr(assemble, "actor", lambda who=who: who)
        run("hold", verb, hold, "--reason", f"as {who} sees it")

    out = run("hold", "show", hold)[1]
    history = json.loads(run("hold", "show", hold, "--json")[1])["history"]

    assert "approved by ada: as ada sees it" in out
    assert "refused by ben: as ben sees it" in out
    assert [(deed["kind"], deed["actor"]) for deed in history[1:]] == [("release proposed", "ada"), ("refused", "ben")]


def test_without_the_key_the_plain_facts_are_shown_and_what_is_missing_is_said(run, gateway, hold):
    run("hold", "refuse", hold, "--reason", "no")
    (gateway.parent / "keys/opening.key").unlink()

    code, out, err = run("hold", "show", hold)

    assert code == 78
    assert f"{hold}  refused" in out
    assert "(the reason is sealed)" in out
    assert "sender" not in out
    assert "cannot be shown: the opening key cannot be read" in err


def test_policies_that_hold_come_first_and_each_says_what_it_asks_for(run, hold):
    lines = [line.strip() for line in run("hold", "show", hold)[1].splitlines()]

    shown = [line for line in lines if line.startswith(("a-told:", "z-safe-address:", "z-unread:"))]
    assert shown == ["z-safe-address: Safe: hold", "z-unread: : hold", "a-told: Told: notify"]


# -- deciding ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["", " ", "...", "12"])
@pytest.mark.parametrize("verb", ["approve", "release", "refuse", "cancel", "show"])
def test_a_reason_says_something(run, gateway, hold, verb, reason):
    more = ["--reveal"] if verb == "show" else []

    code, out, err = run("hold", verb, hold, *more, "--reason", reason)

    assert (code, out) == (2, "")
    assert "say in words why" in err
    assert state_of(gateway, hold) is HoldState.HELD


def test_one_approval_that_is_enough_is_said_to_have_been(run, hold):
    out = run("hold", "approve", hold, "--reason", "checked")[1]

    assert f"{hold} is now releasing, as one approval was enough" in out


def test_a_first_approval_of_two_is_not(run, gateway):
    out = run("hold", "approve", make_hold(gateway, approvals=2), "--reason", "checked")[1]

    assert "enough" not in out
    assert "1 more person has to approve" in out


@pytest.mark.parametrize("account", ["jo.marlow", "listings", "gareth.wren"])
def test_nobody_decides_on_mail_of_their_own(run, gateway, hold, account, monkeypatch):
    """An account is linked to an address by its name in an own domain, and by the login that sent the mail."""
    monkeypatch.setattr(assemble, "actor", lambda: account)

    code, _, err = run("hold", "release", hold, "--reason", "it is fine")

    assert code == (77 if account == "jo.marlow" else 0)
    assert ("nobody decides on a message" in err) is (account == "jo.marlow")


def test_an_account_is_its_name_in_each_own_domain(gateway):
    assert assemble.addresses("jo", config.load(gateway)) == ("jo@riverbank.example",)


# -- lists ------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["a list", "a name that cannot be looked up"])
def for_list(gateway, request, monkeypatch):
    class Away:
        def expand_all(self, _):
            raise MapUnreadableError

    assert config.load(gateway).release.lists is not None
    monkeypatch.setattr(assemble, "expander", lambda _: Away())
    why = Whole.TOO_MANY.value if request.param == "a list" else "the maps cannot be read"
    return make_hold(gateway, unexpanded=why)


@pytest.mark.parametrize("verb", ["approve", "release"])
def test_a_list_that_nobody_has_judged_is_not_let_go_by_the_way(run, gateway, for_list, verb):
    code, out, err = run("hold", verb, for_list, "--reason", "fine")

    assert (code, out) == (1, "")
    assert "everybody who is on it when it leaves gets it" in err
    assert "--to-whole-list" in err
    assert state_of(gateway, for_list) is HoldState.HELD


@pytest.mark.parametrize("verb", ["approve", "release"])
def test_a_list_is_let_go_by_whoever_says_that_it_is_meant(run, gateway, for_list, verb):
    assert run("hold", verb, for_list, "--reason", "fine", "--to-whole-list")[0] == 0
    assert state_of(gateway, for_list) is HoldState.RELEASING


def test_a_name_that_the_maps_know_by_now_is_looked_up_and_goes_to_just_that_address(run, gateway):
    hold = make_hold(gateway, unexpanded="the maps cannot be read")

    assert run("hold", "release", hold, "--reason", "fine")[0] == 0
    assert state_of(gateway, hold) is HoldState.RELEASING


# -- whether it is sent -----------------------------------------------------------------------------------------


def beat(gateway, ago_s):
    settings = config.load(gateway)
    with closing(assemble.store(settings)) as store:
        vitals.Heart(store, assemble.COURIER).beat(datetime.now(UTC) - timedelta(seconds=ago_s))
    return settings.store


def test_a_release_without_a_courier_says_since_when_there_is_none(run, gateway, hold):
    beat(gateway, 125)

    out = run("hold", "release", hold, "--reason", "fine")[1]

    assert "no courier is at work (last seen 2 minutes ago)" in out
    assert "within seconds" not in out


@pytest.mark.parametrize(
    ("ago_s", "said"), [(20, "the courier sends it within seconds"), (400, "the courier was last seen 6 minutes ago")]
)
def test_a_courier_at_work_sends_within_seconds_and_one_that_hangs_does_not(run, gateway, hold, ago_s, said):
    store = beat(gateway, ago_s)

    with vitals.alone(store, assemble.COURIER):
        out = run("hold", "release", hold, "--reason", "fine")[1]

    assert said in out


# -- whose rights -----------------------------------------------------------------------------------------------


@pytest.fixture
def sudo(monkeypatch):
    """Return sudo(user, uid): as sudo(8) would have set the environment of a process of root."""

    def asked(user="daemon", uid=None):
        monkeypatch.setattr(os, "getuid", lambda: 0)
        known = uid if uid is not None else str(pwd.getpwnam(user).pw_uid)
        monkeypatch.setenv("SUDO_USER", user)
        monkeypatch.setenv("SUDO_UID", known)

    return asked


@pytest.mark.parametrize("by", ["option", "environment"])
@pytest.mark.parametrize("verb", ["list", "show", "release"])
def test_under_sudo_no_other_settings_are_read_for_a_hold_command(run, sudo, tmp_path, monkeypatch, by, verb):
    """A sudoers line for `safehold hold *` must not let a reviewer read root's files, or bring a store of his own."""
    sudo()
    secret = tmp_path / "shadow"
    secret.write_text("store: x\nZq: 1\n")
    if by == "environment":
        monkeypatch.setenv("SAFEHOLD_CONFIG", str(secret))
    rest = {"list": [], "show": ["7K4M-2QXR"], "release": ["7K4M-2QXR", "--reason", "r"]}[verb]

    code, out, err = run("hold", verb, *rest, config=secret if by == "option" else None)

    assert (code, out) == (77, "")
    assert "Zq" not in err
    assert "--config and SAFEHOLD_CONFIG are not taken" in err


@pytest.mark.parametrize(("owner", "mode", "code"), [(0, 0o640, 0), (1000, 0o640, 77), (0, 0o666, 77)])
def test_under_sudo_the_settings_are_those_of_root(run, gateway, sudo, monkeypatch, owner, mode, code):
    sudo()
    monkeypatch.setattr(config, "DEFAULT_PATH", gateway)
    real = type(gateway).stat
    monkeypatch.setattr(
        type(gateway),
        "stat",
        lambda path, **more: (
            SimpleNamespace(st_uid=owner, st_mode=0o100000 | mode) if path == gateway else real(path, **more)
        ),
    )

    assert run("hold", "list")[0] == code


def test_root_itself_names_what_it_likes(run, sudo):
    sudo("root")

    assert run("hold", "list")[0] == 0


def test_behind_sudo_the_account_that_asked_acts(sudo):
    sudo("daemon")

    assert assemble.actor() == "daemon"


@pytest.mark.parametrize("uid", ["", "0", "x", "99999999999", "4294967294"])
def test_a_name_that_sudo_did_not_set_is_not_believed(sudo, uid):
    sudo("daemon", uid)

    assert assemble.actor() == pwd.getpwuid(0).pw_name


# -- pipes ------------------------------------------------------------------------------------------------------


def test_a_pipe_that_nobody_reads_to_its_end_is_no_error(run, hold, monkeypatch):
    class Closed(io.StringIO):
        def flush(self):
            raise BrokenPipeError

        def reconfigure(self, **_):
            pass

    monkeypatch.setattr("sys.stdout", Closed())

    assert run("hold", "list", "--json")[::2] == (0, "")

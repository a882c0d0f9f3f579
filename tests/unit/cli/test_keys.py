# SPDX-License-Identifier: GPL-3.0-or-later
"""The day the reviewers' key is lost: what the recovery key on paper is good for."""

import io
import json
from contextlib import closing
from datetime import UTC, datetime

import pytest

from safehold import assemble, config, vault
from safehold.cli import main, setup
from safehold.model import (
    Action,
    Direction,
    Envelope,
    Facts,
    FinalRecipient,
    HoldState,
    Message,
    Origin,
    Reading,
    Recipient,
    RecipientVerdict,
    Verdict,
)
from safehold.quarantine import Quarantine

FATHER = "gareth.wren@postbox.example"
CONTENT = b"Message-ID: <1@x.test>\r\nSubject: Wren\r\n\r\nhello\r\n"
OTHER = CONTENT.replace(b"hello", b"again")


@pytest.fixture
def file(tmp_path):
    (tmp_path / "policies").mkdir()
    file = tmp_path / "safehold.yaml"
    setup.write_settings(file, own="riverbank.example", listen="127.0.0.1:10025", maps="none")
    return file


@pytest.fixture
def recovery(file):
    return setup.make_keys_and_store(config.load(file))


@pytest.fixture
def run(file, capsys, monkeypatch):
    """Return run(*arguments, typed=...) -> (exit code, stdout, stderr); *typed* comes through a pipe."""

    def command(*arguments, typed=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed + "\n"))
        code = main([*arguments, "--config", str(file)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def make_hold(file, content=CONTENT):
    settings = config.load(file)
    keys = assemble.keyring(settings, need=frozenset({"sealing", "recovery", "store"}))
    father = FinalRecipient(FATHER, (FATHER,), Direction.OUTBOUND)
    message = Message(Envelope("jo@riverbank.example", (Recipient(FATHER),)), content, datetime.now(UTC))
    verdict = Verdict((RecipientVerdict(father, Action.HOLD),))
    facts = Facts(datetime.now(UTC), Origin.AUTH, recipients=(father,))
    with closing(assemble.store(settings)) as store:
        return Quarantine(store, keys).hold(message, facts, verdict, Reading(), now=datetime.now(UTC)).hold_id


def lose(file):
    (file.parent / "keys/opening.key").unlink()


def opened(file, hold):
    settings = config.load(file)
    with assemble.quarantine(settings) as quarantine:
        return quarantine.open(hold, assemble.opening_key(settings)).content


def test_held_mail_is_shown_and_released_again_once_the_recovery_key_was_given(run, file, recovery):
    holds = [make_hold(file), make_hold(file, OTHER)]
    lose(file)
    lost = run("hold", "show", holds[0])

    code, out, _ = run("key", "recover", typed=recovery)

    assert lost[0] == 78
    assert code == 0
    assert "handed over to it: 2 holds" in out
    assert [opened(file, hold) for hold in holds] == [CONTENT, OTHER]
    assert run("hold", "show", holds[0])[0] == 0
    assert run("hold", "release", holds[0], "--reason", "fine")[0] == 0


def test_what_was_held_with_the_lost_key_meanwhile_is_handed_over_by_a_second_run(run, file, recovery):
    """The gateway seals with the public key that it loaded until it is started again."""
    before = assemble.keyring(config.load(file), need=frozenset({"sealing", "recovery", "store"}))
    lose(file)
    run("key", "recover", typed=recovery)
    assert before.sealing != assemble.keyring(config.load(file), need=frozenset({"sealing"})).sealing
    (file.parent / "keys/sealing.pub").rename(file.parent / "keys/new.pub")
    (file.parent / "keys/sealing.pub.before").rename(file.parent / "keys/sealing.pub")
    hold = make_hold(file)
    (file.parent / "keys/new.pub").rename(file.parent / "keys/sealing.pub")

    code, out, _ = run("key", "recover", "--json", typed=recovery)

    assert (code, json.loads(out)["made"], json.loads(out)["holds"]) == (0, False, 1)
    assert opened(file, hold) == CONTENT


def test_where_nothing_is_lost_nothing_is_changed(run, file, recovery):
    keys = {path.name: path.read_bytes() for path in (file.parent / "keys").iterdir()}
    hold = make_hold(file)

    code, out, _ = run("key", "recover", typed=recovery)

    assert (code, "kept the reviewers' key" in out, "0 holds" in out) == (0, True, True)
    assert {path.name: path.read_bytes() for path in (file.parent / "keys").iterdir()} == keys
    assert opened(file, hold) == CONTENT


def test_it_is_forgiving_of_how_a_person_types(run, file, recovery):
    make_hold(file)
    lose(file)

    assert run("key", "recover", typed=recovery.lower().replace("-", " "))[0] == 0


@pytest.mark.parametrize("wrong", ["", "ABCD-EFGH", "another gateway's"])
def test_a_key_that_is_not_this_gateways_changes_nothing(run, file, recovery, tmp_path, wrong):
    hold = make_hold(file)
    lose(file)
    typed = vault.create_keys(tmp_path / "other") if wrong.startswith("another") else wrong

    code, out, err = run("key", "recover", typed=typed)

    assert code in {65, 78}
    assert out == ""
    assert "recovery key" in err
    assert typed not in err or not typed
    assert not (file.parent / "keys/opening.key").exists()
    with assemble.quarantine(config.load(file)) as quarantine:
        assert quarantine.get(hold).state is HoldState.HELD


@pytest.mark.parametrize(("name", "mode"), [("opening.key", 0o640), ("sealing.pub", 0o664)])
def test_a_key_that_others_can_reach_is_not_lost_and_its_cure_is_told(run, file, recovery, name, mode):
    keys = file.parent / "keys"
    before = {path.name: path.read_bytes() for path in keys.iterdir()}
    wanted = (keys / name).stat().st_mode & 0o777
    (keys / name).chmod(mode)

    code, out, err = run("key", "recover", typed=recovery)

    assert (code, out) == (78, "")
    assert f"chmod {wanted:04o} {keys / name}" in err
    assert {path.name: path.read_bytes() for path in keys.iterdir()} == before


def test_a_key_whose_public_half_is_another_is_lost(run, file, recovery, tmp_path):
    hold = make_hold(file)
    vault.create_keys(tmp_path / "other")
    (tmp_path / "other/opening.key").replace(file.parent / "keys/opening.key")

    assert run("key", "recover", typed=recovery)[0] == 0
    assert opened(file, hold) == CONTENT


def test_what_lay_in_place_of_the_key_is_kept_beside_it(run, file, recovery):
    key = file.parent / "keys/opening.key"
    key.chmod(0o600)
    key.write_text("damaged\n")

    assert run("key", "recover", typed=recovery)[0] == 0
    assert key.with_name("opening.key.before").read_text() == "damaged\n"
    assert key.stat().st_mode & 0o777 == 0o400

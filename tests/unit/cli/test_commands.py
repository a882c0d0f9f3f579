# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands as a person calls them: exit codes, what stands on stdout, and what must never stand there."""

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from safehold import assemble, config, vault
from safehold.cli import main, setup
from safehold.errors import StoreError
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
    Message,
    Origin,
    Part,
    PartPath,
    Place,
    PlaceKind,
    Reading,
    Recipient,
    RecipientVerdict,
    Segment,
    Strength,
    Verdict,
)
from safehold.quarantine import Quarantine
from safehold.store import Store, holds
from safehold.vault import KeyRing

NOW = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
PROJECT = Path(__file__).parents[3]
MESSAGES = PROJECT / "samples/messages"
PEOPLE = PROJECT / "samples/register.yaml"
ADDRESS = "27 Larkspur Lane"


@pytest.fixture
def gateway(tmp_path):
    """Return the settings file of a gateway with keys, store and the shipped policies."""
    file = tmp_path / "safehold.yaml"
    setup.write_settings(
        file, own="riverbank.example", listen="127.0.0.1:10025", policies=str(PROJECT / "policies"), maps="none"
    )
    setup.make_keys_and_store(config.load(file))
    return file


def run(capsys, *arguments):
    """Return (exit code, stdout, stderr) of one command."""
    code = main([str(a) for a in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def make_hold(file, *, approvals=1):
    settings = config.load(file)
    keys = KeyRing.load(settings.keys, need=frozenset({"sealing", "recovery", "store"}))
    recipient = FinalRecipient("gareth.wren@postbox.example", ("gareth.wren@postbox.example",), Direction.OUTBOUND)
    place = Place(PartPath(("1",)), PlaceKind.BODY)
    text = f"she lives at {ADDRESS} now"
    finding = Finding(
        "register",
        "P-1001",
        "address",
        0,
        0,
        place,
        (13, 13 + len(ADDRESS)),
        Strength.CERTAIN,
        "house number and street",
    )
    ground = Ground(
        "safe-address", True, Action.HOLD, Answer.YES, "P-1001", "adverse", (finding,), why="adverse to P-1001"
    )
    verdict = Verdict(
        (RecipientVerdict(recipient, Action.HOLD, (ground,)),),
        handling=(Handling("safe-address", title="Safe addresses", approvals=approvals),),
    )
    message = Message(
        Envelope("jo.marlow@riverbank.example", (Recipient(recipient.address),)),
        b"Message-ID: <1@x.test>\r\nSubject: x\r\n\r\n" + text.encode() + b"\r\n",
        NOW,
    )
    reading = Reading((Part(PartPath(("1",)), "text/plain", 30),), (Segment(place, text),))
    facts = Facts(NOW, Origin.AUTH, recipients=(recipient,))
    store = assemble.store(settings)
    try:
        return Quarantine(store, keys).hold(message, facts, verdict, reading, now=datetime.now(UTC)).hold_id
    finally:
        store.close()


# -- setting up -------------------------------------------------------------------------------------------------


def test_init_shows_the_recovery_key_once_and_every_postfix_line(tmp_path, capsys):
    file = tmp_path / "etc" / "safehold.yaml"

    first = run(capsys, "init", "--config", file, "--domain", "council.test")
    second = run(capsys, "init", "--config", file)

    assert first[0] == second[0] == 0
    assert "recovery key" in first[1]
    assert "recovery key" not in second[1]
    for setting in ("smtpd_milters", "non_smtpd_milters", "milter_default_action", "enable_long_queue_ids", "10027"):
        assert setting in first[1]


def test_wrong_settings_are_exit_78_with_every_place(tmp_path, capsys):
    file = tmp_path / "safehold.yaml"
    file.write_text("smtpd: {listen: x}\nnotice: {}\n")

    code, out, err = run(capsys, "config", "check", "--config", file)

    assert (code, out) == (78, "")
    assert f"{file}:1:9:" in err
    assert "did you mean `notices`?" in err


# -- the register -----------------------------------------------------------------------------------------------


def test_a_register_is_imported_whole_and_listed_without_values(gateway, capsys):
    code, out, _ = run(capsys, "register", "import", PEOPLE, "--config", gateway, "--json")
    listed = run(capsys, "register", "list", "--json", "--config", gateway)

    assert code == 0
    people = PEOPLE.read_text("utf-8").count("\n- id: ")
    assert json.loads(out)["added"] == len(listed[1].splitlines()) == people
    assert "Larkspur" not in listed[1]


def test_a_bad_register_file_is_exit_65_tells_all_and_imports_nothing(gateway, tmp_path, capsys):
    file = tmp_path / "people.jsonl"
    rows = [
        {"id": "P-1", "register": "r", "values": [{"kind": "adress", "value": "9 Secret Street"}]},
        {"id": "P-2", "register": "r", "values": [{"kind": "email", "value": "not-an-address-at-all"}]},
        {"id": "P-3", "register": "r", "values": [{"kind": "phone", "value": "07700 900123"}]},
    ]
    file.write_text("\n".join(json.dumps(row) for row in rows))

    code, _, err = run(capsys, "register", "import", file, "--config", gateway)
    listed = run(capsys, "register", "list", "--json", "--config", gateway)

    assert code == 65
    assert f"{file}:1:" in err
    assert f"{file}:2:" in err
    assert "2 errors, nothing was imported" in err
    assert "Secret" not in err
    assert "not-an-address" not in err
    assert listed[1] == ""


# -- holds ------------------------------------------------------------------------------------------------------


def test_a_hold_is_listed_and_shown_with_its_evidence_masked(gateway, capsys):
    hold = make_hold(gateway)

    listed = run(capsys, "hold", "list", "--config", gateway)[1]
    shown = run(capsys, "hold", "show", hold, "--config", gateway)[1]

    assert hold in listed
    assert "gareth" not in listed
    assert "adverse to P-1001" in shown
    assert "Larkspur" not in shown
    assert "[••• ••• •••]" in shown


def test_evidence_is_revealed_for_a_reason_only_and_the_look_is_on_record(gateway, capsys):
    hold = make_hold(gateway)

    refused = run(capsys, "hold", "show", hold, "--reveal", "--config", gateway)
    revealed = run(capsys, "hold", "show", hold, "--reveal", "--reason", "deciding", "--config", gateway)

    assert refused[0] == 2
    assert "Larkspur" not in refused[1]
    assert ADDRESS in revealed[1]
    with assemble.quarantine(config.load(gateway)) as quarantine:
        assert "revealed" in [entry.kind for entry in quarantine.history(hold)]


def test_a_hold_id_is_understood_as_people_type_it(gateway, capsys):
    hold = make_hold(gateway)

    assert run(capsys, "hold", "show", hold.lower().replace("-", ""), "--config", gateway)[0] == 0


def test_deciding_twice_changes_nothing_the_second_time(gateway, capsys):
    hold = make_hold(gateway)

    first = run(capsys, "hold", "refuse", hold, "--reason", "wrong person", "--config", gateway)
    second = run(capsys, "hold", "release", hold, "--reason", "right person", "--config", gateway)

    assert first[0] == 0
    assert second[0] == 1
    assert "refused" in second[2]
    assert json.loads(run(capsys, "hold", "list", "--all", "--json", "--config", gateway)[1])["state"] == "refused"


def test_where_two_people_must_agree_one_is_not_enough(gateway, capsys, monkeypatch):
    hold = make_hold(gateway, approvals=2)
    monkeypatch.setattr(assemble, "actor", lambda: "ada")

    alone = run(capsys, "hold", "release", hold, "--reason", "r", "--config", gateway)
    proposed = run(capsys, "hold", "approve", hold, "--reason", "r", "--config", gateway)
    again = run(capsys, "hold", "release", hold, "--reason", "r", "--config", gateway)
    monkeypatch.setattr(assemble, "actor", lambda: "ben")
    both = run(capsys, "hold", "release", hold, "--reason", "r", "--config", gateway)

    assert alone[0] in {1, 77}
    assert "proposed" in proposed[1]
    assert again[0] in {1, 77}
    assert (both[0], "releasing" in both[1]) == (0, True)


@pytest.mark.parametrize("verb", ["show", "release"])
def test_a_hold_that_is_not_there_is_said_to_be_not_there(verb, gateway, capsys):
    reason = ["--reason", "r"] if verb == "release" else []
    code, out, err = run(capsys, "hold", verb, "0000-0000", *reason, "--config", gateway)

    assert code not in {0, 2}
    assert out == ""
    assert err.startswith("safehold: ")


def test_a_release_says_who_sends_it_and_what_to_run_to_see(gateway, capsys):
    hold = make_hold(gateway)

    _, out, _ = run(capsys, "hold", "release", hold, "--reason", "r", "--config", gateway)

    assert f"{hold} is now releasing" in out
    assert "no courier has been at work here yet" in out
    assert f"safehold hold show {hold} --config {gateway}" in out


def test_a_second_release_is_told_that_it_was_released_already(gateway, capsys):
    hold = make_hold(gateway)
    run(capsys, "hold", "release", hold, "--reason", "r", "--config", gateway)

    code, out, err = run(capsys, "hold", "release", hold, "--reason", "r", "--config", gateway)

    assert (code, out) == (1, "")
    assert f"{hold} is being released already" in err
    assert "cannot become" not in err


def test_a_decision_that_comes_too_late_is_told_what_was_decided_by_whom(gateway, capsys, monkeypatch):
    hold = make_hold(gateway)
    monkeypatch.setattr(assemble, "actor", lambda: "ada")
    run(capsys, "hold", "refuse", hold, "--reason", "r", "--config", gateway)

    code, _, err = run(capsys, "hold", "release", hold, "--reason", "r", "--config", gateway)

    assert code == 1
    assert f"{hold} was refused by ada" in err


@pytest.mark.parametrize("verb", ["list", "show", "approve", "release", "refuse", "cancel"])
def test_every_hold_command_is_in_help_with_a_line_and_has_json(capsys, verb):
    listing = help_of(capsys, "hold")
    own = help_of(capsys, "hold", verb)

    (line,) = [line for line in listing.splitlines() if line.strip().startswith(f"{verb} ")]
    assert len(line.split()) > 3
    assert "--json" in own


def test_help_says_that_a_look_at_evidence_is_on_record(capsys):
    text = " ".join(help_of(capsys, "hold", "show").split())

    assert "--reveal" in text
    assert "audit" in text
    assert "--reason" in text


def test_help_says_what_all_lists(capsys):
    assert "released, refused, cancelled and expired" in " ".join(help_of(capsys, "hold", "list").split())


def help_of(capsys, *words):
    with pytest.raises(SystemExit):
        main([*words, "--help"])
    return capsys.readouterr().out


# -- judging ----------------------------------------------------------------------------------------------------


def test_explain_says_who_is_held_by_what_and_shows_no_value(gateway, capsys):
    code, out, _ = run(
        capsys,
        "explain", MESSAGES / "safe-address-to-both.eml", "--register", PEOPLE,
        "--config", gateway, "--json",
    )  # fmt: skip

    recipients = json.loads(out)["recipients"]
    assert code == 1
    assert recipients["gareth.wren@postbox.example"]["policies"] == ["safe-address-to-adverse"]
    assert recipients["listings@familycourt.example"]["action"] == "pass"
    assert "Larkspur" not in out


def test_explain_says_what_holds_first_and_where_in_the_words_of_the_notice(gateway, capsys):
    _, out, _ = run(
        capsys, "explain", MESSAGES / "safe-address-to-adverse.eml", "--register", PEOPLE, "--config", gateway
    )

    assert out.index("  safe-address-to-adverse: ") < out.index("  locked-file-to-adverse: ")
    assert "    a file inside attachment 1, page 3: address of P-1001" in out


def test_explain_needs_no_settings_where_policies_and_register_are_named(tmp_path, capsys):
    code, out, _ = run(
        capsys,
        "explain", MESSAGES / "safe-address-to-court.eml", "--config", tmp_path / "none.yaml",
        "--policies", PROJECT / "policies", "--register", PEOPLE,
    )  # fmt: skip

    assert code == 0
    assert "listings@familycourt.example: pass" in out


def test_explain_explains_a_hold(gateway, capsys):
    hold = make_hold(gateway)

    code, out, _ = run(capsys, "explain", hold, "--config", gateway)

    assert code == 1
    assert "house number and street" in out
    assert "Larkspur" not in out


@pytest.mark.parametrize("name", ["nope.eml", "mail/nope", "nope.docx", "an odd name"])
def test_explain_says_that_a_file_is_not_there(gateway, capsys, name):
    """ "no such hold" about a misspelt file name sends people looking in the wrong place."""
    code, out, err = run(capsys, "explain", name, "--config", gateway)

    assert (code, out) == (65, "")
    assert err == f"safehold: {name}: there is no such file, and it is no hold id (of the form 7K4M-2QXR)\n"


def test_explain_says_that_a_hold_is_not_there(gateway, capsys):
    code, _, err = run(capsys, "explain", "7K4M-2QXR", "--config", gateway)

    assert (code, err) == (65, "safehold: there is no such hold\n")


def test_inspect_gives_the_tree_as_one_json_document(capsys):
    code, out, _ = run(capsys, "inspect", "--json", MESSAGES / "safe-address-to-adverse.eml")

    reading = json.loads(out)
    assert code == 0
    assert set(reading) == {"parts", "segments", "problems", "marks", "concealment"}
    assert any("Larkspur" in segment["text"] and segment["place"] == "page 3" for segment in reading["segments"])


def test_find_answers_each_line_in_order_with_offsets_of_the_given_text(tmp_path, capsys):
    file = tmp_path / "lines.jsonl"
    text = "Her number is 07700 900142, ring it"
    items = [
        {"id": 1, "text": text, "content_type": "text/plain", "scope": None},
        {"id": 2, "text": "nothing here", "content_type": "text/plain", "scope": None},
        {"id": 3, "text": text, "content_type": "text/plain", "scope": ["P-1002"]},
    ]
    file.write_text("\n".join(json.dumps(item) for item in items))

    code, out, _ = run(capsys, "find", "--register", PEOPLE, "--jsonl", file)

    answers = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [a["id"] for a in answers] == [1, 2, 3]
    (found,) = answers[0]["findings"]
    assert (found["person"], found["field"], found["strength"]) == ("P-1001", "phone", "certain")
    assert text[found["start"] : found["end"]] == "07700 900142"
    assert answers[1]["findings"] == answers[2]["findings"] == []


# -- policy check -----------------------------------------------------------------------------------------------


def write_policy(gateway, register):
    folder = gateway.parent / "own"
    folder.mkdir()
    (folder / "first.yaml").write_text(
        "version: 1\npolicies:\n- id: p\n  title: t\n  why: w\n  owner: o\n  mode: enforce\n"
        f"  when: {{content: {{register: {register}}}, recipients: {{scope: external}}}}\n"
        "  if_uninspectable: notify\n"
        f"registers: {{{register.strip('[]').replace(',', ': store,')}: store}}\n"
    )
    gateway.write_text(gateway.read_text().replace(f"policies: {PROJECT / 'policies'}", f"policies: {folder}"))
    return folder


def test_policy_check_without_a_folder_checks_the_configured_one(gateway, capsys, monkeypatch):
    write_policy(gateway, "safe-addresses")
    monkeypatch.setenv("SAFEHOLD_CONFIG", str(gateway))

    by_option = run(capsys, "policy", "check", "--config", gateway)
    by_environment = run(capsys, "policy", "check")

    assert "first.yaml" in by_option[1]
    assert by_environment == by_option


def test_policy_check_names_the_file_so_that_an_editor_can_open_it(gateway, capsys):
    folder = write_policy(gateway, "safe-addresses")

    assert f"{folder / 'first.yaml'}:3:" in run(capsys, "policy", "check", "--config", gateway)[1]


@pytest.mark.parametrize("named", [True, False])
def test_policy_check_tells_of_a_register_that_holds_nobody(gateway, capsys, named):
    """A misspelt register protects nobody, and nothing in the policies alone can show it."""
    folder = write_policy(gateway, "safe-adresses")
    run(capsys, "register", "import", PEOPLE, "--config", gateway)
    check = ("policy", "check", *([folder] if named else []), "--config", gateway)

    code, out, _ = run(capsys, *check)

    (told,) = [line for line in out.splitlines() if "register-holds-nobody" in line]
    assert told.startswith(f"{folder / 'first.yaml'}:3:")
    assert "error" in told
    assert "did you mean `safe-addresses`?" in out
    assert code == 1


def test_policy_check_is_silent_about_a_register_that_holds_somebody(gateway, capsys):
    write_policy(gateway, "[safe-addresses, adoptive-families]")
    run(capsys, "register", "import", PEOPLE, "--config", gateway)

    code, out, _ = run(capsys, "policy", "check", "--config", gateway)

    assert code == 0
    assert "holds-nobody" not in out


def test_policy_check_needs_no_settings_for_a_folder_that_is_named(tmp_path, capsys):
    code, _, _ = run(capsys, "policy", "check", PROJECT / "policies", "--config", tmp_path / "none.yaml")

    assert code == 0


def test_policy_check_counts_as_people_do_and_json_stands_alone(gateway, capsys):
    folder = write_policy(gateway, "safe-adresses")
    run(capsys, "register", "import", PEOPLE, "--config", gateway)

    _, out, err = run(capsys, "policy", "check", folder, "--config", gateway)
    as_json = run(capsys, "policy", "check", folder, "--json", "--config", gateway)

    found = [(c["severity"], c["code"]) for c in json.loads(as_json[1]) if c["severity"] != "note"]
    assert ("error", "register-holds-nobody") in found
    assert found.count(("warning", "register-not-asked")) == out.count("register-not-asked") > 1
    warnings = len(found) - 1
    assert (out.splitlines()[-1], err) == (f"1 policy in 1 file: 1 enforce; 1 error, {warnings} warnings", "")
    assert as_json[2] == ""


# -- the store --------------------------------------------------------------------------------------------------


def test_a_store_is_upgraded_by_the_command_that_its_refusal_names(gateway, capsys):
    settings = config.load(gateway)
    with closing(assemble.store(settings)) as store, store.write() as connection:
        for table in ("contacts", "matches", "versions", "disabled"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
        connection.exec_driver_sql("ALTER TABLE holds DROP COLUMN office")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0002'")

    refused = run(capsys, "hold", "list", "--config", gateway)
    upgraded = run(capsys, "store", "upgrade", "--config", gateway)

    assert refused[0] == 75
    assert "safehold store upgrade" in refused[2]
    assert upgraded[0] == 0
    assert run(capsys, "hold", "list", "--config", gateway)[0] == 0


def test_a_backup_is_a_store_and_is_never_written_over(gateway, capsys, tmp_path):
    hold = make_hold(gateway)
    copy = tmp_path / "copy.db"

    first = run(capsys, "store", "backup", copy, "--config", gateway)
    again = run(capsys, "store", "backup", copy, "--config", gateway)

    assert first[0] == 0
    assert str(copy) in first[1]
    assert again[0] == 65
    assert f"{copy} is there already" in again[2]
    with closing(Store.open(copy)) as store, store.read() as connection:
        assert holds.get(connection, hold) is not None


def test_a_store_of_another_account_is_told_with_whose_it_is_and_the_cure(gateway, capsys, monkeypatch):
    """As the milter's account meets a store that root made for itself alone."""
    store = config.load(gateway).store

    def refused(*_, **__):
        raise StoreError("the store cannot be opened")

    monkeypatch.setattr(Store, "open", refused)
    monkeypatch.setattr("os.access", lambda path, _mode: path != store)
    store.chmod(0o600)

    code, out, err = run(capsys, "hold", "list", "--config", gateway)

    assert (code, out) == (75, "")
    assert f"the store cannot be opened ({store} is of mode 0600 and belongs to " in err
    assert "`safehold doctor`, as root, has the cure" in err


def test_keys_of_another_store_are_told_to_be_that(gateway, capsys, tmp_path):
    run(capsys, "register", "import", PEOPLE, "--config", gateway)
    vault.create_keys(tmp_path / "others")
    gateway.write_text(gateway.read_text().replace("keys: keys", "keys: others"))

    code, out, err = run(capsys, "register", "list", "--config", gateway)

    assert (code, out) == (65, "")
    assert "keys and store do not belong together" in err


def test_policy_check_passes_the_shipped_policies_and_fails_a_broken_one(tmp_path, capsys):
    (tmp_path / "bad.yaml").write_text("version: 1\npolicies:\n- id: x\n  title: t\n  whn: {}\n")

    good = run(capsys, "policy", "check", PROJECT / "policies")
    bad = run(capsys, "policy", "check", tmp_path)

    assert good[0] == 0
    assert bad[0] == 1
    assert "bad.yaml:5:3: error[unknown-key]" in bad[1]
    assert 'did you mean "when"?' in bad[1]

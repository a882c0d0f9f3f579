# SPDX-License-Identifier: GPL-3.0-or-later
"""`explain`: no all-clear about people whom it could not look for; every condition with its line; nothing unmasked."""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from safehold import assemble, config
from safehold.cli import main, setup
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
from safehold.store import tables, vitals
from safehold.store.memory import Tally
from safehold.vault import KeyRing

MESSAGE = b"From: jo@council.test\nTo: karl@mail.example\nSubject: x\n\ncall 01632 960123\n"
POLICIES = (
    "version: 1\npolicies:\n- {id: p, title: t, why: w, owner: o, mode: enforce, if_uninspectable: notify,"
    " when: {content: {register: %s}, recipients: {scope: external}}}\n"
)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return a folder with a message, a policy about `families` and two register files; there are no settings."""
    (tmp_path / "m.eml").write_bytes(MESSAGE)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/p.yaml").write_text(POLICIES % "families")
    for register in ("families", "refuges"):
        (tmp_path / f"{register}.yaml").write_text(
            f"- {{id: R-{register}, register: {register}, values: [{{kind: phone, value: 01632 960123}}]}}\n"
        )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def store(place):
    """Return the folder with settings and a store in which one person of `families` is."""
    file = place / "safehold.yaml"
    setup.write_settings(file, own="council.test", listen="127.0.0.1:10025", maps="none")
    setup.make_keys_and_store(config.load(file))
    assert main(["register", "import", "families.yaml", "--config", "safehold.yaml"]) == 0
    return place


@pytest.fixture
def run(capsys):
    def command(*arguments):
        capsys.readouterr()
        code = main([*map(str, arguments), "--config", "safehold.yaml"])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def test_explain_without_a_register_is_no_all_clear(place, run):
    code, out, err = run("explain", "m.eml", "--policies", "policies")

    assert code == 65
    assert "karl@mail.example: pass" in out
    assert "register families holds nobody here, so these policies could find nothing in it: p" in err
    assert "'not held' cannot be relied on" in err


def test_explain_with_a_file_of_another_register_is_no_all_clear(place, run):
    code, _, err = run("explain", "m.eml", "--policies", "policies", "--register", "refuges.yaml")

    assert code == 65
    assert "there are: refuges" in err


def test_explain_with_a_file_of_some_of_the_registers_warns(place, run):
    (place / "policies/p.yaml").write_text(POLICIES.replace("external", "internal") % "[families, refuges]")

    code, _, err = run("explain", "m.eml", "--policies", "policies", "--register", "families.yaml")

    assert code == 0
    assert "register refuges holds nobody here" in err


def test_explain_where_all_could_be_looked_at_is_silent(place, run):
    assert run("explain", "m.eml", "--policies", "policies", "--register", "families.yaml")[::2] == (1, "")


def test_a_register_missing_from_the_store_is_no_all_clear(store, run):
    (store / "policies/p.yaml").write_text(POLICIES.replace("external", "internal") % "[families, familys]")

    code, out, err = run("explain", "m.eml", "--json")

    assert code == 65
    assert json.loads(out)["registers_without_people"] == ["familys"]
    assert "there is no register familys (there are: families)" in err


@pytest.mark.parametrize("name", ["none.yaml", "m.eml"])
def test_a_register_file_that_is_none_is_bad_input(place, run, name):
    code, out, _ = run("explain", "m.eml", "--policies", "policies", "--register", name)

    assert (code, out) == (65, "")


@pytest.mark.parametrize("option", ["--to", "--from"])
@pytest.mark.parametrize("address", ["not an address", "karl", "@mail.example", "a@b c.test", ""])
def test_what_is_no_address_is_refused(place, run, option, address):
    with pytest.raises(SystemExit) as caught:
        run("explain", "m.eml", "--policies", "policies", option, address)

    assert caught.value.code == 2


@pytest.mark.parametrize("name", ["policies/p.yaml", "families.yaml"])
def test_what_is_no_message_is_refused(place, run, name):
    code, out, err = run("explain", name, "--policies", "policies", "--register", "families.yaml")

    assert (code, out) == (65, "")
    assert "this is no message" in err


@pytest.mark.parametrize("before", [b"From jo Mon Nov  2 10:00:00 2026\n", b"X-Odd: 1\n", b"\n"])
def test_messages_begin_in_many_ways(place, run, before):
    (place / "m.eml").write_bytes(before + MESSAGE)

    assert run("explain", "m.eml", "--policies", "policies", "--register", "families.yaml")[0] == 1


def test_help_explains_every_option_and_the_exit_codes(capsys):
    with pytest.raises(SystemExit):
        main(["explain", "--help"])

    text = " ".join(capsys.readouterr().out.split())
    assert "0 nothing would be held, 1 somebody's copy would be" in text
    assert "repeat for several" in text
    assert "in place of the people in the store" in text


# -- what is told of a message ------------------------------------------------------------------------------------


def told_of(run, *arguments):
    code, out, err = run("explain", *arguments, "--policies", "policies", "--register", "families.yaml", "--json")
    assert err == ""
    return code, json.loads(out)


def test_first_one_line_a_recipient_then_the_conditions(place, run):
    _, out, _ = run("explain", "m.eml", "--policies", "policies", "--register", "families.yaml")

    assert out.splitlines() == [
        "karl@mail.example: hold - p",
        "",
        "karl@mail.example",
        "  p: hold - t (policies/p.yaml:3)",
        "    yes         when  (line 3)",
        "    yes           content: {register: families}  (line 3)",
        "                    body: phone of R-families, certain: whole phone number",
        "    yes           recipients: {scope: external}  (line 3)",
        "                    the recipient is external",
    ]


def test_what_did_not_fire_is_told_with_what_it_lacked(place, run):
    _, out, _ = run(
        "explain", "m.eml", "--policies", "policies", "--register", "families.yaml", "--to", "ann@council.test"
    )

    assert out.splitlines() == [
        "ann@council.test: pass",
        "",
        "ann@council.test",
        "  nearest that did not fire: p (policies/p.yaml:3); it would have held this copy but for 1 condition:",
        "    recipients: {scope: external}  (line 3)",
        "      the recipient is internal",
    ]


def test_recipients_of_whom_the_same_is_to_be_said_are_told_of_together(place, run):
    to = [word for name in ("ann", "bea", "cy") for word in ("--to", f"{name}@council.test")]

    _, out, _ = run("explain", "m.eml", "--policies", "policies", "--register", "families.yaml", *to)

    assert "\nann@council.test, bea@council.test, cy@council.test\n" in out
    assert out.count("nearest that did not fire") == 1


def test_a_policy_that_is_asked_for_is_told_of_whole(place, run):
    (place / "policies/q.yaml").write_text(
        POLICIES.replace("id: p", "id: q").replace("external", "partner") % "families"
    )

    _, short = told_of(run, "m.eml")
    code, long = told_of(run, "m.eml", "--policy", "q")

    def ids(document):
        return [each["policy"] for each in document["recipients"]["karl@mail.example"]["conditions"]]

    assert code == 1
    assert (ids(short), ids(long)) == (["p", "q"], ["p", "q"])
    _, out, _ = run("explain", "m.eml", "--policies", "policies", "--register", "families.yaml", "--policy", "q")
    assert "    no            recipients: {scope: partner}  (line 3)\n" in out


@pytest.mark.parametrize(("name", "said"), [("pp", "no policy pp; did you mean p?"), ("q", "policy q is off")])
def test_a_policy_that_nobody_is_asked_about_is_refused(place, run, name, said):
    off = POLICIES.replace("id: p", "id: q").replace("enforce", "off")
    (place / "policies/q.yaml").write_text(off % "families")

    code, out, err = run("explain", "m.eml", "--policies", "policies", "--register", "families.yaml", "--policy", name)

    assert (code, out) == (65, "")
    assert said in err


def test_a_policy_in_shadow_is_marked_as_such(place, run):
    (place / "policies/p.yaml").write_text(POLICIES.replace("enforce", "shadow") % "families")

    _, out, _ = run("explain", "m.eml", "--policies", "policies", "--register", "families.yaml")

    assert "karl@mail.example: pass\n" in out
    assert "  p: hold (shadow: recorded, not done) - t (policies/p.yaml:3)\n" in out


def test_conditions_as_json_have_words_line_answer_and_what_was_found(place, run):
    code, document = told_of(run, "m.eml")

    karl = document["recipients"]["karl@mail.example"]
    (reason,) = karl["reasons"]
    (account,) = karl["conditions"]
    assert code == 1
    assert (karl["action"], karl["policies"]) == ("hold", ["p"])
    assert (reason["policy"], reason["file"], reason["line"]) == ("p", "policies/p.yaml", 3)
    assert (reason["person"], reason["field"], reason["place"]) == ("R-families", "phone", "body")
    assert (account["policy"], account["fired"], account["answer"], account["nearest"]) == ("p", True, "yes", False)
    content, _ = account["when"]["items"]
    assert (content["words"], content["line"], content["answer"]) == ("content: {register: families}", 3, "yes")
    assert [found["field"] for found in content["found"]] == ["phone"]


def test_neither_form_shows_a_value_a_subject_or_the_name_of_a_file(place, run):
    message = (
        b"From: jo@council.test\nTo: karl@mail.example\nSubject: about Quillfeather\nMIME-Version: 1.0\n"
        b'Content-Type: text/plain; name="quillfeather.txt"\n'
        b'Content-Disposition: attachment; filename="quillfeather.txt"\n\ncall 01632 960123\n'
    )
    (place / "m.eml").write_bytes(message)

    for form in ([], ["--json"]):
        code, out, _ = run("explain", "m.eml", "--policies", "policies", "--register", "families.yaml", *form)
        assert code == 1
        assert "960123" not in out
        assert "quillfeather" not in out.lower()


FAMILY = """
- id: R-families
  register: families
  values: [{kind: phone, value: 01632 960123, known_to: [F-1]}]
  adverse: [{id: F-1, emails: [karl@mail.example]}]
  authorised: [{email: lawyer@mail.example}]
"""
EXCUSED = """version: 1
policies:
- id: p
  title: t
  why: w
  owner: o
  mode: enforce
  when: {content: {register: families}, recipients: {scope: external}}
  unless:
  - id: ex-lawyer
    reason: r
    approved_by: dpo
    expires: %s
    content: {register: families}
    recipients: {relation: authorised}
"""


def test_exceptions_are_told_with_their_conditions(place, run):
    (place / "families.yaml").write_text(FAMILY)
    (place / "policies/p.yaml").write_text(EXCUSED % (datetime.now(UTC).date() + timedelta(days=30)))

    _, out, _ = run(
        "explain", "m.eml", "--policies", "policies", "--register", "families.yaml",
        "--to", "karl@mail.example", "--to", "lawyer@mail.example",
    )  # fmt: skip

    held, excused = out.split("\n\n")[1:]
    assert "    exception ex-lawyer does not excuse this recipient (it ends " in held
    assert "    no            recipients: {relation: authorised}  (line 15)\n" in held
    assert "; it would have held this copy, but: excused by exception ex-lawyer\n" in excused
    assert "    exception ex-lawyer excuses this recipient (it ends " in excused


def test_what_was_found_and_does_not_count_is_told_with_why(place, run):
    (place / "families.yaml").write_text(FAMILY)
    (place / "policies/p.yaml").write_text(POLICIES.replace("scope: external", "relation: adverse") % "families")

    code, out, _ = run("explain", "m.eml", "--policies", "policies", "--register", "families.yaml")

    assert code == 0
    assert (
        "      not counted: phone of R-families, certain, body: what was found is known to this recipient already\n"
    ) in out


def test_who_is_held_for_the_sake_of_others_is_told_so(place, run):
    policy = POLICIES.replace("mode:", "then: {deliver_others: no}, mode:")
    (place / "policies/p.yaml").write_text(policy % "families")

    _, out, _ = run(
        "explain", "m.eml", "--policies", "policies", "--register", "families.yaml",
        "--to", "karl@mail.example", "--to", "ann@council.test",
    )  # fmt: skip

    assert "ann@council.test: hold - p\n" in out
    assert "    because deliver_others: no: a copy of this message is held for another recipient\n" in out


# -- what was before, here ------------------------------------------------------------------------------------------


def matches(file):
    with closing(assemble.store(config.load(file))) as opened, opened.read() as connection:
        return connection.execute(select(tables.matches)).fetchall()


def test_what_the_gateway_remembers_counts_and_explaining_adds_nothing(store, run):
    rule = POLICIES.replace(" when:", " repeat: {per: sender, at_least: 3, in: 30 days}, when:") % "families"
    (store / "policies/p.yaml").write_text(rule)
    settings = config.load(store / "safehold.yaml")
    with assemble.history(settings) as past:
        memory = past._memory
        tally = Tally("p", memory.person("jo@council.test"), enforced=True)
        memory.match([tally, tally], datetime.now(UTC))
        memory.flush()
    before = matches(store / "safehold.yaml")

    code, out, _ = run("explain", "m.eml")

    assert code == 1
    assert "time 3 in 30 days for this sender\n" in out
    assert len(before) == 2
    assert matches(store / "safehold.yaml") == before


def test_a_policy_that_the_gateway_has_put_aside_is_said_to_be(store, run):
    assert run("policy", "disable", "p", "--for", "2h", "--reason", "it holds the newsletter")[0] == 0

    _, _, err = run("explain", "m.eml")

    assert "policy p is disabled until" in err


def test_policies_that_the_gateway_does_not_have_yet_are_said_to_be_others(store, run):
    settings = config.load(store / "safehold.yaml")
    live = assemble.load_policies(settings.policies).digest
    with assemble.opened(settings) as opened:
        vitals.set_in_force(opened, live, 1, datetime.now(UTC))
    assert "other policies" not in run("explain", "m.eml")[2]

    (store / "policies/p.yaml").write_text(POLICIES.replace("title: t", "title: u") % "families")

    assert "the gateway has other policies in force than these" in run("explain", "m.eml")[2]


# -- what is told of a hold ---------------------------------------------------------------------------------------


@pytest.fixture
def hold(store, monkeypatch):
    """Return the reference of the message, held by the policies of the settings."""
    settings = config.load(store / "safehold.yaml")
    keys = KeyRing.load(settings.keys, need=frozenset({"sealing", "recovery", "store"}))
    policies = assemble.load_policies(settings.policies)
    text = "call 01632 960123"
    place = Place(PartPath(("1", "quillfeather.txt")), PlaceKind.TEXT)
    part = Part(place.part, "text/plain", 9, is_attachment=True, attachment=1)
    found = Finding("register", "R-families", "phone", 0, 0, place, (5, 17), Strength.CERTAIN, "whole phone number")
    ground = Ground("p", True, Action.HOLD, Answer.YES, "R-families", "", (found,), why="phone found")
    karl = FinalRecipient("karl@mail.example", ("karl@mail.example",), Direction.OUTBOUND)
    verdict = Verdict(
        (RecipientVerdict(karl, Action.HOLD, (ground,)),),
        handling=(Handling("p", title="t"),),
        policies_digest=policies.digest,
    )
    now = datetime.now(UTC)
    message = Message(Envelope("jo@council.test", (Recipient(karl.address),)), MESSAGE.replace(b"\n", b"\r\n"), now)
    opened = assemble.store(settings)
    try:
        reading = Reading((part,), (Segment(place, text),))
        facts = Facts(now, Origin.AUTH, recipients=(karl,))
        return Quarantine(opened, keys).hold(message, facts, verdict, reading, now=now).hold_id
    finally:
        opened.close()


def test_a_hold_has_the_shape_of_a_message(hold, run):
    _, message = told_of(run, "m.eml")
    code, out, _ = run("explain", hold, "--json")

    kept = json.loads(out)
    karl, same = kept["recipients"]["karl@mail.example"], message["recipients"]["karl@mail.example"]
    assert code == 1
    assert message.keys() <= kept.keys()
    assert karl.keys() == same.keys()
    assert same["reasons"][0].keys() <= karl["reasons"][0].keys()
    assert (karl["action"], karl["policies"], karl["reasons"][0]["place"]) == ("hold", ["p"], "attachment 1")


def test_a_hold_says_which_line_held_it_while_the_policies_are_the_same(hold, store, run):
    _, out, err = run("explain", hold)

    assert "policies/p.yaml:3)" in out
    assert "policies" not in err

    (store / "policies/p.yaml").write_text(POLICIES.replace("title: t", "title: u") % "families")
    _, out, err = run("explain", hold)
    assert "p.yaml" not in out
    assert "the policies are others now than when this was held" in err


def test_a_hold_is_masked_until_somebody_gives_a_reason(hold, run):
    code, out, _ = run("explain", hold)
    assert code == 1
    assert "960123" not in out
    assert "quillfeather" not in out

    code, out, err = run("explain", hold, "--reveal")
    assert (code, out) == (2, "")
    assert "--reveal wants --reason" in err

    code, out, _ = run("explain", hold, "--reveal", "--reason", "the sender asks")
    assert code == 1
    assert "[01632 960123]" in out
    _, shown, _ = run("hold", "show", hold)
    assert "looked at unmasked by" in shown
    assert "the sender asks" in shown


def test_revealing_is_for_holds(place, run):
    code, out, err = run("explain", "m.eml", "--policies", "policies", "--reveal", "--reason", "to see it")

    assert (code, out) == (2, "")
    assert "--reveal is for holds" in err

# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that people write, with mistakes in them: policies at start and at reload, registers at import.

Each test says what its author was told, and that mail meanwhile was treated by the rules that were in force: held as
before, not deferred, not dropped.
"""

import json
import re
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from fronts import FRONTS, MILTER_ONLY, SECRET, SENDER, B, C, Fronted
from harness.gateway import PROJECT, Books, letter
from harness.postfix import PrivatePostfix

GOOD = """\
version: 1
lists: {codewords: {kind: phrase, items: [quiet heron]}}
policies:
- id: codeword
  title: The codeword stays here
  why: a test
  owner: safeguarding
  mode: enforce
  when: {content: {phrases: codewords}, recipients: {domain: [familycourt.example]}}
"""
# Each with the line and column that its author must be led to, and a word of the complaint.
BAD = {
    "unknown key": (GOOD.replace("  owner:", "  ownr:"), (7, 3), "ownr"),
    "not YAML": (GOOD + "  then: {action: [hold\n", (10, 22), "YAML"),
    "unknown list": (GOOD.replace("phrases: codewords", "phrases: no-such-list"), (9, 29), "no-such-list"),
    "bad value": (GOOD.replace("enforce", "enforced"), (8, 9), "enforced"),
    "two versions of one id": (GOOD + GOOD.partition("policies:\n")[2], (10, 7), "codeword"),
}


@pytest.fixture(scope="module", params=FRONTS)
def _gateway(
    request: pytest.FixtureRequest, possible: None, tmp_path_factory: pytest.TempPathFactory, faults: Path
) -> Iterator[Fronted]:
    folder = tmp_path_factory.mktemp("rules") / "policies"
    shutil.copytree(PROJECT / "policies", folder)
    with PrivatePostfix() as postfix, Fronted(request.param, postfix, faults, policies=folder) as running:
        yield running


@pytest.fixture
def policies(_gateway: Fronted) -> Path:
    """The folder of the gateway's policies."""
    return Path(yaml.safe_load(_gateway.config.read_text())["policies"])


@pytest.fixture
def gateway(_gateway: Fronted, policies: Path) -> Iterator[Fronted]:
    """A running gateway with its good policies in force."""
    yield _gateway.renew()
    changed = [path for path in policies.iterdir() if not (PROJECT / "policies" / path.name).exists()]
    for path in changed:
        path.unlink()
    if changed and _gateway.is_running(_gateway.front):
        reload(_gateway, "loaded policies=")


def reload(gateway: Fronted, until: str) -> str:
    """Have the front end read its policies again; return what it logged, as soon as *until* stands in it."""
    before = len(gateway.logs())
    gateway.signal(gateway.front, signal.SIGUSR1)
    gateway.postfix.wait_until(
        lambda: re.search("loaded policies=|stay in force", gateway.logs()[before:]), "the end of the reload"
    )
    logged = gateway.logs()[before:]
    assert until in logged, logged
    return logged


def assert_rules_are_in_force(gateway: Fronted, books: Books) -> None:
    """Send what is to be held and what is to pass: neither may be put off or lost."""
    before = books.holds()
    gateway.postfix.sink.clear()
    codes = [
        gateway.send(letter(SECRET), SENDER, [B]).code,
        gateway.send(letter(SECRET), SENDER, [C]).code,
        gateway.send(letter("Hello."), SENDER, [B, C]).code,
    ]
    assert codes == [250, 250, 250]
    assert gateway.arrived() == Counter([B, C, C])
    assert [hold.held_count for hold in books.new(before)] == [1]


# -- policies ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mistake", BAD)
def test_a_front_end_does_not_start_on_policies_that_it_cannot_read(
    gateway: Fronted, books: Books, policies: Path, mistake: str
):
    """Nobody must believe himself protected by a policy that is not in force."""
    gateway.stop_process(gateway.front)
    text, (line, column), word = BAD[mistake]
    (policies / "bad.yaml").write_text(text)

    refused = gateway.ask(gateway.front)

    assert refused.returncode == 78
    assert re.search(rf"^(.*/)?bad\.yaml:{line}:{column}: error.*{word}", refused.stderr, re.MULTILINE), refused.stderr
    assert "Traceback" not in refused.stderr
    if mistake == "unknown key":  # once is enough: what mail meets while nobody serves
        assert gateway.send(letter(SECRET), SENDER, [B]).code == (0 if gateway.is_proxy else 451)
        assert gateway.arrived() == Counter()
        (policies / "bad.yaml").unlink()
        gateway.start_process(gateway.front)
        assert_rules_are_in_force(gateway, books)


@pytest.mark.parametrize("mistake", BAD)
def test_a_reload_of_wrong_policies_leaves_the_old_ones_in_force(
    gateway: Fronted, books: Books, policies: Path, mistake: str
):
    text, (line, column), word = BAD[mistake]
    (policies / "bad.yaml").write_text(text)

    logged = reload(gateway, "the old rules stay in force")

    assert " ERROR " in logged
    assert re.search(rf"^(.*/)?bad\.yaml:{line}:{column}: error.*{word}", logged, re.MULTILINE), logged
    assert_rules_are_in_force(gateway, books)


def test_a_reload_without_any_policies_leaves_the_old_ones_in_force(gateway: Fronted, books: Books, policies: Path):
    away = policies.rename(policies.with_name("away"))
    try:
        logged = reload(gateway, "the old rules stay in force")
    finally:
        away.rename(policies)

    assert " ERROR " in logged
    assert_rules_are_in_force(gateway, books)


def test_an_empty_folder_is_not_taken_for_a_decision_to_protect_nobody(gateway: Fronted, books: Books, policies: Path):
    """An unmounted volume looks like that."""
    away = policies.rename(policies.with_name("away"))
    policies.mkdir()
    try:
        logged = reload(gateway, "rules stay in force")
    finally:
        policies.rmdir()
        away.rename(policies)

    assert " ERROR " in logged
    assert_rules_are_in_force(gateway, books)


def test_a_good_reload_bites(gateway: Fronted, books: Books, policies: Path):
    before = books.holds()
    assert gateway.send(letter("The quiet heron."), SENDER, [C]).code == 250
    assert gateway.arrived() == Counter([C])
    (policies / "good.yaml").write_text(GOOD)

    reload(gateway, "loaded policies=")

    assert gateway.send(letter("The quiet heron."), SENDER, [C]).code == 250
    assert gateway.arrived() == Counter([C])
    assert [hold.policies for hold in books.new(before)] == [("codeword",)]
    assert_rules_are_in_force(gateway, books)


def test_mail_under_way_during_reloads_is_all_judged(gateway: Fronted, books: Books, policies: Path):
    """Good and bad reloads in turn, mail all the while: each message is held, none is put off."""
    before = books.holds()
    for number in range(8):
        (policies / "turn.yaml").write_text(BAD["unknown key"][0] if number % 2 else GOOD)
        gateway.signal(gateway.front, signal.SIGUSR1)
        assert gateway.send(letter(SECRET), SENDER, [B]).code == 250

    assert gateway.arrived() == Counter()
    assert len(books.new(before)) == 8


@MILTER_ONLY
@pytest.mark.parametrize(
    ("name", "old", "new", "word"),
    [
        pytest.param("milter", "store:", "stor:", "stor", id="milter, unknown setting"),
        pytest.param("milter", "timezone: Europe", "timezone: Europa", "timezone", id="milter, bad value"),
        pytest.param("smtpd", "store:", "stor:", "stor", id="proxy, unknown setting"),
        pytest.param("guard", "store:", "stor:", "stor", id="guard, unknown setting"),
        pytest.param("courier", "store:", "stor:", "stor", id="courier, unknown setting"),
    ],
)
def test_settings_with_a_mistake_start_nothing(
    gateway: Fronted, tmp_path: Path, name: str, old: str, new: str, word: str
):
    text = gateway.config.read_text().replace(old, new)
    config = tmp_path / "safehold.yaml"
    config.write_text(text)
    number = next(n for n, each in enumerate(text.splitlines(), 1) if new in each)

    refused = gateway.ask(name, config=config)

    assert refused.returncode == 78
    assert re.search(rf"safehold\.yaml:{number}:\d+: error.*{word}", refused.stderr), refused.stderr


# -- registers --------------------------------------------------------------------------------------------------

HIDDEN = ("19 Heron Walk", "PF7 9RR", "Bo Tern", "bo.tern", "not-an-address", "notakind", "31.12.2099", "077009")
GOOD_ROW = {
    "id": "P-3000",
    "register": "safe-addresses",
    "values": [{"kind": "address", "value": "19 Heron Walk, Westmere, Penfold PF7 9RR", "secret": True}],
    "adverse": [{"id": "F-1", "name": "Bo Tern", "emails": ["bo.tern@postbox.example"]}],
}
BAD_ROWS = [
    GOOD_ROW,
    {**GOOD_ROW, "id": "P-3001", "valuess": []},
    {**GOOD_ROW, "id": "P-3002", "adverse": [{"id": "F-1", "emails": ["not-an-address Bo Tern"]}]},
    {**GOOD_ROW, "id": "P-3003", "values": [{"kind": "notakind", "value": "19 Heron Walk"}]},
    {**GOOD_ROW, "id": "P-3000"},
]
# Of each mistake the line, where the format has lines, and the field: all in one go, in whatever order.
PLACES = [
    r":?\d*.*unknown field",
    r":?\d*.*`adverse\[1\]\.emails",
    r":?\d*.*`values\[1\]\.kind`",
    r":?\d*.*`id` is that of",
]
TABLE = """\
id,register,kind,value,secret,adverse_id,adverse_email
P-3000,safe-addresses,address,"19 Heron Walk, Westmere, Penfold PF7 9RR",yes,F-1,bo.tern@postbox.example
P-3001,safe-addresses,notakind,19 Heron Walk,,,
P-3002,safe-addresses,phone,077009,,,
P-3003,safe-addresses,address,"19 Heron Walk, Westmere, Penfold PF7 9RR",,F-1,not-an-address Bo Tern
"""
CELLS = [r":3.*`kind`", r":4.*`value`", r":5.*`adverse_email`"]


def as_yaml(rows: list[dict]) -> str:
    # Through JSON, so that no two rows share a value: PyYAML would write an alias, which register files refuse.
    return yaml.safe_dump(json.loads(json.dumps(rows)), sort_keys=False)


def as_lines(rows: list[dict]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@MILTER_ONLY
@pytest.mark.parametrize(
    ("name", "text", "places"),
    [
        pytest.param("people.yaml", as_yaml(BAD_ROWS), PLACES, id="yaml"),
        pytest.param("people.json", json.dumps(BAD_ROWS), PLACES, id="json"),
        pytest.param("people.jsonl", as_lines(BAD_ROWS), PLACES, id="json lines"),
        pytest.param("people.csv", TABLE, CELLS, id="table"),
        pytest.param("people.jsonl", as_lines([GOOD_ROW]) + '{"id": "P-3009", "Bo Tern\n', [r":2"], id="broken json"),
    ],
)
def test_a_register_with_bad_rows_is_not_imported_at_all(
    gateway: Fronted, books: Books, tmp_path: Path, name: str, text: str, places: list[str]
):
    (tmp_path / name).write_text(text)
    before, holds = books.people.load(), books.holds()

    refused = gateway.ask("register", "import", str(tmp_path / name))

    assert refused.returncode == 65
    assert refused.stdout == ""
    assert len(re.findall(r"error\[", refused.stderr)) == len(places), refused.stderr
    assert [p for p in places if not re.search(rf"{re.escape(name)}{p}", refused.stderr)] == [], refused.stderr
    assert [word for word in HIDDEN if word.casefold() in refused.stderr.casefold()] == []
    assert books.people.load() == before
    # Nor does a good row of the same file bite.
    assert gateway.send(letter("19 Heron Walk, PF7 9RR"), SENDER, ["bo.tern@postbox.example"]).code == 250
    assert gateway.arrived() == Counter(["bo.tern@postbox.example"])
    assert books.new(holds) == []


@MILTER_ONLY
def test_a_register_that_is_there_no_more_changes_nothing(gateway: Fronted, books: Books, tmp_path: Path):
    before = books.people.load()

    refused = gateway.ask("register", "import", str(tmp_path / "none.yaml"))

    assert refused.returncode == 65
    assert books.people.load() == before


@MILTER_ONLY
def test_the_repaired_register_bites_without_a_restart(gateway: Fronted, books: Books, tmp_path: Path):
    person = "bo.tern2@postbox.example"
    row = {**GOOD_ROW, "id": "P-3100", "adverse": [{"id": "F-1", "emails": [person]}]}
    row["values"] = [{"kind": "address", "value": "8 Curlew Close, Westmere, Penfold PF7 8TT", "secret": True}]
    (tmp_path / "people.yaml").write_text(as_yaml([row]))
    before = books.holds()

    done = gateway.ask("register", "import", str(tmp_path / "people.yaml"))

    def is_held() -> bool:
        assert gateway.send(letter("8 Curlew Close, PF7 8TT"), SENDER, [person]).code == 250
        return bool(books.new(before))

    assert done.returncode == 0, done.stderr
    gateway.postfix.wait_until(is_held, "a hold by the new entry", 10)
    gateway.postfix.wait_for_empty_queue()
    assert_rules_are_in_force(gateway, books)

# SPDX-License-Identifier: GPL-3.0-or-later
"""What `policies/README.md` shows an author works as it stands there, and what ships is proven by its own tests."""

import re
import textwrap
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from safehold import policy
from safehold.assemble import rules
from safehold.cli import main
from safehold.errors import ComplaintsError
from safehold.model import Action, Reason
from safehold.policy.keys import CHOICES, FIELDS, KEYS
from safehold.proof import cases, mutants, running
from safehold.reading.pool import ReaderPool

PROJECT = Path(__file__).parent.parent.parent
FOLDER = PROJECT / "policies"
TODAY = date(2026, 11, 2)
GUIDE = (FOLDER / "README.md").read_text(encoding="utf-8")
WHOLE = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
PIECES = [piece for piece in re.findall(r"```yml\n(.*?)```", GUIDE, re.DOTALL) if not piece.startswith("version")]
(TESTS,) = (piece for piece in re.findall(r"```yml\n(.*?)```", GUIDE, re.DOTALL) if piece.startswith("version"))
NAMES = next(block for block in WHOLE if "include:" in block)
VERDICTS = yaml.safe_load((PROJECT / "tests/unit/policy/worked_verdicts.yaml").read_text(encoding="utf-8"))["verdicts"]
EXAMPLES = Path(__file__).parent / "guide_examples.yaml"
# What the examples name beside themselves.
BESIDE = {
    "lists/partners.txt": b"police.example\n",
    "lists/dpo.txt": b"dpo@council.example\n",
    "words/more.yaml": b"version: 1\n",
    "people.yaml": b"- {id: T-1, register: tenants, values: [{kind: phone, value: 01632 960123}]}\n",
}
# Codes of warnings that say how an example differs from a site: it is a piece, or its people lie in the open.
OF_EXAMPLES = {"unused-list", "unused-document-type", "unused-message", "register-file", "not-read"}
# A policy that wants only its `when`.
FRAME = """
version: 1
policies:
- id: try
  title: t
  why: w
  owner: o
"""


def load(*texts: str) -> policy.PolicySet:
    files = {f"{number}.yaml": text.encode() for number, text in enumerate(texts)}
    beside = {name: content for name, content in BESIDE.items() if any(name.split("/")[0] in text for text in texts)}
    return policy.load({**files, **beside}, today=TODAY)


def framed(piece: str) -> str:
    extra = "".join(
        line
        for key, line in (("mode:", "mode: enforce\n"), ("if_un", "if_uninspectable: notify\n"))
        if key not in piece
    )
    return FRAME + textwrap.indent(piece + extra, "  ")


def said(loaded: policy.PolicySet) -> list[str]:
    return [warning.text() for warning in loaded.warnings if warning.code not in OF_EXAMPLES]


@pytest.mark.parametrize("block", WHOLE, ids=lambda block: block.split("\n")[-2].strip()[:40])
def test_a_file_of_the_guide_loads_without_a_warning(block: str):
    """A file of names alone wants a policy beside it, as in any folder."""
    assert said(load(block, framed("when: {content: any, recipients: {domain: x.example}}\n"))) == []


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: " ".join(piece.split())[:60])
def test_a_piece_of_the_guide_loads_without_a_warning(piece: str):
    loaded = load(NAMES, framed(piece))

    assert said(loaded) == []
    assert [one.id for one in loaded.policies] == ["try"]


# -- every key ---------------------------------------------------------------------------------------------------------

# A key -> what the mapping below it is called in the table of keys; "*": below a name of the author's.
BELOW = {
    "lists": "*a list",
    "document_types": "*a document type",
    "registers": "*a register",
    "reviewers": "*a reviewers' role",
    "defaults": "defaults",
    "policies": "a policy",
    "unless": "an exception",
    "addressee": "relation",
    **{key: key for key in KEYS if not key.startswith("a")},
    "attachments": "attachments",
}


def keys_of(node: Any, what: str) -> Iterator[tuple[str, str]]:
    """Yield (mapping, key) of everything written in an example."""
    if isinstance(node, list):
        for item in node:
            yield from keys_of(item, what)
    if not isinstance(node, Mapping):
        return
    if what.startswith("*"):
        for item in node.values():
            yield from keys_of(item, what.removeprefix("*"))
        return
    for key, value in node.items():
        yield what, key
        if key in ("all", "any", "not"):
            yield from keys_of(value, what)
        elif key in BELOW:
            yield from keys_of(value, BELOW[key])


def test_every_key_that_is_built_stands_in_an_example():
    parsed = [yaml.safe_load(text) for text in (*WHOLE, *(framed(piece) for piece in PIECES))]

    shown = {pair for each in parsed for pair in keys_of(each, "a policy file")}

    built = {(what, name) for what, keys in KEYS.items() for name, key in keys.items() if key.built}
    assert sorted(built - shown) == []
    assert sorted(shown - built) == []


@pytest.mark.parametrize("what", sorted(set(CHOICES) - {"at_deadline", "sender_may", "notice_detail"}))
def test_every_word_that_may_be_chosen_stands_in_the_guide(what: str):
    missing = [word for word in CHOICES[what] if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", GUIDE)]

    assert missing == []


def test_every_field_stands_in_the_guide():
    assert {field for field in FIELDS if f"`{field}`" not in GUIDE} == set()


def test_a_key_that_the_guide_does_not_name_is_refused():
    with pytest.raises(ComplaintsError) as refusal:
        load(NAMES, framed("when: {content: any, recipiants: {scope: external}}\n"))

    assert "recipiants" in refusal.value.text()


def test_every_command_that_the_guide_names_is_there(capsys: pytest.CaptureFixture[str]):
    texts = GUIDE + (PROJECT / "docs/writing-a-policy.md").read_text(encoding="utf-8")
    commands = set(re.findall(r"(?:`|\$ |^)safehold (policy \w+|\w+)", texts, re.MULTILINE))

    assert len(commands) >= 8
    for command in sorted(commands):
        with pytest.raises(SystemExit) as end:
            main([*command.split(), "--help"])
        assert end.value.code == 0, command


# -- worked verdicts ---------------------------------------------------------------------------------------------------


def test_the_examples_of_the_rules_are_those_of_the_table():
    rows = re.findall(r"^\| (.+?) \| ((?:\w+: \w+(?:, )?)+) \|$", GUIDE, re.MULTILINE)
    worked = {verdict["says"]: verdict["to"] for verdict in VERDICTS}
    in_the_table = {each["guide"]: each["table"] for each in yaml.safe_load(EXAMPLES.read_text(encoding="utf-8"))}

    assert len(rows) >= 25
    assert in_the_table.keys() <= {says for says, _ in rows}
    for says, outcomes in rows:
        to = worked[in_the_table.get(says, says)]
        told = {who.split("@")[0]: what[0] if isinstance(what, list) else what for who, what in to.items()}
        promised = dict(pair.split(": ") for pair in outcomes.split(", "))
        assert {who: told.get(who) for who in promised} == promised, says


# -- tests -------------------------------------------------------------------------------------------------------------


@pytest.mark.enable_socket
def test_the_test_file_of_the_guide_proves_the_first_policy():
    loaded = load(WHOLE[0])
    suite = cases.read("tests/a.test.yaml", {"tests/a.test.yaml": TESTS.encode(), "refuge-address.yaml": b""}, TODAY)

    with ReaderPool(1) as pool:
        prepared = running.prepare(suite, lambda content, demand: pool.read(content, demand=demand))
    results = running.run(prepared, loaded)

    assert [result.wrong for result in results] == [()] * 3
    assert running.untested(loaded, results) == []


@pytest.fixture(scope="module")
def shipped() -> policy.PolicySet:
    folder = rules.policy_folder(FOLDER)
    return policy.load(folder.files, today=TODAY, beside=folder.beside)


def test_nothing_that_ships_holds_by_accident_and_all_is_enforced(shipped: policy.PolicySet):
    """Each shipped policy is named in the guide, says who decides, and holds (or, for locked files, may hold)."""
    for path in FOLDER.glob("*.yaml"):
        assert f"`{path.name}`" in GUIDE
    for one in shipped.policies:
        assert one.mode.value == "enforce"
        assert one.then.review != "reviewers"
        assert not one.excuses, "an exception is granted by somebody, and nobody here can"
        holds = {one.then.action, one.uninspectable.otherwise, one.uninspectable.by_reason.get(Reason.ENCRYPTED)}
        assert Action.HOLD in holds


def test_what_ships_is_checked_without_a_warning():
    folder = rules.policy_folder(FOLDER)

    found = policy.check(folder.files, TODAY, beside=folder.beside, profile="production")

    assert [each.text() for each in found if each.severity != "note"] == []


@pytest.mark.enable_socket
def test_the_tests_that_ship_pass_and_would_notice_any_change(shipped: policy.PolicySet):
    """Every test says what it should, in both ways, and no condition of any policy is without one."""
    files = {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()}
    suites = [cases.read(name, files, TODAY) for name in sorted(files) if cases.is_test_file(name)]
    with ReaderPool(1) as pool:
        groups = [
            (
                running.under_test(shipped, suite.policies),
                running.prepare(suite, lambda content, demand: pool.read(content, demand=demand)),
            )
            for suite in suites
        ]
    results = [result for policies, prepared in groups for result in running.run(prepared, policies)]

    assert [(result.case.name, result.wrong) for result in results if not result.passed] == []
    assert running.untested(shipped, results) == []
    assert [(s.policy.id, s.change) for score in mutants.scores(groups) for s in score.survivors] == []

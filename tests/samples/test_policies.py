# SPDX-License-Identifier: GPL-3.0-or-later
"""What `policies/README.md` shows a policy author works as it stands there."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from safehold import policy
from safehold.errors import ComplaintsError
from safehold.model import Action, Reason

FOLDER = Path(__file__).parent.parent.parent / "policies"
TODAY = date(2025, 6, 2)
BLOCKS = re.findall(r"```yaml\n(.*?)```", (FOLDER / "README.md").read_text(encoding="utf-8"), re.DOTALL)
# A policy that wants only its `when`.
FRAME = """
version: 1
lists:
  words: {kind: phrase, items: [care plan]}
  people: {kind: address, items: [a@x.example]}
policies:
- id: try
  title: t
  why: w
  owner: o
  mode: enforce
"""


def load(text: str) -> policy.PolicySet:
    return policy.load({"try.yaml": text.encode()}, today=TODAY)


def test_every_example_of_the_guide_loads_without_a_warning():
    assert BLOCKS
    for block in BLOCKS:
        assert load(block).warnings == ()


@pytest.mark.parametrize(
    "when",
    [
        *(
            f"{{direction: {d}, content: any, recipients: {{domain: x.example}}}}"
            for d in ("outbound", "internal", "any")
        ),
        *(
            f"{{content: any, recipients: {{{r}}}}}"
            for r in ("scope: external", "scope: partner", "kind: print-and-post")
        ),
        "{content: any, recipients: {address: a@x.example}}",
        "{content: any, recipients: {domain_under: x.example}}",
        "{content: {phrases: words, in: [subject, attachment]}, recipients: {not: {scope: internal}}}",
        "{content: {regex: {pattern: '\\d{9}', at_least: 2}}, recipients: {any: [{list: people}]}}",
        "{content: any, recipients: {all: [{kind: personal-mail}, {list: people}]}}",
        "{content: {all: [{phrases: words}, {not: {regex: {pattern: x}}}], within: page}, recipients: {list: people}}",
        "{content: {register: r, fields: [name, address], fields_at_least: 2}, recipients: {relation: authorised}}",
        "{content: {register: r, fields: [phone], people: 2, strength: certain}, recipients: {relation: unauthorised}}",
        "{content: {register: r, fields: [address]}, recipients: {addressee: adverse}}",
    ],
)
def test_every_key_that_the_guide_names_is_a_key(when: str):
    loaded = load(f"{FRAME}  when: {when}\n")

    assert [one.id for one in loaded.policies] == ["try"]


def test_a_key_that_the_guide_does_not_name_is_refused():
    with pytest.raises(ComplaintsError) as refusal:
        load(f"{FRAME}  when: {{content: any, recipiants: {{scope: external}}}}\n")

    assert "recipiants" in refusal.value.text()


@pytest.fixture
def shipped() -> Callable[[str], policy.PolicySet]:
    return policy.load({path.name: path.read_bytes() for path in FOLDER.glob("*.yaml")}, today=TODAY)


def test_nothing_that_ships_holds_by_accident_and_all_is_enforced(shipped: policy.PolicySet):
    """Each shipped policy is named in the guide, says who decides, and holds (or, for locked files, may hold)."""
    guide = (FOLDER / "README.md").read_text(encoding="utf-8")

    for path in FOLDER.glob("*.yaml"):
        assert f"`{path.name}`" in guide
    for one in shipped.policies:
        assert one.mode.value == "enforce"
        assert one.then.review != "reviewers"
        holds = {one.then.action, one.uninspectable.otherwise, one.uninspectable.by_reason.get(Reason.ENCRYPTED)}
        assert Action.HOLD in holds

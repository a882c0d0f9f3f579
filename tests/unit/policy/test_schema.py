# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON Schema takes what the loader takes, and underlines a slip of the finger."""

import copy
import json
import re
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from safehold import policy
from safehold.errors import ComplaintsError
from safehold.policy.keys import KEYS
from safehold.policy.schema import REQUIRED, SHAPES, schema

PROJECT = Path(__file__).parents[3]
SCHEMA = json.loads(json.dumps(schema()))
TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
}


class EditorsLoader(yaml.SafeLoader):
    """YAML as an editor reads it (the core schema of YAML 1.2): numbers and true, but no dates and no "yes"."""


EditorsLoader.yaml_implicit_resolvers = {}
EditorsLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
EditorsLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[0-9]+$"), list("0123456789"))
EditorsLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:null|~|)$"), [*"n~", ""])


def wrong(value, shape=SCHEMA, path="$"):
    """Return what is wrong with *value*, the first thing: as much of draft 7 as the schema uses."""
    if "$ref" in shape:
        return wrong(value, SCHEMA["definitions"][shape["$ref"].removeprefix("#/definitions/")], path)
    for each in shape.get("allOf", ()):
        if found := wrong(value, each, path):
            return found
    if "anyOf" in shape:
        found = [wrong(value, each, path) for each in shape["anyOf"]]
        if all(found):
            return max(found, key=len)
    if "const" in shape and value != shape["const"]:
        return f"{path}: not {shape['const']}"
    if "enum" in shape and not any(value == e and type(value) is type(e) for e in shape["enum"]):
        return f"{path}: none of {shape['enum']}"
    return _wrong_type(value, shape, path) or _wrong_inside(value, shape, path)


def _wrong_type(value, shape, path):
    allowed = shape.get("type", [])
    allowed = [allowed] if isinstance(allowed, str) else allowed
    if allowed and not any(_is(value, name) for name in allowed):
        return f"{path}: no {' or '.join(allowed)}"
    if "pattern" in shape and isinstance(value, str) and not re.search(shape["pattern"], value):
        return f"{path}: not like {shape['pattern']}"
    if "minimum" in shape and _is(value, "integer") and value < shape["minimum"]:
        return f"{path}: too small"
    return ""


def _is(value, name):
    if name in ("integer", "number"):
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def _wrong_inside(value, shape, path):
    if isinstance(value, dict):
        missing = [key for key in shape.get("required", ()) if key not in value]
        if missing:
            return f"{path}: no {missing[0]}"
        for key, inner in value.items():
            inside = shape.get("properties", {}).get(key, shape.get("additionalProperties", True))
            if inside is False:
                return f"{path}: no key is called {key}"
            if inside is not True and (found := wrong(inner, inside, f"{path}.{key}")):
                return found
    if isinstance(value, list):
        if len(value) < shape.get("minItems", 0):
            return f"{path}: empty"
        for number, inner in enumerate(value):
            if found := wrong(inner, shape.get("items", {}), f"{path}[{number}]"):
                return found
    return ""


def read(text):
    return yaml.load(text, Loader=EditorsLoader)


def shipped():
    return sorted(path for path in (PROJECT / "policies").rglob("*.yaml") if "tests" not in path.parts)


def examples():
    """Return every example of the author's guide that is a whole policy file."""
    guide = (PROJECT / "policies" / "README.md").read_text("utf-8")
    return [block for block in re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL) if block.startswith("version:")]


def worked():
    table = read((Path(__file__).parent / "worked_verdicts.yaml").read_text("utf-8"))
    keys = ("when", "then", "if_uninspectable", "mode", "severity", "unless", "repeat")
    common = {"title": "t", "why": "w", "owner": "o"}
    for case in table["verdicts"]:
        own = case.get("policies", [{"id": "p"} | {key: case[key] for key in keys if key in case}])
        yield {
            "version": 1,
            **{key: table[key] for key in ("lists", "kinds", "roles", "document_types")},
            "policies": [common | entry for entry in own],
        }


# -- one table, two readers -------------------------------------------------------------------------------------------


def test_every_key_has_a_shape_and_no_shape_is_without_a_key():
    assert {name: set(keys) for name, keys in SHAPES.items()} == {name: set(keys) for name, keys in KEYS.items()}


def test_every_key_tells_its_meaning_and_what_is_not_built_is_not_offered():
    objects = [("a policy file", SCHEMA)]
    objects += [(name, SCHEMA["definitions"][name.replace(" ", "-")]) for name in KEYS if name != "a policy file"]

    for name, found in objects:
        built = {key: entry for key, entry in KEYS[name].items() if entry.built}
        assert {key: shape["description"] for key, shape in found["properties"].items()} == {
            key: entry.meaning for key, entry in built.items()
        }


def test_what_is_required_is_a_key():
    assert all(set(required) <= KEYS[name].keys() for name, required in REQUIRED.items())


def test_every_reference_leads_somewhere():
    names = set(re.findall(r'"#/definitions/([^"]+)"', json.dumps(SCHEMA)))

    assert names == SCHEMA["definitions"].keys()


# -- what it takes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.name)
def test_every_shipped_policy_file_is_right(path):
    assert wrong(read(path.read_text("utf-8"))) == ""


def test_every_example_of_the_guide_is_right():
    assert examples()
    assert [found for found in map(wrong, map(read, examples())) if found] == []


def test_every_worked_verdict_is_right():
    assert [found for found in map(wrong, worked()) if found] == []


# -- what it does not -------------------------------------------------------------------------------------------------

RIGHT = """\
version: 1
registers: {safe: store}
lists: {partners: {kind: domain, items: [partner.test], at_most_age: 90 days}}
policies:
- id: p
  title: t
  why: w
  owner: o
  mode: enforce
  when:
    content: {register: safe, fields: [address], within: 40 words, in: [body, hidden]}
    recipients: {any: [{relation: adverse}, {addressee: {is: adverse, of: anyone}}], not: {list: partners}}
    attachments: {type: [pdf, image/png], larger_than: 10 MB, state: encrypted}
  unless:
  - {id: e, reason: r, approved_by: a, expires: 2026-01-31, recipients: {relation: subject}}
  repeat: {per: sender, at_least: 3, in: 30 days, raise_to: critical}
  then: {action: hold, approvals: 2, deadline: 2 hours, deliver_others: yes}
  if_uninspectable: {encrypted: hold, else: notify}
"""


@pytest.mark.parametrize(
    ("good", "bad", "place"),
    [
        ("registers:", "registres:", "no key is called registres"),
        ("recipients:", "recipiants:", "no key is called recipiants"),
        ("fields:", "field:", "no key is called field"),
        ("relation: subject", "relatoin: subject", "no key is called relatoin"),
        ("action: hold", "action: holdd", "$.policies[0].then.action"),
        ("approvals: 2", "approvals: 3", "approvals"),
        ("2 hours", "2", "deadline"),
        ("40 words", "40", "within"),
        ("10 MB", "10", "larger_than"),
        ("30 days", "30", "in: "),
        ("[body, hidden]", "[boddy]", "in"),
        ("kind: domain", "kind: domains", "kind"),
        ("type: [pdf, image/png]", "type: [exe]", "type"),
        ("mode: enforce", "mode: on", "mode"),
        ("deliver_others: yes", "deliver_others: maybe", "deliver_others"),
        ("2026-01-31", "31 January", "expires"),
        ("  why: w\n", "", "no why"),
        ("reason: r, ", "", "no reason"),
        ("{encrypted: hold", "{encrypt: hold", "if_uninspectable"),
        ("version: 1", "version: 2", "version"),
        ("id: p", "id: My Policy", "id"),
        ("  mode: enforce", "  mode: enforce\n  sender_may: [cancel]", "sender_may"),
    ],
)
def test_a_slip_of_the_finger_is_underlined(good, bad, place):
    assert wrong(read(RIGHT)) == ""
    assert place in wrong(read(RIGHT.replace(good, bad)))


@given(st.data())
def test_whatever_key_is_misspelt_editor_and_loader_both_say_so(data):
    root = read(RIGHT)
    table = data.draw(st.sampled_from(list(_tables(root))))
    key = data.draw(st.sampled_from(sorted(table)))
    table[key + "x"] = table.pop(key)

    assert wrong(copy.deepcopy(root))
    with pytest.raises(ComplaintsError):
        policy.load({"a.yaml": yaml.safe_dump(root).encode()}, today=date(2025, 11, 3))


def _tables(node, path=""):
    """Yield every mapping whose keys are the language's."""
    if isinstance(node, dict):
        if path not in ("registers", "lists"):
            yield node
        for key, value in node.items():
            yield from _tables(value, key)
    for value in node if isinstance(node, list) else ():
        yield from _tables(value)

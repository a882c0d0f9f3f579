# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy files and test files as nobody would write them: no crash, no hang, and the last good set stays in force.

    python tests/bench/fuzz_policies.py [--files 10000] [--seed 1] [--keep FOLDER]     (make fuzz-policies)

Policy files are made from the language itself (its JSON Schema), then bent: keys misspelt, values of another shape,
names that do not exist, subtrees moved; others are the shipped policies and tests with bytes changed, lines moved,
tabs, marks, anchors and tags put in.  Of each file it is asked that

* it is taken, or refused with complaints that have a file, a line, a column and words;
* ``check`` and ``load`` agree;
* it takes under a second of the processor;
* what is taken can be asked about a message without an exception;
* in a folder that a gateway watches, a refused file leaves the rules in force as they were.

Prints a table and ends with 1 if anything was wrong.  ``--keep`` writes the files that were.
"""

import argparse
import copy
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from safehold import policy, screening
from safehold.assemble.rules import Rulebook
from safehold.errors import Complaint, ComplaintsError
from safehold.model import (
    Direction,
    Envelope,
    Facts,
    FinalRecipient,
    Origin,
    Part,
    PartPath,
    Place,
    PlaceKind,
    Problem,
    Reading,
    Reason,
    Segment,
    Visibility,
)
from safehold.policy.schema import schema
from safehold.proof import cases
from safehold.register.index import Register
from safehold.register.people import from_record

PROJECT = Path(__file__).parents[2]
TODAY = date(2025, 11, 3)
LONGEST_S = 1.0
# Codes of complaints that are about no line.
OF_FILES = frozenset({"no-policy-file", "file-too-large", "not-read"})
SCHEMA = schema()
NAMES = ("safe", "cases", "partners", "words", "numbers", "plan", "dpo", "held", "p-1", "father@mail.test", "mail.test")
WORDS = ("care plan", "section 47", r"\bLL ?[0-9]{6}\b", "(a", "a.txt", "people.yaml", "NO", "0770020012", "12:30", "")
# What stands above most of the policies that are made, and the names in it by the keys that want them.
COMMON: dict[str, Any] = {
    "registers": {"safe": "store", "cases": "store"},
    "kinds": {"print-and-post": "print@own.test", "role-mailbox": "duty@own.test"},
    "roles": {"duty": "duty@own.test"},
    "lists": {
        "partners": {"kind": "domain", "items": ["mail.test"]},
        "words": {"kind": "phrase", "items": ["care plan", "section 47"]},
        "case-numbers": {"kind": "regex", "items": [r"\bLL ?[0-9]{6}\b"]},
    },
    "document_types": {"plan": {"title_any": ["care plan"], "body_any": ["larch road"], "at_least": "1"}},
    "reviewers": {"dpo": {"members": ["a@own.test", "b@own.test"]}},
    "messages": {"held": "Message {reference} waits."},
}
FITTING: dict[str, tuple[str, ...]] = {
    "register": ("safe", "cases"),
    "list": ("partners",),
    "phrases": ("words", "case-numbers"),
    "document_type": ("plan",),
    "type": ("plan",),
    "group": ("duty",),
    "review": ("dpo",),
    "sender": ("held",),
    "reviewers": ("held",),
    "address": ("father@mail.test", "sw@own.test"),
    "domain": ("mail.test",),
    "domain_under": ("test.test", "mail.test"),
    "pattern": (r"\bLL ?[0-9]{6}\b", "larch", "[0-9]+"),
    "file": ("a.txt",),
    "name": ("*.zip", "report*"),
    "near": ("NHS",),
    **dict.fromkeys(("title", "why", "owner", "reason", "approved_by", "notice_title"), ("some words",)),
}
PEOPLE = [
    {
        "id": "P-1",
        "register": "safe",
        "values": [
            {"kind": "address", "value": "27 Larch Road, Penfold PF1 1AB"},
            {"kind": "phone", "value": "01632 960123"},
        ],
        "adverse": [{"id": "F-1", "emails": ["father@mail.test"]}],
    }
]
SPLINTERS = (
    b"\t", b"\xef\xbb\xbf", b"\xff\xfe", b"\x00", b"&a ", b"*a", b"!!python/object:x ", b"<<: *a", b"? ", b"- ", b": ",
    b"|\n", b">-\n", b"'", b'"', b"{", b"}", b"[", b"]", b"#", b"---\n", b"...\n", b"%YAML 9\n", b"\r", b"\xc2\xa0",
    "\u2028".encode(), b"\xe2\x80\x8b", b"x: &x [*x, *x]\n", b"[" * 60, b"a" * 3000, b"\\", b"{a: b, a: c}", b"NO",
)  # fmt: skip


# -- made from the language ---------------------------------------------------------------------------------------


class Maker:
    """Makes values by the schema."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def file(self) -> bytes:
        """Return a policy file, bent here and there."""
        rng = self.rng
        root = copy.deepcopy(COMMON) if rng.random() < 0.8 else self.value(SCHEMA, 0)
        policies = [self.value({"$ref": "#/definitions/a-policy"}, 0) for _ in range(rng.randint(1, 3))]
        for number, each in enumerate(policies):
            each["id"] = f"p-{number}"
            if rng.random() < 0.9:
                each["when"].setdefault("content", {"register": "safe"})
                each["when"].setdefault("recipients", {"scope": "external"})
        root["version"], root["policies"] = "1", policies
        for _ in range(rng.choice((0, 0, 0, 1, 1, 2, 4))):
            self.bend(root)
        text = yaml.safe_dump(root, default_flow_style=rng.choice((None, True, False)), allow_unicode=True)
        return text.encode("utf-8", "replace")

    def value(self, shape: Mapping[str, Any], depth: int, key: str = "") -> Any:
        """Return something of this shape."""
        rng = self.rng
        if "$ref" in shape:
            name = shape["$ref"].removeprefix("#/definitions/")
            return self.value(SCHEMA["definitions"][name], depth + 1)
        if "allOf" in shape:
            return self.value(shape["allOf"][0], depth, key)
        if "anyOf" in shape:
            return self.value(shape["anyOf"][0] if depth > 6 else rng.choice(shape["anyOf"]), depth, key)
        if "enum" in shape:
            return str(rng.choice(shape["enum"])).lower()
        if "const" in shape:
            return shape["const"]
        if shape.get("type") == "array":
            return [self.value(shape["items"], depth + 1, key) for _ in range(rng.randint(1, 3))]
        if shape.get("type") == "object":
            return self.table(shape, depth)
        if shape.get("type") == "integer":
            return str(rng.choice((2, 2, 2, 3, 10)))
        if "examples" in shape:
            return rng.choice(shape["examples"])
        if key in FITTING and rng.random() < 0.97:
            return rng.choice(FITTING[key])
        return rng.choice(NAMES + WORDS)

    def table(self, shape: Mapping[str, Any], depth: int) -> dict[str, Any]:
        """Return a mapping with the keys it needs and some of the others."""
        rng = self.rng
        inner = shape.get("additionalProperties")
        if isinstance(inner, dict):
            return {rng.choice(NAMES[:8]): self.value(inner, depth + 1) for _ in range(rng.randint(1, 2))}
        known = shape["properties"]
        most = 1 if depth > 5 else 3
        chosen = [*shape.get("required", ()), *rng.sample(list(known), min(len(known), rng.randint(1, most)))]
        return {key: self.value(known[key], depth + 1, key) for key in dict.fromkeys(chosen)}

    def bend(self, root: Any) -> None:
        """Spoil one place of a tree."""
        rng = self.rng
        tables = list(islice(_tables(root), 2000))
        table = rng.choice(tables)
        key = rng.choice(list(table)) if isinstance(table, dict) else rng.randrange(len(table))
        match rng.randrange(7):
            case 0 if isinstance(table, dict):
                table[_misspelt(rng, key)] = table.pop(key)
            case 1:
                table[key] = rng.choice([[], {}, None, "", [[]], {"a": {}}, ["any"], 10**30, -1, "any", [None]])
            case 2:
                table[key] = rng.choice(NAMES + WORDS)
            case 3 if isinstance(table, dict):
                table[rng.choice(list(_keys()))] = copy.deepcopy(rng.choice(tables))
            case 4:
                del table[key]
            case 5:
                table[key] = [table[key]] * rng.choice((0, 2, 50))
            case _:
                table[key] = {rng.choice(("all", "any", "not")): table[key]}


def _keys() -> Iterator[str]:
    for shape in (SCHEMA, *SCHEMA["definitions"].values()):
        yield from shape["properties"]


def _tables(node: Any, depth: int = 0) -> Iterator[Any]:
    if depth < 30 and isinstance(node, dict | list) and node:
        yield node
        for value in node.values() if isinstance(node, dict) else node:
            yield from _tables(value, depth + 1)


def _misspelt(rng: random.Random, key: str) -> str:
    place = rng.randrange(len(key) + 1)
    spelt = (key[:place] + key[place + 1 :], key[:place] + "x" + key[place:], key.upper(), key + " ", key[::-1])
    return rng.choice(spelt)


# -- bent from what there is ------------------------------------------------------------------------------------------


def mangled(rng: random.Random, content: bytes) -> bytes:
    """Return bytes with some of them changed."""
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        start = rng.randrange(len(content) + 1)
        end = min(len(content), start + rng.choice((0, 1, 1, 5, 40)))
        lines = content.split(b"\n")
        match rng.randrange(5):
            case 0:
                content = content[:start] + content[end:]
            case 1:
                content = content[:start] + rng.choice(SPLINTERS) + content[end:]
            case 2:
                content = content[:start] + rng.randbytes(rng.randint(1, 6)) + content[end:]
            case 3:
                rng.shuffle(lines[: rng.randrange(len(lines)) + 1])
                one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
                lines[one], lines[other] = lines[other], lines[one]
                content = b"\n".join(lines)
            case _:
                line = rng.randrange(len(lines))
                lines[line] = b" " * rng.randrange(9) + lines[line].lstrip()
                content = b"\n".join(lines)
    return content


# -- what is asked ----------------------------------------------------------------------------------------------------


@dataclass
class Row:
    """What became of the files of one kind."""

    files: int = 0
    taken: int = 0
    refused: int = 0
    complaints: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    wrong: list[str] = field(default_factory=list)


def policy_file(content: bytes, row: Row) -> None:
    """Ask what is asked of a policy file."""
    files = {"a.yaml": content, "a.txt": b"mail.test\n"}
    found = policy.check(files, TODAY, profile="production")
    errors = [each for each in policy.check(files, TODAY) if each.severity == "error"]
    try:
        loaded = policy.load(files, today=TODAY)
    except ComplaintsError as error:
        row.refused += 1
        _well_said(error.complaints, row)
        if not errors:
            row.wrong.append("load refuses what check takes")
        return
    row.taken += 1
    _well_said(found, row)
    if errors:
        row.wrong.append("check refuses what load takes")
    _ask(loaded)


def test_file(content: bytes, row: Row, beside: Mapping[str, bytes]) -> None:
    """Ask what is asked of a test file."""
    try:
        suite = cases.read("tests/a.test.yaml", {**beside, "tests/a.test.yaml": content}, TODAY)
    except ComplaintsError as error:
        row.refused += 1
        _well_said(error.complaints, row)
        return
    row.taken += 1
    _well_said(cases.unknown(suite, {}), row)


def _well_said(complaints: tuple[Complaint, ...] | list[Complaint], row: Row) -> None:
    for each in complaints:
        row.complaints += 1
        row.codes[each.code] += 1
        placed = each.line >= 1 and each.column >= 1
        if each.severity != "note" and not placed and each.code not in OF_FILES:
            row.wrong.append(f"no place: {each.code}")
        if len(each.message) < 10 or "\n" in each.message or "Traceback" in each.text():
            row.wrong.append(f"no words: {each.code}")
        if each.length < 1 or (each.source and each.column > len(each.source) + 1):
            row.wrong.append(f"the caret points nowhere: {each.code}")


REGISTER = Register.build(from_record(record) for record in PEOPLE)
BODY, ATTACHED = PartPath(("text",)), PartPath(("1",))
READING = Reading(
    (
        Part(PartPath(), "message/rfc822", 1000),
        Part(BODY, "text/plain", 100),
        Part(ATTACHED, "application/zip", 1000, is_attachment=True, attachment=1),
    ),
    (Segment(Place(BODY, PlaceKind.BODY), "care plan: 27 Larch Road, Penfold PF1 1AB", Visibility.VISIBLE),),
    (Problem(ATTACHED, Reason.ENCRYPTED),),
    (),
)
FACTS = Facts(
    datetime(2025, 11, 3, 9, tzinfo=UTC),
    Origin.TRUSTED,
    senders=("sw@own.test",),
    proven=("sw@own.test",),
    recipients=tuple(
        FinalRecipient(a, (a,), Direction.INTERNAL if a.endswith("own.test") else Direction.OUTBOUND)
        for a in ("father@mail.test", "other@mail.test", "print@own.test")
    ),
    own_domains=frozenset({"own.test"}),
    visible=("father@mail.test",),
)


def _ask(loaded: policy.PolicySet) -> None:
    if screening.demand(FACTS, REGISTER, loaded) is not None:
        screening.screen(READING, Envelope("sw@own.test", ()), FACTS, REGISTER, loaded)


class NoPeople:
    """A store of people that holds nobody."""

    def load(self) -> tuple[int, tuple[Any, ...]]:
        """Return its revision and people."""
        return 0, ()

    def revision(self) -> int:
        """Return its revision."""
        return 0


GOOD = b"""version: 1
policies:
- {id: good, title: t, why: w, owner: o, mode: enforce, when: {content: any, recipients: {scope: external}}}
"""


class Watched:
    """A folder that a gateway watches."""

    def __init__(self, folder: Path) -> None:
        (folder / "good.yaml").write_bytes(GOOD)
        self.file = folder / "a.yaml"
        self.book = Rulebook(folder, NoPeople())  # type: ignore[arg-type]
        self.book.reload()

    def put(self, content: bytes, row: Row) -> None:
        """Save a file and reload as the gateway does."""
        before = self.book.current()
        self.file.write_bytes(content)
        self.book.reload_or_keep()
        now = self.book.current()
        try:
            policy.load({"good.yaml": GOOD, "a.yaml": content}, today=datetime.now(UTC).date())
            is_good = True
        except ComplaintsError:
            is_good = False
        if not is_good and now is not before:
            row.wrong.append("a bad file replaced good rules")
        if not any(each.id == "good" for each in now.policies.policies):
            row.wrong.append("the good rule is gone")


# -- running ----------------------------------------------------------------------------------------------------------


def main() -> int:
    """Fuzz, print, and return 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    rng = random.Random(options.seed)
    shipped = [p.read_bytes() for p in sorted((PROJECT / "policies").glob("*.yaml"))]
    folder = PROJECT / "policies"
    beside = {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    tests = [content for name, content in beside.items() if cases.is_test_file(name)]
    maker = Maker(rng)
    with tempfile.TemporaryDirectory() as place:
        watched = Watched(Path(place))
        kinds: dict[str, tuple[float, Callable[[], bytes], Callable[[bytes, Row], None]]] = {
            "policies from the language": (0.4, maker.file, policy_file),
            "policies with bytes changed": (0.3, lambda: mangled(rng, rng.choice(shipped)), policy_file),
            "tests with bytes changed": (
                0.2,
                lambda: mangled(rng, rng.choice(tests)),
                partial(test_file, beside=beside),
            ),
            "saved into a watched folder": (0.1, lambda: mangled(rng, maker.file()), watched.put),
        }
        rows = {
            name: _run(name, make, ask, int(options.files * share), options.keep)
            for name, (share, make, ask) in kinds.items()
        }
    for name, row in rows.items():
        for what, times in Counter(row.wrong).most_common(20):
            print(f"WRONG {name}: {what} ({times} times)")
    return 1 if any(row.wrong for row in rows.values()) else 0


def _run(name: str, make: Callable[[], bytes], ask: Callable[[bytes, Row], None], count: int, keep: Path | None) -> Row:
    row = Row()
    for number in range(count):
        content = make()
        before = len(row.wrong)
        begun = time.thread_time()
        try:
            ask(content, row)
        except Exception as error:
            frame = error.__traceback__
            while frame is not None and frame.tb_next is not None:
                frame = frame.tb_next
            where = f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame is not None else ""
            row.wrong.append(f"{type(error).__name__} in {where}")
        seconds = time.thread_time() - begun
        row.slowest_s = max(row.slowest_s, seconds)
        row.files += 1
        if seconds > LONGEST_S:
            row.wrong.append("took over a second")
        if keep is not None and len(row.wrong) > before:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{name.replace(' ', '-')}-{number}.yaml").write_bytes(content)
    print(
        f"{name:30}{row.files:>7} files{row.taken:>7} taken{row.refused:>7} refused{row.complaints:>8} complaints"
        f"{len(row.codes):>4} codes   slowest {row.slowest_s * 1000:.0f} ms   {len(row.wrong)} wrong"
    )
    return row


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: GPL-3.0-or-later
"""How many real, harmless mails the shipped policies hold: the number that decides whether anybody keeps them on.

    python tests/bench/bench_ham.py [--people 10000] [--share 0.1] [--policies DIR] [--json]

Every mail of ``../shared/corpora/mail`` (2,952, none of them spam) is judged as if somebody of ours had sent it to
those in its To and Cc, all outside.  The register is invented, and nobody in it is anybody in these mails; but its
people have the names, streets and towns that people really have, so that namesakes occur.  Its adverse parties,
authorised people and former contacts include the addresses that occur most often in the mails (10 % of all different
ones), each for one person of every register, so that the policies are really asked: one that was asked about fewer than
1,000 messages has no figure ("void").

A policy that few of these mails could concern, or that is about envelopes, is asked again about the same mails, as if
they came from a service that must not show its recipients and went to private mailboxes, and as if they went to a print
room.

What is held is told apart: *found* (something in the mail was taken for what it is not: the goal is 5 at the most of
2,952), *unread* (a part could not be read and the policy says to hold then) and *meant* (the policy is about the
envelope alone, and holds what it says).  Nothing of a mail is printed but its name in the corpus.
"""

import argparse
import csv
import json
import random
import sys
import tarfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from safehold import screening
from safehold.gate.facts import NoMaps, Site, address_headers, gather
from safehold.model import EVERYTHING, Action, Answer, Demand, Envelope, Facts, Ground, Message, Reading, Recipient
from safehold.policy import PolicySet, load
from safehold.policy.language import Anything, Kind
from safehold.policy.load import is_policy_file
from safehold.proof.running import under_test
from safehold.reading.pool import ReaderPool
from safehold.register.index import Register
from safehold.register.people import from_record

ROOT = Path(__file__).parent.parent.parent
CORPORA = ROOT.parent / "shared" / "corpora"
NOW = datetime(2025, 11, 3, 9, 0, tzinfo=UTC)
OWN, SENDER, PRIVATE = "riverbank.example", "jo.marlow@riverbank.example", "homemail.example"
NOBODY = "somebody@elsewhere.example"  # to whom a mail without To and Cc goes
GOAL, FEWEST_ASKED = 5, 1_000
REGISTERS = (
    *("safe-addresses", "adoptive-families", "disclosure-applicants"),
    *("open-cases", "foster-carers", "privacy-requests"),
)

FORENAMES = tuple("David Sarah Mohammed Olivia James Emily Jack Chloe Ivan Grace Liam Aisha".split())  # noqa: SIM905
SURNAMES = tuple("Smith Jones Williams Patel Brown Taylor Okafor Evans Khan Walker Wright Green".split())  # noqa: SIM905
STREETS = ("High Street", "Mill Lane", "Station Road", "Church Road", "Heron Close", "Orchard Way", "Glebe Avenue")
TOWNS = tuple("Penfold Oldbridge Westmere Northwell Eastholm Tarnfield".split())  # noqa: SIM905


# -- mails -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mail:
    """One mail of the corpus, with the people in its To and Cc."""

    name: str
    content: bytes
    to: tuple[str, ...]


def mails(archive: Path) -> Iterator[Mail]:
    """Yield the mails of the corpus."""
    with tarfile.open(archive) as opened:
        for member in opened:
            file = opened.extractfile(member) if member.isfile() else None
            if file is None:
                continue
            content = file.read()
            if content.startswith(b"From "):
                content = content.partition(b"\n")[2]
            content = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            headers = address_headers(content)
            to = tuple(dict.fromkeys(address for _, address in (*headers["to"], *headers["cc"])))
            yield Mail(member.name, content, to or (NOBODY,))


# -- people ------------------------------------------------------------------------------------------------------------


def _column(path: Path, otherwise: Sequence[str]) -> tuple[list[str], list[int]]:
    """Return the words of a file of the corpora with how often each occurs, or invented ones where it is not there."""
    if not path.exists():
        return list(otherwise), [1] * len(otherwise)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    kept = [(row[0], int(row[1])) for row in rows if len(row) > 1 and len(row[0]) > 1 and row[1].isdigit()]
    return [word for word, _ in kept], [count for _, count in kept]


def people(number: int, contacts: Sequence[str], rng: random.Random) -> Iterator[dict[str, Any]]:
    """Yield invented people of six registers; each contact is adverse, authorised and former to one in each."""
    names, surnames = CORPORA / "names" / "uk_forename_counts.csv", CORPORA / "names" / "uk_surname_counts.csv"
    forenames, of_forenames = _column(names, FORENAMES)
    families, of_families = _column(surnames, SURNAMES)
    streets, of_streets = _column(CORPORA / "uk-addresses" / "street_names_derived.csv", STREETS)
    for index in range(number):
        own = f"{index:05d}"
        forename, family = rng.choices(forenames, of_forenames)[0], rng.choices(families, of_families)[0]
        street = rng.choices(streets, of_streets)[0].title()
        postcode = f"PF{rng.randint(1, 99)} {rng.randint(1, 9)}{rng.choice('ABDEFGHJ')}{rng.choice('ABDEFGHJ')}"
        # One register after the other, so that every contact meets each of them once.
        at, known = index // len(REGISTERS), len(contacts)
        contact = contacts[at] if at < known else f"f{own}@postbox.example"
        other = contacts[(at + 1) % known] if at < known else f"g{own}@postbox.example"
        yield {
            "id": f"P-{own}",
            "register": REGISTERS[index % len(REGISTERS)],
            "values": [
                {"kind": "name", "value": f"{forename} {family}"},
                {"kind": "address", "value": f"{rng.randint(1, 300)} {street}, {rng.choice(TOWNS)} {postcode}"},
                {"kind": "phone", "value": f"07700 9{own}"},
                {"kind": "email", "value": f"{forename}.{family}{own}@postbox.example".lower()},
                {"kind": "case_reference", "value": f"RB/{own}/25"},
                {"kind": "nhs_number", "value": _nhs_number(index)},
                {"kind": "school", "value": f"{rng.choice(TOWNS)} Primary School"},
            ],
            "adverse": [{"id": f"F-{own}", "name": f"{rng.choice(forenames)} {family}", "emails": [contact]}],
            "authorised": [{"email": other, "purpose": "case"}],
            "former_contacts": [{"email": contact, "ended": "2025-01-31"}],
        }


def _nhs_number(number: int) -> str:
    """Return a number of the range that is kept for tests, with its check digit."""
    nine = f"999{number * 3 % 1_000_000:06d}"
    check = 11 - sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True)) % 11
    return _nhs_number(number + 1) if check == 10 else f"{nine}{check % 11}"


# -- judging -----------------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What became of the mails under one policy."""

    asked: int = 0
    held: dict[str, str] = field(default_factory=dict)  # mail -> found, unread or meant
    how: dict[str, str] = field(default_factory=dict)  # mail -> the fields and strengths of what was found

    @property
    def is_void(self) -> bool:
        """Return whether too few mails could concern it for its figure to say anything."""
        return self.asked < FEWEST_ASKED

    def of(self, kind: str) -> list[str]:
        """Return the mails that were held for that reason."""
        return [mail for mail, why in self.held.items() if why == kind]


@dataclass
class Bench:
    """The policies and people, and what was read so far."""

    policies: PolicySet
    register: Register
    read: Callable[[bytes, Demand], Reading]
    readings: dict[str, Reading] = field(default_factory=dict)

    def run(self, given: Sequence[Mail], sender: str, spelt: Callable[[str], str]) -> dict[str, Tally]:
        """Return the tally of every policy."""
        alone = {each.id: replace(self.policies, policies=(each,)) for each in self.policies.policies}
        tallies: dict[str, Tally] = defaultdict(Tally, {policy_id: Tally() for policy_id in alone})
        for mail in given:
            message = _message(mail, sender, spelt)
            facts = gather(message, Site(frozenset({OWN})), NoMaps(), NOW)
            for policy_id, policies in alone.items():
                asked = _by_envelope(policies) or screening.demand(facts, self.register, policies) is not None
                tallies[policy_id].asked += asked
            for ground in self._grounds(mail, message, facts):
                # What was found outweighs what could not be read.
                held = tallies[ground.policy].held
                held[mail.name] = "found" if held.get(mail.name) == "found" else _why(ground)
                tallies[ground.policy].how[mail.name] = _how(ground)
        return dict(tallies)

    def _grounds(self, mail: Mail, message: Message, facts: Facts) -> Iterator[Ground]:
        if screening.demand(facts, self.register, self.policies) is None:
            return
        if mail.name not in self.readings:
            self.readings[mail.name] = self.read(mail.content, EVERYTHING)
        verdict = screening.screen(self.readings[mail.name], message.envelope, facts, self.register, self.policies)
        for recipient in verdict.recipients:
            if recipient.action is Action.HOLD:
                yield from (ground for ground in recipient.deciding if ground.action is Action.HOLD)


def _message(mail: Mail, sender: str, spelt: Callable[[str], str]) -> Message:
    recipients = tuple(Recipient(spelt(address)) for address in mail.to)
    macros = {"{auth_authen}": sender, "{client_addr}": "127.0.0.1"}
    return Message(Envelope(sender, recipients), mail.content, NOW, macros)


def _by_envelope(policies: PolicySet) -> bool:
    """Return whether these policies ask nothing of the content: every mail has their answer in its envelope."""
    return all(isinstance(content, Anything) for policy in policies.policies for content in policy.contents)


def _why(ground: Ground) -> str:
    if ground.answer is Answer.CANNOT_TELL:
        return "unread"
    return "found" if ground.findings else "meant"


def _how(ground: Ground) -> str:
    """Return the fields and strengths of what was found, or why parts could not be read."""
    found = {f"{finding.field} {finding.strength}" for finding in ground.findings}
    unread = {f"{problem.reason} ({problem.detail})" for problem in ground.problems}
    return ", ".join(sorted(found or unread))


# -- files and figures -------------------------------------------------------------------------------------------------


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the policy files of a folder and the lists they name; tests are not policies."""
    paths = [path for path in folder.rglob("*") if path.is_file() and "tests" not in path.relative_to(folder).parts]
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: path.read_bytes() for name, path in names.items() if is_policy_file(name) or name.endswith(".txt")}


def service_of(folder: Path) -> str:
    """Return a mailbox of a service whose recipients must not see each other, as the shipped list has it."""
    path = folder / "lists" / "sensitive-services.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return next((line.strip() for line in lines if "@" in line and not line.startswith("#")), SENDER)


def print_room_of(policies: PolicySet) -> str:
    """Return the print room of the shipped policies."""
    address = f"print-room@{OWN}"
    if Kind.PRINT_AND_POST not in policies.kinds_of(address):
        raise RuntimeError("the shipped policies have another print room: its policies would not be asked")
    return address


def private(address: str) -> str:
    """Return a private mailbox for an address."""
    return f"{address.rpartition('@')[0]}@{PRIVATE}"


def contacts_of(given: Sequence[Mail], share: float) -> tuple[list[str], int]:
    """Return the most frequent of the addresses, as large a share as asked, and how many there are."""
    often = Counter(address for mail in given for address in mail.to)
    return [address for address, _ in often.most_common(max(1, round(share * len(often))))], len(often)


def show(figures: Mapping[str, Any]) -> None:
    """Print the figures for people."""
    print(
        f"{figures['messages']} mails, {figures['people']} people, {figures['contacts']} of {figures['addresses']}"
        f" addresses known to the register; {figures['seconds']:.0f} s"
    )
    print(f"{'policy':32} {'asked':>6} {'found':>6} {'unread':>7} {'meant':>6}   share of asked")
    for row in figures["policies"]:
        share = "void" if row["void"] else f"{row['held'] / row['asked']:.2%}"
        again = f"  (asked {row['again']})" if row["again"] else ""
        print(
            f"{row['policy']:32} {row['asked']:>6} {len(row['found']):>6} {len(row['unread']):>7}"
            f" {len(row['meant']):>6}   {share}{again}"
        )
    explained = {"found": "took something for what it is not", "unread": "could not be read"}
    for (kind, name, how), of in _explained(figures["policies"]).items():
        print(f"  {name} {explained[kind]}: {how} [{', '.join(of)}]")
    print(f"held for something found: {figures['found']} of {figures['messages']} (goal: {GOAL} at the most)")


def _explained(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str], list[str]]:
    """Return, for each mail and reason that it was held for, the policies."""
    of: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for row in rows:
        for kind in ("found", "unread"):
            for name in row[kind]:
                of[kind, name, row["how"].get(name, "")].append(row["policy"])
    return of


def main() -> int:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--policies", type=Path, default=ROOT / "policies")
    parser.add_argument("--mails", type=Path, default=CORPORA / "mail" / "spamassassin-ham.tar.gz")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    if not chosen.mails.exists():
        print("the corpus of mails is not there; nothing was measured")
        return 0
    figures = measure(chosen.mails, chosen.policies, chosen.people, chosen.share)
    print(json.dumps(figures, indent=1)) if chosen.json else show(figures)
    return int(figures["found"] > GOAL or any(row["void"] for row in figures["policies"]))


def measure(archive: Path, folder: Path, number: int, share: float) -> dict[str, Any]:
    """Return the figures."""
    started = time.perf_counter()
    given = list(mails(archive))
    contacts, addresses = contacts_of(given, share)
    policies = under_test(load(files_of(folder), today=date(2025, 11, 3)))
    register = Register.build([from_record(record) for record in people(number, contacts, random.Random(4))])
    with ReaderPool(2) as pool:
        bench = Bench(policies, register, lambda content, demand: pool.read(content, demand=demand))
        first = bench.run(given, SENDER, str)
        room = print_room_of(policies)
        others = {
            "as a service to private mailboxes": bench.run(given, service_of(folder), private),
            "to the print room": bench.run(given, SENDER, lambda address: room),
        }
    rows = []
    for policy_id, tally in sorted(first.items()):
        wanted = tally.is_void or _by_envelope(replace(policies, policies=(policies.policy(policy_id),)))
        again = next((name for name in others if wanted and not others[name][policy_id].is_void), "")
        counted = others[again][policy_id] if again else tally
        rows.append(
            {
                "policy": policy_id,
                "again": again,
                "how": {name: how for name, how in counted.how.items() if how},
                "asked": counted.asked,
                "void": counted.is_void,
                "held": len(counted.held),
                **{kind: counted.of(kind) for kind in ("found", "unread", "meant")},
            }
        )
    return {
        "messages": len(given),
        "people": number,
        "contacts": len(contacts),
        "addresses": addresses,
        "policies": rows,
        "found": len({name for row in rows for name in row["found"]}),
        "seconds": time.perf_counter() - started,
    }


if __name__ == "__main__":
    sys.exit(main())

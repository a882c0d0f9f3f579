# SPDX-License-Identifier: GPL-3.0-or-later
"""Expands envelope recipients to the mailboxes that Postfix would deliver to, before Postfix does it.

Follows cleanup(8) (canonical(5), then virtual(5) with its recursion) and, for addresses in ``mydestination``,
local(8) (aliases(5) with lists and ``:include:`` files).  Where this cannot know who gets the mail, the expansion
says so in ``whole`` and the caller holds the recipient whole: a map that cannot be asked, a command or a program, a
loop, more than 1,000 members, and a final address that Postfix would map *again* when it is put back alone (an
alias that contains itself: adding its harmless member would bring the held one back).

Thread-safe.  Ordinary mail costs some stat(2) calls: tables are answered from memory until their file changes.
What is not followed is listed by :func:`blind_spots`, for ``doctor``.

Sources: ADDRESS_REWRITING_README, canonical(5), virtual(5), aliases(5), postconf(5); the order of look-ups was
compared with a real Postfix 3.7 (tests/e2e/test_frontend_aliases.py).
"""

import contextlib
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from safehold.errors import MapUnreadableError
from safehold.postfix import spelling
from safehold.postfix.expansion import UNREAD, Expansion, Whole
from safehold.postfix.postconf import Postconf, split
from safehold.postfix.tables import Table

MEMBER_LIMIT = 1_000
# Postfix allows 1,000; a real chain is under 5, and a loop should not cost thousands of look-ups.
CHAIN_LIMIT = 100
# How deep the look-ahead for many recipients goes; what lies beyond costs a process each.
PREPARED_ROUNDS = 5
INCLUDE_LIMIT_BYTES = 2**20

_SETTINGS = (
    "myorigin", "mydomain", "mydestination", "inet_interfaces", "append_at_myorigin", "append_dot_mydomain",
    "swap_bangpath", "allow_percent_hack", "recipient_delimiter", "propagate_unmatched_extensions",
    "owner_request_special", "canonical_maps", "canonical_classes", "recipient_canonical_maps",
    "recipient_canonical_classes", "virtual_alias_maps", "alias_maps", "local_transport", "default_database_type",
    "enable_original_recipient",
)  # fmt: skip


class _UnknownError(Exception):
    """Who gets the mail cannot be known."""

    def __init__(self, why: Whole) -> None:
        super().__init__(why)
        self.why = why


class Maps:
    """The recipient maps of one Postfix instance."""

    def __init__(self, postconf: Postconf) -> None:
        self._postconf = postconf
        self._lock = threading.Lock()
        self._signature: object = None
        self._rules: _Rules | None = None

    def expand(self, address: str) -> Expansion:
        """Return the expansion of one envelope recipient.

        Raises:
            MapUnreadableError: Postfix's own settings cannot be read (a single map that cannot be is a ``whole``).
        """
        return self.expand_all([address])[address]

    def expand_all(self, addresses: Iterable[str]) -> Mapping[str, Expansion]:
        """Return the expansion of each address; like :meth:`expand`, with fewer processes started."""
        wanted = tuple(dict.fromkeys(addresses))
        with self._lock:
            rules = self._current()
            rules.prepare(wanted)
            return {address: self._expand(rules, address) for address in wanted}

    def check(self) -> tuple[str, ...]:
        """Return the tables that cannot be asked, by name as main.cf has them: for ``doctor``.

        Raises:
            MapUnreadableError: Postfix's settings cannot be read.
        """
        with self._lock:
            return self._current().unreadable()

    def _current(self) -> "_Rules":
        signature = self._postconf.signature
        if self._rules is None or signature != self._signature:
            self._rules = _Rules(self._postconf)
            self._signature = signature
        return self._rules

    def _expand(self, rules: "_Rules", address: str) -> Expansion:
        try:
            final = self._members(rules, address)
            if final != (rules.rewritten(address),):
                if not rules.keeps_originals:
                    return Expansion((), Whole.NO_ORIGINALS)
                for member in final:
                    if self._members(rules, member) != (member,):
                        return Expansion((), Whole.MAPPED_AGAIN)
        except MapUnreadableError:
            return Expansion((), UNREAD)
        except _UnknownError as unknown:
            return Expansion((), unknown.why)
        return Expansion(final)

    def _members(self, rules: "_Rules", address: str) -> tuple[str, ...]:
        found: dict[str, str] = {}
        for member in rules.final(address):
            found.setdefault(member.lower(), member)
            if len(found) > MEMBER_LIMIT:
                raise _UnknownError(Whole.TOO_MANY)
        return tuple(found.values())


class _Rules:
    """main.cf as it was read: how an address is rewritten, looked up and expanded."""

    def __init__(self, postconf: Postconf) -> None:
        values = postconf.values(*_SETTINGS)
        self._values = values
        self._postconf = postconf
        self._tables: dict[str, Table] = {}
        self._delimiters = values["recipient_delimiter"]
        self._propagates = frozenset(split(values["propagate_unmatched_extensions"]))
        self._origin = _first_word(values["myorigin"])
        self._local = _Domains(self, values["mydestination"])
        self._canonical = [
            self._list(values[f"{prefix}canonical_maps"])
            for prefix in ("recipient_", "")
            if "envelope_recipient" in split(values[f"{prefix}canonical_classes"])
        ]
        self._virtual = self._list(values["virtual_alias_maps"])
        # Where local mail goes elsewhere than to local(8) (LMTP to a mail store), nobody reads alias_maps.
        is_delivered_here = values["local_transport"].partition(":")[0] == "local"
        self._aliases = self._list(values["alias_maps"]) if is_delivered_here else []

    @property
    def keeps_originals(self) -> bool:
        """Return whether Postfix knows an added member from the same one in a list that was deleted.

        Without ``enable_original_recipient`` it takes the added one for a duplicate, and nobody gets the mail (tried
        with 3.7).
        """
        return self._says("enable_original_recipient")

    def table(self, spec: str) -> Table:
        """Return the table of that name, always the same one, so that its answers are remembered."""
        if ":" not in spec:
            spec = f"{self._values['default_database_type']}:{spec}"
        return self._tables.setdefault(spec, Table(self._postconf, spec))

    def _list(self, value: str) -> list[Table]:
        return [self.table(spec) for spec in split(value)]

    def unreadable(self) -> tuple[str, ...]:
        """Return the names of the tables that cannot be asked."""
        bad = []
        for spec, table in self._tables.items():
            try:
                table.ask(["postmaster"])
            except MapUnreadableError:
                bad.append(spec)
        return tuple(bad)

    def prepare(self, addresses: Iterable[str]) -> None:
        """Ask the tables that cannot be listed about all *addresses* at once, so that one process does for all.

        Then about all that these became, and so on: a list of a thousand costs a few processes, not a thousand.
        """
        tables = [*(t for tables in self._canonical for t in tables), *self._virtual]
        todo = [self.rewritten(a) for a in addresses if not spelling.UNPRINTABLE.search(a)]
        seen: set[str] = set()
        for _ in range(PREPARED_ROUNDS):
            todo = [address for address in dict.fromkeys(todo) if address not in seen]
            if not todo or all(table.is_in_memory for table in tables):
                return
            seen.update(todo)
            self._ask_at_once(todo, tables)
            todo = [result for address in todo for result in self._one_step(address)]

    def _ask_at_once(self, addresses: Iterable[str], tables: Iterable[Table]) -> None:
        full: list[str] = []
        parts: list[str] = []
        for address in addresses:
            try:
                keys = self._keys(address)
            except (MapUnreadableError, _UnknownError):
                continue
            full.extend(key for key, _, is_whole in keys if is_whole)
            parts.extend(key for key, _, _ in keys)
        for table in tables:
            # A failure is met again, and reported, for each address.
            with contextlib.suppress(MapUnreadableError):
                table.ask(full if table.takes_whole_keys_only else parts)

    def _one_step(self, address: str) -> list[str]:
        steps: list[str] = []
        with contextlib.suppress(MapUnreadableError, _UnknownError):
            for tables in self._canonical:
                steps += self._look_up(address, tables, "canonical")
            steps += self._look_up(address, self._virtual, "virtual")
        return steps

    # -- one address --

    def final(self, address: str) -> Iterable[str]:
        """Yield the final addresses of an envelope recipient; may repeat some."""
        if spelling.UNPRINTABLE.search(address):
            raise _UnknownError(Whole.CONTROLS)
        if not spelling.is_simple(address):
            # Postfix takes comments and phrases out of an address: what is left over is for it alone to say.
            raise _UnknownError(Whole.NOT_PLAIN)
        yield from self._mapped(self.rewritten(address), ())

    def rewritten(self, address: str) -> str:
        """Return the address as trivial-rewrite(8) completes it, its domain in lower case."""
        if address.startswith("@") and ":" in address:
            address = address.partition(":")[2]
        local, at, domain = address.rpartition("@")
        if not at or not domain:
            local, domain = (local if at else address), ""
            if "!" in local and self._says("swap_bangpath") and not local.startswith('"'):
                domain, _, local = local.partition("!")
            elif "%" in local and self._says("allow_percent_hack") and not local.startswith('"'):
                local, _, domain = local.rpartition("%")
        local = spelling.plainest(local)
        domain = (domain or self._origin).lower().rstrip(".")
        if "." not in domain and not domain.startswith("[") and self._says("append_dot_mydomain"):
            domain = f"{domain}.{self._values['mydomain'].lower()}"
        return f"{local}@{domain}"

    def _mapped(self, address: str, trail: tuple[str, ...]) -> Iterable[str]:
        """Yield what cleanup(8), and then local(8), makes of a complete address."""
        for tables in self._canonical:
            address = self._canonically(address, tables)
        for member in self._virtually(address):
            if self._local.has(member.rpartition("@")[2]):
                yield from self._delivered(member, trail)
            else:
                yield member

    def _canonically(self, address: str, tables: list[Table]) -> str:
        for _ in range(CHAIN_LIMIT):
            results = self._look_up(address, tables, "canonical")
            if not results or results[0].lower() == address.lower():
                return results[0] if results else address
            address = results[0]
        raise _UnknownError(Whole.LOOP)

    def _virtually(self, address: str) -> list[str]:
        """Return the members that virtual_alias_maps make of an address, recursively, as cleanup_map1n does."""
        members = [address]
        at_rest: set[str] = set()
        position = 0
        while position < len(members):
            for _ in range(CHAIN_LIMIT):
                member = members[position]
                results = [] if member.lower() in at_rest else self._look_up(member, self._virtual, "virtual")
                if not results:
                    break
                members[position : position + 1] = results[:1]
                members.extend(results[1:])
                at_rest.update(r.lower() for r in results if r.lower() == member.lower())
                if len(members) > MEMBER_LIMIT + 1:
                    raise _UnknownError(Whole.TOO_MANY)
            else:
                raise _UnknownError(Whole.LOOP)
            position += 1
        return members

    # -- look-ups in address-indexed tables --

    def _look_up(self, address: str, tables: list[Table], what: str) -> list[str]:
        """Return the complete addresses that the first table with an answer gives for *address*."""
        for position, (key, extension, is_whole) in enumerate(self._keys(address)):
            for table in tables:
                if position > 0 and table.takes_whole_keys_only and not is_whole:
                    continue
                value = table.ask([key]).get(key)
                if value is not None:
                    return self._results(value, address, extension, what)
        return []

    def _keys(self, address: str) -> list[tuple[str, str, bool]]:
        """Return (key, extension it leaves unmatched, whether it is a whole address), in Postfix's order."""
        local, _, domain = address.rpartition("@")
        bare, extension = self._split_extension(local)
        keys = [(address, "", True)]
        if extension:
            keys.append((f"{bare}@{domain}", extension, False))
        if domain == self._origin.lower() or self._local.has(domain):
            keys.append((local, "", False))
            if extension:
                keys.append((bare, extension, False))
        # A whole domain's entry stands for every local part, tags and all: nothing is left over to carry along.
        keys.append((f"@{domain}", "", False))
        if local.startswith('"'):
            plain = f"{spelling.unquoted(local)}@{domain}"
            keys.insert(1, (plain, "", True))
        return keys

    def _results(self, value: str, address: str, extension: str, what: str) -> list[str]:
        local = address.rpartition("@")[0]
        results = []
        for member in spelling.list_members(value):
            if member.startswith("@"):
                results.append(self.rewritten(local.removesuffix(extension) + member))
                continue
            complete = self.rewritten(member)
            if extension and what in self._propagates:
                name, _, domain = complete.rpartition("@")
                complete = f"{name}{extension}@{domain}"
            results.append(complete)
        return results

    def _split_extension(self, local: str) -> tuple[str, str]:
        """Return a local part without its extension, and the extension with its delimiter."""
        lower = local.lower()
        if lower in {"mailer-daemon", "postmaster", "double-bounce"}:
            return local, ""
        is_list_role = lower.startswith("owner-") or lower.endswith("-request")
        if is_list_role and "-" in self._delimiters and self._says("owner_request_special"):
            return local, ""
        places = [i for i in (local.find(d, 1) for d in self._delimiters) if i > 0]
        cut = min(places, default=len(local))
        return local[:cut], local[cut:]

    # -- local delivery --

    def _delivered(self, address: str, trail: tuple[str, ...]) -> Iterable[str]:
        """Yield what local(8) makes of an address at one of our own domains."""
        local = spelling.unquoted(address.rpartition("@")[0])
        if spelling.ROUTE.search(local):
            raise _UnknownError(Whole.ROUTE)
        name = local.lower()
        value = self._alias(name)
        if value is None or trail[-1:] == (name,):
            yield address  # a mailbox; a name directly in its own alias means the mailbox too
        elif name not in trail:  # local(8) goes into no alias twice
            if len(trail) >= CHAIN_LIMIT:
                raise _UnknownError(Whole.LOOP)
            yield from self._alias_members(value, address, (*trail, name))

    def _alias(self, name: str) -> str | None:
        bare, extension = self._split_extension(name)
        for key in (name, bare) if extension else (name,):
            for table in self._aliases:
                value = table.ask([key]).get(key)
                if value is not None:
                    return value
        return None

    def _alias_members(self, value: str, address: str, trail: tuple[str, ...]) -> Iterable[str]:
        for member in spelling.list_members(value):
            plain = spelling.unquoted(member)
            if plain.startswith("|"):
                raise _UnknownError(Whole.COMMAND)
            if plain.startswith("/"):
                yield address  # a file of this machine: the mail stays with us, under this name
            elif plain.lower().startswith(":include:"):
                yield from self._alias_members(_included(plain[len(":include:") :]), address, trail)
            else:
                yield from self._alias_member(member, trail)

    def _alias_member(self, member: str, trail: tuple[str, ...]) -> Iterable[str]:
        complete = self.rewritten(member.removeprefix("\\"))
        if self._local.has(complete.rpartition("@")[2]):
            yield from self._delivered(complete, trail)
        else:
            # local(8) hands this to cleanup(8) as new mail, which maps it.
            yield from self._mapped(complete, trail)

    def _says(self, name: str) -> bool:
        return self._values[name].lower() == "yes"


class _Domains:
    """A list of domains as in mydestination: names, files of names, and tables."""

    def __init__(self, rules: _Rules, value: str) -> None:
        self._names: set[str] = set()
        self._tables: list[Table] = []
        for member in split(value):
            if member.startswith("/"):
                self._names.update(line.split()[0].lower() for line in _lines(Path(member)))
            elif ":" in member and not member.startswith("["):
                self._tables.append(rules.table(member))
            else:
                self._names.add(member.lower())

    def has(self, domain: str) -> bool:
        """Return whether *domain* is in the list; an address literal counts, for it may be this machine."""
        if domain in self._names:
            return True
        if domain.startswith("["):
            raise _UnknownError(Whole.MACHINE)
        return any(domain in table.ask([domain]) for table in self._tables)

    def listed(self) -> frozenset[str]:
        """Return the domains that can be listed."""
        names = set(self._names)
        for table in self._tables:
            try:
                names.update(key for key in table.keys() or () if "@" not in key)
            except MapUnreadableError:
                continue
        return frozenset(name.removeprefix(".") for name in names if "." in name and not name.startswith("!"))


def own_domains(postconf: Postconf) -> frozenset[str]:
    """Return the domains that this Postfix takes mail for, lower case; ``localhost`` and the like are left out.

    Raises:
        MapUnreadableError: Postfix cannot be asked.
    """
    rules = _Rules(postconf)
    names = ("mydestination", "relay_domains", "virtual_alias_domains", "virtual_mailbox_domains")
    values = postconf.values(*names)
    found = frozenset[str]().union(*(_Domains(rules, values[name]).listed() for name in names))
    return frozenset(domain for domain in found if not domain.startswith("localhost") and not domain.startswith("["))


_BLIND_SPOTS = {
    "always_bcc": "copies every mail to an address that is not judged",
    "recipient_bcc_maps": "copies mail to addresses that are not judged",
    "sender_bcc_maps": "copies mail to addresses that are not judged",
    "smtp_generic_maps": "changes recipients when mail leaves, after it was judged",
    "luser_relay": "sends mail for unknown local users to an address that is not judged",
    "masquerade_domains": "changes domains of addresses; recipients only if masquerade_classes says so",
}


def blind_spots(postconf: Postconf) -> Mapping[str, str]:
    """Return the settings in use that send mail to addresses which Maps does not see, each with what it does.

    ``REDIRECT`` in access tables and header checks, and users' own ``.forward`` files, cannot be seen from here.

    Raises:
        MapUnreadableError: Postfix cannot be asked.
    """
    values = postconf.values(*_BLIND_SPOTS)
    return {name: why for name, why in _BLIND_SPOTS.items() if values[name]}


def _included(name: str) -> str:
    """Return the members in an ``:include:`` file as one list value."""
    return ", ".join(_lines(Path(name.strip())))


def _lines(path: Path) -> list[str]:
    """Return the lines of a file that are no comments.

    Raises:
        MapUnreadableError: It cannot be read, or is larger than 1 MB.
    """
    try:
        if path.stat().st_size > INCLUDE_LIMIT_BYTES:
            raise MapUnreadableError("a list file is larger than 1 MB")
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        raise MapUnreadableError("a list file cannot be read") from None
    return [line for line in map(str.strip, text.splitlines()) if line and not line.startswith("#")]


def _first_word(value: str) -> str:
    """Return myorigin, which may name a file that holds it."""
    if value.startswith("/"):
        value = " ".join(_lines(Path(value))[:1])
    return value.split()[0] if value.split() else "localhost"

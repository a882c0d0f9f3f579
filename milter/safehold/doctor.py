# SPDX-License-Identifier: GPL-3.0-or-later
"""What a support call would ask, asked beforehand: settings, keys, store, policies, workers, and the lines in Postfix.

Every check answers in words, and a failure names its cure.  Levels and exit codes are those of Nagios plug-ins (0 ok,
1 warning, 2 critical).  Nothing here changes anything.
"""

import re
import socket
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from safehold import assemble, config, postfix
from safehold.config import Settings
from safehold.errors import ComplaintsError, KeyUnavailableError, MapUnreadableError, SafeholdError, StoreError
from safehold.postfix import Postconf
from safehold.reading.limits import Limits
from safehold.reading.pool import ReaderPool
from safehold.store import Store
from safehold.store.people import PeopleStore
from safehold.vault import KeyRing

# A milter slower than Postfix's content timeout gets 451s while it is still deciding: stay under 80 % of it.
TIMEOUT_SHARE = 0.8
# The first Postfix with `shutdown`, which ends the session in place of failing all the rest of it.
SHUTDOWN_SINCE = (3, 11)


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"

    @property
    def nagios(self) -> int:
        """Return the Nagios exit code."""
        return {"ok": 0, "warn": 1, "FAIL": 2}[self.value]


@dataclass(frozen=True, slots=True)
class Check:
    """One answer."""

    name: str
    level: Level
    text: str
    fix: str = ""


def ok(name: str, text: str) -> Check:
    """Return a good answer."""
    return Check(name, Level.OK, text)


def warn(name: str, text: str, fix: str = "") -> Check:
    """Return an answer somebody should look at."""
    return Check(name, Level.WARN, text, fix)


def fail(name: str, text: str, fix: str = "") -> Check:
    """Return an answer that means mail is or will be unchecked, lost or stuck."""
    return Check(name, Level.FAIL, text, fix)


def examine(path: Path) -> tuple[Check, ...]:
    """Return the answers of all checks on the gateway with the settings in *path*."""
    try:
        settings = config.load(path)
    except ComplaintsError as error:
        return (fail("settings", error.text().replace("\n", "; "), "--config FILE, or safehold init --config FILE"),)
    return (ok("settings", f"{path} is well formed"), *_all(settings))


def _all(settings: Settings) -> Iterator[Check]:
    for check in (_keys, _store, _policies, _workers, _sockets):
        yield from _guarded(check, settings)
    if settings.postfix.maps == "auto":
        yield from _guarded(_postfix, settings)
    else:
        yield warn(
            "postfix", "not asked (postfix.maps is none): aliases are not expanded, fine only where there are none"
        )
    yield from _swap()


def _guarded(check: Callable[[Settings], Iterable[Check]], settings: Settings) -> Iterator[Check]:
    try:
        yield from check(settings)
    except ComplaintsError as error:
        count, first = len(error.complaints), error.complaints[0]
        yield fail(
            check.__name__.strip("_"), f"{count} wrong, the first: {first.text().splitlines()[0]}", "see policy check"
        )
    except SafeholdError as error:
        yield fail(check.__name__.strip("_"), str(error))
    except OSError as error:
        name = check.__name__.strip("_")
        yield fail(name, f"cannot be looked at: {error.strerror or 'no access'}", "run doctor as root")


def _keys(settings: Settings) -> Iterator[Check]:
    try:
        KeyRing.load(settings.keys, need=frozenset({"sealing", "recovery", "register", "store"}))
    except KeyUnavailableError as error:
        yield fail(
            "keys",
            str(error),
            "new gateway: safehold init; else restore the keys, or their mode (0400): new keys open no old store",
        )
        return
    yield ok("keys", "sealing, recovery, register and store keys are there and readable by this user only")


def _store(settings: Settings) -> Iterator[Check]:
    try:
        opened = Store.open(settings.store)
    except StoreError as error:
        yield fail("store", str(error), "safehold init, or look at the owner and mode of the file")
        return
    opened.close()
    yield ok("store", "opens, and its schema is the one this version wants")


def _policies(settings: Settings) -> Iterator[Check]:
    loaded = assemble.load_policies(settings.policies)
    enforced = [p for p in loaded.policies if p.mode == "enforce"]
    text = f"{len(loaded.policies)} loaded, {len(enforced)} enforced"
    if not enforced:
        yield warn("policies", f"{text}: nothing will be held", "write mode: enforce where a policy is meant to hold")
    else:
        yield ok("policies", text)
    keys = KeyRing.load(settings.keys, need=frozenset({"register"}))
    opened = Store.open(settings.store)
    try:
        revision, people = PeopleStore(opened, keys.register).load()
    finally:
        opened.close()
    held = {person.register for person in (*people, *loaded.people)}
    for each in enforced:
        for name in sorted(each.registers - held):
            yield fail(
                "policies",
                f'"{each.id}" asks register {name}, which holds nobody; there are: {", ".join(sorted(held)) or "none"}',
                "a misspelt name? else: safehold register import FILE",
            )
    if not people and not loaded.people:
        yield warn("register", "nobody is in it", "safehold register import FILE")
    else:
        yield ok("register", f"{len(people) + len(loaded.people)} people, revision {revision}")


def _workers(settings: Settings) -> Iterator[Check]:
    with ReaderPool(1, Limits(deadline_s=settings.reading.deadline_s)) as pool:
        reading = pool.read(b"Subject: doctor\r\n\r\nA canary sings.\r\n")
    if any("canary" in segment.text for segment in reading.segments):
        yield ok("reader workers", "start and read")
    else:
        yield fail("reader workers", "started and read nothing", "safehold inspect FILE, then look at the log")


def _sockets(settings: Settings) -> Iterator[Check]:
    for name, where in (("milter socket", settings.milter.socket), ("guard socket", settings.guard.socket)):
        if not where.startswith("unix:"):
            yield warn(name, "is TCP, which costs about 45 ms a message on loopback", "use unix:")
            continue
        path = Path(where.removeprefix("unix:"))
        if not path.exists():
            yield fail(name, f"{path} is not there", "is the service running? systemctl status safehold-*")
        elif not stat.S_ISSOCK(path.stat().st_mode):
            yield fail(name, f"{path} is not a socket")
        elif not _connects(path):
            yield fail(name, f"{path} does not answer", "restart the service")
        else:
            yield ok(name, f"{path} answers")


def _connects(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


# -- Postfix ----------------------------------------------------------------------------------------------------

NAMES = (
    "mail_version",
    "smtpd_milters",
    "non_smtpd_milters",
    "milter_default_action",
    "milter_content_timeout",
    "milter_connect_macros",
    "milter_macro_daemon_name",
    "enable_long_queue_ids",
    "message_reject_characters",
    "message_size_limit",
    "smtpd_forbid_bare_newline",
    "queue_directory",
)


def _postfix(settings: Settings) -> Iterator[Check]:
    postconf = Postconf(settings.postfix.config_directory)
    try:
        values = postconf.values(*NAMES)
        services = postconf.services()
    except MapUnreadableError as error:
        yield fail("postfix", f"cannot be asked: {error}", "run doctor where Postfix runs, as a user who may read it")
        return
    yield _default_action(values["milter_default_action"], values["smtpd_milters"], values["mail_version"])
    yield from _milter_lines(settings, values["smtpd_milters"], values["non_smtpd_milters"], values["queue_directory"])
    yield from _overrides(settings, services, values["queue_directory"])
    yield from _settings(settings, values)
    yield from _release_listener(settings, services, values["queue_directory"])
    blind = postfix.blind_spots(postconf)
    if blind:
        for name, why in blind.items():
            yield warn("maps", f"{name} {why}: who gets such mail is not judged")
    else:
        yield ok("maps", "every map that sends mail elsewhere is followed")
    for text in postfix.Maps(postconf).check():
        yield fail("maps", text, "until it can be read, every list it may concern is held whole")


def _default_action(action: str, milters: str, version: str) -> Check:
    number = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    inline = set(re.findall(r"default_action\s*=\s*(\w+)", milters))
    bad = ({action} | inline) - {"tempfail", "shutdown"}
    if bad:
        return fail(
            "default action",
            f"milter_default_action = {', '.join(sorted(bad))}: mail leaves unchecked (or bounces) when the check is"
            " down, for all the rest of that SMTP session",
            "postconf -e milter_default_action=tempfail && postfix reload",
        )
    if number >= SHUTDOWN_SINCE and action != "shutdown":
        return warn("default action", "tempfail is sticky for a session; this Postfix has `shutdown`, which is better")
    return ok("default action", f"{action}: mail waits when the check is down")


def _named(where: str, milters: str, queue_directory: str) -> bool:
    """Return whether a list of milters names our socket, absolutely or relative to the queue directory."""
    if not where.startswith("unix:"):
        kind, _, rest = where.partition(":")
        port, _, host = rest.partition("@")
        return f"{kind}:{host or 'localhost'}:{port}" in milters
    path = where.removeprefix("unix:")
    names = {f"unix:{path}", f"unix:{path.removeprefix(queue_directory.rstrip('/')).lstrip('/')}"}
    return any(re.search(rf"(?<![^\s,{{]){re.escape(name)}(?![^\s,}}])", milters) for name in names)


def _milter_lines(settings: Settings, smtpd: str, non_smtpd: str, queue_directory: str) -> Iterator[Check]:
    fix = "safehold init prints the lines"
    for name, value, who in (
        ("smtpd_milters", smtpd, "mail by SMTP"),
        ("non_smtpd_milters", non_smtpd, "mail by sendmail(1)"),
    ):
        if _named(settings.milter.socket, value, queue_directory):
            yield ok(name, f"{who} is checked")
        else:
            yield fail(name, f"does not name our socket: {who} leaves unchecked", fix)


def _overrides(settings: Settings, services: Iterable[postfix.Service], queue_directory: str) -> Iterator[Check]:
    """Look for SMTP services that switch milters off for themselves: the way most gateways come to be bypassed."""
    for service in services:
        if not service.command.startswith("smtpd"):
            continue
        own = service.overrides.get("smtpd_milters")
        options = service.overrides.get("receive_override_options", "")
        switched_off = own is not None and not (
            _named(settings.milter.socket, own, queue_directory) or _named(settings.guard.socket, own, queue_directory)
        )
        if switched_off or "no_milters" in options:
            yield fail(
                "master.cf",
                f"service {service.name} takes mail without asking safehold",
                "remove its smtpd_milters or no_milters override, unless only checked mail can reach it",
            )


def _settings(settings: Settings, values: Mapping[str, str]) -> Iterator[Check]:
    if values["enable_long_queue_ids"] == "yes":
        yield ok("queue ids", "long: never used twice")
    else:
        yield fail(
            "queue ids",
            "enable_long_queue_ids = no: queue ids are reused, so a log line may name the wrong message",
            "postconf -e enable_long_queue_ids=yes && postfix reload",
        )
    timeout = _seconds(values["milter_content_timeout"])
    if settings.reading.deadline_s > TIMEOUT_SHARE * timeout:
        yield fail(
            "timeouts", f"our deadline {settings.reading.deadline_s:.0f} s is too near Postfix's {timeout:.0f} s"
        )
    else:
        yield ok("timeouts", f"ours {settings.reading.deadline_s:.0f} s, Postfix's {timeout:.0f} s")
    size, limit = int(values["message_size_limit"] or 0), Limits().message_bytes
    if size == 0 or size > limit:
        yield warn("message size", f"Postfix takes larger messages than the {limit // 2**20} MB that are read whole")
    else:
        yield ok("message size", f"Postfix's limit {size // 2**20} MB is within ours")
    if "{client_addr}" not in values["milter_connect_macros"]:
        yield fail(
            "macros",
            "milter_connect_macros does not ask for {client_addr}: every message looks as if made on this machine",
            "safehold init prints the line",
        )
    else:
        yield ok("macros", "the client's address is asked for")
    if "\\0" not in values["message_reject_characters"]:
        yield warn("NUL", "a NUL in a header hides the rest of it from every milter", "message_reject_characters = \\0")
    if values["smtpd_forbid_bare_newline"] in {"", "no"}:
        yield warn("smuggling", "smtpd_forbid_bare_newline is off (CVE-2023-51764)", "set it to normalize")


def _release_listener(settings: Settings, services: Iterable[postfix.Service], queue_directory: str) -> Iterator[Check]:
    listener = settings.release.listener
    host, _, port = listener.rpartition(":")
    service = next((s for s in services if s.kind == "inet" and s.name in {listener, f"[{host}]:{port}", port}), None)
    if service is None:
        yield fail("release listener", f"no service {listener} in master.cf: nothing can be released", "safehold init")
        return
    milters = service.overrides.get("smtpd_milters", "")
    options = service.overrides.get("receive_override_options", "")
    if not _named(settings.guard.socket, milters, queue_directory):
        yield fail(
            "release listener",
            f"{listener} is not behind the release guard: it delivers anything for anybody on this machine",
            "safehold init prints the service",
        )
    elif "no_address_mappings" not in options:
        yield fail("release listener", f"{listener} maps addresses: a release may reach other people", "safehold init")
    elif service.name == port:
        yield fail("release listener", "listens on all interfaces", f"name it {listener}")
    else:
        yield ok("release listener", f"{listener}, behind the guard, maps nothing")


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+)\s*([smhd]?)", text.strip())
    if not found:
        return 300.0
    return int(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]


def _swap() -> Iterator[Check]:
    try:
        used = Path("/proc/swaps").read_text(encoding="utf-8").splitlines()[1:]
    except OSError:
        return
    plain = [line for line in used if line.strip() and not line.startswith(("/dev/zram", "/dev/dm-"))]
    if plain:
        yield warn(
            "swap", "there is unencrypted swap: text of messages may be written to disk", "encrypt it or turn it off"
        )
    else:
        yield ok("swap", "none that is unencrypted")

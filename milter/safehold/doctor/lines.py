# SPDX-License-Identifier: GPL-3.0-or-later
"""What Postfix is told: every line that `init` prints, and what in its settings goes around us.

The cures are the very lines that `init` prints for this machine, so that both can only be right or wrong together.
"""

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from safehold import assemble, postfix
from safehold.doctor.checks import Check, Gateway, Subject, fail, ok, warn
from safehold.doctor.sockets import inside, reload
from safehold.errors import MapUnreadableError
from safehold.postfix import Asker, Line, Postconf, Service

# A milter slower than Postfix's content timeout gets 451s while it is still deciding: stay under 80 % of it.
TIMEOUT_SHARE = 0.8
# The first Postfix with `shutdown`, which ends the session in place of failing all the rest of it.
SHUTDOWN_SINCE = (3, 11)
PROGRAMS = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"

NAMES = (
    *postfix.MILTER_SETTINGS,
    "mail_version",
    "smtpd_milter_maps",
    "milter_default_action",
    "milter_content_timeout",
    "milter_connect_macros",
    "milter_macro_daemon_name",
    "enable_long_queue_ids",
    "enable_original_recipient",
    "message_reject_characters",
    "message_size_limit",
    "smtpd_forbid_bare_newline",
)


@dataclass(frozen=True, slots=True)
class Said:
    """A setting that holds for one of our milters: its name and place, its value, and the command that rights it.

    Without a command it is the setting of main.cf, and right by the line that `init` prints.
    """

    name: str
    value: str
    cure: str


@dataclass(frozen=True)
class Told:
    """What this machine's Postfix is told, and what it should be."""

    gateway: Gateway
    instance: Postconf
    values: Mapping[str, str]
    services: tuple[Service, ...]
    lines: tuple[Line, ...]

    @cached_property
    def reload(self) -> str:
        """Return the command that puts changed settings in force."""
        return reload(self.gateway.settings.postfix.config_directory)

    @cached_property
    def releasing(self) -> Mapping[str, Line]:
        """Return the services that take released mail, by the name of master.cf."""
        return {line.name: line for line in self.lines if line.file == "master.cf"}

    def ours(self, asker: Asker, name: str) -> tuple["Said", ...]:
        """Return what holds of *name* (``default_action``) for each of our milters that this daemon asks, and whence.

        The braces of an entry count most, then the service's own setting, then main.cf.
        """
        sockets = (self.gateway.settings.milter.socket, self.gateway.settings.guard.socket)
        entries = [entry for where in sockets for entry in asker.entries(where)]
        return tuple(self._said(asker, entry, name) for entry in dict.fromkeys(entries))

    def _said(self, asker: Asker, entry: str, name: str) -> "Said":
        setting = f"milter_{name}"
        overrides = next(s.overrides for s in self.services if f"{s.name}/{s.kind}" == asker.service)
        if own := postfix.option(entry, name):
            where = f"{asker.service}/{asker.setting}" if asker.is_override else asker.setting
            line = self.releasing.get(asker.service)
            return Said(f"{where} {{... {name}}}", own, self.run(line) if line else self.rewritten(asker, self.lines))
        if setting in overrides:
            line = self.releasing.get(asker.service)
            cure = self.run(line) if line else self.postconf("-PX", f"{asker.service}/{setting}")
            return Said(f"{asker.service}/{setting}", overrides[setting], cure)
        return Said(setting, self.values[setting], "")

    def rewritten(self, asker: Asker, lines: Iterable[Line]) -> str:
        """Return the command that writes a daemon's milters as *lines* have them."""
        line = next(line for line in lines if line.name == asker.setting)
        if asker.is_override:
            return self.postconf("-P", f"'{asker.service}/{asker.setting}={line.value}'")
        return self.run(line)

    @cached_property
    def askers(self) -> tuple[Asker, ...]:
        """Return all daemons that ask milters, those for released mail included."""
        return postfix.askers(self.services, self.values)

    def setting(self, name: str, value: str) -> str:
        """Return the command that sets *name* to *value* and puts it in force."""
        return self.run(Line("main.cf", name, value, ""))

    def run(self, line: Line) -> str:
        """Return the command that writes a line and puts it in force."""
        return f"{line.shell(self.gateway.settings.postfix.config_directory)} && {self.reload}"

    def cure(self, name: str) -> str:
        """Return the command for the line of that name that `init` prints."""
        return self.run(next(line for line in self.lines if line.name == name))

    def postconf(self, *arguments: str) -> str:
        """Return a postconf command on this instance."""
        where = postfix.on_instance(self.gateway.settings.postfix.config_directory)
        return f"{' '.join(('postconf', *where, *arguments))} && {self.reload}"


def check(gateway: Gateway) -> Iterator[Check]:
    """Tell what is wrong with what Postfix is told."""
    settings = gateway.settings
    if settings.postfix.maps == "none":
        yield warn(
            "postfix", "not asked (postfix.maps is none): aliases are not expanded, fine only where there are none"
        )
        return
    trouble = _absent(gateway)
    if trouble is not None:
        yield trouble
        return
    postconf = Postconf(settings.postfix.config_directory)
    try:
        told = Told(gateway, postconf, postconf.values(*NAMES), postconf.services(), assemble.postfix_lines(settings))
    except MapUnreadableError as error:
        yield fail("postfix", f"cannot be asked: {error}", f"postconf {_where(gateway)}mail_version   (it says why)")
        return
    for subject in (_judged, _default_action, _settings, _releasing):
        yield from subject(told)
    yield from _maps(postconf, told)


def _absent(gateway: Gateway) -> Check | None:
    """Return why there is no Postfix to ask, if there is none."""
    directory = gateway.settings.postfix.config_directory
    if shutil.which("postconf", path=PROGRAMS) is None:
        return fail(
            "postfix",
            "is not installed here: there is no postconf",
            f"install Postfix, or write postfix: {{maps: none}} in {gateway.file} beside another mail server",
        )
    if directory is not None and not (directory / "main.cf").exists():
        there = "holds no main.cf" if directory.is_dir() else "is no folder"
        return fail(
            "postfix",
            f"postfix.config_directory in {gateway.file} is {directory}, which {there}",
            "postconf -h config_directory   (prints the right one; leave the setting out where there is only one)",
        )
    return None


def _where(gateway: Gateway) -> str:
    return "".join(f"{word} " for word in postfix.on_instance(gateway.settings.postfix.config_directory))


# -- whether mail is judged -------------------------------------------------------------------------------------

_BY = {"smtpd_milters": "mail by SMTP", "non_smtpd_milters": "mail by sendmail(1)"}


def _judged(told: Told) -> Iterator[Check]:
    """Look at everybody who should ask us: most gateways come to be bypassed by one service that does not."""
    ours, guard = told.gateway.settings.milter.socket, told.gateway.settings.guard.socket
    for name, who in _BY.items():
        askers = [a for a in told.askers if a.setting == name and a.service not in told.releasing]
        astray = [_astray(told, a) for a in askers if not a.asks(ours) and not a.asks(guard)]
        # Several services with one fault of main.cf have one cure.
        yield from dict.fromkeys(astray)
        if not astray:
            yield ok(name, f"{who} is checked")
    if told.values["smtpd_milter_maps"]:
        yield warn(
            "smtpd_milters",
            "smtpd_milter_maps gives some clients other milters: what they send may leave unchecked",
            told.postconf("-X", "smtpd_milter_maps"),
        )


def _astray(told: Told, asker: Asker) -> Check:
    """Return why a daemon does not reach us, with the cure."""
    name, who, ours = asker.setting, _BY[asker.setting], told.gateway.settings.milter.socket
    unless = "   (unless only checked mail can reach it)"
    if asker.silenced_by:
        flag = "-PX" if "/" in asker.silenced_by else "-X"
        return fail(
            "master.cf" if flag == "-PX" else name,
            f"{asker.silenced_by} has no_milters: {asker.service} takes mail without asking safehold",
            told.postconf(flag, asker.silenced_by) + unless,
        )
    if asker.misses(ours):
        root = f"is chrooted to {asker.queue_directory}" if asker.is_chrooted else "is not chrooted"
        cures = _rooted(told, asker)
        return fail(
            name, f"{asker.service} {root} and does not find our socket by `{asker.value}`: {who} waits", *cures
        )
    if asker.is_override:
        return fail(
            "master.cf",
            f"service {asker.service} has {name} of its own and takes mail without asking safehold",
            told.postconf("-PX", f"{asker.service}/{name}") + unless,
        )
    return fail(name, f"does not name our socket: {who} leaves unchecked", *_rooted(told, asker))


def _rooted(told: Told, asker: Asker) -> tuple[str, ...]:
    """Return the command that names our socket as this daemon can open it."""
    settings, queue = told.gateway.settings, asker.queue_directory
    wanted = told.lines
    first: tuple[str, ...] = ()
    if asker.is_chrooted and not settings.milter.socket.startswith(f"unix:{queue.rstrip('/')}/"):
        first = (f"move the socket into {queue} first: see `milter socket`",)
        wanted = assemble.postfix_lines(inside(settings, queue), former=settings)
    return *first, told.rewritten(asker, wanted)


# -- settings of main.cf ----------------------------------------------------------------------------------------


WAITING = frozenset({"tempfail", "shutdown"})


def _default_action(told: Told) -> Iterator[Check]:
    """Tell what becomes of mail when we do not answer.  What others' milters say of themselves is their affair."""
    version = told.values["mail_version"]
    number = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    ours = [each for asker in told.askers for each in told.ours(asker, "default_action")]
    ours = ours or [Said("milter_default_action", told.values["milter_default_action"], "")]
    bad = [said for said in ours if said.value not in WAITING]
    if bad:
        words = dict.fromkeys(f"{said.name} = {said.value}" for said in bad)
        yield fail(
            "default action",
            f"{', '.join(words)}: mail leaves unchecked (or bounces) when the check is down, for all the rest of that"
            " SMTP session",
            *dict.fromkeys(said.cure or told.cure("milter_default_action") for said in bad),
        )
    elif number >= SHUTDOWN_SINCE and any(said.value != "shutdown" for said in ours):
        yield warn(
            "default action",
            "tempfail is sticky for a session; this Postfix has `shutdown`, which is better",
            told.setting("milter_default_action", "shutdown"),
        )
    else:
        actions = " and ".join(sorted({said.value for said in ours}))
        yield ok("default action", f"{actions}: mail waits when the check is down{_beside_us(told)}")


def _beside_us(told: Told) -> str:
    """Return what the setting that holds for all milters means for those of others that say nothing of their own."""
    sockets = (told.gateway.settings.milter.socket, told.gateway.settings.guard.socket)
    queue = told.values["queue_directory"]
    if told.values["milter_default_action"] not in WAITING:
        return ""
    judged = [asker.value for asker in told.askers if asker.service not in told.releasing]
    words = postfix.follow_default(entry for value in judged for entry in postfix.others(value, sockets, queue))
    return f"; {words}" if words else ""


def _settings(told: Told) -> Iterator[Check]:
    values = told.values
    yield _yes(
        told,
        "queue ids",
        "enable_long_queue_ids",
        "long: never used twice",
        "queue ids are reused, so a log line may name the wrong message",
    )
    yield _yes(
        told,
        "original recipient",
        "enable_original_recipient",
        "kept: a member of a list can be put back",
        "Postfix drops a member of a list that is put back, so lists are held whole",
    )
    yield _timeout(told)
    yield _size(told)
    if "{client_addr}" in values["milter_connect_macros"]:
        yield ok("macros", "the client's address is asked for")
    else:
        yield fail(
            "macros",
            "milter_connect_macros does not ask for {client_addr}: every message looks as if made on this machine",
            told.cure("milter_connect_macros"),
        )
    if not values["milter_macro_daemon_name"]:
        yield warn(
            "macros",
            "milter_macro_daemon_name is empty: which Postfix a mail came through is not known",
            told.cure("milter_macro_daemon_name"),
        )
    if "\\0" not in values["message_reject_characters"]:
        yield warn(
            "NUL",
            "message_reject_characters lets a NUL pass, which hides the rest of a header from every milter",
            told.cure("message_reject_characters"),
        )
    yield from _smuggling(told)


def _yes(told: Told, name: str, setting: str, good: str, bad: str) -> Check:
    if told.values[setting] == "yes":
        return ok(name, good)
    return fail(name, f"{setting} = {told.values[setting] or 'no'}: {bad}", told.cure(setting))


def _timeout(told: Told) -> Check:
    ours = assemble.reading_limits(told.gateway.settings).deadline_dear_s
    known = [each for asker in told.askers for each in told.ours(asker, "content_timeout")]
    known = known or [Said("milter_content_timeout", told.values["milter_content_timeout"], "")]
    said = min(known, key=lambda each: _seconds(each.value))
    theirs = _seconds(said.value)
    if ours > TIMEOUT_SHARE * theirs:
        return fail(
            "timeouts",
            f"our deadline {ours:.0f} s is too near {said.name} = {theirs:.0f} s",
            said.cure or told.cure("milter_content_timeout"),
        )
    return ok("timeouts", f"ours {ours:.0f} s, Postfix's {theirs:.0f} s")


def _size(told: Told) -> Check:
    size, limit = (
        int(told.values["message_size_limit"] or 0),
        assemble.reading_limits(told.gateway.settings).message_bytes,
    )
    if size == 0 or size > limit:
        return warn(
            "message size",
            f"message_size_limit lets larger messages in than the {_megabytes(limit)} that are read whole",
            told.setting("message_size_limit", str(limit)),
        )
    return ok("message size", f"Postfix's limit {_megabytes(size)} is within ours, {_megabytes(limit)}")


def _smuggling(told: Told) -> Iterator[Check]:
    setting = "smtpd_forbid_bare_newline"
    known = [line for line in told.lines if line.name == setting]
    if told.values[setting] in {"", "no"}:
        # What a patch level knows is asked of Postfix itself: distributions carry fixes to older ones.
        is_known = bool(told.values[setting])
        yield warn(
            "smuggling",
            f"{setting} is off (CVE-2023-51764): a second message, unchecked, can be smuggled inside another"
            if is_known
            else f"this Postfix {told.values['mail_version']} does not know {setting} (CVE-2023-51764)",
            (told.run(known[0]) if known else told.setting(setting, "yes"))
            if is_known
            else "install a Postfix with the fix; until then: "
            + told.setting("smtpd_data_restrictions", "reject_unauth_pipelining"),
        )


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.1f}".removesuffix(".0") + " MB"


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+)\s*([smhdw]?)", text.strip())
    if not found:
        return 300.0
    return int(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}[found[2]]


# -- released mail ----------------------------------------------------------------------------------------------

_MAPPING = "receive_override_options"
# Options that a site may choose by itself: the guard is asked for apart, and a name in a log decides nothing.
_FREE = frozenset({"smtpd_milters", "syslog_name"})


def _releasing(told: Told) -> Iterator[Check]:
    """Look at each service that takes released mail: it must be there, behind the guard, and do what its line says."""
    services = {f"{service.name}/{service.kind}": service for service in told.services}
    for name, line in told.releasing.items():
        listener, _, kind = name.rpartition("/")
        port = listener.rpartition(":")[2]
        wide = next((n for n in (f"{port}/inet", f"[::]:{port}/inet", f"0.0.0.0:{port}/inet") if n in services), "")
        if name in services:
            yield _release_service(told, services[name], line)
        elif kind == "inet" and wide:
            yield fail(
                "release listener",
                f"{wide} listens on all interfaces; released mail comes from this machine only",
                f"{told.postconf('-MX', wide)} && {told.run(line)}",
            )
        else:
            lost = "nothing" if listener == told.gateway.settings.release.listener else "nothing that a list gets"
            yield fail(
                "release listener", f"no service {listener} in master.cf: {lost} can be released", told.run(line)
            )


def _release_service(told: Told, service: Service, line: Line) -> Check:
    name, cure, guard = service.name, told.run(line), told.gateway.settings.guard.socket
    askers = [a for a in told.askers if a.service == line.name and a.setting == "smtpd_milters"]
    if service.kind == "inet" and not any(asker.asks(guard) for asker in askers):
        return fail(
            "release listener",
            f"{name} is not behind the release guard: it delivers anything for anybody on this machine",
            cure,
        )
    others = [option for option in _differing(told, service, line) if option not in _FREE]
    is_mapped, is_to_be = (
        "no_address_mappings" not in value
        for value in (_in_force(told, service, _MAPPING), line.options.get(_MAPPING, ""))
    )
    if service.kind == "inet" and is_mapped is not is_to_be:
        so = (
            "maps addresses: a release may reach other people"
            if is_mapped
            else "maps no addresses, and so knows no list"
        )
        return fail("release listener", f"{name} {so}", cure)
    if others:
        return warn("release listener", f"{name} differs from its line in {', '.join(others)}", cure)
    return ok(
        "release listener", f"{name}, as its line says" + (", behind the guard" if service.kind == "inet" else "")
    )


def _in_force(told: Told, service: Service, option: str) -> str:
    return service.overrides.get(option, told.instance.values(option)[option])


def _differing(told: Told, service: Service, line: Line) -> list[str]:
    """Return the options in which a service does not do what its line says, by what is in force for it."""
    main = told.instance.values(*line.options)
    return [
        name for name, value in line.options.items() if _plain(service.overrides.get(name, main[name])) != _plain(value)
    ]


def _plain(value: str) -> str:
    return ",".join(postfix.members(value))


# -- maps -------------------------------------------------------------------------------------------------------


def _maps(postconf: Postconf, told: Told) -> Iterator[Check]:
    blind = postfix.blind_spots(postconf)
    for name, why in blind.items():
        yield warn("maps", f"{name} {why}: who gets such mail is not judged")
    if not blind:
        yield ok("maps", "every map that sends mail elsewhere is followed")
    for text in postfix.Maps(postconf).check():
        yield fail(
            "maps",
            f"{text} cannot be asked: every list that it may concern is held whole",
            f"postmap {_where(told.gateway)}-q postmaster {text}   (it says why)",
        )


CHECKS: dict[str, Subject] = {"postfix": check}

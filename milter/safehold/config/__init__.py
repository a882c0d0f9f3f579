# SPDX-License-Identifier: GPL-3.0-or-later
"""The administrator's settings: one YAML file, typed, with every complaint placed at its line and column.

Relative paths are relative to the file that names them.  Nothing secret stands in it: keys are files in ``keys``.
"""

import difflib
import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import yaml
from pydantic import Field, ValidationError, ValidationInfo, create_model, field_validator, model_validator

from safehold.config.calendar import CalendarSettings
from safehold.config.shapes import Domain, HostPort, Mailbox, MilterSocket, Section, StaffMailbox, TimeZone
from safehold.config.shapes import NotADomainError as NotADomainError
from safehold.config.shapes import domain as domain
from safehold.errors import Complaint, ComplaintsError
from safehold.reading.limits import Limits

DEFAULT_PATH = Path("/etc/safehold/safehold.yaml")
SIZE_LIMIT_BYTES = 1_000_000
# What `init` writes until somebody says better: `doctor` fails while they stand there.
SAMPLE_NAME = "your organisation"
SAMPLE_PHONE = "01632 960 001"


class Organisation(Section):
    """Who speaks in the notices, and where: the last day of an authority ends with the day there."""

    name: str = SAMPLE_NAME
    urgent_phone: str = ""
    help_url: str = ""
    timezone: TimeZone = "Europe/London"


class Domains(Section):
    """Which domains are our own; sub-domains count.  Who a partner is, the policies say: their list ``partners``."""

    own: tuple[Domain, ...] = ()


class OriginSettings(Section):
    """What counts as *from us* besides a signed-in sender (DESIGN 3a)."""

    trusted_clients: tuple[IPv4Network | IPv6Network, ...] = (
        IPv4Network("127.0.0.0/8"),
        IPv6Network("::1/128"),
    )
    devices: dict[str, str] = Field(default_factory=dict)


class Milter(Section):
    """The front end that Postfix talks to."""

    socket: MilterSocket = "unix:/var/spool/postfix/safehold/milter.sock"
    drain_s: float = Field(default=25.0, ge=0, le=300)


class Guard(Section):
    """The release guard's socket."""

    socket: MilterSocket = "unix:/var/spool/postfix/safehold/guard.sock"


class Release(Section):
    """Where the courier hands over what leaves: listeners behind the release guard.

    Attributes:
        listener: It maps no addresses: mail goes to exactly the people named.
        lists: Another that does map them, for what is held under the name of a list that could not be expanded.
            Without it, such a hold cannot be released.
    """

    listener: HostPort = "127.0.0.1:10027"
    lists: HostPort | None = None

    @field_validator("lists")
    @classmethod
    def _is_another(cls, lists: str | None, info: ValidationInfo) -> str | None:
        if lists is not None and lists == info.data.get("listener"):
            raise ValueError("must be another than `release.listener`: one maps addresses, the other does not")
        return lists


class Smtpd(Section):
    """The proxy front end, for mail servers that speak no milter."""

    listen: HostPort = "127.0.0.1:10025"
    next_hop: HostPort = "127.0.0.1:10026"
    xforward_from: tuple[IPv4Network | IPv6Network, ...] = ()


class PostfixSettings(Section):
    """Which Postfix instance's maps say who really gets a mail; ``maps: none`` where nothing is mapped."""

    config_directory: Path | None = None
    maps: Literal["auto", "none"] = "auto"


class Notices(Section):
    """Who writes to staff, and who is written to."""

    sender: StaffMailbox = Field(default="email-check@localhost", alias="from")
    duty: tuple[StaffMailbox, ...] = ()
    reviewers: dict[str, tuple[StaffMailbox, ...]] = Field(default_factory=dict)
    detail: Literal["none", "where", "kind"] = "where"


class Journal(Section):
    """An archive that the mail server copies every message to (``always_bcc``), so that it gets exactly one copy.

    Attributes:
        address: The archive.
        at: When it gets a message of which nothing went on when it came, so that the mail server made no copy: once it
            is released, or (whatever is decided on it) at the hold.
    """

    address: Mailbox
    at: Literal["hold", "release"] = "release"


_LONGEST_S = 240


class _ReadingLimits(Section):
    """The base of :data:`ReadingLimits`."""

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        if self.effective(Limits().deadline_s).deadline_dear_s > _LONGEST_S:
            raise ValueError(f"deadline_dear_s may be {_LONGEST_S} at most: the mail server waits for 300 seconds")
        return self

    def effective(self, deadline_s: float) -> Limits:
        """Return all limits; whoever gives a message longer gives one with pictures no less."""
        said = self.model_dump(exclude_unset=True)
        said.setdefault("deadline_dear_s", max(Limits().deadline_dear_s, deadline_s))
        return Limits(deadline_s=deadline_s, **said)


# Each limit of reading by its own name, with its own default; the deadline has its place beside the workers.
if TYPE_CHECKING:
    ReadingLimits = _ReadingLimits
else:
    _LEAST = {int: 1, float: 0.001}
    _MAY_BE_NONE = frozenset({"restarts", "ocr_pages", "cells"})
    ReadingLimits = create_model(
        "ReadingLimits",
        __base__=_ReadingLimits,
        **{
            limit.name: (
                limit.type,
                Field(default=limit.default, ge=0 if limit.name in _MAY_BE_NONE else _LEAST[limit.type]),
            )
            for limit in fields(Limits)
            if limit.name != "deadline_s"
        },
    )


class Publishing(Section):
    """How policies get into force.

    Attributes:
        required: A gateway judges by what `safehold policy publish` published last, whatever lies in the folder.  Else
            it loads the folder, and records what it found changed.
    """

    required: bool = False


class ReadingSettings(Section):
    """How much a message may cost.

    Attributes:
        workers: How many processors' worth of ordinary messages are read at once; twice as many share them.
        dear_workers: Messages whose pictures are recognised at once beside them, and the same number of others that
            take long; as many as ``workers`` where nothing is said.
        waiting: Messages of the latter two kinds that wait for that; one more is asked to come again later.
        deadline_s: Seconds one message may take.
        limits: Everything else that is counted (:class:`safehold.reading.limits.Limits`).
    """

    workers: int = Field(default=2, ge=1, le=64)
    dear_workers: int | None = Field(default=None, ge=1, le=64)
    waiting: int = Field(default=16, ge=0, le=200)
    deadline_s: float = Field(default=30.0, gt=0, le=_LONGEST_S)
    limits: ReadingLimits = Field(default_factory=ReadingLimits)

    def effective(self) -> Limits:
        """Return the limits of reading."""
        return self.limits.effective(self.deadline_s)


class Settings(Section):
    """Everything in ``safehold.yaml``."""

    organisation: Organisation = Organisation()
    domains: Domains = Domains()
    origin: OriginSettings = OriginSettings()
    policies: Path = Path("policies")
    store: Path = Path("safehold.db")
    keys: Path = Path("keys")
    milter: Milter = Milter()
    guard: Guard = Guard()
    release: Release = Release()
    smtpd: Smtpd = Smtpd()
    postfix: PostfixSettings = PostfixSettings()
    notices: Notices = Notices()
    journal: Journal | None = None
    calendar: CalendarSettings = CalendarSettings()
    publishing: Publishing = Publishing()
    reading: ReadingSettings = ReadingSettings()


def load(path: Path) -> Settings:
    """Return the settings in *path*, paths made absolute.

    Raises:
        ComplaintsError: The file is missing or wrong; carries every complaint, with line and column.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        hint = _INIT_HINT if isinstance(error, FileNotFoundError) else _ROOT_HINT
        reason = (error.strerror or "cannot be read").lower()
        raise ComplaintsError([Complaint(str(path), 0, 0, "unreadable", reason, hint)]) from error
    return _absolute(parse(str(path), data), path.resolve().parent)


_INIT_HINT = "`safehold init --config FILE` writes one"
_ROOT_HINT = "run this as root: sudo safehold ..."


def check(path: Path) -> tuple[Complaint, ...]:
    """Return what is well written in *path* and cannot work on this machine, each with its place.

    Raises:
        ComplaintsError: As :func:`load`.
    """
    settings = load(path)
    data = path.read_bytes()
    node, lines = yaml.compose(data, Loader=yaml.SafeLoader), data.decode("utf-8", "replace").splitlines()
    found = []
    for place, message, hint in _doubts(settings, path):
        mark = _locate(node, place)[0] if _is_written(node, place[0]) else None
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        source = lines[line - 1] if 0 < line <= len(lines) else ""
        dotted = ".".join(map(str, place))
        found.append(Complaint(str(path), line, column, "setting", f"`{dotted}`: {message}", hint, source=source))
    return tuple(sorted(found))


def _doubts(settings: Settings, path: Path) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Yield place, doubt and cure."""
    if not settings.store.parent.is_dir():
        yield ("store",), f"there is no folder {settings.store.parent}", f"safehold init --config {path}"
    if not settings.policies.is_dir():
        yield ("policies",), f"there is no folder {settings.policies}", f"safehold init --config {path}"
    yield from _stale_holidays(settings.calendar)
    own, said = settings.domains.own, settings.notices
    listed: dict[tuple[str | int, ...], str] = {("notices", "from"): said.sender}
    listed |= {("notices", "duty", number): address for number, address in enumerate(said.duty)}
    for role, addresses in said.reviewers.items():
        listed |= {("notices", "reviewers", role, number): address for number, address in enumerate(addresses)}
    for place, address in listed.items():
        if own and not _is_inside(address, own):
            yield place, "is outside domains.own, and no notice is sent outside", "name an address of your own"


def _stale_holidays(calendar: CalendarSettings) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    name = "holidays_file" if calendar.holidays_file is not None else "holidays"
    try:
        days = calendar.all_holidays()
    except ComplaintsError as error:
        first = error.complaints[0]
        place = f"line {first.line}: " if first.line else ""
        yield ("calendar", name), f"{place}{first.message}", first.hint
        return
    if days and max(days) < datetime.now(UTC).date():
        last = f"the last holiday named is {max(days)}, and deadlines take every one after it for a working day"
        yield ("calendar", name), last, "add those to come"


def _is_written(root: yaml.Node | None, name: str | int) -> bool:
    return isinstance(root, yaml.MappingNode) and any(key.value == name for key, _ in root.value)


def _is_inside(address: str, own: tuple[str, ...]) -> bool:
    place = address.rpartition("@")[2].lower()
    return any(place == each or place.endswith(f".{each}") for each in own)


def parse(file: str, data: bytes) -> Settings:
    """Return the settings in *data*; *file* names it in complaints.

    A file that is none of ours is not quoted, not by a word: whoever may run a command as root could otherwise read any
    file by naming it as settings.
    """
    if len(data) > SIZE_LIMIT_BYTES:
        raise ComplaintsError([Complaint(file, 0, 0, "too-large", "settings are larger than 1 MB")])
    try:
        node = yaml.compose(data, Loader=yaml.SafeLoader)
        value = yaml.load(data, Loader=yaml.BaseLoader)  # noqa: S506 - BaseLoader builds nothing but text
    except yaml.YAMLError as error:
        raise ComplaintsError([_syntax(file, error) if _LINE_OF_OURS.search(data) else _not_ours(file)]) from None
    except (RecursionError, UnicodeDecodeError):
        raise ComplaintsError([Complaint(file, 0, 0, "yaml", "is not readable YAML text")]) from None
    if value in ("", None):
        value = {}
    if not isinstance(value, dict) or (value and value.keys().isdisjoint(_SECTIONS)):
        raise ComplaintsError([_not_ours(file)])
    try:
        return Settings.model_validate(value)
    except ValidationError as error:
        lines = data.decode("utf-8", "replace").splitlines()
        raise ComplaintsError(_complaint(file, node, lines, item) for item in error.errors()) from None


_SECTIONS = frozenset(Settings.model_fields)
_LINE_OF_OURS = re.compile(rf"^(?:{'|'.join(sorted(_SECTIONS))})[ \t]*:".encode(), re.MULTILINE)


def _not_ours(file: str) -> Complaint:
    hint = f"settings are {', '.join(sorted(_SECTIONS))}; {_INIT_HINT}"
    return Complaint(file, 0, 0, "yaml", "is no settings file of safehold: none of its settings stands in it", hint)


def _syntax(file: str, error: yaml.YAMLError) -> Complaint:
    mark = getattr(error, "problem_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    return Complaint(file, line, column, "yaml", str(getattr(error, "problem", None) or "is not readable YAML text"))


def _complaint(file: str, root: yaml.Node | None, lines: list[str], item: Any) -> Complaint:
    mark, known = _locate(root, item["loc"])
    dotted = ".".join(str(step) for step in item["loc"])
    hint = ""
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    source = lines[line - 1] if known and 0 < line <= len(lines) else ""
    if item["type"] == "extra_forbidden":
        source = source[: column - 1 + len(str(item["loc"][-1]))]  # its value is none of ours
        message = f"`{item['loc'][-1]}` is not a setting here"
        close = difflib.get_close_matches(str(item["loc"][-1]), _keys_at(item["loc"][:-1]), n=1)
        hint = f"did you mean `{close[0]}`?" if close else f"settings here: {', '.join(_keys_at(item['loc'][:-1]))}"
        hint = _MOVED.get(dotted, hint)
    else:
        message = f"`{dotted}`: {_EXPECTED.get(item['type']) or item['msg'].removeprefix('Value error, ')}"
        hint = getattr(item.get("ctx", {}).get("error"), "hint", "")
    if item["type"] == "tuple_type" and isinstance(item["input"], str):
        hint = f"write a list: [{item['input']}]"
    return Complaint(file, line, column, "setting", message, hint, source=source, length=len(str(item["loc"][-1])))


# What was a setting once -> where it stands today.
_MOVED = {
    "domains.partners": "partners stand in the policies, lists: {partners: {kind: domain, items: [...]}};"
    " take the line out here"
}

# Pydantic speaks to programmers; these are the kinds of it that a settings file can meet.
_EXPECTED = {
    "tuple_type": "expected a list",
    "string_type": "expected a text",
    "int_parsing": "expected a whole number",
    "float_parsing": "expected a number",
    "dict_type": "expected `name: value`, one a line",
    "model_type": "expected `name: value`, one a line",
    "path_type": "expected a path",
    "ip_v4_network": "expected a network, e.g. 192.0.2.0/24",
    "ip_v6_network": "expected a network, e.g. 192.0.2.0/24",
    "date_from_datetime_parsing": "expected a day, e.g. 2026-12-25",
    "bool_parsing": "expected yes or no",
}


def _locate(node: yaml.Node | None, path: tuple[int | str, ...]) -> tuple[yaml.Mark | None, bool]:
    """Return the mark of the deepest node of *path* that exists; a key's own mark for a mapping entry."""
    mark = node.start_mark if node else None
    for step in path:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(step)), None)
            if pair is None:
                return mark, mark is not None
            mark, node = pair[0].start_mark, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            mark = node.start_mark
        else:
            return mark, mark is not None
    return mark, mark is not None


def _keys_at(path: tuple[int | str, ...]) -> list[str]:
    model: Any = Settings
    for step in path:
        known = getattr(model, "model_fields", {})
        if step not in known:
            return []
        model = known[step].annotation
    return sorted(f.alias or name for name, f in getattr(model, "model_fields", {}).items())


def _absolute(settings: Settings, folder: Path) -> Settings:
    moved: dict[str, object] = {name: folder / getattr(settings, name) for name in ("policies", "store", "keys")}
    if settings.postfix.config_directory is not None:
        directory = folder / settings.postfix.config_directory
        moved["postfix"] = settings.postfix.model_copy(update={"config_directory": directory})
    if settings.calendar.holidays_file is not None:
        file = folder / settings.calendar.holidays_file
        moved["calendar"] = settings.calendar.model_copy(update={"holidays_file": file})
    return settings.model_copy(update=moved)

# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that Postfix needs beside us, each with its reason: what ``safehold init`` prints.  Pure.

Sources: MILTER_README, postconf(5), master(5), and what was tried with Postfix 3.7.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from safehold.postfix.milters import follow_default

# The patch levels from which smtpd_forbid_bare_newline knows `normalize` (postconf(5)); 3.9 and later always do.  The
# one before each knows the setting, and only `yes`; what is older does not know it at all.
_NORMALIZES = {(3, 5): 24, (3, 6): 14, (3, 7): 10, (3, 8): 5}
# What to write for where Postfix cannot be asked: Debian 12's.
CURRENT_VERSION = "3.7.11"
# The cleanup(8) service of the listener for lists: it maps addresses, and copies nothing.
LIST_CLEANUP = "safehold-lists"


@dataclass(frozen=True, slots=True)
class LineSettings:
    """What the lines depend on.

    Attributes:
        milter_socket, guard_socket: ``unix:`` and a path relative to the queue directory, because smtpd and cleanup
            may be chrooted there; or ``inet:host:port`` as Postfix spells it.
        release_listener: host:port of the service that takes released mail.
        list_listener: host:port of the one that takes what is released to a list; "" for none.
        milters_before, milters_after: The site's other milters (anti-virus before, DKIM signer after), as main.cf has
            them.
        local_milters_after: The same for mail from sendmail(1), where it differs; None for alike.
        deadline_s: The longest we take to read one message.
        postfix_version: ``3.7.11`` and the like; decides what Postfix can do.
    """

    milter_socket: str = "unix:safehold/milter.sock"
    guard_socket: str = "unix:safehold/guard.sock"
    release_listener: str = "127.0.0.1:10027"
    list_listener: str = ""
    milters_before: tuple[str, ...] = ()
    milters_after: tuple[str, ...] = ()
    local_milters_after: tuple[str, ...] | None = None
    deadline_s: int = 30
    postfix_version: str = CURRENT_VERSION

    @property
    def version(self) -> tuple[int, int, int]:
        """Return the version as numbers: ``3.7.11`` and ``3.10-20240101`` alike."""
        numbers = [int(digits) for digits in re.findall(r"\d+", self.postfix_version.partition("-")[0])]
        major, minor, patch = (*numbers, 0, 0, 0)[:3]
        return major, minor, patch

    @property
    def bare_newline(self) -> str:
        """Return the best value of smtpd_forbid_bare_newline that this Postfix knows; "" where it knows none."""
        major, minor, patch = self.version
        normalizes = _NORMALIZES.get((major, minor), 0 if (major, minor) >= (3, 9) else 10_000)
        return "normalize" if patch >= normalizes else "yes" if patch == normalizes - 1 else ""


@dataclass(frozen=True, slots=True)
class Line:
    """One setting of main.cf, or one service of master.cf with its options, and why it is wanted."""

    file: str
    name: str
    value: str
    why: str
    options: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def text(self) -> str:
        """Return the line as it stands in the file."""
        return f"{self.name} = {self.value}" if self.file == "main.cf" else self.value

    @property
    def command(self) -> tuple[str, ...]:
        """Return the postconf command that sets it, as an argument list."""
        if self.file == "main.cf":
            return ("postconf", "-e", f"{self.name}={self.value}")
        return ("postconf", "-M", f"{self.name}={self.value}")

    def shell(self, directory: Path | None = None) -> str:
        """Return that command as it is typed, for the instance in *directory* (None: the machine's own)."""
        program, *arguments = self.command
        return shlex.join((program, *on_instance(directory), *arguments))


def on_instance(directory: Path | None) -> tuple[str, ...]:
    """Return the option that makes a program of Postfix work on the instance in *directory*."""
    return () if directory is None else ("-c", str(directory))


def lines(settings: LineSettings = LineSettings()) -> tuple[Line, ...]:
    """Return the lines for main.cf, then those for master.cf."""
    return (*_main(settings), _release_service(settings), *_list_services(settings))


def _main(settings: LineSettings) -> Sequence[Line]:
    after = settings.milters_after
    local_after = after if settings.local_milters_after is None else settings.local_milters_after
    action = "shutdown" if settings.version >= (3, 11, 0) else "tempfail"
    patience_s = max(240, 2 * settings.deadline_s)
    reasons = (
        ("smtpd_milters", _milters(settings, after), "mail that comes by SMTP is judged"),
        (
            "non_smtpd_milters",
            _milters(settings, local_after),
            "mail from sendmail(1), cron jobs and web applications is judged too",
        ),
        (
            "milter_default_action",
            action,
            "when nobody answers, mail waits; `accept` would let it through, for the rest of the client's session"
            + (f"; {words}" if (words := follow_default((*settings.milters_before, *after, *local_after))) else ""),
        ),
        ("milter_content_timeout", f"{patience_s}s", "a large attachment may take a while; the time-out must be later"),
        (
            "milter_macro_daemon_name",
            "$myhostname",
            "tells which Postfix service a mail came through, where several send to one gateway",
        ),
        (
            "milter_connect_macros",
            "j {daemon_name} {daemon_addr} {daemon_port} {client_addr} v _",
            "client address and port decide whether a mail is ours; Postfix leaves them out unless asked",
        ),
        ("enable_long_queue_ids", "yes", "short queue ids are used again within days, and a log would then lie"),
        (
            "enable_original_recipient",
            "yes",
            "without it a member of a list cannot be put back once another member was taken out",
        ),
        (
            "message_reject_characters",
            r"\0",
            "a NUL in a header hides the rest of the line from every milter, and some mail programs still show it",
        ),
        (
            "smtpd_forbid_bare_newline",
            settings.bare_newline,
            "stops smuggling a second, unjudged message inside the first (CVE-2023-51764)",
        ),
    )
    return [Line("main.cf", name, value, why) for name, value, why in reasons if value]


def _release_service(settings: LineSettings) -> Line:
    return _guarded_service(
        settings,
        settings.release_listener,
        {"syslog_name": "postfix/release", "receive_override_options": "no_address_mappings,no_header_body_checks"},
        "released mail comes back here: to exactly the people named (no aliases), past the release guard, "
        "which refuses whatever nobody released, and past the site's other milters (DKIM)",
    )


def _list_services(settings: LineSettings) -> tuple[Line, ...]:
    """Return the services for what is held under the name of a list, where the settings name a listener for it."""
    if not settings.list_listener:
        return ()
    listener = _guarded_service(
        settings,
        settings.list_listener,
        {
            "syslog_name": "postfix/lists",
            "receive_override_options": "no_header_body_checks",
            "cleanup_service_name": LIST_CLEANUP,
        },
        "what is released to a list that could not be looked up comes back here, past the release guard as well: "
        "this Postfix, which has the list, sends it to those who are on it then",
    )
    # What copies mail has had its copy: at the hold, or from the courier.
    copies = dict.fromkeys(("always_bcc", "sender_bcc_maps", "recipient_bcc_maps"), "")
    cleanup = _service(
        f"{LIST_CLEANUP} unix n - n - 0 cleanup",
        {"syslog_name": "postfix/lists", **copies},
        "the part of it that looks lists up and makes no copies",
    )
    return listener, cleanup


def _guarded_service(settings: LineSettings, service: str, options: dict[str, str], why: str) -> Line:
    """Return an SMTP service on loopback behind the release guard, with *options* of its own.

    Nothing that main.cf says of other mail may change a byte here: header and body checks, which had their say when the
    mail came, would prepend what they prepend once more, and the guard refuses what is not what was held.
    """
    milters = (settings.guard_socket, *settings.milters_after)
    options = options | {
        "smtpd_milters": (", " if any(" " in milter for milter in milters) else ",").join(milters),
        # A map that spares loopback the milters would spare it the guard.
        "smtpd_milter_maps": "",
        "milter_default_action": "tempfail",
        # A header without a domain stays as its sender wrote it: completed, it is not what was held, and the guard
        # refuses it.
        "local_header_rewrite_clients": "",
        # What the sender may and who he is was asked when the mail came; nobody is signed in here.
        "smtpd_helo_restrictions": "",
        "smtpd_sender_restrictions": "",
        "smtpd_data_restrictions": "",
        "smtpd_end_of_data_restrictions": "",
        "smtpd_client_restrictions": "permit_mynetworks,reject",
        "smtpd_relay_restrictions": "permit_mynetworks,reject",
        "smtpd_recipient_restrictions": "permit_mynetworks,reject",
        "mynetworks": "127.0.0.0/8,[::1]/128",
        "smtpd_tls_security_level": "none",
        "smtpd_sasl_auth_enable": "no",
        "smtpd_proxy_filter": "",
        "content_filter": "",
    }
    return _service(f"{service} inet n - n - - smtpd", options, why)


def _service(daemon: str, options: Mapping[str, str], why: str) -> Line:
    """Return the line of master.cf for a *daemon* (all its columns) with *options*."""
    name, kind, *_ = daemon.split()
    return Line("master.cf", f"{name}/{kind}", daemon + "".join(map(_option, options.items())), why, options)


def _option(option: tuple[str, str]) -> str:
    """Return an option of master.cf, where a plain value ends at a blank and one in braces does not (since 3.0)."""
    name, value = option
    return f" -o {{ {name} = {value} }}" if " " in value else f" -o {name}={value}"


def _milters(settings: LineSettings, after: Sequence[str]) -> str:
    return ", ".join((*settings.milters_before, settings.milter_socket, *after))

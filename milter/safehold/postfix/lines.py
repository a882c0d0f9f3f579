# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that Postfix needs beside us, each with its reason: what ``safehold init`` prints.  Pure.

Sources: MILTER_README, postconf(5), master(5), and what was tried with Postfix 3.7.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

# The patch levels from which smtpd_forbid_bare_newline knows `normalize` (postconf(5)); 3.9 and later always do.
_NORMALIZES = {(3, 5): 24, (3, 6): 14, (3, 7): 10, (3, 8): 5}


@dataclass(frozen=True, slots=True)
class LineSettings:
    """What the lines depend on.

    Attributes:
        milter_socket, guard_socket: ``unix:`` and a path relative to the queue directory, because smtpd and cleanup
            may be chrooted there; or ``inet:host:port`` as Postfix spells it.
        release_listener: host:port of the service that takes released mail.
        milters_before, milters_after: The site's other milters (anti-virus before, DKIM signer after).
        deadline_s: The longest we take to read one message.
        postfix_version: ``3.7.11`` and the like; decides what Postfix can do.
    """

    milter_socket: str = "unix:safehold/milter.sock"
    guard_socket: str = "unix:safehold/guard.sock"
    release_listener: str = "127.0.0.1:10027"
    milters_before: tuple[str, ...] = ()
    milters_after: tuple[str, ...] = ()
    deadline_s: int = 30
    postfix_version: str = "3.7"

    @property
    def version(self) -> tuple[int, int, int]:
        """Return the version as numbers: ``3.7.11`` and ``3.10-20240101`` alike."""
        numbers = [int(digits) for digits in re.findall(r"\d+", self.postfix_version.partition("-")[0])]
        major, minor, patch = (*numbers, 0, 0, 0)[:3]
        return major, minor, patch


@dataclass(frozen=True, slots=True)
class Line:
    """One setting of main.cf, or one service of master.cf, and why it is wanted."""

    file: str
    name: str
    value: str
    why: str

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


def lines(settings: LineSettings = LineSettings()) -> tuple[Line, ...]:
    """Return the lines for main.cf, then those for master.cf."""
    return (*_main(settings), _release_service(settings))


def _main(settings: LineSettings) -> Sequence[Line]:
    milters = _milters(settings, settings.milter_socket)
    action = "shutdown" if settings.version >= (3, 11, 0) else "tempfail"
    major, minor, patch = settings.version
    can_normalize = patch >= _NORMALIZES.get((major, minor), 0 if (major, minor) >= (3, 9) else 10_000)
    bare_newline = "normalize" if can_normalize else "yes"
    patience_s = max(240, 2 * settings.deadline_s)
    reasons = (
        ("smtpd_milters", milters, "mail that comes by SMTP is judged"),
        ("non_smtpd_milters", milters, "mail from sendmail(1), cron jobs and web applications is judged too"),
        (
            "milter_default_action",
            action,
            "when nobody answers, mail waits; `accept` would let it through, for the rest of the client's session",
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
            bare_newline,
            "stops smuggling a second, unjudged message inside the first (CVE-2023-51764)",
        ),
    )
    return [Line("main.cf", name, value, why) for name, value, why in reasons]


def _release_service(settings: LineSettings) -> Line:
    milters = ",".join((settings.guard_socket, *settings.milters_after))
    # master.cf takes no blanks in a value: commas separate milters.
    options = {
        "syslog_name": "postfix/release",
        "receive_override_options": "no_address_mappings",
        "smtpd_milters": milters,
        "milter_default_action": "tempfail",
        "smtpd_client_restrictions": "permit_mynetworks,reject",
        "smtpd_relay_restrictions": "permit_mynetworks,reject",
        "smtpd_recipient_restrictions": "permit_mynetworks,reject",
        "mynetworks": "127.0.0.0/8,[::1]/128",
        "smtpd_tls_security_level": "none",
        "smtpd_sasl_auth_enable": "no",
        "smtpd_proxy_filter": "",
        "content_filter": "",
    }
    arguments = "".join(f" -o {name}={value}" for name, value in options.items())
    service = settings.release_listener
    return Line(
        "master.cf",
        f"{service}/inet",
        f"{service} inet n - n - - smtpd{arguments}",
        "released mail comes back here: to exactly the people named (no aliases), past the release guard, "
        "which refuses whatever nobody released, and past the site's other milters (DKIM)",
    )


def _milters(settings: LineSettings, own: str) -> str:
    return ", ".join((*settings.milters_before, own, *settings.milters_after))

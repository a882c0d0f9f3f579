# SPDX-License-Identifier: GPL-3.0-or-later
"""What `safehold init` prints, pasted into a Postfix as Debian packages it, is all that it takes.

The commands are run exactly as printed, the services as the units in ``systemd/`` start them, and the doctor is asked:
with every line it is content, and with any one left out it names it.
"""

import itertools
import json
import os
import re
import shlex
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from harness.postfix import free_ports

from safehold import assemble, config
from safehold.doctor import Level, lines
from safehold.doctor.checks import Gateway

PROJECT = Path(__file__).parent.parent.parent
COMMAND = Path(sys.executable).with_name("safehold")
UNITS = ("safehold-guard", "safehold-milter", "safehold-courier")
SENDER, MEMBER = "jo.marlow@riverbank.example", "gareth.wren@postbox.example"
POLICY = """
version: 1
registers: {refuges: store}
policies:
- id: refuge-address
  title: The refuge's address leaves only to partners
  why: refuge security rule
  owner: housing
  mode: enforce
  if_uninspectable: notify
  when: {content: {register: refuges, fields: [phone]}, recipients: {scope: external}}
"""
PEOPLE = """
- id: R-1
  register: refuges
  values: [{kind: phone, value: "01632 960123"}]
"""
# What depends on the machine that the tests run on, and not on any line.
OF_THE_MACHINE = {"swap", "pictures"}


@pytest.fixture(scope="module")
def site():
    """A site set up as the first administrator would, by what init prints; stopped at the end."""
    from harness.postfix import PrivatePostfix, unavailable

    if reason := unavailable():
        pytest.skip(reason)
    with PrivatePostfix({"message_size_limit": "10240000"}) as running:
        made = Site(running)
        try:
            made.set_up()
            yield made
        finally:
            made.stop()


class Site:
    """One gateway and its Postfix."""

    def __init__(self, running):
        self.postfix = running
        self.folder = running.base / "safehold"
        self.file = self.folder / "safehold.yaml"
        self.printed = []
        self._running = []

    def set_up(self):
        # A Postfix that nobody has told anything, chrooted as its package has it.
        for name in ("milter_default_action", "milter_macro_daemon_name", "milter_connect_macros"):
            self.postfix._wanted.pop(name)
        self.postfix.chroot_as_packaged()
        self.postfix.reload()
        self.safehold("init", "--domain", "riverbank.example")
        self._read_it_through()
        self.printed = [line for line in self.safehold("init").stdout.splitlines() if _is_command(line)]
        (self.folder / "policies" / "refuge.yaml").write_text(POLICY)
        (self.folder / "people.yaml").write_text(PEOPLE)
        self.safehold("register", "import", str(self.folder / "people.yaml"))
        for line in self.printed:
            if line.startswith("install "):
                self.paste(re.sub(r"-o safehold-milter", "-o root", line))  # the units' account is not there
        for unit in UNITS:
            self.start(unit)
        for line in self.printed:
            if line.startswith(("postconf ", "postfix ")):
                self.paste(line)
        self.postfix._await_port(self.port)

    @property
    def port(self):
        return self.postfix._port

    def _read_it_through(self):
        """Edit the settings, as init says."""
        text = self.file.read_text()
        self.release_port = free_ports(1)[0]
        for old, new in (
            (config.SAMPLE_NAME, "Riverbank Council"),
            (config.SAMPLE_PHONE, "01632 960 002"),
            ("listener: 127.0.0.1:10027", f"listener: 127.0.0.1:{self.release_port}"),
            ("  maps: auto", f"  config_directory: {self.postfix.etc}\n  maps: auto"),
        ):
            assert old in text
            text = text.replace(old, new)
        self.file.write_text(text)

    def safehold(self, *arguments, check=True):
        # MAIL_CONFIG makes this Postfix the machine's own, until the settings name it.
        return subprocess.run(
            [COMMAND, *arguments, "--config", str(self.file)],
            capture_output=True,
            text=True,
            check=check,
            env={**os.environ, "MAIL_CONFIG": str(self.postfix.etc)},
        )

    def paste(self, line):
        """Run a printed command as a shell would."""
        subprocess.run(["bash", "-euc", line], check=True, capture_output=True, env={**os.environ, "PATH": _PATH})

    def start(self, unit):
        """Start what a unit starts, with our settings, and wait until it listens."""
        text = (PROJECT / "systemd" / f"{unit}.service").read_text()
        (line,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
        program, verb, *options = shlex.split(line)
        assert Path(program).name == "safehold"
        assert options == ["--config", str(config.DEFAULT_PATH)]
        log = (self.folder / f"{unit}.log").open("wb")
        with log:
            self._running.append(
                subprocess.Popen(
                    [COMMAND, verb, "--config", str(self.file)], stdin=subprocess.DEVNULL, stderr=log, umask=0o007
                )
            )
        word = "courier store=" if verb == "courier" else "listening socket="
        self.postfix.wait_until(lambda: word in self.log(unit), f"{unit} to say {word}")

    def log(self, unit):
        return (self.folder / f"{unit}.log").read_text()

    def stop(self):
        for process in reversed(self._running):
            process.terminate()
        for process in self._running:
            process.wait(30)

    def doctor(self):
        done = self.safehold("doctor", "--json", check=False)
        return done.returncode, [c for c in json.loads(done.stdout) if c["name"] not in OF_THE_MACHINE]

    def holds(self):
        return [json.loads(line) for line in self.safehold("hold", "list", "--all", "--json").stdout.splitlines()]

    def await_hold(self, state, known=()):
        found = []

        def look():
            found[:] = [h for h in self.holds() if h["state"] == state and h["id"] not in known]
            return found

        self.postfix.wait_until(look, f"a hold that is {state}")
        (hold,) = found
        return hold


_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_numbers = itertools.count(1)


def _is_command(line):
    return line.startswith(("postconf ", "postfix ", "install "))


def letter(text):
    number = next(_numbers)
    return (
        f"From: Jo Marlow <{SENDER}>\r\nTo: {MEMBER}\r\nSubject: letter {number}\r\n"
        f"Message-ID: <init.{os.getpid()}.{number}@riverbank.example>\r\n\r\n{text}\r\n"
    ).encode()


def test_with_every_line_the_doctor_is_content(site):
    code, checks = site.doctor()

    assert [c for c in checks if c["level"] != "ok"] == []
    assert code in {0, 1}  # 1: a warning about this machine
    assert "from" in next(c for c in checks if c["name"] == "milter socket")["text"]


def test_services_say_which_socket_they_serve(site):
    settings = config.load(site.file)

    assert f"listening socket={settings.milter.socket}" in site.log("safehold-milter")
    assert f"listening socket={settings.guard.socket}" in site.log("safehold-guard")


@pytest.mark.parametrize("way", ["smtp", "sendmail"])
def test_mail_is_judged_and_what_was_held_is_released_by_those_lines(site, way):
    known = [hold["id"] for hold in site.holds()]
    site.postfix.sink.clear()

    for text in ("Nothing of note.", "Her number is 01632 960123."):
        if way == "smtp":
            assert site.postfix.send(letter(text), SENDER, [MEMBER], port=site.port).code == 250
        else:
            site.postfix._loaded = dict(site.postfix._wanted)  # what was pasted is in force, and stays
            assert site.postfix.sendmail(letter(text), SENDER, [MEMBER]) == 0
    hold = site.await_hold("held", known)
    site.postfix.sink.wait(1, where=lambda d: b"Nothing of note" in d.content)
    assert not [d for d in site.postfix.sink.deliveries if b"Her number" in d.content]

    site.safehold("hold", "release", hold["id"], "--reason", "checked")

    (released,) = site.postfix.sink.wait(1, where=lambda d: b"Her number" in d.content)
    assert released.recipients == (MEMBER,)
    site.await_hold("released", known)


def test_with_any_line_left_out_the_doctor_names_it_with_itself_as_the_cure(site):
    settings = config.load(site.file)
    gateway = Gateway(site.file, settings, datetime.now(UTC))
    reload = f"postfix -c {site.postfix.etc} reload"
    as_good_by_default = set()

    for line in assemble.postfix_lines(settings):
        command = line.shell(site.postfix.etc)
        assert command in site.printed
        flag = "-X" if line.file == "main.cf" else "-MX"
        site.paste(f"postconf -c {site.postfix.etc} {flag} {line.name}")
        _cool(site.postfix.etc)
        found = [check for check in lines.check(gateway) if check.level is not Level.OK]
        if found:
            assert [check.fix for check in found] == [f"{command} && {reload}"], line.name
        else:
            as_good_by_default.add(line.name)
        site.paste(command)
        _cool(site.postfix.etc)

    assert [check for check in lines.check(gateway) if check.level is not Level.OK] == []
    # What a Postfix 3.7 does where nobody says anything; an older or newer one may know better or worse.
    assert as_good_by_default <= {
        "milter_default_action",
        "milter_content_timeout",
        "milter_macro_daemon_name",
        "enable_original_recipient",
        "smtpd_forbid_bare_newline",
    }


def _cool(etc):
    """Make files look as if they were not written just now: Postfix's programs wait a second with such a file."""
    for name in ("main.cf", "master.cf"):
        moment = time.time_ns() - 3_600_000_000_000
        os.utime(etc / name, ns=(moment, moment))

# SPDX-License-Identifier: GPL-3.0-or-later
"""``safehold milter | guard | smtpd | courier``: one part each, in the foreground, as a supervisor wants them."""

import argparse
import contextlib
import logging
import signal
import sys
import threading
from typing import Any

from safehold import assemble, config
from safehold.cli.output import Exit
from safehold.courier import Courier

log = logging.getLogger(__name__)

# Blocked before any thread exists, so that every thread inherits it: libmilter and our own loops wait for these
# signals, and a thread that had them open would be killed by them (milter-facts, fact 7).
SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1})

# How often a process looks whether its loop still runs.
LOOK_EVERY_S = 1.0


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this module."""
    for name, act, text in (
        ("milter", milter, "the milter that Postfix asks about every message"),
        ("guard", guard, "the milter that lets out only what was decided (on the release listener)"),
        ("smtpd", smtpd, "the SMTP proxy in front of a mail server without milters"),
        ("courier", courier, "sends notices and releases"),
    ):
        command = commands.add_parser(name, parents=[common], help=text, description=text)
        if name == "smtpd":
            command.add_argument("--guard", action="store_true", help="be the release listener, not the gate")
        command.set_defaults(act=act)


def log_to_stderr() -> None:
    """Log events, one a line, to stderr (journald keeps them; no file means no logrotate and no SIGHUP)."""
    root = logging.getLogger()
    root.handlers.clear()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root.addHandler(handler)
    root.setLevel(logging.INFO)


def milter(options: argparse.Namespace) -> int:
    """Serve the gate on the milter socket."""
    from safehold.frontends import milterd  # only this process needs libmilter

    log_to_stderr()
    settings = config.load(options.config)
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    with contextlib.ExitStack() as stack:  # serve ends the process by itself, so it is told what to close
        gate, rulebook = stack.enter_context(assemble.gate(settings))
        milterd.serve(
            gate,
            milterd.MilterSettings(socket=settings.milter.socket, drain_s=settings.milter.drain_s),
            rulebook.reload_or_keep,
            stack.close,
        )
    return Exit.OK


def guard(options: argparse.Namespace) -> int:
    """Serve the release guard on its milter socket."""
    from safehold.frontends import milterd

    log_to_stderr()
    settings = config.load(options.config)
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    with assemble.guard(settings) as judge:
        milterd.serve(
            judge,
            milterd.MilterSettings(socket=settings.guard.socket, drain_s=settings.milter.drain_s),
            lambda: None,
        )
    return Exit.OK


def smtpd(options: argparse.Namespace) -> int:
    """Serve the gate (or, with --guard, the release guard) as an SMTP proxy."""
    from safehold.frontends import smtpd as proxy

    log_to_stderr()
    settings = config.load(options.config)
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    listen = settings.release.listener if options.guard else settings.smtpd.listen
    desk = proxy.SmtpdSettings(
        listen=listen,
        next_hop=settings.smtpd.next_hop,
        drain_s=settings.milter.drain_s,
        trusted=settings.smtpd.xforward_from or proxy.LOOPBACK,
    )
    if options.guard:
        with assemble.guard(settings) as judge:
            proxy.serve(judge, desk, lambda: None)
        return Exit.OK
    with contextlib.ExitStack() as stack:
        gate, rulebook = stack.enter_context(assemble.gate(settings))
        proxy.serve(gate, desk, rulebook.reload_or_keep, stack.close)
    return Exit.OK


def courier(options: argparse.Namespace) -> int:
    """Work the outbox until told to stop."""
    log_to_stderr()
    settings = config.load(options.config)
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    stop = threading.Event()
    with assemble.courier(settings) as worker:
        thread = threading.Thread(target=_worked, args=(worker, stop), name="courier")
        thread.start()
        while thread.is_alive():
            if signal.sigtimedwait({signal.SIGTERM, signal.SIGINT}, LOOK_EVERY_S) is not None:
                stop.set()
                thread.join()
    # A loop that ended by itself: the supervisor must see it, or nobody is told of holds any more.
    return Exit.OK if stop.is_set() else Exit.DOWN


def _worked(worker: Courier, stop: threading.Event) -> None:
    """Run the courier's loop; what kills it is logged by its kind, since its text may quote mail."""
    try:
        worker.run(stop)
    except Exception as error:  # noqa: BLE001 - logged, and the process ends because the thread has
        log.error("the courier's loop has ended error=%s", type(error).__name__)

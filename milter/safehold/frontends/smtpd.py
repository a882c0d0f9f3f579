# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy front end: SMTP in, SMTP out, for mail systems that speak no milter (aiosmtpd).

A before-queue proxy.  Every MAIL and RCPT is put to the next hop at once and its reply passed on, so a recipient
that the next hop refuses is refused here.  DATA waits: the message is read whole and judged in a thread, and only
then

* goes on in the transaction that stands open, if all recipients stay;
* or, if some are held, the transaction is reset and put anew for those who stay and those who are added;
* or is reset and ends here, with 250 (discarded: already stored), 4xx or 5xx.

Promises: the client hears 250 only after the next hop's own 250, or after a judge's DISCARD.  Whatever fails is 4xx:
our exceptions, a next hop that closes, stalls or talks nonsense, a stop in mid-message.  A client that tries again
after a partial hold joins that hold (the gate's doing), and the others get their mail then.  If the next hop refuses
a recipient for good (5xx) when the transaction is put anew, the client hears that refusal: nobody got anything, and
the sender's system says so.

Only ``clients`` may connect (by default loopback), and only ``trusted`` peers may say on whose behalf (XFORWARD,
XCLIENT: Postfix's XFORWARD_README and XCLIENT_README).  TLS, AUTH and CHUNKING are the MTA's work, and not offered;
DSN, 8BITMIME and SMTPUTF8 are where the next hop offers them.  A parameter that cannot be passed on is refused, never
left off.  A message in which a next hop might see an end and a second, unjudged message is refused (``content``).

This module is the process; one client's session is in ``proxy``, whom it speaks for in ``provenance``, its way on in
``onward``, the session with the next hop in ``nexthop``.
aiosmtpd's own logger writes addresses, and is silenced.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable

from safehold.frontends.nexthop import NextHopTimes
from safehold.frontends.proxy import LOOPBACK, Client, Desk, SmtpdSettings
from safehold.frontends.service import RELOAD_SIGNAL, STOP_SIGNALS, Judge, log_fault, notify_ready

__all__ = ["LOOPBACK", "NextHopTimes", "SmtpdSettings", "serve"]

log = logging.getLogger(__name__)


def serve(
    judge: Judge,
    settings: SmtpdSettings,
    reload: Callable[[], None] | None = None,
    at_exit: Callable[[], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, let messages that have ended be answered, then end the process with status 0.

    Runs in the main thread.  SIGUSR1 calls *reload* in a thread; SIGHUP does nothing.

    Raises:
        OSError: The address cannot be listened on.
    """
    logging.getLogger("mail.log").disabled = True  # aiosmtpd's: it writes addresses
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS | {RELOAD_SIGNAL, signal.SIGHUP})
    asyncio.run(_serve(Desk(judge, settings), reload))
    if at_exit is not None:
        try:
            at_exit()
        except Exception as error:  # noqa: BLE001 - we are leaving anyway
            log_fault("at_exit", error)
    logging.shutdown()
    os._exit(0)  # a judge that hangs in a thread would hold a normal exit up


async def _serve(desk: Desk, reload: Callable[[], None] | None) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    reloads: set[asyncio.Future[None]] = set()

    def start_reload() -> None:
        if reload is not None:
            running = loop.run_in_executor(None, _reload, reload)
            reloads.add(running)
            running.add_done_callback(reloads.discard)

    loop.add_signal_handler(RELOAD_SIGNAL, start_reload)
    server = await _listen(desk)
    notify_ready()
    log.info("listening on=%s", desk.settings.listen)
    await stop.wait()
    server.close()
    await _drain(desk)


async def _listen(desk: Desk) -> asyncio.Server:
    host, _, port = desk.settings.listen.rpartition(":")
    return await asyncio.get_running_loop().create_server(lambda: Client(desk), host.strip("[]"), int(port))


async def _drain(desk: Desk) -> None:
    """Send idle clients away, and wait for the others' replies."""
    loop = asyncio.get_running_loop()
    until = loop.time() + desk.settings.drain_s
    while desk.sessions and loop.time() < until:
        for session in [s for s in desk.sessions if not s.is_busy]:
            desk.sessions.discard(session)
            session.dismiss()
        await asyncio.sleep(0.05)
    log.info("stopped left=%d", desk.in_flight.count)
    await asyncio.sleep(0.1)  # for replies just written


def _reload(reload: Callable[[], None]) -> None:
    try:
        reload()
    except Exception as error:  # noqa: BLE001 - a bad policy file must not end the service
        log_fault("reload", error)

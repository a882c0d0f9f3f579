# SPDX-License-Identifier: GPL-3.0-or-later
"""The courier as a process: its loop is a thread, and a process whose loop has died must not look alive."""

import signal
import subprocess
import sys
import textwrap

import pytest

# A courier of one kind or another in place of the real one, run by the real command.
_RUN = textwrap.dedent("""
    import contextlib, sys
    from safehold import assemble, config
    from safehold.cli import main

    class Dies:
        def run(self, stop):
            raise RuntimeError("jo.marlow@own.example")

    class Works:
        def run(self, stop):
            print("working", flush=True)
            stop.wait(60)

    assemble.courier = lambda settings: contextlib.nullcontext({"dies": Dies, "works": Works}[sys.argv[1]]())
    config.load = lambda path: None
    sys.exit(main(["courier"]))
""")


def start(kind):
    return subprocess.Popen(
        [sys.executable, "-c", _RUN, kind], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_courier_whose_loop_dies_ends_with_a_failure_so_that_it_is_started_again():
    process = start("dies")

    _, err = process.communicate(timeout=60)

    assert process.returncode == 69
    assert "ERROR" in err
    assert "RuntimeError" in err


def test_what_killed_the_loop_is_named_by_its_kind_only():
    """An exception may quote what was being sent."""
    _, err = start("dies").communicate(timeout=60)

    assert "jo.marlow" not in err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_courier_that_is_told_to_stop_ends_well(number):
    process = start("works")
    assert process.stdout.readline() == "working\n"

    process.send_signal(number)
    process.communicate(timeout=60)

    assert process.returncode == 0

# SPDX-License-Identifier: GPL-3.0-or-later
"""What both front ends need as processes."""

import logging
import socket
import threading
from pathlib import Path

import pytest

from safehold.frontends.service import InFlight, log_fault, notify_ready


def test_a_drain_waits_for_what_is_under_way():
    flight, inside, leave = InFlight(), threading.Event(), threading.Event()

    def work() -> None:
        with flight.one():
            inside.set()
            leave.wait(10)

    worker = threading.Thread(target=work)
    worker.start()
    inside.wait(10)

    assert flight.drain(0.01) is False
    leave.set()
    assert flight.drain(10) is True
    worker.join()
    assert flight.count == 0


def test_a_message_that_fails_is_under_way_no_longer():
    flight = InFlight()

    with pytest.raises(ValueError, match="x"), flight.one():
        raise ValueError("x")

    assert flight.drain(0) is True


def test_a_fault_is_logged_by_kind_and_place_without_its_words(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.ERROR):
        try:
            int("secret@own.example")
        except ValueError as error:
            log_fault("eom", error)

    assert "stage=eom error=ValueError at=test_service.py:" in caplog.text
    assert "secret" not in caplog.text


def test_readiness_is_told_to_who_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))

        notify_ready()

        manager.settimeout(5)
        assert manager.recv(100) == b"READY=1"


def test_a_service_manager_that_went_away_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))

    notify_ready()


def test_without_a_service_manager_nothing_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)

    notify_ready()

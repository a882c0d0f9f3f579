# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for tests through a real Postfix.  They skip, and say why, where none can run.

postfix       a running PrivatePostfix, shared by the tests of one worker, clean at the start of each test
make_postfix  makes further ones, stopped at the end of the test

For modules with a gateway of their own, which they make in a module-scoped fixture `_gateway`:

gateway       the gateway as at its start, nothing left to send from earlier tests
books         what its store knows
faults        the folder in whose files a process with faults reads what is to go wrong (`faulty_safehold`)
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for `from harness.postfix import ...`: tests are not packages

from harness.gateway import Books, Gateway  # noqa: E402 - after the path
from harness.postfix import PrivatePostfix, unavailable  # noqa: E402 - after the path
from harness.sink import RecordingSink  # noqa: E402


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything below this directory is end to end, and talks to sockets."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.enable_socket)


@pytest.fixture(scope="session")
def possible() -> None:
    """Skip where no Postfix can run."""
    reason = unavailable()
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def _shared_postfix(possible: None) -> Iterator[PrivatePostfix]:
    with PrivatePostfix() as running:
        yield running


@pytest.fixture
def postfix(_shared_postfix: PrivatePostfix) -> PrivatePostfix:
    """A running private Postfix with an empty queue, an empty sink and its plain settings."""
    _shared_postfix.reset()
    return _shared_postfix


@pytest.fixture
def sink(postfix: PrivatePostfix) -> RecordingSink:
    """What `postfix` relays to."""
    return postfix.sink


@pytest.fixture
def make_postfix(possible: None) -> Iterator[Callable[..., PrivatePostfix]]:
    """Make and start a private Postfix of this test's own: ``make_postfix({"always_bcc": "a@own.example"})``."""
    made: list[PrivatePostfix] = []

    def make(*arguments: object, **keywords: object) -> PrivatePostfix:
        made.append(PrivatePostfix(*arguments, **keywords))  # type: ignore[arg-type]
        return made[-1].start()

    yield make
    for one in made:
        one.stop()


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder for the files of faults; a module's gateway keeps it."""
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="module")
def books(_gateway: Gateway) -> Iterator[Books]:
    """What the store of the module's gateway knows."""
    opened = _gateway.books()
    yield opened
    opened.close()


@pytest.fixture
def gateway(_gateway: Gateway, books: Books, faults: Path) -> Gateway:
    """The module's gateway as at its start; the courier is the test's own (`Books.work`)."""
    for fault in faults.iterdir():
        fault.unlink()
    _gateway.renew()
    books.work()
    _gateway.postfix.wait_for_empty_queue()
    _gateway.postfix.sink.clear()
    return _gateway

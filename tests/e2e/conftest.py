# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for tests through a real Postfix.  They skip, and say why, where none can run.

postfix       a running PrivatePostfix, shared by the tests of one worker, clean at the start of each test
make_postfix  makes further ones, stopped at the end of the test
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for `from harness.postfix import ...`: tests are not packages

from harness.postfix import PrivatePostfix, unavailable  # noqa: E402 - after the path
from harness.sink import RecordingSink  # noqa: E402


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything below this directory is end to end, and talks to sockets."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.enable_socket)


@pytest.fixture(scope="session")
def _shared_postfix() -> Iterator[PrivatePostfix]:
    _skip_where_impossible()
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
def make_postfix() -> Iterator[Callable[..., PrivatePostfix]]:
    """Make and start a private Postfix of this test's own: ``make_postfix({"always_bcc": "a@own.example"})``."""
    _skip_where_impossible()
    made: list[PrivatePostfix] = []

    def make(*arguments: object, **keywords: object) -> PrivatePostfix:
        made.append(PrivatePostfix(*arguments, **keywords))  # type: ignore[arg-type]
        return made[-1].start()

    yield make
    for one in made:
        one.stop()


def _skip_where_impossible() -> None:
    reason = unavailable()
    if reason:
        pytest.skip(reason)

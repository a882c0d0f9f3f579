# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of the policies, between the folder where authors write and the gateway that judges.

Where the settings say ``publishing: {required: yes}``, a gateway judges by what was published last, whatever lies in
the folder; else it loads the folder, and what it found changed is recorded as a version that nobody published.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from safehold.assemble.rules import PolicyFolder
from safehold.errors import Complaint, ComplaintsError, SafeholdError
from safehold.policy import PolicySet, changes
from safehold.policy.changes import Change, Effect
from safehold.store.versions import Files, State, Version, Versions

GATEWAY = "gateway"
# What is larger stands in no test that somebody reads.
TEST_LIMIT_BYTES = 4 << 20


class Published:
    """Policies as they were published last: read anew when there is a newer version."""

    def __init__(self, folder: Path, versions: Versions) -> None:
        self._folder = folder
        self._versions = versions

    def number(self) -> int:
        """Return the number of the version published last; 0 where there is none."""
        version = self._versions.latest(State.PUBLISHED)
        return version.id if version is not None else 0

    def read(self) -> PolicyFolder:
        """Return its files.

        Raises:
            ComplaintsError: Nothing was ever published.
        """
        version = self._versions.latest(State.PUBLISHED)
        if version is None:
            text = "no version of these policies was published, and the settings want that (publishing.required)"
            raise ComplaintsError(
                [Complaint(str(self._folder), 0, 0, "not-published", text, "safehold policy publish")]
            )
        return folder_of(version, self._versions, self._folder)


def folder_of(version: Version, versions: Versions, folder: Path) -> PolicyFolder:
    """Return the files of a version as if they lay in *folder*."""
    kept = versions.files(version)
    files = {name: content for name, content in kept.files.items() if not _is_of_tests(name)}
    return PolicyFolder(folder, files, frozenset(), kept.changed)


def _is_of_tests(name: str) -> bool:
    return "tests" in name.split("/")[:-1]


def tests_below(folder: Path) -> Mapping[str, bytes]:
    """Return the files of the tests of policies, and of what they name, by their path from *folder*."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and _is_of_tests(str(path.relative_to(folder))) and path.stat().st_size <= TEST_LIMIT_BYTES
    }


@dataclass(frozen=True, slots=True)
class Difference:
    """What is other in a folder than in an earlier version; ``old`` is None where that cannot be read (any more)."""

    changes: tuple[Change, ...]
    old: PolicySet | None = None

    @property
    def lines(self) -> list[str]:
        """Return the changes, one line each."""
        return [each.line for each in self.changes]


def difference(before: Version | None, new: PolicySet, versions: Versions, folder: Path) -> Difference:
    """Return what *new* changes of the version *before*; every policy is added where there was none."""
    if before is None:
        return Difference(tuple(each for each in changes.compare(PolicySet(), new) if each.policy))
    try:
        old = folder_of(before, versions, folder).load()
    except SafeholdError:
        words = "the version before cannot be read any more, so nobody can tell what changed"
        return Difference((Change("", Effect.WEAKER, words),))
    return Difference(changes.compare(old, new), old)


def record_loaded(versions: Versions, read: PolicyFolder, policies: PolicySet) -> None:
    """Record policies that a gateway took from the folder, unless they are the version that was live already."""
    before = versions.latest(State.PUBLISHED, State.LOADED)
    if before is not None and before.digest == policies.digest:
        return
    said = difference(before, policies, versions, read.folder).lines
    files = Files(read.files, read.changed)
    versions.add(State.LOADED, policies.digest, files, actor=GATEWAY, changes=said, now=datetime.now(UTC))


def known(read: PolicyFolder, policies: PolicySet) -> None:
    """Record nothing: what was published is recorded."""

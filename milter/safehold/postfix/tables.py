# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks Postfix lookup tables, as few times as can be.

Tables on disk that ``postmap -s`` can list are listed once and then answered from memory until their file changes;
all others are asked with ``postmap -q -``, many keys to one process, and answers are remembered: until the file
changes where there is one, and for :data:`REMOTE_TTL_S` where the data lives elsewhere (LDAP, SQL, sockets).

Not thread-safe: the caller (:class:`safehold.postfix.maps.Maps`) holds a lock.

Sources: DATABASE_README, postmap(1), and dict(3) in Postfix's source for which types see only whole keys.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from safehold.errors import MapUnreadableError
from safehold.postfix.postconf import Postconf, Signature, signature_of

# type -> what is appended to the name to get the file that lookups read
_FILES: Mapping[str, str] = {
    "hash": ".db", "btree": ".db", "lmdb": ".lmdb", "cdb": ".cdb", "dbm": ".pag", "sdbm": ".pag",
    "texthash": "", "regexp": "", "pcre": "", "cidr": "",
}  # fmt: skip
_LISTABLE = frozenset({"hash", "btree", "lmdb", "cdb", "dbm", "sdbm", "texthash"})
# These are given the whole address only, never parts of it (regexp_table(5), pcre_table(5), tcp_table(5)).
_PATTERNS = frozenset({"regexp", "pcre", "cidr", "tcp"})
# These say the same for ever.
_CONSTANT = frozenset({"inline", "static", "environ"})

# A list of 200,000 aliases is 16 MB; above that, single keys are asked.
LISTING_LIMIT_BYTES = 16 * 2**20
REMOTE_TTL_S = 15.0
# Postfix's programs sleep for a second before they report a fatal error: mail should not queue up behind that.
FAILED_TTL_S = 5.0
ANSWERS_LIMIT = 50_000
# A file that changed so short a time ago may change again within the clock's grain and look the same: it is read once
# more when this has passed.
_GRAIN_S = 2.0


class Table:
    """One table of a list such as ``virtual_alias_maps``, e.g. ``hash:/etc/postfix/virtual``."""

    def __init__(self, postconf: Postconf, spec: str) -> None:
        self._postconf = postconf
        self.spec = spec.removeprefix("proxy:")
        kind, _, name = self.spec.partition(":")
        self._kind = kind
        self.takes_whole_keys_only = kind in _PATTERNS or (
            kind in {"pipemap", "unionmap"} and ("regexp:" in name or "pcre:" in name)
        )
        self._file = Path(name + _FILES[kind]) if kind in _FILES else None
        self._seen: Signature | None = None
        self._read_again_at = 0.0
        self._failed_until = 0.0
        self._failed_as: Signature | None = None
        self._forget_at = 0.0
        self._listing: Mapping[str, str] | None = None
        self._answers: dict[str, str | None] = {}

    def ask(self, keys: Iterable[str]) -> dict[str, str]:
        """Return what the table says for those of *keys* that it knows.

        Raises:
            MapUnreadableError: The table cannot be asked.
        """
        with self._patience():
            return self._ask(tuple(dict.fromkeys(keys)))

    def _ask(self, wanted: tuple[str, ...]) -> dict[str, str]:
        self._refresh()
        if self._listing is not None:
            folded = {key: self._listing.get(key.casefold()) for key in wanted}
            return {key: value for key, value in folded.items() if value is not None}
        unknown = [key for key in wanted if key not in self._answers]
        if unknown:
            self._query(unknown)
        return {key: value for key in wanted if (value := self._answers[key]) is not None}

    def keys(self) -> frozenset[str] | None:
        """Return all keys, or None for a table that cannot be listed.

        Raises:
            MapUnreadableError: The table cannot be asked.
        """
        with self._patience():
            self._refresh()
            return None if self._listing is None else frozenset(self._listing)

    @property
    def is_in_memory(self) -> bool:
        """Return whether answers cost nothing at the moment."""
        return self._listing is not None or self._kind in _CONSTANT

    @contextmanager
    def _patience(self) -> Iterator[None]:
        """Let a table that just failed alone for a while, unless its file has changed since."""
        now = time.monotonic()
        signature = None if self._file is None else signature_of(self._file)
        if now < self._failed_until and signature == self._failed_as:
            raise MapUnreadableError("a table could not be asked a moment ago")
        try:
            yield
        except MapUnreadableError:
            self._failed_until, self._failed_as = now + FAILED_TTL_S, signature
            raise

    def _refresh(self) -> None:
        """Forget what may be out of date, and list the table anew if it can be listed."""
        if self._kind in _CONSTANT:
            return
        if self._file is None:
            now = time.monotonic()
            if now >= self._forget_at:
                self._answers.clear()
                self._forget_at = now + REMOTE_TTL_S
            return
        signature = signature_of(self._file)
        now = time.time()
        if signature == self._seen and not 0 < self._read_again_at <= now:
            return
        self._answers.clear()
        self._listing = None
        self._seen = None
        if self._kind in _LISTABLE and signature[1] <= LISTING_LIMIT_BYTES:
            self._listing = self._list()
        self._seen = signature
        is_fresh = abs(now - signature[0] / 1e9) < _GRAIN_S
        self._read_again_at = now + _GRAIN_S if is_fresh else 0.0

    def _list(self) -> dict[str, str]:
        output = self._postconf.run("postmap", "-s", self.spec).output
        return dict(reversed([_pair(line) for line in output.splitlines()]))  # the first of equal keys counts

    def _query(self, keys: list[str]) -> None:
        if len(self._answers) + len(keys) > ANSWERS_LIMIT:
            self._answers.clear()
        stdin = b"".join(key.encode("utf-8", "surrogateescape") + b"\n" for key in keys)
        outcome = self._postconf.run("postmap", "-q", "-", self.spec, stdin=stdin)
        found = dict(_pair(line) for line in outcome.output.splitlines())
        if not found and outcome.is_success:
            raise MapUnreadableError("postmap gave an answer without a key")
        for key in keys:
            self._answers[key] = found.get(key)


def _pair(line: bytes) -> tuple[str, str]:
    key, _, value = line.decode("utf-8", "surrogateescape").partition("\t")
    return key, value.strip()

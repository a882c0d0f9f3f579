# SPDX-License-Identifier: GPL-3.0-or-later
"""Real files through real workers: no exception, no lost worker, and nothing silent."""

import pytest

from safehold.model import PartPath, PlaceKind
from safehold.reading.pool import ReaderPool

# Messages of one address and nothing else: there is no text to find, and nothing to complain about.
NOTHING_IN_THEM = {"rspamd/from__from.eml", "rspamd/from__from_comment.eml", "rspamd/invalid_mid_allowed.eml"}
LOST = {"crashed", "timed_out"}


# Smaller parts are an empty paragraph, a blank line, or the mark of nothing.
WORTH_A_WORD = 100


def silent_parts(reading):
    """The parts of some size of which nothing at all is said."""
    spoken = {segment.place.part for segment in reading.segments if segment.place.kind is not PlaceKind.FILENAME}
    spoken |= {problem.part for problem in reading.problems} | {mark.place.part for mark in reading.marks}
    spoken |= {
        PartPath(path.steps[:count])
        for path in (part.path for part in reading.parts)
        for count in range(len(path.steps))
    }
    return [part.media_type for part in reading.parts if part.size_bytes > WORTH_A_WORD and part.path not in spoken]


@pytest.fixture(scope="module")
def pool():
    with ReaderPool(2) as pool:
        yield pool


def test_every_message_is_read_or_complained_about(pool, corpora):
    silent, lost = [], []
    for path in sorted((corpora / "mime").rglob("*")):
        if not path.is_file() or path.suffix in (".md", ".tsv"):
            continue
        reading = pool.read(path.read_bytes())
        name = str(path.relative_to(corpora / "mime"))
        if not reading.segments and not reading.problems and name not in NOTHING_IN_THEM:
            silent.append(name)
        silent += [f"{name}: {kind}" for kind in silent_parts(reading)]
        if LOST & {problem.reason.value for problem in reading.problems}:
            lost.append(name)

    assert silent == []
    assert lost == []


def test_every_document_is_read_or_complained_about(pool, corpora):
    silent, lost = [], []
    for path in sorted((corpora / "documents").rglob("*"))[::2]:
        if not path.is_file() or path.suffix in (".md", ".tsv"):
            continue
        reading = pool.read(path.read_bytes(), document_name=path.name)
        text = [segment for segment in reading.segments if segment.place.kind is not PlaceKind.FILENAME]
        name = str(path.relative_to(corpora / "documents"))
        if not text and not reading.problems and not reading.marks:
            silent.append(name)
        silent += [f"{name}: {kind}" for kind in silent_parts(reading)]
        if LOST & {problem.reason.value for problem in reading.problems}:
            lost.append(name)

    assert silent == []
    assert lost == []

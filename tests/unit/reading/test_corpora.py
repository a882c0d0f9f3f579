# SPDX-License-Identifier: GPL-3.0-or-later
"""Every real file through real workers: no exception, no lost worker, and of every part text, or why there is none."""

import re

import pytest

from safehold.model import PartPath, PlaceKind
from safehold.reading import notes
from safehold.reading.pool import ReaderPool

LOST = {"crashed", "timed_out"}
# Line ends, and pages of tags that hold nobody's words: what a part may consist of, of which nothing is said.
NOTHING = re.compile(rb"(?:\s|<(?!!--|[^<>]*\b(?:alt|title|value|content|placeholder|href|data-\w+)\s*=)[^<>]*>)*")


def silent_parts(reading):
    """The parts of which nothing is said: no text but their name, no problem, no mark, and nothing inside them."""
    spoken = {segment.place.part for segment in reading.segments if segment.place.kind is not PlaceKind.FILENAME}
    spoken |= {problem.part for problem in reading.problems} | {mark.place.part for mark in reading.marks}
    spoken |= {PartPath(part.path.steps[:count]) for part in reading.parts for count in range(len(part.path.steps))}
    return [part for part in reading.parts if part.size_bytes and part.path not in spoken]


@pytest.fixture(scope="module")
def pool():
    with ReaderPool(2) as pool:
        yield pool


@pytest.fixture
def contents_of(read_here, monkeypatch):
    """What each part of a file held, by its path."""

    def contents(content, name):
        held = {}
        announce = notes.OpenPart.announce

        def note(part, media_type):
            held[part.path] = part.given.content
            announce(part, media_type)

        with monkeypatch.context() as patch:
            patch.setattr(notes.OpenPart, "announce", note)
            read_here(content, name)
        return held

    return contents


def faults(pool, contents_of, path, name):
    """What is wrong with the reading of one file."""
    content = path.read_bytes()
    reading = pool.read(content, document_name=name)
    lost = [problem.reason.value for problem in reading.problems if problem.reason.value in LOST]
    silent = silent_parts(reading)
    held = contents_of(content, name) if silent else {}
    silent = [f"nothing said of {part.media_type}" for part in silent if not NOTHING.fullmatch(held[part.path])]
    return lost + silent


def files(corpora, folder):
    """Every file of a corpus, without what is said about it."""
    described = (".md", ".tsv")
    paths = sorted(path for path in (corpora / folder).rglob("*") if path.is_file())
    return [path for path in paths if path.parent != corpora / folder or path.suffix not in described]


def test_every_message_is_read_or_complained_about(pool, contents_of, corpora):
    wrong = {str(path): faults(pool, contents_of, path, None) for path in files(corpora, "mime")}

    assert len(wrong) > 0
    assert {name: what for name, what in wrong.items() if what} == {}


def test_every_document_is_read_or_complained_about(pool, contents_of, corpora):
    wrong = {str(path): faults(pool, contents_of, path, path.name) for path in files(corpora, "documents")}

    assert len(wrong) > 0
    assert {name: what for name, what in wrong.items() if what} == {}


@pytest.mark.parametrize(
    "content",
    [b"27", b"<p>27</p>", b'<img alt="27 Larkspur Lane">', b'<p data-x="27">', b"<!-- 27 -->", b"\0\1"],
)
def test_what_says_something_is_not_nothing(content):
    assert not NOTHING.fullmatch(content)


@pytest.mark.parametrize("content", [b"\r\n", b"<html>\n", b'<div dir="ltr"><br></div>\n', b'<img src="cid:a@b">'])
def test_blank_lines_and_bare_tags_are_nothing(content):
    assert NOTHING.fullmatch(content)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Which detector looks for what a policy names.  Pure."""

from collections.abc import Mapping
from typing import assert_never

from safehold.detect import attachments, documents, identifiers, markings, words
from safehold.detect.beside import Reach
from safehold.detect.words import Hits
from safehold.model import Reading
from safehold.policy.language import (
    Attached,
    DocumentType,
    Identifier,
    Marking,
    Pattern,
    Phrases,
    Term,
    Unit,
)

_REACHES = {
    Unit.PARAGRAPH: Reach.PARAGRAPH,
    Unit.PAGE: Reach.PAGE,
    Unit.PART: Reach.PART,
    Unit.MESSAGE: Reach.MESSAGE,
}


def find(reading: Reading, wanted: Mapping[str, Term]) -> dict[str, Hits]:
    """Return the hits of every term, by its key."""
    phrases: dict[str, tuple[str, ...]] = {}
    patterns: dict[str, object] = {}
    numbers: dict[str, identifiers.Wanted] = {}
    labels: dict[str, str] = {}
    looks: dict[str, documents.Look] = {}
    parts: dict[str, attachments.Wanted] = {}
    for key, term in wanted.items():
        match term:
            case Phrases():
                phrases[key] = term.phrases
            case Pattern():
                patterns[key] = term.compiled
            case Identifier():
                numbers[key] = _number(term)
            case Marking():
                labels[key] = term.name
            case DocumentType():
                looks[key] = documents.Look(
                    term.title_any, term.heading_any, term.body_any, term.form_number, term.at_least
                )
            case Attached():
                parts[key] = attachments.Wanted(
                    term.types, term.names, term.larger_than, term.states, term.hidden, term.redaction
                )
            case _:
                assert_never(term)
    marked = markings.find(reading.segments, sorted(set(labels.values())))
    return {
        **words.find(reading.segments, phrases=phrases, patterns=patterns),
        **identifiers.find(reading.segments, numbers),
        **{key: marked[name] for key, name in labels.items()},
        **documents.find(reading, looks),
        **attachments.find(reading, parts),
    }


def _number(term: Identifier) -> identifiers.Wanted:
    within = term.within
    return identifiers.Wanted(
        term.kind,
        term.near,
        words=within.number if within.unit is Unit.WORDS else None,
        characters=within.number if within.unit is Unit.CHARACTERS else None,
        reach=_REACHES.get(within.unit, Reach.PART),
        patterns=tuple(pattern.compiled for pattern in term.patterns),
    )

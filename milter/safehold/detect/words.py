# SPDX-License-Identifier: GPL-3.0-or-later
r"""Authors' words in a message: lists of phrases and RE2 patterns.

A phrase is found whatever its case, spacing, line breaks, punctuation between its words and look-alike letters: both
sides go through :func:`safehold.text.fold`.  It is found as whole words, so ``refuge`` is not in ``refugee``.  A
pattern runs on the text as it is written (authors match capitals and punctuation on purpose), on RE2, in linear time.

Pure and thread-safe; linear in the text.  A finding says where, never what.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from safehold.model import Finding, Segment, Strength
from safehold.text import fold

# A word that stands a thousand times in one message is as good as everywhere: the evaluator is told so (`everywhere`)
# and may count it as near anything, which holds more and never less.
LIMIT = 1_000

# A word as the eye takes it: an apostrophe inside belongs to it (and is dropped: clare's = clares).
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
# Between two words of a phrase: punctuation, a line break with quoting marks, a table's padding; not half a page.
_GAP = 12

# A trie of words: each word leads on, and "" holds the keys of the phrases that end here.
_Trie = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Hits:
    """Where one term stands; ``everywhere`` when there were more than we list."""

    findings: tuple[Finding, ...] = ()
    everywhere: bool = False


def find(
    segments: Sequence[Segment],
    *,
    phrases: Mapping[str, tuple[str, ...]] | None = None,
    patterns: Mapping[str, Any] | None = None,
) -> dict[str, Hits]:
    """Return the hits of every term, by its key.

    Args:
        segments: Findings index into these.
        phrases: Key -> phrases of which any counts; findings carry the key as their field.
        patterns: Key -> compiled RE2 pattern; the ``value`` of a finding numbers the different texts it took, from 0,
            so that one reference number repeated on each page can be told from many.
    """
    hits = _phrases(_trie(tuple(sorted(phrases.items()))), tuple(phrases), segments) if phrases else {}
    for key, compiled in (patterns or {}).items():
        hits[key] = _pattern(compiled, segments)
    return hits


def _phrases(trie: _Trie, keys: tuple[str, ...], segments: Sequence[Segment]) -> dict[str, Hits]:
    found: dict[str, list[Finding]] = {key: [] for key in keys}
    for index, segment in enumerate(segments):
        text = fold(segment.text)
        spans = [(match.start(), match.end()) for match in _WORD.finditer(text.text)]
        words = [text.text[start:end].replace("'", "") for start, end in spans]
        for position, word in enumerate(words):
            if word not in trie:
                continue
            for key, last in _longest(trie, words, spans, position).items():
                if len(found[key]) <= LIMIT:
                    span = text.source_span(spans[position][0], spans[last][1])
                    found[key].append(_finding("phrase", key, -1, index, segment, span, "a phrase of the list"))
    return {key: Hits(tuple(list_[:LIMIT]), everywhere=len(list_) > LIMIT) for key, list_ in found.items()}


def _longest(trie: _Trie, words: list[str], spans: list[tuple[int, int]], position: int) -> dict[str, int]:
    """Return, for each key with a phrase that begins at *position*, the last word of its longest one."""
    ends: dict[str, int] = {}
    node = trie
    for at in range(position, len(words)):
        near = at == position or spans[at][0] - spans[at - 1][1] <= _GAP
        if not near or words[at] not in node:
            break
        node = node[words[at]]
        ends.update(dict.fromkeys(node.get("", ()), at))
    return ends


@lru_cache(maxsize=32)
def _trie(wanted: tuple[tuple[str, tuple[str, ...]], ...]) -> _Trie:
    """Return one trie for the phrases of all lists: one pass over a text, however many lists there are."""
    root: _Trie = {}
    for key, phrases in wanted:
        for phrase in phrases:
            node = root
            for match in _WORD.finditer(fold(phrase).text):
                node = node.setdefault(match.group().replace("'", ""), {})
            if node is not root and key not in node.setdefault("", []):
                node[""].append(key)
    return root


def _pattern(compiled: Any, segments: Sequence[Segment]) -> Hits:
    found: list[Finding] = []
    texts: dict[str, int] = {}
    for index, segment in enumerate(segments):
        for match in compiled.finditer(segment.text):
            start, end = match.span()
            if start == end:
                continue
            if len(found) >= LIMIT:
                return Hits(tuple(found), everywhere=True)
            taken = "".join(c for c in match.group().casefold() if c.isalnum())
            number = texts.setdefault(taken, len(texts))
            found.append(_finding("regex", "", number, index, segment, (start, end), "a text that the pattern takes"))
    return Hits(tuple(found))


def _finding(
    detector: str, field: str, value: int, index: int, segment: Segment, span: tuple[int, int], why: str
) -> Finding:
    return Finding(
        detector=detector,
        person="",
        field=field,
        value=value,
        segment=index,
        place=segment.place,
        span=span,
        strength=Strength.CERTAIN,
        why=why,
    )

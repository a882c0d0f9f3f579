# SPDX-License-Identifier: GPL-3.0-or-later
r"""Authors' words in a message: lists of phrases and RE2 patterns.

A phrase is found whatever its case, spacing, line breaks, punctuation between its words and look-alike letters: both
sides go through :func:`safehold.text.fold`.  It is found as whole words, so ``refuge`` is not in ``refugee``.  A
pattern runs on the text as it is written (authors match capitals and punctuation on purpose), and on the same text
cleaned of what the eye does not take for a difference (:func:`safehold.text.cleaned`); on RE2, in linear time.

Pure and thread-safe; linear in the text.  A finding says where, never what.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import Any

from safehold.model import Finding, Segment, Strength
from safehold.text import Folded, cleaned, fold

# A word that stands a thousand times in one message is as good as everywhere: the evaluator is told so (`everywhere`)
# and may count it as near anything, which holds more and never less.
LIMIT = 1_000

# A word as the eye takes it: an apostrophe inside belongs to it (and is dropped: clare's = clares).
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_HYPHENATED = re.compile(r"[^\w\s]\s{0,8}\n")  # with any dash, and what cannot be seen
# Between two words of a phrase: punctuation, a line break with quoting marks, a table's padding; not half a page.
_GAP = 12

Span = tuple[int, int]

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
    if patterns:
        cleanly = [_clean(segment.text) for segment in segments]
        hits |= {key: _pattern(compiled, segments, cleanly) for key, compiled in patterns.items()}
    return hits


def _phrases(trie: _Trie, keys: tuple[str, ...], segments: Sequence[Segment]) -> dict[str, Hits]:
    found: dict[str, list[Finding]] = {key: [] for key in keys}
    for index, segment in enumerate(segments):
        for key, span in _phrases_in(trie, segment.text):
            if len(found[key]) <= LIMIT:
                found[key].append(_finding("phrase", key, -1, index, segment, span, "a phrase of the list"))
    return {key: Hits(tuple(list_[:LIMIT]), everywhere=len(list_) > LIMIT) for key, list_ in found.items()}


def _phrases_in(trie: _Trie, text: str) -> Iterator[tuple[str, Span]]:
    """Yield the phrases of a text, in order: key, span.

    A hyphen at a line end may be one of the phrase ("non-" / "molestation") or only of the line ("mole-" / "station").
    """
    joined = list(_phrases_of(trie, fold(text)))
    if not _HYPHENATED.search(text):
        yield from joined
        return
    taken = {key: {span for other, span in joined if other == key} for key, _ in joined}
    apart = _phrases_of(trie, fold(text, join=False))
    more = [(key, span) for key, span in apart if span not in taken.get(key, ())]
    yield from merge(joined, more, key=lambda item: item[1])


def _phrases_of(trie: _Trie, text: Folded) -> Iterator[tuple[str, Span]]:
    spans = [(match.start(), match.end()) for match in _WORD.finditer(text.text)]
    words = [text.text[start:end].replace("'", "") for start, end in spans]
    for position, word in enumerate(words):
        if word in trie:
            for key, last in _longest(trie, words, spans, position).items():
                yield key, text.source_span(spans[position][0], spans[last][1])


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
            plain = fold(phrase).text
            for spelt in dict.fromkeys((plain, plain.replace("-", ""))):  # without the hyphen: a soft one, a line end
                _enter(root, spelt, key)
    return root


def _enter(root: _Trie, phrase: str, key: str) -> None:
    node = root
    for match in _WORD.finditer(phrase):
        node = node.setdefault(match.group().replace("'", ""), {})
    if node is not root and key not in node.setdefault("", []):
        node[""].append(key)


def _pattern(compiled: Any, segments: Sequence[Segment], cleanly: Sequence[Folded | None]) -> Hits:
    found: list[Finding] = []
    texts: dict[str, int] = {}
    for index, segment in enumerate(segments):
        for span, text in _matches(compiled, segment.text, cleanly[index]):
            if len(found) >= LIMIT:
                return Hits(tuple(found), everywhere=True)
            taken = "".join(c for c in text.casefold() if c.isalnum())
            number = texts.setdefault(taken, len(texts))
            found.append(_finding("regex", "", number, index, segment, span, "a text that the pattern takes"))
    return Hits(tuple(found))


def _matches(compiled: Any, text: str, clean: Folded | None) -> Iterator[tuple[Span, str]]:
    """Yield what a pattern takes of the text, and of the cleaned text besides: spans of the text, in order.

    What the cleaned text shows is said only where it shares nothing with what the text itself does.
    """
    raw = list(_taken(compiled, text))
    if clean is None:
        yield from raw
        return
    more = [(clean.source_span(*span), taken) for span, taken in _taken(compiled, clean.text)]
    yield from merge(raw, _apart_from(more, raw), key=itemgetter(0))


def _taken(compiled: Any, text: str) -> Iterator[tuple[Span, str]]:
    """Yield what a pattern takes, one more than can be listed at the most."""
    spans = (match.span() for match in compiled.finditer(text))
    return ((span, text[slice(*span)]) for span in islice(filter(_is_something, spans), LIMIT + 1))


def _is_something(span: Span) -> bool:
    return span[0] < span[1]


def _apart_from(more: Iterable[tuple[Span, str]], raw: Sequence[tuple[Span, str]]) -> Iterator[tuple[Span, str]]:
    """Yield those of *more* that share no text with any of *raw*; both are in order."""
    place = 0
    for span, taken in more:
        while place < len(raw) and raw[place][0][1] <= span[0]:
            place += 1
        if place == len(raw) or raw[place][0][0] >= span[1]:
            yield span, taken


def _clean(text: str) -> Folded | None:
    """Return the cleaned text, or None where it is the text itself."""
    clean = cleaned(text)
    return clean if clean.text != text else None


def _finding(
    detector: str, field: str, value: int, index: int, segment: Segment, span: tuple[int, int], why: str
) -> Finding:
    return Finding(
        detector=detector,
        person="",
        field=field,
        value=value,
        segment=index,
        place=segment.place_at(span[0]),
        span=span,
        strength=Strength.CERTAIN,
        why=why,
    )

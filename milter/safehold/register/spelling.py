# SPDX-License-Identifier: GPL-3.0-or-later
"""Words that a slip brought near: a set of words that is also found by a spelling of it with one letter wrong.

Fuzziness belongs in the small dictionary of register words, not in the entries (matching.md, section 0).  Pure.
"""

from collections.abc import Iterable

from rapidfuzz.distance import OSA

SHORTEST_FUZZY = 5  # "Mill" and "Hill" are two streets: short words must be exact


class Spellings:
    """A set of words that also finds a word by a spelling of it with one letter wrong, missing, extra or swapped.

    Every word is entered under itself and under each form with one letter left out (SymSpell's idea, for edits of
    one); two words that are one edit apart share one of those.
    """

    __slots__ = ("_firsts", "_forms", "_lasts", "_lengths", "words")

    def __init__(self, words: Iterable[str]) -> None:
        self.words = frozenset(words)
        self._lengths = frozenset(len(word) + more for word in self.words for more in (-1, 0, 1))
        self._firsts = frozenset(word[:1] for word in self.words)
        self._lasts = frozenset(word[-1:] for word in self.words)
        forms: dict[str, list[str]] = {}
        for word in self.words:
            if len(word) >= SHORTEST_FUZZY:
                for form in shortened(word):
                    forms.setdefault(form, []).append(word)
        self._forms = forms

    def near(self, word: str) -> tuple[str, ...]:
        """Return the words one edit from *word*, in order; itself is not among them."""
        if len(word) < SHORTEST_FUZZY - 1 or len(word) not in self._lengths:
            return ()
        if word[0] not in self._firsts and word[-1] not in self._lasts:
            return ()  # one edit leaves the first letter or the last
        forms = self._forms
        found: set[str] = set()
        for form in shortened(word):
            if form in forms:
                found.update(forms[form])
        found.discard(word)
        return tuple(sorted(other for other in found if is_near(word, other)))


def is_near(word: str, other: str) -> bool:
    """Return whether the two are at most one edit apart."""
    return OSA.distance(word, other, score_cutoff=1) <= 1


def shortened(word: str) -> set[str]:
    """Return the word and its forms with one letter left out."""
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}

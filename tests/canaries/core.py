# SPDX-License-Identifier: GPL-3.0-or-later
"""What every builder of canaries uses: words that mean nothing, places with what is expected of them, files."""

import hashlib
from dataclasses import dataclass, field

from safehold.model import Visibility

Kinds = frozenset[Visibility]

# What a reading must say of a place.  HIDDEN is any way of hiding: the format does not say which it is.
VISIBLE: Kinds = frozenset({Visibility.VISIBLE})
HIDDEN: Kinds = frozenset(Visibility) - {Visibility.VISIBLE, Visibility.OCR}
DELETED: Kinds = frozenset({Visibility.TRACKED_DELETION})
COMMENT: Kinds = frozenset({Visibility.COMMENT})
ATTRIBUTE: Kinds = frozenset({Visibility.ATTRIBUTE})
ALTERNATIVE: Kinds = frozenset({Visibility.ALTERNATIVE})
WHITE: Kinds = frozenset({Visibility.WHITE})
TINY: Kinds = frozenset({Visibility.TINY})
OFF_PAGE: Kinds = frozenset({Visibility.OFF_PAGE})
COVERED: Kinds = frozenset({Visibility.COVERED})
UNSEEN: Kinds = frozenset({Visibility.HIDDEN})
LAYER: Kinds = frozenset({Visibility.HIDDEN_LAYER})
# Names and properties: a person sees them, but not in the text; found is enough.
ANY: Kinds = frozenset(Visibility)

_CONSONANTS = "bcdfghjklmnprstvz"
_VOWELS = "aeou"
_SYLLABLES = 6


@dataclass(frozen=True, slots=True)
class Place:
    """One hiding place: what it is called, the word in it, and with which visibilities it may come out."""

    format: str
    name: str
    word: str
    expected: Kinds = field(repr=False)


@dataclass(frozen=True, slots=True)
class Canary:
    """One file with words in its places.  ``name`` is None for a message, which is read as such."""

    format: str
    title: str
    name: str | None
    content: bytes = field(repr=False)
    places: tuple[Place, ...] = field(repr=False)


class Words:
    """Makes the words of one file and remembers their places."""

    def __init__(self, format_name: str, title: str) -> None:
        self.format = format_name
        self.title = title
        self.places: list[Place] = []

    def __call__(self, place: str, expected: Kinds = VISIBLE) -> str:
        """Return the word for a place."""
        made = word(self.format, f"{self.title}: {place}")
        self.places.append(Place(self.format, f"{self.title}: {place}", made, expected))
        return made

    def file(self, content: bytes, name: str | None) -> Canary:
        """Return the finished file."""
        return Canary(self.format, self.title, name, content, tuple(self.places))


def word(format_name: str, place: str) -> str:
    """Return a pronounceable word that no language has, always the same for the same place."""
    number = int.from_bytes(hashlib.sha256(f"{format_name}/{place}".encode()).digest(), "big")
    out = ""
    for _ in range(_SYLLABLES):
        number, consonant = divmod(number, len(_CONSONANTS))
        number, vowel = divmod(number, len(_VOWELS))
        out += _CONSONANTS[consonant] + _VOWELS[vowel]
    return out


def halves(text: str) -> tuple[str, str]:
    """Return a word cut in two, for places where markup stands inside a word."""
    return text[:5], text[5:]

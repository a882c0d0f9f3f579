# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence for and against one address, what each piece is worth, and what it adds up to.

One point halves the chance of coincidence; the points are those of matching.md, section 5, and they are data.  The one
that differs: another street type costs nothing where town or postcode agree, because who writes "27 Larkspur Road" for
Lane has told as much as who leaves the type out.  Where neither agrees it costs little beside the number and a telling
name, and everything without them.  Pure.
"""

from dataclasses import dataclass, field
from typing import Final

from safehold.detect.view import Span
from safehold.model import Strength
from safehold.register.postcodes import Postcode

CERTAIN, LIKELY, HINT = 19.0, 14.0, 8.0

# What agrees.
POSTCODE: Final = 20.0
OUTWARD: Final = 9.0
NUMBER: Final = 6.0
LOOSE_NUMBER: Final = 4.0  # some words away, or misread
TYPE: Final = 2.0
FLAT: Final = 4.0
# What contradicts.
OTHER_TYPE: Final = 0.0  # beside its town or postcode
OTHER_TYPE_ALONE: Final = -3.0
OTHER_LETTER: Final = -4.0  # 12b for 12, which in the whole register is a veto
OTHER_HOUSE: Final = -9.0
OTHER_STREET: Final = -9.0
OTHER_TOWN: Final = -9.0
UNKNOWN_TOWN: Final = -3.0
NEAR_POSTCODE: Final = -4.0
FAR_POSTCODE: Final = -15.0
FLAT_UNNAMED: Final = -1.0
# What a slip of one letter leaves of the points of a name.
STREET_SLIP: Final = 0.85
STREET_SLIPS: Final = 0.6  # of two
HOUSE_SLIP: Final = 0.85
TOWN_SLIP: Final = 0.8
TOWN_HALF: Final = 0.7  # "Hadham" for Little Hadham


@dataclass(frozen=True, slots=True)
class Match:
    """An entry of the index that the text seems to hold.

    Attributes:
        entry: Its position in the index.
        words: The words that the evidence spans (from, up to).
        points: What the evidence adds up to.
        strength: What that makes it.
        is_whole: Whether nothing contradicts it and no letter is wrong.
        is_firm: Whether a number right beside it, or the name of a house, says which one it is.
        bare_postcode: Whether the postcode is all there is.
        refusable: The first word of the postcode that it rests on, where no number or house name supports it; or -1.
        why: The evidence in words.
        kinds: What agrees, where nothing speaks against it: it may be added to by what stands elsewhere.
    """

    entry: int
    words: Span = field(repr=False)
    points: float
    strength: Strength
    is_whole: bool
    is_firm: bool
    bare_postcode: bool
    refusable: int
    why: str
    kinds: frozenset[str] = frozenset()


class Evidence:
    """What has been found for one candidate.

    Attributes:
        points: What it adds up to.
        kinds: What agrees.
        spans: The words of each kind.
        is_identified: By number or name of the house.
        is_located: By street or postcode.
        is_contradicted: Whether anything speaks against it, or a letter is wrong.
        is_loose: Whether the number stands some words away.
        is_doubtful: Whether it rests on what was misread, or run together: likely at the most.
        is_vague: Whether the name may be a word of the sentence ("27 larkspur plants"), or another house of the street
            is named: a hint at the most.
    """

    def __init__(self) -> None:
        self.points = 0.0
        self.kinds: set[str] = set()
        self.spans: dict[str, Span] = {}
        self.is_identified = False
        self.is_located = False
        self.is_contradicted = False
        self.is_loose = False
        self.is_doubtful = False
        self.is_vague = False
        self._said: list[str] = []
        self._first = 1 << 60
        self._last = -1

    def add(self, kind: str, points: float, said: str, span: Span | None = None) -> None:
        """Add one kind of evidence."""
        self.points += points
        self.kinds.add(kind)
        self._said.append(said)
        if span is not None:
            self.spans[kind] = span
            self._first, self._last = min(self._first, span[0]), max(self._last, span[1])

    def against(self, points: float, said: str) -> None:
        """Take points away."""
        self.points += points
        self.is_contradicted = True
        self._said.append(said)

    def match(self, entry: int, *, postcode: Postcode | None = None, bare_postcode: bool = False) -> Match | None:
        """Return the match that the evidence makes, or None where it is too little."""
        strength = self._strength()
        if strength is None:
            return None
        return Match(
            entry,
            (self._first, self._last),
            self.points,
            strength,
            is_whole=not self.is_contradicted,
            is_firm=self.is_identified and not self.is_loose,
            bare_postcode=bare_postcode,
            refusable=-1 if postcode is None or self.is_identified else postcode.first,
            why=f"{_listed(self._said)}: {self.points:.0f} points",
            kinds=frozenset() if self.is_contradicted or self.is_vague else frozenset(self.kinds),
        )

    def _strength(self) -> Strength | None:
        # Everything that an address has, to the letter, is enough even where all of it is common (matching.md 5).
        exact = self.kinds >= {"street", "type", "town"} and bool(self.kinds & {"number", "house"})
        enough = self.points >= CERTAIN or (exact and not self.is_contradicted)
        if enough and self.is_identified and self.is_located and not self.is_vague:
            return Strength.LIKELY if self.is_doubtful else Strength.CERTAIN
        if self.points >= LIKELY and not self.is_vague and not self._is_bare():
            return Strength.LIKELY
        return Strength.HINT if self.points >= HINT and not self._is_nothing() else None

    def _is_bare(self) -> bool:
        """Return whether there is no more than a street, or a name of one and a town: matching.md 5 calls it a hint."""
        places = self.kinds & {"town", "near town", "outward"}
        is_more = self.kinds & {"number", "house", "postcode"} or (places and "type" in self.kinds)
        return "street" in self.kinds and not is_more

    def _is_nothing(self) -> bool:
        """Return whether it is a word that happens to be a street's name."""
        return "street" in self.kinds and not self.kinds - {"street", "other type", "near town"}


def _listed(said: list[str]) -> str:
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"

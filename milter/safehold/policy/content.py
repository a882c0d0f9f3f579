# SPDX-License-Identifier: GPL-3.0-or-later
"""``when.content`` asked of the evidence: which people a witness could name, and what cannot be told.

A witness (rule 1) is one hit for each positive leaf, all within ``within``.  Nobody needs the witnesses themselves: the
recipient conditions are asked for one person at a time, so it is enough to know *which persons* some witness has,
whether some witness has none, and the same for witnesses that an unread part would complete.  That is what
:class:`Answered` holds; it is computed bottom-up per group of hits, never by multiplying hits out.

Which hits count depends on who looks (rules 4 and 5): that is the :class:`Lens`.  Pure.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from safehold.model import Finding, Strength
from safehold.policy.evidence import NAME_FIELDS, Evidence, Hit, Unread
from safehold.policy.language import (
    AllOf,
    AnyOf,
    Anything,
    Content,
    Inside,
    Nowhere,
    People,
    Policy,
    Unit,
    Within,
    Words,
    leaves,
)

_CERTAIN, _LIKELY = Strength.CERTAIN.rank, Strength.LIKELY.rank
# What a ground lists is for people to read.
_FINDINGS_SHOWN = 25


@dataclass(frozen=True, slots=True)
class Lens:
    """Through whose eyes hits are counted.

    Attributes:
        own: People in the recipient's (or addressee's) own scope.
        by_name: People to whom somebody of that name is adverse.
        parties: Person -> adverse parties that he is.
        adverse: Leave out what those parties know.
        attachment: Only hits in this top-level attachment, or None for all.
        name_only: A letter's addressee known by name alone: nothing below certain counts.
    """

    own: frozenset[str] = frozenset()
    by_name: frozenset[str] = frozenset()
    parties: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    adverse: bool = False
    attachment: int | None = None
    name_only: bool = False

    def key(self, people: frozenset[str]) -> tuple[object, ...]:
        """Return what of this lens can matter where only *people* were found."""
        own, by_name = self.own & people, self.by_name & people
        parties = tuple(sorted((p, self.parties.get(p, frozenset())) for p in own | by_name)) if self.adverse else ()
        return (
            own,
            by_name,
            tuple((p, tuple(sorted(ids))) for p, ids in parties),
            self.adverse,
            self.attachment,
            self.name_only,
        )

    def rank(self, hit: Hit) -> int:
        """Return the rank at which the hit is seen: the deep search is seen for one's own people only (rule 4)."""
        person = hit.finding.person
        return max(hit.base, hit.deep) if person in self.own or person in self.by_name else hit.base

    def needed(self, person: str, strength: Strength | None) -> int:
        """Return the rank that a hit of this person needs."""
        if person in self.own:
            return _CERTAIN if self.name_only else (strength.rank if strength is not None else _LIKELY)
        if person in self.by_name and self.adverse:
            return _CERTAIN
        return strength.rank if strength is not None else _CERTAIN

    def known(self, hit: Hit) -> bool:
        """Return whether the hit is none for this adverse party, who knows the value (rule 5)."""
        return self.adverse and hit.known_by(self.parties.get(hit.finding.person, frozenset()))


@dataclass(frozen=True, slots=True)
class Answered:
    """What the witnesses of a condition have.

    Attributes:
        persons: People of witnesses that are wholly there.
        nobody: Some witness that is wholly there has no person.
        maybe: People of witnesses that an unread part would complete.
        anyone: Some such witness has an unknown person.
        maybe_nobody: Some such witness has no person.
    """

    persons: frozenset[str] = frozenset()
    nobody: bool = False
    maybe: frozenset[str] = frozenset()
    anyone: bool = False
    maybe_nobody: bool = False

    @property
    def there(self) -> bool:
        """Return whether there is a whole witness."""
        return bool(self.persons) or self.nobody

    @property
    def perhaps(self) -> bool:
        """Return whether an unread part would make a witness."""
        return bool(self.maybe) or self.anyone or self.maybe_nobody


_NO = Answered()
_YES = Answered(nobody=True)


def _either(answers: Sequence[Answered]) -> Answered:
    """Return the answers of "any": whatever one of them has."""
    if len(answers) == 1:
        return answers[0]
    return Answered(
        persons=frozenset().union(*(a.persons for a in answers)),
        nobody=any(a.nobody for a in answers),
        maybe=frozenset().union(*(a.maybe for a in answers)),
        anyone=any(a.anyone for a in answers),
        maybe_nobody=any(a.maybe_nobody for a in answers),
    )


def _both(answers: Sequence[Answered]) -> Answered:
    """Return the answers of "all": a witness takes one from each, so its people are those of any of them."""
    if not all(a.there or a.perhaps for a in answers):
        return _NO
    whole = all(a.there for a in answers)
    unsure = any(a.perhaps for a in answers)
    return Answered(
        persons=frozenset().union(*(a.persons for a in answers)) if whole else frozenset(),
        nobody=all(a.nobody for a in answers),
        maybe=frozenset().union(*(a.persons | a.maybe for a in answers)) if unsure else frozenset(),
        anyone=any(a.anyone for a in answers),
        maybe_nobody=unsure and all(a.nobody or a.maybe_nobody for a in answers),
    )


@dataclass(frozen=True, slots=True)
class Contents:
    """The answer for a whole message: what is there, and what each kind of unread part would add."""

    there: Answered
    unread: tuple[tuple[Unread, Answered], ...] = ()

    @property
    def nothing(self) -> bool:
        """Return whether neither what was read nor what was not has a witness."""
        return not (self.there.there or self.there.perhaps or self.unread)


_ADDRESS, _POSTCODE = "address", "postcode"


def _tells(field_name: str) -> frozenset[str]:
    """Return the fields that a finding tells: who has the whole address has its postcode, found as its own or not."""
    return frozenset({field_name, _POSTCODE}) if field_name == _ADDRESS else frozenset({field_name})


class Asker:
    """Asks the content of one policy, remembering the answers by what of a lens matters."""

    def __init__(self, policy: Policy, evidence: Evidence) -> None:
        self.policy = policy
        self.evidence = evidence
        found = leaves(policy.content)
        terms = {term for leaf in found if isinstance(leaf, Words) for term in leaf.terms}
        self.hits: list[Hit] = [hit for name in sorted(policy.registers) for hit in evidence.people.get(name, ())]
        self.people = frozenset(hit.finding.person for hit in self.hits)
        self.hits += [hit for term in sorted(terms) for hit in evidence.terms.get(term, ())]
        self._answers: dict[tuple[object, ...], Contents] = {}
        self._nowhere: dict[tuple[object, ...], Answered] = {}

    def ask(self, lens: Lens) -> Contents:
        """Return the answer as seen through *lens*."""
        key = lens.key(self.people)
        if key not in self._answers:
            self._answers[key] = self._ask(lens)
        return self._answers[key]

    def hopeless(self) -> bool:
        """Return whether no recipient whatever could be shown a witness; a cheap look that may say False too often.

        Everybody counts as in scope and windows are left out.  Under "not" more hits make fewer witnesses, so there it
        is not asked.
        """
        content = self.policy.content
        if len(leaves(content)) != len(leaves(content, positive=True)):
            return False
        loose = _unbounded(content)
        lens = Lens(own=self.people)
        for unread in (None, *self.evidence.unread):
            answer = self._answer(loose, self.hits, unread, lens)
            if answer.there or answer.perhaps:
                return False
        return True

    def _ask(self, lens: Lens) -> Contents:
        hits = self._seen(lens)
        content = self.policy.content
        there = self._answer(content, hits, None, lens)
        unread = ((unread, self._answer(content, hits, unread, lens)) for unread in self.evidence.unread)
        return Contents(there, tuple((unread, answer) for unread, answer in unread if answer.perhaps))

    def _seen(self, lens: Lens) -> list[Hit]:
        if lens.attachment is None:
            return self.hits
        attachment = self.evidence.attachment
        return [hit for hit in self.hits if attachment(hit.finding.place.part) == lens.attachment]

    # -- the tree --

    def _answer(self, content: Content, hits: Sequence[Hit], unread: Unread | None, lens: Lens) -> Answered:
        match content:
            case Anything():
                return _YES
            case People():
                return self._people(content, hits, unread, lens)
            case Words():
                return self._words(content, hits, unread)
            case AllOf():
                return _both([self._answer(item, hits, unread, lens) for item in content.items])
            case AnyOf():
                return _either([self._answer(item, hits, unread, lens) for item in content.items])
            case Nowhere():
                return self._not(content, lens)
            case Inside():
                answers = [
                    self._answer(content.item, group, None, lens)
                    for group in self.evidence.groups(content.within, hits)
                ]
                if unread is not None:
                    answers.append(self._answer(content.item, self._beside(content.within, hits, unread), unread, lens))
                elif not answers:
                    answers = [self._answer(content.item, [], None, lens)]
                return _either(answers)

    @staticmethod
    def _beside(within: Within, hits: Sequence[Hit], unread: Unread) -> Sequence[Hit]:
        """Return the hits that could stand near something in an unread part: those in it."""
        if within.unit is Unit.MESSAGE:
            return hits
        return [hit for hit in hits if hit.finding.place.part in unread.parts]

    def _not(self, content: Nowhere, lens: Lens) -> Answered:
        """Answer "nowhere in the message": the whole of it, whatever window or attachment is asked around it."""
        everywhere = replace(lens, attachment=None, adverse=False)
        key = (id(content), *everywhere.key(self.people))
        if key not in self._nowhere:
            found = self._answer(content.item, self.hits, None, everywhere)
            unread = [self._answer(content.item, self.hits, unread, everywhere) for unread in self.evidence.unread]
            if found.there:
                self._nowhere[key] = _NO
            elif found.perhaps or any(answer.perhaps for answer in unread):
                self._nowhere[key] = Answered(maybe_nobody=True)
            else:
                self._nowhere[key] = _YES
        return self._nowhere[key]

    # -- the leaves --

    def _people(self, leaf: People, hits: Sequence[Hit], unread: Unread | None, lens: Lens) -> Answered:
        counted = self.counted(leaf, hits, lens)
        full = frozenset(p for p, found in counted.items() if _fields(found) >= leaf.fields_at_least)
        unknown = unread is not None and unread.could_hold(leaf.where)
        return Answered(
            persons=full if len(full) >= leaf.people else frozenset(),
            maybe=frozenset(counted) if unknown else frozenset(),
            anyone=unknown,
        )

    def counted(self, leaf: People, hits: Sequence[Hit], lens: Lens) -> dict[str, list[Hit]]:
        """Return the hits of *leaf* that count, by person."""
        found: dict[str, list[Hit]] = defaultdict(list)
        for hit in hits:
            if hit.register in leaf.registers and not hit.term:
                found[hit.finding.person].append(hit)
        counted = {}
        for person, own in found.items():
            needed = lens.needed(person, leaf.strength)
            # A name beside another finding of the same person is as sure as that one.
            lift = max((lens.rank(hit) for hit in own if hit.finding.field not in NAME_FIELDS), default=0)
            kept = [hit for hit in own if self._counts(hit, leaf, lens, needed, lift)]
            if kept:
                counted[person] = kept
        return counted

    def _counts(self, hit: Hit, leaf: People, lens: Lens, needed: int, lift: int) -> bool:
        if leaf.fields and not leaf.fields & _tells(hit.finding.field):
            return False
        rank = lens.rank(hit)
        if rank and hit.finding.field in NAME_FIELDS:
            rank = max(rank, lift)
        if rank == 0 or rank < needed or lens.known(hit):
            return False
        return not leaf.where or bool(leaf.where & self.evidence.where(hit))

    def _words(self, leaf: Words, hits: Sequence[Hit], unread: Unread | None) -> Answered:
        terms = frozenset(leaf.terms)
        different = {(hit.term, hit.finding.value) for hit in self._of_words(leaf, hits)}
        there = len(different) >= leaf.at_least or bool(terms & self.evidence.everywhere)
        return Answered(nobody=there, maybe_nobody=unread is not None and unread.could_hold(leaf.where))

    def _of_words(self, leaf: Words, hits: Sequence[Hit]) -> list[Hit]:
        found = [hit for hit in hits if hit.term and hit.term in leaf.terms]
        return [hit for hit in found if not leaf.where or leaf.where & self.evidence.where(hit)]

    # -- what to show --

    def witness(self, lens: Lens, person: str) -> tuple[Finding, ...]:
        """Return the findings of one witness for *person* ("" for one without), to be shown with a ground."""
        hits = self._gather(self.policy.content, self._seen(lens), lens, person)
        own = [hit.finding for hit in hits if hit.finding.person == person]
        others = [hit.finding for hit in hits if hit.finding.person != person]
        return tuple(dict.fromkeys((*own, *others)))[:_FINDINGS_SHOWN]

    def _gather(self, content: Content, hits: Sequence[Hit], lens: Lens, person: str) -> list[Hit]:
        match content:
            case People():
                counted = self.counted(content, hits, lens)
                chosen = list(counted) if content.people > 1 or person not in counted else [person]
                return [hit for p in chosen for hit in counted[p]]
            case Words():
                return self._of_words(content, hits)[: max(3, content.at_least)]
            case AllOf() | AnyOf():
                return [
                    hit
                    for item in content.items
                    if self._answer(item, hits, None, lens).there
                    for hit in self._gather(item, hits, lens, person)
                ]
            case Inside():
                for group in self.evidence.groups(content.within, hits):
                    answer = self._answer(content.item, group, None, lens)
                    if person in answer.persons or (not person and answer.nobody):
                        return self._gather(content.item, group, lens, person)
                return []
            case Anything() | Nowhere():
                return []


def _unbounded(content: Content) -> Content:
    """Return *content* without its windows."""
    match content:
        case Inside():
            return _unbounded(content.item)
        case AllOf():
            return AllOf(tuple(_unbounded(item) for item in content.items))
        case AnyOf():
            return AnyOf(tuple(_unbounded(item) for item in content.items))
        case _:
            return content


def _fields(hits: Sequence[Hit]) -> int:
    """Return how many fields were found, a value inside a larger one of the same person not counted (rule 5)."""
    counted = {id(hit) for hit in hits}
    return len({hit.finding.field for hit in hits if not any(id(outer) in counted for outer in hit.around)})

# SPDX-License-Identifier: GPL-3.0-or-later
"""``when.content`` asked of the evidence: which people a witness could name, and what cannot be told.

A witness (rule 1) is one hit for each positive leaf, all within ``within``.  The recipient conditions are asked for one
person at a time, so an answer (:mod:`safehold.policy.answers`) says which people some witness has; it is computed
bottom-up per group of hits, never by multiplying hits out.

Which hits count depends on who looks (rules 4 and 5): that is the :class:`Lens`.  It shows only the people in the scope
of whoever looks otherwise than anybody sees them, so all others are counted once for all recipients.  Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

from safehold.model import Finding, PartPath, Strength
from safehold.policy.answers import NO, YES, Answered, Contents, both, either
from safehold.policy.evidence import NAME_FIELDS, Evidence, Hit, Unread
from safehold.policy.language import (
    AllOf,
    AnyOf,
    Anything,
    Content,
    Inside,
    Leaf,
    Nowhere,
    People,
    Terms,
    Unit,
    leaves,
)
from safehold.policy.piles import Pile

_CERTAIN, _LIKELY = Strength.CERTAIN.rank, Strength.LIKELY.rank
# What a ground lists is for people to read.
_FINDINGS_SHOWN = 25
# Of others than the person in one condition; twice as many, because two conditions may show the same ones.
_MOST_GATHERED = 2 * _FINDINGS_SHOWN


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


class Shortfall(StrEnum):
    """Why something that was found does not count for a condition."""

    FIELD = "field"
    ELSEWHERE = "elsewhere"
    KNOWN = "known"
    WEAK = "weak"


_TELLING = {"address": frozenset({"address", "postcode"})}


def _tells(field_name: str) -> frozenset[str]:
    """Return the fields that a finding tells: who has the whole address has its postcode, found as its own or not."""
    return _TELLING.get(field_name) or frozenset({field_name})


@dataclass(frozen=True, slots=True)
class _Look:
    """A lens, and whom of the people found it shows otherwise than everybody else sees them."""

    lens: Lens
    mine: frozenset[str]


# What stands in no message: a part below a name that no part can have.
_TOO_MANY = frozenset({PartPath(("\0",))})
_NOBODYS = _Look(Lens(), frozenset())
_EMPTY = Pile(())


@dataclass(frozen=True, slots=True)
class _Counted:
    """What a leaf counts of people outside the scope of whoever looks.

    Attributes:
        hits: The hits that count, by person; people without are not in it.
        full: The people who have as many fields as the leaf wants.
    """

    hits: Mapping[str, list[Hit]]
    full: frozenset[str]

    @property
    def some(self) -> AbstractSet[str]:
        """Return everybody of whom something counts."""
        return self.hits.keys()


class Asker:
    """Asks one content, remembering the answers by what of a lens matters."""

    def __init__(self, content: Content, evidence: Evidence) -> None:
        self.content = content
        self.evidence = evidence
        found = leaves(content)
        terms = {term for leaf in found if isinstance(leaf, Terms) for term in leaf.terms}
        registers = sorted({name for leaf in found if isinstance(leaf, People) for name in leaf.registers})
        self.hits: list[Hit] = [hit for name in registers for hit in evidence.people.get(name, ())]
        self.hits += [hit for term in sorted(terms) for hit in evidence.terms.get(term, ())]
        self._pile = Pile(self.hits)
        self.people = frozenset(self._pile.by_person)
        self._attached: dict[int, Pile] = {}
        # By leaf and pile; both live as long as this asker and its policy.
        self._counted: dict[tuple[int, Pile], _Counted] = {}
        self._spelt: dict[tuple[int, Pile], tuple[Hit, ...]] = {}
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
        content = self.content
        if len(leaves(content)) != len(leaves(content, positive=True)):
            return False
        loose = _unbounded(content)
        look = _Look(Lens(own=self.people), self.people)
        for unread in (None, *self.evidence.unread):
            answer = self._answer(loose, self._pile, unread, look)
            if answer.there or answer.perhaps:
                return False
        return True

    def _ask(self, lens: Lens) -> Contents:
        pile, look = self._seen(lens), self._look(lens)
        content = self.content
        there = self._answer(content, pile, None, look)
        unread = ((unread, self._answer(content, pile, unread, look)) for unread in self.evidence.unread)
        return Contents(there, tuple((unread, answer) for unread, answer in unread if answer.perhaps))

    def _look(self, lens: Lens) -> _Look:
        alike = self._sure & self._unknown if lens.adverse else self._sure
        return _Look(lens, (lens.own | lens.by_name) & (self.people - alike))

    @cached_property
    def _sure(self) -> frozenset[str]:
        """Return the people of whom all was found for certain without looking at who gets it: the same for all."""
        return frozenset(
            person for person, own in self._pile.by_person.items() if all(hit.base == _CERTAIN for hit in own)
        )

    @cached_property
    def _unknown(self) -> frozenset[str]:
        """Return the people of whom no adverse party knows anything that was found."""
        return frozenset(person for person, own in self._pile.by_person.items() if not any(hit.known_to for hit in own))

    def _seen(self, lens: Lens) -> Pile:
        number = lens.attachment
        if number is None:
            return self._pile
        if number not in self._attached:
            attachment = self.evidence.attachment
            mine = [hit for hit in self.hits if attachment(hit.finding.place.part) == number]
            self._attached[number] = Pile(mine)
        return self._attached[number]

    def in_parts(self, lens: Lens, parts: AbstractSet[PartPath]) -> Answered:
        """Return the answer as seen through *lens* where only these parts are looked at, all of them read."""
        pile = Pile([hit for hit in self.hits if hit.finding.place.part in parts])
        return self._answer(self.content, pile, None, self._look(lens))

    # -- the tree --

    def _answer(self, content: Content, pile: Pile, unread: Unread | None, look: _Look) -> Answered:
        match content:
            case Anything():
                return YES
            case People():
                return self._people(content, pile, unread, look)
            case Terms():
                return self._terms(content, pile, unread)
            case AllOf():
                return both([self._answer(item, pile, unread, look) for item in content.items])
            case AnyOf():
                return either([self._answer(item, pile, unread, look) for item in content.items])
            case Nowhere():
                return self._not(content, look.lens)
            case Inside():
                return self._inside(content, pile, unread, look)

    def _inside(self, content: Inside, pile: Pile, unread: Unread | None, look: _Look) -> Answered:
        item = content.item
        groups = pile.groups(content.within, self.evidence)
        answers: list[Answered] = []
        if len(leaves(item)) != len(leaves(item, positive=True)):  # what is nowhere else differs from lens to lens
            answers = [self._answer(item, group, None, look) for group in groups.piles]
        elif groups.piles:
            mine = groups.of(look.mine)
            persons, nobody = groups.tally(id(item), lambda group: self._there(item, group)).without(mine)
            answers = [Answered(persons=persons, nobody=nobody)]
            answers += (self._answer(item, groups.piles[number], None, look) for number in mine)
        if unread is not None:
            beside = pile if content.within.unit is Unit.MESSAGE else pile.in_parts(unread)
            answers.append(self._answer(item, beside, unread, look))
        elif not answers:
            answers = [self._answer(item, _EMPTY, None, look)]
        return either(answers)

    def _there(self, content: Content, pile: Pile) -> tuple[frozenset[str], bool]:
        """Return what is there for whoever has none of the people in his scope."""
        answer = self._answer(content, pile, None, _NOBODYS)
        return answer.persons, answer.nobody

    def _not(self, content: Nowhere, lens: Lens) -> Answered:
        """Answer "nowhere in the message": the whole of it, whatever window or attachment is asked around it."""
        everywhere = replace(lens, attachment=None, adverse=False)
        key = (id(content), *everywhere.key(self.people))
        if key not in self._nowhere:
            look = self._look(everywhere)
            found = self._answer(content.item, self._pile, None, look)
            unread = [self._answer(content.item, self._pile, unread, look) for unread in self.evidence.unread]
            if found.there:
                self._nowhere[key] = NO
            elif found.perhaps or any(answer.perhaps for answer in unread):
                self._nowhere[key] = Answered(maybe_nobody=True)
            else:
                self._nowhere[key] = YES
        return self._nowhere[key]

    # -- the leaves --

    def _people(self, leaf: People, pile: Pile, unread: Unread | None, look: _Look) -> Answered:
        others = self._of_others(leaf, pile)
        mine = pile.among(look.mine)
        full, some = others.full, others.some
        if mine:
            own = {person: kept for person in mine if (kept := self._kept(leaf, pile, person, look.lens))}
            enough = {person for person, kept in own.items() if _fields(kept) >= leaf.fields_at_least}
            full = full.difference(mine) | enough
            some = some - set(mine) | own.keys()
        unknown = unread is not None and unread.could_hold(leaf.where)
        return Answered(
            persons=full if len(full) >= leaf.people else frozenset(),
            maybe=frozenset(some) if unknown else frozenset(),
            anyone=unknown,
        )

    def _of_others(self, leaf: People, pile: Pile) -> _Counted:
        """Return what the leaf counts here of people outside the scope of whoever looks: worked out once."""
        counted = self._counted.get((id(leaf), pile))
        if counted is None:
            lens = _NOBODYS.lens
            hits = {person: kept for person in pile.by_person if (kept := self._kept(leaf, pile, person, lens))}
            full = frozenset(person for person, kept in hits.items() if _fields(kept) >= leaf.fields_at_least)
            counted = self._counted[id(leaf), pile] = _Counted(hits, full)
        return counted

    def _kept(self, leaf: People, pile: Pile, person: str, lens: Lens) -> list[Hit]:
        """Return the hits of one person that count for *leaf*."""
        own = pile.by_person.get(person, ())
        if not own or own[0].register not in leaf.registers:
            return []
        needed = lens.needed(person, leaf.strength)
        ranked = [(lens.rank(hit), hit) for hit in own]
        # A name beside another finding of the same person is as sure as that one.
        lift = max((rank for rank, hit in ranked if hit.finding.field not in NAME_FIELDS), default=0)
        kept = [hit for rank, hit in ranked if rank and max(rank, _lifted(hit, lift)) >= needed]
        return [hit for hit in kept if self._counts(hit, leaf, lens)]

    def _counts(self, hit: Hit, leaf: People, lens: Lens) -> bool:
        if leaf.fields and leaf.fields.isdisjoint(_tells(hit.finding.field)):
            return False
        if lens.known(hit):
            return False
        return not leaf.where or not leaf.where.isdisjoint(self.evidence.where(hit))

    def _terms(self, leaf: Terms, pile: Pile, unread: Unread | None) -> Answered:
        terms = frozenset(leaf.terms)
        different = {(hit.term, hit.finding.value) for hit in self._of_terms(leaf, pile)}
        there = len(different) >= leaf.at_least or bool(terms & self.evidence.everywhere)
        return Answered(nobody=there, maybe_nobody=unread is not None and unread.could_hold(leaf.where, leaf.blind))

    def _of_terms(self, leaf: Terms, pile: Pile) -> Sequence[Hit]:
        found = self._spelt.get((id(leaf), pile))
        if found is None:
            named = (hit for hit in pile.hits if hit.term and hit.term in leaf.terms)
            found = tuple(hit for hit in named if not leaf.where or leaf.where & self.evidence.where(hit))
            self._spelt[id(leaf), pile] = found
        return found

    # -- what does not count, for an account --

    def shortfalls(self, leaf: People, lens: Lens) -> Iterator[tuple[Hit, Shortfall]]:
        """Yield what whoever looks through *lens* is shown of the leaf's registers and what does not count for it."""
        pile = self._seen(lens)
        for person, own in pile.by_person.items():
            if own[0].register in leaf.registers:
                kept = {id(hit) for hit in self._kept(leaf, pile, person, lens)}
                for hit in own:
                    if lens.rank(hit) and id(hit) not in kept:
                        yield hit, self._shortfall(hit, leaf, lens)

    def _shortfall(self, hit: Hit, leaf: People, lens: Lens) -> Shortfall:
        if leaf.fields and leaf.fields.isdisjoint(_tells(hit.finding.field)):
            return Shortfall.FIELD
        if leaf.where and leaf.where.isdisjoint(self.evidence.where(hit)):
            return Shortfall.ELSEWHERE
        return Shortfall.KNOWN if lens.known(hit) else Shortfall.WEAK

    def different(self, leaf: Terms, lens: Lens) -> int:
        """Return how many different hits of the leaf's terms there are."""
        return len({(hit.term, hit.finding.value) for hit in self._of_terms(leaf, self._seen(lens))})

    def people_found(self, leaf: People, lens: Lens) -> tuple[int, int]:
        """Return of how many people something counts for the leaf, and the most fields of one of them."""
        pile = self._seen(lens)
        kept = [hits for person in pile.by_person if (hits := self._kept(leaf, pile, person, lens))]
        return len(kept), max(map(_fields, kept), default=0)

    # -- where witnesses stand --

    def witness_parts(self, lens: Lens, person: str, most: int) -> tuple[frozenset[PartPath], ...]:
        """Return the sets of parts in which the witnesses of *person* ("" for those without one) stand.

        Where there are more than *most*, one set that no message has is returned: nobody can say anything of it.
        """
        found = self._stands(self.content, self._seen(lens), self._look(lens), person, most)
        return tuple(dict.fromkeys(found)) if len(found) <= most else (_TOO_MANY,)

    def _stands(self, content: Content, pile: Pile, look: _Look, person: str, most: int) -> list[frozenset[PartPath]]:
        match content:
            case People() | Terms():
                return self._stands_leaf(content, pile, look, person)
            case AnyOf():
                there = (item for item in content.items if self._answer(item, pile, None, look).there)
                return [parts for item in there for parts in self._stands(item, pile, look, person, most)]
            case AllOf():
                combined: list[frozenset[PartPath]] = [frozenset()]
                for item in content.items:
                    own = self._stands(item, pile, look, person, most) or [frozenset()]
                    if len(combined) * len(own) > most:
                        return [_TOO_MANY] * (most + 1)
                    combined = list(dict.fromkeys(left | right for left in combined for right in own))
                return combined
            case Inside():
                groups = pile.groups(content.within, self.evidence).piles
                return [
                    parts
                    for group in groups
                    if self._answer(content.item, group, None, look).there
                    for parts in self._stands(content.item, group, look, person, most)
                ]
            case Anything() | Nowhere():
                return [frozenset(part.path for part in self.evidence.reading.parts)]

    def _stands_leaf(self, leaf: Leaf, pile: Pile, look: _Look, person: str) -> list[frozenset[PartPath]]:
        hits: Sequence[Hit]
        if isinstance(leaf, Terms):
            hits = self._of_terms(leaf, pile)
        else:
            hits = self._kept(leaf, pile, person, look.lens) if person else []
            if leaf.people > 1 or not hits:
                hits = [hit for other in pile.by_person for hit in self._kept(leaf, pile, other, look.lens)]
        # Also where several hits are needed: each part has to be excused for itself, which frees less and never more.
        return [frozenset({part}) for part in dict.fromkeys(hit.finding.place.part for hit in hits)]

    # -- what to show --

    def witness(self, lens: Lens, person: str) -> tuple[Finding, ...]:
        """Return the findings of one witness for *person* ("" for one without), to be shown with a ground."""
        hits = self._gather(self.content, self._seen(lens), self._look(lens), person)
        own = [hit.finding for hit in hits if hit.finding.person == person]
        others = [hit.finding for hit in hits if hit.finding.person != person]
        return tuple(dict.fromkeys((*own, *others)))[:_FINDINGS_SHOWN]

    def _gather(self, content: Content, pile: Pile, look: _Look, person: str) -> Sequence[Hit]:
        match content:
            case People():
                return self._gather_people(content, pile, look, person)
            case Terms():
                return self._of_terms(content, pile)[: max(3, content.at_least)]
            case AllOf() | AnyOf():
                return [
                    hit
                    for item in content.items
                    if self._answer(item, pile, None, look).there
                    for hit in self._gather(item, pile, look, person)
                ]
            case Inside():
                groups = pile.groups(content.within, self.evidence)
                numbers = groups.of((person,)) if person else range(len(groups.piles))
                for group in (groups.piles[number] for number in numbers):
                    answer = self._answer(content.item, group, None, look)
                    if person in answer.persons or (not person and answer.nobody):
                        return self._gather(content.item, group, look, person)
                return []
            case Anything() | Nowhere():
                return []

    def _gather_people(self, leaf: People, pile: Pile, look: _Look, person: str) -> list[Hit]:
        """Return the hits of the person that count, or if that is not enough those of everybody, as many as shown."""
        own = self._kept(leaf, pile, person, look.lens)
        if own and leaf.people == 1:
            return own
        mine, others = look.mine, self._of_others(leaf, pile).hits
        found: list[Hit] = []
        for other in pile.by_person:
            if other == person:
                found += own
            elif len(found) < len(own) + _MOST_GATHERED:
                kept = self._kept(leaf, pile, other, look.lens) if other in mine else others.get(other, ())
                found += kept
        return found


def _lifted(hit: Hit, lift: int) -> int:
    return lift if hit.finding.field in NAME_FIELDS else 0


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

# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new entry about a person takes from the one that is there, and what becomes of both together.

An import gives a person whole: what the file does not say is gone.  So a file with one more telephone number, written
by somebody who meant to *add* it, would take everything else of hers away.  ``losses`` says what would go, by counts;
``joined`` is the other reading of such a file: what is there stays, what is new comes to it.

Two spellings of one value (a telephone number with and without +44, an address with and without commas) are one value.
Pure; no value is ever in what ``losses`` says.  Source: DESIGN section 8, "Nothing is deleted by an import".
"""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple, TypeVar

from safehold.errors import counted
from safehold.register import keys
from safehold.register.people import (
    EVERYBODY,
    AdverseParty,
    Authorised,
    FormerContact,
    Kind,
    Person,
    Route,
    Value,
)
from safehold.text import folded

_T = TypeVar("_T")


def losses(before: Person, after: Person) -> str:
    """Return what *after* no longer has of what protected *before*, as counts in words; "" where nothing is lost.

    Only what the entry stops saying is a loss; what it says anew (that somebody knows a value already) is its
    author's word.
    """
    kept = {(part.noun, part.key) for part in _protection(after)}
    gone: dict[_Noun, int] = {}
    for part in dict.fromkeys(_protection(before)):
        stays = part.within is None or part.within in kept  # what goes with a lost party is not counted beside it
        if stays and (part.noun, part.key) not in kept:
            gone[part.noun] = gone.get(part.noun, 0) + 1
    said = [counted(number, *noun) for noun, number in gone.items()]
    if before.register != after.register:
        said.append(f"the place in register {before.register}")
    return " and ".join((", ".join(said[:-1]), said[-1]) if len(said) > 1 else said)


def conflict(before: Person, more: Person) -> str:
    """Return what of *more* cannot be added to *before*, in words and ids; "" where everything can."""
    if before.register != more.register:
        return f"is in register {before.register}, not {more.register}"
    named = {party.id: _words(party.name) for party in before.adverse if party.name}
    for party in more.adverse:
        if party.name and named.get(party.id, _words(party.name)) != _words(party.name):
            return f"has another name for adverse party {party.id}; give the second name as a party of its own"
    return ""


def joined(before: Person, more: Person) -> Person:
    """Return *before* with what *more* adds to it.  Nothing is taken away, and no value becomes less protected.

    A value that is there already stays as it is (also whom it is known to); only ``secret`` may come to it.  Of two
    dates the one that protects more counts.  What *more* says twice counts once, with all that protects of either.
    """
    return replace(
        before,
        values=_together(before.values, _once(more.values, _value_key, _both_values), _value_key, _either_secret),
        adverse=_together(before.adverse, more.adverse, lambda party: party.id, _joined_party),
        authorised=_together(before.authorised, more.authorised, _authorised_key, _shorter_authority),
        former_contacts=_together(before.former_contacts, more.former_contacts, _former_key, _over_sooner),
        subject=_together(before.subject, more.subject, keys.exact_mailbox),
        conflicts=_together(before.conflicts, more.conflicts, keys.exact_mailbox),
        review_by=more.review_by or before.review_by,
    )


_Noun = tuple[str, str]  # in the singular and the plural
_VALUES: _Noun = ("value", "values")
_SECRETS: _Noun = ("mark as secret", "marks as secret")
_PARTIES: _Noun = ("adverse party", "adverse parties")
_DETAILS: _Noun = ("detail of an adverse party", "details of adverse parties")
_AUTHORISED: _Noun = ("authorised recipient", "authorised recipients")
_FORMER: _Noun = ("former contact", "former contacts")
_SUBJECT: _Noun = ("mailbox of the person's own", "mailboxes of the person's own")
_CONFLICTS: _Noun = ("conflict", "conflicts")


class _Part(NamedTuple):
    """One piece of a person's protection; ``within`` names the one that it is a part of."""

    noun: _Noun
    key: Hashable
    within: tuple[_Noun, Hashable] | None = None


def _protection(person: Person) -> Iterator[_Part]:
    """Yield everything that protects the person."""
    for value in person.values:
        yield _Part(_VALUES, _value_key(value))
        if value.secret:
            yield _Part(_SECRETS, _value_key(value), (_VALUES, _value_key(value)))
    for party in person.adverse:
        yield _Part(_PARTIES, party.id)
        yield from (_Part(_DETAILS, (party.id, *detail), (_PARTIES, party.id)) for detail in _details(party))
    yield from (_Part(_AUTHORISED, _authorised_key(entry)) for entry in person.authorised)
    yield from (_Part(_FORMER, _former_key(contact)) for contact in person.former_contacts)
    yield from (_Part(_SUBJECT, keys.exact_mailbox(address)) for address in person.subject)
    yield from (_Part(_CONFLICTS, keys.exact_mailbox(address)) for address in person.conflicts)


def _details(party: AdverseParty) -> Iterator[tuple[str, str]]:
    """Yield all that an adverse party is known by."""
    if party.name:
        yield "name", _words(party.name)
    yield from (("email", keys.mailbox(address)) for address in party.emails)
    yield from (("phone", keys.phone(number)) for number in party.phones)
    yield from (("address", _address_key(address)) for address in party.addresses)
    yield from (("route", keys.mailbox(route.email)) for route in party.routes)


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", folded(text)))


def _address_key(text: str) -> str:
    """Return the words of an address, and what stands between its numbers: 1/2, 3 Elm Row is not 1, 2/3 Elm Row."""
    pieces = re.split(r"(\W+)", re.sub(r"^\W+|\W+$", "", folded(text)))
    words, gaps = pieces[::2], pieces[1::2]
    key = words[0]
    for before, gap, word in zip(words, gaps, words[1:], strict=False):
        sign = re.sub(r"[,;\n]+", ",", re.sub(r"[^\S\n]+", "", gap))  # a line end stands for a comma
        key += (sign if _numbers(before) and _numbers(word) else "") or " "
        key += word
    return key


def _numbers(word: str) -> bool:
    """Return whether a word numbers a house or a flat: it has a digit, or is a letter alone."""
    return len(word) == 1 or any(map(str.isdigit, word))


def _value_key(value: Value) -> tuple[str, ...]:
    if value.kind is Kind.ADDRESS:
        return value.kind.value, _address_key(value.value)
    # A secret alias is looked for by keys of its own, and is the same alias without the mark: by its words.
    unique = () if value.kind is Kind.ALIAS else tuple(keys.keys_of(value))
    return (value.kind.value, *(unique or (_words(value.value),)))


def _authorised_key(entry: Authorised) -> tuple[str, ...]:
    return (keys.exact_mailbox(entry.email), keys.domain(entry.domain), entry.role)


def _former_key(contact: FormerContact) -> tuple[str, ...]:
    return (keys.mailbox(contact.email) if contact.email else "", _address_key(contact.address))


def _either_secret(old: Value, new: Value) -> Value:
    return replace(old, secret=old.secret or new.secret)


def _both_values(one: Value, other: Value) -> Value:
    """Return one value for two of a file: known to those alone of whom both say it, as each of the two protects."""
    if EVERYBODY in one.known_to:
        known = other.known_to
    elif EVERYBODY in other.known_to:
        known = one.known_to
    else:
        known = one.known_to & other.known_to
    return replace(_either_secret(one, other), known_to=known)


def _shorter_authority(old: Authorised, new: Authorised) -> Authorised:
    """Return the authority up to the first of both ends: it excuses, so less of it protects more."""
    return replace(old, end=min((day for day in (old.end, new.end) if day is not None), default=None))


def _over_sooner(old: FormerContact, new: FormerContact) -> FormerContact:
    """Return the contact that is over as soon as either says so; one without a date is over."""
    if old.ended is None or new.ended is None:
        return replace(old, ended=None)
    return replace(old, ended=min(old.ended, new.ended))


def _joined_party(old: AdverseParty, new: AdverseParty) -> AdverseParty:
    """Return the party known by all of both; of two names, the one that is there."""
    return replace(
        old,
        name=old.name or new.name,
        emails=_together(old.emails, new.emails, keys.mailbox),
        phones=_together(old.phones, new.phones, keys.phone),
        addresses=_together(old.addresses, new.addresses, _address_key),
        routes=_together(old.routes, new.routes, _route_key),
    )


def _route_key(route: Route) -> str:
    return keys.mailbox(route.email)


def _there_already(old: _T, _new: _T) -> _T:
    return old


_Both = Callable[[_T, _T], _T]


def _once(entries: Iterable[_T], key: Callable[[_T], Hashable], both: _Both[_T]) -> tuple[_T, ...]:
    """Return the entries, of those with one key what *both* makes of them."""
    found: dict[Hashable, _T] = {}
    for entry in entries:
        name = key(entry)
        found[name] = both(found[name], entry) if name in found else entry
    return tuple(found.values())


def _together(
    old: Iterable[_T], new: Iterable[_T], key: Callable[[_T], Hashable], both: _Both[_T] = _there_already
) -> tuple[_T, ...]:
    """Return the old entries in their order (with what *both* makes of those given anew), then the new ones, once."""
    added = {key(entry): entry for entry in _once(new, key, both)}
    kept = [both(entry, added[key(entry)]) if key(entry) in added else entry for entry in old]
    known = {key(entry) for entry in kept}
    return (*kept, *(entry for name, entry in added.items() if name not in known))

# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence that stands in several places of one message: "27" in the body, "Larkspur Lane" in an attachment.

A *place* here is what a person sends as one thing: the body, the subject, the name of a file, an attachment.  Two ways
to put together what was split over two of them, both for people in scope alone and never more than ``likely``:

- the end of one place and the beginning of another are read as one text (``27 Lark`` | ``spur Lane``);
- what a street, or a number and street, lacks may be said in the midst of another place: the town, the number where
  it is called one, the first half of the postcode, the name of the house.  Each kind counts once, a little less than it
  would beside the street, and a town that belongs to another address does not count.

A finding so made stands, for ``within``, where its largest piece stands: more is held, never less.

Pure.  The points are those of matching.md, section 5.  Where nothing of an address is in a message this costs next to
nothing; what it costs otherwise is linear in the text for each address of which something was found.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from typing import Final

from safehold.detect import points, rarity
from safehold.detect.claims import Claims, fits
from safehold.detect.hits import Hit, Placed
from safehold.detect.rendering import Builder
from safehold.detect.view import Joined, Span, View
from safehold.model import PlaceKind, Segment, Strength, Visibility
from safehold.register import vocabulary
from safehold.register.addresses import Address, AddressIndex
from safehold.register.people import Kind
from safehold.register.postcodes import CLASSES
from safehold.register.spelling import SHORTEST_FUZZY
from safehold.register.words import Words
from safehold.text import folded

_END: Final = 80  # characters of a place that are its end, or its beginning
_MOST_PAIRS: Final = 132  # of twelve places with each other; of more each with the next one
_MOST_LOOKS: Final = 20_000  # names looked for at all ends
_BODIES: Final = frozenset({PlaceKind.BODY, PlaceKind.QUOTED})
_READ_TOGETHER: Final = _BODIES | {PlaceKind.SUBJECT}  # by everybody, and by the search too
_NO_PLACES: Final = frozenset({PlaceKind.HEADER, PlaceKind.METADATA})
_NOT_READ: Final = frozenset({Visibility.ALTERNATIVE, Visibility.ATTRIBUTE})

_ENOUGH: Final = points.LIKELY + 2.0  # a whole message is more to find a coincidence in than the words around a street
_ELSEWHERE: Final = 0.75  # what is left of the points of a town in another place
_OUTWARD: Final = 6.0
_HOUSE: Final = 7.0
_BEFORE_TOWN, _AFTER_TOWN = 7, 4  # words in which another street or postcode claims a town
_LONGEST_NUMBER: Final = 15
_LONGEST_EXTENSION: Final = 5
_MOST_JOINED: Final = 1_000_000  # characters


# -- places -----------------------------------------------------------------------------------------------------------


_Key = tuple[object, ...]


def _key(segment: Segment) -> _Key:
    """Return what tells one place from another; all that a message shows as its body is one place."""
    place = segment.place
    if place.kind in _BODIES:
        return "body", place.part.steps[:-1]
    if place.kind in {PlaceKind.SUBJECT, PlaceKind.FILENAME}:
        return place.kind, place.part.steps
    return "text", place.part.steps


def _called(segment: Segment) -> str:
    """Return what a place is called, without any name that the message gives it."""
    match segment.place.kind:
        case PlaceKind.SUBJECT:
            return "the subject"
        case PlaceKind.FILENAME:
            return "a file name"
        case PlaceKind.BODY | PlaceKind.QUOTED:
            return "the body"
        case PlaceKind.PAGE if segment.place.number is not None:
            return f"page {segment.place.number} of an attachment"
        case _:
            return "an attachment"


def _places(one: str, other: str) -> str:
    """Return two places in words."""
    return f"over two places ({one} and {other if other != one else other.replace('an ', 'another ', 1)})"


# -- the ends of places -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Edges:
    """The beginning and the end of one place: where in all the text, and the letters of each as names compare."""

    head: Span
    tail: Span
    head_key: str = field(repr=False)
    tail_key: str = field(repr=False)


def seams(segments: Sequence[Segment], index: AddressIndex, numbers: Collection[str]) -> View | None:
    """Return the ends of places read on into the beginnings of others, where that makes something; else None.

    Args:
        segments: All of the message.
        index: The addresses that are looked for.
        numbers: The digits of the phone numbers that are looked for, without the 0.
    """
    if all(segment.place.kind in _READ_TOGETHER for segment in segments if _counts(segment)):
        return None
    whole = Joined(list(enumerate(segments)))
    edges = list(_edges(segments, whole))
    builder = Builder()
    streets, codes = index.streets.words, tuple(index.postcodes)
    for one, other in _pairs(edges, len(streets) + len(codes) + len(numbers)):
        if len(builder) > _MOST_JOINED:
            break  # more than may be looked at: the search will say so
        run = one.tail_key + other.head_key
        if (
            _holds(run, streets)
            or _holds(run.translate(CLASSES), codes)
            or _crosses(one.tail_key, other.head_key, numbers)
        ):
            _join(whole, one.tail, other.head, builder)
    return View(builder.rendering(), whole, is_guess=True) if builder else None


def _holds(run: str, names: Iterable[str]) -> bool:
    return any(name in run for name in names)


def _crosses(before: str, after: str, numbers: Iterable[str]) -> bool:
    """Return whether the digits on both sides are one of the numbers."""
    left, right = _digits(before)[-_LONGEST_NUMBER:], _digits(after)[:_LONGEST_NUMBER]
    return bool(left and right) and _holds(left + right, numbers)


def _digits(run: str) -> str:
    return "".join(filter(str.isdecimal, run))


def _counts(segment: Segment) -> bool:
    if segment.place.kind in _NO_PLACES or segment.visibility in _NOT_READ:
        return False
    return bool(segment.text) and not segment.text.isspace()


def _edges(segments: Sequence[Segment], whole: Joined) -> Iterator[_Edges]:
    numbered = [(number, segment) for number, segment in enumerate(segments) if _counts(segment)]
    for _, group in groupby(numbered, key=lambda item: _key(item[1])):
        members = list(group)
        first, last = members[0], members[-1]
        head, tail = _head(first[1].text), _tail(_without_extension(last[1]))
        starts = whole.start_of(first[0]), whole.start_of(last[0])
        yield _Edges(
            (head[0] + starts[0], head[1] + starts[0]),
            (tail[0] + starts[1], tail[1] + starts[1]),
            _letters(first[1].text[slice(*head)]),
            _letters(last[1].text[slice(*tail)]),
        )


def _without_extension(segment: Segment) -> str:
    """Return the text of a segment; the name of a file without what says its type."""
    if segment.place.kind is not PlaceKind.FILENAME:
        return segment.text
    stem, dot, extension = segment.text.rpartition(".")
    return stem if dot and stem.strip() and len(extension) <= _LONGEST_EXTENSION else segment.text


def _head(text: str) -> Span:
    """Return the first words of a text."""
    start = len(text) - len(text.lstrip())
    end = min(start + _END, len(text))
    if end < len(text):
        end = max(text.rfind(" ", start, end), text.rfind("\n", start, end), start + 1)
    return start, end


def _tail(text: str) -> Span:
    """Return the last words of a text."""
    end = len(text.rstrip())
    start = max(end - _END, 0)
    if start > 0:
        cuts = [place for place in (text.find(" ", start, end), text.find("\n", start, end)) if place >= 0]
        start = min(cuts, default=end - 2) + 1
    return start, end


def _letters(text: str) -> str:
    return "".join([word.key for word in Words(folded(text)).words])


def _pairs(edges: Sequence[_Edges], names: int) -> Iterator[tuple[_Edges, _Edges]]:
    """Yield which end is read on into which beginning."""
    count = len(edges)
    every = count * (count - 1)
    if every <= _MOST_PAIRS and every * names <= _MOST_LOOKS:
        yield from ((one, other) for one in edges for other in edges if one is not other)
        return
    for one, other in pairwise(edges):
        yield one, other
        yield other, one


def _join(whole: Joined, tail: Span, head: Span, builder: Builder) -> None:
    """Add an end and a beginning, once as words and, where a word may be cut in two, once without a gap."""
    before, after = whole.text[slice(*tail)], whole.text[slice(*head)]
    for gap in (" ", "") if before[-1:].isalnum() and after[:1].isalnum() else (" ",):
        builder.wall()
        builder.add(before + gap, [*range(*tail), *([tail[1] - 1] * len(gap))])
        builder.joint()
        builder.add(after, range(*head))


def over_seam(view: View, hit: Hit, segments: Sequence[Segment], index: AddressIndex) -> Placed | None:
    """Return what was found over a seam, pointing at its largest piece; None where it is too little.

    A town at the end of one place says little of a street at the beginning of another: :func:`summed` weighs that.
    """
    pieces = view.pieces(hit.start, hit.end)
    if hit.strength is Strength.HINT or len(pieces) != 2:
        return None
    if hit.field == Kind.ADDRESS:
        texts = [segments[number].text[slice(*span)] for number, span in pieces]
        addresses = (entry.address for entry in index.entries if (entry.owner, entry.value) == (hit.person, hit.value))
        if any(_is_whole(address, *texts) or _is_whole(address, *reversed(texts)) for address in addresses):
            return None
    largest = max(pieces, key=lambda piece: piece[1][1] - piece[1][0])
    one, other = (_called(segments[number]) for number, _ in sorted(pieces))
    return Placed(replace(hit, why=f"{hit.why}, {_places(one, other)}"), *largest, is_plain=False)


def _is_whole(address: Address, piece: str, other: str) -> bool:
    """Return whether a piece holds the whole name of the street, and the other adds neither number nor postcode."""
    if not address.street or address.street not in _letters(piece):
        return False
    words = Words(folded(other))
    if any(word.number in address.numbers for word in words.words):
        return False
    return not address.postcode or address.postcode not in "".join(words.raw).translate(CLASSES)


# -- what stands in the midst of another place -------------------------------------------------------------------------


_Added = tuple[float, str, int]  # points, what it is, and the segment


def summed(
    placed: Sequence[Placed], views: Sequence[View], segments: Sequence[Segment], index: AddressIndex
) -> Iterator[Placed]:
    """Yield the hints of addresses that become likely by what other places of the message say.

    Args:
        placed: What was found.
        views: Where it was found.
        segments: The message.
        index: The addresses of the people in scope.
    """
    hints = [place for place in placed if place.hit.strength is Strength.HINT and place.hit.kinds]
    if not hints:
        return
    keys = [_key(segment) if _counts(segment) else None for segment in segments]
    if len(set(keys) - {None}) < 2:
        return
    addresses = {(entry.owner, entry.value): entry.address for entry in index.entries}
    plain = [(view, list(_marked_numbers(view))) for view in views if view.is_plain]
    said: dict[tuple[str, int], _Said] = {}
    elsewhere: dict[tuple[str, int], set[_Key | None]] = {}  # where other houses of the street are named
    for place in hints:
        owner = (place.hit.person, place.hit.value)
        if place.hit.field != Kind.ADDRESS or owner not in addresses:
            continue
        if owner not in said:
            found = (added for view, marked in plain for added in _said(view, marked, addresses[owner]))
            said[owner] = _best(found, keys)
        here = _key(segments[place.segment])
        if owner not in elsewhere:
            views_of_street = (view for view, _ in plain)
            elsewhere[owner] = {
                keys[number] for view in views_of_street for number in _other_houses(view, addresses[owner])
            }
        if here not in elsewhere[owner]:
            yield from _sum(place, [added for (where, _), added in said[owner].items() if where != here], segments)


_Said = dict[tuple[_Key, str], _Added]


def _best(found: Iterable[_Added], keys: Sequence[_Key | None]) -> _Said:
    """Return the best of each kind in each place."""
    best: _Said = {}
    for added in found:
        key = keys[added[2]]
        if key is not None and ((key, added[1]) not in best or best[key, added[1]][0] < added[0]):
            best[key, added[1]] = added
    return best


def _sum(place: Placed, others: Iterable[_Added], segments: Sequence[Segment]) -> Iterator[Placed]:
    """Yield a hint with the best of each kind of evidence that it lacks, where that is enough."""
    best: dict[str, _Added] = {}
    kinds = place.hit.kinds
    taken = kinds | ({"town"} if "near town" in kinds else set()) | ({"outward"} if "postcode" in kinds else set())
    for added in others:
        if added[1] not in taken and (added[1] not in best or best[added[1]][0] < added[0]):
            best[added[1]] = added
    total = place.hit.weight + sum(worth for worth, _, _ in best.values())
    if not best or total < _ENOUGH:
        return
    said = " and ".join(_NAMES[kind] for kind in sorted(best))
    elsewhere = next(iter(best.values()))[2]
    one, other = (_called(segments[number]) for number in sorted((place.segment, elsewhere)))
    why = f"{place.hit.why.rpartition(':')[0]}, and {said}, {_places(one, other)}: {total:.0f} points"
    yield replace(place, hit=replace(place.hit, strength=Strength.LIKELY, why=why, weight=total))


_NAMES: Final = {
    "town": "the town",
    "number": "the house number",
    "outward": "the first half of the postcode",
    "house": "the name of the house",
}


def _said(view: View, marked: Iterable[int], address: Address) -> Iterator[_Added]:
    """Yield what a view says of an address besides its street."""
    for town in address.towns:
        for span in view.find_run(town):
            if _is_free(view, span, address):
                yield rarity.town(town) * _ELSEWHERE, "town", _segment(view, span)
    if len(address.house) >= SHORTEST_FUZZY:
        for span in view.find_run(address.house):
            yield _HOUSE, "house", _segment(view, span)
    for place in marked:
        word = view.each[place]
        if fits(address, (frozenset({word.number}), word.suffix, "")):
            yield points.LOOSE_NUMBER, "number", _segment(view, (place - 1, place + 1))
    if address.outward in view.distinct:
        for place, raw in enumerate(view.raw):
            if raw == address.outward and not view.postcodes_in(place, place + 1):
                yield _OUTWARD, "outward", _segment(view, (place, place + 1))


def _other_houses(view: View, address: Address) -> Iterator[int]:
    """Yield the segments in which the street stands with the number of another house."""
    claims = Claims(view)
    for first, end in view.find_run(address.street) if address.numbers and address.street else ():
        claim = claims.of_street(address, first, min(end + 1, len(view)) if address.type else end)
        if claim is not None and claim.adjacent and not any(fits(address, reading) for reading in claim.readings):
            yield _segment(view, (first, end))


def _segment(view: View, span: Span) -> int:
    return view.locate(*view.characters(*span))[0]


def _marked_numbers(view: View) -> Iterator[int]:
    """Yield the words that are called a house number and stand before no street."""
    if view.distinct.isdisjoint(vocabulary.NUMBER_MARKERS):
        return
    for place in view.numbers:
        marked = place > 0 and view.raw[place - 1] in vocabulary.NUMBER_MARKERS
        if marked and view.each[place].digits and view.claimed_by(place) < 0:
            yield place


def _is_free(view: View, span: Span, address: Address) -> bool:
    """Return whether a town belongs to no other address, by a street before it or a postcode after it."""
    first, end = span
    for kind in view.types_in(first - _BEFORE_TOWN, first):
        if "\n\n" not in "".join(map(view.gap, range(kind, first))) and view.is_capital(kind):
            return False
    following = view.postcodes_in(end, end + _AFTER_TOWN)
    return not any(code.strict and code.key != address.postcode for code in following)

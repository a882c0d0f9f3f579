# SPDX-License-Identifier: GPL-3.0-or-later
"""Official numbers in a text: by their form, their check digits where they have them, and the words beside them.

:mod:`safehold.detect.number_forms` knows the forms and :mod:`safehold.detect.beside` what stands near.  Texts are
looked at as the eye takes them (:func:`safehold.text.cleaned`), so a number may be split over a line end, spelt in
full-width digits or with signs that nobody sees; what text recognition read is looked at a second time with the letters
that it takes digits for.  Pure, linear in the text.  A finding says where, never what.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from safehold.detect import words
from safehold.detect.beside import Beside, Reach, Spot, Texts, Window
from safehold.detect.number_forms import FORMS, Form, found_in, read_again, squeezed
from safehold.detect.words import LIMIT, Hits
from safehold.model import Finding, Segment, Strength, Visibility

# A number that could be any number has its word directly beside it: "UPRN no. is 1234".
_CLOSELY = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """A kind of number and what must stand beside it.

    Attributes:
        kind: Its name.
        near: Words of which one must stand near; () for those that go with the kind.
        words: How many words away at the most.
        characters: How many characters away at the most, where ``words`` is None.
        reach: Where at all, where both are None.
        patterns: RE2 patterns of a site's own numbers.
    """

    kind: str
    near: tuple[str, ...] = ()
    words: int | None = 10
    characters: int | None = None
    reach: Reach = Reach.PART
    patterns: tuple[Any, ...] = field(default=(), compare=False)


def find(segments: Sequence[Segment], wanted: Mapping[str, Wanted]) -> dict[str, Hits]:
    """Return the hits of each kind by its key; the ``value`` of a finding numbers the different numbers, from 0."""
    if not wanted:
        return {}
    texts = Texts(segments)
    return {key: _of_kind(one, texts) for key, one in wanted.items()}


def _of_kind(wanted: Wanted, texts: Texts) -> Hits:
    form = FORMS.get(wanted.kind)
    spots, everywhere = _local(wanted, texts) if form is None else (_formed(form, texts), False)
    says = _says(wanted, form, texts)
    found: list[Finding] = []
    numbers: dict[str, int] = {}
    for spot in spots:
        text = _text(texts, spot)
        why = says(spot, text)
        if not why:
            continue
        if len(found) >= LIMIT:
            return Hits(tuple(found), everywhere=True)
        same = (form.same if form is not None else squeezed)(text)
        number = numbers.setdefault(same, len(numbers))
        found.append(_finding(wanted.kind, number, texts, spot, why))
    return Hits(tuple(found), everywhere=everywhere and bool(found))


def _says(wanted: Wanted, form: Form | None, texts: Texts) -> Callable[[Spot, str], str]:
    """Return what says, for a number, what makes it one: "" where nothing does."""
    near = wanted.near or (form.near if form is not None else ())
    if not near:
        return _by_its_form
    beside = Beside(near, Window(wanted.words, wanted.characters, wanted.reach), texts)

    def says(spot: Spot, text: str) -> str:
        return beside.says(spot, closely=_CLOSELY if form is not None and form.is_weak(text) else None)

    return says


def _by_its_form(spot: Spot, text: str) -> str:
    del spot, text
    return "by its form"


def _formed(form: Form, texts: Texts) -> Iterator[Spot]:
    """Yield the places of numbers of a form, in order."""
    for index, clean in enumerate(texts.clean):
        spans = found_in(form, clean.text)
        if texts.segments[index].visibility is Visibility.OCR:
            spans = iter(sorted({*spans, *found_in(form, read_again(clean.text))}))
        yield from (Spot(index, *span) for span in spans)


def _text(texts: Texts, spot: Spot) -> str:
    text = texts.clean[spot.segment].text[spot.start : spot.end]
    return read_again(text) if texts.segments[spot.segment].visibility is Visibility.OCR else text


def _local(wanted: Wanted, texts: Texts) -> tuple[list[Spot], bool]:
    """Return the places of a site's own numbers, and whether there were more than are listed."""
    patterns = {str(number): pattern for number, pattern in enumerate(wanted.patterns)}
    hits = words.find(texts.segments, patterns=patterns).values()
    spots = set()
    for finding in (finding for each in hits for finding in each.findings):
        offsets = texts.clean[finding.segment].offsets
        start, end = (bisect_left(offsets, place) for place in finding.span)
        spots.add(Spot(finding.segment, start, max(end, start + 1)))
    return sorted(spots), any(each.everywhere for each in hits)


def _finding(kind: str, number: int, texts: Texts, spot: Spot, why: str) -> Finding:
    segment = texts.segments[spot.segment]
    span = texts.clean[spot.segment].source_span(spot.start, spot.end)
    return Finding(
        detector="identifier",
        person="",
        field=kind.removeprefix("local:"),
        value=number,
        segment=spot.segment,
        place=segment.place_at(span[0]),
        span=span,
        strength=Strength.CERTAIN,
        why=why,
    )

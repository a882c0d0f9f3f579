# SPDX-License-Identifier: GPL-3.0-or-later
"""HTML: all text in the order a reader sees it, and apart from it what a reader does not see.

Every tree builder can be stopped by a few hundred kilobytes of nested tags, so a linear pre-scan decides: inside the
bounds selectolax reads, outside them our own linear tokenizer does (:mod:`safehold.reading.written.html_tokens`).  Both
feed the same collector (:mod:`safehold.reading.written.html_text`).  Documents inside the page are parts of their own
(:mod:`safehold.reading.written.inline`), and so is what was pasted into its text
(:mod:`safehold.reading.written.pasted`).
"""

import re

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import charset
from safehold.reading.limits import Limits
from safehold.reading.notes import OpenPart
from safehold.reading.vocabulary import MarkKind, words
from safehold.reading.written import html_leftovers, inline, pasted, plain_text
from safehold.reading.written.html_page import Page
from safehold.reading.written.html_styles import Sheet
from safehold.reading.written.html_text import Collector
from safehold.reading.written.html_tokens import VOID, tokenize, walk

# Elements that close each other, so that leaving their end tags out nests nothing.
_SELF_CLOSING = words("p li dt dd option optgroup tr td th tbody thead tfoot colgroup caption rp rt")
_FORMATTING = words("a b big code em font i nobr s small strike strong tt u")
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_ANY_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9:-]{0,40}")
_FRAMESET = re.compile(r"<frameset", re.IGNORECASE)
# Formatting elements that stay open are opened again in every block: the product bounds the tree.
_MOST_REOPENED = 2_000_000


def read(content: bytes, part: OpenPart) -> None:
    """Read an HTML body or file."""
    given = part.given
    named = given.charset
    if not named:
        found = _CHARSET.search(content[:4_096])
        named = found[1].decode().lower() if found else ""
    decoded = charset.decode(content, named, guess=True)
    kind = PlaceKind.BODY if given.body else PlaceKind.TEXT
    page = extract(decoded.text, part.limits)
    hand_over(page, part, kind)
    if decoded.other:
        part.mark(MarkKind.CHARSET_GUESSED, kind)
        part.segment(kind, extract(decoded.other, part.limits).everything(), visibility=Visibility.ALTERNATIVE)
    pasted.read(f"{page.own}\n{page.quoted}", part, kind)
    inline.read(page.inlines, part)


def hand_over(page: Page, part: OpenPart, kind: PlaceKind) -> None:
    """Hand over everything found on a page, the visible text first."""
    visibility = plain_text.alternative_or_visible(page.own + "\n" + page.quoted, part)
    if part.words is not None:
        part.words |= plain_text.words_of(page.own) | plain_text.words_of(page.quoted)
    if kind is PlaceKind.BODY:
        for quoted, run in plain_text.split_quoted(page.own):
            part.segment(PlaceKind.QUOTED if quoted else kind, run, visibility=visibility)
    else:
        part.segment(kind, page.own, visibility=visibility)
    part.segment(PlaceKind.QUOTED if kind is PlaceKind.BODY else kind, page.quoted, visibility=visibility)
    part.segment(kind, page.also, visibility=visibility)
    if page.reordered:
        part.mark(MarkKind.REORDERED, kind)
    for hiding, text in page.hidden.items():
        if hiding is not Visibility.ALTERNATIVE:
            struck = hiding is Visibility.TRACKED_DELETION
            part.mark(MarkKind.TRACKED_CHANGES if struck else MarkKind.HIDDEN_TEXT, kind)
        part.segment(kind, text, visibility=hiding)
    part.segment(kind, page.attributes, visibility=Visibility.ATTRIBUTE)
    part.segment(PlaceKind.METADATA, page.title, visibility=Visibility.ATTRIBUTE)
    part.segment(PlaceKind.METADATA, page.comments, visibility=Visibility.HIDDEN)


def extract(text: str, limits: Limits) -> Page:
    """Return the texts of a page, by the tree parser where it is safe and by the tokenizer where it is not."""
    page = _extract(text, limits)
    other = html_leftovers.for_outlook(text)
    if other:
        shown = frozenset((*page.own.split("\n"), *page.quoted.split("\n")))
        lines = _extract(other, limits).own.split("\n")
        more = "\n".join(line for line in lines if line not in shown)
        if more.strip():
            page.hidden[Visibility.ALTERNATIVE] = "\n".join((page.hidden.get(Visibility.ALTERNATIVE, ""), more))
    return page


def _extract(text: str, limits: Limits) -> Page:
    sheet = Sheet(text)
    collector = Collector(sheet)
    # A tree with frames has no place for text beside them; other clients show it.
    is_tree = is_tame(text, limits) and not _FRAMESET.search(text)
    if is_tree:
        walk(text, collector, sheet.others)
    else:
        tokenize(text, collector)
    for left in html_leftovers.read(text, collector.told, is_tree=is_tree):
        collector.comment(left)
    return collector.page()


def is_tame(text: str, limits: Limits) -> bool:
    """Return whether a tree parser may see this: bounded size, nesting and open formatting.  Linear."""
    if len(text) > limits.html_bytes:
        return False
    opened = text.count("<")
    if opened <= limits.html_formatting:
        return True
    known: dict[str, int] = {}
    depth = deepest = formatting = most_formatting = tags = 0
    for tag in _ANY_TAG.findall(text):
        step = known.get(tag)
        if step is None:
            step = known[tag] = _step(tag)
        tags += 1
        if not step:
            continue
        if step & 1:  # formatting
            step >>= 1
            formatting = max(0, formatting + step)
            if formatting > most_formatting:
                most_formatting = formatting
        else:
            step >>= 1
        depth += step
        if depth > deepest:
            deepest = depth
            if deepest > limits.html_nesting:
                return False
        elif depth < 0:
            depth = 0
    return most_formatting <= limits.html_formatting and most_formatting * tags <= _MOST_REOPENED


def _step(tag: str) -> int:
    """Return what a tag does to the nesting, doubled, and one more for formatting; 0 for none."""
    name = tag.lstrip("</").lower()
    if name in VOID or name in _SELF_CLOSING:
        return 0
    return (-2 if tag[1] == "/" else 2) + (name in _FORMATTING)

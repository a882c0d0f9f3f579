# SPDX-License-Identifier: GPL-3.0-or-later
"""PDF: all objects of a file, the tree of its pages as a viewer walks it, and the pages that are not in it.

Built from the objects as they lie in the file, those in object streams too; no I/O.
Sources: ISO 32000-2, 7.5.5 (trailer), 7.5.7 (object streams), 7.7.3 (page tree).
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from safehold.reading.pages import pdf_filters, pdf_syntax
from safehold.reading.pages.pdf_filters import State
from safehold.reading.pages.pdf_syntax import Object

_ROOT = re.compile(rb"/Root\s{1,9}(\d{1,10})\s")
_INFO = re.compile(rb"/Info\s{1,9}(\d{1,10})\s")
_HOLDER = re.compile(rb"/EF\s{0,9}(?:<<([^>]{1,400})>>|(\d{1,10})\s{1,9}\d{1,5}\s{1,9}R)")
MOST_UNPACKED = 64 * 1024 * 1024
_MOST_NODES = 100_000
_MOST_RESOURCES = 4
_DEEPEST = 50
_LONG_DICTIONARY = 20_000


def of(content: bytes) -> "Inventory":
    """Return what lies in a file that is not encrypted."""
    found = Inventory(content)
    for gap, item in pdf_syntax.walk(content):
        if item is not None:
            found.add(item)
        found.gaps.append(gap)
    found.close()
    return found


@dataclass(slots=True)
class Inventory:
    """What lies in a file.

    Attributes:
        content: The file.
        gaps: What stands between the objects.
        objects: As they stand there, the older definitions of a number too.
        pieces: The contents of object streams, each as one piece.
        inner: The objects in them, by number.
        states: What became of the filters of object streams.
        last: The last definition of each number.
        defined: How often each number is defined.
        informations: Numbers that trailers call the document's information.
        roots: Numbers that trailers call the catalogue.
        budget: How much more may be unpacked.
    """

    content: bytes = field(repr=False)
    gaps: list[bytes] = field(default_factory=list, repr=False)
    objects: list[Object] = field(default_factory=list)
    pieces: list[Object] = field(default_factory=list)
    inner: dict[int, Object] = field(default_factory=dict)
    states: set[State] = field(default_factory=set)
    last: dict[int, Object] = field(default_factory=dict)
    defined: Counter[int] = field(default_factory=Counter)
    informations: frozenset[int] = frozenset()
    roots: frozenset[int] = frozenset()
    budget: int = MOST_UNPACKED
    _entries: dict[int, dict[bytes, bytes]] = field(default_factory=dict)
    _nodes: set[int] = field(default_factory=set)
    _pages_of: dict[int, list[int]] | None = None
    _referred: dict[int, list[int]] = field(default_factory=dict)
    _contents: dict[int, list[int]] = field(default_factory=dict)
    _usual: list[bytes] | None = None
    _files: frozenset[int] | None = None

    def add(self, item: Object) -> None:
        """Take an object, in the order of the file."""
        self.objects.append(item)
        self.last[item.number] = item
        self.defined[item.number] += 1
        if item.stream is not None and b"ObjStm" in item.head:
            if self.budget < 0:
                self.states.add(State.CUT)
                return
            made = pdf_filters.unpacked(item, self.entries_of(item))
            self.states.add(made.state)
            self.budget -= len(made.data) + made.cost
            self.pieces.append(pdf_syntax.behind_the_numbers(item, made.data))
            for inner in pdf_syntax.objects_within(item, made.data):
                self.inner[inner.number] = inner
                if inner.number not in self.last:
                    self.last[inner.number] = inner

    def close(self) -> None:
        """Take what stands outside the objects: the trailers."""
        self.informations = frozenset(map(int, _INFO.findall(self.content)))
        self.roots = frozenset(map(int, _ROOT.findall(self.content)))

    def entries(self, number: int) -> dict[bytes, bytes]:
        """Return the entries of the last object of a number."""
        if number not in self._entries:
            item = self.last.get(number)
            self._entries[number] = pdf_syntax.entries(item.head) if item is not None else {}
        return self._entries[number]

    def entries_of(self, item: Object) -> dict[bytes, bytes]:
        """Return the entries of an object, which may not be the last of its number."""
        return self.entries(item.number) if self.last.get(item.number) is item else pdf_syntax.entries(item.head)

    # -- pages ----------------------------------------------------------------------------------------------------

    def listed(self, count: int) -> list[int]:
        """Return the pages in the order of the tree; none where it has not *count* of them, or is told in two ways."""
        pages = self.leaves()
        told_once = len(self.roots) == 1 and all(self.defined[number] <= 1 for number in self._nodes)
        return pages if told_once and len(pages) == count else []

    def leaves(self) -> list[int]:
        """Return what the tree of pages leads to, in its order."""
        pages: list[int] = []
        waiting = [number for root in self.roots for number in self.array_in(self.entries(root).get(b"Pages", b""))]
        self._nodes = set(self.roots)
        while waiting and len(self._nodes) < _MOST_NODES:
            number = waiting.pop()
            if number in self._nodes:
                continue
            self._nodes.add(number)
            known = self.entries(number)
            if b"Kids" in known:
                waiting += reversed(self.array_in(known[b"Kids"]))
            elif known:
                pages.append(number)
        return pages

    def called_pages(self) -> list[int]:
        """Return all objects that call themselves pages, or templates of such."""
        return [
            number
            for number, item in self.last.items()
            if (b"/Page" in item.head or b"/Template" in item.head or b"#" in item.head)
            and pdf_syntax.name_in(self.entries(number).get(b"Type", b"")) in (b"Page", b"Template")
        ]

    def contents_of(self, page: int) -> list[int]:
        """Return the content streams of a page."""
        if page not in self._contents:
            self._contents[page] = self.array_in(self.entries(page).get(b"Contents", b""))
        return self._contents[page]

    def dictionary_in(self, value: bytes) -> dict[bytes, bytes]:
        """Return the entries of a dictionary, or of that to which a reference leads."""
        if value.startswith(b"<<"):
            return pdf_syntax.entries(value)
        numbers = pdf_syntax.references_in(value)
        return self.entries(numbers[0]) if numbers else {}

    def dictionaries_in(self, value: bytes) -> Iterator[dict[bytes, bytes]]:
        """Yield the entries of the dictionaries of an array, whether they stand in it or are referred to."""
        for piece in pdf_syntax.items(value if value.startswith(b"[") else self._array_behind(value)):
            yield self.dictionary_in(piece)

    def _array_behind(self, value: bytes) -> bytes:
        target = self.last.get(next(iter(pdf_syntax.references_in(value)), 0))
        return target.head.strip() if target is not None and target.stream is None else b""

    def array_in(self, value: bytes) -> list[int]:
        """Return the references in an array, or in the array that a reference leads to."""
        numbers = pdf_syntax.references_in(value)
        if len(numbers) == 1 and not value.startswith(b"["):
            target = self.last.get(numbers[0])
            if target is not None and target.stream is None and target.head.lstrip().startswith(b"["):
                return pdf_syntax.references_in(target.head)
        return numbers

    def files(self) -> frozenset[int]:
        """Return the streams that file specifications hold (7.11.4), whatever they call themselves."""
        if self._files is None:
            self._files = frozenset(
                number
                for item in self.last.values()
                if b"/EF" in item.head
                for holder in set(_HOLDER.findall(item.head))
                for number in self._held(holder)
            )
        return self._files

    def _held(self, holder: tuple[bytes, bytes]) -> list[int]:
        inline, number = holder
        if inline:
            return pdf_syntax.references_in(inline)
        return self._references(int(number))

    def properties(self) -> set[int]:
        """Return what resources name as properties of marked content (14.6.2), or whose resources do."""
        named: set[int] = set()
        holders: set[int] = set()
        for number, item in self.last.items():
            at = item.head.find(b"/Properties")
            if at < 0:
                continue
            direct = pdf_syntax.references_in(item.head[at : at + _LONG_DICTIONARY])
            named |= {number, *direct}
            holders |= {*direct[:1]}
        return named.union(*map(self._references, holders))

    def _references(self, number: int) -> list[int]:
        if number not in self._referred:
            target = self.last.get(number)
            plain = target is not None and target.stream is None
            self._referred[number] = pdf_syntax.references_in(target.head) if target is not None and plain else []
        return self._referred[number]

    # -- fonts ----------------------------------------------------------------------------------------------------

    def resources_of(self, item: Object, pages: list[int]) -> list[bytes]:
        """Return what the codes of a content stream may mean: what it names itself, or what it is shown with.

        Args:
            item: The stream.
            pages: The pages that it may be of.
        """
        own = self.entries_of(item).get(b"Resources", b"")
        if own:
            return [own]
        homes = self._homes(pages).get(item.number, [])
        return [
            value for page in homes[:_MOST_RESOURCES] if (value := self.resources_for(page))
        ] or self._usual_resources()

    def _homes(self, pages: list[int]) -> dict[int, list[int]]:
        if self._pages_of is None:
            self._pages_of = {}
            for page in pages:
                for number in self.contents_of(page):
                    self._pages_of.setdefault(number, []).append(page)
        return self._pages_of

    def resources_for(self, page: int) -> bytes:
        """Return the resources of a page, or what it inherits (7.7.3.4)."""
        for _ in range(_DEEPEST):
            known = self.entries(page)
            if b"Resources" in known:
                return known[b"Resources"]
            parents = pdf_syntax.references_in(known.get(b"Parent", b""))
            if not parents:
                break
            page = parents[0]
        return b""

    def _usual_resources(self) -> list[bytes]:
        """Return the commonest resources that anything names."""
        if self._usual is None:
            named = Counter(
                value
                for number, item in self.last.items()
                if b"/Resources" in item.head and (value := self.entries(number).get(b"Resources", b""))
            )
            self._usual = [value for value, _ in named.most_common(_MOST_RESOURCES)]
        return self._usual

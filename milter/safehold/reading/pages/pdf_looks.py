# SPDX-License-Identifier: GPL-3.0-or-later
"""PDF: which streams a viewer shows though no page draws them by its content.  Pure functions over the objects.

An annotation has looks: a viewer shows the normal one, of several the one for its state, unless its flags hide it.  A
page paints with the patterns that it names.
Sources: ISO 32000-2, 8.7.3 (tiling patterns), 12.5.3 (flags), 12.5.5 (appearances).
"""

from collections.abc import Iterable, Iterator

from safehold.reading.pages import pdf_syntax
from safehold.reading.pages.pdf_inventory import Inventory

_NOT_SHOWN = 2 | 32  # Hidden, NoView


def shown_beside(inventory: Inventory, pages: Iterable[int]) -> frozenset[int]:
    """Return the numbers of the streams that are shown with *pages*."""
    return frozenset(
        number for page in pages for number in (*_normal_looks(inventory, page), *_patterns(inventory, page))
    )


def _normal_looks(inventory: Inventory, page: int) -> Iterator[int]:
    for annotation in inventory.dictionaries_in(inventory.entries(page).get(b"Annots", b"")):
        look = inventory.dictionary_in(annotation.get(b"AP", b"")).get(b"N", b"")
        if not look or pdf_syntax.number_in(annotation.get(b"F", b"")) & _NOT_SHOWN:
            continue
        numbers = pdf_syntax.references_in(look) if not look.startswith(b"<<") else []
        target = inventory.last.get(numbers[0]) if numbers else None
        if target is not None and target.stream is not None:
            yield numbers[0]
        else:
            state = inventory.dictionary_in(look).get(pdf_syntax.name_in(annotation.get(b"AS", b"")), b"")
            yield from pdf_syntax.references_in(state)


def _patterns(inventory: Inventory, page: int) -> Iterator[int]:
    resources = inventory.dictionary_in(inventory.resources_for(page))
    for value in inventory.dictionary_in(resources.get(b"Pattern", b"")).values():
        yield from pdf_syntax.references_in(value)

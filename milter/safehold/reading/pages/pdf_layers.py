# SPDX-License-Identifier: GPL-3.0-or-later
"""PDF: which layers of a document are off when it is opened.  Pure functions over the objects of the file.

pdfium hands on the text of all layers.  It tells for a text what the layer is called on which it stands; that the layer
is off stands in the catalogue.
Source: ISO 32000-2, 8.11.4 (configuration of optional content).
"""

from safehold.reading.pages import pdf_syntax
from safehold.reading.pages.pdf_inventory import Inventory

_LAYERS = b"OCProperties"
_PACKED = b"ObjStm"


def may_be(content: bytes) -> bool:
    """Return whether a file may have layers: it says so, or has packed what says so."""
    return _LAYERS in content or _PACKED in content


def off(inventory: Inventory) -> frozenset[str]:
    """Return the names of the layers that are off."""
    hidden: set[int] = set()
    for root in inventory.roots:
        layers = inventory.dictionary_in(inventory.entries(root).get(_LAYERS, b""))
        usual = inventory.dictionary_in(layers.get(b"D", b""))
        hidden.update(inventory.array_in(usual.get(b"OFF", b"")))
        if pdf_syntax.name_in(usual.get(b"BaseState", b"")) == b"OFF":
            hidden |= {*inventory.array_in(layers.get(b"OCGs", b""))} - {*inventory.array_in(usual.get(b"ON", b""))}
    names = (pdf_syntax.string_in(inventory.entries(number).get(b"Name", b"")) for number in hidden)
    return frozenset(name for name in names if name)

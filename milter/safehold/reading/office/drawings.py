# SPDX-License-Identifier: GPL-3.0-or-later
"""Drawings that VML carries for newer programs: a zip of DrawingML, in base64, in an attribute (``o:gfxdata``).

Source: [MS-OI29500] 2.1.1780 (``gfxdata``).
"""

import base64
import binascii

from safehold.model import PlaceKind, Visibility
from safehold.reading.basics import binary
from safehold.reading.notes import OpenPart
from safehold.reading.office import ooxml
from safehold.reading.office.attributes import drawing_words

_ZIP = b"PK\x03\x04"


def read(encoded: str, part: OpenPart) -> None:
    """Read the words of a drawing; of anything else, the loose words."""
    try:
        content = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        part.segment(PlaceKind.METADATA, encoded, visibility=Visibility.ATTRIBUTE)
        return
    if not content.startswith(_ZIP):
        part.segment(PlaceKind.METADATA, binary.written(content), visibility=Visibility.ATTRIBUTE)
        return
    package = ooxml.Package(content, part)

    def read_xml(name: str, xml: bytes) -> None:
        ooxml.read_loose(xml, package, name, PlaceKind.METADATA, visibility=Visibility.ATTRIBUTE, shown=drawing_words)

    package.sweep(read_xml)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of parts and styles: whether a program gave them, or somebody.  Pure.

A name is free, so an address can stand in one; but every document is full of names that say nothing.
"""

import re

from safehold.reading.basics.identifiers import identifies
from safehold.reading.vocabulary import words

_WORD_OF_NAME = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_]")
# Words of which programs make the names of parts; a name with another word in it is somebody's.
_PART_WORDS = words(
    "accelerator active app author authors bag basic bin binary cache calc cell chain change changes changesinfos"
    " chart charts color colors comment comments configurations connection connections content control core ctrl"
    " current custom customxml d data definition definitions deleted diagram diagrams dialog dialogs doc docprops"
    " document documents downrev drawing drawings drs e effects embed embedding embeddings endnote endnotes ex"
    " extended extensible external fallback fixed font fonts footer footnote footnotes for glossary handout header ids"
    " index inf info infos ink internal item keyboard label layout layouts lib link links macro macros manifest map"
    " maps master masters media menubar meta metadata model modern module name names note notes numbering o object oc"
    " ole page pages people person persons pivot popupmenu ppt preferences pres presentation printer prop properties"
    " property props publish query quick rd record records rels rich row script scripts seq setting settings shape"
    " shapes shapexml shared sharedstrings sheet sheets signature signatures single slicer slicers slide slides sml"
    " standard statusbar string strings structure structures style styles supporting table tables tag tags task tasks"
    " template text theme themes threaded thumbnail timeline timelines toolbar toolpanel type types ui update user vba"
    " view vml volatile web with word workbook worksheet worksheets x xl xml xmlsignatures"
)


def is_part_name(name: str) -> bool:
    """Return whether a part has a name that programs give, of which nobody can read anything."""
    return parts_of_name(name.rpartition(".")[0] or name) <= _PART_WORDS and not identifies(name)


def parts_of_name(name: str) -> set[str]:
    """Return the words of a name in small letters, of one in camel case too; signs and digits are none.

    >>> sorted(parts_of_name("customXml/itemProps1"))
    ['custom', 'item', 'props', 'xml']
    """
    return {found.lower() for found in _WORD_OF_NAME.findall(name)}

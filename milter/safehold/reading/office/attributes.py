# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes in Word documents and of drawings: which of them hold somebody's words.  Pure.

Some always do (alt text, prompts, names that people give).  Others do unless their value is of the language of the
format: a number, a measure, a colour, one of its own words (``spellStart``).

Source: ECMA-376 part 1, chapters 17 and 20; part 4, chapter 19 (VML).
"""

import re
from collections.abc import Container, Mapping

from safehold.reading.basics.identifiers import identifies
from safehold.reading.office.ooxml import says_something, shown_in_drawing
from safehold.reading.office.part_names import is_part_name, parts_of_name
from safehold.reading.vocabulary import words

_SHOWN = words("ProgID progId styleName")
# Elements whose ``val`` is somebody's words.
_VALUED = words(
    "alias tag default docVar helpText statusText entryMacro result listItem docPartName tblCaption tblDescription"
    " listEntry query"
)
_NAMED = words("bookmarkStart docVar")
# Attributes that are words in these elements, and layout in others.
_SHOWN_IN = {
    "hyperlink": "anchor", "listItem": "value", "customXml": "element", "attr": "val", "ocxPr": "value",
    "comment": "initials", "lvlText": "val",
}  # fmt: skip
_HAVING_NAMES = frozenset(("docPartPr", "frame", "ffData"))
# Names that the programs give, and a person may change.
_GIVEN_NAMES = words("style lsdException theme clrScheme fontScheme fmtScheme")
_MOST_KNOWN = 20_000
_LETTERS = re.compile(r"[^\W\d_]{2}")
# Names of fonts, drawing instructions, and lists of prefixes say nothing, though they look like words.
_WORDLESS = words(
    "style path ascii hAnsi cs eastAsia hint typeface panose1 panose Requires Ignorable MustUnderstand ProcessContent"
    " schemaLocation script coordsize coordorigin adj adjusthandles formulas uri dataCheckSum saltValue hashValue"
    " salt hash relativeHeight cryptProviderType cryptAlgorithmClass"
)
_WORDLESS_ELEMENTS = words(
    "font latin ea cs sym buFont altName panose1 sig f h prstGeom avLst gd schemeClr camera effect"
)
_FONT_NAMES = words("typeface ascii hAnsi cs eastAsia name")
_STYLED = words(
    "pStyle rStyle tblStyle basedOn next link styleLink numStyleLink style clickAndTypeStyle defaultTableStyle"
)
# Elements whose number is one that the program drew.
_NUMBERED = words("id creationId modId docId div num chartTrackingRefBased")
# What the format itself says: its own words, numbers and measures, ids.
_LANGUAGE = re.compile(
    r"[a-z][A-Za-z0-9]*"
    r"|[-+\d.,:;/@%\s]*(?:(?:pt|in|cm|mm|px|fd|f|em|ex|pc)[-+\d.,:;/@%\s]*)*"
    r"|#?[0-9A-Fa-f]{4,8}|\{?[0-9A-Fa-f]{8}-[0-9A-Fa-f-]{27}\}?|rId\d+|_x0000_\w+|#_x0000_\w+|[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})+"
    r"|\d{4}-\d\d-\d\dT[\d:.]+Z?|(?:accent|light|dark|text|background)\d( \[\d+\])?|#?\w+ \[\d+\]"
    r"|[a-z]+/[\w.+-]+|http://(?:schemas\.|www\.w3\.org/|purl\.)\S*|urn:schemas-\S*|-?\d[\w.]*"
)
# Most styles and themes have the names that the programs gave them.
_BUILT_IN = words(
    "accent acronym address and annotation article authorities balloon bar bibliography block body book bottom bullet"
    " calibri cambria caption char cite classic closing code colorful columns comment contemporary content contents"
    " continue d dark date default definition document drawing e effects elegant emphasis endnote envelope figures"
    " first followed following font footer footnote form frame graphic graphics gray grid hashtag header heading html"
    " hyperlink illustration indent index intense internet keep keyboard light line link list macro mail map medium"
    " mention message multilevel next no normal note nothing number numbering object of office outline page paragraph"
    " placeholder plain preformatted professional quote reference return revision salutation sample section shading"
    " signature simple smart spacing standard strong style subject subtitle subtle symbol symbols table text theme"
    " title to toa toc top typewriter unresolved user variable visited web wide with word x z"
)


def is_built_in(name: str) -> bool:
    """Return whether a style or theme has a name that programs give."""
    return parts_of_name(name) <= _BUILT_IN and not identifies(name)


class Said:
    """Gathers what the attributes of one part say, each thing once.

    Attributes:
        values: What they say.
        packed: What is a file in an attribute: drawings for newer programs (``gfxdata`` of VML).
    """

    def __init__(self, styles: Container[str] = frozenset()) -> None:
        """Prepare; *styles* are the ids of the document's own styles."""
        self.values: dict[str, None] = {}
        self.packed: dict[str, None] = {}
        self._styles = styles
        self._known: set[tuple[str, str, str]] = set()  # attributes that were looked at: most come again and again

    def take(self, element: str, parent: str, attributes: Mapping[str, str], *, is_loose: bool = False) -> None:
        """Take the attributes of an element.

        Args:
            element: Without prefix.
            parent: Without prefix.
            attributes: With prefixes.
            is_loose: Whether it is an element of a vocabulary of somebody's own.
        """
        known = self._known
        for key, value in attributes.items():
            if not value or (element, key, value) in known:
                continue
            if len(known) < _MOST_KNOWN:
                known.add((element, key, value))
            if key.endswith(":gfxdata"):
                self.packed[value] = None
            elif (is_loose and says_something(key, value)) or holds_words(element, parent, key, value, self._styles):
                self.values[value] = None

    def text(self) -> str:
        """Return all of it as one text."""
        return "\n\n".join(self.values)


def drawing_words(element: str, name: str, value: str) -> bool:
    """Return whether an attribute of a drawing, chart or diagram holds somebody's words; names are without prefixes."""
    return holds_words(element, "", name, value, frozenset())


def holds_words(element: str, parent: str, key: str, value: str, styles: Container[str]) -> bool:
    """Return whether an attribute holds somebody's words.

    Args:
        element: Without prefix.
        parent: Without prefix.
        key: The attribute, with its prefix.
        value: Its value.
        styles: The ids of the document's own styles: their names are said where they are made.
    """
    name = key.rpartition(":")[2]
    if (
        name in _SHOWN
        or shown_in_drawing(element, name, value)
        or (name == "val" and element in _VALUED)
        or (name == "name" and element in _NAMED)
    ):
        return True
    if name == _SHOWN_IN.get(element) and _LETTERS.search(value):
        return True
    if element == "name" and parent in _HAVING_NAMES:
        return True
    if (element if name == "name" else parent if element == "name" else "") in _GIVEN_NAMES:
        return not is_built_in(value)
    if name in _FONT_NAMES and identifies(value):
        return True
    if name in _WORDLESS or element in _WORDLESS_ELEMENTS or (key.startswith("xmlns") and " " not in value):
        return False
    if (element in _STYLED and value in styles) or (name == "PartName" and is_part_name(value)):
        return False
    if identifies(value) and not (name.lower().endswith("id") or (value.isdecimal() and element in _NUMBERED)):
        return True
    return not _LANGUAGE.fullmatch(value) and bool(_LETTERS.search(value)) and not is_built_in(value)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes of OpenDocument elements: which of them hold somebody's words.  Pure.

Content is open to anybody's namespace, so there every attribute counts that is not the language of the format; styles
are nothing but that language, and only what is known to be words counts.

Source: OpenDocument 1.3 part 3, chapter 19 (attributes).
"""

import base64
import binascii
import re

from safehold.reading.basics import binary
from safehold.reading.basics.identifiers import identifies
from safehold.reading.office.attributes import is_built_in
from safehold.reading.office.ooxml import local, says_something
from safehold.reading.vocabulary import words

# Attributes that are somebody's words, by their names without prefixes.
_SHOWN = words(
    "string-value string-value-if-true string-value-if-false href title label current-value current-state-name"
    " help-text-url description prompt alt placeholder-text author creator macro-name target-frame-name formula"
    " condition connection-resource database-name table-name column-name command user-name outline-subtotal-text"
    " category display-name text hint-text help-message data-source"
)
# Attributes of content that are the language of the format; whatever else its attributes say is kept.
_DULL = words(
    "style-name family class value-type anchor-type protection-key number-lines name-space display is-hidden"
    " visibility rel type show actuate embed dde-automatic-update num-format ref language country script"
    " enhanced-path path-stretchpoint-x points viewbox d type-language transform id control z-index layer"
    " currency page-layout-name master-page-name fill-color color font-name"
    " presentation-page-layout-name"
)
# Of those, what is all numbers: paths of shapes, and which lies over which.
_DRAWN = words("z-index enhanced-path path-stretchpoint-x points viewbox d")
_TIMES = words("date-value time-value creation-date duration")
_CELLS = words("table-cell covered-table-cell")  # their values are read with what they show
_DULL_VALUES = words(
    "true false none auto automatic always paragraph string float percentage date time page char as-char"
)
_NAMED = words(
    "table page frame section bookmark bookmark-start reference-mark reference-mark-start user-field-decl variable-decl"
    " variable-set user-field-get named-range named-expression database-range user-defined image custom-shape text-box"
    " form text textarea master-page annotation content-validation scenario data-pilot-table layer sequence-decl"
)
_VALUED = words("hidden item option text textarea formatted-text combobox listbox button checkbox radio property")
_SHORT = 60  # characters of base64 that may be a word themselves
_LOADED = words("image object object-ole plugin applet floating-frame")  # fetched when the document is opened
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]{1,20}:|//", re.IGNORECASE)
# Names that programs give to what they link inside a document.
_INTERNAL = re.compile(
    r"#_{2,3}\w*|(?:\./)?Object(?:Replacements/Object)?(?: \d+)?|(?:\./)?Pictures/[0-9A-Fa-f]{8,}[\w.]*"
)
_STYLES = words("style list-style page-layout master-page page-master stroke-dash gradient hatch marker")
_AUTOMATIC = re.compile(r"[A-Za-z]{1,3}\d+\w?|(?:Table|Tabelle|Frame|Mp|Mdp)\d+(?:\.\w{1,6})?|ta_\w+")
_WORD = re.compile(r"[^\W\d_]{3,}")
_LETTERS = re.compile(r"[^\W\d_]{3}")


def attribute(attributes: dict[str, str], name: str) -> str:
    """Return an attribute by its name without prefix, or ""."""
    for key, value in attributes.items():
        if key == name or key.endswith(":" + name):
            return value
    return ""


def setting_words(encoded: str) -> str:
    """Return the loose words of a setting that is binary: the settings of a printer have its name."""
    try:
        found = binary.written(base64.b64decode("".join(encoded.split()), validate=True))
    except (binascii.Error, ValueError):
        return encoded
    return f"{encoded}\n{found}" if len(encoded) <= _SHORT and encoded.isalnum() else found


def count(raw: str) -> int:
    """Return how often something stands there, within what a sheet can have; once where it does not say."""
    return max(1, int(raw)) if raw.isdecimal() and len(raw) < 8 else 1


def is_shown(element: str, key: str, value: str, *, in_content: bool) -> bool:
    """Return whether an attribute holds somebody's words; *element* is without prefix, *key* with it."""
    name = local(key)
    if name in _SHOWN:
        return _INTERNAL.fullmatch(value) is None
    if name == "name" and element in _STYLES:
        plain = value.replace("_20_", " ")
        named = _AUTOMATIC.fullmatch(plain) is None and not is_built_in(plain) and _LETTERS.search(plain) is not None
        return named or identifies(plain)
    if name == "name" and element in _NAMED:
        return True
    if name == "value" and element in _VALUED:
        return says_something(name, value)
    if name.startswith("font-") or element == "font-face" or (name == "value" and element in _CELLS):
        return False
    if name in _TIMES:
        return _says(value)
    if not in_content or name in _DULL or name.endswith("style-name"):
        return _is_sentence(value) or (name not in _DRAWN and identifies(value))
    return value not in _DULL_VALUES and says_something(name, value) and _INTERNAL.fullmatch(value) is None


def _says(value: str) -> bool:
    return _LETTERS.search(value) is not None or identifies(value)


def _is_sentence(value: str) -> bool:
    return " " in value and "#" not in value and len(_WORD.findall(value)) > 1


def loads_from_outside(element: str, key: str, value: str) -> bool:
    """Return whether opening the document fetches what an attribute names."""
    return element in _LOADED and local(key) == "href" and _REMOTE.match(value) is not None

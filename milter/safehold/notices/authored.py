# SPDX-License-Identifier: GPL-3.0-or-later
"""The paragraphs that a policy's author wrote for a notice, with their placeholders filled (policy language, messages).

A value that is not known takes its sentence with it, as it takes a line of our own templates: no notice says "phone"
and then no number.  Values are never looked at for placeholders again.  Pure.
"""

import re
from collections.abc import Mapping

from safehold.notices.wording import clean

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def paragraphs(text: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the paragraphs of *text*, each on one line; none where nothing is left to say."""
    filled = (_paragraph(piece, values) for piece in _PARAGRAPH_END.split(text))
    return tuple(paragraph for paragraph in filled if paragraph)


def static_text(text: str) -> str:
    """Return what *text* says before any value is known."""
    return _PLACEHOLDER.sub(" ", text)


def _paragraph(piece: str, values: Mapping[str, str]) -> str:
    said = (s for s in _SENTENCE_END.split(clean(piece)) if all(values.get(name) for name in _PLACEHOLDER.findall(s)))
    return " ".join(_sentence(sentence, values) for sentence in said)


def _sentence(sentence: str, values: Mapping[str, str]) -> str:
    filled = _PLACEHOLDER.sub(lambda match: clean(values[match[1]]), sentence)
    # "{role} will decide": values are written for the middle of a sentence.
    return filled[:1].upper() + filled[1:] if sentence.startswith("{") else filled

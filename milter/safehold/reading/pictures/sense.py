# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what was recognised in a picture makes sense as words, or is what one gets for writing that was not made out.

Tesseract gives words for anything, and is as sure of them when a page lies askew as when it is straight.  What it makes
of writing that it cannot read is odd: two letters, a bracket, capitals in the middle.  Words of any language in Latin
letters are not: they have vowels, their capitals stand in front or everywhere, and the short ones are few and known.
Numbers, postcodes, references and what forms are made of say nothing either way.  Pure.
"""

import re

# What one or two letters stand for in English and Welsh, and on forms and in addresses.
_SHORT = frozenset(
    """
    a i o y am an as at be by do go he if in is it me my no of oh ok on or so to up us we
    ac ag ai ar at ei eu fe fy ga hi id ll na ni nn oi ol os un yn yr ei'r
    co cc dr hm id jp kc mp mr ms no nr oz po pp qc rd re st tv uk eu vs am pm kg km cm mm ft lb
    """.split()  # noqa: SIM905 - read as text, so written as text
)
_VOWELS = frozenset("aeiouyw") | frozenset("àáâäãåāăąæèéêëēęěìíîïīòóôöõøōőœùúûüūůűýÿŵŷẁẃẅ")
_AROUND = " \t.,;:!?()[]{}<>'\"‘’“”«»…*•·-–—/\\|_=+~"
_OF_FORMS = frozenset("[](){}-–—•·*&|/_.:…")  # boxes, rules, dots
_WORD = re.compile(r"[^\W\d_]+(?:['’\-/.&][^\W\d_]+)*\.?")
_MOST_CONSONANTS = 5


def sense(text: str) -> tuple[int, int]:
    r"""Return how many of the words of *text* may be words of a language, and how many are none.

    >>> sense("Dear Ms Quill, thank you for your letter of 3 June 2025. TN99 9ZZ")
    (10, 0)
    >>> sense("ae ry fA | n= iieS ~ tO")
    (0, 7)
    """
    likely = odd = 0
    for token in text.split():
        word = token.strip(_AROUND)
        if any(character.isdigit() for character in word) or _OF_FORMS.issuperset(token):
            continue
        if _is_likely(word):
            likely += 1
        else:
            odd += 1
    return likely, odd


def _is_likely(word: str) -> bool:
    if len(word) < 3:
        return word.lower() in _SHORT and (word[0].isupper() or word.islower())
    if not _WORD.fullmatch(word):
        return False
    return all(_is_pronounceable(part) for part in re.split(r"['’\-/.&]", word) if len(part) > 2)


def _is_pronounceable(part: str) -> bool:
    if part.isupper():
        return True  # abbreviations too
    if not (part[1:].islower() or part[2:].islower() or part[3:].islower()):  # McKay, MacKay
        return False
    consonants = longest = 0
    for letter in part.lower():
        consonants = 0 if letter in _VOWELS else consonants + 1
        longest = max(longest, consonants)
    return longest <= _MOST_CONSONANTS and longest < len(part)

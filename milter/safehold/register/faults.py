# SPDX-License-Identifier: GPL-3.0-or-later
"""What is really wrong where a YAML parser stops: the place to look at, and the cure, for files that people write.

A parser says where it *noticed*: at the end of the file for a quote that opened on page one, "mapping values are not
allowed" for a space too much or for a bullet that a word processor put in.  ``explain`` looks at the lines around that
place for what people do.  What it returns never quotes the file: a register file is as secret as the register.

Pure.  The parser's words are those of libyaml and of PyYAML (scanner and parser of both), measured on the mistakes in
the tests.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import yaml

# What word processors make of a hyphen at the beginning of a line, and bullets.
_BULLET = re.compile(r"\s*([\u2022\u00b7\u25aa\u25cf\u25e6\u2023\u2013\u2014\u2212\uf0b7]|-(?=[A-Za-z]))")
# Spaces that look like the ordinary one and are none: no-break, thin and wide ones.
NO_SPACE = "\u00a0\u2000-\u200a\u202f\u205f\u3000"
_NO_SPACE = re.compile(f"[{NO_SPACE}]")
_APOSTROPHE = re.compile(r"(?:^|[\s\[{,:])'[^']*\w'\w")
_FIRST_ON_LINE = re.compile(r"\s*(?:- +)*[\w.-]+\s*")
_QUOTE = re.compile(r'(?<!\\)"')
# How far above the place where the parser stops a bullet or an open quote is looked for.
_LINES_ABOVE = 3

TAB = "indent with spaces instead of a tab"
COMMA = 'a text with a comma in it needs quotes: "12 Acacia Road, Ashford"'
_COLON = "a text that contains a colon and a space needs quotes"
_DEEPER = "this line is indented deeper than the line above; the keys of one thing begin in the same column"
_INDENTED = "the indentation differs from the line above, or a bracket is not closed"
_APOSTROPHE_CURE = "an apostrophe ends a text in single quotes; put the text into double quotes"
_HYPHEN = 'an item of a list begins with a hyphen and a space ("- "), not with a bullet, a dash or a hyphen alone'
_ORDINARY = "a no-break space stands here, as word processors and web pages have them; type an ordinary space"

# What the parser says -> the cure, where nothing better is found in the lines.
_CURES = (
    ("tab character", TAB),
    ("found character '\\t'", TAB),
    ("found character that cannot start any token", "a text that begins with this sign needs quotes"),
    ("unknown escape character", 'in YAML put patterns in single quotes; "\\d" in double quotes is an error'),
    ("mapping values are not allowed", _COLON),
    ("did not find expected key", _INDENTED),
    ("did not find expected '-' indicator", "the indentation differs from the line above"),
    ("could not find expected ':'", "a key needs a colon and a space after it"),
    ("expected ',' or", "a bracket or brace is not closed, or a comma is missing"),
    ("unexpected end of stream", "a quote is not closed"),
)


class Fault(NamedTuple):
    """Where to look (from 1), what the parser says, and the cure."""

    line: int
    column: int
    problem: str
    hint: str


def explain(error: yaml.YAMLError, lines: Sequence[str]) -> Fault:
    """Return what is wrong with the file of these *lines*, at which the parser stopped with *error*."""
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "a character it may not hold")
    began = _place(getattr(error, "context_mark", None))
    stopped = _place(getattr(error, "problem_mark", None)) or began or (1, 1)
    context = str(getattr(error, "context", None) or "")
    if began and "quoted scalar" in context and "end of stream" in problem:
        return Fault(*began, problem, "the quote that opens here is not closed")
    if began and "simple key" in context:
        stopped = began  # the parser looked for the colon up to the next line
    last = max(1, len(lines))
    if stopped[0] > last:  # the end of the file: point at its last line
        stopped = (last, len(lines[-1]) if lines and lines[-1] else 1)
    found = _seen(problem, began or stopped, stopped, lines)
    if found is not None:
        return found
    hint = next((cure for words, cure in _CURES if words in problem), "")
    if began and "expected ',' or" in problem:
        hint = f"the bracket that opens in line {began[0]}, column {began[1]} is not closed, or a comma is missing"
    return Fault(*stopped, problem, hint)


def _place(mark: yaml.Mark | None) -> tuple[int, int] | None:
    return (mark.line + 1, mark.column + 1) if mark is not None else None


def _seen(problem: str, began: tuple[int, int], stopped: tuple[int, int], lines: Sequence[str]) -> Fault | None:
    """Return the mistake that can be seen in the lines about the place where the parser stopped, or None."""
    number, column = stopped
    line = lines[number - 1] if number <= len(lines) else ""
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent or line[column - 1 : column] == "\t":
        return Fault(number, column, problem, TAB)
    if space := _NO_SPACE.search(line):
        return Fault(number, space.start() + 1, problem, _ORDINARY)
    if _APOSTROPHE.search(line):
        return Fault(number, column, problem, _APOSTROPHE_CURE)
    if "expected ',' or" in problem and line[column - 1 : column] == ":" and began[0] == number:
        return Fault(number, column, problem, _COLON)
    if "expected key" in problem and (place := _open_quote(number, lines)):
        return Fault(*place, problem, "the quote that opens here is not closed in this line")
    if "mapping values" not in problem:
        return None
    for above in range(number, max(0, number - _LINES_ABOVE), -1):
        if bullet := _BULLET.match(lines[above - 1]):
            return Fault(above, bullet.start(1) + 1, problem, _HYPHEN)
    first = _FIRST_ON_LINE.fullmatch(line[: column - 1]) is not None
    return Fault(number, len(indent) + 1, problem, _DEEPER) if first and number > 1 else None


def _open_quote(number: int, lines: Sequence[str]) -> tuple[int, int] | None:
    """Return where a double quote opens, shortly above, that its own line does not close."""
    if '"' not in lines[number - 1]:
        return None
    for above in range(number - 1, max(0, number - 1 - _LINES_ABOVE), -1):
        quotes = list(_QUOTE.finditer(lines[above - 1]))
        if len(quotes) % 2:
            return above, quotes[-1].start() + 1
    return None

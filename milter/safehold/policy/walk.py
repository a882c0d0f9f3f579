# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed reading of YAML nodes: each function takes a node and returns a value, complaining at its place if it cannot.

What it returns after a complaint is a harmless stand-in (an empty tuple, a default), so that one run finds every
mistake; nothing is used once there is an error.  Pure.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import TypeVar

from safehold.policy.keys import CHOICES, IN_PLACE_OF, KEYS
from safehold.policy.language import Unit, Within
from safehold.policy.nodes import Complaints, Mapping, Mark, Node, Scalar, Sequence, meant

_T = TypeVar("_T")

_UNITS_S = {"minute": 60, "hour": 3600, "day": 86400}
_DURATION = re.compile(r"(\d{1,5}) ?(minute|hour|day)s?")
_WITHIN = re.compile(r"(\d{1,6}) ?(word|character)s?")
_DAYS = re.compile(r"(\d{1,4}) ?days?")
_MOST_DAYS = 3660
_SIZE = re.compile(r"(\d{1,6}) ?(kb|mb|gb)")
_UNITS_BYTES = {"kb": 1000, "mb": 1000**2, "gb": 1000**3}
_NUMBER = re.compile(r"[0-9]{1,6}")


class Walk:
    """The readers, bound to the complaints of one run."""

    def __init__(self, complaints: Complaints) -> None:
        self.complaints = complaints

    def wrong(self, node: Node | Mark, message: str, code: str = "invalid-value", hint: str = "") -> None:
        """Complain at a node."""
        mark = node if isinstance(node, Mark) else node.mark
        self.complaints.add(mark, code, message, hint=hint)

    # -- shapes --

    def mapping(self, node: Node | None, context: str, name: str = "") -> Mapping | None:
        """Return *node* as a mapping without the keys that *context* does not know, or None."""
        if node is None:
            return None
        if not isinstance(node, Mapping):
            known = ", ".join(key for key, entry in KEYS[context].items() if entry.built)
            self.wrong(node, f"{name or context} must be a mapping; its keys: {known}", "not-a-mapping")
            return None
        pairs = tuple((key, value) for key, value in node.pairs if self.known(key, context))
        return Mapping(node.mark, pairs)

    def known(self, key: Scalar, context: str) -> bool:
        """Return whether *key* is one of *context* and built; complain of the others with their cure."""
        entry = KEYS[context].get(key.text)
        if entry is None:
            cure, hint = self._cure(key, context)
            self.wrong(key, f'"{key.text[:60]}" is not a key of {context}{cure}', "unknown-key", hint=hint)
            return False
        if not entry.built:
            self.wrong(
                key,
                f"`{key.text}` is part of the language and not built yet; the file is refused, lest the key be ignored",
                "not-yet",
                hint=IN_PLACE_OF.get(key.text, ""),
            )
        return entry.built

    def _cure(self, key: Scalar, context: str) -> tuple[str, str]:
        """Return what a key that *context* does not have was probably meant to be, and the hint."""
        if key.text == "<<":
            return "", "there are no merges; what policies share stands once, under defaults: or in a list"
        if not key.text.isprintable() or not key.text.isascii():
            return (
                "",
                "a sign in it only looks like another (a no-break space, a letter of another alphabet); type it anew",
            )
        home = next((name for name, table in KEYS.items() if key.text in table and table[key.text].built), "")
        if home:
            return f"; it belongs into {home.removeprefix('a ').removeprefix('an ')}", ""
        return meant(key.text, [name for name, entry in KEYS[context].items() if entry.built]), ""

    def named(self, node: Node | None, name: str) -> tuple[tuple[Scalar, Node], ...]:
        """Return the pairs of a mapping whose keys are names that the author chooses."""
        if node is None:
            return ()
        if not isinstance(node, Mapping):
            self.wrong(node, f"{name} must be a mapping of names", "not-a-mapping")
            return ()
        return node.pairs

    def items(self, node: Node | None) -> tuple[Node, ...]:
        """Return the items of a list; anything else stands for a list of one."""
        if node is None:
            return ()
        return node.items if isinstance(node, Sequence) else (node,)

    # -- scalars --

    def text(self, node: Node | None, name: str, default: str = "") -> str:
        """Return the text of a scalar that must say something."""
        if node is None:
            return default
        if not isinstance(node, Scalar):
            self.wrong(node, f"{name} must be text")
            return default
        if not node.text.strip():
            self.wrong(node, f"{name} is empty")
            return default
        return node.text.strip()

    def texts(self, node: Node | None, name: str) -> tuple[Scalar, ...]:
        """Return the scalars of a list of texts (a scalar stands for a list of one)."""
        found = []
        for item in self.items(node):
            if not isinstance(item, Scalar):
                self.wrong(item, f"{name} must be text or a list of texts")
            elif not item.text.strip():
                self.wrong(item, f"{name} has an empty item")
            else:
                found.append(Scalar(item.mark, item.text.strip(), item.plain))
        if isinstance(node, Sequence) and not node.items:
            self.wrong(node, f"{name} is an empty list, which nothing can match")
        return tuple(found)

    def choice(self, node: Node | None, name: str, make: Callable[[str], _T], default: _T, choices: str = "") -> _T:
        """Return one of a closed set."""
        if node is None:
            return default
        chosen = self._chosen(node, name, choices or name)
        return default if chosen is None else make(chosen)

    def choices(self, node: Node | None, name: str, make: Callable[[str], _T], choices: str = "") -> tuple[_T, ...]:
        """Return some of a closed set."""
        if isinstance(node, Sequence) and not node.items:
            self.wrong(node, f"{name} is an empty list, which nothing can match")
        chosen = (self._chosen(item, name, choices or name) for item in self.items(node))
        return tuple(make(text) for text in chosen if text is not None)

    def _chosen(self, node: Node, name: str, choices: str) -> str | None:
        allowed = CHOICES[choices]
        if isinstance(node, Scalar) and node.text.strip() in allowed:
            return node.text.strip()
        given = f"`{node.text[:60]}`" if isinstance(node, Scalar) else "this"
        cure = meant(node.text, allowed) if isinstance(node, Scalar) else ""
        self.wrong(node, f"{given} is not a value of {name}; expected one of: {', '.join(allowed)}{cure}")
        return None

    def number(self, node: Node | None, name: str, default: int, *, least: int = 1, most: int = 100_000) -> int:
        """Return a whole number."""
        if node is None:
            return default
        if isinstance(node, Scalar) and _NUMBER.fullmatch(node.text) and least <= int(node.text) <= most:
            return int(node.text)
        self.wrong(node, f"{name} must be a whole number from {least} to {most}")
        return default

    def yes(self, node: Node | None, name: str, *, default: bool) -> bool:
        """Return a yes or no."""
        if node is None:
            return default
        if isinstance(node, Scalar) and node.text.lower() in ("yes", "true", "no", "false"):
            return node.text.lower() in ("yes", "true")
        self.wrong(node, f"{name} must be yes or no")
        return default

    def day(self, node: Node | None, name: str) -> date | None:
        """Return a calendar day."""
        if node is None:
            return None
        try:
            if isinstance(node, Scalar) and len(node.text) == 10:
                return date.fromisoformat(node.text)
        except ValueError:
            pass
        self.wrong(node, f"{name} must be a calendar day of the form 2026-01-31")
        return None

    def duration_s(self, node: Node | None, name: str, default: int) -> int:
        """Return seconds from "2 hours"; a number alone has no meaning."""
        if node is None:
            return default
        text = node.text.strip().lower() if isinstance(node, Scalar) else ""
        if match := _DURATION.fullmatch(text):
            seconds = int(match[1]) * _UNITS_S[match[2]]
            if 0 < seconds <= 366 * 86400:
                return seconds
        if _NUMBER.fullmatch(text):
            self.wrong(node, f'{name}: {text} - say minutes, hours or days, e.g. "{text} hours"', "unit-missing")
        else:
            self.wrong(node, f'{name} must be a time such as "30 minutes", "2 hours" or "1 day"')
        return default

    def days(self, node: Node | None, name: str, default: int = 0) -> int:
        """Return whole days from "90 days"."""
        if node is None:
            return default
        text = node.text.strip().lower() if isinstance(node, Scalar) else ""
        if (match := _DAYS.fullmatch(text)) and 0 < int(match[1]) <= _MOST_DAYS:
            return int(match[1])
        if _NUMBER.fullmatch(text):
            self.wrong(node, f'{name}: {text} - say days, e.g. "{text} days"', "unit-missing")
        else:
            self.wrong(node, f'{name} must be days, such as "90 days" ({_MOST_DAYS} at most)')
        return default

    def size_bytes(self, node: Node | None, name: str) -> int | None:
        """Return bytes from "10 MB"; as people say it, 1 MB is 1,000,000 bytes."""
        if node is None:
            return None
        text = node.text.strip().lower() if isinstance(node, Scalar) else ""
        if match := _SIZE.fullmatch(text):
            return int(match[1]) * _UNITS_BYTES[match[2]]
        if _NUMBER.fullmatch(text):
            self.wrong(node, f'{name}: {text} - say kB, MB or GB, e.g. "{text} MB"', "unit-missing")
        else:
            self.wrong(node, f'{name} must be a size such as "500 kB" or "10 MB"')
        return None

    def within(self, node: Node | None) -> Within | None:
        """Return how near hits must stand."""
        if node is None:
            return None
        text = node.text.strip().lower() if isinstance(node, Scalar) else ""
        if text in (Unit.PART, Unit.PAGE, Unit.PARAGRAPH, Unit.MESSAGE):
            return Within(Unit(text))
        if (match := _WITHIN.fullmatch(text)) and int(match[1]) > 0:
            return Within(Unit(match[2] + "s"), int(match[1]))
        if _NUMBER.fullmatch(text):
            self.wrong(
                node,
                f'within: {text} - say words or characters, e.g. "{text} words" (1 word is about 6 characters)',
                "unit-missing",
            )
        else:
            self.wrong(node, 'within must be "40 words", "300 characters", paragraph, page, part or message')
        return None

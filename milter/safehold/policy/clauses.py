# SPDX-License-Identifier: GPL-3.0-or-later
"""Conditions as their author wrote them: her words and their lines, each beside what it means.

They stand beside the branches, which are what is asked for every message, and are looked at only when somebody wants an
account of a verdict.  Pure.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from safehold.policy.branches import Every, Not, Some, Tree
from safehold.policy.nodes import Mapping, Node, Scalar
from safehold.policy.nodes import Sequence as Items

# What one line of an account has room for; a list of five hundred addresses is not read there.
_ROOM = 120


class Join(StrEnum):
    """How a condition is made of others."""

    ALL = "all"
    ANY = "any"
    NONE = "not"


# "recipients: any" has a meaning of its own.
_JOINED = {Join.ALL: "all of", Join.ANY: "any of", Join.NONE: "none of"}


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition.

    Attributes:
        words: It, as it stands in the file, on one line and cut where it is long.
        line: The line that it begins on; the file is the policy's.
        means: What is asked.
        join: How it is made of ``items``, or None where it is asked as a whole.
        is_direction: It is the policy's direction, which is no part of the branches.
    """

    words: str
    line: int
    means: Tree
    join: Join | None = None
    items: tuple["Clause", ...] = ()
    is_direction: bool = False


def leaf(key: Scalar, node: Node, means: Tree) -> Clause:
    """Return a condition that is asked as a whole; *key* may be :func:`nameless`."""
    return Clause(_cut(_pair(key, node)), key.mark.line, means)


def group(table: Mapping, names: Collection[str], means: Tree) -> Clause:
    """Return the condition that the keys of these *names* are together."""
    pairs = [(key, value) for key, value in table.pairs if key.text in names]
    line = pairs[0][0].mark.line if pairs else table.mark.line
    return Clause(_cut(", ".join(_pair(key, value) for key, value in pairs)), line, means)


def nameless(node: Node) -> Scalar:
    """Return a key without a name, for an item of a list."""
    return Scalar(node.mark, "")


def whole(key: Scalar, items: Sequence[Clause], means: Tree | None = None) -> Clause:
    """Return all of *items*; one alone stands for itself, under *key*."""
    if means is None:
        means = items[0].means if len(items) == 1 else Every(tuple(item.means for item in items))
    if len(items) != 1:
        return Clause(key.text or _JOINED[Join.ALL], key.mark.line, means, Join.ALL, tuple(items))
    only = items[0]
    inner = f"{{{only.words}}}" if only.join is None else only.words
    if not key.text:
        return replace(only, means=means)
    return replace(only, words=_cut(f"{key.text}: {inner}"), line=key.mark.line, means=means)


def joined(key: Scalar, items: Sequence[Clause], means: Tree | None = None) -> Clause:
    """Return what ``all``, ``any`` or ``not`` (as *key* says) makes of *items*."""
    join = Join(key.text)
    if means is None:
        trees = tuple(item.means for item in items)
        means = Every(trees) if join is Join.ALL else Some(trees) if join is Join.ANY else Not(Some(trees))
    words = "not" if join is Join.NONE and len(items) == 1 else _JOINED[join]
    return Clause(words, key.mark.line, means, join, tuple(items))


def one_of(key: Scalar, node: Node, items: Sequence[Clause], means: Tree | None = None) -> Clause:
    """Return a condition that names several values, of which one is enough."""
    if means is None:
        means = Some(tuple(item.means for item in items))
    if len(items) == 1:
        return replace(items[0], means=means)
    return Clause(_cut(_pair(key, node)), key.mark.line, means, Join.ANY, tuple(items))


def directed(clause: Clause, key: Scalar, node: Node) -> Clause:
    """Return all conditions of a policy with its direction before them."""
    direction = Clause(_cut(_pair(key, node)), key.mark.line, Every(()), is_direction=True)
    if clause.join is Join.ALL:
        return replace(clause, items=(direction, *clause.items))
    return Clause(_JOINED[Join.ALL], clause.line, clause.means, Join.ALL, (direction, clause))


def beside(clause: Clause, name: str, table: Mapping) -> Clause:
    """Return *clause* with what *table* says beside it under *name*."""
    value = table.get(name)
    return clause if value is None else replace(clause, words=_cut(f"{clause.words}, {name}: {_spelt(value)}"))


def _pair(key: Scalar, node: Node) -> str:
    return f"{key.text}: {_spelt(node)}" if key.text else _spelt(node)


def _spelt(node: Node) -> str:
    """Return a node as it could stand on one line."""
    match node:
        case Scalar():
            return node.text[: 2 * _ROOM]
        case Items():
            return f"[{', '.join(map(_spelt, node.items[:_ROOM]))}]"
        case Mapping():
            return f"{{{', '.join(f'{key.text}: {_spelt(value)}' for key, value in node.pairs[:_ROOM])}}}"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _ROOM else f"{line[: _ROOM - 4]} ..."

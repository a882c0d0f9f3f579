# SPDX-License-Identifier: GPL-3.0-or-later
"""The language of the notices: template files, small words, plurals and times, read once and checked then.

A language is a folder beside this module with one template for each notice and a ``words.txt``; nothing else
in the package holds a word that a person reads.  Rules of a template:

* ``Subject: ...`` first, an empty line, then blocks: ``# heading``, ``1. item``, ``- item``, ``  Label: value``
  rows and paragraphs, a sentence or two a line.
* ``{name}`` stands for a value, from the closed set :data:`NAMES`.  A line with a name whose value is empty is
  left out, and a heading with nothing left below it too: so no notice says more, or less, than is known.
* Values are never looked at for names again, and hold no control characters.

Pure but for reading the package's own files; everything is cached and immutable.
"""

import functools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from importlib import resources
from types import MappingProxyType

_ALL_NAMES = """
    reference organisation sent_at sent_on held_since held_people delivered_people attachment_count problem_count
    approvals linked severity policy_title what_happened not_sent others inside threaded reason unread_reason
    notice_title where unread kinds person role role_inline deadline closes_at decided_at another_notice
    urgent_phone help_url link undelivered outcome outcome_short outcome_short_cap unheard_why
    alert alert_todo alert_words on_server look_inside refused_by authored may_not
"""
# Stands alone on its line, for as many paragraphs as there are.
AUTHORED = "authored"
NAMES = frozenset(_ALL_NAMES.split())
TEMPLATES = ("held", "task", "released", "refused", "cancelled", "expired", "unheard", "alert", "minimal")

_NAME = re.compile(r"\{([a-z_]*)\}")
_ROW = re.compile(r"  (?P<label>[^:{}]+): (?P<value>.+)")
_NUMBERED = re.compile(r"\d+\. ")


class WordingError(Exception):
    """A file of a language is wrong: a fault of the package, found when the language is first loaded."""


@dataclass(frozen=True, slots=True)
class Block:
    """A run of lines of one kind: ``heading``, ``text``, ``numbered``, ``bullets`` or ``rows`` (label, value)."""

    kind: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A notice before its values are known."""

    subject: str
    blocks: tuple[Block, ...]

    def filled(self, values: Mapping[str, str], authored: Sequence[str] = ()) -> tuple[str, tuple[Block, ...]]:
        """Return the subject and the blocks with *values* put in, lines and headings without content left out.

        *authored* are the paragraphs that stand in the place of :data:`AUTHORED`.
        """
        filled: list[Block] = []
        for block in self.blocks:
            if block.lines == (("", f"{{{AUTHORED}}}"),):
                filled += [Block("text", (("", paragraph),)) for paragraph in authored]
            else:
                filled.append(Block(block.kind, tuple(_filled_lines(block.lines, values))))
        kept: list[Block] = []
        for block in (b for b in filled if b.lines):
            if block.kind == "heading" and kept and kept[-1].kind == "heading":
                kept.pop()
            kept.append(block)
        if kept and kept[-1].kind == "heading":
            kept.pop()
        return _fill(self.subject, values), tuple(kept)


def clean(text: str) -> str:
    """Return *text* on one line, without control, format or surrogate characters: safe in a header and a body."""
    kept = "".join(" " if unicodedata.category(c) in _UNPRINTABLE else c for c in text)
    return " ".join(kept.split())


# Zl and Zp are line and paragraph separators; Cf holds the direction overrides that turn a line round.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def _filled_lines(lines: tuple[tuple[str, str], ...], values: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (label, _fill(text, values)) for label, text in lines if all(values.get(name) for name in _NAME.findall(text))
    ]


def _fill(text: str, values: Mapping[str, str]) -> str:
    return _NAME.sub(lambda match: clean(values.get(match[1], "")), text)


@dataclass(frozen=True, slots=True)
class Wording:
    """One language: its templates, its small words, and how it counts and tells the time."""

    language: str
    templates: Mapping[str, Template]
    words: Mapping[str, str]
    static_text: str  # everything these files can say, for the leak check

    def word(self, key: str, **values: str | int) -> str:
        """Return the text of *key* with *values* put in, or "" where the language has no such key."""
        text = self.words.get(key, "")
        return _NAME.sub(lambda match: str(values[match[1]]), text) if text else ""

    def count(self, key: str, number: int, **values: str | int) -> str:
        """Return the form of *key* that fits *number*: ``key.3`` where the language has it, else ``key.n``."""
        exact = f"{key}.{number}"
        return self.word(exact if exact in self.words else f"{key}.n", n=number, **values)

    def time(self, moment: datetime, zone: tzinfo) -> str:
        """Return the time of day as people say it: ``2:14pm``, ``4pm``, ``midday``."""
        local = moment.astimezone(zone)
        # In the hour that summer time repeats, 1:30am alone would be two times.
        repeated = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
        name = f" ({local.tzname()})" if repeated else ""
        if (local.hour, local.minute) == (12, 0):
            return self.word("time.midday")
        minutes = f":{local.minute:02}" if local.minute else ""
        half = self.word("time.am" if local.hour < 12 else "time.pm")
        return f"{(local.hour - 1) % 12 + 1}{minutes}{half}{name}"

    def moment(self, moment: datetime, now: datetime, zone: tzinfo, *, form: str = "at") -> str:
        """Return *moment* as said at *now*: ``today at 2:14pm`` (form ``at``) or ``2:14pm today`` (form ``by``)."""
        local, today = moment.astimezone(zone), now.astimezone(zone).date()
        day = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get((local.date() - today).days, "day")
        date = self.word(
            "date" if local.year == today.year else "date.year",
            weekday=self.word(f"weekday.{local.isoweekday()}"),
            day=local.day,
            month=self.word(f"month.{local.month}"),
            year=local.year,
        )
        return self.word(f"{form}.{day}", time=self.time(moment, zone), date=date)


@functools.cache
def wording(language: str) -> Wording:
    """Return the language of that name (a folder of this package).

    Raises:
        WordingError: There is no such language, a template is missing, or one names what does not exist.
    """
    folder = resources.files(__package__) / language
    if not (language.isalpha() and folder.is_dir()):
        raise WordingError(f"there is no language `{language}` in the notices")
    sources = {name: (folder / f"{name}.txt").read_text("utf-8") for name in TEMPLATES}
    words = _words((folder / "words.txt").read_text("utf-8"))
    templates = {name: _template(f"{language}/{name}.txt", source) for name, source in sources.items()}
    static = "\n".join((*sources.values(), *words.values()))
    return Wording(language, MappingProxyType(templates), MappingProxyType(words), _NAME.sub(" ", static))


def _words(source: str) -> dict[str, str]:
    lines = (line for line in source.splitlines() if line.strip() and not line.startswith("#"))
    return {key.strip(): text.strip() for key, _, text in (line.partition("=") for line in lines)}


def _template(file: str, source: str) -> Template:
    strangers = set(_NAME.findall(source)) - NAMES
    if strangers:
        raise WordingError(f"{file}: unknown names {', '.join(sorted(strangers))}")
    head, _, body = source.partition("\n\n")
    if not head.startswith("Subject: ") or "\n" in head:
        raise WordingError(f"{file}: expected one line `Subject: ...`, then an empty line")
    blocks: list[Block] = []
    for paragraph in body.split("\n\n"):
        blocks += _blocks(paragraph)
    return Template(head.removeprefix("Subject: "), tuple(blocks))


def _blocks(paragraph: str) -> list[Block]:
    """Return the blocks of a paragraph: lines of one kind that stand together."""
    blocks: list[Block] = []
    for line in paragraph.splitlines():
        if not line.strip():
            continue
        kind, item = _line(line)
        if blocks and blocks[-1].kind == kind:
            blocks[-1] = Block(kind, (*blocks[-1].lines, item))
        else:
            blocks.append(Block(kind, (item,)))
    return blocks


def _line(line: str) -> tuple[str, tuple[str, str]]:
    if row := _ROW.fullmatch(line):
        return "rows", (row["label"], row["value"])
    if line.startswith("# "):
        return "heading", ("", line[2:])
    if line.startswith("- "):
        return "bullets", ("", line[2:])
    if number := _NUMBERED.match(line):
        return "numbered", ("", line[number.end() :])
    return "text", ("", line.strip())

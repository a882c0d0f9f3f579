# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a backtest as one page: no script, nothing loaded from elsewhere, fit to be printed and read aloud.

Pure.  It holds what :class:`safehold.backtest.tally.Tally` holds: counts and ids.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from safehold.backtest.tally import FEWEST_ASKED, Tally

_STYLE = """
:root { color-scheme: light; }
body { font: 1rem/1.5 system-ui, "Liberation Sans", Arial, sans-serif; color: #111; background: #fff;
  max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.25rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
caption { text-align: left; font-weight: bold; padding: .3rem 0; }
th, td { border-bottom: 1px solid #767676; padding: .35rem .6rem; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
th { border-bottom: 2px solid #111; } tbody th { font-weight: normal; border-bottom: 1px solid #767676; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.note { border-left: .3rem solid #8a3b00; padding: .2rem 0 .2rem .8rem; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; } thead { display: table-header-group; }
  tr { break-inside: avoid; } h2 { break-after: avoid; } }
"""
_HEAD = f"""<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Backtest of policies</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One policy: where it stands now, and what came of it."""

    policy: str
    mode: str
    asked: int
    held: int
    noted: int
    is_void: bool
    held_before: int | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What a report says of how it was made.

    Attributes:
        lines: (what, how) for the table of circumstances.
        notes: What a reader must know to believe the figures no more than they deserve.
        against: What the policies were compared with; "" where with nothing.
    """

    lines: Sequence[tuple[str, str]]
    notes: Sequence[str]
    against: str = ""


def page(tally: Tally, rows: Sequence[Row], about: About) -> str:
    """Return the report as an HTML document."""
    parts = [
        _HEAD,
        "<h1>Backtest of policies</h1>\n",
        f"<p>{_summary(tally)}</p>\n",
        *(f'<p class="note">{escape(note)}</p>\n' for note in about.notes),
        "<h2>By policy</h2>\n",
        _policies(rows, about.against),
        _differences(tally, about.against),
        "<h2>Messages held</h2>\n",
        _held(tally),
        "<h2>Messages skipped</h2>\n",
        _skipped(tally),
        "<h2>How this was made</h2>\n",
        _table("Circumstances", ("What", "How"), about.lines),
        "</main>\n</body>\n</html>\n",
    ]
    return "".join(parts)


def _summary(tally: Tally) -> str:
    return (
        f"<strong>{len(tally.held):,}</strong> of <strong>{tally.judged:,}</strong> messages would be held. "
        f"There were {tally.messages:,}; {tally.skipped.total():,} were skipped. "
        f"Messages of which something could not be read: {tally.unread:,}."
    )


def _policies(rows: Sequence[Row], against: str) -> str:
    heads = ["Policy", "Mode", "Asked about", "Held", "Only recorded"]
    if against:
        heads.insert(4, "Held before")
    cells = []
    for row in rows:
        held = f"{row.held:,}{' (void)' if row.is_void else ''}"
        said = [row.policy, row.mode, f"{row.asked:,}", held, f"{row.noted:,}"]
        if against:
            said.insert(4, f"{row.held_before:,}" if row.held_before is not None else "not there")
        cells.append(said)
    table = _table("Messages by policy", heads, cells, numbers=frozenset(range(2, len(heads))))
    if any(row.is_void for row in rows):
        table += (
            f'<p class="note">Void: asked about fewer than {FEWEST_ASKED:,} messages. That such a policy holds few or '
            "none says nothing about how it will do.</p>\n"
        )
    return table


def _differences(tally: Tally, against: str) -> str:
    if not against:
        return ""
    heads = ("Message", "Held before by", "Held now by", "Copies before", "Copies now")
    cells = [
        (d.message, _listed(d.before), _listed(d.now), f"{d.recipients_before:,}", f"{d.recipients_now:,}")
        for d in tally.differences
    ]
    head = f"<h2>Compared with {escape(against)}</h2>\n"
    if not cells:
        return f"{head}<p>No message would be treated otherwise.</p>\n"
    return head + _table("Messages treated otherwise", heads, cells, numbers=frozenset({3, 4}))


def _held(tally: Tally) -> str:
    if not tally.held:
        return "<p>None.</p>\n"
    cells = [(held.message, _listed(held.policies), f"{held.recipients:,}") for held in tally.held]
    return _table("In the order of the mailboxes", ("Message", "By", "Copies"), cells, numbers=frozenset({2}))


def _skipped(tally: Tally) -> str:
    if not tally.skipped:
        return "<p>None.</p>\n"
    cells = [(why, f"{number:,}") for why, number in tally.skipped.most_common()]
    table = _table("Why they could not be judged", ("Why", "Messages"), cells, numbers=frozenset({1}))
    if tally.faults:
        faults = [(fault.message, fault.why) for fault in tally.faults]
        table += _table("Where safehold itself failed: please report these", ("Message", "What happened"), faults)
    return table


def _listed(policies: Sequence[str]) -> str:
    return ", ".join(policies) or "nobody"


def _table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: frozenset[int] = frozenset()
) -> str:
    def classed(column: int) -> str:
        return ' class="number"' if column in numbers else ""

    head = "".join(f'<th scope="col"{classed(at)}>{escape(text)}</th>' for at, text in enumerate(heads))
    body = []
    for first, *others in rows:
        cells = "".join(f"<td{classed(at)}>{escape(text)}</td>" for at, text in enumerate(others, 1))
        body.append(f'<tr><th scope="row">{escape(first)}</th>{cells}</tr>\n')
    return (
        f"<table>\n<caption>{escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{''.join(body)}</tbody>\n</table>\n"
    )

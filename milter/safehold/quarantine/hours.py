# SPDX-License-Identifier: GPL-3.0-or-later
"""When a decision is due: so many hours from now, or so many hours of the office.

Office hours are wall-clock hours where the organisation is, so a day on which the clocks change has as many of them as
any other; what is counted is time that passes.  Pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from types import MappingProxyType

# Monday is 0, as datetime.weekday() has it.
WORKING_WEEK: Mapping[int, tuple[time, time]] = MappingProxyType(dict.fromkeys(range(5), (time(9), time(17))))
# A calendar with fewer hours than a deadline needs within this is no calendar to go by: time simply passes then, so
# that the deadline comes sooner and never not at all.
_FURTHEST_DAYS = 400


@dataclass(frozen=True, slots=True)
class Calendar:
    """When the office is open.

    Attributes:
        zone: The time zone of the office.
        week: Day of the week (Monday is 0) -> when it opens and closes; a day that is not there is closed.
        holidays: Days on which it is closed whatever day of the week they are.
    """

    zone: tzinfo = UTC
    week: Mapping[int, tuple[time, time]] = field(default_factory=lambda: WORKING_WEEK)
    holidays: frozenset[date] = frozenset()

    def due(self, start: datetime, seconds: float) -> datetime:
        """Return when the office will have been open for *seconds* after *start*.

        >>> friday = datetime(2026, 11, 20, 16, 50, tzinfo=UTC)
        >>> Calendar().due(friday, 2 * 3600).isoformat()
        '2026-11-23T10:50:00+00:00'
        """
        left = timedelta(seconds=seconds)
        for opens, closes in self._open_from(start, _FURTHEST_DAYS):
            if left <= closes - opens:
                return opens + left
            left -= closes - opens
        return start + timedelta(seconds=seconds)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return for how long the office was open between two times."""
        days = min((end - start).days + 2, _FURTHEST_DAYS)
        spans = (min(closes, end) - opens for opens, closes in self._open_from(start, days) if opens < end)
        return sum(spans, timedelta())

    def _open_from(self, start: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
        """Yield from when to when the office is open after *start*, in UTC, for so many days."""
        today = start.astimezone(self.zone).date()
        for day in (today + timedelta(days=number) for number in range(days)):
            if day in self.holidays or day.weekday() not in self.week:
                continue
            opens, closes = (self._at(day, each) for each in self.week[day.weekday()])
            if closes > start:
                yield max(opens, start.astimezone(UTC)), closes

    def _at(self, day: date, hour: time) -> datetime:
        return datetime.combine(day, hour, self.zone).astimezone(UTC)


def due(now: datetime, seconds: float, calendar: Calendar, *, office: bool) -> datetime:
    """Return by when a decision is due."""
    return calendar.due(now, seconds) if office else now + timedelta(seconds=seconds)

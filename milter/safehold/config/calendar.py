# SPDX-License-Identifier: GPL-3.0-or-later
"""When the office is open: what deadlines count of a role that decides in office hours alone."""

import re
from collections.abc import Mapping
from datetime import date, time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, field_validator

from safehold.config.shapes import Section
from safehold.errors import Complaint, ComplaintsError
from safehold.quarantine.hours import WORKING_WEEK

# A list of holidays is a page; what is beyond this is none.
LIMIT_BYTES = 1_000_000


def _opening(text: object) -> object:
    """Return when an office opens and closes, of a text such as 09:00-17:00."""
    if not isinstance(text, str):
        return text
    opens, dash, closes = (piece.strip() for piece in text.partition("-"))
    try:
        hours = time.fromisoformat(opens), time.fromisoformat(closes)
    except ValueError:
        hours = None
    if not dash or hours is None or not hours[0] < hours[1]:
        raise ValueError("expected when it opens and closes, e.g. 09:00-17:00")
    return hours


OpeningHours = Annotated[tuple[time, time], BeforeValidator(_opening)]
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class CalendarSettings(Section):
    """When the office is open: the hours that deadlines count of a role that decides in office hours alone.

    Attributes:
        office: Day of the week -> hours; a day that is not named is closed.  Monday to Friday, 09:00 to 17:00, where
            nothing is said.
        holidays: Days on which it is closed.
        holidays_file: More of them: a text with a date at the beginning of each line, or a calendar (.ics) of whole
            days, as gov.uk has them for bank holidays.
    """

    office: dict[Weekday, OpeningHours] | None = None
    holidays: tuple[date, ...] = ()
    holidays_file: Path | None = None

    @field_validator("office")
    @classmethod
    def _is_open(cls, office: dict[Weekday, OpeningHours] | None) -> dict[Weekday, OpeningHours] | None:
        if office is not None and not office:
            raise ValueError("an office that is never open would never decide; name a day, e.g. monday: 09:00-17:00")
        return office

    def week(self) -> Mapping[int, tuple[time, time]]:
        """Return the hours by the number of the day, Monday is 0."""
        if self.office is None:
            return WORKING_WEEK
        return {_DAYS.index(day): hours for day, hours in self.office.items()}

    def all_holidays(self) -> frozenset[date]:
        """Return the holidays of the settings and of the file.

        Raises:
            ComplaintsError: The file cannot be read, or a line of it is no date.
        """
        found = frozenset(self.holidays)
        return found if self.holidays_file is None else found | _holidays_in(self.holidays_file)


_ICS_DAY = re.compile(r"DTSTART(?:;VALUE=DATE)?:(\d{4})(\d\d)(\d\d)\s*$")
_LINE_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:\s.*|,.*)?$")


def _holidays_in(path: Path) -> frozenset[date]:
    try:
        text = path.read_bytes()[:LIMIT_BYTES].decode("utf-8", "replace").lstrip("\ufeff")
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise ComplaintsError([Complaint(str(path), 0, 0, "unreadable", reason, "calendar.holidays_file")]) from error
    is_ics = "BEGIN:VCALENDAR" in text
    days: set[date] = set()
    wrong: list[Complaint] = []
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        day = _day_of(_ICS_DAY if is_ics else _LINE_DAY, line)
        if day is not None:
            days.add(day)
        elif line and not is_ics and not line.startswith("#"):
            hint = "begin each line with a date, e.g. 2026-12-25 Christmas Day"
            wrong.append(Complaint(str(path), number, 1, "setting", "this line begins with no date", hint))
    if wrong:
        raise ComplaintsError(wrong)
    return frozenset(days)


def _day_of(form: re.Pattern[str], line: str) -> date | None:
    match = form.match(line)
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        return None

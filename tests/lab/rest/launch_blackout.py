"""A maintenance blackout of the simulated Launch server and its occurrences."""

from __future__ import annotations

import calendar
import datetime
import uuid
from dataclasses import dataclass, field

DAY = 86400.0


@dataclass
class Blackout:
    """A maintenance blackout; times are seconds since the epoch."""

    start: float
    end: float
    name: str | None = None
    recurrence: str | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def occurrences(self, first: float, last: float) -> list[tuple[float, float, bool]]:
        """The periods that touch ``first``..``last``, each with whether it is a synthetic one."""
        found = []
        for number in range(400):
            start = _repeated(self.start, self.recurrence, number)
            end = start + self.end - self.start
            if start > last or (number and not self.recurrence):
                break
            if end > first:
                found.append((start, end, number > 0))
        return found


def _repeated(start: float, recurrence: str | None, number: int) -> float:
    """The start of the ``number``-th occurrence."""
    if recurrence != "M":
        return start + number * {"D": DAY, "W": 7 * DAY}.get(recurrence or "", 0.0)
    moment = datetime.datetime.fromtimestamp(start, datetime.timezone.utc)
    year, month = moment.year + (moment.month - 1 + number) // 12, (moment.month - 1 + number) % 12 + 1
    # A month without that day has its occurrence on its last one.
    day = min(moment.day, calendar.monthrange(year, month)[1])
    return moment.replace(year=year, month=month, day=day).timestamp()

"""The maintenance blackouts of the simulated Launch server, with the vendor's rules.

What is not documented, and therefore chosen here: the error texts, the names of the dates in an answer (``keys``), the
status of an overlap (``overlap_status``), that a blackout may begin in the minute that runs, and that a list without a
range holds every blackout without its later occurrences.
"""

from __future__ import annotations

import calendar
import datetime
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.clock import Clock
from lab.rest.launch_access import Refused

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


class BlackoutCalendar:
    """The blackouts of a server. ``named``: whether this version has names and recurrences; others ignore them."""

    def __init__(self, clock: Clock, timezone: datetime.timezone, *, named: bool) -> None:
        self.entries: dict[str, Blackout] = {}
        self.keys = ("startDate", "endDate")
        self.overlap_status = 400
        self._clock = clock
        self._timezone = timezone
        self._named = named

    @property
    def in_effect(self) -> bool:
        """Whether a blackout, or an occurrence of one, is in effect."""
        now = self._clock.time()
        periods = (period for entry in self.entries.values() for period in entry.occurrences(now - 1, now))
        return any(start <= now < end for start, end, _unused in periods)

    def listed(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Answer GET."""
        if ("rangeStart" in query) != ("rangeEnd" in query):
            raise Refused(400, "rangeStart and rangeEnd must be given together.")
        if "rangeStart" not in query:
            return [self._shown(entry, entry.start, entry.end) for entry in self.entries.values()]
        first, last = self._moment(query, "rangeStart"), self._moment(query, "rangeEnd")
        return [
            self._shown(entry, start, end, synthetic)
            for entry in self.entries.values()
            for start, end, synthetic in entry.occurrences(first, last)
        ]

    def create(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Answer POST."""
        if "startDate" not in query or "endDate" not in query:
            raise Refused(400, "startDate and endDate are required.")
        entry = Blackout(self._moment(query, "startDate"), self._moment(query, "endDate"))
        if self._named:
            entry.name, entry.recurrence = query.get("name"), query.get("recurrence")
            if entry.recurrence not in (None, "D", "W", "M"):
                raise Refused(400, f"Unknown recurrence {entry.recurrence}: D, W or M.")
        if self._past(entry.start):
            raise Refused(400, "The start date is in the past.")
        return self._keep(entry)

    def update(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Answer PUT: what the query does not name stays."""
        entry = self._entry(query.get("id", ""))
        start = self._moment(query, "startDate") if "startDate" in query else entry.start
        end = self._moment(query, "endDate") if "endDate" in query else entry.end
        for old, new, what in ((entry.start, start, "start"), (entry.end, end, "end")):
            if new != old and (old <= self._clock.time() or self._past(new)):
                raise Refused(400, f"The {what} date is in the past and cannot be changed.")
        name = query.get("name", entry.name) if self._named else entry.name
        return self._keep(Blackout(start, end, name, entry.recurrence, entry.id))

    def delete(self, identifier: str) -> None:
        """Answer DELETE."""
        del self.entries[self._entry(identifier).id]

    def _keep(self, entry: Blackout) -> dict[str, Any]:
        if entry.end <= entry.start:
            raise Refused(400, "The end date must be after the start date.")
        last = entry.end + (400 * DAY if entry.recurrence else 0)
        mine = entry.occurrences(entry.start - 1, last)
        others = [other for other in self.entries.values() if other.id != entry.id]
        for start, end, _unused in (period for other in others for period in other.occurrences(entry.start - 1, last)):
            if any(start < my_end and my_start < end for my_start, my_end, _unused in mine):
                raise Refused(self.overlap_status, "The maintenance blackout overlaps with another one.")
        self.entries[entry.id] = entry
        return self._shown(entry, entry.start, entry.end)

    def _entry(self, identifier: str) -> Blackout:
        if identifier not in self.entries:
            raise Refused(404, f"No maintenance blackout with id {identifier}")
        return self.entries[identifier]

    def _shown(self, entry: Blackout, start: float, end: float, synthetic: bool = False) -> dict[str, Any]:
        start_key, end_key = self.keys
        shown: dict[str, Any] = {
            "id": f"{entry.id}-{int(start)}" if synthetic else entry.id,
            start_key: round(start * 1000),
            end_key: round(end * 1000),
            "synthetic": synthetic,
        }
        return {**shown, "name": entry.name, "recurrence": entry.recurrence} if self._named else shown

    def _past(self, moment: float) -> bool:
        """The documented format has whole minutes, so the minute that runs is not in the past."""
        return moment < self._clock.time() - 60

    def _moment(self, query: Mapping[str, str], key: str) -> float:
        """Read epoch milliseconds or MM-dd-yyyy-HH:mm in the server's own time zone."""
        text = query[key]
        if re.fullmatch(r"\d{10,}", text):
            return int(text) / 1000
        try:
            return datetime.datetime.strptime(text, "%m-%d-%Y-%H:%M").replace(tzinfo=self._timezone).timestamp()
        except ValueError:
            raise Refused(400, f"{key}: {text} is not a date of the form MM-dd-yyyy-HH:mm.") from None


def _repeated(start: float, recurrence: str | None, number: int) -> float:
    """The start of the ``number``-th occurrence."""
    if recurrence != "M":
        return start + number * {"D": DAY, "W": 7 * DAY}.get(recurrence or "", 0.0)
    moment = datetime.datetime.fromtimestamp(start, datetime.timezone.utc)
    year, month = moment.year + (moment.month - 1 + number) // 12, (moment.month - 1 + number) % 12 + 1
    # A month without that day has its occurrence on its last one.
    day = min(moment.day, calendar.monthrange(year, month)[1])
    return moment.replace(year=year, month=month, day=day).timestamp()

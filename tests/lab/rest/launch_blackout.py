"""The maintenance blackouts of the simulated Launch server, with the vendor's rules.

A recurring blackout is a series of events. One of them is real: the list without a range holds it, PUT changes it (and
with it all that follow), DELETE cancels it alone. The others are synthetic: only a list with a range holds them. A list
with a range holds what starts or ends in it, so an event that spans the range is missing.

What is not documented, and therefore chosen here: the error texts, the names of the dates and of the series in an
answer (``keys``, ``series_key``), the status of an overlap (``overlap_status``), that a blackout may begin in the
minute that runs, that the next event becomes the real one when one is over or cancelled (``moves_on``), that each event
has an id of its own, that a series recurs by UTC (as the vendor says of scheduled deployments), and what the server
answers while a blackout takes its database offline (``offline``: 503; otherwise the database stays).
"""

from __future__ import annotations

import calendar
import datetime
import itertools
import math
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.clock import Clock
from lab.rest.launch_access import Refused

DAY = 86400.0


@dataclass(frozen=True)
class Event:
    """A period in which a blackout is in effect; times are seconds since the epoch."""

    start: float
    end: float
    id: str


@dataclass
class Blackout:
    """A maintenance blackout: one event, or with ``recurrence`` a series. ``start`` and ``end`` are the first event's.

    ``cancelled`` holds the days (UTC) whose event is cancelled; they stay so when the series is moved.
    """

    start: float
    end: float
    name: str | None = None
    recurrence: str | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    cancelled: set[datetime.date] = field(default_factory=set)

    def events(self, last: float) -> Iterator[Event]:
        """The events that begin until ``last`` and are not cancelled."""
        for number in itertools.count():
            start = _repeated(self.start, self.recurrence, number)
            if start > last or (number and not self.recurrence):
                return
            if day_of(start) not in self.cancelled:
                identifier = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.id} {start}")) if self.recurrence else self.id
                yield Event(start, start + self.end - self.start, identifier)


class BlackoutCalendar:
    """The blackouts of a server. ``named``: whether this version has names and recurrences; others ignore them."""

    def __init__(self, clock: Clock, timezone: datetime.timezone, *, named: bool) -> None:
        self.entries: dict[str, Blackout] = {}
        self.keys = ("startDate", "endDate")
        self.series_key: str | None = "series"
        self.moves_on = True
        self.offline = False
        self.overlap_status = 400
        self._clock = clock
        self._timezone = timezone
        self._named = named

    @property
    def in_effect(self) -> bool:
        """Whether an event is in effect."""
        now = self._clock.time()
        return any(now < event.end for entry in self.entries.values() for event in entry.events(now))

    def listed(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Answer GET."""
        if ("rangeStart" in query) != ("rangeEnd" in query):
            raise Refused(400, "rangeStart and rangeEnd must be given together.")
        if "rangeStart" not in query:
            return [self._shown(entry, event) for entry in self.entries.values() if (event := self._real(entry))]
        first, last = self._moment(query, "rangeStart"), self._moment(query, "rangeEnd")
        return [
            self._shown(entry, event)
            for entry in self.entries.values()
            for event in entry.events(last)
            if first <= event.start <= last or first <= event.end <= last
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
        """Answer PUT: what the query does not name stays. Of a series, the events before the changed one are gone."""
        entry, event = self._real_event(query.get("id", ""), "changed")
        start = self._moment(query, "startDate") if "startDate" in query else event.start
        end = self._moment(query, "endDate") if "endDate" in query else event.end
        for old, new, what in ((event.start, start, "start"), (event.end, end, "end")):
            if new != old and (old <= self._clock.time() or self._past(new)):
                raise Refused(400, f"The {what} date is in the past and cannot be changed.")
        name = query.get("name", entry.name) if self._named else entry.name
        return self._keep(Blackout(start, end, name, entry.recurrence, entry.id, entry.cancelled))

    def delete(self, identifier: str) -> None:
        """Answer DELETE: of a series it cancels this one event."""
        entry, event = self._real_event(identifier, "cancelled")
        if entry.recurrence:
            entry.cancelled.add(day_of(event.start))
        else:
            del self.entries[entry.id]

    def cancel_series(self, query: Mapping[str, str]) -> None:
        """Answer POST to cancelMaintenanceBlackoutSeries."""
        del self.entries[self._series(query).id]

    def cancel_event(self, query: Mapping[str, str]) -> None:
        """Answer POST to cancelMaintenanceBlackoutSeriesEvent."""
        entry = self._series(query)
        if "event" not in query or "scheduled" not in query:
            raise Refused(400, "event and scheduled are required.")
        scheduled = self._moment(query, "scheduled")
        events = entry.events(scheduled + 0.001)
        if not any(event.id == query["event"] and abs(event.start - scheduled) < 0.001 for event in events):
            raise Refused(404, f"No event {query['event']} at that date in the series {entry.id}")
        entry.cancelled.add(day_of(scheduled))

    def _keep(self, entry: Blackout) -> dict[str, Any]:
        if entry.end <= entry.start:
            raise Refused(400, "The end date must be after the start date.")
        last = entry.end + (400 * DAY if entry.recurrence else 0)
        mine = list(entry.events(last))
        others = [other for other in self.entries.values() if other.id != entry.id]
        for theirs in (event for other in others for event in other.events(last)):
            if any(theirs.start < event.end and event.start < theirs.end for event in mine):
                raise Refused(self.overlap_status, "The maintenance blackout overlaps with another one.")
        self.entries[entry.id] = entry
        event = self._real(entry)
        assert event
        return self._shown(entry, event)

    def _real(self, entry: Blackout) -> Event | None:
        """The real event of a blackout."""
        over = self._clock.time() if entry.recurrence and self.moves_on else 0.0
        return next((event for event in entry.events(math.inf) if event.end > over), None)

    def _real_event(self, identifier: str, verb: str) -> tuple[Blackout, Event]:
        """The blackout whose real event has this id."""
        for entry in self.entries.values():
            event = self._real(entry)
            if event and event.id == identifier:
                return entry, event
            if event and any(later.id == identifier for later in entry.events(event.start + 400 * DAY)):
                raise Refused(400, f"A synthetic event cannot be {verb} here.")
        raise Refused(404, f"No maintenance blackout with id {identifier}")

    def _series(self, query: Mapping[str, str]) -> Blackout:
        if "series" not in query:
            raise Refused(400, "series is required.")
        entry = self.entries.get(query["series"])
        if entry is None or not entry.recurrence:
            raise Refused(404, f"No series of maintenance blackouts with id {query['series']}")
        return entry

    def _shown(self, entry: Blackout, event: Event) -> dict[str, Any]:
        start_key, end_key = self.keys
        shown: dict[str, Any] = {
            "id": event.id,
            start_key: round(event.start * 1000),
            end_key: round(event.end * 1000),
            "synthetic": event != self._real(entry),
        }
        if self._named:
            shown |= {"name": entry.name, "recurrence": entry.recurrence}
            if self.series_key and entry.recurrence:
                shown[self.series_key] = entry.id
        return shown

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


def day_of(moment: float) -> datetime.date:
    """The day (UTC) of a moment."""
    return datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).date()


def _repeated(start: float, recurrence: str | None, number: int) -> float:
    """The start of the ``number``-th event."""
    if recurrence != "M":
        return start + number * {"D": DAY, "W": 7 * DAY}.get(recurrence or "", 0.0)
    moment = datetime.datetime.fromtimestamp(start, datetime.timezone.utc)
    year, month = moment.year + (moment.month - 1 + number) // 12, (moment.month - 1 + number) % 12 + 1
    # A month without that day has its event on its last one.
    day = min(moment.day, calendar.monthrange(year, month)[1])
    return moment.replace(year=year, month=month, day=day).timestamp()

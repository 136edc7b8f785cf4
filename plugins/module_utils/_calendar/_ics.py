# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""A calendar, read by ``icalendar`` and ``recurring-ical-events``: when its events are. Only this file needs these.

What RFC 5545 leaves to a program, and where the libraries need help:

- A time zone that this machine knows by its name (also by its name in Windows) is taken from the time zone database; a
  VTIMEZONE of the calendar counts for all others. A name that neither knows is a failure: the libraries would take such
  a time for one without a zone.
- A local time that the clocks leave out is that many minutes later, one that they show twice is the first of the two.
- An event keeps its local times on the day on which the clocks change: Saturday 22:00 to Sunday 06:00 stays that. A
  duration in hours stays that, too: the event ends as many hours after its start.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from importlib.util import find_spec
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._intervals import Period, Span
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._scan import (
    Scan,
    Series,
    Unreadable,
    scan,
    text_of,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._text import shortened

MOST_STEPS = 100_000
"""How often a rule may repeat from its start until the time that is asked for: every hour for eleven years."""

_PERIODS = {"SECONDLY": 1, "MINUTELY": 60, "HOURLY": 3600, "DAILY": 86400, "WEEKLY": 604800}
_RHYTHMS = (86400, 604800)
_LONG_PERIOD = 28 * 86400
_DAY = timedelta(days=1)
# Wall clocks and UTC differ by a day at the most; what lies outside of the period is sorted out afterwards.
_MARGIN = timedelta(days=2)
# Kept with an event: how much of its length does not change with the clocks.
_EXACT = "X-QUIESCE-EXACT"
# What the libraries raise for events that they do not understand; an OSError comes of a zone like "Europe".
_ERRORS = (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, AssertionError, OSError)
_REPEATING = ("RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
_CORRECT = "Correct the event, or remove it"
_SET_ZONE = "Name the time zone of such events, like O(timezone=Europe/Berlin)"


class _NoZone(ValueError):
    """A time has no zone."""


class Calendar:
    """The events of one calendar.

    ``text`` is its content; ``label`` is what messages call it, ``name`` what it is called if it does not say so;
    ``zone`` is the zone of times without one (None: that of the calendar, if it says so). Nothing outside of ``asked``
    is going to be asked for. ``notes`` are remarks on events that do not count, ``read`` counts the series that the
    library had to read. Raises ``Failure`` for a text that is no calendar, and where the libraries are missing.
    """

    def __init__(self, text: str, label: str, name: str, zone: tzinfo | None, asked: Period) -> None:
        _require_libraries()
        self.label = label
        try:
            self._scan: Scan = scan(text)
        except Unreadable as unreadable:
            raise self._failure(str(unreadable), "Give a complete iCalendar file (.ics)") from None
        if not self._scan.series:
            raise self._failure("it has no events", "Give a calendar with at least one event, which may be over")
        self.name = shortened(self._scan.name, 100) or name
        self.notes: list[str] = []
        self.read = 0
        self._given = zone
        self._asked = asked
        self._series: dict[int, _Known] = {}

    def spans(self, begin: datetime, end: datetime) -> list[Span]:
        """Return what the events cover of the time between two moments in UTC. Raises ``Failure``."""
        chosen = [
            (number, series)
            for number, series in enumerate(self._scan.series)
            if series.can_matter(begin.date(), end.date())
        ]
        self._read([(number, series) for number, series in chosen if number not in self._series])
        return [span for number, _series in chosen for span in self._occurrences(number, begin, end)]

    # --- reading ---

    def _read(self, chosen: list[tuple[int, Series]]) -> None:
        """Have the libraries read these series."""
        from icalendar import Calendar as Component
        from recurring_ical_events import CalendarQuery

        if not chosen:
            return
        for _number, series in chosen:
            if series.doubled:
                uid = shortened(series.blocks[0].uid, 100)
                raise self._failure(f'two of its events have the UID "{uid}"', "Give each event a UID of its own")
        text = text_of([(str(number), series) for number, series in chosen], self._own_zones(chosen))
        try:
            events: list[Any] = [*Component.from_ical(text).walk("VEVENT")]
        except _ERRORS as error:
            raise self._failure(f"it is malformed: {shortened(str(error))}", _CORRECT) from None
        parts: dict[int, Any] = {number: Component() for number, _series in chosen}
        for event in events:
            with self._judging(event):
                self._prepare(event)
            parts[int(event["UID"])].add_component(event)
        for number, part in parts.items():
            first = part.subcomponents[0]
            with self._judging(first):
                repeats = len(part.subcomponents) > 1 or any(name in first for name in _REPEATING)
                if len(part.subcomponents) == 1:
                    self._forward(first)
                for event in part.subcomponents:
                    for rule in _listed(event.get("RRULE")):
                        self._refuse_endless_work(rule, event["DTSTART"].dt)
                self._series[number] = _Known(first, CalendarQuery(part) if repeats else None)
        self.read += len(parts)

    def _own_zones(self, chosen: list[tuple[int, Series]]) -> list[str]:
        """Return the definitions of the zones that these series name and that nobody else knows."""
        from icalendar import use_zoneinfo

        use_zoneinfo()  # forgets what another calendar meant by a name
        lines = "".join(line for _number, series in chosen for block in series.blocks for line in block.lines)
        return [text for name, text in self._scan.zones.items() if name in lines and _zone_named(name) is None]

    def _prepare(self, event: Any) -> None:
        """Judge an event, give its times their zone, and its rules the form that the library understands."""
        if event.errors:
            raise ValueError("; ".join(f"{name}: {error}" for name, error in event.errors))
        if "EXRULE" in event:
            raise ValueError("it has an EXRULE, which is no longer part of iCalendar")
        for name in ("DTSTART", "DTEND", "DURATION", "RECURRENCE-ID", "STATUS"):
            if isinstance(event.get(name), list):
                raise ValueError(f"it has {name} twice")
        for name in ("DTSTART", "DTEND", "RECURRENCE-ID"):
            if name in event:
                if not isinstance(event[name].dt, date):
                    raise ValueError(f"its {name} is not a date or time")
                self._place(event[name], event[name].params)
        for name in ("RDATE", "EXDATE"):
            for given in _listed(event.get(name)):
                for each in given.dts:
                    self._place(each, given.params)
        start, end = _ends(event)
        if self._before(end, start):
            raise ValueError("it ends before it begins")
        for rule in _listed(event.get("RRULE")):
            self._prepare_rule(rule, start)
        periods = any(isinstance(each.dt, tuple) for given in _listed(event.get("RDATE")) for each in given.dts)
        if "DURATION" in event and not periods:
            event[_EXACT] = timedelta(seconds=event["DURATION"].dt.seconds)

    def _place(self, value: Any, params: Any) -> None:
        """Give a time without a zone its zone. Raises ValueError for one whose zone nobody knows."""

        def placed(moment: Any) -> Any:
            if not isinstance(moment, datetime) or moment.tzinfo is not None:
                return moment
            if "TZID" in params:
                raise ValueError(f'its time zone "{params["TZID"]}" is unknown, and the calendar does not define it')
            return moment.replace(tzinfo=self._zone)

        value.dt = tuple(map(placed, value.dt)) if isinstance(value.dt, tuple) else placed(value.dt)

    def _prepare_rule(self, rule: Any, start: date) -> None:
        if "FREQ" not in rule:
            raise ValueError("its RRULE has no FREQ")
        if _interval(rule) < 1:
            raise ValueError("its INTERVAL is not a positive number")
        if until := rule.get("UNTIL"):
            rule["UNTIL"] = [self._until(until[0], start)]

    def _forward(self, event: Any) -> None:
        """Have a plain daily or weekly series begin shortly before what is asked for, in its own rhythm.

        The library repeats it from its start on, which is years of steps for a series that is years old.
        """
        rules = _listed(event.get("RRULE"))
        if len(rules) != 1 or "COUNT" in rules[0] or "RDATE" in event or _period(rules[0]) not in _RHYTHMS:
            return
        start, end = _ends(event)
        step = timedelta(seconds=_period(rules[0])) * _interval(rules[0])
        # What begins there is over before anything is asked for: it is an occurrence even if the rule does not say so.
        latest = self._asked[0] - (self._aware(end) - self._aware(start)) - 2 * _MARGIN
        by = max((latest - self._utc(start)) // step, 0) * step
        for name in ("DTSTART", "DTEND"):
            if name in event:
                event[name].dt += by

    def _refuse_endless_work(self, rule: Any, start: date) -> None:
        first = self._utc(start)
        steps = (self._asked[1] - first).total_seconds() / (_period(rule) * _interval(rule))
        for name in ("BYHOUR", "BYMINUTE", "BYSECOND"):
            steps *= len(rule.get(name, [0]))
        if steps > MOST_STEPS:
            raise ValueError(f"it repeats too often (FREQ={rule['FREQ'][0]} since {first:%Y-%m-%d})")

    def _until(self, until: date, start: date) -> date:
        """Return the end of a rule as RFC 5545 has it: a day for days, else in UTC. Many programs write a local one."""
        if not isinstance(start, datetime):
            return until.date() if isinstance(until, datetime) else until
        if not isinstance(until, datetime):
            until = datetime.combine(until, time(23, 59, 59))
        return until.astimezone(timezone.utc) if until.tzinfo else _in_utc(until.replace(tzinfo=start.tzinfo))

    # --- asking ---

    def _occurrences(self, number: int, begin: datetime, end: datetime) -> Iterator[Span]:
        with self._judging(self._series[number].first):
            for event, start, finish in self._series[number].between(begin, end):
                if str(event.get("STATUS", "")).upper() == "CANCELLED":
                    continue
                exact = event.get(_EXACT, timedelta(0))
                span = Span(
                    self._utc(start),
                    self._utc(finish - exact) + exact,
                    shortened(str(event.get("SUMMARY", "")), 100),
                    self.name,
                    (start.tzinfo if isinstance(start, datetime) else None) or self._zone,
                )
                if span.start >= span.end:
                    if begin <= span.start < end:
                        self._note(f"the event {_title(event)} has no length and does not count")
                elif span.start < end and span.end > begin:
                    yield span

    def _note(self, text: str) -> None:
        note = f"{self.label}: {text}"
        if note not in self.notes:
            self.notes.append(note)

    # --- times ---

    @property
    def _zone(self) -> tzinfo:
        """The zone of times without one. Raises ValueError if nobody says which."""
        if self._given is None and self._scan.zone:
            self._given = _zone_named(self._scan.zone)
        if self._given is None:
            raise _NoZone("its time is a local one, and the calendar does not say in which time zone")
        return self._given

    def _utc(self, moment: date) -> datetime:
        return _in_utc(self._aware(moment))

    def _before(self, one: date, other: date) -> bool:
        """Whether a time is before another: by the clock, if it is the same clock."""
        return self._aware(one) < self._aware(other)

    def _aware(self, moment: date) -> datetime:
        """Return a time with its zone; the libraries make a time without one of a day with a duration in hours."""
        if not isinstance(moment, datetime):
            return datetime.combine(moment, time(), self._zone)
        return moment if moment.tzinfo else moment.replace(tzinfo=self._zone)

    # --- failing ---

    @contextmanager
    def _judging(self, event: Any) -> Iterator[None]:
        try:
            yield
        except _ERRORS as error:
            remedy = _SET_ZONE if isinstance(error, _NoZone) else _CORRECT
            raise self._failure(f"the event {_title(event)}: {shortened(str(error))}", remedy) from None

    def _failure(self, answer: str, remedy: str) -> Failure:
        return Failure(f"read the calendar {self.label}", "", answer, remedy)


@dataclass(frozen=True)
class _Known:
    """A series that was read: its first event, and what tells its occurrences; None: there is only this one."""

    first: Any
    query: Any

    def between(self, begin: datetime, end: datetime) -> Iterator[tuple[Any, date, date]]:
        """Return the occurrences that may lie between two moments, with start and end as the calendar has them."""
        if self.query is None:
            yield (self.first, *_ends(self.first))
            return
        for event in self.query.between(begin - _MARGIN, end + _MARGIN):
            yield event, event["DTSTART"].dt, event["DTEND"].dt


def _require_libraries() -> None:
    """Raise ``Failure`` unless they are installed."""
    missing = [name for name in ("icalendar", "recurring_ical_events") if find_spec(name) is None]
    if missing:
        raise Failure(
            "read calendars",
            "the controller",
            f"the Python packages are not installed: {', '.join(name.replace('_', '-') for name in missing)}",
            "Install them for the Python that runs Ansible: pip install icalendar recurring-ical-events. An execution "
            "environment needs them in its dependencies: both are in requirements.txt of this collection",
        )


def _zone_named(name: str) -> tzinfo | None:
    """Return the zone of that name, which may be one of Windows; None if nobody knows it."""
    from icalendar.timezone import tzp

    try:
        return tzp.timezone(name)
    except (ValueError, OSError):
        return None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _period(rule: Any) -> int:
    return _PERIODS.get(str(rule["FREQ"][0]).upper(), _LONG_PERIOD)


def _interval(rule: Any) -> int:
    return int(rule.get("INTERVAL", [1])[0])


def _ends(event: Any) -> tuple[date, date]:
    """Return start and end as the calendar has them. Raises ValueError if there is no start."""
    if "DTSTART" not in event:
        raise ValueError("it has no start")
    start = event["DTSTART"].dt
    if "DTEND" in event:
        return start, event["DTEND"].dt
    if "DURATION" in event:
        return start, start + event["DURATION"].dt
    return start, start if isinstance(start, datetime) else start + _DAY


def _in_utc(moment: datetime) -> datetime:
    """Return a local time in UTC. One that the clocks leave out has the offset from before, as RFC 5545 has it."""
    try:
        found = moment.astimezone(timezone.utc)
    except OverflowError:
        return moment.replace(tzinfo=timezone.utc)
    # zoneinfo does so by itself, the zones that a calendar defines do not.
    if isinstance(moment.tzinfo, ZoneInfo):
        return found
    if found.astimezone(moment.tzinfo).replace(tzinfo=None) == moment.replace(tzinfo=None):
        return found
    before = (moment - _DAY).utcoffset() or timedelta(0)
    return moment.replace(tzinfo=timezone.utc) - before


def _title(event: Any) -> str:
    summary = shortened(str(event.get("SUMMARY", "")), 100)
    start = None if event.errors else getattr(event.get("DTSTART"), "dt", None)
    day = f" of {start:%Y-%m-%d}" if isinstance(start, date) else ""
    return (f'"{summary}"' if summary else "without a title") + day

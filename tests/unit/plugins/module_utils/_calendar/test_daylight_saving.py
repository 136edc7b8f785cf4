"""Every change of the clocks of every zone from 2025 to 2035, against dateutil's rules and offsets read from UTC."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._ics import Calendar
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._verdict import Question, judge
from dateutil.rrule import WEEKLY, rrule

UTC = timezone.utc
FIRST, LAST = datetime(2025, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
ZONES = sorted(available_timezones())
SECOND, HOUR, DAY, WEEK = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)

# Start and end of a weekly event, counted from what the clocks show when they change.
SHAPES = (
    (-3 * HOUR, 3 * HOUR),  # over the change
    (HOUR / 2, 4 * HOUR),  # from a time on that does not exist, or exists twice
    (-2 * HOUR, HOUR / 2),  # until such a time
    (timedelta(0), 2 * HOUR),  # from the change on, by the clocks before it
    (-HOUR, timedelta(0)),  # until the change
)


@dataclass(frozen=True)
class Change:
    """Before ``at`` the clocks are ``before`` ahead of UTC, from then on ``after``."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def shown(self) -> datetime:
        """What the clocks show when they change."""
        return (self.at + self.before).replace(tzinfo=None)

    def in_utc(self, local: datetime) -> datetime:
        """A local time near the change; one that is left out has the offset from before, of two the first counts."""
        by_before, by_after = (local.replace(tzinfo=UTC) - offset for offset in (self.before, self.after))
        return by_before if by_before < self.at or by_after < self.at else by_after


def offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    found = moment.astimezone(zone).utcoffset()
    assert found is not None
    return found


def changes(zone: ZoneInfo) -> list[Change]:
    """Found from UTC, where no time is left out and none exists twice."""
    found = []
    moment, step = FIRST, WEEK
    while moment < LAST:
        low, high = moment, moment + step
        before, after = offset(zone, low), offset(zone, high)
        if before != after:
            while high - low > SECOND:
                middle = (low + (high - low) / 2).replace(microsecond=0)
                low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
            found.append(Change(high, before, after))
        moment += step
    return found


def text(name: str, events: list[tuple[datetime, datetime, datetime]]) -> str:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0"]
    for number, (start, end, until) in enumerate(events):
        lines += [
            "BEGIN:VEVENT",
            f"UID:{number}",
            f"DTSTART;TZID={name}:{start:%Y%m%dT%H%M%S}",
            f"DTEND;TZID={name}:{end:%Y%m%dT%H%M%S}",
            f"RRULE:FREQ=WEEKLY;UNTIL={until:%Y%m%dT%H%M%SZ}",
            "END:VEVENT",
        ]
    return "\n".join([*lines, "END:VCALENDAR", ""])


def expected(change: Change, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The occurrences around a change, as dateutil repeats them."""
    starts = rrule(WEEKLY, dtstart=start, count=3)
    found = [(change.in_utc(each), change.in_utc(each + (end - start))) for each in starts]
    return sorted(each for each in found if each[0] < each[1])


def test_there_are_zones_and_changes() -> None:
    assert len(ZONES) > 400
    berlin = changes(ZoneInfo("Europe/Berlin"))
    assert [change.shown.isoformat() for change in berlin[:2]] == ["2025-03-30T02:00:00", "2025-10-26T03:00:00"]
    assert len(berlin) == 22


def test_every_change_of_every_zone() -> None:
    wrong = []
    seen = 0
    known: set[tuple[Change, ...]] = set()
    for name in ZONES:
        found = changes(ZoneInfo(name))
        # Many zones are another name of one that was looked at already: one shape for each change will do.
        width = 1 if tuple(found) in known else len(SHAPES)
        known.add(tuple(found))
        # Weekly events that begin a week before the change and end a week after it.
        events = [
            (change.shown + start - WEEK, change.shown + end - WEEK, change.at + WEEK + DAY)
            for number, change in enumerate(found)
            for start, end in itertools.islice(itertools.cycle(SHAPES), number, number + width)
        ]
        if not events:
            # Nothing changes here: one event in summer, at the offset of the zone.
            found = [Change(FIRST, *[offset(ZoneInfo(name), FIRST)] * 2)]
            night = datetime.fromisoformat("2030-07-06T22:00")
            events = [(night, night + 8 * HOUR, night + 2 * WEEK + 2 * DAY)]
        calendar = Calendar(text(name, events), name, name, None, (FIRST, LAST))
        for number, change in enumerate(found):
            mine = events[number * width : (number + 1) * width]
            right = sorted(each for start, end, _until in mine for each in expected(change, start, end))
            begin, finish = right[0][0] - HOUR, right[-1][1] + HOUR
            spans = calendar.spans(begin, finish)
            if sorted((span.start, span.end) for span in spans) != right:
                wrong.append(f"{name} {change}: {spans} instead of {right}")
            for moment in (change.at - SECOND, change.at, right[0][0] - SECOND, right[0][0], right[-1][1]):
                open_now = any(start <= moment < end for start, end in right)
                verdict = judge(Question(moment), spans, [], finish)
                if verdict.allowed != open_now:
                    wrong.append(f"{name} {moment}: {verdict}")
            seen += 1
    assert wrong[:3] == []
    assert seen > 4000

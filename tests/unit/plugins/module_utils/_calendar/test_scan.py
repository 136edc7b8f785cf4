"""What is left out to be quick cannot matter: all events, read by the library from their start on, give the same."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._ics import Calendar
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._scan import scan
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar as Component
from recurring_ical_events import of

from fakes.ics import Event, calendar, event

UTC = timezone.utc
DAY = timedelta(days=1)
YEAR = datetime(2026, 1, 1, tzinfo=UTC)

BERLIN = "TZID=Europe/Berlin"
BY_MONTH = ";BYMONTH=1,3,6,11,12"

hours = st.integers(0, 24 * 365).map(lambda hour: YEAR + timedelta(hours=hour))


def written(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"


@st.composite
def series(draw: st.DrawFn) -> list[Event]:
    """A single event, or a series with what was changed in it."""
    start, length = draw(hours), timedelta(hours=draw(st.integers(1, 24 * 20)))
    uid = str(draw(st.integers(0, 10**9)))
    if draw(st.booleans()):
        lines = [f"DTSTART;{BERLIN}:{start:%Y%m%dT%H%M%S}", f"DTEND;{BERLIN}:{start + length:%Y%m%dT%H%M%S}"]
    elif draw(st.booleans()):
        lines = [f"DTSTART:{written(start)}", f"DTEND:{written(start + length)}"]
    else:
        lines = [f"DTSTART:{written(start)}", f"DURATION:PT{length.total_seconds():.0f}S"]
    step = draw(st.sampled_from([None, ("DAILY", 1), ("WEEKLY", 7)]))
    if step is None:
        return [event(*lines, uid=uid)]
    frequency, days = step
    end = draw(st.sampled_from(["", ";COUNT=5", f";UNTIL={written(start + timedelta(days=days * 4))}"]))
    rest = draw(
        st.sampled_from(["", ";INTERVAL=2", ";INTERVAL=3;WKST=SU", ";BYDAY=MO,TH", ";BYDAY=SU;INTERVAL=2", BY_MONTH])
    )
    lines.append(f"RRULE:FREQ={frequency}{end}{rest}")
    second = start + timedelta(days=days)
    changed: list[Event] = []
    if draw(st.booleans()):
        lines.append(f"EXDATE:{written(second)}")
    elif draw(st.booleans()):
        moved = draw(hours)
        times = (f"DTSTART:{written(moved)}", f"DTEND:{written(moved + length)}")
        changed = [event(f"RECURRENCE-ID:{written(second)}", *times, uid=uid)]
    if draw(st.booleans()):
        lines.append(f"RDATE:{written(draw(hours))}")
    return [event(*lines, uid=uid), *changed]


@given(st.lists(series(), min_size=1, max_size=4, unique_by=lambda each: each[0][1]), hours, st.integers(1, 60))
def test_nothing_that_matters_is_left_out(found: list[list[Event]], begin: datetime, days: int) -> None:
    text = calendar(*(each for group in found for each in group))
    end = begin + timedelta(days=days)
    spans = Calendar(text, "label", "name", None, (begin, end)).spans(begin, end)
    found_by_library = of(Component.from_ical(text)).between(begin - DAY, end + DAY)
    expected = {(each.start.astimezone(UTC), each.end.astimezone(UTC)) for each in found_by_library}
    # Of two occurrences at the same time one is enough.
    assert {(span.start, span.end) for span in spans} == {
        (first, last) for first, last in expected if first < end and begin < last
    }


@pytest.mark.parametrize(
    ("lines", "matters"),
    [
        (["DTSTART:20260601T220000Z", "DTEND:20260602T060000Z"], False),
        (["DTSTART:20260601T220000Z", "DTEND:20261202T060000Z"], True),
        (["DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261203"], True),
        (["DTSTART:20270601T220000Z", "DTEND:20270602T060000Z"], False),
        (["DTSTART:20270601T220000Z", "RRULE:FREQ=DAILY"], False),
        (["DTSTART:20260601T220000Z", "RRULE:FREQ=DAILY"], True),
        (["DTSTART:20260601T220000Z", "RRULE:UNTIL=20260701;FREQ=DAILY"], False),
        # What is not certain counts.
        (["DTSTART:20260601T220000Z", "RRULE:FREQ=DAILY;COUNT=3"], True),
        (["DTSTART:20260601T220000Z", "DURATION:PT1H"], True),
        (["DTSTART:20270601T220000Z", "RDATE:20261202T220000Z"], True),
        (["DTSTART:20260601T22", "DTEND:20260602T060000Z"], True),
        (["DTSTART:20261301T220000Z", "DTEND:20260602T060000Z"], True),
        (["DTSTART:20270601T220000Z", "DTEND:20260602T060000Z"], True),
        (["DTEND:20260602T060000Z"], True),
        (["RECURRENCE-ID;RANGE=THISANDFUTURE:20260601T220000Z", "DTSTART:20260601T220000Z"], True),
        (
            ["DTSTART:20260601T220000Z", "RRULE:FREQ=DAILY;UNTIL=20260701", "RRULE:FREQ=DAILY;UNTIL=20260702"],
            True,
        ),
    ],
)
def test_what_can_matter_in_december(lines: list[str], matters: bool) -> None:
    (found,) = scan(calendar(event(*lines))).series
    assert found.can_matter(date(2026, 12, 1), date(2026, 12, 3)) == matters


def test_events_without_an_id_are_series_of_their_own() -> None:
    text = calendar(*(["BEGIN:VEVENT", f"DTSTART:2026120{day}T220000Z", "END:VEVENT"] for day in (1, 2)))
    assert [series.doubled for series in scan(text).series] == [False, False]

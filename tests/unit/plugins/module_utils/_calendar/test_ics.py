"""What events of a calendar cover, written in each of the ways that programs write them; and what is refused."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._ics import Calendar
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._intervals import Span
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure

from fakes.ics import calendar, event

UTC = timezone.utc
BEGIN = datetime(2026, 12, 1, tzinfo=UTC)
END = BEGIN + timedelta(days=31)
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")
BERLIN = "TZID=Europe/Berlin"

# As Outlook writes it into what it exports: named by itself, and with rules from the year 1601 on.
CUSTOM = """\
BEGIN:VTIMEZONE
TZID:Customized Time Zone
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE""".splitlines()


def opened(text: str, zone: tzinfo | None = None) -> Calendar:
    return Calendar(text, "freezes.ics", "freezes.ics", zone, (YEAR, END))


def covered(text: str, zone: tzinfo | None = None, begin: datetime = BEGIN, end: datetime = END) -> list[str]:
    return [shown(span) for span in sorted(opened(text, zone).spans(begin, end), key=lambda span: span.start)]


def shown(span: Span) -> str:
    return f"{span.start:%m-%d %H:%M}/{span.end:%m-%d %H:%M}"


SERIES = (f"DTSTART;{BERLIN}:20260103T220000", f"DTEND;{BERLIN}:20260104T060000", "RRULE:FREQ=WEEKLY")

CASES = {
    "in UTC": ([event("DTSTART:20261203T210000Z", "DTEND:20261204T050000Z")], ["12-03 21:00/12-04 05:00"]),
    "in a zone": (
        [event(f"DTSTART;{BERLIN}:20261203T220000", f"DTEND;{BERLIN}:20261204T060000")],
        ["12-03 21:00/12-04 05:00"],
    ),
    "in a zone by its name in Windows": (
        [
            event(
                *(
                    f"{name};TZID=W. Europe Standard Time:20261203T{time}"
                    for name, time in (("DTSTART", "220000"), ("DTEND", "230000"))
                )
            )
        ],
        ["12-03 21:00/12-03 22:00"],
    ),
    "in a zone that the calendar defines": (
        [
            CUSTOM,
            event(
                *(
                    f"{name};TZID=Customized Time Zone:20261203T{time}"
                    for name, time in (("DTSTART", "220000"), ("DTEND", "230000"))
                )
            ),
        ],
        ["12-03 21:00/12-03 22:00"],
    ),
    "in a zone whose name is quoted": (
        [
            [line.replace("Customized Time Zone", "(UTC+01:00) Berlin, Rome") for line in CUSTOM],
            event('DTSTART;TZID="(UTC+01:00) Berlin, Rome":20261203T220000', "DURATION:PT1H"),
        ],
        ["12-03 21:00/12-03 22:00"],
    ),
    "to the end of time": ([event("DTSTART:20200101T000000Z", "DTEND:99991231T235959Z")], ["01-01 00:00/12-31 23:59"]),
    "with a duration": ([event("DTSTART:20261203T210000Z", "DURATION:P1DT2H")], ["12-03 21:00/12-04 23:00"]),
    "a series": (
        [event(*SERIES)],
        ["12-05 21:00/12-06 05:00", "12-12 21:00/12-13 05:00", "12-19 21:00/12-20 05:00", "12-26 21:00/12-27 05:00"],
    ),
    "a series with exceptions": (
        [event(*SERIES, f"EXDATE;{BERLIN}:20261205T220000,20261212T220000", "EXDATE:20261219T210000Z")],
        ["12-26 21:00/12-27 05:00"],
    ),
    "exceptions by the day": (
        [event(*SERIES, "EXDATE;VALUE=DATE:20261205,20261212,20261219")],
        ["12-26 21:00/12-27 05:00"],
    ),
    "more dates": (
        [
            event(
                "DTSTART:20261203T210000Z",
                "DTEND:20261203T220000Z",
                "RDATE:20261208T210000Z",
                "RDATE;VALUE=PERIOD:20261210T210000Z/PT5H",
            )
        ],
        ["12-03 21:00/12-03 22:00", "12-08 21:00/12-08 22:00", "12-10 21:00/12-11 02:00"],
    ),
    "one of the series was moved, one cancelled, one moved in from a month before": (
        [
            event(*SERIES, uid="a"),
            event(
                f"RECURRENCE-ID;{BERLIN}:20261205T220000", "DTSTART:20261207T200000Z", "DTEND:20261207T210000Z", uid="a"
            ),
            event(
                f"RECURRENCE-ID;{BERLIN}:20261212T220000",
                f"DTSTART;{BERLIN}:20261212T220000",
                "DURATION:PT8H",
                "STATUS:CANCELLED",
                uid="a",
            ),
            event(
                f"RECURRENCE-ID;{BERLIN}:20261031T220000", "DTSTART:20261209T200000Z", "DTEND:20261209T210000Z", uid="a"
            ),
        ],
        ["12-07 20:00/12-07 21:00", "12-09 20:00/12-09 21:00", "12-19 21:00/12-20 05:00", "12-26 21:00/12-27 05:00"],
    ),
    "from one on, all are later": (
        [
            event(*SERIES, uid="a"),
            event(
                f"RECURRENCE-ID;RANGE=THISANDFUTURE;{BERLIN}:20261219T220000",
                f"DTSTART;{BERLIN}:20261219T230000",
                f"DTEND;{BERLIN}:20261220T010000",
                uid="a",
            ),
        ],
        ["12-05 21:00/12-06 05:00", "12-12 21:00/12-13 05:00", "12-19 22:00/12-20 00:00", "12-26 22:00/12-27 00:00"],
    ),
    "cancelled": (
        [event("DTSTART:20261203T210000Z", "DURATION:PT1H", "STATUS:CANCELLED"), event(*SERIES, "STATUS:CANCELLED")],
        [],
    ),
    "shown as free": (
        [event("DTSTART:20261203T210000Z", "DURATION:PT1H", "TRANSP:TRANSPARENT")],
        ["12-03 21:00/12-03 22:00"],
    ),
    "a series until a day": (
        [event(f"DTSTART;{BERLIN}:20261203T220000", "DURATION:PT1H", "RRULE:FREQ=DAILY;UNTIL=20261204")],
        ["12-03 21:00/12-03 22:00", "12-04 21:00/12-04 22:00"],
    ),
    "a series until a local time": (
        [
            event(
                "DTSTART;TZID=America/New_York:20261203T220000",
                "DURATION:PT1H",
                "RRULE:FREQ=DAILY;UNTIL=20261204T220000",
            )
        ],
        ["12-04 03:00/12-04 04:00", "12-05 03:00/12-05 04:00"],
    ),
    "a series that is over": (
        [event("DTSTART:20250103T210000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;UNTIL=20260101T000000Z")],
        [],
    ),
    "a series that is centuries old, in a rhythm of three days": (
        [event("DTSTART:17000101T210000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;INTERVAL=3;BYMONTHDAY=1,2,3,4,5,6,7")],
        [f"12-0{day} 21:00/12-0{day} 22:00" for day in (1, 4, 7)],
    ),
    "a count": (
        [event("DTSTART:20261129T210000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=4")],
        ["12-01 21:00/12-01 22:00", "12-02 21:00/12-02 22:00"],
    ),
    "two rules": (
        [event("DTSTART:20261203T210000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=2", "RRULE:FREQ=WEEKLY;COUNT=2")],
        ["12-03 21:00/12-03 22:00", "12-04 21:00/12-04 22:00", "12-10 21:00/12-10 22:00"],
    ),
    "an alarm has a duration of its own": (
        [
            event(
                "DTSTART:20261203T210000Z",
                "DTEND:20261203T220000Z",
                "BEGIN:VALARM",
                "TRIGGER:-PT15M",
                "DURATION:P99D",
                "DTSTART:20300101T000000Z",
                "END:VALARM",
            )
        ],
        ["12-03 21:00/12-03 22:00"],
    ),
    "in lower case, folded": (
        [["begin:vevent", "uid:1", "dtst", " art:2026", "\t1203T210000Z", "duration:PT1H", "end:vevent"]],
        ["12-03 21:00/12-03 22:00"],
    ),
    "other components": (
        [
            ["BEGIN:VTODO", "UID:2", "DTSTART:20261203T210000Z", "DUE:20261204T210000Z", "END:VTODO"],
            event("DTSTART:20261203T210000Z", "DURATION:PT1H"),
        ],
        ["12-03 21:00/12-03 22:00"],
    ),
}


@pytest.mark.parametrize(("parts", "expected"), CASES.values(), ids=CASES)
def test_what_events_cover(parts: list[list[str]], expected: list[str]) -> None:
    assert covered(calendar(*parts)) == expected


ALL_DAY = event("DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261227")
LOCAL = event("DTSTART:20261203T220000", "DTEND:20261203T230000")


@pytest.mark.parametrize(
    ("parts", "zone", "head", "expected"),
    [
        ([ALL_DAY], NEW_YORK, [], ["12-24 05:00/12-27 05:00"]),
        ([ALL_DAY], None, ["X-WR-TIMEZONE:Europe/Berlin"], ["12-23 23:00/12-26 23:00"]),
        ([ALL_DAY], None, ["X-WR-TIMEZONE:W. Europe Standard Time"], ["12-23 23:00/12-26 23:00"]),
        ([ALL_DAY], NEW_YORK, ["X-WR-TIMEZONE:Europe/Berlin"], ["12-24 05:00/12-27 05:00"]),
        ([LOCAL], NEW_YORK, [], ["12-04 03:00/12-04 04:00"]),
        ([event("DTSTART;VALUE=DATE:20261224")], UTC, [], ["12-24 00:00/12-25 00:00"]),
        (
            [event("DTSTART;VALUE=DATE:20261224", "DURATION:PT36H", "RRULE:FREQ=YEARLY")],
            NEW_YORK,
            [],
            ["12-24 05:00/12-25 17:00"],
        ),
        (
            [event("DTSTART;VALUE=DATE:20261224", "RRULE:FREQ=DAILY;UNTIL=20261225T000000Z")],
            NEW_YORK,
            [],
            ["12-24 05:00/12-25 05:00", "12-25 05:00/12-26 05:00"],
        ),
    ],
)
def test_times_without_a_zone(
    parts: list[list[str]], zone: tzinfo | None, head: list[str], expected: list[str]
) -> None:
    assert covered(calendar(*parts, head=head), zone) == expected


@pytest.mark.parametrize("local", [ALL_DAY, LOCAL], ids=["all day", "local"])
@pytest.mark.parametrize("head", [[], ["X-WR-TIMEZONE:Mars/Olympus"]], ids=["no zone", "unknown zone"])
def test_a_time_without_a_zone_is_refused_if_nobody_says_which(local: list[str], head: list[str]) -> None:
    with pytest.raises(Failure, match=r"its time is a local one.*O\(timezone=Europe/Berlin\)"):
        covered(calendar(local, head=head))


def test_an_event_keeps_its_local_times_when_the_clocks_change() -> None:
    night = calendar(event(f"DTSTART;{BERLIN}:20260103T220000", f"DTEND;{BERLIN}:20260104T060000", "RRULE:FREQ=WEEKLY"))
    begin = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert covered(night, begin=begin, end=begin + timedelta(days=1)) == ["10-24 20:00/10-25 05:00"]


def test_a_duration_in_hours_is_that_long_when_the_clocks_change() -> None:
    lines = (f"DTSTART;{BERLIN}:20260103T220000", "DURATION:PT8H", "RRULE:FREQ=WEEKLY")
    begin = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert covered(calendar(event(*lines)), begin=begin, end=begin + timedelta(days=1)) == ["10-24 20:00/10-25 04:00"]


def test_an_event_of_times_that_the_clocks_leave_out_does_not_count() -> None:
    text = calendar(event(f"DTSTART;{BERLIN}:20260329T023000", f"DTEND;{BERLIN}:20260329T030000"))
    found = opened(text)
    assert found.spans(datetime(2026, 3, 1, tzinfo=UTC), END) == []
    assert found.notes == ['freezes.ics: the event "Night" of 2026-03-29 has no length and does not count']


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Customized Time Zone"])
def test_a_time_that_the_clocks_leave_out_is_later_and_of_two_the_first_counts(zone: str) -> None:
    """For the zones of a calendar, too, which the libraries read in another way."""
    left_out = event(f"DTSTART;TZID={zone}:20260329T023000", "DURATION:PT1H")
    twice = event(f"DTSTART;TZID={zone}:20261025T023000", "DURATION:PT1H")
    text = calendar(CUSTOM, left_out, twice)
    assert covered(text, begin=YEAR, end=END) == ["03-29 01:30/03-29 02:30", "10-25 00:30/10-25 01:30"]


def test_two_calendars_may_mean_different_zones_by_one_name() -> None:
    lines = [
        f"{name};TZID=Customized Time Zone:20261203T{time}00" for name, time in (("DTSTART", "2200"), ("DTEND", "2300"))
    ]
    other = [line.replace("+0200", "-0400").replace("+0100", "-0500") for line in CUSTOM]
    here, there = opened(calendar(CUSTOM, event(*lines))), opened(calendar(other, event(*lines)))
    assert [[shown(span) for span in each.spans(BEGIN, END)] for each in (here, there)] == [
        ["12-03 21:00/12-03 22:00"],
        ["12-04 03:00/12-04 04:00"],
    ]


def test_names() -> None:
    text = calendar(
        event("DTSTART:20261203T210000Z", "DURATION:PT1H", title="Year-end\\, all"),
        event(f"DTSTART;{BERLIN}:20261204T220000", "DURATION:PT1H", title="Berlin"),
        head=["X-WR-CALNAME:Freezes\\, 2026"],
    )
    first, second = sorted(opened(text).spans(BEGIN, END), key=lambda span: span.start)
    assert (first.event, first.calendar, second.event) == ("Year-end, all", "Freezes, 2026", "Berlin")
    assert second.start.astimezone(second.zone).tzname() == "CET"
    assert opened(calendar(ALL_DAY)).name == "freezes.ics"


def test_an_event_without_length_does_not_count_and_is_named() -> None:
    found = opened(calendar(event("DTSTART:20261203T210000Z", title="Freeze")))
    assert found.spans(BEGIN, END) == []
    assert found.notes == ['freezes.ics: the event "Freeze" of 2026-12-03 has no length and does not count']


def numbers(count: int) -> str:
    return ",".join(map(str, range(count)))


BAD_EVENTS = {
    "ends before it begins": ["DTSTART:20261203T210000Z", "DTEND:20261203T200000Z"],
    "it ends before it begins": ["DTSTART:20351203T210000Z", "DTEND:20251203T200000Z"],
    'its time zone "Mars" is unknown': ["DTSTART;TZID=Mars:20261203T210000", "DURATION:PT1H"],
    "Wrong datetime format": ["DTSTART:2026120XT210000Z", "DURATION:PT1H"],
    "it has no start": ["DURATION:PT1H"],
    "it has DTSTART twice": ["DTSTART:20261203T210000Z", "DTSTART:20261204T210000Z"],
    'time zone "Mars" is unknown, and': [*SERIES, "EXDATE;TZID=Mars:20261212T220000"],
    'time zone "Moon" is unknown': [*SERIES, "RDATE;TZID=Moon:20261212T220000"],
    "its DTSTART is not a date or time": ["DTSTART:20261203T210000Z/PT1H"],
    "its RRULE has no FREQ": ["DTSTART:20261203T210000Z", "RRULE:COUNT=3"],
    "Expected frequency": ["DTSTART:20261203T210000Z", "RRULE:FREQ=OFTEN"],
    "its INTERVAL is not a positive number": ["DTSTART:20261203T210000Z", "RRULE:FREQ=DAILY;INTERVAL=0"],
    r"repeats too often \(FREQ=SECONDLY since 2026-12-03\)": ["DTSTART:20261203T210000Z", "RRULE:FREQ=SECONDLY"],
    r"repeats too often \(FREQ=MINUTELY": ["DTSTART:20200101T000000Z", "RRULE:FREQ=MINUTELY;COUNT=5"],
    r"repeats too often \(FREQ=DAILY": [
        "DTSTART:20261203T210000Z",
        f"RRULE:FREQ=DAILY;BYHOUR={numbers(24)};BYMINUTE={numbers(60)};BYSECOND=1,2,3",
    ],
    "it has an EXRULE": ["DTSTART:20261203T210000Z", "DURATION:PT1H", "EXRULE:FREQ=DAILY"],
}


@pytest.mark.parametrize(("reason", "lines"), BAD_EVENTS.items(), ids=BAD_EVENTS)
def test_an_event_that_cannot_be_read_is_a_failure(reason: str, lines: list[str]) -> None:
    with pytest.raises(Failure, match=f'Could not read the calendar freezes.ics: the event "Night".*{reason}'):
        covered(calendar(event(*lines)))


GOOD = calendar(event("DTSTART:20261203T210000Z", "DURATION:PT1H"))
BAD_TEXTS = {
    "it is empty": " \r\n",
    "it is an HTML page": "<!doctype html><HTML><title>Sign in</title></HTML>",
    "it is not in iCalendar format": '{"events": []}',
    "it is cut off or damaged": GOOD[: GOOD.index("END:VCALENDAR")],
    "cut off or damaged": GOOD.replace("END:VEVENT\r\n", ""),
    "it has no events": calendar(),
    'two of its events have the UID "a"': calendar(
        *(event(f"DTSTART:2026120{day}T210000Z", "DURATION:PT1H", uid="a") for day in (3, 4))
    ),
}


@pytest.mark.parametrize(("reason", "text"), BAD_TEXTS.items(), ids=BAD_TEXTS)
def test_a_text_that_is_no_calendar_is_a_failure(reason: str, text: str) -> None:
    with pytest.raises(Failure, match=f"Could not read the calendar freezes.ics: .*{reason}"):
        covered(text)


def test_only_what_can_matter_is_read() -> None:
    """One question costs what the events near it cost, not all of them."""
    days = [datetime(2024, 1, 1, 22, tzinfo=UTC) + timedelta(days=number) for number in range(1000)]
    events = [
        event(
            f"DTSTART;{BERLIN}:{day:%Y%m%dT%H%M%S}",
            f"DTEND;{BERLIN}:{day + timedelta(hours=8):%Y%m%dT%H%M%S}",
        )
        for day in days
    ]
    found = opened(calendar(*events))
    moment = datetime(2025, 6, 1, tzinfo=UTC)
    assert len(found.spans(moment, moment + timedelta(days=2))) == 3
    assert found.read <= 12
    assert len(found.spans(moment, moment + timedelta(days=2))) == 3
    assert found.read <= 12


def test_the_calendar_of_the_guide() -> None:
    page = (Path(__file__).parents[5] / "docs/change-calendar.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    assert covered(text) == ["12-05 21:00/12-06 05:00", "12-12 21:00/12-13 05:00", "12-19 21:00/12-20 05:00"]
    assert opened(text).name == "Allowed times"

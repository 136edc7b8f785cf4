"""Damaged calendars: each either still says when its events are, or is a failure; nothing else comes out."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._ics import Calendar
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.ics import calendar, event

BEGIN = datetime(2026, 12, 1, tzinfo=timezone.utc)
GOOD = calendar(
    event("DTSTART;TZID=Europe/Berlin:20261203T220000", "DTEND;TZID=Europe/Berlin:20261204T060000"),
    event(
        "DTSTART:20261203T220000Z",
        "DURATION:PT2H",
        "RRULE:FREQ=WEEKLY;BYDAY=TH,SA;UNTIL=20270101T000000Z",
        "EXDATE:20261210T220000Z",
        "RDATE;VALUE=PERIOD:20261208T220000Z/PT1H",
        uid="a",
    ),
    event("RECURRENCE-ID:20261205T220000Z", "DTSTART:20261206T220000Z", "DURATION:P1D", uid="a"),
    event("DTSTART;VALUE=DATE:20261224", "RRULE:FREQ=YEARLY;COUNT=3", "STATUS:CONFIRMED"),
    [
        "BEGIN:VTIMEZONE",
        "TZID:Own",
        "BEGIN:STANDARD",
        "DTSTART:16010101T000000",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0100",
        "END:STANDARD",
        "END:VTIMEZONE",
    ],
    event("DTSTART;TZID=Own:20261203T220000", "DURATION:PT2H"),
    head=["X-WR-TIMEZONE:Europe/Berlin"],
)
TOKENS = st.sampled_from(
    [
        *'0123456789:;=,/"\\-+TZPWDHMS \n\t\0\xe9',
        "\r\n",
        "\r\n ",
        "BEGIN:VEVENT\r\n",
        "END:VEVENT\r\n",
        "99",
        "FREQ=",
        "UNTIL=",
        "DTSTART",
        "DTEND:",
        "VALUE=DATE",
        "TZID=",
        "00000000",
        "99991231T235959Z",
        "-P1D",
        "RRULE:",
        "BYDAY=9XX",
    ]
)
CHANGE = st.tuples(st.integers(0, len(GOOD)), st.integers(0, 12), st.just("") | TOKENS)


@settings(max_examples=100, deadline=None)
@given(st.lists(CHANGE, min_size=1, max_size=3))
def test_damaged(changes: list[tuple[int, int, str]]) -> None:
    text = GOOD
    for place, length, put in changes:
        text = text[:place] + put + text[place + length :]
    end = BEGIN + timedelta(days=31)
    said, spans = "", []
    try:
        spans = Calendar(text, "freezes.ics", "freezes.ics", None, (BEGIN, end)).spans(BEGIN, end)
    except Failure as failure:
        said = str(failure)
    assert said == "" or said.startswith("Could not read the calendar freezes.ics: ")
    assert all(span.start < span.end and span.start < end and span.end > BEGIN for span in spans)

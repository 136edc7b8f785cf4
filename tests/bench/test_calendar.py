"""One question to a calendar of a thousand events, beside the libraries that read all of it. Run by ``make bench``."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._ask import ask
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._options import OPTIONS
from icalendar import Calendar
from recurring_ical_events import of

from fakes.ics import calendar, event

EVENTS = 1000
NOW = datetime(2026, 9, 1, 21, 30, tzinfo=timezone.utc)
FIRST = NOW - timedelta(days=900)
ZONE = "TZID=Europe/Berlin"
# What else stands in an event of a real calendar.
REST = (
    "DTSTAMP:20260101T000000Z",
    "DESCRIPTION:Implementation plan\\, tested on the reference system\\nBack-out plan: see the ticket",
    "LOCATION:Data centre 1",
    "CLASS:PUBLIC",
    "PRIORITY:5",
    "TRANSP:OPAQUE",
    "STATUS:CONFIRMED",
    "SEQUENCE:0",
    "X-MICROSOFT-CDO-BUSYSTATUS:BUSY",
)


def of_events(endless: int) -> str:
    """A calendar of a night's change each day, ``endless`` of which repeat every week."""
    events = []
    for number in range(EVENTS):
        start = FIRST + timedelta(days=number)
        times = [f"DTSTART;{ZONE}:{start:%Y%m%dT220000}", f"DTEND;{ZONE}:{start + timedelta(days=1):%Y%m%dT060000}"]
        rule = ["RRULE:FREQ=WEEKLY"] if number < endless else []
        events.append(event(*times, *rule, *REST, title=f"Change {number}"))
    return calendar(*events)


def cpu(work: Callable[[], object]) -> float:
    """Milliseconds of CPU, the best of five: what is longer is the machine's other work."""
    best = float("inf")
    for _unused in range(5):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best * 1000


def test_one_question(tmp_path: Path) -> None:
    costs = {}
    for endless in (0, 10, 30, 100, EVENTS):
        file = tmp_path / f"{endless}.ics"
        text = of_events(endless)
        file.write_text(text)
        options = {name: option.get("default") for name, option in OPTIONS.items()}
        given = {**options, "window_calendars": [str(file)], "duration": "2h"}

        def product(given: dict[str, object] = given) -> object:
            return ask(given, (tmp_path,), NOW, lambda line: None)

        def library(text: str = text) -> object:
            return of(Calendar.from_ical(text)).between(NOW, NOW + timedelta(days=2))

        costs[endless] = cpu(product)
        print(
            f"\n{EVENTS} events, {endless:4} of them endless series: {costs[endless]:6.1f} ms of CPU; "
            f"the libraries alone {cpu(library):6.1f} ms",
            end="",
        )
    print()
    assert max(costs[0], costs[10], costs[30]) <= 50

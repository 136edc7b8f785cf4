"""The result of a task: verdicts over files, an override, and calendars that cannot be read."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar import _ask
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._ics import Calendar
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._verdict import Question
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid

from fakes.ics import calendar, event

Params = Callable[..., dict[str, Any]]
Ask = Callable[..., dict[str, Any]]

NOW = datetime(2026, 12, 5, 22, 30, tzinfo=timezone.utc)
NIGHTS = calendar(
    event(
        "DTSTART;TZID=Europe/Berlin:20260103T220000",
        "DTEND;TZID=Europe/Berlin:20260104T060000",
        "RRULE:FREQ=WEEKLY",
        title="Saturday night",
    ),
    head=["X-WR-CALNAME:Allowed"],
)
FREEZES = calendar(
    event("DTSTART;VALUE=DATE:20261212", "DTEND;VALUE=DATE:20270105", title="Year-end"), head=["X-WR-CALNAME:Freezes"]
)


@pytest.fixture
def ask(params: Params, tmp_path: Path) -> Ask:
    """Asks about calendars in files, Saturday nights and the freeze at the end of the year."""
    (tmp_path / "nights.ics").write_text(NIGHTS)
    (tmp_path / "freezes.ics").write_text(FREEZES)
    standard = {
        "window_calendars": ["nights.ics"],
        "freeze_calendars": ["freezes.ics"],
        "timezone": "Europe/Berlin",
    }

    def ask(*, limit: float = 30.0, **given: Any) -> dict[str, Any]:
        return _ask.ask(params(**{**standard, **given}), (tmp_path,), NOW, lambda line: None, limit=limit)

    return ask


def test_open(ask: Ask) -> None:
    assert ask(duration="2h") == {
        "changed": False,
        "allowed": True,
        "verdict": "open",
        "why": 'Open in the allowed time "Saturday night" until 2026-12-06 06:00 CET.',
        "at": "2026-12-05T22:30:00Z",
        "until": "2026-12-06T05:00:00Z",
        "next_opening": "2026-12-05T22:30:00Z",
        "calendar": "Allowed",
        "event": "Saturday night",
        "override": "",
        "notes": [],
    }


def test_frozen_with_the_next_opening_behind_the_freeze(ask: Ask) -> None:
    assert ask(at="2026-12-24T12:00Z") == {
        "changed": False,
        "allowed": False,
        "verdict": "freeze",
        "why": 'Closed by the freeze "Year-end" until 2027-01-05 00:00 CET.',
        "at": "2026-12-24T12:00:00Z",
        "until": "2027-01-04T23:00:00Z",
        "next_opening": "2027-01-09T21:00:00Z",
        "calendar": "Freezes",
        "event": "Year-end",
        "override": "",
        "notes": [],
    }


@pytest.mark.parametrize(
    ("given", "verdict", "event"),
    [
        ({"duration": "7h"}, "cutoff", "Saturday night"),
        ({"at": "2026-12-12T10:00Z", "freeze_calendars": []}, "closed", "Saturday night"),
        ({"at": "2026-12-11T10:00Z", "duration": "2d", "window_calendars": None}, "cutoff", "Year-end"),
        ({"at": "2026-12-24T12:00Z", "window_calendars": []}, "freeze", "Year-end"),
    ],
)
def test_an_override_breaks_every_glass_and_is_recorded(
    given: dict[str, Any], verdict: str, event: str, ask: Ask
) -> None:
    refused = ask(**given)
    assert (refused["allowed"], refused["override"]) == (False, "")
    allowed = ask(**given, override="INC0042\nsecurity fix")
    assert allowed == {
        **refused,
        "allowed": True,
        "override": "INC0042 security fix",
        "why": f"Allowed by override: INC0042 security fix. Without it: {refused['why']}",
    }
    assert (refused["verdict"], refused["event"]) == (verdict, event)


def test_an_override_that_is_not_needed_is_not_recorded(ask: Ask) -> None:
    assert ask(override="INC0042") == ask()


def test_no_calendars_allow_everything(ask: Ask) -> None:
    result = ask(window_calendars=None, freeze_calendars=[" "])
    assert (result["allowed"], result["until"]) == (True, "")
    assert result["why"] == "Open: no freeze is in effect, and none begins within 400 days."


@pytest.mark.parametrize("option", ["window_calendars", "freeze_calendars"])
def test_a_calendar_that_cannot_be_read_never_allows(option: str, ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "page.ics").write_text("<html>")
    with pytest.raises(Failure, match=r"page\.ics: it is an HTML page") as failure:
        ask(**{option: ["nights.ics", "page.ics"]})
    assert failure.value.details == {"allowed": False, "verdict": "unknown"}


def test_an_override_breaks_the_glass_if_a_calendar_cannot_be_read(ask: Ask) -> None:
    result = ask(freeze_calendars=["nowhere.ics"], override="INC0042")
    assert (result["allowed"], result["verdict"], result["override"]) == (True, "unknown", "INC0042")
    assert result["why"].startswith("Allowed by override: INC0042. Without it: Could not read the calendar")
    assert "nowhere.ics: No such file or directory" in result["why"]


def test_an_override_does_not_excuse_an_invalid_option(ask: Ask) -> None:
    with pytest.raises(Invalid, match=r"Invalid O\(freeze_calendars\)"):
        ask(freeze_calendars=["http://calendar.example.com/a.ics"], override="INC0042")
    with pytest.raises(Invalid, match=r"Invalid O\(timezone\)"):
        ask(timezone="Mars", override="INC0042")


def test_what_takes_too_long_is_a_failure(ask: Ask, tmp_path: Path) -> None:
    """A rule that never comes true is tried to the year 9999."""
    never = event("DTSTART:20260101T000000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=30")
    (tmp_path / "never.ics").write_text(calendar(never))
    began = time.monotonic()
    with pytest.raises(Failure, match=r"Could not read the calendars: no end after 0 s\. Look for rules"):
        ask(freeze_calendars=["never.ics"], limit=0.05)
    assert time.monotonic() - began < 30


def test_notes_name_events_that_do_not_count(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "zero.ics").write_text(calendar(event("DTSTART:20261206T000000Z", title="Freeze")))
    result = ask(freeze_calendars=["zero.ics"])
    assert result["notes"] == [
        f'{tmp_path}/zero.ics: the event "Freeze" of 2026-12-06 has no length and does not count'
    ]


def test_missing_libraries_are_named_with_the_command_that_installs_them(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "meta_path", [])
    for name in ("icalendar", "recurring_ical_events"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(Failure, match="pip install icalendar recurring-ical-events") as failure:
        ask()
    monkeypatch.undo()
    assert "icalendar, recurring-ical-events" in str(failure.value)
    assert "requirements.txt of this collection" in str(failure.value)


def test_it_looks_no_further_than_it_has_to() -> None:
    """Of a thousand events over three years, a question about tonight reads those of tonight."""
    nights = [
        event(f"DTSTART:{day:%Y%m%d}T220000Z", f"DTEND:{day:%Y%m%d}T230000Z")
        for number in range(1000)
        for day in [datetime(2025, 6, 1, tzinfo=timezone.utc) + timedelta(days=number)]
    ]
    found = Calendar(calendar(*nights), "label", "name", None, (NOW, NOW + timedelta(days=400)))
    verdict = _ask.look(Question(NOW), [found], [])
    assert (verdict.kind, verdict.until) == ("open", NOW + timedelta(minutes=30))
    assert found.read <= 12

"""What a task asks for, as people write it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._options import calendars, question, zone
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid

Params = Callable[..., dict[str, Any]]

NOW = datetime(2026, 12, 5, 21, 0, 0, 123456, tzinfo=timezone.utc)
AT = NOW.replace(microsecond=0)


@pytest.mark.parametrize(
    ("given", "at", "needs"),
    [
        ({}, AT, timedelta(0)),
        ({"at": "3d"}, AT + timedelta(days=3), timedelta(0)),
        ({"at": "2026-12-24T22:00 Europe/Berlin"}, datetime(2026, 12, 24, 21, tzinfo=timezone.utc), timedelta(0)),
        ({"duration": "90m"}, AT, timedelta(minutes=90)),
        ({"duration": "3600"}, AT, timedelta(hours=1)),
        ({"duration": "0"}, AT, timedelta(0)),
        ({"until": "2026-12-06T00:30:00+01:00"}, AT, timedelta(hours=2, minutes=30)),
        ({"at": "1d", "until": "2h"}, AT + timedelta(days=1), timedelta(hours=2)),
    ],
)
def test_question(given: dict[str, str], at: datetime, needs: timedelta, params: Params) -> None:
    asked = question(params(**given), NOW)
    assert (asked.at, asked.needs, asked.end) == (at, needs, at + needs)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"at": "2026-12-24T22:00"}, r"Invalid O\(at\): .* has no time zone"),
        ({"at": "9998-12-24T22:00Z"}, r"Invalid O\(at\): .* is not between the years 1970 and 9000"),
        ({"duration": "ten"}, r"Invalid O\(duration\): .* is not a duration"),
        ({"duration": "401d"}, r"Invalid O\(duration\): the change would take longer than 400 days"),
        ({"until": "2028-12-24T22:00Z"}, r"Invalid O\(until\): the change would take longer than 400 days"),
        ({"until": "2026-12-05T22:00:00+01:00"}, r"Invalid O\(until\): .* is not after 2026-12-05T21:00:00Z"),
    ],
)
def test_a_question_that_cannot_be(given: dict[str, str], message: str, params: Params) -> None:
    with pytest.raises(Invalid, match=message):
        question(params(**given), NOW)


def test_zone(params: Params) -> None:
    assert zone(params()) is None
    assert zone(params(timezone="Europe/Berlin")) == ZoneInfo("Europe/Berlin")
    with pytest.raises(Invalid, match=r"Invalid O\(timezone\): Berlin is no time zone"):
        zone(params(timezone="Berlin"))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, []),
        ([], []),
        ([" "], []),
        (["a.ics", " b.ics "], ["a.ics", "b.ics"]),
        (["a.ics\n\nhttps://x.example.com/b.ics\n"], ["a.ics", "https://x.example.com/b.ics"]),
    ],
)
def test_calendars(given: list[str] | None, expected: list[str], params: Params) -> None:
    assert calendars(params(freeze_calendars=given), "freeze_calendars") == expected

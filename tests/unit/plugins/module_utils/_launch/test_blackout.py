"""Reading a blackout from the server's list, and what belongs to one series."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._blackout import (
    Blackout,
    Keys,
    in_effect_now,
    parse_blackout,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._recurrence import RECURRENCES

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
TARGET = "the Launch server https://launch"


@pytest.mark.parametrize(
    ("entry", "keys", "start"),
    [
        ({"id": 7, "startDate": 1795521600000, "endDate": 1795528800000}, (None, None), NOW),
        ({"id": "7", "start": "1795521600000", "end": "1795528800000", "synthetic": "true"}, (None, None), NOW),
        ({"id": "7", "from": 1795521600000, "to": 1795528800000}, ("from", "to"), NOW),
    ],
)
def test_entry_is_read(entry: dict[str, Any], keys: tuple[str | None, str | None], start: datetime) -> None:
    found = parse_blackout(entry, TARGET, Keys(*keys))
    assert (found.id, found.start, found.end) == ("7", start, start + 2 * HOUR)
    assert found.synthetic == ("synthetic" in entry)


@pytest.mark.parametrize(
    ("entry", "key", "series"),
    [
        ({"series": "S"}, None, "S"),
        ({"seriesId": 7}, None, "7"),
        ({"series": {"id": "S", "name": "x"}}, None, "S"),
        ({"series": None, "seriesId": "S"}, None, "S"),
        ({"series": ["S"]}, None, None),
        ({"series": True}, None, None),
        ({"group": "S"}, "group", "S"),
        ({"series": "S"}, "group", None),
        ({}, None, None),
    ],
)
def test_series_is_read_defensively(entry: dict[str, Any], key: str | None, series: str | None) -> None:
    found = parse_blackout({"id": 1, "startDate": 1, "endDate": 2, **entry}, TARGET, Keys(series=key))
    assert (found.series, found.recurring) == (series, series is not None)


FIRST = Blackout("1", NOW, NOW + HOUR, "Backup", "daily", False, "S")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (replace(FIRST, id="2", start=NOW + 24 * HOUR, end=NOW + 25 * HOUR, synthetic=True), True),
        (replace(FIRST, id="2", series="T"), False),
        (replace(FIRST, id="2", series=None), False),
        (Blackout("2", NOW, NOW + HOUR), False),
    ],
)
def test_same_series(other: Blackout, same: bool) -> None:
    assert FIRST.same_series(other) is same
    assert other.same_series(FIRST) is same


def test_same_series_without_its_id() -> None:
    first, later = replace(FIRST, series=None), replace(FIRST, series=None, id="2", synthetic=True)
    assert first.same_series(later)
    assert not first.same_series(replace(later, name="Upgrade"))


def test_series_is_in_effect_during_any_of_its_events() -> None:
    """Its real event is over, or still to come, while a synthetic one is in effect."""
    over = replace(FIRST, start=NOW - 24 * HOUR, end=NOW - 23 * HOUR)
    later = replace(FIRST, id="2", start=NOW - HOUR, end=NOW + HOUR, synthetic=True)
    assert not in_effect_now(over, (over,), NOW)
    assert in_effect_now(over, (over, later), NOW)
    assert not in_effect_now(replace(over, series="T"), (over, later), NOW)


@pytest.mark.parametrize("code", [*RECURRENCES, *RECURRENCES.values(), "DAILY"])
def test_recurrence_is_read(code: str) -> None:
    entry = {"id": 1, "startDate": 1, "endDate": 2, "name": "", "recurrence": code}
    found = parse_blackout(entry, TARGET)
    assert found.recurrence in RECURRENCES
    assert found.name is None


def test_entry_that_is_not_understood_says_what_it_holds() -> None:
    with pytest.raises(Failure, match=r"among its fields from, id, to\. Name the fields .* with start_key and end_key"):
        parse_blackout({"id": 1, "from": 1, "to": 2}, TARGET)

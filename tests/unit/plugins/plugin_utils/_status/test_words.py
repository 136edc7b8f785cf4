"""Lengths of time and moments, as people read them."""

from __future__ import annotations

import locale
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._words import (
    clock,
    counted,
    day,
    length,
    listing,
)

NOW = datetime(2026, 11, 30, 21, 45, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (89, "1 min"),
        (90, "2 min"),
        (3569, "59 min"),
        (3599, "1 h"),
        (3600, "1 h"),
        (4800, "1 h 20 min"),
        (47.9 * 3600, "47 h 54 min"),
        (48 * 3600, "2 days"),
        (61 * 3600, "3 days"),
        (400 * 86400, "400 days"),
    ],
)
def test_length(seconds: float, expected: str) -> None:
    assert length(timedelta(seconds=seconds)) == expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (NOW, "21:45"),
        (NOW + timedelta(hours=2), "23:45"),
        (NOW + timedelta(hours=3), "1 Dec, 00:45"),
        (NOW + timedelta(days=40), "9 Jan 2027, 21:45"),
        (datetime(2026, 11, 30, 23, 30, tzinfo=timezone(timedelta(hours=5))), "18:30"),
        (datetime(2026, 12, 1, 0, 30, tzinfo=timezone(timedelta(hours=5))), "19:30"),
    ],
)
def test_clock(moment: datetime, expected: str) -> None:
    assert clock(moment, NOW) == expected


def test_a_day_is_in_english_whatever_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ansible sets that of its user."""
    before = locale.setlocale(locale.LC_TIME)
    try:
        locale.setlocale(locale.LC_TIME, "C.UTF-8")
        assert day(NOW) == "Monday 30 November 2026, 21:45 UTC"
    finally:
        locale.setlocale(locale.LC_TIME, before)


def test_numbers_and_lists() -> None:
    assert [counted(number, "system") for number in (0, 1, 2, 1000)] == [
        "0 systems",
        "1 system",
        "2 systems",
        "1,000 systems",
    ]
    assert listing(["a", "b"], 2) == "a, b"
    assert listing(["a", "b", "c", "d"], 2) == "a, b and 2 more"
    assert listing([], 2) == ""

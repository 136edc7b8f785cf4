"""When the events of a series begin."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._recurrence import (
    RECURRENCES,
    nearest,
    next_from,
    nth,
)
from hypothesis import given
from hypothesis import strategies as st


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("recurrence", "number", "moment"),
    [
        ("daily", 2, "2026-02-02T22:00"),
        ("weekly", 1, "2026-02-07T22:00"),
        ("monthly", 1, "2026-02-28T22:00"),
        ("monthly", 2, "2026-03-31T22:00"),
        ("monthly", 12, "2027-01-31T22:00"),
        (None, 3, "2026-01-31T22:00"),
    ],
)
def test_nth(recurrence: str | None, number: int, moment: str) -> None:
    assert nth(at("2026-01-31T22:00"), recurrence, number) == at(moment)


@pytest.mark.parametrize(
    ("recurrence", "moment", "near", "following"),
    [
        ("daily", "2026-03-10T21:00", "2026-03-10T22:00", "2026-03-10T22:00"),
        ("daily", "2026-03-10T23:00", "2026-03-10T22:00", "2026-03-11T22:00"),
        ("daily", "2026-03-10T22:00", "2026-03-10T22:00", "2026-03-10T22:00"),
        ("weekly", "2026-02-12T00:00", "2026-02-14T22:00", "2026-02-14T22:00"),
        ("monthly", "2026-03-01T00:00", "2026-02-28T22:00", "2026-03-31T22:00"),
        ("monthly", "2025-03-01T00:00", "2026-01-31T22:00", "2026-01-31T22:00"),
        (None, "2027-01-01T00:00", "2026-01-31T22:00", "2026-01-31T22:00"),
    ],
)
def test_near_and_next(recurrence: str | None, moment: str, near: str, following: str) -> None:
    start = at("2026-01-31T22:00")
    assert nearest(start, recurrence, at(moment)) == at(near)
    assert next_from(start, recurrence, at(moment)) == at(following)


@given(
    st.sampled_from(sorted(RECURRENCES)),
    st.integers(0, 10_000_000),
    st.integers(0, 500),
    st.timedeltas(timedelta(hours=-11), timedelta(hours=11)),
)
def test_every_event_is_found_from_near_it(recurrence: str, minutes: int, number: int, off: timedelta) -> None:
    start = at("2020-01-01T00:00") + timedelta(minutes=minutes)
    event = nth(start, recurrence, number)
    assert nearest(start, recurrence, event + off) == event
    assert next_from(start, recurrence, event) == event

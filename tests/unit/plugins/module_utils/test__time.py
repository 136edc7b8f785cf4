"""Durations and moments."""

from __future__ import annotations

import contextlib
import re
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import (
    iso,
    parse_duration,
    parse_moment,
    seconds,
)
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 24, 21, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("90s", None, 90),
        ("30m", None, 1800),
        ("2h", None, 7200),
        ("1d12h", None, 129600),
        ("1h 30m", None, 5400),
        ("2H", None, 7200),
        ("0s", None, 0),
        ("45", "m", 2700),
        ("45s", "m", 45),
    ],
)
def test_durations(text: str, unit: str | None, expected: int) -> None:
    assert parse_duration(text, bare_unit=unit) == timedelta(seconds=expected)


@pytest.mark.parametrize("text", ["", " ", "2", "h", "-2h", "2x", "1.5h", "30m2h", "2hh", "9" * 30 + "d", "٣h x", "½h"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|longer"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-24T22:00:00+01:00", "2026-11-24T21:00:00Z"),
        ("2026-11-24T22:00:00Z", "2026-11-24T22:00:00Z"),
        ("2026-11-24 22:00+00:00", "2026-11-24T22:00:00Z"),
        ("now", "2026-11-24T21:00:00Z"),
        (" 2h ", "2026-11-24T23:00:00Z"),
    ],
)
def test_moments(text: str, moment: str) -> None:
    assert iso(parse_moment(text, now=NOW)) == moment


def test_a_duration_counts_from_the_base() -> None:
    assert iso(parse_moment("2h", now=NOW, base=NOW - timedelta(hours=5))) == "2026-11-24T18:00:00Z"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-11-24T22:00:00", "has no time zone"),
        ("2026-11-24", "has no time of day"),
        ("2026-11-24Z", "no time of day|neither"),
        ("tomorrow", "neither a time"),
        ("", "neither a time"),
        ("9999999d", "neither a time"),
        # moments that are none in UTC
        ("0001-01-01T00:00:00+14:00", "0001"),
        ("9999-12-31T23:59:59-14:00", "9999"),
    ],
)
def test_no_moments(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_moment(text, now=NOW)


@given(
    st.integers(min_value=0, max_value=200_000_000_000),
    st.integers(min_value=-14 * 60, max_value=14 * 60),
)
def test_what_is_written_is_read_again(seconds: int, offset: int) -> None:
    moment = datetime.fromtimestamp(seconds, timezone(timedelta(minutes=offset)))
    assert parse_moment(moment.isoformat(), now=NOW) == moment
    assert parse_moment(iso(moment), now=NOW) == moment


@given(st.integers(0, 999), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_every_duration_is_understood(days: int, hours: int, minutes: int, seconds: int) -> None:
    expected = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    assert parse_duration(f"{days}d{hours}h{minutes}m{seconds}s") == expected


@given(st.text())
def test_rubbish_is_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_duration(text) >= timedelta(0)
    with contextlib.suppress(ValueError):
        assert parse_moment(text, now=NOW).tzinfo is timezone.utc


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24T22:00:00",
        "2026-11-24 22:00",
        "2026-11-24T22",
        "2026-11-24T22:00:00.5",
        "2026-11-24T22:00:00,25",
        "2026-11-24-01:00:00",
        "0001-01-01T00:00",
        "9999-12-31T23:59:59",
        " 2026-11-24T22:00 ",
    ],
)
def test_what_is_advised_is_accepted(text: str) -> None:
    with pytest.raises(ValueError, match="has no time zone") as caught:
        parse_moment(text, now=NOW)
    advised = re.findall(r"\b\d{4}-\S+?Z\b|\b\d{4}-\S+[+-]\d\d:\d\d(?![:\d])", str(caught.value).partition(":")[2])
    assert advised
    for moment in advised:
        assert parse_moment(moment, now=NOW)


@given(st.datetimes(), st.sampled_from(["T", " ", "t", "_"]), st.sampled_from(["auto", "minutes", "hours", "seconds"]))
def test_the_advice_for_any_time_without_a_zone_is_accepted(moment: datetime, separator: str, precision: str) -> None:
    text = moment.isoformat(separator, precision)
    with pytest.raises(ValueError, match=r"has no (time zone|time of day)") as caught:
        parse_moment(text, now=NOW)
    for advised in re.findall(r'(?:write|or) "([^"]+)"', str(caught.value)):
        assert parse_moment(advised, now=NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90", 90), ("90s", 90), ("5m", 300), ("1h30m", 5400), ("1d", 86400), (" 5 m ", 300)],
)
def test_duration_options(text: str, expected: float) -> None:
    assert seconds({"x_timeout": text}, "x_timeout") == expected


@pytest.mark.parametrize("text", ["ten", "-5", "-5s", "5x", "", "1.5h", "nan", "inf", "9" * 40 + "d"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(Invalid, match=r"^Invalid O\(x_timeout\): "):
        seconds({"x_timeout": text}, "x_timeout")


@given(st.text())
def test_any_text_is_a_duration_or_invalid(text: str) -> None:
    try:
        assert seconds({"x": text}, "x") > 0
    except Invalid as invalid:
        text = str(invalid)
    assert isinstance(text, str)


def test_a_bare_number_is_seconds() -> None:
    assert seconds({"drain_timeout": "90"}, "drain_timeout") == 90
    assert seconds({"duration": "90"}, "duration", bare_unit="m") == 5400

"""Local times with the name of their zone."""

from __future__ import annotations

import re
import sys
import zoneinfo
from datetime import datetime, timezone

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso, parse_moment
from ansible_collections.quiesce.maintenance.plugins.module_utils._zone import split_zone

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("2026-11-24T22:00 Europe/Berlin", ("2026-11-24T22:00", "Europe/Berlin")),
        (
            "2026-11-24 22:00:00  America/Argentina/Buenos_Aires",
            ("2026-11-24 22:00:00", "America/Argentina/Buenos_Aires"),
        ),
        ("2026-11-24T22:00 Etc/GMT+5", ("2026-11-24T22:00", "Etc/GMT+5")),
        ("2026-11-24T22:00+01:00", ("2026-11-24T22:00+01:00", None)),
        ("2026-11-24 22:00", ("2026-11-24 22:00", None)),
        ("2 h", ("2 h", None)),
        ("now", ("now", None)),
    ],
)
def test_time_and_zone_are_told_apart(text: str, parts: tuple[str, str | None]) -> None:
    assert split_zone(text) == parts


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-24T22:00:00 Europe/Berlin", "2026-11-24T21:00:00Z"),
        ("2026-07-24 22:00 Europe/Berlin", "2026-07-24T20:00:00Z"),
        ("2026-11-24T22:00 UTC", "2026-11-24T22:00:00Z"),
        ("2026-11-24T22:00 America/New_York", "2026-11-25T03:00:00Z"),
    ],
)
def test_moment(text: str, moment: str) -> None:
    assert iso(parse_moment(text, now=NOW)) == moment


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2026-11-24T22:00 Europe/Atlantis", 'Europe/Atlantis is no time zone: use a name like "Europe/Berlin"'),
        ("2026-11-24T22:00 Europe", "Europe is no time zone"),
        ("2026-11-24T22:00+01:00 Europe/Berlin", "has an offset already"),
        ("2026-03-29T02:30 Europe/Berlin", "does not exist in Europe/Berlin: the clocks go forward over it"),
        (
            "2026-10-25T02:30 Europe/Berlin",
            'occurs twice in Europe/Berlin: write "2026-10-25T02:30:00+02:00" or "2026-10-25T02:30:00+01:00"',
        ),
        ("2026-11-24 Europe/Berlin", "has no time of day"),
        ("2026-11-24T22:00", "2026-11-24T22:00 Europe/Berlin"),
    ],
)
def test_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        parse_moment(text, now=NOW)


def test_machine_without_a_time_zone_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python falls back on the package tzdata, so both have to be missing."""
    for name in [name for name in sys.modules if name.startswith("tzdata.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tzdata", None)
    zoneinfo.ZoneInfo.clear_cache()
    zoneinfo.reset_tzpath(to=[])
    try:
        with pytest.raises(
            ValueError, match=r"has no time zone database: install the package tzdata .* like \"\+01:00\""
        ):
            parse_moment("2026-11-24T22:00 Europe/Berlin", now=NOW)
    finally:
        zoneinfo.reset_tzpath()

"""How long switches took, and what is said of the next one."""

from __future__ import annotations

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._service_times import (
    KEPT,
    Times,
    Took,
    parse_times,
    spoken,
    text_of,
    usual,
    with_switches,
)
from hypothesis import given
from hypothesis import strategies as st

DEV = "d365fo dev01"
SECONDS = st.floats(0, 1e6).map(lambda seconds: round(seconds, 1))
TOOK = st.builds(Took, SECONDS, st.dictionaries(st.text(), SECONDS, max_size=3))
TIMES = st.dictionaries(st.text(), st.dictionaries(st.text(), st.lists(TOOK, max_size=3), max_size=2), max_size=3)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [([], None), ([300], 300), ([300, 400], 350), ([300, 310, 9000], 310)],
)
def test_what_is_usual(seconds: list[float], expected: float | None) -> None:
    """One switch that hung does not count for much."""
    times: Times = {}
    for each in seconds:
        times = with_switches(times, {DEV: Took(each)}, "enabled")
    assert usual(times, DEV, "enabled") == expected
    assert usual(times, DEV, "disabled") is None


def test_old_ones_are_forgotten() -> None:
    times: Times = {}
    for each in range(KEPT + 5):
        times = with_switches(times, {DEV: Took(each)}, "enabled")
    assert [took.seconds for took in times[DEV]["enabled"]] == list(range(5, KEPT + 5))


def test_other_systems_and_directions_stay() -> None:
    times = with_switches({}, {DEV: Took(1), "launch launch01": Took(2)}, "enabled")
    times = with_switches(times, {DEV: Took(3)}, "disabled")
    assert times == {DEV: {"enabled": [Took(1)], "disabled": [Took(3)]}, "launch launch01": {"enabled": [Took(2)]}}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1 second"),
        (1, "1 second"),
        (40.4, "40 seconds"),
        (89, "89 seconds"),
        (90, "2 minutes"),
        (372, "6 minutes"),
        (3590, "1 hour"),
        (4800, "1 hour 20 minutes"),
        (7260, "2 hours 1 minute"),
    ],
)
def test_as_people_say_it(seconds: float, text: str) -> None:
    assert spoken(seconds) == text


@given(TIMES)
def test_what_is_written_is_read(times: Times) -> None:
    assert parse_times(text_of(times)) == times


@pytest.mark.parametrize(
    "text",
    ["", "no JSON", "[]", '{"version": 2, "times": {}}', '{"version": 1}', '{"version": 1, "times": {"a": []}}',
     '{"version": 1, "times": {"a": {"enabled": [1]}}}', '{"version": 1, "times": {"a": {"enabled": [{}]}}}',
     '{"version": 1, "times": {"a": {"enabled": [{"seconds": "x", "steps": {}}]}}}'],
)  # fmt: skip
def test_what_is_no_such_file(text: str) -> None:
    with pytest.raises(ValueError, match="no service times of this version"):
        parse_times(text)


def test_no_file_no_times() -> None:
    assert parse_times(None) == {}

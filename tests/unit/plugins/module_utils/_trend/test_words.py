"""What messages say about many computers."""

from __future__ import annotations

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend import _words as words
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._computer import Computer
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._plan import Reading, Step, Wish
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._selection import Problem

NOW = 1_700_000_000.0
OUT = Wish(on=False)
HOUR = Wish(on=True, duration=60)
ENDLESS = Wish(on=True)


def inside(number: int, minutes: int | None) -> Computer:
    ends = None if minutes is None else NOW + 60 * minutes
    return Computer(number, f"s{number}", status="on", duration=minutes, started=NOW, ends=ends)


@pytest.mark.parametrize(
    ("wish", "actions", "there", "left_out", "check_mode", "text"),
    [
        (HOUR, ["enabled"], 0, 0, True, "0 of 1 computers are in maintenance mode; would be enabled for 1"),
        (
            HOUR,
            ["enabled", "unchanged", "enabled"],
            3,
            2,
            False,
            "3 of 3 computers are in maintenance mode; enabled for 2, unchanged for 1; continued without 2",
        ),
        (OUT, ["disabled"], 1, 0, False, "1 of 1 computers are out of maintenance mode; disabled for 1"),
        (OUT, [], 0, 0, False, "0 of 0 computers are out of maintenance mode"),
    ],
)
def test_summary(wish: Wish, actions: list[str], there: int, left_out: int, check_mode: bool, text: str) -> None:
    assert words.summary(wish, actions, there, left_out, check_mode=check_mode) == text


@pytest.mark.parametrize(
    ("wish", "computers", "accepted", "text"),
    [
        (HOUR, [inside(1, 60)], [], ""),
        (
            HOUR,
            [inside(1, 20)],
            [],
            "Not extended, with less than half of the requested 60 minutes left: s1 (ends in 20",
        ),
        (
            HOUR,
            [inside(1, None), inside(2, 60)],
            [],
            "Maintenance mode has no end for s1, so the duration of 60 minutes",
        ),
        (HOUR, [inside(1, None)], [1], ""),  # a manager that does not repeat the duration
        (ENDLESS, [inside(1, None)], [], ""),
        (
            ENDLESS,
            [inside(1, 20)],
            [],
            "No duration was requested, but maintenance mode ends by itself for: s1 (ends in",
        ),
        (ENDLESS, [inside(1, 20)], [1], "No duration was requested, but maintenance mode ends by itself for: s1"),
        (OUT, [inside(1, 20)], [], ""),
    ],
)
def test_warnings(wish: Wish, computers: list[Computer], accepted: list[int], text: str) -> None:
    found = words.warnings(wish, Reading(tuple(computers), NOW), (), accepted)
    assert len(found) == bool(text)
    assert "".join(found).startswith(text)


@pytest.mark.parametrize(
    ("wish", "writes", "seconds", "warned"),
    [
        (HOUR, 5000, 3600.0, True),
        (HOUR, 5000, 3599.0, False),
        (HOUR, 1, 3600.0, False),
        (ENDLESS, 5000, 3600.0, False),
        (OUT, 5000, 3600.0, False),
    ],
)
def test_too_short(wish: Wish, writes: int, seconds: float, warned: bool) -> None:
    found = words.too_short(wish.duration, writes, seconds, concurrency=10, per_minute=450)
    assert bool(found) is warned
    assert all("about 60 minutes (10 at the same time, 450 a minute)" in text for text in found)


def test_some() -> None:
    assert words.some(["a", "b"]) == "a, b"
    assert words.some(map(str, range(12))) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"


def test_how_far() -> None:
    steps = [Step(Computer(number, f"s{number}"), "enabled", on=True) for number in (1, 2, 3)]
    assert words.how_far([], {}, []) == "Nothing had been changed"
    assert words.how_far(steps, {}, []) == "The manager had accepted the request for 0 of 3 computers"
    assert words.how_far(steps, {1: steps[0]}, [steps[1]]) == (
        "The manager had accepted the request for 1 of 3 computers: s1; no answer came for s2"
    )


def test_what_is_to_be_done_about_whom() -> None:
    problems = [Problem("s1", "its agent is offline", 1), Problem("s2", "the manager refused it", 2)]
    reading = Reading((Computer(1, "s1", status="stop-requested"), Computer(2, "s2", status="on")), NOW)
    failure = words.refusal(OUT, "https://dsm/api", "", problems, reading)
    assert str(failure) == (
        "Could not take all computers out of maintenance mode on https://dsm/api: s1: its agent is offline | s2: the "
        "manager refused it. The manager has the request for s1: the agent leaves maintenance mode when it calls "
        "again. Run this task again then to verify it. Fix or remove s2, or set on_unavailable: skip to continue "
        "without it."
    )

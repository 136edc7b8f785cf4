"""What has to be done: every status against every wish."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._computer import STATUSES, Computer
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._plan import (
    Reading,
    Step,
    Wish,
    decide,
    duration_is_over,
    ended,
    first_plan,
    later_plan,
    other_duration,
    reached,
    unavailable,
)
from hypothesis import given
from hypothesis import strategies as st

NOW = 1_700_000_000.0
OFF = Wish(on=False)
ENDLESS = Wish(on=True)
HOUR = Wish(on=True, duration=60)


def with_left(status: str, left: int | None) -> Computer:
    """A computer whose mode has so many minutes left, or was requested for so many."""
    ends = NOW + left * 60 if left is not None and status in ("on", "reset-duration-requested") else None
    return Computer(1, "srv", status=status, duration=left, started=NOW - 60, ends=ends)


@pytest.mark.parametrize(
    ("status", "left", "wish", "action"),
    [
        ("off", None, OFF, "unchanged"),
        ("start-requested", None, OFF, "disabled"),
        ("on", 60, OFF, "disabled"),
        ("reset-duration-requested", 60, OFF, "disabled"),
        ("stop-requested", None, OFF, "awaited"),
        ("off", None, HOUR, "enabled"),
        ("stop-requested", 60, HOUR, "enabled"),
        # auto: half of the wished time is enough
        ("on", 60, HOUR, "unchanged"),
        ("on", 30, HOUR, "unchanged"),
        ("on", 29, HOUR, "extended"),
        ("on", None, HOUR, "unchanged"),
        ("start-requested", 60, HOUR, "awaited"),
        ("start-requested", None, HOUR, "awaited"),
        ("start-requested", 10, HOUR, "extended"),
        ("reset-duration-requested", 60, HOUR, "awaited"),
        # a wish without a duration takes what runs
        ("on", 5, ENDLESS, "unchanged"),
        ("on", None, ENDLESS, "unchanged"),
        ("off", None, ENDLESS, "enabled"),
        # told explicitly
        ("on", 29, Wish(True, 60, "false"), "unchanged"),
        ("start-requested", 10, Wish(True, 60, "false"), "awaited"),
        ("on", 60, Wish(True, 60, "true"), "extended"),
        ("on", None, Wish(True, 60, "true"), "extended"),
    ],
)
def test_decide(status: str, left: int | None, wish: Wish, action: str) -> None:
    assert decide(with_left(status, left), wish, NOW) == action


def test_plan_of_many() -> None:
    reading = Reading(
        (
            Computer(1, "a", status="off"),
            Computer(2, "b", status="start-requested", duration=60, agent_messages=("Managed",)),
            Computer(3, "c", status="on", ends=NOW + 3600),
        ),
        NOW,
    )
    plan = first_plan(reading, HOUR)
    assert [(step.computer.id, step.action, step.on, step.duration) for step in plan.steps] == [
        (1, "enabled", True, 60)
    ]
    assert plan.pending == ("2 of 3 computers are in maintenance mode; 1 start-requested; first b (Managed)",)
    assert plan.before == {
        "a": "out of maintenance mode",
        "b": "start-requested",
        "c": "in maintenance mode, 60 minutes left",
    }
    assert plan.after == {
        "a": "in maintenance mode, 60 minutes left",
        "b": "start-requested",
        "c": "in maintenance mode, 60 minutes left",
    }


@pytest.mark.parametrize(
    ("status", "duration", "written", "done"),
    [
        ("off", None, 60, False),
        ("start-requested", 60, 60, False),
        ("on", 60, 60, True),
        ("on", None, 60, True),  # a manager that does not repeat the duration
        ("on", 10, None, True),
        ("reset-duration-requested", 60, 60, False),
    ],
)
def test_reached(status: str, duration: int | None, written: int | None, done: bool) -> None:
    computer = Computer(1, "a", status=status, duration=duration)
    step = Step(computer, "enabled", True, written)
    assert reached(computer, HOUR, step) is done
    assert bool(later_plan(Reading((computer,), NOW), HOUR, {1: step}).pending) is not done
    assert later_plan(Reading((computer,), NOW), HOUR, {1: step}).steps == ()


@pytest.mark.parametrize(
    ("action", "before", "status", "reported", "written", "other"),
    [
        ("enabled", None, "on", 10, 60, 10),
        ("enabled", None, "on", 300, 60, 300),
        ("enabled", None, "on", 60, 60, None),
        ("enabled", None, "on", None, 60, None),
        ("enabled", None, "on", 10, None, None),  # none was requested
        ("enabled", None, "start-requested", 10, 60, None),  # not yet the agent's word
        ("enabled", 10, "on", 10, 60, 10),
        ("extended", 10, "on", 10, 60, None),  # the former one: the agent has not called yet
        ("extended", 10, "on", 20, 60, 20),
    ],
)
def test_other_duration(
    action: str, before: int | None, status: str, reported: int | None, written: int | None, other: int | None
) -> None:
    """It is noticed at once, and not awaited; nor is it what was requested."""
    step = Step(Computer(1, "a", duration=before), action, True, written)
    computer = Computer(1, "a", status=status, duration=reported)
    assert other_duration(computer, step) == other
    if other is not None:
        assert later_plan(Reading((computer,), NOW), HOUR, {1: step}).pending == ()
        assert not reached(computer, HOUR, step)


@pytest.mark.parametrize(
    ("status", "started", "seen_in", "gone_out"),
    [
        ("off", 100.0, True, True),
        ("off", 200.0, False, True),  # it started and ended between two readings
        ("off", 100.0, False, False),  # not started yet; the time is of an earlier mode
        ("off", None, False, False),
        ("on", 200.0, True, False),
        ("stop-requested", 200.0, True, False),
    ],
)
def test_ended(status: str, started: float | None, seen_in: bool, gone_out: bool) -> None:
    first = Computer(1, "a", started=100.0)
    assert ended(Computer(1, "a", status=status, started=started), first, seen_in=seen_in) is gone_out


@pytest.mark.parametrize(
    ("duration", "started", "over"),
    [(10, NOW - 600, True), (10, NOW - 599, False), (None, NOW - 600, False), (10, None, False)],
)
def test_duration_is_over(duration: int | None, started: float | None, over: bool) -> None:
    assert duration_is_over(Computer(1, "a", duration=duration, started=started), NOW) is over


def test_only_what_would_have_to_be_changed_is_unavailable() -> None:
    away: dict[str, Any] = {"agent": "error", "agent_messages": ("Offline",)}
    reading = Reading(
        (
            Computer(1, "off and away", status="off", **away),
            Computer(2, "on and away", status="on", **away),
            Computer(3, "hidden", status=None),
            Computer(4, "fine", status="off"),
        ),
        NOW,
    )
    assert [problem.id for problem in unavailable(reading, ENDLESS)] == [1, 3]
    assert [problem.id for problem in unavailable(reading, OFF)] == [2, 3]


@given(
    st.sampled_from(STATUSES),
    st.none() | st.integers(0, 500),
    st.none() | st.integers(1, 500),
    st.sampled_from(["auto", "false"]),
)
def test_a_carried_out_plan_leaves_nothing_to_do(
    status: str, left: int | None, duration: int | None, extend: str
) -> None:
    """Idempotence: where the manager did what was written, the next run writes nothing."""
    wish = Wish(True, duration, extend)
    before = with_left(status, left)
    steps = first_plan(Reading((before,), NOW), wish).steps
    after = with_left("on", duration) if steps else before
    assert first_plan(Reading((after,), NOW), wish).steps == ()

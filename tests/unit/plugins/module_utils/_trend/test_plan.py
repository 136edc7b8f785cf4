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
    first_plan,
    later_plan,
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
        ("start-requested", None, OFF, "turned_off"),
        ("on", 60, OFF, "turned_off"),
        ("reset-duration-requested", 60, OFF, "turned_off"),
        ("stop-requested", None, OFF, "awaited"),
        ("off", None, HOUR, "turned_on"),
        ("stop-requested", 60, HOUR, "turned_on"),
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
        ("off", None, ENDLESS, "turned_on"),
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
        (1, "turned_on", True, 60)
    ]
    assert plan.pending == ("2 of 3 computers are on; 1 start-requested; first b (Managed)",)
    assert plan.before == {"a": "off", "b": "start-requested", "c": "on, 60 minutes left"}
    assert plan.after == {"a": "on, 60 minutes left", "b": "start-requested", "c": "on, 60 minutes left"}


@pytest.mark.parametrize(
    ("status", "duration", "written", "done"),
    [
        ("off", None, 60, False),
        ("start-requested", 60, 60, False),
        ("on", 60, 60, True),
        ("on", None, 60, True),  # a manager that does not repeat the duration
        ("on", 10, 60, False),  # another duration than was written
        ("on", 10, None, True),
        ("reset-duration-requested", 60, 60, False),
    ],
)
def test_reached(status: str, duration: int | None, written: int | None, done: bool) -> None:
    computer = Computer(1, "a", status=status, duration=duration)
    step = Step(computer, "turned_on", True, written)
    assert reached(computer, HOUR, step) is done
    assert bool(later_plan(Reading((computer,), NOW), HOUR, {1: step}).pending) is not done
    assert later_plan(Reading((computer,), NOW), HOUR, {1: step}).steps == ()


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

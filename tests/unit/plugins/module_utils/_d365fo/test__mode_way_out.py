"""Variable and record on the way out by a tool: what is going to happen is written down before the tool runs."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._mode import Reading, Wish, plan
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import Record

NOW = datetime(2026, 11, 24, 21, 0, tzinfo=timezone.utc)
ON, OFF = "enabled", "disabled"


def wish(state: str, phase: str, **more: Any) -> Wish:
    return Wish(state, NOW, phase, **more)


def record(target: str, phase: str) -> Record:
    return Record(target, phase, "2026-11-24T18:00:00Z", "somebody", "why", "", ("Batch",))


PREPARE = wish(OFF, "prepared", services=("W3SVC",))


@pytest.mark.parametrize(
    ("mode", "before", "after"),
    [
        # the usual way: the window is open, whatever was seen of it
        (ON, (ON, "settled"), (OFF, "prepared")),
        (ON, (ON, "set"), (OFF, "prepared")),
        (ON, (ON, "prepared"), (OFF, "prepared")),
        # again, after a run that was cut off before the tool, or after it and before its record
        (ON, (OFF, "prepared"), "same"),
        (OFF, (OFF, "prepared"), "same"),
        (OFF, (OFF, "set"), "same"),
        (ON, (OFF, "set"), "same"),
        # it is off already, but not by us: nothing is to be prepared, the record of the window stays what it is
        (OFF, (ON, "settled"), "same"),
        (OFF, (ON, "set"), "same"),
        # a window that never began
        (OFF, (ON, "prepared"), "same"),
    ],
)
def test_prepare(mode: str, before: tuple[str, str], after: tuple[str, str] | str) -> None:
    reading = Reading(mode, record(*before))
    found = plan(reading, PREPARE, "db")
    if after == "same":
        assert found.steps == ()
        return
    (step,) = found.steps
    assert step.value is None  # the tool's business
    assert step.record is not None
    written = step.record[1]
    assert written is not None
    assert (written.target, written.phase) == after
    assert written.services == ("Batch", "W3SVC")
    assert (written.owner, written.reason, written.since) == ("somebody", "why", "2026-11-24T18:00:00Z")
    assert plan(Reading(mode, written), PREPARE, "db").steps == ()


def test_prepare_of_somebody_elses_flag() -> None:
    asked = wish(OFF, "prepared", owner="me", reason="why", services=("W3SVC",))
    found = plan(Reading(ON, None), asked, "db")
    written = Record(OFF, "prepared", "2026-11-24T21:00:00Z", "me", "why", "", ("W3SVC",))
    assert (found.steps[0].value, found.steps[0].record) == (None, (None, written))
    assert plan(Reading(OFF, None), asked, "db").steps == ()


def test_the_whole_way_out_by_a_tool() -> None:
    """prepared, the tool writes the variable, set, settled; between any two of them the AOS is known to be behind."""
    reading = Reading(ON, record(ON, "settled"))
    prepared = plan(reading, PREPARE, "db").steps[0].record
    assert prepared is not None
    announced = Reading(ON, prepared[1])
    assert not announced.restart_required  # the variable is as it was
    written = Reading(OFF, prepared[1])
    assert written.restart_required  # the tool has run, nobody has said so yet
    (step,) = plan(written, wish(OFF, "set"), "db").steps
    assert step.value is None
    assert step.record is not None
    known = Reading(OFF, step.record[1])
    assert known.restart_required
    (step,) = plan(known, wish(OFF, "settled"), "db").steps
    assert step.record is not None
    assert step.record[1] is None


def test_a_way_out_that_was_only_announced_can_be_taken_back() -> None:
    """Enable after a disable that was cut off before its tool: a new window that keeps what ran before."""
    reading = Reading(ON, record(OFF, "prepared"))
    (step,) = plan(reading, wish(ON, "set", owner="me", services=("W3SVC",)), "db").steps
    assert step.value is None
    assert step.record is not None
    again = step.record[1]
    assert again is not None
    assert (again.target, again.phase, again.services) == (ON, "set", ("Batch", "W3SVC"))

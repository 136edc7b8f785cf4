"""What separates a look from what is wanted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Refused
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Change
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._place import Place
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._plan import Keep, Reading, Write, plan
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._state import (
    CHANGING,
    FAILED,
    OFF,
    ON,
    UNKNOWN,
    Action,
    Environment,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._records import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Window

from fakes.moments import NOW

PLACE = Place("42", "0c6f5d1e-3c1c-4d59-9f65-8a1f6f8e1a11", "https://lcs.dynamics.com")
RUNS, FAILS = Action("Enable Maintenance Mode", 1, "In progress"), Action("Enable Maintenance Mode", 3, "Failed")
ENDED = Action("Enable Maintenance Mode", 2, "Completed")

WRITE, DONE, WAIT, REFUSE, FAIL = "write", "done", "wait", "refuse", "fail"


def outcome(reading: Reading, on: bool) -> str:
    try:
        found = plan(reading, Change(on, None), None, PLACE)
    except Refused:
        return REFUSE
    except Failure:
        return FAIL
    assert found.after == {"maintenance_mode": on, "windows": []}
    assert not (found.steps and found.pending)
    if found.steps:
        assert found.steps == (Write(on),)
        return WRITE
    return WAIT if found.pending else DONE


def reading(mode: str, action: Action | None = None) -> Reading:
    return Reading(Environment(mode, "text"), action)


@pytest.mark.parametrize(
    ("mode", "action", "before", "awaited", "after"),
    [
        # before the request; shortly after it; after the time for which the old state may stand
        (ON, None, DONE, DONE, DONE),
        (OFF, None, WRITE, WAIT, FAIL),
        (OFF, ENDED, WRITE, WAIT, FAIL),
        (CHANGING, None, WAIT, WAIT, WAIT),
        (CHANGING, FAILS, REFUSE, FAIL, FAIL),
        (FAILED, None, REFUSE, FAIL, FAIL),
        (FAILED, RUNS, WAIT, WAIT, WAIT),
        (UNKNOWN, None, REFUSE, WAIT, FAIL),
        (ON, RUNS, WAIT, WAIT, WAIT),  # the state may be the old one
        (OFF, RUNS, WAIT, WAIT, WAIT),
        (ON, FAILS, DONE, DONE, DONE),
        (OFF, FAILS, REFUSE, FAIL, FAIL),
    ],
)
def test_plan(mode: str, action: Action | None, before: str, awaited: str, after: str) -> None:
    look = reading(mode, action)
    sent = replace(look, sent=True)
    assert outcome(look, True) == before
    assert outcome(replace(sent, awaited=True), True) == awaited
    assert outcome(sent, True) == after


@pytest.mark.parametrize(("mode", "expected"), [(ON, WRITE), (OFF, DONE)])
def test_the_way_out(mode: str, expected: str) -> None:
    assert outcome(reading(mode), False) == expected


def test_the_record_is_written_before_the_request_and_once() -> None:
    record, look = Record((Window("A", NOW, "ann"),)), reading(OFF)
    found = plan(look, Change(True, record), None, PLACE)
    assert found.steps == (Keep(record), Write(True))
    assert [window["id"] for window in found.after["windows"]] == ["A"]
    assert plan(look, Change(True, record), None, PLACE, recorded=True).steps == (Write(True),)
    assert plan(reading(ON), Change(True, record), None, PLACE).steps == (Keep(record),)
    assert plan(reading(ON), Change(False, None), record, PLACE).steps == (Keep(None), Write(False))
    assert plan(replace(look, awaited=True, sent=True), Change(True, record), None, PLACE).steps == ()


def test_a_failure_that_a_run_waited_for_is_no_refusal() -> None:
    assert outcome(replace(reading(FAILED), attached=True), True) == FAIL


@pytest.mark.parametrize(
    ("look", "texts"),
    [
        (
            Reading(Environment(FAILED, "Failed", 11, errors="Step 3", activity_id="a-1"), FAILS, sent=True),
            [
                "Could not enable maintenance mode on environment 0c6f5d1e",
                (
                    'LCS says status "Failed", DeploymentState 11 (Servicing); Enable Maintenance Mode Failed; Step 3; '
                    "activity id a-1"
                ),
                "On the page https://lcs.dynamics.com/V2/EnvironmentDetailsV3New/42?EnvironmentId=",
                "a person chooses Resume, Rollback or Abort and downloads the logs",
            ],
        ),
        (
            Reading(Environment(OFF, "Deployed"), sent=True),
            ["LCS accepted the request, but no servicing", "rolled back or aborted"],
        ),
        (
            Reading(Environment(OFF, "Deployed"), sent=True, answer_lost="HTTP 502"),
            ["the answer to the request was lost (HTTP 502), and no"],
        ),
        (
            Reading(Environment(UNKNOWN, "Parked", 34, name="UAT")),
            [
                "(UAT)",
                'status "Parked", DeploymentState 34 (Disabled)',
                "O(maintenance_status) or O(maintenance_states)",
            ],
        ),
    ],
)
def test_messages(look: Reading, texts: list[str]) -> None:
    with pytest.raises(Failure) as caught:
        plan(look, Change(True, None), None, PLACE)
    for text in texts:
        assert text in str(caught.value)


def test_pending_says_what_goes_on() -> None:
    look = Reading(Environment(CHANGING, "Servicing"), RUNS, 35)
    assert plan(look, Change(True, None), None, PLACE).pending == (
        "Servicing, Enable Maintenance Mode In progress, 35 %",
    )
    assert plan(Reading(Environment(CHANGING)), Change(True, None), None, PLACE).pending == ("servicing",)

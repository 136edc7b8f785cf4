"""The row of an environment."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Held
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._place import Place
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._plan import Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._state import (
    FAILED,
    OFF,
    ON,
    UNKNOWN,
    Action,
    Environment,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._status import environment_result, status_row
from ansible_collections.quiesce.maintenance.plugins.module_utils._records import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import FOREIGN
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Lease, Window

from fakes.moments import NOW

MAINTAINED, NORMAL = Environment(ON, "In Maintenance", 13), Environment(OFF, "Deployed", 3)
BROKEN = Environment(FAILED, "Failed", 11, errors="Step 3")
RUNS = Action("Enable Maintenance Mode", 1, "In progress")
A, B = (Window(name, NOW, "ann") for name in "AB")
ALIVE = Lease("r1", "ann", "ctl01", NOW, NOW + timedelta(minutes=3))
DEAD = replace(ALIVE, until=NOW)
AT_WORK = f"run r1 of ann on ctl01, at work since {iso(NOW)}"
CUT_OFF = f"{AT_WORK}, did not finish: run again to complete it"


@pytest.mark.parametrize(
    ("environment", "action", "mode", "verified", "notes"),
    [
        (MAINTAINED, None, "maintenance", True, []),
        (NORMAL, None, "normal", True, []),
        (
            Environment(ON, "In Wartung", 13, by_number=True),
            None,
            "maintenance",
            None,
            ['the status text is not known, so its number decided: status "In Wartung", DeploymentState 13 (SafeMode)'],
        ),
        (NORMAL, RUNS, "changing", False, ["Deployed, Enable Maintenance Mode In progress"]),
        (BROKEN, None, "unknown", None, ['LCS says status "Failed", DeploymentState 11 (Servicing): Step 3']),
        (Environment(UNKNOWN), None, "unknown", None, ["LCS says no status"]),
    ],
)
def test_row_without_a_record(
    environment: Environment, action: Action | None, mode: str, verified: bool | None, notes: list[str]
) -> None:
    row = status_row("uat", Reading(environment, action))
    assert (row["system"], row["kind"], row["mode"], row["verified"]) == ("uat", "D365 LCS", mode, verified)
    assert row["notes"] == notes
    assert (row["managed"], row["windows"], row["owner"]) == (None, [], None)


@pytest.mark.parametrize(
    ("environment", "action", "record", "expected", "notes"),
    [
        # mode, managed, windows
        (MAINTAINED, None, Record((A,)), ("maintenance", True, "A"), ["open window: A (ann)"]),
        (MAINTAINED, None, None, ("maintenance", False, ""), [FOREIGN]),
        (NORMAL, None, None, ("normal", None, ""), []),
        (NORMAL, None, Record((A,)), ("normal", None, "A"), ["turned off by somebody else", "open window"]),
        # A run at work; one that was cut off: before LCS began, while it is at it, when it has come to its end.
        (NORMAL, None, Record((A,), ALIVE), ("changing", None, "A"), [AT_WORK, "open window"]),
        (NORMAL, None, Record((A,), DEAD), ("changing", None, "A"), [CUT_OFF, "open window"]),
        (NORMAL, RUNS, Record((A,), DEAD), ("changing", None, "A"), [CUT_OFF, "open window", "Deployed, Enable"]),
        (MAINTAINED, None, Record((A,), DEAD), ("maintenance", True, "A"), ["open window"]),
        (MAINTAINED, None, Record((), DEAD), ("changing", True, ""), [CUT_OFF]),
        (NORMAL, None, Record((), DEAD), ("normal", None, ""), []),
        # What runs or failed says nothing about who turned the mode on or off.
        (NORMAL, RUNS, None, ("changing", None, ""), ["Deployed, Enable"]),
        (NORMAL, RUNS, Record((A,)), ("changing", None, "A"), ["open window", "Deployed, Enable"]),
        (BROKEN, None, None, ("unknown", None, ""), ["LCS says"]),
        (BROKEN, None, Record((A,), DEAD), ("unknown", None, "A"), ["open window", "LCS says"]),
    ],
)
def test_row_with_a_store(
    environment: Environment,
    action: Action | None,
    record: Record | None,
    expected: tuple[str, bool | None, str],
    notes: list[str],
) -> None:
    row = status_row("uat", Reading(environment, action), Held(record, NOW))
    windows = "".join(window["id"] for window in row["windows"])
    assert (row["mode"], row["managed"], windows) == expected
    assert [note.startswith(start) for note, start in zip(row["notes"], notes, strict=True)] == [True] * len(notes)


def test_an_overdue_window_counts_while_the_mode_is_on() -> None:
    held = Held(Record((replace(A, expires=NOW - timedelta(hours=1)), B)), NOW)
    assert status_row("uat", Reading(MAINTAINED), held)["overdue"] is True
    assert status_row("uat", Reading(NORMAL), held)["overdue"] is False
    assert status_row("uat", Reading(MAINTAINED, RUNS), held)["overdue"] is False


def test_a_run_that_was_cut_off_on_the_way_out_leaves_something_to_be_done() -> None:
    hour = timedelta(hours=1)
    held = Held(Record((), Lease("r1", "ann", "ctl01", NOW - hour, NOW - hour)), NOW)
    row = status_row("uat", Reading(MAINTAINED), held)
    assert (row["mode"], row["overdue"]) == ("changing", True)
    assert status_row("uat", Reading(NORMAL), held)["overdue"] is False
    assert status_row("uat", Reading(MAINTAINED, RUNS), held)["overdue"] is False


def test_what_was_asked_for_and_has_not_begun_is_changing() -> None:
    row = status_row("uat", Reading(NORMAL, sent=True, awaited=True), Held(Record((A,)), NOW), changing=True)
    assert (row["mode"], row["verified"], row["managed"]) == ("changing", False, None)


def test_last_action() -> None:
    newest = Action("Enable Maintenance Mode", 2, "Completed", ended="2026-11-24T21:20:00")
    row = status_row("uat", Reading(MAINTAINED), newest=newest, notes=["more"])
    assert row["notes"] == ["last action in LCS: Enable Maintenance Mode Completed, 2026-11-24T21:20:00", "more"]


def test_pages() -> None:
    result = environment_result(Place("42", "e-1", "https://eu.lcs.dynamics.com"), Environment(ON, name="A & B"))
    assert result["page"] == (
        "https://eu.lcs.dynamics.com/V2/EnvironmentDetailsV3New/42?EnvironmentId=e-1&IsDiagnosticsEnabledEnvironment=False"
    )
    assert result["history_page"] == (
        "https://eu.lcs.dynamics.com/V2/EnvironmentHistory/42?LcsEnvironmentName=A%20%26%20B&EnvironmentId=e-1"
    )

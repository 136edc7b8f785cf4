"""The row of an environment."""

from __future__ import annotations

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._place import Place
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._state import (
    FAILED,
    OFF,
    ON,
    UNKNOWN,
    Action,
    Environment,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._status import environment_result, status_row


@pytest.mark.parametrize(
    ("environment", "busy", "mode", "verified", "notes"),
    [
        (Environment(ON, "In Maintenance", 13), False, "maintenance", True, []),
        (Environment(OFF, "Deployed", 3), False, "normal", True, []),
        (
            Environment(ON, "In Wartung", 13, by_number=True),
            False,
            "maintenance",
            None,
            ['decided by a number, the text is not known: status "In Wartung", DeploymentState 13 (SafeMode)'],
        ),
        (Environment(OFF, "Deployed", 3), True, "changing", False, ["what runs"]),
        (
            Environment(FAILED, "Failed", 11, errors="Step 3"),
            False,
            "unknown",
            None,
            ['LCS says status "Failed", DeploymentState 11 (Servicing): Step 3'],
        ),
        (Environment(UNKNOWN), False, "unknown", None, ["LCS says no status"]),
    ],
)
def test_row(environment: Environment, busy: bool, mode: str, verified: bool | None, notes: list[str]) -> None:
    row = status_row("uat", environment, busy=busy, doing="what runs")
    assert (row["system"], row["kind"], row["mode"], row["verified"]) == ("uat", "D365 LCS", mode, verified)
    assert row["notes"] == notes
    assert (row["managed"], row["windows"], row["owner"]) == (None, [], None)


def test_last_action() -> None:
    newest = Action("Enable Maintenance Mode", 2, "Completed", ended="2026-11-24T21:20:00")
    row = status_row("uat", Environment(ON, "In Maintenance"), busy=False, newest=newest, notes=["more"])
    assert row["notes"] == ["last action in LCS: Enable Maintenance Mode Completed, 2026-11-24T21:20:00", "more"]


def test_pages() -> None:
    result = environment_result(Place("42", "e-1", "https://eu.lcs.dynamics.com"), Environment(ON, name="A & B"))
    assert result["page"] == (
        "https://eu.lcs.dynamics.com/V2/EnvironmentDetailsV3New/42?EnvironmentId=e-1&IsDiagnosticsEnabledEnvironment=False"
    )
    assert result["history_page"] == (
        "https://eu.lcs.dynamics.com/V2/EnvironmentHistory/42?LcsEnvironmentName=A%20%26%20B&EnvironmentId=e-1"
    )

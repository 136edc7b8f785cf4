"""What separates a reading from what is wanted."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._operation import Operation
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._plan import (
    Reading,
    Switch,
    Wanted,
    plan,
    stays_off,
)

from fakes.powerplatform import unified

OFF: dict[str, Any] = {}
ON = {"runtime": "AdminMode"}
ON_DISABLED = {"runtime": "AdminMode", "background": "Disabled"}
NO_DATAVERSE = {"dataverse": False, "background": ""}


@pytest.mark.parametrize(
    ("state", "wanted", "step"),
    [
        (OFF, Wanted(True), Switch(True)),
        (OFF, Wanted(False), None),
        (OFF, Wanted(True, False), Switch(True, False)),
        (OFF, Wanted(True, True), Switch(True, True)),
        (OFF, Wanted(False, True), None),
        (ON, Wanted(True), None),
        (ON, Wanted(True, True), None),
        (ON, Wanted(True, False), Switch(True, False)),
        (ON, Wanted(False), Switch(False)),
        (ON_DISABLED, Wanted(True), None),
        (ON_DISABLED, Wanted(True, False), None),
        (ON_DISABLED, Wanted(True, True), Switch(True, True)),
        (ON_DISABLED, Wanted(False), Switch(False)),
        (ON_DISABLED, Wanted(False, True), Switch(False, True)),
        ({"background": "Disabled"}, Wanted(False), None),
        ({"background": "Disabled"}, Wanted(False, True), Switch(False, True)),
        ({"runtime": "Warning"}, Wanted(False), None),
        (NO_DATAVERSE, Wanted(True), Switch(True)),
    ],
)
def test_at_most_one_step(state: dict[str, Any], wanted: Wanted, step: Switch | None) -> None:
    found = plan(Reading(unified(**state)), wanted)
    assert found.steps == ((step,) if step else ())
    assert found.pending == ()
    assert (found.before == found.after) is (step is None)


@pytest.mark.parametrize(
    ("operations", "management", "pending"),
    [
        ((), "Ready", False),
        (None, "Ready", False),
        (None, "Running", True),
        ((), "Running", True),
        ((Operation("2", "Edit", state="Succeeded"), Operation("1", "Edit", state="Running")), "Ready", False),
        ((Operation("2", "Edit", state="Running"), Operation("1", "Edit", state="Succeeded")), "Ready", True),
        ((Operation("2", "Copy", state="NotStarted"),), "Ready", True),
    ],
)
def test_nothing_is_planned_while_something_runs(
    operations: tuple[Operation, ...] | None, management: str, pending: bool
) -> None:
    found = plan(Reading(unified(management=management), operations), Wanted(True))
    assert (bool(found.pending), bool(found.steps)) == (pending, not pending)


@pytest.mark.parametrize(
    ("switch", "properties"),
    [
        (Switch(True), {"states": {"runtime": {"id": "AdminMode"}}}),
        (Switch(False), {"states": {"runtime": {"id": "Enabled"}}}),
        (
            Switch(True, False),
            {
                "states": {"runtime": {"id": "AdminMode"}},
                "linkedEnvironmentMetadata": {"backgroundOperationsState": "Disabled"},
            },
        ),
        (
            Switch(False, True),
            {
                "states": {"runtime": {"id": "Enabled"}},
                "linkedEnvironmentMetadata": {"backgroundOperationsState": "Enabled"},
            },
        ),
    ],
)
def test_what_is_sent_and_nothing_else(switch: Switch, properties: dict[str, Any]) -> None:
    assert switch.body == {"properties": properties}


@pytest.mark.parametrize(
    ("state", "wanted", "is_it"),
    [
        (ON_DISABLED, Wanted(True, True), True),
        (ON_DISABLED, Wanted(True, False), False),
        (ON, Wanted(True, True), False),
        (OFF, Wanted(True, True), False),
        ({"background": "Disabled"}, Wanted(False, True), False),
    ],
)
def test_the_known_defect(state: dict[str, Any], wanted: Wanted, is_it: bool) -> None:
    assert stays_off(unified(**state), wanted) is is_it

"""The environment's row in the table of all systems."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._operation import Operation
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._plan import Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._status import KIND, status_row

from fakes.powerplatform import unified

RUNNING = Operation("1", "Edit", "Edit", "Running", by="Ann Admin")


@pytest.mark.parametrize(
    ("state", "operations", "mode", "notes"),
    [
        ({}, (), "normal", []),
        ({"runtime": "AdminMode"}, (), "maintenance", []),
        (
            {"runtime": "AdminMode", "by": "Ann Admin", "by_type": "User", "reason": "Restore"},
            (),
            "maintenance",
            ["switched by Ann Admin (User)", "reason of the platform: Restore"],
        ),
        ({"by": "Ann Admin"}, (), "normal", []),
        ({"background": "Disabled"}, (), "normal", ["background operations are disabled"]),
        ({"runtime": "AdminMode"}, (RUNNING,), "changing", ["operation Edit of Ann Admin Running"]),
        ({"management": "Running"}, None, "changing", ["the environment's state is Running"]),
        ({"runtime": "Disabled"}, (), "unknown", ["its runtime state is Disabled"]),
        ({"runtime": ""}, (), "unknown", ["its runtime state is not given"]),
    ],
)
def test_rows(state: dict[str, Any], operations: tuple[Operation, ...] | None, mode: str, notes: list[str]) -> None:
    row = status_row(Reading(unified(**state), operations)).result()
    assert (row["system"], row["kind"], row["mode"], row["notes"]) == ("Contoso UAT", KIND, mode, notes)
    assert (row["verified"], row["managed"]) == (None, None)


def test_a_type_for_which_the_mode_is_not_documented() -> None:
    (note,) = status_row(Reading(unified(sku="Developer"))).notes
    assert "is of the type Developer" in note

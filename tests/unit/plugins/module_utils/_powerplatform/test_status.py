"""The environment's row in the table of all systems."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Held
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._operation import Operation
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._plan import Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._status import KIND, status_row
from ansible_collections.quiesce.maintenance.plugins.module_utils._records import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Lease, Window

from fakes.moments import NOW
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
            ["the platform says that it was switched by Ann Admin (User)", "reason of the platform: Restore"],
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
    assert row["faults"] == [note for note in notes if note == "background operations are disabled"]


def test_a_type_for_which_the_mode_is_not_documented() -> None:
    (note,) = status_row(Reading(unified(sku="Developer"))).notes
    assert "is of the type Developer" in note


WINDOW = Window("CHG1", NOW, "ann", "upgrade", expires=NOW + timedelta(hours=2))


def test_windows_say_who_why_and_until_when() -> None:
    held = Held(Record((WINDOW,)), NOW)
    row = status_row(Reading(unified(runtime="AdminMode")), held).result()
    assert (row["mode"], row["managed"], row["owner"], row["reason"]) == ("maintenance", True, "ann", "upgrade")
    assert (row["since"], row["expires"], row["overdue"]) == ("2026-11-24T21:00:00Z", "2026-11-24T23:00:00Z", False)
    late = status_row(Reading(unified(runtime="AdminMode")), replace(held, now=NOW + timedelta(hours=3))).result()
    assert late["overdue"] is True


def test_a_run_at_work_means_that_the_mode_is_changing() -> None:
    """Before its request is sent the platform does not know of it."""
    lease = Lease("run1", "ann", "ctl01", NOW, NOW + timedelta(minutes=3))
    row = status_row(Reading(unified()), Held(Record((WINDOW,), lease), NOW)).result()
    assert row["mode"] == "changing"
    assert row["notes"][0] == "run run1 of ann on ctl01, at work since 2026-11-24T21:00:00Z"


def test_a_store_that_cannot_be_read_is_a_note() -> None:
    row = status_row(Reading(unified(runtime="AdminMode")), None, ["no record"]).result()
    assert (row["mode"], row["managed"], row["notes"]) == ("maintenance", None, ["no record"])

"""The server's row in the status table."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._activity import parse_activity
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._blackout import Blackout
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._status import status_row

BUSY = parse_activity({"process": {"name": "Clean up"}}, {})
WAITING = parse_activity({"process": {"name": "Deploy"}}, {"children": [{"task": {"name": "Check", "status": "OPEN"}}]})
END = datetime(2026, 11, 24, 22, 0, tzinfo=timezone.utc)
BLACKOUT = Blackout("b", END - timedelta(hours=4), END)
ON = "is on, nothing starts; Estimated End Date 2026-11-24T22:00:00Z"


@pytest.mark.parametrize(
    ("row", "mode", "expires", "notes"),
    [
        (status_row("s", False), "normal", None, []),
        (status_row("s", True), "maintenance", None, []),
        (status_row("s", False, [BUSY]), "normal", None, []),
        (
            status_row("s", True, [BUSY, WAITING]),
            "maintenance",
            None,
            [
                "not idle: 2 process(es) that began before still run",
                'Deploy, waits for a person: manual task "Check"',
            ],
        ),
        (
            status_row("s", False, (), BLACKOUT, ["could not"]),
            "normal",
            None,
            ["could not", f"maintenance blackout {ON}"],
        ),
        (
            status_row("s", True, (), replace(BLACKOUT, name="Upgrade")),
            "maintenance",
            None,
            [f'maintenance blackout "Upgrade" {ON}'],
        ),
    ],
)
def test_row(row: dict[str, object], mode: str, expires: str | None, notes: list[str]) -> None:
    assert (row["mode"], row["expires"], row["notes"]) == (mode, expires, notes)

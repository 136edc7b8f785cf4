"""Which setting is the maintenance mode, and what has to be written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Request
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Client
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._mode import (
    Keep,
    MaintenanceMode,
    Mode,
    Write,
    as_bool,
    choose_field,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._server import Server, remedies
from ansible_collections.quiesce.maintenance.plugins.module_utils._ledger import Ledger
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import FileStore
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Opening

OLD, NEW = "enableMaintenanceMode", "maintenanceModeEnabled"


@pytest.mark.parametrize(
    ("settings", "wanted", "chosen"),
    [
        ({OLD: False, "x": 1}, None, OLD),
        ({NEW: False, "x": 1}, None, NEW),
        ({OLD: False, NEW: False}, None, NEW),
        ({"x": 1}, None, None),
        ({OLD: False, NEW: False}, OLD, OLD),
        ({NEW: False}, "quietMode", None),
        ({NEW: False, "quietMode": True}, "quietMode", "quietMode"),
    ],
)
def test_field(settings: dict[str, Any], wanted: str | None, chosen: str | None) -> None:
    assert choose_field(settings, wanted) == chosen


@pytest.mark.parametrize(
    ("value", "meaning"),
    [(True, True), (False, False), ("true", True), (" False ", False), (1, None), (None, None), ("yes", None)],
)
def test_boolean(value: object, meaning: bool | None) -> None:
    assert as_bool(value) is meaning


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize("wanted", [True, False, None])
def test_plan_writes_one_setting_and_one_record_or_nothing(on: bool, wanted: bool | None, tmp_path: Path) -> None:
    request = None if wanted is None else Request(wanted, Opening(owner="ann"))
    ledger = Ledger(FileStore("file", str(tmp_path)), Run("r"))
    ledger.read()
    system = MaintenanceMode(Server(Client("https://127.0.0.1:9"), "admin"), request, ledger)
    plan = system.plan(Mode(NEW, on))
    after = on if wanted is None else wanted
    assert [step for step in plan.steps if isinstance(step, Write)] == ([] if on == after else [Write(NEW, after)])
    # Somebody else's mode gets no record, nor does what is off.
    recorded = [step.record for step in plan.steps if isinstance(step, Keep)]
    assert [bool(record and record.windows) for record in recorded] == ([True] if wanted and not on else [])
    assert (plan.diff["before"][NEW], plan.diff["after"][NEW]) == (on, after)


def test_hint_of_401_fits_the_credential() -> None:
    assert "give it as token" in remedies("jsmith")[401]
    of_token = remedies("PasswordIsAuthToken")[401]
    assert "without a user name" in of_token
    assert 'Servers before 7.1.1 may require {"token": "..."} as the password' in of_token

"""Which setting is the maintenance mode, and what has to be written."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Client
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._mode import (
    MaintenanceMode,
    Mode,
    Write,
    as_bool,
    choose_field,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._server import Server, remedies

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
def test_plan_writes_one_setting_or_nothing(on: bool, wanted: bool | None) -> None:
    system = MaintenanceMode(Server(Client("https://127.0.0.1:9"), "admin"), wanted)
    plan = system.plan(Mode(NEW, on))
    after = on if wanted is None else wanted
    assert plan.steps == (() if on == after else (Write(NEW, after),))
    assert plan.diff == {"before": {NEW: on}, "after": {NEW: after}}


def test_hint_of_401_fits_the_credential() -> None:
    assert "give it as token" in remedies("jsmith")[401]
    of_token = remedies("PasswordIsAuthToken")[401]
    assert "without a user name" in of_token
    assert 'Servers before 7.1.1 may require {"token": "..."} as the password' in of_token

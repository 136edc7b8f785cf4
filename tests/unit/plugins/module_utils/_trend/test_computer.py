"""What is read off the manager's description of a computer."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._computer import Computer, parse
from hypothesis import given
from hypothesis import strategies as st

START = 1_700_000_000_000
HOUR = 3_600_000


def computer(control: dict[str, Any] | None = None, **more: Any) -> Computer:
    return parse({"ID": 7, "hostName": "srv7", "applicationControl": control, **more})


@pytest.mark.parametrize(
    ("control", "left"),
    [
        # The end time is the scheduled one.
        (
            {"maintenanceModeStatus": "on", "maintenanceModeStartTime": START, "maintenanceModeEndTime": START + HOUR},
            50,
        ),
        # It is not there, or that of an earlier time: start and duration say it.
        ({"maintenanceModeStatus": "on", "maintenanceModeStartTime": START, "maintenanceModeDuration": 60}, 50),
        (
            {
                "maintenanceModeStatus": "on",
                "maintenanceModeStartTime": START,
                "maintenanceModeEndTime": START - HOUR,
                "maintenanceModeDuration": 90,
            },
            80,
        ),
        # Until it is turned off.
        ({"maintenanceModeStatus": "on", "maintenanceModeStartTime": START, "maintenanceModeDuration": 0}, None),
        ({"maintenanceModeStatus": "on", "maintenanceModeStartTime": START, "maintenanceModeEndTime": None}, None),
        # Over, or not begun: what the fields hold is of another time.
        ({"maintenanceModeStatus": "off", "maintenanceModeStartTime": START, "maintenanceModeDuration": 60}, None),
        ({"maintenanceModeStatus": "start-requested", "maintenanceModeStartTime": START}, None),
        ({"maintenanceModeStatus": "on", "maintenanceModeStartTime": START, "maintenanceModeDuration": 5}, 0),
    ],
)
def test_minutes_left(control: dict[str, Any], left: int | None) -> None:
    assert computer({"state": "on", **control}).minutes_left(START / 1000 + 600) == left


@pytest.mark.parametrize(
    ("status", "duration", "ends", "endless"),
    [
        ("on", None, None, True),
        ("start-requested", None, None, True),
        ("on", 60, None, False),  # the manager does not say since when
        ("on", None, 1.0, False),
        ("off", None, None, False),
        ("stop-requested", None, None, False),
        (None, None, None, False),
    ],
)
def test_endless(status: str | None, duration: int | None, ends: float | None, endless: bool) -> None:
    assert Computer(1, "a", status=status, duration=duration, ends=ends).endless is endless


ACTIVE = {"agentStatus": "active", "agentStatusMessage": "On"}


@pytest.mark.parametrize(
    ("control", "agent", "reason"),
    [
        ({"state": "on", "moduleStatus": ACTIVE}, {"agentStatus": "active", "agentStatusMessages": ["Managed"]}, None),
        ({"state": "inherited", "moduleStatus": None}, None, None),
        ({"state": "on", "moduleStatus": {"agentStatus": "warning"}}, {"agentStatus": "warning"}, None),
        # Not an agent that is away.
        ({"state": "on"}, {"agentStatus": "error", "agentStatusMessages": ["Anti-Malware Engine Offline"]}, None),
        (None, {"agentStatus": "active"}, "the manager shows no Application Control"),
        ({"state": "off", "moduleStatus": {"agentStatus": "inactive"}}, None, "Application Control is off"),
        # A newer manager's status: one computer's problem, not everybody's.
        ({"state": "on", "maintenanceModeStatus": "paused"}, None, "status 'paused', which is not known here"),
        (
            {"state": "on"},
            {"agentStatus": "error", "agentStatusMessages": ["Offline"]},
            "its agent is offline (Offline)",
        ),
        ({"state": "on"}, {"agentStatus": "warning", "agentStatusMessages": ["Managed (Offline)"]}, "agent is offline"),
        ({"state": "on"}, {"agentStatus": "inactive", "agentStatusMessages": ["No Agent"]}, "is inactive (No Agent)"),
        (
            {"state": "on", "moduleStatus": {"agentStatus": "error", "agentStatusMessage": "Driver missing"}},
            {"agentStatus": "active"},
            "module is not active (error: Driver missing)",
        ),
    ],
)
def test_unavailable(control: dict[str, Any] | None, agent: dict[str, Any] | None, reason: str | None) -> None:
    if control is not None:
        control = {"maintenanceModeStatus": "off", **control}
    found = computer(control, computerStatus=agent).unavailable()
    assert (found is None) == (reason is None)
    assert (reason or "") in (found or "")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ([], "a computer without a numeric ID"),
        ({"ID": "7"}, "a computer without a numeric ID"),
        ({"ID": True}, "a computer without a numeric ID"),
    ],
)
def test_what_is_no_computer(data: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        parse(data)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = ("state", "maintenanceModeDuration", "maintenanceModeStartTime", "maintenanceModeEndTime")
STATUS = st.fixed_dictionaries({}, optional={"agentStatus": VALUES, "agentStatusMessages": VALUES}) | VALUES
CONTROL = st.fixed_dictionaries(
    {"maintenanceModeStatus": st.sampled_from(["on", "off", "start-requested", None]) | VALUES},
    optional=dict.fromkeys(NAMES, VALUES) | {"moduleStatus": STATUS},
)


@given(
    st.fixed_dictionaries(
        {"ID": st.integers() | VALUES},
        optional={"hostName": VALUES, "applicationControl": CONTROL | VALUES, "computerStatus": STATUS},
    )
)
def test_any_json_is_a_computer_or_refused(data: dict[str, Any]) -> None:
    try:
        found = parse(data)
    except ValueError:
        return
    report = found.report(START / 1000)
    assert report["id"] == data["ID"]
    assert report["minutes_left"] is None or report["minutes_left"] >= 0

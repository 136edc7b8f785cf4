"""What LCS says means: the text first, the numbers then."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._state import (
    CHANGING,
    FAILED,
    OFF,
    ON,
    UNKNOWN,
    Action,
    Words,
    kind_of,
    mode_of,
    parse_action,
    parse_api_action,
    parse_api_details,
    parse_details,
    parse_history,
    parse_progress,
)

GERMAN = Words(("In Wartung",), (13,))


@pytest.mark.parametrize(
    ("status", "state", "internal", "words", "mode"),
    [
        ("In Maintenance", 13, 1, Words(), (ON, False)),
        ("in maintenance ", 3, 2, Words(), (ON, False)),  # the text wins
        ("Deployed", 13, 2, Words(), (OFF, False)),
        ("Servicing", 3, 1, Words(), (CHANGING, False)),
        ("Servicing failed", 3, 1, Words(), (FAILED, False)),
        ("Failed", 11, 2, Words(), (FAILED, False)),
        ("In Wartung", 3, 1, GERMAN, (ON, False)),
        ("In Wartung", 13, 1, Words(), (ON, True)),
        ("Bereitgestellt", 3, 1, Words(), (OFF, True)),
        ("Fehlgeschlagen", 3, 2, Words(), (FAILED, True)),
        ("Fehler bei der Wartung", 11, 2, Words(), (FAILED, True)),
        *[("", number, 0, Words(), (CHANGING, True)) for number in (4, 5, 11, 12, 20, 22, 33)],
        *[("", number, 0, Words(), (UNKNOWN, False)) for number in (1, 6, 34, 99, None)],
        ("", 34, 0, Words((), (34,)), (ON, True)),
        ("Paused", 1, 1, Words(), (UNKNOWN, False)),
    ],
)
def test_mode(status: str, state: int | None, internal: int, words: Words, mode: tuple[str, bool]) -> None:
    assert mode_of(status, state, internal, words) == mode


def test_details() -> None:
    environment = parse_details(
        {
            "DeploymentStatus": "Servicing failed",
            "DeploymentState": 11,
            "InternalDeploymentStatus": 2,
            "DeploymentErrorCode": 1203,
            "Errors": ["Step 3 failed", None],
            "EnvironmentName": "Contoso UAT",
            "ActivityId": "a-1",
            "NavigationLinks": [
                {"DisplayName": "Other", "NavigationUri": "https://x"},
                {
                    "DisplayName": "Log on to environment",
                    "NavigationUri": "https://uat.sandbox.operations.dynamics.com",
                },
            ],
            "IsEnableMaintenanceMode": True,
            "IsDiagnosticsEnabledEnvironment": True,
        },
        Words(),
    )
    assert environment.mode == FAILED
    assert environment.errors == "Step 3 failed; error code 1203"
    assert (environment.name, environment.activity_id) == ("Contoso UAT", "a-1")
    assert (environment.url, environment.diagnostics) == ("https://uat.sandbox.operations.dynamics.com", True)
    assert str(environment) == 'status "Servicing failed", DeploymentState 11 (Servicing)'


@pytest.mark.parametrize("flag", [True, False, None])
def test_the_menu_flag_never_decides(flag: bool | None) -> None:
    data = {"DeploymentStatus": "Deployed", "DeploymentState": 3, "IsEnableMaintenanceMode": flag}
    assert parse_details(data, Words()).mode == OFF


@pytest.mark.parametrize("data", [None, [], "x", {}, {"DeploymentState": True}, {"DeploymentStatus": 3}])
def test_no_details(data: Any) -> None:
    with pytest.raises(ValueError, match="details"):
        parse_details(data, Words())


@pytest.mark.parametrize(
    ("data", "mode", "state"),
    [
        ({"DeploymentState": "Finished", "DeploymentStatusDisplay": "Deployed"}, OFF, 3),
        ({"DeploymentState": "Servicing", "DeploymentStatusDisplay": "x"}, CHANGING, 11),
        ({"DeploymentState": "SafeMode"}, ON, 13),
        ({"DeploymentStatusDisplay": "In Maintenance"}, ON, None),
        ({"DeploymentState": "Whatever"}, UNKNOWN, None),
    ],
)
def test_api_details(data: dict[str, Any], mode: str, state: int | None) -> None:
    environment = parse_api_details(data, Words())
    assert (environment.mode, environment.state) == (mode, state)


@pytest.mark.parametrize("data", [None, {}, {"EnvironmentName": "x"}])
def test_no_api_details(data: Any) -> None:
    with pytest.raises(ValueError, match="details"):
        parse_api_details(data, Words())


@pytest.mark.parametrize(
    ("status", "running", "failed"),
    [
        *[(number, True, False) for number in (0, 1, 11, 12, 13, 20, 22)],
        *[(number, False, True) for number in (3, 10, 15, 19)],
        *[(number, False, False) for number in (2, 5, 6, 7, 14, 16, 17, 18, 23, 24, 25)],
        (None, True, False),
    ],
)
def test_action_status(status: int | None, running: bool, failed: bool) -> None:
    action = parse_action({"Name": "Enable Maintenance Mode", "Status": status})
    assert action
    assert (action.running, action.failed) == (running, failed)


@pytest.mark.parametrize("data", [None, {}, [], "x", {"Name": None, "Id": None}])
def test_no_action(data: Any) -> None:
    assert parse_action(data) is None


def test_history_is_the_newest_first() -> None:
    entries = [
        {"Id": 1, "Name": "a", "CompletionDate": "then"},
        {"Id": 3, "Name": "c", "CompleteDate": "later"},
        None,
        {"Id": 2, "Name": "b"},
    ]
    found = parse_history({"Results": entries})
    assert [(action.name, action.ended) for action in found] == [("c", "later"), ("b", ""), ("a", "then")]
    unnumbered = parse_history({"Results": [{"Name": "new"}, {"Name": "old"}]})
    assert [action.name for action in unnumbered] == ["new", "old"]
    assert parse_history(None) == parse_history({"Results": None}) == []


def test_api_history() -> None:
    entry = {
        "Name": "Enable Maintenance Mode",
        "Type": "EnvironmentMaintenance",
        "TypeDisplay": "Maintenance",
        "StartDateTimeUtc": "2026-11-24T21:00:00",
        "EndDateTimeUtc": "2026-11-24T21:20:00",
        "Status": "Completed",
        "ActivityId": "a-1",
    }
    action = parse_api_action(entry)
    assert action == Action(
        "Enable Maintenance Mode", None, "Completed", "Maintenance", "2026-11-24T21:00:00", "2026-11-24T21:20:00", "a-1"
    )
    assert str(action) == "Enable Maintenance Mode Completed"
    assert parse_api_action([]) is None


@pytest.mark.parametrize(
    ("data", "percent"),
    [
        ({"IsDeterminate": True, "ProgressPercent": 35}, 35),
        ({"ProgressPercent": 0}, 0),
        ({"ProgressPercent": 35.4}, 35),
        ({"ProgressPercent": True}, None),
        ({"IsDeterminate": False, "ProgressPercent": 35}, None),
        ({"ProgressPercent": "35"}, None),
        (None, None),
    ],
)
def test_progress(data: Any, percent: int | None) -> None:
    assert parse_progress(data) == percent


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ([{"DeploymentInstances": [{"EnvironmentId": "ABC", "DeploymentEnvironmentType": 3}]}], 3),
        ([{"DeploymentInstances": None}, {"DeploymentInstances": [{"EnvironmentId": "abc"}]}], None),
        ({"DeploymentInstances": [{"EnvironmentId": "abc", "DeploymentEnvironmentType": 0}]}, 0),
    ],
)
def test_type_of_an_environment(data: Any, kind: int | None) -> None:
    assert kind_of(data, "abc") == kind


@pytest.mark.parametrize("data", [None, [], {}, [None], [{"DeploymentInstances": [None, {"EnvironmentId": "x"}]}]])
def test_an_environment_that_is_not_there(data: Any) -> None:
    with pytest.raises(LookupError):
        kind_of(data, "abc")

"""What an operation is doing, and whether it has ended."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._operation import (
    moment,
    parse_operation,
    parse_operations,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso


def body(state: str = "Running", *stages: tuple[str, str], **more: Any) -> dict[str, Any]:
    """An operation as the platform tells it."""
    return {
        "id": "b03e1e6d-73db-4367-90e1-2e378bf7e2fc",
        "links": {"self": {"path": "/providers/x"}, "environment": {"path": "/providers/y"}},
        "type": {"id": "Edit"},
        "typeDisplayName": "Edit",
        "state": {"id": state},
        "createdDateTime": "2026-11-24T21:00:04.1234567Z",
        "lastActionDateTime": "2026-11-24T21:01:09.7654321Z",
        "requestedBy": {"id": "1", "displayName": "quiesce", "type": "ServicePrincipal", "tenantId": "2"},
        "stages": [
            {
                "id": name,
                "name": name,
                "state": {"id": each},
                "firstActionDateTime": "2026-11-24T21:00:05.0000001Z",
                "lastActionDateTime": "2026-11-24T21:00:09Z",
            }
            for name, each in stages
        ],
        **more,
    }


@pytest.mark.parametrize(
    ("state", "succeeded", "failed", "ended"),
    [
        ("NotStarted", False, False, False),
        ("Running", False, False, False),
        ("Validated", False, False, False),
        ("", False, False, False),
        ("Succeeded", True, False, True),
        ("succeeded", True, False, True),
        ("Failed", False, True, True),
        ("Canceled", False, True, True),
        ("Cancelled", False, True, True),
    ],
)
def test_states(state: str, succeeded: bool, failed: bool, ended: bool) -> None:
    operation = parse_operation(body(state))
    assert operation is not None
    assert (operation.succeeded, operation.failed, operation.ended) == (succeeded, failed, ended)


@pytest.mark.parametrize(
    ("stages", "stage", "progress"),
    [
        ([], None, "operation Edit of quiesce Running"),
        (
            [("Validate", "Running")],
            "Validate",
            "operation Edit of quiesce: stage Validate Running since 2026-11-24T21:00:05Z",
        ),
        (
            [("Validate", "Succeeded"), ("Prepare", "Succeeded"), ("Run", "Running")],
            "Run",
            "operation Edit of quiesce: stage Run Running since 2026-11-24T21:00:05Z",
        ),
        (
            [("Validate", "Succeeded"), ("Run", "Failed"), ("Clean", "Succeeded")],
            "Run",
            "operation Edit of quiesce: stage Run Failed since 2026-11-24T21:00:05Z",
        ),
    ],
)
def test_the_stage_that_counts(stages: list[tuple[str, str]], stage: str | None, progress: str) -> None:
    operation = parse_operation(body("Running", *stages))
    assert operation is not None
    assert (operation.stage.id if operation.stage else None, operation.progress) == (stage, progress)


def test_result() -> None:
    operation = parse_operation(body("Succeeded", ("Validate", "Succeeded")))
    assert operation is not None
    assert operation.result() == {
        "id": "b03e1e6d-73db-4367-90e1-2e378bf7e2fc",
        "type": "Edit",
        "state": "Succeeded",
        "requested_by": "quiesce",
        "created": "2026-11-24T21:00:04Z",
        "last_action": "2026-11-24T21:01:09Z",
        "stages": [
            {
                "id": "Validate",
                "state": "Succeeded",
                "began": "2026-11-24T21:00:05Z",
                "last_action": "2026-11-24T21:00:09Z",
            }
        ],
    }


@pytest.mark.parametrize("data", [None, [], "x", {}, {"id": ""}, {"id": 5}, {"state": {"id": "Failed"}}])
def test_what_is_no_operation(data: object) -> None:
    assert parse_operation(data) is None


def test_an_operation_with_hardly_anything() -> None:
    operation = parse_operation({"id": "/providers/x/lifecycleOperations/abc", "stages": [None, {}], "state": "Failed"})
    assert operation is not None
    assert (operation.id, operation.failed, len(operation.stages)) == ("abc", True, 1)


def test_the_newest_first_whatever_the_order() -> None:
    days = ["2026-11-02T00:00:00Z", "2026-11-03T00:00:00.5Z", None, "2026-11-01T00:00:00Z"]
    found = parse_operations(
        {"value": [body(id=str(at), createdDateTime=day) for at, day in enumerate(days)] + ["no operation"]}
    )
    assert found is not None
    assert [operation.id for operation in found] == ["1", "0", "3", "2"]


@pytest.mark.parametrize("data", [None, [], {}, {"value": None}, {"value": {"a": 1}}])
def test_what_is_no_list(data: object) -> None:
    assert parse_operations(data) is None


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-24T21:00:04.1234567Z", "2026-11-24T21:00:04Z"),
        ("2026-11-24T21:00:04Z", "2026-11-24T21:00:04Z"),
        ("2026-11-24T22:00:04+01:00", "2026-11-24T21:00:04Z"),
        ("2026-11-24T21:00:04", "2026-11-24T21:00:04Z"),
        ("2026-13-24T21:00:04Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        (None, None),
        (5, None),
    ],
)
def test_moments(text: object, at: str | None) -> None:
    found = moment(text)
    assert (iso(found) if found else None) == at

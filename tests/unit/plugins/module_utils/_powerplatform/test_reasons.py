"""Why an operation failed: what two APIs tell of it, and where a person finds the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._finops import (
    errors_of,
    parse_errors,
    parse_finops,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._history import (
    check_folder,
    entry_of,
    parse_history,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._operation import Operation, moment
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._options import open_access
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._reasons import add_reasons
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._switching import OperationFailed

from fakes.clock import Time
from fakes.powerplatform import ID, unified
from fakes.rest import Asked, Reply, Rest, rest

Params = Callable[..., dict[str, Any]]

OPERATION = Operation("op-1", "Edit", state="Failed", created=moment("2026-11-24T21:00:04Z"))
HISTORY_ID = "7b1f3c52-9f65-4f0e-9a3e-2f0a7c1d8e44"
APP = {"tenant_id": "t", "client_id": "4f2b8b0e-7a51-4b0c-9a55-3b6d1f6a7f10", "client_secret": "s3cret"}


def error(at: str, correlation: str = "other", code: str = "X") -> dict[str, Any]:
    """An error as the platform tells it."""
    return {
        "correlationId": correlation,
        "errorCode": code,
        "errorMessage": "The database synchronization failed.",
        "failedActionName": "SyncDatabase",
        "failedAt": at,
        "operationType": "Edit",
    }


def row(started: str, correlation: str = "other", number: int = 1, **more: Any) -> dict[str, Any]:
    """A row of the history."""
    return {
        "msprov_operationhistoryid": HISTORY_ID[:-1] + str(number),
        "msprov_name": "EnableMaintenanceMode",
        "msprov_description": "Failed",
        "msprov_correlationid": correlation,
        "msprov_startedon": started,
        "statuscode": 3,
        **more,
    }


@pytest.mark.parametrize(
    ("errors", "codes"),
    [
        ([], []),
        ([error("2026-11-24T20:59:00Z")], []),
        ([error("2026-11-24T21:05:00Z", code="A"), error("2026-11-24T21:06:00Z", code="B")], ["B", "A"]),
        ([error("2026-11-24T21:05:00Z", code="A"), error("2026-01-01T00:00:00Z", "OP-1", code="B")], ["B"]),
        ([error("", code="A")], []),
    ],
)
def test_errors_of_an_operation(errors: list[dict[str, Any]], codes: list[str]) -> None:
    found = errors_of(parse_errors({"environmentId": ID, "errors": [*errors, "none"]}), OPERATION)
    assert [each.code for each in found] == codes


@pytest.mark.parametrize("data", [None, [], {}, {"errors": None}])
def test_no_errors(data: object) -> None:
    assert parse_errors(data) == []


@pytest.mark.parametrize(
    ("rows", "number"),
    [
        ([], None),
        ([row("2026-11-24T20:50:00Z")], None),
        ([row("2026-11-24T20:59:30Z", number=2), row("2026-11-24T21:30:00Z", number=3)], 2),
        ([row("2026-11-24T21:00:30Z", number=2), row("2026-01-01T00:00:00Z", "op-1", number=3)], 3),
        ([row("", number=2)], None),
        ([row("2026-11-24T21:00:30Z", msprov_operationhistoryid="../x")], None),
    ],
)
def test_the_entry_of_an_operation(rows: list[dict[str, Any]], number: int | None) -> None:
    found = entry_of(parse_history({"value": [*rows, None]}), OPERATION)
    assert (found.id[-1] if found else None) == (str(number) if number else None)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (
            {"deploymentType": "UnifiedSandbox", "lastObservedAOSCount": 1, "lastObservedBatchAOSCount": 2},
            ("UnifiedSandbox", 1, 2),
        ),
        ({"deploymentType": 5, "lastObservedAOSCount": "1", "lastObservedBatchAOSCount": True}, (None, None, None)),
        (None, (None, None, None)),
    ],
)
def test_finops(data: object, found: tuple[Any, ...]) -> None:
    assert tuple(parse_finops(data).result().values()) == found


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    check_folder(None)
    check_folder(str(tmp_path))
    with pytest.raises(Invalid, match="is no folder on the controller"):
        check_folder(str(tmp_path / "missing"))


# --- together ---------------------------------------------------------------------------------------------------------


class Service:
    """All the APIs that tell a reason; ``fails`` names paths that are refused."""

    def __init__(self, log: bytes | None, *fails: str) -> None:
        self.log = log
        self.fails = fails

    def __call__(self, asked: Asked) -> Reply:
        if any(part in asked.path for part in self.fails):
            return Reply(403, {"error": {"code": "Forbidden", "message": "no right"}})
        if asked.path.endswith("/token"):
            return Reply(200, {"access_token": f"t0ken for {asked.form['scope']}".replace(" ", "-")})
        if asked.path.endswith("/operationerrors"):
            return Reply(200, {"errors": [error("2026-11-24T21:05:00Z", code="DatabaseSyncFailed")]})
        if asked.path.endswith("$value"):
            return Reply(200, self.log)
        return Reply(200, {"value": [row("2026-11-24T21:00:05Z")]})


def explained(server: Rest, params: Params, folder: Path | None) -> OperationFailed:
    """The failure of an operation, with what could be found out."""
    access = open_access(params(server, **APP), Time().run())
    failure = OperationFailed("switch", "it", "the operation ended with Failed at the stage Run", "Look at the reason")
    environment = unified(dataverse_url=server.url)
    add_reasons(failure, access, environment, OPERATION, str(folder) if folder else None)
    return failure


def test_all_is_told(params: Params, tmp_path: Path) -> None:
    with rest(Service(b"PK\x03\x04log")) as server:
        failure = explained(server, params, tmp_path)
        tokens = [asked.form["scope"] for asked in server if asked.path.endswith("/token")]
        assert tokens == ["https://api.powerplatform.com/.default", f"{server.url}/.default"]
        read = next(asked for asked in server if asked.path.endswith("/operationerrors"))
    assert read.path == f"/dynamics/environments/{ID}/operationerrors"
    assert read.query == {"maxResults": "20", "api-version": "2024-10-01"}
    log = tmp_path / f"powerplatform_{ID}_{HISTORY_ID[:-1]}1.zip"
    assert log.read_bytes() == b"PK\x03\x04log"
    assert str(failure) == (
        "Could not switch on it: the operation ended with Failed at the stage Run: DatabaseSyncFailed: The database "
        f"synchronization failed. (in SyncDatabase). Read {log}. Look at the reason."
    )
    assert failure.details["log_file"] == str(log)
    assert failure.details["errors"][0]["failed_at"] == "2026-11-24T21:05:00Z"
    assert failure.details["history"]["name"] == "EnableMaintenanceMode"
    assert failure.details["not_read"] == []


@pytest.mark.parametrize(
    ("log", "fails", "not_read"),
    [
        (b"", [], 0),
        (b"x", ["operationerrors"], 1),
        (b"x", ["msprov"], 1),
        (b"x", ["$value"], 1),
        (b"x", ["/dynamics", "msprov"], 2),
        (b"x", ["/token"], 2),
    ],
)
def test_what_is_not_told_is_no_failure(
    log: bytes, fails: list[str], not_read: int, params: Params, tmp_path: Path
) -> None:
    with rest(Service(log, *fails)) as server:
        failure = explained(server, params, tmp_path)
    assert len(failure.details["not_read"]) == not_read
    if fails != ["operationerrors"]:
        assert "Environments > the environment > History" in failure.remedy
        assert list(tmp_path.iterdir()) == []


def test_a_log_that_cannot_be_kept(params: Params, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    with rest(Service(b"x")) as server:
        failure = explained(server, params, gone)
    assert failure.details["log_file"] is None
    assert "keep the log" in failure.details["not_read"][0]


def test_no_folder_no_download(params: Params) -> None:
    with rest(Service(b"x")) as server:
        failure = explained(server, params, None)
        assert not any(asked.path.endswith("$value") for asked in server)
    assert failure.details["history"] is not None

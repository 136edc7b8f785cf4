"""The public API, asked as d365fo.tools asks it and as the vendor's reference describes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from fakes.lcs_client import PROJECT
from lab.clock import Clock
from lab.lcs import LcsApi, LcsEnvironment, Project, ServicingFailure
from lab.pki import Authority

DETAIL = f"/environmentinfo/v1/detail/project/{PROJECT}/"
ENVELOPE = {
    "ResultPageCurrent",
    "ResultHasMorePages",
    "Data",
    "IsSuccess",
    "OperationActivityId",
    "ErrorMessage",
    "VersionEOL",
}
# The properties that the vendor's reference lists.
METADATA = [
    "EnvironmentId",
    "EnvironmentName",
    "ProjectId",
    "EnvironmentInfrastructure",
    "EnvironmentType",
    "EnvironmentGroup",
    "EnvironmentProduct",
    "EnvironmentEndpointBaseUrl",
    "DeploymentState",
    "TopologyDisplayName",
    "CurrentApplicationBuildVersion",
    "CurrentApplicationReleaseName",
    "CurrentPlatformReleaseName",
    "CurrentPlatformVersion",
    "DeployedOnUTC",
    "CloudStorageLocation",
    "DisasterRecoveryLocation",
    "DeploymentStatusDisplay",
    "CanStart",
    "CanStop",
]
HISTORY = [
    "Name",
    "Type",
    "TypeDisplay",
    "StartDateTimeUtc",
    "EndDateTimeUtc",
    "Status",
    "ActivityId",
    "EnvironmentId",
    "ProjectId",
]

Get = Callable[..., requests.Response]


@pytest.fixture
def get(api: LcsApi, authority: Authority) -> Get:
    def get(path: str, bearer: str = "Bearer a-users-token", version: str = "2017-09-15") -> requests.Response:
        headers = {name: value for name, value in (("Authorization", bearer), ("x-ms-version", version)) if value}
        return requests.get(api.url + path, headers=headers, verify=str(authority.ca_file), timeout=10)

    return get


def history(environment: LcsEnvironment) -> str:
    return f"/environmentinfo/v1/history/project/{PROJECT}/environment/{environment.id}"


def test_the_shapes_are_those_of_the_reference(get: Get, clock: Clock, environment: LcsEnvironment) -> None:
    body = get(f"{DETAIL}?environmentId={environment.id}").json()
    assert set(body) == ENVELOPE
    (entry,) = body["Data"]
    assert list(entry) == METADATA
    assert (entry["DeploymentState"], entry["DeploymentStatusDisplay"]) == ("Finished", "Deployed")
    environment.begin(True)
    clock.advance(1201)
    body = get(history(environment)).json()
    assert set(body) == ENVELOPE
    (entry,) = body["Data"]
    assert list(entry) == HISTORY
    assert (entry["TypeDisplay"], entry["Status"]) == ("Enable maintenance mode", "Completed")
    assert entry["ActivityId"] == environment.operations[0].activity
    assert "Z" not in entry["StartDateTimeUtc"] + entry["EndDateTimeUtc"]


def test_the_state_while_it_is_serviced(get: Get, clock: Clock, environment: LcsEnvironment) -> None:
    def seen() -> tuple[str, str, str, Any]:
        (entry,) = get(f"{DETAIL}?environmentName=Contoso-SIT").json()["Data"]
        newest = get(f"{history(environment)}/?page=1").json()["Data"][0]
        return entry["DeploymentState"], entry["DeploymentStatusDisplay"], newest["Status"], newest["EndDateTimeUtc"]

    environment.failures.append(ServicingFailure())
    environment.begin(True)
    assert seen() == ("Servicing", "Servicing", "PreparingEnvironment", None)
    clock.advance(1201)
    assert seen()[:3] == ("Finished", "Failed", "Failed")
    environment.roll_back()
    assert seen()[:3] == ("ServicingRollback", "Servicing rollback", "RollbackInProgress")
    clock.advance(1201)
    assert seen()[:3] == ("Finished", "Deployed", "RollbackCompleted")
    environment.maintenance = True
    assert seen()[:2] == ("SafeMode", "In Maintenance")


def test_pages(get: Get, api: LcsApi, clock: Clock, project: Project) -> None:
    api.page_size = 2
    for number in range(5):
        project.add(LcsEnvironment(f"env{number}", clock))
    found: list[str] = []
    path = DETAIL.rstrip("/")  # as the client asks for the first page
    for page in range(2, 9):
        body = get(path).json()
        assert body["ResultPageCurrent"] == page - 1
        found += [entry["EnvironmentName"] for entry in body["Data"]]
        if not body["ResultHasMorePages"]:
            break
        path = f"{DETAIL}?page={page}"
    assert found == [f"env{number}" for number in range(5)]
    assert get(f"{DETAIL}?page=9").json()["Data"] == []


def test_an_id_with_and_without_dashes(get: Get, api: LcsApi, environment: LcsEnvironment) -> None:
    api.ids = "plain"
    plain = environment.id.replace("-", "")
    (entry,) = get(f"{DETAIL}?environmentId={plain.upper()}").json()["Data"]
    assert entry["EnvironmentId"] == plain
    assert get(f"{DETAIL}?environmentId=00000000-0000-0000-0000-000000000001").json()["Data"] == []


@pytest.mark.parametrize(
    "path",
    [
        "/environmentinfo/v1/detail/project/1/",
        f"{DETAIL}?environmentName=x&page=1",
        f"/environmentinfo/v1/history/project/{PROJECT}/environment/00000000-0000-0000-0000-000000000001/",
    ],
)
def test_a_failure_is_a_200(get: Get, path: str) -> None:
    answer = get(path)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["IsSuccess"], body["Data"]) == (False, None)
    assert body["ErrorMessage"]


def test_who_is_let_in(get: Get, api: LcsApi, environment: LcsEnvironment) -> None:
    for header in ("", "a-users-token", "Bearer another"):
        answer = get(DETAIL, bearer=header)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert get(DETAIL, version="").json()["IsSuccess"] is False
    assert get(DETAIL, version="2016-01-01").json()["IsSuccess"] is False
    api.version_required = False
    assert get(DETAIL, version="").json()["IsSuccess"] is True
    assert get(DETAIL, version="2016-01-01").json()["IsSuccess"] is False
    assert "a-users-token" not in str(api.log)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", DETAIL, 405),
        ("GET", f"/environmentinfo/v2/detail/project/{PROJECT}/", 404),
        ("POST", f"/environment/v1/maintenance/project/{PROJECT}/", 404),
    ],
)
def test_nothing_else_is_served(api: LcsApi, authority: Authority, method: str, path: str, status: int) -> None:
    answer = requests.request(method, api.url + path, verify=str(authority.ca_file), timeout=10)
    assert answer.status_code == status


def test_six_calls_a_minute_for_a_project(get: Get, api: LcsApi, clock: Clock, environment: LcsEnvironment) -> None:
    for _call in range(6):
        assert get(DETAIL).status_code == 200
    refused = get(DETAIL)
    assert refused.status_code == 429
    wait = int(refused.headers["retry-after"])
    assert 0 < wait <= 60
    assert get(history(environment)).status_code == 200  # counted by itself
    clock.advance(wait)
    assert get(DETAIL).status_code == 200
    clock.advance(60)
    api.retry_after = False
    for _call in range(6):
        assert get(DETAIL).status_code == 200
    refused = get(DETAIL)
    assert (refused.status_code, "retry-after" in refused.headers) == (429, False)
    assert api.throttled == 2


def test_the_histories_of_a_project_share_a_limit(get: Get, clock: Clock, project: Project) -> None:
    one, other = (project.add(LcsEnvironment(name, clock)) for name in ("one", "other"))
    for _call in range(3):
        assert get(history(one)).status_code == 200
    clock.advance(31)
    for _call in range(3):
        assert get(history(one)).status_code == 200
    refused = get(history(other))  # six of the project in a minute
    assert refused.status_code == 429
    clock.advance(30)
    assert get(history(other)).status_code == 200


def test_the_labs_scale_shortens_the_minute(get: Get, clock: Clock, environment: LcsEnvironment) -> None:
    clock.scale = 20
    waits = [int(get(DETAIL).headers.get("retry-after", "0")) for _call in range(7)]
    assert max(waits) <= 3
    clock.advance(3)
    assert get(DETAIL).json()["Data"][0]["EnvironmentId"] == environment.id


def test_faults(get: Get, api: LcsApi, environment: LcsEnvironment) -> None:
    api.faults.extend(["unavailable", "cut-json"])
    assert get(DETAIL).status_code == 503
    with pytest.raises(requests.exceptions.JSONDecodeError):
        get(DETAIL).json()
    assert get(DETAIL).json()["Data"][0]["EnvironmentId"] == environment.id

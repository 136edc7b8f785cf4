"""The admin API of the simulated Power Platform, asked by plain requests with the bodies of the known clients."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from lab.clock import Clock
from lab.pki import Authority
from lab.powerplatform import Environment, FinOps, Mode, Site, Stranger
from lab.powerplatform.environment_json import ADMIN
from lab.rest.service import Fault
from lab.thread import LoopThread

ON = {"properties": {"states": {"runtime": {"id": "AdminMode"}}}}
OFF = {"properties": {"states": {"runtime": {"id": "Enabled"}}}}
OPERATIONS = "/providers/Microsoft.BusinessAppPlatform/lifecycleOperations"

Call = Callable[..., requests.Response]


def with_background(body: dict[str, Any], state: str | None) -> dict[str, Any]:
    """The body as the Terraform provider and the PowerShell module send it."""
    metadata = {"backgroundOperationsState": state} if state else {}
    return {"properties": {**body["properties"], "LinkedEnvironmentMetadata": metadata}}


@pytest.fixture
def contoso(site: Site) -> Environment:
    return next(iter(site.cloud.environments.values()))


@pytest.fixture
def call(site: Site, ca_file: str) -> Call:
    """Send a request to the global host, or a whole URL, with the application's token."""

    def call(method: str, path: str, version: str = "2023-06-01", **more: Any) -> requests.Response:
        if path.startswith("https:"):
            url, query = path, {}
        else:
            url, query = f"{site.bap.url}{path}", {"api-version": version}
        token = more.pop("token", None) or site.directory.tokens.issue(
            site.application.id, site.application.object_id, "https://service.powerapps.com"
        )
        query |= more.pop("params", {})
        headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
        session = requests.Session()
        session.trust_env = False
        return session.request(method, url, params=query, headers=headers, verify=ca_file, **{"timeout": 5, **more})

    return call


@pytest.fixture
def patch(call: Call, contoso: Environment) -> Call:
    def patch(body: Any, version: str = "2021-04-01", **more: Any) -> requests.Response:
        return call("PATCH", f"{ADMIN}/{contoso.id}", version, json=body, **more)

    return patch


@pytest.fixture
def read(call: Call, contoso: Environment) -> Callable[[], dict[str, Any]]:
    """Read the environment's properties."""

    def read() -> dict[str, Any]:
        found: dict[str, Any] = call("GET", f"{ADMIN}/{contoso.id}").json()["properties"]
        return found

    return read


Read = Callable[[], dict[str, Any]]


def code(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def pass_by(site: Site, seconds: float) -> None:
    """Let simulated seconds pass, of which the clock has few in a real one."""
    site.clock.advance(seconds / site.clock.scale)


def test_in_and_out(site: Site, contoso: Environment, patch: Call, call: Call, read: Read) -> None:
    answer = patch(with_background(ON, "Disabled"))
    assert (answer.status_code, answer.content) == (202, b"")
    url = answer.headers["Operation-Location"]
    assert url == answer.headers["Location"]
    assert url.startswith(f"{site.region.url}{OPERATIONS}/")
    assert url.endswith("?api-version=2023-06-01")
    seen = []
    for seconds in (1, 5, 20, 1080):
        pass_by(site, seconds)
        operation = call("GET", url).json()
        seen.append((operation["state"]["id"], [stage["name"] for stage in operation["stages"]]))
        assert [stage["state"]["id"] for stage in operation["stages"]][:-1] == ["Succeeded"] * (len(seen) - 1)
        assert read()["states"]["management"]["id"] == "Running"
        assert read()["states"]["runtime"]["id"] == "Enabled"
    names = ["Validate", "Prepare", "Run", "Finalize"]
    assert seen == [("Running", names[:number]) for number in (1, 2, 3, 4)]
    pass_by(site, 95)
    operation = call("GET", url).json()
    assert operation["state"]["id"] == "Succeeded"
    assert operation["requestedBy"]["type"] == "ServicePrincipal"
    assert operation["links"]["environment"]["path"].endswith(f"/environments/{contoso.id}")
    shown = read()
    assert shown["states"]["runtime"]["id"] == "AdminMode"
    assert shown["states"]["runtime"]["requestedBy"] == {"displayName": "ServicePrincipal", "type": "ServicePrincipal"}
    assert shown["linkedEnvironmentMetadata"]["backgroundOperationsState"] == "Disabled"
    assert contoso.in_maintenance
    assert patch(with_background(OFF, "Enabled")).status_code == 202
    pass_by(site, 1200)
    assert read()["states"]["runtime"]["id"] == "Enabled"
    assert contoso.mode == Mode(requested_by="ServicePrincipal", requester_type="ServicePrincipal")


@pytest.mark.parametrize("body", [ON, with_background(ON, None), with_background(ON, "Enabled")])
def test_the_bodies_of_the_known_clients(patch: Call, body: dict[str, Any]) -> None:
    assert patch(body).status_code == 202


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"properties": {}},
        {"properties": {"states": {"runtime": {"id": "adminmode"}}}},
        {"properties": {"states": {"runtime": {"id": "Disabled"}}}},
        {"properties": {"states": {"runtime": "AdminMode"}}},
        {"properties": {"states": {"runtime": {"id": "AdminMode"}, "management": {"id": "Ready"}}}},
        {"properties": {**ON["properties"], "displayName": "Contoso"}},
        {"properties": {**ON["properties"], "description": ""}},
        {"properties": {**ON["properties"], "linkedEnvironmentMetadata": {"backgroundOperationsState": True}}},
        {"properties": {**ON["properties"], "linkedEnvironmentMetadata": {"domainName": "contoso"}}},
        {"properties": {**ON["properties"], "linkedEnvironmentMetadata": None}},
        {**ON, "location": "europe"},
        [ON],
        "AdminMode",
    ],
)
def test_nothing_else_is_taken(site: Site, patch: Call, body: Any) -> None:
    assert code(patch(body)) == (400, "BadRequest")
    assert site.cloud.operations == []


def test_the_version_and_the_content_type(patch: Call, call: Call, contoso: Environment) -> None:
    assert code(patch(ON, "2023-06-01")) == (400, "InvalidApiVersionParameter")
    assert code(call("GET", f"{ADMIN}/{contoso.id}", "2019-10-01")) == (400, "InvalidApiVersionParameter")
    answer = call("PATCH", f"{ADMIN}/{contoso.id}", "2021-04-01", data=json.dumps(ON))
    assert code(answer) == (415, "UnsupportedMediaType")


def test_background_operations(site: Site, contoso: Environment, patch: Call, read: Read) -> None:
    assert code(patch(with_background(OFF, "Disabled"))) == (400, "BadRequest")
    site.cloud.background_bug = True
    patch(with_background(ON, "Enabled"))
    pass_by(site, 1200)
    assert read()["linkedEnvironmentMetadata"]["backgroundOperationsState"] == "Disabled"
    contoso.dataverse_url = ""
    assert code(patch(with_background(OFF, "Enabled"))) == (400, "BadRequest")
    assert read()["linkedEnvironmentMetadata"] is None


@pytest.mark.parametrize(("enables", "background"), [(False, "Disabled"), (True, "Enabled")])
def test_background_operations_when_the_mode_ends(
    site: Site, contoso: Environment, patch: Call, enables: bool, background: str
) -> None:
    contoso.mode = Mode("AdminMode", "Disabled")
    site.cloud.off_enables_background = enables
    patch(OFF)
    pass_by(site, 1200)
    assert (contoso.mode.runtime, contoso.mode.background) == ("Enabled", background)


@pytest.mark.parametrize(
    ("way", "status", "headers", "operations", "runtime"),
    [
        ("Operation-Location", 202, {"Operation-Location"}, 1, "AdminMode"),
        ("Location", 202, {"Location"}, 1, "AdminMode"),
        ("none", 202, set(), 1, "AdminMode"),
        ("200", 200, set(), 0, "AdminMode"),
        ("204", 204, set(), 0, "Enabled"),
    ],
)
def test_ways_to_answer(
    site: Site, patch: Call, read: Read, way: Any, status: int, headers: set[str], operations: int, runtime: str
) -> None:
    site.cloud.answer = way
    answer = patch(ON)
    assert answer.status_code == status
    assert {"Operation-Location", "Location"} & set(answer.headers) == headers
    assert len(site.cloud.operations) == operations
    pass_by(site, 1200)
    assert read()["states"]["runtime"]["id"] == runtime


def test_busy(site: Site, contoso: Environment, patch: Call, call: Call) -> None:
    site.cloud.somebody(contoso)
    assert code(patch(ON)) == (409, "OperationNotStartable")
    site.cloud.empty_conflicts = True
    answer = patch(ON)
    assert (answer.status_code, answer.content) == (409, b"")
    pass_by(site, 1200)
    assert patch(ON).status_code == 202
    query = {"$filter": f"environment eq '{contoso.id}'"}
    found = call("GET", OPERATIONS, "2024-05-01", params=query).json()["value"]
    assert [(each["type"]["id"], each["state"]["id"]) for each in found] == [
        ("Edit", "Running"),
        ("Backup", "Succeeded"),
    ]
    assert found[1]["requestedBy"]["displayName"] == "Ada Admin"


def test_an_operation_that_is_not_found(site: Site, contoso: Environment, patch: Call, call: Call) -> None:
    site.cloud.unknown_for, site.cloud.forgotten_after, site.cloud.unlisted_for = 60, 600, 30
    query = {"$filter": f"environment eq '{contoso.id}'"}
    url = patch(ON).headers["Location"]
    assert call("GET", url).status_code == 404
    assert call("GET", OPERATIONS, "2024-05-01", params=query).json()["value"] == []
    pass_by(site, 61)
    assert call("GET", url).json()["state"]["id"] == "Running"
    assert len(call("GET", OPERATIONS, "2024-05-01", params=query).json()["value"]) == 1
    pass_by(site, 1200)
    assert call("GET", url).json()["state"]["id"] == "Succeeded"
    pass_by(site, 600)
    assert call("GET", url).status_code == 404


@pytest.mark.parametrize("outcome", ["Failed", "Canceled", "Cancelled"])
def test_an_operation_that_fails(site: Site, patch: Call, call: Call, read: Read, outcome: str) -> None:
    site.cloud.ends_at, site.cloud.outcome = "Run", outcome
    url = patch(ON).headers["Location"]
    pass_by(site, 1200)
    operation = call("GET", url).json()
    assert operation["state"]["id"] == outcome
    assert [(stage["name"], stage["state"]["id"]) for stage in operation["stages"]] == [
        ("Validate", "Succeeded"),
        ("Prepare", "Succeeded"),
        ("Run", outcome),
    ]
    assert site.cloud.error[1] not in json.dumps(operation)
    assert read()["states"]["runtime"]["id"] == "Enabled"


@pytest.mark.parametrize("stage", ["Validate", "Prepare", "Run", "Finalize"])
def test_an_operation_that_is_held(site: Site, contoso: Environment, patch: Call, stage: str) -> None:
    site.cloud.holds_at = stage
    patch(ON)
    pass_by(site, 10_000)
    running = site.cloud.running(contoso)
    assert running
    assert running.stages[-1].name == stage
    site.cloud.release()
    pass_by(site, 1200)
    assert site.cloud.running(contoso) is None
    assert contoso.mode.runtime == "AdminMode"


def test_reads_lag_behind(site: Site, contoso: Environment, patch: Call, call: Call, read: Read) -> None:
    site.cloud.read_lag = 20
    url = patch(with_background(ON, "Disabled")).headers["Location"]
    pass_by(site, 1210)
    assert call("GET", url).json()["state"]["id"] == "Succeeded"
    old = read()
    assert (old["states"]["management"]["id"], old["states"]["runtime"]["id"]) == ("Ready", "Enabled")
    assert old["linkedEnvironmentMetadata"]["backgroundOperationsState"] == "Enabled"
    pass_by(site, 11)
    assert read()["states"]["runtime"]["id"] == "AdminMode"
    site.cloud.read_lag, site.cloud.no_effect = 0, True
    patch(OFF)
    pass_by(site, 1200)
    assert read()["states"]["runtime"]["id"] == "AdminMode"


def test_environments_that_cannot(site: Site, contoso: Environment, patch: Call, read: Read) -> None:
    contoso.disallowed["Edit"] = "Edit cannot be performed because of the governance configuration."
    reasons = {
        each["type"]["id"]: each["reason"].get("message")
        for each in read()["lifecycleOperationsEnforcement"]["disallowedOperations"]
    }
    assert reasons["Edit"] == contoso.disallowed["Edit"]
    assert reasons["RotateCustomerManagedKey"] is None
    assert code(patch(ON)) == (400, "OperationNotAllowed")
    contoso.disallowed.clear()
    contoso.finops = FinOps("Linked", "https://contoso.sandbox.operations.dynamics.example.com")
    assert read()["linkedAppMetadata"]["type"] == "Linked"
    patch(ON)
    pass_by(site, 1200)
    assert (contoso.mode.runtime, contoso.in_maintenance) == ("AdminMode", False)
    contoso.finops = None
    assert "linkedAppMetadata" not in read()


@pytest.mark.parametrize("link", ["nextLink", "@odata.nextLink"])
def test_pages(site: Site, call: Call, link: str) -> None:
    for number in range(2, 8):
        site.cloud.add(Environment(f"Sandbox {number}", domain_name=f"sandbox{number}"))
    site.bap.pages.link, site.bap.pages.size = link, 3
    url, found = ADMIN, []
    for _page in range(3):
        page = call("GET", url).json()
        found += [each["properties"]["displayName"] for each in page["value"]]
        url = page.get(link, "")
    assert (found, url) == (["Contoso", *(f"Sandbox {number}" for number in range(2, 8))], "")
    site.bap.pages.host = site.region.url
    assert call("GET", ADMIN).json()[link].startswith(site.region.url)


def test_filters_and_what_is_not_there(site: Site, contoso: Environment, call: Call) -> None:
    other = site.cloud.add(Environment("Production", sku="Production"))
    for condition, found in {
        f"name eq '{other.id}'": ["Production"],
        "properties/environmentSku eq 'Sandbox'": ["Contoso"],
        f"properties/linkedEnvironmentMetadata/resourceId eq {contoso.dataverse_id}": ["Contoso"],
    }.items():
        value = call("GET", ADMIN, params={"$filter": condition}).json()["value"]
        assert [each["properties"]["displayName"] for each in value] == found
    answer = call("GET", ADMIN, params={"$filter": "properties/displayName eq 'Contoso'"})
    assert code(answer) == (400, "InvalidFilter")
    assert code(call("GET", f"{ADMIN}/11111111-2222-3333-4444-555555555555")) == (404, "EnvironmentNotFound")
    assert len(call("GET", f"{ADMIN}/").json()["value"]) == 2
    assert call("GET", f"{ADMIN}/{contoso.id.upper()}").json()["name"] == contoso.id
    assert call("DELETE", f"{ADMIN}/{contoso.id}").status_code == 405


def test_tokens(site: Site, contoso: Environment, call: Call) -> None:
    url = f"{ADMIN}/{contoso.id}"
    tokens = site.directory.tokens
    who = (site.application.id, site.application.object_id)
    assert call("GET", url, token="nonsense").status_code == 401
    wrong = call("GET", url, token=tokens.issue(*who, "https://api.powerplatform.com"))
    assert 'error="invalid_token"' in wrong.headers["WWW-Authenticate"]
    tokens.lifetime = 60
    short = tokens.issue(*who, "https://service.powerapps.com/")
    assert call("GET", url, token=short).status_code == 200
    site.clock.advance(61)
    assert code(call("GET", url, token=short)) == (401, "InvalidAuthenticationToken")
    tokens.lifetime = 3599
    good = tokens.issue(*who, "https://service.powerapps.com")
    tokens.revoke()
    assert call("GET", url, token=good).status_code == 401
    assert call("GET", url).status_code == 200
    site.cloud.challenge = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'
    challenge = call("GET", url).headers["WWW-Authenticate"]
    assert 'error="insufficient_claims"' in challenge
    assert base64.b64encode(site.cloud.challenge.encode()).decode() in challenge


def test_registration(site: Site, contoso: Environment, call: Call) -> None:
    place = f"/providers/Microsoft.BusinessAppPlatform/adminApplications/{site.application.id}"
    person = site.directory.sign_in("ada@contoso.example.com", "https://service.powerapps.com")
    assert call("GET", place, "2020-10-01").json() == {"applicationId": site.application.id}
    assert call("DELETE", place, "2020-10-01", token=person).status_code == 200
    assert call("DELETE", place, "2020-10-01", token=person).status_code == 204
    answer = call("GET", f"{ADMIN}/{contoso.id}")
    assert code(answer) == (403, "Forbidden")
    assert "does not have permission to access the path" in answer.json()["error"]["message"]
    site.cloud.unregistered_sees = "nothing"
    assert call("GET", ADMIN).json() == {"value": []}
    assert code(call("PUT", place, "2020-10-01")) == (403, "Forbidden")
    assert call("PUT", place, "2020-10-01", token=person).status_code == 200
    assert len(call("GET", ADMIN).json()["value"]) == 1


def test_faults(site: Site, contoso: Environment, patch: Call, call: Call) -> None:
    url = f"{ADMIN}/{contoso.id}"
    site.bap.faults += [
        Fault(429, "", {"Retry-After": "7"}, path="/environments/", times=2),
        Fault(502, "<html>Bad Gateway</html>", method="PATCH", after=True),
        Fault(kind="drop", method="PATCH", skip=1),
    ]
    assert [call("GET", url).headers.get("Retry-After") for _unused in range(3)] == ["7", "7", None]
    assert patch(ON).status_code == 502
    assert len(site.cloud.operations) == 1
    assert code(patch(OFF)) == (409, "OperationNotStartable")
    with pytest.raises(requests.ConnectionError):
        patch(OFF)
    pass_by(site, 1200)
    site.bap.faults.append(Fault(kind="drop", after=True, method="PATCH"))
    with pytest.raises(requests.ConnectionError):
        patch(OFF)
    assert len(site.cloud.operations) == 2
    site.bap.faults.append(Fault(kind="hang"))
    with pytest.raises(requests.ReadTimeout):
        call("GET", url, timeout=0.3)
    site.bap.faults.append(Fault(kind="half"))
    with pytest.raises(requests.JSONDecodeError):
        call("GET", url).json()
    seen = site.bap.seen[-1]
    assert (seen.method, seen.query) == ("GET", {"api-version": "2023-06-01"})
    assert seen.authorization.startswith("Bearer ey")


def test_how_long_to_wait(site: Site, patch: Call, call: Call) -> None:
    site.cloud.retry_after = "12"
    answer = patch(ON)
    assert answer.headers["Retry-After"] == "12"
    assert call("GET", answer.headers["Location"]).headers["Retry-After"] == "12"
    pass_by(site, 1200)
    assert "Retry-After" not in call("GET", answer.headers["Location"]).headers


@pytest.mark.parametrize(
    ("cloud", "audience"),
    [
        ("public", "https://service.powerapps.com"),
        ("gcc", "https://service.powerapps.us"),
        ("gcchigh", "https://high.service.apps.appsplatform.us"),
        ("dod", "https://service.apps.appsplatform.us"),
        ("china", "https://service.powerapps.cn"),
    ],
)
def test_each_cloud_has_tokens_of_its_own(ca: Authority, loop: LoopThread, cloud: Any, audience: str) -> None:
    site = Site(ca, Clock(), lambda: "127.0.0.1", cloud=cloud)
    loop.run(site.start())
    url = f"{site.bap.url}{ADMIN}?api-version=2023-06-01"
    found = {}
    for each in (audience, "https://service.example.com"):
        token = site.directory.tokens.issue(site.application.id, site.application.object_id, each)
        headers = {"Authorization": f"Bearer {token}"}
        found[each] = requests.get(url, headers=headers, verify=str(ca.ca_file), timeout=5).status_code
    assert found == {audience: 200, "https://service.example.com": 401}
    loop.run(site.stop())


def test_the_clients_correlation_id_comes_back(contoso: Environment, call: Call) -> None:
    answer = call("GET", f"{ADMIN}/{contoso.id}", headers={"X-Correlation-Id": "0f5f1f6e"})
    assert answer.headers["x-ms-correlation-request-id"] == "0f5f1f6e"
    assert answer.headers["x-ms-request-id"]


def test_a_stranger_as_the_operations_host(site: Site, patch: Call, call: Call, loop: LoopThread) -> None:
    stranger = Stranger("127.0.0.1", tls=site.authority.server("127.0.0.1"), clock=site.clock)
    loop.run(stranger.start())
    site.cloud.operations_at = stranger.url
    url = patch(ON).headers["Operation-Location"]
    assert url.startswith(stranger.url)
    assert call("GET", url).json()["state"]["id"] == "Succeeded"
    assert [token.split()[0] for token in stranger.tokens] == ["Bearer"]
    loop.run(stranger.stop())

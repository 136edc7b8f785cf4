"""The history of operations in the simulated Dataverse, asked as d365bap.tools asks."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import requests

from lab.powerplatform import Dataverse, Environment, HistoryEntry, Site
from lab.powerplatform.request import Wanted

TABLE = "/api/data/v9.0/msprov_operationhistories"

Get = Callable[..., requests.Response]


@pytest.fixture
def contoso(site: Site) -> Environment:
    return next(iter(site.cloud.environments.values()))


@pytest.fixture
def dataverse(site: Site, contoso: Environment) -> Dataverse:
    return site.dataverses[contoso.id]


@pytest.fixture
def get(site: Site, dataverse: Dataverse, ca_file: str) -> Get:
    def get(path: str, audience: str = "", **headers: str) -> requests.Response:
        token = site.directory.tokens.issue(
            site.application.id, site.application.object_id, audience or f"{dataverse.url}/"
        )
        session = requests.Session()
        session.trust_env = False
        headers = {"Authorization": f"Bearer {token}", **headers}
        return session.get(f"{dataverse.url}{path}", headers=headers, verify=ca_file, timeout=5)

    return get


@pytest.fixture
def failed(site: Site, contoso: Environment) -> str:
    """An operation that failed; returns its correlation id."""
    token = site.directory.tokens.issue(site.application.id, site.application.object_id, site.cloud.audiences.admin)
    site.cloud.ends_at = "Run"
    grant = site.directory.tokens.check(token, *site.cloud.audiences)
    operation = site.cloud.switch(contoso, Wanted("AdminMode"), grant)
    assert operation
    site.clock.advance(1200 / site.clock.scale)
    return operation.correlation


def test_the_row_of_a_failure_and_its_log(site: Site, get: Get, failed: str) -> None:
    (row,) = get(TABLE, Prefer="odata.include-annotations=*").json()["value"]
    assert row["msprov_correlationid"] == failed
    assert row["statuscode@OData.Community.Display.V1.FormattedValue"] == "Failed"
    assert set(json.loads(row["msprov_operationproperties"])) == {"UserId", "Payload"}
    answer = get(f"{TABLE}({row['msprov_operationhistoryid']})/msprov_logs/$value")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        text = archive.read("operation.log").decode()
    assert "Run: Failed" in text
    assert ": ".join(site.cloud.error) in text


def test_what_has_no_log(dataverse: Dataverse, get: Get, failed: str) -> None:
    access = HistoryEntry("FnOSqlJit", "FnO DB Sql Jit request", dataverse.clock.time(), log="never shown")
    dataverse.entries.append(access)
    assert get(f"{TABLE}({access.id})/msprov_logs/$value").status_code == 204
    dataverse.with_logs = False
    rows = get(TABLE).json()["value"]
    assert [row["msprov_logs"] for row in rows] == [None, None]
    assert {get(f"{TABLE}({row['msprov_operationhistoryid']})/msprov_logs/$value").status_code for row in rows} == {204}
    missing = get(f"{TABLE}(11111111-2222-3333-4444-555555555555)/msprov_logs/$value")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "0x80040217")


def test_query_options(dataverse: Dataverse, get: Get) -> None:
    now = dataverse.clock.time()
    dataverse.entries += [HistoryEntry(name, name, now + hour * 3600) for hour, name in enumerate("CAB")]
    query = "?$orderby=msprov_startedon desc&$top=2&$select=msprov_name"
    rows: list[dict[str, Any]] = get(f"{TABLE}{query}").json()["value"]
    assert [row["msprov_name"] for row in rows] == ["B", "A"]
    assert {name for row in rows for name in row} == {"@odata.etag", "msprov_name", "msprov_operationhistoryid"}
    assert get(f"{TABLE}?$orderby=nonsense").status_code == 400
    assert get(f"{TABLE}?$filter=msprov_name eq 'A'").status_code == 400
    assert get("/api/data/v9.0/msprov_others").json()["error"]["code"] == "0x8006088a"


def test_who_may_ask(site: Site, dataverse: Dataverse, get: Get) -> None:
    answer = get(TABLE, audience="https://service.powerapps.com")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == (
        f"Bearer authorization_uri={site.login.url}/{site.directory.id}/oauth2/authorize, resource_id={dataverse.url}/"
    )
    dataverse.users.clear()
    answer = get(TABLE)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "0x80072560")

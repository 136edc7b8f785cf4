"""The administration API: what is sent, which answers mean what, and who gets the token."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Refused
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import HttpFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._bap import Bap, Busy, Lost
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._options import open_access

from fakes.clock import Time
from fakes.powerplatform import ID
from fakes.rest import Answer, Asked, Reply, Rest, rest, script

Params = Callable[..., dict[str, Any]]

ENVIRONMENTS = "/providers/Microsoft.BusinessAppPlatform/scopes/admin/environments"
ENVIRONMENT = {"name": ID, "properties": {"displayName": "Contoso UAT"}}
BODY = {"properties": {"states": {"runtime": {"id": "AdminMode"}}}}
OPERATION = {"id": "op1", "type": {"id": "Edit"}, "state": {"id": "Running"}}
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def error(code: str, message: str = "no") -> dict[str, Any]:
    """The body of a refusal."""
    return {"error": {"code": code, "message": message, "detailUrlType": "NotSpecified"}}


def bap(params: Params, server: Rest, time: Time | None = None, **given: Any) -> Bap:
    """The API at a server, by a token that was given unless the options say otherwise."""
    login = {} if "client_secret" in given else {"token": "t0ken"}
    return open_access(params(server, **login, **given), (time or Time()).run()).bap


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_the_requests(params: Params) -> None:
    with rest(script(Reply(200, ENVIRONMENT), Reply(200, {"value": [OPERATION]}), Reply(202))) as server:
        api = bap(params, server)
        assert api.environment(ID).name == "Contoso UAT"
        assert [operation.id for operation in api.operations(ID) or ()] == ["op1"]
        assert api.switch(ID, BODY).operation == ""
        read, listed, written = server.asked
    assert (read.method, read.path, read.query) == ("GET", f"{ENVIRONMENTS}/{ID}", {"api-version": "2023-06-01"})
    assert listed.path == "/providers/Microsoft.BusinessAppPlatform/lifecycleOperations"
    assert listed.query == {"api-version": "2024-05-01", "$filter": f"environment eq '{ID}'"}
    assert (written.method, written.path, written.query) == (
        "PATCH",
        f"{ENVIRONMENTS}/{ID}",
        {"api-version": "2021-04-01"},
    )
    assert written.json == BODY
    ids = [asked.headers["x-ms-client-request-id"] for asked in server]
    assert len(set(ids)) == 3
    assert all(GUID.fullmatch(each) for each in ids)
    for name in ("x-correlation-id", "x-ms-client-session-id", "authorization"):
        assert len({asked.headers[name] for asked in server}) == 1
    assert read.headers["authorization"] == "Bearer t0ken"


def test_an_environment_of_another_id_is_none(params: Params) -> None:
    """An id that vanished on the way would make the address that of the list."""
    for data in ({"value": [ENVIRONMENT]}, {**ENVIRONMENT, "name": "other"}, None):
        with rest(script(Reply(200, data))) as server, pytest.raises(Failure, match="not an environment of that id"):
            bap(params, server).environment(ID)


# --- answers to the request for a switch ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "operation"),
    [
        (202, {}, ""),
        (200, {}, ""),
        (204, {}, ""),
        (202, {"Operation-Location": "{own}/o/1?api-version=2023-06-01"}, "{own}/o/1?api-version=2023-06-01"),
        (202, {"Location": "{own}/l/1"}, "{own}/l/1"),
        (202, {"Location": "{own}/l/1", "Operation-Location": "{own}/o/1"}, "{own}/o/1"),
        (200, {"Location": "{own}/l/1"}, "{own}/l/1"),
        (202, {"Operation-Location": "https://evil.example/o/1", "Location": "{own}/l/1"}, "{own}/l/1"),
        (202, {"Operation-Location": "https://evil.example/o/1"}, ""),
        (202, {"Operation-Location": "/o/1"}, ""),
    ],
)
def test_accepted(status: int, headers: dict[str, str], operation: str, params: Params) -> None:
    own = ""

    def answer(asked: Asked) -> Reply:
        return Reply(status, None, {name: value.format(own=own) for name, value in headers.items()})

    time = Time()
    with rest(answer) as server:
        own = server.url
        accepted = bap(params, server, time).switch(ID, BODY)
        assert accepted.operation == operation.format(own=own)
        assert len(server.asked) == 1
    assert any("the token is not sent there" in line for line in time.told) is (bool(headers) and not operation)


@pytest.mark.parametrize(
    "data", [None, error("OperationNotStartable", "Another operation runs"), {"error": {"message": "no code"}}]
)
def test_busy(data: Any, params: Params) -> None:
    with rest(script(Reply(409, data))) as server:
        with pytest.raises(Busy):
            bap(params, server).switch(ID, BODY)
        assert len(server.asked) == 1


@pytest.mark.parametrize("reply", [*(Reply(status) for status in (408, 425, 499, 500, 502, 503, 504)), None])
def test_lost(reply: Reply | None, params: Params) -> None:
    """Nobody knows whether it was carried out, so the client does not send it again."""
    with rest(script(reply)) as server:
        with pytest.raises(Lost) as lost:
            bap(params, server, retry_timeout="1m").switch(ID, BODY)
        assert len(server.asked) == 1
    assert lost.value.unknown


def test_lost_with_a_pause(params: Params) -> None:
    with rest(script(Reply(503, None, {"Retry-After": "40"}))) as server, pytest.raises(Lost) as lost:
        bap(params, server).switch(ID, BODY)
    assert lost.value.pause == 40.0


def test_too_many_requests_are_not_lost(params: Params) -> None:
    """By 429 the platform says that it did nothing."""
    time = Time()
    with rest(script(Reply(429, None, {"Retry-After": "11"}), Reply(202))) as server:
        bap(params, server, time, retry_timeout="1m").switch(ID, BODY)
        assert len(server.asked) == 2
    assert 11.0 in time.slept


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (400, "BadRequest", "BadRequest: HTTP 400"),
        (403, "Forbidden", "Power Platform administrator"),
        (404, "EnvironmentNotFound", r"Check O\(environment\)"),
        (409, "InsufficientCapacity_StorageDriven", "InsufficientCapacity_StorageDriven: HTTP 409"),
        (410, "", "HTTP 410"),
    ],
)
def test_refused(status: int, code: str, says: str, params: Params) -> None:
    with rest(script(Reply(status, error(code) if code else None))) as server:
        with pytest.raises(HttpFailure, match=says) as refused:
            bap(params, server).switch(ID, BODY)
        sent = server.asked[0].headers
        assert len(server.asked) == 1
    found = refused.value.details
    assert (found["http_status"], found["error_code"]) == (status, code or None)
    assert found["client_request_id"] == sent["x-ms-client-request-id"]
    assert found["correlation_id"] == sent["x-correlation-id"]
    assert sent["x-correlation-id"] in str(refused.value)


# --- the token --------------------------------------------------------------------------------------------------------

APP: dict[str, Any] = {"tenant_id": "t", "client_id": "4f2b8b0e-7a51-4b0c-9a55-3b6d1f6a7f10", "client_secret": "s"}


def guarded(refusals: int, challenge: str = "Bearer") -> tuple[Answer, list[str]]:
    """A service that refuses the first tokens; and the tokens that came."""
    came: list[str] = []
    given = [0]

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/token"):
            given[0] += 1
            return Reply(200, {"access_token": f"t{given[0]}", "expires_in": 3599})
        came.append(asked.headers["authorization"])
        if len(came) <= refusals:
            return Reply(401, error("Unauthorized"), {"WWW-Authenticate": challenge})
        return Reply(202) if asked.method == "PATCH" else Reply(200, ENVIRONMENT)

    return answer, came


@pytest.mark.parametrize("write", [False, True])
def test_a_token_that_is_refused_is_renewed_once(write: bool, params: Params) -> None:
    answer, came = guarded(1)
    with rest(answer) as server:
        api = bap(params, server, **APP)
        api.switch(ID, BODY) if write else api.environment(ID)
        api.environment(ID)
    assert came == ["Bearer t1", "Bearer t2", "Bearer t2"]


def test_and_not_twice(params: Params) -> None:
    answer, came = guarded(5)
    with rest(answer) as server, pytest.raises(HttpFailure, match="HTTP 401"):
        bap(params, server, **APP).environment(ID)
    assert came == ["Bearer t1", "Bearer t2"]


def test_a_claims_challenge_is_final(params: Params) -> None:
    answer, came = guarded(1, 'Bearer error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ=="')
    with rest(answer) as server, pytest.raises(HttpFailure, match="conditional access policy"):
        bap(params, server, **APP).environment(ID)
    assert came == ["Bearer t1"]


def test_a_token_given_is_not_renewed(params: Params) -> None:
    answer, came = guarded(1)
    with rest(answer) as server, pytest.raises(HttpFailure, match="a token that has not ended"):
        bap(params, server).environment(ID)
    assert came == ["Bearer t0ken"]


def test_one_token_a_run(params: Params) -> None:
    answer, _came = guarded(0)
    with rest(answer) as server:
        api = bap(params, server, **APP)
        for _time in range(4):
            api.environment(ID)
        assert [asked.path for asked in server].count("/t/oauth2/v2.0/token") == 1


def test_no_token_in_what_is_said(params: Params) -> None:
    reply = Reply(400, error("BadRequest", "the header Bearer t0ken is bad"))
    with rest(script(reply)) as server, pytest.raises(HttpFailure) as refused:
        bap(params, server).environment(ID)
    assert "t0ken" not in str(refused.value)
    assert "********" in str(refused.value)


# --- not registered ---------------------------------------------------------------------------------------------------


def test_an_application_that_is_not_registered(params: Params) -> None:
    said = f"The service principal does not have permission to access the path 'https://10.0.0.4:443/{ID}'."
    replies = Reply(200, {"access_token": "t0ken"}), Reply(403, error("Forbidden", said))
    command = f"pac admin application register --application-id {APP['client_id']}"
    with rest(script(*replies)) as server, pytest.raises(Refused, match=command) as no:
        bap(params, server, **APP).environment(ID)
    assert "10.0.0.4" not in str(no.value)


def test_or_that_sees_nothing(params: Params) -> None:
    replies = Reply(200, {"access_token": "t0ken"}), Reply(200, {"value": []})
    with rest(script(*replies)) as server, pytest.raises(Refused, match="pac admin application register"):
        bap(params, server, **APP).environments()


# --- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["nextLink", "@odata.nextLink"])
def test_pages(key: str, params: Params) -> None:
    own = ""
    pages: dict[str, dict[str, Any]] = {}

    def answer(asked: Asked) -> Reply:
        return Reply(200, pages[asked.query.get("page", "1")])

    with rest(answer) as server:
        own = server.url
        pages["1"] = {"value": [ENVIRONMENT], key: f"{own}{ENVIRONMENTS}?api-version=2023-06-01&page=2"}
        pages["2"] = {"value": [{**ENVIRONMENT, "name": "second"}, "none"], key: None}
        assert [environment.id for environment in bap(params, server).environments()] == [ID, "second"]
        assert [asked.query for asked in server] == [
            {"api-version": "2023-06-01"},
            {"api-version": "2023-06-01", "page": "2"},
        ]


def test_pages_that_go_round(params: Params) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(200, {"value": [ENVIRONMENT], "nextLink": f"http://{asked.headers['host']}/next"})

    with rest(answer) as server:
        bap(params, server).environments()
        assert len(server.asked) == 2


def test_the_next_page_elsewhere(params: Params) -> None:
    with rest(script(Reply(200, {"value": [], "nextLink": "https://evil.example/x"}))) as server:
        with pytest.raises(Failure, match="at a host that is none of this cloud"):
            bap(params, server).environments()
        assert len(server.asked) == 1


@pytest.mark.parametrize("data", [None, [], {}, {"value": 5}])
def test_what_is_no_list(data: Any, params: Params) -> None:
    with rest(script(Reply(200, data))) as server:
        api = bap(params, server)
        assert api.operations(ID) is None
        with pytest.raises(Failure, match="not a list of environments"):
            api.environments()


@pytest.mark.parametrize("status", [400, 403, 404, 405])
def test_operations_that_are_not_listed(status: int, params: Params) -> None:
    with rest(script(Reply(status))) as server:
        assert bap(params, server).operations(ID) is None


def test_operations_that_cannot_be_read(params: Params) -> None:
    with rest(script(Reply(500))) as server, pytest.raises(HttpFailure):
        bap(params, server).operations(ID)


# --- one operation ----------------------------------------------------------------------------------------------------


def test_an_operation_at_the_host_of_its_region(params: Params) -> None:
    with rest(script(Reply(200, OPERATION, {"Retry-After": "25"}))) as region, rest(script(Reply(200))) as server:
        api = bap(params, server, trusted_hosts=[region.url.removeprefix("http://")])
        url = f"{region.url}/providers/Microsoft.BusinessAppPlatform/lifecycleOperations/op1?api-version=2023-06-01"
        assert api.endpoints.may_have_token(url)
        found = api.operation(url)
        assert found is not None
        assert (found.id, found.state, found.pause) == ("op1", "Running", 25.0)
        (asked,) = region.asked
        assert (asked.query, asked.headers["authorization"]) == ({"api-version": "2023-06-01"}, "Bearer t0ken")
        assert server.asked == []


def test_an_operation_that_is_not_there(params: Params) -> None:
    with rest(script(Reply(404, error("NotFound")))) as server:
        assert bap(params, server).operation(f"{server.url}/o/1") is None


def test_an_operation_that_is_locked(params: Params) -> None:
    with rest(script(Reply(409))) as server, pytest.raises(Busy):
        bap(params, server).operation(f"{server.url}/o/1")


def test_what_is_no_operation(params: Params) -> None:
    with rest(script(Reply(200, {"value": []}))) as server, pytest.raises(Failure, match="not an operation"):
        bap(params, server).operation(f"{server.url}/o/1")


@pytest.mark.parametrize("status", [408, 425, 429, 499, 500, 502, 503, 504])
def test_reads_are_repeated(status: int, params: Params) -> None:
    with rest(script(Reply(status), None, Reply(200, OPERATION))) as server:
        found = bap(params, server, retry_timeout="5m").operation(f"{server.url}/o/1")
        assert found is not None
        assert len(server.asked) == 3

"""Who is let into the portal, what it serves and what it refuses, asked as the public clients do."""

from __future__ import annotations

from typing import Any, Literal

import pytest
import requests

from fakes.lcs_client import PROJECT, SWITCH, Browser
from lab.clock import Clock
from lab.lcs import LcsEnvironment, Portal
from lab.lcs.faults import AFTERWARDS, Fault
from lab.lcs.sessions import TOKEN_NAME, Session
from lab.pki import Authority

READ = "ServiceFabricDeployment/GetEnvironmentDetails"


def read(browser: Browser, environment: LcsEnvironment) -> requests.Response:
    return browser.send("GET", f"{READ}/{PROJECT}/", params={"environmentId": environment.id})


def test_the_token_of_the_page_lets_a_switch_through(
    portal: Portal, browser: Browser, environment: LcsEnvironment
) -> None:
    answer = browser.switch(environment, True)
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"ActivityId", "Data", "ErrorCode", "ErrorList", "Message", "MessageTitle", "Success"}
    assert (body["Success"], body["ErrorCode"], body["Data"]["IsSuccessful"]) == (True, 0, True)
    assert body["Data"]["ActivityId"] == environment.operations[0].activity
    assert portal.switches == [("Contoso-SIT", True)]


@pytest.mark.parametrize(
    ("over", "status", "page"), [("498", 498, 302), ("login-page", 200, 200), ("login-redirect", 302, 302)]
)
def test_a_session_that_is_over(
    portal: Portal,
    browser: Browser,
    session: Session,
    environment: LcsEnvironment,
    over: Literal["498", "login-page", "login-redirect"],
    status: int,
    page: int,
) -> None:
    assert browser.fetch_token()
    portal.sessions.end(session)
    portal.over = over
    answer = read(browser, environment)
    assert answer.status_code == status
    assert answer.headers.get("Location", "https://login.microsoftonline.com/").startswith(
        "https://login.microsoftonline.com/"
    )
    assert not answer.text.startswith(("{", "("))
    assert browser.send("GET", "V2").status_code == page
    assert browser.fetch_token() == ""
    assert browser.switch(environment, True).status_code == status
    assert portal.switches == []


def test_a_session_may_last_an_hour(
    portal: Portal, clock: Clock, browser: Browser, authority: Authority, environment: LcsEnvironment
) -> None:
    portal.session_seconds = 3600
    short = Browser(portal, portal.sign_in(), authority.ca_file)
    with short.http:
        clock.advance(3500)
        assert read(short, environment).status_code == 200
        clock.advance(101)
        assert read(short, environment).status_code == 498
        assert read(browser, environment).status_code == 200


def test_a_session_that_ends_at_a_certain_request(
    portal: Portal, browser: Browser, session: Session, environment: LcsEnvironment
) -> None:
    portal.at[3] = lambda: portal.sessions.end(session)
    assert [read(browser, environment).status_code for _request in range(4)] == [200, 200, 498, 498]


def test_a_stale_token_is_forbidden_until_the_page_is_read_again(
    portal: Portal, browser: Browser, environment: LcsEnvironment
) -> None:
    browser.token = browser.fetch_token()
    portal.sessions.renew_tokens()
    assert browser.switch(environment, True).status_code == 403
    assert portal.switches == []
    browser.token = browser.fetch_token()
    assert browser.switch(environment, True).json()["Success"] is True


def test_a_portal_that_takes_no_token(portal: Portal, browser: Browser, environment: LcsEnvironment) -> None:
    portal.stale_posts = 2
    for _again in range(2):
        browser.token = browser.fetch_token()
        assert browser.switch(environment, True).status_code == 403
    assert browser.switch(environment, True).status_code == 200


def test_the_token_belongs_to_a_cookie(browser: Browser, environment: LcsEnvironment) -> None:
    del browser.http.cookies[TOKEN_NAME]
    page = browser.send("GET", "V2")
    assert TOKEN_NAME in page.cookies
    browser.token = browser.fetch_token()
    assert browser.switch(environment, True).status_code == 200
    del browser.http.cookies[TOKEN_NAME]
    assert browser.switch(environment, False).status_code == 403


FORM = {"enableMaintenanceMode": "True"}


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", SWITCH, {}, 405),
        ("PUT", SWITCH, {"data": FORM}, 405),
        ("POST", f"EnvironmentServicingV2/EnableMaintenanceMode/{PROJECT}", {"data": FORM}, 404),
        ("POST", "EnvironmentServicingV2/EnableDisableMaintenanceMode", {"data": FORM}, 404),
        ("POST", f"{SWITCH}?environmentId=1", {"data": FORM}, 400),
        ("POST", SWITCH, {"json": FORM}, 415),
        ("POST", SWITCH, {"data": {"enableMaintenanceMode": "true"}}, 400),
        ("POST", SWITCH, {"data": {"enableMaintenanceMode": "1"}}, 400),
        ("POST", SWITCH, {"data": {**FORM, "reason": "patch"}}, 400),
        ("POST", SWITCH, {"data": FORM, "drop": "X-Requested-With"}, 400),
        ("POST", SWITCH, {"data": FORM, "drop": "User-Agent"}, 400),
        ("POST", SWITCH, {"data": FORM, "drop": "TimezoneOffset"}, 400),
    ],
)
def test_what_no_client_sends_is_not_served(
    portal: Portal,
    browser: Browser,
    environment: LcsEnvironment,
    method: str,
    path: str,
    options: dict[str, Any],
    status: int,
) -> None:
    given = dict(options)
    browser.http.headers[TOKEN_NAME] = browser.fetch_token()
    browser.http.headers[given.pop("drop", "unused")] = "curl"
    for body in ("data", "json"):
        if body in given:
            given[body] = {"lcsEnvironmentId": environment.id, **given[body]}
    answer = browser.send(method, path, **given)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert portal.switches == []


def test_controllers_are_found_without_regard_to_case_and_the_last_slash(
    browser: Browser, environment: LcsEnvironment
) -> None:
    assert browser.get("environment/getongoingactiondetails", environment) is None
    assert browser.get("ServiceFabricDeployment/GetDeploymentProgress", environment)["IsDeterminate"] is False
    assert read(browser, environment).json()["Data"]["EnvironmentName"] == "Contoso-SIT"


def test_bodies_may_stand_in_parentheses(portal: Portal, browser: Browser, environment: LcsEnvironment) -> None:
    portal.wrapped = True
    assert read(browser, environment).text.startswith("({")
    assert browser.details(environment)["DeploymentStatus"] == "Deployed"
    assert browser.switch(environment, True).json()["Success"] is True


@pytest.mark.parametrize(("cookie", "member"), [("7654321", True), (str(PROJECT), False)])
@pytest.mark.parametrize("status", [200, 500])
def test_another_project_is_refused(
    portal: Portal,
    browser: Browser,
    session: Session,
    environment: LcsEnvironment,
    cookie: str,
    member: bool,
    status: Literal[200, 500],
) -> None:
    portal.refusal_status = status
    session.projects = None if member else frozenset({7654321})
    browser.http.cookies.set("lcspid", cookie, domain=portal.address)
    answer = browser.switch(environment, True)
    assert (answer.status_code, answer.json()["Success"]) == (status, False)
    assert answer.json()["ErrorCode"] > 0
    assert answer.json()["Message"] in answer.json()["ErrorList"].values()
    assert portal.switches == []


EXPECTED: dict[Fault, int] = {
    "session-over": 498,
    "login-page": 200,
    "login-redirect": 302,
    "forbidden": 403,
    "refused-200": 200,
    "refused-500": 500,
    "error-page": 500,
    "bad-gateway": 502,
    "unavailable": 503,
    "bad-gateway-after": 502,
    "cut-json": 200,
    "empty": 200,
}


@pytest.mark.parametrize("fault", EXPECTED)
def test_a_fault_befalls_one_request(
    portal: Portal, browser: Browser, environment: LcsEnvironment, fault: Fault
) -> None:
    portal.faults_at["EnableDisableMaintenanceMode"].append(fault)
    answer = browser.switch(environment, True)
    assert answer.status_code == EXPECTED[fault]
    assert bool(portal.switches) is (fault in AFTERWARDS)
    assert not answer.text or '"Success": true' not in answer.text
    assert read(browser, environment).json()["Success"] is True


@pytest.mark.parametrize("fault", ["drop", "drop-after", "truncated"])
def test_a_connection_that_breaks(portal: Portal, browser: Browser, environment: LcsEnvironment, fault: Fault) -> None:
    browser.token = browser.fetch_token()
    portal.faults.extend([None, fault])
    assert read(browser, environment).status_code == 200
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        browser.switch(environment, True)
    assert bool(portal.switches) is (fault in AFTERWARDS)


def test_a_request_may_hang(portal: Portal, browser: Browser, environment: LcsEnvironment) -> None:
    portal.faults.append("hang")
    with pytest.raises(requests.ReadTimeout):
        browser.http.get(f"{portal.url}/V2", timeout=0.2)


def test_the_labs_own_output_has_no_secrets(
    portal: Portal, browser: Browser, session: Session, environment: LcsEnvironment
) -> None:
    browser.switch(environment, True)
    assert browser.details(environment)["SqlAzureCredentials"][0]["Password"] == "sql-top-secret"
    said = f"{portal.log} {session!r} {environment!r} {portal.switches}"
    assert ("POST", f"/{SWITCH}") in portal.log
    assert not [secret for secret in (session.key, session.token_key, browser.token, "top-secret") if secret in said]

"""How each kind of login gets its token, and what is said when it does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._options import (
    choose_auth,
    open_access,
)

from fakes.clock import Time
from fakes.rest import Asked, Reply, Rest, rest, script
from lab.pki import Authority

BAP = "https://service.powerapps.com"
GOOD = Reply(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": "t0ken"})
SECRET = "c4n4ry~secret"
CLIENT = "4f2b8b0e-7a51-4b0c-9a55-3b6d1f6a7f10"
APP = {"tenant_id": "contoso.onmicrosoft.com", "client_id": CLIENT}
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

Params = Callable[..., dict[str, Any]]


def token(params: dict[str, Any], resource: str = BAP) -> str:
    """The token that a task with these options gets."""
    return open_access(params, Time().run()).tokens.get(resource)


def test_client_secret(params: Params) -> None:
    with rest(script(GOOD)) as server:
        assert token(params(server, **APP, client_secret=SECRET)) == "t0ken"
        (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/contoso.onmicrosoft.com/oauth2/v2.0/token")
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.form == {
        "client_id": CLIENT,
        "scope": f"{BAP}/.default",
        "grant_type": "client_credentials",
        "client_secret": SECRET,
    }


def test_client_secret_of_the_environment(params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TENANT_ID", "t")
    monkeypatch.setenv("AZURE_CLIENT_ID", CLIENT)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    with rest(script(GOOD)) as server:
        assert token(params(server)) == "t0ken"
        assert server.asked[0].form["client_secret"] == SECRET


def test_certificate(params: Params, tmp_path: Path) -> None:
    file, key = Authority(tmp_path).server("quiesce.example")
    with rest(script(GOOD)) as server:
        options = params(server, **APP, certificate_file=str(file), certificate_key_file=str(key))
        assert token(options) == "t0ken"
        form = server.asked[0].form
    assert form["client_assertion_type"] == JWT_BEARER
    assert len(form["client_assertion"].split(".")) == 3
    assert "client_secret" not in form


def test_workload_identity_reads_the_file_anew(params: Params, tmp_path: Path) -> None:
    file = tmp_path / "token"
    with rest(script(GOOD)) as server:
        access = open_access(params(server, **APP, federated_token_file=str(file)), Time().run())
        for text in ("first", "second"):
            file.write_text(f"{text}\n")
            access.tokens.renew(BAP)
        assert [asked.form["client_assertion"] for asked in server] == ["first", "second"]
        assert server.asked[0].form["client_assertion_type"] == JWT_BEARER


def test_github_actions(params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    with rest(script(Reply(200, {"value": "statement"}), GOOD)) as server:
        monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{server.url}/oidc?job=1")
        monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "b34rer")
        assert token(params(server, **APP, auth="github_actions")) == "t0ken"
        first, second = server.asked
    assert (first.method, first.path) == ("GET", "/oidc")
    assert first.query == {"job": "1", "audience": "api://AzureADTokenExchange"}
    assert first.headers["authorization"] == "Bearer b34rer"
    assert second.form["client_assertion"] == "statement"
    assert "authorization" not in second.headers


def test_azure_pipelines(params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    with rest(script(Reply(200, {"oidcToken": "statement"}), GOOD)) as server:
        monkeypatch.setenv("SYSTEM_OIDCREQUESTURI", f"{server.url}/oidctoken")
        monkeypatch.setenv("SYSTEM_ACCESSTOKEN", "b34rer")
        options = params(server, **APP, auth="azure_pipelines", service_connection_id="s-1")
        assert token(options) == "t0ken"
        first, second = server.asked
    assert (first.method, first.path) == ("POST", "/oidctoken")
    assert first.query == {"api-version": "7.1", "serviceConnectionId": "s-1"}
    assert first.headers["authorization"] == "Bearer b34rer"
    assert first.headers["x-tfs-fedauthredirect"] == "Suppress"
    assert second.form["client_assertion"] == "statement"


@pytest.mark.parametrize("client", [None, CLIENT])
def test_managed_identity(client: str | None, params: Params) -> None:
    # The metadata service writes the number as a text.
    with rest(script(Reply(200, {"access_token": "t0ken", "expires_in": "3599"}))) as server:
        options = params(server, auth="managed_identity", client_id=client, managed_identity_url=server.url)
        assert token({**options, "validate_certs": True, "bap_url": None}) == "t0ken"
        (asked,) = server.asked
    assert asked.path == "/metadata/identity/oauth2/token"
    assert asked.headers["metadata"] == "true"
    assert asked.query == {"api-version": "2018-02-01", "resource": BAP} | ({"client_id": client} if client else {})


def az(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program az into the path."""
    program = folder / "az"
    program.write_text(f'#!/bin/sh\necho "$@" >{folder}/arguments\n{script}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_azure_cli(params: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = json.dumps({"accessToken": "t0ken", "expires_on": 4102444800})
    az(tmp_path, monkeypatch, f"echo '{shown}'")
    assert token(params(auth="azure_cli", tenant_id="contoso")) == "t0ken"
    assert (tmp_path / "arguments").read_text().strip() == (
        f"account get-access-token --output json --resource {BAP} --tenant contoso"
    )


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo 'Please run az login' >&2; exit 1", "Please run az login"),
        ("exit 3", "az ended with 3"),
        ("echo no json", "az showed no token"),
        ("echo '{}'", "az showed no token"),
    ],
)
def test_azure_cli_fails(
    script: str, says: str, params: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    az(tmp_path, monkeypatch, script)
    with pytest.raises(Failure, match=says):
        token(params(auth="azure_cli"))


def test_no_azure_cli(params: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failure, match="there is no az command"):
        token(params(auth="azure_cli"))


def test_a_token_given_is_for_the_administration_api_alone(params: Params) -> None:
    access = open_access(params(token="t0ken"), Time().run())
    assert access.tokens.get(BAP) == "t0ken"
    assert access.tokens.renew(BAP) is None
    with pytest.raises(Failure, match="for the administration API alone"):
        access.tokens.get("https://api.powerplatform.com")


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"client_secret": "x"}, "client_secret"),
        ({"client_secret_file": "x"}, "client_secret"),
        ({"certificate_file": "x"}, "certificate"),
        ({"federated_token_file": "x"}, "workload_identity"),
        ({"token": "x"}, "token"),
        ({"token_file": "x"}, "token"),
        ({"auth": "azure_cli", "token": "x"}, "azure_cli"),
    ],
)
def test_the_login_that_is_meant(given: dict[str, Any], kind: str, params: Params) -> None:
    assert choose_auth(params(**given)) == kind


def test_no_credential(params: Params) -> None:
    with pytest.raises(Failure, match=r"there is no credential.*managed_identity"):
        choose_auth(params())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"client_secret": "x", "client_id": CLIENT}, "tenant_id.*missing"),
        ({"client_secret": "x", "client_id": CLIENT, "tenant_id": "a/../b"}, 'tenant_id.*"a/../b" is no tenant'),
        ({"client_secret": "x", "tenant_id": "t"}, "client_id.*missing"),
        ({**APP, "auth": "client_secret"}, "client_secret.*missing"),
        ({**APP, "auth": "certificate"}, "certificate_file.*missing"),
        ({"auth": "token"}, "token.*missing"),
    ],
)
def test_refused_before_anybody_is_asked(given: dict[str, Any], says: str, params: Params) -> None:
    with pytest.raises(Invalid, match=says):
        open_access(params(**given), Time().run())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"auth": "github_actions"}, "ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN is not set"),
        ({"auth": "azure_pipelines"}, "SYSTEM_OIDCREQUESTURI and SYSTEM_ACCESSTOKEN is not set"),
        ({"auth": "workload_identity"}, "AZURE_FEDERATED_TOKEN_FILE names a file"),
        ({"federated_token_file": "/nowhere/token"}, "/nowhere/token: No such file"),
    ],
)
def test_no_pipeline(given: dict[str, Any], says: str, params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACTIONS_ID_TOKEN_REQUEST_URL", "SYSTEM_OIDCREQUESTURI", "SYSTEM_ACCESSTOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Failure, match=says):
        token(params(**APP, **given))


@pytest.mark.parametrize(
    ("error", "says"),
    [
        ("invalid_client", "the value of a client secret is needed, not its id"),
        ("unauthorized_client", r"Check O\(client_id\) and O\(tenant_id\)"),
        ("invalid_scope", r"Check O\(cloud\)"),
        ("something_new", "Look up the error"),
    ],
)
def test_what_microsoft_entra_id_refuses(error: str, says: str, params: Params) -> None:
    """Decided by its error alone; the rest is shown, without the secret that it repeats."""
    refusal = {
        "error": error,
        "error_description": f"AADSTS7000215: Invalid client secret '{SECRET}'.\r\nTrace ID: tr-1",
        "error_codes": [7000215],
        "trace_id": "tr-1",
        "correlation_id": "co-1",
    }
    with rest(script(Reply(401, refusal))) as server:
        with pytest.raises(Failure, match=says) as failed:
            token(params(server, **APP, client_secret=SECRET))
        assert len(server.asked) == 1
    said = str(failed.value)
    assert f"HTTP 401: {error}: AADSTS7000215: Invalid client secret '********'" in said
    assert "correlation id co-1" in said
    assert SECRET not in said
    assert failed.value.details == {"error_code": error, "trace_id": "tr-1", "correlation_id": "co-1"}


def test_a_statement_that_is_repeated_is_not_shown(params: Params, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("c4n4ry.st4tement")
    refusal = {"error": "invalid_client", "error_description": "The assertion c4n4ry.st4tement has expired."}
    with rest(script(Reply(401, refusal))) as server, pytest.raises(Failure, match="invalid_client") as failed:
        token(params(server, **APP, federated_token_file=str(file)))
    assert "The assertion ******** has expired." in str(failed.value)


@pytest.mark.parametrize("reply", [Reply(200, {}), Reply(200, []), Reply(200, {"access_token": 5})])
def test_an_answer_without_a_token(reply: Reply, params: Params) -> None:
    with rest(script(reply)) as server, pytest.raises(Failure, match="holds no token"):
        token(params(server, **APP, client_secret=SECRET))


def test_the_login_is_overloaded(params: Params) -> None:
    replies = [Reply(503, None), Reply(429, None, {"Retry-After": "7"}), GOOD]
    time = Time()
    with rest(script(*replies)) as server:
        options = params(server, **APP, client_secret=SECRET, retry_timeout="1m")
        assert open_access(options, time.run()).tokens.get(BAP) == "t0ken"
    assert 7.0 in time.slept


def test_not_even_a_server(params: Params) -> None:
    with rest(script(GOOD)) as server:
        gone = Rest(server.url, [])
    with pytest.raises(Failure, match="refuses connections"):
        token(params(gone, **APP, client_secret=SECRET))


def test_nobody_else_gets_the_secret(params: Params) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(302, None, {"Location": "https://evil.example/"})

    with rest(answer) as server:
        with pytest.raises(Failure, match=r"it redirects to https://evil\.example"):
            token(params(server, **APP, client_secret=SECRET))
        assert len(server.asked) == 1

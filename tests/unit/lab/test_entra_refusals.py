"""What the identity provider refuses, and with which words."""

from __future__ import annotations

import base64
import re
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from lab.entra import Federated, Issuer, Secret
from lab.pki import Authority
from lab.powerplatform import Site
from lab.thread import LoopThread

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
Pair = tuple[Path, Path]
Ask = Callable[..., requests.Response]


@pytest.fixture
def ask(site: Site, ca_file: str) -> Ask:
    """Ask for a token as the tenant's application; None leaves a field out."""

    def ask(*, tenant: str = "", **fields: str | None) -> requests.Response:
        form = {
            "client_id": site.application.id,
            "scope": "https://service.powerapps.com/.default",
            "grant_type": "client_credentials",
            **fields,
        }
        url = f"{site.login.url}/{tenant or site.directory.id}/oauth2/v2.0/token"
        return requests.post(url, data=form, verify=ca_file, timeout=5)

    return ask


def test_an_error_has_all_fields(site: Site, ask: Ask) -> None:
    site.clock.advance(0)
    answer = ask(client_secret="wrong")
    body = answer.json()
    assert answer.status_code == 401
    assert set(body) == {
        "error",
        "error_description",
        "error_codes",
        "timestamp",
        "trace_id",
        "correlation_id",
        "error_uri",
    }
    assert (body["error"], body["error_codes"]) == ("invalid_client", [7000215])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", body["timestamp"])
    assert body["error_description"].startswith("AADSTS7000215: Invalid client secret provided.")
    assert body["error_description"].endswith(
        f"Trace ID: {body['trace_id']} Correlation ID: {body['correlation_id']} Timestamp: {body['timestamp']}"
    )
    assert "wrong" not in answer.text


def test_the_correlation_id_is_the_clients(site: Site, ca_file: str) -> None:
    mine = str(uuid.uuid4())
    url = f"{site.login.url}/{site.directory.id}/oauth2/v2.0/token"
    answer = requests.post(url, headers={"client-request-id": mine}, verify=ca_file, timeout=5)
    assert answer.json()["correlation_id"] == mine


@pytest.mark.parametrize(
    ("fields", "status", "error", "number"),
    [
        ({"grant_type": None}, 400, "invalid_request", 900144),
        ({"client_id": None}, 400, "invalid_request", 900144),
        ({"scope": None}, 400, "invalid_request", 900144),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"client_id": "11111111-2222-3333-4444-555555555555"}, 400, "unauthorized_client", 700016),
        ({"tenant": "fabrikam.example.com"}, 400, "invalid_request", 90002),
        ({}, 401, "invalid_client", 7000218),
        ({"client_secret": "SECRET-ID"}, 401, "invalid_client", 7000215),
        ({"client_secret": "old"}, 401, "invalid_client", 7000222),
        ({"client_secret": "good", "scope": "https://service.powerapps.com/User"}, 400, "invalid_scope", 1002012),
        ({"client_secret": "good", "scope": "https://x/.default https://y/.default"}, 400, "invalid_scope", 1002012),
        ({"client_secret": "good", "scope": "https://service.example.com/.default"}, 400, "invalid_resource", 500011),
        ({"client_assertion": "x"}, 400, "invalid_request", 900144),
        ({"client_assertion": "x", "client_assertion_type": JWT_BEARER}, 400, "invalid_request", 50027),
    ],
)
def test_refused(site: Site, ask: Ask, fields: dict[str, str | None], status: int, error: str, number: int) -> None:
    site.application.secrets += [Secret("good"), Secret("old", expires=time.time() - 1)]
    if fields.get("client_secret") == "SECRET-ID":
        fields = {"client_secret": site.secret.id}
    answer = ask(**fields)
    assert (answer.status_code, answer.json()["error"], answer.json()["error_codes"]) == (status, error, [number])
    assert site.directory.tokens.issued == []


@pytest.mark.parametrize("scope", ["https://service.powerapps.com/.default", "https://service.powerapps.com//.default"])
def test_a_slash_more_in_the_scope(site: Site, ask: Ask, scope: str) -> None:
    token = ask(client_secret=site.secret.value, scope=scope).json()["access_token"]
    assert site.directory.tokens.check(token, *site.cloud.audiences)


def test_a_policy_keeps_it_out(site: Site, ask: Ask) -> None:
    site.application.policy_blocks = True
    answer = ask(client_secret=site.secret.value)
    assert (answer.status_code, answer.json()["error"], answer.json()["error_codes"]) == (400, "invalid_grant", [53003])
    assert "capolids" in answer.json()["claims"]


def assertion(site: Site, certificate: Pair, algorithm: str = "PS256", **changes: Any) -> str:
    """An assertion as documented; ``changes`` are claims, None leaves one out, and ``header`` of its header."""
    now = int(time.time())
    data = x509.load_pem_x509_certificate(certificate[0].read_bytes())

    def thumbprint(algorithm: hashes.HashAlgorithm) -> str:
        return base64.urlsafe_b64encode(data.fingerprint(algorithm)).decode().rstrip("=")

    named = {"x5t#S256": thumbprint(hashes.SHA256())} if algorithm == "PS256" else {"x5t": thumbprint(hashes.SHA1())}
    header = {**named, **changes.pop("header", {})}
    claims = {
        "aud": site.login.token_url,
        "iss": site.application.id,
        "sub": site.application.id,
        "jti": str(uuid.uuid4()),
        "nbf": now,
        "iat": now,
        "exp": now + 600,
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, certificate[1].read_text(), algorithm=algorithm, headers=header)


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({}, None),
        ({"algorithm": "RS256"}, None),
        ({"header": {"x5t#S256": "AAAA"}}, 700027),
        ({"algorithm": "RS256", "header": {"x5t": "AAAA"}}, 700027),
        ({"aud": "https://login.microsoftonline.com/contoso/oauth2/v2.0/token"}, 700023),
        ({"sub": "11111111-2222-3333-4444-555555555555"}, 700021),
        ({"jti": None}, 50027),
        ({"exp": None}, 50027),
        ({"exp": int(time.time()) - 3600}, 700024),
        ({"nbf": int(time.time()) + 3600}, 700024),
        ({"exp": int(time.time()) + 100 * 3600}, 700024),
        ({"iss": "11111111-2222-3333-4444-555555555555"}, 700211),
    ],
)
def test_certificates(site: Site, ask: Ask, certificate: Pair, changes: dict[str, Any], number: int | None) -> None:
    site.application.add_certificate(certificate[0])
    answer = ask(client_assertion=assertion(site, certificate, **changes), client_assertion_type=JWT_BEARER)
    assert answer.json().get("error_codes", [None]) == [number]
    assert answer.status_code == {None: 200, 50027: 400}.get(number, 401)


def test_a_certificate_that_nobody_uploaded(site: Site, ask: Ask, certificate: Pair) -> None:
    answer = ask(client_assertion=assertion(site, certificate), client_assertion_type=JWT_BEARER)
    assert answer.json()["error_codes"] == [700027]


def test_a_signature_by_another_key(site: Site, ask: Ask, certificate: Pair, tmp_path: Path) -> None:
    site.application.add_certificate(certificate[0])
    other = Authority(tmp_path).client("other")
    forged = assertion(site, (certificate[0], other[1]))
    assert ask(client_assertion=forged, client_assertion_type=JWT_BEARER).json()["error_codes"] == [700027]


def test_a_certificate_that_expired(site: Site, ask: Ask, ca: Authority) -> None:
    old = ca.server("old-application", days=(-30, -1))
    site.application.add_certificate(old[0])
    answer = ask(client_assertion=assertion(site, old), client_assertion_type=JWT_BEARER)
    assert answer.json()["error_codes"] == [1000502]


@pytest.mark.parametrize(
    ("claims", "number"),
    [
        ({}, None),
        ({"sub": "repo:contoso/OPS"}, 700213),
        ({"aud": "https://github.com/contoso"}, 700212),
        ({"iss": "https://token.actions.githubusercontent.com"}, 700211),
        ({"exp": int(time.time()) - 3600}, 700024),
    ],
)
def test_federated(
    site: Site, ask: Ask, ca: Authority, loop: LoopThread, claims: dict[str, Any], number: int | None
) -> None:
    issuer = Issuer("127.0.0.1", tls=ca.server("127.0.0.1"), clock=site.clock)
    loop.run(issuer.start())
    site.directory.issuers.append(issuer)
    site.application.federated.append(Federated(issuer.issuer, issuer.subject))
    forger = Issuer("127.0.0.1", tls=ca.server("127.0.0.1"), clock=site.clock)
    answer = ask(client_assertion=issuer.token(**claims), client_assertion_type=JWT_BEARER)
    assert answer.json().get("error_codes", [None]) == [number]
    forged = forger.token(iss=issuer.issuer)
    assert ask(client_assertion=forged, client_assertion_type=JWT_BEARER).json()["error_codes"] == [700027]
    loop.run(issuer.stop())

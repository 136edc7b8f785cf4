"""The identity provider, asked by Microsoft's own clients: every way to sign in that an application has."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import msal
import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    AzureCliCredential,
    AzurePipelinesCredential,
    CertificateCredential,
    ClientAssertionCredential,
    ClientSecretCredential,
    CredentialUnavailableError,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from lab.entra import Application, AzureCli, Federated, Issuer, MetadataService
from lab.pki import Authority
from lab.powerplatform import Site
from lab.thread import LoopThread

SCOPE = "https://service.powerapps.com/.default"
AUDIENCE = "https://service.powerapps.com"

Pair = tuple[Path, Path]


def application(site: Site, ca_file: str, credential: Any, **more: Any) -> Any:
    """An application of msal."""
    session = requests.Session()
    session.verify, session.trust_env = ca_file, False  # REQUESTS_CA_BUNDLE would win
    return msal.ConfidentialClientApplication(
        site.application.id,
        authority=f"{site.login.url}/{site.directory.id}",
        client_credential=credential,
        http_client=session,
        **{"instance_discovery": False, **more},
    )


def options(site: Site, ca_file: str) -> dict[str, Any]:
    """What every credential of azure-identity needs to meet the lab."""
    return {"authority": site.login.url, "disable_instance_discovery": True, "connection_verify": ca_file}


@pytest.fixture
def issuer(site: Site, ca: Authority, loop: LoopThread) -> Iterator[Issuer]:
    """A job of the organisation contoso, whose tokens are taken in place of a secret."""
    issuer = Issuer("127.0.0.1", tls=ca.server("127.0.0.1"), clock=site.clock)
    loop.run(issuer.start())
    site.directory.issuers.append(issuer)
    site.application.federated.append(Federated(issuer.issuer, issuer.subject))
    yield issuer
    loop.run(issuer.stop())


@pytest.fixture
def metadata(site: Site, loop: LoopThread) -> Iterator[MetadataService]:
    metadata = MetadataService(site.directory, "127.0.0.1", clock=site.clock)
    loop.run(metadata.start())
    yield metadata
    loop.run(metadata.stop())


def test_msal_by_secret(site: Site, ca_file: str) -> None:
    found = application(site, ca_file, site.secret.value).acquire_token_for_client([SCOPE])
    assert (found["token_type"], found["expires_in"]) == ("Bearer", 3599)
    grant = site.directory.tokens.check(found["access_token"], AUDIENCE)
    assert (grant.client, grant.audience, grant.person) == (site.application.id, AUDIENCE, False)


def test_msal_finds_the_tenant_by_instance_discovery(site: Site, ca_file: str) -> None:
    discovery = f"{site.login.url}/common/discovery/instance"
    app = application(site, ca_file, site.secret.value, instance_discovery=discovery)
    assert "access_token" in app.acquire_token_for_client([SCOPE])
    assert site.login.asked("GET", "/common/discovery/instance") == 1


def test_the_published_keys_verify_a_token(site: Site, ca_file: str) -> None:
    token = application(site, ca_file, site.secret.value).acquire_token_for_client([SCOPE])["access_token"]
    base = f"{site.login.url}/{site.directory.id}/v2.0/.well-known/openid-configuration"
    keys = requests.get(base, verify=ca_file, timeout=5).json()["jwks_uri"]
    client = jwt.PyJWKClient(keys, ssl_context=ssl.create_default_context(cafile=ca_file))
    claims = jwt.decode(token, client.get_signing_key_from_jwt(token), algorithms=["RS256"], audience=AUDIENCE)
    assert (claims["appid"], claims["tid"]) == (site.application.id, site.directory.id)


def test_msal_by_certificate(site: Site, ca_file: str, certificate: Pair) -> None:
    """Without a thumbprint msal signs by PS256 and names the certificate by SHA-256, with one by RS256 and SHA-1."""
    site.application.add_certificate(certificate[0])
    key = certificate[1].read_text()
    found = application(site, ca_file, {"private_key": key, "public_certificate": certificate[0].read_text()})
    assert "access_token" in found.acquire_token_for_client([SCOPE])
    thumbprint = x509.load_pem_x509_certificate(certificate[0].read_bytes()).fingerprint(hashes.SHA1()).hex()
    old = application(site, ca_file, {"private_key": key, "thumbprint": thumbprint})
    assert "access_token" in old.acquire_token_for_client([SCOPE])
    site.directory.sha256_unknown = True
    refused = application(site, ca_file, {"private_key": key, "public_certificate": certificate[0].read_text()})
    assert refused.acquire_token_for_client([SCOPE])["error_codes"] == [700027]


def test_azure_identity_by_secret_and_certificate(site: Site, ca_file: str, certificate: Pair) -> None:
    who = (site.directory.id, site.application.id)
    by_secret = ClientSecretCredential(*who, site.secret.value, **options(site, ca_file))
    token = by_secret.get_token(SCOPE)
    assert site.directory.tokens.check(token.token, AUDIENCE).client == site.application.id
    assert token.expires_on - time.time() == pytest.approx(3599, abs=60)
    site.application.add_certificate(certificate[0])
    data = certificate[0].read_bytes() + certificate[1].read_bytes()
    by_certificate = CertificateCredential(*who, certificate_data=data, **options(site, ca_file))
    assert site.directory.tokens.check(by_certificate.get_token(SCOPE).token, AUDIENCE)


def test_azure_identity_by_what_a_cluster_wrote(site: Site, ca_file: str, issuer: Issuer, tmp_path: Path) -> None:
    file = issuer.write(tmp_path / "token")
    credential = WorkloadIdentityCredential(
        tenant_id=site.directory.id,
        client_id=site.application.id,
        token_file_path=str(file),
        **options(site, ca_file),
    )
    assert site.directory.tokens.check(credential.get_token(SCOPE).token, AUDIENCE)


def test_azure_identity_in_azure_pipelines(
    site: Site, ca_file: str, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYSTEM_OIDCREQUESTURI", issuer.pipelines_url)
    credential = AzurePipelinesCredential(
        tenant_id=site.directory.id,
        client_id=site.application.id,
        service_connection_id=issuer.service_connection,
        system_access_token=issuer.bearer,
        **options(site, ca_file),
    )
    assert site.directory.tokens.check(credential.get_token(SCOPE).token, AUDIENCE)
    wrong = AzurePipelinesCredential(
        tenant_id=site.directory.id,
        client_id=site.application.id,
        service_connection_id=issuer.service_connection,
        system_access_token="expired",
        **options(site, ca_file),
    )
    with pytest.raises(ClientAuthenticationError) as caught:
        wrong.get_token(SCOPE)
    assert caught.value.status_code == 401


def test_azure_identity_in_github_actions(site: Site, ca_file: str, issuer: Issuer) -> None:
    def ask() -> str:
        url = f"{issuer.github_url}&audience=api://AzureADTokenExchange"
        headers = {"Authorization": f"bearer {issuer.bearer}"}
        return str(requests.get(url, headers=headers, verify=ca_file, timeout=5).json()["value"])

    who = (site.directory.id, site.application.id)
    credential = ClientAssertionCredential(*who, ask, **options(site, ca_file))
    assert site.directory.tokens.check(credential.get_token(SCOPE).token, AUDIENCE)


def test_azure_identity_on_a_machine_in_azure(
    site: Site, metadata: MetadataService, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata.system = Application("machine")
    given = metadata.assigned.setdefault("0d4f9a5e-6f0c-4a59-9f7c-54fb2b4cf1a1", Application("given"))
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", metadata.url)
    token = ManagedIdentityCredential().get_token(SCOPE).token
    assert site.directory.tokens.check(token, AUDIENCE).client == metadata.system.id
    by_id = ManagedIdentityCredential(client_id="0d4f9a5e-6f0c-4a59-9f7c-54fb2b4cf1a1").get_token(SCOPE).token
    assert site.directory.tokens.check(by_id, AUDIENCE).client == given.id
    unknown = ManagedIdentityCredential(client_id="11111111-2222-3333-4444-555555555555")
    with pytest.raises(ClientAuthenticationError, match="Identity not found"):
        unknown.get_token(SCOPE)


@pytest.mark.parametrize(
    ("query", "headers", "text"),
    [
        (
            "?api-version=2018-02-01&resource=https://service.powerapps.com",
            {},
            "Required metadata header not specified",
        ),
        (
            "?api-version=2018-02-01&resource=https://service.powerapps.com",
            {"Metadata": "true", "X-Forwarded-For": "10.0.0.1"},
            "Required metadata header not specified",
        ),
        ("?api-version=2018-02-01", {"Metadata": "true"}, "Required audience parameter not specified"),
        ("?resource=https://service.powerapps.com", {"Metadata": "true"}, "Required api-version"),
    ],
)
def test_what_the_machine_does_not_answer(
    metadata: MetadataService, query: str, headers: dict[str, str], text: str
) -> None:
    answer = requests.get(f"{metadata.url}/metadata/identity/oauth2/token{query}", headers=headers, timeout=5)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert answer.json()["error_description"].startswith(text)


def test_azure_identity_by_the_azure_cli(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = AzureCli(tmp_path / "bin", site.directory)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    with pytest.raises(CredentialUnavailableError, match="az login"):
        AzureCliCredential().get_token(SCOPE)
    program.sign_in("ada@contoso.example.com")
    token = AzureCliCredential().get_token(SCOPE)
    grant = site.directory.tokens.check(token.token, AUDIENCE)
    assert grant.person
    assert token.expires_on == int(grant.expires)
    with pytest.raises(ClientAuthenticationError, match="AADSTS500011"):
        AzureCliCredential().get_token("https://service.example.com/.default")

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""How a task gets its tokens: the sources, and which one the options mean."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.parse
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Client, HttpFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._assertion import Certificate, claims
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._clouds import DEFAULT_SCOPE
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._tokens import Token
from ansible_collections.quiesce.maintenance.plugins.module_utils._text import shortened

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
AZURE_CLI_LIMIT = 120.0

# By "error" alone: the vendor says that numbers and texts of error_description change.
_REMEDIES = {
    "invalid_client": "Check the client id and its credential: the value of a client secret is needed, not its id, and "
    "neither it nor a certificate may have expired; a certificate or federated credential must be registered with the "
    "application, and for a certificate O(tenant_id) must be the tenant's id",
    "unauthorized_client": "Check O(client_id) and O(tenant_id): the application must exist in this tenant",
    "invalid_scope": "Check O(cloud), or O(bap_scope) where it is given",
    "invalid_resource": "Check O(cloud), or O(bap_scope) where it is given",
    "invalid_request": "Check O(tenant_id) and O(client_id)",
    "invalid_grant": "A rule of the tenant refused the login; its administrator finds it by the correlation id",
}


@dataclass(frozen=True)
class Given:
    """A token that somebody else got: good for one resource, and nobody knows how long."""

    resource: str
    value: str = field(repr=False)
    renewable: bool = field(default=False, init=False)

    def token(self, resource: str) -> Token:
        """Return it. Raises ``Failure`` for another resource."""
        if resource != self.resource:
            raise Failure(
                "get a token",
                resource,
                "the token that was given is for the administration API alone",
                "Give a credential in place of the token to have this read as well",
            )
        return Token(self.value)


@dataclass(frozen=True)
class Application:
    """An application of Microsoft Entra ID. ``proof`` returns the fields by which it shows who it is."""

    login: Client
    tenant: str
    client_id: str
    proof: Callable[[], Mapping[str, str]] = field(repr=False)
    renewable: bool = field(default=True, init=False)

    def token(self, resource: str) -> Token:
        """Ask for a token by client credentials. Raises ``Failure``."""
        proof = self.proof()
        form = {
            "client_id": self.client_id,
            "scope": f"{resource}{DEFAULT_SCOPE}",
            "grant_type": "client_credentials",
            **proof,
        }
        attempted = f"get a token for {resource}"
        try:
            answer = self.login.request("POST", f"/{self.tenant}/oauth2/v2.0/token", attempted=attempted, form=form)
        except HttpFailure as failure:
            raise _refusal(failure, self.login, proof) from None
        return _token(answer.data, attempted, self.login.target)


def with_secret(secret: str) -> Callable[[], Mapping[str, str]]:
    """Return the proof of a client secret."""
    return lambda: {"client_secret": secret}


def with_certificate(certificate: Certificate, token_url: str, client_id: str) -> Callable[[], Mapping[str, str]]:
    """Return the proof of a certificate: a new statement each time."""

    def proof() -> Mapping[str, str]:
        stated = claims(token_url, client_id, now=time.time(), identifier=str(uuid.uuid4()))
        return {"client_assertion_type": JWT_BEARER, "client_assertion": certificate.statement(stated)}

    return proof


def with_statement(statement: Callable[[], str]) -> Callable[[], Mapping[str, str]]:
    """Return the proof of another issuer's statement."""
    return lambda: {"client_assertion_type": JWT_BEARER, "client_assertion": statement()}


@dataclass(frozen=True)
class ManagedIdentity:
    """The identity of the Azure machine on which the controller runs."""

    service: Client
    client_id: str | None
    renewable: bool = field(default=True, init=False)

    def token(self, resource: str) -> Token:
        """Ask the machine's metadata service. Raises ``Failure``."""
        query = [("api-version", "2018-02-01"), ("resource", resource)]
        if self.client_id:
            query.append(("client_id", self.client_id))
        attempted = f"get a token of the managed identity for {resource}"
        answer = self.service.request(
            "GET", "/metadata/identity/oauth2/token", attempted=attempted, query=query, headers={"Metadata": "true"}
        )
        return _token(answer.data, attempted, self.service.target)


@dataclass(frozen=True)
class AzureCli:
    """Who is logged in with the Azure CLI on the controller."""

    tenant: str | None
    limit: float = AZURE_CLI_LIMIT
    renewable: bool = field(default=True, init=False)

    def token(self, resource: str) -> Token:
        """Ask ``az``. Raises ``Failure``."""
        command = ["az", "account", "get-access-token", "--output", "json", "--resource", resource]
        if self.tenant:
            command += ["--tenant", self.tenant]
        attempted = f"get a token of the Azure CLI for {resource}"
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=self.limit, check=False, stdin=subprocess.DEVNULL
            )
        except FileNotFoundError:
            raise Failure(
                attempted,
                "the controller",
                "there is no az command",
                "Install the Azure CLI, or use another credential",
            ) from None
        except subprocess.TimeoutExpired:
            raise Failure(
                attempted, "the controller", f"no answer within {self.limit:.0f} s", "Run the command az by hand"
            ) from None
        if done.returncode:
            raise Failure(
                attempted,
                "the controller",
                shortened(done.stderr) or f"az ended with {done.returncode}",
                "Log in with az login as the user that runs Ansible",
            )
        try:
            data = json.loads(done.stdout)
        except ValueError:
            data = None
        token = data.get("accessToken") if isinstance(data, Mapping) else None
        if not isinstance(token, str) or not token:
            raise Failure(attempted, "the controller", "az showed no token", "Run az account get-access-token by hand")
        expires = _number(data.get("expires_on"))
        return Token(token, None if expires is None else expires - time.time())


def check_tenant(tenant: str | None) -> str:
    """Return the tenant. Raises ``Invalid``: it becomes a part of an address."""
    if not tenant or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", tenant):
        raise Invalid(
            "tenant_id",
            "it is missing" if not tenant else f'"{tenant}" is no tenant',
            "Give the id of the Microsoft Entra tenant, or one of its domain names",
        )
    return urllib.parse.quote(tenant)


def _refusal(failure: HttpFailure, login: Client, proof: Mapping[str, str]) -> Failure:
    """Say what Microsoft Entra ID said, without what was presented, and decide by its error alone what to do."""
    data = failure.data if isinstance(failure.data, Mapping) else {}
    error = data.get("error")
    if not isinstance(error, str):
        return failure
    said = login.redact(str(data.get("error_description", "")))
    if statement := proof.get("client_assertion"):
        said = said.replace(statement, "********")
    ids = {name: data[name] for name in ("trace_id", "correlation_id") if isinstance(data.get(name), str)}
    text = f"{error}: {shortened(said)}" if said else error
    numbers = "".join(f", {name.replace('_', ' ')} {value}" for name, value in ids.items() if value not in text)
    return Failure(
        failure.attempted,
        failure.target,
        f"HTTP {failure.status}: {text}{numbers}",
        _REMEDIES.get(error, "Look up the error in Microsoft's documentation of authentication errors"),
        details={"error_code": error, **ids},
    )


def _token(data: Any, attempted: str, target: str) -> Token:
    value = data.get("access_token") if isinstance(data, Mapping) else None
    if not isinstance(value, str) or not value:
        raise Failure(attempted, target, "the answer holds no token", "Check the address, and what answers there")
    return Token(value, _number(data.get("expires_in")))


def _number(value: object) -> float | None:
    """Read a number that may come as a text."""
    return float(str(value)) if re.fullmatch(r"[0-9]{1,12}", str(value)) else None

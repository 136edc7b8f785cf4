# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The options of the modules (documented by doc_fragments/powerplatform.py), and what they name."""

from __future__ import annotations

import functools
import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._connection import (
    OPTIONS,
    open_client,
    read_secret,
    secret_options,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Client
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform import _federation
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._assertion import (
    ALGORITHMS,
    load_certificate,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._bap import Bap
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._clouds import (
    CLOUDS,
    Endpoints,
    endpoints,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._credential import (
    Application,
    AzureCli,
    Given,
    ManagedIdentity,
    check_tenant,
    with_certificate,
    with_secret,
    with_statement,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._service import TRANSIENT, Service
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._switching import Limits
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._tokens import Source, Tokens
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import seconds
from ansible_collections.quiesce.maintenance.plugins.module_utils._window_options import STORE, WINDOW

AUTOMATIC = "auto"
_BY_STATEMENT = ("github_actions", "azure_pipelines", "workload_identity")
_AUTH = (
    AUTOMATIC,
    "client_secret",
    "certificate",
    *_BY_STATEMENT,
    "managed_identity",
    "azure_cli",
    "token",
)

CONNECTION: dict[str, dict[str, Any]] = {
    **{name: option for name, option in OPTIONS.items() if name != "url"},
    "environment": {"type": "str", "required": True},
    "cloud": {"type": "str", "choices": list(CLOUDS), "default": "public"},
    "bap_url": {"type": "str"},
    "bap_scope": {"type": "str"},
    "login_url": {"type": "str"},
    "api_url": {"type": "str"},
    "trusted_hosts": {"type": "list", "elements": "str", "default": []},
    "auth": {"type": "str", "choices": list(_AUTH), "default": AUTOMATIC},
    "tenant_id": {"type": "str"},
    "client_id": {"type": "str"},
    **secret_options("client_secret"),
    "certificate_file": {"type": "path"},
    "certificate_key_file": {"type": "path"},
    "certificate_key_password": {"type": "str", "no_log": True},
    "certificate_algorithm": {"type": "str", "choices": list(ALGORITHMS), "default": ALGORITHMS[0]},
    "federated_token_file": {"type": "path", "no_log": False},
    "service_connection_id": {"type": "str"},
    "managed_identity_url": {"type": "str", "default": "http://169.254.169.254"},
    **secret_options("token"),
}
MODE: dict[str, dict[str, Any]] = {
    **CONNECTION,
    "state": {"type": "str", "choices": ["enabled", "disabled"], "required": True},
    "background_operations": {"type": "str", "choices": ["enabled", "disabled"]},
    "wait_timeout": {"type": "str", "default": "90m"},
    "settle_timeout": {"type": "str", "default": "3m"},
    "poll_interval": {"type": "str", "default": "15s"},
    "operation_type": {"type": "str", "default": "Edit"},
    "logs_path": {"type": "path"},
    **WINDOW,
    **STORE,
}
MODE_INFO = {**CONNECTION, **STORE}
RULES: dict[str, Any] = {
    "mutually_exclusive": [
        ("token", "token_file", "client_secret", "client_secret_file", "certificate_file", "federated_token_file")
    ]
}


@dataclass
class Access:
    """What a task reaches: the administration API ``bap``, and by the same login the others."""

    bap: Bap
    endpoints: Endpoints
    tokens: Tokens
    open: Callable[[str, str, str, bool], Client]
    correlation: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def api(self) -> Service:
        """The documented API of the Power Platform."""
        return self._service(self.endpoints.api, self.endpoints.api_resource, "api_url")

    def dataverse(self, url: str) -> Service:
        """The API of an environment's Dataverse; its token is for that address."""
        return self._service(url, url, "environment")

    def _service(self, url: str, resource: str, option: str) -> Service:
        return Service(url, resource, self.tokens, functools.partial(self.open, option), self.correlation)


def read_endpoints(params: Mapping[str, Any]) -> Endpoints:
    """Return where the requests of a task go."""
    return endpoints(
        params["cloud"],
        bap=params["bap_url"] or "",
        bap_resource=params["bap_scope"] or "",
        login=params["login_url"] or "",
        api=params["api_url"] or "",
        trusted=params["trusted_hosts"],
    )


def open_access(params: Mapping[str, Any], run: Run) -> Access:
    """Return what the options name, without asking anything yet. Raises ``Failure`` for options that cannot be used."""
    places = read_endpoints(params)
    clients = Clients(params, run)
    auth = choose_auth(params)
    client_id = None if auth in ("azure_cli", "token") else params["client_id"] or os.environ.get("AZURE_CLIENT_ID")
    source = open_source(auth, params, client_id, places, clients)
    tokens = Tokens(source, run.now)
    correlation = str(uuid.uuid4())
    service = Service(
        places.bap, places.bap_resource, tokens, functools.partial(clients.bearer, "bap_url"), correlation
    )
    return Access(Bap(service, places, client_id, run.tell), places, tokens, clients.bearer, correlation)


def limits(params: Mapping[str, Any]) -> Limits:
    """Return how long to wait. Raises ``Invalid``."""
    return Limits(
        seconds(params, "wait_timeout", zero=True),
        seconds(params, "busy_timeout", zero=True),
        seconds(params, "settle_timeout", zero=True),
        seconds(params, "poll_interval"),
        params["operation_type"],
    )


@dataclass
class Clients:
    """Makes clients with the connection options of a task."""

    params: Mapping[str, Any]
    run: Run

    def bearer(self, option: str, url: str, token: str, writes: bool) -> Client:
        """Return a client that logs in with a token. ``option`` is what the address is called in messages; ``writes``:
        it repeats nothing that may have been carried out."""
        # 429 alone says for certain that nothing was done.
        retried = frozenset({429}) if writes else TRANSIENT
        return self.plain(option, url, statuses=retried, credentials={"Authorization": f"Bearer {token}"})

    def plain(
        self,
        option: str,
        url: str,
        *,
        statuses: frozenset[int] = TRANSIENT,
        here: bool = False,
        **more: Any,
    ) -> Client:
        """Return a client that sends no token of itself. ``here``: the address is one of this machine, which is not
        asked through a proxy, nor over TLS unless it says so."""
        params = {**self.params, "url": url}
        if here:
            params |= {"use_proxy": False, "validate_certs": not url.startswith("http:")}
        run = self.run
        return open_client(
            params, statuses=statuses, url_option=option, tell=run.tell, now=run.now, sleep=run.rest, **more
        )


def choose_auth(params: Mapping[str, Any]) -> str:
    """Return the kind of login that the options mean. Raises ``Failure`` where they mean none."""
    if params["auth"] != AUTOMATIC:
        return str(params["auth"])
    given = {
        "token": ("token", "token_file"),
        "client_secret": ("client_secret", "client_secret_file"),
        "certificate": ("certificate_file",),
        "workload_identity": ("federated_token_file",),
    }
    for kind, names in given.items():
        if any(params.get(name) for name in names):
            return kind
    if os.environ.get("AZURE_CLIENT_SECRET"):
        return "client_secret"
    raise Failure(
        "log in",
        "Microsoft Entra ID",
        "there is no credential",
        "Give O(client_secret) or O(client_secret_file), O(certificate_file), O(federated_token_file), or O(token); or "
        f"say with O(auth) which other one is meant: {', '.join((*_BY_STATEMENT, 'managed_identity', 'azure_cli'))}",
    )


def open_source(
    auth: str, params: Mapping[str, Any], client_id: str | None, places: Endpoints, clients: Clients
) -> Source:
    """Return what gives the tokens. Raises ``Failure`` for a credential that cannot be used."""
    if auth == "token":
        token = read_secret(params, "token", "")
        if not token:
            raise Invalid("token", "it is missing", "Give O(token) or O(token_file)")
        return Given(places.bap_resource, token)
    if auth == "azure_cli":
        return AzureCli(params["tenant_id"])
    if auth == "managed_identity":
        url = params["managed_identity_url"]
        return ManagedIdentity(clients.plain("managed_identity_url", url, here=True), client_id)
    tenant = check_tenant(params["tenant_id"] or os.environ.get("AZURE_TENANT_ID"))
    if not client_id:
        raise Invalid("client_id", "it is missing", "Give the application's client id (or AZURE_CLIENT_ID)")
    secrets: list[str] = []
    if auth == "client_secret":
        secret = read_secret(params, "client_secret", "AZURE_CLIENT_SECRET")
        if not secret:
            raise Invalid("client_secret", "it is missing", "Give O(client_secret) or O(client_secret_file)")
        proof = with_secret(secret)
        secrets.append(secret)
    elif auth == "certificate":
        if not params["certificate_file"]:
            raise Invalid("certificate_file", "it is missing", "Give a PEM file with the certificate and its key")
        certificate = load_certificate(
            params["certificate_file"],
            params["certificate_key_file"],
            params["certificate_key_password"],
            params["certificate_algorithm"],
        )
        proof = with_certificate(certificate, f"{places.login}/{tenant}/oauth2/v2.0/token", client_id)
    else:
        proof = with_statement(statement_of(auth, params, clients))
    login = clients.plain("login_url", places.login, secrets=secrets)
    return Application(login, tenant, client_id, proof)


def statement_of(auth: str, params: Mapping[str, Any], clients: Clients) -> Callable[[], str]:
    """Return what fetches the statement of another issuer."""

    def ask(base: str, bearer: str) -> Client:
        return clients.plain("auth", base, credentials={"Authorization": f"Bearer {bearer}"})

    if auth == "github_actions":
        return lambda: _federation.github_actions(os.environ, ask)
    if auth == "azure_pipelines":
        return lambda: _federation.azure_pipelines(os.environ, params["service_connection_id"], ask)
    return lambda: _federation.token_file(params["federated_token_file"], os.environ)

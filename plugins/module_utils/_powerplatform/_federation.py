# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The statement of another issuer by which Microsoft Entra ID knows a workload: of a pipeline or of Kubernetes.

Where it comes from: terraform-provider-power-platform 57ba091a and azure-identity 1.27.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Client

AUDIENCE = "api://AzureADTokenExchange"
"""For whom the issuer's statement is."""

Open = Callable[[str, str], Client]
"""Returns a client for a base URL that logs in with a bearer token."""


def github_actions(environment: Mapping[str, str], open_client: Open) -> str:
    """Ask GitHub for the statement of this job. Raises ``Failure``."""
    where = "the GitHub Actions job"
    url, bearer = _variables(
        environment,
        where,
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        remedy="Run in GitHub Actions with the permission id-token: write for the job",
    )
    base, path = split(url, where)
    answer = open_client(base, bearer).get(
        path, attempted="get an identity token of the GitHub Actions job", query=[("audience", AUDIENCE)]
    )
    return _text(answer.data, "value", where)


def azure_pipelines(environment: Mapping[str, str], service_connection: str | None, open_client: Open) -> str:
    """Ask Azure DevOps for the statement of this service connection. Raises ``Failure``."""
    where = "the Azure pipeline"
    url, bearer = _variables(
        environment,
        where,
        "SYSTEM_OIDCREQUESTURI",
        "SYSTEM_ACCESSTOKEN",
        remedy="Run in Azure Pipelines with SYSTEM_ACCESSTOKEN: $(System.AccessToken) in the env of the step",
    )
    if not service_connection:
        raise Invalid("service_connection_id", "it is missing", "Give the id of the Azure DevOps service connection")
    base, path = split(url, where)
    answer = open_client(base, bearer).request(
        "POST",
        path,
        attempted="get an identity token of the Azure pipeline",
        query=[("api-version", "7.1"), ("serviceConnectionId", service_connection)],
        headers={"X-TFS-FedAuthRedirect": "Suppress"},
    )
    return _text(answer.data, "oidcToken", where)


def token_file(file: str | None, environment: Mapping[str, str]) -> str:
    """Read the statement that Kubernetes writes into a file, anew each time: it is replaced before it ends."""
    name = file or environment.get("AZURE_FEDERATED_TOKEN_FILE", "")
    if not name:
        raise Invalid(
            "federated_token_file",
            "neither it nor the environment variable AZURE_FEDERATED_TOKEN_FILE names a file",
            "Give the file that holds the issuer's token; in Kubernetes, the workload identity webhook sets it",
        )
    try:
        text = Path(name).read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        # The text of a UnicodeDecodeError would quote the file.
        reason = error.strerror if isinstance(error, OSError) else "it holds no token"
        raise Invalid("federated_token_file", f"{name}: {reason}", "Give the file with the issuer's token") from None
    if not text:
        raise Invalid("federated_token_file", f"{name} is empty", "Give the file with the issuer's token")
    return text


def split(url: str, where: str) -> tuple[str, str]:
    """Return the base of a URL and its path with the query. Raises ``Failure`` for what is no URL."""
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError:
        parts = urllib.parse.SplitResult("", "", "", "", "")
    if not parts.scheme or not parts.netloc:
        raise Failure("get an identity token", where, "its address is no URL", "Check the environment of the job")
    return f"{parts.scheme}://{parts.netloc}", (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _variables(environment: Mapping[str, str], where: str, *names: str, remedy: str) -> tuple[str, ...]:
    missing = [name for name in names if not environment.get(name)]
    if missing:
        raise Failure(
            "get an identity token", where, f"the environment variable {' and '.join(missing)} is not set", remedy
        )
    return tuple(environment[name] for name in names)


def _text(data: Any, key: str, where: str) -> str:
    found = data.get(key) if isinstance(data, Mapping) else None
    if not isinstance(found, str) or not found:
        raise Failure("get an identity token", where, f"the answer has no {key}", "Run again; look at the job's log")
    return found

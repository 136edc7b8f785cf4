# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The administration API (BAP): an environment, its operations, and the one request that switches the mode.

Paths and versions: terraform-provider-power-platform 57ba091a, Microsoft.PowerApps.Administration.PowerShell 2026-03-23
and d365bap.tools 708eabb. Microsoft documents the commands of its own tools, not these requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Refused
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Answer, HttpFailure, retry_after
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._clouds import Endpoints
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._environment import (
    Environment,
    parse_environment,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._operation import (
    Operation,
    parse_operation,
    parse_operations,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._service import (
    TRANSIENT,
    Service,
    code_of,
)

PROVIDER = "/providers/Microsoft.BusinessAppPlatform"
ENVIRONMENTS = f"{PROVIDER}/scopes/admin/environments"
OPERATIONS = f"{PROVIDER}/lifecycleOperations"

_READ = ("api-version", "2023-06-01")
# Newer versions, with a description, were seen to turn managed environments on.
_WRITE = ("api-version", "2021-04-01")
_LIST = ("api-version", "2024-05-01")
_NOT_STARTABLE = "operationnotstartable"
_NOT_REGISTERED = "does not have permission to access the path"
_REGISTER = "pac admin application register --application-id"
_MOST_PAGES = 500


class Busy(Failure):
    """Another lifecycle operation of the environment runs; nothing was done."""


class Lost(Failure):
    """Whether the request was carried out is not known. ``pause`` is how many seconds the server asks to wait."""

    unknown = True
    pause: float | None = None


@dataclass(frozen=True)
class Accepted:
    """The request was taken. ``operation`` is the address of its operation, "" where none that may be asked came."""

    operation: str = ""


@dataclass
class Bap:
    """The administration API of a cloud. ``client_id`` is that of the application that logs in, if it is one."""

    service: Service
    endpoints: Endpoints
    client_id: str | None = None
    tell: Callable[[str], None] = lambda line: None

    def clock(self) -> datetime:
        """Return the time by the platform's own clock, as of its last answer; the controller's may be minutes off."""
        return self.service.date or datetime.now(timezone.utc)

    def environment(self, identifier: str) -> Environment:
        """Return one environment. Raises ``Failure`` where there is none, or none that the account may see."""
        attempted = "read the environment"
        path = f"{ENVIRONMENTS}/{quote(identifier, safe='')}"
        try:
            answer = self.service.get(path, attempted=attempted, query=[_READ])
        except HttpFailure as failure:
            if failure.status == 404 and self.client_id and self._sees_nothing():
                raise self._not_registered(failure.details) from None
            raise self._explained(failure) from None
        found = parse_environment(answer.data)
        if found is None or found.id.lower() != identifier.lower():
            raise self._strange(attempted, "an environment of that id")
        return found

    def environments(self) -> list[Environment]:
        """Return all environments that the account may see. Raises ``Failure``."""
        attempted = "list the environments"
        entries: list[Any] = []
        query: Iterable[tuple[str, str]] = [_READ]
        path, seen = ENVIRONMENTS, {ENVIRONMENTS}
        for _page in range(_MOST_PAGES):
            data = self._get(path, attempted, query).data
            if not isinstance(data, Mapping) or not isinstance(data.get("value"), list):
                raise self._strange(attempted, "a list of environments")
            entries += data["value"]
            path, query = str(data.get("nextLink") or data.get("@odata.nextLink") or ""), ()
            if not path or path in seen:
                break
            if not self.endpoints.may_have_token(path):
                raise Failure(
                    attempted,
                    self.endpoints.bap,
                    "the next page of the list is at a host that is none of this cloud",
                    "Check what answers there; O(trusted_hosts) can name more hosts",
                )
            seen.add(path)
        found = [environment for environment in map(parse_environment, entries) if environment]
        if not found and self.client_id:
            raise self._not_registered()
        return found

    def operations(self, identifier: str) -> tuple[Operation, ...] | None:
        """Return the operations of an environment, the newest first; None where the platform does not list them."""
        query = [_LIST, ("$filter", f"environment eq '{identifier}'")]
        try:
            return parse_operations(self.service.get(OPERATIONS, attempted="list the operations", query=query).data)
        except HttpFailure as failure:
            if failure.status in (400, 403, 404, 405):
                return None
            raise

    def operation(self, url: str) -> Operation | None:
        """Return the operation at ``url``, None where it is not there (yet, or any more). Raises ``Busy``, ``Failure``.

        The host must be one of ``Endpoints.may_have_token``.
        """
        try:
            answer = self.service.get(url, attempted="read the operation")
        except HttpFailure as failure:
            if failure.status == 404:
                return None
            if failure.status == 409:
                raise _busy(failure) from None
            raise
        found = parse_operation(answer.data)
        if found is None:
            raise self._strange("read the operation", "an operation")
        return replace(found, pause=retry_after(answer.headers.get("retry-after")))

    def switch(self, identifier: str, body: Mapping[str, Any]) -> Accepted:
        """Ask for another mode, once. Raises ``Busy``, ``Lost``, or ``Failure`` where it was refused."""
        path = f"{ENVIRONMENTS}/{quote(identifier, safe='')}"
        attempted = "switch administration mode"
        try:
            answer = self.service.ask("PATCH", path, attempted=attempted, query=[_WRITE], body=body)
        except HttpFailure as failure:
            if failure.status is None or failure.status in TRANSIENT or 200 <= failure.status < 300:
                lost = Lost(failure.attempted, failure.target, failure.answer, failure.remedy, details=failure.details)
                lost.pause = failure.pause
                raise lost from None
            if failure.status == 409 and code_of(failure).lower() in ("", _NOT_STARTABLE):
                raise _busy(failure) from None
            raise self._explained(failure) from None
        return Accepted(self._operation_url(answer))

    def _sees_nothing(self) -> bool:
        """Whether the list of environments is empty for this account, as for an application that is not registered."""
        try:
            data = self.service.get(ENVIRONMENTS, attempted="list the environments", query=[_READ]).data
        except HttpFailure:
            return False
        return isinstance(data, Mapping) and data.get("value") == []

    def _operation_url(self, answer: Answer) -> str:
        """Return where the operation is: clients differ in which of the two headers they take first."""
        named = [url for url in map(answer.headers.get, ("operation-location", "location")) if url]
        for url in named:
            if self.endpoints.may_have_token(url):
                return url
        if named:
            self.tell(
                "The operation is answered for by a host that is none of this cloud, so the token is not sent there; "
                "looking for the operation in the environment's list"
            )
        return ""

    def _get(self, path: str, attempted: str, query: Iterable[tuple[str, str]]) -> Answer:
        try:
            return self.service.get(path, attempted=attempted, query=query)
        except HttpFailure as failure:
            raise self._explained(failure) from None

    def _explained(self, failure: HttpFailure) -> Failure:
        """Say what is to be done about a refusal that has a known reason."""
        code = code_of(failure)
        if failure.status == 403 and _NOT_REGISTERED in failure.message:
            # The rest of the message names an internal address of the service.
            return self._not_registered(failure.details)
        if failure.status == 404:
            failure.remedy = (
                "Check O(environment): the id of an environment that exists in this tenant and cloud (O(cloud)) and "
                "that the account may administer"
            )
        elif failure.status == 403:
            failure.remedy = (
                "Give the account the role Power Platform administrator, Dynamics 365 administrator, or System "
                "Administrator of this environment"
            )
        elif failure.status == 409:
            failure.remedy = "Look up the code in the Power Platform admin center, resolve it there, and run again"
        if code:
            failure.answer = f"{code}: {failure.answer}"
        return failure

    def _not_registered(self, details: Mapping[str, Any] | None = None) -> Failure:
        client = self.client_id or "CLIENT_ID"
        refused = Refused(
            self.endpoints.bap,
            [
                f"The application {client} is not registered with the Power Platform, or may see no environment.",
                f"An administrator (a person; it cannot do it itself) runs once: {_REGISTER} {client}",
            ],
        )
        refused.details.update(details or {})
        return refused

    def _strange(self, attempted: str, what: str) -> Failure:
        return Failure(
            attempted, self.endpoints.bap, f"the answer is not {what}", "Check the address, and what answers there"
        )


def _busy(failure: HttpFailure) -> Busy:
    return Busy(
        failure.attempted,
        failure.target,
        failure.answer,
        "Another operation of the environment runs: see History in the Power Platform admin center, and run again when "
        "it has ended",
        details=failure.details,
    )

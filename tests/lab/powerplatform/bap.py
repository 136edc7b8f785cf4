"""The admin API (Business Application Platform), undocumented: environments, the mode, operations, registration.

A tenant's hosts, the global one and that of each region, know the same; a region's host is named in the answers.
"""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path

from aiohttp import web

from lab.clock import Clock
from lab.entra import Grant
from lab.entra.tokens import Invalid
from lab.powerplatform.cloud import Cloud, refused
from lab.powerplatform.environment import Environment
from lab.powerplatform.environment_json import ADMIN, environment_json
from lab.powerplatform.operation import PATH, Operation
from lab.powerplatform.paging import Pages
from lab.powerplatform.request import Malformed, parse
from lab.rest.service import JsonObject, Refused, Service, json_body

APPLICATIONS = "/providers/Microsoft.BusinessAppPlatform/adminApplications"
READS = {"2020-10-01", "2021-04-01", "2023-06-01", "2024-05-01"}
WRITE = "2021-04-01"
OPERATIONS_READ = "2023-06-01"
_FILTERS: dict[str, Callable[[Environment], str]] = {
    r"name eq '([^']*)'": lambda environment: environment.id,
    r"properties/environmentSku eq '([^']*)'": lambda environment: environment.sku,
    r"properties/linkedEnvironmentMetadata/resourceId eq ([0-9a-fA-F-]+)": lambda environment: (
        environment.dataverse_id if environment.dataverse_url else ""
    ),
}


class Bap(Service):
    """One host of the admin API. ``login_url`` is what a refused client is told; ``pages`` says how lists are cut."""

    def __init__(
        self, cloud: Cloud, address: str, port: int = 0, *, tls: tuple[Path, Path], clock: Clock, login_url: str = ""
    ) -> None:
        super().__init__(address, port, tls=tls, clock=clock)
        self.cloud = cloud
        self.login_url = login_url
        self.pages = Pages("nextLink")

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            web.get(ADMIN, self._list),
            web.get(f"{ADMIN}/", self._list),  # an empty id is the list, not an error
            web.get(f"{ADMIN}/{{id}}", self._get),
            web.patch(f"{ADMIN}/{{id}}", self._patch),
            web.get(PATH, self._operations),
            web.get(f"{PATH}/{{id}}", self._operation),
            web.get(f"{APPLICATIONS}/{{client}}", self._application),
            web.put(f"{APPLICATIONS}/{{client}}", self._register),
            web.delete(f"{APPLICATIONS}/{{client}}", self._unregister),
        ]

    def headers(self, request: web.Request) -> dict[str, str]:
        correlation = request.headers.get("X-Correlation-Id") or str(uuid.uuid4())
        return {"x-ms-request-id": str(uuid.uuid4()), "x-ms-correlation-request-id": correlation}

    # --- environments ---

    async def _list(self, request: web.Request) -> web.Response:
        grant = self._admit(request, READS)
        found = list(self.cloud.environments.values()) if self._may_see(request, grant) else []
        if condition := request.query.get("$filter"):
            found = _filtered(found, condition)
        return web.json_response(self.pages.cut(request, self.url, [self._json(each) for each in found]))

    async def _get(self, request: web.Request) -> web.Response:
        grant = self._admit(request, READS)
        return web.json_response(self._json(self._find(request, grant)))

    async def _patch(self, request: web.Request) -> web.Response:
        grant = self._admit(request, {WRITE})
        environment = self._find(request, grant)
        if request.content_type != "application/json":
            raise refused(415, "UnsupportedMediaType", f"The content type '{request.content_type}' is not supported.")
        try:
            wanted = parse(await json_body(request))
        except Malformed as malformed:
            raise refused(400, "BadRequest", str(malformed)) from None
        operation = self.cloud.switch(environment, wanted, grant)
        if operation:
            return web.Response(status=202, headers=self._location(environment, operation))
        if self.cloud.answer == "200":
            return web.json_response(self._json(environment))  # [G]
        return web.Response(status=204)

    def _location(self, environment: Environment, operation: Operation) -> dict[str, str]:
        host = self.cloud.operations_at or self.cloud.regions[environment.location]
        url = f"{host}{PATH}/{operation.id}?api-version={OPERATIONS_READ}"
        answer = self.cloud.answer
        named = {name: url for name in ("Operation-Location", "Location") if answer in ("both", name)}
        return {**named, **self._retry_after()}

    def _retry_after(self) -> dict[str, str]:
        return {"Retry-After": self.cloud.retry_after} if self.cloud.retry_after else {}

    def _find(self, request: web.Request, grant: Grant) -> Environment:
        wanted = request.match_info["id"]
        environment = self.cloud.find(wanted) if self._may_see(request, grant) else None
        if environment is None:
            tenant = self.cloud.directory.id
            text = f"The environment '{wanted}' could not be found in the tenant '{tenant}'."
            raise refused(404, "EnvironmentNotFound", text)
        return environment

    def _json(self, environment: Environment) -> JsonObject:
        return environment_json(
            environment,
            self.cloud.shown(environment),
            self.cloud.running(environment) is not None,
            self.cloud.directory.id,
            self.cloud.regions.get(environment.location, self.url),
        )

    # --- operations ---

    async def _operations(self, request: web.Request) -> web.Response:
        grant = self._admit(request, READS)
        match = re.fullmatch(r"environment eq '([^']+)'", request.query.get("$filter", ""))
        if match is None:
            raise refused(400, "InvalidFilter", "The filter is missing or not supported.")
        environment = self.cloud.find(match[1]) if self._may_see(request, grant) else None
        found = [
            each.json()
            for each in (self.cloud.of(environment) if environment else [])
            if self.cloud.age(each.created) >= self.cloud.unlisted_for
        ]
        return web.json_response(self.pages.cut(request, self.url, found))

    async def _operation(self, request: web.Request) -> web.Response:
        grant = self._admit(request, READS)
        self.cloud.advance()
        wanted = request.match_info["id"]
        found = next((each for each in self.cloud.operations if each.id == wanted), None)
        if found is None or not self._may_see(request, grant) or self._is_hidden(found):
            text = f"The lifecycle operation '{wanted}' could not be found."
            raise refused(404, "LifecycleOperationNotFound", text)  # [G] the code
        return web.json_response(found.json(), headers=self._retry_after() if found.running else None)

    def _is_hidden(self, operation: Operation) -> bool:
        if self.cloud.age(operation.created) < self.cloud.unknown_for:
            return True
        return not operation.running and self.cloud.age(operation.last) >= self.cloud.forgotten_after

    # --- registration: a person's business ---

    async def _application(self, request: web.Request) -> web.Response:
        self._admit(request, READS)
        return self._registration(request)

    async def _register(self, request: web.Request) -> web.Response:
        self._person(request)
        self.cloud.registered.add(request.match_info["client"].lower())
        return self._registration(request)

    async def _unregister(self, request: web.Request) -> web.Response:
        self._person(request)
        if request.match_info["client"].lower() not in self.cloud.registered:
            return web.Response(status=204)
        self.cloud.registered.discard(request.match_info["client"].lower())
        return web.Response(status=200)

    def _registration(self, request: web.Request) -> web.Response:
        client = request.match_info["client"]
        if client.lower() not in self.cloud.registered:
            raise refused(404, "AdminApplicationNotFound", f"The application '{client}' is not registered.")  # [G]
        return web.json_response({"applicationId": client})

    def _person(self, request: web.Request) -> None:
        if not self._admit(request, READS).person:
            raise refused(403, "Forbidden", "A service principal cannot register or unregister applications.")

    # --- who is let in ---

    def _admit(self, request: web.Request, versions: set[str]) -> Grant:
        scheme, _unused, token = request.headers.get("Authorization", "").partition(" ")
        where = f'authorization_uri="{self.login_url}/{self.cloud.directory.id}/oauth2/authorize"'
        if self.cloud.challenge:
            claims = base64.b64encode(self.cloud.challenge.encode()).decode()
            challenge = f'Bearer realm="", {where}, error="insufficient_claims", claims="{claims}"'
            raise self._unauthorised("A policy demands more claims.", challenge)
        if scheme.lower() != "bearer" or not token:
            raise self._unauthorised("The 'Authorization' header is missing.", f"Bearer {where}")
        try:
            grant = self.cloud.directory.tokens.check(token, self.cloud.audiences.admin)
        except Invalid as invalid:
            raise self._unauthorised(str(invalid), f'Bearer {where}, error="invalid_token"') from None
        if request.query.get("api-version") not in versions:
            text = f"The api-version '{request.query.get('api-version', '')}' is missing or not supported here."
            raise refused(400, "InvalidApiVersionParameter", text)
        return grant

    def _unauthorised(self, text: str, challenge: str) -> Refused:
        # [G] the code
        found = refused(401, "InvalidAuthenticationToken", text)
        found.headers["WWW-Authenticate"] = challenge
        return found

    def _may_see(self, request: web.Request, grant: Grant) -> bool:
        if grant.person or grant.client in self.cloud.registered:
            return True
        if self.cloud.unregistered_sees == "nothing":
            return False
        path = f"https://10.0.1.32:20029{request.path_qs}"
        raise refused(
            403,
            "Forbidden",
            f"The service principal with id '{grant.object_id}' for application {grant.client} does not have "
            f"permission to access the path '{path}' in tenant {self.cloud.directory.id}.",
        )


def _filtered(environments: list[Environment], condition: str) -> list[Environment]:
    for pattern, value in _FILTERS.items():
        if match := re.fullmatch(pattern, condition):
            return [each for each in environments if value(each).lower() == match[1].lower()]
    raise refused(400, "InvalidFilter", f"The filter '{condition}' is not supported.")

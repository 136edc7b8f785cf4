"""The metadata service of a virtual machine in Azure (IMDS), as far as tokens of managed identities go."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from lab.clock import Clock
from lab.entra.directory import Application, Directory
from lab.rest.service import Refused, Service

PATH = "/metadata/identity/oauth2/token"
OLDEST = "2018-02-01"


class MetadataService(Service):
    """Plain HTTP, reached from the machine alone.

    ``system`` is the identity that the machine has itself, ``assigned`` those it was given, by client id.
    """

    def __init__(self, directory: Directory, address: str, port: int = 0, *, clock: Clock) -> None:
        super().__init__(address, port, tls=None, clock=clock)
        self.directory = directory
        self.system: Application | None = None
        self.assigned: dict[str, Application] = {}

    def routes(self) -> Iterable[web.RouteDef]:
        return [web.get(PATH, self._token)]

    async def _token(self, request: web.Request) -> web.Response:
        if request.headers.get("Metadata", "").lower() != "true" or "X-Forwarded-For" in request.headers:
            raise _refused("Required metadata header not specified")
        if request.query.get("api-version", "") < OLDEST:
            raise _refused("Required api-version query parameter is missing or not supported")
        resource = request.query.get("resource", "")
        if not resource:
            raise _refused("Required audience parameter not specified")
        identity = self._identity(request.query.get("client_id"))
        if resource.rstrip("/") not in {each.rstrip("/") for each in self.directory.resources}:
            text = f"AADSTS500011: The resource principal named {resource} was not found in the tenant."
            raise Refused(400, {"error": "invalid_resource", "error_description": text})
        tokens = self.directory.tokens
        token = tokens.issue(identity.id, identity.object_id, resource)
        grant = tokens.issued[-1]
        return web.json_response(
            {
                "access_token": token,
                "client_id": identity.id,
                "expires_in": str(tokens.lifetime),
                "expires_on": str(int(grant.expires)),
                "ext_expires_in": str(tokens.lifetime),
                "not_before": str(int(self.clock.time())),
                "resource": resource,
                "token_type": "Bearer",
            }
        )

    def _identity(self, client: str | None) -> Application:
        identity = self.system if client is None else self.assigned.get(client.lower())
        if identity is None:
            raise _refused("Identity not found")
        return identity


def _refused(text: str) -> Refused:
    return Refused(400, {"error": "invalid_request", "error_description": text})

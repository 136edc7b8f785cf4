"""The identity provider's web service: discovery, keys, and the v2.0 token endpoint for applications."""

from __future__ import annotations

import functools
import hmac
import urllib.parse
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path

from aiohttp import web

from lab.clock import Clock
from lab.entra import assertion
from lab.entra.assertion import Refuse
from lab.entra.directory import Application, Directory
from lab.entra.errors import refuse
from lab.rest.service import Service

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
DEFAULT = "/.default"


class Login(Service):
    """The identity provider of one tenant. A token that it issued is in ``directory.tokens.issued``."""

    def __init__(
        self, directory: Directory, address: str, port: int = 0, *, tls: tuple[Path, Path], clock: Clock
    ) -> None:
        super().__init__(address, port, tls=tls, clock=clock)
        self.directory = directory

    @property
    def token_url(self) -> str:
        """The token endpoint, which an assertion has to be for."""
        return f"{self.url}/{self.directory.id}/oauth2/v2.0/token"

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            web.get("/common/discovery/instance", self._instance),
            web.get("/{tenant}/v2.0/.well-known/openid-configuration", self._configuration),
            web.get("/{tenant}/discovery/v2.0/keys", self._keys),
            web.post("/{tenant}/oauth2/v2.0/token", self._token),
        ]

    def headers(self, request: web.Request) -> dict[str, str]:
        return {"x-ms-request-id": str(uuid.uuid4()), "Cache-Control": "no-store, no-cache"}

    async def _instance(self, request: web.Request) -> web.Response:
        asked = urllib.parse.urlsplit(request.query.get("authorization_endpoint", ""))
        if asked.hostname != self.address:  # msal leaves the port out
            raise self._refuse(request)(50049, "invalid_instance", "Unknown or invalid instance.")
        tenant = asked.path.split("/")[1]
        host = f"{self.address}:{self.port}"
        return web.json_response(
            {
                "tenant_discovery_endpoint": f"{self.url}/{tenant}/v2.0/.well-known/openid-configuration",
                "api-version": "1.1",
                "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
            }
        )

    async def _configuration(self, request: web.Request) -> web.Response:
        self._tenant(request)
        base = f"{self.url}/{self.directory.id}"
        return web.json_response(
            {
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "tenant_region_scope": "EU",
            }
        )

    async def _keys(self, request: web.Request) -> web.Response:
        self._tenant(request)
        return web.json_response(self.directory.tokens.keys)

    async def _token(self, request: web.Request) -> web.Response:
        self._tenant(request)
        form = {name: str(value) for name, value in (await request.post()).items()}
        error = self._refuse(request)
        for name in ("grant_type", "client_id", "scope"):
            if not form.get(name):
                text = f"The request body must contain the following parameter: '{name}'."
                raise error(900144, "invalid_request", text)
        if form["grant_type"] != "client_credentials":
            text = f"The app requested an unsupported grant type '{form['grant_type']}'."
            raise error(70003, "unsupported_grant_type", text)
        application = self._application(form["client_id"], error)
        self._authenticate(application, form, error)
        if application.policy_blocks:
            raise error(
                53003,
                "invalid_grant",
                "Access has been blocked by Conditional Access policies. The access policy does not allow token "
                "issuance.",
                suberror="message_only",
                claims='{"access_token":{"capolids":{"essential":true,"values":["0ad4b1f2"]}}}',
            )
        audience = self._audience(form["scope"], error)
        tokens = self.directory.tokens
        return web.json_response(
            {
                "token_type": "Bearer",
                "expires_in": tokens.lifetime,
                "ext_expires_in": tokens.lifetime,
                "access_token": tokens.issue(application.id, application.object_id, audience),
            }
        )

    def _tenant(self, request: web.Request) -> None:
        named = request.match_info["tenant"].lower()
        if named not in (self.directory.id, self.directory.domain):
            text = (
                f"Tenant '{request.match_info['tenant']}' not found. Check to make sure you have the correct tenant ID."
            )
            raise self._refuse(request)(90002, "invalid_request", text)

    def _application(self, client: str, error: Refuse) -> Application:
        application = self.directory.applications.get(client.lower())
        if application is None:
            text = f"Application with identifier '{client}' was not found in the directory '{self.directory.domain}'."
            raise error(700016, "unauthorized_client", text)
        return application

    def _authenticate(self, application: Application, form: Mapping[str, str], error: Refuse) -> None:
        if "client_assertion" in form:
            if form.get("client_assertion_type") != JWT_BEARER:
                raise error(900144, "invalid_request", "The 'client_assertion_type' is missing or not supported.")
            assertion.check(form["client_assertion"], application, self.directory, self.token_url, error)
            return
        if not form.get("client_secret"):
            text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
            raise error(7000218, "invalid_client", text, 401)
        given = form["client_secret"].encode()
        secret = next((each for each in application.secrets if hmac.compare_digest(each.value.encode(), given)), None)
        if secret is None:
            raise error(
                7000215,
                "invalid_client",
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret "
                f"value, not the client secret ID, for a secret added to app '{application.id}'.",
                401,
            )
        if self.clock.time() >= secret.expires:
            text = f"The provided client secret keys for app '{application.id}' are expired."
            raise error(7000222, "invalid_client", text, 401)

    def _audience(self, scope: str, error: Refuse) -> str:
        if not scope.endswith(DEFAULT) or " " in scope:
            text = (
                f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value "
                "with /.default suffixed to the resource identifier (application ID URI)."
            )
            raise error(1002012, "invalid_scope", text)
        audience = scope.removesuffix(DEFAULT)
        if audience.rstrip("/") not in {each.rstrip("/") for each in self.directory.resources}:
            text = f"The resource principal named {audience} was not found in the tenant named {self.directory.domain}."
            raise error(500011, "invalid_resource", text)
        return audience

    def _refuse(self, request: web.Request) -> Refuse:
        correlation = request.headers.get("client-request-id") or str(uuid.uuid4())
        return functools.partial(refuse, self.clock, correlation)

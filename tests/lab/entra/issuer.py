"""Foreign issuers of identity tokens, in one: GitHub Actions, Azure Pipelines, a Kubernetes cluster.

How a job asks is read in the clients: GitHub ``GET`` with a bearer and ``audience``, Azure Pipelines ``POST`` with
``serviceConnectionId``; Kubernetes writes a file and replaces it before it expires.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from lab.clock import Clock
from lab.rest.service import Refused, Service

AUDIENCE = "api://AzureADTokenExchange"
KEY_ID = "lab-issuer-1"


class Issuer(Service):
    """An issuer. ``subject`` is whom the next token names, ``bearer`` what a job has to bring to get one."""

    def __init__(
        self, address: str, port: int = 0, *, tls: tuple[Path, Path], clock: Clock, subject: str = "repo:contoso/ops"
    ) -> None:
        super().__init__(address, port, tls=tls, clock=clock)
        self.subject = subject
        self.bearer = uuid.uuid4().hex
        self.service_connection = str(uuid.uuid4())
        self.lifetime = 600
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def issuer(self) -> str:
        """Its name: the ``iss`` of its tokens."""
        return self.url

    @property
    def public_key(self) -> rsa.RSAPublicKey:
        """What its tokens are verified with."""
        return self._key.public_key()

    @property
    def github_url(self) -> str:
        """``ACTIONS_ID_TOKEN_REQUEST_URL`` of a job."""
        return f"{self.url}/idtoken/{self.service_connection}?api-version=2.0"

    @property
    def pipelines_url(self) -> str:
        """``SYSTEM_OIDCREQUESTURI`` of a job."""
        return f"{self.url}/contoso/oidctoken"

    def token(self, audience: str = AUDIENCE, **claims: Any) -> str:
        """Issue a token; ``claims`` replace its own."""
        now = int(self.clock.time())
        own = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": audience,
            "jti": str(uuid.uuid4()),
            "iat": now,
            "nbf": now,
            "exp": now + self.lifetime,
        }
        return jwt.encode({**own, **claims}, self._key, algorithm="RS256", headers={"kid": KEY_ID})

    def write(self, file: Path) -> Path:
        """Put a token where Kubernetes has it (``AZURE_FEDERATED_TOKEN_FILE``)."""
        file.touch(mode=0o600)
        file.write_text(self.token(), encoding="ascii")
        return file

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            web.get("/.well-known/openid-configuration", self._configuration),
            web.get("/.well-known/jwks", self._keys),
            web.get("/idtoken/{job}", self._github),
            web.post("/{organisation}/oidctoken", self._pipelines),
        ]

    async def _configuration(self, request: web.Request) -> web.Response:
        return web.json_response({"issuer": self.issuer, "jwks_uri": f"{self.url}/.well-known/jwks"})

    async def _keys(self, request: web.Request) -> web.Response:
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.public_key))
        return web.json_response({"keys": [{**key, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]})

    async def _github(self, request: web.Request) -> web.Response:
        self._admit(request)
        token = self.token(request.query.get("audience", "https://github.com/contoso"))
        return web.json_response({"count": len(token), "value": token})

    async def _pipelines(self, request: web.Request) -> web.Response:
        suppressed = request.headers.get("X-TFS-FedAuthRedirect") == "Suppress"
        try:
            self._admit(request)
        except Refused:
            if suppressed:
                raise
            raise Refused(302, "", {"Location": f"{self.url}/_signin?realm=contoso"}) from None
        if request.query.get("serviceConnectionId") != self.service_connection:
            raise Refused(404, {"message": "The service connection does not exist."})
        if "api-version" not in request.query:
            raise Refused(400, {"message": "No api-version was supplied for the request."})
        return web.json_response({"oidcToken": self.token()})

    def _admit(self, request: web.Request) -> None:
        scheme, _unused, bearer = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or bearer != self.bearer:
            raise Refused(401, {"message": "The job's token is missing, wrong or expired."})

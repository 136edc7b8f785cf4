"""Access tokens: issued by the identity provider, checked by the services that they are for."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from lab.clock import Clock

KEY_ID = "lab-entra-1"


class Invalid(Exception):
    """A token that a service does not take, and why."""


@dataclass(frozen=True)
class Grant:
    """What a token says: who holds it, for which audience, until when (seconds since the epoch)."""

    client: str
    object_id: str
    audience: str
    expires: float
    person: bool = False


class Tokens:
    """The tokens of a tenant.

    ``lifetime`` is how many seconds the next one lasts; time stamps are the clock's, which do not run faster.
    """

    def __init__(self, tenant: str, clock: Clock) -> None:
        self.tenant = tenant
        self.clock = clock
        self.lifetime = 3599
        self.issued: list[Grant] = []
        self._revoked_before = 0
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def issue(self, client: str, object_id: str, audience: str, *, person: bool = False) -> str:
        """Issue a token. ``person`` makes it that of somebody who signed in."""
        now = self.clock.time()
        grant = Grant(client, object_id, audience, now + self.lifetime, person)
        self.issued.append(grant)
        claims: dict[str, Any] = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{self.tenant}/",
            "iat": int(now),
            "nbf": int(now),
            "exp": int(grant.expires),
            "appid": client,
            "idtyp": "user" if person else "app",
            "oid": object_id,
            "tid": self.tenant,
            "uti": uuid.uuid4().hex,
            "ver": "1.0",
            "number": len(self.issued),  # not in real ones
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": KEY_ID})

    def revoke(self) -> None:
        """Let no token that was issued until now be taken any longer, however long it lasts."""
        self._revoked_before = len(self.issued)

    def check(self, token: str, *audiences: str) -> Grant:
        """Return what a token says, if a service with one of ``audiences`` takes it."""
        try:
            claims = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=["RS256"],
                # the audience and the lab's own time are looked at below
                options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            raise Invalid("The access token is invalid.") from None
        number = int(claims["number"])
        grant = self.issued[number - 1]
        if grant.audience.rstrip("/") not in {each.rstrip("/") for each in audiences}:
            raise Invalid("The access token has been obtained for the wrong audience or resource.")
        if self.clock.time() >= grant.expires or number <= self._revoked_before:
            raise Invalid("The access token expiry time is in the past.")
        return grant

    @property
    def keys(self) -> dict[str, Any]:
        """The public key, as the provider publishes it."""
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [{**key, "kid": KEY_ID, "use": "sig", "x5t": KEY_ID}]}

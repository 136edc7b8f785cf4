"""What an application brings in place of a secret: a JWT that its certificate, or somebody else's issuer, signed.

A certificate is named by ``x5t#S256`` with PS256, or by ``x5t`` with RS256: msal sends these two pairs. A repeated
``jti`` is taken, since msal sends one assertion again and again while it lasts.
"""

from __future__ import annotations

import base64
from typing import Any, NoReturn, Protocol

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.types import Options

from lab.entra.directory import Application, Directory
from lab.rest.service import Refused

SKEW = 300  # seconds by which clocks may differ
LONGEST = 24 * 3600  # [G] no limit is documented; 5 to 10 minutes are recommended
# the audience and the lab's own time are looked at here
_DECODE: Options = {"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False}


class Refuse(Protocol):
    """Makes an error of the token endpoint."""

    def __call__(self, number: int, error: str, text: str, status: int = 400, **more: str) -> Refused: ...


def check(assertion: str, application: Application, directory: Directory, audience: str, refuse: Refuse) -> None:
    """Return if ``application`` may sign in with ``assertion``; ``audience`` is the token endpoint's URL."""
    try:
        header = jwt.get_unverified_header(assertion)
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        raise refuse(50027, "invalid_request", "JWT token is invalid or malformed.") from None
    if claims.get("iss") == application.id:
        _check_certificate(assertion, header, claims, application, directory, audience, refuse)
    else:
        _check_federated(assertion, header, claims, application, directory, refuse)


def _check_certificate(
    assertion: str,
    header: dict[str, Any],
    claims: dict[str, Any],
    application: Application,
    directory: Directory,
    audience: str,
    refuse: Refuse,
) -> None:
    certificate = _named(header, application, directory)
    if certificate is None:
        raise refuse(
            700027,
            "invalid_client",
            "The certificate with identifier used to sign the client assertion is not registered on application. "
            f"[Reason - The key was not found.] Configured keys of app Id '{application.id}' are in the portal.",
            401,
        )
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    _check_signature(assertion, header, key, refuse)
    if claims.get("sub") != application.id:
        raise refuse(
            700021, "invalid_client", "Client assertion application identifier doesn't match 'client_id'.", 401
        )
    if claims.get("aud") != audience:
        raise refuse(700023, "invalid_client", "Client assertion audience claim does not match Realm issuer.", 401)
    if not claims.get("jti"):
        raise refuse(50027, "invalid_request", "JWT token is invalid or malformed: the claim 'jti' is missing.")
    _check_times(claims, directory, refuse)
    now = directory.clock.time()
    if not certificate.not_valid_before_utc.timestamp() <= now < certificate.not_valid_after_utc.timestamp():
        raise refuse(1000502, "invalid_client", "The provided certificate is not within its validity period.", 401)


def _named(header: dict[str, Any], application: Application, directory: Directory) -> x509.Certificate | None:
    for certificate in application.certificates:
        if header.get("alg") == "PS256" and not directory.sha256_unknown:
            same = header.get("x5t#S256", "").rstrip("=") == _thumbprint(certificate, hashes.SHA256())
        elif header.get("alg") == "RS256":
            same = header.get("x5t", "").rstrip("=") == _thumbprint(certificate, hashes.SHA1())
        else:
            same = False
        if same:
            return certificate
    return None


def _thumbprint(certificate: x509.Certificate, algorithm: hashes.HashAlgorithm) -> str:
    return base64.urlsafe_b64encode(certificate.fingerprint(algorithm)).decode().rstrip("=")


def _check_federated(
    assertion: str,
    header: dict[str, Any],
    claims: dict[str, Any],
    application: Application,
    directory: Directory,
    refuse: Refuse,
) -> None:
    def nothing_matches(number: int, what: str, value: object) -> NoReturn:
        raise refuse(
            number,
            "invalid_client",
            f"No matching federated identity record found for presented assertion {what} '{value}'. Check your "
            "federated identity credential Subject, Audience and Issuer against the presented assertion.",
            401,
        )

    of_issuer = [each for each in application.federated if each.issuer == claims.get("iss")]
    issuer = next((each for each in directory.issuers if each.issuer == claims.get("iss")), None)
    if not of_issuer or issuer is None:
        nothing_matches(700211, "issuer", claims.get("iss"))
    _check_signature(assertion, header, issuer.public_key, refuse)
    of_subject = [each for each in of_issuer if each.subject == claims.get("sub")]
    if not of_subject:
        nothing_matches(700213, "subject", claims.get("sub"))
    if not any(each.audience == claims.get("aud") for each in of_subject):
        nothing_matches(700212, "audience", claims.get("aud"))
    _check_times(claims, directory, refuse)


def _check_signature(assertion: str, header: dict[str, Any], key: rsa.RSAPublicKey, refuse: Refuse) -> None:
    try:
        jwt.decode(assertion, key, algorithms=["PS256", "RS256"], options=_DECODE)
    except jwt.InvalidTokenError:
        text = "Client assertion contains an invalid signature. [Reason - The signature did not match.]"
        raise refuse(700027, "invalid_client", text, 401) from None


def _check_times(claims: dict[str, Any], directory: Directory, refuse: Refuse) -> None:
    now = directory.clock.time()
    expires = claims.get("exp")
    if not isinstance(expires, int | float):
        raise refuse(50027, "invalid_request", "JWT token is invalid or malformed: the claim 'exp' is missing.")
    begins = claims.get("nbf", now)
    if now >= expires + SKEW or now < begins - SKEW or expires > now + LONGEST:
        text = f"Client assertion is not within its valid time range. Current time: {int(now)}, expiry: {expires}."
        raise refuse(700024, "invalid_client", text, 401)

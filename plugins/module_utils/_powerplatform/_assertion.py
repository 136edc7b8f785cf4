# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The signed statement with which a certificate asks for a token (RFC 7523), as Microsoft Entra ID documents it.

https://learn.microsoft.com/entra/identity-platform/certificate-credentials. Only this file needs ``cryptography``.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid

LIFETIME = 600
"""Seconds for which a statement is good; the vendor advises five to ten minutes."""

_CLOCK_SKEW = 60

ALGORITHMS = ("PS256", "RS256")


def header(algorithm: str, certificate: bytes) -> dict[str, str]:
    """Return the header of a statement. ``certificate`` is in DER form; its digest says which key signed.

    PS256 with the SHA-256 digest is what the vendor documents, RS256 with SHA-1 what msal still sends.
    """
    if algorithm == "PS256":
        return {"typ": "JWT", "alg": algorithm, "x5t#S256": base64url(hashlib.sha256(certificate).digest())}
    return {"typ": "JWT", "alg": algorithm, "x5t": base64url(hashlib.sha1(certificate, usedforsecurity=False).digest())}


def claims(token_url: str, client_id: str, *, now: float, identifier: str) -> dict[str, Any]:
    """Return what is stated: that ``client_id`` itself asks at ``token_url``. ``now`` is in seconds since the epoch.

    ``nbf`` lies a minute back, for a clock that is ahead.
    """
    issued = int(now)
    return {
        "aud": token_url,
        "iss": client_id,
        "sub": client_id,
        "jti": identifier,
        "nbf": issued - _CLOCK_SKEW,
        "iat": issued,
        "exp": issued + LIFETIME,
    }


def base64url(data: bytes) -> str:
    """Encode as RFC 7515 does, without what fills it up."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key, from PEM files. ``der`` is the certificate."""

    algorithm: str
    der: bytes = field(repr=False)
    key: Any = field(repr=False)

    def statement(self, stated: dict[str, Any]) -> str:
        """Return the signed statement."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        parts = (header(self.algorithm, self.der), stated)
        signed = ".".join(base64url(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
        sha256 = hashes.SHA256()
        how: padding.AsymmetricPadding = padding.PKCS1v15()
        if self.algorithm == "PS256":
            how = padding.PSS(mgf=padding.MGF1(sha256), salt_length=sha256.digest_size)
        return f"{signed}.{base64url(self.key.sign(signed.encode(), how, sha256))}"


def load_certificate(file: str, key_file: str | None, password: str | None, algorithm: str) -> Certificate:
    """Read the PEM files. Without ``key_file`` the key stands in ``file`` too. Raises ``Failure`` and ``Invalid``."""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa
    except ImportError:
        raise Failure(
            "sign with the certificate",
            "",
            "the Python package cryptography is not installed on the controller",
            "Install it for the Python that runs Ansible, or use another kind of credential",
        ) from None
    pem = _read("certificate_file", file)
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise Invalid("certificate_file", f"{file} holds no certificate in PEM form", "Convert it to PEM") from None
    option, name = ("certificate_key_file", key_file) if key_file else ("certificate_file", file)
    try:
        key = serialization.load_pem_private_key(
            _read(option, name) if key_file else pem, password.encode() if password else None
        )
    except (TypeError, ValueError):
        # What cryptography says may depend on the password.
        raise Invalid(
            option,
            f"{name} holds no private key that can be read",
            "Give a PEM file with the key (O(certificate_key_file)), and its password if it is encrypted "
            "(O(certificate_key_password)); without a password if it is not",
        ) from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Invalid(option, f"{name} holds a key that is not RSA", "Microsoft Entra ID takes RSA keys only")
    public = serialization.PublicFormat.SubjectPublicKeyInfo
    der = serialization.Encoding.DER
    if key.public_key().public_bytes(der, public) != certificate.public_key().public_bytes(der, public):
        raise Invalid(option, f"the key in {name} does not belong to the certificate in {file}", "Give its own key")
    return Certificate(algorithm, certificate.public_bytes(der), key)


def _read(option: str, file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise Invalid(option, f"{file}: {error.strerror}", "Give a PEM file that the controller can read") from None

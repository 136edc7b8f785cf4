"""The statement that a certificate signs: what it says, and that others can verify it."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._assertion import (
    base64url,
    claims,
    header,
    load_certificate,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from lab.pki import Authority

TOKEN_URL = "https://login.example/t/oauth2/v2.0/token"


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate and its key, as PEM files."""
    return Authority(tmp_path_factory.mktemp("pki")).server("quiesce.example")


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: bytes | None = None) -> bytes:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def test_what_is_stated() -> None:
    assert claims(TOKEN_URL, "client", now=1_000_000.9, identifier="id") == {
        "aud": TOKEN_URL,
        "iss": "client",
        "sub": "client",
        "jti": "id",
        "nbf": 999_940,
        "iat": 1_000_000,
        "exp": 1_000_600,
    }


@pytest.mark.parametrize(
    ("algorithm", "name", "digest"),
    [("PS256", "x5t#S256", hashlib.sha256), ("RS256", "x5t", hashlib.sha1)],
)
def test_header(algorithm: str, name: str, digest: type) -> None:
    found = header(algorithm, b"certificate")
    assert set(found) == {"typ", "alg", name}
    assert (found["typ"], found["alg"]) == ("JWT", algorithm)
    assert _decoded(found[name]) == digest(b"certificate").digest()
    assert "=" not in found[name]


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
@pytest.mark.parametrize("together", [False, True])
def test_others_can_verify_it(algorithm: str, together: bool, pem: tuple[Path, Path], tmp_path: Path) -> None:
    file, key_file = pem
    if together:
        file = tmp_path / "both.pem"
        file.write_bytes(pem[0].read_bytes() + pem[1].read_bytes())
    certificate = load_certificate(str(file), None if together else str(key_file), None, algorithm)
    statement = certificate.statement({"aud": "x"})
    head, body, signature = statement.split(".")
    assert json.loads(_decoded(body)) == {"aud": "x"}
    assert json.loads(_decoded(head)) == header(algorithm, certificate.der)
    public = x509.load_pem_x509_certificate(pem[0].read_bytes()).public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    how = {"PS256": padding.PSS(padding.MGF1(hashes.SHA256()), 32), "RS256": padding.PKCS1v15()}[algorithm]
    public.verify(_decoded(signature), f"{head}.{body}".encode(), how, hashes.SHA256())
    assert "PRIVATE" not in repr(certificate)


def test_an_encrypted_key(pem: tuple[Path, Path], tmp_path: Path) -> None:
    plain = serialization.load_pem_private_key(pem[1].read_bytes(), None)
    assert isinstance(plain, rsa.RSAPrivateKey)
    key = tmp_path / "key"
    key.write_bytes(_pem(plain, b"c4n4ry"))
    assert load_certificate(str(pem[0]), str(key), "c4n4ry", "PS256").statement({})
    for wrong in (None, "other"):
        with pytest.raises(Invalid, match="no private key that can be read") as failed:
            load_certificate(str(pem[0]), str(key), wrong, "PS256")
        assert "other" not in str(failed.value)


@pytest.mark.parametrize(
    ("certificate", "key", "says"),
    [
        ("missing", "own", "No such file"),
        ("text", "own", "holds no certificate in PEM form"),
        ("own", "missing", "No such file"),
        ("own", "text", "no private key that can be read"),
        ("own", None, "no private key that can be read"),
        ("own", "foreign", "does not belong to the certificate"),
        ("own", "curve", "not RSA"),
    ],
)
def test_files_that_cannot_be_used(
    certificate: str, key: str | None, says: str, pem: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("no pem")
    (tmp_path / "foreign").write_bytes(_pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)))
    (tmp_path / "curve").write_bytes(_pem(ec.generate_private_key(ec.SECP256R1())))
    file = pem[0] if certificate == "own" else tmp_path / certificate
    key_file = None if key is None else str(pem[1] if key == "own" else tmp_path / key)
    with pytest.raises(Invalid, match=says):
        load_certificate(str(file), key_file, None, "PS256")


def test_without_cryptography_its_name_is_told(pem: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(Failure, match="the Python package cryptography is not installed on the controller"):
        load_certificate(str(pem[0]), str(pem[1]), None, "PS256")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_base64url_fills_nothing_up() -> None:
    assert base64url(b"\xfb\xff") == "-_8"

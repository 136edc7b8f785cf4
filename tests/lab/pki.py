"""The lab's own certificate authority: one root, server certificates by address and name, client certificates."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAYS = (0, 30)

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Authority:
    """A certificate authority that keeps its files in ``folder`` (``ca.pem``, ``NAME.pem``, ``NAME.key``)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        # One for all whom it certifies: making a key takes longer than everything else that makes a machine.
        self._key_of_all = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = _name("quiesce.maintenance lab CA")
        self._certificate = (
            _builder(subject, subject, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True,
                    key_cert_sign=True,
                    crl_sign=True,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.ca_file = self.folder / "ca.pem"
        self.ca_file.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def server(self, name: str, *also: str, days: tuple[int, int] = _DAYS) -> tuple[Path, Path]:
        """Issue a server certificate; return its (certificate, key) files.

        ``name`` and ``also`` are DNS names or IP addresses. An address is entered as a DNS name too, since
        Microsoft's ODBC driver does not look at IP entries. It is valid from the first of ``days`` from now to the
        second.
        """
        return self._issue(name, (name, *also), ExtendedKeyUsageOID.SERVER_AUTH, days)

    def self_signed(self, name: str) -> tuple[Path, Path]:
        """Make a certificate that nobody vouches for, as Windows' New-SelfSignedCertificate does; return its files.

        It says of itself what that says: key usage, both purposes, the name and no address, a key identifier, and
        nothing about authorities.
        """
        key, subject = self._key_of_all, _name(name)
        usage = x509.KeyUsage(
            digital_signature=True,
            key_encipherment=True,
            content_commitment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=False,
            crl_sign=False,
            encipher_only=False,
            decipher_only=False,
        )
        purposes = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        certificate = (
            _builder(subject, subject, key)
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        return self._written(f"{name}-self-signed", certificate, key)

    def client(self, name: str) -> tuple[Path, Path]:
        """Issue a client certificate for mutual TLS; return its (certificate, key) files."""
        return self._issue(name, (name,), ExtendedKeyUsageOID.CLIENT_AUTH)

    def _issue(
        self, name: str, names: tuple[str, ...], usage: x509.ObjectIdentifier, days: tuple[int, int] = _DAYS
    ) -> tuple[Path, Path]:
        key = self._key_of_all
        entries: list[x509.GeneralName] = []
        for entry in dict.fromkeys(names):
            entries.append(x509.DNSName(entry))
            try:
                entries.append(x509.IPAddress(ipaddress.ip_address(entry)))
            except ValueError:
                continue
        certificate = (
            _builder(_name(name), self._certificate.subject, key, days)
            .add_extension(x509.SubjectAlternativeName(entries), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return self._written(name, certificate, key)

    def _written(self, name: str, certificate: x509.Certificate, key: Key) -> tuple[Path, Path]:
        certificate_file = self.folder / f"{name}.pem"
        key_file = self.folder / f"{name}.key"
        certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        key_file.chmod(0o600)
        return certificate_file, key_file


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(subject: x509.Name, issuer: x509.Name, key: Key, days: tuple[int, int] = _DAYS) -> x509.CertificateBuilder:
    # Clocks differ.
    now = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=5)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=days[0]))
        .not_valid_after(now + datetime.timedelta(days=days[1]))
    )

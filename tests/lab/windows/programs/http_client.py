"""One HTTP request as curl.exe on a simulated machine makes it, over the real network.

The machine's own rules apply: its hosts file is its only name service, it trusts what ``trusted_ca_files`` holds, and
it measures time on its own clock.
"""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult

from cryptography import x509

if TYPE_CHECKING:
    from lab.windows.host import WindowsHost

PORTS = {"http": 80, "https": 443}
# A connection that is refused is tried again by Windows, three times and half a second apart.
REFUSED_AFTER = 2.0
_WRONG_NAME = (62, 64)  # OpenSSL's numbers for a certificate with another host name or IP address
_EXPIRED = 10


class Failure(Exception):
    """curl ends with this exit code and says why."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True)
class Ask:
    """What to ask for, and how. Times in simulated seconds."""

    url: SplitResult
    method: str
    insecure: bool = False
    revocation: bool = True
    connect_timeout: float = 300.0

    @property
    def name(self) -> str:
        return self.url.hostname or ""

    @property
    def port(self) -> int:
        return self.url.port or PORTS[self.url.scheme]


@dataclass(frozen=True)
class Answer:
    """Status, the headers as they came, the body."""

    status: int
    head: bytes
    body: bytes


async def fetch(host: WindowsHost, ask: Ask) -> Answer:
    """Send the request and read the answer. Raises Failure."""
    try:
        if host.http_get is not None:
            status, reason = await host.http_get(ask.url.geturl())
            return Answer(status, f"HTTP/1.1 {status} {reason}\r\n\r\n".encode(), b"")
        return await _over_the_network(host, ask)
    except (OSError, http.client.HTTPException, asyncio.TimeoutError) as error:
        raise await _failure(host, ask, error) from error


async def _over_the_network(host: WindowsHost, ask: Ask) -> Answer:
    address = host.resolve(ask.name)
    if address is None:
        raise socket.gaierror
    context = _context(host, ask) if ask.url.scheme == "https" else None
    connecting = asyncio.open_connection(
        address, ask.port, ssl=context, server_hostname=ask.name if context is not None else None
    )
    reader, writer = await asyncio.wait_for(connecting, ask.connect_timeout / host.clock.scale)
    try:
        if context is not None and not ask.insecure and ask.revocation:
            _check_revocation(writer)
        path = ask.url.path or "/"
        path += f"?{ask.url.query}" if ask.url.query else ""
        lines = (f"{ask.method} {path} HTTP/1.1", f"Host: {ask.url.netloc}", "User-Agent: curl/8.4.0", "Accept: */*")
        writer.write("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        return await _read(reader, ask.method)
    finally:
        writer.close()


def _context(host: WindowsHost, ask: Ask) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ask.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    for path in host.trusted_ca_files:
        context.load_verify_locations(path)
    return context


def _check_revocation(writer: asyncio.StreamWriter) -> None:
    """Schannel wants to know whether the certificate was revoked; one that names no place to ask fails."""
    data = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    certificate = x509.load_der_x509_certificate(data)
    places = {x509.CRLDistributionPoints.oid, x509.AuthorityInformationAccess.oid}
    if certificate.issuer != certificate.subject and not any(each.oid in places for each in certificate.extensions):
        raise Failure(
            35,
            "schannel: next InitializeSecurityContext failed: CRYPT_E_NO_REVOCATION_CHECK (0x80092012) - The"
            " revocation function was unable to check revocation for the certificate.",
        )


async def _read(reader: asyncio.StreamReader, method: str) -> Answer:
    first = await reader.readline()
    if not first:
        raise http.client.RemoteDisconnected("")
    if not first.startswith(b"HTTP/"):
        raise http.client.BadStatusLine(first.decode("latin-1"))
    head = first
    headers: dict[str, str] = {}
    while (line := await reader.readline()).strip():
        head += line
        name, _colon, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    status = int(first.split()[1])
    return Answer(status, head + b"\r\n", await _body(reader, method, status, headers))


async def _body(reader: asyncio.StreamReader, method: str, status: int, headers: dict[str, str]) -> bytes:
    if method == "HEAD" or status in (204, 304):
        return b""
    try:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while size := int((await reader.readline()).split(b";")[0] or b"0", 16):
                body += (await reader.readexactly(size + 2))[:-2]
            return body
        if "content-length" in headers:
            return await reader.readexactly(int(headers["content-length"]))
    except asyncio.IncompleteReadError as error:
        missing = (error.expected or 0) - len(error.partial)
        raise Failure(18, f"transfer closed with {missing} bytes remaining to read") from error
    return await reader.read()


async def _failure(host: WindowsHost, ask: Ask, error: Exception) -> Failure:
    """What curl makes of an error."""
    if isinstance(error, socket.gaierror):
        return Failure(6, f"Could not resolve host: {ask.name}")
    if isinstance(error, ConnectionRefusedError):
        await host.clock.sleep(min(REFUSED_AFTER, ask.connect_timeout))
        if ask.connect_timeout < REFUSED_AFTER:
            return _too_slow(ask)
        after = f"after {int(REFUSED_AFTER * 1000)} ms"
        return Failure(7, f"Failed to connect to {ask.name} port {ask.port} {after}: Couldn't connect to server")
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failure(60, "schannel: " + _certificate_problem(error.verify_code))
    if isinstance(error, ssl.SSLError):
        return Failure(
            35,
            "schannel: next InitializeSecurityContext failed: SEC_E_INVALID_TOKEN (0x80090308) - The token supplied to"
            " the function is invalid",
        )
    if isinstance(error, http.client.RemoteDisconnected):
        return Failure(52, "Empty reply from server")
    if isinstance(error, http.client.HTTPException):
        return Failure(1, "Received HTTP/0.9 when not allowed")
    if isinstance(error, asyncio.TimeoutError | TimeoutError):
        return _too_slow(ask)
    if isinstance(error, ConnectionError):
        return Failure(56, "Recv failure: Connection was reset")
    return Failure(7, f"Failed to connect to {ask.name} port {ask.port}: Couldn't connect to server")


def _too_slow(ask: Ask) -> Failure:
    return Failure(28, f"Connection timed out after {int(ask.connect_timeout * 1000)} milliseconds")


def _certificate_problem(code: int) -> str:
    if code in _WRONG_NAME:
        name = "SEC_E_WRONG_PRINCIPAL (0x80090322) - The target principal name is incorrect."
        return f"SNI or certificate check failed: {name}"
    if code == _EXPIRED:
        return "SEC_E_CERT_EXPIRED (0x80090328) - The received certificate has expired."
    return "SEC_E_UNTRUSTED_ROOT (0x80090325) - The certificate chain was issued by an authority that is not trusted."

"""Who is asking: Basic, and NTLM (bare or in SPNEGO) with the encryption of messages that it brings.

The NTLM of both sides is pyspnego's. Its acceptor takes credentials from nothing but the file that NTLM_USER_FILE
names, so that file exists for the length of one call, readable by its owner alone, and holds the hash of one account.
"""

from __future__ import annotations

import atexit
import base64
import binascii
import contextlib
import os
import shutil
import struct
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import spnego
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from spnego._ntlm_raw.crypto import ntowfv1
from spnego._ntlm_raw.messages import Authenticate, AvId, NTClientChallengeV2
from spnego._spnego import NegTokenInit, NegTokenResp, unpack_token
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from lab.winrm.shells import Account, Accounts, Host

ENCRYPTED = "multipart/encrypted"
PROTOCOL = "application/HTTP-SPNEGO-session-encrypted"
ENCRYPTED_TYPE = f'{ENCRYPTED};protocol="{PROTOCOL}";boundary="Encrypted Boundary"'

_NEGOTIATE, _AUTHENTICATE = b"\x01\x00\x00\x00", b"\x03\x00\x00\x00"
# What pyspnego raises for a wrong proof (the first) and for bytes that are no token at all.
_REFUSED = (SpnegoError, ValueError, LookupError, ArithmeticError, StopIteration, struct.error)
_BOUNDARY = b"--Encrypted Boundary"
_OCTETS = b"\tContent-Type: application/octet-stream\r\n"


class Denied(Exception):
    """The login failed, or is not allowed this way."""


class BadSeal(Exception):
    """A message could not be unsealed with this connection's keys."""


def basic(host: Host, credentials: str) -> Account:
    """The account of a Basic authorization header's second word. Raises Denied."""
    try:
        raw = base64.b64decode(credentials, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Denied from error
    # The header does not say its encoding; clients use either (requests sends Latin-1 where it can).
    try:
        user, colon, password = raw.decode("utf-8").partition(":")
    except UnicodeDecodeError:
        user, colon, password = raw.decode("latin-1").partition(":")
    account = host.authenticate(user, password) if colon else None
    if account is None:
        raise Denied
    return account


def channel_binding(certificate: Path) -> GssChannelBindings:
    """The binding of NTLM to a TLS connection with this certificate (RFC 5929, tls-server-end-point)."""
    loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    digest = loaded.fingerprint(loaded.signature_hash_algorithm or hashes.SHA256())
    return GssChannelBindings(application_data=b"tls-server-end-point:" + digest)


class NtlmLogin:
    """One NTLM login, which belongs to one connection; when it is complete it seals and unseals messages."""

    def __init__(self, host: Accounts, binding: GssChannelBindings | None) -> None:
        self.account: Account | None = None
        self._claimed: tuple[str, Account] | None = None
        self._challenged = False
        self._host = host
        self._binding = binding
        with _credential_store.holding(None):
            self._context = spnego.server(protocol="negotiate", options=spnego.NegotiateOptions.use_negotiate)

    def step(self, token: bytes) -> bytes:
        """Take the client's token, give the answer (empty if there is none). Raises Denied."""
        if not token:
            raise Denied
        try:
            return self._step(token)
        except _REFUSED as error:
            raise Denied from error

    def _step(self, token: bytes) -> bytes:
        message = _ntlm_message(token)
        line = None
        # As Windows does by default (CbtHardeningLevel=Relaxed): a binding may be missing, a wrong one is refused.
        binding = None
        if message:
            if message[8:12] != (_AUTHENTICATE if self._challenged else _NEGOTIATE):
                raise Denied
            if self._challenged:
                claim = _claim(message)
                account = self._account_of(claim)
                self._claimed = (claim.name, account)
                line = _hash_line(claim, account)
                binding = self._binding if claim.bound else None
            self._challenged = True
        with _credential_store.holding(line):
            answer = self._context.step(token, channel_bindings=binding)
        if self._context.complete:
            # Not enough: a client's SPNEGO "accept-completed" makes pyspnego's context complete without any proof.
            # The name is there only when NTLM itself is complete, and is the one that was proved.
            if self._claimed is None or self._context.client_principal != self._claimed[0]:
                raise Denied
            self.account = self._claimed[1]
        return answer or b""

    def seal(self, message: bytes) -> bytes:
        """A body of type ENCRYPTED_TYPE (MS-WSMV 2.2.9.1)."""
        sealed = self._context.wrap_winrm(message)
        return b"".join(
            (
                _BOUNDARY + b"\r\n",
                b"\tContent-Type: " + PROTOCOL.encode() + b"\r\n",
                b"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d\r\n" % len(message),
                _BOUNDARY + b"\r\n",
                _OCTETS,
                struct.pack("<I", len(sealed.header)) + sealed.header + sealed.data,
                _BOUNDARY + b"--\r\n",
            )
        )

    def unseal(self, body: bytes) -> bytes:
        """The message in such a body. Raises BadSeal."""
        before, found, sealed = body.partition(_OCTETS)
        end = _BOUNDARY + b"--\r\n"
        length = before.rpartition(b"Length=")[2].split(b"\r\n")[0]
        if not found or not sealed.endswith(end) or len(sealed) < 4 + len(end):
            raise BadSeal
        sealed = sealed.removesuffix(end)
        split = 4 + struct.unpack("<I", sealed[:4])[0]
        try:
            message = self._context.unwrap_winrm(sealed[4:split], sealed[split:])
        except _REFUSED as error:
            raise BadSeal from error
        if length != b"%d" % len(message):
            raise BadSeal
        return message

    def _account_of(self, claim: _Claim) -> Account:
        """The account that the claim names, by the host's own rules for domains. Raises Denied."""
        if ":" in claim.name or not claim.name.isprintable():  # would be another line, or other columns, in the file
            raise Denied
        bare = claim.user.partition("@")[0].casefold()
        for account in self._host.accounts.values():
            if account.name.rpartition("\\")[2].partition("@")[0].casefold() != bare:
                continue
            known = self._host.authenticate(claim.name, account.password)
            if known is not None and known.name == account.name:
                return account
        raise Denied


@dataclass(frozen=True)
class _Claim:
    """Who the client says it is, and whether it bound the login to its TLS connection."""

    domain: str
    user: str
    bound: bool

    @property
    def name(self) -> str:
        return f"{self.domain}\\{self.user}" if self.domain else self.user


def _ntlm_message(token: bytes) -> bytes:
    """The NTLM message in a token, empty if there is none; read by the same functions that the acceptor uses."""
    unpacked = unpack_token(token)
    if isinstance(unpacked, NegTokenInit):
        return unpacked.mech_token or b""
    if isinstance(unpacked, NegTokenResp):
        return unpacked.response_token or b""
    return token


def _claim(message: bytes) -> _Claim:
    """The claim of an AUTHENTICATE message (MS-NLMP 2.2.1.3). Raises Denied."""
    authenticate = Authenticate.unpack(message)
    response = authenticate.nt_challenge_response or b""
    # Nothing but NTLMv2 (LmCompatibilityLevel 5). What an NTLMv2 client puts into the field for LM is a constant, and
    # pyspnego would take it for a proof where the NT response is missing.
    if len(response) <= 24:
        raise Denied
    bindings = NTClientChallengeV2.unpack(response[16:]).av_pairs.get(AvId.channel_bindings, b"")
    return _Claim(authenticate.domain_name or "", authenticate.user_name or "", any(bindings))


def _hash_line(claim: _Claim, account: Account) -> str:
    """The line of NTLM_USER_FILE in smbpasswd's form: pyspnego compares the name with the claim to the letter."""
    return f"{claim.name}:0:{'0' * 32}:{ntowfv1(account.password).hex().upper()}:[U]:LCT-0\n"


class _CredentialStore:
    """The file behind NTLM_USER_FILE, one for the process, present only while ``holding``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: Path | None = None

    @contextlib.contextmanager
    def holding(self, line: str | None) -> Iterator[None]:
        """Let the file exist with this line, or empty."""
        with self._lock:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="lab-winrm-"))
                atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
            path = self._folder / "ntlm"
            os.environ["NTLM_USER_FILE"] = str(path)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(line or "")
                yield
            finally:
                path.unlink()


_credential_store = _CredentialStore()

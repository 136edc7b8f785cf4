# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What goes wrong with a request, said so that a person knows what to do."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure

# How it looks when the other side closed a connection.
CLOSED = (ConnectionError, http.client.BadStatusLine, ssl.SSLEOFError, ssl.SSLZeroReturnError)


# What OpenSSL says of a certificate (X509_V_ERR_...): its host name, mail address or IP address is another.
_NOT_YET_VALID, _EXPIRED, _OTHER_NAME = 9, 10, (62, 63, 64)


class TooMuch(Exception):
    """The body is longer than ``limit`` bytes. ``status`` is that of the answer."""

    def __init__(self, status: int, limit: int) -> None:
        super().__init__(status, limit)
        self.status = status
        self.limit = limit


class HttpFailure(Failure):
    """A request that did not succeed.

    ``status`` is the HTTP status, None where no whole answer came. ``message`` is the server's own words.
    ``headers`` (names in lower case) and ``data``, the JSON of the answer, are as they came: to decide by, not to show.
    ``pause`` is how many seconds the server asks to wait.
    """

    def __init__(
        self,
        attempted: str,
        target: str,
        answer: str,
        remedy: str,
        *,
        status: int | None = None,
        message: str = "",
        headers: Mapping[str, str] | None = None,
        data: Any = None,
        pause: float | None = None,
    ) -> None:
        super().__init__(attempted, target, answer, remedy)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})
        self.data = data
        self.pause = pause


@dataclass
class Trouble(Exception):
    """Why one try did not bring a whole answer.

    ``again`` is False where trying again cannot help; ``unsent`` is True where the server certainly did not see the
    request. ``pause`` is how many seconds the server asks to wait.
    """

    answer: str
    remedy: str = "Check that the server is running and can be reached from here, then run again"
    again: bool = True
    unsent: bool = False
    status: int | None = None
    pause: float | None = None
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    data: Any = None


@dataclass(frozen=True)
class Names:
    """What the options are called of which a remedy speaks; ``timeout`` "": there is no such option.
    ``url`` is that of the address, if it is not ``prefix`` and "url"."""

    prefix: str = ""
    timeout: str = "request_timeout"
    url: str = ""

    def __call__(self, name: str) -> str:
        """Return how a message names an option."""
        return f"O({self.url})" if name == "url" and self.url else f"O({self.prefix}{name})"


def explain(
    error: OSError | http.client.HTTPException, names: Names, timeout: float, *, connected: bool = True
) -> Trouble:
    """Say what an exception of the connection means and whether trying again can help."""
    where = f"Check host and port in {names('url')}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return _untrusted(error, names)
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return Trouble("the connection broke off within TLS")
    if isinstance(error, TimeoutError):
        return _late(names, timeout, connected=connected)
    if isinstance(error, ssl.SSLError):
        return Trouble(
            f"TLS failed: {error.reason or error}",
            f"Check that the port in {names('url')} speaks HTTPS with TLS 1.2 or later",
            again=False,
        )
    if isinstance(error, socket.gaierror):
        return Trouble(
            f"the host name does not resolve: {error.strerror}",
            f"Check the host name in {names('url')} and name resolution",
            again=False,
        )
    if isinstance(error, http.client.IncompleteRead):
        return Trouble(f"the answer broke off after {len(error.partial)} bytes")
    if isinstance(error, ConnectionRefusedError):
        return Trouble("it refuses connections", f"{where}, and whether the server is running")
    if isinstance(error, (ConnectionError, http.client.RemoteDisconnected)):
        return Trouble(f"the connection broke: {getattr(error, 'strerror', None) or error}")
    if tunnel := re.match(r"Tunnel connection failed: ([0-9]+)", str(error)):
        status = int(tunnel.group(1))
        return Trouble(
            f"the proxy refused the CONNECT request (HTTP {status})",
            "Check the proxy, its credential, and that it may connect to this host and port",
            again=status in (502, 503, 504),
        )
    if isinstance(error, http.client.HTTPException):
        return Trouble(f"the answer is not HTTP ({type(error).__name__})", where, again=False)
    return Trouble(f"no connection: {error.strerror or type(error).__name__}", where)


def too_much(error: TooMuch) -> Trouble:
    """Say that a body was longer than any that a server of this kind sends."""
    return Trouble(
        f"HTTP {error.status} with a body of more than {error.limit >> 20} MiB",
        "Check the URL: the expected API does not give answers of this length",
        again=False,
        status=error.status,
    )


def _late(names: Names, timeout: float, *, connected: bool) -> Trouble:
    longer = f", or raise O({names.timeout})" if names.timeout else ""
    if connected:
        return Trouble(f"no complete answer within {timeout:g} s", f"Check whether the server is overloaded{longer}")
    return Trouble(
        f"no connection within {timeout:g} s",
        f"Check host and port in {names('url')}, and firewalls on the way{longer}",
    )


def _untrusted(error: ssl.SSLCertVerificationError, names: Names) -> Trouble:
    """Each reason has its own remedy: an expired certificate stays expired whatever file is trusted."""
    said = error.verify_message
    if error.verify_code == _EXPIRED:
        return Trouble(
            f"its certificate, or that of its authority, has expired: {said}",
            "Renew it on the server, and check the clock of this machine; a CA file does not help",
            again=False,
        )
    if error.verify_code == _NOT_YET_VALID:
        return Trouble(
            f"its certificate is not valid yet: {said}",
            "Check the clocks of this machine and of the one that issued the certificate",
            again=False,
        )
    if error.verify_code in _OTHER_NAME:
        return Trouble(
            f"its certificate is for another name: {said}",
            f"Use a name in {names('url')} that the certificate contains, or issue a certificate for this name",
            again=False,
        )
    return Trouble(
        f"its certificate is not trusted: {said}",
        f"Give the certificate of the authority that issued it ({names('ca_path')})",
        again=False,
    )

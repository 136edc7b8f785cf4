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
from dataclasses import dataclass

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure

# How it looks when the other side closed a connection.
CLOSED = (ConnectionError, http.client.BadStatusLine, ssl.SSLEOFError, ssl.SSLZeroReturnError)


class HttpFailure(Failure):
    """A request that did not succeed.

    ``status`` is the HTTP status, None where no whole answer came. ``message`` is the server's own words.
    """

    def __init__(
        self, attempted: str, target: str, answer: str, remedy: str, *, status: int | None = None, message: str = ""
    ) -> None:
        super().__init__(attempted, target, answer, remedy)
        self.status = status
        self.message = message


@dataclass
class Trouble(Exception):
    """Why one try did not bring a whole answer. ``again`` is False where trying again can't help; ``unsent`` is True
    where the server certainly did not see the request."""

    answer: str
    remedy: str = "See whether the server runs and is reachable from here, then run again"
    again: bool = True
    unsent: bool = False
    status: int | None = None
    pause: float | None = None
    message: str = ""


def explain(error: OSError | http.client.HTTPException, timeout: float) -> Trouble:
    """Say what an exception of the connection means and whether trying again can help."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Trouble(
            f"its certificate is not trusted: {error.verify_message}",
            "Give the CA that issued it by ca_path, or use the name that the certificate is for",
            again=False,
        )
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return Trouble("the connection broke off within TLS")
    if isinstance(error, ssl.SSLError):
        return Trouble(
            f"TLS failed: {error.reason or error}",
            "Check that the port speaks HTTPS with TLS 1.2 or later",
            again=False,
        )
    if isinstance(error, socket.gaierror):
        return Trouble(
            f"the name is not known: {error.strerror}",
            "Check the host name in the URL and name resolution",
            again=False,
        )
    if isinstance(error, TimeoutError):
        return Trouble(f"no answer within {timeout:g} s", "See whether the server is overloaded, or raise timeout")
    if isinstance(error, http.client.IncompleteRead):
        return Trouble(f"the answer broke off after {len(error.partial)} bytes")
    if isinstance(error, ConnectionRefusedError):
        return Trouble("it refuses connections", "Check host and port in the URL, and whether the server runs")
    if isinstance(error, (ConnectionError, http.client.RemoteDisconnected)):
        return Trouble(f"the connection broke: {getattr(error, 'strerror', None) or error}")
    if tunnel := re.match(r"Tunnel connection failed: (\d+)", str(error)):
        status = int(tunnel.group(1))
        return Trouble(
            f"the proxy answered HTTP {status} to the wish for a connection",
            "Check the proxy, its credential, and that it may connect to this host and port",
            again=status in (502, 503, 504),
        )
    if isinstance(error, http.client.HTTPException):
        return Trouble(
            f"what answered does not speak HTTP ({type(error).__name__})", "Check host and port in the URL", again=False
        )
    return Trouble(f"no connection: {error.strerror or error}")

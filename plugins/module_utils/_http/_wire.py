# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""One connection, one request, one answer: never later than its end, and never more than its limit."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from ansible_collections.quiesce.maintenance.plugins.module_utils._deadline import TooLong, within
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._address import Address, Proxy
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._answer import Raw
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._request import Request
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._trouble import TooMuch

LONGEST_BODY = 16 * 1024 * 1024
_PIECE = 64 * 1024

T = TypeVar("T")


@dataclass(frozen=True)
class Way:
    """How a server is reached. ``context`` None: without TLS. ``timeout`` is for a connection and an answer together.

    Every method raises what the socket, TLS and ``http.client`` raise.
    """

    address: Address
    context: ssl.SSLContext | None
    proxy: Proxy | None
    timeout: float

    def connect(self, end: float) -> http.client.HTTPConnection:
        """Open a connection (the TLS session and the tunnel through a proxy too), at the latest at ``end``."""
        host, port = (self.proxy.host, self.proxy.port) if self.proxy else (self.address.host, self.address.port)
        if self.context is None:
            connection = http.client.HTTPConnection(host, port, timeout=self.timeout)
        else:
            connection = http.client.HTTPSConnection(host, port, timeout=self.timeout, context=self.context)
            if self.proxy:
                connection.set_tunnel(self.address.host, self.address.port, dict(self.proxy.headers))
        try:
            _until(end, connection, connection.connect)
        except (OSError, http.client.HTTPException):
            connection.close()
            raise
        return connection

    def ask(self, connection: http.client.HTTPConnection, request: Request, end: float) -> tuple[Raw, bool]:
        """Send a request; return the whole answer, and whether the connection may be used again."""
        address, headers = request.address, dict(request.headers)
        if self.proxy and self.context is None:
            # There is no tunnel: the proxy itself is asked, and told where the request goes.
            address = f"{self.address.scheme}://{self.address.netloc}{address}"
            headers.update(self.proxy.headers)

        def exchange() -> tuple[Raw, bool]:
            connection.request(request.method, address, body=request.content, headers=headers)
            # An answer that is not read to its end would keep the socket as long as anybody has the exception.
            with connection.getresponse() as response:
                return _read(response)

        return _until(end, connection, exchange)


def _until(end: float, connection: http.client.HTTPConnection, call: Callable[[], T]) -> T:
    """Return what ``call`` returns. Raises ``TooLong`` at ``end``: a socket's own limit starts anew with each byte."""
    try:
        return within(max(0.0, end - time.monotonic()), call)
    except TooLong:
        if connection.sock is not None:
            # What still reads there must not keep us; the socket may be closed already.
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)
        raise


def _read(response: http.client.HTTPResponse) -> tuple[Raw, bool]:
    """Read an answer to its end, piece by piece: what a server announces of its length may be wrong."""
    body, piece = bytearray(), bytearray(_PIECE)
    try:
        while count := response.readinto(piece):
            body += piece[:count]
            if len(body) > LONGEST_BODY:
                raise TooMuch(response.status, LONGEST_BODY)
    except http.client.IncompleteRead as error:
        raise http.client.IncompleteRead(bytes(body) + error.partial) from None
    if response.length:
        raise http.client.IncompleteRead(bytes(body), response.length)
    headers = {name.lower(): value for name, value in response.getheaders()}
    cookies = tuple(value for name, value in response.getheaders() if name.lower() == "set-cookie")
    # A whole answer follows one of 1xx, which must not be taken for that to the next request.
    return Raw(response.status, headers, bytes(body), cookies), not response.will_close and response.status >= 200

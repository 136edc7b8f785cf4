"""How a web server of the lab misbehaves below HTTP, on a connection that it has accepted.

The server needs ``handler_cancellation=True``: these handlers end only with the connection.
"""

from __future__ import annotations

import asyncio
from typing import NoReturn

from aiohttp import web

GARBAGE = b"SSH-2.0-OpenSSH_for_Windows_8.1\r\n"


async def drip(request: web.BaseRequest, interval: float) -> NoReturn:
    """Answer with headers that never end, one byte each ``interval`` real seconds.

    A client that limits only the time without any byte waits for ever.
    """
    transport = _transport(request)
    for byte in b"HTTP/1.1 200 OK\r\nX-Drip: ":
        transport.write(bytes([byte]))
        await asyncio.sleep(interval)
    while True:
        transport.write(b".")
        await asyncio.sleep(interval)


async def answer_garbage(request: web.BaseRequest) -> NoReturn:
    """Answer something that is no HTTP, and close the connection."""
    transport = _transport(request)
    transport.write(GARBAGE)
    transport.close()
    await asyncio.Event().wait()
    raise ConnectionResetError("closed")


def _transport(request: web.BaseRequest) -> asyncio.WriteTransport:
    if request.transport is None:
        raise ConnectionResetError("the client has gone")
    return request.transport

"""A forward proxy: tunnels by CONNECT, passes http:// requests on; on request only for those who log in."""

from __future__ import annotations

import asyncio
import base64
from contextlib import suppress
from urllib.parse import urlsplit


class Proxy:
    """``start`` and ``stop`` it on an event loop. ``tunnels`` has "host:port" of each tunnel, ``passed`` each URL."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0, *, user: str = "", password: str = "") -> None:
        self.address = address
        self.port = port
        self.tunnels: list[str] = []
        self.passed: list[str] = []
        self.refusals = 0
        self._expected = base64.b64encode(f"{user}:{password}".encode()).decode() if user else ""
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, self.address, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening; open tunnels end with the loop."""
        if self._server:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, target, _version = head[0].split(" ")
            headers = {name.lower(): value for name, _unused, value in (line.partition(": ") for line in head[1:])}
            if self._expected and headers.get("proxy-authorization") != f"Basic {self._expected}":
                self.refusals += 1
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            elif method == "CONNECT":
                await self._tunnel(target, reader, writer)
            else:
                await self._pass_on(method, target, headers, reader, writer)
        writer.close()

    async def _tunnel(self, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _unused, port = target.rpartition(":")
        try:
            far_reader, far_writer = await asyncio.open_connection(host, int(port))
        except OSError:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        self.tunnels.append(target)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))

    async def _pass_on(
        self,
        method: str,
        target: str,
        headers: dict[str, str],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Send one request on, without what was said to the proxy alone, and close after its answer."""
        parts = urlsplit(target)
        if parts.scheme != "http" or not parts.hostname:
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            return
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        mine = {**headers, "connection": "close"}
        mine.pop("proxy-authorization", None)
        address = parts._replace(scheme="", netloc="").geturl() or "/"
        head = [f"{method} {address} HTTP/1.1", *(f"{name}: {value}" for name, value in mine.items())]
        far_reader, far_writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
        self.passed.append(target)
        far_writer.write("\r\n".join([*head, "", ""]).encode("latin-1") + body)
        await _pump(far_reader, writer)
        far_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()

"""The byte stream under TDS: plain, TLS inside of PRELOGIN packets, or TLS from the first byte (TDS 8)."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from pathlib import Path

from .packets import END_OF_MESSAGE, HEADER, IGNORE, PRELOGIN, Header, ProtocolError, packets


def tls_context(certificate: tuple[Path, Path], strict: bool) -> ssl.SSLContext:
    """A server's context: within PRELOGIN packets TLS 1.2 at the most, as in real servers and drivers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if strict:
        context.set_alpn_protocols(["tds/8.0"])
    else:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


class Channel:
    """Reads and writes TDS messages."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._buffer = bytearray()
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.packet_size = 4096
        self.spid = 0
        # close the connection after so many more bytes
        self.room: int | None = None

    # messages

    async def receive(self) -> tuple[int, bytes]:
        """The next message: kind and content. Raises asyncio.IncompleteReadError at the end of the stream."""
        while True:
            parts = bytearray()
            while True:
                header = Header.parse(await self._read(HEADER.size))
                parts += await self._read(header.length - HEADER.size)
                if header.status & END_OF_MESSAGE:
                    break
            if not header.status & IGNORE:
                return header.kind, bytes(parts)

    async def send(self, kind: int, message: bytes) -> None:
        """Send a message. Raises ConnectionError when the fault "so many bytes" strikes."""
        data = b"".join(packets(kind, message, self.packet_size, self.spid))
        if self._tls is not None:
            self._tls.write(data)
            data = self._outgoing.read()
        if self.room is not None:
            data, self.room = data[: self.room], self.room - len(data)
        self._writer.write(data)
        await self._writer.drain()
        if self.room is not None and self.room <= 0:
            raise ConnectionAbortedError("the lab drops this connection")

    def abort(self) -> None:
        """Cut the connection without a word."""
        self._writer.transport.abort()

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await self._writer.wait_closed()

    # the stream

    async def first_byte(self) -> int:
        """The first byte, left in place: 0x16 is a TLS handshake (TDS 8)."""
        if not self._buffer:
            self._buffer += await self._raw()
        return self._buffer[0]

    async def _raw(self) -> bytes:
        data = await self._reader.read(65536)
        if not data:
            raise asyncio.IncompleteReadError(b"", None)
        return data

    async def _read(self, count: int) -> bytes:
        while len(self._buffer) < count:
            if self._tls is None:
                self._buffer += await self._raw()
                continue
            try:
                data = self._tls.read(65536)
            except ssl.SSLWantReadError:
                self._incoming.write(await self._raw())
                continue
            if not data:
                raise asyncio.IncompleteReadError(b"", None)
            self._buffer += data
        piece = bytes(self._buffer[:count])
        del self._buffer[:count]
        return piece

    async def handshake(self, context: ssl.SSLContext, inside: bool) -> None:
        """TLS from here on; ``inside`` carries the handshake in PRELOGIN packets. Raises ssl.SSLError."""
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        if not inside:
            self._incoming.write(bytes(self._buffer))
            self._buffer.clear()
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._flush(inside)
                if inside:
                    header = Header.parse(await self._read(HEADER.size))
                    if header.kind != PRELOGIN:
                        raise ProtocolError("no TLS handshake") from None
                    self._incoming.write(await self._read(header.length - HEADER.size))
                else:
                    self._incoming.write(await self._raw())
            except ssl.SSLError:
                await self._flush(inside)
                raise
        await self._flush(inside)
        self._tls = tls

    async def _flush(self, inside: bool) -> None:
        data = self._outgoing.read()
        if data:
            self._writer.write(b"".join(packets(PRELOGIN, data)) if inside else data)
            await self._writer.drain()

    def plain_again(self) -> None:
        """Encryption of the login alone: back to plain text."""
        self._tls = None

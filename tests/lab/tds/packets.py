"""TDS packets: an eight-byte header each, messages cut into packets (MS-TDS 2.2.3)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

BATCH = 0x01
RPC = 0x03
RESPONSE = 0x04
ATTENTION = 0x06
TRANSACTION = 0x0E
LOGIN = 0x10
SSPI = 0x11
PRELOGIN = 0x12

END_OF_MESSAGE = 0x01
IGNORE = 0x02
HEADER = struct.Struct(">BBHHBB")


class ProtocolError(Exception):
    """The client sent what TDS does not allow; the server closes the connection, as the real one does."""


@dataclass(frozen=True)
class Header:
    """A packet's header; ``length`` includes its own eight bytes."""

    kind: int
    status: int
    length: int

    @classmethod
    def parse(cls, data: bytes) -> Header:
        kind, status, length, _unused, _unused, _unused = HEADER.unpack(data)
        if length < HEADER.size:
            raise ProtocolError(f"a packet of length {length}")
        return cls(kind, status, length)


def packets(kind: int, message: bytes, size: int = 4096, spid: int = 0) -> Iterator[bytes]:
    """Cut a message into packets of at most ``size`` bytes, header included."""
    room = size - HEADER.size
    pieces = [message[start : start + room] for start in range(0, len(message), room)] or [b""]
    for number, piece in enumerate(pieces, 1):
        status = END_OF_MESSAGE if number == len(pieces) else 0
        yield HEADER.pack(kind, status, HEADER.size + len(piece), spid & 0xFFFF, number & 0xFF, 0) + piece


class Cursor:
    """Reads a message's fields one after another."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self.data):
            raise ProtocolError("a message that ends too early")
        piece = self.data[self.at : self.at + count]
        self.at += count
        return piece

    def unsigned(self, count: int) -> int:
        """A little-endian number of ``count`` bytes."""
        return int.from_bytes(self.take(count), "little")

    def text(self, characters: int) -> str:
        """UTF-16 text of that many code units."""
        return self.take(2 * characters).decode("utf-16-le", "replace")

    def short_text(self) -> str:
        """B_VARCHAR: a byte with the length, then the text."""
        return self.text(self.unsigned(1))

    def skip_headers(self) -> None:
        """ALL_HEADERS, which begins a batch, an RPC and a transaction manager request."""
        length = self.unsigned(4)
        if length < 4:
            raise ProtocolError("no headers")
        self.take(length - 4)

    @property
    def done(self) -> bool:
        return self.at >= len(self.data)

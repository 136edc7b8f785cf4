"""PRELOGIN and LOGIN7: what the client offers and who it says it is (MS-TDS 2.2.6.4, 2.2.6.5)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from .packets import Cursor, ProtocolError

ENCRYPT_OFF, ENCRYPT_ON, ENCRYPT_NOT_SUPPORTED, ENCRYPT_REQUIRED = 0, 1, 2, 3
_VERSION, _ENCRYPTION, _INSTANCE, _THREAD, _MARS, _END = 0x00, 0x01, 0x02, 0x03, 0x04, 0xFF
_DEFAULT_INSTANCE = "MSSQLSERVER"
SERVER_VERSION = bytes((15, 0, 0x07, 0xD0))


def prelogin(data: bytes) -> dict[int, bytes]:
    """The options of a PRELOGIN message."""
    options: dict[int, bytes] = {}
    at = 0
    while at < len(data) and data[at] != _END:
        if at + 5 > len(data):
            raise ProtocolError("PRELOGIN ends in the middle of an option")
        token, offset, length = struct.unpack_from(">BHH", data, at)
        if offset + length > len(data):
            raise ProtocolError("a PRELOGIN option outside of the message")
        options[token] = data[offset : offset + length]
        at += 5
    if at >= len(data):
        raise ProtocolError("PRELOGIN without its end")
    return options


def prelogin_message(options: dict[int, bytes]) -> bytes:
    """A PRELOGIN message with these options."""
    offset = 5 * len(options) + 1
    head, body = b"", b""
    for token, value in options.items():
        head += struct.pack(">BHH", token, offset + len(body), len(value))
        body += value
    return head + bytes((_END,)) + body


def client_encryption(options: dict[int, bytes]) -> int:
    return (options.get(_ENCRYPTION) or bytes((ENCRYPT_NOT_SUPPORTED,)))[0]


def prelogin_reply(encryption: int, options: dict[int, bytes], server: str) -> bytes:
    """The server's options: its version, encryption, whether the client means another instance than this one, an empty
    thread id, no MARS."""
    asked = options.get(_INSTANCE, b"").split(b"\0")[0].decode("ascii", "replace").upper()
    own = server.partition("\\")[2].upper() or _DEFAULT_INSTANCE
    other = asked not in ("", own, _DEFAULT_INSTANCE)
    return prelogin_message(
        {
            _VERSION: SERVER_VERSION + b"\0\0",
            _ENCRYPTION: bytes((encryption,)),
            _INSTANCE: bytes((int(other),)),
            _THREAD: b"",
            _MARS: b"\0",
        }
    )


@dataclass
class Login:
    """What LOGIN7 says. The password is not in its repr."""

    user: str = ""
    password: str = field(default="", repr=False)
    database: str = ""
    host: str = ""
    application: str = ""
    server: str = ""
    packet_size: int = 4096
    integrated: bool = False
    sspi: bytes = field(default=b"", repr=False)


_PLACES = {"host": 36, "user": 40, "password": 44, "application": 48, "server": 52, "database": 68}


def parse_login(data: bytes) -> Login:
    """A LOGIN7 message. Raises ProtocolError where its offsets do not fit."""
    if len(data) < 94:
        raise ProtocolError("LOGIN7 is too short")
    login = Login()
    login.packet_size = struct.unpack_from("<I", data, 8)[0] or 4096
    if not 512 <= login.packet_size <= 32767:
        raise ProtocolError(f"a packet size of {login.packet_size}")
    login.integrated = bool(data[25] & 0x80)
    for name, place in _PLACES.items():
        offset, length = struct.unpack_from("<HH", data, place)
        raw = Cursor(data, offset).take(2 * length)
        if name == "password":
            raw = reveal(raw)
        setattr(login, name, raw.decode("utf-16-le", "replace"))
    offset, length = struct.unpack_from("<HH", data, 78)
    if length == 0xFFFF:
        length = struct.unpack_from("<I", data, 90)[0]
    login.sspi = Cursor(data, offset).take(length) if length else b""
    return login


def reveal(data: bytes) -> bytes:
    """Undo LOGIN7's obfuscation of the password: XOR 0xA5, then swap the halves of each byte."""
    return bytes(((byte ^ 0xA5) >> 4 | (byte ^ 0xA5) << 4) & 0xFF for byte in data)


def obscure(data: bytes) -> bytes:
    """The obfuscation itself."""
    return bytes(((byte >> 4 | byte << 4) & 0xFF) ^ 0xA5 for byte in data)

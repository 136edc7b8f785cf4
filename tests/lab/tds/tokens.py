"""The tokens of a response (MS-TDS 2.2.7)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from lab.sql import Column, SqlError
from lab.sql.types import INT, Value

from .login import SERVER_VERSION
from .values import COLLATION, type_info, value_bytes

DONE, DONE_PROCEDURE, DONE_IN_PROCEDURE = 0xFD, 0xFE, 0xFF
MORE, ERROR, IN_TRANSACTION, COUNT, ATTENTION = 0x01, 0x02, 0x04, 0x10, 0x20
DATABASE, LANGUAGE, PACKET_SIZE, SQL_COLLATION, BEGIN, COMMIT, ROLLBACK = 1, 2, 4, 7, 8, 9, 10


def short(text: str) -> bytes:
    """B_VARCHAR."""
    return bytes((len(text.encode("utf-16-le")) // 2,)) + text.encode("utf-16-le")


def _token(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + struct.pack("<H", len(body)) + body


def login_ack() -> bytes:
    """LOGINACK: T-SQL, TDS 7.4."""
    return _token(0xAD, b"\x01\x74\x00\x00\x04" + short("Microsoft SQL Server") + SERVER_VERSION)


def sspi(data: bytes) -> bytes:
    return _token(0xED, data)


def changed(kind: int, new: str, old: str) -> bytes:
    """ENVCHANGE of a text: database, language, packet size."""
    return _token(0xE3, bytes((kind,)) + short(new) + short(old))


def collation() -> bytes:
    return _token(0xE3, bytes((SQL_COLLATION, len(COLLATION))) + COLLATION + b"\0")


def transaction(kind: int, descriptor: int) -> bytes:
    """ENVCHANGE of the transaction: it began, or it was committed or rolled back."""
    identity = b"\x08" + struct.pack("<Q", descriptor)
    return _token(0xE3, bytes((kind,)) + (identity + b"\0" if kind == BEGIN else b"\0" + identity))


def message(
    number: int, text: str, server: str, state: int = 1, severity: int = 0, line: int = 1, procedure: str = ""
) -> bytes:
    """INFO, or ERROR from severity 11 on."""
    encoded = text[:4000].encode("utf-16-le")
    body = struct.pack("<iBB", number, state & 0xFF, severity) + struct.pack("<H", len(encoded) // 2) + encoded
    tail = short(server) + short(procedure) + struct.pack("<i", line)
    return _token(0xAA if severity > 10 else 0xAB, body + tail)


def error(failure: SqlError, server: str) -> bytes:
    return message(
        failure.number, failure.message, server, failure.state, failure.severity, failure.line, failure.procedure
    )


def metadata(columns: Sequence[Column]) -> bytes:
    """COLMETADATA. Every column may be NULL."""
    head = bytes((0x81,)) + struct.pack("<H", len(columns))
    return head + b"".join(struct.pack("<IH", 0, 1) + type_info(each.type) + short(each.name) for each in columns)


def row(columns: Sequence[Column], values: Sequence[Value]) -> bytes:
    return b"\xd1" + b"".join(value_bytes(value, column.type) for value, column in zip(values, columns, strict=True))


def done(kind: int = DONE, status: int = 0, count: int | None = None, command: int = 0) -> bytes:
    """DONE, DONEPROC or DONEINPROC: of what kind the statement was (CurCmd), with a number of rows if there is one."""
    return struct.pack("<BHHQ", kind, status | (COUNT if count is not None else 0), command, count or 0)


def return_status(code: int) -> bytes:
    return b"\x79" + struct.pack("<i", code)


def return_handle(value: int) -> bytes:
    """RETURNVALUE of an int output parameter, the handle of a prepared statement."""
    head = b"\xac" + struct.pack("<H", 0) + short("") + b"\x01" + struct.pack("<IH", 0, 0)
    return head + type_info(INT) + value_bytes(value, INT)

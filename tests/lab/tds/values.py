"""Types and values on the wire: TYPE_INFO, results and parameters (MS-TDS 2.2.5.4 to 2.2.5.6).

What goes out is what the engine has. What comes in is what drivers send for parameters; decimals arrive as bigint or
float, since the engine has no decimals.
"""

from __future__ import annotations

import datetime
import struct
import uuid

from lab.sql import SqlType, Variable
from lab.sql.conversions import moment
from lab.sql.errors import not_simulated
from lab.sql.types import BIGINT, BIT, DATETIME, DATETIME2, FLOAT, MAX, NULL, UNIQUEIDENTIFIER, Value

from .packets import Cursor

# SQL_Latin1_General_CP1_CI_AS
COLLATION = bytes((0x09, 0x04, 0xD0, 0x00, 0x34))

GUID, INTN, BITN, FLTN, DATETIMN, DATETIME2N = 0x24, 0x26, 0x68, 0x6D, 0x6F, 0x2A
NVARCHAR, VARCHAR, VARBINARY, VARIANT, NCHAR, CHAR = 0xE7, 0xA7, 0xA5, 0x62, 0xEF, 0xAF
_CODES = {"nvarchar": NVARCHAR, "varchar": VARCHAR, "varbinary": VARBINARY, "nchar": NCHAR, "char": CHAR}
_SIZES = {"tinyint": 1, "smallint": 2, "int": 4, "bigint": 8, "null": 4}
_PLP_NULL = b"\xff" * 8
_PLP_UNKNOWN = 2**64 - 2
# T-SQL's dates have no time zone, so Python's have none here
_EPOCH = datetime.datetime.fromisoformat("1900-01-01")


def type_info(kind: SqlType) -> bytes:
    """TYPE_INFO of a column."""
    if kind.name in _SIZES:
        return bytes((INTN, _SIZES[kind.name]))
    if kind.name == "bit":
        return bytes((BITN, 1))
    if kind.name == "float":
        return bytes((FLTN, 8))
    if kind.name == "datetime":
        return bytes((DATETIMN, 8))
    if kind.name == "datetime2":
        return bytes((DATETIME2N, 7))
    if kind.name == "uniqueidentifier":
        return bytes((GUID, 16))
    if kind.name == "sql_variant":
        return bytes((VARIANT,)) + struct.pack("<I", 8009)
    width = 2 if kind.unicode else 1
    size = 0xFFFF if kind.length == MAX else max(kind.length, 1) * width
    if size > 8000:
        size = 0xFFFF
    code = _CODES[kind.name]
    return bytes((code,)) + struct.pack("<H", size) + (b"" if code == VARBINARY else COLLATION)


def value_bytes(value: Value, kind: SqlType) -> bytes:
    """A value of a column, as ROW has it."""
    if kind.name == "sql_variant":
        return _variant(value)
    if kind.text or kind.name == "varbinary":
        large = type_info(kind)[1:3] == b"\xff\xff"
        if value is None:
            return _PLP_NULL if large else b"\xff\xff"
        data = _raw(value, kind)
        if large:
            chunk = struct.pack("<I", len(data)) + data if data else b""
            return struct.pack("<Q", len(data)) + chunk + struct.pack("<I", 0)
        return struct.pack("<H", len(data)) + data
    if value is None:
        return b"\0"
    data = _raw(value, kind)
    return bytes((len(data),)) + data


def _raw(value: Value, kind: SqlType) -> bytes:
    if kind.name == "tinyint":
        return bytes((_number(value),))
    if kind.name in _SIZES:
        return _number(value).to_bytes(_SIZES[kind.name], "little", signed=True)
    if kind.name == "bit":
        return bytes((int(bool(value)),))
    if kind.name == "float":
        assert isinstance(value, int | float)
        return struct.pack("<d", value)
    if kind.name == "datetime":
        since = moment(str(value)) - _EPOCH
        return struct.pack("<iI", since.days, round((since.seconds + since.microseconds / 1e6) * 300))
    if kind.name == "datetime2":
        when = moment(str(value))
        midnight = when.replace(hour=0, minute=0, second=0, microsecond=0)
        ticks = (when - midnight) // datetime.timedelta(microseconds=1) * 10
        return ticks.to_bytes(5, "little") + (when.toordinal() - 1).to_bytes(3, "little")
    if kind.name == "uniqueidentifier":
        return uuid.UUID(str(value)).bytes_le
    if isinstance(value, bytes):
        return value
    return str(value).encode("utf-16-le" if kind.unicode else "cp1252", "replace")


def _number(value: Value) -> int:
    assert isinstance(value, int), value
    return value


def _variant(value: Value) -> bytes:
    if value is None:
        return struct.pack("<I", 0)
    if isinstance(value, str):
        data = value.encode("utf-16-le")
        head = bytes((NVARCHAR, 7)) + COLLATION + struct.pack("<H", 8000)
    elif isinstance(value, bytes):
        data, head = value, bytes((VARBINARY, 2)) + struct.pack("<H", 8000)
    elif isinstance(value, float):
        data, head = struct.pack("<d", value), bytes((0x3E, 0))
    else:
        data, head = value.to_bytes(8, "little", signed=True), bytes((0x7F, 0))
    return struct.pack("<I", len(head) + len(data)) + head + data


_FIXED = {0x30: ("tinyint", 1), 0x32: ("bit", 1), 0x34: ("smallint", 2), 0x38: ("int", 4), 0x7F: ("bigint", 8)}
_INTEGERS = {1: "tinyint", 2: "smallint", 4: "int", 8: "bigint"}
_CHARACTERS = {NVARCHAR: "nvarchar", NCHAR: "nvarchar", VARCHAR: "varchar", CHAR: "varchar"}
_BINARIES = {VARBINARY: "varbinary", 0xAD: "varbinary"}


def read_parameter(cursor: Cursor) -> Variable:
    """TYPE_INFO and value of a parameter. Raises SqlError for a type that the lab does not have."""
    code = cursor.unsigned(1)
    if code == 0x1F:
        return Variable(NULL)
    if code in _FIXED:
        name, size = _FIXED[code]
        return Variable(SqlType(name), _integer(cursor.take(size), name))
    if code in (0x3B, 0x3E):
        return Variable(FLOAT, _float(cursor.take(4 if code == 0x3B else 8)))
    if code in _CHARACTERS or code in _BINARIES:
        return _string(cursor, code)
    if code in (0x63, 0x23):
        # ntext, text: what FreeTDS sends for long strings to old servers
        cursor.take(4 + len(COLLATION))
        length = cursor.unsigned(4)
        kind = SqlType("nvarchar" if code == 0x63 else "varchar", MAX)
        data = None if length == 0xFFFFFFFF else cursor.take(length)
        return Variable(kind, None if data is None else _decoded(data, kind))
    if code in (INTN, BITN, FLTN, DATETIMN):
        return _nullable(cursor, code)
    if code == GUID:
        cursor.take(1)
        data = cursor.take(cursor.unsigned(1))
        if len(data) not in (0, 16):
            raise not_simulated(f"a uniqueidentifier of {len(data)} bytes")
        return Variable(UNIQUEIDENTIFIER, str(uuid.UUID(bytes_le=data)).upper() if data else None)
    if code in (0x6A, 0x6C):
        return _decimal(cursor)
    if code in (0x28, DATETIME2N):
        return _date(cursor, code)
    raise not_simulated(f"a parameter of the TDS type 0x{code:02X}")


def _nullable(cursor: Cursor, code: int) -> Variable:
    size = cursor.unsigned(1)
    data = cursor.take(cursor.unsigned(1))
    if code == INTN:
        name = _INTEGERS.get(size)
        if name is None:
            raise not_simulated(f"an integer of {size} bytes")
        return Variable(SqlType(name), _integer(data, name) if data else None)
    if code == BITN:
        return Variable(BIT, int(bool(data[0])) if data else None)
    if code == FLTN:
        return Variable(FLOAT, _float(data) if data else None)
    if not data:
        return Variable(DATETIME)
    if len(data) != 8:
        raise not_simulated("smalldatetime")
    days, ticks = struct.unpack("<iI", data)
    when = _EPOCH + datetime.timedelta(days=days, milliseconds=round(ticks * 10 / 3))
    return Variable(DATETIME, when.isoformat(" ", "milliseconds"))


def _decimal(cursor: Cursor) -> Variable:
    cursor.take(2)
    scale = cursor.unsigned(1)
    data = cursor.take(cursor.unsigned(1))
    kind = FLOAT if scale else BIGINT
    if not data:
        return Variable(kind)
    number = int.from_bytes(data[1:], "little") * (1 if data[0] else -1)
    if not scale and not -(2**63) <= number < 2**63:
        raise not_simulated("a decimal beyond bigint")
    return Variable(kind, number / 10**scale if scale else number)


def _date(cursor: Cursor, code: int) -> Variable:
    scale = cursor.unsigned(1) if code == DATETIME2N else 0
    data = cursor.take(cursor.unsigned(1))
    if not data:
        return Variable(DATETIME2)
    days = datetime.datetime.fromordinal(int.from_bytes(data[-3:], "little") + 1)
    microseconds = int.from_bytes(data[:-3], "little") * 10**6 // 10**scale
    when = days + datetime.timedelta(microseconds=microseconds)
    return Variable(DATETIME2, when.isoformat(" ", "microseconds") + "0")


def _string(cursor: Cursor, code: int) -> Variable:
    size = cursor.unsigned(2)
    name = _CHARACTERS.get(code) or _BINARIES[code]
    if code in _CHARACTERS:
        cursor.take(len(COLLATION))
    width = 2 if name == "nvarchar" else 1
    kind = SqlType(name, MAX if size == 0xFFFF else max(size // width, 1))
    data = _chunks(cursor) if size == 0xFFFF else _counted(cursor)
    return Variable(kind, None if data is None else _decoded(data, kind))


def _counted(cursor: Cursor) -> bytes | None:
    length = cursor.unsigned(2)
    return None if length == 0xFFFF else cursor.take(length)


def _chunks(cursor: Cursor) -> bytes | None:
    """A partially length-prefixed value: its length (or "unknown"), chunks, an empty chunk."""
    total = cursor.unsigned(8)
    if total == 2**64 - 1:
        return None
    parts = []
    while length := cursor.unsigned(4):
        parts.append(cursor.take(length))
    data = b"".join(parts)
    if total not in (len(data), _PLP_UNKNOWN):
        raise not_simulated("a long value whose length is wrong")
    return data


def _decoded(data: bytes, kind: SqlType) -> Value:
    if kind.name == "varbinary":
        return data
    return data.decode("utf-16-le" if kind.name == "nvarchar" else "cp1252", "replace")


def _integer(data: bytes, name: str) -> int:
    return int.from_bytes(data, "little", signed=name not in ("tinyint", "bit"))


def _float(data: bytes) -> float:
    number: float = struct.unpack("<f" if len(data) == 4 else "<d", data)[0]
    return number

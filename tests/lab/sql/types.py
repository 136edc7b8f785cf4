"""T-SQL data types as far as the lab has them: how they rank, and how a value becomes another type's value.

Inside the engine a value is what sqlite holds: None, int, float, str or bytes. A date is its ISO text.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from .errors import SqlError, conversion, conversion_of_date, not_convertible, not_simulated, overflow

Value = None | int | float | str | bytes

# Data type precedence, lowest first: of two types in one expression the higher one wins.
RANK = (
    "varbinary",
    "varchar",
    "nvarchar",
    "bit",
    "tinyint",
    "smallint",
    "int",
    "bigint",
    "float",
    "datetime",
    "datetime2",
    "sql_variant",
)
MAX = -1

_RANGES = {
    "tinyint": (0, 255),
    "smallint": (-(2**15), 2**15 - 1),
    "int": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
}


@dataclass(frozen=True)
class SqlType:
    """A type and, for strings and binaries, its length in characters or bytes (``MAX`` for max)."""

    name: str
    length: int = 0

    @property
    def text(self) -> bool:
        return self.name in ("varchar", "nvarchar")

    @property
    def number(self) -> bool:
        return self.name in ("bit", "tinyint", "smallint", "int", "bigint", "float")

    @property
    def date(self) -> bool:
        return self.name in ("datetime", "datetime2")


INT = SqlType("int")
BIGINT = SqlType("bigint")
BIT = SqlType("bit")
FLOAT = SqlType("float")
DATETIME = SqlType("datetime")
DATETIME2 = SqlType("datetime2")
VARIANT = SqlType("sql_variant")
SYSNAME = SqlType("nvarchar", 128)
NULL = SqlType("null")


def higher(first: SqlType, second: SqlType) -> SqlType:
    """The type of an expression that joins two others (UNION, CASE, ISNULL's relatives)."""
    if first.name == "null" or second.name == "null":
        # an untyped NULL is an int, but gives way to everything else
        return second if first.name == "null" else first
    if first.name == second.name:
        return first if first.length == MAX or first.length >= second.length > MAX else second
    low, high = sorted((first, second), key=lambda each: RANK.index(each.name))
    if high.text and low.length > high.length > MAX:
        return SqlType(high.name, low.length)
    return high


def of_value(value: object) -> SqlType:
    """The type of a parameter that came without one."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return BIT
    if isinstance(value, int):
        return INT if -(2**31) <= value < 2**31 else BIGINT
    if isinstance(value, float):
        return FLOAT
    if isinstance(value, bytes):
        return SqlType("varbinary", 8000 if len(value) <= 8000 else MAX)
    if isinstance(value, str):
        return SqlType("nvarchar", 4000 if len(value) <= 4000 else MAX)
    if isinstance(value, datetime.datetime):
        return DATETIME2
    raise not_simulated(f"a parameter of the Python type {type(value).__name__}")


def stored(value: object) -> Value:
    """A Python parameter as the engine holds it."""
    if isinstance(value, bool):
        return int(value)
    if value is None or isinstance(value, int | float | str | bytes):
        return value
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    raise not_simulated(f"a parameter of the Python type {type(value).__name__}")


def convert(value: Value, source: SqlType, target: SqlType, style: int | None = None, explicit: bool = False) -> Value:
    """``value`` of type ``source`` as a ``target`` value: CAST and CONVERT if ``explicit``, else as SQL Server does by
    itself. Raises SqlError 241, 245, 248, 257 or 8115."""
    if value is None or target.name in ("null", "sql_variant"):
        return value
    if target.text:
        return _to_text(value, source, target, style)
    if target.name == "varbinary":
        return _to_binary(value, source, target, explicit)
    if target.date:
        return _to_date(value, source, target, explicit)
    if target.name == "float":
        return _to_float(value, source)
    return _to_integer(value, source, target)


def _to_text(value: Value, source: SqlType, target: SqlType, style: int | None) -> str:
    if isinstance(value, bytes):
        if style not in (None, 0):
            raise not_simulated(f"CONVERT of binary with style {style}")
        text = value.decode("utf-16-le" if target.name == "nvarchar" else "cp1252", "replace")
    elif isinstance(value, float):
        text = f"{value:.6g}"
    elif source.date:
        text = _date_text(_moment(str(value)), style, source)
    else:
        text = str(value)
        if target.length != MAX and len(text) > target.length and isinstance(value, int):
            if target.name == "nvarchar" or source.name == "bigint":
                raise SqlError(8115, f"Arithmetic overflow error converting expression to data type {target.name}.")
            return "*"
    if target.name == "varchar":
        text = text.encode("cp1252", "replace").decode("cp1252")
    return text if target.length == MAX else text[: target.length]


def _date_text(moment: datetime.datetime, style: int | None, source: SqlType) -> str:
    milliseconds = f"{moment.microsecond // 1000:03}"
    if style in (120, 20):
        return moment.isoformat(" ", "seconds")
    if style in (121, 21) or (style in (None, 0) and source.name == "datetime2"):
        digits = milliseconds if source.name == "datetime" else f"{moment.microsecond:06}0"
        return f"{moment.isoformat(' ', 'seconds')}.{digits}"
    if style in (126, 127):
        digits = milliseconds if source.name == "datetime" else f"{moment.microsecond:06}0"
        return f"{moment.isoformat('T', 'seconds')}.{digits}" + ("Z" if style == 127 else "")
    if style in (None, 0, 100):
        hour = moment.hour % 12 or 12
        return f"{moment:%b} {moment.day:2} {moment.year} {hour:2}:{moment:%M%p}"
    raise not_simulated(f"CONVERT of a date with style {style}")


def _to_binary(value: Value, source: SqlType, target: SqlType, explicit: bool) -> bytes:
    if isinstance(value, bytes):
        data = value
    elif not explicit and not isinstance(value, int):
        raise not_convertible(source.name, target.name)
    elif isinstance(value, int):
        data = value.to_bytes(8 if source.name == "bigint" else 4, "big", signed=True)
    elif isinstance(value, str):
        data = value.encode("utf-16-le" if source.name == "nvarchar" else "cp1252", "replace")
    else:
        raise not_simulated(f"CONVERT of {source.name} to {target.name}")
    return data if target.length == MAX else data[: target.length]


def _to_date(value: Value, source: SqlType, target: SqlType, explicit: bool) -> str:
    if source.date or source.text:
        return _date_text(_moment(str(value)), 121, target)
    raise not_simulated(f"CONVERT of {source.name} to {target.name}")


def _to_float(value: int | float | str | bytes, source: SqlType) -> float:
    if isinstance(value, bytes):
        raise not_convertible(source.name, "float")
    try:
        return float(value) if value != "" else 0.0
    except ValueError:
        raise SqlError(8114, f"Error converting data type {source.name} to float.", 16, 5) from None


def _to_integer(value: Value, source: SqlType, target: SqlType) -> int:
    if isinstance(value, bytes):
        number = int.from_bytes(value[-8:] if target.name == "bigint" else value[-4:], "big", signed=True)
    elif isinstance(value, str):
        if source.date:
            raise not_simulated(f"CONVERT of {source.name} to {target.name}")
        text = value.strip(" ")
        if target.name == "bit" and text.lower() in ("true", "false"):
            return int(text.lower() == "true")
        if not re.fullmatch(r"([+-]? *[0-9]+)?", text):
            raise conversion(value, source.name, target.name)
        number = int(text.replace(" ", "") or 0)
    else:
        number = int(value or 0)
    if target.name == "bit":
        return int(number != 0)
    low, high = _RANGES[target.name]
    if not low <= number <= high:
        raise overflow(value, source.name, target.name)
    return number


def moment(value: str) -> datetime.datetime:
    """The engine's text of a date as a datetime (for those who put it on the wire)."""
    return _moment(value)


def _moment(text: str) -> datetime.datetime:
    match = re.fullmatch(r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2})(:\d{2})?(?:\.(\d{1,7}))?)?Z?", text.strip())
    if not match:
        raise conversion_of_date()
    day, minutes, seconds, fraction = match.groups()
    try:
        whole = datetime.datetime.fromisoformat(f"{day} {minutes or '00:00'}{seconds or ':00'}")
    except ValueError:
        raise conversion_of_date() from None
    return whole.replace(microsecond=int(f"{fraction or '0':0<6}"[:6]))

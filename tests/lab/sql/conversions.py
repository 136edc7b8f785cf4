"""How a value becomes a value of another type: CAST, CONVERT, and what SQL Server does by itself."""

from __future__ import annotations

import datetime
import re
import uuid

from .errors import SqlError, conversion, conversion_of_date, not_convertible, not_simulated, overflow
from .types import MAX, SqlType, Value

_RANGES = {
    "tinyint": (0, 255),
    "smallint": (-(2**15), 2**15 - 1),
    "int": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
}
_SIZES = {"bit": 1, "tinyint": 1, "smallint": 2, "int": 4, "bigint": 8}
_GUID = re.compile(r"\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")


def convert(value: Value, source: SqlType, target: SqlType, style: int | None = None, explicit: bool = False) -> Value:
    """``value`` of type ``source`` as a ``target`` value: CAST and CONVERT if ``explicit``, else as SQL Server does by
    itself. Raises SqlError 241, 245, 248, 257, 8114, 8115, 8169 or 8170."""
    if source.name == "sql_variant" and target.name != "sql_variant" and not explicit:
        raise not_convertible(source.name, target.name)
    if value is None or target.name in ("null", "sql_variant"):
        return value
    if target.text:
        return _to_text(value, source, target, style)
    if target.name == "varbinary":
        return _to_binary(value, source, target, explicit)
    if target.date:
        return _to_date(value, source, target)
    if target.name == "uniqueidentifier":
        return _to_guid(value, source, target)
    if target.name == "float":
        return _to_float(value, source)
    return _to_integer(value, source, target)


def padded(text: str, kind: SqlType) -> str:
    """``text`` as a column of that type holds it: char and nchar are filled up with blanks."""
    return text.ljust(kind.length) if kind.padded else text


def _to_text(value: Value, source: SqlType, target: SqlType, style: int | None) -> str:
    if isinstance(value, bytes):
        if style not in (None, 0):
            raise not_simulated(f"CONVERT of binary with style {style}")
        text = value.decode("utf-16-le" if target.unicode else "cp1252", "replace")
    elif isinstance(value, float):
        text = _float_text(value)
    elif source.date:
        text = _date_text(moment(str(value)), style, source)
    else:
        text = str(value)
        if target.length != MAX and len(text) > target.length:
            if isinstance(value, int):
                if target.unicode or source.name == "bigint":
                    message = f"Arithmetic overflow error converting expression to data type {target.name}."
                    raise SqlError(8115, message, 16, 2)
                return padded("*", target)
            if source.name == "uniqueidentifier":
                raise SqlError(8170, "Insufficient result space to convert uniqueidentifier value to char.", 16, 2)
    if not target.unicode:
        text = text.encode("cp1252", "replace").decode("cp1252")
    return padded(text if target.length == MAX else text[: target.length], target)


def _float_text(value: float) -> str:
    text = f"{value:.6g}"
    mantissa, mark, exponent = text.partition("e")
    return f"{mantissa}e{exponent[0]}{exponent[1:].zfill(3)}" if mark else text


_DATE_STYLES = {8: "%H:%M:%S", 24: "%H:%M:%S", 108: "%H:%M:%S", 20: "%F %T", 120: "%F %T", 23: "%F", 112: "%Y%m%d"}


def _date_text(when: datetime.datetime, style: int | None, source: SqlType) -> str:
    digits = f"{when.microsecond // 1000:03}" if source.name == "datetime" else f"{when.microsecond:06}0"
    if style in _DATE_STYLES:
        return when.strftime(_DATE_STYLES[style])
    if style in (21, 25, 121) or (style is None and source.name == "datetime2"):
        return f"{when.isoformat(' ', 'seconds')}.{digits}"
    if style in (126, 127):
        # a fraction of nothing but zeros is left out
        return when.isoformat("T", "seconds") + (f".{digits}" if when.microsecond else "")
    if style in (None, 0, 100):
        hour = when.hour % 12 or 12
        return f"{when:%b} {when.day:2} {when.year} {hour:2}:{when:%M%p}"
    raise not_simulated(f"CONVERT of a date with style {style}")


def _to_binary(value: Value, source: SqlType, target: SqlType, explicit: bool) -> bytes:
    if isinstance(value, bytes):
        data = value
    elif not explicit and not isinstance(value, int):
        raise not_convertible(source.name, target.name)
    elif isinstance(value, int):
        data = value.to_bytes(_SIZES.get(source.name, 4), "big", signed=value < 0)
    elif source.name == "uniqueidentifier":
        data = uuid.UUID(str(value)).bytes_le
    elif isinstance(value, str) and source.text:
        data = value.encode("utf-16-le" if source.unicode else "cp1252", "replace")
    else:
        raise not_simulated(f"CONVERT of {source.name} to {target.name}")
    return data if target.length == MAX else data[: target.length]


def _to_date(value: Value, source: SqlType, target: SqlType) -> str:
    if source.date or source.text:
        when = moment(str(value))
        return _date_text(tick(when) if target.name == "datetime" else when, 121, target)
    raise not_simulated(f"CONVERT of {source.name} to {target.name}")


def _to_guid(value: Value, source: SqlType, target: SqlType) -> str:
    if isinstance(value, bytes):
        return str(uuid.UUID(bytes_le=value[:16].ljust(16, b"\0"))).upper()
    if source.name == "uniqueidentifier":
        return str(value)
    if not source.text:
        raise not_convertible(source.name, target.name)
    match = _GUID.match(str(value))
    if not match:
        raise SqlError(8169, "Conversion failed when converting from a character string to uniqueidentifier.", 16, 2)
    return match[1].upper()


def _to_float(value: int | float | str | bytes, source: SqlType) -> float:
    if isinstance(value, bytes):
        raise not_convertible(source.name, "float")
    if source.date or source.name == "uniqueidentifier":
        raise not_simulated(f"CONVERT of {source.name} to float")
    try:
        return float(value) if value != "" else 0.0
    except ValueError:
        raise SqlError(8114, f"Error converting data type {source.name} to float.", 16, 5) from None


def _to_integer(value: Value, source: SqlType, target: SqlType) -> int:
    if isinstance(value, bytes):
        number = int.from_bytes(value[-8:] if target.name == "bigint" else value[-4:], "big", signed=True)
    elif isinstance(value, str):
        number = _parsed(value, source, target)
    elif isinstance(value, float) and not abs(value) < 2**63:
        raise overflow(value, source.name, target.name)
    else:
        number = int(value or 0)
    if target.name == "bit":
        return int(number != 0)
    low, high = _RANGES[target.name]
    if not low <= number <= high:
        raise overflow(value, source.name, target.name)
    return number


def _parsed(value: str, source: SqlType, target: SqlType) -> int:
    if not source.text:
        raise not_simulated(f"CONVERT of {source.name} to {target.name}")
    text = value.strip(" ")
    if target.name == "bit" and text.lower() in ("true", "false"):
        return int(text.lower() == "true")
    if not re.fullmatch(r"[+-]? *[0-9]*", text):
        raise conversion(value, source.name, target.name)
    digits = text.replace(" ", "")
    return int(digits) if digits.strip("+-") else 0


def moment(value: str) -> datetime.datetime:
    """The engine's text of a date as a datetime. Raises SqlError 241."""
    match = re.fullmatch(r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2})(:\d{2})?(?:\.(\d{1,7}))?)?Z?", value.strip())
    if not match:
        raise conversion_of_date()
    day, minutes, seconds, fraction = match.groups()
    try:
        whole = datetime.datetime.fromisoformat(f"{day} {minutes or '00:00'}{seconds or ':00'}")
    except ValueError:
        raise conversion_of_date() from None
    return whole.replace(microsecond=int(f"{fraction or '0':0<6}"[:6]))


def tick(when: datetime.datetime) -> datetime.datetime:
    """The next moment that a datetime can hold: it has 300 of them in a second."""
    ticks = (when.microsecond * 3 + 5000) // 10000
    whole = when.replace(microsecond=0)
    return whole + datetime.timedelta(milliseconds=(ticks * 10 + 1) // 3)

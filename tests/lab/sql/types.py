"""T-SQL data types as far as the lab has them: how they rank, and which type an expression of two types has.

Inside the engine a value is what sqlite holds: None, int, float, str or bytes. A date is its ISO text, a
uniqueidentifier its text in capitals.
"""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

from .errors import not_simulated

Value = None | int | float | str | bytes

# Data type precedence, lowest first: of two types in one expression the higher one wins.
RANK = (
    "varbinary",
    "char",
    "varchar",
    "nchar",
    "nvarchar",
    "uniqueidentifier",
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
_PLACES = {name: place for place, name in enumerate(RANK)}
MAX = -1
TEXTS = frozenset(("char", "varchar", "nchar", "nvarchar"))
NUMBERS = frozenset(("bit", "tinyint", "smallint", "int", "bigint", "float"))
DATES = frozenset(("datetime", "datetime2"))
# how long the text of a value is that becomes a string by itself
_WIDTHS = {
    "bit": 1,
    "tinyint": 4,
    "smallint": 6,
    "int": 12,
    "bigint": 24,
    "float": 23,
    "datetime": 40,
    "datetime2": 40,
    "uniqueidentifier": 40,
    "null": 1,
}


@dataclass(frozen=True)
class SqlType:
    """A type and, for strings and binaries, its length in characters or bytes (``MAX`` for max)."""

    name: str
    length: int = 0

    @property
    def text(self) -> bool:
        return self.name in TEXTS

    @property
    def unicode(self) -> bool:
        return self.name in ("nchar", "nvarchar")

    @property
    def padded(self) -> bool:
        """Whether its values are filled up with blanks."""
        return self.name in ("char", "nchar")

    @property
    def number(self) -> bool:
        return self.name in NUMBERS

    @property
    def date(self) -> bool:
        return self.name in DATES

    def __str__(self) -> str:
        if not self.length:
            return self.name
        return f"{self.name}({'max' if self.length == MAX else self.length})"


INT = SqlType("int")
BIGINT = SqlType("bigint")
SMALLINT = SqlType("smallint")
TINYINT = SqlType("tinyint")
BIT = SqlType("bit")
FLOAT = SqlType("float")
DATETIME = SqlType("datetime")
DATETIME2 = SqlType("datetime2")
UNIQUEIDENTIFIER = SqlType("uniqueidentifier")
VARIANT = SqlType("sql_variant")
SYSNAME = SqlType("nvarchar", 128)
NULL = SqlType("null")


def sized(name: str, length: int) -> SqlType:
    """A string or binary type that holds ``length``, max where that is too long for another."""
    limit = 4000 if name in ("nchar", "nvarchar") else 8000
    return SqlType(name, MAX if length == MAX or length > limit else max(length, 1))


def higher(first: SqlType, second: SqlType) -> SqlType:
    """The type of an expression that joins two others (UNION, CASE, ISNULL's relatives)."""
    if first.name == "null" or second.name == "null":
        # an untyped NULL is an int, but gives way to everything else
        return second if first.name == "null" else first
    if first.name == second.name:
        return first if first.length == MAX or first.length >= second.length > MAX else second
    low, high = sorted((first, second), key=lambda each: _PLACES[each.name])
    if high.text and low.text:
        longest = MAX if MAX in (low.length, high.length) else max(low.length, high.length)
        # char beside nvarchar, nchar beside varchar: what varies in length wins
        name = high.name.removeprefix("n") if not high.unicode else high.name
        if high.name == "nchar" and low.name == "varchar":
            name = "nvarchar"
        return sized(name, longest)
    return high


def as_text(kind: SqlType) -> SqlType:
    """The string type that a value takes by itself where a function wants a string."""
    return kind if kind.text else SqlType("varchar", _WIDTHS.get(kind.name, kind.length or 8000))


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
    if isinstance(value, uuid.UUID):
        return UNIQUEIDENTIFIER
    raise not_simulated(f"a parameter of the Python type {type(value).__name__}")


def stored(value: object) -> Value:
    """A Python parameter as the engine holds it."""
    if isinstance(value, bool):
        return int(value)
    if value is None or isinstance(value, int | float | str | bytes):
        return value
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    if isinstance(value, uuid.UUID):
        return str(value).upper()
    raise not_simulated(f"a parameter of the Python type {type(value).__name__}")

"""Reads T-SQL's constants and data types."""

from __future__ import annotations

import math

from .. import tree, types
from ..errors import SqlError, not_simulated, syntax
from ..types import INT, MAX, SqlType
from ..words import TYPES
from .reader import Reader
from .tokens import Kind, Token

_SIMPLE_TYPES = {
    "INT": INT,
    "INTEGER": INT,
    "BIGINT": types.BIGINT,
    "SMALLINT": types.SMALLINT,
    "TINYINT": types.TINYINT,
    "BIT": types.BIT,
    "FLOAT": types.FLOAT,
    "DATETIME": types.DATETIME,
    "DATETIME2": types.DATETIME2,
    "UNIQUEIDENTIFIER": types.UNIQUEIDENTIFIER,
    "SQL_VARIANT": types.VARIANT,
    "SYSNAME": types.SYSNAME,
}
_SIZED_TYPES = {"CHAR": 8000, "VARCHAR": 8000, "NCHAR": 4000, "NVARCHAR": 4000, "VARBINARY": 8000}


class ConstantParser(Reader):
    """Numbers, strings, binaries, and the types of variables and conversions."""

    # whether types are read as drivers declare parameters: some that the lab has not become their nearest relative
    lenient = False

    # constants

    def constant(self, signed: bool = True) -> tree.Constant | None:
        """A constant, if one stands here: where T-SQL takes no expression."""
        if signed and self.is_symbol("-") and self.ahead().kind == Kind.NUMBER:
            self.next()
            number = self.number(self.next())
            assert isinstance(number.value, int | float)
            return tree.Constant(-number.value, number_type(-number.value, number.type))
        token = self.token
        if token.kind == Kind.NUMBER:
            return self.number(self.next())
        if token.kind in (Kind.STRING, Kind.NATIONAL):
            return self.string(self.next())
        if token.kind == Kind.BINARY:
            return self.binary(self.next())
        if token.kind == Kind.MONEY:
            raise not_simulated("money")
        return None

    def number(self, token: Token) -> tree.Constant:
        if token.text.isdigit():
            number = int(token.text)
            if number >= 2**63:
                raise not_simulated(f"the number {number}")
            return tree.Constant(number, number_type(number, INT))
        # simplified: 1.5 is a decimal
        value = float(token.text)
        if math.isinf(value):
            message = (
                f"The floating point value '{token.text}' is out of the range of computer representation (8 bytes)."
            )
            raise SqlError(168, message, 15)
        return tree.Constant(value, types.FLOAT)

    def string(self, token: Token) -> tree.Constant:
        if "\0" in token.value:
            raise not_simulated("a NUL character in a string")
        name = "nvarchar" if token.kind == Kind.NATIONAL else "varchar"
        return tree.Constant(token.value, types.sized(name, len(token.value)))

    def binary(self, token: Token) -> tree.Constant:
        digits = "0" * (len(token.value) % 2) + token.value
        return tree.Constant(bytes.fromhex(digits), types.sized("varbinary", len(digits) // 2))

    # data types

    def data_type(self, default: int) -> SqlType:
        """A data type; ``default`` is the length where none is written."""
        parts = self.dotted()
        if len(parts) > 2 or (len(parts) == 2 and parts[0].lower() != "sys"):
            raise not_simulated(f"the type {'.'.join(parts)}")
        name = parts[-1].upper()
        if name in ("CHAR", "NCHAR") and self.is_word("VARYING"):
            raise not_simulated(f"the type {name} VARYING")
        if name in _SIZED_TYPES:
            return self._sized_type(name, default)
        arguments = self._type_arguments()
        if self.lenient and name in ("DECIMAL", "NUMERIC"):
            return types.FLOAT if len(arguments) == 2 and arguments[1] else types.BIGINT
        if self.lenient and name in ("TEXT", "NTEXT", "IMAGE"):
            return SqlType("varbinary" if name == "IMAGE" else "nvarchar", MAX)
        if name in TYPES or (name == "FLOAT" and arguments and arguments[0] < 25):
            raise not_simulated(f"the type {name}")
        if name not in _SIMPLE_TYPES:
            message = f"Type {parts[-1]} is not a defined system type."
            raise SqlError(243, message)
        if name == "DATETIME2" and arguments and arguments[0] != 7 and not self.lenient:
            raise not_simulated(f"the type DATETIME2({arguments[0]})")
        if arguments and name not in ("FLOAT", "DATETIME2"):
            raise SqlError(2716, f"Cannot specify a column width on data type {name.lower()}.")
        return _SIMPLE_TYPES[name]

    def _sized_type(self, name: str, default: int) -> SqlType:
        kind = name.lower()
        if not self.symbol("("):
            return SqlType(kind, default)
        if self.word("MAX"):
            length = MAX
            if name in ("CHAR", "NCHAR"):
                raise syntax("max")
        else:
            if self.token.kind != Kind.NUMBER or not self.token.text.isdigit():
                raise self.error()
            length = int(self.next().text)
            if not length:
                raise SqlError(1001, "Length or precision specification 0 is invalid.", 15)
            if length > _SIZED_TYPES[name]:
                message = (
                    f"The size ({length}) given to the type '{kind}' exceeds the maximum allowed for any data type "
                    f"({_SIZED_TYPES[name]})."
                )
                raise SqlError(131, message, 15, 2)
        self.need_symbol(")")
        return SqlType(kind, length)

    def _type_arguments(self) -> list[int]:
        if not self.is_symbol("("):
            return []
        self.next()
        numbers: list[int] = []
        while True:
            if self.token.kind != Kind.NUMBER or not self.token.text.isdigit():
                raise self.error()
            numbers.append(int(self.next().text))
            if not self.symbol(","):
                break
        self.need_symbol(")")
        return numbers


def number_type(number: int | float, kind: SqlType) -> SqlType:
    """The type of a number: of a whole one by its size."""
    if kind.name == "float":
        return kind
    return INT if -(2**31) <= number < 2**31 else types.BIGINT

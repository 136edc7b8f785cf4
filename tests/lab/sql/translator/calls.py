"""Built-in functions as SQL for sqlite."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from .. import errors, tree, types
from ..errors import SqlError, not_simulated
from ..types import INT, MAX, SqlType
from .builtins import FUNCTIONS
from .query import Scopes, Text
from .values import Values

_AGGREGATES = ("COUNT", "COUNT_BIG", "MIN", "MAX", "SUM")


class Calls(Values):
    """Translates functions: those that are alike by a table, the others by a rule each."""

    def __init__(self, variables: Mapping[str, SqlType]) -> None:
        super().__init__(variables)
        self._special: dict[str, Callable[[tree.Call, Scopes], Text]] = {
            **dict.fromkeys(_AGGREGATES, self._aggregate),
            "ISNULL": self._isnull,
            "COALESCE": self._coalesce,
            "CONCAT": self._concat,
            "NULLIF": self._nullif,
            "REPLACE": self._replace,
            "DATALENGTH": self._datalength,
            "LEN": self._len,
            "SUBSTRING": self._substring,
            "LEFT": self._side,
            "RIGHT": self._side,
            "REPLICATE": self._replicate,
            "HASHBYTES": self._hashbytes,
            **dict.fromkeys(("UPPER", "LOWER", "LTRIM", "RTRIM", "TRIM"), self._same),
        }

    def call(self, node: tree.Call, scopes: Scopes) -> Text:
        name = node.name.upper()
        special = self._special.get(name)
        if special is not None:
            return special(node, scopes)
        function = FUNCTIONS.get(name)
        if function is None:
            raise errors.no_function(node.name)
        if not function.least <= len(node.arguments) <= function.most:
            raise errors.wrong_arguments(name, function.least)
        arguments = [self.value(each, scopes) for each in node.arguments]
        if function.argument is not None:
            arguments = [self.converted(each, function.argument) for each in arguments]
        return Text(f"{function.sql}({', '.join(each.sql for each in arguments)})", function.type)

    def _arguments(self, node: tree.Call, count: int) -> Sequence[tree.Expression]:
        if len(node.arguments) != count:
            raise errors.wrong_arguments(node.name, count)
        return node.arguments

    def _text_argument(self, node: tree.Call, at: int, scopes: Scopes) -> Text:
        """An argument that has to be a string: what is none becomes one, except for a sql_variant."""
        value = self.value(node.arguments[at], scopes)
        if value.type.name == "sql_variant":
            raise errors.wrong_argument("sql_variant", at + 1, node.name)
        return self.converted(value, types.as_text(value.type))

    def _aggregate(self, node: tree.Call, scopes: Scopes) -> Text:
        name = node.name.upper()
        if not scopes or not scopes[0].aggregates:
            message = (
                "An aggregate may not appear in the WHERE clause unless it is in a subquery contained in a HAVING "
                "clause or a select list, and the column being aggregated is an outer reference."
            )
            raise SqlError(147, message, 15)
        scope = scopes[0]
        scope.aggregated = True
        counted = types.BIGINT if name == "COUNT_BIG" else INT
        if node.star:
            return Text("count(*)", counted)
        (argument,) = self._arguments(node, 1)
        scope.aggregates, loose, scope.loose = False, scope.loose, []
        value = self.value(argument, scopes)
        scope.aggregates, scope.loose = True, loose
        distinct = "DISTINCT " if node.distinct else ""
        if name in ("COUNT", "COUNT_BIG"):
            return Text(f"count({distinct}{value.collated})", counted)
        if (name == "SUM" and not value.type.number) or value.type.name in ("bit", "null"):
            message = f"Operand data type {value.type.name} is invalid for {name.lower()} operator."
            raise SqlError(8117, message)
        kind = value.type
        if name == "SUM" and kind.name in ("tinyint", "smallint"):
            kind = INT
        return Text(f"{name.lower()}({distinct}{value.collated})", kind, value.collation)

    def _isnull(self, node: tree.Call, scopes: Scopes) -> Text:
        first, second = (self.value(each, scopes) for each in self._arguments(node, 2))
        # ISNULL has the type of its first argument, COALESCE the higher one
        kind = second.type if first.type.name == "null" else first.type
        return Text(f"coalesce({first.sql}, {self.converted(second, kind).sql})", kind, first.collation)

    def _coalesce(self, node: tree.Call, scopes: Scopes) -> Text:
        values = [self.value(each, scopes) for each in node.arguments]
        if len(values) < 2:
            raise errors.syntax(")")
        kind, collation = self.joined(values)
        return Text(f"coalesce({', '.join(self.converted(each, kind).sql for each in values)})", kind, collation)

    def _concat(self, node: tree.Call, scopes: Scopes) -> Text:
        if len(node.arguments) < 2:
            raise errors.wrong_arguments("concat", 2)
        values = [self._text_argument(node, at, scopes) for at in range(len(node.arguments))]
        kind = types.sized(
            "nvarchar" if any(each.type.unicode for each in values) else "varchar",
            MAX if any(each.type.length == MAX for each in values) else sum(each.type.length for each in values),
        )
        parts = (f"coalesce({self.converted(each, kind).sql}, '')" for each in values)
        return Text(f"({' || '.join(parts)})", kind, self.joined(values)[1])

    def _nullif(self, node: tree.Call, scopes: Scopes) -> Text:
        first, second = (self.value(each, scopes) for each in self._arguments(node, 2))
        sql = f"CASE WHEN {self.compared(first, '=', second)} THEN NULL ELSE {first.sql} END"
        return Text(sql, first.type, first.collation)

    def _same(self, node: tree.Call, scopes: Scopes) -> Text:
        """UPPER, LTRIM and their like: a string that is not longer than the argument."""
        self._arguments(node, 1)
        value = self._varying(self._text_argument(node, 0, scopes))
        return Text(f"t_{node.name.lower()}({value.sql})", value.type, value.collation)

    @staticmethod
    def _varying(text: Text) -> Text:
        # char and nchar become what varies in length, their blanks stay
        name = "nvarchar" if text.type.unicode else "varchar"
        return Text(text.sql, SqlType(name, text.type.length), text.collation)

    def _len(self, node: tree.Call, scopes: Scopes) -> Text:
        self._arguments(node, 1)
        return Text(f"t_len({self._text_argument(node, 0, scopes).sql})", INT)

    def _replace(self, node: tree.Call, scopes: Scopes) -> Text:
        self._arguments(node, 3)
        values = [self._text_argument(node, at, scopes) for at in range(3)]
        kind, collation = self.joined(values)
        name = "nvarchar" if kind.unicode else "varchar"
        longest = MAX if MAX in (each.type.length for each in values) else 4000 if kind.unicode else 8000
        sensitive = int("_CI_" not in collation.place)
        return Text(
            f"t_replace({', '.join(each.sql for each in values)}, {sensitive})", SqlType(name, longest), collation
        )

    def _substring(self, node: tree.Call, scopes: Scopes) -> Text:
        self._arguments(node, 3)
        value = self.value(node.arguments[0], scopes)
        if value.type.name != "varbinary":
            value = self._varying(self._text_argument(node, 0, scopes))
        start, length = (self.converted(self.value(each, scopes), INT) for each in node.arguments[1:])
        return Text(f"t_substring({value.sql}, {start.sql}, {length.sql})", value.type, value.collation)

    def _side(self, node: tree.Call, scopes: Scopes) -> Text:
        self._arguments(node, 2)
        value = self._varying(self._text_argument(node, 0, scopes))
        length = self.converted(self.value(node.arguments[1], scopes), INT)
        return Text(f"t_{node.name.lower()}({value.sql}, {length.sql})", value.type, value.collation)

    def _replicate(self, node: tree.Call, scopes: Scopes) -> Text:
        self._arguments(node, 2)
        value = self._text_argument(node, 0, scopes)
        count = self.converted(self.value(node.arguments[1], scopes), INT)
        name, longest = ("nvarchar", 4000) if value.type.unicode else ("varchar", 8000)
        kind = SqlType(name, MAX if value.type.length == MAX else longest)
        return Text(f"t_replicate({value.sql}, {count.sql}, {kind.length})", kind, value.collation)

    def _hashbytes(self, node: tree.Call, scopes: Scopes) -> Text:
        self._arguments(node, 2)
        algorithm = self._text_argument(node, 0, scopes)
        value = self.value(node.arguments[1], scopes)
        if not (value.type.text or value.type.name in ("varbinary", "null")):
            raise errors.wrong_argument(value.type.name, 2, "hashbytes")
        sql = f"t_hashbytes({algorithm.sql}, {value.sql}, {int(value.type.unicode)})"
        return Text(sql, SqlType("varbinary", 8000))

    def _datalength(self, node: tree.Call, scopes: Scopes) -> Text:
        (argument,) = self._arguments(node, 1)
        value = self.value(argument, scopes)
        if not (value.type.text or value.type.name == "varbinary"):
            raise not_simulated(f"DATALENGTH of a {value.type.name}")
        return Text(f"(length({value.sql}) * {2 if value.type.unicode else 1})", INT)

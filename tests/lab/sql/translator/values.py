"""Expressions as SQL for sqlite.

Every kind of expression is translated by a rule of its own and typed on the way. sqlite converts types by other rules
than SQL Server, so nothing is left to it: a string that meets a number goes through ``t_convert``, which fails as SQL
Server's conversion does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

from .. import collations, errors, tree, types
from ..catalog import Column, Table
from ..collations import EXPLICIT, Collation
from ..errors import SqlError, not_simulated
from ..types import INT, MAX, SqlType
from ..words import GLOBALS as OTHER_GLOBALS
from .builtins import GLOBALS
from .query import Query, Scopes, Text, fits, literal, of_column, quoted

_OPERATIONS = {"=": "equal to", "<>": "not equal to", "<": "less than", ">": "greater than"}


class Values(ABC):
    """Translates expressions. ``variables`` are the batch's, with their types."""

    def __init__(self, variables: Mapping[str, SqlType]) -> None:
        self.variables = variables
        self._query = Query()
        self._rules: dict[type[tree.Expression], Callable[..., Text]] = {
            tree.Constant: self._constant,
            tree.Name: self._name,
            tree.Variable: self._variable,
            tree.GlobalVariable: self._global,
            tree.Negative: self._negative,
            tree.Arithmetic: self._arithmetic,
            tree.Collated: self._collate,
            tree.Cast: self._cast,
            tree.Call: self.call,
            tree.Iif: self._iif,
            tree.Case: self._case,
            tree.ScalarQuery: self._scalar,
        }

    @abstractmethod
    def condition(self, node: tree.Predicate, scopes: Scopes) -> str:
        """A condition."""

    @abstractmethod
    def rows(self, query: tree.Query, scopes: Scopes) -> tuple[str, list[Column]]:
        """A query inside of another statement."""

    @abstractmethod
    def call(self, node: tree.Call, scopes: Scopes) -> Text:
        """A function."""

    def value(self, node: tree.Expression, scopes: Scopes) -> Text:
        """An expression."""
        return self._rules[type(node)](node, scopes)

    # conversions

    def converted(self, text: Text, target: SqlType, style: str = "NULL", explicit: int = 0, safe: int = 0) -> Text:
        """``text`` as a value of type ``target``; free where nothing is to be done."""
        source = text.type
        if source.name == "null" or target.name in ("null", "sql_variant"):
            return Text(text.sql, target, text.collation)
        same = source.name == target.name and not (target.padded and source.length != target.length)
        related = source.text and target.text and not explicit and not source.padded and not target.padded
        if (same or related) and fits(source, target):
            return Text(text.sql, target, text.collation)
        if source.name == "sql_variant" and not explicit:
            raise errors.not_convertible("sql_variant", target.name)
        if (
            source.name == "uniqueidentifier"
            and target.name not in ("uniqueidentifier", "varbinary")
            and not target.text
        ):
            raise SqlError(206, f"Operand type clash: uniqueidentifier is incompatible with {target.name}", 16, 2)
        call = f"t_convert({text.sql}, '{source.name}', '{target.name}', {target.length}, {style}, {explicit}, {safe})"
        # CAST of a string keeps the string's collation
        return Text(call, target, text.collation if source.text else Collation())

    def assigned(self, text: Text, table: Table, column: Column, verb: str) -> str:
        """A value on its way into a column: converted, not too long, not NULL where that is not allowed."""
        kind = column.type
        whole = kind
        if kind.text or kind.name == "varbinary":
            # what is too long is an error of its own, so nothing is cut off before
            whole = SqlType({"char": "varchar", "nchar": "nvarchar"}.get(kind.name, kind.name), MAX)
        value = self.converted(text, whole)
        limits = f"'{kind.name}', {kind.length}, {literal(table.name)}, {literal(column.name)}, {int(column.nullable)}"
        return f"t_store({value.sql}, {limits}, '{verb}')"

    # leaves

    def _constant(self, node: tree.Constant, scopes: Scopes) -> Text:
        value = node.value
        if value is None:
            return Text("NULL", types.NULL)
        if isinstance(value, bytes):
            return Text(f"x'{value.hex()}'", node.type)
        if isinstance(value, str):
            return Text(literal(value), node.type)
        # sqlite reads 9e999 as infinity, and -9223372036854775808 only as a literal
        return Text(repr(value) if value >= 0 else f"({value!r})", node.type)

    def _name(self, node: tree.Name, scopes: Scopes) -> Text:
        name = node.parts[-1]
        qualifier = node.parts[-2].lower() if len(node.parts) > 1 else ""
        for scope in scopes:
            origins = [each for each in scope.origins if not qualifier or each.name.lower() == qualifier]
            found = [
                (origin, column)
                for origin in origins
                for column in origin.columns
                if column.name.lower() == name.lower()
            ]
            if len(found) > 1:
                raise errors.ambiguous_column(name)
            if found:
                origin, column = found[0]
                if origin.table is not None:
                    self.need("SELECT", origin.table)
                sql = f"{quoted(origin.name)}.{quoted(column.name)}"
                scope.loose.append((f"{origin.name}.{column.name}", sql))
                return Text(sql, column.type, origin.collation(column))
            if qualifier and origins:
                raise errors.no_column(name)
        raise errors.unbound(".".join(node.parts)) if qualifier else errors.no_column(name)

    def _variable(self, node: tree.Variable, scopes: Scopes) -> Text:
        name = self.declared(node.name)
        return Text(f"t_variable({literal(name)})", self.variables[name])

    def declared(self, name: str) -> str:
        """The key of a variable. Raises SqlError 137."""
        key = name.lower()
        if key not in self.variables:
            raise errors.undeclared(name)
        self._query.variables.append(key)
        return key

    def _global(self, node: tree.GlobalVariable, scopes: Scopes) -> Text:
        name = node.name.upper()
        if name not in GLOBALS:
            if name in OTHER_GLOBALS:
                raise not_simulated(f"@@{name}")
            raise errors.undeclared(f"@{node.name}")
        return Text(f"t_global('{name}')", GLOBALS[name])

    # operators

    def _negative(self, node: tree.Negative, scopes: Scopes) -> Text:
        inner = self.value(node.operand, scopes)
        if not inner.type.number:
            raise not_simulated(f"the negative of a {inner.type.name}")
        return Text(f"(-{inner.sql})", inner.type)

    def _arithmetic(self, node: tree.Arithmetic, scopes: Scopes) -> Text:
        left, right = self.value(node.left, scopes), self.value(node.right, scopes)
        common = types.higher(left.type, right.type)
        if common.name == "sql_variant":
            raise errors.not_convertible("sql_variant", right.type.name if left.type == common else left.type.name)
        if node.operator == "+" and common.text:
            longest = MAX if MAX in (left.type.length, right.type.length) else left.type.length + right.type.length
            # simplified: the real one cuts what is longer than 4000 or 8000 and not max
            name = "nvarchar" if common.unicode else "varchar"
            common = types.sized(name, longest)
            collation = collations.joined(left.collation, right.collation, "add")
            return Text(
                f"({self.converted(left, common).sql} || {self.converted(right, common).sql})", common, collation
            )
        if common.name == "null":
            common = INT
        if not common.number:
            raise not_simulated(f"{left.type.name} {node.operator} {right.type.name}")
        left, right = self.converted(left, common), self.converted(right, common)
        if node.operator in "/%":
            # sqlite would make a division by zero NULL
            right = Text(f"t_divisor({right.sql})", right.type)
        result = types.FLOAT if common.name == "float" else types.BIGINT
        return self.converted(Text(f"({left.sql} {node.operator} {right.sql})", result), common)

    def _collate(self, node: tree.Collated, scopes: Scopes) -> Text:
        inner = self.value(node.operand, scopes)
        if not inner.type.text and inner.type.name != "null":
            message = f"Expression type {inner.type.name} is invalid for COLLATE clause."
            raise SqlError(447, message, 16, 0)
        name = collations.DEFAULT if node.collation.upper() == "DATABASE_DEFAULT" else node.collation
        collations.place(name)
        return Text(inner.sql, inner.type, Collation(name, EXPLICIT))

    def _cast(self, node: tree.Cast, scopes: Scopes) -> Text:
        value = self.value(node.operand, scopes)
        style = "NULL"
        if node.style is not None:
            style = self.converted(self.value(node.style, scopes), INT).sql
        return self.converted(value, node.type, style, explicit=1, safe=int(node.safe))

    # choices

    def joined(self, values: Sequence[Text]) -> tuple[SqlType, Collation]:
        """Type and collation of an expression that yields one of several values."""
        kind, collation = types.NULL, Collation()
        for each in values:
            kind = types.higher(kind, each.type)
            if each.type.text:
                collation = collations.joined(collation, each.collation, "CASE")
        return kind, collation

    def _iif(self, node: tree.Iif, scopes: Scopes) -> Text:
        test = self.condition(node.condition, scopes)
        yes, no = self.value(node.yes, scopes), self.value(node.no, scopes)
        kind, collation = self.joined((yes, no))
        sql = f"CASE WHEN {test} THEN {self.converted(yes, kind).sql} ELSE {self.converted(no, kind).sql} END"
        return Text(sql, kind, collation)

    def _case(self, node: tree.Case, scopes: Scopes) -> Text:
        subject = self.value(node.subject, scopes) if node.subject is not None else None
        branches = []
        for test, result in node.branches:
            if subject is None:
                assert isinstance(test, tree.Predicate)
                condition = self.condition(test, scopes)
            else:
                condition = self.compared(subject, "=", self.value(test, scopes))
            branches.append((condition, self.value(result, scopes)))
        default = self.value(node.default, scopes) if node.default is not None else Text("NULL", types.NULL)
        kind, collation = self.joined([*(result for _unused, result in branches), default])
        if kind.name == "null":
            message = (
                "At least one of the result expressions in a CASE specification must be an expression other than the "
                "NULL constant."
            )
            raise SqlError(8133, message)
        sql = " ".join(f"WHEN {test} THEN {self.converted(result, kind).sql}" for test, result in branches)
        return Text(f"CASE {sql} ELSE {self.converted(default, kind).sql} END", kind, collation)

    def _scalar(self, node: tree.ScalarQuery, scopes: Scopes) -> Text:
        sql, columns = self.rows(node.query, scopes)
        if len(columns) != 1:
            raise one_column()
        # sqlite would silently take the first of several rows
        text = f"t_single((SELECT count(*) FROM ({sql})), ({sql}))"
        return Text(text, columns[0].type, of_column(columns[0]))

    # comparing

    def compared(self, left: Text, operator: str, right: Text) -> str:
        """A comparison, with the collation of the two."""
        common = types.higher(left.type, right.type)
        collation = ""
        if common.text:
            chosen = collations.joined(left.collation, right.collation, _OPERATIONS.get(operator, operator))
            collation = f" COLLATE {chosen.place}"
        elif common.name == "sql_variant":
            collation = f" COLLATE {Collation().place}"
        return f"({self.converted(left, common).sql} {operator} {self.converted(right, common).sql}{collation})"

    def need(self, permission: str, table: Table) -> None:
        """Remember a permission that the statement needs."""
        if (permission, table) not in self._query.needs:
            self._query.needs.append((permission, table))


def one_column() -> SqlError:
    message = "Only one expression can be specified in the select list when the subquery is not introduced with EXISTS."
    return SqlError(116, message)

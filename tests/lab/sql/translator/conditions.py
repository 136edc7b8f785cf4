"""Conditions as SQL for sqlite."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .. import collations, tree, types
from ..types import MAX, SqlType
from .calls import Calls
from .query import Scopes, Text, of_column
from .values import one_column

_ANY_LENGTH = SqlType("nvarchar", MAX)


class Conditions(Calls):
    """Translates conditions."""

    def __init__(self, variables: Mapping[str, SqlType]) -> None:
        super().__init__(variables)
        self._conditions: dict[type[tree.Predicate], Callable[..., str]] = {
            tree.Comparison: self._comparison,
            tree.Logical: self._logical,
            tree.Not: self._not,
            tree.IsNull: self._is_null,
            tree.InList: self._in_list,
            tree.InQuery: self._in_query,
            tree.Between: self._between,
            tree.Like: self._like,
            tree.Exists: self._exists,
        }

    def condition(self, node: tree.Predicate, scopes: Scopes) -> str:
        """A condition."""
        return self._conditions[type(node)](node, scopes)

    def _comparison(self, node: tree.Comparison, scopes: Scopes) -> str:
        return self.compared(self.value(node.left, scopes), node.operator, self.value(node.right, scopes))

    def _logical(self, node: tree.Logical, scopes: Scopes) -> str:
        return f"({self.condition(node.left, scopes)} {node.operator} {self.condition(node.right, scopes)})"

    def _not(self, node: tree.Not, scopes: Scopes) -> str:
        return f"NOT ({self.condition(node.operand, scopes)})"

    def _is_null(self, node: tree.IsNull, scopes: Scopes) -> str:
        return f"({self.value(node.operand, scopes).sql} IS NULL)"

    def _in_list(self, node: tree.InList, scopes: Scopes) -> str:
        value = self.value(node.operand, scopes)
        terms = [self.compared(value, "=", self.value(each, scopes)) for each in node.values]
        return f"({' OR '.join(terms)})"

    def _in_query(self, node: tree.InQuery, scopes: Scopes) -> str:
        value = self.value(node.operand, scopes)
        sql, columns = self.rows(node.query, scopes)
        if len(columns) != 1:
            raise one_column()
        found = Text("q.`0`", columns[0].type, of_column(columns[0]))
        common = types.higher(value.type, found.type)
        left = self.converted(value, common)
        if common.text:
            left = Text(left.sql, common, collations.joined(value.collation, found.collation, "equal to"))
        inner = f"WITH q(`0`) AS ({sql}) SELECT {self.converted(found, common).sql} FROM q"
        return f"({left.collated} IN ({inner}))"

    def _between(self, node: tree.Between, scopes: Scopes) -> str:
        value = self.value(node.operand, scopes)
        low, high = (self.value(each, scopes) for each in (node.low, node.high))
        return f"({self.compared(value, '>=', low)} AND {self.compared(value, '<=', high)})"

    def _like(self, node: tree.Like, scopes: Scopes) -> str:
        value, pattern = (self.value(each, scopes) for each in (node.operand, node.pattern))
        chosen = collations.joined(value.collation, pattern.collation, "like")
        escape = self.value(node.escape, scopes).sql if node.escape is not None else "NULL"
        sensitive = int("_CI_" not in chosen.place)
        left, right = (self.converted(each, _ANY_LENGTH).sql for each in (value, pattern))
        return f"t_like({left}, {right}, {escape}, {sensitive})"

    def _exists(self, node: tree.Exists, scopes: Scopes) -> str:
        return f"EXISTS ({self.rows(node.query, scopes)[0]})"

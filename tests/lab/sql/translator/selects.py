"""Queries as SQL for sqlite: the select list, FROM, GROUP BY, UNION, ORDER BY."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .. import collations, errors, tree, types
from ..catalog import Column, Table
from ..collations import Collation
from ..errors import SqlError, not_simulated
from ..types import SqlType
from .conditions import Conditions
from .query import Origin, Scope, Scopes, Text, column_of, of_column, quoted

HINTS_WITHOUT_LOCK = frozenset(("NOLOCK", "READUNCOMMITTED"))
HINTS_WITH_LOCK = frozenset(("UPDLOCK", "XLOCK", "TABLOCKX", "HOLDLOCK", "SERIALIZABLE", "REPEATABLEREAD"))
HINTS_WITHOUT_EFFECT = frozenset(("ROWLOCK", "PAGLOCK", "TABLOCK", "READCOMMITTED", "NOWAIT"))
_OTHER_HINTS = frozenset(("READPAST", "NOEXPAND", "SNAPSHOT", "FORCESCAN", "KEEPIDENTITY", "KEEPDEFAULTS"))


class Selects(Conditions):
    """Translates queries. ``find`` resolves a table's name."""

    def __init__(self, find: Callable[[tree.TableName], Table], variables: Mapping[str, SqlType]) -> None:
        super().__init__(variables)
        self._find = find

    def rows(self, query: tree.Query, scopes: Scopes) -> tuple[str, list[Column]]:
        """A query with its order."""
        if isinstance(query.body, tree.Union):
            sql, columns = self._union(query.body, scopes)
            return sql + self._order(query.order, columns, None), columns
        return self._select(query.body, query.order, scopes)

    def _body(self, body: tree.QueryBody, scopes: Scopes) -> tuple[str, list[Column]]:
        return self._union(body, scopes) if isinstance(body, tree.Union) else self._select(body, (), scopes)

    def _select(self, node: tree.Select, order: tuple[tree.Order, ...], outer: Scopes) -> tuple[str, list[Column]]:
        scope = Scope()
        scopes = [scope, *outer]
        origin = f" FROM {self._source(node.source, scope, scopes)}" if node.source is not None else ""
        where = f" WHERE {self.condition(node.where, scopes)}" if node.where is not None else ""
        keys = [self.value(each, scopes) for each in node.group]
        scope.loose.clear()
        scope.aggregates = True
        columns: list[Column] = []
        texts: list[Text] = []
        for item in node.columns:
            for name, text in self._item(item, scopes):
                columns.append(column_of(name, text))
                texts.append(text)
        having = f" HAVING {self.condition(node.having, scopes)}" if node.having is not None else ""
        ordered = self._order(order, columns, scopes)
        if all(isinstance(each, tree.Name) for each in node.group):
            self._check_groups(scope, {each.sql for each in keys}, bool(keys or having))
        distinct = "DISTINCT " if node.distinct else ""
        found = [each.collated if node.distinct else each.sql for each in texts]
        group = f" GROUP BY {', '.join(each.collated for each in keys)}" if keys else ""
        if having and not group:
            # sqlite wants GROUP BY before HAVING; a constant makes one group of all
            group = " GROUP BY NULL"
        sql = f"SELECT {distinct}{', '.join(found)}{origin}{where}{group}{having}{ordered}"
        if node.top is not None:
            sql += f" LIMIT {self._top(node.top)}"
        return sql, columns

    @staticmethod
    def _check_groups(scope: Scope, keys: set[str], grouped: bool) -> None:
        """Refuse a column beside an aggregate, of which sqlite would take the value of some row."""
        if scope.aggregated or grouped:
            for written, sql in scope.loose:
                if sql not in keys:
                    reason = "contained in either an aggregate function or the GROUP BY clause"
                    message = f"Column '{written}' is invalid in the select list because it is not {reason}."
                    raise SqlError(8120, message)

    def _top(self, node: tree.Expression) -> str:
        count = self.value(node, [])
        if count.type.name not in ("tinyint", "smallint", "int", "bigint"):
            message = "The number of rows provided for a TOP or FETCH clauses row count parameter must be an integer."
            raise SqlError(1060, message, 15)
        if isinstance(node, tree.Constant) and isinstance(node.value, int) and node.value < 0:
            raise errors.negative_top()
        return f"t_top({count.sql})"

    def _item(self, item: tree.Star | tree.Column, scopes: Scopes) -> list[tuple[str, Text]]:
        """A select list's item: names and values of its columns."""
        if isinstance(item, tree.Column):
            name = item.alias or (item.value.parts[-1] if isinstance(item.value, tree.Name) else "")
            return [(name, self.value(item.value, scopes))]
        origins = scopes[0].origins
        if item.table:
            origins = [each for each in origins if each.name.lower() == item.table.lower()]
            if not origins:
                message = (
                    f"The column prefix '{item.table}' does not match with a table name or alias name "
                    "used in the query."
                )
                raise SqlError(107, message, 15)
        elif not origins:
            raise SqlError(263, "Must specify table to select from.")
        found = []
        for origin in origins:
            for column in origin.columns:
                sql = f"{quoted(origin.name)}.{quoted(column.name)}"
                scopes[0].loose.append((f"{origin.name}.{column.name}", sql))
                found.append((column.name, Text(sql, column.type, origin.collation(column))))
        return found

    def _union(self, node: tree.Union, outer: Scopes) -> tuple[str, list[Column]]:
        left, first = self._body(node.left, outer)
        right, second = self._body(node.right, outer)
        if len(first) != len(second):
            message = (
                "All queries combined using a UNION, INTERSECT or EXCEPT operator "
                "must have an equal number of expressions in their target lists."
            )
            raise SqlError(205, message)
        columns = []
        for one, other in zip(first, second, strict=True):
            kind = types.higher(one.type, other.type)
            collation = Collation()
            if kind.text:
                collation = collations.joined(of_column(one), of_column(other), "UNION")
            columns.append(column_of(one.name, Text("", kind, collation)))
        sides = [
            self._side_of_union(sql, found, columns, mark, every=node.all)
            for sql, found, mark in ((left, first, "l"), (right, second, "r"))
        ]
        return f"{sides[0]} {'UNION ALL' if node.all else 'UNION'} {sides[1]}", columns

    def _side_of_union(self, sql: str, found: list[Column], columns: list[Column], mark: str, every: bool) -> str:
        """One side, its values in the common types, as SQL Server converts them (245 for 'x' beside a number)."""
        values = [
            self.converted(Text(f"`{number}`", given.type, of_column(column)), column.type)
            for number, (given, column) in enumerate(zip(found, columns, strict=True))
        ]
        if every and all(each.sql == f"`{number}`" for number, each in enumerate(values)):
            return f"SELECT * FROM ({sql})"
        names = ", ".join(f"`{number}`" for number in range(len(columns)))
        selected = ", ".join(each.sql if every else each.collated for each in values)
        return f"SELECT {selected} FROM (WITH {mark}({names}) AS ({sql}) SELECT * FROM {mark})"

    def _order(self, order: tuple[tree.Order, ...], columns: list[Column], scopes: Scopes | None) -> str:
        terms = []
        for each in order:
            node, found = each.value, -1
            if isinstance(node, tree.Constant):
                found = self._position(node, columns)
            elif isinstance(node, tree.Name) and len(node.parts) == 1:
                names = [column.name.lower() for column in columns]
                found = names.index(node.parts[0].lower()) if node.parts[0].lower() in names else -1
            if found >= 0:
                # the text of a column number stands for the column, so its collation can be written behind it
                term = Text(str(found + 1), columns[found].type, of_column(columns[found])).collated
            elif scopes is not None:
                term = self.value(node, scopes).collated
            elif isinstance(node, tree.Name):
                raise errors.no_column(node.parts[-1])
            else:
                message = (
                    "ORDER BY items must appear in the select list if the statement contains a UNION, INTERSECT or "
                    "EXCEPT operator."
                )
                raise SqlError(104, message)
            terms.append(term + (" DESC" if each.descending else ""))
        return f" ORDER BY {', '.join(terms)}" if terms else ""

    @staticmethod
    def _position(node: tree.Constant, columns: list[Column]) -> int:
        if not isinstance(node.value, int):
            raise SqlError(408, "A constant expression was encountered in the ORDER BY list, position 1.")
        if not 1 <= node.value <= len(columns):
            message = (
                f"The ORDER BY position number {node.value} is out of range of the number of items in the select list."
            )
            raise SqlError(108, message)
        return node.value - 1

    # FROM

    def _source(self, node: tree.Source, scope: Scope, scopes: Scopes) -> str:
        if isinstance(node, tree.TableName):
            table = self.table(node)
            self.need("SELECT", table)
            name = node.alias or table.name
            self._add(scope, Origin(name, table.columns, table))
            return f"{table.source} AS {quoted(name)}"
        if isinstance(node, tree.DerivedTable):
            return self._derived(node, scope, scopes[1:])
        left = self._source(node.left, scope, scopes)
        sql = f"{left} {node.kind} {self._source(node.right, scope, scopes)}"
        return sql + (f" ON {self.condition(node.on, scopes)}" if node.on is not None else "")

    @staticmethod
    def _add(scope: Scope, origin: Origin) -> None:
        if any(each.name.lower() == origin.name.lower() for each in scope.origins):
            message = (
                f'The objects "{origin.name}" and "{origin.name}" in the FROM clause have the same exposed names. '
                "Use correlation names to distinguish them."
            )
            raise SqlError(1013, message)
        scope.origins.append(origin)

    def _derived(self, node: tree.DerivedTable, scope: Scope, outer: Scopes) -> str:
        sql, columns = self.rows(node.query, outer)
        if node.columns:
            if len(node.columns) != len(columns):
                more = "more" if len(columns) > len(node.columns) else "fewer"
                message = f"'{node.alias}' has {more} columns than were specified in the column list."
                raise SqlError(8158 if more == "more" else 8159, message)
            columns = [
                Column(name, each.type, each.nullable, each.collation)
                for name, each in zip(node.columns, columns, strict=True)
            ]
        for number, each in enumerate(columns, 1):
            if not each.name:
                raise SqlError(8155, f"No column name was specified for column {number} of '{node.alias}'.", 16, 2)
        self._add(scope, Origin(node.alias, tuple(columns)))
        names = ", ".join(quoted(each.name) for each in columns)
        return f"(WITH q({names}) AS ({sql}) SELECT * FROM q) AS {quoted(node.alias)}"

    def table(self, node: tree.TableName) -> Table:
        """The table of that name; what its hints mean is remembered."""
        dirty = False
        for each in node.hints:
            hint = each.upper()
            if hint in HINTS_WITHOUT_LOCK:
                dirty = True
            elif hint in HINTS_WITH_LOCK:
                self._query.locks = True
            elif hint == "READCOMMITTEDLOCK":
                self._query.waits = True
            elif hint in _OTHER_HINTS:
                raise not_simulated(f"the table hint {hint}")
            elif hint not in HINTS_WITHOUT_EFFECT:
                raise SqlError(321, f'"{each}" is not a recognized table hints option.', 15)
        table = self._find(node)
        self._query.reads.add(table.place)
        if dirty:
            self._query.dirty.add(table.place)
        return table

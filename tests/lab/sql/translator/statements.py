"""Statements as SQL for sqlite."""

from __future__ import annotations

from collections.abc import Sequence

from .. import errors, tree
from ..catalog import Column, Table
from ..errors import SqlError
from ..types import INT
from .query import Origin, Query, Scope, Scopes, Text, of_column, quoted
from .selects import HINTS_WITHOUT_LOCK, Selects


class Translator(Selects):
    """Translates statements: each method begins a new ``Query`` and returns it."""

    def select(self, statement: tree.SelectStatement) -> Query:
        """SELECT, with or without UNION; or SELECT @v = ..."""
        self._query = Query()
        query = statement.query
        if isinstance(query.body, tree.Select):
            columns = query.body.columns
            assigned = [each.variable for each in columns if isinstance(each, tree.Column) and each.variable]
            if assigned and len(assigned) != len(columns):
                message = (
                    "A SELECT statement that assigns a value to a variable "
                    "must not be combined with data-retrieval operations."
                )
                raise SqlError(141, message, 15)
            self._query.assigned = [self.declared(each) for each in assigned]
        self._query.sql, self._query.columns = self.rows(query, [])
        return self._query

    def update(self, statement: tree.Update) -> Query:
        self._query = Query()
        table, scopes = self._target(statement.table)
        changes = []
        for name, expression in statement.changes:
            column = self._own_column(table, name)
            changes.append(
                f"`{column.name}` = {self.assigned(self.value(expression, scopes), table, column, 'UPDATE')}"
            )
        where = self._where(statement.where, scopes)
        # SQL Server reports a missing SELECT before a missing UPDATE of the same statement
        self.need("UPDATE", table)
        self._query.sql = f"UPDATE {table.source} AS {quoted(table.name)} SET {', '.join(changes)}{where}"
        return self._query

    def delete(self, statement: tree.Delete) -> Query:
        self._query = Query()
        table, scopes = self._target(statement.table)
        where = self._where(statement.where, scopes)
        self.need("DELETE", table)
        self._query.sql = f"DELETE FROM {table.source} AS {quoted(table.name)}{where}"
        return self._query

    def insert(self, statement: tree.Insert, database: str) -> Query:
        self._query = Query()
        table, _unused = self._target(statement.table)
        columns = self._insert_columns(statement, table, database)
        if isinstance(statement.rows, tree.Query):
            sql, found = self.rows(statement.rows, [])
            _same_count(len(found), len(columns), 120, 121)
            texts = [
                self.assigned(Text(f"q.`{number}`", given.type, of_column(given)), table, column, "INSERT")
                for number, (given, column) in enumerate(zip(found, columns, strict=True))
            ]
            names = ", ".join(f"`{number}`" for number in range(len(found)))
            body = f"WITH q({names}) AS ({sql}) SELECT {', '.join(texts)} FROM q"
        else:
            lines = [self._line(row, columns, table) for row in statement.rows]
            body = f"VALUES {', '.join(lines)}"
        self.need("INSERT", table)
        names = ", ".join(f"`{column.name}`" for column in columns)
        self._query.sql = f"INSERT INTO {table.source} ({names}) {body}"
        return self._query

    def scalar(self, node: tree.Expression) -> Query:
        """An expression by itself (of DECLARE, SET, PRINT, EXEC): one row, one column."""
        self._query = Query()
        text = self.value(node, [])
        self._query.sql = f"SELECT {text.sql}"
        self._query.columns = [Column("", text.type)]
        return self._query

    def truth(self, node: tree.Predicate) -> Query:
        """The condition of an IF: one row, one column with 1, 0 or NULL."""
        self._query = Query()
        self._query.sql = f"SELECT {self.condition(node, [])}"
        self._query.columns = [Column("", INT)]
        return self._query

    # what they have in common

    def _target(self, node: tree.TableName) -> tuple[Table, Scopes]:
        for hint in node.hints:
            if hint.upper() in HINTS_WITHOUT_LOCK:
                message = (
                    "The NOLOCK and READUNCOMMITTED lock hints are not allowed for target tables of INSERT, UPDATE, "
                    "DELETE or MERGE statements."
                )
                raise SqlError(1065, message, 15)
        table = self.table(node)
        if table.system:
            raise SqlError(259, "Ad hoc updates to system catalogs are not allowed.")
        self._query.target = table
        return table, [Scope([Origin(table.name, table.columns, table)])]

    @staticmethod
    def _own_column(table: Table, name: tree.Name) -> Column:
        column = table.column(name.parts[-1])
        if column is None or (len(name.parts) > 1 and name.parts[-2].lower() != table.name.lower()):
            if len(name.parts) > 1:
                raise errors.unbound(".".join(name.parts))
            raise errors.no_column(name.parts[-1])
        return column

    def _where(self, node: tree.Predicate | None, scopes: Scopes) -> str:
        return f" WHERE {self.condition(node, scopes)}" if node is not None else ""

    def _insert_columns(self, statement: tree.Insert, table: Table, database: str) -> list[Column]:
        columns = list(table.columns)
        if statement.columns:
            columns = []
            for name in statement.columns:
                column = table.column(name)
                if column is None:
                    raise errors.no_column(name)
                if column in columns:
                    message = (
                        f"The column name '{name}' is specified more than once in the SET clause or column list of an "
                        "INSERT. A column cannot be assigned more than one value in the same clause."
                    )
                    raise SqlError(264, message)
                columns.append(column)
        for missing in table.columns:
            if missing not in columns and not missing.nullable:
                # known only when rows are inserted; the lab says it before
                raise errors.null_refused(database, table.name, missing.name, "INSERT")
        return columns

    def _line(self, row: Sequence[tree.Expression], columns: list[Column], table: Table) -> str:
        _same_count(len(row), len(columns), 109, 110)
        texts = [
            self.assigned(self.value(value, []), table, column, "INSERT")
            for value, column in zip(row, columns, strict=True)
        ]
        return f"({', '.join(texts)})"


def _same_count(given: int, wanted: int, fewer: int, more: int) -> None:
    if given == wanted:
        return
    number = fewer if given < wanted else more
    which = "more" if given < wanted else "fewer"
    if number in (120, 121):
        message = (
            f"The select list for the INSERT statement contains {'fewer' if given < wanted else 'more'} items than the "
            "insert list. The number of SELECT values must match the number of INSERT columns."
        )
    else:
        message = (
            f"There are {which} columns in the INSERT statement than values specified in the VALUES clause. "
            "The number of values in the VALUES clause must match the number of columns specified "
            "in the INSERT statement."
        )
    raise SqlError(number, message, 15)

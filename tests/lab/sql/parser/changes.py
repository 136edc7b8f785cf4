"""Reads INSERT, UPDATE and DELETE."""

from __future__ import annotations

from .. import tree
from ..errors import not_simulated
from ..tree import Node
from .queries import QueryParser
from .tokens import Kind


class ChangeParser(QueryParser):
    """Statements that change rows."""

    def _insert(self) -> Node:
        line = self.next().line
        if self.is_word("TOP"):
            raise not_simulated("INSERT TOP")
        self.word("INTO")
        table = self._target()
        columns: tuple[str, ...] = ()
        if self.is_symbol("(") and self.ahead().value != "SELECT":
            columns = self._names()
        self._no_output()
        if self.is_word("DEFAULT", "EXEC", "EXECUTE", "WITH"):
            raise not_simulated(f"INSERT ... {self.token.value}")
        if not self.word("VALUES"):
            if not self.is_word("SELECT") and not self.is_symbol("("):
                raise self.error()
            return tree.Insert(line, table, columns, self.query(inner=False))
        rows = [self._row()]
        while self.symbol(","):
            rows.append(self._row())
        return tree.Insert(line, table, columns, tuple(rows))

    def _row(self) -> tuple[tree.Expression, ...]:
        self.need_symbol("(")
        values = [self._insertable()]
        while self.symbol(","):
            values.append(self._insertable())
        self.need_symbol(")")
        return tuple(values)

    def _insertable(self) -> tree.Expression:
        if self.is_word("DEFAULT"):
            raise not_simulated("DEFAULT as a value")
        return self.value()

    def _update(self) -> Node:
        line = self.next().line
        if self.is_word("TOP"):
            raise not_simulated("UPDATE TOP")
        if self.is_word("STATISTICS"):
            raise not_simulated("UPDATE STATISTICS")
        table = self._target()
        self.need_word("SET")
        changes = [self._change()]
        while self.symbol(","):
            changes.append(self._change())
        self._no_output()
        if self.is_word("FROM"):
            raise not_simulated("UPDATE ... FROM")
        return tree.Update(line, table, tuple(changes), self._where_alone("UPDATE"))

    def _change(self) -> tuple[tree.Name, tree.Expression]:
        if self.token.kind == Kind.VARIABLE:
            raise not_simulated("UPDATE ... SET @variable")
        name = tree.Name(self.dotted())
        operator = self._assignment()
        value = self._insertable()
        return name, tree.Arithmetic(operator, name, value) if operator else value

    def _delete(self) -> Node:
        line = self.next().line
        if self.is_word("TOP"):
            raise not_simulated("DELETE TOP")
        self.word("FROM")
        table = self._target()
        self._no_output()
        if self.is_word("FROM"):
            raise not_simulated("DELETE ... FROM")
        return tree.Delete(line, table, self._where_alone("DELETE"))

    def _target(self) -> tree.TableName:
        """The table that a statement changes: no alias."""
        if self.token.kind == Kind.VARIABLE:
            raise not_simulated("a table variable")
        parts = self.dotted()
        if parts[-1].startswith("#"):
            raise not_simulated("a temporary table")
        hints: tuple[str, ...] = ()
        if self.is_word("WITH") and self.ahead().value == "(":
            self.next()
            hints = self.hints()
        return tree.TableName(parts, "", hints)

    def _no_output(self) -> None:
        if self.is_word("OUTPUT"):
            raise not_simulated("OUTPUT")

    def _where_alone(self, verb: str) -> tree.Predicate | None:
        where = self._where()
        if self.is_word("OPTION"):
            raise not_simulated(f"{verb} ... OPTION")
        return where

    def _assignment(self) -> str:
        """The operator of ``+=`` and its like; nothing for ``=``."""
        operator = self.symbol("=", "+=", "-=", "*=", "/=", "%=")
        if not operator:
            if self.is_symbol("&=", "|=", "^="):
                raise not_simulated(f"the operator {self.token.value}")
            raise self.error()
        return operator[:-1]

"""Reads T-SQL's queries."""

from __future__ import annotations

from .. import tree
from ..errors import SqlError, not_simulated
from ..words import AFTER_A_QUERY, AFTER_A_TABLE, FUNCTIONS
from .expressions import ExpressionParser
from .tokens import RESERVED, Kind


class QueryParser(ExpressionParser):
    """SELECT, UNION, FROM."""

    def query(self, inner: bool) -> tree.Query:
        """A query with its order; ``inner`` where it stands in parentheses."""
        body = self._union()
        order: list[tree.Order] = []
        if self.word("ORDER"):
            self.need_word("BY")
            while True:
                value = self.value()
                order.append(tree.Order(value, self.word("ASC", "DESC") == "DESC"))
                if not self.symbol(","):
                    break
            if inner and not (isinstance(body, tree.Select) and body.top) and not self.is_word(*AFTER_A_QUERY):
                message = (
                    "The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common "
                    "table expressions, unless TOP, OFFSET or FOR XML is also specified."
                )
                raise SqlError(1033, message, 15)
        if self.is_word(*AFTER_A_QUERY):
            raise not_simulated(f"{self.token.value} after a query")
        return tree.Query(body, tuple(order))

    def _union(self) -> tree.QueryBody:
        body = self._term()
        while self.is_word("UNION", "EXCEPT", "INTERSECT"):
            if not self.word("UNION"):
                raise not_simulated(self.token.value)
            every = bool(self.word("ALL"))
            body = tree.Union(body, self._term(), every)
        return body

    def _term(self) -> tree.QueryBody:
        if self.symbol("("):
            body = self._union()
            self.need_symbol(")")
            return body
        return self._select()

    def _select(self) -> tree.Select:
        self.need_word("SELECT")
        distinct = self.word("ALL", "DISTINCT") == "DISTINCT"
        top = self._top() if self.word("TOP") else None
        columns = [self._column()]
        while self.symbol(","):
            columns.append(self._column())
        if self.is_word("INTO"):
            raise not_simulated("SELECT INTO")
        source = self._sources() if self.word("FROM") else None
        where = self._where()
        group: list[tree.Expression] = []
        if self.word("GROUP"):
            self.need_word("BY")
            group.append(self._group_key())
            while self.symbol(","):
                group.append(self._group_key())
        having = self.condition() if self.word("HAVING") else None
        if self.is_word("WINDOW"):
            raise not_simulated("WINDOW")
        return tree.Select(tuple(columns), source, where, tuple(group), having, distinct, top)

    def _where(self) -> tree.Predicate | None:
        if not self.word("WHERE"):
            return None
        if self.is_word("CURRENT"):
            raise not_simulated("WHERE CURRENT OF")
        return self.condition()

    def _group_key(self) -> tree.Expression:
        if self.is_word("ALL", "ROLLUP", "CUBE", "GROUPING") or (self.is_symbol("(") and self.ahead().value == ")"):
            raise not_simulated(f"GROUP BY {self.token.value}")
        return self.value()

    def _top(self) -> tree.Expression:
        if self.symbol("("):
            count = self.value()
            self.need_symbol(")")
        else:
            # without parentheses a number, nothing else
            if self.token.kind != Kind.NUMBER:
                raise self.error()
            constant = self.constant(signed=False)
            assert constant is not None
            count = constant
        if self.is_word("PERCENT"):
            raise not_simulated("TOP ... PERCENT")
        if self.is_word("WITH") and self.ahead().value == "TIES":
            raise not_simulated("TOP ... WITH TIES")
        return count

    # the select list

    def _column(self) -> tree.Star | tree.Column:
        token, following = self.token, self.ahead()
        if self.symbol("*"):
            return tree.Star()
        if token.kind == Kind.VARIABLE and following.kind == Kind.SYMBOL:
            if following.value == "=":
                self.at += 2
                return tree.Column(self.value(), variable=token.value)
            if following.value[-1] == "=" and following.value[0] in "+-*/%":
                self.at += 2
                changed = tree.Arithmetic(following.value[0], tree.Variable(token.value), self.value())
                return tree.Column(changed, variable=token.value)
        if following.kind == Kind.SYMBOL and following.value == "=" and (self.is_name() or token.kind == Kind.STRING):
            # the alias may stand before the expression
            alias = self.need_name() if self.is_name() else self.next().value
            self.next()
            return tree.Column(self.value(), alias)
        star = self._qualified_star()
        if star is not None:
            return star
        value = self.value()
        return tree.Column(value, self._alias(strings=True))

    def _qualified_star(self) -> tree.Star | None:
        if not self.is_name() or self.ahead().value != "." or self.ahead(2).value != "*":
            return None
        if self.ahead(2).kind != Kind.SYMBOL:
            return None
        name = self.need_name()
        self.at += 2
        return tree.Star(name)

    def _alias(self, strings: bool) -> str:
        """An alias after AS or without it; in a select list it may be a string."""
        written = bool(self.word("AS"))
        if self.is_name():
            return self.need_name()
        if strings and self.token.kind in (Kind.STRING, Kind.NATIONAL):
            return self.next().value
        if written:
            raise self.error()
        return ""

    # FROM

    def _sources(self) -> tree.Source:
        source = self._joined()
        while self.symbol(","):
            source = tree.Join("CROSS JOIN", source, self._joined(), None)
        return source

    def _joined(self) -> tree.Source:
        left = self._source()
        while True:
            kind = self._join_kind()
            if not kind:
                return left
            right = self._source()
            condition = None
            if kind != "CROSS JOIN":
                self.need_word("ON")
                condition = self.condition()
            left = tree.Join(kind, left, right, condition)

    def _join_kind(self) -> str:
        """The join that comes next, in sqlite's words; nothing where none does."""
        if self.word("CROSS"):
            if self.is_word("APPLY"):
                raise not_simulated("CROSS APPLY")
            self.need_word("JOIN")
            return "CROSS JOIN"
        if self.is_word("OUTER") and self.ahead().value == "APPLY":
            raise not_simulated("OUTER APPLY")
        side = self.word("INNER", "LEFT", "RIGHT", "FULL")
        if side in ("LEFT", "RIGHT", "FULL"):
            self.word("OUTER")
        if side and self.is_word("LOOP", "HASH", "MERGE", "REMOTE"):
            raise not_simulated("a join hint")
        if side in ("RIGHT", "FULL"):
            raise not_simulated(f"{side} JOIN")
        if side:
            self.need_word("JOIN")
            return "LEFT JOIN" if side == "LEFT" else "JOIN"
        return "JOIN" if self.word("JOIN") else ""

    def _source(self) -> tree.Source:
        token = self.token
        if token.kind == Kind.VARIABLE:
            raise not_simulated("a table variable")
        if self.is_symbol("::") or (token.kind == Kind.WORD and token.value in FUNCTIONS and token.value in RESERVED):
            raise not_simulated(f"{token.text} in FROM")
        if self.symbol("("):
            if self.is_word("VALUES"):
                raise not_simulated("VALUES in FROM")
            if not self.is_word("SELECT"):
                raise not_simulated("parentheses in FROM")
            query = self.query(inner=True)
            self.need_symbol(")")
            alias = self._alias(strings=False)
            if not alias:
                raise self.error()
            source: tree.Source = tree.DerivedTable(query, alias, self._names())
        else:
            source = self._table()
        if self.is_word(*AFTER_A_TABLE):
            raise not_simulated(f"{self.token.value} in FROM")
        return source

    def _names(self) -> tuple[str, ...]:
        if not self.symbol("("):
            return ()
        names = [self.need_name()]
        while self.symbol(","):
            names.append(self.need_name())
        self.need_symbol(")")
        return tuple(names)

    def _table(self) -> tree.TableName:
        parts = self.dotted()
        if parts[-1].startswith("#"):
            raise not_simulated("a temporary table")
        hints: tuple[str, ...] = ()
        if self.is_symbol("("):
            hints = self._old_hint()
        if self.is_word("FOR") and self.ahead().value in ("SYSTEM_TIME", "PATH"):
            raise not_simulated(f"FOR {self.ahead().value}")
        alias = self._alias(strings=False)
        if self.is_symbol("(") and not hints:
            hints = self._old_hint()
        if self.is_word("WITH") and self.ahead().value == "(":
            self.next()
            hints = self.hints()
        return tree.TableName(parts, alias, hints)

    def _old_hint(self) -> tuple[str, ...]:
        """``FROM t (NOLOCK)``, one hint without WITH; else it is a function."""
        if self.ahead().value == "NOLOCK" and self.ahead(2).value == ")":
            return self.hints()
        raise not_simulated("a function in FROM, or hints without WITH")

    def hints(self) -> tuple[str, ...]:
        """``(hint, ...)``."""
        self.need_symbol("(")
        found = []
        while True:
            if self.is_word("INDEX", "FORCESEEK", "SPATIAL_WINDOW_MAX_CELLS"):
                raise not_simulated(f"the table hint {self.token.value}")
            if self.token.kind != Kind.WORD:
                raise self.error()
            found.append(self.next().text)
            if not self.symbol(",") and self.is_symbol(")"):
                break
        self.need_symbol(")")
        return tuple(found)

"""Reads T-SQL's expressions and conditions."""

from __future__ import annotations

from abc import ABC, abstractmethod

from .. import tree, types
from ..errors import SqlError, not_simulated, syntax
from ..tree import Expression, Predicate
from ..words import FUNCTIONS
from .constants import ConstantParser, number_type
from .tokens import Kind, Token

_COMPARISONS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "!<": ">=", "!>": "<="}
# reserved words that are functions all the same
_RESERVED_FUNCTIONS = ("COALESCE", "NULLIF", "LEFT", "RIGHT")
# what a word alone asks for: the same function with parentheses is a syntax error
_WITHOUT_PARENTHESES = {
    "CURRENT_TIMESTAMP": "GETDATE",
    "CURRENT_USER": "USER_NAME",
    "SESSION_USER": "USER_NAME",
    "USER": "USER_NAME",
    "SYSTEM_USER": "SUSER_SNAME",
}
_WITH_STAR = ("COUNT", "COUNT_BIG")
_AGGREGATES = ("COUNT", "COUNT_BIG", "MIN", "MAX", "SUM")


class ExpressionParser(ConstantParser, ABC):
    """Recursive descent, one method for each level of precedence."""

    @abstractmethod
    def query(self, inner: bool) -> tree.Query:
        """A query; ``inner`` where it stands in parentheses."""

    # conditions

    def condition(self) -> Predicate:
        """A condition. Raises SqlError 4145 for a value."""
        return self._predicate(self._or())

    def _predicate(self, node: Expression) -> Predicate:
        if isinstance(node, Predicate):
            return node
        near = self.error().message.rpartition("near ")[2].removeprefix("the keyword ").strip("'.")
        message = (
            f"An expression of non-boolean type specified in a context where a condition is expected, near '{near}'."
        )
        raise SqlError(4145, message, 15)

    def _or(self) -> Expression:
        left = self._and()
        while self.is_word("OR"):
            left = self._predicate(left)
            self.next()
            left = tree.Logical("OR", left, self._predicate(self._and()))
        return left

    def _and(self) -> Expression:
        left = self._not()
        while self.is_word("AND"):
            left = self._predicate(left)
            self.next()
            left = tree.Logical("AND", left, self._predicate(self._not()))
        return left

    def _not(self) -> Expression:
        if self.word("NOT"):
            return tree.Not(self._predicate(self._not()))
        return self._comparison()

    def _comparison(self) -> Expression:
        if self.is_word("EXISTS"):
            self.next()
            return tree.Exists(self._query_in_parentheses())
        left = self._sum()
        if isinstance(left, Predicate):
            return left
        operator = self.symbol(*_COMPARISONS)
        if operator:
            if self.is_word("ALL", "ANY", "SOME"):
                raise not_simulated(f"{operator} {self.token.value}")
            return tree.Comparison(_COMPARISONS[operator], left, self.value())
        if self.word("IS"):
            negated = bool(self.word("NOT"))
            if self.is_word("DISTINCT"):
                raise not_simulated("IS DISTINCT FROM")
            self.need_word("NULL")
            return self._negated(tree.IsNull(left), negated)
        negated = bool(self.word("NOT"))
        if negated and not self.is_word("IN", "BETWEEN", "LIKE"):
            raise self.error()
        if self.word("IN"):
            return self._negated(self._in(left), negated)
        if self.word("BETWEEN"):
            low = self.value()
            self.need_word("AND")
            return self._negated(tree.Between(left, low, self.value()), negated)
        if self.word("LIKE"):
            pattern = self.value()
            escape = self.value() if self.word("ESCAPE") else None
            return self._negated(tree.Like(left, pattern, escape), negated)
        return left

    @staticmethod
    def _negated(node: Predicate, negated: bool) -> Predicate:
        return tree.Not(node) if negated else node

    def _in(self, left: Expression) -> Predicate:
        self.need_symbol("(")
        if self.is_word("SELECT"):
            query = self.query(inner=True)
            self.need_symbol(")")
            return tree.InQuery(left, query)
        values = [self.value()]
        while self.symbol(","):
            values.append(self.value())
        self.need_symbol(")")
        return tree.InList(left, tuple(values))

    # values

    def value(self) -> Expression:
        """A value; a condition is a syntax error here."""
        before = self.at
        node = self._sum()
        if isinstance(node, Predicate):
            self.at = before
            raise self._not_a_value()
        return node

    def _not_a_value(self) -> SqlError:
        """Near what makes a condition of it: ``SELECT (1 = 1)`` near '='."""
        while not self.done:
            token = self.next()
            if token.kind == Kind.SYMBOL and token.value in _COMPARISONS:
                return syntax(token.value)
            if token.kind == Kind.WORD and token.value in ("IS", "IN", "BETWEEN", "LIKE", "NOT", "EXISTS"):
                self.at -= 1
                return self.error()
        return self.error()

    def _sum(self) -> Expression:
        left = self._product()
        while self.is_symbol("+", "-", "&", "|", "^"):
            if isinstance(left, Predicate):
                raise self.error()
            operator = self.next().value
            right = self._operand(self._product())
            if operator in "&|^":
                raise not_simulated(f"the operator {operator}")
            left = tree.Arithmetic(operator, left, right)
        return left

    def _product(self) -> Expression:
        left = self._unary()
        while self.is_symbol("*", "/", "%"):
            if isinstance(left, Predicate):
                raise self.error()
            operator = self.next().value
            left = tree.Arithmetic(operator, left, self._operand(self._unary()))
        return left

    def _operand(self, node: Expression) -> Expression:
        if isinstance(node, Predicate):
            raise self.error()
        return node

    def _unary(self) -> Expression:
        if self.symbol("-"):
            operand = self._operand(self._unary())
            if isinstance(operand, tree.Constant) and isinstance(operand.value, int | float):
                return tree.Constant(-operand.value, number_type(-operand.value, operand.type))
            return tree.Negative(operand)
        if self.symbol("+"):
            return self._operand(self._unary())
        if self.is_symbol("~"):
            raise not_simulated("the operator ~")
        return self._suffixes(self._primary())

    def _suffixes(self, node: Expression) -> Expression:
        while True:
            if self.is_word("COLLATE"):
                self._operand(node)
                self.next()
                node = tree.Collated(node, self.need_name())
            elif self.is_word("AT") and self.ahead().value == "TIME":
                raise not_simulated("AT TIME ZONE")
            elif self.is_word("OVER") or (self.is_word("WITHIN") and self.ahead().value == "GROUP"):
                raise not_simulated(self.token.value)
            elif self.is_symbol(".") or (self.is_symbol("::") and isinstance(node, tree.Name)):
                raise not_simulated("a method of a value")
            else:
                return node

    def _primary(self) -> Expression:
        token = self.token
        reader = {
            Kind.NUMBER: self.number,
            Kind.STRING: self.string,
            Kind.NATIONAL: self.string,
            Kind.BINARY: self.binary,
        }.get(token.kind)
        if reader is not None:
            return reader(self.next())
        if token.kind == Kind.VARIABLE:
            return tree.Variable(self.next().value)
        if token.kind == Kind.GLOBAL:
            return tree.GlobalVariable(self.next().value)
        if token.kind == Kind.MONEY:
            raise not_simulated("money")
        if self.is_symbol("("):
            return self._parentheses()
        if self.is_symbol("{"):
            raise not_simulated("an ODBC escape")
        if token.kind == Kind.WORD:
            return self._word(token)
        if token.kind == Kind.NAME:
            return self._named()
        raise self.error()

    def _parentheses(self) -> Expression:
        self.need_symbol("(")
        if self.is_word("SELECT"):
            node: Expression = tree.ScalarQuery(self.query(inner=True))
        else:
            node = self._or()
            if isinstance(node, tree.ScalarQuery) and self.is_word("UNION", "EXCEPT", "INTERSECT"):
                raise not_simulated("UNION after a query in parentheses")
        self.need_symbol(")")
        return node

    def _query_in_parentheses(self) -> tree.Query:
        self.need_symbol("(")
        query = self.query(inner=True)
        self.need_symbol(")")
        return query

    def _word(self, token: Token) -> Expression:
        word = token.value
        called = self.ahead().kind == Kind.SYMBOL and self.ahead().value == "("
        if word == "NULL":
            self.next()
            return tree.Constant(None, types.NULL)
        if word == "CASE":
            return self._case()
        if word in _WITHOUT_PARENTHESES:
            self.next()
            return tree.Call(_WITHOUT_PARENTHESES[word], ())
        if called and word in ("CAST", "TRY_CAST"):
            return self._cast(safe=word == "TRY_CAST")
        if called and word in ("CONVERT", "TRY_CONVERT"):
            return self._convert(safe=word == "TRY_CONVERT")
        if called and word in _RESERVED_FUNCTIONS:
            self.next()
            return self._call(word)
        if called and word in ("CONTAINS", "FREETEXT", "UPDATE"):
            raise not_simulated(word)
        if word == "NEXT" and self.ahead().value == "VALUE":
            raise not_simulated("NEXT VALUE FOR")
        return self._named()

    def _named(self) -> Expression:
        quoted = self.token.kind == Kind.NAME
        parts = self.dotted()
        if not self.is_symbol("("):
            return tree.Name(parts)
        if len(parts) > 1:
            raise not_simulated(f"the function {'.'.join(parts)}")
        if quoted:
            raise SqlError(195, f"'{parts[0]}' is not a recognized built-in function name.", 15, 10)
        return self._call(parts[0])

    def _call(self, name: str) -> Expression:
        word = name.upper()
        self.need_symbol("(")
        if word == "IIF":
            condition = self.condition()
            self.need_symbol(",")
            yes = self.value()
            self.need_symbol(",")
            node: Expression = tree.Iif(condition, yes, self.value())
            self.need_symbol(")")
            return node
        if word in FUNCTIONS and word != "XACT_STATE":
            raise not_simulated(f"the function {word}")
        if word in _WITH_STAR and self.symbol("*"):
            self.need_symbol(")")
            return tree.Call(name, (), star=True)
        distinct = False
        if word in _AGGREGATES:
            distinct = self.word("ALL", "DISTINCT") == "DISTINCT"
        arguments: list[Expression] = []
        if not self.is_symbol(")"):
            arguments.append(self.value())
            while self.symbol(","):
                arguments.append(self.value())
            if word == "TRIM" and self.is_word("FROM"):
                raise not_simulated("TRIM(... FROM ...)")
        self.need_symbol(")")
        return tree.Call(name, tuple(arguments), distinct=distinct)

    def _cast(self, safe: bool) -> Expression:
        self.next()
        self.need_symbol("(")
        operand = self.value()
        self.need_word("AS")
        target = self.data_type(30)
        self.need_symbol(")")
        return tree.Cast(operand, target, None, safe)

    def _convert(self, safe: bool) -> Expression:
        self.next()
        self.need_symbol("(")
        target = self.data_type(30)
        self.need_symbol(",")
        operand = self.value()
        style = self.value() if self.symbol(",") else None
        self.need_symbol(")")
        return tree.Cast(operand, target, style, safe)

    def _case(self) -> Expression:
        self.next()
        subject = None if self.is_word("WHEN") else self.value()
        branches: list[tuple[Expression, Expression]] = []
        while self.word("WHEN"):
            test = self.condition() if subject is None else self.value()
            self.need_word("THEN")
            branches.append((test, self.value()))
        if not branches:
            raise self.error()
        default = self.value() if self.word("ELSE") else None
        self.need_word("END")
        return tree.Case(subject, tuple(branches), default)

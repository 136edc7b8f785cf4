"""The syntax trees of T-SQL, as far as the lab runs it. Trees are shared by all who run the same text: read only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from .types import SqlType, Value

# expressions


@dataclass(eq=False)
class Expression:
    """Something with a value."""


@dataclass(eq=False)
class Constant(Expression):
    """A literal, and how it is written in T-SQL."""

    value: Value
    type: SqlType


@dataclass(eq=False)
class Name(Expression):
    """A column: its name, before it table, schema and database as far as they are written."""

    parts: tuple[str, ...]


@dataclass(eq=False)
class Variable(Expression):
    """``@name``."""

    name: str


@dataclass(eq=False)
class GlobalVariable(Expression):
    """``@@name``."""

    name: str


@dataclass(eq=False)
class Negative(Expression):
    operand: Expression


@dataclass(eq=False)
class Arithmetic(Expression):
    """``+ - * / %``; plus joins strings too."""

    operator: str
    left: Expression
    right: Expression


@dataclass(eq=False)
class Collated(Expression):
    operand: Expression
    collation: str


@dataclass(eq=False)
class Cast(Expression):
    """CAST, CONVERT and their TRY_ forms (``safe``)."""

    operand: Expression
    type: SqlType
    style: Expression | None = None
    safe: bool = False


@dataclass(eq=False)
class Call(Expression):
    """A function. ``star`` is COUNT(*)."""

    name: str
    arguments: tuple[Expression, ...]
    star: bool = False
    distinct: bool = False


@dataclass(eq=False)
class Iif(Expression):
    condition: Predicate
    yes: Expression
    no: Expression


@dataclass(eq=False)
class Case(Expression):
    """CASE: (condition or value to compare with, result)."""

    subject: Expression | None
    branches: tuple[tuple[Expression, Expression], ...]
    default: Expression | None


@dataclass(eq=False)
class ScalarQuery(Expression):
    query: Query


# conditions


@dataclass(eq=False)
class Predicate(Expression):
    """Something that is true, false or unknown. T-SQL keeps these apart from values."""


@dataclass(eq=False)
class Comparison(Predicate):
    operator: str
    left: Expression
    right: Expression


@dataclass(eq=False)
class Logical(Predicate):
    """AND, OR."""

    operator: str
    left: Predicate
    right: Predicate


@dataclass(eq=False)
class Not(Predicate):
    operand: Predicate


@dataclass(eq=False)
class IsNull(Predicate):
    operand: Expression


@dataclass(eq=False)
class InList(Predicate):
    operand: Expression
    values: tuple[Expression, ...]


@dataclass(eq=False)
class InQuery(Predicate):
    operand: Expression
    query: Query


@dataclass(eq=False)
class Between(Predicate):
    operand: Expression
    low: Expression
    high: Expression


@dataclass(eq=False)
class Like(Predicate):
    operand: Expression
    pattern: Expression
    escape: Expression | None


@dataclass(eq=False)
class Exists(Predicate):
    query: Query


# queries


@dataclass(eq=False)
class Star:
    """``*`` or ``table.*``."""

    table: str = ""


@dataclass(eq=False)
class Column:
    """An item of a select list. ``variable`` is set by ``SELECT @v = ...``."""

    value: Expression
    alias: str = ""
    variable: str = ""


@dataclass(eq=False)
class TableName:
    """A table in FROM, or what a statement changes."""

    parts: tuple[str, ...]
    alias: str = ""
    hints: tuple[str, ...] = ()

    @property
    def written(self) -> str:
        return ".".join(self.parts)


@dataclass(eq=False)
class DerivedTable:
    query: Query
    alias: str
    columns: tuple[str, ...] = ()


@dataclass(eq=False)
class Join:
    """``kind`` is sqlite's word for it, too: JOIN, LEFT JOIN, CROSS JOIN."""

    kind: str
    left: Source
    right: Source
    on: Predicate | None


Source = TableName | DerivedTable | Join


@dataclass(eq=False)
class Order:
    value: Expression
    descending: bool


@dataclass(eq=False)
class Select:
    """One SELECT without ORDER BY."""

    columns: tuple[Star | Column, ...]
    source: Source | None = None
    where: Predicate | None = None
    group: tuple[Expression, ...] = ()
    having: Predicate | None = None
    distinct: bool = False
    top: Expression | None = None


@dataclass(eq=False)
class Union:
    left: QueryBody
    right: QueryBody
    all: bool


QueryBody = Select | Union


@dataclass(eq=False)
class Query:
    """SELECTs with or without UNION, and their order."""

    body: QueryBody
    order: tuple[Order, ...] = ()


# statements


@dataclass(eq=False)
class Statement:
    """One statement. ``command`` is what DONE calls it on the wire (CurCmd)."""

    line: int
    # what it was translated to, by what that depends on
    plans: dict[object, object] = field(default_factory=dict, init=False, repr=False)
    command: ClassVar[int] = 0xFD


@dataclass(eq=False)
class SelectStatement(Statement):
    query: Query
    command: ClassVar[int] = 0xC1


@dataclass(eq=False)
class Insert(Statement):
    """INSERT: ``rows`` are VALUES or a query."""

    table: TableName
    columns: tuple[str, ...]
    rows: tuple[tuple[Expression, ...], ...] | Query
    command: ClassVar[int] = 0xC3


@dataclass(eq=False)
class Delete(Statement):
    table: TableName
    where: Predicate | None
    command: ClassVar[int] = 0xC4


@dataclass(eq=False)
class Update(Statement):
    table: TableName
    changes: tuple[tuple[Name, Expression], ...]
    where: Predicate | None
    command: ClassVar[int] = 0xC5


Change = Insert | Delete | Update


@dataclass(eq=False)
class Declare(Statement):
    """DECLARE: name, type, first value."""

    variables: tuple[tuple[str, SqlType, Expression | None], ...]
    command: ClassVar[int] = 0xC1


@dataclass(eq=False)
class SetVariable(Statement):
    name: str
    value: Expression
    command: ClassVar[int] = 0xC1


@dataclass(eq=False)
class SetOption(Statement):
    """SET: the options, and what they are set to (ON, OFF, a number, words)."""

    names: tuple[str, ...]
    value: str

    @property
    def switched(self) -> int:
        """DONE's command, which for a SET depends on the value."""
        return {"ON": 0xB9, "OFF": 0xBA}.get(self.value, 0xF9)


@dataclass(eq=False)
class Use(Statement):
    database: str
    command: ClassVar[int] = 0xE2


@dataclass(eq=False)
class Begin(Statement):
    """BEGIN TRANSACTION; the name is a text or a variable."""

    name: str | Variable = ""
    command: ClassVar[int] = 0xD4


@dataclass(eq=False)
class Commit(Statement):
    command: ClassVar[int] = 0xD5


@dataclass(eq=False)
class Rollback(Statement):
    name: str | Variable = ""
    command: ClassVar[int] = 0xD2


@dataclass(eq=False)
class Print(Statement):
    value: Expression
    command: ClassVar[int] = 0xF7


@dataclass(eq=False)
class Throw(Statement):
    """THROW with number, message and state, or with nothing."""

    arguments: tuple[Constant | Variable, ...]
    command: ClassVar[int] = 0xF6


@dataclass(eq=False)
class RaiseError(Statement):
    message: Constant | Variable
    severity: Constant | Variable
    state: Constant | Variable
    command: ClassVar[int] = 0xF6


@dataclass(eq=False)
class WaitFor(Statement):
    delay: Constant | Variable
    command: ClassVar[int] = 0xF3


@dataclass(eq=False)
class Return(Statement):
    command: ClassVar[int] = 0xDB


@dataclass(eq=False)
class Execute(Statement):
    """EXEC: arguments are (parameter or "", value; None for DEFAULT). ``result`` is the variable of the return code."""

    procedure: tuple[str, ...]
    arguments: tuple[tuple[str, Expression | None], ...]
    result: str = ""
    command: ClassVar[int] = 0xE0


@dataclass(eq=False)
class If(Statement):
    condition: Predicate
    then: Node
    otherwise: Node | None
    command: ClassVar[int] = 0xC0


@dataclass(eq=False)
class Block:
    """Statements one after another. ``checked`` remembers the variables, by that for which it was found right."""

    nodes: tuple[Node, ...]
    checked: dict[object, Mapping[str, SqlType]] = field(default_factory=dict, init=False, repr=False)


@dataclass(eq=False)
class Try:
    body: Block
    catch: Block


Node = Statement | Block | Try

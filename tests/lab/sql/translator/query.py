"""What a statement is translated to: SQL for sqlite, the columns of its rows, what it reads, changes and needs."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..catalog import Column, Table
from ..collations import COLUMN, DEFAULT, LITERAL, LITERAL_COLLATION, Collation
from ..types import MAX, SqlType


@dataclass(frozen=True)
class Text:
    """A piece of sqlite's SQL, and type and collation of what it yields."""

    sql: str
    type: SqlType
    collation: Collation = LITERAL_COLLATION

    @property
    def collated(self) -> str:
        """The SQL with its collation, for where sqlite compares by itself."""
        return f"{self.sql} COLLATE {self.collation.place}" if self.type.text else self.sql


@dataclass
class Query:
    """A translated statement."""

    sql: str = ""
    columns: list[Column] = field(default_factory=list)
    # (permission, table), in the order in which SQL Server would miss them
    needs: list[tuple[str, Table]] = field(default_factory=list)
    # the tables that it reads, and those of them that it reads as they are (NOLOCK)
    reads: set[str] = field(default_factory=set)
    dirty: set[str] = field(default_factory=set)
    # a hint keeps the tables locked (UPDLOCK), or has them read with locks where there are row versions
    locks: bool = False
    waits: bool = False
    # the variables that it reads or sets
    variables: list[str] = field(default_factory=list)
    # SELECT @a = ..., @b = ...: the variables
    assigned: list[str] = field(default_factory=list)
    target: Table | None = None


@dataclass
class Origin:
    """A table or derived table in FROM."""

    name: str
    columns: tuple[Column, ...]
    table: Table | None = None

    def collation(self, column: Column) -> Collation:
        """Whose collation one of its columns has."""
        return of_column(column) if self.table is None else Collation(column.collation or DEFAULT, COLUMN)


@dataclass
class Scope:
    """The tables that one SELECT sees, and what is known of its aggregates."""

    origins: list[Origin] = field(default_factory=list)
    # aggregates are allowed: in a select list, HAVING and ORDER BY
    aggregates: bool = False
    aggregated: bool = False
    # columns outside of an aggregate: (written name, SQL)
    loose: list[tuple[str, str]] = field(default_factory=list)


Scopes = list[Scope]


def of_column(column: Column) -> Collation:
    """The collation of a query's column: a literal's where none is named."""
    return Collation(column.collation, COLUMN) if column.collation else Collation()


def column_of(name: str, text: Text) -> Column:
    """The column of a query that yields ``text``."""
    own = text.type.text and text.collation.strength > LITERAL
    return Column(name, text.type, collation=text.collation.name if own else "")


def quoted(name: str) -> str:
    """An identifier for sqlite: in back-ticks, since sqlite takes an unknown name in double quotes for a string."""
    return "`" + name.replace("`", "``") + "`"


def literal(text: str) -> str:
    """A string for sqlite."""
    return "'" + text.replace("'", "''") + "'"


def fits(source: SqlType, target: SqlType) -> bool:
    """Whether every value of ``source`` is one of ``target`` as it is."""
    return target.length == MAX or 0 <= source.length <= target.length

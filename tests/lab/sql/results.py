"""What a batch yields, step by step."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from .catalog import Column
from .errors import SqlError
from .types import SqlType, Value


@dataclass(frozen=True)
class Rows:
    """The rows of a SELECT. ``counted`` is False under NOCOUNT ON."""

    columns: list[Column]
    rows: list[tuple[Value, ...]]
    counted: bool = True


@dataclass(frozen=True)
class Count:
    """The number of rows that a statement changed (not reported under NOCOUNT ON)."""

    rows: int


@dataclass(frozen=True)
class Info:
    """A message that is no error: PRINT, RAISERROR below 11, a change of database."""

    text: str
    number: int = 0
    state: int = 1
    severity: int = 0
    procedure: str = ""
    line: int = 1


@dataclass(frozen=True)
class Failure:
    """An error; more results may follow if it ended its statement only."""

    error: SqlError


@dataclass(frozen=True)
class Done:
    """A statement is over: what goes over the wire for it, and nowhere else.

    ``command`` is the statement's kind (CurCmd), ``count`` its number of rows. ``inside`` of a procedure it is a
    statement of the procedure's own; a procedure itself ends with its return ``code``.
    """

    command: int
    count: int | None = None
    failed: bool = False
    inside: bool = False
    code: int | None = None


@dataclass(frozen=True)
class Waiting:
    """The statement waits (for a lock, WAITFOR, ``slow_by``): ask for the next step a moment later."""


Result = Rows | Count | Info | Failure
Step = Result | Done | Waiting
Steps = Generator[Step, None, None]


@dataclass
class Variable:
    """A local variable or a parameter: type and value."""

    type: SqlType
    value: Value = None


class ConnectionLost(ConnectionError):
    """The connection between client and server broke: what happened to the batch, the client can't know."""

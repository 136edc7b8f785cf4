"""An embedded SQL Server: T-SQL over sqlite, with logins, permissions, locks and SQL Server's own errors."""

from __future__ import annotations

from .axdb import axdb
from .catalog import Column, Table
from .engine import Database, Login, SqlServer
from .errors import SqlError
from .session import Count, Failure, Info, Result, Rows, Session, Variable, Waiting, execute_waiting
from .types import SqlType

__all__ = [
    "Column",
    "Count",
    "Database",
    "Failure",
    "Info",
    "Login",
    "Result",
    "Rows",
    "Session",
    "SqlError",
    "SqlServer",
    "SqlType",
    "Table",
    "Variable",
    "Waiting",
    "axdb",
    "execute_waiting",
]

"""An embedded SQL Server: T-SQL over sqlite, with logins, permissions, locks and SQL Server's own errors."""

from __future__ import annotations

from .axdb import axdb
from .catalog import Column, Table
from .engine import Backup, Database, Login, SqlServer
from .errors import SqlError
from .results import ConnectionLost, Count, Done, Failure, Info, Result, Rows, Variable, Waiting
from .session import Session, execute_waiting
from .types import SqlType

__all__ = [
    "Backup",
    "Column",
    "ConnectionLost",
    "Count",
    "Database",
    "Done",
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

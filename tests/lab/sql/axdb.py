"""AXDB, the database of a Dynamics 365 finance and operations environment, as far as the collection touches it."""

from __future__ import annotations

from .catalog import Column, Table
from .engine import Database, SqlServer
from .types import INT, SqlType

# The column names are Microsoft's own; types and lengths are not published and are a guess. There is no key on PARM.
SQLSYSTEMVARIABLES = Table(
    "dbo",
    "SQLSYSTEMVARIABLES",
    (
        Column("PARM", SqlType("nvarchar", 60), nullable=False),
        Column("VALUE", SqlType("nvarchar", 255)),
        Column("IPARM", INT),
        Column("IVALUE", INT),
    ),
)


def axdb(server: SqlServer, name: str = "AXDB") -> Database:
    """Add the database with a system that is not in maintenance mode. Logins and rights are the caller's to add."""
    database = server.add_database(name)
    database.create_table(SQLSYSTEMVARIABLES)
    database.insert(
        "SQLSYSTEMVARIABLES",
        ("CONFIGURATIONMODE", "0", 20, None),
        ("RUNDATAUPGRADE", "1", 20, None),
        ("SHADOWCOPYSIZE", "0", 20, None),
        ("SYSTABVERSION", "161", 20, None),
    )
    return database

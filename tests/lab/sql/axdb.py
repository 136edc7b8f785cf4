"""AXDB, the database of a Dynamics 365 finance and operations environment, as far as the collection touches it."""

from __future__ import annotations

from functools import lru_cache

from .catalog import Column, Table
from .engine import Database, SqlServer
from .types import INT, SqlType

VALUE_TYPE = SqlType("nvarchar", 255)


@lru_cache
def sqlsystemvariables(value_type: SqlType = VALUE_TYPE, value_collation: str = "") -> Table:
    """The table SQLSYSTEMVARIABLES with a VALUE column of that type and collation.

    The column names are Microsoft's own; types and lengths are not published and are a guess. There is no key on PARM.
    """
    return Table(
        "dbo",
        "SQLSYSTEMVARIABLES",
        (
            Column("PARM", SqlType("nvarchar", 60), nullable=False, collation=value_collation),
            Column("VALUE", value_type, collation=value_collation),
            Column("IPARM", INT),
            Column("IVALUE", INT),
        ),
    )


def axdb(server: SqlServer, name: str = "AXDB", *, value_type: SqlType = VALUE_TYPE, collation: str = "") -> Database:
    """Add the database with a system that is not in maintenance mode. Logins and rights are the caller's to add.

    ``value_type`` is the type of the VALUE column, ``collation`` that of the table's texts (the database's if blank).
    As Microsoft's databases do, it has row versions: set ``read_committed_snapshot`` to False for one without.
    """
    table = sqlsystemvariables(value_type, collation)
    database = server.add_database(name, table, read_committed_snapshot=True)
    database.insert(
        "SQLSYSTEMVARIABLES",
        ("CONFIGURATIONMODE", "0", 20, None),
        ("RUNDATAUPGRADE", "1", 20, None),
        ("SHADOWCOPYSIZE", "0", 20, None),
        ("SYSTABVERSION", "161", 20, None),
    )
    return database

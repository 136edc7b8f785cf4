# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The T-SQL of this collection, one text for every way to the server.

Whole batches without parameters, so that ODBC and sqlcmd.exe send the same thing. What a person wrote (the record)
travels as hexadecimal digits: nothing in it can end a string, be a sqlcmd variable or mean something to cmd.exe.
The batches hold no double quote and no percent sign for the same reason.
"""

from __future__ import annotations

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import PROPERTY, Record

VARIABLE = "CONFIGURATIONMODE"
"""The system variable (Microsoft Learn, "Maintenance mode": DevTest/Demo environments)."""

TABLE = "dbo.SQLSYSTEMVARIABLES"

LOST_UPDATE = 51000
"""Error number of our own THROW: the variable no longer had the value that was read."""

_LOCK_TIMEOUT_MS = 10000
_BEGIN = f"SET NOCOUNT ON; SET LOCK_TIMEOUT {_LOCK_TIMEOUT_MS};"


def read() -> str:
    """Return the batch that reads everything in one round trip: rows of (item, content)."""
    return (
        f"{_BEGIN} "
        f"SELECT N'value' AS item, CAST(VALUE AS nvarchar(60)) AS content FROM {TABLE} WHERE PARM = N'{VARIABLE}' "
        "UNION ALL SELECT N'record', CAST(value AS nvarchar(3500)) FROM sys.extended_properties "
        f"WHERE class = 0 AND name = N'{PROPERTY}' "
        "UNION ALL SELECT N'database', DB_NAME() "
        "UNION ALL SELECT N'login', SUSER_SNAME() "
        f"UNION ALL SELECT N'may_update', CAST(HAS_PERMS_BY_NAME(N'{TABLE}', N'OBJECT', N'UPDATE') AS nvarchar(1)) "
        "UNION ALL SELECT N'may_alter', CAST(HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'ALTER') AS nvarchar(1));"
    )


def write(*, value: tuple[str | None, str] | None, record: tuple[Record | None, Record | None] | None) -> str:
    """Return the batch that changes variable and record in one transaction.

    ``value`` is (as read, to write), the first None where the row is missing and is to be inserted; ``record`` is
    (as read, to write), the second None where it is to be dropped. None instead of a pair leaves that part alone.
    The variable is only written if it still has the value that was read (error ``LOST_UPDATE`` otherwise).
    """
    parts = [_BEGIN, "SET XACT_ABORT ON;"]
    if record and record[1]:
        digits = record[1].text().encode("ascii").hex()
        parts.append(f"DECLARE @record nvarchar(3500) = CAST(0x{digits} AS varchar(3500));")
    parts.append("BEGIN TRANSACTION;")
    if value:
        parts.append(_write_value(*value))
    if record:
        parts.append(_write_record(*record))
    parts.append("COMMIT TRANSACTION;")
    return " ".join(parts)


def _write_value(before: str | None, after: str) -> str:
    if before is None:
        # The columns and the 20 as in Microsoft's own inserts into this table.
        return f"INSERT INTO {TABLE} (PARM, VALUE, IPARM, IVALUE) VALUES (N'{VARIABLE}', N'{after}', 20, NULL);"
    return (
        f"UPDATE {TABLE} SET VALUE = N'{after}' WHERE PARM = N'{VARIABLE}' AND LTRIM(RTRIM(VALUE)) = N'{before}'; "
        f"IF @@ROWCOUNT <> 1 THROW {LOST_UPDATE}, N'{VARIABLE} was changed by somebody else at the same time', 1;"
    )


def _write_record(before: Record | None, after: Record | None) -> str:
    if after is None:
        return f"EXEC sys.sp_dropextendedproperty @name = N'{PROPERTY}';"
    procedure = "sp_updateextendedproperty" if before else "sp_addextendedproperty"
    return f"EXEC sys.{procedure} @name = N'{PROPERTY}', @value = @record;"

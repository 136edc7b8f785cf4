# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
r"""The T-SQL of this collection, one text for every way to the server.

Whole batches without parameters, so that ODBC and sqlcmd.exe send the same thing. They hold no double quote and no
percent sign, and what a person wrote (the record) is JSON whose every special character is escaped (\u and four
digits), with a backtick for JSON's own quotes: nothing in it can end a string, be a sqlcmd variable or mean something
to cmd.exe.
"""

from __future__ import annotations

from hashlib import sha256

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import PROPERTY
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sql_errors import (
    LOCKED,
    RECORD_CHANGED,
    VARIABLE_CHANGED,
)

VARIABLE = "CONFIGURATIONMODE"
"""The system variable (Microsoft Learn, "Maintenance mode": DevTest/Demo environments)."""

TABLE = "dbo.SQLSYSTEMVARIABLES"

END = "end"
"""The item of the last row of every batch: without it the answer was cut off."""

_LOCK_TIMEOUT_MS = 10000
_BEGIN = f"SET NOCOUNT ON; SET LOCK_TIMEOUT {_LOCK_TIMEOUT_MS};"
_WHERE = f"WHERE PARM = N'{VARIABLE}'"
_PROPERTY = f"FROM sys.extended_properties WHERE class = 0 AND name = N'{PROPERTY}'"
_STATE = (
    f"SELECT N'value' AS item, CAST(VALUE AS nvarchar(60)) AS content FROM {TABLE} {_WHERE} "
    f"UNION ALL SELECT N'record', CAST(value AS nvarchar(3750)) {_PROPERTY} "
    "UNION ALL SELECT N'now', CONVERT(nvarchar(30), SYSUTCDATETIME(), 126)"
)
_LAST = f"SELECT N'{END}' AS item, N'1' AS content;"


def read() -> str:
    """Return the batch that reads everything in one round trip: rows of (item, content).

    HAS_PERMS_BY_NAME takes an identifier, so that the name of a database called "a.b" needs QUOTENAME.
    """
    return (
        f"{_BEGIN} {_STATE} "
        "UNION ALL SELECT N'database', DB_NAME() "
        "UNION ALL SELECT N'fork', CAST(recovery_fork_guid AS nvarchar(36)) "
        "FROM sys.database_recovery_status WHERE database_id = DB_ID() "
        "UNION ALL SELECT N'created', CONVERT(nvarchar(30), create_date, 126) "
        "FROM sys.databases WHERE database_id = DB_ID() "
        "UNION ALL SELECT N'login', SUSER_SNAME() "
        f"UNION ALL SELECT N'may_update', CAST(HAS_PERMS_BY_NAME(N'{TABLE}', N'OBJECT', N'UPDATE') AS nvarchar(1)) "
        "UNION ALL SELECT N'may_alter', "
        f"CAST(HAS_PERMS_BY_NAME(QUOTENAME(DB_NAME()), N'DATABASE', N'ALTER') AS nvarchar(1)); {_LAST}"
    )


def write(*, value: tuple[str | None, str] | None = None, record: tuple[str | None, str | None] | None = None) -> str:
    """Return the batch that changes variable and record in one transaction and reads both back.

    ``value`` is (as read, to write), the first None where the row is missing and is to be inserted; ``record`` is the
    texts (as stored, to store), None for no record. None instead of a pair leaves that part alone. Compare and set:
    where one of them is no longer as it was read, nothing is written (errors 51000 to 51002). The application lock
    keeps two runs apart between comparing and setting, which reading alone does not where the database keeps row
    versions (READ_COMMITTED_SNAPSHOT), as an AXDB does.
    """
    declared = f", @record nvarchar(3750) = {_text(record[1])}" if record and record[1] else ""
    parts = [
        f"{_BEGIN} SET XACT_ABORT ON; DECLARE @lock int{declared}; BEGIN TRANSACTION;",
        (
            f"EXEC @lock = sys.sp_getapplock @Resource = N'{PROPERTY}', @LockMode = N'Exclusive', "
            f"@LockTimeout = {_LOCK_TIMEOUT_MS}; IF @lock < 0 THROW {LOCKED}, N'another run is writing the record', 1;"
        ),
    ]
    if record:
        parts.append(_compare_record(record[0]))
    if value:
        parts.append(_write_value(*value))
    if record:
        parts.append(_write_record(*record))
    return " ".join([*parts, "COMMIT TRANSACTION;", f"{_STATE}; {_LAST}"])


def _text(record: str) -> str:
    plain = record.replace('"', "`")
    return f"REPLACE(N'{plain}', NCHAR(96), NCHAR(34))"


def _compare_record(before: str | None) -> str:
    if before is None:
        condition = f"EXISTS (SELECT 1 {_PROPERTY})"
    else:
        digest = sha256(before.encode("utf-16-le")).hexdigest()
        same = f"HASHBYTES('SHA2_256', CAST(value AS nvarchar(3750))) = 0x{digest}"
        condition = f"NOT EXISTS (SELECT 1 {_PROPERTY} AND {same})"
    return f"IF {condition} THROW {RECORD_CHANGED}, N'the record was changed at the same time', 1;"


def _write_value(before: str | None, after: str) -> str:
    changed = f"THROW {VARIABLE_CHANGED}, N'{VARIABLE} was changed at the same time', 1;"
    if before is None:
        # The columns and the 20 as in Microsoft's own inserts into this table.
        return (
            f"IF EXISTS (SELECT 1 FROM {TABLE} {_WHERE}) {changed} "
            f"INSERT INTO {TABLE} (PARM, VALUE, IPARM, IVALUE) VALUES (N'{VARIABLE}', N'{after}', 20, NULL);"
        )
    same = f"{_WHERE} AND LTRIM(RTRIM(VALUE)) = N'{before}'"
    if before == after:
        return f"IF NOT EXISTS (SELECT 1 FROM {TABLE} {same}) {changed}"
    return f"UPDATE {TABLE} SET VALUE = N'{after}' {same}; IF @@ROWCOUNT <> 1 {changed}"


def _write_record(before: str | None, after: str | None) -> str:
    if after is None:
        return f"EXEC sys.sp_dropextendedproperty @name = N'{PROPERTY}';" if before is not None else ""
    procedure = "sp_updateextendedproperty" if before is not None else "sp_addextendedproperty"
    return f"EXEC sys.{procedure} @name = N'{PROPERTY}', @value = @record;"

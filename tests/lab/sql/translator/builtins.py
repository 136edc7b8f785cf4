"""The built-in functions that are alike: sqlite's name for each, its type, how many arguments it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .. import types
from ..types import INT, SMALLINT, SqlType


@dataclass(frozen=True)
class Function:
    """``argument`` is what each argument is converted to first."""

    sql: str
    type: SqlType
    least: int = 0
    most: int = 0
    argument: SqlType | None = None


ANY_TEXT = SqlType("nvarchar", 4000)
FUNCTIONS: Mapping[str, Function] = {
    "DB_NAME": Function("t_db_name", types.SYSNAME, 0, 1, INT),
    "DB_ID": Function("t_db_id", SMALLINT, 0, 1, ANY_TEXT),
    "SUSER_SNAME": Function("t_login", types.SYSNAME),
    "SUSER_NAME": Function("t_login", types.SYSNAME),
    "ORIGINAL_LOGIN": Function("t_login", types.SYSNAME),
    "USER_NAME": Function("t_user", types.SYSNAME),
    "HOST_NAME": Function("t_host", types.SYSNAME),
    "APP_NAME": Function("t_application", types.SYSNAME),
    "SERVERPROPERTY": Function("t_server_property", types.VARIANT, 1, 1, ANY_TEXT),
    "HAS_PERMS_BY_NAME": Function("t_has_permission", INT, 3, 3, ANY_TEXT),
    "HAS_DBACCESS": Function("t_has_access", INT, 1, 1, ANY_TEXT),
    "OBJECT_ID": Function("t_object_id", INT, 1, 2, ANY_TEXT),
    "QUOTENAME": Function("t_quotename", SqlType("nvarchar", 258), 1, 2, ANY_TEXT),
    "XACT_STATE": Function("t_xact_state", SMALLINT),
    "ERROR_NUMBER": Function("t_error_number", INT),
    "ERROR_MESSAGE": Function("t_error_message", ANY_TEXT),
    "ERROR_SEVERITY": Function("t_error_severity", INT),
    "ERROR_STATE": Function("t_error_state", INT),
    "ERROR_LINE": Function("t_error_line", INT),
    "ERROR_PROCEDURE": Function("t_error_procedure", types.SYSNAME),
    "GETDATE": Function("t_now", types.DATETIME),
    "GETUTCDATE": Function("t_now", types.DATETIME),
    "SYSDATETIME": Function("t_now2", types.DATETIME2),
    "SYSUTCDATETIME": Function("t_now2", types.DATETIME2),
    "NEWID": Function("t_newid", types.UNIQUEIDENTIFIER),
    "CHAR": Function("t_char", SqlType("char", 1), 1, 1, INT),
    "NCHAR": Function("t_nchar", SqlType("nchar", 1), 1, 1, INT),
}
"""Those whose type does not depend on their arguments."""

GLOBALS: Mapping[str, SqlType] = {
    "TRANCOUNT": INT,
    "ROWCOUNT": INT,
    "ERROR": INT,
    "SPID": SMALLINT,
    "SERVERNAME": types.SYSNAME,
    "SERVICENAME": types.SYSNAME,
    "VERSION": SqlType("nvarchar", 300),
    "LANGUAGE": types.SYSNAME,
    "LOCK_TIMEOUT": INT,
    "MAX_PRECISION": types.TINYINT,
    "MICROSOFTVERSION": INT,
}
"""The ``@@`` functions."""

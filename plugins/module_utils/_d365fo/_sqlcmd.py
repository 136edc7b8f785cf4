# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The way to the database by sqlcmd.exe on the Windows host, for a SQL Server that listens only there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sql_errors import SqlFailure, number_of
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._tsql import END
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed, Host

PASSWORD_VARIABLE = "SQLCMDPASSWORD"
"""Environment variable in which sqlcmd looks for the password (Microsoft Learn, "sqlcmd utility")."""

ITEMS = frozenset(("value", "record", "now", "database", "fork", "created", "login", "may_update", "may_alter", END))
"""The first words of the rows that our batches return."""

_NOT_FOUND = re.compile(r"""^[\w ]{0,40}(['"])[^'"\n]*sqlcmd[^'"\n]*\1 """, re.IGNORECASE | re.MULTILINE)

_FORBIDDEN = frozenset('"%^&|<>\r\n')
_GIVEN_TO_CMD = {
    "server": "sql_server",
    "database": "sql_database",
    "user": "sql_login_user",
    "program": "sqlcmd_path",
}


@dataclass(frozen=True)
class SqlcmdOptions:
    """How sqlcmd.exe is called. Time limits in seconds; an empty ``user`` is integrated login."""

    server: str = "."
    database: str = "AXDB"
    user: str = ""
    encrypt: bool = False
    validate_certs: bool = True
    program: str = "sqlcmd.exe"
    connect_timeout: int = 15
    query_timeout: int = 60

    @property
    def limit(self) -> int:
        """Seconds for one call."""
        return self.connect_timeout + self.query_timeout + 10


def command_line(options: SqlcmdOptions, batch: str, *, server: str | None = None, database: str | None = None) -> str:
    """Return the command line that runs ``batch``. The password is never on it.

    ``server`` and ``database`` replace those of the options unchecked (for a variable of cmd.exe).
    Raises ``Failure`` for a value that cmd.exe would read as something else.
    """
    for name, option in _GIVEN_TO_CMD.items():
        if _FORBIDDEN & set(getattr(options, name)):
            raise Invalid(
                option,
                "it contains a quote, a line break or one of % ^ & | < >",
                "Such a name cannot be passed to cmd.exe; use O(via=odbc)",
            )
    words = [f'@"{options.program}"' if " " in options.program else options.program]
    words += ["-S", f'"{server or options.server}"', "-d", f'"{database or options.database}"']
    words += ["-U", f'"{options.user}"'] if options.user else ["-E"]
    if options.encrypt:
        words.append("-N")
    if not options.validate_certs:
        words.append("-C")
    # -b: an error is the exit code; -x: no $(variables); -h -1 -W -w: rows without headings, padding and line breaks.
    words += [f"-l {options.connect_timeout}", f"-t {options.query_timeout}", "-b -x -h -1 -W -w 8000"]
    return " ".join([*words, "-Q", f'"{batch}"'])


def parse_rows(stdout: str) -> list[tuple[str, str]]:
    """Return the (item, content) rows that sqlcmd printed, a row a line; other lines are messages."""
    found = (line.strip().partition(" ") for line in stdout.splitlines())
    return [(item, "" if content == "NULL" else content) for item, _blank, content in found if item in ITEMS]


def messages(text: str) -> str:
    """Return what sqlcmd printed beside the rows: a reason that quotes an error is no error."""
    return "\n".join(line for line in text.splitlines() if line.strip().partition(" ")[0] not in ITEMS)


def checked_rows(completed: Completed, doing: str, where: str, user: str = "") -> list[tuple[str, str]]:
    """Return the rows. Raises ``SqlFailure`` where sqlcmd says that the batch failed, or was cut off.

    The exit code alone does not tell: the newer sqlcmd written in Go ends with 0 after a query time-out and a lost
    connection, so the last row is required.
    """
    rows = parse_rows(completed.stdout)
    if completed.rc == 0 and (END, "1") in rows:
        return rows
    said = messages(f"{completed.stdout}\n{completed.stderr}")
    if not_found(said) or completed.rc == 9009:
        raise Failure(
            doing,
            where,
            "sqlcmd.exe is not on the search path of the host",
            "Give its path (O(sqlcmd_path)), install it, or use O(via=odbc) if the controller reaches the SQL Server",
        )
    raise SqlFailure(doing, f"{where}{f' as {user}' if user else ''}", number_of(said), said, sent=True)


def not_found(said: str) -> bool:
    """Whether cmd.exe says that it knows no such program: it quotes the name, with or without words before it."""
    return bool(_NOT_FOUND.search(said))


class Sqlcmd:
    """Runs batches through sqlcmd.exe on a host."""

    def __init__(self, host: Host, options: SqlcmdOptions) -> None:
        self._host = host
        self._options = options

    def describe(self) -> str:
        return f"database {self._options.database} of SQL Server {self._options.server} at {self._host.name}"

    def query(self, batch: str, doing: str) -> list[tuple[str, str]]:
        options = self._options
        completed = self._host.run(
            command_line(options, batch), doing=doing, limit=options.limit, secret=bool(options.user)
        )
        return checked_rows(completed, doing, self.describe(), options.user)

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What SQL Server's error numbers mean to an operations engineer."""

from __future__ import annotations

import re

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure

DEADLOCK = 1205

_MEANING: dict[int, tuple[str, str]] = {
    208: (
        "this database has no table SQLSYSTEMVARIABLES (error 208)",
        "It is not an AXDB: set sql_database to the database of Dynamics 365 (DataAccess.Database in web.config)",
    ),
    229: (
        "the login has no permission (error 229)",
        "Grant it SELECT and UPDATE on SQLSYSTEMVARIABLES and ALTER on the database, or log in as axdbadmin",
    ),
    911: ("there is no such database (error 911)", "Check sql_database"),
    DEADLOCK: (
        "the transaction was chosen as deadlock victim again and again (error 1205)",
        "Nothing was changed. See what else works on SQLSYSTEMVARIABLES and run again",
    ),
    1222: (
        "another session holds a lock on SQLSYSTEMVARIABLES or on the record (error 1222, lock time-out)",
        "Nothing was changed. Find the blocking session (sys.dm_exec_requests, blocking_session_id) and run again",
    ),
    4060: (
        "the database can't be opened with this login (error 4060): it does not exist, is offline or is not open to it",
        "Check sql_database and the state of the database",
    ),
    15135: (
        "the login may not write an extended property of the database (error 15135)",
        "Grant it ALTER on the database",
    ),
    15233: ("the record was written by another run at the same time (error 15233)", "Run again"),
    15217: ("the record was removed by another run at the same time (error 15217)", "Run again"),
    18452: (
        "SQL Server does not accept integrated login from here (error 18452)",
        "Give sql_login_user and sql_login_password, or run as a domain account that SQL Server knows",
    ),
    18456: (
        "login failed (error 18456)",
        "Check sql_login_user and sql_login_password; with integrated login, whether the account has one",
    ),
    51000: ("the variable was changed by somebody else at the same time", "Nothing was changed. Run again"),
}

# sqlcmd.exe gives no number for an error at login, only the driver's text.
_TEXTS = ((re.compile("Cannot open database", re.IGNORECASE), 4060), (re.compile("Login failed", re.IGNORECASE), 18456))


def number_of(text: str) -> int:
    """Return the error number that a driver's or sqlcmd's text names, 0 where it names none."""
    # "Msg 229, Level 14, State 5, Server X, Line 1": the words are translated, the order is not.
    match = re.search(r"^\S+ (\d+), \S+ \d+, \S+ \d+, ", text, re.MULTILINE)
    if match:
        return int(match[1])
    return next((number for pattern, number in _TEXTS if pattern.search(text)), 0)


class SqlFailure(Failure):
    """SQL Server, or the way to it, refused; ``number`` is its error number or 0."""

    def __init__(self, attempted: str, target: str, number: int, text: str) -> None:
        self.number = number
        answer, remedy = _MEANING.get(number, ("", ""))
        if "ANONYMOUS LOGON" in text:
            answer = "SQL Server saw an anonymous login: the login on the host was not passed on to it"
            remedy = (
                "SQL Server runs on another machine, where a login by NTLM, Basic or a certificate can't be handed on "
                "(double hop). Connect with CredSSP or with Kerberos and delegation, or give a SQL login"
            )
        if not answer:
            answer = _shortened(text) or "no message"
            remedy = "See SQL Server's message" if number else "Check that SQL Server runs and can be reached from here"
        super().__init__(attempted, target, answer, remedy, details={"sql_error": number} if number else None)


def _shortened(text: str) -> str:
    return " ".join(text.split())[:400]

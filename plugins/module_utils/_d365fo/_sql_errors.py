# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What SQL Server's error numbers, and a driver's own complaints, mean to an operations engineer."""

from __future__ import annotations

import re

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure

DEADLOCK = 1205

VARIABLE_CHANGED, RECORD_CHANGED, LOCKED = 51000, 51001, 51002
"""Error numbers of our own THROW: variable or record were not as read, another run was writing."""

CONFLICTS = frozenset({VARIABLE_CHANGED, RECORD_CHANGED, LOCKED, 15233, 15217})
"""Errors that say that somebody else wrote between our reading and our writing."""

_LOGIN = "Check O(sql_login_user) and O(sql_login_password)"

_MEANING: dict[int, tuple[str, str]] = {
    208: (
        "this database has no table SQLSYSTEMVARIABLES (error 208)",
        "This is not an AXDB: set O(sql_database) to the database of Dynamics 365 (DataAccess.Database in web.config)",
    ),
    229: (
        "the login has no permission (error 229)",
        "Grant it SELECT and UPDATE on SQLSYSTEMVARIABLES and ALTER on the database, or log in as axdbadmin",
    ),
    911: ("the database does not exist (error 911)", "Check O(sql_database)"),
    DEADLOCK: (
        "the transaction was repeatedly chosen as the deadlock victim (error 1205)",
        "Nothing was changed. Find out what else is using SQLSYSTEMVARIABLES and run again",
    ),
    1222: (
        "another session holds a lock on SQLSYSTEMVARIABLES or on the record (error 1222, lock time-out)",
        "Nothing was changed. Find the blocking session (sys.dm_exec_requests, blocking_session_id) and run again",
    ),
    4060: (
        "this login cannot open the database (error 4060): it does not exist, is offline, or the login has no access",
        "Check O(sql_database) and the state of the database",
    ),
    15135: (
        "the login may not write an extended property of the database (error 15135)",
        "Grant it ALTER on the database",
    ),
    15233: ("the record was written by another run at the same time (error 15233)", "Run again"),
    15217: ("the record was removed by another run at the same time (error 15217)", "Run again"),
    18452: (
        "SQL Server does not accept integrated login from here (error 18452)",
        "Set O(sql_login_user) and O(sql_login_password), or run as a domain account that SQL Server knows",
    ),
    18456: (
        "login failed (error 18456)",
        (
            f"{_LOGIN}; with integrated login, whether the account has a login. Some drivers give the same message for "
            "a database that does not exist or that the login cannot open: check O(sql_database) too"
        ),
    ),
    18470: ("the login is disabled (error 18470)", "Enable the login, or use another one"),
    18486: ("the login is locked out (error 18486)", "Unlock the login, or use another one"),
    18487: ("the password of the login has expired (error 18487)", "Change the password of the login"),
    18488: ("the password of the login must be changed (error 18488)", "Change the password of the login"),
    VARIABLE_CHANGED: ("CONFIGURATIONMODE was changed by somebody else at the same time", "Run again"),
    RECORD_CHANGED: ("the record was written by another run at the same time", "Run again"),
    LOCKED: ("another run kept the record locked", "Run again"),
}

_REACH = "Check O(sql_server), and that SQL Server is running and can be reached from there"

# What a driver says where SQL Server itself gave no number: (pattern, remedy).
_TEXTS = (
    (
        re.compile("certificate|SSL Provider|SSL routines|TLS", re.IGNORECASE),
        (
            "Set the certificate authority and the name in the server's certificate (O(sql_ca_path), "
            "O(sql_hostname_in_certificate)); O(sql_validate_certs=false) skips the verification"
        ),
    ),
    (
        re.compile("login timeout|HYT01|network-related|could not open a connection|unable to connect", re.IGNORECASE),
        _REACH,
    ),
    (
        re.compile("HYT00|timeout expired", re.IGNORECASE),
        "SQL Server did not answer in time: find out what blocks it, or raise O(sql_query_timeout), and run again",
    ),
)

# sqlcmd.exe gives no number for an error at login, only the driver's text.
_LOGIN_TEXTS = (
    (re.compile("Cannot open database", re.IGNORECASE), 4060),
    (re.compile("Login failed", re.IGNORECASE), 18456),
)

# "Msg 229, Level 14, State 5, Server X, Line 1": the words are translated, the order is not.
_COMMA = r"\s*[,\u3001\uff0c]\s*"
_HEADING = re.compile(
    rf"^\D{{1,20}}?([0-9]{{1,9}}){_COMMA}\D{{1,20}}?[0-9]+{_COMMA}\D{{1,20}}?[0-9]+{_COMMA}", re.MULTILINE
)


def number_of(text: str) -> int:
    """Return the error number that sqlcmd's messages name, 0 where they name none. ``text`` holds no rows."""
    if numbers := [int(match[1]) for match in _HEADING.finditer(text)]:
        # A database that cannot be opened comes with a failed login, before it or behind it.
        return 4060 if 4060 in numbers else numbers[0]
    return next((number for pattern, number in _LOGIN_TEXTS if pattern.search(text)), 0)


class SqlFailure(Failure):
    """SQL Server, or the way to it, refused; ``number`` is its error number, 0 where SQL Server itself gave none.

    ``unsaid`` is what to do where ``text`` does not tell what is wrong.
    ``unknown`` says that a batch may have been carried out all the same: the answer was lost, or did not come in time.
    """

    def __init__(
        self, attempted: str, target: str, number: int, text: str, *, sent: bool = False, unsaid: str = ""
    ) -> None:
        self.number = number
        self.unknown = sent and not number
        answer, remedy = _MEANING.get(number, ("", ""))
        if "ANONYMOUS LOGON" in text:
            answer = "SQL Server received an anonymous login: the login on the host was not passed on to it"
            remedy = (
                "SQL Server runs on another machine, to which a login with NTLM, Basic or a certificate cannot be "
                "passed on (double hop). Connect with CredSSP or with Kerberos and delegation, or use a SQL login"
            )
        if not answer:
            answer = _shortened(text) or "no answer"
            remedy = "See SQL Server's message" if number else _remedy(text, unsaid or _REACH)
        super().__init__(attempted, target, answer, remedy, details={"sql_error": number} if number else None)


def _remedy(text: str, otherwise: str) -> str:
    remedy = next((remedy for pattern, remedy in _TEXTS if pattern.search(text)), _REACH)
    return otherwise if remedy == _REACH else remedy


def _shortened(text: str) -> str:
    return " ".join(text.split())[:400]

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The way to the database by pyodbc: driver, encryption and its verification.

Microsoft's driver verifies by itself. FreeTDS verifies nothing when it is addressed with SERVER= in the connection
string, not even with encryption required; only a freetds.conf makes it look at the certificate, so it gets one.
"""

from __future__ import annotations

import os
import re
import ssl
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sql_errors import SqlFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._tsql import END
from ansible_collections.quiesce.maintenance.plugins.module_utils._deadline import TooLong, within
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure

try:
    import pyodbc
except ImportError:
    pyodbc = None

_PREFERRED = ("ODBC Driver 18 for SQL Server", "ODBC Driver 17 for SQL Server", "FreeTDS")
_SYSTEM_CAS = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu
    "/etc/pki/tls/certs/ca-bundle.crt",  # Red Hat: execution environments are built on UBI
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # Alpine
)
# Errors of FreeTDS: read or write failed, unexpected end, dead connection; and the SQLSTATE of a broken connection.
_BROKEN = re.compile(r"08S01|\((20004|20006|20017|20047)\)")
_MARGIN = 5.0
"""Seconds that the driver may take beyond its own limit for a query, which a server that drips outlives."""

_UNSAID = (
    "Check O(sql_server), and that SQL Server is running and can be reached from there. FreeTDS gives the same message "
    "for a certificate that cannot be verified: check O(sql_ca_path), and that the certificate is for O(sql_server)"
)


@dataclass(frozen=True)
class OdbcOptions:
    """How the database is reached. Time limits in seconds; an empty ``user`` is integrated login."""

    server: str
    database: str = "AXDB"
    port: int = 1433
    user: str = ""
    password: str = field(default="", repr=False)
    driver: str = ""
    encrypt: bool = True
    validate_certs: bool = True
    ca_path: str = ""
    hostname_in_certificate: str = ""
    connect_timeout: int = 15
    query_timeout: int = 60


def find_driver(wanted: str, installed: list[str]) -> str:
    """Return the driver to use: the wanted one (a name or a file), else the first known one that is installed."""
    if wanted:
        if wanted in installed or Path(wanted).is_file():
            return wanted
        found = f"it is neither a file nor one of the installed drivers ({', '.join(installed) or 'none'})"
    else:
        for name in _PREFERRED:
            if name in installed:
                return name
        found = f"no driver for SQL Server is installed (installed: {', '.join(installed) or 'none'})"
    raise Failure(
        f"use the ODBC driver {wanted}" if wanted else "find an ODBC driver",
        "the controller",
        found,
        "Install msodbcsql18 or tdsodbc there, give the driver's file as O(odbc_driver), or use O(via=sqlcmd)",
    )


def family(driver: str) -> str:
    """Return "microsoft" or "freetds". Raises ``Failure`` for a driver whose way of verifying is not known here."""
    name = Path(driver).name.lower()
    if "msodbcsql" in name or name.startswith("odbc driver 1"):
        return "microsoft"
    if "tds" in name:
        return "freetds"
    raise Failure(
        "connect verified",
        driver,
        "it is neither Microsoft's driver nor FreeTDS, and how to make it verify a certificate is not known",
        "Use one of these drivers",
    )


def connection_string(options: OdbcOptions, driver: str, kind: str) -> str:
    """Return the ODBC connection string; with FreeTDS the server's address stands in freetds.conf."""
    parts = {"DRIVER": driver, "DATABASE": options.database, "APP": "quiesce.maintenance"}
    if kind == "microsoft":
        parts["SERVER"] = f"tcp:{options.server},{options.port}"
        parts["Encrypt"] = "yes" if options.encrypt else "no"
        parts["TrustServerCertificate"] = "no" if options.validate_certs else "yes"
        parts["ConnectRetryCount"] = "0"
        if options.hostname_in_certificate:
            parts["HostnameInCertificate"] = options.hostname_in_certificate
    else:
        parts["SERVERNAME"] = "quiesce"
    if options.user:
        parts.update(UID=options.user, PWD=options.password)
    else:
        parts["Trusted_Connection"] = "yes"
    quote = _quoted if kind == "microsoft" else _quoted_for_freetds
    return "".join(f"{name}={quote(value)};" for name, value in parts.items())


def _quoted(value: str) -> str:
    """In braces any character stands for itself, a closing brace doubled (ODBC, "Connection string syntax")."""
    return f"{{{value.replace('}', '}}')}}}"


def _quoted_for_freetds(value: str) -> str:
    """FreeTDS does not know a doubled brace (seen with 1.3.17), so a value with one stands without braces."""
    if "}" not in value:
        return f"{{{value}}}"
    if ";" in value or value[0] == "{" or value != value.strip():
        raise Failure(
            "log in to SQL Server",
            "FreeTDS",
            "it cannot take a password with a closing brace together with a semicolon, a leading brace or outer blanks",
            "Use Microsoft's ODBC driver, or another password",
        )
    return value


def freetds_conf(options: OdbcOptions) -> str:
    """Return a freetds.conf that makes FreeTDS encrypt and verify. Raises ``Failure`` where it could not verify."""
    lines = [
        "[quiesce]",
        f"host = {options.server}",
        f"port = {options.port}",
        "tds version = 7.4",
        "client charset = UTF-8",
        f"connect timeout = {options.connect_timeout}",
        f"timeout = {options.query_timeout}",
        f"encryption = {'require' if options.encrypt else 'off'}",
    ]
    if options.encrypt and options.validate_certs:
        if options.hostname_in_certificate:
            raise Failure(
                "verify the server's certificate by another name",
                options.server,
                "FreeTDS compares the certificate only with the server name",
                "Address the server by the name in its certificate, or use Microsoft's driver",
            )
        lines += [f"ca file = {options.ca_path or system_cas()}", "check certificate hostname = yes"]
    return "\n".join(lines) + "\n"


def system_cas() -> str:
    """Return the file that holds the authorities that this machine trusts. Raises ``Failure`` where there is none."""
    named = ssl.get_default_verify_paths().cafile
    for path in filter(None, (os.environ.get("SSL_CERT_FILE"), *_SYSTEM_CAS, named)):
        if Path(path).is_file():
            return path
    raise Failure(
        "verify the certificate of SQL Server",
        "the controller",
        f"FreeTDS requires a file of trusted authorities, and there is none at {', '.join(_SYSTEM_CAS)}",
        "Give O(sql_ca_path), or use Microsoft's ODBC driver",
    )


@contextmanager
def _variables(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for a while: libraries in C look there, and nothing else of the task may see it."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def connect(options: OdbcOptions) -> Iterator[Odbc]:
    """Open a connection for the time of a ``with``. Raises ``Failure`` or ``SqlFailure``."""
    if pyodbc is None:
        raise Failure(
            "reach SQL Server by ODBC",
            "the controller",
            "pyodbc is not installed in its Python",
            "Install pyodbc there, or use O(via=sqlcmd)",
        )
    driver = find_driver(options.driver, pyodbc.drivers())
    kind = family(driver)
    where = f"database {options.database} of SQL Server {options.server},{options.port}"
    odbc = Odbc(lambda: _open(options, driver, kind, where), where, options.user, options.query_timeout + _MARGIN)
    try:
        odbc.open()
        yield odbc
    finally:
        odbc.close()


def _open(options: OdbcOptions, driver: str, kind: str, where: str) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        variables = {}
        if kind == "freetds":
            conf = Path(folder, "freetds.conf")
            conf.write_text(freetds_conf(options), encoding="utf-8")
            variables["FREETDSCONF"] = str(conf)
        if options.ca_path:
            # Microsoft's driver verifies by OpenSSL, which takes its authorities from here.
            variables["SSL_CERT_FILE"] = options.ca_path
        with _variables(variables):
            try:
                connection = within(
                    # The driver's own limit ends with the login, behind which pyodbc asks the server for its types.
                    options.connect_timeout + options.query_timeout,
                    lambda: pyodbc.connect(
                        connection_string(options, driver, kind), autocommit=True, timeout=options.connect_timeout
                    ),
                )
                connection.timeout = options.query_timeout
                return connection
            except TooLong as error:
                raise SqlFailure("connect", _as(where, options.user), 0, f"timed out, {error}") from None
            except pyodbc.Error as error:
                unsaid = _UNSAID if kind == "freetds" and options.encrypt and options.validate_certs else ""
                raise _failure("connect", _as(where, options.user), error, unsaid=unsaid) from None


class Odbc:
    """Runs batches on one connection; after one that broke, ``opened`` opens another."""

    def __init__(self, opened: Callable[[], Any], where: str, user: str, limit: float) -> None:
        self._opened = opened
        self._connection: Any = None
        self._where = where
        self._user = user
        self._limit = limit

    def open(self) -> Any:
        """Return the connection, opened if need be. Raises ``Failure`` or ``SqlFailure``."""
        if self._connection is None:
            self._connection = self._opened()
        return self._connection

    def close(self) -> None:
        """Close the connection, if there is one. One that broke can't be closed any more."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(pyodbc.Error):
                connection.close()

    def describe(self) -> str:
        return self._where

    def query(self, batch: str, doing: str) -> list[tuple[str, str]]:
        connection = self.open()
        try:
            rows = within(self._limit, lambda: _rows(connection, batch))
        except TooLong as error:
            self._connection = None  # still in use, so it can't be closed
            raise SqlFailure(doing, _as(self._where, self._user), 0, f"timeout expired: {error}", sent=True) from None
        except pyodbc.Error as error:
            failure = _failure(doing, _as(self._where, self._user), error, sent=True)
            if not failure.number:
                self.close()
            raise failure from None
        if (END, "1") not in rows:
            raise SqlFailure(doing, _as(self._where, self._user), 0, "the answer was cut off", sent=True)
        return rows


def _rows(connection: Any, batch: str) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    cursor = connection.cursor()
    cursor.execute(batch)
    more = True
    while more:
        if cursor.description:
            rows += [(str(item), "" if content is None else str(content)) for item, content in cursor.fetchall()]
        more = cursor.nextset()  # an error of a later statement is raised here
    return rows


def _as(where: str, user: str) -> str:
    return f"{where} as {user}" if user else where


def _failure(doing: str, where: str, error: Any, *, unsaid: str = "", sent: bool = False) -> SqlFailure:
    """Translate a driver's error. Its text names the native number in brackets: "... (208) (SQLExecDirectW)".

    ``unsaid`` is what to do where neither SQL Server nor the driver says what is wrong.
    """
    text = str(error.args[-1]) if error.args else str(error)
    number = native_number(text)
    if sent and not number and _BROKEN.search(text):
        text = f"the connection broke: {text}"
    return SqlFailure(doing, where, number, text, sent=sent, unsaid=unsaid)


def native_number(text: str) -> int:
    """Return SQL Server's own number in a driver's message, 0 where the driver speaks for itself.

    The number, not the SQLSTATE, tells errors apart: the drivers disagree on the latter. Of several the one that says
    more counts: 4060 (the database) before 18456 (the login), which SQL Server sends after it.
    """
    # A driver's messages follow each other; each ends with the number, the first with the ODBC function behind it.
    numbers = []
    for message in re.split(r"; (?=\[)", text):
        match = re.search(r"\[SQL Server\].*\((\d{1,9})\)(?: \(\w+\))?$", message.strip(), re.DOTALL | re.ASCII)
        # From 20000 on FreeTDS counts its own errors (20009: no connection), where SQL Server has those of replication.
        if match and not ("[FreeTDS]" in message and 20000 <= int(match[1]) < 21000):
            numbers.append(int(match[1]))
    return 4060 if 4060 in numbers else next(iter(numbers), 0)

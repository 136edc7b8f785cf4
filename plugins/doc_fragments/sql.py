# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the options by which Dynamics 365 modules reach the database."""

from __future__ import annotations


class ModuleDocFragment:
    """SQL Server by sqlcmd.exe on the host; ``ODBC`` adds the way by pyodbc."""

    DOCUMENTATION = r"""
options:
  sql_server:
    description:
      - SQL Server of the AXDB, as seen from where it is asked.
      - V(.) is the default instance on the host itself.
    type: str
  sql_database:
    description: Name of the AXDB database.
    type: str
  sql_login_user:
    description:
      - SQL login. Where it is not given, integrated login is used.
      - Needs C(SELECT) and C(UPDATE) on C(SQLSYSTEMVARIABLES) and C(ALTER) on the database (for the record, an
        extended property of the database); C(axdbadmin) has them.
    type: str
  sql_login_password:
    description:
      - Password of O(sql_login_user). For C(sqlcmd.exe) it travels in the environment variable E(SQLCMDPASSWORD) of
        the WinRM shell, never on a command line.
      - C(psrp) and C(ssh) connections have no safe place for it and refuse it.
    type: str
  sql_encrypt:
    description:
      - Whether the connection to SQL Server is encrypted. By default it is by ODBC; by C(sqlcmd.exe), which normally
        talks to the host itself, what its own version does by default.
    type: bool
  sql_validate_certs:
    description: Whether the certificate of SQL Server is verified.
    type: bool
    default: true
  sql_connect_timeout:
    description: Seconds to wait for the login.
    type: int
    default: 15
  sql_query_timeout:
    description: Seconds to wait for a query.
    type: int
    default: 60
  sqlcmd_path:
    description: The program C(sqlcmd.exe) on the host, where it is not on the path.
    type: path
    default: sqlcmd.exe
"""

    ODBC = r"""
options:
  via:
    description:
      - How the database is reached. V(sqlcmd) runs C(sqlcmd.exe) on the Windows host of the task. V(odbc) uses pyodbc
        where the task runs - on the controller or a jump host by C(delegate_to).
    type: str
    choices: [odbc, sqlcmd]
    default: sqlcmd
  sql_server:
    description:
      - SQL Server of the AXDB, as seen from where it is asked. Required with O(via=odbc), V(.) by default with
        O(via=sqlcmd).
  sql_database:
    description: Name of the AXDB database, V(AXDB) by default.
  sql_port:
    description: TCP port of SQL Server, for O(via=odbc).
    type: int
    default: 1433
  sql_ca_path:
    description:
      - PEM file of the certificate authorities to trust for SQL Server, in place of the system's, for O(via=odbc).
    type: path
  sql_hostname_in_certificate:
    description:
      - Name that the certificate is expected to hold, where it differs from O(sql_server), for O(via=odbc). Microsoft's
        driver only; FreeTDS can't do it and the task is refused.
    type: str
  odbc_driver:
    description:
      - ODBC driver, by name or by file, for O(via=odbc). By default the first of C(ODBC Driver 18 for SQL Server),
        C(ODBC Driver 17 for SQL Server) and C(FreeTDS) that is installed.
    type: str
requirements:
  - pyodbc and an ODBC driver for SQL Server where the task runs, for O(via=odbc)
  - C(sqlcmd.exe) on the host, for O(via=sqlcmd)
"""

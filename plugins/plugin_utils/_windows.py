# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The action plugins that act on a Windows host, and those that reach its database in one of two ways."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractContextManager
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._arguments import sqlcmd_options
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._mode import Sql
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._quoting import spellings
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sqlcmd import PASSWORD_VARIABLE, Sqlcmd
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Host
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._remote import open_host


class WindowsAction(MaintenanceAction):
    """An action plugin that runs commands on the task's Windows host."""

    def environment(self, params: dict[str, Any]) -> dict[str, str]:
        """Return what the shell's environment has to hold: a SQL password, where sqlcmd.exe looks for it."""
        password = params.get("sql_login_password")
        return {PASSWORD_VARIABLE: password} if password else {}

    def secrets(self, params: dict[str, Any]) -> list[str]:
        """Return how the SQL password may look in what a program prints."""
        return spellings(params.get("sql_login_password") or "")

    def host(self, params: dict[str, Any]) -> AbstractContextManager[Host]:
        """Open the task's host."""
        return open_host(
            self._connection,
            name=self.name,
            environment=self.environment(params),
            secrets=self.secrets(params),
            way=params["run_by"],
            become=bool(self._play_context.become),
        )


class DatabaseAction(WindowsAction):
    """An action plugin that reaches the database by sqlcmd.exe itself and by ODBC through the module of its name."""

    @abstractmethod
    def work_on(self, sql: Sql, params: dict[str, Any]) -> dict[str, Any]:
        """Do the task's work on an open way to the database."""

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        if params["via"] == "sqlcmd":
            with self.host(params) as host:
                return self.work_on(Sqlcmd(host, sqlcmd_options(params)), params)
        if getattr(self._connection._shell, "_IS_WINDOWS", False) or self._connection.transport in ("winrm", "psrp"):
            raise Failure(
                "run Python with pyodbc",
                self.name,
                "it is a Windows host",
                "Add delegate_to: localhost (or a jump host that reaches the SQL Server), or use via: sqlcmd",
            )
        result: dict[str, Any] = self._execute_module(module_args=self._task.args, task_vars=self.task_vars)
        return result

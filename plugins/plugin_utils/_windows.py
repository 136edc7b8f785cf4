# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The base of the action plugins that act on a Windows host of Dynamics 365, and on its database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from types import MappingProxyType
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._cmd import spellings
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _odbc, _setup_tool
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._arguments import (
    OPTIONS,
    odbc_options,
    sqlcmd_options,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._database import Database
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sqlcmd import PASSWORD_VARIABLE, Sqlcmd
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Host
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._remote import open_host

_REPLACED = MappingProxyType(
    {
        "cluster": "An on-premises environment is one inventory host: give it the addresses of its nodes as O(nodes)",
        "sql_delegate": "With O(via=odbc) the controller connects; remove the option, or use O(via=sqlcmd)",
    }
)


class WindowsAction(MaintenanceAction):
    """An action plugin that runs commands on the task's Windows host."""

    variables = "d365fo_"
    own = frozenset({"status", "before_restart", "after_restart"}) | OPTIONS
    replaced = _REPLACED

    def environment(self, params: dict[str, Any]) -> dict[str, str]:
        """Return the SQL password where sqlcmd.exe and the setup tool look for it."""
        password = params.get("sql_login_password") or ""
        return {PASSWORD_VARIABLE: password, **_setup_tool.environment(password)} if password else {}

    @contextmanager
    def host(self, params: dict[str, Any]) -> Iterator[Host]:
        """Open the task's host, or the first of its nodes that answers."""
        with open_host(
            self._connection,
            name=self.name,
            run=self.new_run(),
            addresses=params.get("nodes") or (),
            environment=self.environment(params),
            secrets=spellings(params.get("sql_login_password") or ""),
            way=params["run_by"],
            become=bool(self._play_context.become),
        ) as host:
            yield host


@contextmanager
def odbc_database(params: dict[str, Any]) -> Iterator[Database | None]:
    """Open the database by ODBC for the time of a ``with``, if the task says so."""
    with _odbc.connect(odbc_options(params)) if params["via"] == "odbc" else nullcontext() as sql:
        yield Database(sql) if sql else None


@contextmanager
def database_of(action: WindowsAction, params: dict[str, Any]) -> Iterator[Database]:
    """Open the task's database, by ODBC from here or by sqlcmd.exe on the host."""
    with ExitStack() as opened:
        odbc = opened.enter_context(odbc_database(params))
        yield odbc or Database(Sqlcmd(opened.enter_context(action.host(params)), sqlcmd_options(params)))

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at a Finance + Operations host in one remote command."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _method, _services, _status
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._arguments import (
    host_arguments,
    sqlcmd_arguments,
    sqlcmd_options,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings, Question, look
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._mode import read, reading_from
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._script import ScriptOptions, look_at, sql_of
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sqlcmd import Sqlcmd, SqlcmdOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Host
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._windows import WindowsAction


def argument_spec() -> dict[str, Any]:
    """Return the options."""
    return {
        "web_root": {"type": "str"},
        "packages_directory": {"type": "str"},
        "services": {"type": "list", "elements": "str", "default": list(_services.FO_SERVICES)},
        "ask_sql": {"type": "bool", "default": True},
        "configuration_mode": {"type": "dict"},
        "method": {"type": "str", "choices": list(_method.METHODS), "default": _method.AUTO},
        "script": {"type": "str"},
        "template": {"type": "str"},
        "system": {"type": "str"},
        **host_arguments(),
        **sqlcmd_arguments(),
    }


class ActionModule(WindowsAction):
    """The face of ``_discovery``, and on-premises of ``_script``."""

    argument_spec = staticmethod(argument_spec)

    def environment(self, params: dict[str, Any]) -> dict[str, str]:
        """The password is needed only where the host itself asks the database."""
        return super().environment(params) if _asks_sql(params) else {}

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Ask the host everything at once."""
        elsewhere = params["configuration_mode"]
        sql = sqlcmd_options(params, server="", database="") if _asks_sql(params) else None
        with self.host(params) as host:
            findings = _node(host, params, sql) if params["script"] else _one_box(host, params, sql)
        if elsewhere:
            findings = replace(findings, configuration_mode=reading_from(elsewhere, self.name))
        method = _method.choose(params["method"], findings.kind, script=bool(params["script"]))
        return {
            "changed": False,
            **findings.result(),
            "method": method,
            "refusals": _status.refusals(findings, method),
            "amiss": _status.services_amiss(findings),
            "status": _status.status_row(params["system"] or self.name, findings, datetime.now(timezone.utc)),
        }


def _asks_sql(params: dict[str, Any]) -> bool:
    return bool(params["ask_sql"] and not params["configuration_mode"])


def _one_box(host: Host, params: dict[str, Any], sql: SqlcmdOptions | None) -> Findings:
    """Look at a development machine or VHD: one command."""
    question = Question(
        services=params["services"],
        web_root=params["web_root"] or "",
        packages_directory=params["packages_directory"] or "",
        sql=sql,
    )
    return look(host, question)


def _node(host: Host, params: dict[str, Any], sql: SqlcmdOptions | None) -> Findings:
    """Look at a node of an on-premises cluster: script and template, then the database that the template names."""
    options = ScriptOptions(params["script"], params["template"] or "")
    node = look_at(host, options)
    findings = Findings(
        settings={"DataAccess.DbServer": node.template.sql_server, "DataAccess.Database": node.template.database},
        elevated=node.elevated,
        template=node.template,
    )
    if sql is None:
        return findings
    try:
        return replace(findings, configuration_mode=read(Sqlcmd(host, sql_of(sql, node.template))))
    except Failure as failure:
        return replace(findings, sql_failure=str(failure))

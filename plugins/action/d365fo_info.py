# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at a Finance + Operations host in one remote command."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _discovery, _services, _status
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._arguments import (
    host_arguments,
    sqlcmd_arguments,
    sqlcmd_options,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._mode import reading_from
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._windows import WindowsAction


def argument_spec() -> dict[str, Any]:
    """Return the options."""
    return {
        "web_root": {"type": "str"},
        "packages_directory": {"type": "str"},
        "services": {"type": "list", "elements": "str", "default": list(_services.FO_SERVICES)},
        "ask_sql": {"type": "bool", "default": True},
        "configuration_mode": {"type": "dict"},
        **host_arguments(),
        **sqlcmd_arguments(),
    }


class ActionModule(WindowsAction):
    """The face of ``_discovery``."""

    argument_spec = staticmethod(argument_spec)

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Ask the host everything at once."""
        elsewhere = params["configuration_mode"]
        sql = sqlcmd_options(params, server="", database="") if params["ask_sql"] and not elsewhere else None
        question = _discovery.Question(
            services=params["services"],
            web_root=params["web_root"] or "",
            packages_directory=params["packages_directory"] or "",
            sql=sql,
        )
        with self.host(params) as host:
            completed = host.run(
                _discovery.command_line(question),
                doing="look at the host",
                limit=60 + (params["sql_connect_timeout"] + params["sql_query_timeout"] if sql else 0),
            )
        findings = _discovery.parse(completed, question)
        if elsewhere:
            findings = replace(findings, configuration_mode=reading_from(elsewhere, self.name))
        return {
            "changed": False,
            **findings.result(),
            "refusals": _status.refusals(findings),
            "amiss": _status.services_amiss(findings),
            "status": _status.status_row(self.name, findings, datetime.now(timezone.utc)),
        }

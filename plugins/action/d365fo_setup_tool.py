# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set maintenance mode by Microsoft's setup tool."""

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _setup_tool
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._arguments import (
    host_arguments,
    sqlcmd_arguments,
    sqlcmd_options,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Question
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._mode import reading_from
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._setup_tool import SetupTool, ToolOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import carry_out
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._windows import WindowsAction


def argument_spec() -> dict[str, Any]:
    """Return the options."""
    return {
        "state": {"type": "str", "choices": ["enabled", "disabled", "synchronized"], "required": True},
        "setup_tool": {"type": "str"},
        "web_root": {"type": "str"},
        "packages_directory": {"type": "str"},
        "arguments": {"type": "dict", "default": {}},
        "timeout": {"type": "int", "default": 900},
        "configuration_mode": {"type": "dict"},
        **host_arguments(),
        **sqlcmd_arguments(),
    }


class ActionModule(WindowsAction):
    """The face of ``SetupTool``."""

    argument_spec = staticmethod(argument_spec)

    def environment(self, params: dict[str, Any]) -> dict[str, str]:
        """The password goes to the tool and to sqlcmd.exe."""
        return super().environment(params) | _setup_tool.environment(params["sql_login_password"] or "")

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Run the tool where that is needed."""
        given = params["configuration_mode"]
        elsewhere = reading_from(given, self.name) if given else None
        sql = sqlcmd_options(params, server="", database="")
        question = Question(
            services=(),
            web_root=params["web_root"] or "",
            packages_directory=params["packages_directory"] or "",
            sql=None if elsewhere else sql,
        )
        options = ToolOptions(
            tool=params["setup_tool"] or "",
            # Where the database is reached from elsewhere the server's name from there is not the host's.
            server="" if elsewhere else sql.server,
            database=sql.database,
            user=params["sql_login_user"] or "",
            password=params["sql_login_password"] or "",
            arguments=_setup_tool.arguments_from(params["arguments"]),
            limit=params["timeout"],
        )
        with self.host(params) as host:
            tool = SetupTool(host, question, options, params["state"], tell=self.tell, elsewhere=elsewhere)
            if params["state"] == "synchronized":
                output = tool.synchronise(check_mode=self.check_mode)
                return {"changed": True, "output": output}
            outcome = carry_out(tool, check_mode=self.check_mode)
        return {
            "changed": outcome.changed,
            "mode_before": outcome.plan.before["configuration_mode"],
            "mode_after": outcome.plan.after["configuration_mode"],
            "output": tool.output,
            "diff": outcome.plan.diff,
        }

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set maintenance mode by Microsoft's script."""

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._arguments import (
    host_arguments,
    sqlcmd_arguments,
    sqlcmd_options,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._mode import reading_from
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._script import (
    MaintenanceScript,
    ScriptOptions,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import carry_out
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._windows import WindowsAction


def argument_spec() -> dict[str, Any]:
    """Return the options."""
    return {
        "state": {"type": "str", "choices": ["enabled", "disabled"], "required": True},
        "script": {"type": "str", "required": True},
        "template": {"type": "str"},
        "execution_policy": {"type": "str", "choices": ["AllSigned", "Bypass", "RemoteSigned", "Unrestricted"]},
        "force": {"type": "bool", "default": False},
        "timeout": {"type": "int", "default": 3600},
        "configuration_mode": {"type": "dict"},
        **host_arguments(),
        **sqlcmd_arguments(),
    }


class ActionModule(WindowsAction):
    """The face of ``MaintenanceScript``."""

    argument_spec = staticmethod(argument_spec)

    def environment(self, params: dict[str, Any]) -> dict[str, str]:
        """The password is needed only where the node itself asks the database."""
        return {} if params["configuration_mode"] else super().environment(params)

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Run the script where that is needed."""
        options = ScriptOptions(
            script=params["script"],
            template=params["template"] or "",
            execution_policy=params["execution_policy"] or "",
            limit=params["timeout"],
        )
        options.check()
        sql = sqlcmd_options(params, server="", database="")
        given = params["configuration_mode"]
        elsewhere = reading_from(given, self.name) if given else None
        with self.host(params) as host:
            script = MaintenanceScript(
                host, options, sql, params["state"], force=params["force"], tell=self.tell, elsewhere=elsewhere
            )
            outcome = carry_out(script, check_mode=self.check_mode)
        return {
            "changed": outcome.changed,
            "mode_before": outcome.plan.before["configuration_mode"],
            "mode_after": outcome.plan.after["configuration_mode"],
            "template": script.look.template.result() if script.look else None,
            "output": script.output,
            "diff": outcome.plan.diff,
        }

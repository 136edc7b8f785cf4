# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stop, start and restart services of a Windows host."""

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._arguments import host_arguments
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._service_control import ServiceControl
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import Services
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Patience, carry_out
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._windows import WindowsAction


def argument_spec() -> dict[str, Any]:
    """Return the options."""
    return {
        "names": {"type": "list", "elements": "str", "required": True},
        "state": {"type": "str", "choices": ["started", "stopped", "restarted"], "required": True},
        "timeout": {"type": "int", "default": 300},
        "kill_hung": {"type": "bool", "default": False},
        **host_arguments(),
    }


class ActionModule(WindowsAction):
    """The face of ``ServiceControl``."""

    argument_spec = staticmethod(argument_spec)

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Bring the services to the wished state."""
        with self.host(params) as host:
            control = ServiceControl(
                host,
                params["names"],
                params["state"],
                limit=params["timeout"],
                kill_hung=params["kill_hung"],
                tell=self.tell,
            )
            patience = Patience(limit=params["timeout"], tell=self.tell)
            outcome = carry_out(control, check_mode=self.check_mode, patience=patience)
        return {
            "changed": outcome.changed,
            "before": _shown(outcome.before),
            "after": _shown(outcome.after),
            "diff": outcome.plan.diff,
        }


def _shown(services: Services) -> dict[str, Any]:
    return {name: service.result() for name, service in services.items()}

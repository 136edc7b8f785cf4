# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _arguments
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._service_control import (
    ServiceControl,
    ServiceStates,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import Service, check_names
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Patience, carry_out
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import seconds
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._windows import WindowsAction


class ActionModule(WindowsAction):
    """The face of ``ServiceStates``."""

    argument_spec = staticmethod(_arguments.services_spec)

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Bring the services to the state that is asked for."""
        check_names(params["names"])
        limit = seconds(params, "service_timeout")
        run = self.new_run()
        with self.host(params) as host:
            control = ServiceControl(host, run, limit, params["kill_hung"])
            system = ServiceStates(control, params["names"], params["state"])
            outcome = carry_out(system, check_mode=self.check_mode, patience=Patience(limit, run=run))
        return {
            "changed": outcome.changed,
            "before": _shown(outcome.before),
            "after": _shown(outcome.after),
            "diff": outcome.plan.diff,
        }


def _shown(services: dict[str, Service]) -> dict[str, Any]:
    return {name: service.result() for name, service in services.items()}

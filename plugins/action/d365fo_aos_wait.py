# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until an AOS answers over HTTPS, or all AOS instances of a cluster are ready."""

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._aos import Aos
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._arguments import (
    cluster_arguments,
    cluster_options,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._cluster import Cluster, out_of_reach
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Patience, System, carry_out
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction


def argument_spec() -> dict[str, Any]:
    """Return the options."""
    return {
        "url": {"type": "str"},
        "former_instances": {"type": "list", "elements": "str", "default": []},
        "timeout": {"type": "int", "default": 900},
        "interval": {"type": "int", "default": 5},
        "accept": {"type": "list", "elements": "int", "default": [200, 302]},
        **cluster_arguments(),
    }


class ActionModule(MaintenanceAction):
    """The face of ``Aos`` and ``Cluster``."""

    argument_spec = staticmethod(argument_spec)

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Wait and say what was missing at first."""
        system = self._system(params)
        patience = Patience(limit=params["timeout"], interval=params["interval"], tell=self.tell)
        outcome = carry_out(system, check_mode=self.check_mode, patience=patience)
        missing = outcome.plan.pending
        ready = not missing or not self.check_mode
        return {"changed": False, "ready": ready, "said": "; ".join(missing)}

    def _system(self, params: dict[str, Any]) -> System[Any, None]:
        """Return what to ask: the cluster, or the address where there is none or it can't be reached."""
        if not (params["url"] or params["cluster_url"]):
            raise Failure("wait for the AOS", self.name, "neither url nor cluster_url is given", "Give one of them")
        if params["cluster_url"]:
            cluster = Cluster(cluster_options(params), params["former_instances"], survive=params["timeout"])
            try:
                cluster.read()
                return cluster
            except Failure as failure:
                if not (out_of_reach(failure) and params["url"]):
                    raise
                self.tell(f"{failure} Asking {params['url']} instead, which shows one AOS, not all")
        return Aos(params["url"], params["accept"], params["validate_certs"], params["ca_path"])

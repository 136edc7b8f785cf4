# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until an AOS answers over HTTPS."""

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._aos import Aos
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Patience, carry_out
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction


def argument_spec() -> dict[str, Any]:
    """Return the options."""
    return {
        "url": {"type": "str", "required": True},
        "timeout": {"type": "int", "default": 900},
        "interval": {"type": "int", "default": 5},
        "accept": {"type": "list", "elements": "int", "default": [200, 302]},
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
    }


class ActionModule(MaintenanceAction):
    """The face of ``Aos``."""

    argument_spec = staticmethod(argument_spec)

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Wait and say what the AOS answered."""
        aos = Aos(params["url"], params["accept"], params["validate_certs"], params["ca_path"])
        patience = Patience(limit=params["timeout"], interval=params["interval"], tell=self.tell)
        outcome = carry_out(aos, check_mode=self.check_mode, patience=patience)
        return {"changed": False, "ready": not outcome.after, "said": outcome.before}

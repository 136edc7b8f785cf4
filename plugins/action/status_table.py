# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print the status rows as a table."""

from __future__ import annotations

from typing import Any

from ansible.utils.display import Display
from ansible_collections.quiesce.maintenance.plugins.module_utils._table import render
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction

_display = Display()


def argument_spec() -> dict[str, Any]:
    """Return the options."""
    return {
        "rows": {"type": "list", "elements": "dict", "required": True},
        "silent": {"type": "list", "elements": "str", "default": []},
    }


class ActionModule(MaintenanceAction):
    """The face of ``_table``."""

    argument_spec = staticmethod(argument_spec)

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Print the table."""
        table = render(params["rows"], params["silent"])
        _display.display("\n".join(["", *table, ""]))
        return {"changed": False, "table": table}

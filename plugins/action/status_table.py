# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print the status rows as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.utils.display import Display
from ansible_collections.quiesce.maintenance.plugins.module_utils._table import render
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction, plain

_display = Display()


def argument_spec() -> dict[str, Any]:
    """Return the options."""
    return {
        "rows": {"type": "list", "elements": "dict", "default": []},
        "facts": {"type": "list", "elements": "str", "default": []},
        "silent": {"type": "list", "elements": "str", "default": []},
    }


def rows_of(fact: Any) -> list[dict[str, Any]]:
    """Return the rows in a fact: a list of them, or a result that has one as ``status``."""
    if isinstance(fact, Mapping):
        return [dict(fact["status"])] if isinstance(fact.get("status"), Mapping) else []
    return [dict(row) for row in fact] if isinstance(fact, (list, tuple)) else []


class ActionModule(MaintenanceAction):
    """The face of ``_table``."""

    argument_spec = staticmethod(argument_spec)

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Print the table."""
        rows, silent = list(params["rows"]), list(params["silent"])
        for host in self.task_vars["ansible_play_hosts_all"] if params["facts"] else ():
            # Nothing but these facts is looked at: whatever else a host has for variables may be broken, or costly.
            known = self.task_vars["hostvars"][host]
            found = [row for name in params["facts"] if name in known for row in rows_of(plain(known[name]))]
            rows += found
            silent += [] if found else [str(host)]
        table = render(rows, silent)
        _display.display("\n".join(["", *table, ""]))
        return {"changed": False, "table": table}

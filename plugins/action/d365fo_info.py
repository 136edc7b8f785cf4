# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _arguments
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import look
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._windows import WindowsAction


class ActionModule(WindowsAction):
    """The face of ``_discovery``."""

    argument_spec = staticmethod(_arguments.info_spec)

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Ask the host everything at once."""
        question = _arguments.question({**params, "via": "sqlcmd" if params["ask_sql"] else "none"})
        with self.host(params) as host:
            return {"changed": False, **look(host, question).result()}

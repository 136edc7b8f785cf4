# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _arguments, _by_hand
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._look import Way
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._windows import WindowsAction


class ActionModule(WindowsAction):
    """The face of ``_by_hand.synchronise``."""

    argument_spec = staticmethod(_arguments.sync_spec)

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Synchronise."""
        options = _arguments.tool_options(params)
        question = _arguments.question({**params, "via": "none"})
        with self.host(params) as host:
            output = _by_hand.synchronise(Way(host, question), options, check_mode=self.check_mode)
        return {"changed": True, "output": output}

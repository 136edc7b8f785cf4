# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _arguments, _by_hand
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._look import Way
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import carry_out
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._windows import WindowsAction, odbc_database


class ActionModule(WindowsAction):
    """The face of ``_by_hand.by_script``."""

    argument_spec = staticmethod(_arguments.script_spec)

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Run the script where the variable differs."""
        options = _arguments.script_options(params)
        question = _arguments.question(params)
        with odbc_database(params) as odbc, self.host(params) as host:
            script = _by_hand.by_script(Way(host, question, options, odbc), params["state"])
            outcome = carry_out(script, check_mode=self.check_mode)
        template = script.findings.template
        return {**_by_hand.result(outcome, script.output), "template": template.result() if template else None}

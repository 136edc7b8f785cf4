# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs import _options
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._switch import switch_mode
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._lcs import LcsAction


class ActionModule(LcsAction):
    """The face of ``_switch``."""

    @staticmethod
    def argument_spec() -> dict[str, Any]:
        """Return the options."""
        return _options.MODE

    def judge(self, params: dict[str, Any]) -> None:
        """Refuse ids or a session that cannot be used, and a call without consent, too."""
        super().judge(params)
        _options.open_portal(params, _options.place(params), self.new_run())

    def ask(self, params: dict[str, Any]) -> dict[str, Any]:
        """Switch, and watch the servicing operation to its end."""
        run = self.new_run(params["owner"] or self.owner())
        with self.store(params) as store:
            system = _options.open_system(params, store, run, check_mode=self.check_mode)
            return switch_mode(system, fail_unwatched=params["on_session_over"] == "fail")

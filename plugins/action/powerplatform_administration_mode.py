# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform import _options
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._switch import switch_mode
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._powerplatform import PowerPlatformAction


class ActionModule(PowerPlatformAction):
    """The face of ``switch_mode``."""

    @staticmethod
    def argument_spec() -> dict[str, Any]:
        """Return the options."""
        return _options.MODE

    def judge(self, params: dict[str, Any]) -> None:
        """Refuse an address or a login that cannot be used, too."""
        super().judge(params)
        _options.limits(params)
        _options.open_access(params, self.new_run())

    def ask(self, params: dict[str, Any]) -> dict[str, Any]:
        """Switch, and wait until the environment shows it."""
        run = self.new_run(params["owner"] or self.owner())
        with self.store(params) as store:
            return switch_mode(params, store, check_mode=self.check_mode, run=run)

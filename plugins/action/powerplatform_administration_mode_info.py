# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform import _options
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._switch import inform
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._powerplatform import PowerPlatformAction


class ActionModule(PowerPlatformAction):
    """The face of ``inform``."""

    @staticmethod
    def argument_spec() -> dict[str, Any]:
        """Return the options."""
        return _options.MODE_INFO

    def ask(self, params: dict[str, Any]) -> dict[str, Any]:
        """Look at the environment."""
        with self.store(params) as store:
            return inform(params, store, self.new_run())

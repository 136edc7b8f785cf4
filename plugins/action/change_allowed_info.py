# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar import _options
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._ask import ask
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction


class ActionModule(MaintenanceAction):
    """The face of ``ask``."""

    rules = _options.RULES
    free_text = MaintenanceAction.free_text | {"why"}

    @staticmethod
    def argument_spec() -> dict[str, Any]:
        """Return the options."""
        return _options.OPTIONS

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Ask the calendars."""
        return ask(params, tuple(self.folders()), datetime.now(timezone.utc), self.tell)

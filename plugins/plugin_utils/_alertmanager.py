# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The base of the action plugins that ask an Alertmanager, from the controller, whatever host the task is for."""

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager import _options
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._status import KIND
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._system import SystemAction


class AlertmanagerAction(SystemAction):
    """An action plugin that asks in ``ask``; a failure has a row, too."""

    kind = KIND
    variables = "alertmanager_"
    own = frozenset({"status", *_options.SILENCE})
    rules = _options.RULES

    def called(self, params: dict[str, Any]) -> str:
        """Return the system that is silenced."""
        return params["system"] or self.name

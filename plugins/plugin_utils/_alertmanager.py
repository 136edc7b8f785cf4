# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The base of the action plugins that ask an Alertmanager, from the controller, whatever host the task is for."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager import _options
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._status import KIND
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import unknown_row
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction


class AlertmanagerAction(MaintenanceAction):
    """An action plugin that asks in ``ask``; a failure has a row, too."""

    variables = "alertmanager_"
    own = frozenset({"status", *_options.SILENCE})
    rules = _options.RULES

    @abstractmethod
    def ask(self, params: dict[str, Any]) -> dict[str, Any]:
        """Do what the task asks and return its result. Raises ``Failure``."""

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Ask the Alertmanager."""
        try:
            return self.ask(params)
        except Failure as failure:
            failure.details.setdefault("status", unknown_row(params["system"] or self.name, KIND, str(failure)))
            raise

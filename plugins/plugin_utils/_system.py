# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The base of the action plugins that ask one system, from the controller, whatever host the task is for."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import unknown_row
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction


class SystemAction(MaintenanceAction):
    """An action plugin that asks in ``ask``; the system's row is called after the host of the task, and a failure has
    one, too."""

    kind: str

    @abstractmethod
    def ask(self, params: dict[str, Any]) -> dict[str, Any]:
        """Do what the task asks and return its result. Raises ``Failure``."""

    def called(self, params: dict[str, Any]) -> str:
        """Return what the system is called in its row."""
        return self.name

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Ask the system."""
        try:
            result = self.ask(params)
        except Failure as failure:
            failure.details.setdefault("status", unknown_row("", self.kind, str(failure)))
            self._name(failure.details, params)
            raise
        self._name(result, params)
        return result

    def _name(self, result: dict[str, Any], params: dict[str, Any]) -> None:
        if row := result.get("status"):
            row["system"] = self.called(params)

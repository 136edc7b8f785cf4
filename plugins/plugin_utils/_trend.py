# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The base of the action plugins that ask a Trend manager, from the controller, whatever host the task is for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import unknown_row
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import FileStore, file_name
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend import _options, _status
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._store import open_store


class TrendAction(MaintenanceAction):
    """An action plugin that asks in ``ask``; a failure has rows, too."""

    variables = "trend_"
    own = _options.OWN | frozenset(_options.MODE)
    rules = _options.RULES

    @abstractmethod
    def ask(self, params: dict[str, Any]) -> dict[str, Any]:
        """Do what the task asks and return its result. Raises ``Failure``."""

    @contextmanager
    def store(self, params: dict[str, Any]) -> Iterator[FileStore]:
        """Open the file with the records of the manager's computers."""
        with open_store(self, params, file_name("trend", params["url"])) as store:
            yield store

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Ask the manager."""
        try:
            return self.ask(params)
        except Failure as failure:
            failure.details.setdefault("status", [unknown_row(self.name, _status.KIND, str(failure))])
            raise

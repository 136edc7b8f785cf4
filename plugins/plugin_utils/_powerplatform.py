# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The base of the action plugins that ask the Power Platform, from the controller, whatever host the task is for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform import _options
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._status import KIND
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import FileStore, file_name
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._store import open_store
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._system import SystemAction


class PowerPlatformAction(SystemAction):
    """An action plugin that asks in ``ask``; the environment's row is called after the host of the task, and a failure
    has one, too."""

    kind = KIND
    variables = "powerplatform_"
    own = frozenset({"status", *_options.MODE})
    rules = _options.RULES
    free_text = SystemAction.free_text | {"warnings", "errors", "not_read", "history", "pending"}

    @contextmanager
    def store(self, params: dict[str, Any]) -> Iterator[FileStore]:
        """Open the file with the records of the cloud's environments."""
        with open_store(self, params, file_name("powerplatform", _options.read_endpoints(params).home)) as store:
            yield store

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The base of the action plugins that ask a Launch server, from the controller, whatever host the task is for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._launch import _options
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._status import KIND
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import FileStore, file_name
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._store import open_store
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._system import SystemAction


class LaunchAction(SystemAction):
    """An action plugin that asks in ``ask``; the server's row is called after the host of the task, and a failure has
    one, too."""

    kind = KIND
    variables = "launch_"
    own = frozenset({"status", *_options.MODE})
    rules = _options.RULES

    @contextmanager
    def store(self, params: dict[str, Any]) -> Iterator[FileStore]:
        """Open the file with the record of the server."""
        with open_store(self, params, file_name("launch", params["url"])) as store:
            yield store

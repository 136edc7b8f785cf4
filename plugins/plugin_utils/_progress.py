# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""An action that runs the module of its own name and meanwhile shows the lines that the module writes.

The module stays an ordinary one: it does the whole work wherever the task runs, so that ``delegate_to``, check mode,
``async`` and masking of secrets are Ansible's own. Only where it runs on the controller (connection local) and as the
same user is there a file that the action can follow; elsewhere, and under ``async``, the module works in silence.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.quiesce.maintenance.plugins.module_utils._progress import FILE_NAME

# Seconds between two looks at the file.
_LOOK_EVERY = 0.25


class ProgressAction(ActionBase):
    """Base of such actions; it needs nothing more than a name."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module; return its result."""
        super().run(tmp, task_vars)
        in_background = bool(self._task.async_val)
        if in_background or self._connection.transport != "local" or self._connection.become:
            return dict(self._execute_module(task_vars=task_vars, wrap_async=in_background))
        folder = self._make_tmp_path()  # Ansible removes it after the task
        over = threading.Event()
        follower = threading.Thread(target=_follow, args=(Path(folder, FILE_NAME), over), daemon=True)
        follower.start()
        try:
            return dict(self._execute_module(task_vars=task_vars))
        finally:
            over.set()
            follower.join()


def _follow(path: Path, over: threading.Event) -> None:
    """Show what is added to the file until ``over``."""
    display = Display()
    shown = 0
    last = False
    while not last:
        last = over.wait(_LOOK_EVERY)
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            continue  # nothing to say yet
        whole = text[: text.rfind("\n") + 1]
        for line in whole[shown:].splitlines():
            display.display(line)
        shown = len(whole)

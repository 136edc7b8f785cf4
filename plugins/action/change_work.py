# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from typing import Any, ClassVar

from ansible.errors import AnsibleError
from ansible.utils.display import Display
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window._child_playbook import (
    ChildPlaybook,
    end_with,
)
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._task_file import found


class ActionModule(MaintenanceAction):
    """The face of ``_child_playbook``; or asks a person."""

    rules: ClassVar[dict[str, Any]] = {
        "mutually_exclusive": [("playbook", "prompt")],
        "required_one_of": [("playbook", "prompt")],
    }

    @staticmethod
    def argument_spec() -> dict[str, Any]:
        """Return the options."""
        return {
            "playbook": {"type": "str"},
            "prompt": {"type": "str"},
            "hosts": {"type": "list", "elements": "str", "default": []},
            "window": {"type": "dict", "default": {}},
        }

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Run the playbook, or wait until a person says that the work is done."""
        if params["playbook"]:
            path = found(self, params["playbook"])
            name = str(path) if path.exists() else params["playbook"]  # else it is in a collection
            ChildPlaybook(self, params["hosts"], {"window": params["window"]}).run(name)
            return {"changed": True}
        if self.check_mode:
            return {"changed": False, "msg": "Nobody is asked in check mode."}
        end_with(os.getppid())()  # else a run whose terminal was closed would leave this process behind for ever
        try:
            Display().prompt_until(f"{params['prompt']}:\r")
        except AnsibleError as error:
            # Of Ctrl+C, and of a terminal that is gone or was given to another program.
            why = str(error) or "it was interrupted"
            raise Failure("wait for the work of a person", "", why, "Do what is left, in a new window") from error
        return {"changed": False, "msg": "The work is done."}

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._window_options import STORE, WINDOW
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window import _sweep, _way_in, _way_out
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window._step import WindowStep

STEPS = {
    "opened": _way_in.opened,
    "cancelled": _way_in.cancelled,
    "ready": _way_in.ready,
    "worked": _way_out.worked,
    "closed": _way_out.closed,
    "swept": _sweep.swept,
    "extended": _sweep.extended,
}


class ActionModule(WindowStep):
    """The face of the steps of a change window."""

    @staticmethod
    def argument_spec() -> dict[str, Any]:
        """Return the options."""
        return {
            "state": {"type": "str", "choices": list(STEPS), "required": True},
            **{name: option for name, option in WINDOW.items() if name != "all_windows"},
            **STORE,
            "evidence": {"type": "str"},
            "calendars": {"type": "raw"},
            "freeze_calendars": {"type": "raw"},
            "timezone": {"type": "str"},
            "override": {"type": "str"},
            "extend": {"type": "str"},
            "ca_path": {"type": "path"},
        }

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Do what the step of the window asks for."""
        self.begin(params)
        return STEPS[params["state"]](self)

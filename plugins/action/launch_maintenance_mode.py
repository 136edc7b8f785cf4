# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn the maintenance mode of an HCL Launch server on or off, and wait until nothing runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._connection import seconds
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._activity import Activity, summary
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._options import ACTIVITY_INFO, doubt
from ansible_collections.quiesce.maintenance.plugins.modules.launch_maintenance_mode import argument_spec
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction, plain

Result = dict[str, Any]

# A module can't show progress while it runs, so it waits for a server that restarts in portions of this many seconds.
_PORTION = 5.0


class ActionModule(MaintenanceAction):
    """Lets the modules ask and write, on the host of the task; here it is waited, and told for what."""

    argument_spec = staticmethod(argument_spec)

    def work(self, params: dict[str, Any]) -> Result:
        """Switch; then, to drain, look until nothing runs or the limit is reached."""
        arguments = plain(self._task.args)
        result = self._patiently("launch_maintenance_mode", arguments, params)
        if result.get("failed") or result.get("drained") is not False or self.check_mode:
            return result
        return self._drain(result, arguments, params)

    def _drain(self, result: Result, arguments: Mapping[str, Any], params: Mapping[str, Any]) -> Result:
        limit, interval = seconds(params, "drain_limit"), seconds(params, "drain_interval")
        question = {name: value for name, value in arguments.items() if name in ACTIVITY_INFO}
        users: list[str | None] = []
        began = time.monotonic()
        while activities := [Activity(**row) for row in result["activities"]]:
            users += [activity.user for activity in activities]
            waited = time.monotonic() - began
            result["waited"] = round(waited)
            if waited >= limit:
                return self._undrained(result, activities, arguments, params, limit)
            self.tell(f"draining {params['url']}, {waited:.0f} s of {limit:.0f} s: {summary(activities)}")
            time.sleep(min(interval, max(limit - waited, 0.05)))
            look = self._patiently("launch_activity_info", question, params)
            if look.get("failed"):
                look["msg"] = f"Maintenance mode is on, but what still runs can't be told: {look['msg']}"
                return {**result, **look, "changed": result["changed"]}
            result["activities"] = look["activities"]
        result.update(drained=True, waited=round(time.monotonic() - began))
        if warning := doubt(params, result["account"], users):
            result["warnings"] = [warning]
        return result

    def _undrained(
        self,
        result: Result,
        activities: list[Activity],
        arguments: Mapping[str, Any],
        params: Mapping[str, Any],
        limit: float,
    ) -> Result:
        """Do what on_undrained says."""
        left = f"{params['url']} is not idle after {limit:.0f} s: {summary(activities)}."
        if any(activity.waits_for for activity in activities):
            left += " A manual task may be answered in maintenance mode, too."
        if params["on_undrained"] == "continue":
            return {**result, "warnings": [f"{left} Going on all the same, as on_undrained: continue says."]}
        result["failed"] = True
        if params["on_undrained"] == "fail":
            result["msg"] = f"{left} Maintenance mode stays on; run again to go on waiting, or raise drain_limit."
        elif not result["changed"]:
            result["rolled_back"] = False
            result["msg"] = f"{left} Maintenance mode was on before this task and stays on."
        else:
            back = self._patiently("launch_maintenance_mode", {**arguments, "state": "disabled"}, params)
            result["rolled_back"] = not back.get("failed")
            if back.get("failed"):
                result["msg"] = f"{left} Turning maintenance mode off again failed: {back['msg']}"
            else:
                result |= {"maintenance_mode": False, "changed": False, "diff": {"before": {}, "after": {}}}
                result["msg"] = f"{left} Maintenance mode has been turned off again."
        return result

    def _patiently(self, module: str, arguments: Mapping[str, Any], params: Mapping[str, Any]) -> Result:
        """Run a module; as long as the server is unavailable, again, up to retry_limit, with a line each time."""
        limit = seconds(params, "retry_limit")
        began = time.monotonic()
        changed = False
        while True:
            left = limit - (time.monotonic() - began)
            portion = {**arguments, "retry_limit": f"{max(min(left, _PORTION), 0):.0f}s"}
            result: Result = self._execute_module(
                module_name=f"quiesce.maintenance.{module}", module_args=portion, task_vars=self.task_vars
            )
            result["changed"] = changed = changed or bool(result.get("changed"))
            waited = time.monotonic() - began
            if not result.pop("unavailable", False) or waited >= limit:
                return result
            self.tell(f"waiting for {params['url']}, {waited:.0f} s of {limit:.0f} s: {result['msg']}")
            # A module gives up at once where the server asks for a pause longer than a portion: no tight loop.
            time.sleep(min(1.0, limit - waited))

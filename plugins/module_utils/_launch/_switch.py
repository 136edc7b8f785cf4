# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What launch_maintenance_mode does: switch, drain, and turn back where that is wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._connection import seconds
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._activity import read_activity, summary
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._drain import Drained, drain
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._mode import MaintenanceMode
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._options import doubt, open_server
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._status import status_row
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Patience, carry_out
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run

Result = dict[str, Any]


def switch_mode(params: Mapping[str, Any], *, check_mode: bool, tell: Callable[[str], None]) -> Result:
    """Turn maintenance mode on or off; with ``drain``, wait until no process runs (in check mode, look once).

    Returns the module's result. The details of a Failure hold ``changed``, at the limit the whole result.
    """
    enable = params["state"] == "enabled"
    interface = params["activity_api"]
    patience = Patience(seconds(params, "drain_limit"), seconds(params, "drain_interval"), Run(tell=tell))
    # Who ends maintenance mode has often just restarted the server; who begins it hasn't.
    server = open_server(params, patient=not enable, tell=tell)
    system = MaintenanceMode(server, enable, params["field"], params["read_path"], params["write_path"])
    drained: Drained | None = None
    try:
        # Who can't be told what runs should not begin.
        activities = read_activity(server, interface) if enable and params["drain"] else None
        outcome = carry_out(system, check_mode=check_mode)
        if activities is not None:
            if system.written:
                activities = read_activity(server, interface)
            drained = drain(server, interface, activities, Patience() if check_mode else patience)
    except Failure as failure:
        failure.details["changed"] = system.written
        raise
    left = drained.activities if drained else []
    result: Result = {
        "changed": outcome.changed,
        "diff": outcome.plan.diff,
        "field": outcome.before.field,
        "maintenance_mode": enable,
        "status": status_row(server.client.target, outcome.after.on, left),
        "warnings": [],
    }
    if drained:
        result |= {
            "activities": [activity.row for activity in left],
            "drained": not left,
            "waited": round(drained.waited),
        }
        if not left:
            result["warnings"] = doubt(params, server.user, drained.users)
        elif not check_mode:
            _undrained(params, system, result, drained)
    return result


def _undrained(params: Mapping[str, Any], system: MaintenanceMode, result: Result, drained: Drained) -> None:
    """Do what on_undrained says about processes that still run at the limit: warn, or raise Failure."""
    left = f"{summary(drained.activities)}."
    if any(activity.waits_for for activity in drained.activities):
        left += " A manual task can be answered in maintenance mode, too."
    if params["on_undrained"] == "continue":
        result["warnings"] = [f"{system.describe()} is not idle: {left} Going on (on_undrained: continue)."]
        return
    del result["warnings"]
    remedy = "Maintenance mode stays on; run again to go on waiting, or raise drain_limit"
    if params["on_undrained"] == "rollback":
        result["rolled_back"], remedy = _roll_back(system)
        if result["rolled_back"]:
            row = status_row(system.server.client.target, False, drained.activities)
            result |= {"changed": False, "diff": {}, "maintenance_mode": False, "status": row}
    raise Failure(f"drain within {params['drain_limit']}", system.describe(), left, remedy, details=result)


def _roll_back(system: MaintenanceMode) -> tuple[bool, str]:
    """Turn maintenance mode off again if this run turned it on; return whether it did, and what is so now."""
    if not system.written:
        return False, "Maintenance mode was on before this task and stays on"
    try:
        carry_out(replace(system, wanted=False), check_mode=False)
    except Failure as failure:
        return False, f"Maintenance mode is still on, turning it off again failed: {failure}"
    return True, "Maintenance mode has been turned off again"

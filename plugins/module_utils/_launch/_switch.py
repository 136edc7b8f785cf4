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
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import HttpFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._activity import read_activity, summary
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._drain import Drained, drain
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._mode import MaintenanceMode, Mode, Write
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._options import doubt, open_server
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._status import status_row
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Outcome, Patience, carry_out
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run

Result = dict[str, Any]


def switch_mode(params: Mapping[str, Any], *, check_mode: bool, tell: Callable[[str], None]) -> Result:
    """Turn maintenance mode on or off; with ``drain``, wait until no process runs (in check mode, look once).

    Returns the module's result. A Failure says in which state the server is; its details hold ``changed`` and, after
    a write, ``maintenance_mode``, at the limit the whole result.
    """
    enable = params["state"] == "enabled"
    interface = params["activity_api"]
    patience = Patience(seconds(params, "drain_limit"), seconds(params, "drain_interval"), Run(tell=tell))
    # Who ends maintenance mode has often just restarted the server; who begins it hasn't.
    server = open_server(params, patient=not enable, tell=tell)
    system = MaintenanceMode(server, enable, params["field"], params["read_path"], params["write_path"])
    drained: Drained | None = None
    outcome: Outcome[Mode, Write] | None = None
    try:
        # Who can't be told what runs should not begin.
        activities = read_activity(server, interface) if enable and params["drain"] else None
        outcome = carry_out(system, check_mode=check_mode)
        if activities is not None:
            if system.written:
                activities = read_activity(server, interface)
            drained = drain(server, interface, activities, Patience() if check_mode else patience)
    except Failure as failure:
        _say_state(failure, system, outcome, roll_back=enable and params["drain"] and _rolls_back(params))
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
    remedy = "Run again to go on waiting, or raise drain_limit"
    state = f"Maintenance mode is on for {system.describe()} and stays on"
    if _rolls_back(params):
        remedy = "Answer or cancel what runs, or raise drain_limit, and run again"
        result["rolled_back"], result["maintenance_mode"], state = _roll_back(system)
        if result["rolled_back"]:
            row = status_row(system.server.client.target, False, drained.activities)
            result |= {"changed": False, "diff": {}, "status": row}
    failure = Failure(f"drain within {params['drain_limit']}", system.describe(), left, remedy, details=result)
    failure.state = state
    raise failure


def _rolls_back(params: Mapping[str, Any]) -> bool:
    return bool(params["on_undrained"] == "rollback")


def _say_state(
    failure: Failure, system: MaintenanceMode, outcome: Outcome[Mode, Write] | None, *, roll_back: bool
) -> None:
    """Put into ``failure`` in which state it leaves the server, after turning back if ``roll_back``.

    ``outcome`` is what the switch came to, None if it was the switch that failed.
    """
    if not system.sent:
        # Nothing was done; but who wanted the mode on should know if it was on already.
        failure.details["changed"] = False
        if outcome and outcome.after.on:
            failure.details |= {"maintenance_mode": True} | ({"rolled_back": False} if roll_back else {})
            failure.state = f"Maintenance mode was on for {system.describe()} before this task and stays on"
        return
    if roll_back:
        turned_back, on, failure.state = _roll_back(system)
        failure.details |= {"changed": not turned_back, "rolled_back": turned_back, "maintenance_mode": on}
        return
    on = outcome.after.on if outcome else _look(system, failure)
    failure.details |= {"changed": system.written or on in (system.wanted, None), "maintenance_mode": on}
    if on is None:
        failure.state = f"It is not known whether maintenance mode is on for {system.describe()}"
    else:
        failure.state = f"Maintenance mode is {'on' if on else 'off'} for {system.describe()}"


def _look(system: MaintenanceMode, failure: Failure) -> bool | None:
    """Return whether maintenance mode is on after a write that failed, None if the server does not say."""
    # Who gave no answer until the time for that was over would only use it up once more.
    if isinstance(failure, HttpFailure) and failure.status is None:
        return None
    try:
        return system.read().on
    except Failure:
        return None


def _roll_back(system: MaintenanceMode) -> tuple[bool, bool | None, str]:
    """Turn maintenance mode off again if this run turned it on.

    Returns whether it is off again, whether it is on (None: not known), and both in words.
    """
    server = system.describe()
    if not system.sent:
        return False, True, f"Maintenance mode was on for {server} before this task and stays on"
    back = replace(system, wanted=False, sent=False, written=False)
    try:
        carry_out(back, check_mode=False)
    except Failure as failure:
        on = True if system.written and not back.sent else None
        says = f"is on for {server}" if on else f"may still be on for {server}"
        return False, on, f"Maintenance mode {says}: it could not be turned off again. {failure}"
    return True, False, f"Maintenance mode was rolled back on {server}: it is off again"

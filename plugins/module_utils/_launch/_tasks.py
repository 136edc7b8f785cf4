# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What each launch module does with its options: they themselves only document it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._connection import seconds
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._activity import read_activity, summary
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._blackout import (
    MaintenanceBlackout,
    Wish,
    matching,
    parse_blackout,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._drain import Drained, drain
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._mode import MaintenanceMode
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._options import doubt, open_server
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._server import dotted
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Patience, carry_out
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import parse_moment

Result = dict[str, Any]
Tell = Callable[[str], None]


def _now() -> datetime:
    """The time in whole seconds: a server that rounds can't put "now" into the future."""
    return datetime.now(timezone.utc).replace(microsecond=0)


def switch_mode(params: Mapping[str, Any], *, check_mode: bool, tell: Tell) -> Result:
    """Turn maintenance mode on or off; with ``drain``, wait until no process runs (in check mode, look once).

    The details of a Failure hold ``changed``, and what is known of the processes.
    """
    enable = params["state"] == "enabled"
    draining = enable and params["drain"]
    patience = Patience(seconds(params, "drain_limit"), seconds(params, "drain_interval"), tell)
    # Who ends maintenance mode has often just restarted the server; who begins it hasn't.
    server = open_server(params, patient=not enable, tell=tell)
    system = MaintenanceMode(server, enable, params["field"], params["read_path"], params["write_path"])
    try:
        # Who can't be told what runs should not begin.
        activities = read_activity(server, params["activity_api"]) if draining else []
        outcome = carry_out(system, check_mode=check_mode)
        result: Result = {
            "changed": outcome.changed,
            "diff": outcome.plan.diff,
            "field": outcome.before.field,
            "maintenance_mode": enable,
        }
        if draining:
            if system.written:
                activities = read_activity(server, params["activity_api"])
            drained = drain(server, params["activity_api"], activities, Patience() if check_mode else patience)
            result |= {
                "activities": [activity.row for activity in drained.activities],
                "drained": not drained.activities,
                "waited": round(drained.waited),
            }
    except Failure as failure:
        failure.details["changed"] = system.written
        raise
    if not draining:
        return result
    if not drained.activities:
        return {**result, "warnings": doubt(params, server.user, drained.users)}
    return result if check_mode else _undrained(params, system, result, drained)


def _undrained(params: Mapping[str, Any], system: MaintenanceMode, result: Result, drained: Drained) -> Result:
    """Do what on_undrained says about processes that still run at the limit."""
    left = f"{summary(drained.activities)}."
    if any(activity.waits_for for activity in drained.activities):
        left += " A manual task can be answered in maintenance mode, too."
    if params["on_undrained"] == "continue":
        return {**result, "warnings": [f"{system.describe()} is not idle: {left} Going on (on_undrained: continue)."]}
    back = params["on_undrained"] == "rollback" and system.written
    remedy = "Maintenance mode stays on; run again to go on waiting, or raise drain_limit"
    if back:
        try:
            carry_out(replace(system, wanted=False), check_mode=False)
        except Failure as failure:
            back, remedy = False, f"Turning maintenance mode off again failed, too: {failure}"
        else:
            remedy = "Maintenance mode has been turned off again"
    elif params["on_undrained"] == "rollback":
        remedy = "Maintenance mode was on before this task and stays on"
    details = {**result, "rolled_back": back} if params["on_undrained"] == "rollback" else result
    if back:
        details |= {"maintenance_mode": False, "changed": False}
        del details["diff"]
    raise Failure(f"drain within {params['drain_limit']}", system.describe(), left, remedy, details=details)


def mode_info(params: Mapping[str, Any]) -> Result:
    """Tell whether maintenance mode is on, and the server's version."""
    server = open_server(params)
    mode = MaintenanceMode(server, field=params["field"], read_path=params["read_path"]).read()
    version = server.version()
    return {
        "changed": False,
        "field": mode.field,
        "maintenance_mode": mode.on,
        "version": dotted(version).partition(" ")[2] if version else None,
    }


def activity_info(params: Mapping[str, Any]) -> Result:
    """List what runs."""
    server = open_server(params)
    activities = read_activity(server, params["activity_api"])
    return {
        "changed": False,
        "activities": [activity.row for activity in activities],
        "count": len(activities),
        "warnings": [] if activities else doubt(params, server.user, ()),
    }


def set_blackout(params: Mapping[str, Any], *, check_mode: bool) -> Result:
    """Bring a maintenance blackout to the wished state."""
    server = open_server(params)
    now = _now()
    wish = Wish(
        present=params["state"] == "present",
        **{name: params[name] for name in ("id", "start", "end", "name", "recurrence")},
    )
    system = MaintenanceBlackout(server, wish, now, params["start_key"], params["end_key"])
    outcome = carry_out(system, check_mode=check_mode)
    found = matching(outcome.after, wish, now, server.target) if wish.present else None
    return {
        "changed": outcome.changed,
        "diff": outcome.plan.diff,
        "blackout": found.row(now) if found else outcome.plan.after["blackout"],
    }


def blackout_info(params: Mapping[str, Any]) -> Result:
    """List maintenance blackouts, all or those of a period."""
    server = open_server(params)
    now = _now()
    if params["range_start"]:
        try:
            start = parse_moment(params["range_start"], now=now)
            end = parse_moment(params["range_end"], now=now, base=start)
        except ValueError as error:
            raise Failure(
                "list the maintenance blackouts",
                server.target,
                f"the range is not usable: {error}",
                "Correct range_start or range_end",
            ) from None
        entries = server.blackouts_between(round(start.timestamp() * 1000), round(end.timestamp() * 1000))
    else:
        entries = server.blackouts()
    blackouts = [parse_blackout(entry, server.target, params["start_key"], params["end_key"]) for entry in entries]
    blackouts.sort(key=lambda one: one.start)
    return {
        "changed": False,
        "blackouts": [one.row(now) for one in blackouts],
        "in_effect": any(one.in_effect(now) for one in blackouts),
    }

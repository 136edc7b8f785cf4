# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What each launch module does with its options: they themselves only document it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._connection import seconds
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import HttpFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._activity import read_activity
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._blackout import (
    MaintenanceBlackout,
    Wish,
    matching,
    parse_blackout,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._mode import MaintenanceMode
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._options import doubt, open_server
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._server import dotted
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import carry_out
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import parse_moment

Result = dict[str, Any]


def _now() -> datetime:
    """The time in whole seconds: a server that rounds can't put "now" into the future."""
    return datetime.now(timezone.utc).replace(microsecond=0)


def switch_mode(params: Mapping[str, Any], *, check_mode: bool) -> Result:
    """Turn maintenance mode on or off; with ``drain``, look once at what runs. Waiting is the action plugin's part.

    The details of a Failure hold ``changed``, and ``unavailable`` where waiting longer may cure it.
    """
    enable = params["state"] == "enabled"
    for name in ("drain_limit", "drain_interval"):
        seconds(params, name)
    # Who ends maintenance mode has often just restarted the server; who begins it hasn't.
    patient = not enable
    server = open_server(params, patient=patient)
    system = MaintenanceMode(server, enable, params["field"], params["read_path"], params["write_path"])
    draining = enable and params["drain"]
    try:
        # Who can't be told what runs should not begin.
        activities = read_activity(server, params["activity_api"]) if draining else []
        outcome = carry_out(system, check_mode=check_mode)
        result: Result = {
            "changed": outcome.changed,
            "diff": outcome.plan.diff,
            "field": outcome.before.field,
            "maintenance_mode": enable,
            "account": server.user,
        }
        if draining:
            if system.written:
                activities = read_activity(server, params["activity_api"])
            warning = None if activities else doubt(params, server.user, [])
            result |= {
                "activities": [activity.row for activity in activities],
                "drained": not activities,
                "waited": 0,
                "warnings": [warning] if warning else [],
            }
    except Failure as failure:
        failure.details["changed"] = system.written
        if isinstance(failure, HttpFailure) and failure.unavailable and (patient or failure.status is not None):
            failure.details["unavailable"] = True
        raise
    return result


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
    """List what runs. The details of an HttpFailure hold ``unavailable``."""
    server = open_server(params)
    try:
        activities = read_activity(server, params["activity_api"])
    except HttpFailure as failure:
        failure.details["unavailable"] = failure.unavailable
        raise
    warning = None if activities else doubt(params, server.user, [])
    return {
        "changed": False,
        "activities": [activity.row for activity in activities],
        "count": len(activities),
        "account": server.user,
        "warnings": [warning] if warning else [],
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

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What the launch modules do with their options, but for switching (_switch.py): they themselves only document it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._activity import Activity, read_activity
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._blackout import (
    Blackout,
    MaintenanceBlackout,
    Wish,
    matching,
    parse_blackout,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._mode import MaintenanceMode
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._options import doubt, open_server
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._server import BLACKOUTS_SINCE, Server
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._status import status_row
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import carry_out
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import parse_moment

Result = dict[str, Any]


def _now() -> datetime:
    """The time in whole seconds: a server that rounds can't put "now" into the future."""
    return datetime.now(timezone.utc).replace(microsecond=0)


def mode_info(params: Mapping[str, Any]) -> Result:
    """Tell whether maintenance mode is on, and with it what else says whether the server may be restarted.

    What the account may not see, or the server does not know, becomes a note of the status row.
    """
    server = open_server(params)
    mode = MaintenanceMode(server, field=params["field"], read_path=params["read_path"]).read()
    version = server.version()
    notes: list[str] = []
    activities: list[Activity] | None = None
    blackout: Blackout | None = None
    try:
        activities = read_activity(server, params["activity_api"])
        if version and version >= BLACKOUTS_SINCE:
            blackout = _in_effect(server, _now())
    except Failure as failure:
        notes.append(str(failure))
    row = status_row(server.client.target, mode.on, activities or (), blackout.end if blackout else None, notes)
    return {
        "changed": False,
        "field": mode.field,
        "maintenance_mode": mode.on,
        "version": ".".join(map(str, version)) if version else None,
        "activities": None if activities is None else [activity.row for activity in activities],
        "status": row,
        "warnings": doubt(params, server.user, ()) if activities == [] else [],
    }


def _in_effect(server: Server, now: datetime) -> Blackout | None:
    """Return the blackout that is in effect, or the occurrence of one.

    The range begins a month ago, since it is not documented whether a blackout has to begin in it or to touch it.
    """
    first, last = now - timedelta(days=31), now + timedelta(minutes=1)
    entries = server.blackouts_between(round(first.timestamp() * 1000), round(last.timestamp() * 1000))
    found = (parse_blackout(entry, server.target) for entry in entries)
    return next((one for one in found if one.in_effect(now)), None)


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

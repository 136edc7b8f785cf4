# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What the launch modules do with their options, but for switching (_switch.py): they themselves only document it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Held
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._activity import Activity, read_activity
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._blackout import Blackout, Keys, in_effect_now
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._blackout_plan import Wish, matching
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._blackout_system import MaintenanceBlackout
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._calendar import Period, read_blackouts
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._mode import KEY, MaintenanceMode
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._options import (
    doubt,
    open_server,
    refuse_empty,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._server import BLACKOUTS_SINCE, Server
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._status import status_row
from ansible_collections.quiesce.maintenance.plugins.module_utils._ledger import Ledger
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import carry_out
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import FileStore
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import parse_moment

Result = dict[str, Any]


def _now() -> datetime:
    """The time in whole seconds: a server that rounds can't put "now" into the future."""
    return datetime.now(timezone.utc).replace(microsecond=0)


def mode_info(params: Mapping[str, Any], store: FileStore, run: Run) -> Result:
    """Tell whether maintenance mode is on, and with it what else says whether the server may be restarted.

    What the account may not see, or the server does not know, becomes a note of the status row.
    """
    server = open_server(params)
    mode = MaintenanceMode(server, field=params["field"], read_path=params["read_path"]).read()
    version = server.version()
    notes: list[str] = []
    held: Held | None = None
    ledger = Ledger(store, run)
    try:
        ledger.read()
        held = Held(ledger.record(KEY), ledger.now)
    except Failure as failure:
        notes.append(str(failure))
    activities: list[Activity] | None = None
    blackout: Blackout | None = None
    try:
        activities = read_activity(server, params["activity_api"])
    except Failure as failure:
        notes.append(str(failure))
    try:
        if not version or version >= BLACKOUTS_SINCE:
            blackout = _in_effect(server, _now())
    except Failure as failure:
        notes.append(str(failure))
    row = status_row(server.client.target, mode.on, activities or (), blackout, notes, held)
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
    """Return the event that is in effect."""
    return next((one for one in read_blackouts(server, Keys(), (now, now)) if one.in_effect(now)), None)


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
    """Bring a maintenance blackout to the wished state.

    A Failure after a write says what has become of it; its details hold ``changed``.
    """
    refuse_empty(params, "id", "start", "end", "name")
    now = _now()
    wish = Wish(
        present=params["state"] == "present",
        **{name: params[name] for name in ("id", "start", "end", "name", "recurrence", "occurrence")},
    )
    wish.period(now)  # before the server is asked anything
    server = open_server(params)
    system = MaintenanceBlackout(server, wish, now, _keys(params))
    try:
        outcome = carry_out(system, check_mode=check_mode)
    except Failure as failure:
        failure.details["changed"] = system.sent is not None
        failure.state = system.state()
        raise
    found = matching(outcome.after, wish, now, server.target) if wish.present else None
    return {
        "changed": outcome.changed,
        "diff": outcome.plan.diff,
        "blackout": found.row(in_effect_now(found, outcome.after, now)) if found else outcome.plan.after["blackout"],
    }


def blackout_info(params: Mapping[str, Any]) -> Result:
    """List maintenance blackouts: every real event, or the events of a period."""
    refuse_empty(params, "range_start", "range_end")
    now = _now()
    period = _range(params, now)
    server = open_server(params)
    if period:
        start, end = period
        listed = [one for one in read_blackouts(server, _keys(params), period) if one.start <= end and one.end >= start]
        rows = [one.row(one.in_effect(now)) for one in sorted(listed, key=lambda one: one.start)]
    else:
        known = read_blackouts(server, _keys(params), (now, now))
        real = sorted((one for one in known if not one.synthetic), key=lambda one: one.start)
        rows = [one.row(in_effect_now(one, known, now)) for one in real]
    return {"changed": False, "blackouts": rows, "in_effect": any(row["in_effect"] for row in rows)}


def _keys(params: Mapping[str, Any]) -> Keys:
    return Keys(params["start_key"], params["end_key"], params["series_key"])


def _range(params: Mapping[str, Any], now: datetime) -> Period | None:
    """Return the range that the task names. Raises Invalid for one that is not usable."""
    if params["range_start"] is None:
        return None
    moments: list[datetime] = []
    for option in ("range_start", "range_end"):
        try:
            moments.append(parse_moment(params[option], now=now, base=moments[0] if moments else None))
        except ValueError as error:
            raise Invalid(option, str(error)) from None
    start, end = moments
    if end < start:
        raise Invalid("range_end", f"{params['range_end']!r} is before range_start")
    return start, end

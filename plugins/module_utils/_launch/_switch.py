# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What launch_maintenance_mode does: switch, drain, and turn back where that is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils import _window_options
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import HttpFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._activity import (
    Activity,
    read_activity,
    summary,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._drain import Drained, drain
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._mode import MaintenanceMode, Mode, Step
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._options import doubt, open_server
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._status import status_row
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Outcome, Patience, carry_out
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import FileStore
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import seconds

Result = dict[str, Any]

_REQUESTS = 3
"""As many requests a switch takes, each of which may be tried again: the setting is written and read back, and once
more after a failure."""


def switch_mode(params: Mapping[str, Any], store: FileStore, run: Run, *, check_mode: bool) -> Result:
    """Open or close a window, and with it turn maintenance mode on or off; with ``drain``, wait until no process runs.

    In check mode it looks once. Returns the module's result. A Failure says in which state the server is; its details
    hold ``changed`` and, after a write, ``maintenance_mode``, at the limit the whole result.
    """
    enable = params["state"] == "enabled"
    interface = params["activity_api"]
    patience = Patience(seconds(params, "drain_timeout", zero=True), seconds(params, "drain_interval"), run)
    system = _system(params, store, run, check_mode=check_mode)
    server = system.server
    drained: Drained | None = None
    outcome: Outcome[Mode, Step] | None = None
    try:
        # Who can't be told what runs should not begin.
        activities = read_activity(server, interface) if enable and params["drain"] else None
        outcome = carry_out(system, check_mode=check_mode)
        system.settle()
        if activities is not None:
            if system.written:
                activities = read_activity(server, interface)
            drained = drain(server, interface, activities, Patience() if check_mode else patience)
    except Failure as failure:
        _say_state(failure, system, outcome, roll_back=enable and params["drain"] and _rolls_back(params))
        raise
    if not enable and system.wanted:
        run.tell(_stays(system, outcome))
    left = drained.activities if drained else []
    result: Result = {
        "changed": outcome.changed,
        "diff": outcome.plan.diff,
        "field": outcome.before.field,
        "maintenance_mode": system.wanted,
        "status": _row(system, outcome.after.on, left, name_windows=not enable),
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


def _system(params: Mapping[str, Any], store: FileStore, run: Run, *, check_mode: bool) -> MaintenanceMode:
    """Return the system that the options name. Raises Failure for options that cannot be used."""
    enable = params["state"] == "enabled"
    # Who ends maintenance mode has often just restarted the server; who begins it hasn't.
    server = open_server(params, patient=not enable, tell=run.tell)
    return MaintenanceMode(
        server,
        _window_options.request(params, run.owner),
        _window_options.ledger(params, store, run),
        params["field"],
        params["read_path"],
        params["write_path"],
        lease=_REQUESTS * (seconds(params, "retry_timeout", zero=True) + seconds(params, "request_timeout")),
        check_mode=check_mode,
    )


def _row(
    system: MaintenanceMode, on: bool, activities: Sequence[Activity] = (), *, name_windows: bool = False
) -> dict[str, Any]:
    held = system.held()
    return status_row(system.server.client.target, on, activities, held=held, name_windows=name_windows)


def _stays(system: MaintenanceMode, outcome: Outcome[Mode, Step]) -> str:
    """Say for whom maintenance mode stays on after a window was closed, or none was."""
    done = f"closed {system.request.names}" if system.request and outcome.changed else "closed nothing"
    windows = system.change.windows if system.change else ()
    return f"{done}; maintenance mode stays on for {', '.join(map(str, windows)) or 'somebody else'}"


def _undrained(params: Mapping[str, Any], system: MaintenanceMode, result: Result, drained: Drained) -> None:
    """Do what on_undrained says about processes that still run at the limit: warn, or raise Failure."""
    left = f"{summary(drained.activities)}."
    if any(activity.waits_for for activity in drained.activities):
        left += " A manual task can be answered in maintenance mode, too."
    if params["on_undrained"] == "continue":
        result["warnings"] = [f"{system.describe()} is not idle: {left} Going on (on_undrained: continue)."]
        return
    del result["warnings"]
    remedy = "Run again to go on waiting, or raise drain_timeout"
    state = f"Maintenance mode is on for {system.describe()} and stays on"
    if _rolls_back(params):
        remedy = "Answer or cancel what runs, or raise drain_timeout, and run again"
        result["rolled_back"], on, state = _roll_back(system)
        result["maintenance_mode"] = on
        if on is not None:
            result["status"] = _row(system, on, drained.activities)
        if result["rolled_back"]:
            result |= {"changed": False, "diff": {}}
    failure = Failure(f"drain within {params['drain_timeout']}", system.describe(), left, remedy, details=result)
    failure.state = state
    raise failure


def _rolls_back(params: Mapping[str, Any]) -> bool:
    return bool(params["on_undrained"] == "rollback")


def _say_state(
    failure: Failure, system: MaintenanceMode, outcome: Outcome[Mode, Step] | None, *, roll_back: bool
) -> None:
    """Put into ``failure`` in which state it leaves the server, after turning back if ``roll_back``.

    ``outcome`` is what the switch came to, None if it was the switch that failed.
    """
    if roll_back and (system.sent or (outcome and system.recorded)):
        turned_back, on, failure.state = _roll_back(system)
        failure.details |= {"changed": not turned_back, "rolled_back": turned_back, "maintenance_mode": on}
        return
    if not system.sent:
        # No setting was written; but who wanted the mode on should know if it was on already.
        told = system.give_up(not system.wanted) if outcome is None else ""
        failure.details["changed"] = outcome is not None and system.recorded
        if outcome and outcome.after.on:
            failure.details |= {"maintenance_mode": True} | ({"rolled_back": False} if roll_back else {})
            told = f"Maintenance mode was on for {system.describe()} before this task and stays on"
        failure.state = told
        return
    on = outcome.after.on if outcome else _look(system, failure)
    failure.details |= {"changed": system.written or on in (system.wanted, None), "maintenance_mode": on}
    if on is None:
        failure.state = f"It is not known whether maintenance mode is on for {system.describe()}"
    else:
        failure.state = f"Maintenance mode is {'on' if on else 'off'} for {system.describe()}"
    if outcome is None:
        failure.state = ". ".join(filter(None, (failure.state, system.give_up(on))))


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
    """Take back what this run did: close its window, which turns maintenance mode off unless another one is open.

    Returns whether it is off again, whether it is on (None: not known), and both in words.
    """
    server = system.describe()
    request = system.request
    if request is None or not (system.sent or (system.change and system.change.opens)):
        return False, True, f"Maintenance mode was on for {server} before this task and stays on"
    back = system.closing(request)
    try:
        outcome = carry_out(back, check_mode=False)
        back.settle()
    except Failure as failure:
        told = back.give_up(None if back.sent else True)
        on = True if system.written and not back.sent else None
        says = f"is on for {server}" if on else f"may still be on for {server}"
        return (
            False,
            on,
            " ".join((f"Maintenance mode {says}: it could not be turned off again. {failure}", told)).strip(),
        )
    if outcome.after.on:
        return False, True, f"{_stays(back, outcome)[0].upper()}{_stays(back, outcome)[1:]}"
    return True, False, f"Maintenance mode was rolled back on {server}: it is off again"

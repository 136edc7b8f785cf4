# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The whole switch: wait for what runs, ask once, watch the servicing operation to its end."""

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Refused
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._plan import Reading, activity_of
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._portal import SessionOver
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._servicing import Servicing
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._status import (
    environment_result,
    status_row,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import carry_out

Result = dict[str, Any]


def switch_mode(system: Servicing, *, check_mode: bool, fail_unwatched: bool) -> Result:
    """Bring the environment to the wanted mode and return the module's result.

    A session that ends while a servicing operation runs is no failure of it: the result says that nobody watches any
    more, unless ``fail_unwatched``. Raises ``Failure``, which says in which state the environment is, with ``changed``,
    the row and, where they are known, the environment and the activity id among its details.
    """
    run = system.patience.run
    began = run.now()
    try:
        if not check_mode:
            system.attach()
        outcome = carry_out(system, check_mode=check_mode, patience=system.patience)
    except SessionOver as over:
        if not system.watching:
            raise _with_state(over, system, look=False) from None
        return _unwatched(over, system, fail=fail_unwatched)
    except Failure as failure:
        raise _with_state(failure, system, look=not isinstance(failure, Refused)) from None
    reading = outcome.after
    if check_mode:
        wanted = system.on if outcome.changed else reading.is_on
        result = _result(system, reading, changed=outcome.changed) | {"maintenance_mode": wanted}
    else:
        result = _result(system, reading, changed=system.sent_at is not None)
    return result | {"diff": outcome.plan.diff, "waited": round(run.now() - began)}


def _result(system: Servicing, reading: Reading, *, changed: bool) -> Result:
    place = system.portal.place
    return {
        "changed": changed,
        "maintenance_mode": None if reading.busy else reading.is_on,
        "watched": True,
        "activity_id": activity_of(reading, system.activity_id),
        "environment": environment_result(place, reading.environment),
        "action": reading.action.result() if reading.action else None,
        "status": status_row(str(place), reading.environment, busy=reading.busy, doing=reading.doing),
        "warnings": [],
    }


def _unwatched(over: SessionOver, system: Servicing, *, fail: bool) -> Result:
    """Say that the servicing operation runs on, and that nobody can watch it. Raises ``Failure`` where ``fail``."""
    reading = system.latest
    if reading is None:
        raise over
    said = (
        f"The servicing operation on {system.describe()} is still running, but the session is over: sign in again to "
        "watch. Running the task again with new cookies goes on waiting and starts nothing twice"
    )
    result = _result(system, reading, changed=system.sent_at is not None)
    row = status_row(str(system.portal.place), reading.environment, busy=True, doing=reading.doing, notes=[said])
    result |= {"maintenance_mode": None, "watched": False, "status": row}
    if fail:
        del result["warnings"]
        over.details.update(result)
        over.state = said
        raise over
    return result | {
        "diff": {"before": {"maintenance_mode": reading.is_on}, "after": {"maintenance_mode": system.on}},
        "warnings": [said],
    }


def _with_state(failure: Failure, system: Servicing, *, look: bool) -> Failure:
    """Return the failure with what it leaves: ``look`` asks LCS once more after a request that came to nothing."""
    reading = system.latest
    if look and reading is not None and not system.watching:
        try:
            reading = system.read()
        except Failure:
            reading = None
    sent = system.sent_at is not None
    failure.details.setdefault("changed", sent)
    if reading is None:
        return failure
    if not isinstance(failure, Refused):
        failure.state = _state(system, reading)
    result = _result(system, reading, changed=sent)
    row = status_row(
        str(system.portal.place), reading.environment, busy=reading.busy, doing=reading.doing, notes=[str(failure)]
    )
    for name in ("maintenance_mode", "activity_id", "environment", "action"):
        failure.details.setdefault(name, result[name])
    failure.details["status"] = row
    return failure


def _state(system: Servicing, reading: Reading) -> str:
    if reading.busy:
        return f"A servicing operation runs on {system.describe()}: {reading.doing}"
    if reading.is_on is None or reading.awaited:
        return f"LCS says {reading.environment}"
    return f"Maintenance mode is {'on' if reading.is_on else 'off'} for {system.describe()}"

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The whole switch: wait for what runs, ask once, watch the servicing operation to its end, and record for whom."""

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Refused, sentence
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._plan import Reading, Step, activity_of
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._portal import SessionOver
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._servicing import Servicing
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._status import (
    environment_result,
    status_row,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Outcome, carry_out

Result = dict[str, Any]


def switch_mode(system: Servicing, *, fail_unwatched: bool) -> Result:
    """Open or close a window, with it bring the environment to the wanted mode, and return the module's result.

    A session that ends while a servicing operation runs is no failure of it: the result says that nobody watches any
    more, unless ``fail_unwatched``. Raises ``Failure``, which says in which state the environment is, with ``changed``,
    the row and, where they are known, the environment and the activity id among its details.
    """
    run = system.patience.run
    began = run.now()
    try:
        outcome = carry_out(system, check_mode=system.check_mode, patience=system.patience)
        system.settle()
    except SessionOver as over:
        if not system.look.watching:
            raise _with_state(over, system, look=False) from None
        return _unwatched(over, system, fail=fail_unwatched)
    except Failure as failure:
        raise _with_state(failure, system, look=not isinstance(failure, Refused)) from None
    result = _result(system, outcome.after)
    if not system.request.on and system.on:
        run.tell(_stays(system, outcome))
    if system.check_mode:
        wanted = system.on if outcome.changed else system.is_on
        changed = outcome.plan.before != outcome.plan.after and outcome.changed
        result |= {"changed": changed, "maintenance_mode": wanted}
    return result | {"diff": outcome.plan.diff, "waited": round(run.now() - began)}


def _result(system: Servicing, reading: Reading, notes: tuple[str, ...] = ()) -> Result:
    place = system.look.portal.place
    return {
        "changed": system.sent_at is not None or system.changed_windows,
        "maintenance_mode": system.is_on,
        "watched": True,
        "activity_id": activity_of(reading, system.activity_id),
        "environment": environment_result(place, reading.environment),
        "action": reading.action.result() if reading.action else None,
        "status": status_row(
            str(place),
            reading,
            system.held(),
            changing=system.under_way,
            notes=notes,
            name_windows=not system.request.on,
        ),
        "warnings": [],
    }


def _stays(system: Servicing, outcome: Outcome[Reading, Step]) -> str:
    """Say for whom maintenance mode stays on after a window was closed, or none was."""
    done = f"closed {system.request.names}" if outcome.changed else "closed nothing"
    windows = system.change.windows if system.change else ()
    return f"{done}; maintenance mode stays on for {', '.join(map(str, windows)) or 'somebody else'}"


def _unwatched(over: SessionOver, system: Servicing, *, fail: bool) -> Result:
    """Say that the servicing operation goes on, and that nobody can watch it. Raises ``Failure`` where ``fail``."""
    reading = system.look.latest
    if reading is None:
        raise over
    said = (
        f"A servicing operation on {system.describe()} is still running, but the session is over, so nobody watches "
        f"it. Sign in again at {system.look.portal.place.login_page}, give the new cookies, and run the same again to "
        "watch it to its end. The operation is not started a second time"
    )
    if system.sent_at is None:
        said += ". It was there before this run, which has not asked for anything yet"
    told = system.give_up(None)
    result = _result(system, reading, (said,)) | {"maintenance_mode": None, "watched": False}
    if fail:
        del result["warnings"]
        over.remedy, over.state = said, told
        over.details.update(result)
        raise over
    return result | {
        "unfinished": said,
        "diff": {"before": {"maintenance_mode": reading.is_on}, "after": {"maintenance_mode": system.on}},
        "warnings": [said, *filter(None, [told])],
    }


def _with_state(failure: Failure, system: Servicing, *, look: bool) -> Failure:
    """Return the failure with what it leaves: ``look`` asks LCS once more after a request that came to nothing."""
    reading = system.look.latest
    if look and reading is not None and not system.look.watching and not system.check_mode:
        try:
            reading = system.look_again()
        except Failure:
            reading = None
    told = system.give_up(system.is_on if reading else None)
    failure.details.setdefault("changed", system.sent_at is not None or system.changed_windows)
    if reading is None:
        failure.state = told
        return failure
    if not isinstance(failure, Refused):
        said = str(failure)
        failure.state = " ".join(sentence(each) for each in (_state(system, reading), told) if each not in said)
    result = _result(system, reading, (str(failure),))
    for name in ("maintenance_mode", "activity_id", "environment", "action", "status"):
        failure.details.setdefault(name, result[name])
    return failure


def _state(system: Servicing, reading: Reading) -> str:
    if reading.busy:
        return f"A servicing operation runs on {system.describe()}: {reading.doing}"
    if system.is_on is None:
        return "" if reading.failed else f"LCS says {reading.environment}"
    return f"Maintenance mode is {'on' if system.is_on else 'off'} for {system.describe()}"

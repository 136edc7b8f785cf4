# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What powerplatform_administration_mode does: find the environment, switch it, and say what was seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Refused
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Outcome, carry_out
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._bap import Bap
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._environment import (
    Environment,
    check_wanted,
    choose,
    doubts,
    is_id,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._finops import read_finops
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._history import check_folder
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._options import (
    Access,
    limits,
    open_access,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._plan import (
    Reading,
    Switch,
    Wanted,
    plan,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._reasons import add_reasons
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._status import status_row
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._switching import (
    OperationFailed,
    Switching,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run

Result = dict[str, Any]

_LAST = 10


def switch_mode(params: Mapping[str, Any], *, check_mode: bool, run: Run) -> Result:
    """Turn administration mode on or off and return the module's result.

    A ``Failure`` says in which state the environment is left; its details hold ``changed``, ``administration_mode`` and
    what is known of the operation.
    """
    wanted = _wanted(params)
    waits = limits(params)
    check_folder(params["logs_path"])
    access = open_access(params, run)
    switching = Switching(access.bap, identify(access.bap, params["environment"]), wanted, waits, run)
    try:
        if not check_mode:
            switching.begin()
        outcome = carry_out(switching, check_mode=check_mode)
    except Failure as failure:
        _explain(failure, switching, access, params["logs_path"])
        raise
    return _result(switching, outcome, access)


def inform(params: Mapping[str, Any], run: Run) -> Result:
    """Return what the module for looking does: the environment, its last operations, and its Finance + Operations."""
    access = open_access(params, run)
    identifier = identify(access.bap, params["environment"])
    reading = Reading(access.bap.environment(identifier), access.bap.operations(identifier))
    operations = reading.operations
    return {
        **_seen(reading.environment, access),
        "changed": False,
        "operations": None if operations is None else [each.result() for each in operations[:_LAST]],
        "disallowed_operations": [
            {"type": kind, "reason": reason} for kind, reason in reading.environment.forbidden.items()
        ],
        "status": status_row(reading).result(),
    }


def identify(bap: Bap, given: str) -> str:
    """Return the id of the environment that is meant. Raises ``Failure``."""
    wanted = check_wanted(given)
    return wanted if is_id(wanted) else choose(bap.environments(), wanted).id


def _wanted(params: Mapping[str, Any]) -> Wanted:
    on = params["state"] == "enabled"
    background = params["background_operations"]
    if background is None:
        return Wanted(on)
    # They can be disabled in administration mode only, so whoever has them disabled there has them enabled after it.
    return Wanted(on, not on or background == "enabled")


def _seen(environment: Environment, access: Access) -> Result:
    finops = read_finops(access.api, environment.id)
    background = {True: "enabled", False: "disabled", None: None}[environment.background_on]
    requested = {"name": environment.by or None, "type": environment.by_type or None}
    return {
        "environment": environment.result(),
        "administration_mode": environment.on,
        "background_operations": background,
        "requested_by": requested,
        **finops.result(),
        "not_read": [finops.why_not] if finops.why_not else [],
        # CONFIGURATIONMODE of the database can only be read by a person (just-in-time access), not here.
        "configuration_mode_seen": False,
    }


def _result(switching: Switching, outcome: Outcome[Reading, Switch], access: Access) -> Result:
    reading = outcome.after
    environment = reading.environment
    begun = switching.first or outcome.before
    before = plan(begun, switching.wanted).before
    changed = outcome.changed or before != plan(reading, switching.wanted).before
    return {
        **_seen(environment, access),
        "changed": changed,
        "diff": {"before": before, "after": outcome.plan.after},
        "pending": list(outcome.plan.pending),
        "attached": switching.attached,
        "operation": switching.operation.result() if switching.operation else None,
        "status": status_row(reading).result(),
        "warnings": _warnings(switching.wanted, environment, outcome),
    }


def _warnings(wanted: Wanted, environment: Environment, outcome: Outcome[Reading, Switch]) -> list[str]:
    found = doubts(environment)
    if outcome.plan.pending:
        found.append(
            f"{outcome.plan.pending[0]}: what has to be done after it is not known yet. The task itself waits for it."
        )
    if not wanted.on and wanted.background is None and environment.on is False and environment.background_on is False:
        found.append(
            f"Background operations of {environment} are still disabled. Use background_operations: enabled to enable "
            "them."
        )
    return found


def _explain(failure: Failure, switching: Switching, access: Access, logs_path: str | None) -> None:
    """Add to a failure why it was, and in which state it leaves the environment."""
    environment = switching.environment
    if isinstance(failure, OperationFailed) and environment and switching.operation:
        add_reasons(failure, access, environment, switching.operation, logs_path)
    if not (switching.sent or switching.attached) or isinstance(failure, Refused):
        failure.details.setdefault("changed", False)
        return
    failure.details.setdefault("operation", switching.operation.result() if switching.operation else None)
    on: bool | None = None
    try:
        now = access.bap.environment(switching.identifier)
        on, environment = now.on, now
        # What is still changing has not told yet how it ends.
        busy = now.busy
        failure.details["status"] = status_row(Reading(now)).result()
    except Failure:
        busy = False
    first = switching.first.environment.on if switching.first else None
    failure.details |= {
        "administration_mode": on,
        "changed": on is None or on != first or (busy and switching.sent),
    }
    if on is None:
        failure.state = f"It is not known whether administration mode is on for {switching.describe()}"
    else:
        still = ", and its state is still changing" if busy else ""
        failure.state = f"Administration mode is {'on' if on else 'off'} for {environment}{still}"

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What the Power Platform modules do: find the environment, switch it or look at it, and say what was seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils import _window_options
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Held
from ansible_collections.quiesce.maintenance.plugins.module_utils._ledger import Ledger
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Outcome
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
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._mode import (
    AdministrationMode,
    record_key,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._options import (
    Access,
    limits,
    open_access,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._plan import (
    Reading,
    Step,
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
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import FileStore

Result = dict[str, Any]

_LAST = 10


def switch_mode(params: Mapping[str, Any], store: FileStore, *, check_mode: bool, run: Run) -> Result:
    """Open or close a window, and with it turn administration mode on or off; return the module's result.

    A ``Failure`` says in which state the environment is left; its details hold ``changed``, ``administration_mode`` and
    what is known of the operation.
    """
    waits = limits(params)
    request = _window_options.request(params, run.owner)
    ledger = _window_options.ledger(params, store, run)
    check_folder(params["logs_path"])
    access = open_access(params, run)
    background = {"enabled": True, "disabled": False, None: None}[params["background_operations"]]
    wanted = Wanted(request.on, background)
    bap = access.bap
    switching = Switching(bap, identify(bap, params["environment"]), wanted, waits, run, clock=bap.clock)
    mode = AdministrationMode(switching, ledger, request, background, check_mode)
    try:
        outcome = mode.switch()
    except Failure as failure:
        _explain(failure, switching, access, params["logs_path"])
        raise
    if stays := mode.stays(outcome):
        run.tell(stays)
    return _result(mode, outcome, access)


def inform(params: Mapping[str, Any], store: FileStore, run: Run) -> Result:
    """Return what the module for looking does: the environment, its last operations, its Finance + Operations, and its
    windows. A record that cannot be read is a note of the row."""
    access = open_access(params, run)
    identifier = identify(access.bap, params["environment"])
    reading = Reading(access.bap.environment(identifier), access.bap.operations(identifier))
    operations = reading.operations
    held: Held | None = None
    notes: list[str] = []
    ledger = Ledger(store, run)
    try:
        ledger.read()
        held = Held(ledger.record(record_key(identifier)), ledger.now)
    except Failure as failure:
        notes.append(str(failure))
    return {
        **_seen(reading.environment, access),
        "changed": False,
        "operations": None if operations is None else [each.result() for each in operations[:_LAST]],
        "disallowed_operations": [
            {"type": kind, "reason": reason} for kind, reason in reading.environment.forbidden.items()
        ],
        "status": status_row(reading, held, notes).result(),
    }


def identify(bap: Bap, given: str) -> str:
    """Return the id of the environment that is meant. Raises ``Failure``."""
    wanted = check_wanted(given)
    return wanted if is_id(wanted) else choose(bap.environments(), wanted).id


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


def _result(mode: AdministrationMode, outcome: Outcome[Reading, Step], access: Access) -> Result:
    switching, reading = mode.switching, outcome.after
    # An operation of another run that was waited for brought a change, too.
    begun = plan(switching.first or outcome.before, switching.wanted).before
    changed = outcome.changed or begun != plan(reading, switching.wanted).before
    return {
        **_seen(reading.environment, access),
        "changed": changed,
        "diff": {"before": outcome.plan.before | begun, "after": outcome.plan.after},
        "pending": list(outcome.plan.pending),
        "attached": switching.attached,
        "operation": switching.operation.result() if switching.operation else None,
        "status": status_row(reading, mode.held(), name_windows=not mode.request.on).result(),
        "warnings": _warnings(switching.wanted, reading.environment, outcome),
    }


def _warnings(wanted: Wanted, environment: Environment, outcome: Outcome[Reading, Step]) -> list[str]:
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
    """Add to a failure of an operation which one it was, and why it failed; and the whole to the row."""
    environment, operation = switching.environment, switching.operation
    if isinstance(failure, OperationFailed) and environment and operation:
        add_reasons(failure, access, environment, operation, logs_path)
    if switching.sent or switching.attached:
        failure.details.setdefault("operation", operation.result() if operation else None)
    if row := failure.details.get("status"):
        row["notes"].insert(0, str(failure))

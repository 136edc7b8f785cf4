# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What lcs_maintenance_mode_info tells: state and history, by the portal's session or by the public API's token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._api import PublicApi
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._place import Place
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._plan import Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._portal import SessionOver
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._servicing import Servicing
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._state import Action
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._status import (
    environment_result,
    status_row,
)

PORTAL, API = "portal", "api"

Result = dict[str, Any]


def inform(place: Place, system: Servicing | None, api: PublicApi | None) -> Result:
    """Return state and history by the portal or, without one or where its session is over, by the public API.

    Raises ``Failure``.
    """
    if system is not None:
        try:
            return _by_portal(place, system)
        except SessionOver as over:
            if api is None:
                raise
            return _by_api(place, api, notes=[str(over)])
    if api is None:
        raise ValueError("neither a portal nor the public API")
    return _by_api(place, api)


def _by_portal(place: Place, system: Servicing) -> Result:
    reading = system.read()
    notes: list[str] = []
    history = system.history
    if history is None:
        try:
            history = system.portal.history()
        except SessionOver:
            raise
        except Failure as failure:
            notes.append(str(failure))
    return _result(place, reading, history, PORTAL, notes)


def _by_api(place: Place, api: PublicApi, notes: Sequence[str] = ()) -> Result:
    environment = api.details()
    found = list(notes)
    history: list[Action] | None = None
    try:
        history = api.history()
    except Failure as failure:
        found.append(str(failure))
    return _result(place, Reading(environment), history, API, found)


def _result(
    place: Place, reading: Reading, history: Sequence[Action] | None, source: str, notes: Sequence[str]
) -> Result:
    row = status_row(
        str(place),
        reading.environment,
        busy=reading.busy,
        doing=reading.doing,
        newest=history[0] if history else None,
        notes=notes,
    )
    return {
        "changed": False,
        "source": source,
        "maintenance_mode": None if reading.busy else reading.is_on,
        "environment": environment_result(place, reading.environment),
        "action": reading.action.result() if reading.action else None,
        "progress": reading.progress,
        "history": None if history is None else [action.result() for action in history],
        "status": row,
    }

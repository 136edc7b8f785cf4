# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What lcs_maintenance_mode_info tells: state and history, by the portal's session or by the public API's token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Held
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._api import PublicApi
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._look import Look
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._place import Place
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._plan import Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._portal import SessionOver
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._servicing import KEY
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._state import Action
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._status import (
    environment_result,
    status_row,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._ledger import Ledger

PORTAL, API = "portal", "api"

Result = dict[str, Any]


def inform(place: Place, look: Look | None, api: PublicApi | None, ledger: Ledger) -> Result:
    """Return state and history by the portal or, without one or where its session is over, by the public API.

    A record that cannot be read becomes a note of the row. Raises ``Failure``.
    """
    notes: list[str] = []
    held: Held | None = None
    try:
        ledger.read()
        held = Held(ledger.record(KEY), ledger.now)
    except Failure as failure:
        notes.append(str(failure))
    if look is not None:
        try:
            return _by_portal(place, look, held, notes)
        except SessionOver as over:
            if api is None:
                raise
            notes.append(str(over))
    if api is None:
        raise ValueError("neither a portal nor the public API")
    return _by_api(place, api, held, notes)


def _by_portal(place: Place, look: Look, held: Held | None, notes: Sequence[str]) -> Result:
    reading = look.read()
    found = list(notes)
    history = look.history
    if history is None:
        try:
            history = look.portal.history()
        except SessionOver:
            raise
        except Failure as failure:
            found.append(str(failure))
    return _result(place, reading, history, PORTAL, held, found)


def _by_api(place: Place, api: PublicApi, held: Held | None, notes: Sequence[str]) -> Result:
    environment = api.details()
    found = list(notes)
    history: list[Action] | None = None
    try:
        history = api.history()
    except Failure as failure:
        found.append(str(failure))
    return _result(place, Reading(environment), history, API, held, found)


def _result(
    place: Place,
    reading: Reading,
    history: Sequence[Action] | None,
    source: str,
    held: Held | None,
    notes: Sequence[str],
) -> Result:
    return {
        "changed": False,
        "source": source,
        "maintenance_mode": None if reading.busy else reading.is_on,
        "environment": environment_result(place, reading.environment),
        "action": reading.action.result() if reading.action else None,
        "progress": reading.progress,
        "history": None if history is None else [action.result() for action in history],
        "status": status_row(str(place), reading, held, newest=history[0] if history else None, notes=notes),
    }

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""An environment as a task's result shows it, and its row for the table of all systems. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Held
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._place import Place
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._plan import Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._state import (
    CHANGING,
    OFF,
    ON,
    Action,
    Environment,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import CHANGING as ROW_CHANGING
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import MAINTENANCE, NORMAL, Row
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import UNKNOWN as ROW_UNKNOWN

KIND = "D365 LCS"

_MODES = {ON: MAINTENANCE, OFF: NORMAL, CHANGING: ROW_CHANGING}


def environment_result(place: Place, environment: Environment) -> dict[str, Any]:
    """Return what LCS says of the environment, and where people look at it."""
    return {
        "id": place.environment,
        "project_id": place.project,
        "name": environment.name,
        "status": environment.status,
        "state": environment.state,
        "url": environment.url,
        "page": place.page(diagnostics=environment.diagnostics),
        "history_page": place.history_page(environment.name),
    }


def status_row(
    system: str,
    reading: Reading,
    held: Held | None = None,
    *,
    changing: bool = False,
    newest: Action | None = None,
    notes: Sequence[str] = (),
    name_windows: bool = False,
) -> dict[str, Any]:
    """Return the row.

    LCS does not say who turned maintenance mode on, why and until when. ``held`` is what the store says of that, None
    if it says nothing. ``changing``: the mode was asked for, and a servicing operation may begin yet. ``newest`` is the
    last action in LCS, ``notes`` what else a person should know.
    """
    environment = reading.environment
    changing = changing or reading.busy
    on = None if changing else reading.is_on
    unfinished = held is not None and _is_unfinished(held, on, changing=changing)
    mode = ROW_CHANGING if changing or (unfinished and on is not None) else _MODES.get(environment.mode, ROW_UNKNOWN)
    found = []
    if changing:
        found.append(reading.doing)
    elif environment.mode not in _MODES:
        found.append(f"LCS says {environment}" + (f": {environment.errors}" if environment.errors else ""))
    elif environment.by_number:
        found.append(f"the status text is not known, so its number decided: {environment}")
    if newest:
        when = newest.ended or newest.started
        found.append(f"last action in LCS: {newest}" + (f", {when}" if when else ""))
    known = not environment.by_number and mode in (MAINTENANCE, NORMAL)
    verified = True if known else False if mode == ROW_CHANGING else None
    if held is None:
        return Row(system, KIND, mode=mode, verified=verified, notes=(*found, *notes)).result()
    return Row(
        system,
        KIND,
        mode=mode,
        verified=verified,
        managed=None if on is None else held.managed(on=on),
        windows=held.windows,
        overdue=on is not None and (on or unfinished) and held.overdue(on=on),
        notes=(*_of_record(held, on, name_windows=name_windows, tell_run=unfinished), *found, *notes),
    ).result()


def _is_unfinished(held: Held, on: bool | None, *, changing: bool) -> bool:
    """Whether a run is at work, or was cut off and has something left to do.

    What LCS did to its end after a run was cut off needs nobody any more; what failed there needs a person first.
    """
    record = held.record
    if record is None or record.lease is None:
        return False
    return record.lease.alive(held.now) or changing or (on is not None and on is not bool(record.windows))


def _of_record(held: Held, on: bool | None, *, name_windows: bool, tell_run: bool) -> list[str]:
    """Return what the record says to a person; ``on`` None: nobody knows whether the mode is on."""
    record = held.record
    if record and not tell_run:
        held = replace(held, record=replace(record, lease=None))
    # Of what nobody knows it cannot be said that somebody else turned it on or off.
    return held.notes(on=record is not None if on is None else on, name_windows=name_windows)

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""An environment as a task's result shows it, and its row for the table of all systems. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._place import Place
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
    environment: Environment,
    *,
    busy: bool,
    doing: str = "",
    newest: Action | None = None,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the row.

    LCS keeps no window: who turned maintenance mode on, why and until when stands in nobody's record. ``busy`` says
    that a servicing operation runs, ``doing`` which one.
    """
    mode = ROW_CHANGING if busy else _MODES.get(environment.mode, ROW_UNKNOWN)
    found = []
    if busy:
        found.append(doing)
    elif mode == ROW_UNKNOWN:
        found.append(f"LCS says {environment}" + (f": {environment.errors}" if environment.errors else ""))
    elif environment.by_number:
        found.append(f"decided by a number, the text is not known: {environment}")
    if newest:
        when = newest.ended or newest.started
        found.append(f"last action in LCS: {newest}" + (f", {when}" if when else ""))
    known = not environment.by_number and mode in (MAINTENANCE, NORMAL)
    return Row(
        system,
        KIND,
        mode=mode,
        verified=True if known else False if mode == ROW_CHANGING else None,
        notes=(*found, *notes),
    ).result()

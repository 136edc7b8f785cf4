# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The server's row in the table of all systems. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Held
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._activity import Activity
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._blackout import Blackout
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import CHANGING, MAINTENANCE, NORMAL, Row
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso

KIND = "Launch"


def status_row(
    system: str,
    on: bool,
    activities: Sequence[Activity] = (),
    blackout: Blackout | None = None,
    notes: Sequence[str] = (),
    held: Held | None = None,
    *,
    name_windows: bool = False,
) -> dict[str, Any]:
    """Return the row. The server knows neither since when maintenance mode is on nor who turned it on, nor why.

    ``held`` is what the store says of that, None if it says nothing. ``blackout`` is the event that is in effect,
    ``notes`` what could not be found out. The end of a blackout is not the end of maintenance mode, which stays on
    until it is turned off.
    """
    found = list(notes)
    if blackout:
        name = f' "{blackout.name}"' if blackout.name else ""
        found.append(f"maintenance blackout{name} is on, nothing starts; Estimated End Date {iso(blackout.end)}")
    if on and activities:
        found.append(f"not idle: {len(activities)} process(es) that began before still run")
    found += [str(activity) for activity in activities if activity.waits_for]
    if held is None:
        return Row(system, KIND, mode=MAINTENANCE if on else NORMAL, verified=True, notes=tuple(found)).result()
    return Row(
        system,
        KIND,
        mode=CHANGING if held.changing else MAINTENANCE if on else NORMAL,
        verified=not held.changing,
        managed=held.managed(on=on),
        windows=held.windows,
        overdue=held.overdue(on=on),
        notes=(*held.notes(on=on, name_windows=name_windows), *found),
    ).result()

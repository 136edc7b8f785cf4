# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The environment's row in the table of all systems. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Held
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._environment import doubts
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._plan import Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import (
    CHANGING,
    MAINTENANCE,
    NORMAL,
    UNKNOWN,
    Row,
)

KIND = "F&O unified"

_NO_BACKGROUND = "background operations are disabled"


def status_row(
    reading: Reading, held: Held | None = None, notes: Sequence[str] = (), *, name_windows: bool = False
) -> Row:
    """Return the row. The platform says that administration mode is on; that Finance + Operations runs in maintenance
    mode (CONFIGURATIONMODE) cannot be seen from outside, so nobody can verify it.

    ``held`` is what the store says of the environment, None if it says nothing; ``notes`` is what else to say.
    """
    environment = reading.environment
    on = environment.on is True
    found = held.notes(on=on, name_windows=name_windows) if held else []
    found += notes
    if reading.running:
        found.append(reading.running.progress)
    elif environment.busy:
        found.append(f"the environment's state is {environment.management}")
    if on:
        # With a window of ours it is the account of our runs.
        if environment.by and not (held and held.record):
            kind = f" ({environment.by_type})" if environment.by_type not in ("", environment.by) else ""
            found.append(f"the platform says that it was switched by {environment.by}{kind}")
        if environment.reason:
            found.append(f"reason of the platform: {environment.reason}")
    elif environment.on is None:
        found.append(f"its runtime state is {environment.runtime or 'not given'}")
    faults = [_NO_BACKGROUND] if environment.on is False and environment.background_on is False else []
    if reading.running or environment.busy or (held and held.changing):
        mode = CHANGING
    else:
        mode = {True: MAINTENANCE, False: NORMAL, None: UNKNOWN}[environment.on]
    return Row(
        environment.name or environment.id,
        KIND,
        mode=mode,
        managed=held.managed(on=on) if held else None,
        windows=held.windows if held else (),
        overdue=held is not None and held.overdue(on=on),
        notes=(*found, *faults, *doubts(environment)),
        faults=tuple(faults),
    )

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The environment's row in the table of all systems. Pure."""

from __future__ import annotations

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


def status_row(reading: Reading) -> Row:
    """Return the row. The platform says that administration mode is on; that Finance + Operations runs in maintenance
    mode (CONFIGURATIONMODE) cannot be seen from outside, so nobody can verify it."""
    environment = reading.environment
    notes = []
    if reading.running:
        notes.append(reading.running.progress)
    elif environment.busy:
        notes.append(f"the environment's state is {environment.management}")
    if environment.on:
        if environment.by:
            kind = f" ({environment.by_type})" if environment.by_type else ""
            notes.append(f"switched by {environment.by}{kind}")
        if environment.reason:
            notes.append(f"reason of the platform: {environment.reason}")
    elif environment.on is None:
        notes.append(f"its runtime state is {environment.runtime or 'not given'}")
    elif environment.background_on is False:
        notes.append("background operations are disabled")
    if reading.running or environment.busy:
        mode = CHANGING
    else:
        mode = {True: MAINTENANCE, False: NORMAL, None: UNKNOWN}[environment.on]
    return Row(environment.name or environment.id, KIND, mode=mode, notes=(*notes, *doubts(environment)))

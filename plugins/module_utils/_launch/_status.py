# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The server's row in the table of all systems. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._activity import Activity
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso


def status_row(
    system: str,
    on: bool,
    activities: Sequence[Activity] = (),
    blackout_end: datetime | None = None,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the row. The server knows neither since when maintenance mode is on nor who turned it on, nor why.

    ``blackout_end`` is the end of a blackout that is in effect, ``notes`` what could not be found out.
    """
    found = list(notes)
    if blackout_end:
        found.append("a maintenance blackout is in effect, nothing starts")
    if on and activities:
        found.append(f"not idle: {len(activities)} process(es) that began before still run")
    found += [str(activity) for activity in activities if activity.waits_for]
    return {
        "system": system,
        "kind": "HCL Launch",
        "mode": "maintenance" if on else "normal",
        "verified": True,
        "managed": None,
        "since": None,
        "owner": None,
        "reason": None,
        "expires": iso(blackout_end) if blackout_end else None,
        "overdue": False,
        "notes": found,
    }

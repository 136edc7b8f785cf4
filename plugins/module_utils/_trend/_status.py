# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The computers' rows for the table of all systems. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._row import (
    CHANGING,
    MAINTENANCE,
    NORMAL,
    UNKNOWN,
    Row,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._computer import (
    OFF,
    STARTING,
    STATUSES,
    STOPPING,
    Computer,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._plan import Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._selection import Problem

KIND = "Trend AC"
# More computers in the same mode than this share one row: the table is for people.
_MANY = 20


def rows(reading: Reading, problems: Sequence[Problem], host: str) -> list[dict[str, Any]]:
    """Return a row for each computer, or for each mode that many share, and one for each that was not found.

    ``host`` is the manager's: computers of several managers may be in one table.
    """
    by_mode: dict[str, list[Computer]] = {}
    for computer in reading.computers:
        by_mode.setdefault(_mode(computer), []).append(computer)
    found: list[dict[str, Any]] = []
    for mode, computers in by_mode.items():
        if len(computers) > _MANY:
            found.append(_shared_row(mode, computers, reading.now))
        else:
            found += [_row(computer, mode, reading.now) for computer in computers]
    known = {computer.id for computer in reading.computers}
    found += [
        {**_blank(problem.name, UNKNOWN), "notes": [problem.reason]} for problem in problems if problem.id not in known
    ]
    return [{**row, "host": host} for row in found]


def _mode(computer: Computer) -> str:
    if computer.status not in STATUSES:
        return UNKNOWN
    if computer.status in (STARTING, STOPPING):
        return CHANGING
    return NORMAL if computer.status == OFF else MAINTENANCE


def _blank(system: str, mode: str) -> dict[str, Any]:
    """Return what every row has. The manager keeps no record of who asked for the mode, or why."""
    return Row(system, KIND, mode=mode, verified={UNKNOWN: None, CHANGING: False}.get(mode, True)).result()


def _row(computer: Computer, mode: str, now: float) -> dict[str, Any]:
    report = computer.report(now)
    notes = [f"status {computer.status}"] if mode == CHANGING else []
    if mode == MAINTENANCE and computer.ends is None:
        notes.append("in maintenance mode without an end, until it is taken out")
    if report["unavailable"]:
        notes.append(report["unavailable"])
    return {
        **_blank(computer.name, mode),
        "since": report["since"],
        "expires": report["scheduled_end"],
        "overdue": computer.ends is not None and computer.ends < now,
        "notes": notes,
    }


def _shared_row(mode: str, computers: Sequence[Computer], now: float) -> dict[str, Any]:
    """Return one row that says the least favourable of many: the longest since, the next to end."""
    each = [_row(computer, mode, now) for computer in computers]
    without_end = sum(computer.ends is None for computer in computers) if mode == MAINTENANCE else 0
    out_of_reach = sum(computer.unavailable() is not None for computer in computers)
    notes = [f"{without_end} without an end, until they are taken out"] if without_end else []
    if out_of_reach:
        notes.append(f"{out_of_reach} cannot be reached, {next(c.name for c in computers if c.unavailable())} first")
    return {
        **_blank(f"{len(computers)} computers", mode),
        "since": min((row["since"] for row in each if row["since"]), default=None),
        "expires": min((row["expires"] for row in each if row["expires"]), default=None),
        "overdue": any(row["overdue"] for row in each),
        "notes": notes,
    }

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The computers' rows for the table of all systems. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Held
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import (
    CHANGING,
    EARLY,
    FOREIGN,
    MAINTENANCE,
    NORMAL,
    UNKNOWN,
    Row,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._computer import (
    OFF,
    ON,
    RESETTING,
    STARTING,
    STATUSES,
    STOPPING,
    Computer,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._plan import Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._selection import Problem
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Window

KIND = "Trend AC"
# More computers in the same mode than this share one row: the table is for people.
_MANY = 20


def rows(
    reading: Reading,
    problems: Sequence[Problem],
    host: str,
    held: Mapping[int, Held] | None = None,
    *,
    name_windows: bool = False,
    notes: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Return a row for each computer, or for each mode and windows that many share, and one for each not found.

    ``host`` is the manager's: computers of several managers may be in one table. ``held`` is what the records say, by
    ID, None if they say nothing; ``name_windows``: the default window too is named. ``notes`` are for every row.
    """
    by_mode: dict[tuple[str, tuple[Window, ...]], list[Computer]] = {}
    for computer in reading.computers:
        kept = held.get(computer.id) if held else None
        by_mode.setdefault((_mode(computer, kept), kept.windows if kept else ()), []).append(computer)
    found: list[dict[str, Any]] = []
    for (mode, _windows), computers in by_mode.items():
        each = [
            _row(computer, mode, reading.now, held.get(computer.id) if held else None, name_windows)
            for computer in computers
        ]
        found += [_shared_row(mode, computers, each)] if len(computers) > _MANY else each
    known = {computer.id for computer in reading.computers}
    found += [
        Row(problem.name, KIND, notes=(problem.reason,)).result() for problem in problems if problem.id not in known
    ]
    return [{**row, "host": host, "notes": [*notes, *row["notes"]]} for row in found]


def _mode(computer: Computer, held: Held | None) -> str:
    if computer.status not in STATUSES:
        return UNKNOWN
    if computer.status in (STARTING, STOPPING) or (held and held.changing):
        return CHANGING
    return NORMAL if computer.status == OFF else MAINTENANCE


def _row(computer: Computer, mode: str, now: float, held: Held | None, name_windows: bool) -> dict[str, Any]:
    """Return the row of a computer. The manager keeps no record of who asked for the mode, or why."""
    report = computer.report(now)
    on = computer.status in (STARTING, ON, RESETTING)
    notes = [f"status {computer.status}"] if computer.status in (STARTING, STOPPING) else []
    if mode == MAINTENANCE and computer.ends is None:
        notes.append("in maintenance mode without an end, until it is taken out")
    if report["unavailable"]:
        notes.append(report["unavailable"])
    row = Row(
        computer.name,
        KIND,
        mode=mode,
        verified={UNKNOWN: None, CHANGING: False}.get(mode, True),
        managed=held.managed(on=on) if held else None,
        windows=held.windows if held else (),
        overdue=(computer.ends is not None and computer.ends < now) or bool(held and held.overdue(on=on)),
        notes=(*(held.notes(on=on, name_windows=name_windows) if held else []), *notes),
    ).result()
    # What no window says the manager knows: windows without an end end with the mode.
    return {**row, "since": row["since"] or report["since"], "expires": row["expires"] or report["scheduled_end"]}


def _shared_row(mode: str, computers: Sequence[Computer], each: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one row that says the least favourable of many: the longest since, the next to end."""
    without_end = sum(computer.ends is None for computer in computers) if mode == MAINTENANCE else 0
    out_of_reach = sum(computer.unavailable() is not None for computer in computers)
    own = {note for row in each for note in row["notes"] if note.startswith(("open window", FOREIGN, EARLY))}
    notes = sorted(own) if len(own) == 1 else []
    notes += [f"{without_end} without an end, until they are taken out"] if without_end else []
    if out_of_reach:
        notes.append(f"{out_of_reach} cannot be reached, {next(c.name for c in computers if c.unavailable())} first")
    return {
        **each[0],
        "system": f"{len(computers)} computers",
        "since": min((row["since"] for row in each if row["since"]), default=None),
        "expires": min((row["expires"] for row in each if row["expires"]), default=None),
        "overdue": any(row["overdue"] for row in each),
        "managed": each[0]["managed"] if len({row["managed"] for row in each}) == 1 else None,
        "notes": notes,
    }

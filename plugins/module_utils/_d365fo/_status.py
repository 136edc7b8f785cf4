# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What a look comes to: the row of the status table and what is not as it should be. Pure."""

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils import _row
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _method, _services
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._look import Seen
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import DISABLED, ENABLED, SETTLED
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import (
    CHANGING,
    FOREIGN,
    MAINTENANCE,
    NORMAL,
    UNKNOWN,
    Row,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import named

KIND = "D365 F&O"


def row(system: str, seen: Seen, *, name_windows: bool = False) -> dict[str, Any]:
    """Return the system's row of the status table (times as ISO 8601 in UTC).

    ``name_windows``: the default window too is named among the notes.
    """
    reading = seen.findings.reading
    windows = seen.record.windows if seen.record else ()
    on = reading is not None and reading.mode == ENABLED
    return Row(
        system=system,
        kind=KIND,
        mode=mode_word(seen),
        verified=verified(seen),
        managed=seen.record is not None if on else None,
        windows=windows,
        overdue=overdue(seen),
        notes=tuple(notes(seen, name_windows=name_windows)),
        faults=tuple(amiss(seen)),
    ).result()


def overdue(seen: Seen) -> bool:
    """Whether the mode should be off by now: its time is over, or a run was cut off that was to turn it off."""
    reading, record = seen.findings.reading, seen.record
    if reading is None or record is None:
        return False
    if not record.windows:
        return bool(record.lease and not record.lease.alive(reading.now))
    return reading.mode == ENABLED and any(window.overdue(reading.now) for window in record.windows)


def turned_off(seen: Seen) -> bool:
    """Whether somebody else set the variable back while a window was open."""
    record, reading = seen.record, seen.findings.reading
    if record is None or reading is None or record.lease or not record.windows:
        return False
    return record.phase == SETTLED and record.target == ENABLED and reading.mode == DISABLED


def unknown_row(system: str, why: str) -> dict[str, Any]:
    """Return the row of a system that could not be asked."""
    return _row.unknown_row(system, KIND, why)


def mode_word(seen: Seen) -> str:
    """Return "normal", "maintenance", "changing" or "unknown"."""
    reading = seen.findings.reading
    if reading is None or reading.mode is None:
        return UNKNOWN
    record = seen.record
    if record and ((record.lease and record.lease.alive(reading.now)) or not seen.settled):
        return CHANGING
    return MAINTENANCE if reading.mode == ENABLED else NORMAL


def verified(seen: Seen) -> bool | None:
    """Whether the running AOS is known to run with what the database says; None where nobody can know."""
    if seen.findings.reading is None or seen.record is None:
        return None
    if not seen.settled:
        return None if seen.never_set else False
    runs = seen.method == _method.SCRIPT or seen.aos_service_runs
    return True if runs and seen.record.verified else None


def notes(seen: Seen, *, name_windows: bool = False) -> list[str]:
    """Return what a person should know about the system, with the windows that are to be closed by their names."""
    reading = seen.findings.reading
    if reading is None:
        return [seen.findings.sql_failure or "the database was not queried", *amiss(seen)]
    found = []
    record = seen.record
    if reading.broken:
        found.append(str(reading.broken))
    if reading.mode is None:
        found.append("CONFIGURATIONMODE is missing")
    if record and record.lease:
        found.append(record.lease.told(reading.now))
    elif record and not seen.settled:
        found.append(
            "a run was interrupted before it turned maintenance mode on: run disable to clean up"
            if seen.never_set
            else "the AOS is not yet confirmed to run with this value: run again to finish the work"
        )
    if seen.foreign_record:
        found.append(foreign(seen))
    elif reading.mode == ENABLED and record is None and not reading.broken:
        found.append(FOREIGN)
    windows = record.windows if record else ()
    return [*found, *named(windows, default=name_windows), *amiss(seen)]


def foreign(seen: Seen) -> str:
    """Say whose record it is that stands in the database."""
    record = seen.foreign_record
    where = record.host if record and record.host else "another environment"
    return (
        f"the record in the database was written for {where}, before the database was copied or restored, and says "
        "nothing about this system"
    )


def amiss(seen: Seen) -> list[str]:
    """Return the services that are not as they should be, in words.

    While maintenance mode is on a stopped background service is as it should be (batch won't start anyway).
    """
    reading, record = seen.findings.reading, seen.record
    on = reading is not None and reading.mode == ENABLED
    left = {service.name: service for service in record.services} if record and not record.windows else {}
    web = seen.findings.services.get(_services.W3SVC)
    with_iis = {name for name, _state in web.dependents} if web else set()  # the restart started them again
    stopped = {service.name for service in record.services if service.stopped} if on and record else set()
    found = []
    for name, service in seen.findings.services.items():
        should_run = (service.starts_by_itself and (name == _services.W3SVC or not on)) or (name in left and not on)
        if (should_run and not service.runs) or (name in left and service.state == "start_pending" and not on):
            before = f" and {service.start_type}, ran before maintenance" if name in left else ""
            found.append(f"{name} is {service.state}{before}")
        elif name in stopped - with_iis and service.state == "running":
            # Not while it is starting: batch tries that every 30 s and can't.
            found.append(f"{name} is running although it was stopped for maintenance")
    return found

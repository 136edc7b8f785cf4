# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""One row of the status table: what a system is doing. Pure; docs/row.schema.json describes it for other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Window

NORMAL, MAINTENANCE, CHANGING, UNKNOWN = "normal", "maintenance", "changing", "unknown"
MODES = (NORMAL, MAINTENANCE, CHANGING, UNKNOWN)

FOREIGN = "turned on by somebody else: there is no record of who, why or when"
"""What a row says of a mode that is on without a record."""

EARLY = "turned off by somebody else, or by itself, before its window was closed"
"""What it says of a mode that was off already when the window that held it was to be closed."""


@dataclass(frozen=True)
class Row:
    """What a system is doing, or a part of it.

    ``host`` is the machine or the manager that it belongs to, "" if it is one by itself. ``verified`` says whether the
    mode is known to be in effect, None if nobody can know. ``managed`` says whether the mode is on by a window of ours,
    None if it is off or nobody can know. ``since`` and ``expires`` are what the system itself says, if it has no
    windows. ``faults`` are those of the ``notes`` that say what is not as it should be, like a stopped service.
    """

    system: str
    kind: str
    mode: str = UNKNOWN
    verified: bool | None = None
    managed: bool | None = None
    windows: tuple[Window, ...] = ()
    since: datetime | None = None
    expires: datetime | None = None
    overdue: bool = False
    notes: tuple[str, ...] = ()
    host: str = ""
    faults: tuple[str, ...] = ()

    def result(self) -> dict[str, Any]:
        """Return the row as a task's result (moments as ISO 8601 in UTC)."""
        since = min((window.opened for window in self.windows), default=self.since)
        ends = [window.expires for window in self.windows]
        last = max((end for end in ends if end), default=None) if all(ends) else None
        expires = last if self.windows else self.expires  # the mode ends with its last window
        return {
            "system": self.system,
            "kind": self.kind,
            "host": self.host,
            "mode": self.mode,
            "verified": self.verified,
            "managed": self.managed,
            "since": iso(since) if since else None,
            "owner": _together([window.owner for window in self.windows]),
            "reason": _together([window.reason for window in self.windows]),
            "expires": iso(expires) if expires else None,
            "overdue": self.overdue,
            "windows": [window.result() for window in self.windows],
            "notes": list(self.notes),
            "faults": list(self.faults),
        }


def unknown_row(system: str, kind: str, why: str, host: str = "") -> dict[str, Any]:
    """Return the row of a system of which nothing is known but ``why``."""
    return Row(system, kind, notes=(why,), host=host).result()


def first_end(row: Mapping[str, Any]) -> str | None:
    """Return when a row was to be over (ISO 8601): at the end of its first window, though the mode ends with the last.

    Without a window that has an end it is what the system itself says, None if that is nothing.
    """
    ends = [window["expires"] for window in row.get("windows") or () if window.get("expires")]
    return min(ends, default=row.get("expires"))


def _together(texts: Sequence[str]) -> str | None:
    return "; ".join(dict.fromkeys(filter(None, texts))) or None

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The blackouts of a server as the system that the cycle drives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._blackout import Blackout, Keys
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._blackout_plan import (
    Step,
    Wish,
    plan_blackout,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._calendar import Period, read_blackouts
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._server import Server, dotted, was_refused
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Plan

_NAMED_SINCE = (8, 1, 1)

_DONE = {
    "create": "the maintenance blackout was created",
    "update": "the maintenance blackout was changed",
    "delete": "the maintenance blackout was cancelled",
    "cancel_event": "the event of the maintenance blackout was cancelled",
    "cancel_series": "the series of maintenance blackouts was cancelled",
}


@dataclass
class MaintenanceBlackout:
    """``now`` is the moment that the wish counts from.

    ``sent`` is a step that was sent and not refused, ``written`` whether the server said that it did it.
    """

    server: Server
    wish: Wish
    now: datetime
    keys: Keys
    sent: Step | None = None
    written: bool = False

    def read(self) -> tuple[Blackout, ...]:
        """Return the blackouts of the server: the real events, and what lies around now and the wished period."""
        if self.wish.name or self.wish.recurrence:
            self._refuse_unnamed()
        periods: list[Period] = [(self.now, self.now)]
        if named := self.wish.period(self.now):
            start, end = named
            periods.append((start, max(start, end or start)))
        return read_blackouts(self.server, self.keys, *periods)

    def plan(self, reading: tuple[Blackout, ...]) -> Plan[Step]:
        """See ``plan_blackout``."""
        return plan_blackout(reading, self.wish, self.now, self.server.target)

    def apply(self, plan: Plan[Step]) -> None:
        """Send what the plan says."""
        send = {
            "create": self.server.create_blackout,
            "update": self.server.update_blackout,
            "delete": self.server.delete_blackout,
            "cancel_event": self.server.cancel_blackout_event,
            "cancel_series": self.server.cancel_blackout_series,
        }
        for step in plan.steps:
            self.sent = step
            try:
                send[step.verb](step.query)
            except Failure as failure:
                if was_refused(failure):
                    self.sent = None
                raise
            self.written = True

    def describe(self) -> str:
        """Name the server."""
        return self.server.target

    def state(self) -> str:
        """Say what has become of the write, for a failure after it."""
        if self.sent is None:
            return ""
        done = _DONE[self.sent.verb]
        if self.written:
            return f"The server answered that {done}"
        return f"It is not known whether {done}: look with launch_blackout_info, or run the task again"

    def _refuse_unnamed(self) -> None:
        """Older versions ignore a name silently and would create a blackout once instead of each week."""
        version = self.server.version()
        if version and version < _NAMED_SINCE:
            raise Failure(
                "use a maintenance blackout's name or recurrence",
                self.server.target,
                f"{dotted(version)} knows neither",
                "Leave name and recurrence out; they came with version 8.1.1",
            )

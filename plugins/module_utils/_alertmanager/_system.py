# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The system that the cycle drives: the silences of one inventory host at one Alertmanager."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._plan import (
    Reading,
    Step,
    Wish,
    plan,
    windows,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._server import Server
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import HttpFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Plan, Stale


@dataclass
class Silences:
    """``sent``: whether a write was sent that the server did not refuse."""

    server: Server
    wish: Wish
    sent: bool = False

    def read(self) -> Reading:
        """Return the silences; where something is to be written, or was, the alerts that fit as well.

        The server reads the matchers for that: those that it would refuse are refused before anything is written.
        """
        now, silences = self.server.silences()
        reading = Reading(now, silences)
        if self.wish.enabled and (self.sent or self.plan(reading).steps):
            return replace(reading, alerts=self.server.alerts(self.wish.matchers))
        return reading

    def plan(self, reading: Reading) -> Plan[Step]:
        """Compare with what is asked for."""
        return plan(self.wish, reading)

    def apply(self, plan: Plan[Step]) -> None:
        """Write one silence after the other."""
        for step in plan.steps:
            before, self.sent = self.sent, True
            try:
                step.carry_out(self.server)
            except Failure as failure:
                self.sent = before or not _refused(failure)
                raise

    def describe(self) -> str:
        """Name the server."""
        return self.server.target

    def state(self) -> str:
        """Say in which state the silences are after a failure: asks, unless nothing was sent."""
        if not self.sent:
            return "No silence was changed"
        try:
            own = Reading(*self.server.silences()).own(self.wish.system)
        except Failure:
            return "It is not known which silences are active now; run again: what was created is found by its comment"
        names = ", ".join(window.id for window in windows(own)) or "none"
        return f"Windows of {self.wish.system} with a silence now: {names}"


def _refused(failure: Failure) -> bool:
    """Whether the server said that it did not do it; a proxy's 502 or 504 does not say that."""
    status = failure.status if isinstance(failure, HttpFailure) else None
    return isinstance(failure, Stale) or (status is not None and 400 <= status < 500)

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""One look at an environment: its state, what runs on it, and how far that is; by the portal or the public API."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Refused
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._api import PublicApi
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._place import CUSTOMER_MANAGED, UNKNOWN_TO_LCS
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._plan import Reading, describe
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._portal import Portal, SessionOver
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._state import Action, Environment
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run

START = 300.0
"""Seconds for which the old state may stand after a request; a guess, no client says how long."""


@dataclass
class Look:
    """Looks at an environment in ``portal``, again and again.

    ``start`` is for how many seconds the old state may stand after a request. ``api`` takes over if the session ends
    while ``watching``: while a servicing operation is known, or believed, to run. ``latest`` is the last reading,
    ``history`` the last one that was read.
    """

    portal: Portal
    run: Run
    start: float = START
    api: PublicApi | None = None
    watching: bool = False
    latest: Reading | None = None
    history: list[Action] | None = None
    _kind: int | None = None
    _found: bool = False
    _no_progress: bool = False
    _by_api: bool = False
    _unseen_since: float | None = None

    def describe(self) -> str:
        """Name the environment."""
        return describe(self.portal.place, self.latest)

    def read(self, *, sent: bool = False) -> Reading:
        """Look once; ``sent`` says that this run has sent its request. Raises ``Failure``, ``SessionOver``."""
        environment, action = self._look(sent=sent)
        reading = Reading(environment, action)
        if reading.busy and not self._by_api:
            reading = Reading(environment, action, self._progress())
        self.latest = reading
        return reading

    def _look(self, *, sent: bool) -> tuple[Environment, Action | None]:
        """Return the environment and what runs on it, by the public API once the session has ended during the wait."""
        if not self._by_api:
            try:
                self._find()
                environment, action = self.portal.details(self._kind), self.portal.ongoing()
                if action and action.failed:
                    environment = self.portal.details(self._kind)  # it failed meanwhile: now they say why
                return environment, action or (None if sent else self._unseen())
            except SessionOver:
                if self.api is None or not self.watching:
                    raise
                self._by_api = True
                self.run.tell(f"{self.describe()}: the session is over; using the public API to watch the operation")
        if self.api is None:
            raise ValueError("no public API")
        return self.api.details(), None

    def _find(self) -> None:
        """Find out once of which type the environment is. Raises ``Refused`` for one that LCS does not switch."""
        if self._found or not self.portal.asks_for_kind:
            return
        try:
            self._kind = self.portal.kind()
        except LookupError:
            raise Refused(self.describe(), [UNKNOWN_TO_LCS]) from None
        if self._kind in CUSTOMER_MANAGED:
            about = f"It is {CUSTOMER_MANAGED[self._kind]}, for which LCS has no maintenance mode."
            raise Refused(self.describe(), [about, "Use d365fo_maintenance_mode on its machines."])
        self._found = True

    def _unseen(self) -> Action | None:
        """Return the newest entry of the history if it runs, though nothing else shows it: these lag behind a request.

        One that nothing else shows for as long as that can be is a relic, and is passed over.
        """
        try:
            self.history = self.portal.history()
        except SessionOver:
            raise
        except Failure:
            return None
        newest = next(iter(self.history), None)
        if newest is None or not newest.running:
            return None
        now = self.run.now()
        if self._unseen_since is None:
            self._unseen_since = now
        return newest if now - self._unseen_since < self.start else None

    def _progress(self) -> int | None:
        """Return the progress. It is for people: if it cannot be read, the wait goes on."""
        if self._no_progress:
            return None
        try:
            return self.portal.progress()
        except Failure:
            self._no_progress = True
            return None

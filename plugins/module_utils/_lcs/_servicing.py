# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Maintenance mode of one environment, as the cycle drives it: one request, then a servicing operation that lasts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Refused
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._api import PublicApi
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._place import CUSTOMER_MANAGED, UNKNOWN_TO_LCS
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._plan import (
    Reading,
    Write,
    describe,
    plan,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._portal import (
    Declined,
    Overloaded,
    Portal,
    SessionOver,
    Unclear,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._state import Action, Environment
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import (
    Patience,
    Plan,
    Stale,
    wait_until_none,
)


@dataclass
class Servicing:
    """The system that the cycle drives.

    ``api`` watches where the session ends in a wait. ``start_limit`` is for how many seconds after the request the old
    state may stand. ``sent_at`` is when the request was sent that LCS did not refuse, ``answer_lost`` what came in
    place of an answer; ``attached`` says that this run waited for a servicing operation before that. ``watching`` is
    true while one is known, or believed, to run.
    """

    portal: Portal
    on: bool
    patience: Patience
    start_limit: float = 300.0
    api: PublicApi | None = None
    sent_at: float | None = None
    answer_lost: str = ""
    attached: bool = False
    watching: bool = False
    activity_id: str = ""
    latest: Reading | None = None
    history: list[Action] | None = None
    _kind: int | None = None
    _found: bool = False
    _no_progress: bool = False
    _by_api: bool = False
    _unseen_since: float | None = None
    _fresh: Reading | None = field(default=None, repr=False)

    def describe(self) -> str:
        """Name the environment."""
        return describe(self.portal.place, self.latest)

    def attach(self) -> None:
        """Wait for a servicing operation that runs already: that of a run that was killed, or of a person."""
        reading = self.read()
        if reading.busy:
            self.attached = self.watching = True
            self._fresh = reading

            def pending() -> list[str]:
                nonlocal reading
                reading = self.read()
                return [reading.doing] if reading.busy else []

            wait_until_none(pending, self.describe(), self.patience)
            self.watching = False
        self._fresh = reading

    def read(self) -> Reading:
        """Look at the environment; a look that was just taken is not repeated. Raises ``Failure``."""
        if self._fresh is not None:
            fresh, self._fresh = self._fresh, None
            return fresh
        environment, action = self._look()
        since = None if self.sent_at is None else self.patience.run.now() - self.sent_at
        reading = Reading(
            environment,
            action,
            sent=since is not None,
            awaited=since is not None and since < self.start_limit,
            answer_lost=self.answer_lost,
            attached=self.attached,
        )
        if reading.busy and not self._by_api:
            reading = replace(reading, progress=self._progress())
        self.latest = reading
        return reading

    def plan(self, reading: Reading) -> Plan[Write]:
        """Compare a look with what is wanted. Raises ``Failure`` where a person has to act first."""
        return plan(reading, self.on, self.portal.place)

    def apply(self, plan: Plan[Write]) -> None:
        """Send the request once. Raises ``Stale`` where LCS took nothing and a new look says more, ``Failure``."""
        for step in plan.steps:
            self.patience.run.check()
            try:
                self.activity_id = self.portal.switch(step.on)
            except Overloaded as overloaded:
                self.patience.run.sleep(self.patience.interval)
                raise _stale(overloaded) from None
            except Declined as declined:
                # Perhaps since somebody else was faster, or the mode is as required behind a state that lagged.
                try:
                    self._fresh = reading = self.read()
                except Failure:
                    raise declined from None
                if reading.busy:
                    self.attached = self.watching = True
                if reading.busy or reading.is_on is step.on:
                    raise _stale(declined) from None
                raise
            except Unclear as unclear:
                # It may have arrived, so it is not sent again: whether a servicing operation begins will be seen.
                self.answer_lost = unclear.answer
                self.patience.run.tell(f"{self.describe()}: the answer to the request was lost ({unclear.answer})")
            self.sent_at = self.patience.run.now()
            self.watching = True

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
        now = self.patience.run.now()
        if self._unseen_since is None:
            self._unseen_since = now
        return newest if now - self._unseen_since < self.start_limit else None

    def _look(self) -> tuple[Environment, Action | None]:
        """Return the environment and what goes on there, by the public API once the session has ended in a wait."""
        if not self._by_api:
            try:
                self._find()
                environment, action = self.portal.details(self._kind), self.portal.ongoing()
                if action and action.failed:
                    environment = self.portal.details(self._kind)  # it failed meanwhile: now they say why
                return environment, action or (self._unseen() if self.sent_at is None else None)
            except SessionOver:
                if self.api is None or not self.watching:
                    raise
                self._by_api = True
                self.patience.run.tell(f"{self.describe()}: the session is over, watching on by the public API")
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
            about = f"It is {CUSTOMER_MANAGED[self._kind]}, where LCS has no maintenance mode."
            raise Refused(self.describe(), [about, "Use d365fo_maintenance_mode on its machines."])
        self._found = True

    def _progress(self) -> int | None:
        """Return the progress; it is for people, and that it cannot be read ends no wait."""
        if self._no_progress:
            return None
        try:
            return self.portal.progress()
        except Failure:
            self._no_progress = True
            return None


def _stale(failure: Failure) -> Stale:
    """Return a failure by which nothing was done as a reason to look again."""
    return Stale(failure.attempted, failure.target, failure.answer, failure.remedy, details=failure.details)

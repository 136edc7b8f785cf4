# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Administration mode and the windows that hold it: the environment is switched by ``Switching``, and the record in the
store says for whom. The record is written before a request is sent, and again when the environment shows the mode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils import _holding
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Refused
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Change, Held, Request
from ansible_collections.quiesce.maintenance.plugins.module_utils._ledger import Ledger
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Outcome, Plan, Stale, carry_out
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._environment import Environment
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._plan import (
    Reading,
    Step,
    Switch,
    Wanted,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._status import status_row
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._switching import (
    OperationFailed,
    Switching,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._records import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import Conflict


@dataclass(frozen=True)
class Keep(Step):
    """The record as it is to be, None for none."""

    record: Record | None


def record_key(identifier: str) -> str:
    """Return the key of an environment's record. Ids are unique over all tenants, and written in either case."""
    return identifier.lower()


def _shown(record: Record | None) -> list[dict[str, Any]]:
    return [window.result() for window in record.windows] if record else []


@dataclass
class AdministrationMode:
    """The system that the cycle drives.

    ``background`` is what is asked for of the background operations, None for nothing. ``change`` is what the request
    came to, ``recorded`` whether that was written into the record.
    """

    switching: Switching
    ledger: Ledger
    request: Request
    background: bool | None = None
    check_mode: bool = False
    change: Change | None = None
    recorded: bool = False
    _latest: Reading | None = field(default=None, repr=False)

    @property
    def key(self) -> str:
        """The key of the environment's record."""
        return record_key(self.switching.identifier)

    def switch(self) -> Outcome[Reading, Step]:
        """Do what is requested, and record it. A ``Failure`` says in which state it leaves the environment."""
        run = self.switching.run
        run.keep = self.ledger.keep
        try:
            outcome = carry_out(self, check_mode=self.check_mode)
            if self.recorded:
                self.ledger.end(done=[self.key])
        except Failure as failure:
            self._give_up(failure)
            raise
        finally:
            run.keep = lambda seconds: None
        return outcome

    # --- the cycle ----------------------------------------------------------------------------------------------------

    def read(self) -> Reading:
        """Return the environment; before anything is written, when neither another run nor the platform is at work.

        The platform is not asked again after the record alone was written.
        """
        if self.recorded:
            return self._latest or self.switching.read()
        self.ledger.read()
        # Refuses a window that cannot be, before anything is waited for.
        _holding.change(self.request, self.ledger.record(self.key), self.ledger.now, on=True)
        self._wait_for_turn()
        # To wait for the platform may take an hour, in which other runs come and go.
        while not self.check_mode and self.switching.begin(self._since_cut_off()):
            self.ledger.read()
            if not self._wait_for_turn():
                break
        self._latest = self.switching.read()
        return self._latest

    def plan(self, reading: Reading) -> Plan[Step]:
        """Compare with what is requested: at most one record and one request. Raises ``Refused``."""
        before = self.ledger.record(self.key)
        environment = reading.environment
        if not self.recorded:
            on = environment.on is True
            self.change = _holding.change(self.request, before, self.ledger.now, on=on, name=environment.name)
            self.switching.wanted = self._wanted(self.change)
        change = self.change or Change(False, None)
        found = self.switching.plan(reading)
        steps: list[Step] = [*found.steps]
        if change.record != before and not self.recorded and not found.pending:
            steps.insert(0, Keep(change.record))
        return Plan(
            found.before | {"windows": _shown(before)},
            found.after | {"windows": _shown(change.record)},
            tuple(steps),
            found.pending,
        )

    def apply(self, plan: Plan[Step]) -> None:
        """Write the record, then send the request. Raises ``Stale`` if another run was quicker."""
        switches = tuple(step for step in plan.steps if isinstance(step, Switch))
        if change := self.change:
            # A mode of somebody else's gets no record, whatever is done about its background operations.
            foreign = change.on and change.record is None
            try:
                self.ledger.begin({self.key: change}, [self.key] if switches and not foreign else [], 0.0)
            except Conflict as conflict:
                raise Stale(conflict.attempted, conflict.target, conflict.answer, conflict.remedy) from conflict
            self.recorded = True
        if switches:
            self._latest = None
            self.switching.apply(Plan(plan.before, plan.after, switches))

    def describe(self) -> str:
        """Name the environment."""
        record = self.ledger.records.get(self.key)
        known = Environment(self.switching.identifier, record.name) if record and record.name else None
        return str(self.switching.environment or known or self.switching.describe())

    # --- afterwards ---------------------------------------------------------------------------------------------------

    def held(self) -> Held:
        """Return what the store says of the environment."""
        return self.ledger.held(self.key)

    def stays(self, outcome: Outcome[Reading, Step]) -> str:
        """Say for whom administration mode stays on after a window was closed, or none was; "" if it is off."""
        change = self.change
        if self.request.on or not (change and change.on):
            return ""
        done = f"closed {self.request.names}" if outcome.changed else "closed nothing"
        return f"{done}; administration mode stays on for {', '.join(map(str, change.windows)) or 'somebody else'}"

    def _wanted(self, change: Change) -> Wanted:
        """Background operations can be disabled in administration mode only, so whoever has them disabled there has
        them enabled after it; whoever closes one of several windows leaves them to the others."""
        if self.background is None or (change.on and not self.request.on):
            return Wanted(change.on)
        return Wanted(change.on, self.background if change.on else True)

    def _since_cut_off(self) -> float:
        """Return how many seconds ago another run may have sent a request that it did not see the end of; one that is
        taken over, just now."""
        record = self.ledger.record(self.key)
        if record is None or record.lease is None:
            return float("inf")
        return max((self.ledger.now - record.lease.until).total_seconds(), 0.0)

    def _wait_for_turn(self) -> bool:
        return self.ledger.wait_for_turn([self.key], self.describe(), check_mode=self.check_mode)

    def _give_up(self, failure: Failure) -> None:
        """Say in which state a failure leaves the environment, and record that."""
        switching = self.switching
        if isinstance(failure, Conflict) and self.recorded:
            failure.state = "Another run has the environment now; this one has stopped"
            failure.details |= {"changed": True}
            return
        if isinstance(failure, Refused) or not (switching.sent or switching.attached):
            failure.details["changed"] = False
            failure.state = self._end(undone=True)
            if switching.environment:
                failure.details["status"] = self._row(switching.environment)
            return
        now = self._look()
        on = now.on if now else None
        settled = now is not None and not now.busy
        as_requested = settled and self.change is not None and on is self.change.on
        # Only an operation that was seen to fail leaves things as they were; of others nobody knows what comes.
        undone = not as_requested and (not switching.sent or (settled and isinstance(failure, OperationFailed)))
        told = self._end(done=as_requested, undone=undone)
        first = switching.first.environment.on if switching.first else None
        failure.details |= {
            "administration_mode": on,
            "changed": on != first or (switching.sent and not settled) or (self.recorded and not undone),
        }
        if now is None or on is None:
            state = f"It is not known whether administration mode is on for {switching.describe()}"
        else:
            failure.details["status"] = self._row(now)
            still = "" if settled else ", and its state is still changing"
            state = f"Administration mode is {'on' if on else 'off'} for {now}{still}"
        failure.state = ". ".join(filter(None, (state, told)))

    def _row(self, environment: Environment) -> dict[str, Any]:
        """Return the row after a failure, as others see it: what this run left unfinished is for the next one."""
        held = Held(self.ledger.records.get(self.key), self.ledger.now)
        return status_row(Reading(environment), held).result()

    def _look(self) -> Environment | None:
        try:
            return self.switching.platform.environment(self.switching.identifier)
        except Failure:
            return None

    def _end(self, *, done: bool = False, undone: bool = False) -> str:
        if not self.recorded:
            return ""
        how: Mapping[str, list[str]] = {"done" if done else "undone" if undone else "unknown": [self.key]}
        return self.ledger.try_to_end(**how)

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Maintenance mode of one environment, as the cycle drives it: one request, then a servicing operation that lasts.

What a run sees decides, not what it remembers: a run that was killed and started again finds the operation that runs,
and in the record for whom.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ansible_collections.quiesce.maintenance.plugins.module_utils import _holding
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Change, Held, Request
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._look import Look
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._plan import Reading, Step, Write, plan
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._portal import Declined, Overloaded, Unclear
from ansible_collections.quiesce.maintenance.plugins.module_utils._ledger import Ledger
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import (
    Patience,
    Plan,
    Stale,
    wait_until_none,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._records import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import Conflict

# What the one record of an environment's file is called.
KEY = "environment"

_LOOKS = 3
"""Looks after a request that LCS refused: for the first of them the old state may stand yet."""


@dataclass
class Servicing:
    """The system that the cycle drives: what ``look`` sees, and the record in ``ledger``, which says whose the mode is.

    ``lease`` is how many seconds the one request may take. ``change`` is what ``request`` came to, ``before`` the
    record before it; ``recorded`` says that the change is in the record, ``leased`` that this run's lease is there too.
    ``sent_at`` is when the request was sent that LCS did not refuse, ``answer_lost`` what came in place of an answer;
    ``attached`` says that this run waited for a servicing operation before that.
    """

    look: Look
    request: Request
    ledger: Ledger
    patience: Patience
    lease: float = 0.0
    check_mode: bool = False
    change: Change | None = None
    before: Record | None = None
    recorded: bool = False
    leased: bool = False
    sent_at: float | None = None
    answer_lost: str = ""
    attached: bool = False
    activity_id: str = ""

    @property
    def on(self) -> bool:
        """Whether the mode is to be on."""
        return self.change.on if self.change else self.request.on

    @property
    def changed_windows(self) -> bool:
        """Whether the record says other windows than before this run."""
        before = self.before.windows if self.before else ()
        return self.recorded and self.change is not None and self.change.windows != before

    @property
    def under_way(self) -> bool:
        """Whether a servicing operation runs, or may begin yet after the request."""
        latest = self.look.latest
        if latest is None or latest.failed:
            return False
        waits = self.sent_at is not None and (not latest.sent or (latest.awaited and latest.is_on is not self.on))
        return latest.busy or waits

    @property
    def is_on(self) -> bool | None:
        """Whether the mode is on by the last look; None: not known, or changing."""
        return self.look.latest.is_on if self.look.latest and not self.under_way else None

    def describe(self) -> str:
        """Name the environment."""
        return self.look.describe()

    def read(self) -> Reading:
        """Look at the environment; before anything is written, when no other run and no operation is at work on it.

        An operation that runs already is that of a run that was killed, or of a person. Raises ``Failure``.
        """
        as_wanted = 0
        while not self.recorded:
            self.ledger.read()
            # Refuses a window that cannot be, before anything is waited for.
            _holding.change(self.request, self.ledger.record(KEY), self.ledger.now, on=True)
            self.ledger.wait_for_turn([KEY], self.describe(), check_mode=self.check_mode)
            reading = self.look_again()
            as_wanted += reading.is_on is self.request.on
            behind = reading.is_on is self.request.on and as_wanted < _LOOKS and self._may_be_behind()
            if self.check_mode or not (reading.busy or self._may_show_yet() or behind):
                return reading
            if reading.busy:
                self._wait_for_rest(reading)
            elif behind:
                self.patience.run.tell(
                    f"{self.describe()}: nobody saw the end of what a run began, and the state may lag behind it; "
                    f"looking again in {self.patience.interval:.0f} s"
                )
                self.patience.run.rest(self.patience.interval)
            else:
                self.patience.run.tell(
                    f"{self.describe()}: another run was cut off, and the history, which would show at once what it "
                    f"began, cannot be read; looking again in {self.patience.interval:.0f} s"
                )
                self.patience.run.rest(self.patience.interval)
        return self.look_again()

    def plan(self, reading: Reading) -> Plan[Step]:
        """Compare a look with what is wanted. Raises ``Failure`` where a person has to act first."""
        if not self.recorded:
            self.before = self.ledger.record(KEY)
            name = reading.environment.name
            on = reading.is_on is True
            self.change = _holding.change(self.request, self.before, self.ledger.now, on=on, name=name)
        change = self.change or Change(self.request.on, self.before)
        return plan(reading, change, self.before, self.look.portal.place, recorded=self.recorded)

    def apply(self, plan: Plan[Step]) -> None:
        """Write the record, then send the request once.

        Raises ``Stale`` where nothing was done and a new look says more, ``Failure``.
        """
        writes = [step for step in plan.steps if isinstance(step, Write)]
        self._record(leased=bool(writes))
        for step in writes:
            self.patience.run.check()
            self._send(step)

    def settle(self) -> None:
        """Record that the switch is done."""
        if self.leased:
            self.ledger.end(done=[KEY])
            self.leased = False

    def give_up(self, on: bool | None) -> str:
        """Record in which state a failed switch leaves the mode, None if that is not known yet.

        The next run finishes what is not known: it need not wait for the lease of this one. Returns what went wrong
        with that, "" for nothing.
        """
        if not self.leased:
            return ""
        self.leased = False
        if on is None:
            return self.ledger.try_to_end(unknown=[KEY])
        if on is self.on:
            return self.ledger.try_to_end(done=[KEY])
        self.recorded = False
        return self.ledger.try_to_end(undone=[KEY])

    def held(self) -> Held:
        """Return what the store says of the environment."""
        return self.ledger.held(KEY)

    def look_again(self) -> Reading:
        """Look once, whatever the record says. Raises ``Failure``."""
        reading = self.look.read(sent=self.sent_at is not None)
        since = None if self.sent_at is None else self.patience.run.now() - self.sent_at
        self.look.latest = replace(
            reading,
            sent=since is not None,
            awaited=since is not None and since < self.look.start,
            answer_lost=self.answer_lost,
            attached=self.attached,
        )
        return self.look.latest

    def _may_be_behind(self) -> bool:
        """Whether the state need not be the last one: nobody saw the end of what a run began that was cut off."""
        record = self.ledger.record(KEY)
        return record is not None and record.unfinished(self.ledger.now)

    def _may_show_yet(self) -> bool:
        """Whether another run may have sent its request so shortly before it was cut off that nothing shows it yet."""
        record = self.ledger.record(KEY)
        if record is None or record.lease is None or self.look.history is not None:
            return False
        return (self.ledger.now - record.lease.until).total_seconds() < self.look.start

    def _wait_for_rest(self, first: Reading) -> None:
        """Wait until the operation that runs has ended."""
        self.attached = self.look.watching = True
        seen = [first]

        def pending() -> list[str]:
            reading = seen.pop() if seen else self.look_again()
            return [reading.doing] if reading.busy else []

        wait_until_none(pending, self.describe(), self.patience)
        self.look.watching = False

    def _record(self, *, leased: bool) -> None:
        """Write the record, with this run's lease if a request is to be sent. Raises ``Stale``, ``Failure``."""
        if self.change is None:
            raise ValueError("nothing was planned")
        if self.recorded:
            return
        self.patience.run.keep = self.ledger.keep
        try:
            self.ledger.begin({KEY: self.change}, [KEY] if leased else [], self.lease)
        except Conflict as conflict:
            raise _stale(conflict) from conflict
        self.recorded, self.leased = True, leased

    def _send(self, step: Write) -> None:
        try:
            self.activity_id = self.look.portal.switch(step.on, lambda: self.patience.run.keep(self.lease))
        except Overloaded as overloaded:
            self.patience.run.sleep(self.patience.interval)
            raise _stale(overloaded) from None
        except Declined as declined:
            # Perhaps since somebody else was faster, or the mode is as required behind a state that lagged.
            self._see_why(declined, step.on)
            raise _stale(declined) from None
        except Unclear as unclear:
            # It may have arrived, so it is not sent again: whether a servicing operation begins will be seen.
            self.answer_lost = unclear.answer
            self.patience.run.tell(f"{self.describe()}: the answer to the request was lost ({unclear.answer})")
        self.sent_at = self.patience.run.now()
        self.look.watching = True

    def _see_why(self, declined: Declined, on: bool) -> None:
        """Look until there is an operation to wait for, or the mode that was refused to be set. Raises ``Declined``."""
        for look in range(_LOOKS):
            if look:
                self.patience.run.sleep(self.patience.interval)
            try:
                reading = self.look_again()
            except Failure:
                raise declined from None
            if reading.busy:
                self._wait_for_rest(reading)
                return
            if reading.is_on is on:
                return
        raise declined


def _stale(failure: Failure) -> Stale:
    """Return a failure by which nothing was done as a reason to look again."""
    return Stale(failure.attempted, failure.target, failure.answer, failure.remedy, details=failure.details)

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Maintenance mode of a manager's computers, driven by the cycle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import HttpFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Plan, Stale
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import Conflict
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend import _words as words
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._lookup import Target, find
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._manager import Manager, is_silence
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._plan import (
    RECORD,
    Reading,
    Step,
    Wish,
    ended,
    first_plan,
    later_plan,
    other_duration,
    unavailable,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._selection import Problem
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._windows import Windows


class Maintenance:
    """The computers of one run as a ``System`` of the cycle.

    ``problems`` are the computers that cannot be changed, or not be seen to be as requested; ``skip`` says to continue
    without them. ``first`` and ``last`` are the first and the last reading (None and an empty one before anything was
    read), ``steps`` what was to be written, and ``accepted`` and ``refused``, by ID, what became of it. ``unread`` is
    the failure that ended the last reading. ``records`` has the windows of the computers, None if there are none;
    ``recorded`` says whether something was written there.
    """

    def __init__(
        self, manager: Manager, target: Target, wish: Wish, *, skip: bool, wait: bool, records: Windows | None = None
    ) -> None:
        self.manager = manager
        self.wish = wish
        self.skip = skip
        self.problems: tuple[Problem, ...] = ()
        self.first: Reading | None = None
        self.last = Reading((), 0.0)
        self.steps: tuple[Step, ...] = ()
        self.accepted: dict[int, Step] = {}
        self.refused: dict[int, HttpFailure] = {}
        self.unread: Failure | None = None
        self.records = records
        self.recorded = False
        self._target = target
        self._wait = wait
        self._not_awaited: frozenset[int] = frozenset()
        self._seen_in: set[int] = set()
        self._awaits = False

    def describe(self) -> str:
        """Name the system for a message."""
        return self.manager.target

    @property
    def changed(self) -> bool:
        """Whether anything was written: a request that may have been carried out, or a record."""
        return bool(self.accepted or self.unanswered or self.recorded)

    @property
    def unanswered(self) -> list[Step]:
        """The requests that may have been carried out, although no answer said so."""
        return [
            step
            for step in self.steps
            if (failure := self.refused.get(step.computer.id)) and failure.status in (None, 502, 504)
        ]

    def read(self) -> Reading:
        """Find the computers; from the second time on read those that were found.

        Raises Failure for computers that left maintenance mode again before the others were in it: the wait for all
        of them would have no end.
        """
        if self.first is None:
            self.first = self.last = self._set_aside(self._find())
            self._remember(self.first)
            return self.first
        if self.recorded and not self.steps and not self._awaits:
            self.last = replace(self.last, recorded=frozenset())
            return self.last  # the record alone was written
        reading = self.look()
        if self.wish.on:
            before = {computer.id: computer for computer in self.first.computers}
            out = [
                computer
                for computer in reading.computers
                if ended(computer, before[computer.id], seen_in=computer.id in self._seen_in)
            ]
            if out:
                raise words.ended_early(self.wish, self.describe(), out, reading)
        return reading

    def _find(self) -> Reading:
        """Find the computers and what their windows ask of each, when no other run is at work on them."""
        if self.records is None:
            return find(self.manager, self._target)
        self.records.read()
        reading = find(self.manager, self._target)
        if self.records.wait_for_turn(reading, self.describe()):
            reading = find(self.manager, self._target)
        return self.records.with_wishes(reading, self.wish)

    def look(self) -> Reading:
        """Read the computers again. One that is gone is a problem of its own, and no reason to leave the others."""
        former = self.last.computers
        if not former:
            return self.last
        try:
            found, now = self.manager.by_id(computer.id for computer in former)
        except Failure as failure:
            self.unread = failure
            raise
        by_id = {computer.id: computer for computer in found}
        gone = tuple(computer for computer in former if computer.id not in by_id)
        self.problems = tuple(problem for problem in self.problems if problem.id not in {c.id for c in gone})
        self.problems += tuple(Problem(computer.name, words.GONE, computer.id) for computer in gone)
        computers = tuple(by_id[computer.id] for computer in former if computer.id in by_id)
        self.last = replace(self.last, computers=computers, now=now, problems=(), recorded=frozenset())
        self._remember(self.last)
        return self.last

    def plan(self, reading: Reading) -> Plan[Step]:
        """Compare a reading with what is requested; after the first one, say what is still missing."""
        if reading is self.first:
            plan = first_plan(reading, self.wish, self._not_awaited)
        else:
            plan = later_plan(reading, self.wish, self.accepted, self._not_awaited)
        return plan if self._wait else Plan(plan.before, plan.after, plan.steps)

    def apply(self, plan: Plan[Step]) -> None:
        """Send the requests. Raises Failure if any was refused that matters; see ``_set_aside``."""
        requests = tuple(step for step in plan.steps if step.action != RECORD)
        for warning in self.too_short(requests):
            self.manager.tell(warning)
        if self.records:
            try:
                self.recorded = self.records.begin(plan.steps, self.manager.seconds_for(len(requests)))
            except Conflict as conflict:
                self.first = None
                raise Stale(conflict.attempted, conflict.target, conflict.answer, conflict.remedy) from conflict
        self.steps = requests
        self._awaits = bool(plan.pending)
        written = self.manager.write(requests)
        self.accepted = {step.computer.id: step for step in written.accepted}
        self.refused = written.refused
        if self.records:
            try:
                self.records.end(written, self.unanswered)
            except Failure:
                if written.end is None:  # which says more
                    raise
        if written.end:
            raise written.end
        problems = tuple(
            Problem(step.computer.name, words.why_refused(self.refused[step.computer.id]), step.computer.id)
            for step in requests
            if step.computer.id in self.refused
        )
        if problems and not self.skip and self.wish.on:
            if all(map(is_silence, self.refused.values())):
                # The last requests, so that it is not known whether the manager is there: its own remedy is right.
                raise next(iter(self.refused.values()))
            how_far = f"{len(problems)} of {len(requests)} requests failed"
            raise words.refusal(self.wish, self.describe(), how_far, problems)
        self.problems = tuple(problem for problem in self.problems if problem.id not in self.refused) + problems
        self._not_awaited |= self.refused.keys()

    def too_short(self, requests: Sequence[Step]) -> list[str]:
        """Warn of a duration that is over before all of so many requests are sent."""
        shortest = min((step.duration for step in requests if step.duration), default=None)
        manager, writes = self.manager, len(requests)
        seconds = manager.seconds_for(writes)
        return words.too_short(shortest, writes, seconds, manager.concurrency, manager.per_minute)

    def note_other_durations(self) -> None:
        """Take in, as problems, the computers whose agents took over another duration than was written."""
        for computer in self.last.computers:
            step = self.accepted.get(computer.id)
            if step and (other := other_duration(computer, step)) is not None:
                self.problems += (Problem(computer.name, words.wrong_duration(other, step.duration), computer.id),)

    def _remember(self, reading: Reading) -> None:
        self._seen_in.update(computer.id for computer in reading.computers if computer.running)

    def _set_aside(self, reading: Reading) -> Reading:
        """Leave out what cannot be done, or refuse the whole before anything is touched.

        The way out is not refused: one computer that cannot be reached must not keep all others in maintenance mode.
        It is asked as well, so that its agent leaves maintenance mode when it is back, but not awaited; the run fails
        for it at the end.
        """
        problems = reading.problems + unavailable(reading, self.wish)
        if problems and not self.skip and self.wish.on:
            raise words.refusal(self.wish, self.describe(), "nothing was changed", problems)
        self.problems = problems
        concerned = frozenset(problem.id for problem in problems if problem.id is not None)
        if self.wish.on:
            computers = tuple(computer for computer in reading.computers if computer.id not in concerned)
        else:
            self._not_awaited = concerned
            computers = tuple(computer for computer in reading.computers if computer.status is not None)
        return replace(reading, computers=computers, problems=())

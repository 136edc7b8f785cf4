# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Maintenance mode of a manager's computers, driven by the verb, and what a run reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import HttpFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Patience, Plan, carry_out
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._computer import OFF, ON
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._lookup import Target, find
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._manager import Manager, concerns_one
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._plan import (
    TURN_ON,
    Reading,
    Step,
    Wish,
    decide,
    first_plan,
    later_plan,
    long_enough,
    reached,
    unavailable,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._selection import Problem
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._status import rows


def inform(manager: Manager, target: Target) -> dict[str, Any]:
    """Return the result of the info module: what was found, and what was not."""
    reading = find(manager, target)
    return {
        "changed": False,
        "computers": [computer.report(reading.now) for computer in reading.computers],
        "unavailable": _problems(reading.problems),
        "status_rows": rows(reading, reading.problems, manager.host),
        "requests": manager.requests,
    }


class Maintenance:
    """The computers of one run as a ``System`` of the verb."""

    def __init__(self, manager: Manager, target: Target, wish: Wish, *, skip: bool, wait: bool) -> None:
        self.manager = manager
        self.wish = wish
        self.problems: tuple[Problem, ...] = ()
        self.steps: tuple[Step, ...] = ()
        self.accepted: dict[int, Step] = {}
        self.refused: dict[int, HttpFailure] = {}
        self.last: Reading | None = None
        self._target = target
        self.skip = skip
        self._wait = wait
        self._ids: list[int] = []
        self._not_awaited: frozenset[int] = frozenset()

    def describe(self) -> str:
        """Name the system for a message."""
        return self.manager.target

    def read(self) -> Reading:
        """Find the computers; from the second time on read those that were found."""
        if self.last is None:
            reading = self._set_aside(find(self.manager, self._target))
            self._ids = [computer.id for computer in reading.computers]
        else:
            computers, now = self.manager.by_id(self._ids) if self._ids else ([], self.last.now)
            reading = Reading(tuple(computers), now)
            gone = set(self._ids) - {computer.id for computer in computers}
            if gone:
                raise Failure(
                    "see the change in effect",
                    self.describe(),
                    f"computers that were there before are gone: IDs {', '.join(map(str, sorted(gone)))}",
                    "They were deleted, or the key lost the right to see them; run again",
                )
        self.last = reading
        return reading

    def plan(self, reading: Reading) -> Plan[Step]:
        """Compare a reading with the wish; after the writes, say what is still missing."""
        if self.steps:
            plan = later_plan(reading, self.wish, self.accepted, self._not_awaited)
        else:
            plan = first_plan(reading, self.wish, self._not_awaited)
        return plan if self._wait else Plan(plan.before, plan.after, plan.steps)

    def apply(self, plan: Plan[Step]) -> None:
        """Send the requests. Raises Failure if any was refused that matters; see ``_set_aside``."""
        self.steps = plan.steps
        accepted, self.refused = self.manager.write(plan.steps)
        self.accepted = {step.computer.id: step for step in accepted}
        for failure in self.refused.values():
            if not concerns_one(failure):
                raise failure
        problems = tuple(
            Problem(step.computer.name, _why(self.refused[step.computer.id]), step.computer.id)
            for step in plan.steps
            if step.computer.id in self.refused
        )
        if problems and not self.skip and self.wish.on:
            how_far = f"{len(problems)} of {len(plan.steps)} requests were refused"
            raise _refusal(self.wish, self.describe(), how_far, problems)
        self.problems += problems
        self._ids = [id_ for id_ in self._ids if id_ not in self.refused]

    def _set_aside(self, reading: Reading) -> Reading:
        """Leave out what can't be done, or refuse the whole before anything is touched.

        Turning off is not refused: one computer that can't be reached must not keep the mode on for all others. It is
        asked as well, so that its agent turns the mode off when it is back, but not awaited; the run fails for it at
        the end.
        """
        problems = reading.problems + unavailable(reading, self.wish)
        if problems and not self.skip and self.wish.on:
            raise _refusal(self.wish, self.describe(), "nothing was changed", problems)
        self.problems = problems
        concerned = frozenset(problem.id for problem in problems if problem.id is not None)
        if self.wish.on:
            computers = tuple(computer for computer in reading.computers if computer.id not in concerned)
        else:
            self._not_awaited = concerned
            computers = tuple(computer for computer in reading.computers if computer.status is not None)
        return Reading(computers, reading.now)


def run(system: Maintenance, *, check_mode: bool, patience: Patience, rollback: bool) -> dict[str, Any]:
    """Bring the computers to the wished state and return the module's result.

    Raises Failure; once something was written, its message and details say which computers are as wished and which
    are not, and what ``rollback`` undid.
    """
    try:
        outcome = carry_out(system, check_mode=check_mode, patience=patience)
    except Failure as failure:
        if system.last is None:
            raise
        raise _aftermath(system, failure, rollback) from None
    before, after = outcome.before, outcome.after
    actions = {computer.id: decide(computer, system.wish, before.now) for computer in before.computers}
    shown = [{**computer.report(after.now), "action": actions[computer.id]} for computer in after.computers]
    result = {
        "changed": outcome.changed,
        "diff": outcome.plan.diff,
        "computers": shown,
        "unavailable": _problems(system.problems),
        "status_rows": rows(after, system.problems, system.manager.host),
        "requests": system.manager.requests,
    }
    summary = _summary(system, shown, check_mode)
    if system.problems and not system.skip:
        refused = _refusal(system.wish, system.describe(), summary, system.problems)
        refused.details.update(result)
        raise refused
    return {**result, "msg": summary, "warnings": _warnings(system, after)}


def _aftermath(system: Maintenance, failure: Failure, rollback: bool) -> Failure:
    """Say exactly what a failed run leaves behind, and turn off again what it turned on if that is wished."""
    undone: list[str] = []
    not_undone: list[str] = []
    if rollback and system.wish.on:
        # A request without an answer may have been carried out all the same: it is taken back, too.
        unsure = {id_ for id_, refused in system.refused.items() if refused.status in (None, 502, 504)}
        turned_on = [
            step
            for step in system.steps
            if step.action == TURN_ON and (step.computer.id in system.accepted or step.computer.id in unsure)
        ]
        back, _refused = system.manager.write(Step(step.computer, "rolled_back", on=False) for step in turned_on)
        undone = [step.computer.name for step in back]
        not_undone = [step.computer.name for step in turned_on if step.computer.name not in undone]
    try:
        reading = system.read()
    except Failure as unread:
        reading = Reading((), 0)
        state = f"the state could not be read afterwards ({unread.answer})"
    else:
        state = ""
    done = [c for c in reading.computers if reached(c, system.wish, system.accepted.get(c.id))]
    rest = [c for c in reading.computers if c not in done]
    state = state or f"{len(done)} of {len(reading.computers)} computers are {ON if system.wish.on else OFF}"
    if rest:
        state += f", not: {_some([f'{c.name} ({c.status})' for c in rest])}"
    answer = f"{failure.answer.rstrip('. ')}. Now {state}"
    if undone:
        answer += f". Turned off again: {_some(undone)}"
    if not_undone:
        answer += f". Could not be turned off again: {_some(not_undone)}"
    return Failure(
        failure.attempted,
        failure.target,
        answer,
        failure.remedy,
        details={
            **failure.details,
            "changed": bool(system.accepted),
            "computers": [c.report(reading.now) for c in reading.computers],
            "reached": [c.name for c in done],
            "not_reached": [c.name for c in rest],
            "rolled_back": undone,
            "not_rolled_back": not_undone,
        },
    )


def _refusal(wish: Wish, target: str, how_far: str, problems: Sequence[Problem]) -> Failure:
    return Failure(
        f"turn maintenance mode {'on' if wish.on else 'off'} for all computers",
        target,
        f"{how_far}: {_some([str(problem) for problem in problems], ' | ')}",
        "Mend or leave out these computers, or let on_unavailable: skip go on with the others",
        details={"unavailable": _problems(problems)},
    )


def _why(failure: HttpFailure) -> str:
    words = failure.message or failure.answer
    return f"the manager refused it (HTTP {failure.status}: {words})"


def _summary(system: Maintenance, shown: Sequence[dict[str, Any]], check_mode: bool) -> str:
    counts: dict[str, int] = {}
    for computer in shown:
        counts[computer["action"]] = counts.get(computer["action"], 0) + 1
    parts = [f"{count} {action.replace('_', ' ')}" for action, count in counts.items()]
    if system.problems:
        parts.append(f"{len(system.problems)} out of reach")
    mode = ON if system.wish.on else OFF
    there = sum(computer["status"] == mode for computer in shown)
    head = f"{there} of {len(shown)} computers are {mode}"
    return f"{head}; {'would be: ' if check_mode else ''}{', '.join(parts)}" if parts else head


def _warnings(system: Maintenance, after: Reading) -> list[str]:
    """Name what a person would not expect: computers left out, and a mode that ends sooner than was wished."""
    wish = system.wish
    problems = [str(problem) for problem in system.problems]
    running = [
        (computer, f"{computer.name} (ends in {computer.minutes_left(after.now)} minutes)")
        for computer in after.computers
        if wish.on and computer.ends is not None and computer.id not in system.accepted
    ]
    short = [text for computer, text in running if not long_enough(computer, wish, after.now)]
    warnings = [f"Out of reach: {_some(problems, ' | ')}"] if problems else []
    if short:
        warnings.append(f"Not extended, with less than half of the wished {wish.duration} minutes left: {_some(short)}")
    if running and wish.duration is None:
        warnings.append(
            f"No duration was given, but the mode that runs has an end: {_some([text for _name, text in running])}"
        )
    return warnings


def _problems(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    return [{"name": problem.name, "id": problem.id, "reason": problem.reason} for problem in problems]


def _some(texts: Sequence[str], separator: str = ", ") -> str:
    """Return the first of many texts, and how many more there are; the result's lists hold all of them."""
    return separator.join(texts[:10]) + (f" and {len(texts) - 10} more" if len(texts) > 10 else "")

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What a failed run leaves behind: rolled back where that is requested, read once more, and said exactly."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend import _words as words
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._maintenance import Maintenance
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._manager import is_silence
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._plan import ENABLE, Reading, Step, reached
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._selection import Problem
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._status import rows


@dataclass(frozen=True)
class _Rollback:
    """The names of the computers that were rolled back, or not.

    ``silence`` is why the manager could not be asked, ``trouble`` why the records could not be written.
    """

    undone: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    silence: str = ""
    trouble: str = ""


def aftermath(system: Maintenance, failure: Failure, *, rollback: bool) -> Failure:
    """Return ``failure`` with what it leaves behind. The computers of ``system`` have been read at least once."""
    back = _roll_back(system) if rollback and system.wish.on else _Rollback()
    unread = back.silence or _read_again(system, failure, back)
    reading = system.last
    done = {c.id for c in reading.computers if reached(c, reading.wish_for(c, system.wish), system.accepted.get(c.id))}
    known = {computer.id for computer in reading.computers}
    problems = [problem for problem in system.problems if problem.id not in done]
    not_reached = [computer.name for computer in reading.computers if computer.id not in done]
    not_reached += [problem.name for problem in problems if problem.id not in known]
    unavailable = list(failure.details.get("unavailable", []))
    unavailable += [entry for entry in words.listed(problems) if entry not in unavailable]

    timed_out = "pending" in failure.details
    texts = [] if timed_out else [failure.answer]
    if unread or len(system.accepted) < len(system.steps):
        texts.append(words.how_far(system.steps, system.accepted, system.unanswered))
    if unread:
        texts.append(f"The state of all computers is unknown, it could not be read afterwards ({unread})")
    else:
        texts.append(("Now " if texts else "") + words.where_it_stands(system.wish, reading, done, system.accepted))
    if problems and "unavailable" not in failure.details:
        texts.append(f"Computers with a problem: {words.some(map(str, problems), ' | ')}")
    if back.undone:
        texts.append(f"Maintenance mode was rolled back on {words.some(back.undone)}")
    if back.trouble:
        texts.append(f"The windows that this task opened may still be open: {back.trouble}")
    if back.failed:
        texts.append(f"Rollback failed on {words.some(back.failed)}")
    return Failure(
        failure.attempted,
        failure.target,
        ". ".join(text.rstrip(". ") for text in texts if text),
        words.remedy(failure.remedy, problems, reading, timed_out=timed_out, unread=bool(unread)),
        details={
            **failure.details,
            "changed": failure.details.get("changed", system.changed),
            "computers": [] if unread else [computer.report(reading.now) for computer in reading.computers],
            "unavailable": unavailable,
            "accepted": [step.computer.name for step in system.accepted.values()],
            "unanswered": [step.computer.name for step in system.unanswered],
            "reached": [] if unread else [c.name for c in reading.computers if c.id in done],
            "not_reached": [] if unread else not_reached,
            "unknown": [c.name for c in reading.computers] if unread else [],
            "rolled_back": list(back.undone),
            "not_rolled_back": list(back.failed),
            "status": _rows(system, reading, problems, unread),
            "requests": system.manager.requests,
            "warnings": system.too_short(system.steps),
        },
    )


def _roll_back(system: Maintenance) -> _Rollback:
    """Take out again what this run brought into maintenance mode.

    A request without an answer may have been carried out all the same: it is taken back, too. A computer that is gone
    has nothing to be taken back from.
    """
    there = {computer.id for computer in system.last.computers}
    sent = [*system.accepted.values(), *system.unanswered]
    steps = [
        Step(step.computer, "rolled_back", on=False)
        for step in system.steps
        if step.action == ENABLE and step in sent and step.computer.id in there
    ]
    free, trouble = steps, ""
    if system.records:
        try:
            seconds = system.manager.seconds_for(len(steps))
            free = system.records.begin_back(steps, system.last.computers, seconds)
        except Failure as failure:
            trouble = str(failure)  # a computer that is open to every program is worse than a wrong record
    written = system.manager.write(free)
    if system.records and not trouble:
        try:
            system.records.end(written, [step for step in free if step.computer.id in written.refused])
        except Failure as failure:
            trouble = str(failure)
    undone = {step.computer.id for step in written.accepted}
    return _Rollback(
        tuple(step.computer.name for step in written.accepted),
        tuple(step.computer.name for step in steps if step.computer.id not in undone),
        written.end.answer if written.end and is_silence(written.end) else "",
        trouble,
    )


def _read_again(system: Maintenance, failure: Failure, back: _Rollback) -> str:
    """Read the computers; return why that is not possible, "" if it is.

    Not where the reading itself has just failed: that was tried again for long enough, unless the manager has answered
    since.
    """
    if failure is system.unread and not back.undone:
        return failure.answer
    try:
        system.look()
    except Failure as unread:
        return unread.answer
    return ""


def _rows(system: Maintenance, reading: Reading, problems: list[Problem], unread: str) -> list[dict[str, object]]:
    if unread:
        problems = [
            *(Problem(c.name, f"the state could not be read ({unread})") for c in reading.computers),
            *problems,
        ]
        reading = Reading((), reading.now)
    held = system.records.held(reading.computers) if system.records else None
    return rows(reading, problems, system.manager.host, held)

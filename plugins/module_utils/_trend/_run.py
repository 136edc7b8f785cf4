# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""One run of each Trend module: what it does, and what it reports, also when it fails."""

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Held
from ansible_collections.quiesce.maintenance.plugins.module_utils._ledger import Ledger
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Outcome, Patience, carry_out
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend import _words as words
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._aftermath import aftermath
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._computer import OFF, ON
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._lookup import Target, find
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._maintenance import Maintenance
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._manager import Manager
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._plan import (
    NOTHING,
    RECORD,
    Reading,
    Step,
    decide,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._status import rows
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._windows import held


def inform(manager: Manager, target: Target, ledger: Ledger | None = None) -> dict[str, Any]:
    """Return the result of the info module: what was found, and what was not."""
    reading = find(manager, target)
    kept: dict[int, Held] | None = None
    notes: list[str] = []
    if ledger:
        try:
            ledger.read()
            kept = held(ledger, reading.computers)
        except Failure as failure:
            notes.append(str(failure))
    return {
        "changed": False,
        "computers": [computer.report(reading.now) for computer in reading.computers],
        "unavailable": words.listed(reading.problems),
        "status": rows(reading, reading.problems, manager.host, kept, notes=notes),
        "requests": manager.requests,
    }


def run(system: Maintenance, *, check_mode: bool, patience: Patience, rollback: bool) -> dict[str, Any]:
    """Bring the computers to the requested state and return the module's result.

    Raises Failure; once the computers were read, its message and details say which computers are as requested and
    which are not, and what ``rollback`` undid.
    """
    try:
        return _result(system, carry_out(system, check_mode=check_mode, patience=patience), check_mode)
    except Failure as failure:
        if system.first is None:
            raise
        raise aftermath(system, failure, rollback=rollback) from None


def _result(system: Maintenance, outcome: Outcome[Reading, Step], check_mode: bool) -> dict[str, Any]:
    """Return the result of a run that came to its end. Raises Failure for computers with a problem."""
    system.note_other_durations()
    wish, before, after = system.wish, outcome.before, outcome.after
    recorded = {step.computer.id for step in outcome.plan.steps if step.action == RECORD}
    actions = {
        computer.id: NOTHING
        if computer.id in system.refused
        else RECORD
        if computer.id in recorded
        else decide(computer, before.wish_for(computer, wish), before.now)
        for computer in before.computers
    }
    kept = system.records.held(after.computers) if system.records else None
    shown = [{**computer.report(after.now), "action": actions[computer.id]} for computer in after.computers]
    result = {
        "changed": system.changed or (check_mode and outcome.changed),
        "diff": outcome.plan.diff,
        "computers": shown,
        "unavailable": words.listed(system.problems),
        "status": rows(after, system.problems, system.manager.host, kept, name_windows=not wish.on),
        "requests": system.manager.requests,
    }
    if system.problems and not system.skip:
        failure = words.refusal(wish, system.describe(), "", system.problems, after)
        failure.details.update(result)
        raise failure
    there = sum(computer.status == (ON if wish.on else OFF) for computer in after.computers)
    done = [computer["action"] for computer in shown]
    stays = words.stays(system.records.stays(before) if system.records else {})
    if stays:
        system.manager.tell(stays)
    return {
        **result,
        "msg": words.summary(wish, done, there, len(system.problems), check_mode=check_mode)
        + f". {stays}" * bool(stays),
        "warnings": [
            *system.too_short([step for step in outcome.plan.steps if step.action != RECORD]),
            *words.warnings(wish, after, system.problems, system.accepted),
        ],
    }

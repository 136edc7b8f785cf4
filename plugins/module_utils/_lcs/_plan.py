# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What separates a look at an environment from what is wanted, or why a person has to act first. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Refused
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Change
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._place import Place
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._state import (
    CHANGING,
    FAILED,
    OFF,
    ON,
    Action,
    Environment,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Plan
from ansible_collections.quiesce.maintenance.plugins.module_utils._records import Record


@dataclass(frozen=True)
class Reading:
    """One look.

    ``sent``: this run asked for the mode before; ``awaited``: so shortly before that the old state may still stand;
    ``answer_lost``: what came in place of an answer. ``attached``: this run waited for a servicing operation before.
    """

    environment: Environment
    action: Action | None = None
    progress: int | None = None
    sent: bool = False
    awaited: bool = False
    answer_lost: str = ""
    attached: bool = False

    @property
    def failed(self) -> bool:
        """Whether a servicing operation failed and waits for a person."""
        return self.environment.mode == FAILED or bool(self.action and self.action.failed)

    @property
    def busy(self) -> bool:
        """Whether a servicing operation runs: as long as one does, nothing else can begin."""
        return bool(self.action and self.action.running) or (self.environment.mode == CHANGING and not self.failed)

    @property
    def doing(self) -> str:
        """What goes on, in a few words."""
        percent = "" if self.progress is None else f"{self.progress} %"
        return ", ".join(filter(None, (self.environment.status, str(self.action or ""), percent))) or "servicing"

    @property
    def is_on(self) -> bool | None:
        """Whether maintenance mode is on; None: LCS does not say it."""
        return {ON: True, OFF: False}.get(self.environment.mode)


class Step:
    """Something to be written."""


@dataclass(frozen=True)
class Keep(Step):
    """The record as it is to be, None for none."""

    record: Record | None


@dataclass(frozen=True)
class Write(Step):
    """The one request of a switch."""

    on: bool


def attempted(on: bool) -> str:
    """Return what a switch tries, as in "Could not ..."."""
    return f"{'enable' if on else 'disable'} maintenance mode"


def plan(
    reading: Reading, change: Change, record: Record | None, place: Place, *, recorded: bool = False
) -> Plan[Step]:
    """Compare a look, and the ``record`` before this run, with what is to be; ``recorded``: that is written already.

    Raises ``Failure``, ``Refused`` before anything was done, for a person.
    """
    on = change.on
    before: dict[str, Any] = {"maintenance_mode": reading.is_on, "windows": _shown(record)}
    after = {"maintenance_mode": on, "windows": _shown(change.record)}
    # An operation that runs comes first: the state may be the one from before it.
    if reading.busy:
        return Plan(before, after, pending=(reading.doing,))
    keep = () if recorded or change.record == record else (Keep(change.record),)
    if reading.is_on is on:
        return Plan(before, after, steps=keep)
    if reading.failed:
        raise _failed(reading, on, place)
    if reading.awaited:
        return Plan(
            before, after, pending=(f"the servicing operation has not started yet, LCS says {reading.environment}",)
        )
    if reading.sent:
        raise _ended_otherwise(reading, on, place)
    if reading.is_on is None:
        raise Refused(describe(place, reading), [_unknown(reading.environment)])
    return Plan(before, after, steps=(*keep, Write(on)))


def _shown(record: Record | None) -> list[dict[str, Any]]:
    return [window.result() for window in record.windows] if record else []


def describe(place: Place, reading: Reading | None) -> str:
    """Name an environment, with the name that people gave it if that is known."""
    name = reading.environment.name if reading else ""
    return f"{place} ({name})" if name else str(place)


def activity_of(reading: Reading, of_request: str = "") -> str:
    """Return by which id Microsoft's support finds what goes on, "" without one."""
    of_action = reading.action.activity_id if reading.action else ""
    return of_action or reading.environment.activity_id or of_request


def _failed(reading: Reading, on: bool, place: Place) -> Failure:
    environment = reading.environment
    activity = activity_of(reading)
    told = (
        f"LCS says {environment}",
        str(reading.action or ""),
        environment.errors,
        f"activity id {activity}" if activity else "",
    )
    answer = "; ".join(filter(None, told))
    remedy = (
        f"On the page {place.page(diagnostics=environment.diagnostics)} a person chooses Resume, Rollback or Abort and "
        "downloads the logs; no API for that is known"
    )
    where = describe(place, reading)
    if reading.sent or reading.attached:
        return Failure(attempted(on), where, f"the servicing operation failed: {answer}", remedy)
    return Refused(where, [f"A servicing operation failed before: {answer}", remedy])


def _ended_otherwise(reading: Reading, on: bool, place: Place) -> Failure:
    page = place.page(diagnostics=reading.environment.diagnostics)
    if reading.answer_lost:
        answer = (
            f"the answer to the request was lost ({reading.answer_lost}), and no servicing operation started; LCS says "
            f"{reading.environment}"
        )
        remedy = f"Check on the page {page} that nothing runs there, then run again"
    else:
        answer = f"LCS accepted the request, but no servicing operation runs, and LCS says {reading.environment}"
        remedy = f"Check on the page {page} whether the operation was rolled back or aborted, then run again"
    return Failure(attempted(on), describe(place, reading), answer, remedy)


def _unknown(environment: Environment) -> str:
    return (
        f"LCS says {environment}; maintenance mode can be switched in the states Deployed and In Maintenance. "
        "If this is maintenance mode under another name, set O(maintenance_status) or O(maintenance_states)."
    )

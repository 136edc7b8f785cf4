# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Maintenance mode: one boolean among the system settings, by another name in each generation of the product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils import _holding
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Change, Held, Request
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._server import (
    SETTINGS,
    Server,
    dotted,
    was_refused,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._ledger import Ledger
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Plan, Stale
from ansible_collections.quiesce.maintenance.plugins.module_utils._records import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import Conflict

# 7.0.3 and later; up to 6.2.3. Versions between have no maintenance mode.
FIELDS = ("maintenanceModeEnabled", "enableMaintenanceMode")

# What the one record of a server's file is called.
KEY = "server"


@dataclass(frozen=True)
class Mode:
    """Whether maintenance mode is on, and the setting that says so."""

    field: str
    on: bool


class Step:
    """Something to be written."""


@dataclass(frozen=True)
class Write(Step):
    """One setting to be written."""

    field: str
    on: bool


@dataclass(frozen=True)
class Keep(Step):
    """The record as it is to be, None for none."""

    record: Record | None


def _shown(record: Record | None) -> list[dict[str, Any]]:
    return [window.result() for window in record.windows] if record else []


def choose_field(settings: Mapping[str, Any], wanted: str | None) -> str | None:
    """Return the name of the setting that is the maintenance mode: ``wanted`` where given, else what the server has."""
    names = (wanted,) if wanted else FIELDS
    return next((name for name in names if name in settings), None)


def as_bool(value: Any) -> bool | None:
    """Read a setting that is a boolean, or its text as old versions may write it. None: it is neither."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(str(value).strip().lower())


@dataclass
class MaintenanceMode:
    """The system that the verb drives: a setting of the server, and its record in ``ledger``, which says whose it is.

    Without a ``request`` it is only read. ``change`` is what the request came to, ``recorded`` whether that was written
    into the record. ``sent``: whether a setting was sent that the server did not refuse; ``written``: whether the
    server said that it did it. ``lease`` is how many seconds the switch may take.
    """

    server: Server
    request: Request | None = None
    ledger: Ledger | None = None
    field: str | None = None
    read_path: str = SETTINGS
    write_path: str = SETTINGS
    lease: float = 0.0
    check_mode: bool = False
    change: Change | None = None
    recorded: bool = False
    sent: bool = False
    written: bool = False
    last: Mode | None = None

    @property
    def wanted(self) -> bool:
        """Whether maintenance mode is to be on."""
        return bool(self.change and self.change.on)

    def read(self) -> Mode:
        """Return the mode; before anything is written, when no other run is at work on it.

        The server is not asked again after the record alone was written.
        Raises Failure where the server has none, or the record cannot be used.
        """
        if self.ledger and not self.recorded:
            self.ledger.read()
            self.ledger.wait_for_turn([KEY], self.describe(), check_mode=self.check_mode)
        elif self.last and not self.sent:
            return self.last
        settings = self.server.settings(self.read_path)
        name = choose_field(settings, self.field)
        if name is None:
            raise self._no_field()
        on = as_bool(settings[name])
        if on is None:
            raise Failure(
                "read maintenance mode",
                self.describe(),
                f"the setting {name} is neither true nor false",
                "Name the right setting with field",
            )
        self.last = Mode(name, on)
        return self.last

    def plan(self, reading: Mode) -> Plan[Step]:
        """Compare with what is requested: at most one setting to write, and one record."""
        if self.request is None or self.ledger is None:
            shown = {reading.field: reading.on}
            return Plan(shown, shown)
        before = self.ledger.record(KEY)
        if not self.recorded:
            self.change = _holding.change(self.request, before, self.ledger.now, on=reading.on)
        change = self.change or Change(reading.on, before)
        steps: list[Step] = []
        if change.record != before and not self.recorded:
            steps.append(Keep(change.record))
        if change.on != reading.on:
            steps.append(Write(reading.field, change.on))
        return Plan(
            before={reading.field: reading.on, "windows": _shown(before)},
            after={reading.field: change.on, "windows": _shown(change.record)},
            steps=tuple(steps),
        )

    def apply(self, plan: Plan[Step]) -> None:
        """Write the record, then the setting and no other. Raises Stale if another run was quicker."""
        writes = [step for step in plan.steps if isinstance(step, Write)]
        if self.ledger and self.change:
            try:
                self.ledger.begin({KEY: self.change}, [KEY] if writes else [], self.lease)
            except Conflict as conflict:
                raise Stale(conflict.attempted, conflict.target, conflict.answer, conflict.remedy) from conflict
            self.recorded = True
        for step in writes:
            self.sent = True
            try:
                self.server.write_setting(step.field, step.on, self.write_path)
            except Failure as failure:
                self.sent = not was_refused(failure)
                raise
            self.written = True

    def settle(self) -> None:
        """Record that the switch is done."""
        if self.ledger and self.sent:
            self.ledger.end(done=[KEY])

    def give_up(self, on: bool | None) -> str:
        """Record in which state a failed switch leaves the mode, None if that is not known.

        Returns what went wrong with that, "" for nothing.
        """
        if not (self.ledger and self.change and self.recorded):
            return ""
        if on is None:
            return self.ledger.try_to_end(unknown=[KEY])
        as_requested = on == self.change.on
        return self.ledger.try_to_end(done=[KEY] if as_requested else [], undone=[] if as_requested else [KEY])

    def closing(self, request: Request) -> MaintenanceMode:
        """Return the system that closes again what ``request`` opened."""
        back = replace(request, on=False)
        return replace(self, request=back, change=None, recorded=False, sent=False, written=False, last=None)

    def held(self) -> Held | None:
        """Return what the store says of it, None without a store."""
        return self.ledger.held(KEY) if self.ledger else None

    def describe(self) -> str:
        """Name the server."""
        return self.server.target

    def _no_field(self) -> Failure:
        version = self.server.version()
        if self.field:
            answer = f"{dotted(version)} has no setting {self.field}"
            remedy = "Leave field out to let the setting be found, or name the right one"
        else:
            answer = f"{dotted(version)} has no maintenance mode: neither {' nor '.join(FIELDS)} is among its settings"
            remedy = (
                "Versions 6.2.4 to 7.0.2 lack it: upgrade the server, or let nothing be started by other means; "
                "if this version has it by another name, give that as field"
            )
        return Failure("use maintenance mode", self.describe(), answer, remedy)

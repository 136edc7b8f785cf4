# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Maintenance mode: one boolean among the system settings, by another name in each generation of the product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._server import (
    SETTINGS,
    Server,
    dotted,
    was_refused,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Plan

# 7.0.3 and later; up to 6.2.3. Versions between have no maintenance mode.
FIELDS = ("maintenanceModeEnabled", "enableMaintenanceMode")


@dataclass(frozen=True)
class Mode:
    """Whether maintenance mode is on, and the setting that says so."""

    field: str
    on: bool


@dataclass(frozen=True)
class Write:
    """One setting to be written."""

    field: str
    on: bool


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
    """The system that the verb drives. ``wanted`` None: only read.

    ``sent``: whether a write was sent that the server did not refuse; ``written``: whether it said that it did it.
    """

    server: Server
    wanted: bool | None = None
    field: str | None = None
    read_path: str = SETTINGS
    write_path: str = SETTINGS
    sent: bool = False
    written: bool = False

    def read(self) -> Mode:
        """Return the mode. Raises Failure where the server has none."""
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
        return Mode(name, on)

    def plan(self, reading: Mode) -> Plan[Write]:
        """Compare with what is wanted: at most one setting to write."""
        wanted = reading.on if self.wanted is None else self.wanted
        return Plan(
            before={reading.field: reading.on},
            after={reading.field: wanted},
            steps=() if wanted == reading.on else (Write(reading.field, wanted),),
        )

    def apply(self, plan: Plan[Write]) -> None:
        """Write that setting and no other."""
        for step in plan.steps:
            self.sent = True
            try:
                self.server.write_setting(step.field, step.on, self.write_path)
            except Failure as failure:
                self.sent = not was_refused(failure)
                raise
            self.written = True

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

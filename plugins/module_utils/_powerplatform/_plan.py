# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What separates a reading from what is wanted: at most one request. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Plan
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._environment import (
    ADMIN_MODE,
    DISABLED,
    ENABLED,
    Environment,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._operation import Operation


@dataclass(frozen=True)
class Wanted:
    """``background`` None: the background operations are left as they are."""

    on: bool
    background: bool | None = None


@dataclass(frozen=True)
class Reading:
    """An environment and its operations, the newest first; None where the platform does not list them."""

    environment: Environment
    operations: tuple[Operation, ...] | None = ()

    @property
    def newest(self) -> Operation | None:
        """The operation that was asked for last."""
        return next(iter(self.operations or ()), None)

    @property
    def running(self) -> Operation | None:
        """The operation that is at work. There is one at a time, so it can only be the newest."""
        return None if self.newest is None or self.newest.ended else self.newest


class Step:
    """Something to be written."""


@dataclass(frozen=True)
class Switch(Step):
    """The one request that changes an environment."""

    on: bool
    background: bool | None = None

    @property
    def body(self) -> dict[str, Any]:
        """What is sent, and nothing else: what the request does not name stays as it is.

        Source: terraform-provider-power-platform, Microsoft.PowerApps.Administration.PowerShell and d365bap.tools.
        """
        properties: dict[str, Any] = {"states": {"runtime": {"id": ADMIN_MODE if self.on else ENABLED}}}
        if self.background is not None:
            state = ENABLED if self.background else DISABLED
            properties["linkedEnvironmentMetadata"] = {"backgroundOperationsState": state}
        return {"properties": properties}


def plan(reading: Reading, wanted: Wanted) -> Plan[Switch]:
    """Compare a reading with what is wanted. While an operation runs, nobody knows what it will come to."""
    environment = reading.environment
    before: dict[str, Any] = {"administration_mode": environment.on}
    after: dict[str, Any] = {"administration_mode": wanted.on}
    if wanted.background is not None:
        before["background_operations"] = environment.background_on
        after["background_operations"] = wanted.background
    if reading.running:
        return Plan(before, after, pending=(reading.running.progress,))
    if environment.busy:
        return Plan(before, after, pending=(f"the state of {environment} is {environment.management}",))
    steps = () if before == after else (Switch(wanted.on, wanted.background),)
    return Plan(before, after, steps)


def stays_off(environment: Environment, wanted: Wanted) -> bool:
    """Whether this is the platform's known defect: in administration mode background operations stay disabled.

    microsoft/powerplatform-build-tools issue 1203.
    """
    return wanted.on and wanted.background is True and environment.on is True and environment.background_on is False

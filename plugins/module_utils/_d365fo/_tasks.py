# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The work of d365fo_configuration_mode and its info twin, the same by sqlcmd.exe and by ODBC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _services
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._arguments import database_arguments
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._mode import (
    ConfigurationMode,
    Reading,
    Sql,
    Wish,
    mode_of,
    read,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import carry_out
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import parse_moment


def change_arguments() -> dict[str, Any]:
    """Return the options of d365fo_configuration_mode that do not concern the way to the database."""
    return {
        "state": {"type": "str", "choices": ["enabled", "disabled"], "required": True},
        "phase": {"type": "str", "choices": ["prepared", "set", "settled"], "default": "set"},
        "owner": {"type": "str"},
        "reason": {"type": "str"},
        "expires": {"type": "str"},
        "services": {"type": "list", "elements": "str", "default": []},
        "create_missing": {"type": "bool", "default": False},
        **database_arguments(),
    }


def wish_of(params: dict[str, Any], now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)) -> Wish:
    """Return what the task asks for. Raises ``Failure`` for input that makes no sense."""
    wish = Wish(
        state=params["state"],
        now=now(),
        phase=params["phase"],
        owner=params["owner"] or "",
        reason=params["reason"] or "",
        expires=params["expires"] or "",
        services=tuple(params["services"]),
        create_missing=params["create_missing"],
    )
    _services.check_names(wish.services)
    if wish.expires:
        try:
            parse_moment(wish.expires, now=wish.now)
        except ValueError as error:
            raise Failure("plan the end of the maintenance", "the database", str(error), "Correct expires") from None
    return wish


def change(sql: Sql, params: dict[str, Any], *, check_mode: bool) -> dict[str, Any]:
    """Bring the configuration mode to the wished state and return the task's result."""
    system = ConfigurationMode(sql, wish_of(params))
    outcome = carry_out(system, check_mode=check_mode)
    step = outcome.plan.steps[0] if outcome.plan.steps else None
    after = outcome.after
    if check_mode and step:
        # What the reading would be: the planned values in place of those read.
        after = Reading(
            mode=mode_of(step.value[1]) if step.value else after.mode,
            record=step.record[1] if step.record else after.record,
            database=after.database,
            login=after.login,
        )
    return {
        "changed": outcome.changed,
        "mode_before": outcome.before.mode or "missing",
        "mode_after": after.mode or "missing",
        "managed_before": outcome.before.managed,
        "restart_required": after.restart_required,
        "record": after.record.result() if after.record else None,
        "configuration_mode": after.result(),
        "diff": outcome.plan.diff,
    }


def look(sql: Sql) -> dict[str, Any]:
    """Read the configuration mode and return the task's result."""
    return {"changed": False, "configuration_mode": read(sql).result()}

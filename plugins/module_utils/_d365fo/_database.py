# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The configuration mode of one AXDB: the variable CONFIGURATIONMODE and the record, driven by the verb."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _record, _tsql
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import (
    DISABLED,
    ENABLED,
    PREPARED,
    SET,
    SETTLED,
    Record,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sql_errors import DEADLOCK, SqlFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Plan
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso, parse_moment

_VALUES = {ENABLED: "1", DISABLED: "0"}
_TRIES = 3


def mode_of(value: str) -> str:
    """Return the mode that the variable's value "1" or "0" means."""
    return ENABLED if value == _VALUES[ENABLED] else DISABLED


class Sql(Protocol):
    """A way to the database: ODBC from here or sqlcmd.exe on the host."""

    def query(self, batch: str, doing: str) -> list[tuple[str, str]]:
        """Run a batch and return its rows of (item, content). Raises ``SqlFailure``."""

    def describe(self) -> str:
        """Name server and database for a message."""


@dataclass(frozen=True)
class Reading:
    """What the database says. ``mode`` is "enabled", "disabled" or None where the row is missing."""

    mode: str | None
    record: Record | None
    database: str = ""
    login: str = ""
    may_write: bool = True

    @property
    def managed(self) -> bool:
        """Whether this collection turned maintenance mode on (a flag without a record was set by somebody else)."""
        return self.record is not None

    @property
    def restart_required(self) -> bool:
        """Whether the AOS has still to take the value over, as far as the record tells."""
        if self.record is None or self.mode is None:
            return False
        if self.record.target == self.mode:
            return self.record.phase != SETTLED
        # The value is not what the record says: somebody changed it behind our back after we had set it.
        return self.record.phase != PREPARED

    @property
    def in_effect(self) -> bool | None:
        """Whether the AOS runs with the value; None where only the one who set it can know."""
        if self.mode == ENABLED and self.record is None:
            return None
        return not self.restart_required

    def result(self) -> dict[str, Any]:
        """Return the reading as a task's result shows it."""
        return {
            "mode": self.mode or "missing",
            "managed": self.managed if self.mode == ENABLED or self.managed else None,
            "in_effect": self.in_effect,
            "restart_required": self.restart_required,
            "record": self.record.result() if self.record else None,
            "database": self.database,
            "login": self.login,
            "may_write": self.may_write,
        }


def parse_reading(rows: list[tuple[str, str]], where: str) -> Reading:
    """Make a reading of the rows of ``_tsql.read``. Raises ``Failure`` for a state that can't be understood."""
    values = [content.strip() for item, content in rows if item == "value"]
    if len(values) > 1:
        raise Failure(
            f"read {_tsql.VARIABLE}",
            where,
            f"SQLSYSTEMVARIABLES has {len(values)} rows of it ({', '.join(values)}), so what the AOS takes is chance",
            "Delete all but one of them and run again",
        )
    if values and values[0] not in _VALUES.values():
        raise Failure(
            f"read {_tsql.VARIABLE}",
            where,
            f"its value is {values[0]!r}, neither 0 nor 1",
            "Find out who wrote it, set it to 0 or 1 by hand and run again",
        )
    single = dict(rows)
    return Reading(
        mode=mode_of(values[0]) if values else None,
        record=_record.parse(single["record"], where) if "record" in single else None,
        database=single.get("database", ""),
        login=single.get("login", ""),
        may_write=single.get("may_update") == "1" and single.get("may_alter") == "1",
    )


def reading_from(result: dict[str, Any], where: str) -> Reading:
    """Make a reading of what ``Reading.result`` returned in another task. Raises ``Failure`` for anything else."""
    mode, record = result.get("mode"), result.get("record")
    if mode not in (ENABLED, DISABLED, "missing"):
        raise Failure(
            "take over the configuration mode",
            where,
            "the option configuration_mode does not hold what d365fo_configuration_mode_info returns",
            "Give it that task's configuration_mode",
        )
    return Reading(
        mode=None if mode == "missing" else mode,
        record=Record(**{**record, "services": tuple(record["services"])}) if record else None,
        database=result.get("database", ""),
        login=result.get("login", ""),
        may_write=bool(result.get("may_write")),
    )


@dataclass(frozen=True)
class Wish:
    """What the task asks for. ``now`` is when; an empty ``reason`` or ``expires`` asks for nothing.

    ``owner`` is who begins a window; a window that is open keeps its owner.
    """

    state: str
    now: datetime
    phase: str = SET
    owner: str = ""
    reason: str = ""
    expires: str = ""
    services: tuple[str, ...] = ()
    create_missing: bool = False


@dataclass(frozen=True)
class Write:
    """One transaction: (before, after) of the variable and of the record; None leaves that part alone."""

    value: tuple[str | None, str] | None
    record: tuple[Record | None, Record | None] | None


def read(sql: Sql, sleep: Callable[[float], None] = time.sleep) -> Reading:
    """Ask the database for variable and record, in one round trip."""
    rows = _retrying(partial(sql.query, _tsql.read(), f"read {_tsql.VARIABLE}"), sleep)
    return parse_reading(rows, sql.describe())


class ConfigurationMode:
    """Variable and record of one database as a ``System`` of the verb."""

    def __init__(self, sql: Sql, wish: Wish, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sql = sql
        self._wish = wish
        self._sleep = sleep

    def describe(self) -> str:
        return self._sql.describe()

    def read(self) -> Reading:
        return read(self._sql, self._sleep)

    def plan(self, reading: Reading) -> Plan[Write]:
        return plan(reading, self._wish, self.describe())

    def apply(self, plan: Plan[Write]) -> None:
        for step in plan.steps:
            batch = _tsql.write(value=step.value, record=step.record)
            doing = f"set {_tsql.VARIABLE} to {step.value[1]}" if step.value else "write the record"
            _retrying(partial(self._sql.query, batch, doing), self._sleep)


def _retrying(query: Callable[[], list[tuple[str, str]]], sleep: Callable[[float], None]) -> list[tuple[str, str]]:
    """A deadlock victim was rolled back whole, so the same batch can be sent again."""
    for attempt in range(1, _TRIES):
        try:
            return query()
        except SqlFailure as failure:
            if failure.number != DEADLOCK:
                raise
            sleep(0.5 * attempt)
    return query()


def plan(reading: Reading, wish: Wish, where: str) -> Plan[Write]:
    """Compare a reading of the database with the wish. Pure."""
    if reading.mode is None and not wish.create_missing:
        raise Failure(
            f"set {_tsql.VARIABLE}",
            where,
            f"SQLSYSTEMVARIABLES has no row {_tsql.VARIABLE}, so an update would change nothing",
            "Check that this is the right database; create_missing: true inserts the row as Microsoft's own scripts do",
        )
    mode, record = _wanted(reading, wish, where)
    value = None if mode == reading.mode else (_VALUES[reading.mode] if reading.mode else None, _VALUES[mode])
    pair = None if record == reading.record else (reading.record, record)
    steps = (Write(value, pair),) if value or pair else ()
    if steps and not reading.may_write:
        raise SqlFailure(f"set {_tsql.VARIABLE}", f"{where} as {reading.login}", 229, "")
    return Plan(before=_shown(reading.mode, reading.record), after=_shown(mode, record), steps=steps)


def _wanted(reading: Reading, wish: Wish, where: str) -> tuple[str, Record | None]:
    """Return the mode and the record that should be there after this task."""
    mode = reading.mode or DISABLED
    if wish.phase == SETTLED:
        return mode, _settled(reading, wish, where)
    if wish.state == ENABLED:
        return _enabled(mode, reading.record, wish)
    return (mode if wish.phase == PREPARED else DISABLED), _disabled(mode, reading.record, wish)


def _enabled(mode: str, record: Record | None, wish: Wish) -> tuple[str, Record | None]:
    if mode == ENABLED and record is None:
        return ENABLED, None  # set by somebody else: it stays theirs
    if mode == ENABLED and record and record.target == ENABLED and record.phase != PREPARED:
        return ENABLED, _described(record, wish)  # set already; an explicit reason or expiry may be new
    if record is None or (record.target, record.phase) != (ENABLED, PREPARED):
        began = Record(target=ENABLED, phase=PREPARED, since=iso(wish.now), owner=wish.owner)
        # What ran before an unfinished window ran before this one too.
        record = began.with_services(record.services if record else ())
    record = _described(record, wish).with_services(wish.services)
    return (mode, record) if wish.phase == PREPARED else (ENABLED, record.at(ENABLED, SET))


def _disabled(mode: str, record: Record | None, wish: Wish) -> Record | None:
    if record is None:
        if mode == DISABLED:
            return None
        record = Record(DISABLED, wish.phase, iso(wish.now), owner=wish.owner, reason=wish.reason)
        return record.with_services(wish.services)
    never_set = mode == DISABLED and (record.target, record.phase) == (ENABLED, PREPARED)
    prepared = wish.phase == PREPARED and (mode == DISABLED or record.target == DISABLED)
    if never_set or prepared or (mode == DISABLED and (record.target, record.phase) == (DISABLED, SET)):
        return record  # as far as it should be already
    return record.with_services(wish.services).at(DISABLED, wish.phase)


def _settled(reading: Reading, wish: Wish, where: str) -> Record | None:
    if reading.mode != wish.state:
        raise Failure(
            f"record that {_tsql.VARIABLE} is {wish.state} and in effect",
            where,
            f"it is {reading.mode or 'missing'}",
            "Somebody changed it meanwhile; run again",
        )
    if wish.state == DISABLED or reading.record is None:
        return None
    return reading.record.at(ENABLED, SETTLED)


def _described(record: Record, wish: Wish) -> Record:
    """Return the record with what the task says of reason and expiry; what it does not say stays."""
    expires = record.expires
    if wish.expires:
        since = datetime.fromisoformat(record.since.replace("Z", "+00:00"))
        # A duration counts from the beginning of the window, so the same task run again asks for the same moment.
        expires = iso(parse_moment(wish.expires, now=wish.now, base=since))
    return replace(record, reason=wish.reason or record.reason, expires=expires)


def _shown(mode: str | None, record: Record | None) -> dict[str, Any]:
    return {"configuration_mode": mode or "missing", "record": record.result() if record else None}

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The variable CONFIGURATIONMODE and the record in one database: read in one round trip, written by compare and set."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial
from typing import Any, Protocol

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _record, _tsql
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import DISABLED, ENABLED, Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sql_errors import (
    CONFLICTS,
    DEADLOCK,
    SqlFailure,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Unreachable
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import Conflict, Stored

VALUES = {ENABLED: "1", DISABLED: "0"}

Rows = Sequence[tuple[str, str]]

_TRIES = 3


class Sql(Protocol):
    """A way to the database: ODBC from here or sqlcmd.exe on the host."""

    def query(self, batch: str, doing: str) -> list[tuple[str, str]]:
        """Run a batch and return its rows of (item, content), the last of them END. Raises ``SqlFailure``."""

    def describe(self) -> str:
        """Name server and database for a message."""


@dataclass(frozen=True)
class Reading:
    """What a database says. ``mode`` is "enabled", "disabled" or None where the row is missing.

    ``stored`` is the record's text as it stands, ``record`` what it says, ``broken`` why it cannot be read. ``now`` is
    the time of the SQL Server: one clock for all who write there. ``identity`` tells this database from a copy of it.
    """

    mode: str | None
    now: datetime
    stored: str | None = None
    record: Record | None = None
    broken: Failure | None = None
    database: str = ""
    login: str = ""
    identity: str = ""
    may_write: bool = True

    def result(self) -> dict[str, Any]:
        """Return the reading as a task's result shows it."""
        return {
            "mode": self.mode or "missing",
            "record": self.record.result() if self.record else None,
            "database": self.database,
            "login": self.login,
            "may_write": self.may_write,
        }


def parse_reading(rows: Rows, where: str) -> Reading:
    """Make a reading of the rows of ``_tsql.read`` or ``_tsql.write``.

    Raises ``Failure`` for a variable that can't be understood; a record that can't is for the reader to judge.
    """
    values = [content.strip() for item, content in rows if item == "value"]
    if len(values) > 1:
        raise Failure(
            f"read {_tsql.VARIABLE}",
            where,
            f"SQLSYSTEMVARIABLES has {len(values)} rows of it ({', '.join(values)}), so it is undefined which one the "
            "AOS uses",
            "Delete all but one of them and run again",
        )
    if values and values[0] not in VALUES.values():
        raise Failure(
            f"read {_tsql.VARIABLE}",
            where,
            f'its value is "{values[0]}", neither 0 nor 1',
            "Find out who wrote it, set it to 0 or 1 by hand and run again",
        )
    single = dict(rows)
    stored = single.get("record")
    record, broken = None, None
    if stored is not None:
        try:
            record = _record.parse(stored, where)
        except Failure as failure:
            broken = failure
    return Reading(
        mode=next((mode for mode, value in VALUES.items() if [value] == values), None),
        now=_moment(single.get("now", ""), where),
        stored=stored,
        record=record,
        broken=broken,
        database=single.get("database", ""),
        login=single.get("login", ""),
        identity=" ".join(filter(None, (single.get("fork"), single.get("created")))),
        may_write=single.get("may_update") == "1" and single.get("may_alter") == "1",
    )


def _moment(text: str, where: str) -> datetime:
    try:
        # A fraction of seven digits is more than Python 3.10 reads.
        return datetime.fromisoformat(text.partition(".")[0]).replace(tzinfo=timezone.utc)
    except ValueError:
        raise Failure(
            "read the time of SQL Server", where, f"it says {text!r}", "Run again; check the server's answer"
        ) from None


class Database:
    """One AXDB by one way to it. What it reads back after a write is what it returns."""

    def __init__(self, sql: Sql, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sql = sql
        self._sleep = sleep

    def describe(self) -> str:
        """Name it for a message."""
        return self._sql.describe()

    def read(self) -> Reading:
        """Ask for everything, in one round trip."""
        rows = self._query(_tsql.read(), f"read {_tsql.VARIABLE}")
        return parse_reading(rows, self.describe())

    def stored(self) -> Stored:
        """Return the record's text and the server's time (``Store``)."""
        reading = self.read()
        return Stored(reading.stored, reading.now)

    def replace(self, before: str | None, after: str | None) -> Stored:
        """Compare and set the record alone (``Store``)."""
        reading = self.write(replace(self.read(), stored=before), record=(after,))
        return Stored(reading.stored, reading.now)

    def write(self, reading: Reading, *, mode: str | None = None, record: tuple[str | None] | None = None) -> Reading:
        """Set variable and record in one transaction, if both are as they were read; return what was read back.

        ``mode`` None leaves the variable alone, the mode as it was read only checks it; ``record`` holds the text to
        store, None in it for no record, None in place of it leaves the record alone. Where the answer is lost the
        database is asked whether the write was made. Raises ``Conflict`` where something else stands there now.
        """
        value = (VALUES[reading.mode] if reading.mode else None, VALUES[mode]) if mode else None
        pair = (reading.stored, record[0]) if record else None
        doing = f"set {_tsql.VARIABLE} to {VALUES[mode]}" if mode and mode != reading.mode else "write the record"
        try:
            rows = self._query(_tsql.write(value=value, record=pair), doing)
        except Unreachable:
            raise
        except Failure as failure:
            if isinstance(failure, SqlFailure) and failure.number in CONFLICTS:
                raise Conflict(failure.attempted, failure.target, failure.answer, failure.remedy) from failure
            if not failure.unknown:
                raise
            return self._look_again(reading, mode, pair, failure)
        return self._read_back(rows, reading, mode, pair)

    def _query(self, batch: str, doing: str) -> list[tuple[str, str]]:
        """Run a batch; a deadlock victim was rolled back whole, so the same batch can be sent again."""
        query = partial(self._sql.query, batch, doing)
        for attempt in range(1, _TRIES):
            try:
                return query()
            except SqlFailure as failure:
                if failure.number != DEADLOCK:
                    raise
                self._sleep(0.5 * attempt)
        return query()

    def _read_back(
        self, rows: Rows, reading: Reading, mode: str | None, pair: tuple[str | None, str | None] | None
    ) -> Reading:
        after = parse_reading(rows, self.describe())
        if (mode and after.mode != mode) or (pair and after.stored != pair[1]):
            raise Failure(
                "verify the change",
                self.describe(),
                f"after the change CONFIGURATIONMODE is {after.mode or 'missing'} in place of {mode or reading.mode}"
                if mode and after.mode != mode
                else "after the change there is another record",
                "Something else changed it at the same time; check the system and run again",
            )
        return replace(
            reading, mode=after.mode, now=after.now, stored=after.stored, record=after.record, broken=after.broken
        )

    def _look_again(
        self,
        reading: Reading,
        mode: str | None,
        pair: tuple[str | None, str | None] | None,
        failure: Failure,
    ) -> Reading:
        """Find out whether a write was made whose answer did not come. Raises ``Failure`` where it was not."""
        try:
            now = self.read()
        except Failure as second:
            failure.answer += (
                f". It is not known whether the change was made: {second.answer}. The next run looks first and "
                "continues from there"
            )
            raise failure from None
        if (not mode or now.mode == mode) and (not pair or now.stored == pair[1]):
            return now
        if now.mode == reading.mode and now.stored == reading.stored:
            failure.answer += ". The change was not made"
            failure.unknown = False
            raise failure
        raise Conflict(failure.attempted, failure.target, "it was changed at the same time", "Run again") from failure

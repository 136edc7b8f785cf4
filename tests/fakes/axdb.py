"""An AXDB in memory: variable and record, compare and set, one clock, and answers that get lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _record
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._database import Database, Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import Conflict

from fakes.clock import Time
from fakes.system import reading

Written = tuple[str | None, Record | None]


class Axdb(Database):
    """One database. ``written`` is what was written, in order: (mode, record).

    ``faults`` happen to the next writes, one each: None for none, an error in place of the write, or (error,) for an
    error behind a write that was made. ``read_faults`` happen to the next readings. ``before_write`` is called before
    the next writes, one each: somebody else is faster.
    """

    def __init__(self, time: Time | None = None, mode: str | None = "disabled", stored: Record | None = None) -> None:
        self.time = time or Time()
        self.mode = mode
        self.text = stored.text() if stored else None
        self.written: list[Written] = []
        self.faults: list[Failure | tuple[Failure] | None] = []
        self.read_faults: list[Failure | None] = []
        self.before_write: list[Callable[[], None]] = []

    def describe(self) -> str:
        return "database AXDB of SQL Server ."

    @property
    def record(self) -> Record | None:
        """The record that stands there."""
        return _record.parse(self.text, "db") if self.text else None

    def read(self) -> Reading:
        if self.read_faults and (fault := self.read_faults.pop(0)):
            raise fault
        return self._now()

    def _now(self) -> Reading:
        found = reading(self.mode)
        try:
            record, broken = self.record, None
        except Failure as failure:
            record, broken = None, failure
        now = found.now + timedelta(seconds=self.time.now)
        return replace(found, now=now, stored=self.text, record=record, broken=broken)

    def write(self, reading: Reading, *, mode: str | None = None, record: tuple[str | None] | None = None) -> Reading:
        if self.before_write:
            self.before_write.pop(0)()
        fault = self.faults.pop(0) if self.faults else None
        before, after = ((fault,), ()) if isinstance(fault, Failure) else ((), fault or ())
        for failure in before:
            raise failure
        if (mode and reading.mode != self.mode) or (record and reading.stored != self.text):
            raise Conflict("write the record", self.describe(), "the record was written by another run", "Run again")
        self.mode = mode or self.mode
        self.text = record[0] if record else self.text
        self.written.append((mode, self.record))
        for failure in after:
            raise failure
        return self._now()

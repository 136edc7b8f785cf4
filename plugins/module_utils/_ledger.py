# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The records of a file as one run reads and writes them, together with others that do the same. Product-free."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, sentence
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Change, Held
from ansible_collections.quiesce.maintenance.plugins.module_utils._records import (
    Record,
    Records,
    parse_records,
    text_of,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run, await_turn
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import Conflict, FileStore, Stored
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Lease

_TRIES = 50
_PAUSE = 0.05


class Ledger:
    """What one run knows of a file: its ``records`` by their keys, and the time by its host's clock, ``now``.

    A run writes its changes before it switches anything (``begin``), with a lease for what it is going to switch, and
    again when that is done (``end``); in between, a long one renews its lease (``keep``). ``busy_limit`` is how many
    seconds to wait for another run.
    """

    def __init__(self, store: FileStore, run: Run, *, busy_limit: float = 0.0, take_over: bool = False) -> None:
        self.records: Records = {}
        self.now: datetime
        self._store = store
        self._run = run
        self._busy_limit = busy_limit
        self._take_over = take_over
        self._text: str | None = None
        self._read_at = 0.0  # the time ``now`` by the clock of the run
        self._before: dict[str, Record | None] = {}
        self._changes: dict[str, Change] = {}
        self._early: frozenset[str] = frozenset()
        self._taken_over: Conflict | None = None

    def read(self) -> None:
        """Read the file. Raises ``Failure`` for one that cannot be used."""
        self._take(self._store.stored())

    def wait_for_turn(self, keys: Collection[str], what: str, *, check_mode: bool = False) -> bool:
        """Read again until no other run is at work on one of ``keys``. Raises ``Failure`` that names it.

        Returns whether there was one, so that what was read of the system itself is out of date. ``what`` names them
        for a message. In check mode nothing is waited for.
        """
        if self._other(keys) is None:
            return False
        limit = 0.0 if check_mode else self._busy_limit
        await_turn(self.read, lambda _none: self._other(keys), self._run, what=what, limit=limit)
        return True

    def record(self, key: str) -> Record | None:
        """Return a record; the lease of this run, which means nothing to itself, left out."""
        found = self.records.get(key)
        return replace(found, lease=None) if found and self._is_ours(found) else found

    def held(self, key: str) -> Held:
        """Return what the file says of one system, and whether this run found its mode off before the end."""
        return Held(self.record(key), self.now, key in self._early)

    def begin(self, changes: Mapping[str, Change], moving: Collection[str], seconds: float) -> None:
        """Record what is going to be; ``moving`` are those whose mode is switched, which takes so many seconds at most.

        One write, or none. Raises ``Conflict`` if another run has changed one of these records since they were read.
        """
        lease = self._run.lease(None, self.now, seconds)
        self._changes = dict(changes)
        self._early = frozenset(key for key, change in changes.items() if change.early and key not in moving)
        self._before = {key: self.records.get(key) for key in changes}
        records = {
            key: replace(each.record or Record(name=self._name(key)), lease=lease) if key in moving else each.record
            for key, each in changes.items()
        }
        try:
            self._write(records)
        except Conflict:
            raise
        except Failure:
            # It may have been written all the same, and a lease that stays keeps every other run out.
            with suppress(Failure):
                self.read()
                self._write({key: self._before[key] for key in moving if self.records.get(key) == records[key]})
            raise

    def keep(self, seconds: float) -> None:
        """Make the lease of this run last so many seconds more (``Run.keep``); one write, or none.

        A file that cannot be written for a while does not end the work. Raises ``Conflict`` if another run has taken
        over.
        """
        if self._taken_over:  # somebody may have passed over it, as over any look that failed
            raise self._taken_over
        now = self.now + timedelta(seconds=self._run.now() - self._read_at)
        ours = {key: (record, record.lease) for key, record in self.records.items() if self._is_ours(record)}
        renewed = {
            key: replace(record, lease=self._run.lease(lease, now, seconds))
            for key, (record, lease) in ours.items()
            if lease and (lease.until - now).total_seconds() < seconds
        }
        try:
            self._write(renewed)
        except Conflict as conflict:
            answer, remedy = "another run has taken over", "Wait until it has ended, and run again"
            self._taken_over = Conflict("continue", conflict.target, answer, remedy)
            raise self._taken_over from None
        except Failure as failure:
            self._run.tell(f"the lease was not renewed: {failure}")

    def end(self, done: Iterable[str] = (), undone: Iterable[str] = (), unknown: Iterable[str] = ()) -> None:
        """Record what became of it: switched, left as it was, or not known, so that the next run finishes it.

        One write, or none. Raises ``Conflict`` if another run has taken over.
        """
        if self._taken_over:  # the record is the other run's
            raise self._taken_over
        changes = {key: self._changes[key].record for key in done}
        changes |= {key: self._before[key] for key in undone}
        changes |= {key: found.given_back(self.now) for key in unknown if (found := self.records.get(key))}
        try:
            self._write(changes)
        except Conflict:
            raise
        except Failure:  # once more: a lease that stays keeps every other run out
            self._run.sleep(_PAUSE)
            self._write(changes)

    def try_to_end(self, done: Iterable[str] = (), undone: Iterable[str] = (), unknown: Iterable[str] = ()) -> str:
        """The same after a failure; return what went wrong, "" for nothing."""
        try:
            self.end(done, undone, unknown)
        except Failure as failure:
            return sentence(str(failure))
        return ""

    def _other(self, keys: Collection[str]) -> Lease | None:
        """Return the lease of another run that is at work on one of ``keys``."""
        leases = [found.lease for key in keys if (found := self.records.get(key)) and found.lease]
        return next(
            (lease for lease in leases if lease.alive(self.now) and lease.run != self._run.id and not self._take_over),
            None,
        )

    def _is_ours(self, record: Record | None) -> bool:
        return record is not None and record.lease is not None and record.lease.run == self._run.id

    def _name(self, key: str) -> str:
        found = self.records.get(key)
        return found.name if found else ""

    def _take(self, stored: Stored) -> None:
        self.records = parse_records(stored.text, self._store.where)
        self._text, self.now, self._read_at = stored.text, stored.now, self._run.now()

    def _write(self, changes: Mapping[str, Record | None]) -> None:
        """Write these records and leave the others, which belong to other runs, as they are."""
        known = {key: self.records.get(key) for key in changes}
        for attempt in range(1, _TRIES + 1):
            merged = {**self.records, **changes}
            records = {key: record for key, record in merged.items() if record is not None}
            text = text_of(records)
            if text == self._text:
                return
            try:
                stored = self._store.replace(self._text, text)
            except Conflict:
                self.read()
                if all(self.records.get(key) == record for key, record in changes.items()):
                    return  # it was written, and the answer was lost
                # A record with the lease of this run is its own: it was written, and the answer was lost.
                others = [key for key in changes if not self._is_ours(self.records.get(key))]
                if attempt == _TRIES or any(self.records.get(key) != known[key] for key in others):
                    raise
                self._run.sleep(_PAUSE)
            else:
                # What was written, not what stands there now: a change by another run meanwhile is to be noticed.
                self.records, self._text, self.now, self._read_at = records, text, stored.now, self._run.now()
                return

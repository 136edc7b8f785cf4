# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The book of change windows: each one that is open, and the run that holds it. Product-free.

It is a file beside the records of the systems. A window is written into it before anything changes, with a lease that
the run renews as long as it lives (``_guard``), so that another run knows whether the work still goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Change
from ansible_collections.quiesce.maintenance.plugins.module_utils._ledger import Ledger
from ansible_collections.quiesce.maintenance.plugins.module_utils._records import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import LEASE
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import Conflict
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import (
    DEFAULT,
    Opening,
    Window,
    with_opened,
)

FILE = "windows.json"
"""The name of the file in the store."""


class Book:
    """The windows of a store as one run reads and writes them, in its ``ledger``."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def open(self, opening: Opening, hosts: Iterable[str], *, check_mode: bool = False) -> tuple[Window, bool]:
        """Write a window down, held by this run; return it, and whether it was open before: its run was cut off.

        It is for these hosts and for those for which it was open before.

        Raises ``Invalid`` for a window that cannot be, ``Failure`` if another run holds it.
        """
        name = opening.id.strip()
        if name == DEFAULT:
            raise Invalid(
                "window",
                f'"{DEFAULT}" is the window of plain enable and disable',
                "Give the change window a name of its own, like the number of the change",
            )
        try:
            return self._open(name, opening, hosts, check_mode)
        except Conflict:  # another run opened it in the same moment: now there is a turn to wait for
            return self._open(name, opening, hosts, check_mode)

    def _open(self, name: str, opening: Opening, hosts: Iterable[str], check_mode: bool) -> tuple[Window, bool]:
        self._ledger.read()
        self._ledger.wait_for_turn([name], f"the window {name}", check_mode=check_mode)
        found = self._ledger.record(name)
        (window,) = with_opened(found.windows if found else (), opening, self._ledger.now)
        if window.expires is None:
            raise Invalid("expires", "a change window needs an end", 'Use a duration, like "2h", or a time with a zone')
        if not check_mode:
            both = tuple(dict.fromkeys([*(found.hosts if found else ()), *hosts]))
            self._ledger.begin({name: Change(True, Record((window,), hosts=both))}, [name], LEASE)
        return window, found is not None

    def others(self, name: str, hosts: Iterable[str]) -> list[str]:
        """Return for which hosts a window is open besides these: a run that was cut off had more. Reads the book."""
        self._ledger.read()
        record = self._ledger.records.get(name)
        known = set(hosts)
        return [host for host in record.hosts if host not in known] if record else []

    def keep(self, name: str) -> bool:
        """Renew this run's lease on a window; return whether it still holds it."""
        self._ledger.read()
        if not self._is_ours(name):
            return False
        self._ledger.keep(LEASE)
        return True

    def let_go(self, name: str, hosts: Iterable[str] | None = None) -> None:
        """End this run's lease, and leave the window open, for these hosts alone if they are given: it is for the next
        run, or for the sweep."""
        self._ledger.read()
        record = self._ledger.records.get(name)
        if record and self._is_ours(name):
            record = record.given_back(self._ledger.now)
            record = record if hosts is None else replace(record, hosts=tuple(hosts))
            self._ledger.begin({name: Change(True, record)}, [], 0)

    def close(self, name: str) -> Window | None:
        """Take a window out of the book and return it as it was there. Raises ``Failure`` if another run holds it."""
        self._ledger.read()
        self._ledger.wait_for_turn([name], f"the window {name}")
        found = self._ledger.record(name)
        self._ledger.begin({name: Change(False, None)}, [], 0)
        return found.windows[0] if found and found.windows else None

    def read(self) -> datetime:
        """Read the book; return the time by the store's clock."""
        self._ledger.read()
        return self._ledger.now

    def extend(self, name: str, until: datetime) -> Window:
        """Give a window another end, whichever run holds it. Raises ``Failure`` if it is not open."""
        self._ledger.read()
        record = self._ledger.records.get(name)
        if record is None:
            known = f"Open: {', '.join(self.open_ones())}" if self.open_ones() else "No window is open"
            raise Failure(f"extend the window {name}", "", "it is not open", known)
        (window,) = record.windows
        longer = replace(window, expires=until)
        self._ledger.begin({name: Change(True, replace(record, windows=(longer,)))}, [], 0)
        return longer

    def open_ones(self) -> Mapping[str, Record]:
        """Return what the last reading showed, by the ids of the windows."""
        return self._ledger.records

    @property
    def now(self) -> datetime:
        """The time by the store's clock, as of the last reading."""
        return self._ledger.now

    def _is_ours(self, name: str) -> bool:
        found, ours = self._ledger.records.get(name), self._ledger.record(name)
        return found is not None and found.lease is not None and ours is not None and ours.lease is None

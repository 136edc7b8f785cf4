# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Whether a mode is to be on, and what is to be remembered of it, by what a task asks for. Pure; knows no product."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from ansible_collections.quiesce.maintenance.plugins.module_utils._records import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import EARLY, FOREIGN
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import (
    DEFAULT,
    Opening,
    Window,
    named,
    with_closed,
    with_opened,
)


@dataclass(frozen=True)
class Request:
    """What a task asks for: to open a window (``on``), or to close it, or all of them."""

    on: bool
    opening: Opening = field(default_factory=Opening)
    all_windows: bool = False

    @property
    def names(self) -> str:
        """The windows that it is about, as messages call them."""
        return "all windows" if self.all_windows else f"the window {self.opening.id.strip()}"


@dataclass(frozen=True)
class Change:
    """What is to be: whether the mode is on, and the record, None without one. ``opens`` says that a window is new,
    ``early`` that the mode was off before its last window is closed."""

    on: bool
    record: Record | None
    opens: bool = False
    early: bool = False

    @property
    def windows(self) -> tuple[Window, ...]:
        """The windows that are open afterwards."""
        return self.record.windows if self.record else ()


def change(request: Request, record: Record | None, now: datetime, *, on: bool, name: str = "") -> Change:
    """Compare what a task asks for with the mode, ``on`` or not, and its record; ``now`` by the store's clock.

    A mode that somebody else turned on stays theirs: opening a window leaves it as it is and records nothing, and of
    the windows only the default one, which has no name, turns it off. Raises ``Invalid`` for a window or an end that
    cannot be.
    """
    known = record.windows if record else ()
    if request.on:
        windows = with_opened(known, request.opening, now)
        if on and record is None:
            return Change(True, None)
        return Change(True, Record(windows, None, name), opens=len(windows) > len(known))
    if record is None:
        leave = on and not request.all_windows and request.opening.id.strip() != DEFAULT
        return Change(leave, None)
    windows = with_closed(known, None if request.all_windows else request.opening.id)
    if not windows:
        return Change(False, None, early=not on and record.lease is None)
    # Where a run was cut off before it turned the mode on, that is still to be done for those who have it open.
    return Change(on, replace(record, windows=windows, lease=None if on else record.lease, name=name))


@dataclass(frozen=True)
class Held:
    """What the store says of one system, ``now`` by the store's clock; ``early`` as in ``Change``, of this run."""

    record: Record | None
    now: datetime
    early: bool = False

    @property
    def changing(self) -> bool:
        """Whether a run is at work on the system, or was cut off there."""
        return self.record is not None and self.record.lease is not None

    @property
    def windows(self) -> tuple[Window, ...]:
        """The windows that are open."""
        return self.record.windows if self.record else ()

    def overdue(self, *, on: bool) -> bool:
        """Whether the mode should be off by now: its time is over, or a run was cut off that was to turn it off."""
        if self.record and not self.record.windows:
            return self.record.unfinished(self.now)
        return on and any(window.overdue(self.now) for window in self.windows)

    def managed(self, *, on: bool) -> bool | None:
        """Whether the mode is on by windows of ours, None if it is off."""
        return self.record is not None if on else None

    def notes(self, *, on: bool, name_windows: bool = False) -> list[str]:
        """Return what a person should know; ``name_windows``: the default window too is named."""
        found = []
        if self.record is None and on:
            found.append(FOREIGN)
        if self.early and not on:
            found.append(EARLY)
        if self.record and self.record.lease:
            found.append(self.record.lease.told(self.now))
        elif self.windows and not on:
            found.append("turned off by somebody else, or by itself, while a window was open: run disable to close it")
        return [*found, *named(self.windows, default=name_windows)]

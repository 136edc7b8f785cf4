# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What a task asks of one computer, by the windows that are to hold its maintenance mode. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from ansible_collections.quiesce.maintenance.plugins.module_utils import _holding
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Change
from ansible_collections.quiesce.maintenance.plugins.module_utils._records import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._computer import (
    ON,
    RESETTING,
    STARTING,
    Computer,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._plan import Wish, duration_is_over
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Window, with_opened


@dataclass(frozen=True)
class Aim:
    """``wish`` is the task's for this computer; ``change`` what is to become of its record, ``writes`` whether it is
    another one than before."""

    wish: Wish
    change: Change
    writes: bool


def key_of(computer: Computer) -> str:
    """Return what the record of a computer is called: its GUID, since tenants of one manager count their IDs anew."""
    return computer.guid or str(computer.id)


def aim(computer: Computer, wish: Wish, record: Record | None, now: datetime, manager_now: float) -> Aim:
    """Return what a task asks of a computer; ``now`` by the store's clock, ``manager_now`` by the manager's.

    Raises ``Invalid`` for a window or an end that cannot be.
    """
    request = wish.request
    on = computer.status in (STARTING, ON, RESETTING)
    # A mode that ended by itself, as its windows wanted it, is held by none of them any more.
    known = None if record and not on and _is_over(computer, record, now, manager_now) else record
    change = _holding.change(request, known, now, on=on, name=computer.name)
    if not request.on:
        return Aim(replace(wish, leave=change.on), change, change.record != record)
    windows = change.windows or with_opened((), request.opening, now)
    return Aim(_lasting(wish, windows, now), change, change.record != record)


def _is_over(computer: Computer, record: Record, now: datetime, manager_now: float) -> bool:
    if record.lease:
        return False  # a run was cut off: it may never have begun
    return all(window.overdue(now) for window in record.windows) or duration_is_over(computer, manager_now)


def _lasting(wish: Wish, windows: Iterable[Window], now: datetime) -> Wish:
    """Return the wish for a mode that lasts as long as the longest of ``windows``.

    One without an end lasts for the task's duration, or without an end. If no window has one, all is as without
    windows.
    """
    ends = [window.expires for window in windows]
    if not any(ends):
        return wish
    lasting = [math.ceil((end - now).total_seconds() / 60) if end else wish.duration for end in ends]
    if None in lasting:
        return replace(wish, duration=None)
    longest = max(minutes for minutes in lasting if minutes is not None)
    # All of them are overdue: the mode is neither extended nor shortened.
    return replace(wish, duration=longest, exact=True) if longest > 0 else replace(wish, duration=None)

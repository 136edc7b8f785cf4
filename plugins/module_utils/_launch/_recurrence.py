# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""When the events of a recurring blackout begin. Pure.

A series recurs by UTC: the vendor says so of scheduled deployments (a daily one moves back an hour for its readers
when summer time ends); that blackouts do the same is a guess.
"""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta

RECURRENCES = {"daily": "D", "weekly": "W", "monthly": "M"}
_PERIODS = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}


def nth(start: datetime, recurrence: str | None, number: int) -> datetime:
    """Return when event ``number`` of a series that begins at ``start`` begins; 0 is the first."""
    if recurrence != "monthly":
        return start + number * _PERIODS.get(recurrence or "", timedelta())
    months = start.month - 1 + number
    year, month = start.year + months // 12, months % 12 + 1
    # A month without that day has its event on its last one (a guess).
    return start.replace(year=year, month=month, day=min(start.day, calendar.monthrange(year, month)[1]))


def nearest(start: datetime, recurrence: str | None, moment: datetime) -> datetime:
    """Return the event of a series that begins at ``start`` which begins nearest to ``moment``."""
    if start >= moment:
        return start
    number = _number(start, recurrence, moment)
    return min((nth(start, recurrence, number + more) for more in (0, 1)), key=lambda event: abs(event - moment))


def next_from(start: datetime, recurrence: str | None, moment: datetime) -> datetime:
    """Return the first event of a series that begins at ``start`` which does not begin before ``moment``."""
    if start >= moment:
        return start
    number = _number(start, recurrence, moment)
    event = nth(start, recurrence, number)
    return event if event >= moment else nth(start, recurrence, number + 1)


def _number(start: datetime, recurrence: str | None, moment: datetime) -> int:
    """The last event that begins at ``moment`` or before it, which is not before ``start``."""
    if recurrence == "monthly":
        months = (moment.year - start.year) * 12 + moment.month - start.month
        return months if nth(start, recurrence, months) <= moment else months - 1
    period = _PERIODS.get(recurrence or "")
    return (moment - start) // period if period else 0

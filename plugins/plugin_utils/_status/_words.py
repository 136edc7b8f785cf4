# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Lengths of time and moments, as people read them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

# Not by strftime: Ansible sets the locale of its user, and the page is in English.
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def length(time: timedelta) -> str:
    """Return a length of time: "45 s", "12 min", "1 h 20 min", "3 days"."""
    seconds = max(0, int(time.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = (seconds + 30) // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{round(hours / 24)} days"


def seconds(number: float) -> str:
    """Return a number of seconds as ``length``."""
    return length(timedelta(seconds=number))


def clock(moment: datetime, now: datetime) -> str:
    """Return a moment in UTC, the date only if it is another day: "23:05", "1 Dec, 23:05", "1 Dec 2025, 23:05"."""
    moment, now = moment.astimezone(timezone.utc), now.astimezone(timezone.utc)
    time = f"{moment:%H:%M}"
    if moment.date() == now.date():
        return time
    year = "" if moment.year == now.year else f" {moment.year}"
    return f"{moment.day} {_MONTHS[moment.month - 1][:3]}{year}, {time}"


def day(moment: datetime) -> str:
    """Return a moment in full: "Monday 30 November 2026, 21:45 UTC"."""
    moment = moment.astimezone(timezone.utc)
    return f"{_DAYS[moment.weekday()]} {moment.day} {_MONTHS[moment.month - 1]} {moment:%Y, %H:%M} UTC"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: "1 system", "1,000 systems"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listing(texts: Sequence[str], most: int) -> str:
    """Return texts as one, cut after so many: "a, b and 12 more"."""
    shown = ", ".join(texts[:most])
    return f"{shown} and {len(texts) - most} more" if len(texts) > most else shown

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Local times with the name of their zone: "2026-11-24T22:00 Europe/Berlin"."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

_ZONED = re.compile(r"(\d{4}-\S+(?: \S+)?)\s+([A-Za-z][\w+-]*(?:/[\w+-]+)*)")


def split_zone(text: str) -> tuple[str, str | None]:
    """Return a time and the name of the zone after it, None if there is no name."""
    match = _ZONED.fullmatch(text)
    return (match[1], match[2]) if match else (text, None)


def in_zone(local: datetime, name: str) -> datetime:
    """Return the moment in UTC at which clocks in the zone ``name`` show ``local``.

    Raises ValueError for a zone that this machine does not know, and for a local time that the change to or from
    summer time leaves out or repeats.
    """
    if local.tzinfo is not None:
        raise ValueError(f"{local.isoformat()} has an offset already: leave it out, or leave out {name}")
    zone = find_zone(name)
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(timezone.utc)
    if first.astimezone(timezone.utc).astimezone(zone).replace(tzinfo=None) != local:
        raise ValueError(f"{local.isoformat()} does not exist in {name}: the clocks go forward over it")
    raise ValueError(
        f'{local.isoformat()} occurs twice in {name}: write "{first.isoformat()}" or "{second.isoformat()}"'
    )


def find_zone(name: str) -> ZoneInfo:
    """Return the zone of that name. Raises ValueError, with what would be right, if this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # An OSError comes of a folder of the database, as of "Europe".
        if available_timezones():
            raise ValueError(f'{name} is no time zone: use a name like "Europe/Berlin", or an offset') from None
    raise ValueError(
        f"{name} cannot be looked up, for the machine that runs this task has no time zone database: install "
        'the package tzdata there, or use an offset like "+01:00"'
    )

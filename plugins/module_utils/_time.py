# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Durations ("2h30m") and moments (ISO 8601) as people write them in a playbook."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._zone import in_zone, split_zone

_DURATION = re.compile(r"(?:(\d{1,18})d)?(?:(\d{1,18})h)?(?:(\d{1,18})m)?(?:(\d{1,18})s)?", re.IGNORECASE)


def parse_duration(text: str, *, bare_unit: str | None = None) -> timedelta:
    """Return the duration that ``text`` names: "90s", "30m", "2h", "1d12h".

    ``bare_unit`` ("s", "m", "h", "d") is the unit of a number without one; without it such a number is refused.
    Raises ValueError, with what would be right, for anything else.
    """
    compact = "".join(str(text).split())
    if bare_unit and compact.isdecimal():
        compact += bare_unit
    match = _DURATION.fullmatch(compact)
    if not compact or not match:
        raise ValueError(f'"{text}" is not a duration. Use days, hours, minutes and seconds, like 2h, 1h30m or 90s')
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    try:
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        raise ValueError(f'"{text}" is too long') from None


def is_duration(text: str) -> bool:
    """Whether ``text`` is a duration, rather than a moment."""
    try:
        parse_duration(text)
    except ValueError:
        return False
    return True


def seconds(params: Mapping[str, Any], name: str, *, bare_unit: str = "s", zero: bool = False) -> float:
    """Return the duration option ``name`` in seconds; a number without a unit is in ``bare_unit``.

    Raises ``Invalid`` if it is no duration, or zero without ``zero``.
    """
    try:
        value = parse_duration(params[name], bare_unit=bare_unit).total_seconds()
    except ValueError as error:
        raise Invalid(name, str(error)) from None
    if not value and not zero:
        raise Invalid(name, "it is zero", "Use a time, like 30s")
    return value


def parse_moment(text: str, *, now: datetime, base: datetime | None = None) -> datetime:
    """Return the moment that ``text`` names, in UTC.

    ``text`` is ISO 8601 with a zone ("2026-11-24T22:00:00+01:00", "...Z", "... Europe/Berlin"), "now", or a duration
    counted from ``base`` (``now`` where that is not given). A time without a zone is refused: it would mean another
    moment on the controller than on the server. Raises ValueError.
    """
    plain, zone = split_zone(str(text).strip())
    if plain.lower() == "now":
        return now.astimezone(timezone.utc)
    try:
        # Python 3.10 reads neither the zone "Z" nor any fraction of a second, which is of no matter here.
        whole = re.sub(r"(:\d\d:\d\d)[.,]\d+", r"\1", plain, count=1)
        moment = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", whole))
    except ValueError:
        try:
            return (base or now).astimezone(timezone.utc) + parse_duration(plain)
        except (ValueError, OverflowError):
            raise ValueError(
                f'"{text}" is neither a time like "2026-11-24T22:00:00+01:00" nor a duration like "2h"'
            ) from None
    if ":" not in re.sub(r"[+-]\d\d:\d\d$", "", whole) and "T" not in whole.upper():
        raise ValueError(f'"{text}" has no time of day: write it like "2026-11-24T22:00:00+01:00"')
    if zone:
        return in_zone(moment, zone)
    if moment.tzinfo is None:
        zoned = f"{moment.isoformat()}Z"
        raise ValueError(f'"{text}" has no time zone: write "{zoned}" or "{plain} Europe/Berlin"')
    return in_utc(moment)


def in_utc(moment: datetime) -> datetime:
    """Return an aware moment in UTC. Raises ValueError where it lies outside of the years 1 to 9999 there."""
    try:
        return moment.astimezone(timezone.utc)
    except OverflowError:
        raise ValueError(f"{moment.isoformat()} is no time in UTC") from None


def iso(moment: datetime) -> str:
    """Write ``moment`` the way every result of this collection does: UTC, whole seconds, "Z"."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

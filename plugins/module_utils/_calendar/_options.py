# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The options of ``change_allowed_info``, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils import _connection
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._verdict import Question
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._words import SEARCHED
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso, parse_moment, seconds
from ansible_collections.quiesce.maintenance.plugins.module_utils._zone import find_zone

WINDOWS, FREEZES = "window_calendars", "freeze_calendars"

OPTIONS: dict[str, dict[str, Any]] = {
    WINDOWS: {"type": "list", "elements": "str"},
    FREEZES: {"type": "list", "elements": "str"},
    "duration": {"type": "str"},
    "until": {"type": "str"},
    "at": {"type": "str", "default": "now"},
    "timezone": {"type": "str"},
    "override": {"type": "str"},
    **{name: option for name, option in _connection.OPTIONS.items() if name != "url"},
}
RULES: dict[str, Any] = {"mutually_exclusive": [("duration", "until")]}

# Far enough from the ends of what a date can be.
_YEARS = range(1970, 9001)


def question(params: Mapping[str, Any], now: datetime) -> Question:
    """Return what is asked. Raises ``Invalid``."""
    at = _moment(params, "at", now, None)
    needs = timedelta(0)
    if params["duration"]:
        needs = timedelta(seconds=seconds(params, "duration", zero=True))
    elif params["until"]:
        needs = _moment(params, "until", now, at) - at
        if needs <= timedelta(0):
            raise Invalid("until", f'"{params["until"]}" is not after {iso(at)}', "Use a later end")
    if needs > SEARCHED:
        option = "duration" if params["duration"] else "until"
        raise Invalid(option, f"the change would take longer than {SEARCHED.days} days", "Use a shorter time")
    return Question(at, needs)


def zone(params: Mapping[str, Any]) -> tzinfo | None:
    """Return the zone for local times, None where none is given. Raises ``Invalid``."""
    if not params["timezone"]:
        return None
    try:
        return find_zone(params["timezone"])
    except ValueError as error:
        raise Invalid("timezone", str(error)) from None


def calendars(params: Mapping[str, Any], option: str) -> list[str]:
    """Return the addresses and paths of an option; a text may have one a line."""
    lines = [line.strip() for given in params[option] or () for line in str(given).splitlines()]
    return [line for line in lines if line]


def _moment(params: Mapping[str, Any], option: str, now: datetime, base: datetime | None) -> datetime:
    try:
        found = parse_moment(params[option], now=now, base=base).replace(microsecond=0)
    except ValueError as error:
        raise Invalid(option, str(error)) from None
    if found.year not in _YEARS:
        raise Invalid(option, f'"{params[option]}" is not between the years {_YEARS[0]} and {_YEARS[-1]}')
    return found.astimezone(timezone.utc)

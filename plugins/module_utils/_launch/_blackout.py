# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Maintenance blackouts as the server lists them: periods for which a full shutdown is planned; nothing starts in them.

A recurring blackout is a series of events. One event of it is real; the others are synthetic, worked out by the server.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._recurrence import RECURRENCES
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso

# How the answer may call the dates and the series: the documentation shows no answer, so these are guesses.
START_KEYS = ("startDate", "start", "startTime")
END_KEYS = ("endDate", "end", "endTime")
SERIES_KEYS = ("series", "seriesId")


@dataclass(frozen=True)
class Keys:
    """What the user says of the names in an answer; None: look for the usual ones."""

    start: str | None = None
    end: str | None = None
    series: str | None = None


@dataclass(frozen=True)
class Blackout:
    """An event of a blackout. ``series`` is the id of the series that it belongs to, None if the list names none.

    ``synthetic``: one of the later events of a series, not a record of its own. ``fields`` are those of the answer.
    """

    id: str
    start: datetime
    end: datetime
    name: str | None = None
    recurrence: str | None = None
    synthetic: bool = False
    series: str | None = None
    fields: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def recurring(self) -> bool:
        """Whether it is an event of a series."""
        return bool(self.recurrence or self.series or self.synthetic)

    def in_effect(self, now: datetime) -> bool:
        """Whether ``now`` lies in this event."""
        return self.start <= now < self.end

    def same_series(self, other: Blackout) -> bool:
        """Whether both are events of one series; if the list names no series, whether they look like it."""
        if not (self.recurring and other.recurring):
            return False
        if self.series or other.series:
            return self.series == other.series
        return (self.name, self.recurrence, self.end - self.start) == (
            other.name,
            other.recurrence,
            other.end - other.start,
        )

    def row(self, in_effect: bool) -> dict[str, Any]:
        """The form in a result."""
        return {
            "id": self.id,
            "series": self.series,
            "name": self.name,
            "start": iso(self.start),
            "end": iso(self.end),
            "recurrence": self.recurrence,
            "synthetic": self.synthetic,
            "in_effect": in_effect,
        }

    def __str__(self) -> str:
        name = f' "{self.name}"' if self.name else ""
        return f"blackout{name} {self.id} from {iso(self.start)} to {iso(self.end)}"


def in_effect_now(one: Blackout, blackouts: Iterable[Blackout], now: datetime) -> bool:
    """Whether ``one`` is in effect: of a series, whether any of its events among ``blackouts`` is."""
    return one.in_effect(now) or any(other.in_effect(now) for other in blackouts if one.same_series(other))


def parse_blackout(entry: Mapping[str, Any], target: str, keys: Keys = Keys()) -> Blackout:
    """Read an entry of the server's list."""
    start = _date(entry, (keys.start,) if keys.start else START_KEYS)
    end = _date(entry, (keys.end,) if keys.end else END_KEYS)
    if start is None or end is None or "id" not in entry:
        raise Failure(
            "read a maintenance blackout",
            target,
            f"its id, start or end (epoch milliseconds) is not found among its fields {', '.join(sorted(entry))}",
            "Name the fields of this version with start_key and end_key",
        )
    code = entry.get("recurrence")
    return Blackout(
        str(entry["id"]),
        start,
        end,
        str(entry["name"]) if entry.get("name") else None,
        next((word for word, letter in RECURRENCES.items() if code in (letter, word, word.upper())), None),
        str(entry.get("synthetic")).lower() == "true",
        next(
            filter(None, (_identifier(entry.get(key)) for key in ((keys.series,) if keys.series else SERIES_KEYS))),
            None,
        ),
        tuple(sorted(entry)),
    )


def _date(entry: Mapping[str, Any], keys: tuple[str, ...]) -> datetime | None:
    for key in keys:
        value = str(entry.get(key))
        if value.isdecimal() and len(value) < 15:
            return datetime.fromtimestamp(int(value) / 1000, timezone.utc)
    return None


def _identifier(value: Any) -> str | None:
    """Return an id that stands alone or in an object."""
    if isinstance(value, Mapping):
        value = value.get("id")
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "" else None

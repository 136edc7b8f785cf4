# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""How long the switches of each system took, and so how long the next one usually takes. Pure; knows no product.

The records of windows go when the windows are closed, so this is a file of its own beside them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

FILE = "service-times.json"
"""The name of the file in the store."""

VERSION = 1
KEPT = 10
"""Switches that are remembered of each system and direction: enough for a median, and old machines are forgotten."""


@dataclass(frozen=True)
class Took:
    """One switch that changed something: its seconds, and those of each of its steps."""

    seconds: float
    steps: Mapping[str, float] = field(default_factory=dict)

    def result(self) -> dict[str, Any]:
        """Return it as the file keeps it."""
        return {"seconds": round(self.seconds, 1), "steps": {name: round(each, 1) for name, each in self.steps.items()}}


Times = Mapping[str, Mapping[str, Sequence[Took]]]
"""The switches of each system ("d365fo dev01"), by direction ("enabled", "disabled"), the newest last."""


def with_switches(times: Times, switches: Mapping[str, Took], state: str) -> Times:
    """Return the times with these switches, one a system, added."""
    added = {
        system: {**times.get(system, {}), state: [*times.get(system, {}).get(state, ()), took][-KEPT:]}
        for system, took in switches.items()
    }
    return {**times, **added}


def usual(times: Times, system: str, state: str) -> float | None:
    """Return how many seconds a switch of a system usually takes, None if none was seen."""
    known = times.get(system, {}).get(state, ())
    return median(each.seconds for each in known) if known else None


def spoken(seconds: float) -> str:
    """Return a length of time as people say it: "40 seconds", "6 minutes", "1 hour 20 minutes"."""
    if seconds < 90:
        return _count(max(1, round(seconds)), "second")
    minutes = round(seconds / 60)
    if minutes < 60:
        return _count(minutes, "minute")
    hours, rest = divmod(minutes, 60)
    return _count(hours, "hour") + (f" {_count(rest, 'minute')}" if rest else "")


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'s' * (number != 1)}"


def text_of(times: Times) -> str:
    """Return the text of the file."""
    data = {
        system: {state: [each.result() for each in switches] for state, switches in states.items()}
        for system, states in times.items()
    }
    return json.dumps({"version": VERSION, "times": data}, indent=1, sort_keys=True) + "\n"


def parse_times(text: str | None) -> Times:
    """Read the file. Raises ValueError for one that is not as ``text_of`` writes it."""
    if text is None:
        return {}
    try:
        data = json.loads(text)
        if data["version"] != VERSION:
            raise ValueError("another version")
        return {
            system: {state: [_took(each) for each in switches] for state, switches in states.items()}
            for system, states in data["times"].items()
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"these are no service times of this version ({error})") from error


def _took(data: Mapping[str, Any]) -> Took:
    return Took(float(data["seconds"]), {str(name): float(each) for name, each in data["steps"].items()})

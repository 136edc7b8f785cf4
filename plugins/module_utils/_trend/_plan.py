# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What has to be done to bring computers to the wished state. Pure: readings and a wish in, a plan out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Plan
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._computer import (
    OFF,
    ON,
    STOPPING,
    Computer,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._selection import Problem

# What can be done to a computer, as results call it.
TURN_ON = "turned_on"
EXTEND = "extended"
TURN_OFF = "turned_off"
AWAIT = "awaited"
NOTHING = "unchanged"


@dataclass(frozen=True)
class Wish:
    """What the playbook asks for.

    ``on`` is the mode; ``duration`` in minutes, None for "until turned off"; ``extend`` is "true", "false" or "auto".
    """

    on: bool
    duration: int | None = None
    extend: str = "auto"


@dataclass(frozen=True)
class Reading:
    """The computers in question at one moment (``now``: seconds since the epoch by the manager's clock)."""

    computers: tuple[Computer, ...]
    now: float
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Step:
    """One request: turn the mode of ``computer`` on (for so many minutes) or off. ``action`` is why."""

    computer: Computer
    action: str
    on: bool
    duration: int | None = None


def decide(computer: Computer, wish: Wish, now: float) -> str:
    """Say what has to be done to one computer that can be reached."""
    status = computer.status
    if not wish.on:
        return {OFF: NOTHING, STOPPING: AWAIT}.get(status or OFF, TURN_OFF)
    if status in (OFF, STOPPING):
        return TURN_ON
    if wish.extend == "true" or (wish.extend == "auto" and not long_enough(computer, wish, now)):
        return EXTEND
    return NOTHING if status == ON else AWAIT


def long_enough(computer: Computer, wish: Wish, now: float) -> bool:
    """Whether a mode that is on, or requested, leaves at least half of the wished duration.

    Half, so that the same play run again a little later finds nothing to do. A mode without an end is long enough for
    every wish; a wish without a duration is content with what runs (``decide`` can't make it endless: the vendor
    documents no way to take a duration back).
    """
    if wish.duration is None:
        return True
    left = computer.minutes_left(now)
    if left is None:
        # Not running yet: the requested duration counts in full.
        left = computer.duration
    return left is None or 2 * left >= wish.duration


def first_plan(reading: Reading, wish: Wish, not_awaited: Collection[int] = ()) -> Plan[Step]:
    """Plan what to write, and name what is already on its way (but for the IDs in ``not_awaited``)."""
    actions = {computer.id: decide(computer, wish, reading.now) for computer in reading.computers}
    steps = tuple(
        Step(computer, actions[computer.id], wish.on, wish.duration if wish.on else None)
        for computer in reading.computers
        if actions[computer.id] in (TURN_ON, EXTEND, TURN_OFF)
    )
    written = {step.computer.id for step in steps}
    pending = [c for c in reading.computers if actions[c.id] == AWAIT and c.id not in not_awaited]
    return Plan(
        before={computer.name: _describe(computer, reading.now) for computer in reading.computers},
        after={
            computer.name: _describe_wish(wish) if computer.id in written else _describe(computer, reading.now)
            for computer in reading.computers
        },
        steps=steps,
        pending=progress(pending, reading, wish),
    )


def later_plan(
    reading: Reading, wish: Wish, written: Mapping[int, Step], not_awaited: Collection[int] = ()
) -> Plan[Step]:
    """Say what is still missing after the writes: nothing is written twice, only awaited."""
    missing = [c for c in reading.computers if c.id not in not_awaited and not reached(c, wish, written.get(c.id))]
    return Plan(
        before={computer.name: _describe(computer, reading.now) for computer in reading.computers},
        after={computer.name: ON if wish.on else OFF for computer in reading.computers},
        pending=progress(missing, reading, wish),
    )


def reached(computer: Computer, wish: Wish, step: Step | None) -> bool:
    """Whether a computer says what was wished; where a duration was written, that duration."""
    if computer.status != (ON if wish.on else OFF):
        return False
    return step is None or step.duration is None or computer.duration in (None, step.duration)


def unavailable(reading: Reading, wish: Wish) -> tuple[Problem, ...]:
    """Return the computers for which something would have to be done that can't reach them."""
    return tuple(
        Problem(computer.name, reason, computer.id)
        for computer in reading.computers
        if (reason := computer.unavailable())
        and (computer.status is None or decide(computer, wish, reading.now) != NOTHING)
    )


def progress(missing: Iterable[Computer], reading: Reading, wish: Wish) -> tuple[str, ...]:
    """Return one line for all that is missing, or none: "12 of 500 computers are on; 488 start-requested; first s1"."""
    rest = list(missing)
    if not rest:
        return ()
    total = len(reading.computers)
    parts = [f"{total - len(rest)} of {total} computers are {ON if wish.on else OFF}"]
    states = Counter(computer.status for computer in rest)
    parts.append(", ".join(f"{count} {status}" for status, count in sorted(states.items(), key=str)))
    first = rest[0]
    said = f" ({', '.join(first.agent_messages)})" if first.agent_messages else ""
    parts.append(f"first {first.name}{said}")
    return ("; ".join(parts),)


def _describe(computer: Computer, now: float) -> str:
    left = computer.minutes_left(now)
    return f"{computer.status or 'hidden'}" + ("" if left is None else f", {left} minutes left")


def _describe_wish(wish: Wish) -> str:
    if not wish.on:
        return OFF
    return ON if wish.duration is None else f"{ON}, {wish.duration} minutes left"

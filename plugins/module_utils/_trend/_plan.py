# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What has to be done to bring computers to the requested state. Pure: readings and a wish in, a plan out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Request
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Plan
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._computer import (
    IN,
    OFF,
    ON,
    OUT,
    STOPPING,
    Computer,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._selection import Problem

# What can be done to a computer, as results call it.
ENABLE = "enabled"
EXTEND = "extended"
DISABLE = "disabled"
AWAIT = "awaited"
RECORD = "recorded"
NOTHING = "unchanged"


@dataclass(frozen=True)
class Wish:
    """What the playbook asks for.

    ``on`` is maintenance mode; ``duration`` is in minutes, None for a mode without an end; ``extend`` is "true",
    "false" or "auto"; ``request`` says which window. Of one computer, ``exact`` says that a window needs the whole
    duration, ``leave`` that it stays as it is, since other windows hold it.
    """

    on: bool
    duration: int | None = None
    extend: str = "auto"
    request: Request = field(default_factory=lambda: Request(on=False))
    exact: bool = False
    leave: bool = False

    @property
    def state(self) -> str:
        """How messages say it of a computer."""
        return IN if self.on else OUT


@dataclass(frozen=True)
class Reading:
    """The computers in question at one moment (``now``: seconds since the epoch by the manager's clock).

    ``wishes`` are those of single computers, by ID. ``recorded`` are the IDs of those whose record is to be changed.
    """

    computers: tuple[Computer, ...]
    now: float
    problems: tuple[Problem, ...] = ()
    wishes: Mapping[int, Wish] = field(default_factory=dict)
    recorded: frozenset[int] = frozenset()

    def wish_for(self, computer: Computer, wish: Wish) -> Wish:
        """Return what is asked of one computer by a task that asks for ``wish``."""
        return self.wishes.get(computer.id, wish)


@dataclass(frozen=True)
class Step:
    """One request: bring ``computer`` into maintenance mode (for so many minutes) or out of it. ``action`` is why.

    ``computer`` is as it was read before. With the action RECORD nothing is requested, only the record changed.
    """

    computer: Computer
    action: str
    on: bool
    duration: int | None = None


def decide(computer: Computer, wish: Wish, now: float) -> str:
    """Say what has to be done to one computer that can be reached."""
    status = computer.status
    if wish.leave:
        return NOTHING
    if not wish.on:
        return {OFF: NOTHING, STOPPING: AWAIT}.get(status or OFF, DISABLE)
    if status in (OFF, STOPPING):
        return ENABLE
    if wish.extend == "true" or (wish.extend == "auto" and not long_enough(computer, wish, now)):
        return EXTEND
    return NOTHING if status == ON else AWAIT


def long_enough(computer: Computer, wish: Wish, now: float) -> bool:
    """Whether a mode that runs, or is requested, leaves at least half of the requested duration.

    Half, so that the same play run again a little later finds nothing to do; all of it if a window needs it. A mode
    without an end is long enough for every duration; a task without a duration accepts what runs (``decide`` cannot
    make it endless: the vendor documents no way to take a duration back).
    """
    if wish.duration is None:
        return True
    left = computer.minutes_left(now)
    if left is None:
        # Not running yet: the requested duration counts in full.
        left = computer.duration
    # Whole minutes: those that are left are rounded down, those that a window needs are rounded up.
    return left is None or (left + 1 >= wish.duration if wish.exact else 2 * left >= wish.duration)


def first_plan(reading: Reading, wish: Wish, not_awaited: Collection[int] = ()) -> Plan[Step]:
    """Plan what to write, and name what is already on its way (but for the IDs in ``not_awaited``)."""
    wishes = {computer.id: reading.wish_for(computer, wish) for computer in reading.computers}
    actions = {computer.id: decide(computer, wishes[computer.id], reading.now) for computer in reading.computers}
    steps = tuple(
        Step(computer, action, wish.on, wishes[computer.id].duration if wish.on else None)
        for computer in reading.computers
        if (action := actions[computer.id]) in (ENABLE, EXTEND, DISABLE)
    )
    written = {step.computer.id for step in steps}
    records = tuple(
        Step(computer, RECORD, wish.on)
        for computer in reading.computers
        if computer.id in reading.recorded and computer.id not in written
    )
    pending = [c for c in reading.computers if actions[c.id] == AWAIT and c.id not in not_awaited]
    return Plan(
        before={computer.name: _describe(computer, reading.now) for computer in reading.computers},
        after={
            computer.name: _describe_wish(wishes[computer.id])
            if computer.id in written
            else _describe(computer, reading.now)
            for computer in reading.computers
        },
        steps=steps + records,
        pending=progress(pending, reading, wish),
    )


def later_plan(
    reading: Reading, wish: Wish, written: Mapping[int, Step], not_awaited: Collection[int] = ()
) -> Plan[Step]:
    """Say what is still missing after the writes: nothing is written twice, only awaited."""
    missing = [
        computer
        for computer in reading.computers
        if computer.id not in not_awaited
        and not reached(computer, reading.wish_for(computer, wish), written.get(computer.id))
        and other_duration(computer, written.get(computer.id)) is None
    ]
    return Plan(
        before={computer.name: _describe(computer, reading.now) for computer in reading.computers},
        after={
            computer.name: computer.state if reading.wish_for(computer, wish).leave else wish.state
            for computer in reading.computers
        },
        pending=progress(missing, reading, wish),
    )


def reached(computer: Computer, wish: Wish, step: Step | None) -> bool:
    """Whether a computer says what was requested; where a duration was written, that duration."""
    if wish.leave:
        return True
    if computer.status != (ON if wish.on else OFF):
        return False
    return step is None or step.duration is None or computer.duration in (None, step.duration)


def other_duration(computer: Computer, step: Step | None) -> int | None:
    """Return the duration in minutes that an agent reports in place of the one that was written; None where it agrees.

    A running mode that was extended reports its former duration until the agent has the new one: that is awaited.
    """
    if step is None or step.duration is None or computer.status != ON or computer.duration in (None, step.duration):
        return None
    return None if step.action == EXTEND and computer.duration == step.computer.duration else computer.duration


def ended(computer: Computer, first: Computer, *, seen_in: bool) -> bool:
    """Whether a computer that is to be in maintenance mode was in it since ``first`` was read, and is so no more.

    ``seen_in`` says that a reading showed it there. Where all happened between two readings, the start tells it.
    """
    return computer.status == OFF and (seen_in or computer.started not in (None, first.started))


def duration_is_over(computer: Computer, now: float) -> bool:
    """Whether the last maintenance mode of a computer ended because its duration was over, as far as that is known."""
    if computer.duration is None or computer.started is None:
        return False
    return computer.started + 60 * computer.duration <= now


def unavailable(reading: Reading, wish: Wish) -> tuple[Problem, ...]:
    """Return the computers for which something would have to be done that cannot reach them."""
    return tuple(
        Problem(computer.name, reason, computer.id)
        for computer in reading.computers
        if (reason := computer.unavailable())
        and (computer.status is None or decide(computer, reading.wish_for(computer, wish), reading.now) != NOTHING)
    )


def progress(missing: Iterable[Computer], reading: Reading, wish: Wish) -> tuple[str, ...]:
    """Return one line for all that is missing, or none.

    "12 of 500 computers are in maintenance mode; 488 start-requested; first s1".
    """
    rest = list(missing)
    if not rest:
        return ()
    total = len(reading.computers)
    parts = [f"{total - len(rest)} of {total} computers are {wish.state}"]
    states = Counter(computer.state for computer in rest)
    parts.append(", ".join(f"{count} {state}" for state, count in sorted(states.items())))
    first = rest[0]
    said = f" ({', '.join(first.agent_messages)})" if first.agent_messages else ""
    parts.append(f"first {first.name}{said}")
    return ("; ".join(parts),)


def _describe(computer: Computer, now: float) -> str:
    left = computer.minutes_left(now)
    return computer.state + ("" if left is None else f", {left} minutes left")


def _describe_wish(wish: Wish) -> str:
    return wish.state if wish.duration is None else f"{wish.state}, {wish.duration} minutes left"

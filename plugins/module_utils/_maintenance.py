# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The cycle: read -> plan -> (check mode stops here) -> apply -> verify. It knows no product.

A product says how to read its state, what has to be done (a pure function of the reading) and how to do it.
The cycle puts them in order, so that check mode, the diff and the real run cannot disagree, and believes only what
it reads back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run

Reading = TypeVar("Reading")
Step = TypeVar("Step")

_TRIES = 3


class Stale(Failure):
    """The system changed between reading and writing. Nothing was written: it can be read and planned anew."""


@dataclass(frozen=True)
class Plan(Generic[Step]):
    """What separates a reading from what is wanted.

    ``before`` and ``after`` are what a person sees in a diff. ``steps`` is what has to be done, in order; none means
    that nothing has to be changed. ``pending`` names what the system still has to finish by itself
    ("srv01 is start-requested"): nothing to write, but not yet as wanted.
    """

    before: dict[str, Any]
    after: dict[str, Any]
    steps: tuple[Step, ...] = ()
    pending: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether carrying out this plan writes anything."""
        return bool(self.steps)

    @property
    def difference(self) -> str:
        """What is not as wanted, for a message: "maintenance is false in place of true"."""
        return "; ".join(
            f"{name} is {json.dumps(self.before.get(name), default=str)} in place of {json.dumps(value, default=str)}"
            for name, value in self.after.items()
            if self.before.get(name) != value
        )

    @property
    def diff(self) -> dict[str, Any]:
        """The difference in the form that ``--diff`` prints."""
        return {"before": self.before, "after": self.after}


class System(Protocol[Reading, Step]):
    """What a product has to say to be driven by the cycle."""

    def read(self) -> Reading:
        """Ask the system for its state. Writes nothing."""

    def plan(self, reading: Reading) -> Plan[Step]:
        """Compare a reading with what is wanted. Pure: no request, no clock, no randomness."""

    def apply(self, plan: Plan[Step]) -> None:
        """Do what the plan says. Raises ``Stale`` where nothing was written since the reading is out of date."""

    def describe(self) -> str:
        """Name the system for a message ("database AXDB of SQL Server .")."""


@dataclass
class Patience:
    """How long to wait for a system to finish by itself and how often to look, in seconds."""

    limit: float = 0.0
    interval: float = 5.0
    run: Run = field(default_factory=Run)


@dataclass(frozen=True)
class Outcome(Generic[Reading, Step]):
    """What a run did: the plan it followed and the readings before and after."""

    plan: Plan[Step]
    before: Reading
    after: Reading

    @property
    def changed(self) -> bool:
        """Whether anything was written, or in check mode would be."""
        return self.plan.changed


def carry_out(
    system: System[Reading, Step],
    *,
    check_mode: bool,
    patience: Patience | None = None,
) -> Outcome[Reading, Step]:
    """Bring ``system`` to the wanted state and return what was seen.

    One reading where there is nothing to do. After a write the system is read again until nothing is left to do
    and nothing is pending; a write that did not take, or a wait beyond the limit, raises ``Failure``.
    In check mode nothing is written and nothing awaited.
    """
    patience = patience or Patience()
    for attempt in range(1, _TRIES + 1):
        before = system.read()
        plan = system.plan(before)
        if check_mode or not (plan.steps or plan.pending):
            return Outcome(plan, before, before)
        try:
            if plan.steps:
                system.apply(plan)
        except Stale:
            if attempt == _TRIES:
                raise
        else:
            break
    after = _verify(system, patience, seen=None if plan.steps else before)
    return Outcome(plan, before, after)


def _verify(system: System[Reading, Step], patience: Patience, seen: Reading | None) -> Reading:
    """Read until nothing is pending; ``seen`` is a reading that need not be repeated."""
    latest = [] if seen is None else [seen]

    def pending() -> Sequence[str]:
        nonlocal seen
        reading = system.read() if seen is None else seen
        seen = None
        latest[:] = [reading]
        rest = system.plan(reading)
        if rest.steps:
            raise Failure(
                "verify the change",
                system.describe(),
                f"after the change the system reports {rest.difference}",
                "Something else changed it at the same time, or the change was ignored; check the system and run again",
                details={"before": rest.before, "after": rest.after},
            )
        return rest.pending

    wait_until_none(pending, system.describe(), patience)
    return latest[0]


def wait_until_none(pending: Callable[[], Sequence[str]], what: str, patience: Patience) -> None:
    """Look until nothing is pending any more. Raises ``Failure`` at the limit, naming what still is."""
    narrator = patience.run.narrator(f"waiting for {what}", patience.limit)
    while left := pending():
        if narrator.left <= 0:
            raise Failure(
                f"see the change in effect within {patience.limit:.0f} s",
                what,
                f"still pending: {'; '.join(left)}",
                "Run again to continue waiting, or raise the time limit",
                details={"pending": list(left)},
            )
        narrator.say(left[0] + (f" (and {len(left) - 1} more)" if len(left) > 1 else ""))
        patience.run.rest(min(patience.interval, max(narrator.left, 0.05)))

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The verb: read -> plan -> (check mode stops here) -> apply -> verify. It knows no product.

A product says how to read its state, what has to be done (a pure function of the reading) and how to do it.
The verb puts them in order, so that check mode, the diff and the real run can't disagree, and believes only what
it reads back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure

Reading = TypeVar("Reading")
Step = TypeVar("Step")


@dataclass(frozen=True)
class Plan(Generic[Step]):
    """What separates a reading from the wish.

    ``before`` and ``after`` are what a person sees in a diff. ``steps`` is what has to be written, in order; none
    means that nothing has to be changed. ``pending`` names what the system still has to finish by itself
    ("srv01 is start-requested"): nothing to write, but not yet as wished.
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
    def diff(self) -> dict[str, Any]:
        """The difference in the form that ``--diff`` prints."""
        return {"before": self.before, "after": self.after}


class System(Protocol[Reading, Step]):
    """What a product has to say to be driven by the verb."""

    def read(self) -> Reading:
        """Ask the system for its state. Writes nothing."""

    def plan(self, reading: Reading) -> Plan[Step]:
        """Compare a reading with the wish. Pure: no request, no clock, no randomness."""

    def apply(self, plan: Plan[Step]) -> None:
        """Write what the plan says."""

    def describe(self) -> str:
        """Name the system for a message ("SQL Server . database AXDB")."""


@dataclass
class Patience:
    """How long to wait for a system to finish by itself, how often to look, and whom to tell.

    ``limit`` and ``interval`` are seconds. ``tell`` gets one line at each look that found something pending.
    """

    limit: float = 0.0
    interval: float = 5.0
    tell: Callable[[str], None] = field(default=lambda line: None)
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


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
    """Bring ``system`` to the wished state and return what was seen.

    One reading where there is nothing to do. After a write the system is read again until nothing is left to do
    and nothing is pending; a write that did not take, or a wait beyond the limit, raises ``Failure``.
    In check mode nothing is written and nothing awaited.
    """
    patience = patience or Patience()
    before = system.read()
    plan = system.plan(before)
    if check_mode or not (plan.steps or plan.pending):
        return Outcome(plan, before, before)
    if plan.steps:
        system.apply(plan)
    after = _verify(system, patience, seen=None if plan.steps else before)
    return Outcome(plan, before, after)


def _verify(system: System[Reading, Step], patience: Patience, seen: Reading | None) -> Reading:
    """Read until nothing is pending; ``seen`` is a reading that need not be repeated."""
    began = patience.now()
    while True:
        reading = system.read() if seen is None else seen
        seen = None
        rest = system.plan(reading)
        if rest.steps:
            raise Failure(
                "verify the change",
                system.describe(),
                f"after the write the system says {rest.before}, wanted was {rest.after}",
                "Something else changed it at the same time, or the write was ignored; look at it and run again",
                details={"before": rest.before, "after": rest.after},
            )
        if not rest.pending:
            return reading
        waited = patience.now() - began
        if waited >= patience.limit:
            raise Failure(
                f"see the change in effect within {patience.limit:.0f} s",
                system.describe(),
                f"still pending: {'; '.join(rest.pending)}",
                "Run again to go on waiting, or raise the time limit",
                details={"pending": list(rest.pending), "before": rest.before, "after": rest.after},
            )
        patience.tell(
            f"waiting for {system.describe()}, {waited:.0f} s of {patience.limit:.0f} s: {rest.pending[0]}"
            + (f" (and {len(rest.pending) - 1} more)" if len(rest.pending) > 1 else "")
        )
        patience.sleep(min(patience.interval, max(patience.limit - waited, 0.05)))

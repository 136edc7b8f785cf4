# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""One run of a task: who it is, its clock and its voice, and whether it may go on. Product-free."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Lease

LEASE = 180.0
"""Seconds for which a run says to be at work; it says so again while it works."""

_NAME_LENGTH = 40
_SAY_EVERY = 60.0
_LOOK_EVERY = 15.0

LOOK = 60.0
"""Seconds that one look, or the one request of a switch, may take."""

Site_contra = TypeVar("Site_contra", contravariant=True)
Seen = TypeVar("Seen")


class Abandoned(BaseException):
    """The program that started this run has gone (kill -9): nobody hears the result, so nothing more may be done.

    Not an ``Exception``: the run stops where it is, as if it had been killed itself; the next one finishes the work.
    """


@dataclass
class Run:
    """One run of a task.

    ``id`` tells it from every other run. ``now`` and ``sleep`` are its clock, in seconds. ``tell`` shows a line at
    once. ``check`` raises ``Abandoned`` where the run must not go on. ``keep`` makes sure that the run's lease lasts
    so many seconds more; who holds a lease sets it.
    """

    id: str = ""
    owner: str = ""
    controller: str = ""
    tell: Callable[[str], None] = lambda line: None
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    check: Callable[[], None] = lambda: None
    keep: Callable[[float], None] = field(default=lambda seconds: None)

    def lease(self, former: Lease | None, now: datetime, seconds: float = LEASE) -> Lease:
        """Return this run's lease for so many seconds from ``now`` on; ``former`` says since when, if it is ours.

        Its names are for people: a long one is cut off, so that a lease has a longest length where it is stored.
        """
        now = now.replace(microsecond=0)
        since = former.since if former and former.run == self.id else now
        until = now + timedelta(seconds=max(seconds, LEASE))
        return Lease(self.id, _cut(self.owner), _cut(self.controller), since, until)

    def rest(self, seconds: float) -> None:
        """Sleep; the lease lasts until then, and for what follows."""
        self.check()
        self.keep(seconds + LOOK)
        self.sleep(seconds)

    def narrator(self, doing: str, limit: float) -> Narrator:
        """Return who tells how a wait goes on."""
        return Narrator(self, doing, limit)


def _cut(name: str) -> str:
    """Cut after 40 characters as JSON counts them, where a character beyond 65535 is two."""
    return name.encode("utf-16-le", "surrogatepass")[: 2 * _NAME_LENGTH].decode("utf-16-le", "ignore")


class Narrator:
    """Tells how a wait goes on: a line when something changed, and one a minute."""

    def __init__(self, run: Run, doing: str, limit: float) -> None:
        self._run = run
        self._doing = doing
        self._limit = limit
        self._began = self._said = run.now()
        self._last = ""

    @property
    def waited(self) -> float:
        """Seconds since the wait began."""
        return self._run.now() - self._began

    @property
    def left(self) -> float:
        """Seconds until the limit."""
        return self._limit - self.waited

    def say(self, detail: str = "") -> None:
        """Tell what is pending, unless that was said just now."""
        now = self._run.now()
        if detail != self._last or now - self._said >= _SAY_EVERY:
            self._last, self._said = detail, now
            self._run.tell(
                f"{self._doing}: {self.waited:.0f} of {self._limit:.0f} s" + (f", {detail}" if detail else "")
            )


class Step(Protocol[Site_contra]):
    """Something to do, as a value of a plan. ``title`` is an imperative, ``done`` says it in the past tense."""

    @property
    def title(self) -> str: ...

    @property
    def done(self) -> str: ...

    def carry_out(self, site: Site_contra) -> None:
        """Do it. Raises ``Failure``."""


@dataclass(frozen=True)
class Done:
    """A step that was carried out, and how many seconds it took."""

    name: str
    seconds: float

    def result(self) -> dict[str, object]:
        """Return the step as a task's result shows it."""
        return {"step": self.name, "seconds": round(self.seconds, 1)}


def carry_out_steps(steps: Sequence[Step[Site_contra]], site: Site_contra, run: Run, done: list[Done]) -> None:
    """Do one step after the other, tell each as it is done, and add it to ``done``. Raises ``Failure``."""
    for step in steps:
        run.check()
        began = run.now()
        step.carry_out(site)
        seconds = run.now() - began
        done.append(Done(step.done, seconds))
        run.tell(f"{step.done} ({seconds:.0f} s)")


def await_turn(
    read: Callable[[], Seen],
    other: Callable[[Seen], Lease | None],
    run: Run,
    *,
    what: str,
    limit: float,
) -> Seen:
    """Read until no other run is at work, at most ``limit`` seconds; return that reading.

    ``other`` says which other run is at work according to a reading. Raises ``Failure`` that names it.
    """
    narrator = run.narrator(f"waiting for another run on {what}", limit)
    while True:
        run.check()
        seen = read()
        lease = other(seen)
        if lease is None:
            return seen
        if narrator.left <= 0:
            raise Failure(
                "begin",
                what,
                f"another run is at work there: {lease}",
                f"Wait until it has ended. If it died, it is taken over after {lease.until:%H:%M:%S} UTC, or at once "
                "with O(take_over=true). O(busy_timeout) sets how long to wait",
                details={"lease": lease.result()},
            )
        narrator.say(str(lease))
        run.sleep(min(_LOOK_EVERY, max(narrator.left, 0.1)))

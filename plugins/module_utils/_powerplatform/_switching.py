# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""How an environment is switched: one operation at a time, never a second one while one runs.

What a run sees decides, not what it remembers: a run that was killed and started again finds the running operation in
the environment's list and waits for it. The clock is that of the run; nothing here knows Ansible or the network.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from typing import Any, Protocol

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Refused
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Plan
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._bap import Accepted, Busy, Lost
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._environment import (
    Environment,
    forbids,
    unsuitable,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._operation import Operation
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._plan import (
    Reading,
    Switch,
    Wanted,
    plan,
    stays_off,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import LOOK, Narrator, Run

GONE = 120.0
"""Seconds for which an operation may be unknown to the platform (HTTP 404) before the environment decides."""

LAG = 60.0
"""Seconds for which the environment may show what was before an operation ended; 20 were seen."""

LOST = 60.0
"""Seconds for which an operation is looked for in the list after the answer to its request was lost."""

_MOST_SENT = 3
_BUSY_PAUSE = (10.0, 20.0)
_LONGEST_PAUSE = 120.0


class Platform(Protocol):
    """What a platform can be asked for; ``_bap.Bap`` says what each returns and raises."""

    def environment(self, identifier: str) -> Environment: ...

    def operations(self, identifier: str) -> tuple[Operation, ...] | None: ...

    def operation(self, url: str) -> Operation | None: ...

    def switch(self, identifier: str, body: Mapping[str, Any]) -> Accepted: ...


@dataclass(frozen=True)
class Limits:
    """How long to wait, in seconds: for the whole switch, for an operation of another kind, and until the environment
    shows what an operation did; how often to look; and the type of the operations that switch the mode."""

    wait: float
    busy: float
    settle: float
    interval: float
    operation_type: str = "Edit"


@dataclass
class Switching:
    """The system that the cycle drives. ``sent``: a request went out that was not refused; ``attached``: an operation
    that this run did not begin was waited for; ``operation``: the last one that was followed; ``first``: the first
    reading; ``requests``: how many requests for a switch went out; ``clock``: that of the platform."""

    platform: Platform
    identifier: str
    wanted: Wanted
    limits: Limits
    run: Run
    sent: bool = False
    attached: bool = False
    operation: Operation | None = None
    environment: Environment | None = None
    first: Reading | None = None
    requests: int = 0
    clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc)
    _narrator: Narrator | None = None
    _ready: Reading | None = field(default=None, repr=False)
    _known: frozenset[str] | None = None
    _active: float | None = None
    _waited: bool = False

    # --- the cycle ----------------------------------------------------------------------------------------------------

    def begin(self, since: float = float("inf")) -> bool:
        """Wait until nothing runs on the environment, so that the cycle starts from a state that stays.

        What an operation did that ended just now, the environment may not show yet. Where operations are not listed,
        nobody can know whether there was one. Nor may anything show the operation of a run that was cut off ``since``
        seconds ago. Returns whether it had to wait.
        """
        self._ready, self._waited = None, False
        reading = self._rest()
        if self._active is None:
            end = self.run.now() + self._lag - min(self._age(reading), since)
            while (left := end - self.run.now()) > 0:
                self._pause("an operation may have ended just now", min(self.limits.interval, left))
                reading = self._rest()
        self._ready = reading
        return self._waited

    def read(self) -> Reading:
        """Return the environment and its operations."""
        if self._ready is not None:
            # A second reading may come from a server that lags behind, and say the old thing again.
            reading, self._ready = self._ready, None
            return reading
        environment = self.platform.environment(self.identifier)
        self.environment = environment
        if reasons := unsuitable(environment, background=self.wanted.background is not None):
            raise Refused(str(environment), reasons) if not self.sent else self._broken(environment, reasons)
        reading = Reading(environment, self.platform.operations(self.identifier))
        self.first = self.first or reading
        return reading

    def plan(self, reading: Reading) -> Plan[Switch]:
        """Compare with what is wanted. Raises ``Refused`` where the platform does not allow what has to be done."""
        found = plan(reading, self.wanted)
        if found.steps and (reason := forbids(reading.environment, self.limits.operation_type)):
            raise Refused(str(reading.environment), [reason])
        return found

    def apply(self, plan: Plan[Switch]) -> None:
        """Send the request, and return when the environment shows what was asked for. Raises ``Failure``."""
        step = plan.steps[0]
        reading = self._rest()
        busy_end = self.run.now() + self.limits.busy
        while self.plan(reading).steps:
            try:
                self._send(step, reading)
            except Busy as busy:
                self._known = None
                if self.run.now() >= busy_end:
                    raise self._with_state(busy) from None
                self._pause("another operation of the environment runs", random.uniform(*_BUSY_PAUSE))
                reading = self._rest()
            else:
                reading = self._settle()
        self._ready = reading

    def describe(self) -> str:
        """Name the environment."""
        return str(self.environment or f"environment {self.identifier}")

    # --- sending ------------------------------------------------------------------------------------------------------

    def _send(self, step: Switch, reading: Reading) -> None:
        """Send the request and wait for its operation. Raises ``Busy`` where nothing was done.

        An answer that was lost is no reason to send again before the operation was looked for in vain.
        """
        self._known = None if reading.operations is None else frozenset(each.id for each in reading.operations)
        for left in reversed(range(_MOST_SENT)):
            self.run.check()
            # Whoever was so slow that another run has taken over sends nothing.
            self.run.keep(LOOK)
            self.requests += 1
            try:
                accepted = self.platform.switch(self.identifier, step.body)
            except Lost as lost:
                self.sent = True
                self.run.tell(f"{self.describe()}: no answer to the request ({lost.answer}); looking for its operation")
                if self._was_taken(lost):
                    return
                if not left:
                    raise self._with_state(lost) from None
                continue
            self.sent = True
            if accepted.operation:
                self._follow(partial(self.platform.operation, accepted.operation), None)
            return

    def _was_taken(self, lost: Lost) -> bool:
        """Look for the operation of a request whose answer was lost; return whether the request was carried out.

        Raises ``lost`` itself where the platform does not list operations and the environment shows nothing: nobody
        can know then.
        """
        end = self.run.now() + LOST
        while True:
            asked_for = min(lost.pause or 0.0, _LONGEST_PAUSE)
            self._pause("looking for its operation", max(self.limits.interval, asked_for))
            found = self.read()
            if found.environment.busy or not plan(found, self.wanted).steps:
                return True
            if any(self._begun_here(each) for each in found.operations or ()):
                return True
            if self.run.now() >= end:
                if found.operations is None or self._known is None:
                    raise self._with_state(lost) from None
                return False

    # --- waiting ------------------------------------------------------------------------------------------------------

    def _rest(self, *, own: bool = False) -> Reading:
        """Read until nothing runs. Raises ``Failure`` for an operation that failed, or at the limit.

        After something ran, the environment has to show another state than while it ran, or else the time for which it
        may lag behind has to pass: the old state would look as if there were something to do, or nothing. ``own``: what
        ran is known, so that the caller can tell.
        """
        busy_end: float | None = None
        meanwhile: Environment | None = None
        quiet = False
        while True:
            reading = self.read()
            environment, running = reading.environment, reading.running
            if not running and not environment.busy:
                self._judge(reading)
                if own or meanwhile is None or _shown(environment) != _shown(meanwhile):
                    return reading
                if not quiet:
                    # It may have ended only just before this look.
                    quiet, self._active = True, self.run.now()
                if self._quiet_for() >= self._lag:
                    return reading
                self._pause("the environment may show the change yet", min(self.limits.interval, 5.0))
                continue
            meanwhile, quiet = meanwhile or environment, False
            self._active = self.run.now()
            if running and self._switches(running):
                self.attached = self.attached or not self._begun_here(running)
                self._follow(partial(self._listed, running.id), running)
                continue
            busy_end = busy_end or self.run.now() + self.limits.busy
            what = running.progress if running else f"its state is {environment.management}"
            # What this or a former run began need not be in a list; then only the environment tells that it goes on.
            nameless = not running and (self.sent or reading.operations is None)
            if self.run.now() >= busy_end and not nameless:
                raise self._occupied(what, running)
            self._pause(what)

    def _follow(self, look: Callable[[], Operation | None], operation: Operation | None) -> None:
        """Wait until an operation has ended. One that is not known for too long is left to what the environment says.

        Raises ``Failure`` where it failed.
        """
        gone_since: float | None = None
        while True:
            if operation is not None:
                self.operation = operation
                gone_since = None
                self._active = self.run.now()
                if operation.ended:
                    break
                self._pause(operation.progress, min(operation.pause or self.limits.interval, _LONGEST_PAUSE))
            else:
                gone_since = self.run.now() if gone_since is None else gone_since
                if self.run.now() - gone_since >= GONE:
                    self.run.tell(
                        f"{self.describe()}: the platform no longer knows the operation; asking the environment"
                    )
                    return
                self._pause("its operation is not visible yet")
            try:
                operation = look()
            except Busy:
                # It is at work, and its record is locked.
                gone_since = None
        if operation.failed:
            raise self._failed(operation)

    def _judge(self, reading: Reading) -> None:
        """Raise ``Failure`` if the operation of this run has failed while nobody looked."""
        newest = reading.newest
        if newest and self._begun_here(newest) and self._switches(newest):
            self.operation = newest
            if newest.failed:
                raise self._failed(newest)

    def _settle(self) -> Reading:
        """Read until the environment shows what was asked for: what it says lags behind its operations."""
        self._active = self.run.now()
        while True:
            reading = self._rest(own=True)
            if not plan(reading, self.wanted).steps:
                return reading
            if self._quiet_for() >= self.limits.settle:
                raise self._unsettled(reading)
            self._pause("the environment does not show the change yet", min(self.limits.interval, 5.0))

    def _pause(self, doing: str, seconds: float | None = None) -> None:
        if self._narrator is None:
            self._narrator = self.run.narrator(f"waiting for {self.describe()}", self.limits.wait)
        narrator = self._narrator
        if narrator.left <= 0:
            raise Failure(
                f"see the end of the switch within {self.limits.wait:.0f} s",
                self.describe(),
                doing,
                "It goes on without this task. Run the task again to wait for its end, or raise O(wait_timeout)",
                details={"pending": [doing]},
            )
        narrator.say(doing)
        self._waited = True
        self.run.rest(max(min(self.limits.interval if seconds is None else seconds, narrator.left), 0.05))

    def _listed(self, identifier: str) -> Operation | None:
        operations = self.platform.operations(self.identifier) or ()
        return next((each for each in operations if each.id == identifier), None)

    def _age(self, reading: Reading) -> float:
        """Return how many seconds ago the last operation may have ended; infinite if it changed nothing."""
        if reading.operations is None:
            return 0.0
        newest = reading.newest
        if newest is None or not newest.succeeded or newest.last is None:
            return float("inf")
        # The clocks of its hosts are not quite the same.
        return max((self.clock() - newest.last).total_seconds(), 0.0)

    def _quiet_for(self) -> float:
        """Return for how many seconds nothing has been seen to run."""
        return float("inf") if self._active is None else self.run.now() - self._active

    @property
    def _lag(self) -> float:
        return min(LAG, self.limits.settle)

    def _begun_here(self, operation: Operation) -> bool:
        """Whether an operation is new since this run sent its request."""
        return self._known is not None and operation.id not in self._known

    def _switches(self, operation: Operation) -> bool:
        return operation.type.lower() == self.limits.operation_type.lower()

    # --- failures -----------------------------------------------------------------------------------------------------

    def _with_state(self, failure: Failure) -> Failure:
        failure.target = self.describe()
        return failure

    def _occupied(self, what: str, running: Operation | None) -> Failure:
        return Failure(
            "begin",
            self.describe(),
            f"something else is at work there: {what}",
            "Wait for its end, or raise O(busy_timeout), and run again",
            details={"operation": running.result()} if running else {},
        )

    def _failed(self, operation: Operation) -> Failure:
        stage = operation.stage
        where = f" at the stage {stage.id}" if stage else ""
        return OperationFailed(
            "switch administration mode",
            self.describe(),
            f"the {operation} ({operation.id}) ended with {operation.state}{where}",
            "Look at the reason first: a run that only tries again may leave the environment stuck",
            details={"operation": operation.result(), "stage": stage.id if stage else None},
        )

    def _broken(self, environment: Environment, reasons: list[str]) -> Failure:
        return Failure(
            "switch administration mode", str(environment), " ".join(reasons), "Run again when that is resolved"
        )

    def _unsettled(self, reading: Reading) -> Failure:
        environment = reading.environment
        if stays_off(environment, self.wanted):
            return Failure(
                "enable background operations",
                str(environment),
                "administration mode is on as asked for, but background operations stay disabled, a known defect of "
                "the platform (microsoft/powerplatform-build-tools issue 1203)",
                "Leave out O(background_operations) if the maintenance can do without them, or enable them in the "
                "Power Platform admin center",
                details={"background_operations": "disabled"},
            )
        rest = plan(reading, self.wanted)
        return Failure(
            f"see the change in effect within {self.limits.settle:.0f} s",
            str(environment),
            f"the platform accepted the request, and the environment still shows {environment.shown}",
            "Look at the environment in the Power Platform admin center, and run again",
            details={"before": rest.before, "after": rest.after},
        )


def _shown(environment: Environment) -> tuple[str, str]:
    return environment.runtime, environment.background


class OperationFailed(Failure):
    """The platform's operation ended and did not succeed."""

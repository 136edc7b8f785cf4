"""A Power Platform in one process, by a clock that only sleeping moves: one environment and its operations.

It keeps to what is known of the real one: one operation at a time, stages that appear as they are reached, reads that
lag behind. At a call or a sleep that a test names, it loses the request or its answer, refuses, or the run is killed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar

from ansible_collections.quiesce.maintenance.plugins.module_utils._http import HttpFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._bap import Accepted, Busy, Lost
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._environment import Environment
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._operation import Operation, Stage

from fakes.clock import Time
from fakes.moments import NOW

ID = "6f0c9d1e-3b6a-4c3e-8a39-1f4f5a1c2d3e"
STAGES = ("Validate", "Prepare", "Run", "Finalize")

T = TypeVar("T")


class Killed(BaseException):
    """The run is over, as by kill -9."""


@dataclass
class Work:
    """An operation: what it makes of the environment when it ends, ``seconds`` after it began."""

    id: str
    type: str
    began: float
    seconds: float
    change: Mapping[str, str]
    fails_at: str = ""

    def ended(self, now: float) -> bool:
        """Whether it is over."""
        return now >= self.began + self.seconds

    def seen(self, now: float) -> Operation:
        """The operation as the platform tells it."""
        ended = self.ended(now)
        reached = len(STAGES) if ended else 1 + int((now - self.began) / self.seconds * len(STAGES))
        names = list(STAGES[:reached])
        if self.fails_at and ended:
            names = names[: names.index(self.fails_at) + 1]
        last = "Running" if not ended else "Failed" if self.fails_at else "Succeeded"
        stages = [Stage(name, "Succeeded") for name in names[:-1]] + [Stage(names[-1], last)]
        created = NOW + timedelta(seconds=self.began)
        acted = NOW + timedelta(seconds=min(now, self.began + self.seconds))
        return Operation(self.id, self.type, self.type, last, created, acted, "somebody", tuple(stages))


@dataclass
class Platform:
    """``lists`` False: the account may not list operations. ``names``: whether the answer names the operation.

    ``faults`` says what happens at which call, counted from 0: "lost" (not carried out, no answer), "unanswered"
    (carried out, no answer), "refused", "killed before", "killed after"; ``switch_faults`` the same, counted among the
    requests for a switch alone. ``secretive``: the environment does not say that something is at work.
    ``history`` are operations of former days.
    """

    time: Time
    environment_now: Environment
    seconds: float = 600.0
    read_lag: float = 20.0
    list_lag: float = 0.0
    unknown_at_first: float = 0.0
    lists: bool = True
    names: bool = True
    fails_at: str = ""
    background_bug: bool = False
    forgets: bool = False
    secretive: bool = False
    history: tuple[Operation, ...] = ()
    faults: dict[int, str] = field(default_factory=dict)
    switch_faults: dict[int, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    works: list[Work] = field(default_factory=list)
    collisions: int = 0
    bodies: list[Mapping[str, Any]] = field(default_factory=list)

    def environment(self, identifier: str) -> Environment:
        """Read the environment; what it says lags behind."""
        return self._call("environment", lambda: self._environment(identifier))

    def operations(self, identifier: str) -> tuple[Operation, ...] | None:
        """List the operations, the newest first."""
        return self._call("operations", self._operations)

    def operation(self, url: str) -> Operation | None:
        """Read one operation."""
        return self._call("operation", lambda: self._operation(url))

    def switch(self, identifier: str, body: Mapping[str, Any]) -> Accepted:
        """Begin an operation, if none runs."""
        return self._call("switch", lambda: self._switch(body))

    def begin(self, work_type: str, change: Mapping[str, str], seconds: float, fails_at: str = "") -> Work:
        """Have an operation begin."""
        work = Work(f"op{len(self.works) + 1}", work_type, self.time.now, seconds, change, fails_at)
        self.works.append(work)
        return work

    @property
    def running(self) -> Work | None:
        """What is at work."""
        return next((work for work in self.works if not work.ended(self.time.now)), None)

    def state(self, lag: float = 0.0) -> Environment:
        """The environment as it was ``lag`` seconds ago."""
        found = self.environment_now
        for work in self.works:
            if work.ended(self.time.now - lag) and not work.fails_at:
                changes: dict[str, Any] = dict(work.change)
                found = replace(found, **changes)
        return found

    def _environment(self, identifier: str) -> Environment:
        assert identifier == ID
        found = self.state(self.read_lag)
        return replace(found, management="Running") if self.running and not self.secretive else found

    def _operations(self) -> tuple[Operation, ...] | None:
        if not self.lists:
            return None
        now = self.time.now
        listed = tuple(work.seen(now) for work in reversed(self.works) if now - work.began >= self.list_lag)
        return listed + self.history

    def _operation(self, url: str) -> Operation | None:
        work = next(work for work in self.works if url == f"https://europe.example/{work.id}")
        if self.forgets or self.time.now - work.began < self.unknown_at_first:
            return None
        return work.seen(self.time.now)

    def _switch(self, body: Mapping[str, Any]) -> Accepted:
        self.bodies.append(body)
        if self.running:
            self.collisions += 1
            raise Busy("switch", "it", "HTTP 409", "Wait")
        change = {"runtime": body["properties"]["states"]["runtime"]["id"]}
        background = body["properties"].get("linkedEnvironmentMetadata")
        if background:
            change["background"] = background["backgroundOperationsState"]
        if self.background_bug and change["runtime"] == "AdminMode":
            change["background"] = "Disabled"
        work = self.begin("Edit", change, self.seconds, self.fails_at)
        return Accepted(f"https://europe.example/{work.id}" if self.names else "")

    def _call(self, name: str, answer: Callable[[], T]) -> T:
        fault = self.faults.get(len(self.calls), "")
        if name == "switch":
            fault = self.switch_faults.get(self.calls.count(name), fault)
        self.calls.append(name)
        lost = Lost if name == "switch" else HttpFailure
        if fault == "killed before":
            raise Killed
        if fault == "lost":
            raise lost("do it", "it", "the connection broke", "Run again")
        if fault == "refused":
            raise HttpFailure("do it", "it", "HTTP 403", "Ask for the right", status=403)
        found = answer()
        if fault == "killed after":
            raise Killed
        if fault == "unanswered":
            raise lost("do it", "it", "no whole answer within 30 s", "Run again")
        return found


def unified(**more: Any) -> Environment:
    """A unified environment in normal operation."""
    parts: dict[str, Any] = {
        "id": ID,
        "name": "Contoso UAT",
        "sku": "Sandbox",
        "management": "Ready",
        "runtime": "Enabled",
        "dataverse": True,
        "dataverse_url": "https://contoso.crm4.dynamics.com",
        "background": "Enabled",
        "kind": "Internal",
        "finops_url": "https://contoso-uat.sandbox.operations.dynamics.com",
        **more,
    }
    return Environment(**parts)

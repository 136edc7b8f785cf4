"""A lifecycle operation: where it is by the clock. Without tasks; its state is worked out whenever somebody looks."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from lab.rest.service import JsonObject

STAGES = ("Validate", "Prepare", "Run", "Finalize")
PATH = "/providers/Microsoft.BusinessAppPlatform/lifecycleOperations"


@dataclass
class Stage:
    """A stage that was reached."""

    name: str
    began: float
    last: float
    state: str = "Running"


@dataclass
class Operation:
    """An operation on an environment. ``seconds`` is how long each stage takes, in simulated time.

    ``ends_at`` is the stage that does not succeed, ``outcome`` the state of the operation then, and ``error`` the code
    and message that only other services tell. ``holds_at`` is a stage that lasts until ``release``.
    ``correlation`` is what those others call it: nothing public says that it is the operation's id [G].
    """

    environment: str
    created: float
    requester: JsonObject
    kind: str = "Edit"
    seconds: tuple[float, ...] = (5, 20, 1080, 95)
    ends_at: str = ""
    outcome: str = "Failed"
    error: tuple[str, str] = ("", "")
    holds_at: str = ""
    at_end: Callable[[Operation], None] = field(default=lambda _operation: None, repr=False)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    correlation: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = "Running"
    stages: list[Stage] = field(default_factory=list)

    @property
    def running(self) -> bool:
        """Whether it is under way."""
        return self.state == "Running"

    @property
    def last(self) -> float:
        """When something happened in it for the last time."""
        return self.stages[-1].last if self.stages else self.created

    def advance(self, now: float, scale: float) -> None:
        """Bring it to where it is at ``now``."""
        while self.running:
            if not self.stages or self.stages[-1].state == "Succeeded":
                self.stages.append(Stage(STAGES[len(self.stages)], self.last, self.last))
            stage = self.stages[-1]
            ends = stage.began + self.seconds[len(self.stages) - 1] / scale
            if now < ends or stage.name == self.holds_at:
                stage.last = max(stage.last, min(now, ends))
                return
            stage.last = max(stage.last, ends)
            failed = stage.name == self.ends_at
            stage.state = self.outcome if failed else "Succeeded"
            if failed or len(self.stages) == len(STAGES):
                self.state = stage.state
                self.at_end(self)

    def release(self, now: float) -> None:
        """End the stage that it holds at."""
        self.holds_at = ""
        self.stages[-1].last = now

    def json(self) -> JsonObject:
        """As the API shows it: no error, only where it failed."""
        return {
            "id": self.id,
            "links": {
                "self": {"path": f"{PATH}/{self.id}"},
                "environment": {
                    "path": f"/providers/Microsoft.BusinessAppPlatform/environments/{self.environment}",
                },
            },
            "type": {"id": self.kind},
            "typeDisplayName": self.kind,
            "state": {"id": self.state},
            "createdDateTime": moment(self.created),
            "lastActionDateTime": moment(self.last),
            "requestedBy": self.requester,
            "stages": [
                {
                    "id": stage.name,
                    "name": stage.name,
                    "state": {"id": stage.state},
                    "firstActionDateTime": moment(stage.began),
                    "lastActionDateTime": moment(stage.last),
                }
                for stage in self.stages
            ],
        }


def moment(seconds: float) -> str:
    """A time as this API writes it, with seven decimals."""
    found = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return found.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"

"""A servicing operation: what it is at a moment of the clock, without threads or tasks."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from lab.lcs.codes import UNDER_WAY, ActionStatus, DeploymentAction

PREPARATION = 0.1  # of the time that an operation takes; chosen here


@dataclass(frozen=True)
class Phase:
    """``seconds`` of simulated time in one status."""

    status: ActionStatus
    seconds: float


@dataclass
class Operation:
    """One switch. ``phases`` pass from ``since`` on, ``end`` is its status after the last of them."""

    number: int
    enable: bool
    began: float
    since: float
    phases: tuple[Phase, ...]
    end: ActionStatus = ActionStatus.COMPLETED
    action: DeploymentAction = DeploymentAction.SERVICE
    activity: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def name(self) -> str:
        """What the page's menu and its history call it. The vendor shows the menu; the history is chosen here."""
        return "Enable maintenance mode" if self.enable else "Disable maintenance mode"

    def ends(self, scale: float) -> float:
        """When the last phase is over."""
        return self.since + sum(phase.seconds for phase in self.phases) / scale

    def status(self, now: float, scale: float) -> ActionStatus:
        """Return its status at ``now``."""
        ends = self.since
        for phase in self.phases:
            ends += phase.seconds / scale
            if now < ends:
                return phase.status
        return self.end

    def progress(self, now: float, scale: float) -> float | None:
        """Return how much of it has passed, in percent; None while it is being prepared or where nothing runs."""
        if self.status(now, scale) not in UNDER_WAY - {ActionStatus.PREPARING_ENVIRONMENT}:
            return None
        return round(100 * (now - self.since) / (self.ends(scale) - self.since), 1)

    def go_on(self, now: float, phases: tuple[Phase, ...], end: ActionStatus, action: DeploymentAction) -> None:
        """Begin new phases: a person has resumed it, rolled it back or aborted it."""
        self.since, self.phases, self.end, self.action = now, phases, end, action


def phases_of(seconds: float, *, until: float = 1.0) -> tuple[Phase, ...]:
    """Return the phases of an operation that takes ``seconds``, as far as the part ``until`` of it."""
    preparing = min(PREPARATION, until) * seconds
    return (
        Phase(ActionStatus.PREPARING_ENVIRONMENT, preparing),
        Phase(ActionStatus.IN_PROGRESS, until * seconds - preparing),
    )

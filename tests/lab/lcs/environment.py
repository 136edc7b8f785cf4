"""An environment of Lifecycle Services: its mode, the operation under way, what a look at it shows."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, field, replace
from enum import IntEnum

from lab.clock import Clock
from lab.lcs.codes import FAILURES, UNDER_WAY, ActionStatus, DeploymentAction, DeploymentState, DeploymentStatus
from lab.lcs.operation import Operation, Phase, phases_of

DEPLOYED = "Deployed"
SERVICING = "Servicing"
IN_MAINTENANCE = "In Maintenance"
# Stands in a published example of the public API beside the state "Finished".
FAILED = "Failed"


class Hosting(IntEnum):
    """``DeploymentEnvironmentType``."""

    MICROSOFT_IAAS = 0
    CUSTOMER_IAAS = 1
    ON_PREMISES = 2
    SERVICE_FABRIC = 3


@dataclass(frozen=True)
class ServicingFailure:
    """How an operation fails: at which part of its time, and with what (numbers and texts chosen here)."""

    at: float = 0.6
    status: ActionStatus = ActionStatus.FAILED
    code: int = 70001
    error: str = "The operation failed at step AOSMaintenanceMode: database synchronization did not complete."


@dataclass(frozen=True)
class Look:
    """What the portal says of an environment at one moment."""

    state: DeploymentState
    status: str
    internal_status: DeploymentStatus
    action: DeploymentAction
    activity: str
    operation: Operation | None = None  # under way, or failed and not dealt with
    operation_status: ActionStatus | None = None
    progress: float | None = None
    error_code: int = 0
    errors: tuple[str, ...] = ()


@dataclass
class LcsEnvironment:
    """One environment; test code reads and writes its attributes directly.

    ``servicing_seconds`` is how much simulated time a switch takes. ``failures`` befall the next operations, one each.
    For the first ``lagging_looks`` of each kind after a request the old state still stands.
    """

    name: str
    clock: Clock
    production: bool = False
    hosting: Hosting = Hosting.SERVICE_FABRIC
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    maintenance: bool = False
    sql_password: str = field(default="", repr=False)

    servicing_seconds: float = 1200.0
    lagging_looks: int = 2
    seconds_per_look: float = 0.0  # of simulated time, with each look: no test depends on the machine's speed
    failures: list[ServicingFailure] = field(default_factory=list)
    ignores_requests: bool = False  # a request is accepted, and nothing happens
    # No client and no page says what number the mode has; SafeMode is the facts' best guess.
    maintenance_state: DeploymentState = DeploymentState.SAFE_MODE
    occupied: tuple[DeploymentState, str] | None = None  # by another operation, which the lab does not simulate

    operations: list[Operation] = field(default_factory=list)
    last_activity: str = field(default_factory=lambda: str(uuid.uuid4()))
    _failure: ServicingFailure | None = None
    _looks: Counter[str] = field(default_factory=Counter)
    _before: Look | None = None
    _settled: int = 0  # so many operations are over and their results taken over

    @property
    def url(self) -> str:
        """Where its users work."""
        return f"https://{self.name.lower()}.{'' if self.production else 'sandbox.'}operations.dynamics.com/"

    @property
    def running(self) -> Operation | None:
        """The operation that is under way, or that failed and waits for a person."""
        if not self.operations:
            return None
        operation = self.operations[-1]
        status = operation.status(self.clock.time(), self.clock.scale)
        return operation if status in UNDER_WAY | FAILURES else None

    @property
    def in_maintenance(self) -> bool:
        """Whether maintenance mode is really on at this moment."""
        self._settle()
        return self.maintenance

    # --- what a person or a request does ---

    def begin(self, enable: bool) -> Operation | None:
        """Begin a switch; None where requests are ignored."""
        if self.ignores_requests:
            return None
        self._settle()
        self._before = self._now()
        self._looks.clear()
        now = self.clock.time()
        self._failure = self.failures.pop(0) if self.failures else None
        phases = phases_of(self.servicing_seconds, until=self._failure.at if self._failure else 1.0)
        operation = Operation(len(self.operations) + 4711, enable, now, now, phases)
        if self._failure:
            operation.end = self._failure.status
        self.operations.append(operation)
        self.last_activity = operation.activity
        return operation

    def resume(self) -> None:
        """Press Resume after a failure: the rest of the operation is done."""
        rest = self.servicing_seconds * (1 - (self._failure.at if self._failure else 1.0))
        self._decide((Phase(ActionStatus.IN_PROGRESS, rest),), ActionStatus.COMPLETED, DeploymentAction.RESUME)

    def roll_back(self) -> None:
        """Press Rollback after a failure: the environment returns to the mode that it had."""
        phases = (Phase(ActionStatus.ROLLBACK_IN_PROGRESS, self.servicing_seconds / 2),)
        self._decide(phases, ActionStatus.ROLLBACK_COMPLETED, DeploymentAction.ROLLBACK)

    def abort(self) -> None:
        """Press Abort after a failure: the environment is left in the mode that it had."""
        self._decide((), ActionStatus.ABORTED, DeploymentAction.ABORT)

    def _decide(self, phases: tuple[Phase, ...], end: ActionStatus, action: DeploymentAction) -> None:
        now = self.clock.time()
        operation = self.operations[-1]
        if operation.status(now, self.clock.scale) not in FAILURES:
            raise ValueError(f"no operation of {self.name} waits for a person")
        self._failure = None
        operation.go_on(now, phases, end, action)

    # --- what is seen of it ---

    def look(self, kind: str) -> Look:
        """Look at it; ``kind`` is what is asked for (details, ongoing, progress...), each of which lags by itself."""
        self.clock.advance(self.seconds_per_look / self.clock.scale)
        self._looks[kind] += 1
        if self._before and self._looks[kind] <= self.lagging_looks:
            return self._before
        return self._now()

    def _settle(self) -> None:
        """Take over what the last operation has done, once."""
        if len(self.operations) == self._settled:
            return
        operation = self.operations[-1]
        status = operation.status(self.clock.time(), self.clock.scale)
        if status not in UNDER_WAY | FAILURES:
            self._settled = len(self.operations)
        if status == ActionStatus.COMPLETED:
            self.maintenance = operation.enable

    def _now(self) -> Look:
        self._settle()
        last = self.operations[-1] if self.operations else None
        action = last.action if last else DeploymentAction.DEPLOY
        if self.occupied:
            state, text = self.occupied
            return Look(state, text, DeploymentStatus.INCOMPLETE, action, self.last_activity)
        operation = self.running
        if operation is None:
            state, text = (
                (self.maintenance_state, IN_MAINTENANCE) if self.maintenance else (DeploymentState.FINISHED, DEPLOYED)
            )
            canceled = action == DeploymentAction.ABORT
            ended = DeploymentStatus.CANCELED if canceled else DeploymentStatus.SUCCEEDED
            return Look(state, text, ended, action, self.last_activity)
        return self._servicing(operation)

    def _servicing(self, operation: Operation) -> Look:
        now, scale = self.clock.time(), self.clock.scale
        status = operation.status(now, scale)
        look = Look(
            DeploymentState.SERVICING,
            SERVICING,
            DeploymentStatus.INCOMPLETE,
            operation.action,
            operation.activity,
            operation,
            status,
            operation.progress(now, scale),
        )
        if status == ActionStatus.ROLLBACK_IN_PROGRESS:
            # The text is chosen here.
            return replace(look, state=DeploymentState.SERVICING_ROLLBACK, status="Servicing rollback")
        if self._failure and status in FAILURES:
            return replace(
                look,
                state=DeploymentState.FINISHED,
                status=FAILED,
                internal_status=DeploymentStatus.FAILED,
                error_code=self._failure.code,
                errors=(self._failure.error,),
            )
        return look

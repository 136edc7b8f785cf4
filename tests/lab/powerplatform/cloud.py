"""The tenant's environments and what happens to them, whichever service is asked."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from lab.clock import Clock
from lab.entra import Directory, Grant
from lab.powerplatform.audiences import AUDIENCES, CloudName
from lab.powerplatform.environment import Environment, FinOps, Mode
from lab.powerplatform.operation import Operation
from lab.powerplatform.request import Wanted
from lab.rest.service import JsonObject, Refused

Answer = Literal["both", "Operation-Location", "Location", "none", "200", "204"]


class Cloud:
    """Environments, operations, registered applications. Tests set the attributes.

    Durations are in simulated seconds. ``clock.advance`` moves operations on as well.
    """

    def __init__(self, directory: Directory, clock: Clock, name: CloudName = "public") -> None:
        self.name = name
        self.audiences = AUDIENCES[name]
        self.directory = directory
        self.clock = clock
        self.environments: dict[str, Environment] = {}
        self.operations: list[Operation] = []  # the newest is the last
        self.registered: set[str] = set()  # client ids of management applications
        self.regions: dict[str, str] = {}  # location -> URL of its regional host

        # What a test may set.
        self.kind = "Edit"  # what an administration mode request is as an operation [G]
        self.seconds: tuple[float, ...] = (5, 20, 1080, 95)  # of the stages of the next operations
        self.holds_at = ""  # the stage that the next operations stay in
        self.ends_at = ""  # the stage that the next operations do not get past
        self.outcome = "Failed"
        self.error = (
            "DatabaseSynchronizationFailed",
            "The database synchronization failed: table CUSTTABLE is locked.",
        )
        self.answer: Answer = "both"
        self.retry_after = ""  # that header of an accepted request and of an operation that runs
        self.operations_at = ""  # a host that is named in answers in place of the region's
        self.empty_conflicts = False  # a busy environment is answered with 409 and no body
        self.unknown_for = 0.0  # so long a new operation is not found
        self.forgotten_after = math.inf  # so long after its end an operation is not found any more
        self.unlisted_for = 0.0  # so long a new operation is not in the list [G]
        self.read_lag = 0.0  # so long reads show the old mode after the operation's end
        self.counts_lag = 0.0  # so long the numbers of AOS are the old ones [G]
        self.no_effect = False  # operations succeed and change nothing
        self.background_bug = False  # background operations end disabled in the mode, whatever was asked for
        self.off_enables_background = False  # leaving the mode enables them, also where nobody asked for it [G]
        self.unregistered_sees: Literal["Forbidden", "nothing"] = "Forbidden"
        self.challenge = ""  # claims that a policy demands: every request is refused with them

    def add(self, environment: Environment) -> Environment:
        """Create an environment."""
        environment.settle = self.advance
        self.environments[environment.id] = environment
        return environment

    def find(self, environment_id: str) -> Environment | None:
        """Return an environment; ids are compared without case."""
        wanted = environment_id.lower()
        return next((each for each in self.environments.values() if each.id.lower() == wanted), None)

    def of(self, environment: Environment) -> list[Operation]:
        """Return the operations of an environment as they are now, the newest first."""
        self.advance()
        return [each for each in reversed(self.operations) if each.environment == environment.id]

    def running(self, environment: Environment) -> Operation | None:
        """Return the operation that keeps an environment busy."""
        return next((each for each in self.of(environment) if each.running), None)

    def advance(self) -> None:
        """Bring all operations to where they are now."""
        for operation in self.operations:
            operation.advance(self.clock.time(), self.clock.scale)

    def release(self) -> None:
        """Let all operations go on that are held, and hold none any more."""
        self.holds_at = ""
        self.advance()
        for operation in self.operations:
            if operation.holds_at:
                operation.release(self.clock.time())

    def age(self, since: float) -> float:
        """Return the simulated seconds since a time stamp."""
        return (self.clock.time() - since) * self.clock.scale

    def begin(
        self, environment: Environment, kind: str, requester: JsonObject, at_end: Callable[[Operation], None]
    ) -> Operation:
        """Start an operation of any kind, as another administrator does."""
        operation = Operation(
            environment.id,
            self.clock.time(),
            requester,
            kind,
            self.seconds,
            self.ends_at,
            self.outcome,
            self.error if self.ends_at else ("", ""),
            self.holds_at,
            at_end,
        )
        self.operations.append(operation)
        return operation

    def somebody(self, environment: Environment, kind: str = "Backup", name: str = "Ada Admin") -> Operation:
        """Let a person start an operation that changes no mode."""
        person = {"id": "f99f844b-ce3b-49ae-86f3-e374ecae789c", "displayName": name, "type": "User"}
        return self.begin(environment, kind, {**person, "tenantId": self.directory.id}, lambda _operation: None)

    def switch(self, environment: Environment, wanted: Wanted, grant: Grant) -> Operation | None:
        """Carry an administration mode request out; None where that needed, or got, no operation."""
        # What is refused, and with which code, is a guess but for the conflict [G].
        if (reason := environment.disallowed.get("Edit")) is not None:
            raise refused(400, "OperationNotAllowed", reason or "The operation is not allowed.")
        if self.running(environment):
            if self.empty_conflicts:
                raise Refused(409)
            raise refused(
                409,
                "OperationNotStartable",
                "This operation cannot be performed because there is an active lifecycle operation on the environment "
                f"{environment.id}.",
            )
        if wanted.background and not environment.dataverse_url:
            raise refused(400, "BadRequest", "The environment has no linked environment metadata.")
        if wanted.background == "Disabled" and wanted.runtime != "AdminMode":
            text = "Background operations can be disabled only in administration mode."
            raise refused(400, "BadRequest", text)
        if self.answer == "204":
            return None
        requester = self.requester(grant)
        mode = Mode(
            wanted.runtime,
            wanted.background or environment.mode.background,
            str(requester["displayName"]),
            str(requester["type"]),
        )
        if self.background_bug and mode.runtime == "AdminMode":
            mode = replace(mode, background="Disabled")
        if self.off_enables_background and mode.runtime == "Enabled":
            mode = replace(mode, background="Enabled")
        if self.answer == "200":
            self._take_over(environment, mode, self.clock.time())
            return None
        return self.begin(
            environment, self.kind, requester, lambda operation: self._ended(operation, environment, mode)
        )

    def requester(self, grant: Grant) -> JsonObject:
        """Who holds a token, as operations show it."""
        kind = "User" if grant.person else "ServicePrincipal"
        return {"id": grant.object_id, "displayName": kind, "type": kind, "tenantId": self.directory.id}

    def shown(self, environment: Environment) -> Mode:
        """The mode of an environment as reads show it."""
        return environment.shown(self.clock.time(), self.read_lag / self.clock.scale)

    def counts(self, environment: Environment, finops: FinOps) -> tuple[int, int]:
        """How many AOS and batch AOS were observed last; one of each stays up in the mode."""
        seen = environment.shown(self.clock.time(), self.counts_lag / self.clock.scale)
        return (1, 1) if seen.runtime == "AdminMode" and finops.type == "Internal" else (finops.aos, finops.batch_aos)

    def _ended(self, operation: Operation, environment: Environment, mode: Mode) -> None:
        if operation.state == "Succeeded":
            self._take_over(environment, mode, operation.last)

    def _take_over(self, environment: Environment, mode: Mode, when: float) -> None:
        if not self.no_effect:
            environment.change(mode, when)


def refused(status: int, code: str, message: str) -> Refused:
    """An error of the admin API."""
    return Refused(status, {"error": {"code": code, "message": message, "detailUrlType": "NotSpecified"}})

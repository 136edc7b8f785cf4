"""The portal's numbers, as the public clients list them; only those that the lab or a test of it shows."""

from __future__ import annotations

from enum import IntEnum


class DeploymentState(IntEnum):
    """``DeploymentState``. None is named after maintenance mode."""

    FINISHED = 3
    SERVICING = 11
    SAFE_MODE = 13
    SERVICING_ROLLBACK = 20
    RESTARTING_SERVICES = 22

    @property
    def word(self) -> str:
        """The public API's ``DeploymentState``: Finished, SafeMode..."""
        return _word(self.name)


class DeploymentStatus(IntEnum):
    """``InternalDeploymentStatus``."""

    SUCCEEDED = 1
    FAILED = 2
    CANCELED = 3
    INCOMPLETE = 4


class DeploymentAction(IntEnum):
    """``InternalDeploymentAction``; the portal's ``DeploymentAction`` is its word."""

    DEPLOY = 1
    SERVICE = 10
    ROLLBACK = 16
    ABORT = 17
    RESUME = 23

    @property
    def word(self) -> str:
        """The text beside the number. That it is the name of the number is chosen here."""
        return _word(self.name)


class ActionStatus(IntEnum):
    """``Status`` of an action, under way or in the history."""

    IN_PROGRESS = 1
    COMPLETED = 2
    FAILED = 3
    ABORTED = 6
    PREPARATION_FAILED = 10
    PREPARING_ENVIRONMENT = 12
    ROLLBACK_IN_PROGRESS = 13
    ROLLBACK_COMPLETED = 14

    @property
    def word(self) -> str:
        """The public API's ``Status``: Completed and RollbackCompleted stand in published examples."""
        return _word(self.name)

    @property
    def text(self) -> str:
        """``ActionStatusText``, a text for people; chosen here."""
        return self.name.replace("_", " ").capitalize()


UNDER_WAY = frozenset({ActionStatus.PREPARING_ENVIRONMENT, ActionStatus.IN_PROGRESS, ActionStatus.ROLLBACK_IN_PROGRESS})
FAILURES = frozenset({ActionStatus.FAILED, ActionStatus.PREPARATION_FAILED})  # a person resumes, rolls back or aborts


def _word(name: str) -> str:
    return name.title().replace("_", "")

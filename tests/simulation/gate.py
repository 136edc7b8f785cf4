"""Where something can go wrong: every operation of a run passes a gate, and a test says what happens there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import TimedOut, Unreachable

T = TypeVar("T")

LOST, ANSWER_LOST, TIMED_OUT, KILLED, KILLED_AFTER = "lost", "answer lost", "timed out", "killed", "killed after"
FAULTS = (LOST, ANSWER_LOST, TIMED_OUT, KILLED, KILLED_AFTER)


class Killed(BaseException):
    """The process was ended: nothing of it runs any more, no clearing up either."""


@dataclass(frozen=True)
class Operation:
    """One operation of a run: its number, where it goes ("host", "sql", "aos", "cluster") and what it is for."""

    number: int
    where: str
    doing: str

    def __str__(self) -> str:
        return f"{self.number} {self.where}: {self.doing}"


@dataclass
class Gate:
    """Counts the operations of one run and breaks one of them.

    ``fault`` happens at operation number ``at``. ``before`` is called before each operation and ``at_check`` whenever
    the run asks whether it may go on: another run gets its turn there.
    """

    at: int = -1
    fault: str = ""
    before: Callable[[Operation], None] = lambda operation: None
    checks: int = 0
    at_check: Callable[[int], None] = lambda number: None
    log: list[Operation] = field(default_factory=list)

    def check(self) -> None:
        """What a run asks before each step and each look: whether it may go on (``Run.check``)."""
        number, self.checks = self.checks, self.checks + 1
        self.at_check(number)

    def enter(self, where: str, doing: str) -> str:
        """Begin an operation; return the fault that is to happen to it."""
        operation = Operation(len(self.log), where, doing)
        self.log.append(operation)
        self.before(operation)
        fault = self.fault if operation.number == self.at else ""
        if fault == KILLED:
            raise Killed
        return fault

    def pass_host(self, name: str, doing: str, limit: float, work: Callable[[], T]) -> T:
        """Let an operation on a host happen, or what breaks it."""
        fault = self.enter("host", doing)
        if fault == LOST:
            raise Unreachable(doing, name, "the connection broke", "Run again")
        result = work()
        if fault == ANSWER_LOST:
            raise Unreachable(doing, name, "the connection broke", "Run again")
        if fault == TIMED_OUT:
            raise TimedOut(doing, name, f"timed out after {limit:.0f} s; the command was abandoned", "Look at the host")
        if fault == KILLED_AFTER:
            raise Killed
        return result


class Baton:
    """Lets several threads run one after the other, never at the same time: who holds the baton runs."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._holder = ""

    def give(self, name: str) -> None:
        """Hand the baton on."""
        with self._turn:
            self._holder = name
            self._turn.notify_all()

    def wait(self, name: str) -> None:
        """Wait until the baton is ours."""
        with self._turn:
            if not self._turn.wait_for(lambda: self._holder == name, timeout=60):
                raise RuntimeError(f"nobody gives the baton to {name}")

"""The process table of a simulated host."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

SYSTEM = "SYSTEM"


@dataclass
class Process:
    """A running process. ``on_kill`` tells its owner that it was ended from outside."""

    pid: int
    image: str
    user: str = SYSTEM
    session: int = 0  # 0 services, 1 the console
    memory: int = 12_345  # KB
    on_kill: Callable[[], None] | None = None
    protected: bool = False  # ending it fails with 5


class ProcessTable:
    """Processes by PID. Like Windows it gives out multiples of four and does not reuse them soon."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1204, 4)
        self._processes: dict[int, Process] = {}
        self._processes[0] = Process(0, "System Idle Process", memory=8, protected=True)
        self._processes[4] = Process(4, "System", memory=148, protected=True)

    def __iter__(self) -> Iterator[Process]:
        return iter(list(self._processes.values()))

    def start(
        self,
        image: str,
        user: str = SYSTEM,
        session: int = 0,
        memory: int = 12_345,
        on_kill: Callable[[], None] | None = None,
    ) -> Process:
        """Enter a new process."""
        process = Process(next(self._numbers), image, user, session, memory, on_kill)
        self._processes[process.pid] = process
        return process

    def find(self, pid: int) -> Process | None:
        """The process of that number."""
        return self._processes.get(pid)

    def named(self, image: str) -> list[Process]:
        """All processes of that image name."""
        return [process for process in self if process.image.lower() == image.lower()]

    def end(self, pid: int) -> None:
        """The process ended by itself; one that has gone already is no error."""
        self._processes.pop(pid, None)

    def kill(self, pid: int) -> None:
        """The process was ended from outside."""
        process = self._processes.pop(pid)
        if process.on_kill is not None:
            process.on_kill()

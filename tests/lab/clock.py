"""The lab's time: simulated delays run faster than real ones, wall-clock time can be moved on by a test."""

from __future__ import annotations

import asyncio
import selectors
import time


class Clock:
    """Simulated time.

    ``scale`` is how many simulated seconds pass in one real second: a service that takes 30 s to stop takes
    0.3 s at scale 100. Time stamps stay those of the real clock (clients compare them with their own), except for
    what a test adds with ``advance``.
    """

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale
        self._ahead = 0.0

    async def sleep(self, seconds: float) -> None:
        """Wait for ``seconds`` of simulated time."""
        await asyncio.sleep(seconds / self.scale)

    async def moment(self) -> None:
        """Wait as shortly as makes sense for somebody who looks again and again."""
        await asyncio.sleep(0.004)

    def monotonic(self) -> float:
        """Simulated seconds since some moment, to measure how long something took."""
        return time.monotonic() * self.scale

    def time(self) -> float:
        """Seconds since the epoch, as the simulated systems see it."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass at once for everything that compares time stamps."""
        self._ahead += seconds


class _Jump(selectors.DefaultSelector):
    """Instead of waiting it moves the time on."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everything waits for something that can never happen")
        self.now += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that never waits: where nothing is ready its time jumps to the next timer."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now


class VirtualClock(Clock):
    """The time of a ``VirtualLoop``: simulated seconds cost nothing. Time stamps begin at ``epoch``."""

    def __init__(self, loop: VirtualLoop, epoch: float = 1_800_000_000.0) -> None:
        super().__init__()
        self.loop = loop
        self.epoch = epoch

    async def moment(self) -> None:
        await asyncio.sleep(0.25)

    def monotonic(self) -> float:
        return self.loop.time()

    def time(self) -> float:
        return self.epoch + self.loop.time() + self._ahead

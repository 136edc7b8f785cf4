"""The lab's time: simulated delays run faster than real ones, wall-clock time can be moved on by a test."""

from __future__ import annotations

import asyncio
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

    def time(self) -> float:
        """Seconds since the epoch, as the simulated systems see it."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass at once for everything that compares time stamps."""
        self._ahead += seconds

"""So many calls in so much time, counted for each key by itself."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Hashable

from lab.clock import Clock


class Limit:
    """``calls`` in ``seconds`` of simulated time. Calls that were refused do not count (chosen here)."""

    def __init__(self, clock: Clock, calls: int, seconds: float) -> None:
        self.clock = clock
        self.calls = calls
        self.seconds = seconds
        self._made: defaultdict[Hashable, deque[float]] = defaultdict(deque)

    def wait(self, key: Hashable) -> int:
        """Return how many of the client's seconds are left until the next call may be made; 0: now."""
        made, now = self._made[key], self.clock.time()
        lasts = self.seconds / self.clock.scale
        while made and now - made[0] >= lasts:
            made.popleft()
        return math.ceil(made[0] + lasts - now) if len(made) >= self.calls else 0

    def count(self, key: Hashable) -> None:
        """Count a call."""
        self._made[key].append(self.clock.time())

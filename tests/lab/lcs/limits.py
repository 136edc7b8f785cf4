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

    def call(self, key: Hashable) -> int:
        """Count a call and return 0, or return how many of the client's seconds are left until it may be made."""
        made, now = self._made[key], self.clock.time()
        lasts = self.seconds / self.clock.scale
        while made and now - made[0] >= lasts:
            made.popleft()
        if len(made) >= self.calls:
            return math.ceil(made[0] + lasts - now)
        made.append(now)
        return 0

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""When a request is sent again, and how fast requests may follow one another. All times are seconds."""

from __future__ import annotations

import email.utils
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

NOT_CARRIED_OUT = frozenset({409, 429, 503})
"""By these the server says that it did nothing, so that even what must not happen twice may be sent again."""


@dataclass(frozen=True)
class Retry:
    """When a request is sent again, and for how long. All times are seconds.

    ``limit`` bounds all tries of one request together, ``first_contact`` the same before the server has answered
    anything at all: a wrong address should fail soon, a restart in the middle of the work be survived. Pauses double
    from ``first_pause`` to ``longest_pause``; a Retry-After header takes their place. Broken connections are always
    retried, of the answers only ``statuses``.
    """

    limit: float = 180.0
    first_contact: float = 10.0
    statuses: frozenset[int] = frozenset({429, 502, 503, 504})
    first_pause: float = 0.5
    longest_pause: float = 15.0


class Pace:
    """Keeps the requests of all threads under a limit per minute, counted in a sliding window.

    ``per_minute`` None or 0 means no limit. The window is a second longer than a minute, since requests don't
    travel equally fast.
    """

    window = 61.0

    def __init__(
        self,
        per_minute: int | None = None,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._most = per_minute
        self._now = now
        self._sleep = sleep
        self._sent: deque[float] = deque()
        self._not_before = 0.0
        self._lock = threading.Lock()

    def take(self) -> None:
        """Return as soon as another request may be sent."""
        while (wait := self._try()) > 0:
            self._sleep(wait)

    def hold(self, seconds: float) -> None:
        """Let no thread send anything for ``seconds``: the server said that there were too many requests."""
        with self._lock:
            self._not_before = max(self._not_before, self._now() + seconds)

    def _try(self) -> float:
        with self._lock:
            now = self._now()
            if now < self._not_before:
                return self._not_before - now
            if self._most:
                if len(self._sent) == self._most:
                    wait = self._sent[0] + self.window - now
                    if wait > 0:
                        return wait
                    self._sent.popleft()
                self._sent.append(now)
            return 0.0


def retry_after(value: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for: a number, or the time until a date (RFC 9110)."""
    if not value:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())

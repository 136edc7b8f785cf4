# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""When a request is sent again, and how fast requests may follow one another. All times are seconds."""

from __future__ import annotations

import email.utils
import re
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
    """Return the seconds that a Retry-After header asks for: a number, or the time until a date (RFC 9110).

    None where it asks for no pause at all: with 0, or with a date of another clock, a server that is overloaded would
    get one request after the other.
    """
    text = (value or "").strip()
    if re.fullmatch("[0-9]{1,12}", text):
        seconds = float(text)
    else:
        moment = http_date(text)
        seconds = 0.0 if moment is None else moment - time.time()
    return seconds if seconds > 0 else None


def http_date(text: str) -> float | None:
    """Return the moment of a header, in seconds since the epoch, None where it is none.

    These are the forms that servers may send; what else Python's parser takes, it does not always survive.
    """
    if not re.fullmatch(r"[A-Z][a-z]+, [0-9]{2}[ -][A-Z][a-z]{2}[ -]([0-9]{2}){1,2} [0-9]{2}(:[0-9]{2}){2} GMT", text):
        return None
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None

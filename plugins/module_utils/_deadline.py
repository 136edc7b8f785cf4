# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""A time limit for calls that have none of their own, or only one for each piece of an answer."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar, cast

T = TypeVar("T")

_TICK = 1.0


class TooLong(TimeoutError):
    """The limit is over; a ``TimeoutError`` of the call itself is another matter."""


class _HandOver:
    """Hands what a call raises to whoever waits for it, so that its thread ends in silence."""

    def __init__(self, answers: queue.Queue[tuple[bool, T | BaseException]]) -> None:
        self._answers = answers

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        if error is not None:
            self._answers.put((False, error))
        return True


def within(limit: float, call: Callable[[], T], *, tick: Callable[[], None] = lambda: None) -> T:
    """Return what ``call`` returns, raise what it raises, or ``TooLong`` after ``limit`` seconds.

    A peer that drips one byte a second outlives every time limit of a socket, so the call runs beside us; beyond the
    limit it is left alone and ends with the process. ``tick`` is called every second while we wait.
    """
    answers: queue.Queue[tuple[bool, T | BaseException]] = queue.Queue()

    def work() -> None:
        with _HandOver(answers):
            answers.put((True, call()))

    threading.Thread(target=work, daemon=True).start()
    end = time.monotonic() + limit
    while True:
        left = end - time.monotonic()
        if left <= 0:
            raise TooLong(f"no end after {limit:.0f} s")
        try:
            succeeded, answer = answers.get(timeout=min(left, _TICK))
        except queue.Empty:
            tick()
            continue
        if not succeeded:
            raise cast(BaseException, answer)
        return cast(T, answer)

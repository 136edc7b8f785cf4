"""The files of a status of a thousand systems. Run by ``make bench``."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._files import FORMATS

from fakes.status import evening, thousand

LIMIT = 2.0
"""Seconds of CPU for the picture and all files."""


def cpu(work: Callable[[], object]) -> float:
    """Seconds of CPU, the best of three: what is longer is the machine's other work."""
    best = float("inf")
    for _unused in range(3):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def test_a_thousand_systems() -> None:
    drawn = thousand()
    costs = {"the picture": cpu(thousand)}
    sizes = {ending: len(write(drawn).encode()) for ending, write in FORMATS.items()}
    costs |= {ending: cpu(partial(write, drawn)) for ending, write in FORMATS.items()}
    for name, seconds in costs.items():
        print(
            f"\n1,000 systems, {name:11}: {seconds * 1000:6.0f} ms of CPU, {sizes.get(name, 0) / 1024:4.0f} KB", end=""
        )
    print(f"\n30 systems, .html: {len(FORMATS['.html'](evening()).encode()) / 1024:.0f} KB")
    assert sum(costs.values()) <= LIMIT

"""Labs for tests, and estates that the files of a folder share: each file says in its PART what it has in there."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from lab.thread import LoopThread
from playbook.estate import Lab

P = TypeVar("P")

# Each lab gets addresses of its own, so that nothing is left over from the one before, and tests may run side by side.
_NETWORKS = itertools.count()


@contextmanager
def new_lab(folder: Path, loop: LoopThread) -> Iterator[Lab]:
    """A lab, switched off in the end."""
    lab = Lab(folder / "lab", loop, f"127.{40 + os.getpid() % 200}.{2 * next(_NETWORKS) % 250}")
    try:
        yield lab
    finally:
        lab.stop()


def parts(items: Sequence[pytest.Item], kind: type[P]) -> list[P]:
    """The PART of each file of which a test was chosen, where it is of that kind."""
    modules = dict.fromkeys(item.module for item in items if isinstance(item, pytest.Function))
    found = [getattr(module, "PART", None) for module in modules]
    return [part for part in found if isinstance(part, kind)]

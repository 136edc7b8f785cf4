"""A lab of one's own for each test."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.thread import LoopThread
from playbook.estate import Lab

# Each lab gets addresses of its own, so that nothing is left over from the one before, and tests may run side by side.
_NETWORKS = itertools.count()


@pytest.fixture(scope="session")
def lab_loop() -> Iterator[LoopThread]:
    with LoopThread() as thread:
        yield thread


@pytest.fixture
def lab(tmp_path: Path, lab_loop: LoopThread) -> Iterator[Lab]:
    lab = Lab(tmp_path / "lab", lab_loop, f"127.{40 + os.getpid() % 200}.{next(_NETWORKS) % 250}")
    try:
        yield lab
    finally:
        lab.stop()

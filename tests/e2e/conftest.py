"""A lab of one's own for each test, or one for all tests of a file."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
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
    with new_lab(tmp_path, lab_loop) as lab:
        yield lab


@pytest.fixture(scope="module")
def shared_lab(tmp_path_factory: pytest.TempPathFactory, lab_loop: LoopThread) -> Iterator[Lab]:
    """The lab of a whole file; its fixtures add machines and run playbooks, its tests look at what came of it."""
    with new_lab(tmp_path_factory.mktemp("shared"), lab_loop) as lab:
        yield lab


@contextmanager
def new_lab(folder: Path, loop: LoopThread) -> Iterator[Lab]:
    lab = Lab(folder / "lab", loop, f"127.{40 + os.getpid() % 200}.{next(_NETWORKS) % 250}")
    try:
        yield lab
    finally:
        lab.stop()

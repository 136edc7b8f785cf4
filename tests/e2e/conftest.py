"""A lab of one's own for each test, or one for all tests of a file. A folder here has one for all of its files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.thread import LoopThread
from playbook.estate import Lab
from playbook.shared import new_lab


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

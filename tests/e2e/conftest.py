"""A lab of one's own for each test, or one for all tests of a file."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from lab.thread import LoopThread
from playbook import one_run as in_one_run
from playbook import sequences as in_sequence
from playbook import three_runs as in_three_runs
from playbook.estate import Lab
from playbook.one_run import OneRun
from playbook.sequences import Sequences
from playbook.three_runs import Run, ThreeRuns

P = TypeVar("P")

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


@pytest.fixture(scope="session")
def three_runs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, lab_loop: LoopThread
) -> Iterator[ThreeRuns]:
    """Three runs over the estate of all files that have a part in it."""
    with new_lab(tmp_path_factory.mktemp("three"), lab_loop) as lab:
        yield in_three_runs.three_runs(lab, parts(request.session.items, in_three_runs.Part))


@pytest.fixture(scope="session")
def one_run(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, lab_loop: LoopThread
) -> Iterator[OneRun]:
    """One run with plays of all files that have a part in it."""
    with new_lab(tmp_path_factory.mktemp("one"), lab_loop) as lab:
        yield in_one_run.one_run(lab, parts(request.session.items, in_one_run.Part))


@pytest.fixture(scope="session")
def first(three_runs: ThreeRuns) -> Run:
    return three_runs.first


@pytest.fixture(scope="session")
def second(three_runs: ThreeRuns) -> Run:
    return three_runs.second


@pytest.fixture(scope="session")
def third(three_runs: ThreeRuns) -> Run:
    return three_runs.third


@pytest.fixture(scope="session")
def sequences(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, lab_loop: LoopThread
) -> Iterator[Sequences]:
    """The runs of sequences over the estate of all files that have a part in it."""
    with new_lab(tmp_path_factory.mktemp("sequences"), lab_loop) as lab:
        yield in_sequence.sequences(lab, parts(request.session.items, in_sequence.Part))


def parts(items: Sequence[pytest.Item], kind: type[P]) -> list[P]:
    """The PART of each file of which a test was chosen, where it is of that kind."""
    modules = dict.fromkeys(item.module for item in items if isinstance(item, pytest.Function))
    found = [getattr(module, "PART", None) for module in modules]
    return [part for part in found if isinstance(part, kind)]


@contextmanager
def new_lab(folder: Path, loop: LoopThread) -> Iterator[Lab]:
    lab = Lab(folder / "lab", loop, f"127.{40 + os.getpid() % 200}.{2 * next(_NETWORKS) % 250}")
    try:
        yield lab
    finally:
        lab.stop()

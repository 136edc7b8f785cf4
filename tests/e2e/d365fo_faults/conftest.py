"""What goes wrong: three runs over the estate of all files of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.thread import LoopThread
from playbook.shared import new_lab, parts
from playbook.three_runs import Part, Run, ThreeRuns
from playbook.three_runs import three_runs as run


@pytest.fixture(scope="session")
def three_runs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, lab_loop: LoopThread
) -> Iterator[ThreeRuns]:
    with new_lab(tmp_path_factory.mktemp("three_runs"), lab_loop) as lab:
        yield run(lab, parts(request.session.items, Part))


@pytest.fixture(scope="session")
def first(three_runs: ThreeRuns) -> Run:
    return three_runs.first


@pytest.fixture(scope="session")
def second(three_runs: ThreeRuns) -> Run:
    return three_runs.second


@pytest.fixture(scope="session")
def third(three_runs: ThreeRuns) -> Run:
    return three_runs.third

"""The runs that all tests over the wire look at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contract.runs import Runs, all_runs
from lab.thread import LoopThread
from playbook.shared import new_lab


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with LoopThread() as loop, new_lab(tmp_path_factory.mktemp("contract"), loop) as lab:
        yield all_runs(lab)

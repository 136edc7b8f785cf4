"""The modules by themselves: one run with plays of all files of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.thread import LoopThread
from playbook.one_run import OneRun, Part
from playbook.one_run import one_run as run
from playbook.shared import new_lab, parts


@pytest.fixture(scope="session")
def one_run(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, lab_loop: LoopThread
) -> Iterator[OneRun]:
    with new_lab(tmp_path_factory.mktemp("one_run"), lab_loop) as lab:
        yield run(lab, parts(request.session.items, Part))

"""Windows and records: sequences of options on the machines of all files of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.thread import LoopThread
from playbook.sequences import Part, Sequences
from playbook.sequences import sequences as run
from playbook.shared import new_lab, parts


@pytest.fixture(scope="session")
def sequences(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, lab_loop: LoopThread
) -> Iterator[Sequences]:
    with new_lab(tmp_path_factory.mktemp("sequences"), lab_loop) as lab:
        yield run(lab, parts(request.session.items, Part))

"""Which tests run on one worker: those of a file, and those of a folder of tests/e2e, whose files share an estate."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

E2E = PurePosixPath("tests/e2e")


class ByEstate(LoadFileScheduling):
    """Hands out tests by file, or by folder where that has an estate of its own."""

    def _split_scope(self, nodeid: str) -> str:
        file = PurePosixPath(nodeid.partition("::")[0])
        return str(file.parent if file.parent.parent == E2E else file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByEstate:
    """With ``-n 2`` (and without ``--dist``, whose default would spread the tests of a file)."""
    return ByEstate(config, log)

"""A tenant of the simulated Microsoft cloud, for the files that ask its services."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.clock import Clock
from lab.pki import Authority
from lab.powerplatform import Environment, Site
from lab.thread import LoopThread


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("cloud"))


@pytest.fixture
def ca_file(ca: Authority) -> str:
    return str(ca.ca_file)


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    with LoopThread() as loop:
        yield loop


@pytest.fixture
def site(ca: Authority, loop: LoopThread) -> Iterator[Site]:
    """A tenant with one unified environment, ``Contoso``; it moves by ``clock.advance`` and hardly by itself."""
    site = Site(ca, Clock(scale=0.01), lambda: "127.0.0.1")
    site.add(Environment("Contoso"))
    loop.run(site.start())
    yield site
    loop.run(site.stop())


@pytest.fixture
def certificate(ca: Authority) -> tuple[Path, Path]:
    """The certificate of the tenant's application, and its key."""
    return ca.client("quiesce-application")

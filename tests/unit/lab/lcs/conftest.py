"""A portal with one project and one environment, a signed-in person, a clock that stands but for what a test adds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.lcs_client import PROJECT, Browser
from lab.clock import Clock
from lab.lcs import LcsApi, LcsEnvironment, Portal, Project, Projects
from lab.lcs.sessions import Session
from lab.pki import Authority
from lab.thread import LoopThread


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def tls(authority: Authority) -> tuple[Path, Path]:
    return authority.server("127.0.0.1")


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    with LoopThread() as loop:
        yield loop


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def project() -> Project:
    return Project(PROJECT)


@pytest.fixture
def projects(project: Project) -> Projects:
    return Projects({project.id: project})


@pytest.fixture
def environment(project: Project, clock: Clock) -> LcsEnvironment:
    """A sandbox whose answers do not lag."""
    return project.add(LcsEnvironment("Contoso-SIT", clock, lagging_looks=0, sql_password="sql-top-secret"))


@pytest.fixture
def portal(loop: LoopThread, projects: Projects, tls: tuple[Path, Path], clock: Clock) -> Iterator[Portal]:
    portal = Portal(projects, tls=tls, clock=clock)
    loop.run(portal.start())
    yield portal
    loop.run(portal.stop())


@pytest.fixture
def api(loop: LoopThread, projects: Projects, tls: tuple[Path, Path], clock: Clock) -> Iterator[LcsApi]:
    api = LcsApi(projects, tls=tls, clock=clock, token="a-users-token")
    loop.run(api.start())
    yield api
    loop.run(api.stop())


@pytest.fixture
def session(portal: Portal) -> Session:
    return portal.sign_in()


@pytest.fixture
def browser(portal: Portal, session: Session, authority: Authority) -> Iterator[Browser]:
    browser = Browser(portal, session, authority.ca_file)
    with browser.http:
        yield browser

"""Products that are asked over REST: the courses of all files of this folder, turn by turn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.thread import LoopThread
from playbook.courses import Courses, running_courses
from playbook.launch import ENVIRONMENT_TOKEN
from playbook.trend import KEY


@pytest.fixture(scope="session")
def courses(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, lab_loop: LoopThread
) -> Iterator[Courses]:
    environment = {"DS_AUTH_TOKEN": ENVIRONMENT_TOKEN, "TREND_API_KEY": KEY}
    folder = tmp_path_factory.mktemp("courses")
    with running_courses(request.session.items, folder, lab_loop, environment) as courses:
        yield courses

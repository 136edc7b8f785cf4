"""An AWX with an estate, for all files of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.thread import LoopThread
from playbook.awx import SetUp, Site
from playbook.shared import new_lab


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, lab_loop: LoopThread) -> Iterator[Site]:
    with new_lab(tmp_path_factory.mktemp("awx"), lab_loop) as lab:
        yield Site(lab)


@pytest.fixture(scope="session")
def set_up(site: Site) -> SetUp:
    """The site after its setup, which was run twice. Another organization has objects with the same names."""
    other = site.awx.new("organizations", {"name": "Werk Süd"})["id"]
    for kind in ("inventories", "projects", "job_templates", "workflow_job_templates"):
        site.awx.new(kind, {"name": "Maintenance", "organization": other})
    site.awx.new("job_templates", {"name": "Maintenance - enable", "organization": other})
    first = site.set_up("-vvvv")
    assert first.code == 0, first.output[-4000:]
    written = list(site.awx.writes)
    site.awx.writes.clear()
    return SetUp(first, written, site.set_up(), list(site.awx.writes))

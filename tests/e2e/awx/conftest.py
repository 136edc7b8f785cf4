"""An AWX with an estate, for all files of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.thread import LoopThread
from playbook.awx import SetUp, Site
from playbook.shared import new_lab

NODES = "workflow_job_template_nodes"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, lab_loop: LoopThread) -> Iterator[Site]:
    with new_lab(tmp_path_factory.mktemp("awx"), lab_loop) as lab:
        yield Site(lab)


def change_by_hand(site: Site) -> None:
    """Put other work into the workflow, from disable to work a link, and from disable to check one of another kind."""
    awx = site.awx
    workflow = awx.find("workflow_job_templates", "Maintenance - change")["id"]
    ready, work, disable, check = (awx.find(NODES, name)["id"] for name in ("ready", "work", "disable", "check"))
    job = awx.find("job_templates", "Maintenance - work")["id"]
    patch = awx.new(NODES, {"identifier": "patch", "workflow_job_template": workflow, "unified_job_template": job})[
        "id"
    ]
    links = {
        (ready, "success_nodes"): [patch],
        (patch, "always_nodes"): [disable],
        (work, "always_nodes"): [],
        (disable, "success_nodes"): [check, work],
        (disable, "always_nodes"): [],
    }
    awx.lists |= {(NODES, *key): members for key, members in links.items()}


@pytest.fixture(scope="session")
def set_up(site: Site) -> SetUp:
    """The site after its setup, which was run twice; before the second run somebody changed the workflow by hand.
    Another organization has objects with the same names."""
    other = site.awx.new("organizations", {"name": "Werk Süd"})["id"]
    for kind in ("inventories", "projects", "job_templates", "workflow_job_templates"):
        site.awx.new(kind, {"name": "Maintenance", "organization": other})
    site.awx.new("job_templates", {"name": "Maintenance - enable", "organization": other})
    first = site.set_up("-vvvv")
    assert first.code == 0, first.output[-4000:]
    written = list(site.awx.writes)
    change_by_hand(site)
    site.awx.writes.clear()
    return SetUp(first, written, site.set_up(), list(site.awx.writes))

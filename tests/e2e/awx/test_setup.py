"""extensions/awx/setup.yml against the lab's AWX, run twice, and looked at with AWX's own client."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import MAX_ID

from lab.awx.workflows import run
from playbook.awx import SetUp, Site
from playbook.secrets import found

TEMPLATES = ("status", "enable", "disable", "window", "extend", "expire", "ready", "work", "check", "failed")
NODES = ("enable", "approval", "ready", "work", "disable", "check")


def test_the_second_run_changes_what_was_changed_by_hand(site: Site, set_up: SetUp) -> None:
    """And nothing else."""
    assert set_up.written
    assert set_up.second.code == 0, set_up.second.output[-4000:]
    changed = [each["task"] for each in set_up.second.results if each["result"].get("changed")]
    assert changed == [
        "Delete the nodes that are not in the file",
        "Remove the links of the nodes that lead elsewhere",
        "Link the nodes of the workflow",
    ]
    nodes = [site.awx.find("workflow_job_template_nodes", name)["id"] for name in ("ready", "work", "disable")]
    kinds = {each.rpartition(" ")[0] if each.endswith("_nodes") else "deleted" for each in set_up.written_again}
    assert kinds == {"deleted", *(f"workflow_job_template_nodes {number}" for number in nodes)}


def test_nothing_is_sent_that_awx_ignores(site: Site, set_up: SetUp) -> None:
    """But what awx.awx itself adds to each node."""
    assert set(site.awx.ignored) == {("workflow_job_template_node", "type")}


def test_no_warning(set_up: SetUp) -> None:
    """But that of a newer ansible-core about what awx.awx itself uses."""
    lines = [line for line in set_up.second.output.splitlines() if "WARNING" in line]
    known = ("nventory", "localhost", "ansible.module_utils", "Deprecation warnings can be disabled")
    assert [line for line in lines if not any(each in line for each in known)] == []


def test_no_secret_is_printed(site: Site, set_up: SetUp) -> None:
    assert found(set_up.first.output, site.secrets()) == []


# --- as AWX's own client sees it ---


def one(site: Site, kind: str, name: str) -> Any:
    """The object of the organization Default."""
    default = site.api.organizations.get(name="Default").results.pop().id
    return getattr(site.api, kind).get(name=name, organization=default).results.pop()


@pytest.mark.usefixtures("set_up")
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_job_template(site: Site, name: str) -> None:
    """Its playbook is in the project; it has the credentials; it is not sliced."""
    template = one(site, "job_templates", f"Maintenance - {name}")
    assert template.playbook == f"{name}.yml"
    assert template.related.inventory.get().organization == template.organization
    assert template.related.credentials.get().count == 6
    assert (template.job_slice_count, template.ask_job_slice_count_on_launch) == (1, False)
    spec = template.related.survey_spec.get().json.get("spec", [])
    asked = {question["variable"] for question in spec}
    assert bool(asked) is template.survey_enabled
    sizes = {each["max"] for each in spec if each["variable"] == "quiesce_window"}
    assert sizes <= {MAX_ID}
    assert asked <= {"quiesce_window", "quiesce_expires", "quiesce_reason", "quiesce_ticket", "window_extend"}


@pytest.mark.usefixtures("set_up")
def test_the_sweep_is_on_a_schedule(site: Site) -> None:
    (schedule,) = site.api.schedules.get().results
    assert (schedule.enabled, "INTERVAL=15" in schedule.rrule) == (True, True)
    assert schedule.related.unified_job_template.get().name == "Maintenance - expire"


@pytest.mark.usefixtures("set_up")
@pytest.mark.parametrize(
    ("kind", "name", "whens"),
    [
        ("job_templates", "window", {"error"}),
        ("job_templates", "expire", {"error"}),
        ("workflow_job_templates", "change", {"error", "approvals"}),
    ],
)
def test_who_has_to_know(site: Site, kind: str, name: str, whens: set[str]) -> None:
    """Of what leaves systems in maintenance mode, and of what waits for somebody."""
    related = one(site, kind, f"Maintenance - {name}").related
    lists = {when: f"notification_templates_{when}" for when in ("started", "success", "error", "approvals")}
    told = {when for when, each in lists.items() if each in related and related[each].get().count}
    assert told == whens


@pytest.mark.usefixtures("set_up")
def test_the_workflow_asks_for_approval(site: Site) -> None:
    workflow = one(site, "workflow_job_templates", "Maintenance - change")
    nodes = site.api.workflow_job_template_nodes.get(workflow_job_template=workflow.id).results
    kinds = {node.identifier: node.related.unified_job_template.get().type for node in nodes}
    assert kinds.pop("approval") == "workflow_approval_template"
    assert set(kinds.values()) == {"job_template"}


# --- the workflow ---


@pytest.mark.usefixtures("set_up")
@pytest.mark.parametrize("went_well", list(itertools.product([True, False], repeat=len(NODES))))
def test_whatever_fails_the_systems_come_out_and_it_shows(site: Site, went_well: tuple[bool, ...]) -> None:
    """Each node but the last one may fail. There is no work without approval, nor without maintenance mode."""
    nodes = site.awx.nodes(site.awx.find("workflow_job_templates", "Maintenance - change")["id"])
    came_to = dict(zip(("enable", "approval", "ready", "work", "disable", "check"), went_well, strict=True)) | {
        "failed": False
    }
    assert {*NODES, "failed"} == set(nodes)  # one that is left over would begin at once
    order, failed = run(nodes, came_to.__getitem__)
    assert order.index("enable") < order.index("disable") < order.index("check")
    assert ("work" in order) is (came_to["enable"] and came_to["approval"] and came_to["ready"])
    assert failed is (not all(came_to[name] for name in order))

"""Jobs as AWX runs them: answers as text, credentials as files and variables, one cancelled in the middle."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from playbook.awx import SetUp, Site
from playbook.runner import Ran, run
from playbook.secrets import found

SOON = 5  # seconds: longer than any one request takes
CUT = "CHG 42 – Änderung"
WHOLE = "Ωμέγα/7 {{ 1 }}"  # the name of a window is no template
WORK = """
- name: Do it
  ansible.builtin.debug: {msg: "at work for {{ window.id }}"}
- name: Say that it begins
  ansible.builtin.file: {path: "{{ begun }}", state: touch, mode: "0600"}
  delegate_to: localhost
  vars: {ansible_connection: local}
  run_once: true
- name: Wait for the test
  ansible.builtin.wait_for: {path: "{{ go }}", timeout: 60, sleep: 1}
  delegate_to: localhost
  vars: {ansible_connection: local}
  run_once: true
"""


@dataclass(frozen=True)
class Jobs:
    """What came of each job, and what the systems were after it."""

    before: Mapping[str, Any]
    ran: Mapping[str, Ran]
    after: Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def jobs(site: Site, set_up: SetUp) -> Jobs:
    assert set_up.second.code == 0
    before = site.states()
    begun, go = site.lab.folder / "begun", site.lab.folder / "go"
    ran: dict[str, Ran] = {}
    after: dict[str, Mapping[str, Any]] = {}

    def job(
        name: str,
        template: str,
        answers: Mapping[str, Any],
        part: tuple[int, int] = (1, 1),
        workflow: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        launched = site.launch(f"Maintenance - {template}", answers, workflow)
        variables = {"begun": str(begun), "go": str(go), "quiesce_on_expiry": "close"}
        folder, injected = site.prepare(launched, WORK, part, **variables)
        ran[name] = run(folder, launched["playbook"], injected, **more)
        after[name] = site.states()

    answers = {"quiesce_window": CUT, "quiesce_expires": f"{SOON}s", "quiesce_reason": "4711", "quiesce_ticket": ""}
    job("cancelled", "window", answers, cancel=begun.exists, verbosity=3)  # whose lease ends with it also at -vvv
    go.touch()  # what a worker still waits for
    job("check while it is open", "check", {"quiesce_window": CUT})
    time.sleep(SOON)
    job("ready when it is over", "ready", {"quiesce_window": CUT}, limit="launch01")
    job("expire", "expire", {})
    job("check after that", "check", {"quiesce_window": CUT})
    job("ready after that", "ready", {"quiesce_window": CUT}, limit="launch01")
    blank = {"quiesce_window": WHOLE, "quiesce_expires": "2h", "quiesce_reason": ""}
    job("whole", "window", blank, limit="launch01,d365fo01", verbosity=5)
    job("enabled", "enable", blank, limit="launch01")
    late = {**blank, "quiesce_expires": "2026-01-01T00:00Z"}  # what the workflow was asked, when its time is over
    job("ready while it is open", "ready", {"quiesce_window": WHOLE}, workflow=late, limit="launch01")
    job("disabled", "disable", {"quiesce_window": WHOLE}, workflow=late, limit="launch01")
    job("slice", "enable", {"quiesce_window": CUT, "quiesce_expires": "2h"}, part=(3, 4))  # launch01 and trend01
    return Jobs(before, ran, after)


def test_a_job_that_is_cancelled_leaves_the_window_open(jobs: Jobs) -> None:
    ran = jobs.ran["cancelled"]
    assert ran.status == "canceled", ran.output[-4000:]
    assert f"at work for {CUT}" in ran.output
    assert all(in_maintenance for in_maintenance, _state in jobs.after["cancelled"].values())


def test_the_last_node_says_where_it_is_open(jobs: Jobs, site: Site) -> None:
    ran = jobs.ran["check while it is open"]
    said = " ".join(ran.output.split())
    assert ran.status == "failed"
    assert f"The window {CUT} is not known to be closed on" in said
    assert [
        name for name in site.systems if f"{name}01" not in said.rpartition("is not known to be closed on")[2]
    ] == []


def test_the_sweep_closes_what_the_cancelled_job_left(jobs: Jobs) -> None:
    assert jobs.ran["expire"].status == "successful", jobs.ran["expire"].output[-4000:]
    assert jobs.after["expire"] == jobs.before


def test_then_the_last_node_is_content(jobs: Jobs) -> None:
    assert jobs.ran["check after that"].status == "successful", jobs.ran["check after that"].output[-4000:]


@pytest.mark.parametrize("name", ["ready when it is over", "ready after that"])
def test_there_is_no_work_after_its_end(jobs: Jobs, name: str) -> None:
    """Before and after the sweep."""
    ran = jobs.ran[name]
    assert jobs.ran["ready while it is open"].status == "successful", jobs.ran["ready while it is open"].output[-4000:]
    assert ran.status == "failed"
    assert f"The window {CUT} is over, or not open, on launch01" in " ".join(ran.output.split())


def test_a_whole_window(jobs: Jobs) -> None:
    """With blank answers, and a name that no template may read."""
    ran = jobs.ran["whole"]
    assert ran.status == "successful", ran.output[-4000:]
    assert f"at work for {WHOLE}" in ran.output
    assert jobs.after["whole"] == jobs.before


def test_a_workflow_comes_out_when_its_time_is_over(jobs: Jobs) -> None:
    """Its node disable gets all answers of the workflow, the end too."""
    assert jobs.ran["enabled"].status == "successful"
    assert jobs.after["enabled"] != jobs.before
    assert jobs.ran["disabled"].status == "successful", jobs.ran["disabled"].output[-4000:]
    assert jobs.after["disabled"] == jobs.before


def test_a_slice_without_the_host_of_the_records_switches_nothing(jobs: Jobs) -> None:
    ran = jobs.ran["slice"]
    said = " ".join(ran.output.split())
    assert ran.status == "failed"
    assert 'Invalid quiesce_store_host: "records01" is no host of the inventory' in said, said[-3000:]
    assert "launch01" in said
    assert jobs.after["slice"] == jobs.before


def test_the_records_are_on_the_host_of_the_store(jobs: Jobs, site: Site) -> None:
    assert jobs.ran["whole"].code == 0
    folder = site.store.home / "records"
    assert {file.name for file in folder.iterdir() if file.suffix != ".lock"} == {
        "recent-windows.json",
        "service-times.json",
    }


def test_nothing_that_awx_keeps_holds_a_secret(jobs: Jobs, site: Site) -> None:
    """Output at -vvvvv, events, facts, the record of the command."""
    for name, ran in jobs.ran.items():
        kept = ran.kept()
        assert "job_events" in {path.name for path in ran.artifacts.iterdir()}
        assert (name, found(kept, site.secrets())) == (name, [])
        assert "Estate" not in kept  # names of credentials are nothing for a playbook


def test_no_secret_is_on_a_command_line(jobs: Jobs, site: Site) -> None:
    assert found("\n".join(site.store.commands), site.secrets()) == []
    assert found("\n".join(site.lab.estate.machines["d365fo01"].host.processes_started), site.secrets()) == []
    assert [path for path in _files(site) if path.stat().st_mode & 0o077] == []


def _files(site: Site) -> list[Path]:
    """The files of the credentials of every job."""
    return [path for path in site.lab.folder.glob("job*/env/tmp*") if path.is_file()]

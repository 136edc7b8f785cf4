"""The templates of pipelines, each with systems of its own: it goes well, is refused, is killed at each of its steps.

The three go side by side: most of their time they wait.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from ansible.release import __version__

from contract.lab_system import LabSystem, lab_system
from fakes.ics import Event, calendar, event
from lab.entra import Federated, Issuer
from lab.estate import CLOUD_PORT
from lab.posix import PosixHost
from lab.thread import LoopThread
from playbook import ROOT
from playbook.estate import Lab
from playbook.pipelines import TEMPLATES, Job, Run, Step
from playbook.pipelines.azure import AZURE
from playbook.pipelines.github import GITHUB
from playbook.pipelines.gitlab import GITLAB
from playbook.pipelines.runner import EVERYTHING, RUNNER, Course, End, Runner
from playbook.secrets import found
from playbook.shared import new_lab

CORE = tuple(int(part) for part in __version__.split(".")[:2])
GUIDE = ROOT / "docs/pipelines.md"
PIPELINES = {"github": GITHUB, "azure": AZURE, "gitlab": GITLAB}
LOGIN = {"github": "github_actions", "azure": "azure_pipelines", "gitlab": "workload_identity"}
SYSTEMS = ("launch", "alertmanager", "powerplatform")
FAST = "launch,alertmanager"  # whose switches take no time
NOTHING, PREPARED, ALLOWED = frozenset[str](), frozenset({"install"}), frozenset({"install", "allowed"})

ALWAYS = calendar(event("DTSTART:20200101T000000Z", "DTEND:99991231T000000Z", title="Always"))
SOON = 6  # seconds: longer than any one request takes
# Ansible would take a part of it for another variable or for a template, a shell for a command.
REASON = """Ann's "10 %" quiesce_all_windows=true; touch owned `touch owned` $(touch owned) {{ 7 * 7 }}"""
DEPLOY = """#!/bin/sh
touch deployed
while [ -e hangs ]; do sleep 0.1; done
[ ! -e fails ]
"""


@dataclass
class Case:
    """What became of a run, what the systems were before each of its steps, and after it."""

    course: Course
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    swept: Course | None = None
    after_sweep: Mapping[str, Any] | None = None


@dataclass
class Project:
    """A repository with a template and an inventory, and the systems in that."""

    name: str
    lab: Lab
    systems: dict[str, LabSystem]
    issuer: Issuer
    store: PosixHost | None
    temporary: Path
    secrets: dict[str, str] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    commands: set[str] = field(default_factory=set)

    @property
    def folder(self) -> Path:
        return self.lab.folder / self.name / "repository"

    def prepare(self) -> None:
        """Write the repository: no secret is in it."""
        shutil.copytree(TEMPLATES, self.folder)
        (self.folder / "deploy.sh").write_text(DEPLOY)
        (self.folder / "deploy.sh").chmod(0o755)
        (self.folder / "allowed.ics").write_text(ALWAYS)
        hosts = {name: dict(self.lab.estate.variables(system.host)) for name, system in self.systems.items()}
        for name in ("launch", "alertmanager"):
            option, variable = f"{name}_token", f"{name}_token".upper()
            self.secrets[variable] = hosts[name][option]
            hosts[name][option] = f"{{{{ lookup('ansible.builtin.env', '{variable}') }}}}"
        # Whatever the change says: a silence that ended by itself would not have to be disabled.
        hosts["alertmanager"]["alertmanager_expires"] = "2h"
        uat = hosts["powerplatform"]
        for option in ("client_secret", "client_id", "tenant_id"):
            del uat[f"powerplatform_{option}"]
        uat["powerplatform_auth"] = LOGIN[self.name]
        if self.name == "azure":
            uat["powerplatform_service_connection_id"] = self.issuer.service_connection
        shared = {"window_calendars": "allowed.ics", **self.records(hosts)}
        children = {name: {"hosts": {f"{name}-{self.name}": variables}} for name, variables in hosts.items()}
        (self.folder / "inventory").mkdir()
        (self.folder / "inventory/hosts.yml").write_text(
            yaml.safe_dump({"all": {"children": children, "vars": shared}})
        )

    def records(self, hosts: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """Where records are kept: on a host as the guide shows it, where Ansible takes a key from the environment."""
        path = {"quiesce_store_path": str(self.folder.parent / "records")}
        if self.store is None:
            return path
        self.secrets["RECORDS_SSH_KEY"] = base64.b64encode(self.store.key.export_private_key()).decode()
        (self.folder / "known_hosts").write_text(self.store.known_hosts)
        (block,) = re.findall(r"   ```yaml\n   # inventory/hosts.yml.*?\n(.*?)```", GUIDE.read_text(), re.DOTALL)
        shown = yaml.safe_load(textwrap.dedent(block))["all"]
        at = {"ansible_host": self.store.address, "ansible_port": self.store.port}
        hosts["records"] = {**shown["hosts"]["records01"], **at, "ansible_python_interpreter": sys.executable}
        hosts["records"]["ansible_ssh_common_args"] += " -F none"
        return {**shown["vars"], **path, "quiesce_store_host": f"records-{self.name}"}

    @property
    def environment(self) -> dict[str, str]:
        """What a runner has by itself, and what the repository's ansible.cfg says."""
        return {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(self.folder.parent),
            "USER": "runner",
            "LANG": "C.UTF-8",
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_LOCAL_TEMP": str(self.temporary),
            "ANSIBLE_NOCOLOR": "1",
            "PYTHONUNBUFFERED": "1",
            **({"ANSIBLE_SSH_AGENT": "auto"} if self.store else {}),
        }

    def states(self) -> dict[str, Any]:
        return {name: (system.in_maintenance(), system.state()) for name, system in self.systems.items()}

    def start(self, answers: Mapping[str, str] | None, number: str = "4711") -> Run:
        """A run of the pipeline, with the tokens that its system gives to jobs."""
        site = self.lab.estate.power_platform
        assert site
        job = {
            "github": {
                "ACTIONS_ID_TOKEN_REQUEST_URL": self.issuer.github_url,
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.issuer.bearer,
            },
            "azure": {
                "SYSTEM_OIDCREQUESTURI": self.issuer.pipelines_url,
                "SYSTEM_ACCESSTOKEN": self.issuer.bearer,
            },
            "gitlab": {"QUIESCE_ID_TOKEN": self.issuer.token(), "CI_PROJECT_DIR": str(self.folder)},
        }[self.name]
        variables = {"AZURE_TENANT_ID": site.directory.id, "AZURE_CLIENT_ID": site.application.id}
        own = {name: value for name, value in self.secrets.items() if name.isupper()}
        self.secrets |= {f"job {len(self.secrets)}": job[name] for name in PIPELINES[self.name].tokens}
        return Run(answers, own, variables, job, number)

    def run(
        self,
        systems: str,
        *ends: End,
        meanwhile: Callable[[Step], object] = lambda step: None,
        number: str = "4711",
        passed: frozenset[str] = PREPARED,
        change: Callable[[Sequence[Job]], Sequence[Job]] = lambda jobs: jobs,
        **answers: str,
    ) -> Case:
        """Run the pipeline for some systems; ``meanwhile`` is told each step before that runs.

        ``passed`` are steps that another case is about, ``change`` is what somebody made of the template.
        """
        before: dict[str, Any] = {}

        def look(step: Step) -> None:
            before[step.name] = self.states()
            meanwhile(step)

        runner = Runner(self.folder, self.environment, look, passed, self.commands)
        jobs = change(PIPELINES[self.name].jobs(self.start({"systems": systems, **answers}, number)))
        course = runner.run(jobs, *ends)
        return Case(course, before, self.states())

    def sweep(self) -> Course:
        """Run the pipeline as its schedule does."""
        runner = Runner(self.folder, self.environment, passed=PREPARED, commands=self.commands)
        return runner.run(PIPELINES[self.name].jobs(self.start(None)))


def every_case(project: Project) -> None:
    """Everything that the tests look at. What the systems of pipelines have in common is looked at in one of them."""
    cases, folder, alerts = project.cases, project.folder, project.systems["alertmanager"]
    project.before = project.states()
    cases["went well"] = project.run(
        ",".join(SYSTEMS), passed=NOTHING if project.name == "github" else PREPARED, reason=REASON
    )
    cases["killed in enable"] = project.run(
        FAST, End("enable", alerts.held), meanwhile=holds_in(alerts, "enable"), passed=ALLOWED
    )
    cases["all is lost"] = lost(project)
    if project.name == "github":
        (folder / "allowed.ics").write_text(calendar(in_a_hundred_days()))
        cases["refused"] = project.run(FAST)
        (folder / "allowed.ics").write_text(ALWAYS)
        cases["without a name"] = project.run(FAST, change=nameless)
    if project.name == "azure":
        cases["killed in allowed"] = project.run(FAST, End("allowed", lambda: True))
        cases["beside another"] = beside_another(project)


def nameless(jobs: Sequence[Job]) -> list[Job]:
    """The job that disables, in a template that does not name the window."""

    def changed(step: Step) -> Step:
        return replace(step, environment={**step.environment, "QUIESCE_WINDOW": " "})

    return [replace(job, steps=tuple(map(changed, job.steps))) for job in jobs if job.always]


def lost(project: Project) -> Case:
    """The runner is lost while it deploys, then the one that disables, and nothing comes after it but the schedule."""
    folder, alerts = project.folder, project.systems["alertmanager"]
    (folder / "deployed").unlink(missing_ok=True)
    (folder / "hangs").touch()
    ends = End("deploy", (folder / "deployed").exists, RUNNER), End("disable", alerts.held, EVERYTHING)
    case = project.run(FAST, *ends, meanwhile=holds_in(alerts, "disable"), passed=ALLOWED, expires=f"{SOON}s")
    (folder / "hangs").unlink()
    alerts.hold(False)
    time.sleep(SOON)
    return replace(case, swept=project.sweep(), after_sweep=project.states())


def beside_another(project: Project) -> Case:
    """While one deploys, another one goes in and out on the same systems."""
    looks: dict[str, Any] = {}

    def another(step: Step) -> None:
        if step.name == "deploy":
            looks["another"] = project.run(FAST, passed=ALLOWED, number="4712")
            looks["between"] = project.states()

    found = project.run(FAST, meanwhile=another, passed=ALLOWED)
    return replace(found, before=looks)


def holds_in(system: LabSystem, name: str) -> Callable[[Step], object]:
    """In one step the system carries out what it is asked for, and does not answer."""
    return lambda step: system.hold(step.name == name)


def in_a_hundred_days() -> Event:
    begin = datetime.now(timezone.utc) + timedelta(days=100)
    return event(f"DTSTART:{begin:%Y%m%dT%H%M%SZ}", "DURATION:P1D", title="Night of the release")


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory, lab_loop: LoopThread) -> Iterator[dict[str, Project]]:
    # The path of an agent's socket must not be long.
    with TemporaryDirectory() as temporary, new_lab(tmp_path_factory.mktemp("pipelines"), lab_loop) as lab:
        found = {name: project(lab, name, Path(temporary)) for name in PIPELINES}
        lab.start()
        for each in found.values():
            each.prepare()
        with ThreadPoolExecutor(len(found)) as threads:
            list(threads.map(every_case, found.values()))
        yield found


def project(lab: Lab, name: str, temporary: Path) -> Project:
    """A project with a system of each kind. The application of the tenant knows the tokens of its pipelines."""
    systems = {system: lab_system(system)(lab, f"{system}-{name}") for system in SYSTEMS}
    address = lab.estate.address()
    issuer = Issuer(address, CLOUD_PORT, tls=lab.estate.authority.server(address), clock=lab.estate.clock)
    issuer.lifetime = 80_000  # of the lab's time, which flies
    site = lab.estate.power_platform
    assert site
    site.directory.issuers.append(issuer)
    site.application.federated.append(Federated(issuer.issuer, issuer.subject))
    lab.estate.add(issuer)
    store = None
    if name == "github" and CORE >= (2, 19):
        home = lab.folder / "home"
        home.mkdir(parents=True)
        store = PosixHost(home, path=f"{Path(sys.executable).parent}:/usr/bin:/bin")
        lab.estate.add(store)
    return Project(name, lab, systems, issuer, store, temporary)


# --- what came of it --------------------------------------------------------------------------------------------------

every_project = pytest.mark.parametrize("name", PIPELINES)


@every_project
def test_it_went_well(projects: dict[str, Project], name: str) -> None:
    """With a login at the Power Platform by the token of the job alone."""
    project = projects[name]
    found = project.cases["went well"]
    assert found.course.green, found.course.output[-4000:]
    assert [in_maintenance for in_maintenance, _state in found.before["deploy"].values()] == [True, True, True]
    assert found.after == project.before


def test_the_records_are_kept_by_a_host_of_the_guide(projects: dict[str, Project]) -> None:
    """Which is reached with a key that is in the environment alone."""
    store = projects["github"].store
    assert (store is None) is (CORE < (2, 19))
    assert store is None or store.commands


def test_the_machine_is_prepared(projects: dict[str, Project]) -> None:
    """In each job."""
    steps = projects["github"].cases["went well"].course.steps
    assert [step.name for step in steps] == ["install", "allowed", "enable", "deploy", "install", "disable"]


@every_project
def test_killed_in_the_middle_of_a_switch(projects: dict[str, Project], name: str) -> None:
    project = projects[name]
    found = project.cases["killed in enable"]
    assert found.course.names == ["enable", "disable"]
    assert (found.course.cancelled, found.course.of("disable").code) == (True, 0)
    assert found.before["disable"] != project.before, "nothing was to be disabled, so this case shows nothing"
    assert found.after == project.before


@every_project
def test_the_sweep_closes_what_no_step_did(projects: dict[str, Project], name: str) -> None:
    project = projects[name]
    found = project.cases["all is lost"]
    assert [(step.name, step.code) for step in found.course.steps if step.code != 0] == [
        ("deploy", None),
        ("disable", None),
    ]
    assert found.after != project.before, "a step closed it, so this case shows nothing"
    assert found.swept
    assert found.swept.names == ["expire"]
    assert found.swept.green, found.swept.output
    assert found.after_sweep == project.before


def test_nothing_was_enabled_yet(projects: dict[str, Project]) -> None:
    """The step that disables runs all the same, and does no harm."""
    project = projects["azure"]
    found = project.cases["killed in allowed"]
    assert [(step.name, step.code) for step in found.course.steps] == [("allowed", None), ("disable", 0)]
    assert found.after == project.before


def test_a_change_that_is_not_allowed(projects: dict[str, Project]) -> None:
    """It says why, and when it is; nothing was enabled or deployed."""
    project = projects["github"]
    found = project.cases["refused"]
    assert [(step.name, step.code) for step in found.course.steps] == [("allowed", 2), ("disable", 0)]
    said = " ".join(found.course.of("allowed").output.split())
    assert 'the next allowed time is "Night of the release", from' in said
    assert re.search(r"It may begin at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", said)
    assert found.after == project.before


def test_no_window_is_closed_without_its_name(projects: dict[str, Project]) -> None:
    """Plain disable would end what somebody else turned on."""
    step = projects["github"].cases["without a name"].course.of("disable")
    assert step.code == 2
    assert "QUIESCE_WINDOW is not set" in step.output


def test_two_pipelines_at_once(projects: dict[str, Project]) -> None:
    """The second goes in and out while the first deploys, and the systems stay in maintenance mode for that."""
    project = projects["azure"]
    found = project.cases["beside another"]
    assert found.before["another"].course.green, found.before["another"].course.output
    assert [found.before["between"][system][0] for system in FAST.split(",")] == [True, True]
    assert found.course.green, found.course.output
    assert found.after == project.before


@every_project
def test_what_a_person_typed_stays_a_text(projects: dict[str, Project], name: str) -> None:
    project = projects[name]
    (silence,) = project.cases["went well"].before["deploy"]["alertmanager"][1]
    assert silence["comment"].partition("\n")[0] == REASON
    assert silence["createdBy"] == ("Mary Miller" if name == "azure" else "mary")
    assert not list(project.folder.rglob("owned"))


@every_project
def test_no_secret_is_seen(projects: dict[str, Project], name: str) -> None:
    project = projects[name]
    courses = [course for case in project.cases.values() for course in (case.course, case.swept) if course]
    assert len(project.secrets) > 3
    assert found("\n".join(course.output for course in courses), project.secrets.values()) == []
    assert any("quiesce.maintenance.enable" in command for command in project.commands)
    assert found("\n".join(project.commands), project.secrets.values()) == []

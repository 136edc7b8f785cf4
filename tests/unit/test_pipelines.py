"""The templates of pipelines: by the schemas of their systems, and which steps run whatever happens to one of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from playbook.pipelines import TEMPLATES, Run
from playbook.pipelines.azure import AZURE
from playbook.pipelines.github import GITHUB
from playbook.pipelines.gitlab import GITLAB
from playbook.pipelines.runner import CANCELLED, RUNNER, Course, End, Runner

SYSTEMS = {"github": GITHUB, "azure": AZURE, "gitlab": GITLAB}
SECRETS = {"ALERTMANAGER_TOKEN": "canary-1", "LAUNCH_TOKEN": "canary-2", "RECORDS_SSH_KEY": "canary-3"}
VARIABLES = {"AZURE_TENANT_ID": "contoso", "AZURE_CLIENT_ID": "quiesce"}
every_system = pytest.mark.parametrize("name", SYSTEMS)


def tool(*command: str) -> str:
    """What a tool beside the interpreter of the tests says if it finds something, else nothing."""
    program = Path(sys.executable).parent / command[0]
    done = subprocess.run([str(program), *command[1:]], capture_output=True, text=True, timeout=60, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def run_of(name: str, *, scheduled: bool = False) -> Run:
    job = {**dict.fromkeys(SYSTEMS[name].tokens, "canary-job"), "CI_PROJECT_DIR": "."}
    return Run(None if scheduled else {"systems": "uat"}, SECRETS, VARIABLES, job)


# --- their form -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "schema", "more"),
    [
        ("azure-pipelines.yml", "azure-pipelines", ("--data-transform", "azure-pipelines")),
        ("github-actions.yml", "github-workflows", ()),
        ("gitlab-ci.yml", "gitlab-ci", ("--data-transform", "gitlab-ci")),
    ],
)
def test_by_the_schema_of_its_system(file: str, schema: str, more: tuple[str, ...]) -> None:
    # The vendors' patterns are not all in the dialect that is the tool's own.
    options = ("--regex-variant", "nonunicode", "--builtin-schema", f"vendor.{schema}", *more)
    assert tool("check-jsonschema", *options, str(TEMPLATES / file)) == ""


def test_by_actionlint() -> None:
    """Which has its shell scripts checked by shellcheck."""
    assert tool("actionlint", str(TEMPLATES / "github-actions.yml")) == ""


@every_system
def test_secrets_are_in_the_environment_alone(name: str) -> None:
    """Of steps that switch systems."""
    for scheduled in (False, True):
        for job in SYSTEMS[name].jobs(run_of(name, scheduled=scheduled)):
            for step in job.every_step():
                assert "canary" not in step.script
                if step.name in ("enable", "disable", "expire"):
                    assert SECRETS.items() <= step.environment.items()
                elif name != "gitlab":  # where all of them are in every job
                    assert not SECRETS.keys() & step.environment.keys()


def test_the_same_scripts_everywhere() -> None:
    scripts = {
        name: {
            (step.name, re.sub(r"^set -e\n", "", step.script).strip())
            for scheduled in (False, True)
            for job in system.jobs(run_of(name, scheduled=scheduled))
            for step in job.every_step()
            if step.name not in ("install", "prepare")
        }
        for name, system in SYSTEMS.items()
    }
    assert scripts["github"] == scripts["azure"] == scripts["gitlab"]
    assert {step for step, _script in scripts["github"]} == {"allowed", "enable", "deploy", "disable", "expire"}


# --- which steps run --------------------------------------------------------------------------------------------------

# In the place of every program: it waits once where it is told to, and fails.
PROGRAM = """#!/bin/sh
case "$0 $*" in *"${HANGS:-nowhere}"*) mkdir hung 2>/dev/null && sleep 60 ;; esac
case "$0 $*" in *"${FAILS:-nowhere}"*) exit 2 ;; esac
"""
STEPS = ["allowed", "enable", "deploy"]
PROGRAMS = {
    "install": "pip install",
    **{name: f"quiesce.maintenance.{name}" for name in ("allowed", "enable", "disable")},
    "deploy": "deploy.sh",
}


def course(
    folder: Path,
    name: str,
    *,
    fails: str = "",
    killed: str = "",
    why: str = CANCELLED,
    by_schedule: bool = False,
    first_job_alone: bool = False,
) -> Course:
    """What comes of a template if one of its steps fails, or is killed."""
    programs, repository = folder / "programs", folder / "repository"
    files = [programs / each for each in ("python", "ansible-galaxy", "ansible-playbook")] + [repository / "deploy.sh"]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text(PROGRAM)
        file.chmod(0o755)
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "FAILS": PROGRAMS.get(fails, ""),
        "HANGS": PROGRAMS.get(killed, ""),
    }
    ends = [End(killed, (repository / "hung").exists, why)] if killed else []
    jobs = SYSTEMS[name].jobs(run_of(name, scheduled=by_schedule))
    return Runner(repository, environment).run(jobs[:1] if first_job_alone else jobs, *ends)


@every_system
def test_nothing_fails(tmp_path: Path, name: str) -> None:
    found = course(tmp_path, name)
    assert found.green
    assert found.names == [*STEPS, *(["disable"] if name != "github" else []), "disable", *again(name)]


def again(name: str) -> list[str]:
    """GitLab's job that disables runs although its after_script did."""
    return ["disable"] if name == "gitlab" else []


@every_system
@pytest.mark.parametrize("step", STEPS)
def test_a_step_fails(tmp_path: Path, name: str, step: str) -> None:
    found = course(tmp_path, name, fails=step)
    assert not found.green
    assert found.names == [*STEPS[: STEPS.index(step) + 1], "disable", *again(name)]


@every_system
@pytest.mark.parametrize("step", STEPS)
def test_the_pipeline_is_cancelled(tmp_path: Path, name: str, step: str) -> None:
    found = course(tmp_path, name, killed=step)
    assert not found.green
    assert found.names == [*STEPS[: STEPS.index(step) + 1], "disable"]


@every_system
@pytest.mark.parametrize("step", STEPS)
def test_the_runner_is_lost(tmp_path: Path, name: str, step: str) -> None:
    found = course(tmp_path, name, killed=step, why=RUNNER)
    assert not found.green
    assert found.names == [*STEPS[: STEPS.index(step) + 1], "disable"]


@every_system
def test_what_cannot_be_disabled_is_red(tmp_path: Path, name: str) -> None:
    assert not course(tmp_path, name, fails="disable").green


@pytest.mark.parametrize("name", ["azure", "gitlab"])
def test_a_retried_deployment_that_cannot_be_disabled_is_red(tmp_path: Path, name: str) -> None:
    """A retry may leave out the job that disables, since that one went well before. GitHub runs it again."""
    assert not course(tmp_path, name, fails="disable", first_job_alone=True).green


@every_system
def test_nothing_is_enabled_by_half_an_installation(tmp_path: Path, name: str) -> None:
    found = course(tmp_path, name, fails="install")
    assert not found.green
    assert "enable" not in found.names


@every_system
def test_by_schedule(tmp_path: Path, name: str) -> None:
    found = course(tmp_path, name, by_schedule=True)
    assert found.green
    assert found.names == ["expire"]


@every_system
def test_the_answer_without_which_all_systems_would_be_meant(name: str) -> None:
    """No step runs a playbook for systems that nobody chose."""
    scripts = [step.script for job in SYSTEMS[name].jobs(run_of(name)) for step in job.every_step()]
    without = [script for script in scripts if "quiesce.maintenance." in script and "ansible-playbook" in script]
    assert without
    for script in without:
        done = subprocess.run(["bash", "-c", script], env={"QUIESCE_LIMIT": ""}, capture_output=True, check=False)
        assert b"QUIESCE_LIMIT" in done.stderr
        assert done.returncode != 0

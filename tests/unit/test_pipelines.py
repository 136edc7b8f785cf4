"""The templates of pipelines: by the schemas of their systems, and which steps run whatever happens to one of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from playbook.pipelines import TEMPLATES, Run, template
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
            (step.name, re.sub(r"^set -e\n|^.* = success \] \|\| ", "", step.script).strip())
            for scheduled in (False, True)
            for job in system.jobs(run_of(name, scheduled=scheduled))
            for step in job.every_step()
            if step.name not in ("install", "prepare")
        }
        for name, system in SYSTEMS.items()
    }
    assert scripts["github"] == scripts["azure"] == scripts["gitlab"]
    assert {step for step, _script in scripts["github"]} == {"allowed", "enable", "deploy", "disable", "expire"}


def test_azure_takes_no_command_from_what_people_typed() -> None:
    """Its agent looks for ##vso[...] in every line of a step's output, and what that sets is there in the next step."""
    steps = [step for job in template("azure-pipelines.yml")["jobs"] for step in job["steps"]]
    targets = [step.get("target") for step in steps if "ansible-playbook" in step.get("bash", "")]
    assert targets == [{"commands": "restricted", "settableVariables": "none"}] * 5


def test_azure_runs_no_job_after_one_that_failed() -> None:
    """One for an approval, say: a condition takes the place of succeeded()."""
    conditions = {job["job"]: job["condition"] for job in template("azure-pipelines.yml")["jobs"]}
    assert {name: each.partition("(")[2].partition(",")[0] for name, each in conditions.items()} == {
        "deploy": "succeeded()",
        "disable": "always()",
        "expire": "succeeded()",
    }


def test_no_deployment_outlives_its_window() -> None:
    """If nobody says otherwise: the sweep would take the systems out of maintenance mode under it."""
    github, azure, gitlab = (template(f"{name}.yml") for name in ("github-actions", "azure-pipelines", "gitlab-ci"))
    assert github["on"]["workflow_dispatch"]["inputs"]["expires"]["default"] == "2h"
    assert github["jobs"]["deploy"]["timeout-minutes"] == 120
    assert {each["name"]: each["default"] for each in azure["parameters"]}["expires"] == "2h"
    assert azure["jobs"][0]["timeoutInMinutes"] == "120"
    assert gitlab["variables"]["QUIESCE_EXPIRES"]["value"] == "2h"
    assert gitlab["deploy"]["variables"]["RUNNER_SCRIPT_TIMEOUT"] == "2h"


# --- which steps run --------------------------------------------------------------------------------------------------

# In the place of every program: it says so, waits once where it is told to, and fails.
PROGRAM = """#!/bin/sh
echo "$0 $*" >> ../calls
case "$0 $*" in *"${HANGS:-nowhere}"*) mkdir hung 2>/dev/null && sleep "$WAIT" ;; esac
case "$0 $*" in *"${FAILS:-nowhere}"*) exit 2 ;; esac
"""
STEPS = ["allowed", "enable", "deploy"]
PROGRAMS = {
    "install": "pip install",
    **{name: f"quiesce.maintenance.{name}" for name in ("allowed", "enable", "disable", "expire")},
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
    last_job_alone: bool = False,
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
        "WAIT": "1" if killed == "disable" else "60",  # seconds: it may go on
    }
    ends = [End(killed, (repository / "hung").exists, why)] if killed else []
    jobs = SYSTEMS[name].jobs(run_of(name, scheduled=by_schedule))
    chosen = jobs[:1] if first_job_alone else jobs[-1:] if last_job_alone else jobs
    return Runner(repository, environment).run(chosen, *ends)


def ran(folder: Path) -> list[str]:
    """The programs that really ran, without those that only prepare the machine."""
    calls = (folder / "calls").read_text().splitlines()
    return [name for call in calls for name, program in PROGRAMS.items() if program in call and name != "install"]


@every_system
def test_nothing_fails(tmp_path: Path, name: str) -> None:
    assert course(tmp_path, name).green
    assert ran(tmp_path) == [*STEPS, *(["disable"] if name != "github" else []), "disable"]


@every_system
@pytest.mark.parametrize("step", STEPS)
def test_a_step_fails(tmp_path: Path, name: str, step: str) -> None:
    assert not course(tmp_path, name, fails=step).green
    again = ["disable"] if name == "gitlab" else []  # its job that disables runs although its after_script did
    assert ran(tmp_path) == [*STEPS[: STEPS.index(step) + 1], "disable", *again]


@every_system
@pytest.mark.parametrize("step", STEPS)
def test_the_pipeline_is_cancelled(tmp_path: Path, name: str, step: str) -> None:
    assert not course(tmp_path, name, killed=step).green
    assert ran(tmp_path) == [*STEPS[: STEPS.index(step) + 1], "disable"]


@every_system
def test_the_pipeline_is_cancelled_while_it_disables(tmp_path: Path, name: str) -> None:
    """In the job that does only that: it goes on, or is done again."""
    course(tmp_path, name, killed="disable", last_job_alone=True)
    assert ran(tmp_path) == ["disable", *(["disable"] if name == "gitlab" else [])]


@every_system
@pytest.mark.parametrize("step", STEPS)
def test_the_runner_is_lost(tmp_path: Path, name: str, step: str) -> None:
    assert not course(tmp_path, name, killed=step, why=RUNNER).green
    assert ran(tmp_path) == [*STEPS[: STEPS.index(step) + 1], "disable"]


@every_system
def test_what_cannot_be_disabled_is_red(tmp_path: Path, name: str) -> None:
    assert not course(tmp_path, name, fails="disable").green


@pytest.mark.parametrize("name", ["azure", "gitlab"])
def test_a_retried_deployment_that_cannot_be_disabled_is_red(tmp_path: Path, name: str) -> None:
    """A retry may leave out the job that disables, since that one went well before. GitHub runs it again."""
    assert not course(tmp_path, name, fails="disable", first_job_alone=True).green


@every_system
def test_nothing_is_enabled_by_half_an_installation(tmp_path: Path, name: str) -> None:
    assert not course(tmp_path, name, fails="install").green
    assert "enable" not in ran(tmp_path)


@every_system
def test_by_schedule(tmp_path: Path, name: str) -> None:
    assert course(tmp_path, name, by_schedule=True).green
    assert ran(tmp_path) == ["expire"]


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

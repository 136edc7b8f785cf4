"""GitLab CI, by its pages "CI/CD YAML syntax reference", "Configuring runners" and "ID token authentication"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from playbook.pipelines import Job, Run, Step, System, template

_SHELL = ("bash", "-eo", "pipefail", "-c")
_VARIABLES = {"systems": "QUIESCE_LIMIT"}
_KEYWORDS = ("workflow", "stages", "variables", "default")


def _jobs(run: Run) -> list[Job]:
    """The jobs of a run in their order, each line of a script a step: the templates keep nothing in the shell.

    A job of a later stage does not run in a pipeline that was cancelled; after_script does.
    """
    whole = template("gitlab-ci.yml")
    source = "schedule" if run.answers is None else "web"
    asked = {name: each["value"] for name, each in whole["variables"].items()}
    asked |= {_VARIABLES.get(name, f"QUIESCE_{name.upper()}"): text for name, text in (run.answers or {}).items()}
    system = {"CI_PIPELINE_ID": run.number, "GITLAB_USER_LOGIN": "mary", **run.job}
    found = []
    for name, job in whole.items():
        if name in _KEYWORDS:
            continue
        rules = [rule for rule in job["rules"] if rule["if"] == f'$CI_PIPELINE_SOURCE == "{source}"']
        if not rules:
            continue
        # All variables of a project are in the environment of all of its jobs.
        environment = _expanded({**asked, **run.secrets, **run.variables, **system, **job["variables"]})
        before = whole["default"]["before_script"]
        found.append(
            Job(
                _steps([*before, *job["script"]], environment),
                _steps(job.get("after_script", []), environment),
                always=rules[0].get("when") == "always",
            )
        )
    return found


def _steps(lines: list[Any], environment: Mapping[str, str]) -> tuple[Step, ...]:
    return tuple(Step(line, environment, _SHELL) for line in lines)


def _expanded(variables: Mapping[str, str]) -> dict[str, str]:
    """Replace what variables say of others."""
    return {
        name: re.sub(r"\$(\w+)", lambda found: variables.get(found[1], ""), value) for name, value in variables.items()
    }


GITLAB = System(("QUIESCE_ID_TOKEN",), _jobs)

"""GitHub Actions, by its pages "Workflow syntax", "Contexts" and "Workflow cancellation reference"."""

from __future__ import annotations

import re
from typing import Any

from playbook.pipelines import Job, Run, Step, System, template

_SHELL = ("bash", "-e", "-c")


def _jobs(run: Run) -> list[Job]:
    """The jobs of a run in their order. A job with always() runs also after a cancellation."""
    whole = template("github-actions.yml")
    event = "schedule" if run.answers is None else "workflow_dispatch"
    known = _contexts(whole, run)

    def expanded(text: str) -> str:
        return re.sub(r"\$\{\{ ([\w.]+) \}\}", lambda found: known.get(found[1], ""), text)

    def step(job: dict[str, Any], each: dict[str, Any]) -> Step:
        own = {name: expanded(value) for name, value in {**whole["env"], **each.get("env", {})}.items()}
        login = run.job if job["permissions"].get("id-token") == "write" else {}
        return Step(expanded(each["run"]), {**login, **own}, _SHELL)

    return [
        Job(
            tuple(step(job, each) for each in job["steps"] if "run" in each),
            always="always()" in job["if"],
            cancelled="always()" in job["if"],
        )
        for job in whole["jobs"].values()
        if f"github.event_name == '{event}'" in job["if"]
    ]


def _contexts(whole: dict[str, Any], run: Run) -> dict[str, str]:
    inputs = whole["on"]["workflow_dispatch"]["inputs"]
    asked = {name: str(each.get("default", "")) for name, each in inputs.items()}
    answers = {} if run.answers is None else {**asked, **run.answers}
    return {
        **{f"inputs.{name}": value for name, value in answers.items()},
        **{f"secrets.{name}": value for name, value in run.secrets.items()},
        **{f"vars.{name}": value for name, value in run.variables.items()},
        "github.run_id": run.number,
        "github.actor": "mary",
    }


GITHUB = System(("ACTIONS_ID_TOKEN_REQUEST_TOKEN",), _jobs)

"""Azure Pipelines, by Microsoft's pages "Pipeline conditions", "Define variables" and "Predefined variables"."""

from __future__ import annotations

import re
from typing import Any

from playbook.pipelines import Job, Run, Step, System, template

_SHELL = ("bash", "--noprofile", "--norc", "-c")  # which goes on after a command that fails


def _jobs(run: Run) -> list[Job]:
    """The jobs of a run in their order. A job with always() runs also after a cancellation."""
    whole = template("azure-pipelines.yml")
    reason = "Schedule" if run.answers is None else "Manual"
    parameters = {each["name"]: each["default"] for each in whole["parameters"]} | dict(run.answers or {})
    macros = {
        **run.secrets,
        **run.variables,
        "System.AccessToken": run.job["SYSTEM_ACCESSTOKEN"],
        "Build.BuildId": run.number,
        "Build.RequestedFor": "Mary Miller",
    }

    def expanded(text: str) -> str:
        text = re.sub(r"\$\{\{ parameters\.(\w+) \}\}", lambda found: parameters[found[1]], text)
        # What there is not stays as it is.
        return re.sub(r"\$\(([\w.]+)\)", lambda found: macros.get(found[1], found[0]), text)

    # Every variable is in the environment, except those that are secret, and those in which a secret is.
    named = {each["name"]: expanded(each["value"]) for each in whole["variables"] if "name" in each}
    secret = (*run.secrets.values(), run.job["SYSTEM_ACCESSTOKEN"])
    own = {name: value for name, value in named.items() if not any(each in value for each in secret)}
    system = {name: value for name, value in run.job.items() if name != "SYSTEM_ACCESSTOKEN"}

    def step(each: dict[str, Any]) -> Step:
        given = {name: expanded(value) for name, value in each.get("env", {}).items()}
        return Step(
            expanded(each["bash"]),
            {**system, **run.variables, **own, **given},
            _SHELL,
            each.get("condition") == "always()",
        )

    def job(each: dict[str, Any]) -> Job:
        always = "always()" in each["condition"]
        steps = tuple(step(one) for one in each["steps"] if "bash" in one)
        return Job(steps, always=always, cancelled=always and all(one.always for one in steps))

    return [job(each) for each in whole["jobs"] if _holds(each["condition"], reason)]


def _holds(condition: str, reason: str) -> bool:
    """Whether what a condition says of Build.Reason is so."""
    said = re.findall(r"(eq|ne)\(variables\['Build\.Reason'\], '(\w+)'\)", condition)
    assert said, condition
    return all((value == reason) is (how == "eq") for how, value in said)


AZURE = System(("SYSTEM_ACCESSTOKEN",), _jobs)

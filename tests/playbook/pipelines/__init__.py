"""The templates of pipelines, run as their systems run them: which jobs and steps, with which environment.

Of each system as much as the templates use, by the pages of its documentation that the files here name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from playbook import ROOT

TEMPLATES = ROOT / "extensions/pipelines"


@dataclass(frozen=True)
class Run:
    """A run of a pipeline: ``answers`` of the person who starts it ("systems", "reason", ...); None: a schedule.

    ``secrets`` and ``variables`` are what the system keeps for the project, ``job`` what it gives each job by itself.
    """

    answers: Mapping[str, str] | None
    secrets: Mapping[str, str]
    variables: Mapping[str, str]
    job: Mapping[str, str]
    number: str = "4711"


@dataclass(frozen=True)
class Step:
    """A script that ``shell`` runs, given as its last argument. ``always``: also if one before it in its job failed."""

    script: str
    environment: Mapping[str, str]
    shell: tuple[str, ...]
    always: bool = False

    @property
    def name(self) -> str:
        """What it does: the playbook of the collection that it runs, "deploy", "install", or "prepare"."""
        if playbook := re.search(r"quiesce\.maintenance\.(\w+)", self.script):
            return playbook[1]
        if "deploy.sh" in self.script:
            return "deploy"
        return "install" if re.search("pip install|ansible-galaxy", self.script) else "prepare"


@dataclass(frozen=True)
class Job:
    """Steps one after the other while none fails, and ``after`` them others whatever happened to those.

    ``always``: also if a job before it failed; ``cancelled``: also if the pipeline was cancelled, or is meanwhile.
    """

    steps: tuple[Step, ...]
    after: tuple[Step, ...] = ()
    always: bool = False
    cancelled: bool = False

    def every_step(self) -> Iterator[Step]:
        """Yield all of its steps."""
        yield from self.steps
        yield from self.after


@dataclass(frozen=True)
class System:
    """A system with pipelines. ``tokens`` are the variables in which it gives its jobs a token for logins elsewhere."""

    tokens: tuple[str, ...]
    jobs: Callable[[Run], list[Job]]


def template(name: str) -> Any:
    """A template as its system reads it."""
    return yaml.safe_load((TEMPLATES / name).read_text(encoding="utf-8"))

"""A process request of the simulated Launch server: its steps, where it is by the clock, how the API shows it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any, Literal

JsonObject = dict[str, Any]
Kind = Literal["application", "component", "generic"]

COULD_NOT_START = "Could Not Start"

# What the web page shows -> status and result of the API.
STATUS = {
    "Running": ("EXECUTING", "NONE"),
    "Success": ("CLOSED", "SUCCEEDED"),
    "Failed": ("FAULTED", "FAULTED"),
    "Interrupted": ("FAULTED", "FAULTED"),
    COULD_NOT_START: ("CLOSED", "FAILED TO START"),
}


@dataclass(frozen=True)
class Work:
    """A step that takes ``seconds`` of simulated time."""

    seconds: float
    name: str = "Install"


@dataclass(frozen=True)
class SubProcess:
    """A step that runs a component process of its own."""

    seconds: float
    name: str


@dataclass(frozen=True)
class ManualTask:
    """A step that waits until a person answers."""

    name: str


Step = Work | SubProcess | ManualTask


@dataclass
class Process:
    """A process request. ``label`` is what the web page shows (see ``STATUS``)."""

    kind: Kind
    name: str
    user: str
    began: float
    steps: tuple[Step, ...]
    application: str = "JPetStore"
    environment: str = "PROD"
    component: str = "web"
    resource: str = "web01"
    label: str = "Running"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    task_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    at: int = 0
    step_began: float = 0.0
    answer: tuple[float, bool] | None = None

    @property
    def running(self) -> bool:
        """Whether it is still under way."""
        return self.label == "Running"

    @property
    def waits_for(self) -> ManualTask | None:
        """The manual task that it waits for."""
        step = self.steps[self.at] if self.running and self.at < len(self.steps) else None
        return step if isinstance(step, ManualTask) else None

    def advance(self, now: float, scale: float) -> None:
        """Bring it to where it is at ``now``."""
        while self.running:
            if self.at == len(self.steps):
                self.label = "Success"
                return
            step = self.steps[self.at]
            if isinstance(step, ManualTask):
                if self.answer is None:
                    return
                moment, passed = self.answer
                self.answer = None
                if not passed:
                    self.label = "Failed"
                    return
                self.step_began = moment
            else:
                ends = self.step_began + step.seconds / scale
                if now < ends:
                    return
                self.step_began = ends
            self.at += 1


def process_json(process: Process, *, traces: bool) -> JsonObject:
    """Show a process request as the list of activities and its own page do."""
    status, result = STATUS[process.label]
    entry: JsonObject = {
        "processRequestType": process.kind,
        "id": process.id,
        "submittedTime": round(process.began * 1000),
        "startTime": round(process.began * 1000),
        "userName": process.user,
        "state": status,
        "result": result,
        "paused": False,
    }
    if process.kind == "generic":
        entry["process"] = {"name": process.name}
        entry["resource"] = {"name": process.resource}
    else:
        entry["application"] = {"name": process.application}
        entry["environment"] = {"name": process.environment}
        entry[f"{process.kind}Process"] = {"name": process.name}
        if process.kind == "component":
            entry["component"] = {"name": process.component}
            entry["agent"] = {"name": process.resource}
    if traces:
        children = [_step_json(process, number, step) for number, step in enumerate(process.steps[: process.at + 1])]
        if process.kind == "component":
            entry["children"] = children
        else:
            key = "rootTrace" if process.kind == "application" else "trace"
            entry[key] = {"state": status, "children": children}
    return entry


def _step_json(process: Process, number: int, step: Step) -> JsonObject:
    entry: JsonObject = {
        "name": step.name,
        "type": "plugin",
        "state": "EXECUTING" if process.running and number == process.at else "CLOSED",
    }
    if isinstance(step, ManualTask):
        waiting = process.waits_for is step and number == process.at
        owner = "application" if process.kind == "application" else "component"
        entry["type"] = f"{owner}ManualTask"
        entry["task"] = {
            "id": process.task_id,
            "name": step.name,
            "status": "OPEN" if waiting else "CLOSED",
            "type": f"{owner}Task",
            "startDate": round(process.step_began * 1000),
        }
    return entry


def sub_process_json(parent: Process, step: SubProcess) -> JsonObject:
    """Show the component process that ``parent`` runs as its step ``step``."""
    return {
        "processRequestType": "component",
        "id": f"{parent.id}-{parent.at}",
        "parentRequestId": parent.id,
        "startTime": round(parent.step_began * 1000),
        "userName": parent.user,
        "state": "EXECUTING",
        "result": "NONE",
        "paused": False,
        "application": {"name": parent.application},
        "environment": {"name": parent.environment},
        "componentProcess": {"name": step.name},
        "component": {"name": parent.component},
        "agent": {"name": parent.resource},
        "children": [],
    }

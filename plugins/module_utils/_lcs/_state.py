# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What LCS says of an environment, and what that means: the text of its status first, its numbers then. Pure.

The names of the fields and numbers are those of published clients (microsoft/2LCS, milnet92/LcsApi, codekaczmarek/3LCS)
and, for the public API, of Microsoft's documentation. The texts "Servicing", "In Maintenance" and "Deployed" are those
of Microsoft's page about maintenance mode.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._text import shortened

ON, OFF, CHANGING, FAILED, UNKNOWN = "on", "off", "changing", "failed", "unknown"

DEPLOYED, SERVICING, SAFE_MODE = 3, 11, 13

STATES = {
    1: "Active",
    DEPLOYED: "Finished",
    4: "Starting",
    5: "Stopping",
    6: "Stopped",
    SERVICING: "Servicing",
    12: "Recovering",
    SAFE_MODE: "SafeMode",
    20: "ServicingRollback",
    22: "RestartingServices",
    33: "InfrastructureMaintenance",
    34: "Disabled",
}
_CHANGING = (4, 5, SERVICING, 12, 20, 22, 33)
OTHER_STATUSES, OTHER_STATES = ("deployed", "servicing"), (DEPLOYED, SERVICING)
"""What certainly does not mean maintenance mode."""
_INTERNAL_FAILED = 2

# Action status: what still goes on, and what failed and waits for a person who decides.
_RUNNING = (0, 1, 11, 12, 13, 20, 22)
_FAILED = (3, 10, 15, 19)

_LOG_ON = "log on to environment"


@dataclass(frozen=True)
class Words:
    """By what maintenance mode is recognised. That it has these names is a guess, so both are options."""

    statuses: tuple[str, ...] = ("In Maintenance",)
    states: tuple[int, ...] = (SAFE_MODE,)


@dataclass(frozen=True)
class Environment:
    """An environment as LCS describes it; ``by_number`` says that no text was known and a number decided."""

    mode: str
    status: str = ""
    state: int | None = None
    by_number: bool = False
    name: str = ""
    activity_id: str = ""
    errors: str = ""
    url: str = ""
    diagnostics: bool = False

    def __str__(self) -> str:
        known = f" ({STATES[self.state]})" if self.state in STATES else ""
        number = "" if self.state is None else f"DeploymentState {self.state}{known}"
        return ", ".join(filter(None, (f'status "{self.status}"' if self.status else "", number))) or "no status"


@dataclass(frozen=True)
class Action:
    """An action on an environment, running or over."""

    name: str
    status: int | None = None
    text: str = ""
    kind: str = ""
    started: str = ""
    ended: str = ""
    activity_id: str = ""
    id: int | None = None

    @property
    def running(self) -> bool:
        """Whether it still goes on."""
        return self.status in _RUNNING or (self.status is None and not self.ended)

    @property
    def failed(self) -> bool:
        """Whether it failed and waits for a person: Resume, Rollback or Abort."""
        return self.status in _FAILED

    def result(self) -> dict[str, Any]:
        """Return it as a task's result."""
        return {
            "name": self.name,
            "type": self.kind,
            "status": self.text,
            "status_code": self.status,
            "started": self.started,
            "ended": self.ended,
            "activity_id": self.activity_id,
        }

    def __str__(self) -> str:
        told = self.text or ("" if self.status is None else f"status {self.status}")
        return " ".join(filter(None, (self.name or self.kind or "an action", told)))


def mode_of(status: str, state: int | None, internal_status: int | None, words: Words) -> tuple[str, bool]:
    """Return what a status means, and whether a number decided since the text (a language's?) is not known."""
    text = status.strip().casefold()
    if text in {word.strip().casefold() for word in words.statuses}:
        return ON, False
    if text == "deployed":
        return OFF, False
    if "fail" in text:
        return FAILED, False
    if text == "servicing":
        return CHANGING, False
    # A failure stands beside the state Finished, too.
    if internal_status == _INTERNAL_FAILED:
        return FAILED, True
    if state in words.states:
        return ON, True
    if state == DEPLOYED:
        return OFF, True
    return (CHANGING, True) if state in _CHANGING else (UNKNOWN, False)


def parse_details(data: Any, words: Words) -> Environment:
    """Read the portal's details of an environment. Raises ValueError where there are none."""
    if not isinstance(data, Mapping):
        raise ValueError("no details of an environment")
    status, state = _text(data, "DeploymentStatus"), _number(data, "DeploymentState")
    if not status and state is None:
        raise ValueError("details with neither DeploymentStatus nor DeploymentState")
    mode, by_number = mode_of(status, state, _number(data, "InternalDeploymentStatus"), words)
    return Environment(
        mode,
        status,
        state,
        by_number,
        name=_text(data, "EnvironmentName"),
        activity_id=_text(data, "ActivityId"),
        errors=_errors(data),
        url=_fo_url(data.get("NavigationLinks")),
        diagnostics=data.get("IsDiagnosticsEnabledEnvironment") is True,
    )


def parse_api_details(data: Any, words: Words) -> Environment:
    """Read what the public API says of an environment. Raises ValueError where it says nothing."""
    if not isinstance(data, Mapping):
        raise ValueError("no details of an environment")
    status, named = _text(data, "DeploymentStatusDisplay"), _text(data, "DeploymentState")
    if not status and not named:
        raise ValueError("details with neither DeploymentStatusDisplay nor DeploymentState")
    state = next((number for number, name in STATES.items() if name.casefold() == named.casefold()), None)
    mode, by_number = mode_of(status, state, None, words)
    return Environment(mode, status or named, state, by_number, name=_text(data, "EnvironmentName"))


def parse_action(data: Any) -> Action | None:
    """Read the action that goes on, or an entry of the history; None: there is none."""
    if not isinstance(data, Mapping) or not any(data.get(name) is not None for name in ("Id", "Name", "Status")):
        return None
    return Action(
        name=_text(data, "Name"),
        status=_number(data, "Status"),
        text=_text(data, "ActionStatusText"),
        kind=_text(data, "ActionType"),
        started=_text(data, "StartDate"),
        ended=_text(data, "CompletionDate") or _text(data, "CompleteDate"),
        activity_id=_text(data, "ActivityId"),
        id=_number(data, "Id"),
    )


def parse_api_action(data: Any) -> Action | None:
    """Read an entry of the public API's history."""
    if not isinstance(data, Mapping):
        return None
    return Action(
        name=_text(data, "Name"),
        text=_text(data, "Status"),
        kind=_text(data, "TypeDisplay") or _text(data, "Type"),
        started=_text(data, "StartDateTimeUtc"),
        ended=_text(data, "EndDateTimeUtc"),
        activity_id=_text(data, "ActivityId"),
    )


def parse_history(data: Any) -> list[Action]:
    """Read a page of the portal's history, the newest first."""
    results = data.get("Results") if isinstance(data, Mapping) else None
    found = [action for entry in (results if isinstance(results, list) else []) if (action := parse_action(entry))]
    # Ids rise; where there are none, the portal's own order stands.
    return sorted(found, key=lambda action: action.id or 0, reverse=True)


def parse_progress(data: Any) -> int | None:
    """Read how many per cent are done; None: not known."""
    if not isinstance(data, Mapping) or data.get("IsDeterminate") is False:
        return None
    percent = data.get("ProgressPercent")
    return round(percent) if isinstance(percent, (int, float)) and not isinstance(percent, bool) else None


def kind_of(data: Any, environment: str) -> int | None:
    """Return the type of an environment in a project's summary, None for one without a number there.

    Raises LookupError where the environment is not in the summary.
    """
    groups = data if isinstance(data, list) else [data]
    for group in groups:
        instances = group.get("DeploymentInstances") if isinstance(group, Mapping) else None
        for instance in instances if isinstance(instances, list) else []:
            if isinstance(instance, Mapping) and _text(instance, "EnvironmentId").casefold() == environment.casefold():
                return _number(instance, "DeploymentEnvironmentType")
    raise LookupError(environment)


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return shortened(value) if isinstance(value, str) else ""


def _number(data: Mapping[str, Any], name: str) -> int | None:
    value = data.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _errors(data: Mapping[str, Any]) -> str:
    errors = data.get("Errors")
    texts = [text for text in (errors if isinstance(errors, list) else [errors]) if isinstance(text, str)]
    code = data.get("DeploymentErrorCode")
    told = [f"error code {code}"] if isinstance(code, (int, str)) and code and not isinstance(code, bool) else []
    return shortened("; ".join(filter(None, (*texts, *told))))


def _fo_url(links: Any) -> str:
    for link in links if isinstance(links, list) else []:
        if isinstance(link, Mapping) and _text(link, "DisplayName").strip().casefold() == _LOG_ON:
            return _text(link, "NavigationUri")
    return ""

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Windows services: reading them with sc.exe and planning in which order they stop and start. Pure.

sc.exe prints labels in the language of Windows, but always in the same order, and numbers before words: only order
and numbers are read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Plan

W3SVC = "W3SVC"
"""World Wide Web Publishing Service: IIS, and with it the AOS of a development machine."""

BACKGROUND = (
    "DynamicsAxBatch",
    "MR2012ProcessService",
    "Microsoft.Dynamics.AX.Framework.Tools.DMF.SSISHelperService.exe",
)
"""Batch, Management Reporter and data management (the ".exe" is part of the name; source: d365fo.tools)."""

FO_SERVICES = (*BACKGROUND, W3SVC)
"""The services of a Finance + Operations machine in the order in which they stop; they start the other way round."""

STATES = {
    1: "stopped",
    2: "start_pending",
    3: "stop_pending",
    4: "running",
    5: "continue_pending",
    6: "pause_pending",
    7: "paused",
}
_START_TYPES = {0: "boot", 1: "system", 2: "auto", 3: "manual", 4: "disabled"}
_SHARED_PROCESS = 0x20

NO_SUCH_SERVICE = 1060

_NAME = re.compile(r"[\w.$ -]+", re.ASCII)
_FAILED = re.compile(r"^\[SC\][^\n]*?(\d+):\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Service:
    """One service as Windows reports it. ``exit_code`` is its Win32 exit code, ``pid`` 0 while it does not run."""

    name: str
    state: str
    start_type: str = "unknown"
    pid: int = 0
    exit_code: int = 0
    shares_process: bool = False
    dependents: tuple[tuple[str, str], ...] = ()

    @property
    def runs(self) -> bool:
        """Whether it runs or is about to."""
        return self.state in ("running", "start_pending", "continue_pending", "paused", "pause_pending")

    def result(self) -> dict[str, Any]:
        """Return the service as a task's result shows it."""
        return {"state": self.state, "start_type": self.start_type, "pid": self.pid}


Services = Mapping[str, Service]


def check_names(names: Iterable[str]) -> None:
    """Refuse a service name that could not be given to cmd.exe. Raises ``Failure``."""
    for name in names:
        if not _NAME.fullmatch(name):
            raise Failure(
                f"use the service {name!r}",
                "the host",
                "a service name holds letters, digits, blanks and . _ $ - here",
                "Give the service name, not the display name",
            )


def status_command(names: Sequence[str]) -> str:
    """Return the command line that reads only the state of these services."""
    check_names(names)
    return "& ".join(f'echo #service {name}& sc.exe queryex "{name}"' for name in names)


def read_command(names: Sequence[str]) -> str:
    """Return the command line that reads state, configuration and dependents of these services."""
    check_names(names)
    return "& ".join(
        f'echo #service {name}& sc.exe queryex "{name}"& echo #config& sc.exe qc "{name}" 8192'
        f'& echo #dependents& sc.exe enumdepend "{name}" 16384'
        for name in names
    )


def parse_services(text: str) -> dict[str, Service]:
    """Read the output of ``status_command`` or ``read_command``. A service that does not exist is left out.

    Raises ``Failure`` where sc.exe refused to say.
    """
    services = {}
    for block in re.split(r"^#service ", text, flags=re.MULTILINE)[1:]:
        name, _newline, body = block.partition("\n")
        service = _parse_service(name.strip(), body)
        if service:
            services[service.name] = service
    return services


def _parse_service(name: str, body: str) -> Service | None:
    status, _mark, rest = body.partition("#config")
    config, _mark, dependents = rest.partition("#dependents")
    failed = failure_code(status)
    if failed == NO_SUCH_SERVICE:
        return None
    values = _values(status)
    if failed or len(values) < 8 or _number(values[2]) not in STATES:
        raise Failure(
            f"read the state of service {name}",
            "the host",
            describe_code(failed) if failed else f"sc.exe printed {' '.join(status.split())[:200]!r}",
            "Connect with an account that may query services",
        )
    configured = _values(config)
    delayed = len(configured) > 2 and "(" in configured[2]
    start_type = _START_TYPES.get(_number(configured[2]), "unknown") if len(configured) > 2 else "unknown"
    return Service(
        name=name,
        state=STATES[_number(values[2])],
        start_type="delayed_auto" if delayed and start_type == "auto" else start_type,
        pid=_number(values[7]),
        exit_code=_number(values[3]),
        shares_process=bool(int(values[1].split()[0], 16) & _SHARED_PROCESS),
        dependents=_parse_dependents(dependents),
    )


def _parse_dependents(text: str) -> tuple[tuple[str, str], ...]:
    """Read ``sc enumdepend``: blocks of name, display name, type, state, in the order in which they must be stopped."""
    found = []
    for block in re.split(r"\r?\n\s*\r?\n", text):
        values = _values(block)
        if len(values) >= 4 and _number(values[3]) in STATES:
            found.append((values[0], STATES[_number(values[3])]))
    return tuple(found)


def _values(text: str) -> list[str]:
    """Return what stands behind "label :" in each line; lines without a label (continuations) are left out."""
    return [match[1].strip() for match in re.finditer(r"^\s*[^\s:\[(][^:\r\n]*:[ \t]*([^\r\n]*)", text, re.MULTILINE)]


def _number(text: str) -> int:
    match = re.match(r"\d+", text)
    return int(match[0]) if match else -1


def failure_code(text: str) -> int:
    """Return the Win32 error that sc.exe reports ("[SC] ControlService FAILED 1051:"), 0 for none."""
    match = _FAILED.search(text)
    return int(match[1]) if match else 0


@dataclass(frozen=True)
class Step:
    """Stop or start some services that don't depend on each other, at the same time."""

    action: str  # "stop" or "start"
    names: tuple[str, ...]


def plan(services: Services, names: Sequence[str], state: str, done: frozenset[str] = frozenset()) -> Plan[Step]:
    """Return in which order services stop and start so that ``names`` are in ``state``. Pure.

    ``state`` is "started", "stopped" or "restarted"; ``done`` names what this run has restarted already.
    Running dependents stop before their service and, on a restart, run again after it.
    Raises ``Failure`` for a service that does not exist or is disabled and would have to start.
    """
    _refuse(services, names, state)
    ordered = sorted(dict.fromkeys(names), key=lambda name: FO_SERVICES.index(name) if name in FO_SERVICES else -1)
    after = {name: services[name].state for name in ordered}
    if state == "started":
        steps = _waves("start", [name for name in reversed(ordered) if not services[name].runs])
        pending = [f"{name} is {services[name].state}" for name in ordered if services[name].state == "start_pending"]
        after |= dict.fromkeys(ordered, "running")
        return Plan(_states(services, ordered), after, steps, tuple(pending) if not steps else ())
    todo = [name for name in ordered if name not in done]
    if state == "stopped":
        todo = [name for name in todo if services[name].state != "stopped"]
    dependents = _running_dependents(services, todo)
    steps = (
        *(Step("stop", (name,)) for name in dependents if name not in todo),
        *_waves("stop", [name for name in todo if services[name].state != "stopped"]),
    )
    after |= dict.fromkeys(ordered, "stopped")
    if state == "restarted":
        steps += (
            *_waves("start", list(reversed(todo))),
            *(Step("start", (name,)) for name in reversed(dependents) if name not in todo),
        )
        # Said in words: a diff from "running" to "running" would show nothing of the restart.
        after |= dict.fromkeys(ordered, "running") | dict.fromkeys(todo, "running (restarted)")
    before = _states(services, ordered) | dict.fromkeys(dependents, "running")
    after = dict.fromkeys(dependents, "running (restarted)" if state == "restarted" else "stopped") | after
    return Plan(before, after, steps)


def _refuse(services: Services, names: Sequence[str], state: str) -> None:
    missing = [name for name in names if name not in services]
    if missing:
        raise Failure(
            f"have {', '.join(missing)} {state}",
            "the host",
            "there is no such service (1060)",
            "Check the name with sc.exe query; it is the service name, not the display name",
        )
    disabled = [
        name
        for name in names
        if state != "stopped" and services[name].start_type == "disabled" and not services[name].runs
    ]
    if disabled:
        raise Failure(
            f"start {', '.join(disabled)}",
            "the host",
            "its start type is disabled (1058)",
            "Somebody disabled it on purpose, perhaps a servicing operation; enable it or leave it out",
        )


def _running_dependents(services: Services, names: Sequence[str]) -> list[str]:
    found: dict[str, None] = {}
    for name in names:
        for dependent, state in services[name].dependents:
            if state != "stopped":
                found[dependent] = None
    return list(found)


def _waves(action: str, names: list[str]) -> tuple[Step, ...]:
    """Split into what goes together: W3SVC by itself, last to stop and first to start."""
    others = tuple(name for name in names if name != W3SVC)
    waves = [Step(action, others)] if others else []
    if W3SVC in names:
        waves.insert(0 if action == "start" else len(waves), Step(action, (W3SVC,)))
    return tuple(waves)


def _states(services: Services, names: Iterable[str]) -> dict[str, str]:
    return {name: services[name].state for name in names}


_CODES = {
    5: (
        "access denied (5)",
        "Connect with an account that may control services (a local administrator, elevated)",
    ),
    1051: ("other running services depend on it (1051)", "Stop those first"),
    1052: ("it does not take this control (1052)", "Look at the service on the host"),
    1053: (
        "it did not answer the start request in time (1053)",
        "See the application event log on the host, and whether the machine is short of memory",
    ),
    1058: ("it is disabled (1058)", "Enable it, or leave it out"),
    1060: ("there is no such service (1060)", "Check the name with sc.exe query"),
    1061: ("it can't take controls at this time (1061)", "Wait until its pending start or stop is over and run again"),
    1067: (
        "its process ended unexpectedly (1067)",
        "See the application event log on the host for what it says at start",
    ),
    1068: ("a service that it depends on did not start (1068)", "Start that one and see why it does not run"),
    1069: ("its account could not log on (1069)", "Check the password of the service's account"),
}

ALREADY = {"stop": 1062, "start": 1056}
"""Error of a control that has nothing to do: not started, already running."""

CANNOT_ACCEPT_NOW = 1061


def describe_code(code: int) -> str:
    """Say what a Win32 error of the service control manager means."""
    return _CODES.get(code, (f"Win32 error {code}", ""))[0]


def remedy(code: int) -> str:
    """Say what to do about a Win32 error of the service control manager."""
    return _CODES.get(code, ("", f"net helpmsg {code} on the host explains it"))[1]

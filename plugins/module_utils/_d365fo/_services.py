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
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
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
RUNNING = ("running", "start_pending", "continue_pending")
"""States of a service that runs or is about to."""

_START_TYPES = {0: "boot", 1: "system", 2: "auto", 3: "manual", 4: "disabled"}
_SHARED_PROCESS = 0x20

IS_DISABLED, NO_SUCH_SERVICE = 1058, 1060
"""Errors of the service control manager."""

_NAME = re.compile(r"[\w.$ -]+", re.ASCII)
# French puts a blank before the colon.
_FAILED = re.compile(r"^\[SC\][^\n]*?(\d+)\s*:\s*$", re.MULTILINE)

_ENUMERATED = 8
"""Lines with a label that sc.exe enumdepend prints of each service."""

_BLOCKS = re.compile(r"^#service ", re.MULTILINE)
# What stands behind "label :"; a line without a label continues the one before it.
_LABELLED = re.compile(r"^\s*[^\s:\[(][^:\r\n]*:[ \t]*([^\r\n]*)", re.MULTILINE)
_HEXADECIMAL = re.compile("[0-9a-fA-F]+")
_DECIMAL = re.compile("[0-9]+")


@dataclass(frozen=True)
class Service:
    """One service as Windows reports it. ``exit_code`` is its Win32 exit code, ``pid`` 0 while it does not run.

    ``dependents`` are (name, state) of what depends on it, in the order in which to stop them.
    """

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
        return self.state in RUNNING

    @property
    def starts_by_itself(self) -> bool:
        """Whether Windows starts it."""
        return self.start_type in ("auto", "delayed_auto")

    def result(self) -> dict[str, Any]:
        """Return the service as a task's result shows it."""
        return {"state": self.state, "start_type": self.start_type, "pid": self.pid}


Services = Mapping[str, Service]


def listed(names: Iterable[str]) -> str:
    """Name services for a person, the long ones by the end of their names."""
    return ", ".join(name if len(name) <= 40 else "..." + ".".join(name.split(".")[-3:]) for name in names)


def check_names(names: Iterable[str]) -> None:
    """Refuse a service name that could not be given to cmd.exe. Raises ``Failure``."""
    for name in names:
        if not _NAME.fullmatch(name):
            raise Invalid(
                "names",
                f'"{name}" is not a service name: only the letters a to z, digits, blanks and . _ $ - are allowed',
                "Give the service name, not the display name",
            )


def status_command(names: Sequence[str]) -> str:
    """Return the command line that reads only the state of these services."""
    return f"(for %n in ({_quoted(names)}) do @(echo #service %n& sc.exe queryex %n))"


def read_command(names: Sequence[str]) -> str:
    """Return the command line that reads state, configuration and dependents of these services."""
    return (
        f"(for %n in ({_quoted(names)}) do @(echo #service %n& sc.exe queryex %n& echo #config& sc.exe qc %n 8192"
        "& echo #dependents& sc.exe enumdepend %n 16384))"
    )


def _quoted(names: Sequence[str]) -> str:
    check_names(names)
    return " ".join(f'"{name}"' for name in names)


def parse_services(text: str, names: Sequence[str]) -> dict[str, Service]:
    """Read the output of ``status_command`` or ``read_command``; services that don't exist are left out.

    Raises ``Failure`` where sc.exe refused to say, or said nothing.
    """
    blocks = {
        name.strip().strip('"'): body
        for name, _newline, body in (block.partition("\n") for block in _BLOCKS.split(text)[1:])
    }
    found = (_parse_service(name, blocks.get(name, "")) for name in names)
    return {service.name: service for service in found if service}


def _parse_service(name: str, body: str) -> Service | None:
    status, _mark, rest = body.partition("#config")
    config, _mark, dependents = rest.partition("#dependents")
    failed = failure_code(status)
    if failed == NO_SUCH_SERVICE:
        return None
    values = _values(status)
    if failed or len(values) < 8 or _number(values[2]) not in STATES:
        said = " ".join(status.split())[:200]
        raise Failure(
            f"read the state of service {name}",
            "the host",
            describe_code(failed) if failed else f"sc.exe printed {said!r}" if said else "sc.exe printed nothing",
            "Connect with an account that may query services and run again",
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
        shares_process=bool(_hexadecimal(values[1]) & _SHARED_PROCESS),
        dependents=_parse_dependents(dependents),
    )


def _parse_dependents(text: str) -> tuple[tuple[str, str], ...]:
    """Read ``sc enumdepend``: name, display name, type, state and four more lines of each."""
    values = _values(text)
    whole = range(0, len(values) - _ENUMERATED + 1, _ENUMERATED)
    return tuple((values[at], STATES.get(_number(values[at + 3]), "unknown")) for at in whole)


def _values(text: str) -> list[str]:
    """Return what stands behind "label :" in each line; lines without a label (continuations) are left out."""
    return [match[1].strip() for match in _LABELLED.finditer(text)]


def _hexadecimal(text: str) -> int:
    match = _HEXADECIMAL.match(text)
    return int(match[0], 16) if match else 0


def _number(text: str) -> int:
    match = _DECIMAL.match(text)
    return int(match[0]) if match else -1


def failure_code(text: str) -> int:
    """Return the Win32 error that sc.exe reports ("[SC] ControlService FAILED 1051:"), 0 for none."""
    match = _FAILED.search(text)
    return int(match[1]) if match else 0


PENDING = ("START_PENDING", "STOP_PENDING")


def wait_command(names: Sequence[str], seconds: int) -> str:
    """Return the command line that waits on the host, at most so many seconds, until none of the services is pending.

    One round trip in place of one a look. ``for /l`` runs through to its end, but does nothing once there is nothing
    to wait for; ping is how cmd.exe waits for a second where nobody can press a key. Where Windows translates the
    words for the states it does not wait at all, and whoever called looks again.
    """
    pending = "& ".join(f'(if "%v"=="{word}" set "QUIESCE_DONE=")' for word in PENDING)
    look = (
        f"for %s in ({_quoted(names)}) do @for /f \"tokens=2 delims=:\" %t in ('sc.exe query %s') do "
        f'@for /f "tokens=1,2" %u in ("%t") do @({pending})'
    )
    return (
        f"(for /l %i in (1,1,{seconds}) do @if not defined QUIESCE_DONE (set QUIESCE_DONE=1& ({look})& "
        "if not defined QUIESCE_DONE ping.exe -n 2 127.0.0.1 >nul))"
    )


@dataclass(frozen=True)
class Control:
    """Stop or start some services that don't depend on each other, at the same time."""

    action: str  # "stop" or "start"
    names: tuple[str, ...]


def plan(services: Services, names: Sequence[str], state: str, done: frozenset[str] = frozenset()) -> Plan[Control]:
    """Return in which order services stop and start so that ``names`` are in ``state``. Pure.

    ``state`` is "started", "stopped" or "restarted"; ``done`` names what this run has restarted already.
    Running dependents stop before their service and, on a restart, run again after it.
    Raises ``Failure`` for a service that does not exist, or would have to start and can't.
    """
    _refuse(services, names, state)
    ordered = in_order(names)
    todo = [name for name in ordered if name not in done]
    before = {name: services[name].state for name in ordered}
    if state == "started":
        steps = _controls("start", _waves(services, todo)[::-1], lambda name: not services[name].runs)
        pending = [f"{name} is {now}" for name, now in before.items() if now == "start_pending"] if not steps else []
        return Plan(before, dict.fromkeys(ordered, "running"), steps, tuple(pending))
    if state == "stopped":
        todo = [name for name in todo if services[name].state != "stopped"]
        steps = _stops(services, todo)
        dependents = dict.fromkeys(_dependents(services, todo), "stopped")
        return Plan(before | dict.fromkeys(dependents, "running"), dependents | dict.fromkeys(ordered, state), steps)
    # Said in words: a diff from "running" to "running" would show nothing of the restart.
    again = dict.fromkeys([*_dependents(services, todo), *todo], "running (restarted)")
    running = dict.fromkeys(_dependents(services, todo), "running")
    return Plan(before | running, dict.fromkeys(ordered, "running") | again, restart(services, todo))


def restart(services: Services, names: Sequence[str]) -> tuple[Control, ...]:
    """Return the controls that restart services, with what depends on them and runs."""
    return (
        *_stops(services, names),
        *_controls("start", _waves(services, names)[::-1], lambda name: True),
        *(Control("start", (name,)) for name in reversed(_dependents(services, names))),
    )


def _stops(services: Services, names: Sequence[str]) -> tuple[Control, ...]:
    dependents = (Control("stop", (name,)) for name in _dependents(services, names))
    return (*dependents, *_controls("stop", _waves(services, names), lambda name: services[name].state != "stopped"))


def _dependents(services: Services, names: Sequence[str]) -> list[str]:
    """Return what else runs and depends on these services, in the order in which to stop it."""
    return [name for name in running_dependents(services, names) if name not in names]


def in_order(names: Iterable[str]) -> list[str]:
    """Return the names, each once, in the order in which they stop: those of Finance + Operations as known, last."""
    return sorted(dict.fromkeys(names), key=lambda name: FO_SERVICES.index(name) if name in FO_SERVICES else -1)


def _waves(services: Services, names: Sequence[str]) -> list[list[str]]:
    """Split into what may stop at the same time: nothing before what depends on it, IIS after all that may be."""
    waves: list[list[str]] = []
    left = list(names)
    while left:
        free = [name for name in left if not {dependent for dependent, _state in services[name].dependents} & {*left}]
        wave = [name for name in free if name != W3SVC] or free
        waves.append(wave)
        left = [name for name in left if name not in wave]
    return waves


def _controls(action: str, waves: Sequence[Sequence[str]], due: Callable[[str], bool]) -> tuple[Control, ...]:
    order = 1 if action == "stop" else -1
    named = (tuple(name for name in wave[::order] if due(name)) for wave in waves)
    return tuple(Control(action, names) for names in named if names)


def _refuse(services: Services, names: Sequence[str], state: str) -> None:
    missing = [name for name in names if name not in services]
    if missing:
        raise Failure(
            f"get {', '.join(missing)} {state}",
            "the host",
            "the service does not exist (1060)",
            "Check the name with sc.exe query; it is the service name, not the display name",
        )
    if state == "stopped":
        return
    for name in names:
        reason = why_not_startable(services[name])
        # A disabled service runs on, but once stopped it does not come back.
        if reason and (not services[name].runs or state == "restarted"):
            raise Failure(f"start {name}", "the host", *reason)


def why_not_startable(service: Service) -> tuple[str, str] | None:
    """Return why a service can't be started, and what to do; None where nothing is known to stand against it."""
    if service.start_type == "disabled":
        return (
            "its start type is disabled (1058)",
            "It was disabled on purpose, perhaps by a servicing operation; enable it or leave it out",
        )
    if service.state in ("paused", "pause_pending"):
        return ("it is paused", "Continue it (sc.exe continue) or stop it, and run again")
    return None


def running_dependents(services: Services, names: Iterable[str]) -> list[str]:
    """Return what runs and depends on these services, in the order in which to stop it."""
    found: dict[str, None] = {}
    for name in names:
        for dependent, state in services[name].dependents:
            if state != "stopped":
                found[dependent] = None
    return list(found)


def seen_again(before: Services, now: Services) -> dict[str, Service]:
    """Return the services of ``before`` as they are ``now``, with what a look at their state alone leaves out."""
    states = {name: service.state for name, service in now.items()}
    return {
        name: replace(
            now.get(name, service),
            start_type=service.start_type,
            dependents=tuple((other, states.get(other, state)) for other, state in service.dependents),
        )
        for name, service in before.items()
    }


_CODES = {
    5: (
        "access denied (5)",
        "Connect with an account that may control services (a local administrator, elevated)",
    ),
    1051: ("other running services depend on it (1051)", "Stop those first"),
    1052: ("it does not accept this control (1052)", "Check the service on the host"),
    1053: (
        "it did not answer the start request in time (1053)",
        "Check the application event log on the host, and whether the machine is short of memory",
    ),
    1058: ("it is disabled (1058)", "Enable it, or leave it out"),
    1060: ("the service does not exist (1060)", "Check the name with sc.exe query"),
    1061: (
        "it does not accept controls at this time (1061)",
        "Wait until its pending start or stop has finished, and run again",
    ),
    0: (
        "it stopped again without an error",
        "See what the application event log on the host says about its start",
    ),
    1067: (
        "its process ended unexpectedly (1067)",
        "See what the application event log on the host says about its start",
    ),
    1068: ("a service that it depends on did not start (1068)", "Find out why that service does not run, and start it"),
    1069: ("its account could not log on (1069)", "Check the password of the service's account"),
}

ALREADY = {"stop": 1062, "start": 1056}
"""Error of a control that has nothing to do: not started, already running (or paused, which the state tells)."""

CANNOT_ACCEPT_NOW = 1061


def describe_code(code: int) -> str:
    """Say what a Win32 error of the service control manager means."""
    return _CODES.get(code, (f"Win32 error {code}", ""))[0]


def remedy(code: int) -> str:
    """Say what to do about a Win32 error of the service control manager."""
    return _CODES.get(code, ("", f"net helpmsg {code} on the host explains it"))[1]

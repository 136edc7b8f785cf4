# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What a switch does, step by step. Each step is a value of the plan; carrying it out, it works on a ``Site``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeAlias, cast

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _script, _services, _setup_tool
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._database import Database, Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import ENABLED, Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._script import ScriptOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._service_control import (
    CHUNK,
    COMMAND_LIMIT,
    ServiceControl,
    ServicesFailed,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import Control, Service
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._setup_tool import ToolOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Host
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Patience, wait_until_none
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import LEASE, Run
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import Conflict

_SERVICES_LIMIT = CHUNK + COMMAND_LIMIT
_MARGIN = 30.0


@dataclass
class Site:
    """What the steps of one run work on, and what they have seen so far.

    ``ready`` asks the AOS what is still pending, with the ids of the instances that are to be gone; ``patience`` is how
    long to wait for it. ``taking_over`` says that it may have taken the variable over, ``restarted`` that we saw IIS
    start.
    """

    name: str
    run: Run
    host: Host
    database: Database
    findings: Findings
    services: ServiceControl
    tool: ToolOptions
    script: ScriptOptions | None
    patience: Patience
    ready: Callable[[Sequence[str]], Sequence[str]]
    output: str = ""
    taking_over: bool = False
    restarted: bool = False
    verified: bool = False
    touched: bool = False
    _lasts: float = 0.0
    _read_at: float = 0.0

    def __post_init__(self) -> None:
        self._read_at = self.run.now()

    @property
    def reading(self) -> Reading:
        """What the database said last."""
        return cast(Reading, self.findings.reading)

    def write(self, record: Record | None, *, mode: str | None = None, hold: bool = False, cover: float = 0.0) -> None:
        """Write record and mode by compare and set, and keep what was read back.

        With ``hold`` the record says that this run is at work for ``cover`` seconds, and some more.
        """
        began, seconds = self.run.now(), max(LEASE, cover + _MARGIN)
        if record is not None:
            former = self.reading.record.lease if self.reading.record else None
            # The server's time moves on with ours between two readings of it.
            now = self.reading.now + timedelta(seconds=began - self._read_at)
            record = replace(record, lease=self.run.lease(former, now, seconds) if hold else None)
        text = record.text() if record else None
        reading = self.database.write(self.reading, mode=mode, record=(text,))
        self._read_at = began
        self._lasts = began + seconds if hold and record else 0.0
        self.findings = replace(self.findings, reading=reading)

    def keep(self, seconds: float) -> None:
        """Make sure that the lease, if there is one, lasts so many seconds more (``Run.keep``)."""
        record = self.reading.record
        if self._lasts and record and self._lasts - self.run.now() < seconds:
            self.write(record, hold=True, cover=seconds)

    def saw(self, services: Mapping[str, Service]) -> None:
        """Keep what was seen of services."""
        self.findings = replace(self.findings, services=_services.seen_again(self.findings.services, services))


@dataclass(frozen=True)
class WriteRecord:
    """Write the record, and with ``mode`` the variable, in one transaction. ``record`` None drops the record.

    ``found`` says that a program of Microsoft's has just set the variable: it is looked at, not written. ``hold`` keeps
    the run's lease in it, for ``cover`` seconds.
    """

    record: Record | None
    title: str
    done: str
    mode: str | None = None
    found: bool = False
    hold: bool = True
    cover: float = 0.0
    limit: float = 0.0

    def carry_out(self, site: Site) -> None:
        before = site.findings
        if self.found:
            site.findings = replace(before, reading=replace(site.reading, mode=self.mode))
        try:
            site.write(self.record, mode=self.mode, hold=self.hold, cover=self.cover)
        except Conflict:
            site.findings = before
            if self.found:
                _see_that_it_was_set(site, str(self.mode))
            raise
        site.touched = True


def _see_that_it_was_set(site: Site, mode: str) -> None:
    """Find out whether a program that reported success did nothing, or another run came between. Raises ``Failure``."""
    now = site.database.read()
    if now.stored == site.reading.stored and now.mode != mode:
        site.findings = replace(site.findings, reading=now)
        raise Failure(
            "verify the change",
            site.name,
            f"no error was reported, but CONFIGURATIONMODE is {now.mode or 'missing'} in place of {mode}",
            "Check the output and the database, and run again",
            details={"output": site.output},
        )


@dataclass(frozen=True)
class ControlServices:
    """Stop or start services, in waves. ``accept`` says that one that can't start since somebody disabled or removed it
    is no failure."""

    controls: tuple[Control, ...]
    title: str
    done: str
    accept: bool = False
    limit: float = _SERVICES_LIMIT

    def carry_out(self, site: Site) -> None:
        site.touched = True
        starts_aos = restarts_aos([self])
        site.taking_over |= starts_aos
        try:
            site.services.carry_out(self.controls)
            site.restarted |= starts_aos
        except ServicesFailed as failed:
            codes = {failure.details.get("win32_error") for failure in failed.failures.values()}
            if not self.accept or codes - {_services.IS_DISABLED, _services.NO_SUCH_SERVICE}:
                raise
            site.run.tell(f"left as it is: {failed.answer}")
        finally:
            site.saw(site.services.last)


@dataclass(frozen=True)
class Restart:
    """Restart IIS, with what depends on it, so that the AOS takes the variable over."""

    controls: tuple[Control, ...]
    title: str = "restart W3SVC"
    done: str = "restarted W3SVC"
    limit: float = _SERVICES_LIMIT

    def carry_out(self, site: Site) -> None:
        site.taking_over = True
        try:
            site.services.carry_out(self.controls)
            site.restarted = True
        finally:
            site.saw(site.services.last)


@dataclass(frozen=True)
class RunSetupTool:
    """Have Microsoft's setup tool set the mode, or synchronise the database."""

    parameters: tuple[tuple[str, str], ...]
    title: str
    done: str
    limit: float

    def carry_out(self, site: Site) -> None:
        site.run.keep(self.limit)
        site.output = _setup_tool.run_tool(site.host, site.findings, site.tool, dict(self.parameters), self.title)


@dataclass(frozen=True)
class RunScript:
    """Have Microsoft's script set the mode and restart every AOS."""

    state: str
    title: str
    done: str
    limit: float

    def carry_out(self, site: Site) -> None:
        site.taking_over = True
        site.run.keep(self.limit)
        site.output = _script.run_script(site.host, cast(ScriptOptions, site.script), self.state, self.title)


@dataclass(frozen=True)
class WaitForAos:
    """Wait until the AOS answers, or all instances are ready that are not ``former`` ones."""

    what: str
    former: tuple[str, ...] = ()
    limit: float = 90.0

    @property
    def title(self) -> str:
        return f"wait for {self.what}"

    @property
    def done(self) -> str:
        return f"{self.what} is ready" if self.what.startswith("the AOS at") else f"{self.what} are ready"

    def carry_out(self, site: Site) -> None:
        wait_until_none(lambda: site.ready(self.former), self.what, site.patience)
        site.verified = True


Step: TypeAlias = "WriteRecord | ControlServices | Restart | RunSetupTool | RunScript | WaitForAos"


def sets_variable(step: Step) -> bool:
    """Whether a step writes the variable, or has a program write it."""
    if isinstance(step, RunSetupTool):
        return step.parameters != tuple(_setup_tool.SYNCHRONISE.items())
    return isinstance(step, RunScript) or (isinstance(step, WriteRecord) and step.mode is not None)


def restarts_aos(steps: Sequence[Step]) -> bool:
    """Whether one of these steps starts the AOS, again or for the first time."""
    return any(
        isinstance(step, (Restart, RunScript))
        or (isinstance(step, ControlServices) and any(_services.W3SVC in each.names for each in step.controls))
        for step in steps
    )


def stops(step: Step) -> list[str]:
    """Return the services that a step stops, for good or to restart them."""
    controls = step.controls if isinstance(step, (ControlServices, Restart)) else ()
    return [name for control in controls if control.action == "stop" for name in control.names]


def covered(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Let each record that is written hold its lease as long as what follows may take until the next one."""
    result: list[Step] = []
    cover = 0.0
    for step in reversed(steps):
        if isinstance(step, WriteRecord):
            result.append(replace(step, cover=cover))
            cover = 0.0
        else:
            cover = max(cover, step.limit)
            result.append(step)
    return tuple(reversed(result))


def set_by_tool(state: str, limit: float) -> RunSetupTool:
    """Return the step that sets the mode by the setup tool."""
    word = "on" if state == ENABLED else "off"
    return RunSetupTool(
        tuple(_setup_tool.mode_parameters(state).items()),
        f"turn maintenance mode {word} with the setup tool",
        f"turned maintenance mode {word} with the setup tool",
        limit,
    )


def synchronise(limit: float) -> RunSetupTool:
    """Return the step that synchronises the database."""
    return RunSetupTool(
        tuple(_setup_tool.SYNCHRONISE.items()),
        "synchronise the database with the setup tool",
        "synchronised the database with the setup tool",
        limit,
    )


def set_by_script(state: str, limit: float) -> RunScript:
    """Return the step that sets the mode by the script."""
    word = "on" if state == ENABLED else "off"
    return RunScript(
        state, f"turn maintenance mode {word} with the script", f"turned maintenance mode {word} with the script", limit
    )


def stop(names: Sequence[str]) -> ControlServices:
    """Return the step that stops services, in this order: what depends on another one before it."""
    controls = tuple(Control("stop", (name,)) for name in names if name not in _services.BACKGROUND)
    together = tuple(name for name in names if name in _services.BACKGROUND)
    listed = _services.listed(names)
    return ControlServices(
        (*controls, *([Control("stop", together)] if together else [])), f"stop {listed}", f"stopped {listed}"
    )


def start(names: Sequence[str], *, accept: bool = False) -> ControlServices:
    """Return the step that starts services: IIS first, background services together, then what depends on them."""
    first = [Control("start", (name,)) for name in names if name == _services.W3SVC]
    together = tuple(name for name in names if name in _services.BACKGROUND)
    last = [Control("start", (name,)) for name in names if name not in (*together, _services.W3SVC)]
    listed = _services.listed(names)
    return ControlServices(
        (*first, *([Control("start", together)] if together else []), *last),
        f"start {listed}",
        f"started {listed}",
        accept,
    )

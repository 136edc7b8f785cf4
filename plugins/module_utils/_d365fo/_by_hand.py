# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The steps of a switch one by one, for people who chain them themselves, as the vendor's page does.

None of them keeps a record: what the whole switch remembers is the chain's own business. So each refuses to work where
a record says that the whole switch is in use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _script, _setup_tool
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._database import Database, Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._look import Seen, Way, is_own
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._method import MANAGED, SCRIPT, choose
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._refusals import Consent, database, managed
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._script import ScriptOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._setup_tool import ToolOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Refused
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Outcome, Plan


def refuse_open_window(reading: Reading, where: str, computer: str = "") -> None:
    """Refuse to work beside the whole switch. Raises ``Failure``.

    A record that came with a copy of another database, or from another ``computer``, is no concern of this one.
    """
    if reading.broken:
        raise reading.broken
    if reading.record is None or not is_own(reading.record, computer, reading.identity):
        return
    windows = "; ".join(str(window) for window in reading.record.windows)
    raise Failure(
        "change maintenance mode step by step",
        where,
        f"d365fo_maintenance_mode is in use there{f', window {windows}' if windows else ''}",
        "Use d365fo_maintenance_mode, which knows which services ran before",
    )


def plan_of(reading: Reading, state: str) -> Plan[str]:
    """Compare the variable with the state that is asked for. Pure."""
    before, after = {"configuration_mode": reading.mode or "missing"}, {"configuration_mode": state}
    return Plan(before, before) if reading.mode == state else Plan(before, after, (state,))


@dataclass
class Variable:
    """The variable of one database, set by SQL, as a ``System`` of the cycle."""

    database: Database
    state: str
    create_missing: bool = False
    _last: Reading | None = None

    def describe(self) -> str:
        return self.database.describe()

    def read(self) -> Reading:
        if self._last is None:
            self._last = self.database.read()
            refuse_open_window(self._last, self.describe())
        return self._last

    def plan(self, reading: Reading) -> Plan[str]:
        plan = plan_of(reading, self.state)
        if plan.steps and (reasons := database(Findings(reading=reading), Consent(create_missing=self.create_missing))):
            raise Refused(self.describe(), reasons)
        return plan

    def apply(self, plan: Plan[str]) -> None:
        seen = self.read()
        self._last = self.database.write(seen, mode=self.state, record=(seen.stored,))


@dataclass
class Program:
    """The variable of one system, set by a program of Microsoft's, as a ``System`` of the cycle.

    ``objections`` says what stands against running it, ``start`` runs it and returns the end of its output.
    """

    way: Way
    state: str
    what: str
    objections: Callable[[Findings], list[str]]
    start: Callable[[Findings, str], str]
    tool_login: bool = False
    output: str = ""
    findings: Findings = field(default_factory=Findings)

    def describe(self) -> str:
        return self.way.host.name

    def read(self) -> Reading:
        if self.output or self.findings.reading:
            return self.way.database(self.findings).read()
        self.findings = self.way.look()
        if self.findings.reading is None:
            raise Failure("read the configuration mode", self.describe(), self.findings.sql_failure, "")
        refuse_open_window(self.findings.reading, self.describe(), self.findings.computer)
        return self.findings.reading

    def plan(self, reading: Reading) -> Plan[str]:
        plan = plan_of(reading, self.state)
        if plan.steps and (reasons := refused(self.findings, self.objections)):
            raise Refused(self.describe(), reasons)
        return plan

    def apply(self, plan: Plan[str]) -> None:
        word = "on" if self.state == "enabled" else "off"
        self.output = self.start(self.findings, f"turn maintenance mode {word} with {self.what}")


def refused(findings: Findings, objections: Callable[[Findings], list[str]]) -> list[str]:
    """Return what stands against running a program on this host."""
    method = choose("auto", findings.kind, script=findings.template is not None, tool_login=True)
    if reasons := managed(Seen(findings, method if method == MANAGED else SCRIPT)):
        return reasons
    return objections(findings)


def by_setup_tool(way: Way, options: ToolOptions, state: str) -> Program:
    """Return the variable as the setup tool sets it."""
    return Program(
        way,
        state,
        "the setup tool",
        lambda findings: _setup_tool.objections(findings, options, way.host.keeps_secrets),
        lambda findings, doing: _setup_tool.run_tool(
            way.host, findings, options, _setup_tool.mode_parameters(state), doing
        ),
    )


def by_script(way: Way, state: str) -> Program:
    """Return the variable as the on-premises script sets it."""
    script = cast(ScriptOptions, way.script)
    return Program(
        way,
        state,
        "the script",
        lambda findings: [] if findings.elevated else ["The connecting account is not elevated on the node."],
        lambda findings, doing: _script.run_script(way.host, script, state, doing),
    )


def synchronise(way: Way, options: ToolOptions, *, check_mode: bool) -> str:
    """Synchronise the database with the setup tool; return the end of its output. Raises ``Refused``."""
    findings = way.look()
    if reasons := refused(findings, lambda found: _setup_tool.objections(found, options, way.host.keeps_secrets)):
        raise Refused(way.host.name, reasons)
    if check_mode:
        return ""
    return _setup_tool.run_tool(way.host, findings, options, _setup_tool.SYNCHRONISE, "synchronise the database")


def result(outcome: Outcome[Reading, str], output: str | None = None) -> dict[str, Any]:
    """Return the task's result."""
    return {
        "changed": outcome.changed,
        "mode_before": outcome.plan.before["configuration_mode"],
        "mode_after": outcome.plan.after["configuration_mode"],
        "restart_required": outcome.changed,
        "diff": outcome.plan.diff,
        **({} if output is None else {"output": output}),
    }

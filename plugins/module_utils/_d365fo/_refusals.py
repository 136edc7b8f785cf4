# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What stands against a switch, each reason with its way out. Pure: everything is known before anything is touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _method, _setup_tool
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._look import Seen
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import W3SVC
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._setup_tool import ToolOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._steps import (
    ControlServices,
    Restart,
    RunScript,
    RunSetupTool,
    Step,
    WaitForAos,
    WriteRecord,
    sets_variable,
    stops,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._webconfig import is_microsofts_sql
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, sentence


@dataclass(frozen=True)
class Consent:
    """What the task allows: the tool's options, whether every AOS of an environment may be restarted; whether the host
    can be given a secret; and whether something is to be done between variable and restart."""

    tool: ToolOptions = field(default_factory=ToolOptions)
    create_missing: bool = False
    wait: bool = True
    restart_all: bool = True
    keeps_secrets: bool = True
    before_restart: bool = False


def managed(seen: Seen) -> list[str]:
    """Return why the system is not to be switched from here, since Microsoft runs it."""
    findings = seen.findings
    if seen.method == _method.MANAGED:
        return [
            (
                f"{findings.setting('Infrastructure.HostName')} is managed by Microsoft and cannot be switched from "
                "here. Use the environment's administration mode in the Power Platform admin center or maintenance "
                "mode in Lifecycle Services."
            )
        ]
    if findings.sql and is_microsofts_sql(findings.sql.server):
        return [
            (
                f"{findings.sql.server} is a database that Microsoft manages (a development machine may be pointed at "
                "it to debug). Point the machine back at its own database, or set O(sql_server) and O(sql_database)."
            )
        ]
    return []


def database(findings: Findings, consent: Consent) -> list[str]:
    """Return what stands against writing the database."""
    reading = findings.reading
    if reading is None:
        return [sentence(findings.sql_failure) or "The configuration mode could not be read."]
    reasons = []
    if reading.broken:
        reasons.append(str(reading.broken))
    if reading.mode is None and not consent.create_missing:
        reasons.append(
            "SQLSYSTEMVARIABLES has no row CONFIGURATIONMODE, so there is nothing to update. Check that this is "
            "the right database; O(create_missing=true) inserts the row as Microsoft's own scripts do."
        )
    if not reading.may_write:
        reasons.append(
            f"The login {reading.login} may not write to database {reading.database}. Grant it UPDATE on "
            "SQLSYSTEMVARIABLES and ALTER on the database, or use a login that has them (axdbadmin)."
        )
    return reasons


def against(seen: Seen, steps: Sequence[Step], consent: Consent) -> list[str]:
    """Return what stands against these steps; empty: nothing."""
    if reasons := managed(seen):
        return reasons
    reasons = database(seen.findings, consent)
    reasons += _records(steps)
    if all(isinstance(step, WriteRecord) and step.mode is None for step in steps):
        return reasons  # a window more or less: nothing else is touched
    if seen.method == _method.SCRIPT:
        reasons += _on_premises(seen, steps, consent)
    else:
        reasons += _one_box(seen.findings, steps)
        reasons += _tool(seen.findings, steps, consent)
    return reasons + _address(seen, steps, consent)


def _tool(findings: Findings, steps: Sequence[Step], consent: Consent) -> list[str]:
    runs = [sets_variable(step) for step in steps if isinstance(step, RunSetupTool)]
    if not runs:
        return []
    way_round = "O(method=sql) does not use the tool." if all(runs) else "Without O(sync) the tool is not used."
    if len(set(runs)) > 1:
        way_round = "O(method=sql) without O(sync) does not use the tool."
    return _setup_tool.objections(findings, consent.tool, consent.keeps_secrets, way_round)


def _records(steps: Sequence[Step]) -> list[str]:
    reasons = []
    for step in steps:
        if isinstance(step, WriteRecord) and step.record:
            try:
                step.record.check_length()
            except Failure as failure:
                reasons.append(str(failure))
    return reasons[:1]


def _on_premises(seen: Seen, steps: Sequence[Step], consent: Consent) -> list[str]:
    reasons = []
    if consent.before_restart:
        reasons.append(
            "On-premises there is nothing between the variable and the restart: the script does both. Remove "
            "d365fo_before_restart or O(stop_before) for this system."
        )
    if not seen.findings.elevated:
        reasons.append(
            "The connecting account is not an elevated administrator on the node. Connect with an administrator of the "
            "cluster's nodes."
        )
    if any(isinstance(step, RunScript) for step in steps) and not consent.restart_all:
        template = seen.findings.template
        nodes = ", ".join(name for name, _kind in template.aos_nodes) if template else "all nodes"
        reasons.append(
            f"Microsoft's script restarts all AOS instances ({nodes}): everybody who is signed in there loses the "
            "connection. Set O(restart_consent=true) for this run."
        )
    return reasons


def _one_box(findings: Findings, steps: Sequence[Step]) -> list[str]:
    """What stands against a restart of IIS on a development machine or VHD, and against stopping services there."""
    reasons = []
    web = findings.services.get(W3SVC)
    if findings.visual_studio:
        reasons.append(
            "Visual Studio (devenv.exe) is open on the host: restarting the AOS would end the developer's "
            "session. Close it and run again."
        )
    if findings.iis_express:
        reasons.append(
            "IIS Express (iisexpress.exe) is running on the host: it serves the AOS in place of IIS, and cannot be "
            "restarted from here. Stop it and run again, or restart it by hand after the variable is set."
        )
    if web is None:
        reasons.append(
            "The host has no World Wide Web Publishing Service (W3SVC): either it is not a Finance + Operations "
            "machine, or its AOS runs in IIS Express, which cannot be restarted from here."
        )
    elif web.start_type == "disabled":
        reasons.append(
            "W3SVC is disabled on the host, so the AOS could not be restarted. A servicing operation may be under way; "
            "wait until it has ended, or enable the service."
        )
    elif web.state in ("paused", "pause_pending"):
        reasons.append("W3SVC is paused on the host. Continue it (sc.exe continue) or stop it, and run again.")
    if not findings.elevated:
        reasons.append(
            "The connecting account is not an elevated administrator on the host, so it cannot restart anything. "
            "Connect with a member of the local Administrators group."
        )
    return reasons + _not_to_be_started_again(findings, steps)


def _not_to_be_started_again(findings: Findings, steps: Sequence[Step]) -> list[str]:
    """What would be stopped, on its own or with IIS, and is disabled. Of IIS itself that is said elsewhere."""
    ways_out = {
        name: " or leave it alone (O(stop_background_services=false))" if isinstance(step, ControlServices) else ""
        for step in reversed(steps)
        for name in stops(step)
        if name != W3SVC
    }
    return [
        f"{name} is running but disabled: once stopped, it could not be started again. Set its start type{way_out}."
        for name, way_out in sorted(ways_out.items())
        if name in findings.services and findings.services[name].start_type == "disabled"
    ]


def _address(seen: Seen, steps: Sequence[Step], consent: Consent) -> list[str]:
    """What stands against waiting for the AOS."""
    if seen.aos_objection:
        return [f"It would not be possible to check whether the AOS is ready again: {sentence(seen.aos_objection)}"]
    waits = any(isinstance(step, WaitForAos) for step in steps)
    switches = any(isinstance(step, (Restart, RunScript)) for step in steps)
    if switches and consent.wait and not waits:
        return [
            (
                "The address of the AOS is not known (Infrastructure.HostUrl in web.config). Set O(url), on-premises "
                "O(cluster_url), or O(wait_for_aos=false)."
            )
        ]
    return []

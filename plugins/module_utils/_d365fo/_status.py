# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What a Finance + Operations host is asked to refuse, and the row it gets in the status table. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _method, _services
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._mode import Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import ENABLED, PREPARED, SETTLED


def refusals(findings: Findings, method: str) -> list[str]:
    """Return why maintenance mode must not be switched on this host, each reason with its way out; empty: go on.

    ``method`` is the way that was chosen (``_method``).
    """
    if method == _method.MANAGED:
        host_name = findings.settings.get("Infrastructure.HostName")
        managed = (
            f"{host_name} is managed by Microsoft: it is not to be switched from here. Use the environment's "
            "administration mode in the Power Platform admin center or maintenance mode in Lifecycle Services."
        )
        return [managed]
    reasons = [] if method == _method.SCRIPT else _refused_by_one_box(findings)
    if not findings.elevated:
        reasons.append(
            "The connecting account is not an elevated administrator on the host, so it can't restart anything. "
            "Connect with a member of the local Administrators group."
        )
    mode = findings.configuration_mode
    if findings.sql_failure:
        reasons.append(findings.sql_failure)
    elif mode is None:
        reasons.append("The configuration mode could not be read: no way to the database was given.")
    elif not mode.may_write:
        reasons.append(
            f"The login {mode.login} may not write in database {mode.database}. Grant it UPDATE on "
            "SQLSYSTEMVARIABLES and ALTER on the database, or use a login that has them (axdbadmin)."
        )
    return reasons


def _refused_by_one_box(findings: Findings) -> list[str]:
    """What stands against a restart of IIS on a development machine or VHD."""
    reasons = []
    if findings.visual_studio:
        reasons.append(
            "Visual Studio (devenv.exe) is open on the host: a restart of the AOS under it loses a developer's "
            "session. Close it and run again."
        )
    if _services.W3SVC not in findings.services:
        reasons.append(
            "The host has no World Wide Web Publishing Service (W3SVC): either it is no Finance + Operations machine, "
            "or its AOS runs in IIS Express, which this method does not restart."
        )
    elif findings.services[_services.W3SVC].start_type == "disabled":
        reasons.append(
            "W3SVC is disabled on the host, so the AOS could not be restarted. A servicing operation may be under "
            "way; wait for its end or enable the service."
        )
    return reasons


def status_row(system: str, findings: Findings, now: datetime) -> dict[str, Any]:
    """Return the host's row of the status table (times as ISO 8601 in UTC)."""
    reading = findings.configuration_mode
    record = reading.record if reading else None
    expires = record.expires if record else ""
    window = record is not None and reading is not None and reading.mode == ENABLED
    return {
        "system": system,
        "kind": "Dynamics 365 F&O",
        "mode": _mode(reading),
        "in_effect": reading.in_effect if reading else None,
        "managed": reading.result()["managed"] if reading else None,
        "since": record.since if record else None,
        "owner": (record.owner or None) if record else None,
        "reason": (record.reason or None) if record else None,
        "expires": expires or None,
        "overdue": bool(expires and window and datetime.fromisoformat(expires.replace("Z", "+00:00")) < now),
        "notes": _notes(findings, reading),
    }


def _mode(reading: Reading | None) -> str:
    if reading is None or reading.mode is None:
        return "unknown"
    if reading.restart_required:
        return "switching"
    return "maintenance" if reading.mode == ENABLED else "normal"


def _notes(findings: Findings, reading: Reading | None) -> list[str]:
    notes = []
    if findings.sql_failure:
        notes.append(findings.sql_failure)
    elif reading is None:
        notes.append("the database was not asked")
    elif reading.mode is None:
        notes.append("CONFIGURATIONMODE is missing")
    elif reading.restart_required:
        notes.append("the AOS has not been seen to take the value over: run again to make up for it")
    elif reading.record and reading.record.phase == PREPARED:
        notes.append("a run was cut off before it changed anything: run disable to clear up")
    elif reading.mode == ENABLED and reading.record is None:
        notes.append("set by somebody else: no record")
    return [*notes, *services_amiss(findings)]


def services_amiss(findings: Findings) -> list[str]:
    """Return the services that are not as they should be, in words.

    While maintenance mode is on a stopped background service is as it should be (batch won't start anyway).
    """
    reading = findings.configuration_mode
    maintenance = reading is not None and reading.mode == ENABLED
    settled = maintenance and reading is not None and reading.record is not None and reading.record.phase == SETTLED
    stopped_by_us = set(reading.record.services) if settled and reading and reading.record else set()
    amiss = []
    for name, service in findings.services.items():
        should_run = service.start_type in ("auto", "delayed_auto") and (name == _services.W3SVC or not maintenance)
        if should_run and not service.runs:
            amiss.append(f"{name} is {service.state}")
        elif name in _services.BACKGROUND and name in stopped_by_us and service.state == "running":
            # Not while it is starting: batch tries that every 30 s and can't.
            amiss.append(f"{name} runs although maintenance mode is on")
    return amiss

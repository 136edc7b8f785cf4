# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What a run over an estate comes to: a row for every system, also for those that it did not get to; and the verdict.
Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._row import unknown_row
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._estate import ANY, failed
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import WAVES, System

Results = Mapping[str, Mapping[str, Any]]


def rows(estate: Mapping[str, Any], results: Results, register: Mapping[str, System]) -> list[dict[str, Any]]:
    """Return the rows in the order of the waves; ``results`` are what the hosts have from the switch."""
    found: list[dict[str, Any]] = []
    for wave in WAVES:
        for kind in ("module", "role"):
            for host, tasks in estate["waves"][wave][kind].items():
                for task in tasks:
                    system = register[task["system"]]
                    of_host = results.get(host, {})
                    result = of_host.get("systems", {}).get(system.name)
                    found += result["rows"] if result else _without_result(host, task, system, of_host)
    return found


def _without_result(
    host: str, task: Mapping[str, Any], system: System, of_host: Mapping[str, Any]
) -> list[dict[str, Any]]:
    why = "not touched: an earlier wave is not complete"
    if _got_nowhere(of_host):
        why = str(of_host.get("msg", "the task failed without a reason"))
    return [unknown_row(name, system.kind, why, task.get("manager", "")) for name in task.get("members", [host])]


def _got_nowhere(of_host: Mapping[str, Any]) -> bool:
    """Whether the task of a host failed without a word about its systems."""
    return failed(of_host, (), {}) == [ANY]


def untouched(estate: Mapping[str, Any], results: Results) -> list[str]:
    """Return the hosts whose turn did not come."""
    left = (
        task.get("members", [host])
        for wave in WAVES
        for kind in ("module", "role")
        for host, tasks in estate["waves"][wave][kind].items()
        for task in tasks
        if task["system"] not in results.get(host, {}).get("systems", {}) and not _got_nowhere(results.get(host, {}))
    )
    return list(dict.fromkeys(name for names in left for name in names))


def verdict(host: str, estate: Mapping[str, Any], results: Results, state: str, register: Mapping[str, System]) -> str:
    """Return what to say of a host on which something failed, and what to do; "" if nothing did."""
    systems = failed(results.get(host, {}), WAVES, register)
    if not systems:
        return ""
    of_host = results[host]
    told = [str(of_host.get("systems", {}).get(system, of_host).get("msg", "")) for system in systems]
    titles = ", ".join(register[system].title if system in register else "Maintenance mode" for system in systems)
    left = untouched(estate, results)
    said = [f"{titles}: {' '.join(told)}"]
    if left:
        said.append(f"Not touched: {', '.join(left)}.")
    said.append(
        "Fix the cause, then run enable again to continue, or disable to take out what is in maintenance mode."
        if state == "enabled"
        else "Fix the cause and run disable again."
    )
    return " ".join(said)

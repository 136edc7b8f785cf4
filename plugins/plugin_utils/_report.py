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
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._estate import failed
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
                    result = results.get(host, {}).get("systems", {}).get(system.name)
                    found += result["rows"] if result else _untouched(host, task, system)
    return found


def _untouched(host: str, task: Mapping[str, Any], system: System) -> list[dict[str, Any]]:
    why = "not touched: a wave before it is not complete"
    return [unknown_row(name, system.kind, why, task["manager"]) for name in task["members"] or [host]]


def untouched(estate: Mapping[str, Any], results: Results) -> list[str]:
    """Return the hosts whose turn did not come."""
    left = (
        task["members"] or [host]
        for wave in WAVES
        for kind in ("module", "role")
        for host, tasks in estate["waves"][wave][kind].items()
        for task in tasks
        if task["system"] not in results.get(host, {}).get("systems", {})
    )
    return list(dict.fromkeys(name for names in left for name in names))


def verdict(host: str, estate: Mapping[str, Any], results: Results, state: str, register: Mapping[str, System]) -> str:
    """Return what to say of a host on which something failed, and what to do; "" if nothing did."""
    systems = failed(results.get(host, {}), WAVES, register)
    if not systems:
        return ""
    told = [str(results[host]["systems"][system].get("msg", "")) for system in systems]
    titles = ", ".join(register[system].title for system in systems)
    left = untouched(estate, results)
    said = [f"{titles}: {' '.join(told)}"]
    if left:
        said.append(f"Not touched: {', '.join(left)}.")
    said.append(
        "When it is mended, enable again goes on from here; disable takes back what is in maintenance mode."
        if state == "enabled"
        else "When it is mended, run disable again."
    )
    return " ".join(said)

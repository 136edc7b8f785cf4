# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""When a wave is complete, and which waves wait for it. Pure.

A system counts as switched only if it says so itself: one of which nothing is known is not, whatever the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._row import MAINTENANCE, NORMAL
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import DEFAULT

Results = Mapping[str, Mapping[str, Any]]
"""What the hosts have as their results of the switch, by host."""

ENABLED, DISABLED = "enabled", "disabled"

CONTROLLER = "localhost"
"""The host that cannot be lost; it does what is to be done once."""

_AFTER: Mapping[str, Mapping[str, Sequence[str]]] = {
    # In: the next wave begins when those before it are complete.
    ENABLED: {"applications": ["gates"], "protections": ["gates", "applications"]},
    # Out: everything, but a gate stays shut while an application is not out.
    DISABLED: {"gates": ["applications"]},
}
_MODE = {ENABLED: MAINTENANCE, DISABLED: NORMAL}

HELD = "held"
"""Marks the result of a system that was only looked at, since the waves before it are not complete."""

NO_ANSWER = "no_answer"
"""Says of a look whether the system could not be asked, which fails no look; an info module may say it itself."""


def tasks_of(estate: Mapping[str, Any], wave: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what each host does in a wave, by its module or its role."""
    for kind in ("module", "role"):
        for host, tasks in estate["waves"][wave][kind].items():
            for task in tasks:
                yield host, task


def hosts_of(estate: Mapping[str, Any], wave: str) -> list[str]:
    """Return the hosts that have something to do in a wave."""
    return list(dict.fromkeys(host for host, _task in tasks_of(estate, wave)))


def of_this_run(estate: Mapping[str, Any], result: object) -> Mapping[str, Any]:
    """Return a host's result if it is of this run: a host that was lost keeps that of a playbook before."""
    return result if isinstance(result, Mapping) and result.get("run") == estate["run"] else {}


def is_bad(result: Mapping[str, Any]) -> bool:
    """Whether a task failed."""
    return bool(result.get("failed") or result.get("unreachable"))


def waits_for(wave: str, state: str) -> Sequence[str]:
    """Return the waves that have to be complete before this one begins."""
    return _AFTER.get(state, {}).get(wave, [])


def results_before(estate: Mapping[str, Any], known: Any, wave: str, state: str) -> Results:
    """Return the results in this run of the hosts for which a wave waits; ``known`` are the variables of all hosts."""
    hosts = {host for before in waits_for(wave, state) for host in hosts_of(estate, before)}
    return {host: of_this_run(estate, known.raw_get(host).get("quiesce_result")) for host in hosts}


def stays_on(rows: Sequence[Mapping[str, Any]], closes: str | None) -> bool:
    """Whether a mode stays on when the window ``closes`` is closed (None: all of them): others hold it."""
    if closes is None:
        return False
    return any(
        row["mode"] != NORMAL
        and (
            any(window["id"] != closes for window in row.get("windows", ()))
            or (row.get("managed") is False and closes != DEFAULT)  # somebody else's
        )
        for row in rows
    )


def may_close(rows: Sequence[Mapping[str, Any]], closes: str | None) -> bool:
    """Whether closing a window turns no mode off: it is off, or stays on for others."""
    return all(row["mode"] == NORMAL or stays_on([row], closes) for row in rows)


def keeps_on(rows: Sequence[Mapping[str, Any]], closes: Sequence[str]) -> bool:
    """Whether closing all of these windows turns no mode off: it is off, or another window holds it."""
    return all(
        row["mode"] == NORMAL or any(window["id"] not in closes for window in row.get("windows", ())) for row in rows
    )


def missing(estate: Mapping[str, Any], results: Results, wave: str, state: str, *, check_mode: bool) -> list[str]:
    """Return the hosts of a wave that are not where ``state`` wants them. A check changes nothing, so it asks less.

    A system that the change did not switch on its way in keeps nobody waiting on the way out.
    """
    untouched = estate.get("untouched", {}) if state == DISABLED else {}
    return [
        host
        for host, task in tasks_of(estate, wave)
        if task["system"] not in untouched.get(host, ())
        and not _is_there(results.get(host, {}).get("systems", {}).get(task["system"]), state, check_mode)
    ]


def held_by(estate: Mapping[str, Any], results: Results, wave: str, state: str, *, check_mode: bool) -> list[str]:
    """Return the hosts for which a wave waits in vain."""
    waits = [missing(estate, results, before, state, check_mode=check_mode) for before in waits_for(wave, state)]
    return list(dict.fromkeys(host for hosts in waits for host in hosts))


def _is_there(result: Mapping[str, Any] | None, state: str, check_mode: bool) -> bool:
    if result is None or is_bad(result):
        return False
    if check_mode:
        return not (state == DISABLED and result.get("stays_on"))
    return all(row["mode"] == _MODE[state] for row in result["rows"])

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What a run over an estate comes to: a row for every system, also for those that it did not get to; and the verdict.
Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._row import CHANGING, unknown_row
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import WAVES, System
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._wave import (
    DISABLED,
    ENABLED,
    HELD,
    Results,
    held_by,
    is_bad,
    tasks_of,
)

_HELD = "not touched: a wave before it is not complete"
_STAYS = "left in maintenance mode: a wave before it is not complete"
_LOST = "no result: the host left the run before it was switched completely; the output above says why"


@dataclass(frozen=True)
class Report:
    """A run: the estate, what its hosts have as results, and what it was for (enabled, disabled or status)."""

    estate: Mapping[str, Any]
    results: Results
    state: str
    register: Mapping[str, System]
    check_mode: bool = False

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows in the order of the waves."""
        return [row for _host, _system, row in self.placed_rows()]

    def placed_rows(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield the rows in the order of the waves, each with the host that asked and the name of the system."""
        for wave in WAVES:
            for host, task in tasks_of(self.estate, wave):
                if result := self._result(host, task):
                    notes = [_STAYS] if result.get(HELD) else []
                    rows = [{**row, "notes": [*notes, *row["notes"]]} for row in result["rows"]]
                else:
                    rows = self._without_result(host, task, wave)
                yield from ((host, task["system"], row) for row in rows)

    def verdicts(self) -> dict[str, str]:
        """Return what to say, and to do, of each host on which something failed. A status has none."""
        if self.state not in (ENABLED, DISABLED):
            return {}
        told: dict[str, list[str]] = {}
        untouched: dict[str, list[str]] = {}
        kinds: dict[str, list[str]] = {}
        for wave in WAVES:
            held = self._held_by(wave)
            for host, task in tasks_of(self.estate, wave):
                failed = self._failure(host, task, held)
                if failed and failed not in told.setdefault(host, []):
                    told[host].append(failed)
                if held and self._is_untouched(host, task):
                    hosts = task.get("members", [host])
                    untouched.update(dict.fromkeys(hosts, held))
                    kinds.setdefault(self.register[task["system"]].kind, []).extend(hosts)
        for host in self.estate["lost"]:  # their failure was forgotten, so that they could be taken along
            told[host] = told.get(host) or ["A task before this playbook failed on it; the output above says why."]
        said = {host: " ".join(each) for host, each in told.items() if each}
        # With the kind: a host is several systems, and some of them may have been switched.
        names = [f"{kind} of {', '.join(hosts)}" for kind, hosts in kinds.items()]
        left = [f"Not touched: {'; '.join(names)}."] if names else []
        if said:
            return {host: " ".join([each, *left, self._remedy()]) for host, each in said.items()}
        return {host: self._waits(host, held) for host, held in untouched.items()}

    def _result(self, host: str, task: Mapping[str, Any]) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = self.results.get(host, {}).get("systems", {}).get(task["system"])
        return found

    def _is_untouched(self, host: str, task: Mapping[str, Any]) -> bool:
        result = self._result(host, task)
        return bool(result.get(HELD)) if result else not self._got_nowhere(host)

    def _held_by(self, wave: str) -> list[str]:
        return held_by(self.estate, self.results, wave, self.state, check_mode=self.check_mode)

    def _got_nowhere(self, host: str) -> bool:
        """Whether the task of a host failed without a word about its systems: a time limit of Ansible's, say."""
        of_host = self.results.get(host, {})
        return is_bad(of_host) and not any(is_bad(result) for result in of_host.get("systems", {}).values())

    def _failure(self, host: str, task: Mapping[str, Any], held: list[str]) -> str:
        result = self._result(host, task)
        if result is not None:
            title = self.register[task["system"]].title
            if is_bad(result):
                return f"{title}: {_sentence(result.get('msg', ''))}"
            # What goes on without the task that started it has not failed, and is not yet in the requested state.
            if unfinished := result.get("unfinished"):
                return f"{title}: {_sentence(unfinished)}"
            # What an option leaves out on purpose is named as unavailable.
            half_way = [row["system"] for row in result["rows"] if row["mode"] == CHANGING]
            if half_way and not (self.check_mode or result.get(HELD) or result.get("unavailable")):
                return f"{title}: the mode is not in effect yet for {', '.join(half_way)}. See the table."
            return ""
        if self._got_nowhere(host):
            return f"Maintenance mode: {_sentence(self.results[host].get('msg', ''))}"
        return "" if held else f"{self.register[task['system']].title}: {_LOST}."

    def _without_result(self, host: str, task: Mapping[str, Any], wave: str) -> list[dict[str, Any]]:
        why = _HELD if self._held_by(wave) else _LOST
        if self._got_nowhere(host):
            why = str(self.results[host].get("msg", "the task did not say why it failed"))
        kind = self.register[task["system"]].kind
        return [unknown_row(name, kind, why, task.get("manager", "")) for name in task.get("members", [host])]

    def _remedy(self) -> str:
        if self.state == ENABLED:
            return (
                "Fix the cause, then run enable again to continue, or disable to take out what is in maintenance mode."
            )
        return "Fix the cause and run disable again."

    def _waits(self, host: str, held: list[str]) -> str:
        """Return what to say of a host that waits for others on which nothing failed."""
        others = f"{', '.join(held)} {'is' if len(held) == 1 else 'are'}"
        if self.state == ENABLED:
            return f"Not touched: {others} not in maintenance mode. See the table, then run enable again to continue."
        return (
            f"Not touched: {others} still in maintenance mode. Run disable again with the same options when that is "
            f"over, or now for {host} alone to open it all the same."
        )


def _sentence(text: object) -> str:
    said = str(text).strip()
    return said if not said or said[-1] in ".!?" else f"{said}."

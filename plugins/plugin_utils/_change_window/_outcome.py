# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What the steps of a change window come to: what is written into its evidence, and whether it can be closed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.quiesce.maintenance.plugins.module_utils._evidence import Entry
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid, sentence
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import MAINTENANCE, NORMAL, UNKNOWN
from ansible_collections.quiesce.maintenance.plugins.module_utils._service_times import Times, Took, spoken, usual
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._wave import NO_ANSWER, Results, is_bad, tasks_of

ALL_WINDOWS = "all_windows"
OK, FAILED, NOT_DONE = "ok", "failed", "not done"


def only_its_own(window: str, hosts: Mapping[str, Sequence[str]], known: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse variables with which the way out would close windows of other changes, or leave this one open.

    ``hosts`` has the systems of each host, ``known`` its variables. Raises ``Failure``.
    """
    for host, systems in hosts.items():
        variables = known[host]
        for prefix in ("quiesce", *systems):
            own, every = f"{prefix}_window", f"{prefix}_{ALL_WINDOWS}"
            if boolean(variables.get(every) or False, strict=False):
                raise _refused(window, f"{every} is set for {host} and would close the windows of others", every)
            name = str(variables.get(own) or "").strip()
            if name and name != window:
                raise _refused(window, f'{own} is "{name}" for {host}, so this window would not be on it', own)


def _refused(window: str, why: str, variable: str) -> Failure:
    return Failure(f"open the window {window}", "", why, f"Nothing was done. Run without {variable}")


def readings(event: str, rows: Iterable[Mapping[str, Any]]) -> Iterator[Entry]:
    """Yield an entry for each system as it was read."""
    for row in rows:
        yield Entry(event, {"reading": dict(row)})


def switches(estate: Mapping[str, Any], results: Results, waves: Sequence[str], to: str) -> Iterator[Entry]:
    """Yield an entry for each system that a run switched, or should have."""
    for wave in waves:
        for host, task in tasks_of(estate, wave):
            result = results.get(host, {}).get("systems", {}).get(task["system"])
            facts: dict[str, Any] = {"to": to, "host": host, "kind": task["system"]}
            if result is None:
                yield Entry("switch", {**facts, "result": NOT_DONE})
                continue
            facts["result"] = FAILED if is_bad(result) else OK
            facts["changed"] = bool(result.get("changed"))
            facts["seconds"] = result.get("seconds")
            if result.get("steps"):
                facts["steps"] = result["steps"]
            if is_bad(result):
                facts["message"] = str(result.get("msg", ""))
            yield Entry("switch", facts)


def untouched(estate: Mapping[str, Any], results: Results, waves: Sequence[str]) -> dict[str, list[str]]:
    """Return the systems, by host, for which the way in sent nothing: it failed before, or did not get to them."""
    found: dict[str, list[str]] = {}
    for wave in waves:
        for host, task in tasks_of(estate, wave):
            result = results.get(host, {}).get("systems", {}).get(task["system"])
            if result is None or (is_bad(result) and not result.get("changed")):
                found.setdefault(host, []).append(task["system"])
    return found


def unasked(estate: Mapping[str, Any], results: Results, waves: Sequence[str]) -> dict[str, str]:
    """Return why systems could not be asked, by host: those that could not be switched either.

    None where nobody was asked: a playbook of one's own may open a window without a look before.
    """
    found: dict[str, str] = {}
    for wave in waves if results else ():
        for host, task in tasks_of(estate, wave):
            result = results.get(host, {}).get("systems", {}).get(task["system"])
            if result is None or result.get(NO_ANSWER):
                found[host] = " ".join(filter(None, (found.get(host), sentence(_why(result)))))
    return found


def _why(result: Mapping[str, Any] | None) -> str:
    if result is None:
        return "there is no word of it; the output above says why"
    noted = (str(note) for row in result["rows"] for note in row.get("notes", ()))
    return str(result.get("msg") or next(noted, "it failed without a reason"))


def works(hosts: Iterable[str], results: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return why the work failed, by host: a host without a result left the run in the middle of it."""
    lost = "left the run before the work was done; the output above says why"
    why = {host: str(results[host].get("msg", "")) if host in results else lost for host in hosts}
    return {host: text or "it failed without a reason" for host, text in why.items() if _failed(results.get(host))}


def _failed(result: Mapping[str, Any] | None) -> bool:
    return result is None or bool(result.get("failed"))


def by_text(steps: Iterable[Mapping[str, str]]) -> list[str]:
    """Return what was said of hosts, each text once, with all the hosts that it is about."""
    hosts: dict[str, list[str]] = {}
    for step in steps:
        for host, text in step.items():
            hosts.setdefault(text.strip(), []).append(host)
    return [f"{', '.join(dict.fromkeys(each))}: {sentence(text)}" for text, each in hosts.items()]


def still_open(estate: Mapping[str, Any], results: Results, waves: Sequence[str], window: str) -> list[str]:
    """Return the systems on which a window is open, or of which nobody knows: it can't be closed.

    One that the change did not switch needs not be known.
    """
    found: list[str] = []
    for wave in waves:
        for host, task in tasks_of(estate, wave):
            result = results.get(host, {}).get("systems", {}).get(task["system"])
            no_word: dict[str, Any] = {"system": host, "mode": UNKNOWN, "windows": []}
            rows: Sequence[Mapping[str, Any]] = result["rows"] if result else [no_word]
            untouched = task["system"] in estate["untouched"].get(host, ())
            for row in rows:
                is_open = any(each["id"] == window for each in row["windows"])
                if is_open or (row["mode"] not in (NORMAL, MAINTENANCE) and not untouched):
                    found.append(row["system"])
    return found


def left_out(window: str, hosts: Iterable[str]) -> dict[str, str]:
    """Return what to do about hosts for which a run before had opened the window, and which this one left out."""
    text = (
        "the window was open for it before, and this run left it out. "
        f"Run disable with -e quiesce_window={window} for it, or leave it to expire"
    )
    return dict.fromkeys(hosts, text)


def took(estate: Mapping[str, Any], results: Results, waves: Sequence[str]) -> dict[str, Took]:
    """Return how long the switches took that changed something and went well."""
    found: dict[str, Took] = {}
    for wave in waves:
        for host, task in tasks_of(estate, wave):
            result = results.get(host, {}).get("systems", {}).get(task["system"])
            if result and result.get("changed") and not is_bad(result) and result.get("seconds") is not None:
                # In check mode no step has taken any time.
                timed = (step for step in result.get("steps", ()) if step.get("seconds") is not None)
                steps = {str(step["step"]): float(step["seconds"]) for step in timed}
                found[f"{task['system']} {host}"] = Took(float(result["seconds"]), steps)
    return found


def expected(estate: Mapping[str, Any], times: Times, waves: Sequence[str], state: str) -> list[str]:
    """Return a line for each host of whose switches something is known: how long it usually takes."""
    lines = []
    for wave in waves:
        for host, task in tasks_of(estate, wave):
            seconds = usual(times, f"{task['system']} {host}", state)
            if seconds is not None:
                lines.append(f"{host}: usually {spoken(seconds)} to be switched")
    return lines


def later(ends: Iterable[str], length: timedelta, now: datetime) -> datetime:
    """Return the last of these ends, or now if they have passed, and so much later. Raises ``Invalid``."""
    try:
        return (max([now, *map(_moment, ends)]) + length).replace(microsecond=0)
    except OverflowError:
        raise Invalid("extend", "the window would end after the year 9999", "Use less time, like 2h") from None


def overrun(window: Mapping[str, Any], now: datetime) -> int:
    """Return by how many seconds a window lasted too long, 0 if it ended in time."""
    return max(0, int((now - _moment(window["expires"])).total_seconds()))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))  # Python 3.10 does not read it

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Which windows are over, which of them are to be closed, and what was forgotten by everybody. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._records import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import CHANGING, MAINTENANCE, NORMAL, UNKNOWN
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import WAVES, System
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._wave import Results, is_bad, tasks_of

LEFT_OUT = "hosts that were left out"
POLICIES = CLOSE, REPORT = "close", "report"

CUT_OFF = "cut off"
"""In place of a window, for a system on its way out of the last one: whichever is closed, that is finished."""


@dataclass
class Sweep:
    """What is to be done: ``due`` are the ids of the windows to close, by host and system; the rest is for people.

    ``overdue`` names the windows that are over and are left open, and why; ``orphans`` what has nobody who ends it.
    ``forgotten`` are windows of the book alone, which can be taken out of it. ``where`` says on which systems of which
    hosts each window is open, ``unseen`` on which others one may be: there is no word of them; ``of_book`` the same for
    each window of the book, of which it is known for which hosts it was opened.
    """

    due: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    overdue: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    where: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)
    of_book: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """What was seen: the estate, the results of a look at each system, and the windows of the book.

    ``now`` is the time by the clock of the book, ``controller`` that by the controller's: one of them may be wrong.
    ``policies`` say for each host and system whether to close a window that is over. ``whole``: nothing of the
    inventory was left out. ``take_over``: whichever run holds a window is known to be dead.
    """

    estate: Mapping[str, Any]
    results: Results
    book: Mapping[str, Record]
    now: datetime
    controller: datetime
    policies: Mapping[tuple[str, str], str]
    whole: bool
    take_over: bool = False

    def sweep(self, register: Mapping[str, System]) -> Sweep:
        """Return what is to be done."""
        found = Sweep(
            unseen=self._unseen(lambda _host: True, whole=self.whole),
            of_book={name: self._of_its_hosts(record) for name, record in self.book.items() if record.hosts},
        )
        for host, system, row in self._rows():
            for window in row["windows"]:
                found.where.setdefault(window["id"], []).append((host, system))
            if row["mode"] == MAINTENANCE and not row["windows"]:
                found.orphans.append(f"{_named(row)}: in maintenance mode without a window of this collection")
            if self._is_cut_off(row):
                self._finish(found, host, system, row)
            elif row["mode"] == CHANGING:
                found.orphans.append(f"{_named(row)}: {'; '.join(row['notes']) or 'it is being switched'}")
            for window in row["windows"]:
                if self._is_over(row, window):
                    self._decide(found, host, system, row, window)
        for name, record in self.book.items():
            if not self._is_held(record):
                self._of_the_book(found, name, record)
        return found

    def _of_its_hosts(self, record: Record) -> list[str]:
        """Return on which systems of its own a window of the book may be: there is no word of them."""
        hosts = set(record.hosts)
        return self._unseen(hosts.__contains__, whole=self.whole or hosts <= set(self.estate["hosts"]))

    def _is_for_others(self, record: Record) -> bool:
        """Whether a window was opened for hosts that this inventory does not have: it may be in use by another one,
        whose windows are in the same book."""
        return not set(record.hosts) <= set(self.estate["hosts"])

    def _unseen(self, asked: Callable[[str], bool], *, whole: bool) -> list[str]:
        """Return the systems of the run of which there is no word, of the hosts that are asked for."""
        found = []
        for wave in WAVES:
            for host, task in tasks_of(self.estate, wave):
                result = self.results.get(host, {}).get("systems", {}).get(task["system"])
                no_word = not result or any(row["mode"] == UNKNOWN for row in result["rows"])
                if no_word and any(asked(each) for each in task.get("members", [host])):
                    found.append(f"{host} ({task['system']})")
        return found if whole else [*found, LEFT_OUT]

    def _rows(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        for wave in WAVES:
            for host, task in tasks_of(self.estate, wave):
                result = self.results.get(host, {}).get("systems", {}).get(task["system"])
                for row in result["rows"] if result else ():
                    yield host, task["system"], row

    def _is_over(self, row: Mapping[str, Any], window: Mapping[str, Any]) -> bool:
        """Whether a window is over by the clock of its system, and by all others.

        The row of a system whose switch was cut off does not say so, nor does that of one that somebody else turned
        off: what is left there is the window.
        """
        by_system = row["overdue"] or row["mode"] in (CHANGING, NORMAL)
        end = window["expires"]
        return bool(by_system and end and datetime.fromisoformat(_plus(end)) < self._earliest)

    def _is_cut_off(self, row: Mapping[str, Any]) -> bool:
        """Whether a run was cut off on a system's way out of its last window."""
        return row["mode"] == CHANGING and not row["windows"] and (row["overdue"] or self.take_over)

    def _finish(self, found: Sweep, host: str, system: str, row: Mapping[str, Any]) -> None:
        if self.policies.get((host, system), REPORT) == REPORT:
            told = f"{_named(row)}: a run that was to take it out of maintenance mode was cut off"
            found.overdue.append(f"{told}; it is only reported ({system}_on_expiry). Run disable to take it out")
        else:
            found.due.setdefault(host, {}).setdefault(system, []).append(CUT_OFF)

    @property
    def _earliest(self) -> datetime:
        return min(self.now, self.controller)

    def _is_held(self, record: Record) -> bool:
        return record.lease is not None and record.lease.alive(self.now) and not self.take_over

    def _decide(self, found: Sweep, host: str, system: str, row: Mapping[str, Any], window: Mapping[str, Any]) -> None:
        told = f"{_named(row)}: the window {_window(window)} was to end at {window['expires']}"
        record = self.book.get(window["id"])
        if record and self._is_held(record):
            found.overdue.append(f"{told}; its work still goes on ({record.lease})")
        elif self.policies.get((host, system), REPORT) == REPORT:
            remedy = f"Run disable or extend with -e quiesce_window={window['id']}"
            found.overdue.append(f"{told}; it is only reported ({system}_on_expiry). {remedy}")
        else:
            ids = found.due.setdefault(host, {}).setdefault(system, [])
            if window["id"] not in ids:
                ids.append(window["id"])

    def _of_the_book(self, found: Sweep, name: str, record: Record) -> None:
        over = any(window.overdue(self._earliest) for window in record.windows)
        told = f"the window {record.windows[0] if record.windows else name}"
        places = found.of_book.get(name, found.unseen)
        lost = [place for place in places if place != LEFT_OUT]
        if over and lost:
            found.overdue.append(f"{told} is over, and nobody knows whether it is closed on {', '.join(lost)}")
        elif name not in found.where:
            # Of hosts that the inventory has no longer there is never any word.
            sure = not places and (over or not self._is_for_others(record))
            if sure:  # nothing is in maintenance mode because of it
                found.forgotten.append(name)
            found.orphans.append(f"{told} is on no system" + ("" if sure else " that could be looked at"))


def results_of(sweep: Sweep) -> dict[str, Any]:
    """Return it as a task's result."""
    return {
        "due": sweep.due,
        "overdue": sweep.overdue,
        "orphans": sweep.orphans,
        "forgotten": sweep.forgotten,
        "where": {window: [list(place) for place in places] for window, places in sweep.where.items()},
        "unseen": sweep.unseen,
        "of_book": sweep.of_book,
    }


def gone(sweep: Mapping[str, Any], results: Results) -> dict[str, list[str]]:
    """Return the windows that were to be closed, each with the systems on which it is still open, or may be.

    ``sweep`` is a result of ``results_of``, ``results`` those of the closing.
    """
    due = {window for systems in sweep["due"].values() for windows in systems.values() for window in windows}
    found: dict[str, list[str]] = {window: [] for window in sweep["forgotten"]}
    for window in sorted(due - {CUT_OFF}):
        places = {tuple(place) for place in sweep["where"][window]}
        left = [(host, system) for host, system in sorted(places) if not _closed(results, host, system, window)]
        found[window] = [
            *(f"{host} ({system})" for host, system in left),
            *sweep["of_book"].get(window, sweep["unseen"]),
        ]
    return found


def _closed(results: Results, host: str, system: str, window: str) -> bool:
    result = results.get(host, {}).get("systems", {}).get(system)
    if result is None or is_bad(result):
        return False
    return all(window not in [each["id"] for each in row["windows"]] for row in result["rows"])


def _named(row: Mapping[str, Any]) -> str:
    return f"{row['system']} ({row['host']})" if row["host"] else str(row["system"])


def _window(window: Mapping[str, Any]) -> str:
    about = ", ".join(filter(None, (window["owner"], window["reason"], window["ticket"])))
    return f"{window['id']} ({about})" if about else str(window["id"])


def _plus(moment: str) -> str:
    return moment.replace("Z", "+00:00")  # Python 3.10 does not read it

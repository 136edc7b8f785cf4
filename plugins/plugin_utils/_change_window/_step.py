# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What every step of a change window knows: what the plays before it said, and the book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._book import FILE, Book
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run
from ansible_collections.quiesce.maintenance.plugins.module_utils._window_options import ledger
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction, plain
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import register
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._registered import estate_of, of_run
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._report import Report
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._store import open_store
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._wave import CONTROLLER


class WindowStep(MaintenanceAction):
    """Writes down what happens to a change window, before and after the plays that do it."""

    variables = "window_"
    task_only = frozenset({"state"})
    own = frozenset(
        {
            "run",
            "ready",
            "outcome",
            "worked",
            "due",
            "work",
            "pause",
            "before_open",
            "opened",
            "work_failed",
            "closed",
            "overdue",
        }
    )
    free_text = MaintenanceAction.free_text | {"message", "messages", "why"}

    def begin(self, params: dict[str, Any]) -> None:
        """Keep what all of the step asks about."""
        self.params = params
        self.known = self.task_vars["hostvars"]
        self.inventory = list(dict.fromkeys([*self.task_vars["groups"]["all"], CONTROLLER]))

    def estate(self) -> dict[str, Any]:
        """Return the estate as the first play of the run found it."""
        return dict(plain(estate_of(self.task_vars)))

    def window(self) -> dict[str, Any]:
        """Return the window as it was opened."""
        return dict(plain(self.task_vars["window_run"]["window"]))

    def results(self, name: str, estate: Mapping[str, Any]) -> dict[str, Any]:
        """Return what this run registered under a name, by host."""
        return {host: plain(each) for host, each in of_run(self.known, self.inventory, name, estate["run"]).items()}

    def rows(self, name: str, estate: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the rows of all systems from what this run registered under a name."""
        return Report(estate, self.results(name, estate), "status", register(), self.check_mode).rows()

    def so_far(self) -> dict[str, dict[str, str]]:
        """Return what went wrong on the way in and in the work, by step and host."""
        steps = {name: plain(self.task_vars.get(name) or {}) for name in ("window_ready", "window_outcome")}
        return {name: step.get("messages") or {} for name, step in steps.items()}

    def same_run(self, run: str) -> Run:
        """Return the run of this window: all of its steps are one run."""
        return replace(self.new_run(self.owner()), id=run)

    @contextmanager
    def book(self, run: Run) -> Iterator[Book]:
        """Open the book of windows."""
        with open_store(self, self.params, FILE) as store:
            yield Book(ledger(self.params, store, run))

    def variable(self, name: str) -> str:
        """Return a variable of the playbook that is no option; a blank answer to a survey is none."""
        given = plain(self._templar.template(self.task_vars.get(f"window_{name}", "")))
        return "" if given is None else str(given).strip()

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._book import FILE
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._ledger import Ledger
from ansible_collections.quiesce.maintenance.plugins.module_utils._window_options import STORE
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction, plain
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window._due import POLICIES, Look, results_of
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import WAVES, register
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._registered import estate_of, of_run
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._store import open_store
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._task_file import task_file
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._wave import tasks_of


class ActionModule(MaintenanceAction):
    """The face of ``_due``."""

    variables = "window_"
    free_text = MaintenanceAction.free_text | {"overdue", "orphans"}

    @staticmethod
    def argument_spec() -> dict[str, Any]:
        """Return the options."""
        return {**STORE, "take_over": {"type": "bool", "default": False}}

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Find what is over, and what was forgotten."""
        estate = plain(estate_of(self.task_vars))
        known = self.task_vars["hostvars"]
        results = of_run(known, self.task_vars["groups"]["all"], "quiesce_result", estate["run"])
        with open_store(self, params, FILE) as store:
            ledger = Ledger(store, self.new_run(self.owner()))
            ledger.read()
        look = Look(
            estate,
            {host: plain(result) for host, result in results.items()},
            ledger.records,
            ledger.now,
            datetime.now(timezone.utc),
            dict(self._policies(estate)),
            # A program that always gives a limit, such as ansible-rulebook, says "all".
            whole=plain(self.task_vars.get("ansible_limit") or "all").strip() in ("all", "*"),
            take_over=params["take_over"],
        )
        sweep = look.sweep(register())
        for line in (*sweep.overdue, *sweep.orphans):
            self.tell(line)
        result = {"changed": False, "run": estate["run"], "file": "", **results_of(sweep)}
        try:
            result["file"] = self._task_file()
        except Invalid as invalid:  # a task file that cannot be run leaves no window open
            result["overdue"] = [*result["overdue"], str(invalid)]
        return result

    def _task_file(self) -> str:
        """Return the path of the task file for windows that are over, "" if there is none. Raises ``Invalid``."""
        given = str(plain(self._templar.template(self.task_vars.get("window_overdue") or "")) or "")
        return task_file(self, "overdue", given)

    def _policies(self, estate: dict[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
        for wave in WAVES:
            for host, task in tasks_of(estate, wave):
                name = str(task["system"])
                yield (host, name), self._policy(host, name)

    def _policy(self, host: str, system: str) -> str:
        """Return what a host's variables say of windows that are over, else what its kind of system has as default."""
        variables = self.task_vars["hostvars"][host]
        for variable in (f"{system}_on_expiry", "quiesce_on_expiry"):
            if given := str(plain(variables.get(variable)) or "").strip():
                if given not in POLICIES:
                    raise Invalid(f"{variable} of {host}", f'"{given}" is none', f"Use {' or '.join(POLICIES)}")
                return given
        return register()[system].on_expiry

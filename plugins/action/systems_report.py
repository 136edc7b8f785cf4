# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction, plain
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._print import print_table
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import register
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._registered import estate_of
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._report import Report
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._wave import of_this_run


class ActionModule(MaintenanceAction):
    """The face of ``_table`` and ``_report``."""

    # What the modules said is masked by themselves.
    free_text = frozenset()

    @staticmethod
    def argument_spec() -> dict[str, Any]:
        """Return the options."""
        return {
            "rows": {"type": "list", "elements": "dict"},
            "state": {"type": "str", "choices": ["enabled", "disabled", "status"], "default": "status"},
            "verdicts": {"type": "bool", "default": False},
        }

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Print the table of these rows, or of the whole run; or fail with what the report said of this host."""
        if params["rows"] is not None:
            return self._print(params["rows"], {})
        estate = plain(estate_of(self.task_vars))
        if params["verdicts"]:
            said = self._reported(estate["run"]).get(self.name)
            return {"changed": False, "failed": bool(said), "msg": said or "Every system is in the requested state."}
        known = self.task_vars["hostvars"]
        results = {
            host: plain(of_this_run(estate, known.raw_get(host).get("quiesce_result"))) for host in estate["hosts"]
        }
        report = Report(estate, results, params["state"], register(), self.check_mode)
        return {"run": estate["run"], **self._print(report.rows(), report.verdicts())}

    def _reported(self, run: str) -> Mapping[str, str]:
        """Return the verdicts of this run's report, which a host that was lost does not have itself."""
        known = (
            self.task_vars["hostvars"].raw_get(host).get("quiesce_report") for host in self.task_vars["groups"]["all"]
        )
        return next((plain(report["verdicts"]) for report in known if report and report.get("run") == run), {})

    def _print(self, rows: list[dict[str, Any]], verdicts: dict[str, str]) -> dict[str, Any]:
        return {"changed": False, "table": print_table(rows), "rows": rows, "verdicts": verdicts}

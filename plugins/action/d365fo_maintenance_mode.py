# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _aos, _arguments, _cluster, _status
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._look import Way
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._plan import BEFORE_RESTART
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._readiness import Readiness
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import DISABLED
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._steps import restarts_aos
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._switch import Switch
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Host
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import carry_out
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import seconds
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._task_file import task_file
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._windows import WindowsAction, odbc_database

HOOKS = ("before_restart", "after_restart")
"""The role's variables for task files of the user's."""


class ActionModule(WindowsAction):
    """The face of ``_switch``."""

    argument_spec = staticmethod(_arguments.switch_spec)
    task_only = frozenset({"state", "stop_before", "continues", "task_files"})

    def judge(self, params: dict[str, Any]) -> None:
        """Refuse what does not fit together, too, and task files that cannot be run."""
        super().judge(params)
        _arguments.switch_options(params, self.name)
        _arguments.wish(params, "")
        _arguments.consent(params)
        _arguments.script_options(params)
        _arguments.question(params)
        if params["via"] == "odbc":
            _arguments.odbc_options(params)
        self._task_files(_arguments.CHECKED, role="quiesce.maintenance.d365fo")

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Bring the system where the task wants it. Every failure comes with a row of the status table."""
        try:
            return self._switch(params)
        except Failure as failure:
            name = params["system"] or self.name
            failure.details.setdefault("status", _status.unknown_row(name, str(failure)))
            raise

    def _switch(self, params: dict[str, Any]) -> dict[str, Any]:
        """Refuse bad options, then open host and database and do it."""
        run = self.new_run(params["owner"] or self.owner())
        options = _arguments.switch_options(params, self.name)
        wish = _arguments.wish(params, run.owner)
        files = self._task_files(params["task_files"])
        before_restart = bool(files["before_restart"]) or params["stop_before"] == BEFORE_RESTART
        consent = _arguments.consent(params)
        script = _arguments.script_options(params)
        question = _arguments.question(params)
        with odbc_database(params) as odbc, self.host(params) as host:
            switch = Switch(
                way=Way(host, question, script, odbc),
                wish=wish,
                consent=replace(consent, keeps_secrets=host.keeps_secrets, before_restart=before_restart),
                options=options,
                run=run,
                readiness=lambda findings: self._readiness(params, host, findings),
                check_mode=self.check_mode,
            )
            try:
                outcome = carry_out(switch, check_mode=self.check_mode)
            except Failure as failure:
                failure.details.setdefault("status", switch.row(failure))
                raise
            result = switch.result(outcome.after)
        if self.check_mode:
            result["steps"] = [{"step": step.done, "seconds": None} for step in outcome.plan.steps]
            result["restarted"] = restarts_aos(outcome.plan.steps)
        if params["state"] == DISABLED and result["status"]["windows"] and not outcome.changed:
            ids = ", ".join(window["id"] for window in result["status"]["windows"])
            self.tell(f"no window was closed and maintenance mode stays on; open: {ids}")
        return {"changed": outcome.changed, "diff": outcome.plan.diff, **result, "task_files": files}

    def _task_files(self, what_to_do: str, *, role: str = "") -> dict[str, str]:
        """Return the paths of the task files, "" without one. Raises ``Invalid`` for one that can't be run."""
        files = dict.fromkeys(HOOKS, "")
        for name in HOOKS if what_to_do != _arguments.IGNORED else ():
            file = str(self._templar.template(self.task_vars.get(f"d365fo_{name}", "")) or "")
            files[name] = task_file(self, name, file, role=role)
        return files

    def _readiness(self, params: dict[str, Any], host: Host, findings: Findings) -> Readiness:
        """Return how to see that the AOS is ready, now that web.config is known."""
        options = _arguments.cluster_options(params)
        cluster = None
        if options is not None:
            limit = seconds(params, "aos_timeout")
            cluster = _cluster.Cluster(options, _cluster.open_client(options, survive=limit))
        url = params["url"] or findings.setting("Infrastructure.HostUrl")
        validate, ca_path = params["url_validate_certs"], params["url_ca_path"]
        limit = min(_aos.REQUEST_LIMIT, max(1.0, seconds(params, "aos_timeout")))
        gets = {
            _aos.CONTROLLER: _aos.from_controller(validate, ca_path, self.check_parent, limit),
            _aos.HOST: _aos.from_host(host, validate, limit),
        }
        if params["aos_from"] != _aos.AUTO:
            gets = {params["aos_from"]: gets[params["aos_from"]]}
        aos = _aos.Aos(url, gets, params["aos_accept"]) if url else None
        return Readiness(cluster, aos, self.tell)

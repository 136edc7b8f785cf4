# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _aos, _arguments, _cluster, _status
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._look import Way
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._plan import BEFORE_RESTART
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._readiness import Readiness
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._steps import restarts_aos
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._switch import Switch
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Host
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import carry_out
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._windows import WindowsAction, odbc_database

BEFORE = "before_restart"
AFTER = "after_restart"
"""The role's variables for task files of the user's."""

HANDLER = "d365fo hooks"
"""The role's handler that runs them."""


class ActionModule(WindowsAction):
    """The face of ``_switch``."""

    argument_spec = staticmethod(_arguments.switch_spec)

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
        run = self.new_run(params["owner"] or self._owner())
        options = _arguments.switch_options(params, self.name)
        wish = _arguments.wish(params, run.owner)
        if BEFORE in self._hooks() and "stop_before" not in self._in_task:
            wish = replace(wish, stop_before=BEFORE_RESTART)
        consent = _arguments.consent(params)
        script = _arguments.script_options(params)
        question = _arguments.question(params)
        with odbc_database(params) as odbc, self.host(params) as host:
            switch = Switch(
                way=Way(host, question, script, odbc),
                wish=wish,
                consent=replace(consent, keeps_secrets=host.keeps_secrets),
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
        # What is left to the next task of the chain is a change of the whole.
        cut = wish.stop_before == BEFORE_RESTART and result["restart_required"]
        return {"changed": outcome.changed or cut, "diff": outcome.plan.diff, **result}

    def _hooks(self) -> list[str]:
        """Return which task files the role has to run; notify its handler for none in vain.

        What the role says in YAML with a template costs every host of every run: a quarter of all that it does where
        there is nothing to do. Raises ``Invalid`` for a file that is not there, before anything is touched.
        """
        if not getattr(self._task, "_role", None):
            return []
        hooks = [name for name in (BEFORE, AFTER) if self.task_vars.get(f"d365fo_{name}")]
        find: Callable[[str, str], str] = self._find_needle  # where include_tasks looks
        for name in hooks:
            path = str(self._templar.template(self.task_vars[f"d365fo_{name}"]))
            try:
                find("tasks", path)
            except AnsibleError as error:
                raise Invalid(name, f"there is no task file {path}", "Give its path on the controller") from error
        if not hooks and self._task.notify:
            self._task.notify = [handler for handler in self._task.notify if handler != HANDLER]
        return hooks

    def _owner(self) -> str:
        """Return who runs this: the user of AWX, else the one on the controller."""
        for variable in ("awx_user_name", "tower_user_name"):
            if name := self.task_vars.get(variable):
                return str(self._templar.template(name))
        return os.environ.get("USER") or os.environ.get("LOGNAME") or "unknown"

    def _readiness(self, params: dict[str, Any], host: Host, findings: Findings) -> Readiness:
        """Return how to see that the AOS is ready, now that web.config is known."""
        options = _arguments.cluster_options(params)
        cluster = None
        if options is not None:
            limit = _arguments.seconds(params, "aos_timeout")
            cluster = _cluster.Cluster(options, _cluster.open_client(options, survive=limit))
        url = params["url"] or findings.setting("Infrastructure.HostUrl")
        validate, ca_path = params["url_validate_certs"], params["url_ca_path"]
        limit = min(_aos.REQUEST_LIMIT, max(1.0, _arguments.seconds(params, "aos_timeout")))
        gets = {
            _aos.CONTROLLER: _aos.from_controller(validate, ca_path, self.check_parent, limit),
            _aos.HOST: _aos.from_host(host, validate, limit),
        }
        if params["aos_from"] != _aos.AUTO:
            gets = {params["aos_from"]: gets[params["aos_from"]]}
        aos = _aos.Aos(url, gets, params["aos_accept"]) if url else None
        return Readiness(cluster, aos, self.tell)

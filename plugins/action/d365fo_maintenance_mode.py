# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _aos, _arguments, _cluster
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._look import Way
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._plan import BEFORE_RESTART
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._readiness import Readiness
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._switch import Switch
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Host
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import carry_out
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._windows import WindowsAction, odbc_database

HOOK = "d365fo_before_restart"
"""The role's variable for tasks of the user's before the restart."""


class ActionModule(WindowsAction):
    """The face of ``_switch``."""

    argument_spec = staticmethod(_arguments.switch_spec)

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Refuse bad options, then open host and database and bring the system where the task wants it."""
        run = self.new_run(params["owner"] or self._owner())
        options = _arguments.switch_options(params, self.name)
        wish = _arguments.wish(params, run.owner)
        if params["stop_before"] is None and HOOK in self.task_vars:
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
        # What is left to the next task of the chain is a change of the whole.
        cut = wish.stop_before == BEFORE_RESTART and result["restart_required"]
        return {"changed": outcome.changed or cut, "diff": outcome.plan.diff, **result}

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
        gets = {
            _aos.CONTROLLER: _aos.from_controller(
                params["url_validate_certs"], params["url_ca_path"], self.check_parent
            ),
            _aos.HOST: _aos.from_host(host, params["url_validate_certs"]),
        }
        if params["aos_from"] != _aos.AUTO:
            gets = {params["aos_from"]: gets[params["aos_from"]]}
        aos = _aos.Aos(url, gets, params["aos_accept"]) if url else None
        return Readiness(cluster, aos, self.tell)

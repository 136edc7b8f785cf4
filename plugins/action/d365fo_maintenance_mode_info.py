# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _arguments, _cluster, _method, _status
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._look import Seen, Way
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._wave import NO_ANSWER
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._windows import WindowsAction, odbc_database


class ActionModule(WindowsAction):
    """The face of ``_look`` and ``_status``."""

    argument_spec = staticmethod(_arguments.look_spec)

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Look once and say what it comes to; a failure has a row, too."""
        try:
            return self._look(params)
        except Failure as failure:
            failure.details["status"] = _status.unknown_row(params["system"] or self.name, str(failure))
            raise

    def _look(self, params: dict[str, Any]) -> dict[str, Any]:
        script = _arguments.script_options(params)
        question = _arguments.question(params)
        cluster = _arguments.cluster_options(params)
        with odbc_database(params) as odbc, self.host(params) as host:
            findings = Way(host, question, script, odbc).look()
        tool_login = bool(params["sql_login_user"])
        method = _method.choose(params["method"], findings.kind, script=script is not None, tool_login=tool_login)
        seen = Seen(findings, method)
        row = _status.row(params["system"] or self.name, seen)
        view = None
        if cluster is not None:
            try:
                view = _cluster.Cluster(cluster, _cluster.open_client(cluster)).read().result()
                row["notes"] += view["missing"]
            except Failure as failure:
                row["notes"].append(str(failure))
        found = {**findings.result(), NO_ANSWER: findings.reading is None}
        return {"changed": False, **found, "method": method, "cluster": view, "status": row}

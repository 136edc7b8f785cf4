# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._trend import _maintenance, _options, _run
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._trend import TrendAction


class ActionModule(TrendAction):
    """The face of ``_maintenance``."""

    @staticmethod
    def argument_spec() -> dict[str, Any]:
        """Return the options."""
        return _options.MODE

    def judge(self, params: dict[str, Any]) -> None:
        """Refuse an address, a login, computers or a duration that cannot be used, too."""
        super().judge(params)
        _options.manager(params)
        _options.target(params)
        _options.wish(params)

    def ask(self, params: dict[str, Any]) -> dict[str, Any]:
        """Bring the computers to the state."""
        run = self.new_run(params["owner"] or self.owner())
        wish = _options.wish(params, run.owner)
        patience = _options.patience(params, run)
        with self.store(params) as store:
            system = _maintenance.Maintenance(
                _options.manager(params, self.tell),
                _options.target(params),
                wish,
                skip=params["on_unavailable"] == "skip",
                wait=params["wait"],
                records=_options.windows(params, store, run, check_mode=self.check_mode),
            )
            return _run.run(system, check_mode=self.check_mode, patience=patience, rollback=params["rollback"])

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._ledger import Ledger
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend import _options, _run
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._trend import TrendAction


class ActionModule(TrendAction):
    """The face of ``_run``."""

    @staticmethod
    def argument_spec() -> dict[str, Any]:
        """Return the options."""
        return _options.INFO

    def ask(self, params: dict[str, Any]) -> dict[str, Any]:
        """Look at the computers."""
        target = _options.target(params)
        with self.store(params) as store:
            return _run.inform(_options.manager(params), target, Ledger(store, self.new_run()))

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs import _options
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._info import inform
from ansible_collections.quiesce.maintenance.plugins.module_utils._ledger import Ledger
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._lcs import LcsAction


class ActionModule(LcsAction):
    """The face of ``_info``."""

    @staticmethod
    def argument_spec() -> dict[str, Any]:
        """Return the options."""
        return _options.INFO

    def ask(self, params: dict[str, Any]) -> dict[str, Any]:
        """Look at the environment."""
        where, run = _options.place(params), self.new_run()
        api = _options.open_api(params, where, run)
        by_api = api and not (params["accept_undocumented_api"] and _options.has_cookies(params))
        look = None if by_api else _options.open_portal(params, where, run)
        with self.store(params) as store:
            return inform(where, look, api, Ledger(store, run))

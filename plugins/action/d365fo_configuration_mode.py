# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _arguments, _by_hand
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import carry_out
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._windows import WindowsAction, database_of


class ActionModule(WindowsAction):
    """The face of ``_by_hand.Variable``."""

    argument_spec = staticmethod(_arguments.variable_spec)

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Set the variable where it differs."""
        with database_of(self, params) as database:
            system = _by_hand.Variable(database, params["state"], params["create_missing"])
            return _by_hand.result(carry_out(system, check_mode=self.check_mode))

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager import _options
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._switch import switch
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._alertmanager import AlertmanagerAction


class ActionModule(AlertmanagerAction):
    """The face of ``switch``."""

    @staticmethod
    def argument_spec() -> dict[str, Any]:
        """Return the options."""
        return _options.SILENCE

    def judge(self, params: dict[str, Any]) -> None:
        """Refuse an address, a login or matchers that cannot be used, too."""
        super().judge(params)
        _options.wish(params, self.name, "")
        _options.open_server(params, self.tell)

    def ask(self, params: dict[str, Any]) -> dict[str, Any]:
        """Open or close the window."""
        owner = params["owner"] or self.owner()
        return switch(params, self.name, owner, check_mode=self.check_mode, run=self.new_run(owner))

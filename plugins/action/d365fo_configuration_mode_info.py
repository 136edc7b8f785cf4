# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read CONFIGURATIONMODE: by sqlcmd.exe on the host from here, by ODBC in the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._mode import Sql
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._tasks import look
from ansible_collections.quiesce.maintenance.plugins.modules.d365fo_configuration_mode_info import argument_spec
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._windows import DatabaseAction


class ActionModule(DatabaseAction):
    """The face of ``_tasks.look``."""

    argument_spec = staticmethod(argument_spec)

    def work_on(self, sql: Sql, params: dict[str, Any]) -> dict[str, Any]:
        """Work by sqlcmd.exe."""
        return look(sql)

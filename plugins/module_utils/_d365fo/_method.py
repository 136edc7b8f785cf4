# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Which way maintenance mode is switched.

The vendor's page names a way for each kind of environment: the setup tool on a VHD, the SQL variable on a development
machine, the script on-premises, the portal where Microsoft manages the environment.
"""

from __future__ import annotations

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _webconfig

AUTO, SQL, SETUP_TOOL, SCRIPT = "auto", "sql", "setup_tool", "script"
MANAGED = "managed"
"""Not to be switched from here."""

METHODS = (AUTO, SQL, SETUP_TOOL, SCRIPT)


def choose(wanted: str, kind: str, *, script: bool, tool_login: bool) -> str:
    """Return the method: the wanted one, else the one for this kind of environment.

    ``script`` says whether the path of Microsoft's script was given, which only on-premises environments have;
    ``tool_login`` whether there is a SQL login for the setup tool. Without one a VHD is switched by SQL with integrated
    login, which Microsoft names for machines where the tool does not work (its documentation's issue 217).
    An environment that Microsoft manages stays refused whatever is wanted.
    """
    if kind == _webconfig.HOSTED:
        return MANAGED
    if wanted != AUTO:
        return wanted
    if script:
        return SCRIPT
    return SETUP_TOOL if kind == _webconfig.VHD and tool_login else SQL

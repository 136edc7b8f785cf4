# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: d365fo_setup_tool
short_description: Set maintenance mode with Microsoft's setup tool
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Runs C(Microsoft.Dynamics.AX.Deployment.Setup.exe) with C(--setupmode maintenancemode) on a Windows host if the
    variable differs. Exit code, text on stderr and the variable as read back decide whether it worked.
  - The AOS reads the value when it starts; restart C(W3SVC) afterwards.
  - For playbooks that chain the steps themselves. It keeps no record, and refuses to work while
    M(quiesce.maintenance.d365fo_maintenance_mode) is in use on the system.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.d365fo
  - quiesce.maintenance.d365fo.sql
  - quiesce.maintenance.d365fo.odbc
  - quiesce.maintenance.d365fo.machine
  - quiesce.maintenance.d365fo.tool
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  state:
    description: Whether maintenance mode is on.
    type: str
    choices: [enabled, disabled]
    required: true
  setup_tool_timeout:
    description: How long the tool may take.
    type: str
    default: 15m
  sql_server:
    description: The default is C(DataAccess.DbServer) in C(web.config). It is also the tool's C(--sqlserver).
  sql_database:
    description: The default is C(DataAccess.Database) in C(web.config). It is also the tool's C(--sqldatabase).
  sql_login_user:
    description:
      - SQL login, for the tool (C(--sqluser)) and for reading the variable. The tool does not support integrated login.
notes:
  - Not verified against the real tool.
"""

EXAMPLES = r"""
- name: Set maintenance mode with the setup tool
  quiesce.maintenance.d365fo_setup_tool:
    state: enabled
    sql_login_user: axdbadmin
    sql_login_password: "{{ vault_axdbadmin_password }}"

- name: Restart IIS
  quiesce.maintenance.d365fo_services:
    names: [W3SVC]
    state: restarted
"""

RETURN = r"""
mode_before:
  description: The mode before, V(enabled), V(disabled) or V(missing).
  type: str
  returned: success
  sample: disabled
mode_after:
  description: The mode after, as read back; in check mode the planned one.
  type: str
  returned: success
  sample: enabled
restart_required:
  description: Whether the AOS must be restarted to put it into effect.
  type: bool
  returned: success
  sample: true
output:
  description: The last lines that the tool printed, without the password.
  type: str
  returned: success
  sample: Setup mode maintenancemode completed.
rc:
  description: Exit code of the tool.
  type: int
  returned: when the tool failed
  sample: -532462766
"""

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: d365fo_database_sync
short_description: Synchronise the database with Microsoft's setup tool
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Runs C(Microsoft.Dynamics.AX.Deployment.Setup.exe) with C(--setupmode sync --syncmode fullall) on a Windows host.
    Required after a change of configuration keys. It can take half an hour and can drop columns.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.d365fo
  - quiesce.maintenance.d365fo.sql
  - quiesce.maintenance.d365fo.machine
  - quiesce.maintenance.d365fo.tool
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: none
    details: The tool runs each time.
options:
  sync_timeout:
    description: How long the synchronisation may take.
    type: str
    default: 2h
  sql_server:
    description: The tool's C(--sqlserver). The default is C(DataAccess.DbServer) in C(web.config).
  sql_database:
    description: The tool's C(--sqldatabase). The default is C(DataAccess.Database) in C(web.config).
  sql_login_user:
    description: SQL login for the tool (C(--sqluser)). The tool does not support integrated login.
notes:
  - Not verified against the real tool.
"""

EXAMPLES = r"""
- name: Synchronise the database after configuration keys were changed
  quiesce.maintenance.d365fo_database_sync:
    sql_login_user: axdbadmin
    sql_login_password: "{{ vault_axdbadmin_password }}"
"""

RETURN = r"""
output:
  description: The last lines that the tool printed, without the password.
  type: str
  returned: success
  sample: "Database synchronization: 100% of tables and views"
rc:
  description: Exit code of the tool.
  type: int
  returned: when the tool failed
  sample: -532462766
"""

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: d365fo_maintenance_script
short_description: Set maintenance mode with Microsoft's on-premises script
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Runs C(Set-MaintenanceMode.ps1) on a node of an on-premises environment if the variable differs. The script restarts
    B(every) AOS of the environment. Exit code, text on stderr and the variable as read back decide whether it worked.
  - Wait afterwards until the AOS instances are ready, for example with
    M(quiesce.maintenance.d365fo_maintenance_mode_info).
  - For playbooks that chain the steps themselves. It keeps no record, and refuses to work while
    M(quiesce.maintenance.d365fo_maintenance_mode) is in use on the system.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.d365fo
  - quiesce.maintenance.d365fo.sql
  - quiesce.maintenance.d365fo.odbc
  - quiesce.maintenance.d365fo.node
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
  script:
    required: true
  execution_policy:
    description: PowerShell's execution policy for the script. The default is that of the node.
    type: str
    choices: [AllSigned, Bypass, RemoteSigned, Unrestricted]
  script_timeout:
    description: How long the script may take.
    type: str
    default: 1h
  sql_server:
    description: SQL Server for reading the variable. The default comes from O(template).
  sql_database:
    description: Database for reading the variable. The default comes from O(template).
notes:
  - A script on a share requires a login that can be passed on to a second machine (CredSSP, Kerberos with delegation).
  - There is no public copy of the script; its output, its exit codes and whether it waits are not known.
  - Not verified against a real environment.
"""

EXAMPLES = r"""
- name: Set maintenance mode with the script
  quiesce.maintenance.d365fo_maintenance_script:
    state: enabled
    script: 'C:\infrastructure\scripts\Set-MaintenanceMode.ps1'
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
template:
  description: Database, SQL Server and AOS nodes that the template names.
  type: dict
  returned: success
  sample:
    database: AXDB
    sql_server: sql-ls
    aos_nodes:
      - name: AOS1
        type: AOSNodeType
output:
  description: The last lines that the script printed.
  type: str
  returned: success
  sample: Maintenance mode has been enabled.
rc:
  description: Exit code of the script.
  type: int
  returned: when the script failed
  sample: 1
"""

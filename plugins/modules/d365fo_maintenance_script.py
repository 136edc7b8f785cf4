# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: d365fo_maintenance_script
short_description: Set maintenance mode of an on-premises Dynamics 365 environment by Microsoft's script
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Runs C(Set-MaintenanceMode.ps1) of Microsoft's infrastructure scripts (2.18.2 or later) on one node of the Service
    Fabric cluster, any node, where the variable does not have the wished value yet. Exit code, text on stderr and the
    variable read back decide.
  - The script restarts B(all) AOS instances of the environment. Use M(quiesce.maintenance.d365fo_aos_wait) to wait
    until they are ready again.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
  - quiesce.maintenance.attributes.windows
  - quiesce.maintenance.sql
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  state:
    description: Whether maintenance mode is to be on.
    type: str
    choices: [enabled, disabled]
    required: true
  script:
    description:
      - Full path of the script on the node. It runs in its own folder. On a share it needs a connection that can pass
        the login on (CredSSP, or Kerberos with delegation).
    type: str
    required: true
  template:
    description: The environment's C(ConfigTemplate.xml), by default beside the script.
    type: str
  execution_policy:
    description: PowerShell's execution policy for the script. By default the host's own.
    type: str
    choices: [AllSigned, Bypass, RemoteSigned, Unrestricted]
  force:
    description:
      - Whether the script runs even where the variable has the wished value. A run that was cut off may have set it
        without restarting the AOS.
    type: bool
    default: false
  timeout:
    description: Seconds after which the script is given up and ended.
    type: int
    default: 3600
  configuration_mode:
    description:
      - What M(quiesce.maintenance.d365fo_configuration_mode_info) returned, where the database can't be asked from the
        host. Whether the variable was set is then to be read back with that module.
    type: dict
  sql_server:
    description: Default is the template's (listener, else the first SQL Server).
  sql_database:
    description: Default is the template's.
notes:
  - No public copy of the script exists, so what it prints, its exit code and what it does when the mode is already set
    are unknown. Not verified against the real script.
"""

EXAMPLES = r"""
- name: Turn maintenance mode on, which restarts every AOS of the environment
  quiesce.maintenance.d365fo_maintenance_script:
    state: enabled
    script: 'C:\infrastructure\scripts\Set-MaintenanceMode.ps1'
  run_once: true
"""

RETURN = r"""
mode_before:
  description: The mode before, V(enabled), V(disabled) or V(missing).
  type: str
  returned: success
  sample: disabled
mode_after:
  description: The mode after, read back (in check mode the planned one).
  type: str
  returned: success
  sample: enabled
template:
  description: Database, SQL Server and AOS nodes as the template names them.
  type: dict
  returned: success
  sample:
    database: AXDB
    sql_server: sqlag01
    aos_nodes:
      - name: AOS1
        type: AOSNodeType
output:
  description: The end of what the script printed.
  type: str
  returned: when the script ran
  sample: Maintenance mode is on.
rc:
  description: Exit code of the script.
  type: int
  returned: when the script failed
  sample: 1
"""

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: d365fo_maintenance_mode_info
short_description: Gather the maintenance mode status of a Dynamics 365 Finance + Operations system
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Looks at a Finance + Operations system as M(quiesce.maintenance.d365fo_maintenance_mode) does and reports whether it
    is in maintenance mode, for which windows, and whether its services are as they should be. Changes nothing.
  - For an on-premises environment with O(cluster_url) it also reports each AOS instance.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.d365fo
  - quiesce.maintenance.d365fo.sql
  - quiesce.maintenance.d365fo.odbc
  - quiesce.maintenance.d365fo.machine
  - quiesce.maintenance.d365fo.node
  - quiesce.maintenance.d365fo.cluster
  - quiesce.maintenance.d365fo.look
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
notes:
  - The AOS itself is not asked. The record tells whether it runs with what the database says.
  - Not verified against a real Finance + Operations system.
seealso:
  - module: quiesce.maintenance.d365fo_maintenance_mode
"""

EXAMPLES = r"""
- name: Gather the status
  quiesce.maintenance.d365fo_maintenance_mode_info:
  register: dynamics

- name: Report it
  ansible.builtin.debug:
    msg: "{{ dynamics.status.mode }}, {{ dynamics.status.windows | length }} open windows"
"""

RETURN = r"""
status:
  description: The system's row of the status table.
  type: dict
  returned: success
  contains:
    system:
      description: Name of the system.
      type: str
      sample: dev01
    kind:
      description: Kind of system.
      type: str
      sample: D365 F&O
    host:
      description: The machine or manager that the system belongs to; empty if it is one by itself.
      type: str
      sample: ""
    mode:
      description: V(normal), V(maintenance), V(changing) (a run is at work, or was interrupted) or V(unknown).
      type: str
      sample: maintenance
    verified:
      description: Whether the AOS is verified to run with the mode; V(null) if that is not known.
      type: bool
      sample: true
    managed:
      description: Whether this collection turned maintenance mode on; V(null) while it is off.
      type: bool
      sample: true
    since:
      description: When the first of the open windows was opened (ISO 8601, UTC); V(null) if none is open.
      type: str
      sample: "2026-11-24T21:00:00Z"
    owner:
      description: Who opened the windows.
      type: str
      sample: release.manager
    reason:
      description: The reason that was given.
      type: str
      sample: CHG0042 configuration keys
    expires:
      description: When the last window expires; V(null) if a window has no end.
      type: str
      sample: "2026-11-24T23:00:00Z"
    overdue:
      description: Whether an open window has expired, or a run was cut off that was to turn the mode off.
      type: bool
      sample: false
    windows:
      description: The open windows.
      type: list
      elements: dict
      contains:
        id:
          description: Id of the window.
          type: str
          sample: default
        owner:
          description: Who opened it.
          type: str
          sample: release.manager
        reason:
          description: The reason that was given.
          type: str
          sample: CHG0042 configuration keys
        ticket:
          description: Number of the change.
          type: str
          sample: CHG0042
        opened:
          description: When it was opened (ISO 8601, UTC).
          type: str
          sample: "2026-11-24T21:00:00Z"
        expires:
          description: When it expires, empty if it has no end.
          type: str
          sample: "2026-11-24T23:00:00Z"
    notes:
      description: What an administrator should know about the system.
      type: list
      elements: str
      sample: []
    faults:
      description: Those of the notes that say what is not as it should be, like a service that does not run.
      type: list
      elements: str
      sample: []
computer:
  description: Name of the machine, V(null) on-premises.
  type: str
  returned: success
  sample: DEV01
web_root:
  description: The AOS web root, V(null) if it was not found.
  type: str
  returned: success
  sample: 'J:\AosService\WebRoot'
packages_directory:
  description: The packages directory, V(null) if it was not found.
  type: str
  returned: success
  sample: 'J:\AosService\PackagesLocalDirectory'
settings:
  description: The settings in C(web.config), without encrypted values and without passwords.
  type: dict
  returned: success
  sample:
    DataAccess.DbServer: localhost
    Infrastructure.HostName: usnconeboxax1aos.cloud.onebox.dynamics.com
settings_state:
  description: For each setting whether it is V(plain), V(encrypted) or V(missing).
  type: dict
  returned: success
  sample:
    DataAccess.DbServer: plain
environment_kind:
  description:
    - V(vhd) (local one-box), V(azure_one_box), V(microsoft_managed), V(on_premises) or V(unknown).
  type: str
  returned: success
  sample: vhd
setup_tool:
  description: Path of Microsoft's setup tool, V(null) if it was not found.
  type: str
  returned: success
  sample: 'J:\AosService\PackagesLocalDirectory\bin\Microsoft.Dynamics.AX.Deployment.Setup.exe'
services:
  description: State, start type and PID of each service that exists.
  type: dict
  returned: success
  sample:
    W3SVC:
      state: running
      start_type: auto
      pid: 4711
visual_studio_running:
  description: Whether Visual Studio (C(devenv.exe)) is open on the host.
  type: bool
  returned: success
  sample: false
iis_express_running:
  description: Whether IIS Express (C(iisexpress.exe)) is running on the host.
  type: bool
  returned: success
  sample: false
elevated:
  description: Whether the connecting account is an elevated administrator.
  type: bool
  returned: success
  sample: true
configuration_mode:
  description: Variable and record, V(null) if the database did not answer.
  type: dict
  returned: success
  contains:
    mode:
      description: V(enabled), V(disabled) or V(missing), as the database has it.
      type: str
      sample: enabled
    record:
      description: The record in the database, V(null) if there is none.
      type: dict
      sample: null
    database:
      description: The database that answered.
      type: str
      sample: AXDB
    login:
      description: The login that asked.
      type: str
      sample: axdbadmin
    may_write:
      description: Whether that login may write the variable and the record.
      type: bool
      sample: true
sql_failure:
  description: Why the database did not answer, V(null) if it did or was not asked.
  type: str
  returned: success
  sample: null
no_answer:
  description: Whether the configuration mode could not be read, so that the system cannot be switched.
  type: bool
  returned: success
  sample: false
template:
  description: Database, SQL Server and AOS nodes of an on-premises environment, V(null) otherwise.
  type: dict
  returned: success
  sample: null
method:
  description: How maintenance mode is switched, V(sql), V(setup_tool) or V(script); V(managed) if Microsoft manages it.
  type: str
  returned: success
  sample: sql
cluster:
  description: Health, nodes and AOS instances of the cluster; V(null) without O(cluster_url).
  type: dict
  returned: success
  contains:
    health:
      description: Health of the application, as Service Fabric aggregates it.
      type: str
      sample: Ok
    expected:
      description: How many nodes should run an AOS.
      type: int
      sample: 3
    ready:
      description: How many of them have a ready instance.
      type: int
      sample: 3
    nodes:
      description: Those nodes and their status.
      type: dict
      sample:
        AOS1: Up
    instances:
      description: The AOS instances.
      type: list
      elements: dict
      sample: []
    missing:
      description: For each node without a ready instance, what is wrong.
      type: list
      elements: str
      sample: []
"""

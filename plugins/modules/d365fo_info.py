# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: d365fo_info
short_description: Look at a Dynamics 365 Finance + Operations host
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Finds out, in one remote command, where Finance + Operations is installed on a Windows host, what kind of
    environment it is, which of its services run, whether Visual Studio is open, and what the configuration mode
    (maintenance mode) and its record are.
  - Changes nothing and never reads a password.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
  - quiesce.maintenance.attributes.windows
  - quiesce.maintenance.sql
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  web_root:
    description:
      - The AOS web root. By default C(AosService\WebRoot) on C(%ServiceDrive%), else on the first of the drives J, K,
        C, F and G that has it.
    type: str
  packages_directory:
    description: The packages directory, where it is not beside the web root.
    type: str
  services:
    description: The services to look at. A service that the host does not have is left out of the answer.
    type: list
    elements: str
    default:
      - DynamicsAxBatch
      - MR2012ProcessService
      - Microsoft.Dynamics.AX.Framework.Tools.DMF.SSISHelperService.exe
      - W3SVC
  ask_sql:
    description: Whether to ask the database by C(sqlcmd.exe) on the host.
    type: bool
    default: true
  configuration_mode:
    description:
      - What M(quiesce.maintenance.d365fo_configuration_mode_info) returned, where the database can't be asked from the
        host. It takes the place of an answer of the host's own.
    type: dict
  method:
    description:
      - Which way maintenance mode is to be switched. V(auto) is the vendor's for the kind of environment - the script
        where O(script) is given, the setup tool on a VHD, the SQL variable elsewhere. What is refused depends on it.
    type: str
    choices: [auto, sql, setup_tool, script]
    default: auto
  script:
    description:
      - Full path of C(Set-MaintenanceMode.ps1) on a node of an on-premises environment. The node is then asked for
        script and template in place of a web root and services.
    type: str
  template:
    description: The on-premises environment's C(ConfigTemplate.xml), by default beside O(script).
    type: str
  system:
    description: Name of the system in the status table, by default the host's.
    type: str
  sql_server:
    description: Default is what C(web.config) says (C(DataAccess.DbServer)).
  sql_database:
    description: Default is what C(web.config) says (C(DataAccess.Database)).
notes:
  - The kind of environment is told by C(Infrastructure.HostName), as d365fo.tools does. What an encrypted value in
    C(web.config) looks like is a guess; name O(sql_server) and O(sql_database) where it is wrong.
  - Not verified against a real Finance + Operations machine.
"""

EXAMPLES = r"""
- name: Look at a development machine
  quiesce.maintenance.d365fo_info:
  register: host

- name: Say what is going on there
  ansible.builtin.debug:
    msg: "{{ host.environment_kind }}: {{ host.configuration_mode.mode }}, {{ host.amiss | length }} services amiss"
"""

RETURN = r"""
web_root:
  description: The AOS web root, V(none) where it was not found.
  type: str
  returned: success
  sample: 'J:\AosService\WebRoot'
packages_directory:
  description: The packages directory, V(none) where it was not found.
  type: str
  returned: success
  sample: 'J:\AosService\PackagesLocalDirectory'
settings:
  description: What C(web.config) says, without encrypted values. Never a password.
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
    - V(vhd) (local one-box), V(azure_one_box), V(microsoft_hosted_tier1), V(microsoft_hosted_tier2), V(on_premises)
      or V(unknown).
  type: str
  returned: success
  sample: vhd
setup_tool:
  description: Path of Microsoft's setup tool, V(none) where it was not found.
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
elevated:
  description: Whether the connecting account is an elevated administrator.
  type: bool
  returned: success
  sample: true
configuration_mode:
  description: Variable and record, V(none) where the database did not answer.
  type: dict
  returned: success
  contains:
    mode:
      description: V(enabled), V(disabled) or V(missing), as the database has it.
      type: str
      sample: enabled
    managed:
      description: Whether this collection set it; V(none) where there is nothing to have been set.
      type: bool
      sample: true
    in_effect:
      description: Whether the AOS has taken the value over, as far as the record tells; V(none) where nobody can know.
      type: bool
      sample: true
    restart_required:
      description: Whether the AOS has still to be restarted.
      type: bool
      sample: false
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
    record:
      description: The record of the window, V(none) without one.
      type: dict
      contains:
        since:
          description: When the window began (ISO 8601, UTC).
          type: str
          sample: "2026-11-24T21:00:00Z"
        owner:
          description: Who began it.
          type: str
          sample: release.manager
        reason:
          description: Why.
          type: str
          sample: CHG0042 configuration keys
        expires:
          description: When it should be over (ISO 8601, UTC), empty where nobody said.
          type: str
          sample: "2026-11-24T23:00:00Z"
        target:
          description: Where the window leads to, V(enabled) or V(disabled).
          type: str
          sample: enabled
        phase:
          description: How far it got, V(prepared), V(set) or V(settled).
          type: str
          sample: settled
        services:
          description: The services that ran before.
          type: list
          elements: str
          sample: [W3SVC, DynamicsAxBatch]
sql_failure:
  description: Why the database did not answer, V(none) where it did or was not asked.
  type: str
  returned: success
  sample: null
template:
  description: Database, SQL Server and AOS nodes of an on-premises environment, V(none) elsewhere.
  type: dict
  returned: success
  sample: null
method:
  description: The way that O(method) comes to, V(sql), V(setup_tool), V(script), or V(managed) where Microsoft does it.
  type: str
  returned: success
  sample: sql
refusals:
  description: Why maintenance mode must not be switched on this host, with the way out; empty where it may be.
  type: list
  elements: str
  returned: success
  sample: []
amiss:
  description: Services that are not as they should be, in words.
  type: list
  elements: str
  returned: success
  sample: ["DynamicsAxBatch is stopped"]
status:
  description: The host's row for the status table.
  type: dict
  returned: success
  sample:
    system: dev01
    mode: maintenance
"""

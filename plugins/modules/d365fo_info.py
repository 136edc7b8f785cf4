# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: d365fo_info
short_description: Gather facts of a Dynamics 365 Finance + Operations machine
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Gathers, in one remote command, where Finance + Operations is installed on a Windows host, what kind of environment
    it is, which of its services are running, whether Visual Studio is open, and the configuration mode (maintenance
    mode).
  - Changes nothing and never reads a password.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.d365fo
  - quiesce.maintenance.d365fo.sql
  - quiesce.maintenance.d365fo.machine
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  services:
    description: The services to look at. A service that does not exist on the host is left out of the result.
    type: list
    elements: str
    default:
      - DynamicsAxBatch
      - MR2012ProcessService
      - Microsoft.Dynamics.AX.Framework.Tools.DMF.SSISHelperService.exe
      - W3SVC
  ask_sql:
    description: Whether to query the database with C(sqlcmd.exe) on the host.
    type: bool
    default: true
  sql_server:
    description: The default is C(DataAccess.DbServer) in C(web.config).
  sql_database:
    description: The default is C(DataAccess.Database) in C(web.config).
notes:
  - C(Infrastructure.HostName) tells the kind of environment, as in d365fo.tools. What an encrypted value in
    C(web.config) looks like is a guess; if it is wrong, set O(sql_server) and O(sql_database).
  - Not verified against a real Finance + Operations machine.
"""

EXAMPLES = r"""
- name: Gather facts of a development machine
  quiesce.maintenance.d365fo_info:
  register: host

- name: Report what is going on there
  ansible.builtin.debug:
    msg: "{{ host.environment_kind }}: configuration mode {{ host.configuration_mode.mode }}"
"""

RETURN = r"""
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
template:
  description: Database, SQL Server and AOS nodes of an on-premises environment, V(null) otherwise.
  type: dict
  returned: success
  sample: null
"""

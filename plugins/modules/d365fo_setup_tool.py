# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: d365fo_setup_tool
short_description: Set maintenance mode by Microsoft's setup tool on a Dynamics 365 VHD
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Runs C(Microsoft.Dynamics.AX.Deployment.Setup.exe) with C(--setupmode maintenancemode) on a Windows host, where the
    variable does not have the wished value yet. Exit code, text on stderr and the variable read back decide.
  - The AOS takes the value over when it starts; restart C(W3SVC) afterwards.
  - With O(state=synchronized) runs it with C(--setupmode sync --syncmode fullall), which configuration keys need after
    they were changed.
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
    support: partial
    details: O(state=synchronized) runs the tool each time.
options:
  state:
    description:
      - Whether maintenance mode is to be on; V(synchronized) synchronises the database, which may take half an hour and
        can drop columns.
    type: str
    choices: [enabled, disabled, synchronized]
    required: true
  setup_tool:
    description:
      - The tool. By default looked for in C(bin) below the web root and below the packages directory.
    type: str
  web_root:
    description: The AOS web root, where it does not lie where it usually does.
    type: str
  packages_directory:
    description:
      - The packages directory, for C(--metadatadir) and C(--bindir). By default beside the web root, else what
        C(web.config) says.
    type: str
  arguments:
    description:
      - Parameters of the tool by name, without dashes. They replace or follow those that the module gives
        (C(metadatadir), C(bindir), C(sqlserver), C(sqldatabase), C(sqluser), C(sqlpwd)); an empty value takes one away.
    type: dict
    default: {}
  timeout:
    description: Seconds after which the tool is given up and ended.
    type: int
    default: 900
  configuration_mode:
    description:
      - What M(quiesce.maintenance.d365fo_configuration_mode_info) returned, where the database can't be asked from the
        host. Whether the variable was set is then to be read back with that module.
    type: dict
  sql_server:
    description: Default is what C(web.config) says (C(DataAccess.DbServer)). The tool gets it, too (C(--sqlserver)).
  sql_database:
    description: Default is what C(web.config) says (C(DataAccess.Database)). The tool gets it, too (C(--sqldatabase)).
  sql_login_user:
    description:
      - SQL login, for the tool (C(--sqluser)) and for reading the variable. The tool has no integrated login.
notes:
  - The password stands on the tool's own command line, where other administrators of the host can see it while the
    tool runs. The tool wants it so. It is on no other command line, in no result and in no log of this collection.
  - The output of the tool and its exit codes are not published. Not verified against the real tool.
"""

EXAMPLES = r"""
- name: Have the setup tool turn maintenance mode on
  quiesce.maintenance.d365fo_setup_tool:
    state: enabled
    sql_login_user: axdbadmin
    sql_login_password: "{{ vault_axdbadmin_password }}"

- name: Have the AOS take it over
  quiesce.maintenance.d365fo_services:
    names: [W3SVC]
    state: restarted

- name: Synchronise the database after configuration keys were changed
  quiesce.maintenance.d365fo_setup_tool:
    state: synchronized
    timeout: 7200
    sql_login_user: axdbadmin
    sql_login_password: "{{ vault_axdbadmin_password }}"
"""

RETURN = r"""
mode_before:
  description: The mode before, V(enabled), V(disabled) or V(missing).
  type: str
  returned: success, unless O(state=synchronized)
  sample: disabled
mode_after:
  description: The mode after, read back (in check mode the planned one).
  type: str
  returned: success, unless O(state=synchronized)
  sample: enabled
output:
  description: The end of what the tool printed, without the password.
  type: str
  returned: when the tool ran
  sample: Setup mode maintenancemode completed.
rc:
  description: Exit code of the tool.
  type: int
  returned: when the tool failed
  sample: -532462766
"""

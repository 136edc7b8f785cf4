# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: d365fo_configuration_mode
short_description: Set the variable CONFIGURATIONMODE in the database
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Sets the variable CONFIGURATIONMODE in the table SQLSYSTEMVARIABLES of the AXDB if it differs and nobody has changed
    it since it was read, and reads it back.
  - The AOS reads the value when it starts; restart C(W3SVC) afterwards.
  - For playbooks that chain the steps themselves. It keeps no record, and refuses to work while
    M(quiesce.maintenance.d365fo_maintenance_mode) is in use on the system.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.d365fo
  - quiesce.maintenance.d365fo.sql
  - quiesce.maintenance.d365fo.odbc
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  state:
    description: Whether maintenance mode is on in the database.
    type: str
    choices: [enabled, disabled]
    required: true
  create_missing:
    description: Whether to insert a missing row CONFIGURATIONMODE, in the way Microsoft's own scripts insert such rows.
    type: bool
    default: false
  sql_server:
    description: The default is V(.) with O(via=sqlcmd). Required with O(via=odbc).
  sql_database:
    description: Name of the AXDB database. The default is V(AXDB).
notes:
  - Type and length of the column VALUE are not published; it is read tolerantly.
  - Not verified against a real AXDB.
"""

EXAMPLES = r"""
- name: Set maintenance mode in the database
  quiesce.maintenance.d365fo_configuration_mode:
    state: enabled

- name: Set it from the controller
  quiesce.maintenance.d365fo_configuration_mode:
    state: enabled
    via: odbc
    sql_server: dev01.example.com
    sql_login_user: axdbadmin
    sql_login_password: "{{ vault_axdbadmin_password }}"
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
sql_error:
  description: SQL Server's error number.
  type: int
  returned: when SQL Server refused
  sample: 229
"""

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: d365fo_configuration_mode_info
short_description: Read the SQL variable CONFIGURATIONMODE of Dynamics 365 Finance + Operations
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Reads maintenance mode from the AXDB database, the variable C(CONFIGURATIONMODE) in C(SQLSYSTEMVARIABLES), and the
    record beside it, in one round trip. Changes nothing.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
  - quiesce.maintenance.attributes.windows
  - quiesce.maintenance.sql
  - quiesce.maintenance.sql.odbc
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: windows, posix
    details: With O(via=odbc) the task runs on any host with Python and pyodbc.
notes:
  - The type of the column C(VALUE) and what an AOS does with a missing row are not published; the value is read
    tolerantly and a missing row refused.
  - Not verified against a real AXDB.
"""

EXAMPLES = r"""
- name: Read the configuration mode from the controller
  quiesce.maintenance.d365fo_configuration_mode_info:
    via: odbc
    sql_server: sql01.example.com
    sql_login_user: axdbadmin
    sql_login_password: "{{ vault_axdbadmin_password }}"
  delegate_to: localhost
  register: database

- name: Say who turned it on
  ansible.builtin.debug:
    msg: "{{ database.configuration_mode.mode }} by {{ database.configuration_mode.record.owner | default('nobody') }}"
"""

RETURN = r"""
configuration_mode:
  description: Variable and record.
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
sql_error:
  description: SQL Server's error number.
  type: int
  returned: when SQL Server refused
  sample: 18456
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._arguments import (
    database_arguments,
    host_arguments,
    odbc_options,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._odbc import connect
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._tasks import look
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure


def argument_spec() -> dict[str, Any]:
    """Return the options."""
    return {**database_arguments(), **host_arguments()}


def main() -> None:
    """Reach the database by ODBC; the action plugin of the same name does the rest."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        with connect(odbc_options(module.params)) as sql:
            result = look(sql)
    except Failure as failure:
        module.fail_json(msg=str(failure), **failure.details)
    module.exit_json(**result)


if __name__ == "__main__":
    main()

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: d365fo_configuration_mode
short_description: Set the SQL variable CONFIGURATIONMODE of Dynamics 365 Finance + Operations
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Sets maintenance mode in the AXDB database, the variable C(CONFIGURATIONMODE) in C(SQLSYSTEMVARIABLES), together
    with a record of who, why, until when and which services ran before, in one transaction, and reads both back.
  - The AOS takes the variable over when it starts. The module returns whether it has to be restarted; the record
    remembers it until a task with O(phase=settled) says that it was.
  - A variable that is already set without a record was set by somebody else. It is reported and left as it is by
    O(state=enabled), and turned off by O(state=disabled) all the same.
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
    support: full
  idempotent:
    support: full
  platform:
    platforms: windows, posix
    details: With O(via=odbc) the task runs on any host with Python and pyodbc.
options:
  state:
    description: Whether maintenance mode is to be on.
    type: str
    choices: [enabled, disabled]
    required: true
  phase:
    description:
      - V(prepared) writes the record only, before anything else is touched.
      - V(set) writes the variable and the record.
      - V(settled) says that the AOS has been restarted and runs with the value. The record of an enabled system is
        marked as in effect, that of a disabled one is removed.
    type: str
    choices: [prepared, set, settled]
    default: set
  owner:
    description: Who begins the window. A window that is open keeps its owner.
    type: str
  reason:
    description: Why. Changes the record of an open window where it differs.
    type: str
  expires:
    description:
      - When the window should be over, a time with zone like V(2026-11-24T23:00:00+01:00) or a duration from its
        beginning like V(2h). Nothing turns maintenance mode off by itself then; the status says that it is overdue.
    type: str
  services:
    description:
      - Names of the services that run now. They are added to those that the record of an open window holds.
    type: list
    elements: str
    default: []
  create_missing:
    description: Whether a missing row is inserted, as Microsoft's own scripts do with other variables.
    type: bool
    default: false
notes:
  - The type of the column C(VALUE) and what an AOS does with a missing row are not published; the value is read
    tolerantly and a missing row refused.
  - Not verified against a real AXDB.
"""

EXAMPLES = r"""
- name: Set maintenance mode in the database, from the host itself
  quiesce.maintenance.d365fo_configuration_mode:
    state: enabled
    reason: CHG0042 configuration keys
    expires: 2h
  register: mode

- name: Have the AOS take it over
  quiesce.maintenance.d365fo_services:
    names: [W3SVC]
    state: restarted
  when: mode.restart_required

- name: Set it from the controller, with a SQL login
  quiesce.maintenance.d365fo_configuration_mode:
    state: enabled
    via: odbc
    sql_server: sql01.example.com
    sql_login_user: axdbadmin
    sql_login_password: "{{ vault_axdbadmin_password }}"
  delegate_to: localhost
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
managed_before:
  description: Whether there was a record before; V(false) with RV(mode_before=enabled) means set by somebody else.
  type: bool
  returned: success
  sample: false
restart_required:
  description: Whether the AOS has still to take the value over.
  type: bool
  returned: success
  sample: true
record:
  description: The record after, V(none) where there is none.
  type: dict
  returned: success
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
configuration_mode:
  description: Variable and record after.
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
  sample: 229
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._arguments import host_arguments, odbc_options
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._odbc import connect
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._tasks import (
    change,
    change_arguments,
    wish_of,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure


def argument_spec() -> dict[str, Any]:
    """Return the options."""
    return {**change_arguments(), **host_arguments()}


def main() -> None:
    """Reach the database by ODBC; the action plugin of the same name does the rest."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        wish_of(module.params)  # refuses bad input before a connection is made
        with connect(odbc_options(module.params)) as sql:
            result = change(sql, module.params, check_mode=module.check_mode)
    except Failure as failure:
        module.fail_json(msg=str(failure), **failure.details)
    module.exit_json(**result)


if __name__ == "__main__":
    main()

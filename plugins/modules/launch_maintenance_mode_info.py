#!/usr/bin/python
# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: launch_maintenance_mode_info
short_description: Tell whether the maintenance mode of an HCL Launch server is on
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Tells whether maintenance mode is on, by which setting, and the version of the server.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.rest
  - quiesce.maintenance.launch
  - quiesce.maintenance.launch.field
attributes:
  check_mode:
    support: full
    details: Only reads.
  diff_mode:
    support: none
    details: Changes nothing.
  idempotent:
    support: full
  platform:
    platforms: all
    support: full
    details: The server may run on anything; the task runs where Python reaches it.
seealso:
  - module: quiesce.maintenance.launch_maintenance_mode
  - module: quiesce.maintenance.launch_activity_info
"""

EXAMPLES = r"""
- name: Ask for the maintenance mode
  quiesce.maintenance.launch_maintenance_mode_info:
    url: https://launch.example.com:8443
    username: admin
    password: "{{ launch_password }}"
    ca_path: /etc/ssl/launch.pem
  register: launch
"""

RETURN = r"""
field:
  description: Name of the setting that is the maintenance mode on this server.
  returned: success
  type: str
  sample: maintenanceModeEnabled
maintenance_mode:
  description: Whether maintenance mode is on.
  returned: success
  type: bool
  sample: false
version:
  description: Version of the server as its start page shows it; null where it does not.
  returned: success
  type: str
  sample: 8.0.1.3
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._options import MODE_INFO, MUTUALLY_EXCLUSIVE
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._tasks import mode_info


def argument_spec() -> dict[str, Any]:
    """Return the options."""
    return dict(MODE_INFO)


def main() -> None:
    """Ask and return."""
    module = AnsibleModule(argument_spec(), mutually_exclusive=MUTUALLY_EXCLUSIVE, supports_check_mode=True)
    try:
        module.exit_json(**mode_info(module.params))
    except Failure as failure:
        module.fail_json(msg=str(failure), **failure.details)


if __name__ == "__main__":
    main()

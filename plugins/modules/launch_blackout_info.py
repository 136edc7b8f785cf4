#!/usr/bin/python
# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: launch_blackout_info
short_description: List the maintenance blackouts of an HCL Launch server
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Lists the maintenance blackouts (version 7.2.1 and later), and tells whether one is in effect.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.rest
  - quiesce.maintenance.launch
  - quiesce.maintenance.launch.blackout
options:
  range_start:
    description:
      - List only what lies between this and O(range_end), each occurrence of a recurring blackout by itself.
      - ISO 8601 with a time zone, V(now), or a duration from now.
    type: str
  range_end:
    description:
      - End of the range, as ISO 8601 with a time zone or a duration from O(range_start).
      - The server takes the two together only.
    type: str
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
  - module: quiesce.maintenance.launch_blackout
"""

EXAMPLES = r"""
- name: What is announced for the next two weeks
  quiesce.maintenance.launch_blackout_info:
    url: https://launch.example.com:8443
    token: "{{ launch_token }}"
    ca_path: /etc/ssl/launch.pem
    range_start: now
    range_end: 14d
  register: announced
"""

RETURN = r"""
blackouts:
  description: The blackouts, the earliest first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id of the blackout.
      type: str
      sample: 0b2f4e67-6f0d-4d0f-9d8e-3a1f0b9c7e55
    name:
      description: Its name.
      type: str
      sample: Upgrade to 8.1
    start:
      description: When it begins.
      type: str
      sample: "2026-11-24T22:00:00Z"
    end:
      description: When it ends.
      type: str
      sample: "2026-11-25T02:00:00Z"
    recurrence:
      description: How it recurs, C(daily), C(weekly), C(monthly), or null.
      type: str
      sample: null
    synthetic:
      description: Whether it is one occurrence of a recurring blackout.
      type: bool
      sample: false
    in_effect:
      description: Whether it is in effect now.
      type: bool
      sample: false
in_effect:
  description: Whether one of them is in effect now.
  returned: success
  type: bool
  sample: false
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, spoken
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._options import (
    BLACKOUT_INFO,
    MUTUALLY_EXCLUSIVE,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._tasks import blackout_info


def argument_spec() -> dict[str, Any]:
    """Return the options."""
    return dict(BLACKOUT_INFO)


def main() -> None:
    """Ask and return."""
    module = AnsibleModule(
        argument_spec(),
        mutually_exclusive=MUTUALLY_EXCLUSIVE,
        required_together=[("range_start", "range_end")],
        supports_check_mode=True,
    )
    try:
        module.exit_json(**blackout_info(module.params))
    except Failure as failure:
        module.fail_json(msg=spoken(str(failure)), **failure.details)


if __name__ == "__main__":
    main()

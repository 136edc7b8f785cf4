#!/usr/bin/python
# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: launch_blackout
short_description: Create, change and cancel maintenance blackouts of an HCL Launch server
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - A maintenance blackout announces a period in which the server is down, and lets nothing start in it.
  - Blackouts exist in version 7.2.1 and later, their names and recurrences in version 8.1.1 and later.
  - A blackout is recognised by O(id), else by O(name), else by its period (O(start) and O(end), to the minute). With
    O(start=now) the one that is in effect is meant.
  - Dates are sent as milliseconds since 1970, so the server's time zone does not matter.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.rest
  - quiesce.maintenance.launch
  - quiesce.maintenance.launch.blackout
options:
  state:
    description:
      - V(present) creates or changes a blackout, V(absent) cancels it, before or while it is in effect.
    type: str
    choices: [present, absent]
    default: present
  id:
    description:
      - Id of an existing blackout, to change or cancel it.
    type: str
  start:
    description:
      - Begin of the blackout as ISO 8601 with a time zone, V(now), or a duration from now like V(2h).
    type: str
  end:
    description:
      - End of the blackout as ISO 8601 with a time zone, or a duration from its begin like V(4h).
    type: str
  name:
    description:
      - Name of the blackout.
    type: str
  recurrence:
    description:
      - How the blackout recurs. It can't be changed afterwards.
    type: str
    choices: [daily, weekly, monthly]
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - Where the blackout is as wished, nothing is written.
      - A O(start) that is a duration from now names another period each time, so give a O(name) or O(id) with it.
  platform:
    platforms: all
    support: full
    details: The server may run on anything; the task runs where Python reaches it.
notes:
  - Whether a blackout may begin at the running minute (O(start=now)) is not documented.
  - The server's list is read without a range, in the belief that this lists every blackout.
  - Overlaps with the later occurrences of a recurring blackout are found by the server, not before.
seealso:
  - module: quiesce.maintenance.launch_blackout_info
  - module: quiesce.maintenance.launch_maintenance_mode
"""

EXAMPLES = r"""
- name: Announce the upgrade
  quiesce.maintenance.launch_blackout:
    url: https://launch.example.com:8443
    token: "{{ launch_token }}"
    ca_path: /etc/ssl/launch.pem
    start: "2036-11-24T22:00:00+01:00"
    end: 4h

- name: Cancel it
  quiesce.maintenance.launch_blackout:
    url: https://launch.example.com:8443
    token: "{{ launch_token }}"
    ca_path: /etc/ssl/launch.pem
    state: absent
    start: "2036-11-24T22:00:00+01:00"

- name: Each Sunday night, by name (8.1.1 and later)
  quiesce.maintenance.launch_blackout:
    url: https://launch.example.com:8443
    token: "{{ launch_token }}"
    ca_path: /etc/ssl/launch.pem
    name: Backup
    start: "2036-11-30T23:00:00Z"
    end: 2h
    recurrence: weekly
"""

RETURN = r"""
blackout:
  description: The blackout after the task (in check mode, what would be sent), null when it was cancelled.
  returned: success
  type: dict
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
      description: Whether it is one occurrence of a recurring blackout. Not in check mode.
      type: bool
      sample: false
    in_effect:
      description: Whether it is in effect now. Not in check mode.
      type: bool
      sample: false
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, spoken
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._options import BLACKOUT, MUTUALLY_EXCLUSIVE
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._tasks import set_blackout


def argument_spec() -> dict[str, Any]:
    """Return the options."""
    return dict(BLACKOUT)


def main() -> None:
    """Bring the blackout to the wished state."""
    module = AnsibleModule(
        argument_spec(),
        mutually_exclusive=MUTUALLY_EXCLUSIVE,
        required_one_of=[("id", "name", "start")],
        supports_check_mode=True,
    )
    try:
        module.exit_json(**set_blackout(module.params, check_mode=module.check_mode))
    except Failure as failure:
        module.fail_json(msg=spoken(str(failure)), **failure.details)


if __name__ == "__main__":
    main()

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
  - Lists the maintenance blackouts (version 7.2.1 and later), and tells whether one is on.
  - Without a range, each blackout is listed once, a recurring one with its next event.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.rest
  - quiesce.maintenance.launch
  - quiesce.maintenance.launch.blackout
options:
  range_start:
    description:
      - List only the events that overlap the range from this to O(range_end), each event of a recurring blackout by
        itself.
      - ISO 8601 with a time zone (an offset, V(Z), or a name as in V(2036-11-24T22:00 Europe/Berlin)), V(now), or a
        duration from now.
    type: str
  range_end:
    description:
      - End of the range, written like O(range_start), or a duration from it.
      - Required together with O(range_start).
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
notes:
  - The server's own list of a range holds what starts or ends in it. What spans the range is found as well, since the
    module asks for more and leaves out what does not overlap.
  - The vendor's documentation does not show an entry of the list. The names of its fields for dates and series are
    guesses; see O(start_key), O(end_key) and O(series_key).
seealso:
  - module: quiesce.maintenance.launch_blackout
"""

EXAMPLES = r"""
- name: List the shutdowns of the next two weeks
  quiesce.maintenance.launch_blackout_info:
    url: https://launch.example.com:8443
    token: "{{ launch_token }}"
    ca_path: /etc/ssl/launch.pem
    range_start: now
    range_end: 14d
  register: planned
"""

RETURN = r"""
blackouts:
  description: The blackouts, the earliest first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id of the blackout; of a recurring one, of this event.
      type: str
      sample: 0b2f4e67-6f0d-4d0f-9d8e-3a1f0b9c7e55
    series:
      description: Id of the series of a recurring blackout, null for others.
      type: str
      sample: null
    name:
      description: Its name.
      type: str
      sample: Upgrade to 8.1
    start:
      description: When it begins.
      type: str
      sample: "2026-11-24T22:00:00Z"
    end:
      description: Its Estimated End Date.
      type: str
      sample: "2026-11-25T02:00:00Z"
    recurrence:
      description: How it recurs, C(daily), C(weekly), C(monthly), or null.
      type: str
      sample: null
    synthetic:
      description: Whether it is a later event of a recurring blackout.
      type: bool
      sample: false
    in_effect:
      description: Whether it is on now. Without a range, for a recurring blackout, whether any of its events is.
      type: bool
      sample: false
in_effect:
  description: Whether one of the listed blackouts is on now.
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

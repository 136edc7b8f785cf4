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
  - Creates, changes and cancels maintenance blackouts. A blackout plans a full shutdown of the server for a period;
    nothing starts while it is on.
  - B(The vendor says that a blackout takes the server's database offline for its period.) Plan one only if the server
    may be down. To stop new processes for a while, use M(quiesce.maintenance.launch_maintenance_mode) alone.
  - Blackouts exist in version 7.2.1 and later, their names and recurrences in version 8.1.1 and later.
  - A blackout is recognised by O(id), else by O(name), else by its period (O(start) and O(end), to the minute). With
    O(start=now) the one that is on is meant.
  - A recurring blackout is a series of events. The server calls the next one real and the later ones synthetic. A
    task that names the first event of a series finds the series again when that event is over.
  - Dates are sent as milliseconds since 1970, so the server's time zone does not matter.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.rest
  - quiesce.maintenance.launch
  - quiesce.maintenance.launch.blackout
options:
  state:
    description:
      - V(present) creates or changes a blackout, V(absent) cancels it, before or while it is on.
      - A change of a recurring blackout changes its next event and, with it, the start and duration of all that follow.
    type: str
    choices: [present, absent]
    default: present
  occurrence:
    description:
      - What to cancel of a recurring blackout with O(state=absent). Required for a recurring blackout, ignored for
        others.
      - V(one) cancels one event. Name it with its O(start) (beside O(name), or the O(id) of the series), or with its
        own O(id). The events before and after it stay.
      - V(series) cancels the whole series.
    type: str
    choices: [one, series]
  id:
    description:
      - Id of an existing blackout, to change or cancel it. For a recurring one, the id of an event or of the series.
        The id of the series stays the same when events pass.
    type: str
  start:
    description:
      - Start Date of the blackout as ISO 8601 with a time zone, V(now), or a duration from now like V(2h).
      - The time zone is an offset (V(2036-11-24T22:00:00+01:00)), V(Z), or a name after a space
        (V(2036-11-24T22:00 Europe/Berlin)). Names require a time zone database on the host that runs the module (the
        system package or the Python package C(tzdata)).
      - For a recurring blackout, the start of its first event.
    type: str
  end:
    description:
      - Estimated End Date of the blackout, written like O(start), or a duration from its start like V(4h).
    type: str
  name:
    description:
      - Name of the blackout.
      - The vendor says that a new name of a recurring blackout holds for its next event only.
    type: str
  recurrence:
    description:
      - How the blackout recurs. It cannot be changed afterwards.
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
      - If the blackout is as required, nothing is written.
      - A O(start) that is V(now) or a duration names another period each time, so use a O(name) or O(id) with it.
  platform:
    platforms: all
    support: full
    details: The server may run on anything; the task runs where Python reaches it.
notes:
  - A failure after a write has C(changed=true), and its message says what has become of the write.
  - The vendor does not document what the server answers while a blackout has taken its database offline. If it does
    not answer, a blackout cannot be cancelled, and maintenance mode cannot be turned off, before the blackout ends.
  - The vendor's documentation does not show an entry of the list of blackouts. The names of its fields for dates and
    series are guesses; see O(start_key), O(end_key) and O(series_key).
  - It is a guess that the list without a range holds the next event of each series as a real one, that it shows the
    recurrence of a series, and that a cancelled event is no longer listed.
  - It is a guess that a series recurs by UTC, as the vendor says of scheduled deployments, so that its events move by
    an hour for people when summer time begins or ends, and that a monthly event of the 31st falls on the last day of
    a shorter month.
  - From 8.1.1 on, the vendor's web page asks for maintenance mode to be on before a recurring blackout is created or a
    blackout is changed. Whether REST asks for it, too, is not documented.
  - Whether a blackout may begin at the running minute (O(start=now)) is not documented.
  - The module looks for events 32 days around now and around the wished period. Overlaps with events further away are
    found by the server.
seealso:
  - module: quiesce.maintenance.launch_blackout_info
  - module: quiesce.maintenance.launch_maintenance_mode
"""

EXAMPLES = r"""
- name: Plan the shutdown for the upgrade
  quiesce.maintenance.launch_blackout:
    url: https://launch.example.com:8443
    token: "{{ launch_token }}"
    ca_path: /etc/ssl/launch.pem
    start: "2036-11-24T22:00 Europe/Berlin"
    end: 4h

- name: Cancel it
  quiesce.maintenance.launch_blackout:
    url: https://launch.example.com:8443
    token: "{{ launch_token }}"
    ca_path: /etc/ssl/launch.pem
    state: absent
    start: "2036-11-24T22:00 Europe/Berlin"

- name: Plan a shutdown for the backup on each Sunday night (8.1.1 and later)
  quiesce.maintenance.launch_blackout:
    url: https://launch.example.com:8443
    token: "{{ launch_token }}"
    ca_path: /etc/ssl/launch.pem
    name: Backup
    start: "2036-11-30T23:00:00Z"
    end: 2h
    recurrence: weekly

- name: Cancel the backup of the Sunday before Christmas, and no other
  quiesce.maintenance.launch_blackout:
    url: https://launch.example.com:8443
    token: "{{ launch_token }}"
    ca_path: /etc/ssl/launch.pem
    state: absent
    name: Backup
    start: "2036-12-21T23:00:00Z"
    occurrence: one

- name: Cancel the whole series
  quiesce.maintenance.launch_blackout:
    url: https://launch.example.com:8443
    token: "{{ launch_token }}"
    ca_path: /etc/ssl/launch.pem
    state: absent
    name: Backup
    occurrence: series
"""

RETURN = r"""
blackout:
  description:
    - The blackout after the task (in check mode, what would be sent), null if it was cancelled or there is none.
  returned: success
  type: dict
  contains:
    id:
      description: Id of the blackout; of a recurring one, of its next event. Not in check mode.
      type: str
      sample: 0b2f4e67-6f0d-4d0f-9d8e-3a1f0b9c7e55
    series:
      description: Id of the series of a recurring blackout, null for others. Not in check mode.
      type: str
      sample: null
    name:
      description: Its name.
      type: str
      sample: Upgrade to 8.1
    start:
      description: When it begins; of a recurring one, when its next event begins.
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
      description: Whether it is a later event of a recurring blackout. Not in check mode.
      type: bool
      sample: false
    in_effect:
      description: Whether it is on now; of a recurring one, whether any of its events is. Not in check mode.
      type: bool
      sample: false
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, spoken
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._options import (
    BLACKOUT,
    MUTUALLY_EXCLUSIVE,
)
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

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: change_window
short_description: Record the steps of a change window
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Records what happens to a change window, for the role P(quiesce.maintenance.window#role) and the playbook
    C(quiesce.maintenance.window), which put systems into maintenance mode, do the work, and take them out again.
  - The window is written into the file C(windows.json) of O(store_path) before anything is switched, with a lease that
    a process on the controller renews as long as C(ansible-playbook) lives. So other runs know whether the work still
    goes on, and something else can close the window if the run is killed.
  - Every option can be given by a variable with the prefix C(window_), and O(window), O(owner), O(reason), O(ticket),
    O(expires), O(store_host) and O(store_path) by one with C(quiesce_), which the modules that switch the systems read,
    too.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
attributes:
  check_mode:
    support: full
    details: Asks the calendars and reads the file, and writes nothing.
  diff_mode:
    support: none
    details: What it writes is about runs, not about systems.
  idempotent:
    support: none
    details: Each step happens once.
  platform:
    platforms: posix
    support: full
    details: Runs on the controller.
options:
  state:
    description:
      - The step. V(opened) asks the calendars and writes the window down. V(cancelled) takes back a window for which
        nothing was switched, and fails. V(ready) tells whether every system is in maintenance mode, so that the work
        can begin. V(worked) tells what the work came to. V(closed) takes the window out of the file if it is closed on
        every system, and fails if anything failed before. V(swept) does that for the windows that
        M(quiesce.maintenance.change_window_info) found to be over, and fails while something is overdue. V(extended)
        gives a window a later end in the file, and tells on which systems it is open.
    type: str
    choices: [opened, cancelled, ready, worked, closed, swept, extended]
    required: true
  window:
    description:
      - Name of the window, like the number of the change. V(default), which plain C(enable) and C(disable) use, is
        refused.
    type: str
    default: default
  owner:
    description: Who opens the window. The default is the user of AWX, or the one on the controller.
    type: str
  reason:
    description: Why.
    type: str
  ticket:
    description: Number of a change or an incident.
    type: str
  expires:
    description:
      - When the window has to be over, as a time from its opening (V(2h)) or as a moment (V(2026-12-05T22:00+01:00)).
        Required to open one.
    type: str
  calendars:
    description:
      - Calendars of the times in which changes are allowed, see
        O(quiesce.maintenance.change_allowed_info#module:window_calendars).
    type: raw
  freeze_calendars:
    description:
      - Calendars of the times in which they are not, see
        O(quiesce.maintenance.change_allowed_info#module:freeze_calendars).
    type: raw
  timezone:
    description: Time zone of events without one.
    type: str
  override:
    description: Reason why the window opens although the calendars refuse it. It is recorded.
    type: str
  extend:
    description: By how much the window is extended, like V(1h), from its end or, if that has passed, from now.
    type: str
  ca_path:
    description: PEM file of the certificate authorities to trust for calendars.
    type: path
  evidence:
    description:
      - Folder, on the host of O(store_host), for a file of JSON lines with everything that happened to the window, each
        with the SHA-256 of the line before it. If it is not given, there is no such file.
    type: str
  store_host:
    description: Host of the inventory that keeps the files. The default is the controller.
    type: str
  store_path:
    description: Folder of the files, see O(quiesce.maintenance.launch_maintenance_mode#module:store_path).
    type: str
  busy_timeout:
    description: How long to wait for another run that holds the window.
    type: str
    default: 4m
  take_over:
    description: Whether to take the window from another run at once. Only for a run that is known to be dead.
    type: bool
    default: false
notes:
  - Which systems there are, and what became of them, is taken from what the plays of the playbook registered.
seealso:
  - module: quiesce.maintenance.change_allowed_info
  - name: Change windows
    description: How the playbook works, and what to do if it could not.
    link: https://github.com/quiesce/quiesce.maintenance/blob/main/docs/change-window.md
"""

EXAMPLES = r"""
- name: Open the window
  hosts: "{{ lookup('quiesce.maintenance.systems', 'controller') }}"
  gather_facts: false
  tasks:
    - name: Write the window down
      quiesce.maintenance.change_window:
        state: opened
        window: CHG0042
        reason: Update to 10.0.43
        expires: 2h
      register: window_run
"""

RETURN = r"""
run:
  description: Identifies the run of the window.
  type: str
  returned: when the window was opened
  sample: 5f1d7a84
window:
  description: The window, with C(run), C(continued) (a run before was cut off) and C(override).
  type: dict
  returned: when the window was opened
  sample:
    id: CHG0042
    owner: mary
    reason: Update to 10.0.43
    ticket: ""
    opened: "2026-11-24T21:00:00Z"
    expires: "2026-11-24T23:00:00Z"
    run: 5f1d7a84
    continued: false
    override: ""
files:
  description: The paths of the task files, each empty if there is none.
  type: dict
  returned: when the window was opened
  sample:
    before_open: ""
    opened: ""
    work_failed: ""
    closed: ""
work:
  description: What the work is (V(tasks), V(role), V(playbook) or V(person)), and its name.
  type: dict
  returned: when the window was opened
  sample:
    kind: tasks
    name: /etc/quiesce/update.yml
hosts:
  description: The hosts that do the work.
  type: list
  elements: str
  returned: when the window was opened
  sample: [dev01]
systems:
  description: The hosts of the window.
  type: list
  elements: str
  returned: when the window was opened
  sample: [dev01]
complete:
  description: Whether every system is in maintenance mode.
  type: bool
  returned: with O(state=ready)
  sample: true
messages:
  description: What failed, and what to do, by host.
  type: dict
  returned: with O(state=ready) and O(state=worked)
  sample: {}
only:
  description: The name of the window, by each host and system on which it is open.
  type: dict
  returned: with O(state=extended)
  sample:
    launch01:
      launch: [CHG0042]
expires:
  description: The new end (ISO 8601, UTC).
  type: str
  returned: with O(state=extended)
  sample: "2026-11-25T00:00:00Z"
untouched:
  description: The systems, by host, that were not switched.
  type: dict
  returned: with O(state=ready)
  sample: {}
took:
  description: How long the switches took that changed something, by system.
  type: dict
  returned: with O(state=ready)
  sample:
    d365fo dev01:
      seconds: 312.4
      steps: {}
"""

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: launch_maintenance_mode
short_description: Turn the maintenance mode of an HCL Launch server on or off, and wait until nothing runs
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Turns the maintenance mode of HCL Launch (HCL DevOps Deploy, IBM UrbanCode Deploy, IBM DevOps Deploy) on or off.
    While it is on, the server starts no new process, scheduled deployment, version import or approval; a request for
    one ends as "Could Not Start".
  - Processes that began before go on, their sub-processes and manual tasks, too. The vendor warns not to restart the
    server before they have ended, which O(drain) waits for.
  - Writes the one setting that is the maintenance mode and no other, reads it back, and fails if the server ignored it.
  - The mode is on while a window is open. Opening a window that is open extends or changes it. Closing one of several
    leaves the mode on and says for whom. Who opened them, why and until when is kept in a file (O(store_host)), since
    the server has no place for it.
  - A mode that somebody else turned on has no record. V(enabled) leaves it as it is, and V(disabled) turns it off
    unless a O(window) is named.
  - A run that was cut off anywhere is finished by the next one, in either direction. Two runs that switch the same
    server do not get in each other's way. The second waits for the first, or is refused with its name.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
  - quiesce.maintenance.rest
  - quiesce.maintenance.launch
  - quiesce.maintenance.launch.field
  - quiesce.maintenance.launch.activity
  - quiesce.maintenance.window
  - quiesce.maintenance.window.store
options:
  state:
    description:
      - Whether to open the window or to close it. Maintenance mode goes off with the last one.
      - With V(disabled), the task waits up to O(retry_timeout) for a server that cannot be reached yet, since it has
        probably just been restarted.
    type: str
    choices: [enabled, disabled]
    required: true
  write_path:
    description:
      - Path below O(url) where the setting is written with C(PUT), and nothing in the request but this setting.
    type: str
    default: /cli/systemConfiguration
  drain:
    description:
      - With O(state=enabled), wait until no process runs, with a line of progress at each look. How many run, which,
        since when, who started them, and which of them wait for a person to answer a manual task.
      - In check mode the task looks once and does not wait.
    type: bool
    default: true
  drain_timeout:
    description:
      - How long to wait for the processes, like V(30m) or V(2h). A number alone is seconds.
    type: str
    default: 30m
  drain_interval:
    description:
      - How often to look.
    type: str
    default: 10s
  on_undrained:
    description:
      - What to do if processes still run at the limit.
      - V(fail) fails and leaves maintenance mode on, so that running the task again goes on waiting.
      - V(continue) goes on with a warning.
      - V(rollback) closes the window again if this task opened it, which turns maintenance mode off unless another one
        is open, then fails.
      - An error during the drain (the server no longer answers, or does not list what runs) fails the task with every
        choice. V(rollback) turns maintenance mode off then, too; with the others it stays on. The message says which.
    type: str
    choices: [fail, continue, rollback]
    default: fail
attributes:
  check_mode:
    support: full
    details: With O(drain=true) looks once at what runs and does not wait.
  diff_mode:
    support: full
  idempotent:
    support: full
    details: If the mode is as required, one request asks and nothing is written.
  platform:
    platforms: all
    support: full
    details: The server is asked from the controller, whatever host the task is for.
notes:
  - A failure after a write has C(changed=true), and its message says whether maintenance mode is now on.
  - Maintenance mode has no end of its own. It stays on until a task with O(state=disabled), or a person on the web
    page, turns it off; past O(expires) the status says that it is overdue.
  - The fields that name the component, resource and agent of a process are known from one published client only.
  - Versions 6.2.4 to 7.0.2 have no maintenance mode; the task says so and fails.
  - That an empty list of processes means that nothing runs is an inference, not documented.
  - Users with an additional permission (8.0.1 and later) may start processes in maintenance mode; O(drain) waits for
    these, too.
seealso:
  - module: quiesce.maintenance.launch_maintenance_mode_info
  - module: quiesce.maintenance.launch_activity_info
  - module: quiesce.maintenance.launch_blackout
"""

EXAMPLES = r"""
- name: Before the upgrade, stop new processes and wait for the running ones
  quiesce.maintenance.launch_maintenance_mode:
    url: https://launch.example.com:8443
    token: "{{ launch_token }}"
    ca_path: /etc/ssl/launch.pem
    state: enabled
    drain: true
    drain_timeout: 45m
    sees_all_activity: true
    window: CHG0042
    reason: Upgrade to 8.1.1
    expires: 4h

- name: After the restart, let processes start again
  quiesce.maintenance.launch_maintenance_mode:
    url: https://launch.example.com:8443
    token: "{{ launch_token }}"
    ca_path: /etc/ssl/launch.pem
    state: disabled
    window: CHG0042
    retry_timeout: 10m
"""

RETURN = r"""
field:
  description: Name of the setting that is the maintenance mode on this server.
  returned: success
  type: str
  sample: maintenanceModeEnabled
maintenance_mode:
  description:
    - Whether maintenance mode is on after the task (in check mode, would be).
    - Null if the task failed and the server does not say it.
  returned: success, and if the task failed after it wrote or while it waited
  type: bool
  sample: true
status:
  description:
    - The server's row for M(quiesce.maintenance.systems_report), as the role C(launch) leaves it in the fact
      C(launch_status).
  returned: success
  type: dict
  sample:
    system: launch01
    kind: Launch
    host: ""
    mode: maintenance
    verified: true
    managed: true
    since: "2026-11-24T21:58:00Z"
    owner: mary
    reason: Upgrade to 8.1.1
    expires: "2026-11-25T01:58:00Z"
    overdue: false
    windows:
      - id: CHG0042
        owner: mary
        reason: Upgrade to 8.1.1
        ticket: ""
        opened: "2026-11-24T21:58:00Z"
        expires: "2026-11-25T01:58:00Z"
    notes: ["open window: CHG0042 (mary, Upgrade to 8.1.1)"]
    faults: []
drained:
  description: Whether no process runs any more.
  returned: when O(state=enabled) and O(drain=true)
  type: bool
  sample: true
waited:
  description: How many seconds were waited for processes.
  returned: when O(state=enabled) and O(drain=true)
  type: int
  sample: 140
rolled_back:
  description: Whether this task turned maintenance mode on and off again.
  returned: if O(on_undrained=rollback) and processes still run at the limit, or an error ended the wait
  type: bool
  sample: true
activities:
  description: The processes that still run, the oldest first.
  returned: when O(state=enabled) and O(drain=true)
  type: list
  elements: dict
  contains:
    id:
      description: Id of the process request.
      type: str
      sample: 4373ab0d-1e34-4508-8010-47ed8cc4d4e4
    kind:
      description: C(application), C(component) or C(generic).
      type: str
      sample: application
    process:
      description: Name of the process.
      type: str
      sample: Deploy
    application:
      description: Name of the application.
      type: str
      sample: JPetStore
    environment:
      description: Name of the environment.
      type: str
      sample: PROD
    component:
      description: Name of the component that a component process works on.
      type: str
      sample: web
    resource:
      description: Name of the resource or agent that a component or generic process works on.
      type: str
      sample: web01
    user:
      description: Who started it.
      type: str
      sample: jsmith
    since:
      description: When it began.
      type: str
      sample: "2026-11-24T21:58:00Z"
    state:
      description: State of the process as the server names it.
      type: str
      sample: EXECUTING
    paused:
      description: Whether it is paused.
      type: bool
      sample: false
    parent:
      description: Id of the process request that it is a part of.
      type: str
      sample: 5c2b4c1e-8f0f-4e44-a1f1-1b8bfbb5a0c1
    waits_for:
      description: Name of the manual task that it waits for; a person has to answer it.
      type: str
      sample: Check the smoke test
"""

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: launch_maintenance_mode_info
short_description: Tell whether the maintenance mode of an HCL Launch server is on, and what still runs
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Tells whether maintenance mode is on, which setting says so, the version of the server, and what speaks against a
    restart. Running processes, and a maintenance blackout that is on (as a note of the row, with its name and
    Estimated End Date).
  - The row says who opened which window, why and until when, by the record that
    M(quiesce.maintenance.launch_maintenance_mode) keeps.
  - What the account may not see does not fail the task; RV(status) says so.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
  - quiesce.maintenance.rest
  - quiesce.maintenance.launch
  - quiesce.maintenance.launch.field
  - quiesce.maintenance.launch.activity
  - quiesce.maintenance.window.store
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
    details: The server is asked from the controller, whatever host the task is for.
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
activities:
  description: The processes that run, the oldest first; null if the server does not tell.
  returned: success
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

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: trend_maintenance_mode_info
short_description: Gather the maintenance mode of Trend Micro Application Control
version_added: 0.1.0
description:
  - Reads, for one computer or many, whether it is in maintenance mode of Application Control, since when, when that
    ends by itself, and whether its agent can be reached.
  - A name that is not found, or that several computers have, is no error here; it is listed in RV(unavailable).
notes:
  - Written after the vendor's API description 50.0 and its Python SDK 20.0.463, and tested against a simulated manager.
    Not verified against a real one.
  - "A guess: while a computer is in maintenance mode, the manager's end time is the scheduled end if it lies after the
    start; otherwise start and duration give it. The vendor does not say what the field holds during that time."
author:
  - The quiesce.maintenance authors (@quiesce)
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
  - quiesce.maintenance.rest
  - quiesce.maintenance.trend
  - quiesce.maintenance.window.store
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: all
    support: full
    details: The server is asked from the controller, whatever host the task is for.
seealso:
  - module: quiesce.maintenance.trend_maintenance_mode
"""

EXAMPLES = r"""
- name: Gather which computers of a group are in maintenance mode
  quiesce.maintenance.trend_maintenance_mode_info:
    url: https://dsm.example.com:4119/api
    api_key_file: /etc/ansible/trend.key
    ca_path: /etc/ansible/dsm-ca.pem
    search:
      group: Web servers
  register: trend
  delegate_to: localhost

- name: Report the computers that are not in maintenance mode
  ansible.builtin.debug:
    msg: "{{ trend.computers | rejectattr('status', 'equalto', 'on') | map(attribute='host_name') }}"
"""

RETURN = r"""
computers:
  description: The computers that were found.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The manager's number of the computer.
      type: int
      sample: 17
    host_name:
      description: Its host name, as the manager has it.
      type: str
      sample: web01.example.com
    display_name:
      description: Its display name.
      type: str
      sample: Web server 1
    guid:
      description: The GUID of the host.
      type: str
      sample: 6BB1B1B4-6C9B-4C9D-B9C8-2D3A0A7C6F6E
    status:
      description:
        - Status of maintenance mode in the manager's words; V(null) where the manager shows no Application Control.
        - V(on) is in maintenance mode, V(off) is out of it. V(start-requested), V(stop-requested) and
          V(reset-duration-requested) wait for the agent's next heartbeat.
      type: str
      sample: "on"
    since:
      description: Since when the computer is in maintenance mode (UTC), else V(null).
      type: str
      sample: "2026-11-24T21:00:00Z"
    scheduled_end:
      description: When maintenance mode ends by itself (UTC); V(null) if the computer is not in it or it has no end.
      type: str
      sample: "2026-11-24T23:00:00Z"
    minutes_left:
      description: Whole minutes until then, by the manager's clock.
      type: int
      sample: 119
    duration:
      description: The running or requested duration in minutes; V(null) means without an end.
      type: int
      sample: 120
    application_control:
      description: State of Application Control in the manager's words, V(on), V(off), V(inherited); else V(hidden).
      type: str
      sample: "on"
    module_status:
      description: State of the module at the agent, V(active), V(inactive), V(warning), V(error) or V(not-supported).
      type: str
      sample: active
    module_message:
      description: The manager's words about it.
      type: str
      sample: On, Blocking unrecognized software
    agent_status:
      description: State of the agent, with the same values.
      type: str
      sample: active
    agent_messages:
      description: The manager's words about it.
      type: list
      elements: str
      sample: ["Managed (Online)"]
    unavailable:
      description: Why a change could not reach this computer at present; V(null) where nothing stands against it.
      type: str
      sample: its agent is offline (Offline)
unavailable:
  description: What was asked for and not found, or not unique.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name that was asked for.
      type: str
      sample: web99
    id:
      description: The manager's number of the computer, if it is known.
      type: int
      sample: null
    reason:
      description: What is wrong with it.
      type: str
      sample: no computer with that ID, host name, display name or GUID is visible
status:
  description:
    - Rows for M(quiesce.maintenance.systems_report), as the role C(trend) leaves them in the fact C(trend_status). The
      key C(host) is the host name of the manager's URL. More than 20 computers in the same mode share a row.
  returned: success
  type: list
  elements: dict
  sample:
    - system: web01.example.com
      host: dsm.example.com
      kind: Trend AC
      mode: maintenance
      verified: true
      managed: true
      since: "2026-11-24T21:00:00Z"
      owner: mary
      reason: Monthly patches
      expires: "2026-11-24T23:00:00Z"
      overdue: false
      windows:
        - id: CHG0042
          owner: mary
          reason: Monthly patches
          ticket: ""
          opened: "2026-11-24T21:00:00Z"
          expires: ""
      notes: ["open window: CHG0042 (mary, Monthly patches)"]
      faults: []
requests:
  description: How many requests were sent to the manager.
  returned: success
  type: int
  sample: 2
"""

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: trend_maintenance_mode
short_description: Turn the maintenance mode of Trend Micro Application Control on or off
version_added: 0.1.0
description:
  - Turns maintenance mode on before software is installed or updated, so that Application Control takes the changes
    into the computer's ruleset by itself, and off again afterwards. Block rules go on blocking.
  - Success means that each computer was seen to say V(on) (or V(off)), not that the manager took the request. The
    agents fetch it with their next heartbeat, every 10 minutes by default. While the module waits it shows a line for
    each look, saying how many of how many computers are ready.
  - A computer that can't be changed is named with the reason, before anything is touched when the mode is to be turned
    on. When it is to be turned off, all others are turned off first, and the task fails at the end; a computer whose
    agent is away is asked, too, so that it turns the mode off when it is back, but not awaited.
options:
  state:
    description: Whether the mode is to be on or off.
    type: str
    choices: [enabled, disabled]
    default: enabled
  duration:
    description:
      - After how long the agent turns the mode off by itself, like V(90), V(30m) or V(2h). A number alone is minutes.
      - Without it the mode stays on until it is turned off.
      - Give one even if a later task turns the mode off; it is what remains if that task never runs.
    type: str
  extend:
    description:
      - What to do where the mode is on already, with less time left than O(duration).
      - V(auto) starts the duration anew where less than half of it is left, so that a play that is run again shortly
        afterwards changes nothing.
      - V(true) starts it anew in any case, which is a change with every run.
      - V(false) leaves a running mode alone and warns.
      - A mode without an end is shortened by V(true) only.
    type: str
    choices: [auto, "true", "false"]
    default: auto
  wait:
    description: Whether to wait until each agent has done it. V(false) ends as soon as the manager took the requests.
    type: bool
    default: true
  wait_limit:
    description: How long to wait for the agents. Be generous; a heartbeat takes up to 10 minutes by default.
    type: str
    default: 15m
  poll_interval:
    description: How often to look while waiting.
    type: str
    default: 10s
  on_unavailable:
    description:
      - What to do about computers that are not found or not unique, or whose agent can't be reached, has Application
        Control off or hidden, or may not be changed with this key.
      - V(fail) fails; V(skip) goes on with the others, warns, and lists them in RV(unavailable).
    type: str
    choices: [fail, skip]
    default: fail
  rollback:
    description:
      - If the mode can't be turned on for all, whether to turn it off again for those computers for which this task
        turned it on. A running mode that was extended stays as it is.
    type: bool
    default: false
notes:
  - Written after the vendor's API description 50.0 and its Python SDK 20.0.463, and proved against a simulated manager;
    not yet verified against a real one.
  - How a manager answers for a computer with Application Control off or an agent offline is not documented; these are
    therefore looked up beforehand. An agent counts as offline if it is inactive, or says V(Offline) or
    V(Managed (Offline)); if a manager says it otherwise, O(wait_limit) finds it out.
  - While the mode is on, the manager's end time is taken for the scheduled end if it lies after the start; otherwise
    start and duration give it. The vendor does not say what the field holds during that time.
  - What the agent learned in maintenance mode stays in its ruleset.
  - O(requests_per_minute) holds for one task; several at the same time share the manager's limit for the key. Turn on
    a whole play's computers with one task (C(run_once)) rather than with one a host.
author:
  - The quiesce.maintenance authors (@quiesce)
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.rest
  - quiesce.maintenance.trend
attributes:
  check_mode:
    support: full
    details: Reads and plans as in a real run, and writes nothing.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: With O(extend=true) each run starts the duration anew.
  platform:
    description: Runs on the controller, or by C(delegate_to) on any host with Python 3.10 that reaches the manager.
    platforms: posix
    support: full
  async:
    description: Can be used with C(async); then without the lines of progress.
    support: full
seealso:
  - module: quiesce.maintenance.trend_maintenance_mode_info
  - name: Configure maintenance mode during upgrades
    description: The vendor's description of the mode.
    link: https://automation.trendmicro.com/deep-security/Guides/configure-maintenance-mode-during-upgrades
"""

EXAMPLES = r"""
- name: Open maintenance mode for two hours, and see that it is really on
  quiesce.maintenance.trend_maintenance_mode:
    url: https://dsm.example.com:4119/api
    api_key: "{{ vault_trend_key }}"
    ca_path: /etc/ansible/dsm-ca.pem
    computers:
      - web01.example.com
      - web02.example.com
    duration: 2h
    rollback: true
  delegate_to: localhost

- name: Close it again
  quiesce.maintenance.trend_maintenance_mode:
    url: https://dsm.example.com:4119/api
    api_key: "{{ vault_trend_key }}"
    ca_path: /etc/ansible/dsm-ca.pem
    computers:
      - web01.example.com
      - web02.example.com
    state: disabled
  delegate_to: localhost

- name: Open it for all Windows servers of a group, leaving out those that are switched off
  quiesce.maintenance.trend_maintenance_mode:
    url: https://dsm.example.com:4119/api
    api_key_file: /etc/ansible/trend.key
    ca_path: /etc/ansible/dsm-ca.pem
    search:
      group: Web servers
      platform: "Microsoft Windows Server%"
    duration: 4h
    on_unavailable: skip
  delegate_to: localhost
"""

RETURN = r"""
computers:
  description: The computers in question, as they were read last.
  returned: when the computers could be read
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
    action:
      description:
        - What this task did, or in check mode would do. One of V(turned_on), V(extended), V(turned_off), V(awaited)
          (it was requested before), V(unchanged).
      returned: success
      type: str
      sample: turned_on
    status:
      description: State of the mode, see M(quiesce.maintenance.trend_maintenance_mode_info).
      type: str
      sample: "on"
    since:
      description: Since when the mode is on (UTC), else V(null).
      type: str
      sample: "2026-11-24T21:00:00Z"
    scheduled_end:
      description: When it ends by itself (UTC); V(null) if it is not on or has no end.
      type: str
      sample: "2026-11-24T23:00:00Z"
    minutes_left:
      description: Whole minutes until then, by the manager's clock.
      type: int
      sample: 119
    duration:
      description: The running or requested duration in minutes; V(null) means until it is turned off.
      type: int
      sample: 120
    application_control:
      description: State of Application Control itself, V(on), V(off) or V(hidden).
      type: str
      sample: "on"
    module_status:
      description: State of the module at the agent.
      type: str
      sample: active
    module_message:
      description: The manager's words about it.
      type: str
      sample: On, Blocking unrecognized software
    agent_status:
      description: State of the agent.
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
      sample: null
unavailable:
  description: What was left out or refused.
  returned: when the computers could be read
  type: list
  elements: dict
  contains:
    name:
      description: The computer, as it was asked for or as the manager calls it.
      type: str
      sample: web03.example.com
    id:
      description: The manager's number of the computer, if it is known.
      type: int
      sample: 19
    reason:
      description: What is wrong with it.
      type: str
      sample: its agent is offline (Offline)
reached:
  description: Host names of the computers that are as wished, in spite of the failure.
  returned: when the task failed after the computers had been read
  type: list
  elements: str
  sample: [web01.example.com]
not_reached:
  description: Host names of the other computers.
  returned: when the task failed after the computers had been read
  type: list
  elements: str
  sample: [web02.example.com]
rolled_back:
  description: Host names of the computers for which O(rollback) asked the manager to turn the mode off again.
  returned: when the task failed after the computers had been read
  type: list
  elements: str
  sample: []
not_rolled_back:
  description: Host names of those for which that did not succeed.
  returned: when the task failed after the computers had been read
  type: list
  elements: str
  sample: []
status:
  description:
    - Rows for M(quiesce.maintenance.systems_report), as the role C(trend) leaves them in the fact C(trend_status). The
      key C(host) is the host name of the manager's URL. More than 20 computers in the same mode share a row.
  returned: when the computers could be read
  type: list
  elements: dict
  sample:
    - system: web01.example.com
      host: dsm.example.com
      kind: Trend AC
      mode: maintenance
      verified: true
      managed: null
      since: "2026-11-24T21:00:00Z"
      owner: null
      reason: null
      expires: "2026-11-24T23:00:00Z"
      overdue: false
      notes: []
requests:
  description: How many requests were sent to the manager.
  returned: success
  type: int
  sample: 6
"""

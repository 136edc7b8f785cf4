# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: trend_maintenance_mode
short_description: Enable or disable the maintenance mode of Trend Micro Application Control
version_added: 0.1.0
description:
  - Brings computers into maintenance mode before software is installed or updated, so that Application Control adds the
    changes to the computer's ruleset by itself, and takes them out again afterwards. Block rules continue to block.
  - Success means that each computer reports to be in (or out of) maintenance mode, with the requested duration; not
    that the manager accepted the request. The agents fetch it with their next heartbeat, every 10 minutes by default.
    While the module waits, it shows how many computers are ready.
  - A computer that cannot be changed is named with the reason. On the way in this is found before anything is changed.
    On the way out all others are taken out of maintenance mode first, and the task fails at the end; a computer whose
    agent is offline is asked as well, so that it leaves maintenance mode when it is back, but it is not waited for.
  - A computer that is deleted while the task waits is one computer with a problem; the wait continues for the others.
  - A computer is in maintenance mode while a window is open for it. Opening a window that is open extends or changes
    it. Closing one of several leaves the computer in maintenance mode and says for whom. Who opened them, why and until
    when is kept in a file (O(store_host)), one for a manager, since the manager has no place for it.
  - A mode that somebody else began has no record. V(enabled) leaves it theirs (and extends it as O(extend) says), and
    V(disabled) ends it unless a O(window) is named.
  - A run that was cut off anywhere is finished by the next one, in either direction. Of two runs that switch the same
    computer the second waits for the first, or is refused with its name.
options:
  state:
    description:
      - V(enabled) opens the window and brings the computers into maintenance mode, V(disabled) closes it and takes them
        out of maintenance mode if it was the last one.
    type: str
    choices: [enabled, disabled]
    default: enabled
  duration:
    description:
      - After how long the agent leaves maintenance mode by itself, like V(90), V(30m) or V(2h). A number alone is
        minutes.
      - If windows have an end (O(expires)), the mode lasts as long as the longest of them and is extended if a longer
        one is opened; O(duration) then counts for the windows without an end. Closing the longest does not shorten it.
        If no window has an end, O(duration) alone counts.
      - Without either a computer stays in maintenance mode until a task with O(state=disabled).
      - Set one even if a later task takes the computers out. It is the safety net if that task never runs.
      - The duration counts from each agent's own start, so it must be longer than it takes to reach all of them
        (sending the requests, and a heartbeat) plus the work itself. A warning says so where the requests alone take
        longer; if a duration is over before all computers are in maintenance mode, the task fails and says so.
      - Where maintenance mode has no end already, the duration is not set, with a warning, unless O(extend=true).
      - An agent that reports another duration than the requested one is a computer with a problem, see
        O(on_unavailable).
    type: str
  extend:
    description:
      - What to do for a computer that is in maintenance mode already, with less time left than O(duration), or than a
        window needs.
      - V(auto) starts the duration again where less than half of it is left, so that a play that is run again shortly
        afterwards changes nothing; for the end of a window, where it would not be reached.
      - V(true) starts it again in any case, which is a change with every run.
      - V(false) does not change a running maintenance mode, and warns.
      - Only V(true) gives an end to a maintenance mode that has none.
    type: str
    choices: [auto, "true", "false"]
    default: auto
  wait:
    description:
      - Whether to wait until each agent has done it. V(false) ends as soon as the manager accepted the requests.
    type: bool
    default: true
  wait_timeout:
    description:
      - How long to wait for the agents after the requests were sent. A heartbeat takes up to 10 minutes by default.
    type: str
    default: 15m
  poll_interval:
    description: How often to read the computers while waiting.
    type: str
    default: 10s
  on_unavailable:
    description:
      - What to do about a computer with a problem. It is not found or not unique, its agent cannot be reached, its
        Application Control is disabled or hidden, the key may not change it, it is deleted while the task waits, or its
        agent takes over another duration.
      - V(fail) fails. What is known beforehand fails before anything is changed. A refused change fails when all
        requests are sent; a computer that is deleted, or reports another duration, fails the task at the end, when all
        others are in maintenance mode. With O(state=disabled) the task always fails at the end.
      - V(skip) continues with the others, warns, and lists the computer in RV(unavailable).
    type: str
    choices: [fail, skip]
    default: fail
  rollback:
    description:
      - If the task fails to bring all computers into maintenance mode, whether to close the window again where this
        task opened it, and to take out again those that it brought in, unless another window is open for them by then.
        A running maintenance mode that was extended stays as it is.
      - With O(on_unavailable=skip) a computer that is left out is no failure, and no reason for a rollback.
    type: bool
    default: false
notes:
  - Written after the vendor's API description 50.0 and its Python SDK 20.0.463, and tested against a simulated manager.
    Not verified against a real one.
  - "Not documented, therefore a guess: how a manager answers for a computer with Application Control disabled or an
    agent offline. Both are looked up beforehand. An agent counts as offline if its status is V(inactive) or its message
    V(Offline) or V(Managed (Offline)); if a manager says it otherwise, the wait ends with O(wait_timeout)."
  - "A guess: while a computer is in maintenance mode, the manager's end time is the scheduled end if it lies after the
    start; otherwise start and duration give it. The vendor does not say what the field holds during that time."
  - "A guess: after a computer left maintenance mode, the start time and the duration of that time are still shown. By
    them a duration that is over is told from a request that was not carried out. Where a manager does not show them,
    only what was seen while waiting counts."
  - "A guess: a manager takes half a second for a change. With O(max_concurrency) and O(requests_per_minute) it makes
    the estimate behind the warning about a O(duration) that is too short."
  - "A guess: an agent that is in maintenance mode reports the duration in force. One that reports none counts as having
    the requested one."
  - The rules that an agent adds in maintenance mode stay in its ruleset.
  - O(requests_per_minute) applies to one task; several at the same time share the manager's limit for the key. Change
    all computers of a play with one task (C(run_once)) rather than with one task for each host.
author:
  - The quiesce.maintenance authors (@quiesce)
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
  - quiesce.maintenance.rest
  - quiesce.maintenance.trend
  - quiesce.maintenance.window
  - quiesce.maintenance.window.store
attributes:
  check_mode:
    support: full
    details: Reads and plans as in a real run, and changes nothing.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: With O(extend=true) each run starts the duration again.
  platform:
    platforms: all
    support: full
    details: The server is asked from the controller, whatever host the task is for.
seealso:
  - module: quiesce.maintenance.trend_maintenance_mode_info
  - name: Configure maintenance mode during upgrades
    description: The vendor's description of the mode.
    link: https://automation.trendmicro.com/deep-security/Guides/configure-maintenance-mode-during-upgrades
"""

EXAMPLES = r"""
- name: Enable maintenance mode for two hours, verified on each computer
  quiesce.maintenance.trend_maintenance_mode:
    url: https://dsm.example.com:4119/api
    api_key: "{{ vault_trend_key }}"
    ca_path: /etc/ansible/dsm-ca.pem
    computers:
      - web01.example.com
      - web02.example.com
    duration: 2h
    window: CHG0042
    reason: Monthly patches
    rollback: true
  delegate_to: localhost

- name: Disable maintenance mode
  quiesce.maintenance.trend_maintenance_mode:
    url: https://dsm.example.com:4119/api
    api_key: "{{ vault_trend_key }}"
    ca_path: /etc/ansible/dsm-ca.pem
    computers:
      - web01.example.com
      - web02.example.com
    state: disabled
    window: CHG0042
  delegate_to: localhost

- name: Enable maintenance mode for all Windows servers of a group, without those whose agent is offline
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
        - What this task did for the computer, or in check mode would do. V(enabled) and V(disabled) brought it into or
          took it out of maintenance mode, V(extended) started its duration again, V(awaited) waited for what had been
          requested before, V(recorded) only opened, changed or closed a window, V(unchanged) did nothing.
      returned: success
      type: str
      sample: enabled
    status:
      description:
        - Status of maintenance mode in the manager's words, see
          M(quiesce.maintenance.trend_maintenance_mode_info).
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
  description: The computers with a problem, see O(on_unavailable).
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
accepted:
  description: Host names of the computers for which the manager accepted this task's request.
  returned: when the task failed after the computers had been read
  type: list
  elements: str
  sample: [web01.example.com, web02.example.com]
unanswered:
  description:
    - Host names of the computers for which no answer came to this task's request. The manager may have accepted it.
  returned: when the task failed after the computers had been read
  type: list
  elements: str
  sample: []
reached:
  description: Host names of the computers that are as requested, although the task failed.
  returned: when the task failed after the computers had been read
  type: list
  elements: str
  sample: [web01.example.com]
not_reached:
  description: Host names of the computers that are not, and names that were not found.
  returned: when the task failed after the computers had been read
  type: list
  elements: str
  sample: [web02.example.com]
unknown:
  description:
    - Host names of the computers whose state is unknown, since the manager could not be asked after the failure.
      RV(computers), RV(reached) and RV(not_reached) are empty then.
  returned: when the task failed after the computers had been read
  type: list
  elements: str
  sample: []
rolled_back:
  description:
    - Host names of the computers for which the manager accepted O(rollback)'s request to end maintenance mode.
  returned: when the task failed after the computers had been read
  type: list
  elements: str
  sample: []
not_rolled_back:
  description: Host names of the computers for which it did not.
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
  returned: when the computers could be read
  type: int
  sample: 6
"""

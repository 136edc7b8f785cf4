# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lcs_maintenance_mode
short_description: Enable or disable maintenance mode of an environment in Lifecycle Services and watch the operation
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Enables or disables maintenance mode of a Dynamics 365 Finance + Operations sandbox or production environment that
    is hosted in Lifecycle Services (LCS), as Maintain > Enable Maintenance Mode on its details page does. This starts a
    servicing operation of about 20 minutes, which the task watches to its end. While the mode is on, only system
    administrators can sign in, and one interactive and one batch AOS run.
  - LCS has no public API for this. The task sends what the portal itself sends, with the cookies of a signed-in
    person, and is refused unless O(accept_undocumented_api=true).
  - The request is sent once. If its answer is lost, the task looks whether an operation starts and does not send it
    again. It is never sent while a servicing operation runs.
  - The mode is on while a window is open. Opening a window that is open extends or changes it. Closing one of several
    leaves the mode on and says for whom. Who opened them, why and until when is kept in a file (O(store_host)), since
    LCS has no place for it.
  - A mode that somebody else turned on has no record. V(enabled) leaves it as it is, and V(disabled) turns it off
    unless a O(window) is named.
  - A run that was interrupted at any point is finished by the next one, which watches the operation that the first one
    started. Two runs that switch the same environment do not get in each other's way. The second waits for the first,
    or is refused and names it.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
  - quiesce.maintenance.rest
  - quiesce.maintenance.lcs
  - quiesce.maintenance.window
  - quiesce.maintenance.window.store
options:
  state:
    description:
      - Whether to open the window or to close it. Maintenance mode is turned off with the last one; LCS then
        synchronizes the database.
    type: str
    choices: [enabled, disabled]
    required: true
  servicing_timeout:
    description:
      - How long to wait for a servicing operation, whoever started it, like V(90m) or V(2h). A number alone is seconds.
        When the time is over the task fails; the operation continues.
    type: str
    default: 2h
  start_timeout:
    description:
      - How long LCS may still show the old state after the request. After that time, the old state means that the
        operation was rolled back or never started.
    type: str
    default: 5m
  poll_interval:
    description:
      - How often to read the state while an operation runs.
    type: str
    default: 30s
  on_session_over:
    description:
      - What to do if the session ends while a servicing operation runs and no O(api_token) lets the task continue
        watching through the public API. The operation continues in either case.
      - V(continue) ends the task without a failure. It warns, and returns RV(watched=false) and
        RV(maintenance_mode=null). The mode is not confirmed; tasks that need it have to check these values. In the
        playbooks of this collection the next wave does not begin, and the run ends with the exit code 2.
      - V(fail) fails the task.
      - In either case, running the task again with new cookies continues to watch.
    type: str
    choices: [continue, fail]
    default: continue
attributes:
  check_mode:
    support: full
    details: Reads the state once and sends nothing that changes anything.
  diff_mode:
    support: full
  idempotent:
    support: full
    details: If the mode is as required, LCS is only asked for the state.
  platform:
    platforms: all
    support: full
    details: LCS is asked from the controller, whatever host the task is for.
notes:
  - A failure after the request has C(changed=true), RV(activity_id), and the page on which a person chooses Resume,
    Rollback or Abort and downloads the logs. No API for these is known.
  - The task waits for a servicing operation that it did not start, whatever it is, and then switches the mode if it is
    not as required.
  - Maintenance mode has no end of its own. It stays on until a task with O(state=disabled), or a person in LCS, turns
    it off; past O(expires) the status says that it is overdue.
  - A unified environment, which is managed in the Power Platform admin center, is not in LCS. The task says so.
seealso:
  - module: quiesce.maintenance.lcs_maintenance_mode_info
"""

EXAMPLES = r"""
- name: Enable maintenance mode of the UAT environment and wait until it is on
  quiesce.maintenance.lcs_maintenance_mode:
    project_id: "1234567"
    environment_id: 0c6f5d1e-3c1c-4d59-9f65-8a1f6f8e1a11
    cookies_file: /run/secrets/lcs_cookies
    accept_undocumented_api: true
    state: enabled
    window: CHG0042
    reason: Configuration keys
    expires: 4h
    on_session_over: fail

- name: Disable it again
  quiesce.maintenance.lcs_maintenance_mode:
    project_id: "1234567"
    environment_id: 0c6f5d1e-3c1c-4d59-9f65-8a1f6f8e1a11
    cookies_file: /run/secrets/lcs_cookies
    accept_undocumented_api: true
    state: disabled
    window: CHG0042
    servicing_timeout: 3h
"""

RETURN = r"""
maintenance_mode:
  description:
    - Whether maintenance mode is on after the task (in check mode, would be), according to LCS. CONFIGURATIONMODE
      itself cannot be read from outside.
    - Null while a servicing operation runs, or if LCS does not say.
  returned: success, and if the task failed after it had read the state
  type: bool
  sample: true
watched:
  description: Whether the task could watch the servicing operation to its end. If not, the operation still runs.
  returned: success
  type: bool
  sample: true
unfinished:
  description: What is going on and what to do, if the task ended before the servicing operation.
  returned: if the session ended during the wait, and O(on_session_over=continue)
  type: str
  sample: >-
    A servicing operation on environment 0c6f5d1e-3c1c-4d59-9f65-8a1f6f8e1a11 of LCS project 1234567 (Contoso UAT) is
    still running, but the session is over, so nobody watches it. Sign in again at
    https://lcs.dynamics.com/Logon/AdLogon, give the new cookies, and run the same again to watch it to its end. The
    operation is not started a second time
waited:
  description: How many seconds the task took.
  returned: success, if the operation was watched to its end
  type: int
  sample: 1260
activity_id:
  description: The id by which Microsoft's support finds the operation or the request; empty if LCS gives none.
  returned: success, and if the task failed after it had read the state
  type: str
  sample: 7d0c4a0e-6a55-4b2c-a0c4-0cf1c3a2f2d0
environment:
  description: What LCS says about the environment, and the pages on which people find it.
  returned: success, and if the task failed after it had read the state
  type: dict
  contains:
    id:
      description: Id of the environment.
      type: str
      sample: 0c6f5d1e-3c1c-4d59-9f65-8a1f6f8e1a11
    project_id:
      description: Number of the project.
      type: str
      sample: "1234567"
    name:
      description: Name of the environment.
      type: str
      sample: Contoso UAT
    status:
      description: Text of its status.
      type: str
      sample: In Maintenance
    state:
      description: Number of its C(DeploymentState); null if LCS gives none that is known.
      type: int
      sample: 13
    url:
      description: Address of Finance + Operations; empty if LCS gives none.
      type: str
      sample: https://contoso-uat.sandbox.operations.dynamics.com
    page:
      description: Address of its details page, with Maintain and, after a failure, Resume, Rollback, Abort and logs.
      type: str
      sample: >-
        https://lcs.dynamics.com/V2/EnvironmentDetailsV3New/1234567?EnvironmentId=0c6f5d1e-3c1c-4d59-9f65-8a1f6f8e1a11&IsDiagnosticsEnabledEnvironment=False
    history_page:
      description: Address of the page History > Environment changes, which shows who did what and when.
      type: str
      sample: https://lcs.dynamics.com/V2/EnvironmentHistory/1234567?EnvironmentId=0c6f5d1e-3c1c-4d59-9f65-8a1f6f8e1a11
action:
  description: The action that runs on the environment; null if none runs, and with the public API.
  returned: success, and if the task failed after it had read the state
  type: dict
  contains:
    name:
      description: Name of the action.
      type: str
      sample: Enable Maintenance Mode
    type:
      description: Its type.
      type: str
      sample: Servicing
    status:
      description: Its status in words.
      type: str
      sample: In progress
    status_code:
      description: Number of its status; null with the public API.
      type: int
      sample: 1
    started:
      description: When it started, as LCS writes it.
      type: str
      sample: "2026-11-24T21:58:00Z"
    ended:
      description: When it ended, as LCS writes it; empty while it runs.
      type: str
      sample: "2026-11-24T22:21:30Z"
    activity_id:
      description: Its activity id; empty if LCS gives none.
      type: str
      sample: 7d0c4a0e-6a55-4b2c-a0c4-0cf1c3a2f2d0
status:
  description:
    - The environment's row for M(quiesce.maintenance.systems_report), as the role C(lcs) leaves it in the fact
      C(lcs_status).
  returned: always
  type: dict
  sample:
    system: uat
    kind: D365 LCS
    host: ""
    mode: maintenance
    verified: true
    managed: true
    since: "2026-11-24T21:58:00Z"
    owner: mary
    reason: Configuration keys
    expires: "2026-11-25T01:58:00Z"
    overdue: false
    windows:
      - id: CHG0042
        owner: mary
        reason: Configuration keys
        ticket: ""
        opened: "2026-11-24T21:58:00Z"
        expires: "2026-11-25T01:58:00Z"
    notes: ["open window: CHG0042 (mary, Configuration keys)"]
    faults: []
"""

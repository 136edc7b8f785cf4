# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lcs_maintenance_mode
short_description: Turn maintenance mode of an environment in Lifecycle Services on or off, and watch the servicing
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Turns maintenance mode of a sandbox or production environment of Dynamics 365 Finance + Operations on or off that
    Microsoft manages in Lifecycle Services (LCS), as Maintain > Enable Maintenance Mode does there. A servicing
    operation begins, which the task watches to its end. While the mode is on, only system administrators have access,
    and one interactive and one batch AOS run.
  - LCS has no public API for this. The task uses what the portal itself uses, with the cookies of a person's session,
    and is refused unless O(accept_undocumented_api=true).
  - The request is sent once. Whatever happens to its answer or to the task, it is never sent while a servicing
    operation runs; a task that was killed and is run again watches the operation that the first one began.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
  - quiesce.maintenance.rest
  - quiesce.maintenance.lcs
options:
  state:
    description:
      - Whether maintenance mode is to be on. LCS synchronises the database when it turns the mode off.
    type: str
    choices: [enabled, disabled]
    required: true
  servicing_timeout:
    description:
      - How long to wait for a servicing operation, of this or of an earlier request, like V(90m) or V(2h). A number
        alone is seconds. At the limit the task fails, and the operation goes on.
    type: str
    default: 2h
  start_timeout:
    description:
      - How long after the request the old state may stand, before that means that the operation ended otherwise or
        never began.
    type: str
    default: 5m
  poll_interval:
    description:
      - How often to look.
    type: str
    default: 30s
  on_session_over:
    description:
      - What to do if the session ends while a servicing operation runs, and O(api_token) does not let the task watch on
        by the public API. The operation runs on either way.
      - V(continue) ends the task without a failure, with a warning, RV(watched=false) and RV(maintenance_mode=null).
        The mode is not in effect yet; a playbook that goes on with work has to look at these, or use V(fail).
      - V(fail) fails the task.
    type: str
    choices: [continue, fail]
    default: continue
attributes:
  check_mode:
    support: full
    details: Looks once and sends no request that changes anything.
  diff_mode:
    support: full
  idempotent:
    support: full
    details: If the mode is as required, LCS is asked for the state and nothing else.
  platform:
    platforms: all
    support: full
    details: LCS is asked from the controller, whatever host the task is for.
notes:
  - A failure after the request has C(changed=true), RV(activity_id) and the page on which a person chooses Resume,
    Rollback or Abort and downloads the logs. No API for these is known.
  - LCS keeps no record of this collection. Who wants the mode, why and until when is not stored, and several windows
    cannot hold the mode together.
  - The task waits for a servicing operation that it did not begin, whatever it is, and then switches the mode if it is
    not as required.
  - A unified environment, which the Power Platform admin center manages, is not in LCS. The task says so.
seealso:
  - module: quiesce.maintenance.lcs_maintenance_mode_info
"""

EXAMPLES = r"""
- name: Turn maintenance mode of the UAT environment on and wait until it is
  quiesce.maintenance.lcs_maintenance_mode:
    project_id: "1234567"
    environment_id: 0c6f5d1e-3c1c-4d59-9f65-8a1f6f8e1a11
    cookies_file: /run/secrets/lcs_cookies
    accept_undocumented_api: true
    state: enabled
    on_session_over: fail

- name: Turn it off again
  quiesce.maintenance.lcs_maintenance_mode:
    project_id: "1234567"
    environment_id: 0c6f5d1e-3c1c-4d59-9f65-8a1f6f8e1a11
    cookies_file: /run/secrets/lcs_cookies
    accept_undocumented_api: true
    state: disabled
    servicing_timeout: 3h
"""

RETURN = r"""
maintenance_mode:
  description:
    - Whether maintenance mode is on after the task (in check mode, would be), as LCS says. CONFIGURATIONMODE itself
      cannot be seen from outside.
    - Null while a servicing operation runs, or if LCS does not say it.
  returned: success, and if the task failed after it had looked
  type: bool
  sample: true
watched:
  description: Whether the task could watch the servicing operation to its end.
  returned: success
  type: bool
  sample: true
waited:
  description: How many seconds the task took.
  returned: success, if the operation was watched to its end
  type: int
  sample: 1260
activity_id:
  description: By which id Microsoft's support finds the operation, or the request; empty if LCS does not say one.
  returned: success, and if the task failed after it had looked
  type: str
  sample: 7d0c4a0e-6a55-4b2c-a0c4-0cf1c3a2f2d0
environment:
  description: What LCS says of the environment, and where people look at it.
  returned: success, and if the task failed after it had looked
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
      description: Number of its C(DeploymentState); null if LCS does not say one that is known.
      type: int
      sample: 13
    url:
      description: Address of Finance + Operations, empty if LCS does not say it.
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
  description: The action that runs on the environment; null if none does, and by the public API.
  returned: success, and if the task failed after it had looked
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
      description: Number of its status; null by the public API.
      type: int
      sample: 1
    started:
      description: When it began, as LCS writes it.
      type: str
      sample: "2026-11-24T21:58:00Z"
    ended:
      description: When it ended, as LCS writes it; empty if it runs.
      type: str
      sample: "2026-11-24T22:21:30Z"
    activity_id:
      description: Its activity id, empty if LCS does not say it.
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
    since: "2026-11-24T21:00:00Z"
    owner: mary
    reason: CHG0042 configuration keys
    expires: "2026-11-24T23:00:00Z"
    overdue: false
    windows:
      - id: default
        owner: mary
        reason: CHG0042 configuration keys
        ticket: ""
        opened: "2026-11-24T21:00:00Z"
        expires: "2026-11-24T23:00:00Z"
    notes: []
"""

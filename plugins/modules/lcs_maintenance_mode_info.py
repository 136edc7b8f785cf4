# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lcs_maintenance_mode_info
short_description: Gather the state and the history of an environment in Lifecycle Services
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Gathers whether maintenance mode of an environment in Lifecycle Services (LCS) is on, for which windows, which
    servicing operation runs and how far it is, and the last actions of its history.
  - With O(api_token) alone, the public API is asked for state and history. With the cookies of a session and
    O(accept_undocumented_api=true), the portal is asked, which also says what runs. If that session is over and a token
    is given, the public API is asked instead.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
  - quiesce.maintenance.rest
  - quiesce.maintenance.lcs
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
    details: LCS is asked from the controller, whatever host the task is for.
notes:
  - The public API allows six requests a minute for a project. The task keeps to that limit, and waits up to
    O(retry_timeout) if other tasks have used them up (HTTP 429).
  - The public API accepts only tokens of users who signed in without multi-factor authentication.
  - Only the page RV(environment.history_page) shows who started an action.
seealso:
  - module: quiesce.maintenance.lcs_maintenance_mode
"""

EXAMPLES = r"""
- name: Gather the state through the public API
  quiesce.maintenance.lcs_maintenance_mode_info:
    project_id: "1234567"
    environment_id: 0c6f5d1e-3c1c-4d59-9f65-8a1f6f8e1a11
    api_token: "{{ lcs_token }}"
  register: lcs

- name: Gather the state from the portal, which also says what runs
  quiesce.maintenance.lcs_maintenance_mode_info:
    project_id: "1234567"
    environment_id: 0c6f5d1e-3c1c-4d59-9f65-8a1f6f8e1a11
    cookies_file: /run/secrets/lcs_cookies
    accept_undocumented_api: true
"""

RETURN = r"""
source:
  description: Where the answer is from, V(portal) or V(api).
  returned: success
  type: str
  sample: api
maintenance_mode:
  description: Whether maintenance mode is on; null while a servicing operation runs, or if LCS does not say.
  returned: success
  type: bool
  sample: false
progress:
  description: Progress of the action that runs, in per cent; null if LCS does not say.
  returned: success
  type: int
  sample: 35
history:
  description: The last actions on the environment, the newest first; null if LCS does not return them (a note of the
    row says why).
  returned: success
  type: list
  elements: dict
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
environment:
  description: What LCS says about the environment, and the pages on which people find it.
  returned: success
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
  returned: success
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

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: powerplatform_administration_mode
short_description: Turn the administration mode of a Power Platform environment with Finance + Operations on or off
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Turns the administration mode of a unified Dynamics 365 Finance + Operations environment on or off, waits for the
    platform's operation with its stages as progress, and reads the environment until it shows the change.
  - While it is on, only users with the role System Administrator or System Customizer may sign in. Plug-ins still run.
  - The request for a switch is sent while no other operation runs, and never a second time before the operation of the
    first one was looked for. A run that was killed and started again waits for the operation that it finds.
  - The mode is on while a window is open. Opening a window that is open extends or changes it. Closing one of several
    leaves the mode on and says for whom. Who opened them, why and until when is kept in a file (O(store_host)), since
    the platform has no place for it.
  - A mode that somebody else turned on, or the platform itself, has no record. V(enabled) leaves it on, without a
    window, and V(disabled) turns it off unless a O(window) is named.
  - Two runs that switch the same environment do not get in each other's way. The second waits for the first, or is
    refused with its name.
  - For an environment that is hosted in Lifecycle Services, the task refuses and names the right way.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
  - quiesce.maintenance.rest
  - quiesce.maintenance.powerplatform
  - quiesce.maintenance.window
  - quiesce.maintenance.window.store
options:
  state:
    description:
      - Whether to open the window or to close it. Administration mode goes off with the last one.
    type: str
    choices: [enabled, disabled]
    required: true
  background_operations:
    description:
      - Whether background operations run while administration mode is on. If it is not given, the request does not name
        them and they stay as they are.
      - When administration mode goes off they are enabled, whichever value is given, since they can be disabled in
        administration mode only. So one variable serves both ways. If it stays on for another window, they stay as they
        are.
      - With O(state=enabled) and V(enabled), a known defect of the platform leaves them disabled. The task then fails
        and says so, with administration mode on.
    type: str
    choices: [enabled, disabled]
  wait_timeout:
    description:
      - How long to wait for everything together, like V(90m). Environments with Finance + Operations were seen to need
        about 20 minutes. The operation goes on without the task; running it again waits for the rest.
    type: str
    default: 90m
  busy_timeout:
    description:
      - How long to wait for another run that is at work on the environment, and while the platform is at work on it for
        another reason, a backup for example, before this run is refused. A run that died is taken over when its lease
        ends, three minutes after it was last renewed. Check mode does not wait.
    type: str
    default: 4m
  settle_timeout:
    description:
      - How long the environment may show the old state after the operation has succeeded. Reads lag behind by 20
        seconds or more.
    type: str
    default: 3m
  poll_interval:
    description:
      - How often to look, unless the platform names a time itself.
    type: str
    default: 15s
  operation_type:
    description:
      - Type of the operations by which the platform switches administration mode. Changes of an environment are
        recorded as V(Edit), and this one probably is too.
      - A running operation of this type is waited for up to O(wait_timeout), one of another type up to
        O(busy_timeout). If the platform disallows this type for the environment, the task refuses.
    type: str
    default: Edit
  logs_path:
    description:
      - Folder on the controller in which the log file of a failed operation is kept, if Dataverse has one. For that,
        the account must be a user of the environment's Dataverse that may read the operation history.
    type: path
attributes:
  check_mode:
    support: full
    details: Waits for nothing. While an operation runs, the task says so and cannot tell what will have to be done.
  diff_mode:
    support: full
  idempotent:
    support: full
    details: If the mode and the window are as required and no operation runs, nothing is written.
  platform:
    platforms: all
    support: full
    details: The service is asked from the controller, whatever host the task is for.
notes:
  - That administration mode is the maintenance mode of Finance + Operations is reported, not documented. Whether
    CONFIGURATIONMODE becomes 1 is nowhere written and cannot be seen from outside, so C(verified) in the row is null.
  - Administration mode has no end of its own. It stays on until a task with O(state=disabled), or a person in the
    admin center, turns it off; past O(expires) the status says that it is overdue.
  - Of a mode without a window the row says who switched it, if the platform tells. With one, its owner is the person;
    the platform knows only the account of the run.
  - A failed operation is not tried again. In a unified developer environment, a package or schema that does not pass
    the checks on the way out keeps the environment stuck.
  - Administration mode is documented for sandbox, production and subscription-based trial environments.
seealso:
  - module: quiesce.maintenance.powerplatform_administration_mode_info
  - module: quiesce.maintenance.d365fo_maintenance_mode
"""

EXAMPLES = r"""
- name: Put the environment into administration mode, without background operations
  quiesce.maintenance.powerplatform_administration_mode:
    environment: Contoso UAT
    tenant_id: contoso.onmicrosoft.com
    client_id: 4f2b8b0e-7a51-4b0c-9a55-3b6d1f6a7f10
    client_secret: "{{ vault_powerplatform_secret }}"
    state: enabled
    background_operations: disabled
    logs_path: /var/log/ansible
    window: CHG0042
    reason: Deploy 10.0.45
    expires: 6h

- name: Take it out again, with a certificate
  quiesce.maintenance.powerplatform_administration_mode:
    environment: https://contoso-uat.sandbox.operations.dynamics.com
    tenant_id: 0b7c1f8e-52d4-4a1b-8e36-9d5f7a2c4b60
    client_id: 4f2b8b0e-7a51-4b0c-9a55-3b6d1f6a7f10
    certificate_file: /etc/ansible/powerplatform.pem
    state: disabled
    background_operations: enabled
    window: CHG0042
"""

RETURN = r"""
administration_mode:
  description:
    - Whether administration mode is on after the task (in check mode, whether it is on now).
    - Null if the task failed and the platform does not say it.
  returned: success, and if the task failed after it sent or found a switch
  type: bool
  sample: true
background_operations:
  description: Whether background operations are V(enabled) or V(disabled); null without Dataverse.
  returned: success
  type: str
  sample: disabled
environment:
  description: The environment as the platform describes it.
  returned: success
  type: dict
  sample:
    id: 6f0c9d1e-3b6a-4c3e-8a39-1f4f5a1c2d3e
    name: Contoso UAT
    sku: Sandbox
    location: europe
    runtime_state: AdminMode
    finops_type: Internal
    finops_url: https://contoso-uat.sandbox.operations.dynamics.com
requested_by:
  description: Who put the environment into its runtime state, as far as the platform tells.
  returned: success
  type: dict
  contains:
    name:
      description: Display name of a person or an application.
      type: str
      sample: quiesce
    type:
      description: What it is, as the platform names it.
      type: str
      sample: ServicePrincipal
operation:
  description: The operation that was waited for; null if there was none.
  returned: success, and if the task failed after it sent or found a switch
  type: dict
  contains:
    id:
      description: Id of the operation.
      type: str
      sample: 0d4c8e0b-3d7e-4a53-9d0c-6b2f3a1c9e77
    type:
      description: Type of the operation.
      type: str
      sample: Edit
    state:
      description: State of the operation as the platform names it.
      type: str
      sample: Succeeded
    requested_by:
      description: Who asked for it.
      type: str
      sample: quiesce
    created:
      description: When it was asked for.
      type: str
      sample: "2026-11-24T21:00:04Z"
    last_action:
      description: When something last happened.
      type: str
      sample: "2026-11-24T21:19:40Z"
    stages:
      description: The stages that were reached, each with C(id), C(state), C(began) and C(last_action).
      type: list
      elements: dict
      sample:
        - id: Validate
          state: Succeeded
          began: "2026-11-24T21:00:05Z"
          last_action: "2026-11-24T21:00:09Z"
attached:
  description: Whether an operation was waited for that this task did not begin, that of a killed run for example.
  returned: success
  type: bool
  sample: false
pending:
  description: What the platform is doing on the environment in check mode; nobody knows what has to be done after it.
  returned: success
  type: list
  elements: str
  sample: []
deployment_type:
  description: How Finance + Operations is deployed, by the documented API; null if that could not be read.
  returned: success
  type: str
  sample: UnifiedSandbox
aos_count:
  description:
    - How many interactive AOS the platform last observed; null if that could not be read.
    - The vendor says that one interactive and one batch AOS stay up in maintenance mode. How fast the number follows
      is not known.
  returned: success
  type: int
  sample: 1
batch_aos_count:
  description: How many batch AOS the platform last observed; null if that could not be read.
  returned: success
  type: int
  sample: 1
configuration_mode_seen:
  description:
    - Always false. CONFIGURATIONMODE of the database was not seen; a person reads it with just-in-time access.
  returned: success
  type: bool
  sample: false
not_read:
  description: What could not be read besides, and why; none of it is needed for a switch.
  returned: success, and if an operation failed
  type: list
  elements: str
  sample: []
status:
  description:
    - The environment's row for M(quiesce.maintenance.systems_report), as the role C(powerplatform) leaves it in the
      fact C(powerplatform_status).
  returned: always
  type: dict
  sample:
    system: uat
    kind: F&O unified
    host: ""
    mode: maintenance
    verified: null
    managed: true
    since: "2026-11-24T21:00:03Z"
    owner: mary
    reason: Deploy 10.0.45
    expires: "2026-11-25T03:00:03Z"
    overdue: false
    windows:
      - id: CHG0042
        owner: mary
        reason: Deploy 10.0.45
        ticket: ""
        opened: "2026-11-24T21:00:03Z"
        expires: "2026-11-25T03:00:03Z"
    notes: ["open window: CHG0042 (mary, Deploy 10.0.45)"]
    faults: []
stage:
  description: The stage at which an operation failed.
  returned: if an operation failed
  type: str
  sample: Run
errors:
  description: What the platform says of a failed operation, the newest first.
  returned: if an operation failed
  type: list
  elements: dict
  contains:
    code:
      description: Code of the error.
      type: str
      sample: DatabaseSyncFailed
    message:
      description: The platform's words.
      type: str
      sample: The database synchronization failed.
    action:
      description: What failed.
      type: str
      sample: SyncDatabase
    failed_at:
      description: When.
      type: str
      sample: "2026-11-24T21:14:31Z"
    correlation_id:
      description: The id by which Microsoft's support finds it.
      type: str
      sample: 0d4c8e0b-3d7e-4a53-9d0c-6b2f3a1c9e77
    operation_type:
      description: The operation that failed.
      type: str
      sample: Edit
history:
  description: The entry of a failed operation in the environment's operation history; null if that has none.
  returned: if an operation failed
  type: dict
  sample:
    name: EnableMaintenanceMode
    description: Failed
    started: "2026-11-24T21:00:05Z"
log_file:
  description: The file in O(logs_path) that holds the log of a failed operation; null if there is none.
  returned: if an operation failed
  type: str
  sample: /var/log/ansible/powerplatform_6f0c9d1e-3b6a-4c3e-8a39-1f4f5a1c2d3e_7b1f3c52-9f65-4f0e-9a3e-2f0a7c1d8e44.zip
error_code:
  description: Code of an error that the platform or Microsoft Entra ID answered with.
  returned: if a request was refused
  type: str
  sample: EnvironmentNotFound
client_request_id:
  description: Id of the request that failed, by which Microsoft's support finds it.
  returned: if a request failed
  type: str
  sample: 9a0b6c1d-2e3f-4a5b-8c7d-6e5f4a3b2c1d
correlation_id:
  description: Id of all requests of the run.
  returned: if a request failed
  type: str
  sample: 1b2c3d4e-5f60-4718-92a3-b4c5d6e7f809
"""

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: powerplatform_administration_mode_info
short_description: Tell whether the administration mode of a Power Platform environment is on, and what runs there
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Tells whether administration mode is on, who switched it, for which windows, what the platform is doing on the
    environment, its last operations, and what it does not allow now.
  - Works for every environment, with Finance + Operations or without.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
  - quiesce.maintenance.rest
  - quiesce.maintenance.powerplatform
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
    details: The service is asked from the controller, whatever host the task is for.
seealso:
  - module: quiesce.maintenance.powerplatform_administration_mode
"""

EXAMPLES = r"""
- name: Ask for the administration mode
  quiesce.maintenance.powerplatform_administration_mode_info:
    environment: Contoso UAT
    tenant_id: contoso.onmicrosoft.com
    client_id: 4f2b8b0e-7a51-4b0c-9a55-3b6d1f6a7f10
    client_secret: "{{ vault_powerplatform_secret }}"
  register: uat
"""

RETURN = r"""
administration_mode:
  description: Whether administration mode is on; null if the runtime state says neither.
  returned: success
  type: bool
  sample: false
background_operations:
  description: Whether background operations are V(enabled) or V(disabled); null without Dataverse.
  returned: success
  type: str
  sample: enabled
environment:
  description: The environment as the platform describes it.
  returned: success
  type: dict
  sample:
    id: 6f0c9d1e-3b6a-4c3e-8a39-1f4f5a1c2d3e
    name: Contoso UAT
    sku: Sandbox
    location: europe
    runtime_state: Enabled
    finops_type: Internal
    finops_url: https://contoso-uat.sandbox.operations.dynamics.com
requested_by:
  description: Who put the environment into its runtime state, C(name) and C(type), as far as the platform tells.
  returned: success
  type: dict
  sample: {name: quiesce, type: ServicePrincipal}
operations:
  description:
    - The last ten operations, the newest first, each as M(quiesce.maintenance.powerplatform_administration_mode)
      returns one.
    - Null if the platform does not list them to this account.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 0d4c8e0b-3d7e-4a53-9d0c-6b2f3a1c9e77
      type: Edit
      state: Succeeded
      requested_by: quiesce
      created: "2026-11-24T21:00:04Z"
      last_action: "2026-11-24T21:19:40Z"
      stages: []
disallowed_operations:
  description: What the platform does not allow for this environment now, C(type) and C(reason).
  returned: success
  type: list
  elements: dict
  sample: []
deployment_type:
  description: How Finance + Operations is deployed, by the documented API; null if that could not be read.
  returned: success
  type: str
  sample: UnifiedSandbox
aos_count:
  description: How many interactive AOS the platform last observed; null if that could not be read.
  returned: success
  type: int
  sample: 2
batch_aos_count:
  description: How many batch AOS the platform last observed; null if that could not be read.
  returned: success
  type: int
  sample: 2
configuration_mode_seen:
  description:
    - Always false. CONFIGURATIONMODE of the database was not seen; a person reads it with just-in-time access.
  returned: success
  type: bool
  sample: false
not_read:
  description: What could not be read besides, and why.
  returned: success
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
    mode: normal
    verified: null
    managed: null
    since: null
    owner: null
    reason: null
    expires: null
    overdue: false
    windows: []
    notes: []
    faults: []
"""

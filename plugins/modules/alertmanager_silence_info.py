# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: alertmanager_silence_info
short_description: Tell which silences a system has in Prometheus Alertmanager, and what fires all the same
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Tells which windows of a system have a silence, until when, and which of the alerts that fire it does not suppress.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
  - quiesce.maintenance.rest
  - quiesce.maintenance.alertmanager
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
    details: The Alertmanager is asked from the controller, whatever host the task is for.
seealso:
  - module: quiesce.maintenance.alertmanager_silence
"""

EXAMPLES = r"""
- name: Look at the silences of this host
  quiesce.maintenance.alertmanager_silence_info:
    url: https://alertmanager.example.com
    token: "{{ vault_alertmanager_token }}"
    matchers: instance="dev01",job=~"windows.*"
  register: silences
"""

RETURN = r"""
silences:
  description: The silences of the system that have not expired.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id of the silence.
      type: str
      sample: f9a8cdff-14dd-4710-8618-a27cb023a7bd
    state:
      description: V(active) or V(pending).
      type: str
      sample: active
    window:
      description: Id of its window.
      type: str
      sample: default
    matchers:
      description: Its matchers.
      type: list
      elements: str
      sample: ['instance="dev01"']
    starts:
      description: When it began, as Alertmanager says it.
      type: str
      sample: "2026-11-24T21:00:00.991Z"
    ends:
      description: When it ends (ISO 8601, UTC).
      type: str
      sample: "2026-11-24T23:00:00Z"
    created_by:
      description: The owner of the window.
      type: str
      sample: release.manager
    comment:
      description: Reason and ticket, and by what the silence is found again.
      type: str
      sample: |-
        Configuration keys
        quiesce.maintenance {"system": "dev01", "window": "default", "ticket": "", "opened": "2026-11-24T21:00:00Z"}
alerts:
  description: How many alerts fire that fit the matchers.
  returned: success
  type: int
  sample: 2
loud:
  description: Those of them that no silence of the system suppresses.
  returned: success
  type: list
  elements: str
  sample: ["HostDown (instance=dev01)"]
status:
  description:
    - The system's row for M(quiesce.maintenance.systems_report), as the role C(alertmanager) leaves it in the fact
      C(alertmanager_status).
  returned: always
  type: dict
  sample:
    system: dev01
    kind: Alertmanager
    host: ""
    mode: maintenance
    verified: true
    managed: true
    since: "2026-11-24T21:00:00Z"
    owner: release.manager
    reason: Configuration keys
    expires: "2026-11-24T23:00:00Z"
    overdue: false
    windows:
      - id: default
        owner: release.manager
        reason: Configuration keys
        ticket: ""
        opened: "2026-11-24T21:00:00Z"
        expires: "2026-11-24T23:00:00Z"
    notes: []
    faults: []
"""

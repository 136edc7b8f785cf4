# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: alertmanager_silence
short_description: Silence the alerts of a system in Prometheus Alertmanager for the time of its maintenance
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Creates a silence for the alerts of a system, so that its maintenance wakes nobody, changes it, and ends it when the
    maintenance is over. The alerts still fire; Alertmanager sends no notifications about them.
  - Each window is one silence. It is created with the owner of the window, and with its reason and ticket in the
    comment; it ends with the window, by itself if nobody ends it before.
  - Opening a window that is open extends or changes its silence. Closing one of several leaves the others active.
  - Every change is read back, and the alerts that fire just then have to be suppressed by it.
  - Silences of others are left as they are. One that suppresses the same alerts is named in RV(status).
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
  - quiesce.maintenance.rest
  - quiesce.maintenance.alertmanager
options:
  state:
    description:
      - V(enabled) opens the window O(window), V(disabled) closes it.
    type: str
    choices: [enabled, disabled]
    required: true
  window:
    description:
      - Id of the window to open or close, normally the number of the change. Upper and lower case differ.
    type: str
    default: default
  all_windows:
    description: Whether O(state=disabled) closes every open window of the system, whoever opened it.
    type: bool
    default: false
  owner:
    description:
      - Who opens the window. By default the AWX user, else the user on the controller. An open window keeps its owner.
    type: str
  reason:
    description: Why, for the comment.
    type: str
  ticket:
    description: Number of the change, for the comment.
    type: str
  expires:
    description:
      - When the window ends, a time with a zone or a duration from its opening like V(2h), with its unit. The silence
        ends by itself then, and Alertmanager notifies again about what still fires.
      - If it is not given, an open window keeps its end, and a new one ends after O(duration).
      - An end that has passed is refused.
    type: str
  duration:
    description:
      - How long a window lasts that is opened without O(expires). A silence always has an end.
    type: str
    default: 8h
attributes:
  check_mode:
    support: full
    details: Matchers that Alertmanager refuses are refused in check mode too.
  diff_mode:
    support: full
  idempotent:
    support: full
    details: If the silence is as required, one request asks and nothing is written.
  platform:
    platforms: all
    support: full
    details: The Alertmanager is asked from the controller, whatever host the task is for.
notes:
  - A failure after a write has C(changed=true), and its message names the windows that have a silence now.
  - A silence whose matchers change is replaced by a new one, and Alertmanager lists the old one as expired.
seealso:
  - module: quiesce.maintenance.alertmanager_silence_info
"""

EXAMPLES = r"""
- name: Silence the alerts of this host during a change
  quiesce.maintenance.alertmanager_silence:
    url: https://alertmanager.example.com
    token: "{{ vault_alertmanager_token }}"
    matchers:
      - instance=~"dev01(:[0-9]+)?"
    state: enabled
    window: CHG0042
    reason: Configuration keys
    expires: 2h

- name: End the silence
  quiesce.maintenance.alertmanager_silence:
    url: https://alertmanager.example.com
    token: "{{ vault_alertmanager_token }}"
    matchers:
      - instance=~"dev01(:[0-9]+)?"
    state: disabled
    window: CHG0042
"""

RETURN = r"""
silences:
  description: The silences of the system that have not expired after the task; in check mode as they are.
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

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: d365fo_services
short_description: Stop, start or restart services of a Finance + Operations machine
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Stops, starts or restarts services and waits until they are in the requested state. The background services are
    handled together; IIS is the last to stop and the first to start. Running services that depend on a service are
    stopped before it, and on a restart started again after it. Start types are never touched.
  - If a service cannot be started, the others are started all the same; the task fails at the end and names it.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.d365fo
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: O(state=restarted) restarts the services each time.
options:
  names:
    description: The services, by service name.
    type: list
    elements: str
    required: true
  state:
    description: The requested state.
    type: str
    choices: [started, stopped, restarted]
    required: true
  service_timeout:
    description: How long to wait for each stop or start.
    type: str
    default: 5m
  kill_hung:
    description:
      - Whether to end the process of a service that does not stop in time. The process is found by the name of the
        service; if it also runs other services, it is not ended, except for W3SVC. Windows may restart a batch service
        that was ended, after 30 s.
    type: bool
    default: false
notes:
  - Not verified against a real Finance + Operations machine.
"""

EXAMPLES = r"""
- name: Stop the background services
  quiesce.maintenance.d365fo_services:
    names:
      - DynamicsAxBatch
      - MR2012ProcessService
    state: stopped

- name: Restart IIS
  quiesce.maintenance.d365fo_services:
    names: [W3SVC]
    state: restarted
"""

RETURN = r"""
before:
  description: State, start type and PID of each service before.
  type: dict
  returned: success
  sample:
    W3SVC:
      state: running
      start_type: auto
      pid: 4711
after:
  description: State, start type and PID of each service after.
  type: dict
  returned: success
  sample:
    W3SVC:
      state: running
      start_type: auto
      pid: 5120
services:
  description: The services that could not be controlled.
  type: list
  elements: str
  returned: when a service refused
  sample: [MR2012ProcessService]
win32_error:
  description: Error of the service control manager.
  type: int
  returned: when a service refused
  sample: 1053
"""

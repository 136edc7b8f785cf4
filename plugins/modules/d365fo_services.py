# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: d365fo_services
short_description: Stop, start and restart the services of a Finance + Operations host
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Stops and starts Windows services in a safe order and waits until Windows reports the wanted state; an exit code
    alone is never believed.
  - Background services (batch, Management Reporter, data management) stop before the World Wide Web Publishing
    Service and start after it. Running dependents of a service stop before it and, on a restart, run again after it.
  - Start types are never touched.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
  - quiesce.maintenance.attributes.windows
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: O(state=restarted) restarts each time.
options:
  names:
    description: Names of the services (not their display names). Each of them has to exist.
    type: list
    elements: str
    required: true
  state:
    description: What the services are to be.
    type: str
    choices: [started, stopped, restarted]
    required: true
  timeout:
    description: Seconds to wait for each stop or start.
    type: int
    default: 300
  kill_hung:
    description:
      - Whether the process of a service that has not stopped within O(timeout) is ended by C(taskkill.exe). Without it
        the task fails and names the PID.
      - Windows takes an ended process for a crash and may start the service again, the batch service after 30 seconds.
      - A process that other services share is only ended for W3SVC, which shares it with WAS, its own dependency.
    type: bool
    default: false
notes:
  - Not verified against a real Finance + Operations machine; the state names and error numbers are those of Windows.
"""

EXAMPLES = r"""
- name: Restart IIS, and with it the AOS
  quiesce.maintenance.d365fo_services:
    names: [W3SVC]
    state: restarted

- name: Stop the background services
  quiesce.maintenance.d365fo_services:
    names: [DynamicsAxBatch, MR2012ProcessService]
    state: stopped
    timeout: 600
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
  description: State, start type and PID of each service after, as read back (in check mode as before).
  type: dict
  returned: success
  sample:
    W3SVC:
      state: running
      start_type: auto
      pid: 4892
service:
  description: The service that could not be stopped or started.
  type: str
  returned: when a service refused or hung
  sample: DynamicsAxBatch
win32_error:
  description: The error number of Windows.
  type: int
  returned: when a service refused
  sample: 1053
pid:
  description: The process of the service that hung.
  type: int
  returned: when a service hung
  sample: 4711
"""

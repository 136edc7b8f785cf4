# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: systems_info
short_description: Gather which systems the hosts of a play are
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Gathers which systems the hosts of the play are, and which host does what in which wave. It reads the inventory and
    connects to no host. The collection's playbooks begin with it.
  - The variable C(quiesce_systems) of a host names the systems that it is, one or several, as a list or as text
    (V([d365fo, trend])). Without that variable, its groups with the name of a system count (C(d365fo), C(launch),
    C(trend)).
  - A host with C(trend_manager) is a computer of that inventory host. The computers of one manager are switched
    together.
  - Fails if no host of the play is a system, or if the limit of the run names a host that is not a system. So a job
    that switched nothing never succeeds. Fails, too, for a variable that the run was given as an extra variable and
    whose name only resembles one of the collection's (C(quiesce_windw)).
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: all
    support: full
options:
  only:
    description:
      - Limits the result to these systems, by host, with the names of the windows to close on each, or to extend, as
        M(quiesce.maintenance.change_window_info) returns them. If it is given, the result may be empty.
    type: dict
  expires:
    description: The new end of the windows in O(only), if they are extended.
    type: str
  untouched:
    description:
      - Systems, by host, that the change did not switch on its way in, as M(quiesce.maintenance.change_window) returns
        them. No gate waits for them on the way out.
    type: dict
seealso:
  - module: quiesce.maintenance.systems_maintenance_mode
"""

EXAMPLES = r"""
- name: Find the systems
  quiesce.maintenance.systems_info:
  register: quiesce_estate
  run_once: true
"""

RETURN = r"""
run:
  description: Id of this run, by which its results are told from those of a playbook before it.
  type: str
  returned: success
  sample: 5f2c91d3
lost:
  description: Hosts on which a task before this one failed, or that could not be reached.
  type: list
  elements: str
  returned: success
  sample: []
hosts:
  description: The systems that each host is.
  type: dict
  returned: success
  sample:
    dev01: [d365fo, trend]
waves:
  description:
    - What each host does in each wave. C(module) lists what M(quiesce.maintenance.systems_maintenance_mode) does,
      C(role) what the role of the system does, for hosts with task files.
  type: dict
  returned: success
  sample:
    gates:
      module:
        launch01:
          - system: launch
      role: {}
    protections:
      module:
        dev01:
          - system: trend
            manager: dsm01
            members: [dev01, dev02]
      role: {}
"""

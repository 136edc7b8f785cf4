# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: systems_maintenance_mode
short_description: Enable or disable maintenance mode of all systems of a host, in one wave
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Runs, on each host, the module of each system that the host is (M(quiesce.maintenance.d365fo_maintenance_mode) and
    so on), with the variables of the host as its options. One task serves a whole wave, with any mix of systems.
  - Requires the result of M(quiesce.maintenance.systems_info), registered as C(quiesce_estate). Register its own result
    as C(quiesce_result), which M(quiesce.maintenance.systems_report) and the next waves read.
  - The task fails if a system failed. With C(ignore_errors) and C(ignore_unreachable) the run continues, to take the
    other systems out and to print the table; M(quiesce.maintenance.systems_report) with C(verdicts) fails at the end.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    platforms: all
    support: full
options:
  state:
    description: Whether to enable or disable maintenance mode. V(status) only looks, and does not fail. V(ready) asks
      no system anything, and fails if one could not be switched with the options that it has.
    type: str
    choices: [enabled, disabled, status, ready]
    required: true
  wave:
    description: The wave to switch. The default is all waves, one after the other on each host.
    type: str
    choices: [gates, applications, protections]
  by_role:
    description: Whether the roles of the systems have switched them, so that this task only records the results.
    type: bool
    default: false
seealso:
  - module: quiesce.maintenance.systems_info
  - module: quiesce.maintenance.systems_report
"""

EXAMPLES = r"""
- name: Find the systems
  quiesce.maintenance.systems_info:
  register: quiesce_estate
  run_once: true

- name: Gather the status
  quiesce.maintenance.systems_maintenance_mode:
    state: status
  register: quiesce_result

- name: Print the table
  quiesce.maintenance.systems_report:
  run_once: true
"""

RETURN = r"""
systems:
  description: The result of each system in this task and those before it, by its name. It is the result of its module,
    with C(rows), a list, in place of C(status). On the way out, a gate that has to wait for an application, and that no
    window of somebody else keeps in maintenance mode, is only looked at and has C(held=true).
  type: dict
  returned: always
  sample:
    d365fo:
      changed: true
      rows:
        - system: dev01
          kind: D365 F&O
          mode: maintenance
"""

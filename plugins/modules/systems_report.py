# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: systems_report
short_description: Report the status of all systems as one table
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Prints one readable table with the mode of each system, whether it is verified, since when, who, why and until when,
    and anything that needs attention.
  - Without options the rows are those of the run, from C(quiesce_estate) and C(quiesce_result), the results of
    M(quiesce.maintenance.systems_info) and M(quiesce.maintenance.systems_maintenance_mode). They include systems that
    failed, could not be reached, or were not touched.
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
  rows:
    description: Rows to print in place of those of the run.
    type: list
    elements: dict
  state:
    description: The purpose of the run, which decides what the verdicts advise.
    type: str
    choices: [enabled, disabled, status]
    default: status
  verdicts:
    description:
      - Whether to say what the report before this task, registered as C(quiesce_report), said of this host. Nothing is
        printed then; the task fails on a host that has a verdict, which is its message.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Print the table
  quiesce.maintenance.systems_report:
    rows:
      - system: dev01
        kind: D365 F&O
        mode: maintenance
        verified: true
        since: "2026-11-24T21:00:00Z"
        owner: release.manager
        notes: []
"""

RETURN = r"""
run:
  description: Id of the run that the report is about.
  type: str
  returned: if it is about a run
  sample: 5f2c91d3
rows:
  description: The rows, as docs/row.schema.json describes them.
  type: list
  elements: dict
  returned: if a table is printed
  sample: [{"system": "dev01", "mode": "maintenance"}]
table:
  description: The lines of the table.
  type: list
  elements: str
  returned: if a table is printed
  sample: ["SYSTEM  MODE", "dev01   maintenance"]
verdicts:
  description: For each host on which something failed, what failed, what was not touched, and what to do.
  type: dict
  returned: if a table is printed
  sample: {"dev01": "Dynamics 365 Finance + Operations: ... Fix the cause and run disable again."}
"""

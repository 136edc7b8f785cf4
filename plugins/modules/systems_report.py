# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: systems_report
short_description: Print what the systems of an estate are doing as one table
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Prints one readable table - system, mode, whether it is in effect, since when, by whom, why, until when, and what
    is not as it should be.
  - Without options the rows are those of the run, from C(quiesce_estate) and C(quiesce_result), as
    M(quiesce.maintenance.systems_info) and M(quiesce.maintenance.systems_maintenance_mode) left them - also of systems
    that failed, could not be reached, or were not touched.
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
    description: What the run was for. It decides which remedy the verdicts name.
    type: str
    choices: [enabled, disabled, status]
    default: status
  verdicts:
    description:
      - The RV(verdicts) of the report before. Nothing is printed then; the task fails on a host that has one, which is
        its message.
    type: dict
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
  description: What failed on which host, what was not touched, and what to do. Hosts on which nothing failed have none.
  type: dict
  returned: if a table is printed
  sample: {"dev01": "Dynamics 365 Finance + Operations: ... When it is mended, run disable again."}
"""

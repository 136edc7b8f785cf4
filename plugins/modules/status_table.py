# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: status_table
short_description: Print what the systems of an estate are doing as one table
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Prints the rows that this collection's roles leave behind (the facts C(d365fo_status), C(trend_status) and
    C(launch_status)) as one readable table - system, mode, whether it is in effect, since when, by whom, why, until
    when, and what is not as it should be.
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
    description: The rows, those of all hosts one after the other.
    type: list
    elements: dict
    default: []
  facts:
    description:
      - Names of facts in which the hosts of the play have their rows, each a list of rows or a result with a row as
        C(status). A host of the play without any is named as one that left no row.
    type: list
    elements: str
    default: []
  silent:
    description: Names of systems that were asked and left no row, since their run failed.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Print the table
  quiesce.maintenance.status_table:
    rows:
      - system: dev01
        kind: Dynamics 365 F&O
        mode: maintenance
        verified: true
        since: "2026-11-24T21:00:00Z"
        owner: release.manager
        notes: []
"""

RETURN = r"""
table:
  description: The lines of the table.
  type: list
  elements: str
  returned: success
  sample: ["SYSTEM  MODE", "dev01   maintenance"]
"""

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: systems_status
short_description: Report what is in maintenance mode, as a table, a page and files
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Reports what a look at each system returned (M(quiesce.maintenance.systems_maintenance_mode) with C(state=status),
    registered as C(quiesce_result)), with what the store says of change windows. Systems that need attention come
    first.
  - Prints the table, writes files of every format that is asked for, and says on which hosts the run is to fail
    (M(quiesce.maintenance.systems_report) with C(verdicts=true) fails there).
  - Each option is a variable with the prefix C(status_), too, as extra variables and surveys give them. A list may be
    text, with a comma or a line break between its items.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
attributes:
  check_mode:
    support: full
    details: The files are not written.
  diff_mode:
    support: none
    details: Changes nothing but the files.
  idempotent:
    support: full
  platform:
    platforms: posix
    support: full
    details: Runs on the controller.
options:
  state:
    description:
      - V(ready) only refuses options that cannot be used, so that no system is asked in vain.
      - V(reported) reports.
    type: str
    choices: [ready, reported]
    default: reported
  report:
    description:
      - Files to write on the controller. The ending says the format, V(.html), V(.json), V(.csv), V(.prom) (metrics for
        Prometheus) or V(.md) (Markdown). A relative path begins at the working directory.
      - Each file is replaced as a whole, with the permissions that the umask leaves of 0644. Its folder must be there.
    type: list
    elements: str
  fail_on:
    description:
      - Words; the run is to fail on every host with a system for which one of them is true.
      - V(overdue), a window should be over.
      - V(unknown), it could not be asked.
      - V(foreign), it is in maintenance mode without a window of this collection.
      - V(changing), it is between the two modes.
      - V(unverified), the mode is not in effect yet.
      - V(faulty), something else is not as it should be, for example a service that does not run.
      - V(attention) is any of these; V(maintenance) and V(normal) are the modes.
    type: list
    elements: str
  only:
    description: Words as for O(fail_on). Only systems for which one of them is true are reported.
    type: list
    elements: str
  windows:
    description:
      - Names of windows. Only systems that one of them holds are reported, and those of which nobody knows what holds
        them. They could not be asked, or are not in normal operation and have no window, since a record may be lost.
    type: list
    elements: str
  owners:
    description: Owners of windows, for the same purpose. Upper and lower case are the same here.
    type: list
    elements: str
  store_host:
    description: Host of the inventory that keeps the records of windows. The default is the controller.
    type: str
  store_path:
    description: Folder of these records, see O(quiesce.maintenance.launch_maintenance_mode#module:store_path).
    type: str
notes:
  - Filters apply to everything, also to what O(fail_on) looks at.
  - Sets the statistic C(quiesce_status), which AWX passes to the next nodes of a workflow.
seealso:
  - module: quiesce.maintenance.systems_report
  - name: The status
    description: The playbook C(quiesce.maintenance.status), its page, its metrics, and how to schedule it.
    link: https://github.com/quiesce/quiesce.maintenance/blob/main/docs/status.md
"""

EXAMPLES = r"""
- name: Report the status of all systems
  quiesce.maintenance.systems_status:
    report:
      - "{{ playbook_dir }}/estate.html"
      - "{{ playbook_dir }}/estate.prom"
    fail_on: [overdue, unknown, foreign]
  register: quiesce_report
  run_once: true
"""

RETURN = r"""
run:
  description: Id of the run that the report is about.
  type: str
  returned: with O(state=reported)
  sample: 5f2c91d3
rows:
  description:
    - The rows, as docs/row.schema.json describes them, with C(attention) and C(usually); what needs attention first.
  type: list
  elements: dict
  returned: with O(state=reported)
  sample: [{"system": "dev01", "mode": "maintenance", "attention": ["overdue"]}]
headline:
  description: What a person is to know first.
  type: str
  returned: with O(state=reported)
  sample: 1 window is overdue
counts:
  description: The number of systems, of those in each mode, and of those for which each word is true.
  type: dict
  returned: with O(state=reported)
  sample: {"systems": 30, "normal": 27, "maintenance": 3, "overdue": 1}
windows:
  description: The open windows and their systems, as docs/status.schema.json describes them.
  type: list
  elements: dict
  returned: with O(state=reported)
  sample: [{"id": "CHG0042", "owner": "ann", "overdue": true}]
problems:
  description: Records that could not be read, and why.
  type: list
  elements: str
  returned: with O(state=reported)
  sample: []
files:
  description: The files of the report.
  type: list
  elements: str
  returned: with O(state=reported)
  sample: [/srv/status/estate.html]
table:
  description: The lines of the table.
  type: list
  elements: str
  returned: with O(state=reported)
  sample: ["SYSTEM  MODE", "dev01   maintenance"]
verdicts:
  description: For each host on which the run is to fail, why.
  type: dict
  returned: with O(state=reported)
  sample: {"dev01": "dev01, D365 F&O: overdue; window CHG0042 (ann)."}
"""

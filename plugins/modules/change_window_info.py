# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: change_window_info
short_description: Find windows that are over, and modes that were forgotten
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Finds the windows whose time is over, by what a look at each system returned
    (M(quiesce.maintenance.systems_maintenance_mode) with C(state=status), registered as C(quiesce_result)) and by the
    file of change windows in O(store_path).
  - A window is over if it is so by the clock of its system and by the clock of the store. One whose work still goes on
    is never RV(due).
  - What is to be done about a window that is over is a policy. The variable C(quiesce_on_expiry) of a host, or one with
    the name of the system (C(d365fo_on_expiry)), is V(close) or V(report). Without one, Dynamics 365 is only reported,
    because closing restarts it, and every other system is closed.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
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
    platforms: posix
    support: full
    details: Runs on the controller.
options:
  store_host:
    description: Host of the inventory that keeps the file. The default is the controller.
    type: str
  store_path:
    description: Folder of the file, see O(quiesce.maintenance.launch_maintenance_mode#module:store_path).
    type: str
  take_over:
    description: Whether the runs that hold windows are known to be dead, so that their leases need not end first.
    type: bool
    default: false
notes:
  - With a limit, windows in the file that are on no system of the run are named and left alone.
seealso:
  - module: quiesce.maintenance.change_window
  - name: Change windows
    description: How the playbook C(quiesce.maintenance.expire) works, and how to schedule it.
    link: https://github.com/quiesce/quiesce.maintenance/blob/main/docs/change-window.md
"""

EXAMPLES = r"""
- name: Find what is over
  quiesce.maintenance.change_window_info:
  register: window_due
"""

RETURN = r"""
due:
  description: Names of the windows to close, by host and system.
  type: dict
  returned: success
  sample:
    launch01:
      launch: [CHG0042]
overdue:
  description: The windows that are over and are left open, and why; and what is wrong with the task file.
  type: list
  elements: str
  returned: success
  sample: []
orphans:
  description: What has nobody who ends it, like a mode that somebody else turned on.
  type: list
  elements: str
  returned: success
  sample: ["dev02: in maintenance mode without a window of this collection"]
file:
  description: The path of the task file of C(window_overdue), empty if there is none that can be run.
  type: str
  returned: success
  sample: ""
forgotten:
  description: Windows of the file that are over and on no system.
  type: list
  elements: str
  returned: success
  sample: []
where:
  description: The hosts and systems on which each window is open.
  type: dict
  returned: success
  sample:
    CHG0042: [[launch01, launch]]
unseen:
  description: The systems, by name, of which there is no word, so that windows may be open on them.
  type: list
  elements: str
  returned: success
  sample: []
of_book:
  description: The same for each window that is recorded with the hosts for which it was opened.
  type: dict
  returned: success
  sample:
    CHG0042: []
"""

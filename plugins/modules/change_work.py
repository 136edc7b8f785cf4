# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: change_work
short_description: Run a playbook or wait for a person, as the work of a change window
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Runs a playbook in an C(ansible-playbook) of its own and shows what it says. Whatever hosts it loses, the play of
    this task goes on. The role P(quiesce.maintenance.window#role) uses it, so that systems come out of maintenance mode
    in every case.
  - Or waits until a person at the terminal says that the work is done. Unlike M(ansible.builtin.pause), it fails if
    there is nobody who could be asked.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
attributes:
  check_mode:
    support: full
    details: The playbook runs in check mode. No person is asked.
  diff_mode:
    support: full
    details: The playbook shows it.
  idempotent:
    support: none
    details: Depends on the playbook.
  platform:
    platforms: posix
    support: full
    details: Runs on the controller.
options:
  playbook:
    description:
      - Path of a playbook, or its name in a collection. It has the inventory of this run, its extra vars, vault
        secrets, passwords and options for connections, and the variable C(window).
      - It cannot ask for anything.
    type: str
  prompt:
    description: What the person is asked. Enter means that the work is done, C(Ctrl+C) that it failed.
    type: str
  hosts:
    description: The hosts to which the playbook is limited, besides C(localhost).
    type: list
    elements: str
    default: []
  window:
    description: The variable C(window) of the playbook.
    type: dict
    default: {}
notes:
  - What may be secret is handed on by files that only the user of this run can read, in Ansible's folder for temporary
    files; they are removed when the playbook has ended.
  - The output of the playbook has no colors and is that of the callback plugin P(ansible.builtin.default#callback).
seealso:
  - module: ansible.builtin.pause
  - name: Change windows
    description: How the playbook works, and what to do if it could not.
    link: https://github.com/quiesce/quiesce.maintenance/blob/main/docs/change-window.md
"""

EXAMPLES = r"""
- name: Run a playbook
  quiesce.maintenance.change_work:
    playbook: update.yml
    hosts: [launch01]

- name: Wait for a person
  quiesce.maintenance.change_work:
    prompt: Change the configuration keys, then press Enter
"""

RETURN = r"""
msg:
  description: What a person said, or why the work failed.
  type: str
  returned: on failure, and with O(prompt)
  sample: The work is done.
"""

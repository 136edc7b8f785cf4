#!/usr/bin/python
# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: launch_activity_info
short_description: List the processes that run on an HCL Launch server
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Lists the process requests that run, who started them and when, and which of them wait for a person to answer a
    manual task.
  - If the server's list does not hold the steps of a process, the module asks for those of the ten oldest, one by one.
  - The fields that name the component, resource and agent of a process are known from one published client only.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.rest
  - quiesce.maintenance.launch
  - quiesce.maintenance.launch.activity
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
    platforms: all
    support: full
    details: The server may run on anything; the task runs where Python reaches it.
notes:
  - That an empty list means that nothing runs is an inference, not documented.
seealso:
  - module: quiesce.maintenance.launch_maintenance_mode
"""

EXAMPLES = r"""
- name: See what would hold up a restart
  quiesce.maintenance.launch_activity_info:
    url: https://launch.example.com:8443
    token: "{{ launch_token }}"
    ca_path: /etc/ssl/launch.pem
    sees_all_activity: true
  register: running

- name: Name the processes that wait for a person
  ansible.builtin.debug:
    msg: "{{ running.activities | selectattr('waits_for') | map(attribute='process') }}"
"""

RETURN = r"""
count:
  description: How many processes run.
  returned: success
  type: int
  sample: 1
activities:
  description: The processes that run, the oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id of the process request.
      type: str
      sample: 4373ab0d-1e34-4508-8010-47ed8cc4d4e4
    kind:
      description: C(application), C(component) or C(generic).
      type: str
      sample: application
    process:
      description: Name of the process.
      type: str
      sample: Deploy
    application:
      description: Name of the application.
      type: str
      sample: JPetStore
    environment:
      description: Name of the environment.
      type: str
      sample: PROD
    component:
      description: Name of the component that a component process works on.
      type: str
      sample: web
    resource:
      description: Name of the resource or agent that a component or generic process works on.
      type: str
      sample: web01
    user:
      description: Who started it.
      type: str
      sample: jsmith
    since:
      description: When it began.
      type: str
      sample: "2026-11-24T21:58:00Z"
    state:
      description: State of the process as the server names it.
      type: str
      sample: EXECUTING
    paused:
      description: Whether it is paused.
      type: bool
      sample: false
    parent:
      description: Id of the process request that it is a part of.
      type: str
      sample: 5c2b4c1e-8f0f-4e44-a1f1-1b8bfbb5a0c1
    waits_for:
      description: Name of the manual task that it waits for; a person has to answer it.
      type: str
      sample: Check the smoke test
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, spoken
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._options import (
    ACTIVITY_INFO,
    MUTUALLY_EXCLUSIVE,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._tasks import activity_info
from ansible_collections.quiesce.maintenance.plugins.module_utils._text import one_line


def argument_spec() -> dict[str, Any]:
    """Return the options."""
    return dict(ACTIVITY_INFO)


def main() -> None:
    """Ask and return."""
    module = AnsibleModule(argument_spec(), mutually_exclusive=MUTUALLY_EXCLUSIVE, supports_check_mode=True)
    try:
        result = activity_info(module.params)
    except Failure as failure:
        module.fail_json(msg=spoken(str(failure)), **failure.details)
    for warning in result.pop("warnings"):
        module.warn(one_line(warning))
    module.exit_json(**result)


if __name__ == "__main__":
    main()

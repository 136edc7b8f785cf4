# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: d365fo_cluster_info
short_description: Look at the AOS instances of an on-premises Dynamics 365 environment
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Asks the Service Fabric cluster of an on-premises Finance + Operations environment, by its client REST API, for the
    health of the application, the nodes that should run an AOS and the instances that do. Changes nothing.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.cluster
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: posix
    support: full
    details: Runs where the HTTP gateway is reached, normally on the controller.
options:
  cluster_url:
    required: true
notes:
  - Not verified against a real cluster; paths and fields are those of Microsoft's reference, C(api-version=6.0).
"""

EXAMPLES = r"""
- name: Look at the cluster
  quiesce.maintenance.d365fo_cluster_info:
    cluster_url: https://sf01.example.com:19080
    client_cert: /etc/quiesce/cluster-client.pem
    client_key: /etc/quiesce/cluster-client.key
    ca_path: /etc/quiesce/cluster-ca.pem
  delegate_to: localhost
  register: cluster

- name: Say how many are ready
  ansible.builtin.debug:
    msg: "{{ cluster.ready }} of {{ cluster.expected }} AOS ready"
"""

RETURN = r"""
health:
  description: Health of the application, as Service Fabric aggregates it.
  type: str
  returned: success
  sample: Ok
expected:
  description: How many nodes should run an AOS.
  type: int
  returned: success
  sample: 3
ready:
  description: How many of them have a ready instance.
  type: int
  returned: success
  sample: 3
nodes:
  description: Those nodes and their status.
  type: dict
  returned: success
  sample:
    AOS1: Up
instances:
  description: The AOS instances.
  type: list
  elements: dict
  returned: success
  sample:
    - id: "132000000000000001"
      node: AOS1
      status: Ready
      health: Ok
      listens: true
      ready: true
missing:
  description: What is the matter with each node that has no ready instance, in words.
  type: list
  elements: str
  returned: success
  sample: []
out_of_reach:
  description: Whether the cluster did not answer; else it answered and refused, or is not what was expected.
  type: bool
  returned: failure
  sample: true
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._arguments import (
    cluster_arguments,
    cluster_options,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._cluster import Cluster, out_of_reach
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure


def argument_spec() -> dict[str, Any]:
    """Return the options."""
    return {**cluster_arguments(), "cluster_url": {"type": "str", "required": True}}


def main() -> None:
    """Ask the cluster once."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        view = Cluster(cluster_options(module.params)).read()
    except Failure as failure:
        module.fail_json(msg=str(failure), out_of_reach=out_of_reach(failure), **failure.details)
    module.exit_json(changed=False, **view.result())


if __name__ == "__main__":
    main()

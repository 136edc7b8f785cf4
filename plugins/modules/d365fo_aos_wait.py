# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: d365fo_aos_wait
short_description: Wait until the AOS of Dynamics 365 Finance + Operations are ready
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Waits from the controller, with progress lines and a limit. Changes nothing.
  - With O(cluster_url) until Service Fabric reports every AOS instance of an on-premises environment as ready, "n of m
    ready". With O(url) until that address answers. With both, O(url) is asked where the cluster can't be reached.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
  - quiesce.maintenance.cluster
attributes:
  check_mode:
    support: full
    details: Asks once and does not wait.
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: all
    support: full
    details: The requests go out from the controller.
options:
  url:
    description:
      - Address of the AOS, C(Infrastructure.HostUrl) in C(web.config), on-premises like
        V(https://ax.example.com/namespaces/AXSF/).
    type: str
  former_instances:
    description:
      - Ids of instances that ran before a restart (RV(quiesce.maintenance.d365fo_cluster_info#module:instances)). As
        long as one of them is still there it counts as not restarted.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds to wait at most.
    type: int
    default: 900
  interval:
    description: Seconds between two looks.
    type: int
    default: 5
  accept:
    description:
      - HTTP statuses of O(url) that mean ready. Redirects are not followed. That a redirect to the sign-in page (302)
        means ready is a guess.
    type: list
    elements: int
    default: [200, 302]
notes:
  - No sign of maintenance mode is known in what an AOS answers, so this shows that it runs, not in which mode.
  - Not verified against a real AOS or cluster.
"""

EXAMPLES = r"""
- name: Wait until the AOS of a development machine answers
  quiesce.maintenance.d365fo_aos_wait:
    url: https://dev01.cloud.onebox.dynamics.com/
    timeout: 600

- name: Wait until all AOS instances of an on-premises environment are ready
  quiesce.maintenance.d365fo_aos_wait:
    cluster_url: https://sf01.example.com:19080
    client_cert: /etc/quiesce/cluster-client.pem
    client_key: /etc/quiesce/cluster-client.key
    ca_path: /etc/quiesce/cluster-ca.pem
    timeout: 3600
"""

RETURN = r"""
ready:
  description: Whether everything was ready in the end (in check mode at the one look).
  type: bool
  returned: success
  sample: true
said:
  description: What was missing at the first look, empty where nothing was.
  type: str
  returned: success
  sample: HTTP 503
"""

# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the options by which an on-premises environment's Service Fabric cluster is reached."""

from __future__ import annotations


class ModuleDocFragment:
    """Service Fabric's client REST API."""

    DOCUMENTATION = r"""
options:
  cluster_url:
    description: HTTP gateway of the cluster, like V(https://sf01.example.com:19080).
    type: str
  client_cert:
    description: PEM file of a client certificate that the cluster knows.
    type: path
  client_key:
    description: PEM file of its unencrypted key, where O(client_cert) does not hold it.
    type: path
  ca_path:
    description: PEM file of the certificate authorities to trust, in place of the system's.
    type: path
  validate_certs:
    description: Whether the server's certificate is verified.
    type: bool
    default: true
  application:
    description: Name of the application in the cluster.
    type: str
    default: AXSF
  service:
    description: Id of the AOS service in the cluster.
    type: str
    default: AXSF~AXService
  aos_node_types:
    description: Node types that run an AOS.
    type: list
    elements: str
    default: [AOSNodeType, BatchOnlyAOSNodeType, InteractiveOnlyAOSNodeType]
"""

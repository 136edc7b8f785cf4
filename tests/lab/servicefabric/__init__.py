"""A Service Fabric cluster that runs Finance + Operations on-premises, and its client REST API."""

from __future__ import annotations

from lab.servicefabric.cluster import Cluster, Instance, InstanceFaults, Node
from lab.servicefabric.frontend import Frontend, status_of
from lab.servicefabric.gateway import Gateway

__all__ = ["Cluster", "Frontend", "Gateway", "Instance", "InstanceFaults", "Node", "status_of"]

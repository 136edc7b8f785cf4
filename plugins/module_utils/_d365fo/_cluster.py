# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The AOS instances of an on-premises environment, as Service Fabric's client REST API reports them.

Source: Microsoft's reference "Service Fabric Client REST API", api-version 6.0.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import quote

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._template import AOS_NODE_TYPES
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import (
    Answer,
    Client,
    HttpFailure,
    Retry,
)

API_VERSION = "6.0"
APPLICATION = "AXSF"
SERVICE = "AXSF~AXService"
_MOST_PAGES = 1000
"""More than the largest cluster has: Service Fabric cuts pages by the length of a message."""

_NO_INSTANCE = "no AOS instance"
_FIRST_CONTACT = 3.0
"""Seconds for the first answer: there is another way to see that the AOS is back."""


@dataclass(frozen=True)
class Instance:
    """One AOS instance. ``identity`` is Service Fabric's id of it; a restarted instance has another [a guess]."""

    identity: str
    node: str
    status: str
    health: str
    listens: bool

    @property
    def ready(self) -> bool:
        """Whether it serves: ready, healthy and with an endpoint."""
        return self.status == "Ready" and self.health in ("Ok", "Warning") and self.listens


@dataclass(frozen=True)
class View:
    """The cluster's view: health of the application, nodes that should run an AOS (name to status), instances."""

    health: str
    nodes: Mapping[str, str]
    instances: tuple[Instance, ...]

    @property
    def by_node(self) -> dict[str, Instance]:
        """The instance of each node; where one that was replaced is still listed, the one that is ready."""
        ordered = sorted(self.instances, key=lambda instance: instance.ready)
        return {instance.node: instance for instance in ordered if instance.node in self.nodes}

    @property
    def ready(self) -> int:
        """How many nodes have a ready instance."""
        return sum(instance.ready for instance in self.by_node.values())

    def troubles(self) -> dict[str, str]:
        """Say of each node without a ready instance what is the matter."""
        found = self.by_node
        return {
            node: _trouble(found.get(node), status)
            for node, status in self.nodes.items()
            if node not in found or not found[node].ready
        }

    def missing(self) -> list[str]:
        """The same in one line each."""
        return [f"{node}: {trouble}" for node, trouble in self.troubles().items()]

    def result(self) -> dict[str, Any]:
        """Return the view as a task's result shows it."""
        return {
            "health": self.health,
            "expected": len(self.nodes),
            "ready": self.ready,
            "nodes": dict(self.nodes),
            "instances": [
                {
                    "id": instance.identity,
                    "node": instance.node,
                    "status": instance.status,
                    "health": instance.health,
                    "listens": instance.listens,
                    "ready": instance.ready,
                }
                for instance in self.instances
            ],
            "missing": self.missing(),
        }


def _trouble(instance: Instance | None, node_status: str) -> str:
    if node_status != "Up":
        return f"the node is {node_status}"
    if instance is None:
        return _NO_INSTANCE
    if instance.status == "InBuild":
        return "InBuild, the database is being synchronised"
    if instance.status != "Ready":
        return f"the AOS instance is {instance.status}"
    return "no endpoint yet" if not instance.listens else f"health {instance.health}"


@dataclass(frozen=True)
class ClusterOptions:
    """How the cluster is reached: its HTTP gateway and a client certificate that it trusts."""

    url: str
    client_cert: str = ""
    client_key: str = ""
    ca_path: str = ""
    validate_certs: bool = True
    application: str = APPLICATION
    service: str = SERVICE
    node_types: Collection[str] = AOS_NODE_TYPES
    timeout: float = 30.0


def out_of_reach(failure: Failure) -> bool:
    """Whether the cluster did not answer, or something in front of it said so; else it answered and refused."""
    return isinstance(failure, HttpFailure) and failure.status in (None, 502, 503, 504)


class Getter(Protocol):
    """What is needed of ``_http.Client``."""

    def get(self, path: str, *, attempted: str, query: Iterable[tuple[str, str]] = ()) -> Answer:
        """Read a path."""


def open_client(options: ClusterOptions, survive: float = 60.0) -> Client:
    """Return a client of the gateway; ``survive`` is how many seconds a cluster that has answered may stay silent."""
    return Client(
        options.url,
        validate_certs=options.validate_certs,
        ca_path=options.ca_path or None,
        client_cert=options.client_cert or None,
        client_key=options.client_key or None,
        timeout=options.timeout,
        retry=Retry(limit=survive, first_contact=_FIRST_CONTACT, statuses=frozenset({429, 502, 503, 504})),
        option_prefix="cluster_",
        timeout_option="",
        remedies={403: "Use a client certificate that the cluster accepts as an admin or read-only client"},
    )


class Cluster:
    """A Service Fabric cluster with the AOS instances of one environment."""

    def __init__(self, options: ClusterOptions, client: Getter) -> None:
        self._options = options
        self._client = client

    def describe(self) -> str:
        """Name it for a message."""
        return f"the AOS instances of {self._options.url}"

    def pending(self, former: Collection[str]) -> list[str]:
        """Ask what is still to be waited for; ``former`` are ids of instances that are to be gone."""
        return pending(self.read(), former)

    def read(self) -> View:
        """Ask for health, nodes and instances: three requests, and one a partition."""
        app, service = quote(self._options.application, safe="~"), quote(self._options.service, safe="~")
        health = self._get(f"/Applications/{app}/$/GetHealth", "read the health of the AOS application")
        nodes = {
            str(node.get("Name", "")): str(node.get("NodeStatus", "Unknown"))
            for node in self._items("/Nodes", "list the nodes")
            if node.get("Type") in self._options.node_types
        }
        if not nodes:
            raise Failure(
                "find the AOS nodes",
                self._options.url,
                f"no node is of type {', '.join(self._options.node_types)}",
                "Check that this is the cluster of Dynamics 365, or give O(cluster_node_types)",
            )
        instances = []
        partitions = f"/Applications/{app}/$/GetServices/{service}/$/GetPartitions"
        for partition in self._items(partitions, "list the partitions of the AOS service"):
            information = partition.get("PartitionInformation")
            identity = quote(str(information.get("Id") or "") if isinstance(information, Mapping) else "", safe="")
            if not identity:
                raise self._strange("list the partitions of the AOS service", "a partition has no ID")
            for replica in self._items(f"/Partitions/{identity}/$/GetReplicas", "list the AOS instances"):
                instances.append(_instance(replica))
        return View(str(health.get("AggregatedHealthState", "Unknown")), nodes, tuple(instances))

    def _get(self, path: str, attempted: str, token: str = "") -> Mapping[str, Any]:
        query = [("api-version", API_VERSION), *([("ContinuationToken", token)] if token else [])]
        data = self._client.get(path, attempted=attempted, query=query).data
        if not isinstance(data, Mapping):
            raise self._strange(attempted, "the answer is not a JSON object")
        return data

    def _strange(self, attempted: str, answer: str) -> Failure:
        return Failure(attempted, self._options.url, answer, "Check O(cluster_url)")

    def _items(self, path: str, attempted: str) -> Iterator[Mapping[str, Any]]:
        """Yield the items of all pages."""
        token = ""
        seen: set[str] = set()
        while token not in seen and len(seen) < _MOST_PAGES:
            seen.add(token)
            page = self._get(path, attempted, token)
            items = page.get("Items") or []
            if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
                raise self._strange(attempted, "its Items are not a list of objects")
            yield from items
            token = str(page.get("ContinuationToken") or "")
            if not token:
                return
        raise self._strange(attempted, "its pages never end")


def pending(view: View, former: Collection[str]) -> list[str]:
    """Return what is still to be waited for, in one line; ``former`` are ids of instances that are to be gone."""
    behind = {each.node: each for each in view.instances if each.ready and each.identity in former}
    fresh = replace(view, instances=tuple(each for each in view.instances if each not in behind.values()))
    waiting = [
        f"{node}: {'not restarted yet' if trouble == _NO_INSTANCE and node in behind else trouble}"
        for node, trouble in fresh.troubles().items()
    ]
    if not waiting and view.health == "Error":
        waiting = ["the application's health is Error"]
    return [f"{fresh.ready} of {len(view.nodes)} ready; {'; '.join(waiting)}"] if waiting else []


def _instance(item: Mapping[str, Any]) -> Instance:
    """Read a stateless instance, or a stateful replica: the documents have both shapes."""
    return Instance(
        identity=str(item.get("InstanceId") or item.get("ReplicaId") or ""),
        node=str(item.get("NodeName", "")),
        status=str(item.get("ReplicaStatus", "Unknown")),
        health=str(item.get("HealthState", "Unknown")),
        listens=bool(item.get("Address")),
    )

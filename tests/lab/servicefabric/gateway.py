"""The client REST API of a cluster (HTTP gateway), as far as the state of an application is concerned.

Shapes, field names, error bodies and paging are those of Microsoft's "Service Fabric Client REST API", version 6.0.
Which health states follow from which trouble is simplified [G]: an AOS that is not Ready makes its partition, service
and application a Warning, one that reports an error makes them an Error, and a node that is down the cluster.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import ssl
import urllib.parse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.x509.oid import NameOID

from lab.servicefabric.cluster import READY, Cluster, Instance, Node

Document = dict[str, Any]

OLDEST, NEWEST = (6, 0), (9, 1)
FOREVER = "P10675199DT2H48M5.4775807S"
NEVER = "0001-01-01T00:00:00.000Z"
VERSION = "9.1.1436.9590"
FILTERS = {"Ok": 2, "Warning": 4, "Error": 8}
SERVICES = {"AXService": "AXServiceType", "RTGatewayService": "RTGatewayServiceType"}
NO_SUCH = {
    "application": ("FABRIC_E_APPLICATION_NOT_FOUND", "Application not found"),
    "health": ("FABRIC_E_HEALTH_ENTITY_NOT_FOUND", "Entity not found in Health Store"),
    "service": ("FABRIC_E_SERVICE_DOES_NOT_EXIST", "Service does not exist."),
    "partition": ("FABRIC_E_PARTITION_NOT_FOUND", "Partition not found"),
}


class Refused(Exception):
    """The API answers an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        self.body = {"Error": {"Code": code, "Message": message}}


def missing(what: str) -> Refused:
    """Something that is not there."""
    return Refused(404, *NO_SUCH[what])


class Gateway:
    """The gateway of one cluster.

    ``trusted`` is the certificate authority of the clients; ``authorised`` holds the common names and the thumbprints
    (SHA-1, hexadecimal) that may ask, as the cluster's manifest does. ``requests`` are the paths that were asked for.
    ``page_size`` is how many items fit into one answer.
    """

    def __init__(
        self, cluster: Cluster, address: str, port: int, tls: tuple[Path, Path], trusted: Path, *authorised: str
    ) -> None:
        self.cluster = cluster
        self.address = address
        self.port = port
        self.tls = tls
        self.trusted = trusted
        self.authorised = set(authorised)
        self.requests: list[str] = []
        self.page_size = 100
        self.unavailable = False  # a test: the gateway answers 503
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"https://{self.address}:{self.port}"

    async def start(self) -> None:
        """Listen; ``port`` is the real one afterwards."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.trusted))
        context.load_cert_chain(*self.tls)
        # without a certificate the real gateway lets the handshake pass and answers 403
        context.verify_mode = ssl.CERT_OPTIONAL
        application = web.Application(middlewares=[self._guard])
        service = "/Applications/{application}/$/GetServices"
        for path, answer in {
            "/$/GetClusterHealth": self._cluster_health,
            "/Nodes": self._nodes,
            "/Applications/{application}": self._application,
            "/Applications/{application}/$/GetHealth": self._application_health,
            service: self._services,
            service + "/{service}/$/GetPartitions": self._partitions,
            "/Services/{service}/$/GetPartitions": self._partitions,
            "/Partitions/{partition}/$/GetReplicas": self._replicas,
        }.items():
            application.router.add_get(path, _json(answer))
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.address, self.port, ssl_context=context).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        self.requests.append(urllib.parse.unquote(request.path))
        if self.unavailable:
            return web.Response(status=503)
        if not self._may_ask(request):
            return web.Response(status=403, reason="Client certificate required")
        try:
            _check_version(request.query.get("api-version"))
            response: web.StreamResponse = await handler(request)
        except Refused as refused:
            return web.json_response(refused.body, status=refused.status)
        return response

    def _may_ask(self, request: web.Request) -> bool:
        tls = None if request.transport is None else request.transport.get_extra_info("ssl_object")
        data = None if tls is None else tls.getpeercert(binary_form=True)
        if not data:
            return False
        names = x509.load_der_x509_certificate(data).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        thumbprint = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        known = {each.lower() for each in self.authorised}
        return thumbprint in known or any(str(name.value).lower() in known for name in names)

    # what is asked for

    def _nodes(self, request: web.Request) -> Document:
        status = request.query.get("NodeStatusFilter", "default").lower()
        if status not in ("default", "all", "up", "down"):
            raise Refused(400, "E_INVALIDARG", f"NodeStatusFilter '{status}' is not simulated")
        nodes = [self._node(node) for node in sorted(self.cluster.nodes.values(), key=lambda node: node.name)]
        shown = [node for node in nodes if status not in ("up", "down") or node["NodeStatus"].lower() == status]
        return self._page(request, shown, lambda node: str(node["Name"]))

    def _node(self, node: Node) -> Document:
        seconds = str(max(0, int(self.cluster.clock.time() - node.changed_at)))
        number = list(self.cluster.nodes).index(node.name)
        return {
            "Name": node.name,
            "IpAddressOrFQDN": node.address,
            "Type": node.type,
            "CodeVersion": VERSION,
            "ConfigVersion": "1.0.0",
            "NodeStatus": "Up" if node.up else "Down",
            "NodeUpTimeInSeconds": seconds if node.up else "0",
            "HealthState": "Ok" if node.up else "Error",
            "IsSeedNode": node.seed,
            "UpgradeDomain": f"ud{number}",
            "FaultDomain": f"fd:/fd{number}",
            "Id": {"Id": _digest(node.name)},
            "InstanceId": str(131_000_000_000_000_000 + number),
            "NodeDeactivationInfo": {
                "NodeDeactivationIntent": "Invalid",
                "NodeDeactivationStatus": "None",
                "NodeDeactivationTask": [],
                "PendingSafetyChecks": [],
            },
            "IsStopped": False,
            "NodeDownTimeInSeconds": "0" if node.up else seconds,
            "NodeUpAt": _moment(node.changed_at) if node.up else NEVER,
            "NodeDownAt": NEVER if node.up else _moment(node.changed_at),
        }

    def _cluster_health(self, request: web.Request) -> Document:
        nodes = [
            {"Name": node.name, "Id": {"Id": _digest(node.name)}, "AggregatedHealthState": "Ok" if node.up else "Error"}
            for node in self.cluster.nodes.values()
        ]
        applications = [{"Name": "fabric:/System", "AggregatedHealthState": "Ok"}]
        if self.cluster.application_deployed:
            applications.append({"Name": "fabric:/AXSF", "AggregatedHealthState": self._health()})
        return {
            **_overall("Nodes", "Applications", _worst([*nodes, *applications])),
            "NodeHealthStates": _filtered(request, "NodesHealthStateFilter", nodes),
            "ApplicationHealthStates": _filtered(request, "ApplicationsHealthStateFilter", applications),
        }

    def _application(self, request: web.Request) -> Document | None:
        if not self._is_deployed(request):
            return None
        return {
            "Id": "AXSF",
            "Name": "fabric:/AXSF",
            "TypeName": "AXSFType",
            "TypeVersion": "10.0.1725.26",
            "Status": "Ready",
            "Parameters": [],
            "HealthState": self._health(),
            "ApplicationDefinitionKind": "ServiceFabricApplicationDescription",
        }

    def _application_health(self, request: web.Request) -> Document:
        if not self._is_deployed(request):
            raise missing("health")
        services = [
            {"ServiceName": f"fabric:/AXSF/{name}", "AggregatedHealthState": self._health(name)} for name in SERVICES
        ]
        deployed = [
            {
                "ApplicationName": "fabric:/AXSF",
                "NodeName": each.node.name,
                "AggregatedHealthState": "Error" if each.faults.unhealthy else "Ok",
            }
            for each in self.cluster.placed
        ]
        return {
            "Name": "fabric:/AXSF",
            **_overall("Services", "DeployedApplications", self._health()),
            "HealthEvents": _filtered(request, "EventsHealthStateFilter", [self._event()], "HealthState"),
            "ServiceHealthStates": _filtered(request, "ServicesHealthStateFilter", services),
            "DeployedApplicationHealthStates": _filtered(request, "DeployedApplicationsHealthStateFilter", deployed),
        }

    def _event(self) -> Document:
        created = _moment(min(node.changed_at for node in self.cluster.nodes.values()))
        return {
            "SourceId": "System.CM",
            "Property": "State",
            "HealthState": "Ok",
            "TimeToLiveInMilliSeconds": FOREVER,
            "Description": "Application has been created.",
            "SequenceNumber": "1",
            "RemoveWhenExpired": False,
            "IsExpired": False,
            "SourceUtcTimestamp": created,
            "LastModifiedUtcTimestamp": created,
            "LastOkTransitionAt": created,
            "LastWarningTransitionAt": NEVER,
            "LastErrorTransitionAt": NEVER,
        }

    def _services(self, request: web.Request) -> Document:
        if not self._is_deployed(request):
            raise missing("application")
        wanted = request.query.get("ServiceTypeName")
        items = [
            {
                "Id": f"AXSF~{name}",
                "ServiceKind": "Stateless",
                "Name": f"fabric:/AXSF/{name}",
                "TypeName": kind,
                "ManifestVersion": "10.0.1725.26",
                "HealthState": self._health(name),
                "ServiceStatus": "Active",
                "IsServiceGroup": False,
            }
            for name, kind in SERVICES.items()
            if wanted in (None, kind)
        ]
        return self._page(request, items, lambda item: str(item["Name"]))

    def _partitions(self, request: web.Request) -> Document:
        service = request.match_info["service"]
        known = self.cluster.application_deployed and service in ("AXSF~AXService", "AXSF/AXService")
        if not known or request.match_info.get("application", "AXSF") != "AXSF":
            raise missing("service")
        partition = {
            "ServiceKind": "Stateless",
            "HealthState": self._health(),
            "PartitionStatus": "Ready",
            "PartitionInformation": {"ServicePartitionKind": "Singleton", "Id": self.cluster.partition_id},
            "InstanceCount": -1,
            "MinInstanceCount": 1,
            "MinInstancePercentage": 0,
        }
        return self._page(request, [partition], lambda _item: self.cluster.partition_id)

    def _replicas(self, request: web.Request) -> Document:
        if not self.cluster.application_deployed or request.match_info["partition"] != self.cluster.partition_id:
            raise missing("partition")
        items = [_instance(each) for each in self.cluster.placed if each.id]
        return self._page(request, sorted(items, key=lambda item: item["InstanceId"]), lambda item: item["InstanceId"])

    def _is_deployed(self, request: web.Request) -> bool:
        return self.cluster.application_deployed and request.match_info["application"] == "AXSF"

    def _health(self, service: str = "AXService") -> str:
        if service != "AXService":
            return "Ok"
        if any(each.faults.unhealthy for each in self.cluster.placed):
            return "Error"
        return "Ok" if all(each.status == READY for each in self.cluster.placed) else "Warning"

    def _page(self, request: web.Request, items: list[Document], key: Callable[[Document], str]) -> Document:
        """The items behind the continuation token, and a token where not all fit."""
        token = request.query.get("ContinuationToken", "")
        behind = [item for item in items if key(item) > token]
        size = _number(request, "MaxResults") or self.page_size
        page = behind[:size]
        return {"ContinuationToken": key(page[-1]) if len(behind) > size else "", "Items": page}


def _instance(instance: Instance) -> Document:
    ready = instance.status == READY
    endpoint = f"https://{instance.node.address}:443/namespaces/AXSF/"
    return {
        "ServiceKind": "Stateless",
        "InstanceId": instance.id,
        "ReplicaStatus": instance.status,
        "HealthState": "Error" if instance.faults.unhealthy else "Ok",
        "Address": json.dumps({"Endpoints": {"AOSServiceEndpoint": endpoint}}) if ready else "",
        "NodeName": instance.node.name,
        "LastInBuildDurationInSeconds": str(int(instance.build_took)),
    }


def _json(answer: Callable[[web.Request], Document | None]) -> Callable[[web.Request], Any]:
    async def handle(request: web.Request) -> web.Response:
        document = answer(request)
        # 204 is what the API says of an application that does not exist
        return web.Response(status=204) if document is None else web.json_response(document)

    return handle


def _check_version(text: str | None) -> None:
    match = re.fullmatch(r"(\d+)\.(\d+)", text or "")
    if match is None or not OLDEST <= (int(match[1]), int(match[2])) <= NEWEST:
        raise Refused(400, "E_INVALIDARG", f"The api-version '{text or ''}' is missing or not supported.")


def _filtered(
    request: web.Request, name: str, items: list[Document], key: str = "AggregatedHealthState"
) -> list[Document]:
    """The items that a health filter lets through: 0 and 65535 all, 1 none, else a sum of FILTERS."""
    wanted = _number(request, name)
    return items if wanted == 0 else [item for item in items if FILTERS[item[key]] & wanted]


def _number(request: web.Request, name: str) -> int:
    text = request.query.get(name, "0")
    if not text.isdigit():
        raise Refused(400, "E_INVALIDARG", f"{name} '{text}' is not a number.")
    return int(text)


def _overall(first: str, second: str, state: str) -> Document:
    evaluations = []
    if state != "Ok":
        kind = second if first == "Nodes" and state == "Warning" else first
        evaluation = {"Kind": kind, "AggregatedHealthState": state, "Description": f"Unhealthy {kind.lower()}"}
        evaluations.append({"HealthEvaluation": evaluation})
    return {"AggregatedHealthState": state, "HealthEvents": [], "UnhealthyEvaluations": evaluations}


def _worst(items: list[Document]) -> str:
    states: Mapping[str, int] = FILTERS
    return max((str(item["AggregatedHealthState"]) for item in items), key=lambda state: states[state])


def _digest(name: str) -> str:
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


def _moment(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"

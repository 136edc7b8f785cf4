"""The simulated Service Fabric cluster, asked by Microsoft's own Python client and by plain requests."""

from __future__ import annotations

import hashlib
import json
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.servicefabric import ServiceFabricClientAPIs
from azure.servicefabric.models import FabricErrorException
from msrest.authentication import Authentication

from lab.clock import Clock
from lab.onpremises import OnPremises, onprem_cluster
from lab.pki import Authority
from lab.servicefabric import Cluster, Frontend, Gateway
from lab.thread import LoopThread
from lab.windows import Account

Pair = tuple[Path, Path]
SERVICE = "AXSF~AXService"


def files(pair: Pair) -> tuple[str, str]:
    return str(pair[0]), str(pair[1])


@dataclass
class Bench:
    loop: LoopThread
    environment: OnPremises
    gateway: Gateway
    frontend: Frontend
    sdk: Any

    @property
    def cluster(self) -> Cluster:
        return self.environment.cluster

    def call(self, action: Callable[[], None]) -> None:
        async def go() -> None:
            action()

        self.loop.run(go())

    def replicas(self) -> dict[str, Any]:
        items = self.sdk.get_replica_info_list(self.cluster.partition_id).items
        return {item.node_name: item for item in items}

    def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + 10
        while not holds(replicas := self.replicas()):
            assert time.monotonic() < deadline, replicas
            time.sleep(0.01)
        return replicas


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def server(authority: Authority) -> Pair:
    return authority.server("127.0.0.1")


@pytest.fixture(scope="module")
def admin(authority: Authority) -> Pair:
    return authority.client("sfadmin")


@pytest.fixture
def bench(authority: Authority, server: Pair, admin: Pair) -> Iterator[Bench]:
    environment = onprem_cluster(
        "prod", ["127.0.0.1"] * 3, Clock(300), Account("admin", "a"), sql_password="p", node_types=("AOSNodeType",)
    )
    cluster = environment.cluster
    gateway = Gateway(cluster, "127.0.0.1", 0, server, authority.ca_file, "sfadmin")
    frontend = Frontend(cluster, "127.0.0.1", 0, server)
    with LoopThread() as loop:
        for each in (cluster, gateway, frontend):
            loop.run(each.start())
        sdk = ServiceFabricClientAPIs(Authentication(), gateway.url)
        sdk.config.connection.cert = files(admin)
        sdk.config.connection.verify = str(authority.ca_file)
        sdk.config.retry_policy.policy.total = 0
        yield Bench(loop, environment, gateway, frontend, sdk)
        sdk.close()
        for each in (frontend, gateway, cluster):
            loop.run(each.stop())


def test_a_cluster_at_rest(bench: Bench) -> None:
    sdk = bench.sdk
    nodes = sdk.get_node_info_list().items
    assert [(node.name, node.type, node.node_status, node.health_state) for node in nodes] == [
        *[(f"ORCH{n}", "OrchestratorType", "Up", "Ok") for n in (1, 2, 3)],
        *[(f"SF0{n}", "AOSNodeType", "Up", "Ok") for n in (1, 2, 3)],
    ]
    health = sdk.get_cluster_health()
    assert health.aggregated_health_state == "Ok"
    assert {each.name for each in health.application_health_states} == {"fabric:/System", "fabric:/AXSF"}
    application = sdk.get_application_info("AXSF")
    assert (application.name, application.type_name, application.health_state) == ("fabric:/AXSF", "AXSFType", "Ok")
    services = sdk.get_service_info_list("AXSF").items
    assert ("AXSF~AXService", "fabric:/AXSF/AXService", "Stateless") in [
        (s.id, s.name, s.service_kind) for s in services
    ]
    (partition,) = sdk.get_partition_info_list(SERVICE).items
    assert (partition.service_kind, partition.instance_count, partition.partition_status) == ("Stateless", -1, "Ready")
    assert partition.partition_information.service_partition_kind == "Singleton"
    assert partition.partition_information.id == bench.cluster.partition_id
    replicas = bench.replicas()
    assert sorted(replicas) == ["SF01", "SF02", "SF03"]
    assert {(r.service_kind, r.replica_status, r.health_state) for r in replicas.values()} == {
        ("Stateless", "Ready", "Ok")
    }
    assert "https://127.0.0.1:443/namespaces/AXSF/" in json.loads(replicas["SF01"].address)["Endpoints"].values()


def test_a_restart_takes_the_flag_over(bench: Bench) -> None:
    before = bench.replicas()
    bench.environment.database.set_value("CONFIGURATIONMODE", "1")
    assert {each.maintenance_mode for each in bench.cluster.instances.values()} == {False}
    # each state long enough to be seen on a busy machine: held, or for 1.5 s
    instances = bench.cluster.instances.values()
    bench.cluster.build_seconds = 450
    bench.cluster.instances["SF02"].faults.extra_build = 450
    for each in instances:
        each.faults.stays_down = True
    bench.call(bench.cluster.restart_all)
    bench.until(lambda found: {each.replica_status for each in found.values()} == {"Down"})
    for each in instances:
        each.faults.stays_down = False
    building = bench.until(lambda found: {each.replica_status for each in found.values()} == {"InBuild"})
    assert {each.address for each in building.values()} == {""}
    assert bench.sdk.get_application_health("AXSF").aggregated_health_state == "Warning"
    bench.until(lambda found: found["SF01"].replica_status == "Ready" and found["SF02"].replica_status == "InBuild")
    after = bench.until(lambda found: all(each.replica_status == "Ready" for each in found.values()))
    assert not {each.instance_id for each in before.values()} & {each.instance_id for each in after.values()}
    assert {each.maintenance_mode for each in bench.cluster.instances.values()} == {True}
    assert len(bench.environment.hosts["sf01"].processes.named("AXService.exe")) == 1


def test_one_stays_down_and_comes_back(bench: Bench) -> None:
    faults = bench.cluster.instances["SF03"].faults
    faults.stays_down = True
    bench.call(bench.cluster.restart_all)
    bench.until(lambda found: [found[f"SF0{n}"].replica_status for n in (1, 2, 3)] == ["Ready", "Ready", "Down"])
    assert bench.environment.hosts["sf03"].processes.named("AXService.exe") == []
    faults.stays_down = False
    bench.until(lambda found: found["SF03"].replica_status == "Ready")


def test_health_names_the_unhealthy(bench: Bench) -> None:
    bench.cluster.instances["SF01"].faults.unhealthy = True
    health = bench.sdk.get_application_health(
        "AXSF", services_health_state_filter=8, deployed_applications_health_state_filter=8
    )
    assert health.aggregated_health_state == "Error"
    assert [each.service_name for each in health.service_health_states] == ["fabric:/AXSF/AXService"]
    assert [each.node_name for each in health.deployed_application_health_states] == ["SF01"]
    assert health.unhealthy_evaluations[0].health_evaluation.kind == "Services"
    assert bench.replicas()["SF01"].health_state == "Error"


def test_a_node_is_lost(bench: Bench) -> None:
    told: list[bool] = []
    bench.cluster.nodes["SF02"].when_changed.append(told.append)
    bench.loop.run(bench.cluster.lose_node("SF02"))
    assert told == [False]
    assert sorted(bench.replicas()) == ["SF01", "SF03"]
    down = bench.sdk.get_node_info_list(node_status_filter="down").items
    assert [(node.name, node.node_status, node.health_state) for node in down] == [("SF02", "Down", "Error")]
    assert bench.sdk.get_cluster_health().aggregated_health_state == "Error"
    assert bench.sdk.get_application_health("AXSF").aggregated_health_state == "Ok"
    bench.call(bench.cluster.restart_all)
    bench.until(lambda found: {each.replica_status for each in found.values()} == {"Ready"})
    bench.loop.run(bench.cluster.bring_node_back("SF02"))
    bench.until(lambda found: len(found) == 3 and found["SF02"].replica_status == "Ready")
    assert told == [False, True]


def test_a_killed_process_starts_again(bench: Bench) -> None:
    host = bench.environment.hosts["sf01"]
    bench.call(lambda: host.processes.kill(bench.cluster.instances["SF01"].pid))
    bench.until(lambda found: found["SF01"].replica_status == "Ready")
    assert bench.cluster.instances["SF01"].starts == 2


def test_paging(bench: Bench) -> None:
    bench.gateway.page_size = 2
    names: list[str] = []
    token = None
    for _page in range(3):
        page = bench.sdk.get_node_info_list(continuation_token=token)
        names += [node.name for node in page.items]
        token = page.continuation_token
    assert (names, token) == (["ORCH1", "ORCH2", "ORCH3", "SF01", "SF02", "SF03"], "")
    assert len(bench.sdk.get_node_info_list(max_results=4).items) == 4
    first = bench.sdk.get_replica_info_list(bench.cluster.partition_id)
    rest = bench.sdk.get_replica_info_list(bench.cluster.partition_id, continuation_token=first.continuation_token)
    assert (len(first.items), len(rest.items), rest.continuation_token) == (2, 1, "")


def test_what_is_not_there(bench: Bench) -> None:
    sdk = bench.sdk
    assert sdk.get_application_info("Other") is None
    calls: list[tuple[Callable[[], Any], str]] = [
        (lambda: sdk.get_application_health("Other"), "FABRIC_E_HEALTH_ENTITY_NOT_FOUND"),
        (lambda: sdk.get_service_info_list("Other"), "FABRIC_E_APPLICATION_NOT_FOUND"),
        (lambda: sdk.get_partition_info_list("AXSF~Other"), "FABRIC_E_SERVICE_DOES_NOT_EXIST"),
        (lambda: sdk.get_replica_info_list("00000000-0000-0000-0000-000000000000"), "FABRIC_E_PARTITION_NOT_FOUND"),
    ]
    for call, code in calls:
        with pytest.raises(FabricErrorException) as caught:
            call()
        assert caught.value.response.status_code == 404
        assert caught.value.error.error.code == code


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("?api-version=5.0", 400),
        ("?api-version=nonsense", 400),
        ("?api-version=6.0", 200),
        ("?api-version=9.1", 200),
        ("?api-version=6.0&MaxResults=x", 400),
    ],
)
def test_the_version_is_required(bench: Bench, authority: Authority, admin: Pair, query: str, status: int) -> None:
    answer = requests.get(
        f"{bench.gateway.url}/Nodes{query}", cert=files(admin), verify=str(authority.ca_file), timeout=5
    )
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["Error"]["Code"] == "E_INVALIDARG"


def test_who_may_ask(bench: Bench, authority: Authority, tmp_path: Path) -> None:
    def ask(pair: Pair | None) -> int:
        cert = None if pair is None else files(pair)
        url = f"{bench.gateway.url}/Nodes?api-version=6.0"
        return requests.get(url, cert=cert, verify=str(authority.ca_file), timeout=5).status_code

    guest = authority.client("guest")
    assert (ask(None), ask(guest)) == (403, 403)
    data = ssl.PEM_cert_to_DER_cert(guest[0].read_text())
    bench.gateway.authorised.add(hashlib.sha1(data, usedforsecurity=False).hexdigest().upper())
    assert ask(guest) == 200
    with pytest.raises(requests.ConnectionError):
        ask(Authority(tmp_path).client("sfadmin"))


def test_the_url_behind_the_load_balancer(bench: Bench, authority: Authority) -> None:
    def ask() -> int:
        answer = requests.get(bench.frontend.url, verify=str(authority.ca_file), allow_redirects=False, timeout=5)
        return answer.status_code

    assert ask() == 302
    bench.call(bench.cluster.restart_all)
    assert ask() == 503
    bench.until(lambda found: found["SF01"].replica_status == "Ready")
    assert ask() == 302


def test_without_its_database_no_aos_comes_back(bench: Bench) -> None:
    bench.environment.database.available = False
    bench.call(bench.cluster.restart_all)
    time.sleep(0.1)  # 30 simulated seconds
    assert {each.replica_status for each in bench.replicas().values()} == {"Down"}
    assert bench.environment.hosts["sf01"].events[-1].text.startswith("The AOS could not start: Cannot open database")
    bench.environment.database.available = True
    bench.until(lambda found: {each.replica_status for each in found.values()} == {"Ready"})

"""The cluster's view: what counts as ready, what is said of the rest, paging."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _cluster
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._cluster import (
    Cluster,
    ClusterOptions,
    Instance,
    View,
    open_client,
    out_of_reach,
    pending,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Answer, HttpFailure

URL = "https://sf.example.com:19080"
NODES = {"SF01": "Up", "SF02": "Up"}


def instance(
    node: str, status: str = "Ready", health: str = "Ok", listens: bool = True, identity: str = ""
) -> Instance:
    return Instance(identity or f"id-{node}", node, status, health, listens)


def view(*instances: Instance, health: str = "Ok", nodes: Mapping[str, str] | None = None) -> View:
    return View(health, NODES if nodes is None else nodes, instances)


SF01 = instance("SF01")


@pytest.mark.parametrize(
    ("seen", "ready", "missing"),
    [
        (view(SF01, instance("SF02")), 2, []),
        (view(SF01), 1, ["SF02: no AOS instance"]),
        (view(), 0, ["SF01: no AOS instance", "SF02: no AOS instance"]),
        (view(SF01, instance("SF02", health="Warning")), 2, []),
        (view(SF01, instance("SF02", health="Error")), 1, ["SF02: health Error"]),
        (view(SF01, instance("SF02", health="Unknown")), 1, ["SF02: health Unknown"]),
        (view(SF01, instance("SF02", listens=False)), 1, ["SF02: no endpoint yet"]),
        (view(SF01, instance("SF02", "InBuild")), 1, ["SF02: InBuild, the database is being synchronised"]),
        (view(SF01, instance("SF02", "Down")), 1, ["SF02: the AOS instance is Down"]),
        (view(SF01, nodes={"SF01": "Up", "SF02": "Down"}), 1, ["SF02: the node is Down"]),
        (
            view(SF01, instance("SF02", "Down"), nodes={"SF01": "Up", "SF02": "Disabled"}),
            1,
            ["SF02: the node is Disabled"],
        ),
        # an instance that was replaced may be listed for a while beside the new one
        (view(SF01, instance("SF02"), instance("SF02", "Dropped", identity="old")), 2, []),
        (view(SF01, instance("SF02", "Dropped", identity="old"), instance("SF02")), 2, []),
        # an instance on a node that should not run one does not count
        (view(SF01, instance("ORCH1")), 1, ["SF02: no AOS instance"]),
    ],
)
def test_view(seen: View, ready: int, missing: list[str]) -> None:
    assert (seen.ready, seen.missing()) == (ready, missing)
    result = seen.result()
    assert (result["expected"], result["ready"], result["missing"]) == (2, ready, missing)


@pytest.mark.parametrize(
    ("seen", "former", "left"),
    [
        pytest.param(view(SF01, instance("SF02")), [], "", id="all ready"),
        pytest.param(view(SF01), [], "1 of 2 ready; SF02: no AOS instance", id="one missing"),
        pytest.param(view(), [], "0 of 2 ready; SF01: no AOS instance; SF02: no AOS instance", id="none"),
        pytest.param(
            view(SF01, instance("SF02")), ["id-SF02"], "1 of 2 ready; SF02: not restarted yet", id="the same as before"
        ),
        pytest.param(
            view(SF01, instance("SF02", identity="new")),
            ["id-SF01", "id-SF02"],
            "1 of 2 ready; SF01: not restarted yet",
            id="one after the other",
        ),
        pytest.param(view(SF01, instance("SF02")), ["id-of-one-that-is-gone"], "", id="former ones are gone"),
        pytest.param(
            view(SF01, instance("SF02"), instance("SF02", identity="new")), ["id-SF02"], "", id="replaced, still listed"
        ),
        pytest.param(
            view(SF01, instance("SF02", "Down")), ["id-SF02"], "1 of 2 ready; SF02: the AOS instance is Down", id="down"
        ),
        pytest.param(
            view(SF01, instance("SF02"), health="Error"),
            [],
            "2 of 2 ready; the application's health is Error",
            id="ill",
        ),
        pytest.param(view(SF01, instance("SF02"), health="Warning"), [], "", id="a warning is no error"),
        pytest.param(
            view(SF01, health="Error"),
            [],
            "1 of 2 ready; SF02: no AOS instance",
            id="the instance says more than health",
        ),
    ],
)
def test_pending(seen: View, former: list[str], left: str) -> None:
    assert pending(seen, former) == ([left] if left else [])


def test_a_client_is_opened_as_the_task_says() -> None:
    options = ClusterOptions(f"{URL}/", timeout=7)
    client = open_client(options)
    assert client.target == URL


@pytest.mark.parametrize(
    ("failure", "silent"),
    [
        pytest.param(HttpFailure("GET", "x", "no answer", "", status=None), True, id="no answer"),
        pytest.param(HttpFailure("GET", "x", "HTTP 503", "", status=503), True, id="a proxy in front of it"),
        pytest.param(HttpFailure("GET", "x", "HTTP 403", "", status=403), False, id="it refused"),
        pytest.param(HttpFailure("GET", "x", "HTTP 404", "", status=404), False, id="another application"),
        pytest.param(Failure("find the AOS nodes", "x", "none", ""), False, id="it answered something else"),
    ],
)
def test_out_of_reach(failure: Failure, silent: bool) -> None:
    assert out_of_reach(failure) is silent


class Pages:
    """The client: answers each path with the next of its pages."""

    def __init__(self, answers: dict[str, list[Any]]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, str]]] = []

    def get(self, path: str, *, attempted: str, query: Iterable[tuple[str, str]] = ()) -> Answer:
        self.asked.append((path, dict(query)))
        return Answer(200, {}, self.answers[path].pop(0))


def node(name: str, kind: str = "AOSNodeType") -> dict[str, str]:
    return {"Name": name, "Type": kind, "NodeStatus": "Up"}


def replica(name: str, identity: str, **more: str) -> dict[str, str]:
    return {
        "InstanceId": identity,
        "NodeName": name,
        "ReplicaStatus": "Ready",
        "HealthState": "Ok",
        "Address": "x",
        **more,
    }


PARTITIONS = "/Applications/AXSF/$/GetServices/AXSF~AXService/$/GetPartitions"


def answers() -> dict[str, list[Any]]:
    return {
        "/Applications/AXSF/$/GetHealth": [{"AggregatedHealthState": "Ok"}],
        "/Nodes": [
            {"ContinuationToken": "t1", "Items": [node("SF01"), node("ORCH1", "OrchestratorType")]},
            {"ContinuationToken": "", "Items": [node("SF02", "BatchOnlyAOSNodeType")]},
        ],
        PARTITIONS: [{"ContinuationToken": "", "Items": [{"PartitionInformation": {"Id": "p-1"}}]}],
        "/Partitions/p-1/$/GetReplicas": [
            {"ContinuationToken": "a", "Items": [replica("SF01", "1")]},
            {"ContinuationToken": "b", "Items": []},
            {"Items": [replica("SF02", "", ReplicaId="2", Address="")]},
        ],
    }


def cluster(given: dict[str, list[Any]], **options: Any) -> tuple[Cluster, Pages]:
    pages = Pages(given)
    return Cluster(ClusterOptions(URL, **options), pages), pages


def test_read_goes_through_all_pages() -> None:
    system, pages = cluster(answers())
    assert system.read() == View(
        "Ok",
        {"SF01": "Up", "SF02": "Up"},
        (Instance("1", "SF01", "Ready", "Ok", True), Instance("2", "SF02", "Ready", "Ok", False)),
    )
    assert [query.get("ContinuationToken") for path, query in pages.asked if "Replicas" in path] == [None, "a", "b"]
    assert {query["api-version"] for _path, query in pages.asked} == {"6.0"}


def test_it_can_be_asked_what_is_pending() -> None:
    system, _pages = cluster(answers())
    assert system.pending(["1"]) == ["0 of 2 ready; SF01: not restarted yet; SF02: no endpoint yet"]
    assert system.describe() == f"the AOS instances of {URL}"


def test_names_are_options() -> None:
    given = {
        path.replace("AXSF~AXService", "My%2FAOS").replace("AXSF", "My%20App"): pages
        for path, pages in answers().items()
    }
    given["/Nodes"] = [{"Items": [node("N1", "Mine")]}]
    system, pages = cluster(given, application="My App", service="My/AOS", node_types=("Mine",))
    assert dict(system.read().nodes) == {"N1": "Up"}
    assert pages.asked[0][0] == "/Applications/My%20App/$/GetHealth"


@pytest.mark.parametrize(
    ("path", "answer", "message"),
    [
        ("/Nodes", {"Items": [node("O1", "OrchestratorType")]}, "find the AOS nodes.*no node is of type AOSNodeType"),
        ("/Nodes", {"Items": []}, "find the AOS nodes"),
        ("/Nodes", [], "the answer is not a JSON object. Check O\\(cluster_url\\)"),
        ("/Nodes", None, "the answer is not a JSON object"),
        ("/Nodes", {"Items": {"Name": "N1"}}, "its Items are not a list of objects"),
        ("/Nodes", {"Items": ["N1"]}, "its Items are not a list of objects"),
        ("/Applications/AXSF/$/GetHealth", None, "read the health of the AOS application.*not a JSON object"),
    ],
)
def test_read_refuses(path: str, answer: Any, message: str) -> None:
    given = {**answers(), path: [answer]}
    with pytest.raises(Failure, match=message):
        cluster(given)[0].read()


class Endless:
    """Answers each request for nodes with a page after which another one follows."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = tokens
        self.asked = 0

    def get(self, path: str, *, attempted: str, query: Iterable[tuple[str, str]] = ()) -> Answer:
        self.asked += 1
        token = self.tokens[self.asked % len(self.tokens)] if self.tokens else str(self.asked)
        return Answer(200, {}, {"Items": [], "ContinuationToken": token} if path == "/Nodes" else {})


@pytest.mark.parametrize("tokens", [("same",), ("one", "other"), ()])
def test_pages_without_end_are_noticed(tokens: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cluster, "_MOST_PAGES", 5)
    pages = Endless(*tokens)
    with pytest.raises(Failure, match=r"list the nodes.*its pages never end.*O\(cluster_url\)"):
        Cluster(ClusterOptions(URL), pages).read()
    assert pages.asked <= 7


@pytest.mark.parametrize("partition", [{}, {"PartitionInformation": None}, {"PartitionInformation": "x"}])
def test_a_partition_without_an_id(partition: Any) -> None:
    given = {**answers(), "/Applications/AXSF/$/GetServices/AXSF~AXService/$/GetPartitions": [{"Items": [partition]}]}
    with pytest.raises(Failure, match="a partition has no ID"):
        cluster(given)[0].read()


def test_unusable_options_are_those_of_the_cluster() -> None:
    for options, name in (
        (ClusterOptions("sf.example.com"), "cluster_url"),
        (ClusterOptions(URL, ca_path="/nonexistent"), "cluster_ca_path"),
        (ClusterOptions(URL, client_cert="/nonexistent"), "cluster_client_cert"),
    ):
        with pytest.raises(Invalid, match=rf"O\({name}\)"):
            open_client(options)

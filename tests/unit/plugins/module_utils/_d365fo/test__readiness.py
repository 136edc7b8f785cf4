"""Whether the AOS is ready: a cluster that can be reached is asked for all its instances, else the address."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._aos import (
    SILENT,
    UNRESOLVED,
    UNTRUSTED,
    Answer,
    Aos,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._cluster import Cluster, ClusterOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._readiness import Before, Readiness
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Answer as HttpAnswer
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import HttpFailure

URL = "https://ax.contoso.com/namespaces/AXSF/"
GATEWAY = "https://sf.contoso.com:19080"


class Gateway:
    """A cluster of two AOS of which one is not ready; or one that fails."""

    def __init__(self, fails: Failure | None = None) -> None:
        self.fails = fails

    def get(self, path: str, *, attempted: str, query: Iterable[tuple[str, str]] = ()) -> HttpAnswer:
        if self.fails:
            raise self.fails
        items: list[Any] = [{"Name": name, "Type": "AOSNodeType", "NodeStatus": "Up"} for name in ("A", "B")]
        if "GetPartitions" in path:
            items = [{"PartitionInformation": {"Id": "p"}}]
        if "GetReplicas" in path:
            items = [
                {"InstanceId": "1", "NodeName": "A", "ReplicaStatus": "Ready", "HealthState": "Ok", "Address": "x"}
            ]
        return HttpAnswer(200, {}, {"AggregatedHealthState": "Ok", "Items": items})


def cluster(fails: Failure | None = None) -> Cluster:
    return Cluster(ClusterOptions(GATEWAY), Gateway(fails))


def aos(answer: Answer) -> Aos:
    return Aos(URL, {"controller": lambda url: answer})


SILENCE = HttpFailure("read", GATEWAY, "no answer", "Check O(cluster_url)")
REFUSAL = HttpFailure("read", GATEWAY, "HTTP 403", "Use a client certificate", status=403)


@pytest.mark.parametrize(
    ("readiness", "what"),
    [
        (Readiness(), ""),
        (Readiness(aos=aos(Answer(200))), f"the AOS at {URL}"),
        (Readiness(cluster()), f"the AOS instances of {GATEWAY}"),
        (Readiness(cluster(), aos(Answer(200))), f"the AOS instances of {GATEWAY}"),
    ],
    ids=["nothing", "an address", "a cluster", "the cluster before the address"],
)
def test_what_is_waited_for(readiness: Readiness, what: str) -> None:
    assert readiness.what == what


def test_a_cluster_says_which_instances_run_before() -> None:
    assert Readiness(cluster()).before() == Before("", ("1",), ("B: no AOS instance",))


def test_and_afterwards_which_are_not_new() -> None:
    assert Readiness(cluster()).pending(["1"]) == ["0 of 2 ready; A: not restarted yet; B: no AOS instance"]


def test_a_cluster_out_of_reach_is_replaced_by_the_address() -> None:
    told: list[str] = []
    readiness = Readiness(cluster(SILENCE), aos(Answer(302)), told.append)
    assert readiness.before() == Before()
    assert readiness.what == f"the AOS at {URL}"
    assert readiness.pending([]) == []
    assert "one AOS, not all" in told[0]


@pytest.mark.parametrize(
    ("fails", "address"),
    [
        pytest.param(SILENCE, None, id="out of reach, no address"),
        pytest.param(REFUSAL, aos(Answer(302)), id="it refused: the certificate is wrong"),
        pytest.param(Failure("find the AOS nodes", GATEWAY, "none", "x"), aos(Answer(302)), id="another cluster"),
    ],
)
def test_a_cluster_that_cannot_be_asked_is_an_objection(fails: Failure, address: Aos | None) -> None:
    assert Readiness(cluster(fails), address).before() == Before(str(fails))


def test_nothing_to_ask_is_no_objection() -> None:
    assert Readiness().before() == Before()
    assert Readiness().pending([]) == []


@pytest.mark.parametrize("status", [200, 302, 404, 503])
def test_an_address_that_answers(status: int) -> None:
    assert Readiness(aos=aos(Answer(status))).before() == Before()


def test_an_address_that_is_not_trusted() -> None:
    found = Readiness(aos=aos(Answer(None, "its certificate cannot be verified: x", UNTRUSTED))).before().objection
    assert found.startswith(f"{URL}: its certificate cannot be verified: x.")
    assert "O(url_ca_path)" in found


@pytest.mark.parametrize(
    "answer",
    [
        Answer(None, "the host name does not resolve", UNRESOLVED),
        Answer(None, "no answer (Connection refused)", SILENT),
    ],
)
def test_where_nobody_answers_the_remedy_is_not_a_certificate(answer: Answer) -> None:
    found = Readiness(aos=aos(answer)).before().objection
    assert answer.trouble in found
    assert "O(url)" in found
    assert "O(url_ca_path)" not in found

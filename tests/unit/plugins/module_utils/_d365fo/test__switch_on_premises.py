"""The switch of a cluster: whom the script restarts, and which instances are new after it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._cluster import Cluster, ClusterOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._readiness import Readiness
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Answer as HttpAnswer

from fakes.switching import World
from fakes.system import lease, record


class Gateway:
    """Two AOS; the script gives each a new id, if it restarts them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.listed = ["AOS1", "AOS2"]

    def get(self, path: str, *, attempted: str, query: Iterable[tuple[str, str]] = ()) -> HttpAnswer:
        items: list[Any] = [{"Name": name, "Type": "AOSNodeType", "NodeStatus": "Up"} for name in ("AOS1", "AOS2")]
        if "GetPartitions" in path:
            items = [{"PartitionInformation": {"Id": "p"}}]
        if "GetReplicas" in path:
            runs = len([line for line in self.world.machine.lines if "powershell" in line])
            ready = {"ReplicaStatus": "Ready", "HealthState": "Ok", "Address": "x"}
            items = [{"InstanceId": f"{name}-{runs}", "NodeName": name, **ready} for name in self.listed]
        return HttpAnswer(200, {}, {"AggregatedHealthState": "Ok", "Items": items})


def cluster(world: World) -> tuple[Any, Gateway]:
    gateway = Gateway(world)
    return (lambda found: Readiness(Cluster(ClusterOptions("https://sf"), gateway))), gateway


def test_the_script_announces_whom_it_restarts() -> None:
    world = World("script")
    readiness, gateway = cluster(world)
    gateway.listed = ["AOS1"]
    switch = world.switch(readiness=readiness)
    plan = switch.plan(switch.read())
    gateway.listed = ["AOS1", "AOS2"]
    switch.apply(plan)
    assert "the script, run on dev01, restarts all AOS instances (AOS1, AOS2)" in world.time.told
    assert "not ready before the restart, expected to be after it: AOS2: no AOS instance" in world.time.told
    assert world.axdb.mode == "enabled"


class Unmoved(Gateway):
    """The instances keep their ids whatever happens."""

    def get(self, path: str, *, attempted: str, query: Iterable[tuple[str, str]] = ()) -> HttpAnswer:
        answer = super().get(path, attempted=attempted, query=query)
        for item in answer.data["Items"]:
            if "InstanceId" in item:
                item["InstanceId"] = item["NodeName"]
        return answer


def unmoved(world: World) -> Any:
    return lambda found: Readiness(Cluster(ClusterOptions("https://sf"), Unmoved(world)))


def test_instances_with_the_ids_of_before_have_not_restarted() -> None:
    world = World("script")
    with pytest.raises(Failure, match="AOS1: not restarted yet"):
        world.run(readiness=unmoved(world), aos_limit=60.0)


def test_unless_the_task_says_that_ids_stay() -> None:
    world = World("script")
    world.run(readiness=unmoved(world), expect_new_instances=False)
    assert world.axdb.record
    assert (world.axdb.record.phase, world.axdb.record.lease) == ("settled", None)


@pytest.mark.parametrize("state", ["enabled", "disabled"])
def test_a_run_that_was_cut_off_while_it_waited_is_finished_by_the_next(state: str) -> None:
    """The script has run, what runs now is new: nobody will restart it once more."""
    stored = record("set", ("default",) if state == "enabled" else (), (), host="", lease=lease(alive=False))
    world = World("script", state, stored)
    readiness, _gateway = cluster(world)
    switch, outcome = world.run(state, readiness=readiness)
    assert "turned maintenance mode" not in " ".join(step.name for step in switch.done)
    assert switch.result(outcome.after)["status"]["verified"] is True

"""Every operation of a switch breaks in every way; the next run, in the same direction or the other, finishes the work.

"Finishes" means that the system is then exactly as after a run that nothing disturbed, and that what ran before the
first window runs again once maintenance mode is off.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from simulation.d365fo import ROADS, Ended, World
from simulation.gate import FAULTS, Gate

DIRECTIONS = ("enabled", "disabled")
# Few looks at the AOS: each is an operation, and all are alike.
OPTIONS: dict[str, Any] = {"aos_interval": "30s"}
# Longer than any lease: a run that died is waited out.
PATIENT: dict[str, Any] = {**OPTIONS, "busy_timeout": "2h"}


def beginning(road: str, direction: str) -> World:
    """A system from which the direction leads away."""
    world = World(road)
    if direction == "disabled":
        assert world.run("enabled", **OPTIONS).how == "success"
    return world


@cache
def undisturbed(road: str, direction: str) -> tuple[dict[str, Any], Ended]:
    """The state after a run that nothing disturbed, and that run."""
    with beginning(road, direction) as world:
        ended = world.run(direction, **OPTIONS)
        assert ended.how == "success", ended.message
        return world.state(), ended


@pytest.mark.parametrize("following", DIRECTIONS)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("road", ROADS)
def test_the_next_run_finishes_the_work(road: str, direction: str, fault: str, following: str) -> None:
    operations = undisturbed(road, direction)[1].operations
    assert len(operations) > 5
    wrong = [
        problem
        for number, operation in enumerate(operations)
        for problem in broken_at(road, direction, fault, following, number, operation)
    ]
    assert wrong == []


def broken_at(road: str, direction: str, fault: str, following: str, number: int, operation: str) -> list[str]:
    """What is wrong after a run that broke at one operation and another one after it."""
    with beginning(road, direction) as world:
        return _broken(world, direction, Gate(number, fault), following, operation)


def _broken(world: World, direction: str, gate: Gate, following: str, operation: str) -> list[str]:
    road = world.road
    first = world.run(direction, gate, run="first", **OPTIONS)
    if first.how == "success" and world.state() != undisturbed(road, direction)[0]:
        return [f"{operation}: the run says success, but {world.state()}"]
    world.pass_lease()
    second = world.run(following, run="second", **PATIENT)
    if second.how != "success":
        return [f"{operation}: {following} after it failed: {second.message}"]
    if world.state() != undisturbed(road, following)[0]:
        return [f"{operation}: after {following} {differences(world.state(), undisturbed(road, following)[0])}"]
    if following == "enabled":
        third = world.run("disabled", run="third", **OPTIONS)
        if third.how != "success" or world.state() != undisturbed(road, "disabled")[0]:
            return [f"{operation}: back {third.message} {differences(world.state(), undisturbed(road, 'disabled')[0])}"]
    return []


def differences(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """What differs: (found, expected)."""
    return {name: (found[name], expected[name]) for name in expected if found[name] != expected[name]}

"""Two runs on one system: each gives way to the other at every pair of operations.

A run that is refused, or that finds that another one has taken over, says so and has done no harm; a run that says
success tells the truth; and in the end everything that ran before runs again.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import pytest

from simulation.d365fo import ODBC, SCRIPT, SQLCMD, TOOL, Ended, World
from simulation.gate import Baton, Gate
from simulation.test_d365fo_cut_off import OPTIONS, PATIENT, beginning, differences, undisturbed

NEVER = 10**6
# (first run, second run): what there is to do depends on where they begin.
PAIRS = (("enabled", "enabled"), ("enabled", "disabled"), ("disabled", "disabled"), ("disabled", "enabled"))
AT_ONCE: dict[str, Any] = {**OPTIONS, "busy_timeout": "0"}


@dataclass
class Both:
    """Two runs in turn: the first stops at ``i``, the second runs until ``j``, the first ends, then the second."""

    world: World
    i: int
    j: int
    at_checks: bool = False

    def __post_init__(self) -> None:
        self.baton = Baton()
        self.gates = {"first": Gate(), "second": Gate()}
        self.ended: dict[str, Ended] = {}
        self.states: dict[str, dict[str, Any]] = {}

    def run(self, first: str, second: str, options: dict[str, Any]) -> None:
        """Run both to their ends."""
        self._stop_at("first", self.i, "second")
        self._stop_at("second", self.j, "first")
        threads = [
            threading.Thread(target=self._one, args=("first", first, "second", options), daemon=True),
            threading.Thread(target=self._one, args=("second", second, "first", options), daemon=True),
        ]
        for thread in threads:
            thread.start()
        self.baton.give("first")
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()

    def _stop_at(self, name: str, number: int, other: str) -> None:
        def give_way(at: int) -> None:
            if at == number and other not in self.ended:
                if self.at_checks:
                    self.world.pass_lease()
                self.baton.give(other)
                self.baton.wait(name)

        gate = self.gates[name]
        if self.at_checks:
            gate.at_check = give_way
        else:
            gate.before = lambda operation: give_way(operation.number)

    def _one(self, name: str, state: str, other: str, options: dict[str, Any]) -> None:
        self.baton.wait(name)
        ended = self.world.run(state, self.gates[name], run=name, **options)
        self.states[name] = self.world.state()
        self.ended[name] = ended
        self.baton.give(other)


def judge(both: Both, first: str, second: str, road: str, where: str) -> list[str]:
    """What is wrong after two runs."""
    wrong = []
    for name, state in (("first", first), ("second", second)):
        ended = both.ended[name]
        if ended.how == "success" and ended.changed and both.states[name] != undisturbed(road, state)[0]:
            found = differences(both.states[name], undisturbed(road, state)[0])
            wrong.append(f"{where}: {name} ({state}) says success, but {found}")
        if ended.how == "failure" and "another run" not in ended.message.lower():
            wrong.append(f"{where}: {name} ({state}) failed: {ended.message}")
    both.world.pass_lease()
    last = both.world.run("disabled", run="last", all_windows=True, **PATIENT)
    if last.how != "success" or both.world.state() != undisturbed(road, "disabled")[0]:
        found = differences(both.world.state(), undisturbed(road, "disabled")[0])
        wrong.append(f"{where}: afterwards {last.message} {found}")
    return wrong


def every_pair(road: str, first: str, second: str) -> list[str]:
    """What is wrong at every pair of points at which the runs give way."""
    wrong: list[str] = []
    i = 0
    while True:
        j = 0
        while True:
            with beginning(road, first) as world:
                both = Both(world, i, j)
                both.run(first, second, AT_ONCE)
                wrong += judge(both, first, second, road, f"at {i} and {j}")
            if len(both.gates["second"].log) <= j:
                break
            j += 1
        if len(both.gates["first"].log) <= i:
            return wrong
        i += 1


@pytest.mark.parametrize(("first", "second"), PAIRS)
@pytest.mark.parametrize("road", [SQLCMD, ODBC, TOOL, SCRIPT])
def test_two_runs_at_once(road: str, first: str, second: str) -> None:
    """The second run is refused while the first is at work."""
    assert every_pair(road, first, second) == []


@pytest.mark.parametrize(("first", "second"), PAIRS)
@pytest.mark.parametrize("road", [SQLCMD, ODBC, TOOL, SCRIPT])
def test_a_run_that_sleeps_longer_than_its_lease(road: str, first: str, second: str) -> None:
    """The second run waits until the lease of the first has ended and does its work; then the first wakes up."""
    wrong: list[str] = []
    number = 0
    while True:
        with beginning(road, first) as world:
            both = Both(world, number, NEVER, at_checks=True)
            both.run(first, second, PATIENT)
            wrong += judge(both, first, second, road, f"asleep at {number}")
        if both.gates["first"].checks <= number:
            break
        number += 1
    assert wrong == []

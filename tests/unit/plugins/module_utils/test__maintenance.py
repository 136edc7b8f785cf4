"""The verb: how often it reads, when it writes, what it believes, how long it waits."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Patience, Plan, carry_out


@dataclass
class Lamp:
    """A system that is on or off, or on its way; ``states`` are what the readings to come say (the last one stays)."""

    states: list[str]
    ignores_writes: bool = False
    log: list[str] = field(default_factory=list)

    def describe(self) -> str:
        return "the lamp"

    def read(self) -> str:
        self.log.append("read")
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def plan(self, reading: str) -> Plan[str]:
        if reading == "warming up":
            return Plan({"lamp": reading}, {"lamp": "on"}, pending=("it warms up",))
        steps = () if reading == "on" else ("press",)
        return Plan({"lamp": reading}, {"lamp": "on"}, steps=steps)

    def apply(self, plan: Plan[str]) -> None:
        self.log += plan.steps
        if not self.ignores_writes:
            self.states = ["warming up", "on"] if "slow" in self.states else ["on"]


@dataclass
class Time:
    """A clock that only sleeping moves on."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def patience(self, limit: float, told: list[str]) -> Patience:
        return Patience(limit, 5.0, told.append, lambda: self.now, self.sleep)


@pytest.mark.parametrize(
    ("state", "check_mode", "log", "changed"),
    [
        ("on", False, ["read"], False),
        ("on", True, ["read"], False),
        ("off", True, ["read"], True),
        ("warming up", True, ["read"], False),
        ("off", False, ["read", "press", "read"], True),
    ],
)
def test_reads_and_writes(state: str, check_mode: bool, log: list[str], changed: bool) -> None:
    lamp = Lamp([state])
    outcome = carry_out(lamp, check_mode=check_mode)
    assert (lamp.log, outcome.changed) == (log, changed)
    assert outcome.plan.diff == {"before": {"lamp": state}, "after": {"lamp": "on"}}
    assert outcome.after == (state if check_mode else "on")


def test_a_write_that_is_ignored_is_a_failure() -> None:
    lamp = Lamp(["off"], ignores_writes=True)
    with pytest.raises(Failure, match=r"verify the change on the lamp: after the write the system says .*'off'"):
        carry_out(lamp, check_mode=False, patience=Time().patience(60, []))
    assert lamp.log == ["read", "press", "read"]


def test_waits_with_progress_and_does_not_repeat_the_first_reading() -> None:
    told: list[str] = []
    time = Time()
    lamp = Lamp(["warming up", "warming up", "on"])
    outcome = carry_out(lamp, check_mode=False, patience=time.patience(60, told))
    assert (outcome.after, outcome.changed) == ("on", False)
    assert lamp.log == ["read", "read", "read"]
    assert time.slept == [5.0, 5.0]
    assert told == [f"waiting for the lamp, {waited} s of 60 s: it warms up" for waited in (0, 5)]


def test_waiting_ends_at_the_limit_and_not_later() -> None:
    time = Time()
    with pytest.raises(Failure, match=r"within 12 s on the lamp: still pending: it warms up. Run again") as caught:
        carry_out(Lamp(["warming up"]), check_mode=False, patience=time.patience(12, []))
    assert time.now == pytest.approx(12)
    assert caught.value.details["pending"] == ["it warms up"]


def test_without_patience_a_pending_system_fails_at_once() -> None:
    with pytest.raises(Failure, match="within 0 s"):
        carry_out(Lamp(["warming up"]), check_mode=False)


def test_several_pending_are_counted() -> None:
    told: list[str] = []

    class Many(Lamp):
        def plan(self, reading: str) -> Plan[str]:
            return Plan({}, {}, pending=("a", "b", "c") if reading == "warming up" else ())

    carry_out(Many(["warming up", "on"]), check_mode=False, patience=Time().patience(9, told))
    assert told == ["waiting for the lamp, 0 s of 9 s: a (and 2 more)"]

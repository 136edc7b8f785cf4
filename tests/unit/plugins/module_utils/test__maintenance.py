"""The cycle: how often it reads, when it writes, what it believes, when it plans anew, how long it waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import (
    Patience,
    Plan,
    Stale,
    carry_out,
    wait_until_none,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Abandoned

from fakes.clock import Time


@dataclass
class Lamp:
    """A system that is on or off, or on its way; ``states`` are what the readings to come say (the last one stays)."""

    states: list[str]
    ignores_writes: bool = False
    stale: int = 0
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
        if self.stale:
            self.stale -= 1
            raise Stale("press", "the lamp", "somebody else did", "Run again")
        if not self.ignores_writes:
            self.states = ["on"]


@pytest.mark.parametrize(
    ("state", "check_mode", "log", "changed"),
    [
        pytest.param("on", False, ["read"], False, id="nothing to do: read once"),
        pytest.param("on", True, ["read"], False, id="nothing to do, check mode"),
        pytest.param("off", True, ["read"], True, id="check mode: nothing is written, changed all the same"),
        pytest.param("warming up", True, ["read"], False, id="check mode: nothing is waited for"),
        pytest.param("off", False, ["read", "press", "read"], True, id="written and read back"),
    ],
)
def test_reads_and_writes(state: str, check_mode: bool, log: list[str], changed: bool) -> None:
    lamp = Lamp([state])
    outcome = carry_out(lamp, check_mode=check_mode)
    assert (lamp.log, outcome.changed) == (log, changed)
    assert outcome.plan.diff == {"before": {"lamp": state}, "after": {"lamp": "on"}}
    assert (outcome.before, outcome.after) == (state, state if check_mode else "on")


def test_a_write_that_is_ignored_is_a_failure() -> None:
    lamp = Lamp(["off"], ignores_writes=True)
    with pytest.raises(
        Failure,
        match=r"verify the change on the lamp: after the change the system reports lamp is .off. in place of .on.",
    ):
        carry_out(lamp, check_mode=False, patience=Time().patience(60))
    assert lamp.log == ["read", "press", "read"]


# --- a reading that is out of date ---


@pytest.mark.parametrize("times", [1, 2])
def test_where_it_changed_in_between_it_is_read_and_planned_anew(times: int) -> None:
    lamp = Lamp(["off"], stale=times)
    outcome = carry_out(lamp, check_mode=False)
    assert (outcome.after, outcome.changed) == ("on", True)
    assert lamp.log == ["read", "press"] * (times + 1) + ["read"]


def test_the_new_plan_may_be_that_nothing_is_left_to_do() -> None:
    lamp = Lamp(["off", "on"], stale=1)
    outcome = carry_out(lamp, check_mode=False)
    assert (lamp.log, outcome.changed) == (["read", "press", "read"], False)


def test_it_tries_three_times_and_no_more() -> None:
    lamp = Lamp(["off"], stale=99)
    with pytest.raises(Stale, match=r"Could not press on the lamp: somebody else did\. Run again\."):
        carry_out(lamp, check_mode=False)
    assert lamp.log == ["read", "press"] * 3


# --- waiting ---


def test_waits_and_does_not_repeat_the_first_reading() -> None:
    time = Time()
    lamp = Lamp(["warming up", "warming up", "on"])
    outcome = carry_out(lamp, check_mode=False, patience=time.patience(60))
    assert (outcome.after, outcome.changed) == ("on", False)
    assert (lamp.log, time.slept) == (["read", "read", "read"], [5.0, 5.0])


def test_a_line_when_something_changed_and_one_a_minute() -> None:
    time = Time()
    answers = [["no answer"]] * 30 + [["HTTP 503", "health Error", "x"]] * 10 + [list[str]()]
    wait_until_none(lambda: answers.pop(0), "the AOS", time.patience(900))
    assert time.told == [
        "waiting for the AOS: 0 of 900 s, no answer",
        "waiting for the AOS: 60 of 900 s, no answer",
        "waiting for the AOS: 120 of 900 s, no answer",
        "waiting for the AOS: 150 of 900 s, HTTP 503 (and 2 more)",
    ]


@pytest.mark.parametrize("limit", [12.0, 3.0, 60.0])
def test_waiting_ends_at_the_limit_and_not_later(limit: float) -> None:
    time = Time()
    with pytest.raises(Failure, match=rf"within {limit:.0f} s on the lamp: still pending: it warms up\.") as caught:
        carry_out(Lamp(["warming up"]), check_mode=False, patience=time.patience(limit))
    assert time.now == pytest.approx(limit)
    assert caught.value.details["pending"] == ["it warms up"]


def test_it_looks_once_more_at_the_limit() -> None:
    """A system that was ready in time is not called late since the last look was early."""
    time = Time()
    wait_until_none(lambda: [] if time.now >= 12 else ["loading"], "it", time.patience(12, interval=10))
    assert time.now == pytest.approx(12)


def test_without_patience_a_pending_system_fails_at_once() -> None:
    with pytest.raises(Failure, match="within 0 s"):
        carry_out(Lamp(["warming up"]), check_mode=False)


def keeping(time: Time, kept: list[float], check: Callable[[], None] = lambda: None) -> Patience:
    return Patience(60, 5, time.run(keep=kept.append, check=check))


def test_the_lease_of_the_run_is_kept_while_it_waits() -> None:
    """For longer than the pause and one look can take, so that no other run believes this one dead."""
    time, kept = Time(), list[float]()
    answers = [["loading"]] * 3 + [list[str]()]
    wait_until_none(lambda: answers.pop(0), "it", keeping(time, kept))
    assert len(kept) == 3
    assert min(kept) > 5 + 30  # the interval, and one request to an AOS that hangs


def test_a_run_whose_parent_is_gone_does_not_wait_on() -> None:
    def check() -> None:
        if time.now >= 20:
            raise Abandoned

    time = Time()
    with pytest.raises(Abandoned):
        wait_until_none(lambda: ["loading"], "it", keeping(time, [], check))
    assert time.now == pytest.approx(20)

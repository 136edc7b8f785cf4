"""One run: its lease, how it tells of a wait, its steps, and its turn among other runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import (
    LEASE,
    Abandoned,
    Done,
    await_turn,
    carry_out_steps,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Lease

from fakes.clock import Time
from fakes.moments import NOW

THREE_MINUTES = timedelta(seconds=LEASE)


def lease(run: str, since: datetime = NOW, until: datetime = NOW + THREE_MINUTES) -> Lease:
    return Lease(run, "bob", "ctl02", since, until)


# --- lease ---


def test_a_lease_lasts_three_minutes() -> None:
    """As the documentation of take_over and busy_timeout says."""
    assert LEASE == 180
    assert Time().run().lease(None, NOW.replace(microsecond=5)) == Lease(
        "run1", "me", "ctl01", NOW, NOW + timedelta(minutes=3)
    )


@pytest.mark.parametrize(
    ("former", "since"),
    [
        pytest.param(None, NOW, id="the first"),
        pytest.param(lease("run1", NOW - timedelta(hours=1)), NOW - timedelta(hours=1), id="renewed: since when stays"),
        pytest.param(lease("other", NOW - timedelta(hours=1)), NOW, id="taken over from another run"),
    ],
)
def test_since_when(former: Lease | None, since: datetime) -> None:
    assert Time().run().lease(former, NOW).since == since


@pytest.mark.parametrize(("seconds", "lasts"), [(1.0, 180), (180.0, 180), (930.0, 930)])
def test_a_long_command_is_covered(seconds: float, lasts: int) -> None:
    assert Time().run().lease(None, NOW, seconds).until == NOW + timedelta(seconds=lasts)


# --- progress ---


def test_a_line_when_something_changed_and_one_a_minute() -> None:
    time = Time()
    narrator = time.run().narrator("waiting for it", 300)
    for second in range(200):
        narrator.say("starting" if second < 90 else "loading")
        time.now += 1
    assert time.told == [
        "waiting for it: 0 of 300 s, starting",
        "waiting for it: 60 of 300 s, starting",
        "waiting for it: 90 of 300 s, loading",
        "waiting for it: 150 of 300 s, loading",
    ]
    assert (narrator.waited, narrator.left) == (200, 100)


def test_with_nothing_to_say_it_says_how_long_it_waits_each_minute() -> None:
    time = Time()
    narrator = time.run().narrator("synchronise", 7200)
    for _second in range(125):
        narrator.say()
        time.now += 1
    assert time.told == ["synchronise: 60 of 7200 s", "synchronise: 120 of 7200 s"]


# --- steps ---


@dataclass
class Move:
    """A step that takes its time, or fails."""

    title: str
    done: str
    takes: float = 0.0
    fails: Failure | None = None

    def carry_out(self, site: list[str]) -> None:
        site.append(self.title)
        TIME.now += self.takes
        if self.fails:
            raise self.fails


TIME = Time()


@pytest.fixture(autouse=True)
def fresh_time() -> None:
    TIME.now = 0.0
    TIME.slept.clear()
    TIME.told.clear()


def test_steps_are_told_and_timed_as_they_are_done() -> None:
    site, done = list[str](), list[Done]()
    steps = [Move("stop Batch", "stopped Batch", 3.24), Move("restart W3SVC", "restarted W3SVC", 12.0)]
    carry_out_steps(steps, site, TIME.run(), done)
    assert site == ["stop Batch", "restart W3SVC"]
    assert TIME.told == ["stopped Batch (3 s)", "restarted W3SVC (12 s)"]
    assert [step.result() for step in done] == [
        {"step": "stopped Batch", "seconds": 3.2},
        {"step": "restarted W3SVC", "seconds": 12.0},
    ]


def test_what_failed_is_not_done_and_nothing_follows_it() -> None:
    site, done = list[str](), list[Done]()
    steps = [Move("a", "did a"), Move("b", "did b", 1, Failure("do b", "srv", "no", "")), Move("c", "did c")]
    with pytest.raises(Failure, match="Could not do b"):
        carry_out_steps(steps, site, TIME.run(), done)
    assert (site, [step.name for step in done], TIME.told) == (["a", "b"], ["did a"], ["did a (0 s)"])


def test_a_run_whose_parent_is_gone_begins_no_further_step() -> None:
    site, done = list[str](), list[Done]()

    def check() -> None:
        if site:
            raise Abandoned("ansible-playbook has ended")

    with pytest.raises(Abandoned):
        carry_out_steps([Move("a", "did a"), Move("b", "did b")], site, TIME.run(check=check), done)
    assert site == ["a"]


def test_nothing_that_clears_up_after_failures_catches_it() -> None:
    assert not issubclass(Abandoned, Exception)


# --- turns ---


@dataclass
class Desk:
    """Where runs take turns: the lease that stands there until some time."""

    holder: Lease | None
    until: float
    reads: int = 0
    asked: list[float] = field(default_factory=list)

    def read(self) -> Lease | None:
        self.reads += 1
        self.asked.append(TIME.now)
        return self.holder if TIME.now < self.until else None


def turn(desk: Desk, limit: float, **more: Any) -> Lease | None:
    return await_turn(desk.read, lambda seen: seen, TIME.run(**more), what="dev01", limit=limit)


def test_a_free_system_is_read_once() -> None:
    desk = Desk(None, 0)
    assert turn(desk, 240) is None
    assert (desk.reads, TIME.now, TIME.told) == (1, 0, [])


def test_it_waits_for_the_other_run_and_then_goes_on() -> None:
    desk = Desk(lease("r2"), until=42)
    assert turn(desk, 240) is None
    assert 42 <= TIME.now <= 60
    assert TIME.told[0] == (
        "waiting for another run on dev01: 0 of 240 s, run r2 of bob on ctl02, at work since 2026-11-24T21:00:00Z"
    )


def test_it_tells_once_a_minute() -> None:
    turn(Desk(lease("r2"), until=170), 240)
    assert [line.partition(" of")[0].rpartition(" ")[2] for line in TIME.told] == ["0", "60", "120"]


@pytest.mark.parametrize("limit", [7.0, 60.0])
def test_it_refuses_at_the_limit_and_names_the_other_run(limit: float) -> None:
    with pytest.raises(Failure) as caught:
        turn(Desk(lease("r2"), until=1000), limit)
    assert TIME.now == pytest.approx(limit)
    text = str(caught.value)
    for word in ("dev01", "run r2 of bob on ctl02", "since 2026-11-24T21:00:00Z", "21:03:00 UTC", "O(take_over=true)"):
        assert word in text
    assert caught.value.details["lease"]["run"] == "r2"


def test_without_a_limit_it_does_not_wait() -> None:
    """Check mode: nothing is waited for."""
    desk = Desk(lease("r2"), until=1)
    with pytest.raises(Failure, match="another run is at work there: run r2"):
        turn(desk, 0)
    assert (desk.reads, TIME.slept) == (1, [])


def test_while_it_waits_it_notices_that_its_parent_is_gone() -> None:
    def check() -> None:
        if TIME.now > 20:
            raise Abandoned

    with pytest.raises(Abandoned):
        turn(Desk(lease("r2"), until=1000), 240, check=check)
    assert TIME.now < 60

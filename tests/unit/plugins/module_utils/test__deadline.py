"""A time limit for calls that have none: it holds, and what the call says gets through."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils import _deadline
from ansible_collections.quiesce.maintenance.plugins.module_utils._deadline import within
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Abandoned

LONG = 60.0

# pytest warns of a thread that ends by SystemExit, of which Python itself says nothing.


@pytest.fixture
def stuck() -> Iterator[threading.Event]:
    """Something to wait for that comes only when the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_an_answer_gets_through() -> None:
    assert within(LONG, lambda: 42) == 42


@pytest.mark.parametrize("error", [ValueError("no"), OSError(111, "refused"), Abandoned("gone"), KeyboardInterrupt()])
def test_what_the_call_raises_is_raised_here(error: BaseException) -> None:
    def call() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        within(LONG, call)
    assert caught.value is error


@pytest.mark.parametrize("limit", [0.0, 0.05])
def test_beyond_the_limit_nobody_waits(stuck: threading.Event, limit: float) -> None:
    with pytest.raises(TimeoutError, match="no end after"):
        within(limit, stuck.wait)


def test_meanwhile_somebody_may_look(monkeypatch: pytest.MonkeyPatch, stuck: threading.Event) -> None:
    monkeypatch.setattr(_deadline, "_TICK", 0.01)
    ticks: list[int] = []

    def tick() -> None:
        ticks.append(1)
        if len(ticks) == 3:
            stuck.set()

    assert within(LONG, stuck.wait, tick=tick) is True
    assert len(ticks) >= 3


def test_who_looks_may_end_the_wait(monkeypatch: pytest.MonkeyPatch, stuck: threading.Event) -> None:
    monkeypatch.setattr(_deadline, "_TICK", 0.01)

    def tick() -> None:
        raise Abandoned("ansible-playbook has ended")

    with pytest.raises(Abandoned):
        within(LONG, stuck.wait, tick=tick)


def test_a_call_that_is_left_alone_does_not_keep_the_process(stuck: threading.Event) -> None:
    before = set(threading.enumerate())
    with pytest.raises(TimeoutError):
        within(0.0, stuck.wait)
    assert [thread.daemon for thread in set(threading.enumerate()) - before] == [True]

"""In which order services stop and start, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import (
    BACKGROUND,
    FO_SERVICES,
    W3SVC,
    Control,
    Service,
    plan,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from hypothesis import given
from hypothesis import strategies as st

from fakes.system import MR, service

RUNNING = {name: service(name) for name in FO_SERVICES}
STOPPED = {name: service(name, "stopped") for name in FO_SERVICES}
FTP = {W3SVC: service(W3SVC, "running", "auto", ("Ftp", "running"), ("Idle", "stopped"))}
WAS = {"WAS": service("WAS", "running", "auto", (W3SVC, "running")), W3SVC: service(W3SVC)}


def stop(*names: str) -> Control:
    return Control("stop", names)


def start(*names: str) -> Control:
    return Control("start", names)


@pytest.mark.parametrize(
    ("services", "names", "state", "controls"),
    [
        pytest.param(RUNNING, FO_SERVICES, "started", (), id="all run"),
        pytest.param(STOPPED, FO_SERVICES, "stopped", (), id="none runs"),
        pytest.param(
            RUNNING, (W3SVC, *BACKGROUND), "stopped", (stop(*BACKGROUND), stop(W3SVC)), id="IIS is the last to stop"
        ),
        pytest.param(
            STOPPED, FO_SERVICES, "started", (start(W3SVC), start(*BACKGROUND[::-1])), id="IIS is the first to start"
        ),
        pytest.param(RUNNING, (W3SVC,), "restarted", (stop(W3SVC), start(W3SVC)), id="restart"),
        pytest.param(STOPPED, (W3SVC,), "restarted", (start(W3SVC),), id="restart of a stopped one"),
        pytest.param(
            RUNNING, (MR, W3SVC), "restarted", (stop(MR), stop(W3SVC), start(W3SVC), start(MR)), id="restart of two"
        ),
        pytest.param(STOPPED, (MR, MR), "started", (start(MR),), id="named twice is named once"),
        pytest.param({MR: service(MR, "start_pending")}, (MR,), "started", (), id="starting already"),
        pytest.param({MR: service(MR, "start_pending")}, (MR,), "stopped", (stop(MR),), id="stop while it starts"),
        pytest.param({MR: service(MR, "stop_pending")}, (MR,), "stopped", (stop(MR),), id="wait for its stop"),
        pytest.param({MR: service(MR, "stop_pending")}, (MR,), "started", (start(MR),), id="start while it stops"),
        pytest.param(
            FTP,
            (W3SVC,),
            "restarted",
            (stop("Ftp"), stop(W3SVC), start(W3SVC), start("Ftp")),
            id="dependents return",
        ),
        pytest.param(FTP, (W3SVC,), "stopped", (stop("Ftp"), stop(W3SVC)), id="dependents stop first"),
        pytest.param(
            {W3SVC: service(W3SVC, "running", "auto", ("B", "running"), ("A", "running"))},
            (W3SVC,),
            "restarted",
            (stop("B"), stop("A"), stop(W3SVC), start(W3SVC), start("A"), start("B")),
            id="dependents in the order that Windows gives",
        ),
        pytest.param(WAS, ("WAS", W3SVC), "stopped", (stop(W3SVC), stop("WAS")), id="one depends on the other"),
        pytest.param(
            WAS,
            (W3SVC, "WAS"),
            "restarted",
            (stop(W3SVC), stop("WAS"), start("WAS"), start(W3SVC)),
            id="restart where one depends on the other",
        ),
        pytest.param({MR: service(MR, "running", "disabled")}, (MR,), "stopped", (stop(MR),), id="disabled may stop"),
        pytest.param({MR: service(MR, "running", "disabled")}, (MR,), "started", (), id="disabled may run on"),
        pytest.param({MR: service(MR, "paused")}, (MR,), "stopped", (stop(MR),), id="a paused one may stop"),
    ],
)
def test_plan(services: dict[str, Service], names: tuple[str, ...], state: str, controls: tuple[Control, ...]) -> None:
    found = plan(services, names, state)
    assert found.steps == controls
    assert found.changed is bool(controls)
    if not controls:
        assert found.before == found.after or found.pending


def test_what_is_on_its_way_is_waited_for() -> None:
    assert plan({MR: service(MR, "start_pending")}, (MR,), "started").pending == (f"{MR} is start_pending",)


def test_restarted_is_done_once() -> None:
    assert plan(RUNNING, (W3SVC,), "restarted", frozenset([W3SVC])).steps == ()


@pytest.mark.parametrize(
    ("services", "names", "state", "diff"),
    [
        pytest.param(
            RUNNING,
            (W3SVC,),
            "restarted",
            {"before": {W3SVC: "running"}, "after": {W3SVC: "running (restarted)"}},
            id="a restart shows",
        ),
        pytest.param(
            FTP,
            (W3SVC,),
            "stopped",
            {"before": {W3SVC: "running", "Ftp": "running"}, "after": {W3SVC: "stopped", "Ftp": "stopped"}},
            id="dependents show",
        ),
        pytest.param(STOPPED, (MR,), "started", {"before": {MR: "stopped"}, "after": {MR: "running"}}, id="start"),
    ],
)
def test_diff(services: dict[str, Service], names: tuple[str, ...], state: str, diff: dict[str, Any]) -> None:
    assert plan(services, names, state).diff == diff


@pytest.mark.parametrize(
    ("services", "state", "message"),
    [
        pytest.param({}, "started", r"get MR2012ProcessService started.*\(1060\)", id="start what is not there"),
        pytest.param({}, "stopped", r"get MR2012ProcessService stopped.*\(1060\)", id="stop what is not there"),
        pytest.param({MR: service(MR, "stopped", "disabled")}, "started", r"disabled \(1058\)", id="disabled"),
        pytest.param({MR: service(MR, "stopped", "disabled")}, "restarted", r"disabled \(1058\)", id="restart it"),
        pytest.param({MR: service(MR, "running", "disabled")}, "restarted", r"disabled", id="would not come back"),
        pytest.param({MR: service(MR, "paused")}, "started", "is paused.*Continue it", id="paused is not started"),
        pytest.param({MR: service(MR, "pause_pending")}, "started", "is paused", id="nor one that pauses"),
    ],
)
def test_plan_refuses(services: dict[str, Service], state: str, message: str) -> None:
    with pytest.raises(Failure, match=message):
        plan(services, (MR,), state)


STATES = st.sampled_from(["running", "stopped", "start_pending", "stop_pending"])


@given(st.dictionaries(st.sampled_from(FO_SERVICES), STATES, min_size=1), st.sampled_from(["started", "stopped"]))
def test_every_service_moves_at_most_once(states: dict[str, str], state: str) -> None:
    services = {name: service(name, now) for name, now in states.items()}
    moved = [name for control in plan(services, list(services), state).steps for name in control.names]
    assert len(moved) == len(set(moved))
    there = "running" if state == "started" else "stopped"
    assert not [name for name in moved if states[name] == there]
    after = services | {name: service(name, there) for name in moved}
    assert plan(after, list(services), state).steps == ()

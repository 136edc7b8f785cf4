"""What the steps of a change window come to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._service_times import Took
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Window
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window import _outcome
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._estate import Estate, Member
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import WAVES, register

from fakes.moments import NOW

ESTATE = Estate((Member("launch01", ("launch",)), Member("dev01", ("d365fo",))), register())


def result(mode: str = "maintenance", window: str = "", **more: Any) -> dict[str, Any]:
    return {"rows": [{"system": "x", "mode": mode, "windows": [{"id": window}] if window else []}], **more}


def results(launch: dict[str, Any] | None, d365fo: dict[str, Any] | None) -> dict[str, Any]:
    found = {"launch01": ("launch", launch), "dev01": ("d365fo", d365fo)}
    return {host: {"systems": {name: each}} for host, (name, each) in found.items() if each is not None}


@pytest.mark.parametrize(
    ("launch", "d365fo", "untouched"),
    [
        pytest.param(result(changed=True), result(changed=False), {}, id="both are in maintenance mode"),
        pytest.param(
            result(changed=True), result("unknown", failed=True), {"dev01": ["d365fo"]}, id="one failed before it began"
        ),
        pytest.param(
            result(changed=True), result("unknown", failed=True, changed=True), {}, id="one failed in the middle"
        ),
        pytest.param(
            result("normal", unreachable=True),
            None,
            {"launch01": ["launch"], "dev01": ["d365fo"]},
            id="and the next wave was not begun",
        ),
    ],
)
def test_what_was_not_switched(
    launch: dict[str, Any] | None, d365fo: dict[str, Any] | None, untouched: dict[str, list[str]]
) -> None:
    assert _outcome.untouched(ESTATE.result(), results(launch, d365fo), WAVES) == untouched


def test_which_systems_could_not_be_asked() -> None:
    silent = result("unknown", no_answer=True, msg="it refuses connections")
    found = _outcome.unasked(ESTATE.result(), results(result("unknown", no_answer=False), silent), WAVES)
    assert found == {"dev01": "it refuses connections."}


def test_a_look_that_did_not_fail_has_the_reason_in_its_row() -> None:
    """A host that answers, and its database does not."""
    half = result("unknown", no_answer=True)
    half["rows"][0]["notes"] = ["the login failed", "the AOS does not run"]
    found = _outcome.unasked(ESTATE.result(), results(result("normal"), half), WAVES)
    assert found == {"dev01": "the login failed."}


def test_where_nobody_looked_nothing_is_said() -> None:
    assert _outcome.unasked(ESTATE.result(), {}, WAVES) == {}


def test_a_system_of_which_there_is_no_word_could_not_be_asked() -> None:
    """Its task failed before it began, at a connection plugin that is not installed, say."""
    found = _outcome.unasked(ESTATE.result(), results(result("normal"), None), WAVES)
    assert found == {"dev01": "there is no word of it; the output above says why."}


@pytest.mark.parametrize(
    ("launch", "d365fo", "untouched", "left"),
    [
        pytest.param(result("normal"), result("normal"), {}, [], id="closed"),
        pytest.param(result("maintenance", "CHG2"), result("normal"), {}, [], id="another window holds one"),
        pytest.param(result("maintenance"), result("normal"), {}, [], id="somebody else's mode"),
        pytest.param(result("maintenance", "CHG1"), result("normal"), {}, ["x"], id="open"),
        pytest.param(result("normal"), result("unknown"), {}, ["x"], id="nobody knows"),
        pytest.param(result("normal"), None, {}, ["dev01"], id="no word of one"),
        pytest.param(result("normal"), result("changing"), {}, ["x"], id="half way"),
        pytest.param(result("normal"), result("unknown"), {"dev01": ["d365fo"]}, [], id="nobody need know"),
        pytest.param(result("normal"), None, {"dev01": ["d365fo"]}, [], id="no word is needed"),
        pytest.param(
            result("normal"), result("maintenance", "CHG1"), {"dev01": ["d365fo"]}, ["x"], id="open from before"
        ),
    ],
)
def test_where_a_window_is_still_open(
    launch: dict[str, Any] | None, d365fo: dict[str, Any] | None, untouched: dict[str, list[str]], left: list[str]
) -> None:
    estate = replace(ESTATE, untouched=untouched).result()
    assert _outcome.still_open(estate, results(launch, d365fo), WAVES, "CHG1") == left


@pytest.mark.parametrize(
    ("worked", "messages"),
    [
        ({"a": {"failed": False}, "b": {"failed": False}}, {}),
        ({"a": {"failed": True, "msg": "no disk"}, "b": {"failed": False}}, {"a": "no disk"}),
        ({"a": {"failed": True}, "b": {"failed": False}}, {"a": "it failed without a reason"}),
        (
            {"a": {"failed": False}},
            {"b": "left the run before the work was done; the output above says why"},
        ),
    ],
)
def test_what_the_work_came_to(worked: dict[str, dict[str, Any]], messages: dict[str, str]) -> None:
    assert _outcome.works(["a", "b"], worked) == messages


def test_what_was_said_of_several_hosts_is_said_once() -> None:
    said = [{"dev01": "It is gone", "dev02": "It is gone "}, {"dev01": "No disk!"}]
    assert _outcome.by_text(said) == ["dev01, dev02: It is gone.", "dev01: No disk!"]


def test_only_switches_that_went_well_are_remembered() -> None:
    steps = [{"step": "stopped it", "seconds": 3.0}, {"step": "a check says no time"}]
    launch = result(changed=True, seconds=5.0, steps=steps)
    failed = result(changed=True, seconds=900.0, failed=True)
    assert _outcome.took(ESTATE.result(), results(launch, failed), WAVES) == {
        "launch launch01": Took(5.0, {"stopped it": 3.0})
    }
    assert _outcome.took(ESTATE.result(), results(result(changed=False, seconds=1.0), None), WAVES) == {}
    checked = result(changed=True, seconds=1.0, steps=[{"step": "restarted W3SVC", "seconds": None}])
    assert _outcome.took(ESTATE.result(), results(None, checked), WAVES)["d365fo dev01"].steps == {}


def test_what_is_usual_is_said_of_what_is_known() -> None:
    times = {"launch launch01": {"enabled": [Took(360)]}, "d365fo dev02": {"enabled": [Took(1)]}}
    assert _outcome.expected(ESTATE.result(), times, WAVES, "enabled") == ["launch01: usually 6 minutes to be switched"]


def test_evidence_of_switches() -> None:
    failed = result("unknown", failed=True, msg="It is gone", seconds=2.0)
    entries = list(_outcome.switches(ESTATE.result(), results(failed, None), WAVES, "normal"))
    assert [(each.event, each.facts["host"], each.facts["result"]) for each in entries] == [
        ("switch", "launch01", "failed"),
        ("switch", "dev01", "not done"),
    ]
    assert entries[0].facts["message"] == "It is gone"


@pytest.mark.parametrize(("ends", "seconds"), [(-60, 60), (60, 0), (0, 0)])
def test_by_how_much_a_window_was_too_long(ends: int, seconds: int) -> None:
    window = Window("CHG1", NOW - timedelta(hours=1), expires=NOW + timedelta(seconds=ends))
    assert _outcome.overrun(window.result(), NOW) == seconds


@pytest.mark.parametrize(("ends", "later"), [([60], 120), ([60, 90], 150), ([-600], 60), ([-600, 30], 90)])
def test_a_later_end(ends: list[int], later: int) -> None:
    texts = [iso(NOW + timedelta(seconds=each)) for each in ends]
    assert _outcome.later(texts, timedelta(seconds=60), NOW) == NOW + timedelta(seconds=later)


def test_an_end_that_no_calendar_has() -> None:
    with pytest.raises(Invalid, match=r"^Invalid O\(extend\): the window would end after the year 9999"):
        _outcome.later([iso(NOW)], timedelta(days=9_999_999), NOW)


HOSTS = {"launch01": ["launch"]}


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({}, id="none"),
        pytest.param({"quiesce_window": "CHG1 ", "launch_window": "", "d365fo_window": "x"}, id="its own, and blank"),
        pytest.param({"quiesce_all_windows": "no", "launch_all_windows": False}, id="said, but not meant"),
    ],
)
def test_a_window_that_is_alone(variables: dict[str, Any]) -> None:
    _outcome.only_its_own("CHG1", HOSTS, {"launch01": variables})


@pytest.mark.parametrize(
    "variables",
    [
        {"quiesce_all_windows": "yes"},
        {"launch_all_windows": True},
        {"launch_window": "CHG2"},
        {"quiesce_window": "CHG2"},
    ],
)
def test_variables_that_would_close_windows_of_others(variables: dict[str, Any]) -> None:
    with pytest.raises(Failure, match=f"{next(iter(variables))} is .* for launch01"):
        _outcome.only_its_own("CHG1", HOSTS, {"launch01": variables})

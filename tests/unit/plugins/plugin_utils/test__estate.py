"""Which systems the hosts of a run are, who switches which of them when, and what a run comes to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._estate import (
    Estate,
    Member,
    Task,
    check,
    meaning_nobody,
    own_options,
    systems_of,
)
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import WAVES, register
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._report import Report
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._wave import held_by, of_this_run

REGISTER = register()


def test_the_register_is_complete() -> None:
    assert {"d365fo", "launch", "trend"} <= set(REGISTER)
    for name, system in REGISTER.items():
        assert system.name == name
        assert system.wave in WAVES
        assert (system.title, len(system.kind) <= 16) == (system.title or "?", True)
        assert system.info_module == f"{system.module}_info"


@pytest.mark.parametrize(
    ("given", "groups", "systems"),
    [
        pytest.param(None, ["all", "d365fo"], ("d365fo",), id="group"),
        pytest.param(None, ["trend", "d365fo", "prod"], ("d365fo", "trend"), id="groups"),
        pytest.param(None, ["prod"], (), id="no system"),
        pytest.param(["trend"], ["d365fo"], ("trend",), id="the variable counts before the groups"),
        pytest.param([], ["d365fo"], (), id="none, in spite of the group"),
        pytest.param("d365fo, trend", [], ("d365fo", "trend"), id="text"),
        pytest.param("d365fo trend d365fo", [], ("d365fo", "trend"), id="text with blanks, one twice"),
        pytest.param("", ["launch"], ("launch",), id="a blank answer is none"),
    ],
)
def test_which_systems_a_host_is(given: object, groups: list[str], systems: tuple[str, ...]) -> None:
    assert systems_of(given, groups, REGISTER) == systems


@pytest.mark.parametrize("given", ["d365", ["d365fo", "sap"], {"d365fo": True}, 7])
def test_what_is_no_system_is_refused(given: object) -> None:
    with pytest.raises(Invalid, match=r"Invalid O\(quiesce_systems\).*d365fo, .*trend"):
        systems_of(given, [], REGISTER)


ESTATE = Estate(
    (
        Member("launch01", ("launch",)),
        Member("dev01", ("d365fo", "trend"), {"trend": "dsm01"}),
        Member("dev02", ("d365fo", "trend"), {"trend": "dsm01"}, ("d365fo",)),
        Member("web01", ("trend",), {"trend": "dsm02"}),
        Member("dsm03", ("trend",)),
    ),
    REGISTER,
)


@pytest.mark.parametrize(
    ("wave", "by_role", "tasks"),
    [
        ("gates", False, {"launch01": [Task("launch")]}),
        ("gates", True, {}),
        ("applications", False, {"dev01": [Task("d365fo")]}),
        ("applications", True, {"dev02": [Task("d365fo")]}),
        (
            "protections",
            False,
            {
                "dsm03": [Task("trend")],
                "dev01": [Task("trend", ("dev01", "dev02"), "dsm01")],
                "web01": [Task("trend", ("web01",), "dsm02")],
            },
        ),
    ],
)
def test_who_does_what_in_a_wave(wave: str, by_role: bool, tasks: dict[str, list[Task]]) -> None:
    """The computers of one manager are one task; a host with task files is its role's."""
    assert ESTATE.tasks(wave, by_role=by_role) == tasks


def test_computers_with_options_of_their_own_are_tasks_of_their_own() -> None:
    """What a host says of its own computer counts, not what the first of its manager says."""
    hours = {"web01": "1h", "web02": "2h", "web03": "1h"}
    members = tuple(
        Member(host, ("trend",), {"trend": "dsm"}, (), {"trend": own_options(REGISTER["trend"], variables)})
        for host, hour in hours.items()
        for variables in [{"trend_manager": "dsm", "trend_computer": host, "trend_duration": hour}]
    )
    assert Estate(members, REGISTER).tasks("protections") == {
        "web01": [Task("trend", ("web01", "web03"), "dsm")],
        "web02": [Task("trend", ("web02",), "dsm")],
    }


@pytest.mark.parametrize(
    ("members", "strangers", "limit", "says"),
    [
        (
            (),
            ["db01"],
            "db01",
            r"find a system on the limit db01: none of its hosts is one; expected hosts with quiesce_systems",
        ),
        ((), ["db01"], "", r"on the inventory.*groups launch, d365fo, .*trend.*Nothing was done"),
        (ESTATE.members, ["db01", "db02"], "dev01,db01,db02", r"db01, db02 are not systems"),
    ],
)
def test_a_run_that_would_switch_nothing_fails(
    members: tuple[Member, ...], strangers: list[str], limit: str, says: str
) -> None:
    with pytest.raises(Failure, match=says):
        check(members, strangers, limit, [], REGISTER)


def test_without_a_limit_other_hosts_may_be_there() -> None:
    check(ESTATE.members, ["db01"], "", [], REGISTER)


def test_a_limit_with_a_typing_error_fails() -> None:
    with pytest.raises(Failure, match=r"is called dve02.*Correct the limit"):
        check(ESTATE.members, [], "dev01,dve02", ["dve02"], REGISTER)


def done(system: str, mode: str = "maintenance", **more: Any) -> dict[str, Any]:
    return {"systems": {system: {"rows": [{"system": "x", "mode": mode, "notes": []}], **more}}}


DYNAMICS = "Dynamics 365 Finance + Operations"
IN = {"launch01": done("launch"), "dev01": done("d365fo"), "dev02": done("d365fo")}
OUT = {"dev01": done("d365fo", "normal"), "dev02": done("d365fo", "normal")}
GONE = done("d365fo", unreachable=True, msg="It is gone")


@pytest.mark.parametrize(
    ("wave", "state", "results", "held"),
    [
        pytest.param("gates", "enabled", {}, [], id="gates wait for nobody"),
        pytest.param("applications", "enabled", IN, [], id="complete"),
        pytest.param("applications", "enabled", {}, ["launch01"], id="no result is no success"),
        pytest.param("applications", "enabled", {"launch01": done("launch", failed=True)}, ["launch01"], id="failed"),
        pytest.param("applications", "enabled", {"launch01": done("launch", "normal")}, ["launch01"], id="not there"),
        pytest.param("applications", "enabled", {"launch01": done("launch", "changing")}, ["launch01"], id="half way"),
        pytest.param("protections", "enabled", {**IN, "dev02": GONE}, ["dev02"], id="unreachable"),
        pytest.param("protections", "enabled", {**IN, "dev02": {"failed": True}}, ["dev02"], id="got nowhere"),
        pytest.param("applications", "disabled", {}, [], id="out, applications wait for nobody"),
        pytest.param("gates", "disabled", OUT, [], id="out, whatever the protections came to"),
        pytest.param("gates", "disabled", {**OUT, "dev01": done("d365fo")}, ["dev01"], id="held by another window"),
        pytest.param("gates", "disabled", {"dev01": OUT["dev01"]}, ["dev02"], id="out, no result is no success"),
    ],
)
def test_what_a_wave_waits_for(wave: str, state: str, results: dict[str, Any], held: list[str]) -> None:
    assert held_by(ESTATE.result(), results, wave, state, check_mode=False) == held


def test_a_check_changes_nothing_so_nothing_gets_there() -> None:
    normal = {"launch01": done("launch", "normal")}
    assert held_by(ESTATE.result(), normal, "applications", "enabled", check_mode=True) == []
    assert held_by(ESTATE.result(), {}, "applications", "enabled", check_mode=True) == ["launch01"]


def test_a_result_of_an_older_run_counts_for_nothing() -> None:
    estate = replace(ESTATE, run="r2").result()
    assert of_this_run(estate, {**done("launch"), "run": "r1"}) == {}
    assert of_this_run(estate, "a variable of somebody's") == {}
    assert of_this_run(estate, {**done("launch"), "run": "r2"})["systems"]


def test_the_table_has_those_that_were_not_reached_too() -> None:
    results = {"launch01": done("launch"), "dev01": done("d365fo", failed=True, msg="It is gone.")}
    found = Report(ESTATE.result(), results, "enabled", REGISTER).rows()
    assert [row["mode"] for row in found] == ["maintenance", "maintenance", *["unknown"] * 5]
    assert [row["system"] for row in found[2:]] == ["dev02", "dsm03", "dev01", "dev02", "web01"]
    assert [row["host"] for row in found[2:]] == ["", "", "dsm01", "dsm01", "dsm02"]
    assert [row["notes"][0].partition(":")[0] for row in found[2:]] == ["no result", *["not touched"] * 4]


def test_a_task_that_did_not_get_so_far_is_no_success() -> None:
    """A time limit of Ansible's own, say: its result has no word about any system."""
    results = {"launch01": {"failed": True, "msg": "It took too long."}}
    found = Report(ESTATE.result(), results, "enabled", REGISTER)
    assert found.rows()[0]["notes"] == ["It took too long."]
    assert found.verdicts()["launch01"].startswith("Maintenance mode: It took too long. Not touched: dev01")


@pytest.mark.parametrize(
    ("results", "state", "lost", "said"),
    [
        pytest.param(IN, "enabled", [], {}, id="all went well"),
        pytest.param(
            {**IN, "dev01": GONE},
            "enabled",
            [],
            {"dev01": f"{DYNAMICS}: It is gone. Fix the cause, then run enable again to continue"},
            id="one failed",
        ),
        pytest.param(
            {"launch01": done("launch", failed=True, msg="It is busy.")},
            "enabled",
            [],
            {"launch01": "HCL Launch / IBM DevOps Deploy: It is busy. Not touched: dev01, dev02. Fix the cause"},
            id="a gate failed",
        ),
        pytest.param(
            {},
            "enabled",
            ["launch01"],
            {"launch01": "HCL Launch / IBM DevOps Deploy: no result: the host left the run before it was"},
            id="lost before its turn",
        ),
        pytest.param(
            {**OUT, "launch01": done("launch", "normal")},
            "disabled",
            ["dev01"],
            {"dev01": "A task before this playbook failed on it; the output above says why. Fix the cause and run"},
            id="the work failed, and all is out",
        ),
        pytest.param(
            {**OUT, "dev01": done("d365fo")},
            "disabled",
            [],
            {"launch01": "Not touched: dev01 is still in maintenance mode. Run disable for launch01 alone"},
            id="a gate stays shut for another window",
        ),
        pytest.param(
            {**OUT, "launch01": done("launch", "normal")},
            "disabled",
            ["db01"],
            {"db01": "A task before this playbook failed on it"},
            id="the work failed on what is no system",
        ),
        pytest.param({}, "status", ["dev01"], {}, id="a status fails for nobody"),
        pytest.param(
            {**OUT, "dev01": done("d365fo", "changing", unfinished="It is still running, sign in")},
            "disabled",
            [],
            {"dev01": "Dynamics 365 Finance + Operations: It is still running, sign in. Not touched: launch01."},
            id="what goes on without its task is not switched yet, and a gate waits for it",
        ),
    ],
)
def test_the_verdicts(results: dict[str, Any], state: str, lost: list[str], said: dict[str, str]) -> None:
    members = (Member("launch01", ("launch",)), Member("dev01", ("d365fo",)), Member("dev02", ("d365fo",)))
    found = Report(Estate(members, REGISTER, tuple(lost)).result(), results, state, REGISTER).verdicts()
    assert list(found) == list(said)
    assert all(found[host].startswith(begins) for host, begins in said.items()), found


@pytest.mark.parametrize(
    ("limit", "nobody"),
    [
        pytest.param("dev01,dve02", ["dve02"], id="a typing error"),
        pytest.param("dev01:!dve*", ["dve*"], id="in an exclusion"),
        pytest.param("~dx.*", ["~dx.*"], id="a regular expression"),
        pytest.param("dev01,localhost", ["localhost"], id="localhost is not in the inventory"),
        pytest.param("prod,dev*,!dev02,&prod,~de.*,dev[0:1],@retry", [], id="all there"),
        pytest.param("", [], id="none"),
    ],
)
def test_parts_of_a_limit_that_mean_nobody(limit: str, nobody: list[str]) -> None:
    assert meaning_nobody(limit, {"all": ["dev01", "dev02"], "prod": ["dev01"]}) == nobody

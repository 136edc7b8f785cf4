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
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._wave import (
    held_by,
    keeps_on,
    may_close,
    of_this_run,
    stays_on,
)

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
        ((), ["db01"], None, r"on the inventory.*groups launch, d365fo, .*trend.*Nothing was done"),
        (ESTATE.members, ["db01", "db02"], "dev01,db01,db02", r"db01, db02 are not systems"),
    ],
)
def test_a_run_that_would_switch_nothing_fails(
    members: tuple[Member, ...], strangers: list[str], limit: str | None, says: str
) -> None:
    with pytest.raises(Failure, match=says):
        check(members, strangers, limit, [], REGISTER)


def test_the_manager_of_a_computer_may_be_in_the_limit() -> None:
    member = Member("dev01", ("trend",), {"trend": "dsm01"})
    check((member,), ["dsm01"], "all", [], REGISTER)
    with pytest.raises(Failure, match="db01 is not a system"):
        check((member,), ["dsm01", "db01"], "all", [], REGISTER)


def test_without_a_limit_other_hosts_may_be_there() -> None:
    check(ESTATE.members, ["db01"], None, [], REGISTER)


@pytest.mark.parametrize("limit", ["", " ", ",", " , ", ":"])
def test_a_blank_limit_is_not_taken_for_every_host(limit: str) -> None:
    """A variable of a pipeline that nobody set, say."""
    with pytest.raises(Failure, match="a blank limit: Ansible takes it for every host"):
        check(ESTATE.members, [], limit, [], REGISTER)


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


def test_a_check_of_the_way_out_knows_who_stays() -> None:
    stays = {**OUT, "dev01": done("d365fo", stays_on=True)}
    assert held_by(ESTATE.result(), stays, "gates", "disabled", check_mode=True) == ["dev01"]
    assert held_by(ESTATE.result(), {**OUT, "dev01": done("d365fo")}, "gates", "disabled", check_mode=True) == []


def row(mode: str, *windows: str, managed: bool | None = True) -> dict[str, Any]:
    return {"mode": mode, "managed": managed, "windows": [{"id": each} for each in windows]}


@pytest.mark.parametrize(
    ("found", "closes", "stays", "may"),
    [
        pytest.param(row("maintenance", "A"), "A", False, False, id="the last one"),
        pytest.param(row("maintenance", "A", "B"), "A", True, True, id="another one holds it"),
        pytest.param(row("maintenance", "B"), "A", True, True, id="only another one"),
        pytest.param(row("maintenance", "A", "B"), None, False, False, id="all windows"),
        pytest.param(row("maintenance", managed=False), "default", False, False, id="somebody else's goes off"),
        pytest.param(row("maintenance", managed=False), "A", True, True, id="somebody else's stays"),
        pytest.param(row("normal", "A", managed=None), "A", False, True, id="a record that was left"),
        pytest.param(row("changing", "A"), "A", False, False, id="half way"),
        pytest.param(row("unknown", managed=None), "A", False, False, id="nobody knows"),
    ],
)
def test_whether_closing_a_window_turns_a_mode_off(
    found: dict[str, Any], closes: str | None, stays: bool, may: bool
) -> None:
    assert (stays_on([found], closes), may_close([found], closes)) == (stays, may)
    assert may_close([row("normal", managed=None), found], closes) is may


def test_what_was_left_out_on_purpose_is_no_failure() -> None:
    """Trend's on_unavailable: skip, say, for a computer that leaves the mode when its agent is back."""
    members = (Member("dsm", ("trend",)),)
    estate = Estate(members, REGISTER).result()
    left = {"dsm": done("trend", "changing", unavailable=[{"computer": "x"}])}
    assert Report(estate, left, "disabled", REGISTER).verdicts() == {}
    assert list(Report(estate, {"dsm": done("trend", "changing")}, "disabled", REGISTER).verdicts()) == ["dsm"]
    assert Report(estate, {"dsm": done("trend", "changing")}, "disabled", REGISTER, check_mode=True).verdicts() == {}


def test_the_table_says_why_a_gate_stays() -> None:
    results = {**OUT, "dev01": done("d365fo"), "launch01": done("launch", held=True)}
    found = Report(ESTATE.result(), results, "disabled", REGISTER).rows()
    assert found[0]["notes"] == ["left in maintenance mode: a wave before it is not complete"]
    assert found[1]["notes"] == []


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
    assert found.verdicts()["launch01"].startswith("Maintenance mode: It took too long. Not touched: D365 F&O of")


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
            {**IN, "dev01": done("d365fo", "changing")},
            "enabled",
            [],
            {"dev01": f"{DYNAMICS}: the mode is not in effect yet for x. See the table. Fix the cause, then"},
            id="no failure, but half way",
        ),
        pytest.param(
            {"launch01": done("launch", failed=True, msg="It is busy.")},
            "enabled",
            [],
            {"launch01": "HCL Launch / IBM DevOps Deploy: It is busy. Not touched: D365 F&O of dev01, dev02. Fix"},
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
            {"launch01": "Not touched: dev01 is still in maintenance mode. Run disable again with the same"},
            id="a gate stays shut for another window",
        ),
        pytest.param(
            {**OUT, "dev01": done("d365fo"), "launch01": done("launch", held=True)},
            "disabled",
            [],
            {"launch01": "Not touched: dev01 is still in maintenance mode. Run disable again with the same"},
            id="a gate that was only looked at",
        ),
        pytest.param(
            {**OUT, "dev01": done("d365fo"), "launch01": done("launch")},
            "disabled",
            [],
            {},
            id="a gate that stays shut for the other window, too",
        ),
        pytest.param(
            {**IN, "dev01": GONE},
            "disabled",
            [],
            {"dev01": f"{DYNAMICS}: It is gone. Fix the cause and run disable again."},
            id="a gate that closed its window and stays shut while one failed",
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
            {
                "dev01": "Dynamics 365 Finance + Operations: It is still running, sign in. Not touched: Launch of "
                "launch01."
            },
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
        pytest.param("prod,dev*,!dev02,&prod,~de.*,dev*[0:1],@retry", [], id="all there"),
        pytest.param("dev01,dve0[1:2]", ["dve0[1:2]"], id="in a pattern with a range"),
        pytest.param("dev01,dve02[0]", ["dve02[0]"], id="in a pattern with a position"),
        pytest.param("dev0[!3],prod[-1],dev*[0:1],all[1:],~dev0[12]", [], id="positions and characters that are there"),
        pytest.param("dev01,dve0[!3]", ["dve0[!3]"], id="characters"),
        pytest.param("dev01,~dve0[12]", ["~dve0[12]"], id="a regular expression with characters"),
        pytest.param("", [], id="none"),
    ],
)
def test_parts_of_a_limit_that_mean_nobody(limit: str, nobody: list[str]) -> None:
    assert meaning_nobody(limit, {"all": ["dev01", "dev02"], "prod": ["dev01"]}) == nobody


@pytest.mark.parametrize(
    ("mode", "windows", "kept"),
    [("normal", "", True), ("maintenance", "a", False), ("maintenance", "a b", False), ("maintenance", "a b c", True)],
)
def test_what_others_keep_on_when_several_windows_are_closed(mode: str, windows: str, kept: bool) -> None:
    rows = done("launch", mode)["systems"]["launch"]["rows"]
    rows[0]["windows"] = [{"id": each} for each in windows.split()]
    assert keeps_on(rows, ["a", "b"]) is kept

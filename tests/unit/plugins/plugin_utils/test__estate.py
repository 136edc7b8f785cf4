"""Which systems the hosts of a run are, who switches which of them when, and what a run comes to."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._estate import (
    ANY,
    Estate,
    Member,
    Task,
    check,
    failed,
    systems_of,
)
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import WAVES, register
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._report import rows, untouched, verdict

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
        check(members, strangers, limit, REGISTER)


def test_without_a_limit_other_hosts_may_be_there() -> None:
    check(ESTATE.members, ["db01"], "", REGISTER)


def done(system: str, **more: Any) -> dict[str, Any]:
    return {"systems": {system: {"rows": [{"system": "x", "mode": "maintenance"}], **more}}}


GOOD = {"launch01": done("launch"), "dev01": done("d365fo"), "dev02": done("d365fo")}
LOST = {"launch01": done("launch"), "dev01": done("d365fo", unreachable=True, msg="It is gone.")}


@pytest.mark.parametrize(
    ("result", "waves", "found"),
    [
        (done("launch"), WAVES, []),
        (done("launch", failed=True), WAVES, ["launch"]),
        (done("launch", unreachable=True), ["gates"], ["launch"]),
        (done("launch", failed=True), ["applications"], []),
        ({}, WAVES, []),
        ({"failed": True, "msg": "timed out"}, ["gates"], [ANY]),
        ({**done("launch"), "unreachable": True}, ["protections"], [ANY]),
    ],
)
def test_what_failed(result: dict[str, Any], waves: list[str], found: list[str]) -> None:
    assert failed(result, waves, REGISTER) == found


def test_the_table_has_those_that_were_not_reached_too() -> None:
    estate = ESTATE.result()
    found = rows(estate, LOST, REGISTER)
    assert [row["mode"] for row in found] == ["maintenance", "maintenance", *["unknown"] * 5]
    assert [row["system"] for row in found[2:]] == ["dev02", "dsm03", "dev01", "dev02", "web01"]
    assert [row["host"] for row in found[2:]] == ["", "", "dsm01", "dsm01", "dsm02"]
    assert all("not touched" in row["notes"][0] for row in found[2:])
    assert untouched(estate, LOST) == ["dev02", "dsm03", "dev01", "web01"]


def test_a_task_that_did_not_get_so_far_is_no_success() -> None:
    """A time limit of Ansible's own, say: its result has no word about any system."""
    results = {"launch01": {"failed": True, "msg": "It took too long."}}
    assert rows(ESTATE.result(), results, REGISTER)[0]["notes"] == ["It took too long."]
    assert verdict("launch01", ESTATE.result(), results, "enabled", REGISTER).startswith(
        "Maintenance mode: It took too long. Not touched: dev01"
    )


def test_the_verdict() -> None:
    """On the hosts that failed, what to do; on the others nothing."""
    estate = ESTATE.result()
    assert verdict("dev01", estate, GOOD, "enabled", REGISTER) == ""
    said = verdict("dev01", estate, LOST, "enabled", REGISTER)
    assert said.startswith("Dynamics 365 Finance + Operations: It is gone. Not touched: dev02, dsm03, dev01, web01.")
    assert "enable again to continue" in said
    assert "run disable again" in verdict("dev01", estate, LOST, "disabled", REGISTER)

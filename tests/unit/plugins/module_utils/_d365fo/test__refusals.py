"""What stands against a switch: each reason alone, several at once, and nothing where nothing does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _refusals
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._database import parse_reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._look import Seen
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._plan import Wish, plan
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._refusals import Consent, against
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._setup_tool import ToolOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sqlcmd import SqlcmdOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._steps import WriteRecord
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Opening

from fakes.system import (
    AOS,
    BATCH,
    MISSING,
    findings,
    on_premises,
    reading,
    record,
    seen,
    service,
    services,
)

LOGIN = ToolOptions(user="axdbadmin", password="s3cret")
BROKEN = parse_reading([("value", "1"), ("record", "{}"), ("now", "2026-11-24T21:00:00")], "db")


def reasons(
    of: Findings,
    *,
    state: str = "enabled",
    method: str = "sql",
    consent: Consent | None = None,
    objection: str = "",
    **wish: Any,
) -> list[str]:
    """What stands against what the task would do."""
    look = Seen(of, method, objection)
    asked = Wish(state, **{"aos": AOS, **wish})
    return against(look, plan(look, asked).steps, consent or Consent(tool=LOGIN))


@pytest.mark.parametrize("method", ["sql", "setup_tool"])
@pytest.mark.parametrize("state", ["enabled", "disabled"])
def test_nothing_stands_against_an_ordinary_machine(state: str, method: str) -> None:
    of = findings(reading("disabled") if state == "enabled" else reading("enabled", record()))
    assert reasons(of, state=state, method=method) == []


def test_nor_against_an_ordinary_cluster() -> None:
    assert reasons(on_premises(), method="script") == []


# --- each reason alone ---


def web(state: str, start_type: str = "auto") -> dict[str, Any]:
    return {"running": services(W3SVC=service("W3SVC", state, start_type))}


def microsofts(server: str) -> dict[str, Any]:
    return {"sql": SqlcmdOptions(server=server)}


ONE_BOX = [
    pytest.param({"visual_studio": True}, "Visual Studio (devenv.exe) is open", id="Visual Studio"),
    pytest.param({"iis_express": True}, "IIS Express (iisexpress.exe) is running", id="IIS Express"),
    pytest.param({"elevated": False}, "not an elevated administrator on the host", id="not elevated"),
    pytest.param(web("running", "disabled"), "W3SVC is disabled", id="W3SVC disabled, though it runs"),
    pytest.param(web("stopped", "disabled"), "W3SVC is disabled", id="W3SVC disabled"),
    pytest.param(web("paused"), "W3SVC is paused", id="W3SVC paused"),
    pytest.param(web("pause_pending"), "W3SVC is paused", id="W3SVC pausing"),
    pytest.param({"running": {BATCH: service(BATCH)}}, "no World Wide Web Publishing Service", id="no W3SVC"),
    pytest.param(microsofts("uat.database.windows.net"), "a database that Microsoft manages", id="Azure SQL"),
    pytest.param(
        {"of": reading(may_write=False)}, "The login axdbadmin may not write to database AXDB", id="no rights"
    ),
    pytest.param({"of": reading(MISSING)}, "no row CONFIGURATIONMODE", id="no row"),
    pytest.param(
        {"running": services(BATCH=service(BATCH, "running", "disabled"))},
        f"{BATCH} is running but disabled: once stopped, it could not be started again",
        id="a background service that runs and is disabled",
    ),
]


@pytest.mark.parametrize(("changes", "words"), ONE_BOX)
def test_a_reason_alone(changes: dict[str, Any], words: str) -> None:
    (reason,) = reasons(findings(**changes))
    assert reason.startswith(words) or words in reason


@pytest.mark.parametrize(("changes", "words"), ONE_BOX)
def test_each_has_a_way_out(changes: dict[str, Any], words: str) -> None:
    """It ends with what to do, not with what is wrong."""
    (reason,) = reasons(findings(**changes))
    assert reason.endswith(".")
    assert any(
        word in reason
        for word in ("run again", "Connect with", "Point the", "Grant", "Set ", "Check", "IIS Express", "enable")
    )


def test_what_is_running_may_be_disabled_where_it_is_not_stopped() -> None:
    of = findings(running=services(BATCH=service(BATCH, "running", "disabled")))
    assert reasons(of, stop_background_services=False) == []
    assert reasons(findings(running=services(BATCH=service(BATCH, "stopped", "disabled")))) == []


def test_a_row_may_be_inserted_where_the_task_says_so() -> None:
    consent = Consent(tool=LOGIN, create_missing=True)
    assert reasons(findings(reading(MISSING)), consent=consent) == []


@pytest.mark.parametrize("host_name", ["contoso.operations.dynamics.com", "x.sandbox.ax.dynamics.com"])
def test_where_microsoft_manages_that_alone_is_said(host_name: str) -> None:
    settings = {"Infrastructure.HostName": host_name}
    (reason,) = reasons(findings(settings=settings, visual_studio=True, elevated=False), method="managed")
    assert reason.startswith(f"{host_name} is managed by Microsoft")
    assert "Power Platform admin center" in reason


def test_a_broken_record_is_a_reason_of_its_own() -> None:
    (reason,) = _refusals.database(findings(replace(BROKEN, may_write=True)), Consent())
    assert "Could not read the record on db" in reason
    assert "sp_dropextendedproperty" in reason


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        ("SQL said no", "SQL said no."),
        ("", "The configuration mode could not be read."),
    ],
)
def test_a_database_that_did_not_answer(failure: str, reason: str) -> None:
    assert _refusals.database(Findings(sql_failure=failure), Consent()) == [reason]


# --- the AOS ---


def test_an_address_that_does_not_answer() -> None:
    (reason,) = reasons(findings(), objection="https://dev01/: no answer (refused)")
    assert (
        reason
        == "It would not be possible to check whether the AOS is ready again: https://dev01/: no answer (refused)."
    )


def test_no_address_at_all() -> None:
    (reason,) = reasons(findings(), aos="")
    assert "Infrastructure.HostUrl" in reason
    assert "O(wait_for_aos=false)" in reason


@pytest.mark.parametrize(
    ("of", "consent"),
    [
        pytest.param(findings(), Consent(tool=LOGIN, wait=False), id="nobody wants to wait"),
        pytest.param(findings(running=services(web="stopped")), Consent(tool=LOGIN), id="IIS does not run"),
    ],
)
def test_nobody_needs_an_address(of: Findings, consent: Consent) -> None:
    assert reasons(of, consent=consent, aos="") == []


# --- the setup tool ---


@pytest.mark.parametrize(
    ("changes", "consent", "words"),
    [
        pytest.param({"setup_tool": ""}, Consent(LOGIN), "The setup tool was not found", id="no tool"),
        pytest.param({}, Consent(), "The setup tool requires a value for --sqluser, --sqlpwd", id="no login"),
        pytest.param({}, Consent(LOGIN, keeps_secrets=False), "no safe place", id="ssh"),
    ],
)
@pytest.mark.parametrize("state", ["enabled", "disabled"])
def test_the_tool(state: str, changes: dict[str, Any], consent: Consent, words: str) -> None:
    of = findings(reading("disabled") if state == "enabled" else reading("enabled", record()), **changes)
    reason, way_round = reasons(of, state=state, method="setup_tool", consent=consent)
    assert words in reason
    assert way_round == "O(method=sql) does not use the tool."
    assert "s3cret" not in reason


@pytest.mark.parametrize(
    ("changes", "consent", "words"),
    [
        pytest.param({"setup_tool": ""}, Consent(LOGIN), "The setup tool was not found", id="no tool"),
        pytest.param({}, Consent(), "The setup tool requires a value for --sqluser, --sqlpwd", id="no login"),
    ],
)
def test_synchronising_needs_the_tool_before_the_variable_is_cleared(
    changes: dict[str, Any], consent: Consent, words: str
) -> None:
    """The variable was cleared, the AOS stayed in maintenance, and every run again failed alike."""
    of = findings(reading("enabled", record()), **changes)
    reason, way_round = reasons(of, state="disabled", consent=consent, synchronise=True)
    assert words in reason
    assert way_round == "Without O(sync) the tool is not used."


def test_who_sets_by_the_tool_and_synchronises_needs_both_changed() -> None:
    of = findings(reading("enabled", record()))
    told = reasons(of, state="disabled", method="setup_tool", consent=Consent(), synchronise=True)
    assert told[1:] == ["O(method=sql) without O(sync) does not use the tool."]


# --- on-premises ---


def test_a_restart_of_everybodys_aos_may_need_consent() -> None:
    (reason,) = reasons(on_premises(), method="script", consent=Consent(restart_all=False))
    assert "restarts all AOS instances (AOS1, AOS2)" in reason
    assert "O(restart_consent=true)" in reason


def test_a_node_without_rights() -> None:
    (reason,) = reasons(on_premises(elevated=False), method="script")
    assert "not an elevated administrator on the node" in reason


def test_what_is_the_matter_of_a_machine_is_not_a_nodes() -> None:
    assert reasons(on_premises(visual_studio=True, iis_express=True), method="script") == []


# --- together ---


def test_all_reasons_are_said_at_once() -> None:
    of = findings(
        reading(MISSING, may_write=False),
        visual_studio=True,
        iis_express=True,
        elevated=False,
        running=services(web="paused"),
    )
    assert len(reasons(of, objection="no answer")) == 7


# --- where less is touched, less stands against it ---

TROUBLED: dict[str, Any] = {"visual_studio": True, "iis_express": True, "elevated": False}


@pytest.mark.parametrize(
    ("state", "opening", "windows"),
    [
        pytest.param("enabled", Opening("second"), ["first"], id="one more"),
        pytest.param("enabled", Opening("first", reason="other"), ["first"], id="changed"),
        pytest.param("disabled", Opening("first"), ["first", "second"], id="closed, not the last"),
    ],
)
def test_a_window_more_or_less_touches_the_record_only(state: str, opening: Opening, windows: list[str]) -> None:
    of = findings(reading("enabled", record(windows=windows)), running=services("stopped"), **TROUBLED)
    assert reasons(of, state=state, opening=opening) == []
    refused = findings(reading("enabled", record(windows=windows), may_write=False), running=services("stopped"))
    assert len(reasons(refused, state=state, opening=opening)) == 1


# --- a record that would be too long ---


@pytest.mark.parametrize("length", [1000, 2000, 2200, 2400, 2600, 2800, 3000, 3400, 9000])
def test_a_record_that_is_too_long_is_refused_in_check_mode_too(length: int) -> None:
    found = reasons(findings(), opening=Opening(reason="x" * length))
    assert len(found) == (length > 2500)
    if found:
        assert "the maximum is 3700. Shorten O(reason)" in found[0]


@pytest.mark.parametrize("length", range(1800, 3000, 40))
def test_what_fits_on_the_way_in_fits_on_the_way_out(length: int) -> None:
    opening = Opening(reason="x" * length, owner="ann")
    look = seen(findings())
    steps = plan(look, Wish("enabled", opening, aos=AOS)).steps
    if against(look, steps, Consent()):
        return
    (*_before, entered) = (step.record for step in steps if isinstance(step, WriteRecord) and step.record)
    for wish in (
        Wish("disabled", aos=AOS),
        Wish("disabled", all_windows=True, aos=AOS),
        Wish("enabled", opening, aos=AOS),
    ):
        for mode in ("enabled", "disabled"):
            for phase in ("prepared", "set", "settled"):
                of = findings(reading(mode, replace(entered, phase=phase)), running=services("stopped"))
                assert reasons(of, state=wish.state, opening=wish.opening, all_windows=wish.all_windows) == []

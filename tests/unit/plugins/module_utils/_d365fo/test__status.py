"""What is refused, the row of the status table, and services that are not as they should be."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _method
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._mode import Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import (
    BACKGROUND,
    FO_SERVICES,
    W3SVC,
    Service,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._status import (
    refusals,
    services_amiss,
    status_row,
)

NOW = datetime(2026, 11, 24, 22, 0, tzinfo=timezone.utc)
BATCH, MR, DMF = BACKGROUND
RECORD = Record("enabled", "settled", "2026-11-24T18:00:00Z", "me", "why", "2026-11-24T20:00:00Z", FO_SERVICES)
OFF = Reading("disabled", None, "AXDB", "me", True)
ON = Reading("enabled", RECORD, "AXDB", "me", True)
GOOD = Findings(
    settings={"Infrastructure.HostName": "dev01-devaos.cloudax.dynamics.com"},
    services={name: Service(name, "running", "auto", 4) for name in FO_SERVICES},
    elevated=True,
    configuration_mode=OFF,
)


def with_services(findings: Findings, state: str, start_type: str = "auto", *names: str) -> Findings:
    """The findings with some services changed."""
    changed = {name: Service(name, state, start_type) for name in names}
    return replace(findings, services={**findings.services, **changed})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, []),
        ({"visual_studio": True}, ["Visual Studio"]),
        ({"elevated": False}, ["not an elevated administrator"]),
        ({"services": {}}, ["no World Wide Web Publishing Service"]),
        ({"services": {W3SVC: Service(W3SVC, "stopped", "disabled")}}, ["W3SVC is disabled"]),
        ({"services": {W3SVC: Service(W3SVC, "stopped", "manual")}}, []),
        ({"sql_failure": "SQL said no.", "configuration_mode": None}, ["SQL said no."]),
        ({"configuration_mode": None}, ["no way to the database"]),
        ({"configuration_mode": replace(OFF, may_write=False)}, ["The login me may not write in database AXDB"]),
        ({"visual_studio": True, "elevated": False, "services": {}}, ["Visual Studio", "no World", "elevated"]),
    ],
)
def test_refusals(changes: dict[str, Any], words: list[str]) -> None:
    reasons = refusals(replace(GOOD, **changes), _method.SQL)
    assert len(reasons) == len(words)
    assert all(word in reason for word, reason in zip(words, reasons, strict=True))


def test_where_microsoft_manages_that_alone_is_said() -> None:
    managed = replace(GOOD, settings={"Infrastructure.HostName": "x.sandbox.ax.dynamics.com"}, visual_studio=True)
    (reason,) = refusals(managed, _method.MANAGED)
    assert reason.startswith("x.sandbox.ax.dynamics.com is managed by Microsoft")


@pytest.mark.parametrize(
    ("findings", "amiss"),
    [
        (GOOD, []),
        (with_services(GOOD, "stopped", "auto", BATCH), [f"{BATCH} is stopped"]),
        (with_services(GOOD, "stopped", "delayed_auto", BATCH), [f"{BATCH} is stopped"]),
        (with_services(GOOD, "stop_pending", "auto", MR), [f"{MR} is stop_pending"]),
        (with_services(GOOD, "stopped", "manual", BATCH), []),
        (with_services(GOOD, "stopped", "disabled", BATCH), []),
        (with_services(GOOD, "start_pending", "auto", BATCH), []),
        # in maintenance mode a stopped background service is as it should be, IIS is not
        (with_services(replace(GOOD, configuration_mode=ON), "stopped", "auto", *BACKGROUND), []),
        (with_services(replace(GOOD, configuration_mode=ON), "stopped", "auto", *FO_SERVICES), [f"{W3SVC} is stopped"]),
        (
            with_services(with_services(replace(GOOD, configuration_mode=ON), "stopped", "auto", MR, DMF), "running"),
            [f"{BATCH} runs although maintenance mode is on"],
        ),
        # with somebody else's flag, or while it is still being switched, nothing is known of what should run
        (replace(GOOD, configuration_mode=replace(ON, record=None)), []),
        (replace(GOOD, configuration_mode=replace(ON, record=RECORD.at("enabled", "set"))), []),
        (replace(GOOD, configuration_mode=None), []),
    ],
)
def test_services_amiss(findings: Findings, amiss: list[str]) -> None:
    assert services_amiss(findings) == amiss


@pytest.mark.parametrize("batch", ["stopped", "start_pending", "stop_pending"])
def test_batch_is_never_complained_about_while_maintenance_mode_is_on(batch: str) -> None:
    stopped = with_services(replace(GOOD, configuration_mode=ON), "stopped", "auto", MR, DMF)
    findings = with_services(stopped, batch, "delayed_auto", BATCH)
    assert not [text for text in services_amiss(findings) if BATCH in text]


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (OFF, {"mode": "normal", "in_effect": True, "managed": None, "since": None, "overdue": False}),
        (
            ON,
            {
                "mode": "maintenance",
                "in_effect": True,
                "managed": True,
                "since": "2026-11-24T18:00:00Z",
                "owner": "me",
                "reason": "why",
                "expires": "2026-11-24T20:00:00Z",
                "overdue": True,
            },
        ),
        (replace(ON, record=replace(RECORD, expires="2026-11-24T22:30:00Z")), {"overdue": False}),
        (replace(ON, record=replace(RECORD, expires="")), {"overdue": False, "expires": None}),
        # over, but not finished: nothing is overdue any more
        (
            Reading("disabled", RECORD.at("disabled", "set")),
            {"mode": "switching", "overdue": False, "in_effect": False},
        ),
        (replace(ON, record=None), {"mode": "maintenance", "in_effect": None, "managed": False}),
        (replace(ON, record=RECORD.at("enabled", "set")), {"mode": "switching", "in_effect": False}),
        (Reading(None, None), {"mode": "unknown"}),
        (None, {"mode": "unknown", "in_effect": None, "managed": None}),
    ],
)
def test_status_row(reading: Reading | None, expected: dict[str, Any]) -> None:
    row = status_row("dev01", replace(GOOD, configuration_mode=reading), NOW)
    assert {name: row[name] for name in expected} == expected
    assert (row["system"], row["kind"]) == ("dev01", "Dynamics 365 F&O")


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"sql_failure": "SQL said no.", "configuration_mode": None}, "SQL said no."),
        ({"configuration_mode": None}, "the database was not asked"),
        ({"configuration_mode": Reading(None, None)}, "CONFIGURATIONMODE is missing"),
        ({"configuration_mode": replace(ON, record=RECORD.at("enabled", "set"))}, "run again to make up for it"),
        ({"configuration_mode": replace(OFF, record=RECORD.at("enabled", "prepared"))}, "run disable to clear up"),
        ({"configuration_mode": replace(ON, record=None)}, "set by somebody else"),
        ({"services": {W3SVC: Service(W3SVC, "stopped", "auto")}}, "W3SVC is stopped"),
    ],
)
def test_notes(changes: dict[str, Any], note: str) -> None:
    (found,) = status_row("dev01", replace(GOOD, **changes), NOW)["notes"]
    assert note in found

"""The row of the status table: what is known, what nobody can know, and what a person should do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _record, _status
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._database import Reading, parse_reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import Service

from fakes.moments import NOW
from fakes.system import (
    BATCH,
    DMF,
    MR,
    RAN,
    W3SVC,
    findings,
    foreign,
    lease,
    on_premises,
    reading,
    record,
    seen,
    service,
    services,
    window,
)

ON: dict[str, Any] = {"running": services("stopped")}
"""Services as they are in maintenance mode."""


def row(of: Reading, method: str = "sql", **more: Any) -> dict[str, Any]:
    return _status.row("dev01", seen(findings(of, **more), method))


# --- mode ---


@pytest.mark.parametrize(
    ("of", "mode"),
    [
        pytest.param(reading("disabled"), "normal", id="off"),
        pytest.param(reading("enabled"), "maintenance", id="on by somebody else"),
        pytest.param(reading("enabled", record("settled")), "maintenance", id="on and verified"),
        pytest.param(reading("enabled", record("set")), "changing", id="on, cut off before it was verified"),
        pytest.param(reading("enabled", record("settled", lease=lease())), "changing", id="on, a run is at work"),
        pytest.param(reading("disabled", record("prepared", lease=lease())), "changing", id="on its way in"),
        pytest.param(reading("disabled", record("set", (), lease=lease())), "changing", id="on its way out"),
        pytest.param(reading("disabled", record("prepared")), "changing", id="cut off before anything was set"),
        pytest.param(reading("disabled", record("set", ())), "changing", id="cut off on the way out"),
        pytest.param(reading("disabled", record("settled", ())), "normal", id="out, but a service did not start"),
        pytest.param(reading("disabled", record("settled")), "changing", id="off by hand during the window"),
        pytest.param(reading("enabled", foreign(record("settled"))), "maintenance", id="on, another machine's record"),
        pytest.param(reading("disabled", foreign(record("set"))), "normal", id="off, another machine's record"),
        pytest.param(reading("disabled", foreign(record(lease=lease()))), "normal", id="a run on another machine"),
        pytest.param(reading("missing"), "unknown", id="no row"),
    ],
)
def test_mode(of: Reading, mode: str) -> None:
    assert row(of, **ON)["mode"] == mode


# --- verified ---


@pytest.mark.parametrize(
    ("of", "web", "verified"),
    [
        pytest.param(reading("enabled", record("settled")), "running", True, id="on and seen"),
        pytest.param(reading("enabled", record("set")), "running", False, id="on, the AOS is behind"),
        pytest.param(reading("disabled", record("set", ())), "running", False, id="off, the AOS is behind"),
        pytest.param(reading("disabled", record("settled", ())), "running", True, id="off and seen"),
        pytest.param(reading("disabled"), "running", None, id="off, nobody knows since when"),
        pytest.param(reading("enabled"), "running", None, id="on by somebody else: nobody knows"),
        pytest.param(reading("enabled", foreign(record("settled"))), "running", None, id="another machine's record"),
        pytest.param(reading("missing"), "running", None, id="no row"),
        pytest.param(reading("enabled", record("settled")), "stopped", None, id="on, but no AOS runs"),
        pytest.param(reading("disabled", record("prepared")), "running", None, id="cut off before anything was set"),
    ],
)
def test_verified(of: Reading, web: str, verified: bool | None) -> None:
    """Never "yes" for a value of which nobody can know that it is in effect."""
    assert row(of, running=services("stopped", web))["verified"] is verified


def test_a_cluster_has_no_iis_that_would_have_to_run() -> None:
    of = reading("enabled", record("settled", host="", ran=()))
    assert _status.row("prod", seen(on_premises(of), "script"))["verified"] is True


# --- windows ---

MANY = replace(
    record(),
    windows=(
        window("A", owner="ann", reason="keys", expires=NOW + timedelta(hours=1)),
        window("B", opened=NOW - timedelta(hours=3), owner="bob", reason="keys", expires=NOW + timedelta(hours=2)),
        window("C", owner="ann", reason="more", ticket="CHG1", expires=NOW + timedelta(minutes=5)),
    ),
)


def test_several_windows_in_one_row() -> None:
    found = row(reading("enabled", MANY), **ON)
    assert {name: found[name] for name in ("since", "owner", "reason", "expires", "overdue", "managed")} == {
        "since": "2026-11-24T18:00:00Z",
        "owner": "ann; bob",
        "reason": "keys; more",
        "expires": "2026-11-24T23:00:00Z",
        "overdue": False,
        "managed": True,
    }
    assert [each["id"] for each in found["windows"]] == ["A", "B", "C"]
    assert found["notes"] == ["open windows: A (ann, keys); B (bob, keys); C (ann, more, CHG1)"]
    assert (found["system"], found["kind"]) == ("dev01", "D365 F&O")


@pytest.mark.parametrize(
    ("window_id", "name_windows", "notes"),
    [
        ("default", False, []),
        ("default", True, ["open window: default (ann, keys)"]),
        ("CHG1", False, ["open window: CHG1 (ann, keys)"]),
    ],
)
def test_a_window_that_has_to_be_closed_by_its_name_is_named(
    window_id: str, name_windows: bool, notes: list[str]
) -> None:
    of = seen(findings(reading("enabled", record(windows=(window_id,))), services("stopped")))
    assert _status.row("dev01", of, name_windows=name_windows)["notes"] == notes


@pytest.mark.parametrize(
    ("ends", "expires"),
    [
        pytest.param([None], None, id="no end"),
        pytest.param([NOW, None], None, id="one without an end"),
        pytest.param([NOW, NOW + timedelta(hours=1)], "2026-11-24T22:00:00Z", id="the last one"),
    ],
)
def test_the_mode_ends_with_its_last_window(ends: list[Any], expires: str | None) -> None:
    held = replace(record(), windows=tuple(window(str(at), expires=end) for at, end in enumerate(ends)))
    assert row(reading("enabled", held), **ON)["expires"] == expires


@pytest.mark.parametrize(
    ("mode", "ends", "overdue"),
    [
        pytest.param("enabled", [-1], True, id="over"),
        pytest.param("enabled", [0], False, id="at its end"),
        pytest.param("enabled", [5, -1], True, id="one of two"),
        pytest.param("enabled", [5], False, id="to come"),
        pytest.param("disabled", [-1], False, id="off: nothing is overdue any more"),
    ],
)
def test_overdue(mode: str, ends: list[int], overdue: bool) -> None:
    """By the server's time, not by the controller's."""
    held = replace(
        record(), windows=tuple(window(str(at), expires=NOW + timedelta(seconds=end)) for at, end in enumerate(ends))
    )
    assert row(reading(mode, held), **ON)["overdue"] is overdue


@pytest.mark.parametrize(("alive", "overdue"), [(False, True), (True, False)])
@pytest.mark.parametrize("mode", ["enabled", "disabled"])
def test_a_run_that_was_cut_off_on_the_way_out(mode: str, alive: bool, overdue: bool) -> None:
    """The mode should be off by now, and the services run again, whatever the database says."""
    left = record(_record.PREPARED, windows=(), lease=lease(alive=alive))
    found = row(reading(mode, left), **ON)
    assert (found["mode"], found["overdue"]) == ("changing", overdue)


@pytest.mark.parametrize(
    ("of", "managed"),
    [
        (reading("enabled", record()), True),
        (reading("enabled"), False),
        (reading("enabled", foreign(record())), False),
        (reading("disabled"), None),
        (reading("disabled", record("set", ())), None),
    ],
    ids=["ours", "somebody else's", "another machine's", "off", "on the way out"],
)
def test_managed(of: Reading, managed: bool | None) -> None:
    assert row(of, **ON)["managed"] is managed


def test_another_machines_windows_are_not_shown_as_ours() -> None:
    found = row(reading("enabled", foreign(record())), **ON)
    assert (found["windows"], found["since"], found["owner"], found["reason"]) == ([], None, None, None)


# --- notes ---

BROKEN = parse_reading([("value", "1"), ("record", "{}"), ("now", "2026-11-24T21:00:00")], "db")


@pytest.mark.parametrize(
    ("of", "note"),
    [
        pytest.param(reading("missing"), "CONFIGURATIONMODE is missing", id="no row"),
        pytest.param(reading("enabled"), "turned on by somebody else: there is no record", id="somebody else's"),
        pytest.param(reading("enabled", record("set")), "run again to finish the work", id="cut off"),
        pytest.param(
            reading("disabled", record("prepared")),
            "interrupted before it turned maintenance mode on: run disable",
            id="never set",
        ),
        pytest.param(
            reading("enabled", record("set", lease=lease(alive=False))),
            "run r2 of bob on ctl02, at work since 2026-11-24T20:55:00Z, did not finish: run again",
            id="a run died",
        ),
        pytest.param(reading("enabled", foreign(record())), "was written for TEST09", id="another machine's"),
        pytest.param(reading("disabled", foreign(record())), "was written for TEST09", id="another machine's, off"),
        pytest.param(BROKEN, "sp_dropextendedproperty", id="broken"),
    ],
)
def test_notes(of: Reading, note: str) -> None:
    (found,) = [text for text in row(of, **ON)["notes"] if " is stopped" not in text]
    assert note in found


@pytest.mark.parametrize("phase", ["prepared", "set", "settled"])
@pytest.mark.parametrize("mode", ["enabled", "disabled"])
def test_while_a_run_is_alive_nobody_says_that_it_was_cut_off(mode: str, phase: str) -> None:
    notes = row(reading(mode, record(phase, lease=lease())), **ON)["notes"]
    assert "run r2 of bob on ctl02, at work since 2026-11-24T20:55:00Z" in notes
    assert not [note for note in notes if "cut off" in note or "did not finish" in note or "run again" in note]


def test_nothing_to_say_of_a_system_as_it_should_be() -> None:
    assert row(reading("disabled"))["notes"] == []
    assert row(reading("enabled", record()), **ON)["notes"] == []


def test_a_database_that_did_not_answer() -> None:
    found = _status.row("dev01", seen(Findings(sql_failure="SQL said no.")))
    assert (found["mode"], found["verified"], found["notes"]) == ("unknown", None, ["SQL said no."])
    assert _status.row("dev01", seen(Findings()))["notes"] == ["the database was not queried"]


def test_a_system_that_could_not_be_asked_has_a_row_of_the_same_shape() -> None:
    unknown = _status.unknown_row("dev01", "UNREACHABLE")
    assert list(unknown) == list(row(reading("disabled")))
    assert (unknown["mode"], unknown["overdue"], unknown["windows"], unknown["notes"]) == (
        "unknown",
        False,
        [],
        ["UNREACHABLE"],
    )


# --- services that are not as they should be ---


def amiss(of: Reading, **changes: Any) -> list[str]:
    background = "stopped" if of.mode == "enabled" else "running"
    return _status.amiss(seen(findings(of, services(background, **changes))))


OFF, MAINTENANCE = reading("disabled"), reading("enabled", record())


@pytest.mark.parametrize(
    ("of", "changes", "words"),
    [
        pytest.param(OFF, {}, [], id="all as it should be"),
        pytest.param(OFF, {"BATCH": service(BATCH, "stopped")}, [f"{BATCH} is stopped"], id="batch is stopped"),
        pytest.param(
            OFF, {"BATCH": service(BATCH, "stopped", "delayed_auto")}, [f"{BATCH} is stopped"], id="starts with delay"
        ),
        pytest.param(OFF, {"MR": service(MR, "paused")}, [f"{MR} is paused"], id="paused"),
        pytest.param(OFF, {"MR": service(MR, "stop_pending")}, [f"{MR} is stop_pending"], id="stopping"),
        pytest.param(OFF, {"BATCH": service(BATCH, "stopped", "manual")}, [], id="started by hand only"),
        pytest.param(OFF, {"BATCH": service(BATCH, "stopped", "disabled")}, [], id="disabled"),
        pytest.param(OFF, {"BATCH": service(BATCH, "start_pending")}, [], id="about to run"),
        pytest.param(OFF, {"W3SVC": service(W3SVC, "stopped")}, [f"{W3SVC} is stopped"], id="IIS is stopped"),
        pytest.param(MAINTENANCE, {}, [], id="in maintenance mode the background is stopped"),
        pytest.param(MAINTENANCE, {"W3SVC": service(W3SVC, "stopped")}, [f"{W3SVC} is stopped"], id="but IIS is not"),
        pytest.param(
            MAINTENANCE,
            {"MR": service(MR)},
            [f"{MR} is running although it was stopped for maintenance"],
            id="somebody started what we stopped",
        ),
        pytest.param(reading("enabled"), {"MR": service(MR)}, [], id="somebody else's maintenance: not our business"),
        pytest.param(
            reading("enabled", record(ran=[replace(each, stopped=False) for each in RAN])),
            {"MR": service(MR), "BATCH": service(BATCH)},
            [],
            id="the task said not to stop it",
        ),
    ],
)
def test_amiss(of: Reading, changes: dict[str, Service], words: list[str]) -> None:
    assert amiss(of, **changes) == words


def test_what_is_amiss_is_a_fault_and_a_note() -> None:
    found = row(OFF, services=services("running", W3SVC=service(W3SVC, "stopped")))
    assert found["faults"] == [f"{W3SVC} is stopped"]
    assert set(found["faults"]) <= set(found["notes"])


@pytest.mark.parametrize("state", ["stopped", "start_pending", "stop_pending"])
def test_batch_is_never_complained_about_while_it_cannot_run(state: str) -> None:
    """In maintenance mode Windows tries to start it again every 30 s."""
    assert amiss(MAINTENANCE, BATCH=service(BATCH, state, "delayed_auto")) == []


@pytest.mark.parametrize(
    ("changed", "note"),
    [
        (service(DMF, "stopped", "disabled"), f"{DMF} is stopped and disabled, ran before maintenance"),
        (service(DMF, "stopped", "manual"), f"{DMF} is stopped and manual, ran before maintenance"),
        (service(DMF, "paused", "auto"), f"{DMF} is paused and auto, ran before maintenance"),
    ],
)
def test_after_a_window_what_ran_before_is_missed(changed: Service, note: str) -> None:
    left: Record = record("settled", (), [RAN[1]])
    assert amiss(reading("disabled", left), DMF=changed) == [note]

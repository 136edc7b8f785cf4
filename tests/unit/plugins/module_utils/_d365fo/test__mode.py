"""Variable and record: every reading against every wish, and the retry after a deadlock."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from itertools import product
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _tsql
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._mode import (
    ConfigurationMode,
    Reading,
    Wish,
    parse_reading,
    plan,
    read,
    reading_from,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sql_errors import SqlFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure

NOW = datetime(2026, 11, 24, 21, 0, tzinfo=timezone.utc)
SINCE = "2026-11-24T18:00:00Z"
ON, OFF, GONE = "enabled", "disabled", None


def record(target: str, phase: str, *services: str) -> Record:
    return Record(target, phase, SINCE, "somebody", "why", "", services)


def wish(state: str, phase: str = "set", **more: Any) -> Wish:
    return Wish(state, NOW, phase, **more)


RECORDS = {
    "none": None,
    "on/prepared": record(ON, "prepared", "Batch"),
    "on/set": record(ON, "set", "Batch"),
    "on/settled": record(ON, "settled", "Batch"),
    "off/set": record(OFF, "set", "Batch"),
}

# (mode, record) x wish -> (value written, record afterwards); "same": nothing to do, "error": refused
TABLE: dict[tuple[str, str, str], tuple[str | None, str] | str] = {
    # enable, prepare: only the record, and only where the window has not begun
    (OFF, "none", "prepare"): (None, "on/prepared"),
    (OFF, "on/prepared", "prepare"): "same",
    (OFF, "on/set", "prepare"): (None, "on/prepared"),  # somebody turned it off behind our back: a new window
    (OFF, "on/settled", "prepare"): (None, "on/prepared"),
    (OFF, "off/set", "prepare"): (None, "on/prepared"),
    (ON, "none", "prepare"): "same",  # somebody else's
    (ON, "on/prepared", "prepare"): "same",
    (ON, "on/set", "prepare"): "same",
    (ON, "on/settled", "prepare"): "same",
    (ON, "off/set", "prepare"): (None, "on/prepared"),
    # enable, set
    (OFF, "none", "enable"): ("1", "on/set"),
    (OFF, "on/prepared", "enable"): ("1", "on/set"),
    (OFF, "on/set", "enable"): ("1", "on/set"),
    (OFF, "on/settled", "enable"): ("1", "on/set"),
    (OFF, "off/set", "enable"): ("1", "on/set"),
    (ON, "none", "enable"): "same",
    (ON, "on/prepared", "enable"): (None, "on/set"),
    (ON, "on/set", "enable"): "same",
    (ON, "on/settled", "enable"): "same",
    (ON, "off/set", "enable"): (None, "on/set"),
    # enable, settle
    (OFF, "none", "settle"): "error",
    (OFF, "on/prepared", "settle"): "error",
    (OFF, "on/set", "settle"): "error",
    (OFF, "on/settled", "settle"): "error",
    (OFF, "off/set", "settle"): "error",
    (ON, "none", "settle"): "same",
    (ON, "on/prepared", "settle"): (None, "on/settled"),
    (ON, "on/set", "settle"): (None, "on/settled"),
    (ON, "on/settled", "settle"): "same",
    (ON, "off/set", "settle"): (None, "on/settled"),
    # disable, set
    (OFF, "none", "disable"): "same",
    (OFF, "on/prepared", "disable"): "same",  # never set: nothing for the AOS to take over
    (OFF, "on/set", "disable"): (None, "off/set"),
    (OFF, "on/settled", "disable"): (None, "off/set"),
    (OFF, "off/set", "disable"): "same",
    (ON, "none", "disable"): ("0", "off/set"),
    (ON, "on/prepared", "disable"): ("0", "off/set"),
    (ON, "on/set", "disable"): ("0", "off/set"),
    (ON, "on/settled", "disable"): ("0", "off/set"),
    (ON, "off/set", "disable"): ("0", "off/set"),
    # disable, settle: the record goes
    (OFF, "none", "clear"): "same",
    (OFF, "on/prepared", "clear"): (None, "none"),
    (OFF, "on/set", "clear"): (None, "none"),
    (OFF, "on/settled", "clear"): (None, "none"),
    (OFF, "off/set", "clear"): (None, "none"),
    (ON, "none", "clear"): "error",
    (ON, "on/prepared", "clear"): "error",
    (ON, "on/set", "clear"): "error",
    (ON, "on/settled", "clear"): "error",
    (ON, "off/set", "clear"): "error",
}
WISHES = {
    "prepare": wish(ON, "prepared"),
    "enable": wish(ON),
    "settle": wish(ON, "settled"),
    "disable": wish(OFF),
    "clear": wish(OFF, "settled"),
}


def test_the_table_is_whole() -> None:
    assert set(TABLE) == set(product((ON, OFF), RECORDS, WISHES))


@pytest.mark.parametrize(("mode", "before", "asked"), list(TABLE))
def test_plan(mode: str, before: str, asked: str) -> None:
    reading = Reading(mode, RECORDS[before])
    expected = TABLE[mode, before, asked]
    if expected == "error":
        with pytest.raises(Failure, match="Somebody changed it meanwhile"):
            plan(reading, WISHES[asked], "db")
        return
    found = plan(reading, WISHES[asked], "db")
    if expected == "same":
        assert found.steps == ()
        assert found.before == found.after
        return
    assert not isinstance(expected, str)
    value, after = expected
    (step,) = found.steps
    assert (step.value[1] if step.value else None) == value
    assert step.record is None or step.record[0] == reading.record
    target = step.record[1] if step.record else reading.record
    wanted = RECORDS[after]
    assert (target is None) == (wanted is None)
    if target and wanted:
        assert (target.target, target.phase) == (wanted.target, wanted.phase)
        # what ran before an unfinished window is never forgotten
        assert set(target.services) >= set(reading.record.services if reading.record else ())
    # the same wish again has nothing left to do
    done = Reading("enabled" if value == "1" else "disabled" if value == "0" else mode, target)
    assert plan(done, WISHES[asked], "db").steps == ()


@pytest.mark.parametrize(
    ("mode", "before", "restart", "in_effect", "managed"),
    [
        (OFF, "none", False, True, None),
        (ON, "none", False, None, False),
        (OFF, "on/prepared", False, True, True),
        (ON, "on/set", True, False, True),
        (ON, "on/settled", False, True, True),
        (OFF, "off/set", True, False, True),
        # changed behind our back
        (OFF, "on/set", True, False, True),
        (OFF, "on/settled", True, False, True),
        (ON, "off/set", True, False, True),
        (GONE, "none", False, True, None),
    ],
)
def test_reading(mode: str | None, before: str, restart: bool, in_effect: bool | None, managed: bool | None) -> None:
    reading = Reading(mode, RECORDS[before], "AXDB", "me", False)
    result = reading.result()
    assert (result["restart_required"], result["in_effect"], result["managed"]) == (restart, in_effect, managed)
    assert reading_from(result, "dev01") == reading


def test_a_foreign_result_is_refused() -> None:
    for foreign in ({}, {"mode": "on"}, {"mode": None}):
        with pytest.raises(Failure, match="does not hold what d365fo_configuration_mode_info returns"):
            reading_from(foreign, "dev01")


@pytest.mark.parametrize("state", [ON, OFF])
def test_missing_row(state: str) -> None:
    with pytest.raises(Failure, match=r"no row CONFIGURATIONMODE.*create_missing: true"):
        plan(Reading(None, None), wish(state), "db")
    created = plan(Reading(None, None), wish(state, create_missing=True), "db")
    assert created.before["configuration_mode"] == "missing"
    assert created.steps[0].value == (None, "1" if state == ON else "0")


def test_no_permission() -> None:
    reading = Reading(OFF, None, login="me", may_write=False)
    with pytest.raises(SqlFailure, match="as me: the login has no permission") as caught:
        plan(reading, wish(ON), "db")
    assert caught.value.number == 229
    # nothing to write: no permission needed
    assert plan(reading, wish(OFF), "db").steps == ()


def test_a_window_keeps_its_owner_and_start_but_takes_new_words() -> None:
    reading = Reading(ON, record(ON, "settled"))
    found = plan(reading, wish(ON, owner="another", reason="new", expires="2h"), "db")
    (step,) = found.steps
    assert step.value is None
    assert step.record is not None
    # counted from the beginning of the window, not from now
    assert step.record[1] == replace(record(ON, "settled"), reason="new", expires="2026-11-24T20:00:00Z")
    again = plan(Reading(ON, step.record[1]), wish(ON, reason="new", expires="2h"), "db")
    assert again.steps == ()


def test_disable_of_somebody_elses_flag_is_recorded() -> None:
    found = plan(Reading(ON, None), wish(OFF, owner="me", reason="why", services=("W3SVC",)), "db")
    assert found.steps[0].record == (None, Record(OFF, "set", "2026-11-24T21:00:00Z", "me", "why", "", ("W3SVC",)))


def test_services_are_merged() -> None:
    cut_off = Reading(OFF, record(ON, "prepared", "Batch", "MR"))
    found = plan(cut_off, wish(ON, services=("W3SVC", "MR")), "db")
    assert found.after["record"]["services"] == ["Batch", "MR", "W3SVC"]


OTHERS = [("database", "AXDB"), ("login", "me"), ("may_update", "1"), ("may_alter", "1")]


@pytest.mark.parametrize(("values", "mode"), [(["1"], ON), (["0"], OFF), ([" 1 "], ON), (["0\t"], OFF), ([], GONE)])
def test_parse_reading(values: list[str], mode: str | None) -> None:
    reading = parse_reading([*(("value", value) for value in values), *OTHERS], "db")
    assert reading == Reading(mode, None, "AXDB", "me", True)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["0", "1"], r"2 rows of it \(0, 1\)"),
        (["0", "0"], "2 rows of it"),
        (["x"], "'x', neither 0 nor 1"),
        ([""], "'', neither"),
        (["2"], "'2', neither"),
        (["01"], "'01', neither"),
    ],
)
def test_parse_reading_refuses(values: list[str], message: str) -> None:
    with pytest.raises(Failure, match=message):
        parse_reading([("value", value) for value in values], "db")


@pytest.mark.parametrize(
    ("update", "alter", "may"), [("1", "1", True), ("1", "0", False), ("0", "1", False), ("", "", False)]
)
def test_permissions(update: str, alter: str, may: bool) -> None:
    assert parse_reading([("may_update", update), ("may_alter", alter)], "db").may_write is may


@dataclass
class FakeSql:
    """A database that answers with the next of ``answers``: rows, or an error number to raise."""

    answers: list[list[tuple[str, str]] | int]
    asked: list[str] = field(default_factory=list)

    def describe(self) -> str:
        return "db"

    def query(self, batch: str, doing: str) -> list[tuple[str, str]]:
        self.asked.append(batch)
        answer = self.answers.pop(0)
        if isinstance(answer, int):
            raise SqlFailure(doing, "db", answer, "")
        return answer


@pytest.mark.parametrize(
    ("answers", "slept", "asked", "number"),
    [
        ([[]], [], 1, 0),
        ([1205, []], [0.5], 2, 0),
        ([1205, 1205, []], [0.5, 1.0], 3, 0),
        ([1205, 1205, 1205], [0.5, 1.0], 3, 1205),
        ([1222], [], 1, 1222),
        ([1205, 229], [0.5], 2, 229),
    ],
)
def test_only_deadlocks_are_tried_again(
    answers: list[list[tuple[str, str]] | int], slept: list[float], asked: int, number: int
) -> None:
    sql = FakeSql(list(answers))
    naps: list[float] = []
    if number:
        with pytest.raises(SqlFailure) as caught:
            read(sql, naps.append)
        assert caught.value.number == number
    else:
        read(sql, naps.append)
    assert (len(sql.asked), naps) == (asked, slept)


def test_apply_writes_one_batch() -> None:
    sql = FakeSql([[]])
    mode = ConfigurationMode(sql, wish(ON))
    mode.apply(plan(Reading(OFF, None), wish(ON), "db"))
    (batch,) = sql.asked
    assert batch.count("BEGIN TRANSACTION") == batch.count("COMMIT TRANSACTION") == 1
    assert "UPDATE" in batch
    assert "sp_addextendedproperty" in batch
    assert _tsql.TABLE in batch

"""One AXDB: what a reading means, and writes that are made whole, once, and only where nobody else wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _tsql
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._database import (
    Database,
    Reading,
    parse_reading,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sql_errors import SqlFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, TimedOut, Unreachable
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import Conflict, Stored
from hypothesis import given
from hypothesis import strategies as st

from fakes.clock import Time
from fakes.system import lease, record

Rows = list[tuple[str, str]]
NOW_TEXT = "2026-11-24T21:00:00.1234567"
NOW = datetime(2026, 11, 24, 21, 0, tzinfo=timezone.utc)
OLD, NEW = record("prepared", lease=lease()).text(), record("set").text()


def rows(value: str | None = "0", stored: str | None = None, **more: str) -> Rows:
    """What a batch of ours returns."""
    found = [("value", value)] if value is not None else []
    found += [("record", stored)] if stored is not None else []
    return [*found, *({"now": NOW_TEXT, **more}).items(), ("end", "1")]


FULL = {
    "database": "AXDB",
    "fork": "F1",
    "created": "2026-01-02T03:04:05.667",
    "login": "axdbadmin",
    "may_update": "1",
    "may_alter": "1",
}

# --- reading ---


@pytest.mark.parametrize(
    ("value", "mode"),
    [
        pytest.param("1", "enabled", id="on"),
        pytest.param("0", "disabled", id="off"),
        pytest.param(" 1 ", "enabled", id="in a column of fixed length"),
        pytest.param(None, None, id="no row"),
    ],
)
def test_the_variable(value: str | None, mode: str | None) -> None:
    assert parse_reading(rows(value, **FULL), "db").mode == mode


def test_everything_that_a_database_says() -> None:
    assert parse_reading(rows("1", NEW, **FULL), "db") == Reading(
        "enabled", NOW, NEW, record("set"), None, "AXDB", "axdbadmin", "F1 2026-01-02T03:04:05.667", True
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"may_update": "0"}, {"may_write": False}),
        ({"may_alter": "0"}, {"may_write": False}),
        ({"may_alter": ""}, {"may_write": False}),
        ({"fork": ""}, {"identity": "2026-01-02T03:04:05.667"}),
        ({"now": "2026-11-24T21:00:00"}, {"now": NOW}),
    ],
)
def test_variations(changes: dict[str, str], expected: dict[str, Any]) -> None:
    found = parse_reading(rows("1", **{**FULL, **changes}), "db")
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("found", "message"),
    [
        pytest.param([("value", "0"), *rows("1")], r"2 rows of it \(0, 1\)", id="two rows"),
        pytest.param(rows("2"), '"2", neither 0 nor 1', id="another number"),
        pytest.param(rows(""), '"", neither 0 nor 1', id="empty"),
        pytest.param(rows("true"), '"true", neither 0 nor 1', id="a word"),
        pytest.param([("value", "0"), ("end", "1")], "time of SQL Server", id="no time"),
        pytest.param(rows("0", now="noon"), "time of SQL Server", id="an odd time"),
    ],
)
def test_a_variable_that_cannot_be_understood(found: Rows, message: str) -> None:
    with pytest.raises(Failure, match=message):
        parse_reading(found, "db")


def test_a_broken_record_is_said_and_no_obstacle_to_reading() -> None:
    """The status can still be shown; whoever wants to write refuses."""
    found = parse_reading(rows("1", '{"version":', **FULL), "db")
    assert (found.mode, found.record, found.stored) == ("enabled", None, '{"version":')
    assert "Could not read the record on db" in str(found.broken)


def test_a_result_names_what_people_need() -> None:
    found = parse_reading(rows(None, **FULL), "db").result()
    assert found == {"mode": "missing", "record": None, "database": "AXDB", "login": "axdbadmin", "may_write": True}


@given(st.lists(st.tuples(st.sampled_from(["value", "record", "now", "fork", "end", "may_alter"]), st.text())))
def test_any_rows_are_a_reading_or_a_failure(found: Rows) -> None:
    try:
        reading = parse_reading(found, "db")
    except Failure:
        return
    assert reading.mode in ("enabled", "disabled", None)


# --- writing ---


def refused(number: int) -> SqlFailure:
    return SqlFailure("write", "db", number, f"error {number}", sent=True)


def no_answer() -> SqlFailure:
    return SqlFailure("write", "db", 0, "[HYT00] Query timeout expired", sent=True)


@dataclass
class FakeSql:
    """Answers batch after batch with rows, or with an error."""

    answers: list[Rows | Exception]
    batches: list[str] = field(default_factory=list)
    doings: list[str] = field(default_factory=list)

    def describe(self) -> str:
        return "database AXDB"

    def query(self, batch: str, doing: str) -> Rows:
        self.batches.append(batch)
        self.doings.append(doing)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def database(*answers: Rows | Exception) -> tuple[Database, FakeSql, Time]:
    sql, time = FakeSql(list(answers)), Time()
    return Database(sql, time.sleep), sql, time


BEFORE = parse_reading(rows("0", OLD, **FULL), "db")


def test_it_reads_in_one_round_trip() -> None:
    axdb, sql, _time = database(rows("0", OLD, **FULL))
    assert axdb.read() == BEFORE
    assert sql.batches == [_tsql.read()]


def test_it_writes_and_reads_back_in_one_round_trip() -> None:
    axdb, sql, _time = database(rows("1", NEW, now="2026-11-24T21:00:07"))
    after = axdb.write(BEFORE, mode="enabled", record=(NEW,))
    assert sql.batches == [_tsql.write(value=("0", "1"), record=(OLD, NEW))]
    assert (after.mode, after.stored, after.record) == ("enabled", NEW, record("set"))
    assert after.now == NOW.replace(second=7)
    assert (after.database, after.login, after.identity) == ("AXDB", "axdbadmin", BEFORE.identity)


@pytest.mark.parametrize(
    ("reading", "mode", "stored", "batch", "doing"),
    [
        pytest.param(BEFORE, None, (NEW,), _tsql.write(record=(OLD, NEW)), "write the record", id="the record alone"),
        pytest.param(BEFORE, None, (None,), _tsql.write(record=(OLD, None)), "write the record", id="no record more"),
        pytest.param(
            BEFORE, "enabled", None, _tsql.write(value=("0", "1")), "set CONFIGURATIONMODE to 1", id="variable alone"
        ),
        pytest.param(
            BEFORE,
            "disabled",
            (NEW,),
            _tsql.write(value=("0", "0"), record=(OLD, NEW)),
            "write the record",
            id="a mode that is so already is only checked",
        ),
        pytest.param(
            replace(BEFORE, mode=None),
            "enabled",
            (NEW,),
            _tsql.write(value=(None, "1"), record=(OLD, NEW)),
            "set CONFIGURATIONMODE to 1",
            id="a missing row is inserted",
        ),
    ],
)
def test_what_is_sent(
    reading: Reading, mode: str | None, stored: tuple[str | None] | None, batch: str, doing: str
) -> None:
    value = {"enabled": "1", "disabled": "0", None: "0"}[mode]
    axdb, sql, _time = database(rows(value, stored[0] if stored else OLD))
    axdb.write(reading, mode=mode, record=stored)
    assert (sql.batches, sql.doings) == ([batch], [doing])


@pytest.mark.parametrize("number", [51000, 51001, 51002, 15233, 15217])
def test_where_somebody_else_wrote_it_is_a_conflict(number: int) -> None:
    axdb, sql, _time = database(refused(number))
    with pytest.raises(Conflict, match="on db: "):
        axdb.write(BEFORE, mode="enabled", record=(NEW,))
    assert len(sql.batches) == 1


@pytest.mark.parametrize("number", [208, 229, 1222, 4060, 15135, 18456])
def test_where_sql_server_refused_nothing_was_written_and_nothing_is_asked(number: int) -> None:
    axdb, sql, _time = database(refused(number))
    with pytest.raises(SqlFailure) as caught:
        axdb.write(BEFORE, mode="enabled", record=(NEW,))
    assert caught.value.number == number
    assert len(sql.batches) == 1


@pytest.mark.parametrize("victim", [1, 2])
def test_a_deadlock_victim_tries_again_with_the_same_batch(victim: int) -> None:
    axdb, sql, time = database(*[refused(1205)] * victim, rows("1", NEW))
    assert axdb.write(BEFORE, mode="enabled", record=(NEW,)).mode == "enabled"
    assert len(sql.batches) == victim + 1
    assert len(set(sql.batches)) == 1
    assert len(time.slept) == victim
    assert time.slept == sorted(time.slept)


def test_a_deadlock_victim_gives_up_after_three_times() -> None:
    axdb, sql, _time = database(*[refused(1205)] * 9)
    with pytest.raises(SqlFailure, match="repeatedly chosen as the deadlock victim"):
        axdb.write(BEFORE, mode="enabled")
    assert len(sql.batches) == 3


# --- an answer that did not come ---

WRITTEN = rows("1", NEW, **FULL)
UNCHANGED = rows("0", OLD, **FULL)


@pytest.mark.parametrize("error", [no_answer(), refused(0)])
def test_the_write_was_made_although_its_answer_was_lost(error: Exception) -> None:
    axdb, sql, _time = database(error, WRITTEN)
    after = axdb.write(BEFORE, mode="enabled", record=(NEW,))
    assert (after.mode, after.stored) == ("enabled", NEW)
    assert sql.batches[1:] == [_tsql.read()]


def test_the_write_was_not_made() -> None:
    axdb, _sql, _time = database(no_answer(), UNCHANGED)
    with pytest.raises(
        SqlFailure, match=r"Query timeout expired.*\. The change was not made\. SQL Server did not answer"
    ):
        axdb.write(BEFORE, mode="enabled", record=(NEW,))


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(rows("1", OLD, **FULL), id="the variable, not the record"),
        pytest.param(rows("0", NEW, **FULL), id="the record, not the variable"),
        pytest.param(rows("1", record("settled").text(), **FULL), id="another record"),
        pytest.param(rows(None, None, **FULL), id="nothing at all"),
    ],
)
def test_somebody_else_wrote_meanwhile(found: Rows) -> None:
    axdb, _sql, _time = database(no_answer(), found)
    with pytest.raises(Conflict, match="changed at the same time"):
        axdb.write(BEFORE, mode="enabled", record=(NEW,))


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(refused(0), id="no answer"),
        pytest.param(refused(18456), id="refused"),
        pytest.param(Unreachable("read", "dev01", "the connection broke", "Run again"), id="the connection broke"),
    ],
)
def test_whether_it_was_made_cannot_be_found_out(second: Exception) -> None:
    axdb, _sql, _time = database(no_answer(), second)
    with pytest.raises(Failure, match="It is not known whether the change was made") as caught:
        axdb.write(BEFORE, mode="enabled", record=(NEW,))
    assert isinstance(caught.value, SqlFailure)
    assert caught.value.unknown


def test_a_command_on_the_host_that_timed_out_may_have_made_the_write_too() -> None:
    """By sqlcmd.exe the time limit of the command is one more; a time-out says that the write may have been made."""
    timed_out = TimedOut("write", "dev01", "timed out after 85 s; the command was abandoned", "See on the host")
    axdb, _sql, _time = database(timed_out, WRITTEN)
    after = axdb.write(BEFORE, mode="enabled", record=(NEW,))
    assert (after.mode, after.stored) == ("enabled", NEW)


# --- what is read back ---


@pytest.mark.parametrize(
    ("found", "words"),
    [
        pytest.param(rows("0", NEW), "CONFIGURATIONMODE is disabled in place of enabled", id="the variable"),
        pytest.param(rows(None, NEW), "CONFIGURATIONMODE is missing in place of enabled", id="no variable"),
        pytest.param(rows("1", OLD), "there is another record", id="the record"),
        pytest.param(rows("1", NEW[:-1]), "there is another record", id="a record that was cut off"),
        pytest.param(rows("1", None), "there is another record", id="no record"),
    ],
)
def test_a_write_that_did_not_take(found: Rows, words: str) -> None:
    axdb, _sql, _time = database(found)
    with pytest.raises(Failure, match=rf"verify the change on database AXDB: after the change {words}"):
        axdb.write(BEFORE, mode="enabled", record=(NEW,))


# --- as a store ---


def test_it_is_a_store_of_one_record() -> None:
    answers: Sequence[Rows] = [rows("0", OLD, **FULL), rows("0", OLD, **FULL), rows("0", NEW)]
    axdb, sql, _time = database(*answers)
    assert axdb.stored() == Stored(OLD, NOW)
    assert axdb.replace(OLD, NEW) == Stored(NEW, NOW)
    assert sql.batches[-1] == _tsql.write(record=(OLD, NEW))


def test_a_store_compares_with_what_its_user_read_not_with_what_stands_there_now() -> None:
    axdb, sql, _time = database(rows("0", record("settled").text(), **FULL), refused(51001))
    with pytest.raises(Conflict):
        axdb.replace(OLD, NEW)
    assert sql.batches[-1] == _tsql.write(record=(OLD, NEW))

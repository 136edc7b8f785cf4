"""The lab's SQL Server with several sessions at once: row versions, locks, application locks, deadlocks, time."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import TypeVar

import pytest

from lab.clock import Clock, VirtualClock, VirtualLoop
from lab.sql import (
    ConnectionLost,
    Count,
    Database,
    Done,
    Failure,
    Info,
    Result,
    Rows,
    Session,
    SqlError,
    SqlServer,
    axdb,
    execute_waiting,
)

T = TypeVar("T")
MODE = "SELECT VALUE FROM SQLSYSTEMVARIABLES WHERE PARM = 'CONFIGURATIONMODE'"
VENDOR = "UPDATE SQLSYSTEMVARIABLES SET VALUE = 1 WHERE PARM = 'CONFIGURATIONMODE'"
PROPERTY = "quiesce"


@dataclass
class Lab:
    """A server in virtual time."""

    loop: VirtualLoop
    server: SqlServer

    @property
    def database(self) -> Database:
        return self.server.databases["axdb"]

    def session(self) -> Session:
        return self.server.login("admin", "pw", "AXDB")

    def run(self, work: Coroutine[object, object, T]) -> T:
        return self.loop.run_until_complete(work)


@pytest.fixture
def lab() -> Iterator[Lab]:
    loop = VirtualLoop()
    server = SqlServer("DEV01", VirtualClock(loop))
    axdb(server)
    server.add_login("admin", "pw")
    server.databases["axdb"].grant("admin", "db_owner")
    yield Lab(loop, server)
    loop.close()


async def results(session: Session, batch: str) -> list[Result]:
    return [each async for each in execute_waiting(session, batch)]


def now(session: Session, batch: str) -> list[Result]:
    """The results without waiting; raises the error."""
    return list(session.execute(batch))


def rows(found: list[Result]) -> list[tuple[object, ...]]:
    return [row for each in found if isinstance(each, Rows) for row in each.rows]


def numbers(found: list[Result]) -> list[int]:
    return [each.error.number for each in found if isinstance(each, Failure)]


# row versions


def test_a_reader_sees_what_was_committed_last(lab: Lab) -> None:
    writer, reader = lab.session(), lab.session()
    now(writer, f"BEGIN TRAN; {VENDOR}; EXEC sp_addextendedproperty '{PROPERTY}', 'new'; SELECT 1")
    properties = "SELECT CAST(value AS nvarchar(9)) FROM sys.extended_properties"
    assert rows(now(reader, MODE)) == [("0",)]
    assert rows(now(reader, properties)) == []
    # the writer sees its own
    assert (rows(now(writer, MODE)), rows(now(writer, properties))) == ([("1",)], [("new",)])
    now(writer, "COMMIT")
    assert (rows(now(reader, MODE)), rows(now(reader, properties))) == ([("1",)], [("new",)])
    now(writer, f"BEGIN TRAN; DELETE FROM SQLSYSTEMVARIABLES; EXEC sp_dropextendedproperty '{PROPERTY}'")
    assert (rows(now(reader, MODE)), rows(now(reader, properties))) == ([("1",)], [("new",)])
    now(writer, "ROLLBACK")
    assert rows(now(reader, MODE)) == [("1",)]


# who may read while somebody else has changed the row: (name, batch before, hint, row versions, what is seen)
READERS = [
    ("row versions", "", "", True, "0"),
    ("no row versions", "", "", False, None),
    ("locks on request", "", "WITH (READCOMMITTEDLOCK)", True, None),
    ("dirty on request", "", "WITH (NOLOCK)", True, "1"),
    ("dirty without row versions", "", "WITH (NOLOCK)", False, "1"),
    ("read uncommitted", "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED", "", True, "1"),
    ("repeatable read", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "", True, None),
    ("update lock", "BEGIN TRAN", "WITH (UPDLOCK)", True, None),
]


@pytest.mark.parametrize(
    ("before", "hint", "versions", "seen"), [case[1:] for case in READERS], ids=[case[0] for case in READERS]
)
def test_readers(lab: Lab, before: str, hint: str, versions: bool, seen: str | None) -> None:
    lab.database.read_committed_snapshot = versions
    writer, reader = lab.session(), lab.session()
    now(writer, f"BEGIN TRAN; {VENDOR}")
    now(reader, before)
    batch = MODE.replace(" WHERE", f" {hint} WHERE")
    if seen is None:
        with pytest.raises(SqlError, match="1222"):
            now(reader, batch)
        return
    assert rows(now(reader, batch)) == [(seen,)]


def test_a_lock_that_a_test_holds(lab: Lab) -> None:
    reader = lab.session()
    with lab.database.hold_lock():
        assert rows(now(reader, MODE)) == [("0",)]
        with pytest.raises(SqlError, match="1222"):
            now(reader, VENDOR)
        lab.database.read_committed_snapshot = False
        with pytest.raises(SqlError, match="1222"):
            now(reader, MODE)
    assert now(reader, VENDOR) == [Count(1)]


def test_another_table_can_be_read_but_not_written(lab: Lab) -> None:
    lab.database.read_committed_snapshot = False
    writer, other = lab.session(), lab.session()
    now(writer, f"BEGIN TRAN; {VENDOR}")
    assert rows(now(other, "SELECT COUNT(*) FROM sys.extended_properties")) == [(0,)]
    with pytest.raises(SqlError, match="1222"):
        now(other, "EXEC sp_addextendedproperty 'p', 'v'")


# time


def test_a_lock_time_out_of_ten_seconds_costs_nothing(lab: Lab) -> None:
    session = lab.session()
    real, virtual = time.monotonic(), lab.loop.time()
    with lab.database.hold_lock():
        found = lab.run(results(session, f"SET LOCK_TIMEOUT 10000; {VENDOR}; SELECT @@ERROR"))
    assert numbers(found) == [1222]
    assert rows(found) == [(1222,)]
    assert [each.number for each in found if isinstance(each, Info)] == [3621]
    assert 10 <= lab.loop.time() - virtual < 10.5
    assert time.monotonic() - real < 0.5


def test_whoever_waits_long_enough_gets_the_lock(lab: Lab) -> None:
    holder, waiting = lab.session(), lab.session()
    now(holder, f"BEGIN TRAN; {VENDOR}")

    async def scenario() -> list[Result]:
        task = asyncio.ensure_future(results(waiting, f"SET LOCK_TIMEOUT 30000; {VENDOR}"))
        await asyncio.sleep(20)
        assert not task.done()
        now(holder, "COMMIT")
        return await task

    assert lab.run(scenario()) == [Count(1)]


def test_delays_and_a_slow_server_take_virtual_time(lab: Lab) -> None:
    session = lab.session()
    start = lab.loop.time()
    lab.run(results(session, "WAITFOR DELAY '00:01:30.500'"))
    assert 90.5 <= lab.loop.time() - start < 91.5
    lab.server.slow_by = 3600
    start = lab.loop.time()
    assert rows(lab.run(results(session, MODE))) == [("0",)]
    assert 3600 <= lab.loop.time() - start < 3601


def test_real_time_runs_at_the_scale_of_the_clock() -> None:
    server = SqlServer("DEV01", Clock(100))
    axdb(server)
    server.add_login("admin", "pw", sysadmin=True)
    session = server.login("admin", "pw", "AXDB")
    with server.databases["axdb"].hold_lock():
        start = time.monotonic()
        found = asyncio.run(results(session, f"SET LOCK_TIMEOUT 5000; {VENDOR}"))
    assert numbers(found) == [1222]
    assert 0.05 <= time.monotonic() - start < 1


# cancelled batches


@pytest.mark.parametrize(
    ("xact_abort", "value", "transactions"), [("ON", "0", 0), ("OFF", "1", 1)], ids=["xact_abort", "without"]
)
def test_a_cancelled_batch(lab: Lab, xact_abort: str, value: str, transactions: int) -> None:
    """As an attention does: under XACT_ABORT the transaction goes, without it it stays open."""
    session = lab.session()
    batch = f"SET XACT_ABORT {xact_abort}; BEGIN TRAN; {VENDOR}; WAITFOR DELAY '01:00:00'; COMMIT"

    async def scenario() -> None:
        await asyncio.wait_for(results(session, batch), 5)

    with pytest.raises(asyncio.TimeoutError):
        lab.run(scenario())
    assert (lab.database.value("CONFIGURATIONMODE"), session.trancount) == (value, transactions)


def test_who_is_cancelled_while_it_waits_stands_in_nobodys_way(lab: Lab) -> None:
    first, second = lab.session(), lab.session()

    async def scenario() -> None:
        lock = "EXEC sp_getapplock 'r', 'Exclusive', 'Session', -1"
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(results(first, lock), 5)

    with lab.database.hold_application_lock("r"):
        lab.run(scenario())
    assert first.waits_for == ()
    assert rows(now(second, GET.format("r", "Session", 0))) == [(0,)]


# application locks

GET = "DECLARE @r int; EXEC @r = sys.sp_getapplock N'{}', 'Exclusive', '{}', {}; SELECT @r"
RELEASE = "DECLARE @r int; EXEC @r = sys.sp_releaseapplock N'{}', '{}'; SELECT @r"


def test_an_application_lock_is_owned_by_a_transaction(lab: Lab) -> None:
    holder, other = lab.session(), lab.session()
    now(holder, "BEGIN TRAN")
    assert rows(now(holder, GET.format("r", "Transaction", 0))) == [(0,)]
    assert rows(now(other, GET.format("r", "Session", 0))) == [(-1,)]
    # another name, or the same in other letters, is another lock
    assert rows(now(other, GET.format("R", "Session", 0))) == [(0,)]
    now(holder, "COMMIT")
    assert rows(now(other, GET.format("r", "Session", 0))) == [(0,)]


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK", "THROW 50001, 'x', 1"], ids=["commit", "rollback", "error"])
def test_it_ends_with_the_transaction(lab: Lab, end: str) -> None:
    holder = lab.session()
    list(holder.steps(f"SET XACT_ABORT ON; BEGIN TRAN; {GET.format('r', 'Transaction', 0)}; {end}"))
    assert lab.database.application_locks.held == []


def test_an_application_lock_is_owned_by_a_session(lab: Lab) -> None:
    holder, other = lab.session(), lab.session()
    batch = GET.format("r", "Session", 0)
    assert rows(now(holder, batch)) == [(0,)]
    # once more: it has to be released as often as it was taken
    assert rows(now(holder, f"BEGIN TRAN; {batch}; COMMIT")) == [(0,)]
    assert rows(now(holder, RELEASE.format("r", "Session"))) == [(0,)]
    assert rows(now(other, batch)) == [(-1,)]
    assert rows(now(holder, RELEASE.format("r", "Session"))) == [(0,)]
    assert rows(now(other, batch)) == [(0,)]
    other.close()
    assert lab.database.application_locks.held == []


def test_waiting_for_an_application_lock(lab: Lab) -> None:
    holder, first, second = lab.session(), lab.session(), lab.session()
    now(holder, GET.format("r", "Session", 0))

    async def scenario() -> tuple[list[Result], list[Result], list[Result]]:
        late = await results(second, GET.format("r", "Session", 5000))
        waiting = asyncio.ensure_future(results(first, GET.format("r", "Session", -1)))
        await asyncio.sleep(1)
        after = asyncio.ensure_future(results(second, GET.format("r", "Session", 60000)))
        await asyncio.sleep(10)
        holder.close()
        granted = await waiting
        first.close()
        return late, granted, await after

    late, granted, after = lab.run(scenario())
    # not in time; granted after waiting; and first come, first served
    assert (rows(late), rows(granted), rows(after)) == ([(-1,)], [(1,)], [(1,)])


def test_lock_timeout_is_the_default(lab: Lab) -> None:
    session = lab.session()
    with lab.database.hold_application_lock("r"):
        start = lab.loop.time()
        batch = f"SET LOCK_TIMEOUT 3000; {GET.format('r', 'Session', 'DEFAULT')}"
        assert rows(lab.run(results(session, batch))) == [(-1,)]
        assert 3 <= lab.loop.time() - start < 3.5


# (name, batch, return code, message, error)
CALLS = [
    ("unknown mode", "sp_getapplock 'r', 'Bogus', 'Session'", -999, 15625, 0),
    ("no mode", "sp_getapplock 'r', NULL, 'Session'", -999, 15625, 0),
    ("unknown owner", "sp_getapplock 'r', 'Shared', 'Bogus'", -999, 15625, 0),
    ("no transaction", "sp_getapplock 'r', 'Shared'", -999, 15626, 0),
    ("no resource", "sp_getapplock NULL, 'Shared', 'Session'", -999, 0, 1224),
    ("time below -1", "sp_getapplock 'r', 'Shared', 'Session', -2", -999, 0, 1227),
    ("unknown principal", "sp_getapplock 'r', 'Shared', 'Session', 0, 'nobody'", -999, 0, 1202),
    ("capitals and blanks", "dbo.sp_getapplock N'r', N'EXCLUSIVE ', 'session'", 0, 0, 0),
    ("release without holding", "sp_releaseapplock 'r', 'Session'", -999, 0, 1223),
    ("release without a transaction", "sp_releaseapplock 'r'", -999, 0, 3918),
]


@pytest.mark.parametrize(
    ("call", "code", "message", "error"), [case[1:] for case in CALLS], ids=[case[0] for case in CALLS]
)
def test_return_codes(lab: Lab, call: str, code: int, message: int, error: int) -> None:
    session = lab.session()
    found = lab.run(results(session, f"DECLARE @r int = 7; EXEC @r = {call}; SELECT @r"))
    assert rows(found) == [(code,)]
    assert [each.number for each in found if isinstance(each, Info)] == [message] * bool(message)
    assert numbers(found) == [error] * bool(error)


MODES = ("IntentShared", "Shared", "Update", "IntentExclusive", "Exclusive")
COMPATIBLE = {
    "IntentShared": (0, 0, 0, 0, -1),
    "Shared": (0, 0, 0, -1, -1),
    "Update": (0, 0, -1, -1, -1),
    "IntentExclusive": (0, -1, -1, 0, -1),
    "Exclusive": (-1, -1, -1, -1, -1),
}


@pytest.mark.parametrize("held", MODES)
def test_modes(lab: Lab, held: str) -> None:
    session = lab.session()
    with lab.database.hold_application_lock("r", held):
        batches = [GET.format("r", "Session", 0).replace("Exclusive", mode) for mode in MODES]
        assert tuple(rows(now(session, batch))[0][0] for batch in batches) == COMPATIBLE[held]


# deadlocks


def test_a_deadlock_of_application_locks_leaves_the_transaction(lab: Lab) -> None:
    first, second = lab.session(), lab.session()
    for session, resource in ((first, "a"), (second, "b")):
        now(session, f"BEGIN TRAN; {GET.format(resource, 'Transaction', 0)}")

    async def scenario() -> tuple[list[Result], list[Result]]:
        waiting = asyncio.ensure_future(results(first, GET.format("b", "Transaction", 60000)))
        await asyncio.sleep(1)
        victim = await results(second, GET.format("a", "Transaction", 60000))
        # nothing was rolled back: that is the caller's to do
        assert second.trancount == 1
        now(second, "ROLLBACK")
        return victim, await waiting

    victim, granted = lab.run(scenario())
    assert (rows(victim), rows(granted)) == ([(-3,)], [(1,)])


def test_a_deadlock_of_a_lock_and_an_application_lock(lab: Lab) -> None:
    first, second = lab.session(), lab.session()
    now(first, f"BEGIN TRAN; {VENDOR}")
    now(second, f"BEGIN TRAN; {GET.format('a', 'Transaction', 0)}")

    async def scenario() -> tuple[list[Result], list[Result]]:
        waiting = asyncio.ensure_future(results(first, GET.format("a", "Transaction", 60000)))
        await asyncio.sleep(1)
        return await results(second, VENDOR), await waiting

    victim, granted = lab.run(scenario())
    assert numbers(victim) == [1205]
    assert second.trancount == 0
    assert rows(granted) == [(1,)]


# the compare-and-set of the record


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("cp1252")).hexdigest()


def compare_and_set(before: str, after: str, lock: bool) -> str:
    """The batch of shared/facts/wire.md. The delay gives the other one time to read the same."""
    taken = (
        "EXEC @lock = sys.sp_getapplock @Resource = N'quiesce', @LockMode = N'Exclusive', @LockTimeout = 10000; "
        "IF @lock < 0 THROW 51002, N'locked', 1; "
    )
    value = "HASHBYTES('SHA2_256', CAST(CAST(value AS nvarchar(3500)) AS varchar(3500)))"
    return (
        "SET NOCOUNT, XACT_ABORT ON; SET LOCK_TIMEOUT 10000; DECLARE @lock int; BEGIN TRANSACTION; "
        f"{taken if lock else ''}"
        "IF NOT EXISTS (SELECT 1 FROM sys.extended_properties WHERE class = 0 AND name = N'quiesce' "
        f"AND {value} = 0x{digest(before)}) THROW 51001, N'the record was changed', 1; "
        "WAITFOR DELAY '00:00:01'; "
        f"EXEC sys.sp_updateextendedproperty @name = N'quiesce', @value = N'{after}'; COMMIT TRANSACTION; "
        f"SELECT CAST(value AS nvarchar(3500)) FROM sys.extended_properties WHERE name = N'quiesce'"
    )


async def race(lab: Lab, lock: bool) -> list[list[Result]]:
    lab.database.set_extended_property("quiesce", "old")
    batches = [compare_and_set("old", name, lock) for name in ("first", "second")]
    return list(await asyncio.gather(*(results(lab.session(), batch) for batch in batches)))


def test_compare_and_set(lab: Lab) -> None:
    lab.database.set_extended_property("quiesce", "old")
    assert rows(lab.run(results(lab.session(), compare_and_set("old", "new", True)))) == [("new",)]
    session = lab.session()
    assert numbers(lab.run(results(session, compare_and_set("old", "newer", True)))) == [51001]
    assert (session.trancount, lab.database.extended_property("quiesce")) == (0, "new")


@pytest.mark.parametrize("versions", [True, False], ids=["row-versions", "locks"])
def test_two_at_once_with_the_application_lock(lab: Lab, versions: bool) -> None:
    lab.database.read_committed_snapshot = versions
    first, second = lab.run(race(lab, lock=True))
    assert (rows(first), numbers(second)) == ([("first",)], [51001])
    assert lab.database.extended_property("quiesce") == "first"


@pytest.mark.parametrize("versions", [True, False], ids=["row-versions", "locks"])
def test_two_at_once_without_it_lose_an_update(lab: Lab, versions: bool) -> None:
    lab.database.read_committed_snapshot = versions
    first, second = lab.run(race(lab, lock=False))
    # both have read "old" and believe that they have changed it
    assert (rows(first), rows(second)) == ([("first",)], [("second",)])
    assert lab.database.extended_property("quiesce") == "second"


# errors of the procedures, and connections that break


@pytest.mark.parametrize("xact_abort", ["ON", "OFF"])
@pytest.mark.parametrize(
    ("call", "number", "line"),
    [
        ("sp_addextendedproperty 'there', 'v'", 15233, 37),
        ("sp_updateextendedproperty 'missing', 'v'", 15217, 36),
        ("sp_dropextendedproperty 'missing'", 15217, 28),
    ],
    ids=["add", "update", "drop"],
)
def test_what_a_refused_property_takes_with_it(lab: Lab, call: str, number: int, line: int, xact_abort: str) -> None:
    """Batch and transaction, XACT_ABORT or not."""
    lab.database.set_extended_property("there", "v")
    session = lab.session()
    found = lab.run(results(session, f"SET XACT_ABORT {xact_abort}; BEGIN TRAN; {VENDOR}; EXEC sys.{call}; SELECT 1"))
    (failure,) = [each.error for each in found if isinstance(each, Failure)]
    assert (failure.number, failure.line, failure.procedure) == (number, line, f"sys.{call.split()[0]}")
    assert (rows(found), session.trancount, lab.database.value("CONFIGURATIONMODE")) == ([], 0, "0")


def test_a_refused_property_under_try_dooms_the_transaction(lab: Lab) -> None:
    session = lab.session()
    batch = (
        f"BEGIN TRY BEGIN TRAN; {VENDOR}; EXEC sp_dropextendedproperty 'missing'; COMMIT END TRY "
        "BEGIN CATCH SELECT XACT_STATE(), ERROR_NUMBER(), ERROR_PROCEDURE(), ERROR_LINE(); ROLLBACK END CATCH"
    )
    assert rows(now(session, batch)) == [(-1, 15217, "sp_dropextendedproperty", 28)]
    assert lab.database.value("CONFIGURATIONMODE") == "0"


def test_an_argument_that_is_none_leaves_the_batch(lab: Lab) -> None:
    session = lab.session()
    found = lab.run(results(session, f"BEGIN TRAN; {VENDOR}; EXEC sp_dropextendedproperty NULL; SELECT @@TRANCOUNT"))
    assert (numbers(found), rows(found)) == ([15600], [(1,)])


@pytest.mark.parametrize(
    ("batch", "value"),
    [(VENDOR, "1"), (f"BEGIN TRAN; {VENDOR}", "0"), (f"BEGIN TRAN; {VENDOR}; COMMIT", "1")],
    ids=["by itself", "in a transaction", "committed"],
)
def test_a_connection_that_breaks_behind_the_batch(lab: Lab, batch: str, value: str) -> None:
    lab.server.lose_connection_on = "update sqlsystem"
    session = lab.session()
    seen: list[Result] = []

    async def scenario() -> None:
        seen.extend(await results(session, MODE))
        async for each in execute_waiting(session, f"SET LOCK_TIMEOUT 5; {batch}"):
            seen.append(each)

    with pytest.raises(ConnectionLost):
        lab.run(scenario())
    assert rows(seen) == [("0",)]
    assert len(seen) == 1
    assert lab.database.value("CONFIGURATIONMODE") == value
    assert lab.database.lock is None
    with pytest.raises(ConnectionLost):
        now(session, MODE)
    # once
    assert now(lab.session(), VENDOR) == [Count(1)]


# what goes over the wire besides


def test_every_statement_has_its_end(lab: Lab) -> None:
    batch = (
        f"SET XACT_ABORT ON; DECLARE @a int, @b int = 1; IF @b = 1 BEGIN TRAN; {VENDOR}; SELECT @b; COMMIT; "
        "BEGIN TRY RAISERROR('x', 16, 1) END TRY BEGIN CATCH PRINT 'y' END CATCH; USE master"
    )
    found = [each for each in lab.session().steps(batch) if isinstance(each, Done)]
    assert [(each.command, each.count) for each in found] == [
        (0xB9, None), (0xC1, 1), (0xC0, None), (0xD4, None), (0xC5, 1), (0xC1, 1), (0xD5, None),
        (349, None), (0xF6, None), (350, None), (0xF7, None), (351, None), (0xE2, None),
    ]  # fmt: skip
    quiet = [each for each in lab.session().steps(f"SET NOCOUNT ON; {VENDOR}") if isinstance(each, Done)]
    assert [(each.command, each.count) for each in quiet] == [(0xB9, None), (0xC5, None)]

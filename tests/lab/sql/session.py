"""A session: one connection's state, its transactions, and how a batch runs in it.

What an error does, as seen of a real SQL Server 2025:

- XACT_ABORT ON: every run-time error but RAISERROR ends the batch and rolls the transaction back.
- XACT_ABORT OFF: most errors end their statement only. 208, a failed USE and THROW end the batch; 1205, conversions
  that fail (245, 241) and what extended properties refuse (15217, 15233) roll back too. Errors that the compiler finds
  (102, 137, 207 ...) keep the whole batch from starting.
- Under TRY such an error goes to CATCH; what would have rolled back leaves a transaction that can only be rolled back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from . import errors, types
from .catalog import Column
from .compiler import check
from .engine import VERSION, Database, Login, SqlServer
from .errors import SqlError
from .locks import SESSION, TRANSACTION, Deadlocked, TimedOut, reading_blockers, wait, writing_blockers
from .parser import parse
from .results import ConnectionLost, Done, Failure, Info, Result, Rows, Steps, Variable, Waiting
from .runner import Runner, Stopped
from .translator import Query
from .types import Value

if TYPE_CHECKING:
    from .tree import Block

_LOCKING_LEVELS = ("REPEATABLE READ", "SERIALIZABLE")


class Session:
    """One connection's state. Use it from one thread at a time."""

    def __init__(self, server: SqlServer, database: Database, login: Login, spid: int) -> None:
        self.server = server
        self.database = database
        self.login = login
        self.spid = spid
        self.host = ""
        self.application = ""
        self.trancount = 0
        self.transaction_name = ""
        # whether an error under TRY has left the transaction good for a roll-back only
        self.doomed = False
        # how the last transaction ended
        self.committed = False
        self.rowcount = 0
        self.error = 0
        self.nocount = False
        self.xact_abort = False
        self.quoted_identifier = True
        self.implicit_transactions = False
        # milliseconds, -1 for ever
        self.lock_timeout = -1
        self.isolation = "READ COMMITTED"
        self.variables: dict[str, Variable] = {}
        self.caught: SqlError | None = None
        # who holds what this session waits for
        self.waits_for: tuple[object, ...] = ()
        # whether it waits at all
        self.patient = True
        self.closed = False
        self._broken = False

    # the ways to run a batch

    def execute(self, batch: str, parameters: Mapping[str, object] | None = None) -> Iterator[Result]:
        """Run a batch without ever waiting: a lock that someone else holds is error 1222 at once, -1 of sp_getapplock.

        Yields Rows, Count and Info; raises the SqlError where it happens. As on the real server the rest of the
        batch, if the error ended its statement only, has run by then.
        """
        self.patient = False
        try:
            steps = self.steps(batch, parameters)
            for step in steps:
                if isinstance(step, Failure):
                    for _unused in steps:
                        pass
                    raise step.error
                if not isinstance(step, Waiting | Done):
                    yield step
        finally:
            self.patient = True

    def steps(self, batch: str, parameters: Mapping[str, object] | None = None) -> Steps:
        """Run a batch step by step, errors being results too. ``Waiting`` asks the caller to come back a moment later;
        closing the iterator is a cancelled batch: its statement is undone, an open transaction stays open unless
        XACT_ABORT is on. Raises ConnectionLost."""
        self.check_connection()
        self.database.statements.append(batch)
        loses = self.server.loses_connection(batch)
        steps = self._steps(batch, parameters or {})
        try:
            for step in steps:
                if not loses or isinstance(step, Waiting):
                    yield step
        except GeneratorExit:
            steps.close()
            if self.xact_abort:
                self.roll_back()
            raise
        if loses:
            self.break_off()
            self.check_connection()

    def _steps(self, batch: str, parameters: Mapping[str, object]) -> Steps:
        self.caught = None
        given = {
            name.lstrip("@").lower(): value
            if isinstance(value, Variable)
            else Variable(types.of_value(value), types.stored(value))
            for name, value in parameters.items()
        }
        try:
            if self.patient and self.server.slow_by:
                yield from self.pause(self.server.slow_by)
            program = parse(batch, self.quoted_identifier)
            declared = check(program, self.database.schema, {name: each.type for name, each in given.items()})
        except SqlError as error:
            self.error = error.number
            self.rowcount = 0
            yield Failure(error)
            yield Done(0xFD, failed=True)
            return
        self.variables = {name: given.get(name) or Variable(kind) for name, kind in declared.items()}
        yield from self._run(program)
        if self.doomed:
            self.roll_back()
            message = "Uncommittable transaction is detected at the end of the batch. The transaction is rolled back."
            yield Failure(SqlError(3998, message))
            yield Done(0xFD, failed=True)

    def _run(self, program: Block) -> Steps:
        types_of = {name: each.type for name, each in self.variables.items()}
        try:
            yield from Runner(self, types_of).block(program)
        except Stopped:
            return

    def check_connection(self) -> None:
        """Raise ConnectionLost if this connection has been broken off."""
        if self._broken:
            raise ConnectionLost("the connection is broken")

    def break_off(self) -> None:
        """The connection breaks: what was not committed is rolled back."""
        self.close()
        self._broken = True

    # transactions

    def begin(self, name: str = "") -> None:
        """BEGIN TRANSACTION."""
        if not self.trancount:
            self.transaction_name = name
        self.trancount += 1

    def commit(self) -> None:
        """COMMIT TRANSACTION. Raises SqlError 3902 without one, 3930 if it can only be rolled back."""
        if not self.trancount:
            raise errors.no_transaction("COMMIT")
        if self.doomed:
            raise errors.uncommittable()
        self.trancount -= 1
        if not self.trancount:
            self.end("COMMIT")

    def rollback(self, name: str = "") -> None:
        """ROLLBACK TRANSACTION: all of it. Raises SqlError 3903 without one, 6401 for a name that it has not."""
        if not self.trancount:
            raise errors.no_transaction("ROLLBACK")
        if name and name != self.transaction_name:
            message = f"Cannot roll back {name}. No transaction or savepoint of that name was found."
            raise SqlError(6401, message)
        self.roll_back()

    def roll_back(self) -> None:
        """The same, whether there is one or not."""
        self.trancount = 0
        self.doomed = False
        self.end("ROLLBACK")

    def end(self, verb: str) -> None:
        """COMMIT or ROLLBACK what was changed, and release the transaction's locks."""
        self.committed = verb == "COMMIT"
        for database in self.server.databases.values():
            database.end_transaction(self, verb)
            database.application_locks.release_all(self, TRANSACTION)

    def close(self) -> None:
        """The connection ends; what was not committed is rolled back."""
        if not self.closed:
            self.roll_back()
            for database in self.server.databases.values():
                database.application_locks.release_all(self, SESSION)
            self.closed = True

    def xact_state(self) -> int:
        """XACT_STATE()."""
        return 0 if not self.trancount else -1 if self.doomed else 1

    # what T-SQL's functions ask, and what procedures use

    def global_value(self, name: str) -> Value:
        """The value of ``@@name``."""
        values: dict[str, Value] = {
            "TRANCOUNT": self.trancount,
            "ROWCOUNT": self.rowcount,
            "ERROR": self.error,
            "SPID": self.spid,
            "SERVERNAME": self.server.name,
            "SERVICENAME": "MSSQLSERVER",
            "VERSION": VERSION,
            "LANGUAGE": "us_english",
            "LOCK_TIMEOUT": self.lock_timeout,
            "MAX_PRECISION": 38,
            "MICROSOFTVERSION": 0x0F0007D0,
        }
        return values[name]

    def rows(self, columns: list[Column], rows: list[tuple[Value, ...]]) -> Rows:
        """Rows as this session reports them (NOCOUNT), which sets @@ROWCOUNT."""
        self.rowcount = len(rows)
        return Rows(columns, rows, counted=not self.nocount)

    def change_database(self, name: str) -> Info:
        """USE."""
        self.database = self.server.open(name, self.login)
        return Info(f"Changed database context to '{self.database.name}'.", 5701)

    # permissions, locks, time

    def admit(self, query: Query, writes: bool = False) -> Steps:
        """Check permissions, then wait until no one's lock is in the way. Raises SqlError 229, 1205, 1222 or 3930."""
        rights = self.database.rights(self.login) or frozenset()
        for permission, table in query.needs:
            if not table.system and permission not in rights:
                raise errors.denied(permission, table.name, self.database.name)
        keeps = query.locks or self.isolation in _LOCKING_LEVELS
        if writes or (self.trancount and query.reads and keeps):
            yield from self.lock_for_write({query.target.place} if query.target else query.reads)
        if not self.reads_versions(query) and self.isolation != "READ UNCOMMITTED":
            tables = query.reads - query.dirty
            yield from self._waited(lambda: reading_blockers(self.database, self, tables))

    def reads_versions(self, query: Query) -> bool:
        """Whether a query reads what was committed last, whoever changes it meanwhile."""
        return (
            self.database.read_committed_snapshot
            and self.isolation == "READ COMMITTED"
            and not query.locks
            and not query.waits
        )

    def lock_for_write(self, tables: set[str]) -> Steps:
        """Become the database's writer, or wait for it."""
        if self.doomed:
            raise errors.uncommittable()
        if self.database.deadlock_next > 0:
            self.database.deadlock_next -= 1
            raise errors.deadlock(self.spid)
        yield from self._waited(lambda: writing_blockers(self.database, self))
        self.database.take_lock(self, tables)

    def _waited(self, blockers: Callable[[], list[object]]) -> Steps:
        try:
            yield from wait(self, blockers, self.lock_timeout)
        except TimedOut:
            raise errors.lock_timeout() from None
        except Deadlocked:
            raise errors.deadlock(self.spid) from None

    def pause(self, seconds: float) -> Steps:
        """Wait for so many simulated seconds."""
        clock = self.server.clock
        end = clock.monotonic() + seconds
        while clock.monotonic() < end:
            yield Waiting()
            self.check_connection()


async def execute_waiting(
    session: Session, batch: str, parameters: Mapping[str, object] | None = None
) -> AsyncIterator[Result]:
    """Run a batch from asyncio: waits for locks and delays without blocking the loop. Errors come as ``Failure``
    among the results, since a batch may go on after one. Cancelling the task cancels the batch. Raises
    ConnectionLost."""
    steps = session.steps(batch, parameters)
    try:
        for step in steps:
            if isinstance(step, Waiting):
                await session.server.clock.moment()
            elif not isinstance(step, Done):
                yield step
    finally:
        steps.close()

"""A session: runs batches, statement by statement, with SQL Server's rules for errors and transactions.

What an error does (as far as documented, else as widely described):

- XACT_ABORT ON: every run-time error but RAISERROR ends the batch and rolls the transaction back.
- XACT_ABORT OFF: most errors end their statement only. 208, 245, 241 and THROW end the batch; 1205, 245 and 241 roll
  back too. Errors that the compiler finds (102, 137, 195, 207 ...) keep the whole batch from starting.
- TRY/CATCH is simulated for run-time errors; under XACT_ABORT ON the transaction can then only be rolled back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from . import errors, types
from .batch import Block, If, Node, Statement, Try, parse
from .catalog import Column, Table
from .engine import VERSION, Database, Lock, Login, SqlServer
from .errors import SqlError, not_simulated
from .procedures import PROCEDURES
from .translate import Query, Translator, type_of
from .types import SqlType, Value

ROLLS_BACK = frozenset((1205, 241, 245))
ENDS_BATCH = ROLLS_BACK | {208, 3930}
# what keeps the whole batch from starting
COMPILER = frozenset(
    (102, 105, 107, 113, 108, 109, 110, 116, 134, 137, 141, 156, 174, 195, 205, 207, 209, 257, 263, 4104, 4145, 8117)
)
POLL = 0.004


@dataclass(frozen=True)
class Rows:
    """The rows of a SELECT. ``counted`` is False under NOCOUNT ON."""

    columns: list[Column]
    rows: list[tuple[Value, ...]]
    counted: bool = True


@dataclass(frozen=True)
class Count:
    """The number of rows that a statement changed (not reported under NOCOUNT ON)."""

    rows: int


@dataclass(frozen=True)
class Info:
    """A message that is no error: PRINT, RAISERROR below 11, a change of database."""

    text: str
    number: int = 0
    state: int = 1
    severity: int = 0


@dataclass(frozen=True)
class Failure:
    """An error; more results may follow if it ended its statement only."""

    error: SqlError


@dataclass(frozen=True)
class Waiting:
    """The statement waits (for a lock, WAITFOR, ``slow_by``): ask for the next step a moment later."""


Result = Rows | Count | Info | Failure
Step = Result | Waiting
Steps = Generator[Step, None, None]


@dataclass
class Variable:
    """A local variable or a parameter: type and value."""

    type: SqlType
    value: Value = None


class _Return(Exception):
    """RETURN: the batch is over."""


class _Aborted(Exception):
    """The batch is over; its error has been reported."""


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
        # whether an error under TRY has left the transaction good for a roll-back only
        self.doomed = False
        # how the last transaction ended
        self.committed = False
        self.rowcount = 0
        self.error = 0
        self.nocount = False
        self.xact_abort = False
        # milliseconds, -1 for ever
        self.lock_timeout = -1
        self.isolation = "READ COMMITTED"
        self.implicit_transactions = False
        self.variables: dict[str, Variable] = {}
        self.caught: SqlError | None = None
        self.closed = False
        self._patient = True

    # the three ways to run a batch

    def execute(self, batch: str, parameters: Mapping[str, object] | None = None) -> Iterator[Result]:
        """Run a batch without ever waiting: a lock that someone else holds is error 1222 at once.

        Yields Rows, Count and Info; raises the SqlError where it happens. As on the real server the rest of the
        batch, if the error ended its statement only, has run by then.
        """
        self._patient = False
        try:
            steps = self.steps(batch, parameters)
            for step in steps:
                if isinstance(step, Failure):
                    for _unused in steps:
                        pass
                    raise step.error
                if not isinstance(step, Waiting):
                    yield step
        finally:
            self._patient = True

    def steps(self, batch: str, parameters: Mapping[str, object] | None = None) -> Steps:
        """Run a batch step by step, errors being results too. ``Waiting`` asks the caller to come back a moment later;
        closing the iterator is a cancelled batch: its statement is undone, an open transaction stays open unless
        XACT_ABORT is on."""
        self.database.statements.append(batch)
        self.variables = {}
        for name, value in (parameters or {}).items():
            variable = value if isinstance(value, Variable) else Variable(types.of_value(value), types.stored(value))
            self.variables[name.lstrip("@").lower()] = variable
        self.caught = None
        try:
            if self._patient:
                yield from self._wait(self.server.slow_by)
            program = parse(batch)
            self._compile(program)
            yield from self._block(program)
        except SqlError as error:
            self.error = error.number
            yield Failure(error)
        except (_Return, _Aborted):
            pass
        except GeneratorExit:
            if self.xact_abort:
                self._roll_back()
            raise
        if self.doomed:
            self._roll_back()
            message = "Uncommittable transaction is detected at the end of the batch. The transaction is rolled back."
            yield Failure(SqlError(3998, message))

    # transactions, as clients ask for them outside of T-SQL

    def begin(self) -> None:
        """BEGIN TRANSACTION."""
        self.trancount += 1

    def commit(self) -> None:
        """COMMIT TRANSACTION. Raises SqlError 3902 without one, 3930 if it can only be rolled back."""
        if not self.trancount:
            raise errors.no_transaction("COMMIT")
        if self.doomed:
            raise _uncommittable()
        self.trancount -= 1
        if not self.trancount:
            self._end("COMMIT")

    def rollback(self) -> None:
        """ROLLBACK TRANSACTION: all of it. Raises SqlError 3903 without one."""
        if not self.trancount:
            raise errors.no_transaction("ROLLBACK")
        self._roll_back()

    def close(self) -> None:
        """The connection ends; what was not committed is rolled back."""
        if not self.closed:
            self._roll_back()
            self.closed = True

    def xact_state(self) -> int:
        return 0 if not self.trancount else -1 if self.doomed else 1

    def _roll_back(self) -> None:
        self.trancount = 0
        self.doomed = False
        self._end("ROLLBACK")

    def _end(self, verb: str) -> None:
        self.committed = verb == "COMMIT"
        for database in self.server.databases.values():
            with database.mutex:
                if database.lock is not None and database.lock.owner is self:
                    if database.sqlite.in_transaction:
                        database.sqlite.execute(verb)
                    database.lock = None

    # what T-SQL's functions ask

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

    # before anything runs

    def _compile(self, program: Block) -> None:
        """Find what SQL Server's compiler finds. Missing tables are left to the run (deferred name resolution)."""
        given = {name: variable.type for name, variable in self.variables.items()}
        for statement in _statements(program):
            if isinstance(statement, Statement) and statement.kind == "USE":
                # what follows is compiled against another database: leave it to the run
                return
            try:
                self._check(statement, given)
            except SqlError as error:
                if error.number in COMPILER or error.origin == "lab":
                    error.line = max(error.line, statement.line)
                    raise

    def _check(self, node: Statement | If, given: dict[str, SqlType]) -> None:
        translator = self._translator(given)
        if isinstance(node, If):
            translator.truth(node.condition)
            return
        if node.kind == "DECLARE":
            for name, kind, value in _declared(node):
                if name in given:
                    raise errors.declared_twice(name)
                if value is not None:
                    translator.scalar(value)
                given[name] = kind
        elif node.kind == "SET" and node.arguments:
            if node.arguments[0].name.lower() not in given:
                raise errors.undeclared(node.arguments[0].name)
            translator.scalar(node.arguments[1])
        elif node.kind == "EXEC":
            self._call(node, translator)
        elif node.kind == "SET":
            self._option(node.words, apply=False)
        elif node.kind in ("PRINT", "RAISERROR", "THROW"):
            for each in node.arguments:
                translator.scalar(each)
        elif node.kind in ("SELECT", "INSERT", "UPDATE", "DELETE"):
            _translated(node, translator)

    def _translator(self, given: Mapping[str, SqlType] | None = None) -> Translator:
        if given is None:
            given = {name: variable.type for name, variable in self.variables.items()}
        return Translator(self._find, self.database.name, given)

    def _find(self, node: exp.Table) -> Table:
        catalog = node.args.get("catalog")
        if catalog and catalog.name.lower() != self.database.name.lower():
            raise not_simulated("a query across databases")
        schema = node.db or "dbo"
        table = self.database.tables.get(f"{schema}.{node.name}".lower())
        if table is None:
            written = ".".join(part for part in (node.catalog, node.db, node.name) if part)
            raise errors.no_object(written)
        return table

    # running

    def _block(self, block: Block) -> Steps:
        for node in block.nodes:
            yield from self._node(node)

    def _node(self, node: Node) -> Steps:
        if isinstance(node, Block):
            yield from self._block(node)
        elif isinstance(node, Try):
            yield from self._try(node)
        else:
            try:
                if isinstance(node, If):
                    chosen = node.then if (yield from self._true(node)) else node.otherwise
                else:
                    chosen = None
                    yield from self._statement(node)
                    if node.kind not in ("DECLARE", "PRINT") and not (node.kind == "SET" and node.words):
                        self.error = 0
            except SqlError as error:
                error.line = max(error.line, node.line)
                self.error = error.number
                yield from self._failed(error)
                return
            if chosen is not None:
                yield from self._node(chosen)

    def _failed(self, error: SqlError) -> Steps:
        """What an error outside of TRY does to the batch and its transaction."""
        self.rowcount = 0
        procedure = error.origin == "procedure" and not self.server.procedure_errors_abort
        strict = self.xact_abort and error.origin != "RAISERROR" and not procedure
        ends = strict or error.number in ENDS_BATCH or error.origin in ("THROW", "lab")
        if self._trying:
            raise _Caught(error, strict or error.number in ROLLS_BACK)
        if strict or error.number in ROLLS_BACK:
            self._roll_back()
        yield Failure(error)
        if ends:
            raise _Aborted
        if error.number in (515, 2627, 2628):
            yield Info("The statement has been terminated.", 3621)

    _trying = 0

    def _try(self, node: Try) -> Steps:
        self._trying += 1
        try:
            try:
                yield from self._block(node.body)
            finally:
                self._trying -= 1
        except _Caught as caught:
            if caught.error.number == 1205:
                self._roll_back()
            elif caught.dooms and self.trancount:
                self.doomed = True
            outer, self.caught = self.caught, caught.error
            try:
                yield from self._block(node.catch)
            finally:
                self.caught = outer

    def _true(self, node: If) -> Generator[Step, None, bool]:
        query = self._translator().truth(node.condition)
        yield from self._admit(query)
        rows, _unused = self.database.run(self, query.sql)
        return bool(rows[0][0])

    def _statement(self, node: Statement) -> Steps:
        kind = node.kind
        if kind == "SELECT":
            yield from self._query(node)
        elif kind in ("INSERT", "UPDATE", "DELETE"):
            query = _translated(node, self._translator())
            if self.implicit_transactions and not self.trancount:
                self.begin()
            yield from self._admit(query, writes=True)
            _unused, self.rowcount = self._write(query.sql)
            if not self.nocount:
                yield Count(self.rowcount)
        elif kind == "DECLARE":
            for name, declared, initial in _declared(node):
                self.variables[name] = Variable(declared)
                if initial is not None:
                    yield from self._assign(name, initial)
        elif kind == "SET" and node.arguments:
            name = node.arguments[0].name.lower()
            yield from self._assign(name, node.arguments[1])
        elif kind == "SET":
            self._option(node.words, apply=True)
        elif kind == "BEGIN":
            self.begin()
        elif kind == "COMMIT":
            self.commit()
        elif kind == "ROLLBACK":
            self.rollback()
        elif kind == "EXEC":
            yield from self._execute_procedure(node)
        elif kind == "USE":
            yield from self._use(node)
        elif kind == "PRINT":
            value = yield from self._scalar(node.arguments[0], SqlType("nvarchar", 4000))
            yield Info(str(value if value is not None else ""))
        elif kind == "THROW":
            yield from self._throw(node)
        elif kind == "RAISERROR":
            yield from self._raiserror(node)
        elif kind == "WAITFOR":
            yield from self._waitfor(node)
        elif kind == "RETURN":
            if node.words:
                raise SqlError(178, "A RETURN statement with a return value cannot be used in this context.", 15)
            raise _Return
        else:
            raise not_simulated(kind)

    def _query(self, node: Statement) -> Steps:
        query = _translated(node, self._translator())
        yield from self._admit(query, writes=False)
        rows, _unused = self.database.run(self, query.sql)
        self.rowcount = len(rows)
        if query.assigned:
            for row in rows:
                for name, value, column in zip(query.assigned, row, query.columns, strict=True):
                    variable = self.variables[name]
                    variable.value = types.convert(value, column.type, variable.type)
            return
        yield self.rows(query.columns, rows)

    def rows(self, columns: list[Column], rows: list[tuple[Value, ...]]) -> Rows:
        """Rows as this session reports them (NOCOUNT), which sets @@ROWCOUNT."""
        self.rowcount = len(rows)
        return Rows(columns, rows, counted=not self.nocount)

    def _write(self, sql: str) -> tuple[list[tuple[Value, ...]], int]:
        """Run a change; the lock is ours already. Outside of a transaction it commits by itself."""
        try:
            return self.database.run(self, sql)
        finally:
            if not self.trancount:
                self._end("COMMIT")

    def _scalar(self, tree: exp.Expr, target: SqlType | None = None) -> Generator[Step, None, Value]:
        query = self._translator().scalar(tree)
        yield from self._admit(query)
        rows, _unused = self.database.run(self, query.sql)
        value = rows[0][0]
        return types.convert(value, query.columns[0].type, target) if target else value

    def _assign(self, name: str, tree: exp.Expr) -> Steps:
        variable = self.variables[name]
        variable.value = yield from self._scalar(tree, variable.type)

    # locks and permissions

    def _admit(self, query: Query, writes: bool = False) -> Steps:
        """Check permissions, then wait until no one's lock is in the way. Raises SqlError 229, 1205, 1222 or 3930."""
        rights = self.database.rights(self.login) or frozenset()
        for permission, table in query.needs:
            if not table.system and permission not in rights:
                raise errors.denied(permission, table.name, self.database.name)
        strict = self.trancount and self.isolation in ("REPEATABLE READ", "SERIALIZABLE")
        takes = writes or bool(self.trancount and query.reads and (query.locks or strict))
        if takes:
            yield from self.lock_for_write({query.target.place} if query.target else query.reads)
        if self.isolation == "READ UNCOMMITTED":
            return
        yield from self._wait_for(lambda lock: bool(lock.tables & query.reads))

    def lock_for_write(self, tables: set[str]) -> Steps:
        """Become the database's writer, or wait for it."""
        if self.doomed:
            raise _uncommittable()
        if self.database.deadlock_next > 0:
            self.database.deadlock_next -= 1
            raise errors.deadlock(self.spid)
        while True:
            yield from self._wait_for(lambda lock: True)
            with self.database.mutex:
                lock = self.database.lock
                if lock is None:
                    self.database.lock = lock = Lock(self)
                    if self.trancount:
                        self.database.sqlite.execute("BEGIN")
                if lock.owner is self:
                    lock.tables |= tables
                    return

    def _wait_for(self, blocks: Callable[[Lock], bool]) -> Steps:
        start = time.monotonic()
        while True:
            lock = self.database.lock
            if lock is None or lock.owner is self or not blocks(lock):
                return
            waited = (time.monotonic() - start) * self.server.clock.scale * 1000
            if not self._patient or 0 <= self.lock_timeout <= waited:
                raise errors.lock_timeout()
            yield Waiting()

    def _wait(self, seconds: float) -> Steps:
        end = time.monotonic() + seconds / self.server.clock.scale
        while time.monotonic() < end:
            yield Waiting()

    # the other statements

    def _option(self, words: list[str], apply: bool) -> None:
        """SET option. Those of the first group have an effect, those of the second are accepted, others refused."""
        upper = [word.upper() for word in words]
        name, values = upper[0] if upper else "", upper[1:]
        if not values:
            raise errors.syntax(words[-1] if words else "SET")
        switches = {"NOCOUNT": "nocount", "XACT_ABORT": "xact_abort", "IMPLICIT_TRANSACTIONS": "implicit_transactions"}
        if name in switches:
            if values not in (["ON"], ["OFF"]):
                raise errors.syntax(values[-1])
            if apply:
                setattr(self, switches[name], values == ["ON"])
        elif name == "LOCK_TIMEOUT":
            try:
                timeout = int("".join(values))
            except ValueError:
                raise errors.syntax(words[-1]) from None
            if apply:
                self.lock_timeout = timeout
        elif name == "TRANSACTION":
            level = " ".join(" ".join(values).split()).removeprefix("ISOLATION LEVEL ")
            if level not in ("READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"):
                raise not_simulated(f"the isolation level {level}")
            if apply:
                self.isolation = level
        elif name not in _HARMLESS:
            if name in _DIAGNOSTIC:
                if values == ["OFF"] or values == ["0"]:
                    return
                raise not_simulated(f"SET {name}")
            raise errors.no_option(words[0])

    def _use(self, node: Statement) -> Steps:
        if len(node.words) != 1:
            raise errors.syntax(node.words[-1] if node.words else "USE")
        self.database = self.server.open(node.words[0], self.login)
        yield Info(f"Changed database context to '{self.database.name}'.", 5701, 1)

    def _throw(self, node: Statement) -> Steps:
        if not node.arguments:
            if self.caught is None:
                message = (
                    "To rethrow an error, a THROW statement must be used inside a CATCH block. "
                    "Insert the THROW statement inside a CATCH block, or add error parameters to the THROW statement."
                )
                raise SqlError(10704, message, 15)
            error = SqlError(self.caught.number, self.caught.message, self.caught.severity, self.caught.state)
        else:
            number = yield from self._scalar(node.arguments[0], types.INT)
            text = yield from self._scalar(node.arguments[1], SqlType("nvarchar", 2048))
            state = yield from self._scalar(node.arguments[2], SqlType("tinyint"))
            assert isinstance(number, int)
            assert isinstance(state, int)
            if number < 50000:
                raise SqlError(
                    35100,
                    f"Error number {number} in the THROW statement is outside the valid range. "
                    "Specify an error number in the valid range of 50000 to 2147483647.",
                )
            error = SqlError(number, str(text or ""), 16, state)
        error.origin = "THROW"
        raise error

    def _raiserror(self, node: Statement) -> Steps:
        if len(node.arguments) != 3:
            raise not_simulated("RAISERROR with other than three arguments")
        message = yield from self._scalar(node.arguments[0])
        severity = yield from self._scalar(node.arguments[1], types.INT)
        state = yield from self._scalar(node.arguments[2], types.INT)
        assert isinstance(severity, int)
        assert isinstance(state, int)
        if isinstance(message, int):
            raise not_simulated("RAISERROR with a message's number")
        text = str(message)
        if "%" in text.replace("%%", ""):
            raise not_simulated("RAISERROR with placeholders")
        if severity <= 10:
            yield Info(text.replace("%%", "%"), 50000, state, severity)
            return
        if severity > 18:
            raise SqlError(
                2754,
                "Error severity levels greater than 18 can only be specified by members of the sysadmin role, "
                "using the WITH LOG option.",
            )
        error = SqlError(50000, text.replace("%%", "%"), severity, state)
        error.origin = "RAISERROR"
        raise error

    def _waitfor(self, node: Statement) -> Steps:
        if len(node.words) != 2 or node.words[0].upper() != "DELAY":
            raise not_simulated("WAITFOR other than DELAY 'hh:mm:ss'")
        try:
            hours, minutes, seconds = node.words[1].split(":")
            delay = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
        except ValueError:
            raise SqlError(
                148, f"Incorrect time syntax in time string '{node.words[1]}' used with WAITFOR.", 15
            ) from None
        if self._patient:
            yield from self._wait(delay)

    # procedures

    def _call(self, node: Statement, translator: Translator) -> tuple[str, dict[str, exp.Expr]]:
        """An EXEC's procedure and its arguments by name ('1', '2' by position)."""
        tree = node.tree
        if isinstance(tree, exp.ExecuteSql):
            # only as a remote procedure call
            raise not_simulated("EXEC sp_executesql")
        if not isinstance(tree, exp.Execute):
            raise not_simulated("this form of EXEC")
        target: exp.Expr = tree.this
        if not isinstance(target, exp.Table) or target.args.get("alias"):
            raise not_simulated(f"EXEC {target.sql('tsql')}")
        written = ".".join(part for part in (target.catalog, target.db, target.name) if part)
        if node.words and node.words[0].lower() not in translator.variables:
            raise errors.undeclared(node.words[0])
        arguments: dict[str, exp.Expr] = {}
        for place, each in enumerate(tree.expressions, 1):
            if isinstance(each, exp.EQ) and isinstance(each.this, exp.Parameter):
                arguments[each.this.name.lower()] = each.expression
            elif isinstance(each, exp.Column) and not each.table:
                # a bare word is a string here
                arguments[str(place)] = exp.Literal.string(each.name)
            else:
                arguments[str(place)] = each
        for value in arguments.values():
            translator.scalar(value)
        return written, arguments

    def _execute_procedure(self, node: Statement) -> Steps:
        written, trees = self._call(node, self._translator())
        schema, _unused, name = written.rpartition(".")
        procedure = PROCEDURES.get(name.lower()) if schema.lower().rpartition(".")[2] in ("", "sys", "dbo") else None
        if procedure is None:
            raise errors.no_procedure(written)
        arguments: dict[str, Value] = {}
        for key, tree in trees.items():
            if key.isdigit():
                if int(key) > len(procedure.parameters):
                    raise SqlError(8144, f"Procedure or function {name} has too many arguments specified.", 16, 2)
                key = procedure.parameters[int(key) - 1]
            elif key not in procedure.parameters:
                raise SqlError(8145, f"@{key} is not a parameter for procedure {name}.")
            arguments[key] = yield from self._scalar(tree)
        failed = True
        try:
            yield from procedure.run(self, arguments)
            failed = False
        except SqlError as error:
            if error.number not in (1205, 1222):
                error.origin = "procedure"
            raise
        finally:
            if not self.trancount:
                self._end("COMMIT")
            if node.words:
                # the return code: 0, or 1 after an error
                variable = self.variables[node.words[0].lower()]
                variable.value = types.convert(int(failed), types.INT, variable.type)


class _Caught(Exception):
    """An error on its way to a CATCH block."""

    def __init__(self, error: SqlError, dooms: bool) -> None:
        super().__init__(error)
        self.error = error
        self.dooms = dooms


_HARMLESS_WORDS = """
    ANSI_NULLS ANSI_NULL_DFLT_ON ANSI_PADDING ANSI_WARNINGS ANSI_DEFAULTS ARITHABORT ARITHIGNORE
    CONCAT_NULL_YIELDS_NULL CURSOR_CLOSE_ON_COMMIT DATEFIRST DATEFORMAT DEADLOCK_PRIORITY LANGUAGE NUMERIC_ROUNDABORT
    QUOTED_IDENTIFIER TEXTSIZE
"""
_HARMLESS = frozenset(_HARMLESS_WORDS.split())
_DIAGNOSTIC_WORDS = "FMTONLY NOEXEC PARSEONLY ROWCOUNT SHOWPLAN_ALL SHOWPLAN_TEXT SHOWPLAN_XML"
_DIAGNOSTIC = frozenset(_DIAGNOSTIC_WORDS.split())


async def execute_waiting(
    session: Session, batch: str, parameters: Mapping[str, object] | None = None
) -> AsyncIterator[Result]:
    """Run a batch from asyncio: waits for locks and delays without blocking the loop. Errors come as ``Failure``
    among the results, since a batch may go on after one. Cancelling the task cancels the batch."""
    steps = session.steps(batch, parameters)
    try:
        for step in steps:
            if isinstance(step, Waiting):
                await asyncio.sleep(POLL)
            else:
                yield step
    finally:
        steps.close()


def _uncommittable() -> SqlError:
    message = (
        "The current transaction cannot be committed and cannot support operations that write to the log file. "
        "Roll back the transaction."
    )
    return SqlError(3930, message)


def _declared(node: Statement, parameters: bool = False) -> Iterator[tuple[str, SqlType, exp.Expr | None]]:
    assert isinstance(node.tree, exp.Declare)
    for item in node.tree.expressions:
        value = item.args.get("default")
        for variable in item.this:
            if not isinstance(variable, exp.Parameter):
                raise not_simulated("this form of DECLARE")
            yield variable.name.lower(), type_of(item.args.get("kind"), parameter=parameters), value or None


def declared_types(declaration: str) -> dict[str, SqlType]:
    """The parameters of sp_executesql's declaration (``@P1 int, @P2 nvarchar(10)``). Raises SqlError 102."""
    if not declaration.strip():
        return {}
    program = parse(f"DECLARE {declaration}")
    (node,) = program.nodes if len(program.nodes) == 1 else (None,)
    if not isinstance(node, Statement) or node.kind != "DECLARE":
        raise errors.syntax(declaration[:20])
    return {name: kind for name, kind, _unused in _declared(node, parameters=True)}


def _statements(node: Node) -> Iterator[Statement | If]:
    if isinstance(node, Block):
        for each in node.nodes:
            yield from _statements(each)
    elif isinstance(node, Try):
        yield from _statements(node.body)
        yield from _statements(node.catch)
    else:
        yield node
        if isinstance(node, If):
            yield from _statements(node.then)
            if node.otherwise is not None:
                yield from _statements(node.otherwise)


def _translated(node: Statement, translator: Translator) -> Query:
    tree = node.tree
    if isinstance(tree, exp.Update):
        return translator.update(tree)
    if isinstance(tree, exp.Delete):
        return translator.delete(tree)
    if isinstance(tree, exp.Insert):
        return translator.insert(tree)
    assert tree is not None
    return translator.query(tree)

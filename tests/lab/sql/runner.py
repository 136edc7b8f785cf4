"""Runs a batch's statements one after another, with SQL Server's rules for errors."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING

from . import errors, tree
from .compiler import Compiler
from .conversions import convert
from .errors import SqlError, not_simulated
from .procedures import bound, find
from .results import Count, Done, Failure, Info, Step, Steps, Waiting
from .translator import Query
from .types import INT, TINYINT, SqlType, Value

if TYPE_CHECKING:
    from .session import Session

# conversions that fail, deadlocks and what the catalog refuses take the transaction with them
ROLLS_BACK = frozenset((241, 245, 1205, 8114, 8169))
ENDS_BATCH = ROLLS_BACK | {208, 911, 916, 942, 3930, 8144}
# errors after which SQL Server says that the statement has been terminated
_TERMINATED = frozenset((515, 1222, 2627, 2628))
_ENTERED_TRY, _ENTERED_CATCH, _LEFT_CATCH = Done(349), Done(350), Done(351)
_TEXT = SqlType("nvarchar", 4000)

_HARMLESS_WORDS = """
    ANSI_NULLS ANSI_NULL_DFLT_ON ANSI_PADDING ANSI_WARNINGS ANSI_DEFAULTS ARITHABORT ARITHIGNORE
    CONCAT_NULL_YIELDS_NULL CURSOR_CLOSE_ON_COMMIT DATEFIRST DATEFORMAT DEADLOCK_PRIORITY LANGUAGE NUMERIC_ROUNDABORT
    TEXTSIZE
"""
_HARMLESS = frozenset(_HARMLESS_WORDS.split())
_SWITCHES = {
    "NOCOUNT": "nocount",
    "XACT_ABORT": "xact_abort",
    "IMPLICIT_TRANSACTIONS": "implicit_transactions",
    "QUOTED_IDENTIFIER": "quoted_identifier",
}


class Stopped(Exception):
    """The batch is over: RETURN, or an error that has been reported."""


class _Caught(Exception):
    """An error on its way to a CATCH block."""

    def __init__(self, error: SqlError, dooms: bool) -> None:
        super().__init__(error)
        self.error = error
        self.dooms = dooms


class Runner:
    """Runs one batch in a session."""

    def __init__(self, session: Session, variables: Mapping[str, SqlType]) -> None:
        self._session = session
        self._variables = variables
        self._compiler = Compiler(session.database.schema, variables)
        self._trying = 0

    # the structure

    def block(self, block: tree.Block) -> Steps:
        """Statements one after another. Raises Stopped where the batch ends before them."""
        for node in block.nodes:
            yield from self._node(node)

    def _node(self, node: tree.Node) -> Steps:
        if isinstance(node, tree.Block):
            yield from self.block(node)
        elif isinstance(node, tree.Try):
            yield from self._try(node)
        elif isinstance(node, tree.If):
            chosen: tree.Node | None = None
            try:
                chosen = node.then if (yield from self._true(node)) else node.otherwise
                self._succeeded(node, 0)
                yield Done(node.command)
            except SqlError as error:
                yield from self._failed(error, node)
            if chosen is not None:
                yield from self._node(chosen)
        else:
            yield from self._statement(node)

    def _try(self, node: tree.Try) -> Steps:
        session = self._session
        yield _ENTERED_TRY
        self._trying += 1
        try:
            try:
                yield from self.block(node.body)
            finally:
                self._trying -= 1
        except _Caught as caught:
            if caught.error.number == 1205:
                session.roll_back()
            elif caught.dooms and session.trancount:
                session.doomed = True
            yield _ENTERED_CATCH
            outer, session.caught = session.caught, caught.error
            try:
                yield from self.block(node.catch)
            finally:
                session.caught = outer
        session.rowcount = 0
        yield _LEFT_CATCH

    def _statement(self, node: tree.Statement) -> Steps:
        try:
            yield from self._run(node)
        except SqlError as error:
            yield from self._failed(error, node)

    def _failed(self, error: SqlError, node: tree.Statement) -> Steps:
        """What an error does to batch and transaction."""
        session = self._session
        if not error.procedure:
            error.line = max(error.line, node.line)
        session.error = error.number
        session.rowcount = 0
        metadata = error.origin == "metadata"
        strict = (session.xact_abort and error.origin != "RAISERROR") or metadata
        rolls_back = strict or error.number in ROLLS_BACK
        ends = strict or error.number in ENDS_BATCH or error.origin in ("THROW", "lab")
        if self._trying:
            yield Done(node.command)
            raise _Caught(error, rolls_back)
        if rolls_back:
            session.roll_back()
        yield Failure(error)
        if not ends and error.number in _TERMINATED:
            yield Info("The statement has been terminated.", 3621)
        yield Done(0xFD if ends else node.command, failed=True)
        if ends:
            raise Stopped

    def _succeeded(self, node: tree.Statement, rows: int | None) -> None:
        """@@ERROR and @@ROWCOUNT after a statement."""
        self._session.error = 0
        if rows is not None:
            self._session.rowcount = rows

    # statements

    def _run(self, node: tree.Statement) -> Steps:
        if isinstance(node, tree.SelectStatement):
            yield from self._select(node)
        elif isinstance(node, tree.Insert | tree.Update | tree.Delete):
            yield from self._change(node)
        elif isinstance(node, tree.Execute):
            yield from self._execute(node)
        elif isinstance(node, tree.Declare):
            yield from self._declare(node)
        elif isinstance(node, tree.SetVariable):
            yield from self._set(node, node.name, "value", node.value)
        elif isinstance(node, tree.Throw):
            yield from self._throw(node)
        elif isinstance(node, tree.RaiseError):
            yield from self._raiserror(node)
        else:
            yield from self._other(node)

    def _other(self, node: tree.Statement) -> Steps:
        """Those that say nothing of their own, or one message."""
        session = self._session
        command = node.command
        if isinstance(node, tree.SetOption):
            self._option(node)
            command = node.switched
        elif isinstance(node, tree.Begin):
            session.begin((yield from self._name(node, node.name)))
        elif isinstance(node, tree.Commit):
            session.commit()
        elif isinstance(node, tree.Rollback):
            session.rollback((yield from self._name(node, node.name)))
        elif isinstance(node, tree.Use):
            yield session.change_database(node.database)
            self._compiler = Compiler(session.database.schema, self._variables)
        elif isinstance(node, tree.Print):
            value = yield from self._scalar(node, "value", node.value, _TEXT)
            yield Info(str(value if value is not None else ""))
        elif isinstance(node, tree.WaitFor):
            yield from self._wait_for(node)
        elif isinstance(node, tree.Return):
            yield Done(node.command)
            raise Stopped
        self._succeeded(node, 0)
        if not (isinstance(node, tree.SetOption) and node.names == ("QUOTED_IDENTIFIER",)):
            yield Done(command)

    def _done(self, node: tree.Statement, rows: int) -> Done:
        """The end of a statement that counts rows."""
        self._succeeded(node, rows)
        return Done(node.command, None if self._session.nocount else rows)

    def _select(self, node: tree.SelectStatement) -> Steps:
        session = self._session
        query = self._compiler.query(node)
        if session.implicit_transactions and not session.trancount and query.reads:
            session.begin()
        yield from session.admit(query)
        rows = self._read(query)
        if query.assigned:
            if rows:
                # the last row wins; without a row the variables stay as they were
                for name, column, value in zip(query.assigned, query.columns, rows[-1], strict=True):
                    variable = session.variables[name]
                    variable.value = convert(value, column.type, variable.type)
        else:
            yield session.rows(query.columns, rows)
        yield self._done(node, len(rows))

    def _read(self, query: Query) -> list[tuple[Value, ...]]:
        session = self._session
        try:
            rows, _unused = session.database.run(session, query, session.reads_versions(query))
        finally:
            if not session.trancount:
                session.end("COMMIT")
        return rows

    def _change(self, node: tree.Change) -> Steps:
        session = self._session
        query = self._compiler.query(node)
        if session.implicit_transactions and not session.trancount:
            session.begin()
        yield from session.admit(query, writes=True)
        try:
            # the lock is ours already; outside of a transaction it commits by itself
            _unused, count = session.database.run(session, query)
        finally:
            if not session.trancount:
                session.end("COMMIT")
        if not session.nocount:
            yield Count(count)
        yield self._done(node, count)

    def _true(self, node: tree.If) -> Generator[Step, None, bool]:
        query = self._compiler.truth(node)
        yield from self._session.admit(query)
        return bool(self._read(query)[0][0])

    # expressions and variables

    def _typed(
        self, node: tree.Statement, place: object, expression: tree.Expression
    ) -> Generator[Step, None, tuple[Value, SqlType]]:
        """Value and type of an expression that stands by itself."""
        if isinstance(expression, tree.Constant):
            return expression.value, expression.type
        if isinstance(expression, tree.Variable):
            variable = self._session.variables.get(expression.name.lower())
            if variable is None:
                raise errors.undeclared(expression.name)
            return variable.value, variable.type
        query = self._compiler.scalar(node, place, expression)
        yield from self._session.admit(query)
        return self._read(query)[0][0], query.columns[0].type

    def _scalar(
        self, node: tree.Statement, place: object, expression: tree.Expression, target: SqlType | None = None
    ) -> Generator[Step, None, Value]:
        value, kind = yield from self._typed(node, place, expression)
        return convert(value, kind, target) if target is not None else value

    def _declare(self, node: tree.Declare) -> Steps:
        for name, _unused, value in node.variables:
            if value is not None:
                yield from self._set(node, name, name, value)

    def _set(self, node: tree.Statement, name: str, place: object, expression: tree.Expression) -> Steps:
        variable = self._session.variables[name]
        variable.value = yield from self._scalar(node, place, expression, variable.type)
        yield self._done(node, 1)

    def _name(self, node: tree.Statement, name: str | tree.Variable) -> Generator[Step, None, str]:
        if isinstance(name, str):
            return name
        value = yield from self._scalar(node, "name", name, SqlType("nvarchar", 32))
        return str(value or "")

    # the other statements

    def _option(self, node: tree.SetOption) -> None:
        """SET option: some have an effect, some are accepted, others refused."""
        session = self._session
        for name in node.names:
            if name in _SWITCHES:
                setattr(session, _SWITCHES[name], node.value == "ON")
            elif name == "LOCK_TIMEOUT":
                if not node.value.lstrip("-").isdigit():
                    raise errors.syntax(node.value)
                session.lock_timeout = int(node.value)
            elif name == "TRANSACTION":
                session.isolation = node.value
            elif name not in _HARMLESS and node.value not in ("OFF", "0"):
                raise not_simulated(f"SET {name}")

    def _throw(self, node: tree.Throw) -> Steps:
        if not node.arguments:
            caught = self._session.caught
            if caught is None:
                message = (
                    "To rethrow an error, a THROW statement must be used inside a CATCH block. "
                    "Insert the THROW statement inside a CATCH block, or add error parameters to the THROW statement."
                )
                raise SqlError(10704, message, 15)
            error = SqlError(caught.number, caught.message, caught.severity, caught.state)
            error.line, error.procedure = caught.line, caught.procedure
        else:
            first, second, third = node.arguments
            number = yield from self._scalar(node, 0, first, INT)
            text = yield from self._scalar(node, 1, second, SqlType("nvarchar", 2048))
            state = yield from self._scalar(node, 2, third, TINYINT)
            if not isinstance(number, int) or number < 50000:
                raise SqlError(
                    35100,
                    f"Error number {number!r} in the THROW statement is outside the valid range. "
                    "Specify an error number in the valid range of 50000 to 2147483647.",
                )
            error = SqlError(number, str(text or ""), 16, int(state or 0))
        error.origin = "THROW"
        raise error

    def _raiserror(self, node: tree.RaiseError) -> Steps:
        message = yield from self._scalar(node, 0, node.message)
        severity = yield from self._scalar(node, 1, node.severity, INT)
        state = yield from self._scalar(node, 2, node.state, INT)
        if not isinstance(message, str):
            raise not_simulated("RAISERROR with a message's number")
        if "%" in message.replace("%%", ""):
            raise not_simulated("RAISERROR with placeholders")
        text, level = message.replace("%%", "%"), int(severity or 0)
        if level <= 10:
            yield Info(text, 50000, int(state or 0), max(level, 0), line=node.line)
            self._succeeded(node, 0)
            yield Done(node.command)
            return
        if level > 18:
            raise SqlError(
                2754,
                "Error severity levels greater than 18 can only be specified by members of the sysadmin role, "
                "using the WITH LOG option.",
            )
        error = SqlError(50000, text, level, int(state or 0))
        error.origin = "RAISERROR"
        raise error

    def _wait_for(self, node: tree.WaitFor) -> Steps:
        value = yield from self._scalar(node, "delay", node.delay)
        if value is None or not self._session.patient:
            return
        if not isinstance(value, str):
            raise not_simulated("WAITFOR with a variable that is no text")
        try:
            parts = [float(each) for each in value.split(":")]
        except ValueError:
            raise errors.conversion_of_date() from None
        hours, minutes, seconds = [*parts, 0.0][:3]
        yield from self._session.pause(hours * 3600 + minutes * 60 + seconds)

    # procedures

    def _execute(self, node: tree.Execute) -> Steps:
        session = self._session
        written = ".".join(node.procedure)
        procedure = find(node.procedure)
        if procedure is None:
            raise errors.no_procedure(written)
        given: list[tuple[str, Value, SqlType]] = []
        for place, (name, value) in enumerate(node.arguments):
            if value is not None:
                given.append((name, *(yield from self._typed(node, place, value))))
        code = 1
        try:
            code = yield from self._called(procedure.run(session, bound(procedure, written, given)), written)
        except SqlError as error:
            if error.procedure == procedure.name:
                # by the name by which it was called
                error.procedure = written
            if error.origin != "userlock" or session.xact_abort or self._trying:
                raise
            yield Failure(error)
            yield Done(0xE0, failed=True, inside=True)
            yield Done(0xC1, 1, inside=True)
            code = -999
        finally:
            if not session.trancount:
                session.end("COMMIT")
        if node.result:
            variable = session.variables[node.result]
            variable.value = convert(code, INT, variable.type)
        # what runs last in a procedure is its RETURN
        self._succeeded(node, 1)
        yield Done(node.command, code=code)

    def _called(self, run: Generator[Step, None, int], written: str) -> Generator[Step, None, int]:
        """A procedure's steps: without the ends of its own statements under NOCOUNT ON."""
        while True:
            try:
                step = next(run)
            except StopIteration as end:
                code: int = end.value
                return code
            if isinstance(step, Info) and step.procedure:
                step = Info(step.text, step.number, step.state, step.severity, written, step.line)
            if isinstance(step, Waiting) or not (isinstance(step, Done) and self._session.nocount):
                yield step

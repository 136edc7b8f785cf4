"""Reads the statements that are neither queries nor changes: variables, options, messages, EXEC."""

from __future__ import annotations

import re

from .. import errors, tree
from ..errors import SqlError, not_simulated
from ..tree import Node
from ..types import SqlType, sized
from .changes import ChangeParser
from .tokens import Kind, Token

_SWITCHES = """
    ANSI_DEFAULTS ANSI_NULLS ANSI_NULL_DFLT_OFF ANSI_NULL_DFLT_ON ANSI_PADDING ANSI_WARNINGS ARITHABORT ARITHIGNORE
    CONCAT_NULL_YIELDS_NULL CURSOR_CLOSE_ON_COMMIT FMTONLY FORCEPLAN IMPLICIT_TRANSACTIONS NOCOUNT NOEXEC
    NUMERIC_ROUNDABORT PARSEONLY QUOTED_IDENTIFIER REMOTE_PROC_TRANSACTIONS SHOWPLAN_ALL SHOWPLAN_TEXT SHOWPLAN_XML
    XACT_ABORT
"""
SWITCHES = frozenset(_SWITCHES.split())
"""SET options that are ON or OFF."""
_VALUES = "CONTEXT_INFO DATEFIRST DATEFORMAT DEADLOCK_PRIORITY LANGUAGE LOCK_TIMEOUT ROWCOUNT TEXTSIZE"
VALUES = frozenset(_VALUES.split())
"""SET options with a value of their own."""
_OTHERS = frozenset(("STATISTICS", "IDENTITY_INSERT", "OFFSETS", "FIPS_FLAGGER", "QUERY_GOVERNOR_COST_LIMIT"))
_TIME = re.compile(r"\d{1,2}:\d{1,2}(:\d{1,2}([.:]\d{1,3})?)?")


class StatementParser(ChangeParser):
    """Single statements."""

    # variables and options

    def _declare(self) -> Node:
        line = self.next().line
        if self.is_name():
            raise not_simulated("DECLARE CURSOR")
        return tree.Declare(line, self.variables())

    def variables(self) -> tuple[tuple[str, SqlType, tree.Expression | None], ...]:
        """``@name type = value, ...``."""
        found = [self._declared()]
        while self.symbol(","):
            found.append(self._declared())
        return tuple(found)

    def _declared(self) -> tuple[str, SqlType, tree.Expression | None]:
        name = self.need_variable().lower()
        self.word("AS")
        if self.is_word("TABLE", "CURSOR"):
            raise not_simulated(f"DECLARE ... {self.token.value}")
        kind = self.data_type(1)
        if self.lenient:
            self.word("OUTPUT", "OUT")
        return name, kind, self.value() if self.symbol("=") else None

    def _set(self) -> Node:
        line = self.next().line
        if self.token.kind == Kind.VARIABLE:
            name = self.next().value
            if self.is_symbol("."):
                raise not_simulated("a method of a value")
            operator = self._assignment()
            if self.is_word("CURSOR"):
                raise not_simulated("SET @variable = CURSOR")
            value = self.value()
            if operator:
                value = tree.Arithmetic(operator, tree.Variable(name), value)
            return tree.SetVariable(line, name.lower(), value)
        if self.done:
            raise self.error()
        first = self.token
        if first.kind != Kind.WORD:
            raise self.error()
        self.next()
        option = first.value
        if option == "TRANSACTION":
            return tree.SetOption(line, ("TRANSACTION",), self._isolation())
        if option in _OTHERS:
            raise not_simulated(f"SET {option}")
        if option in VALUES:
            return tree.SetOption(line, (option,), self._option_value())
        if option not in SWITCHES:
            raise errors.no_option(first.text)
        names = [option]
        while self.symbol(","):
            if not self.is_word(*SWITCHES):
                raise self.error()
            names.append(self.next().value)
        return tree.SetOption(line, tuple(names), self.need_word("ON", "OFF"))

    def _isolation(self) -> str:
        self.need_word("ISOLATION")
        self.need_word("LEVEL")
        if self.word("READ"):
            return f"READ {self.need_word('COMMITTED', 'UNCOMMITTED')}"
        if self.word("REPEATABLE"):
            return f"REPEATABLE {self.need_word('READ')}"
        if self.is_word("SNAPSHOT"):
            raise not_simulated("the isolation level SNAPSHOT")
        return self.need_word("SERIALIZABLE")

    def _option_value(self) -> str:
        if self.token.kind == Kind.VARIABLE:
            raise not_simulated("SET with a variable as the option's value")
        constant = self.constant()
        return str(constant.value) if constant is not None else self.need_name()

    # messages and errors

    def _print(self) -> Node:
        line = self.next().line
        return tree.Print(line, self.value())

    def _argument(self) -> tree.Constant | tree.Variable:
        """A constant or a variable: no expression."""
        if self.token.kind == Kind.VARIABLE:
            return tree.Variable(self.next().value)
        constant = self.constant()
        if constant is None:
            # near the variable in -@x
            self.symbol("-")
            raise self.error()
        return constant

    def _throw(self, terminated: bool) -> Node:
        token = self.token
        if not terminated:
            # it is no reserved word: behind a statement without a semicolon it is the next word of that
            raise self.error()
        self.next()
        if self.done or self.is_symbol(";") or not (self._constant_or_variable() or self.is_symbol("-", "(", "+")):
            return tree.Throw(token.line, ())
        number = self._thrown(Kind.NUMBER)
        self.need_symbol(",")
        message = self._thrown(Kind.STRING, Kind.NATIONAL)
        self.need_symbol(",")
        return tree.Throw(token.line, (number, message, self._thrown(Kind.NUMBER)))

    def _constant_or_variable(self) -> bool:
        kinds = (Kind.NUMBER, Kind.STRING, Kind.NATIONAL, Kind.VARIABLE, Kind.BINARY, Kind.MONEY)
        return self.token.kind in kinds

    def _thrown(self, *kinds: Kind) -> tree.Constant | tree.Variable:
        if self.token.kind != Kind.VARIABLE and self.token.kind not in kinds:
            raise self.error()
        if Kind.NUMBER in kinds and self.token.kind == Kind.NUMBER and not self.token.text.isdigit():
            raise self.error()
        return self._argument()

    def _raiserror(self) -> Node:
        line = self.next().line
        self.need_symbol("(")
        message = self._argument()
        self.need_symbol(",")
        severity = self._argument()
        self.need_symbol(",")
        state = self._argument()
        if self.is_symbol(","):
            raise not_simulated("RAISERROR with more than three arguments")
        self.need_symbol(")")
        if self.word("WITH"):
            options = [self.need_word("NOWAIT", "LOG", "SETERROR")]
            while self.symbol(","):
                options.append(self.need_word("NOWAIT", "LOG", "SETERROR"))
            if options != ["NOWAIT"]:
                raise not_simulated("RAISERROR ... WITH LOG or SETERROR")
        return tree.RaiseError(line, message, severity, state)

    # the rest

    def _use(self) -> Node:
        line = self.next().line
        return tree.Use(line, self.need_name())

    def _waitfor(self) -> Node:
        line = self.next().line
        if self.is_symbol("(") or self.is_word("TIME"):
            raise not_simulated("WAITFOR other than DELAY")
        self.need_word("DELAY")
        token = self.token
        if token.kind == Kind.VARIABLE:
            return tree.WaitFor(line, tree.Variable(self.next().value))
        if token.kind not in (Kind.STRING, Kind.NATIONAL):
            raise self.error()
        if not _TIME.fullmatch(token.value):
            message = f"Incorrect time syntax in time string '{token.value}' used with WAITFOR."
            raise SqlError(148, message, 15)
        return tree.WaitFor(line, self.string(self.next()))

    def _return(self) -> Node:
        line = self.next().line
        if self._constant_or_variable() or self.is_symbol("(", "-", "+") or self.token.kind == Kind.GLOBAL:
            raise SqlError(178, "A RETURN statement with a return value cannot be used in this context.", 15)
        return tree.Return(line)

    # EXEC

    def _exec(self) -> Node:
        token = self.next()
        result = ""
        if self.is_symbol("("):
            raise not_simulated("EXEC ('...')")
        if self.token.kind == Kind.VARIABLE:
            if self.ahead().value != "=":
                raise not_simulated("EXEC @procedure")
            result = self.next().value.lower()
            self.next()
            if self.token.kind == Kind.VARIABLE:
                raise not_simulated("EXEC @procedure")
        return self._call_of(token, result)

    def _call_of(self, token: Token, result: str) -> Node:
        procedure = self.dotted()
        if self.is_symbol(";") and self.ahead().kind == Kind.NUMBER:
            raise not_simulated("a procedure's number")
        arguments: list[tuple[str, tree.Expression | None]] = []
        while self._argument_follows(bool(arguments)):
            if arguments:
                self.next()
            arguments.append(self._passed(arguments))
        if self.is_word("WITH"):
            raise not_simulated("EXEC ... WITH")
        if self.is_symbol("("):
            # "near ')'" for a function without arguments, as in EXEC p GETDATE()
            self.next()
            raise self.error()
        return tree.Execute(token.line, procedure, tuple(arguments), result)

    def _argument_follows(self, others: bool) -> bool:
        if others:
            return self.is_symbol(",")
        if self.is_symbol("-", "+"):
            return True
        begins = self._constant_or_variable() or self.token.kind == Kind.GLOBAL or self.is_name()
        return begins or self.is_word("NULL", "DEFAULT")

    def _passed(self, before: list[tuple[str, tree.Expression | None]]) -> tuple[str, tree.Expression | None]:
        name = ""
        if self.token.kind == Kind.VARIABLE and self.ahead().value == "=":
            name = self.next().value.lower()
            self.next()
        elif any(each for each, _unused in before):
            message = (
                f"Must pass parameter number {len(before) + 1} and subsequent parameters as '@name = value'. After the "
                "form '@name = value' has been used, all subsequent parameters must be passed in the form '@name = "
                "value'."
            )
            raise SqlError(119, message, 15)
        if name and name in (each for each, _unused in before):
            raise SqlError(8143, f"Parameter '@{name}' was supplied multiple times.")
        value = self._passed_value()
        if self.word("OUTPUT", "OUT"):
            if not isinstance(value, tree.Variable):
                message = "Cannot use the OUTPUT option when passing a constant to a stored procedure."
                raise SqlError(179, message, 15)
            raise not_simulated("an output parameter")
        return name, value

    def _passed_value(self) -> tree.Expression | None:
        """An argument's value: a constant, a variable, NULL, DEFAULT (None), or a word that stands for a string."""
        if self.word("DEFAULT"):
            return None
        if self.word("NULL"):
            return tree.Constant(None, SqlType("null"))
        if self.token.kind == Kind.VARIABLE:
            return tree.Variable(self.next().value)
        if self.token.kind == Kind.GLOBAL:
            return tree.GlobalVariable(self.next().value)
        constant = self.constant()
        if constant is not None:
            return constant
        if not self.is_name():
            self.symbol("-")
            raise self.error()
        word = self.need_name()
        return tree.Constant(word, sized("nvarchar", len(word)))

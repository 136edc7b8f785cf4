"""Remote procedure calls: drivers send parameters through sp_executesql and the sp_prepare family (MS-TDS 2.2.6.6)."""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.sql import SqlError, Variable
from lab.sql.conversions import convert
from lab.sql.errors import no_procedure, not_simulated
from lab.sql.parser import declared_types

from .packets import Cursor, ProtocolError
from .values import read_parameter

NUMBERED = {
    2: "sp_cursoropen",
    3: "sp_cursorprepare",
    5: "sp_cursorprepexec",
    7: "sp_cursorfetch",
    9: "sp_cursorclose",
    10: "sp_executesql",
    11: "sp_prepare",
    12: "sp_execute",
    13: "sp_prepexec",
    14: "sp_prepexecrpc",
    15: "sp_unprepare",
}
_BY_REFERENCE = 0x01


@dataclass
class Call:
    """A procedure's name and its arguments: (name or "", by reference, value)."""

    procedure: str
    arguments: list[tuple[str, bool, Variable]] = field(default_factory=list)


@dataclass(frozen=True)
class Prepared:
    """A prepared statement: its text and the declaration of its parameters."""

    text: str
    declaration: str


@dataclass
class Work:
    """What a call comes to: a batch with parameters (or none), a handle to return. ``direct``: the batch is nothing but
    the procedure itself."""

    batch: str | None = None
    parameters: dict[str, Variable] = field(default_factory=dict)
    handle: int | None = None
    direct: bool = False


def parse_calls(data: bytes) -> list[Call]:
    """The calls of an RPC message."""
    cursor = Cursor(data)
    cursor.skip_headers()
    calls = []
    while not cursor.done:
        length = cursor.unsigned(2)
        if length == 0xFFFF:
            number = cursor.unsigned(2)
            name = NUMBERED.get(number, f"procedure {number}")
        else:
            name = cursor.text(length)
        cursor.take(2)
        call = Call(name)
        while not cursor.done:
            size = cursor.unsigned(1)
            if size in (0x80, 0xFF):
                # the next call of the same message
                break
            argument = cursor.text(size)
            status = cursor.unsigned(1)
            call.arguments.append((argument.lstrip("@").lower(), bool(status & _BY_REFERENCE), read_parameter(cursor)))
        calls.append(call)
    if not calls:
        raise ProtocolError("an RPC without a call")
    return calls


class Statements:
    """The prepared statements of a connection."""

    def __init__(self) -> None:
        self._known: dict[int, Prepared] = {}
        self._last = 0

    def resolve(self, call: Call) -> Work:
        """What to do for a call. Raises SqlError (2812, 8179 ...)."""
        name = call.procedure.lower().rpartition(".")[2]
        values = [value for _name, _reference, value in call.arguments]
        if name == "sp_executesql":
            text = _text(values, 0)
            declaration = _text(values, 1) if len(values) > 1 else ""
            return Work(text, _bound(declaration, call.arguments[2:]))
        if name == "sp_prepexec":
            prepared = Prepared(_text(values, 2), _text(values, 1))
            return Work(prepared.text, _bound(prepared.declaration, call.arguments[3:]), self._remember(prepared))
        if name == "sp_prepare":
            return Work(handle=self._remember(Prepared(_text(values, 2), _text(values, 1))))
        if name == "sp_execute":
            prepared = self._find(values)
            return Work(prepared.text, _bound(prepared.declaration, call.arguments[1:]))
        if name == "sp_unprepare":
            self._find(values)
            handle = values[0].value
            assert isinstance(handle, int)
            del self._known[handle]
            return Work()
        if name == "sp_describe_undeclared_parameters":
            # drivers go on without it
            raise not_simulated(name)
        if name in NUMBERED.values() or not name.isidentifier():
            raise no_procedure(call.procedure)
        # any other procedure, by name: the engine knows it or not
        parameters = {
            argument or str(place): value for place, (argument, _unused, value) in enumerate(call.arguments, 1)
        }
        if any(reference for _name, reference, _value in call.arguments):
            raise not_simulated("an output parameter")
        if any(key.isdigit() for key in parameters):
            arguments = ", ".join(f"@p{key}" if key.isdigit() else f"@{key} = @{key}" for key in parameters)
            parameters = {f"p{key}" if key.isdigit() else key: value for key, value in parameters.items()}
        else:
            arguments = ", ".join(f"@{key} = @{key}" for key in parameters)
        return Work(f"EXEC {call.procedure} {arguments}", parameters, direct=True)

    def _remember(self, prepared: Prepared) -> int:
        self._last += 1
        self._known[self._last] = prepared
        return self._last

    def _find(self, values: list[Variable]) -> Prepared:
        handle = values[0].value if values else None
        if not isinstance(handle, int) or handle not in self._known:
            raise SqlError(8179, f"Could not find prepared statement with handle {handle!r}.", 16, 2)
        return self._known[handle]


def _text(values: list[Variable], place: int) -> str:
    value = values[place].value if place < len(values) else ""
    if not isinstance(value, str | None):
        message = "Procedure expects parameter '@statement' of type 'ntext/nchar/nvarchar'."
        raise SqlError(214, message, 16, 2)
    return value or ""


def _bound(declaration: str, arguments: list[tuple[str, bool, Variable]]) -> dict[str, Variable]:
    """The declared parameters with the values given, by name or by position, converted to the declared types."""
    declared = declared_types(declaration)
    names = list(declared)
    bound: dict[str, Variable] = {}
    for place, (name, reference, value) in enumerate(arguments):
        if reference:
            raise not_simulated("an output parameter")
        if not name:
            if place >= len(names):
                raise SqlError(8144, "Procedure or function has too many arguments specified.", 16, 2)
            name = names[place]
        if name not in declared:
            raise SqlError(8145, f"@{name} is not a parameter for procedure sp_executesql.")
        bound[name] = Variable(declared[name], convert(value.value, value.type, declared[name]))
    for name in names:
        if name not in bound:
            query = f"({declaration})"
            message = f"The parameterized query '{query[:60]}' expects the parameter '@{name}', which was not supplied."
            raise SqlError(8178, message)
    return bound

"""The system procedures that the lab has: extended properties of the database itself, application locks, and the
types that drivers ask for when they connect.

Numbers, states and lines of errors, and how far each reaches, are those of a real SQL Server 2025.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import errors
from .catalog import EXTENDED_PROPERTIES, Column
from .conversions import convert
from .errors import SqlError, not_simulated
from .locks import MODES, SESSION, TRANSACTION, ApplicationLock, Deadlocked, TimedOut
from .results import Done, Info, Step
from .types import INT, SMALLINT, SYSNAME, SqlType, Value

if TYPE_CHECKING:
    from .session import Session

Arguments = Mapping[str, Value]
# yields what it has to say, returns the return code
Run = Generator[Step, None, int]


@dataclass(frozen=True)
class Procedure:
    """A procedure: its parameters in order with their types, those that must be given, and what it does."""

    name: str
    parameters: Mapping[str, SqlType]
    run: Callable[[Session, Arguments], Run]
    required: tuple[str, ...] = ()


# extended properties

_LEVELS = ("level0type", "level0name", "level1type", "level1name", "level2type", "level2name")
_LEVEL_TYPES = {name: SqlType("varchar" if name.endswith("type") else "nvarchar", 128) for name in _LEVELS}
_VARIANT = SqlType("sql_variant")
_PLACE = EXTENDED_PROPERTIES.place
_WHERE = "WHERE class = 0 AND name = ? COLLATE TSQL_CI_AS"


def _raised(error: SqlError, procedure: str, line: int, origin: str = "metadata") -> SqlError:
    """An error as from inside of a procedure. What changes the catalog ends batch and transaction when it fails."""
    error.procedure, error.line, error.origin = procedure, line, origin
    return error


def _property(
    session: Session, arguments: Arguments, procedure: str, lines: tuple[int, int], known: bool
) -> Generator[Step, None, None]:
    """What the three have in common: argument, permission, lock, whether the property has to be there."""
    early, late = lines
    if any(arguments.get(level) is not None for level in _LEVELS):
        raise not_simulated(f"{procedure} for anything but the database itself")
    name = arguments["name"]
    if name is None:
        # with the slip of the real one's text
        written = procedure.replace("dropextended", "dropeextended")
        message = f"An invalid parameter or option was specified for procedure '{written}'."
        raise _raised(SqlError(15600, message, 15), procedure, early, "RAISERROR")
    value = arguments.get("value")
    if isinstance(value, str | bytes) and len(value) * (2 if isinstance(value, str) else 1) > 7500:
        message = "The size associated with an extended property cannot be more than 7,500 bytes."
        raise _raised(SqlError(15097, message), procedure, late)
    if "ALTER" not in (session.database.rights(session.login) or frozenset()):
        # a guess: nobody has published what comes without ALTER on the database
        raise _raised(errors.property_refused("object specified"), procedure, late)
    yield from session.lock_for_write({_PLACE})
    found = session.database.sqlite.execute(f"SELECT 1 FROM `{_PLACE}` {_WHERE}", (name,)).fetchone() is not None
    if known and not found:
        error = errors.property_missing(str(name))
        error.state = 2 if procedure == "sp_updateextendedproperty" else 1
        raise _raised(error, procedure, late)
    if found and not known:
        raise _raised(errors.property_exists(str(name)), procedure, late)


def _add(session: Session, arguments: Arguments) -> Run:
    yield from _property(session, arguments, "sp_addextendedproperty", (22, 37), known=False)
    values = (arguments["name"], arguments.get("value"))
    session.database.sqlite.execute(f"INSERT INTO `{_PLACE}` VALUES (0, 'DATABASE', 0, 0, ?, ?)", values)
    return 0


def _update(session: Session, arguments: Arguments) -> Run:
    yield from _property(session, arguments, "sp_updateextendedproperty", (22, 36), known=True)
    values = (arguments.get("value"), arguments["name"])
    session.database.sqlite.execute(f"UPDATE `{_PLACE}` SET value = ? {_WHERE}", values)
    return 0


def _drop(session: Session, arguments: Arguments) -> Run:
    yield from _property(session, arguments, "sp_dropextendedproperty", (14, 28), known=True)
    session.database.sqlite.execute(f"DELETE FROM `{_PLACE}` {_WHERE}", (arguments["name"],))
    return 0


# application locks

FAILED = -999
_PRINCIPALS = ("public", "dbo", "guest", "db_owner", "db_datareader", "db_datawriter")
# the statements of the procedures' own that DONEINPROC reports: SELECT, IF, IF's RAISERROR, EXEC
_SELECTED, _TESTED, _RAISED, _CALLED = (
    Done(0xC1, 1, inside=True),
    Done(0xC0, inside=True),
    Done(0xF6, inside=True),
    Done(0xE0, inside=True),
)


def _not_recognized(procedure: str, value: Value, parameter: str, line: int) -> Info:
    text = "(null)" if value is None else str(value)
    message = f"Option '{text}' not recognized for '@{parameter}' parameter."
    return Info(message, 15625, procedure=procedure, line=line)


def _userlock(number: int, message: str, state: int = 1) -> SqlError:
    """An error of the extended procedure that does the work. It leaves the batch running."""
    return _raised(SqlError(number, message, 16, state), "sys.xp_userlock", 1, "userlock")


def _kind(value: Value) -> str:
    return {"transaction": TRANSACTION, "session": SESSION}.get(str(value).rstrip(" ").lower(), "")


def _lock(session: Session, arguments: Arguments, mode: str, kind: str) -> ApplicationLock:
    """The lock that is meant. Raises SqlError 1224, 1230 or 1202."""
    resource, principal = arguments.get("resource"), arguments.get("dbprincipal", "public")
    if resource is None:
        raise _userlock(1224, "An invalid application lock resource was passed to xp_userlock.", 5)
    if principal is None:
        raise _userlock(1230, "An invalid database principal was passed to xp_userlock.")
    name = str(principal).rstrip(" ").lower()
    if name not in _PRINCIPALS:
        message = f"The database-principal '{name}' does not exist or user is not a member."
        raise _userlock(1202, message)
    return ApplicationLock(str(resource)[:255], mode, session, kind, name)


def _get_lock(session: Session, arguments: Arguments) -> Run:
    """sp_getapplock: 0, 1 after waiting, -1 not in time, -3 victim of a deadlock, -999 called in a wrong way."""
    procedure = "sp_getapplock"
    mode = MODES.get(str(arguments["lockmode"]).rstrip(" ").lower(), "")
    yield from (_SELECTED, _TESTED)
    if not mode:
        yield _not_recognized(procedure, arguments["lockmode"], "LockMode", 26)
        yield from (_RAISED, _SELECTED)
        return FAILED
    owner = arguments.get("lockowner", TRANSACTION)
    kind = _kind(owner)
    yield from (_SELECTED, _TESTED)
    if not kind:
        yield _not_recognized(procedure, owner, "LockOwner", 39)
        yield from (_RAISED, _SELECTED)
        return FAILED
    timeout = arguments.get("locktimeout")
    yield from (_TESTED, _SELECTED, _TESTED)
    if kind == TRANSACTION and not session.trancount:
        message = "You attempted to acquire a transactional application lock without an active transaction."
        yield Info(message, 15626, procedure=procedure, line=52)
        yield from (_RAISED, _SELECTED)
        return FAILED
    milliseconds = int(timeout) if timeout is not None else session.lock_timeout
    if milliseconds < -1:
        raise _userlock(1227, "An invalid application lock time-out was passed to xp_userlock.", 2)
    wanted = _lock(session, arguments, mode, kind)
    code = yield from _acquired(session, wanted, milliseconds)
    yield from (_CALLED, _SELECTED)
    return code


def _acquired(session: Session, wanted: ApplicationLock, milliseconds: int) -> Run:
    try:
        waited = yield from session.database.application_locks.acquire(session, wanted, milliseconds)
    except TimedOut:
        return -1
    except Deadlocked:
        # the transaction stays as it is: rolling back is the caller's to do
        return -3
    return int(waited)


def _release_lock(session: Session, arguments: Arguments) -> Run:
    procedure = "sp_releaseapplock"
    owner = arguments.get("lockowner", TRANSACTION)
    kind = _kind(owner)
    yield from (_SELECTED, _TESTED)
    if not kind:
        yield _not_recognized(procedure, owner, "LockOwner", 20)
        yield from (_RAISED, _SELECTED)
        return FAILED
    held = _lock(session, arguments, "Exclusive", kind)
    if kind == TRANSACTION and not session.trancount:
        message = "The statement or function must be executed in the context of a user transaction."
        raise _userlock(3918, message)
    if not session.database.application_locks.release(held):
        message = (
            f"Cannot release the application lock (Database Principal: '{held.principal}', Resource: "
            f"'{held.resource}') because it is not currently held."
        )
        raise _userlock(1223, message)
    yield from (_CALLED, _SELECTED)
    return 0


# types

_TYPE_COLUMNS = (
    Column("TYPE_NAME", SYSNAME),
    Column("DATA_TYPE", SMALLINT),
    Column("PRECISION", INT),
    Column("LITERAL_PREFIX", SqlType("varchar", 32)),
    Column("LITERAL_SUFFIX", SqlType("varchar", 32)),
    Column("CREATE_PARAMS", SqlType("varchar", 32)),
    *(Column(name, SMALLINT) for name in ("NULLABLE", "CASE_SENSITIVE", "SEARCHABLE", "UNSIGNED_ATTRIBUTE", "MONEY")),
    Column("AUTO_INCREMENT", SMALLINT),
    Column("LOCAL_TYPE_NAME", SYSNAME),
    *(Column(name, SMALLINT) for name in ("MINIMUM_SCALE", "MAXIMUM_SCALE", "SQL_DATA_TYPE", "SQL_DATETIME_SUB")),
    *(Column(name, SMALLINT) for name in ("NUM_PREC_RADIX", "INTERVAL_PRECISION", "USERTYPE")),
)
# name, ODBC's number, size, how a literal begins and ends, a length to give, scale
_TYPES: tuple[tuple[str, int, int, str | None, str | None, str | None, int | None], ...] = (
    ("uniqueidentifier", -11, 36, "'", "'", None, None),
    ("nvarchar", -9, 4000, "N'", "'", "max length", None),
    ("nchar", -8, 4000, "N'", "'", "length", None),
    ("bit", -7, 1, None, None, None, 0),
    ("tinyint", -6, 3, None, None, None, 0),
    ("bigint", -5, 19, None, None, None, 0),
    ("varbinary", -3, 8000, "0x", None, "max length", None),
    ("char", 1, 8000, "'", "'", "length", None),
    ("int", 4, 10, None, None, None, 0),
    ("smallint", 5, 5, None, None, None, 0),
    ("float", 6, 53, None, None, None, None),
    ("varchar", 12, 8000, "'", "'", "max length", None),
    ("datetime2", 93, 27, "'", "'", "scale", 7),
    ("datetime", 93, 23, "'", "'", None, 3),
)


def _types(session: Session, arguments: Arguments) -> Run:
    """The types that the lab has, in the columns that Microsoft documents for sp_datatype_info."""
    wanted = arguments.get("data_type") or 0
    rows: list[tuple[Value, ...]] = []
    for name, number, size, prefix, suffix, parameters, scale in _TYPES:
        if wanted in (0, number):
            numeric = prefix is None
            head = (name, number, size, prefix, suffix, parameters, 1, 0, 2 if numeric else 3, 0 if numeric else None)
            rows.append(
                (*head, 0, 0 if numeric else None, name, scale, scale, number, None, 10 if numeric else None, None, 0)
            )
    yield session.rows(list(_TYPE_COLUMNS), rows)
    yield Done(0xC1, len(rows), inside=True)
    return 0


_OWNER = {"lockowner": SqlType("varchar", 32)}
_PRINCIPAL = {"dbprincipal": SYSNAME}
_RESOURCE = {"resource": SqlType("nvarchar", 255)}
_INFO_PARAMETERS = {"data_type": INT, "odbcver": SqlType("tinyint")}
_ALL = (
    Procedure("sp_addextendedproperty", {"name": SYSNAME, "value": _VARIANT, **_LEVEL_TYPES}, _add, ("name",)),
    Procedure("sp_updateextendedproperty", {"name": SYSNAME, "value": _VARIANT, **_LEVEL_TYPES}, _update, ("name",)),
    Procedure("sp_dropextendedproperty", {"name": SYSNAME, **_LEVEL_TYPES}, _drop, ("name",)),
    Procedure(
        "sp_getapplock",
        {**_RESOURCE, "lockmode": SqlType("varchar", 32), **_OWNER, "locktimeout": INT, **_PRINCIPAL},
        _get_lock,
        ("lockmode",),
    ),
    Procedure("sp_releaseapplock", {**_RESOURCE, **_OWNER, **_PRINCIPAL}, _release_lock),
    Procedure("sp_datatype_info", _INFO_PARAMETERS, _types),
    Procedure("sp_datatype_info_100", _INFO_PARAMETERS, _types),
)
PROCEDURES: Mapping[str, Procedure] = {each.name: each for each in _ALL}
_PARAMETER_NAMES = {"lockmode": "LockMode"}


def find(name: tuple[str, ...]) -> Procedure | None:
    """The procedure of that name, None if there is none. Raises "not simulated" for those that only drivers call."""
    *before, own = name
    if own.lower() == "sp_executesql":
        # only as a remote procedure call
        raise not_simulated("EXEC sp_executesql")
    if len(before) > 1 and before[-2]:
        raise not_simulated("a procedure of another database")
    schema = before[-1].lower() if before else ""
    return PROCEDURES.get(own.lower()) if schema in ("", "sys", "dbo") else None


def bound(procedure: Procedure, written: str, given: list[tuple[str, Value, SqlType]]) -> dict[str, Value]:
    """The arguments by parameter, in the parameters' types. Raises SqlError 8114, 8144, 8145 or 201."""
    names = list(procedure.parameters)
    found: dict[str, Value] = {}
    for place, (name, value, kind) in enumerate(given):
        if not name:
            if place >= len(names):
                message = f"Procedure or function {procedure.name} has too many arguments specified."
                raise SqlError(8144, message, 16, 2)
            name = names[place]
        elif name not in procedure.parameters:
            raise _called(SqlError(8145, f"@{name} is not a parameter for procedure {procedure.name}."), procedure)
        target = procedure.parameters[name]
        if target.text and kind.name == "sql_variant":
            raise errors.not_convertible("sql_variant", target.name)
        try:
            found[name] = convert(value, kind, target)
        except SqlError as error:
            if error.origin == "lab":
                raise
            message = f"Error converting data type {kind.name} to {target.name}."
            raise _called(SqlError(8114, message, 16, 5), procedure) from None
    for name in procedure.required:
        if name not in found:
            parameter = _PARAMETER_NAMES.get(name, name)
            message = (
                f"Procedure or function '{procedure.name}' expects parameter '@{parameter}', which was not supplied."
            )
            raise _called(SqlError(201, message, 16, 4), procedure)
    return found


def _called(error: SqlError, procedure: Procedure) -> SqlError:
    # an error of the call itself: before the procedure's first line
    error.procedure, error.line, error.origin = procedure.name, 0, "call"
    return error

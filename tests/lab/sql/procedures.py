"""The system procedures that the lab has: extended properties of the database itself, and the types that drivers ask
for when they connect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import errors
from .catalog import EXTENDED_PROPERTIES, Column
from .errors import SqlError, not_simulated
from .types import INT, SYSNAME, SqlType, Value

if TYPE_CHECKING:
    from .session import Session, Steps


@dataclass(frozen=True)
class Procedure:
    """A procedure: its parameters in order, and what it does with their values."""

    parameters: tuple[str, ...]
    run: Callable[[Session, Mapping[str, Value]], Steps]


_LEVELS = ("level0type", "level0name", "level1type", "level1name", "level2type", "level2name")
SMALLINT = SqlType("smallint")
_PLACE = EXTENDED_PROPERTIES.place


def _property(session: Session, arguments: Mapping[str, Value], procedure: str) -> Steps:
    """What the three have in common: argument, permission, lock."""
    if any(arguments.get(level) is not None for level in _LEVELS):
        raise not_simulated(f"{procedure} for anything but the database itself")
    if "name" not in arguments:
        message = f"Procedure or function '{procedure}' expects parameter '@name', which was not supplied."
        raise SqlError(201, message, 16, 4)
    if not arguments["name"]:
        raise SqlError(15600, f"An invalid parameter or option was specified for procedure '{procedure}'.", 15)
    value = arguments.get("value")
    if isinstance(value, str) and len(value) * 2 > 7500:
        raise SqlError(15097, "The size associated with an extended property cannot be more than 7,500 bytes.")
    if "ALTER" not in (session.database.rights(session.login) or frozenset()):
        raise errors.property_refused("object specified")
    yield from session.lock_for_write({_PLACE})


def _exists(session: Session, name: Value) -> bool:
    sqlite = session.database.sqlite
    found = sqlite.execute(f"SELECT 1 FROM `{_PLACE}` WHERE class = 0 AND name = ? COLLATE TSQL", (name,))
    return found.fetchone() is not None


def _add(session: Session, arguments: Mapping[str, Value]) -> Steps:
    yield from _property(session, arguments, "sp_addextendedproperty")
    name = arguments["name"]
    with session.database.mutex:
        if _exists(session, name):
            raise errors.property_exists(str(name))
        session.database.sqlite.execute(
            f"INSERT INTO `{_PLACE}` VALUES (0, 'DATABASE', 0, 0, ?, ?)", (name, arguments.get("value"))
        )


def _update(session: Session, arguments: Mapping[str, Value]) -> Steps:
    yield from _property(session, arguments, "sp_updateextendedproperty")
    name = arguments["name"]
    with session.database.mutex:
        if not _exists(session, name):
            raise errors.property_missing(str(name))
        session.database.sqlite.execute(
            f"UPDATE `{_PLACE}` SET value = ? WHERE class = 0 AND name = ? COLLATE TSQL", (arguments.get("value"), name)
        )


def _drop(session: Session, arguments: Mapping[str, Value]) -> Steps:
    yield from _property(session, arguments, "sp_dropextendedproperty")
    name = arguments["name"]
    with session.database.mutex:
        if not _exists(session, name):
            raise errors.property_missing(str(name))
        session.database.sqlite.execute(f"DELETE FROM `{_PLACE}` WHERE class = 0 AND name = ? COLLATE TSQL", (name,))


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
    ("nvarchar", -9, 4000, "N'", "'", "max length", None),
    ("bit", -7, 1, None, None, None, 0),
    ("tinyint", -6, 3, None, None, None, 0),
    ("bigint", -5, 19, None, None, None, 0),
    ("varbinary", -3, 8000, "0x", None, "max length", None),
    ("int", 4, 10, None, None, None, 0),
    ("smallint", 5, 5, None, None, None, 0),
    ("float", 6, 53, None, None, None, None),
    ("varchar", 12, 8000, "'", "'", "max length", None),
    ("datetime2", 93, 27, "'", "'", "scale", 7),
    ("datetime", 93, 23, "'", "'", None, 3),
)


def _types(session: Session, arguments: Mapping[str, Value]) -> Steps:
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


PROCEDURES: Mapping[str, Procedure] = {
    "sp_addextendedproperty": Procedure(("name", "value", *_LEVELS), _add),
    "sp_updateextendedproperty": Procedure(("name", "value", *_LEVELS), _update),
    "sp_dropextendedproperty": Procedure(("name", *_LEVELS), _drop),
    "sp_datatype_info": Procedure(("data_type", "odbcver"), _types),
    "sp_datatype_info_100": Procedure(("data_type", "odbcver"), _types),
}

"""The system procedures that the lab has: extended properties of the database itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import errors
from .catalog import EXTENDED_PROPERTIES
from .errors import SqlError, not_simulated
from .types import Value

if TYPE_CHECKING:
    from .session import Session, Steps


@dataclass(frozen=True)
class Procedure:
    """A procedure: its parameters in order, and what it does with their values."""

    parameters: tuple[str, ...]
    run: Callable[[Session, Mapping[str, Value]], Steps]


_LEVELS = ("level0type", "level0name", "level1type", "level1name", "level2type", "level2name")
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


PROCEDURES: Mapping[str, Procedure] = {
    "sp_addextendedproperty": Procedure(("name", "value", *_LEVELS), _add),
    "sp_updateextendedproperty": Procedure(("name", "value", *_LEVELS), _update),
    "sp_dropextendedproperty": Procedure(("name", *_LEVELS), _drop),
}

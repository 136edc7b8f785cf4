"""The functions that translated SQL calls inside sqlite: conversions, comparison, and what T-SQL's built-ins know."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from . import errors, types
from .types import SqlType, Value

if TYPE_CHECKING:
    from .engine import Database
    from .session import Session


def install(database: Database) -> None:
    """Register everything on the database's sqlite connection."""
    database.sqlite.create_collation("TSQL", _collate)

    def session() -> Session:
        assert database.current is not None
        return database.current

    functions: dict[str, Callable[..., Value]] = {
        "t_convert": _convert,
        "t_like": _like,
        "t_single": _single,
        "t_divisor": _divisor,
        "t_len": lambda text: None if text is None else len(text.rstrip(" ")),
        "t_replace": _replace,
        "t_store": lambda *arguments: _store(database, *arguments),
        "t_variable": lambda name: session().variables[name].value,
        "t_global": lambda name: session().global_value(name),
        "t_db_name": lambda: session().database.name,
        "t_db_id": lambda *names: _database_id(session(), *names),
        "t_login": lambda: session().login.name,
        "t_user": lambda: "dbo" if session().login.sysadmin else session().login.name,
        "t_host": lambda: session().host,
        "t_application": lambda: session().application,
        "t_server_property": lambda name: _server_property(session(), name),
        "t_has_permission": lambda *arguments: _has_permission(session(), *arguments),
        "t_has_access": lambda name: _has_access(session(), name),
        "t_object_id": lambda *arguments: _object_id(session(), *arguments),
        "t_xact_state": lambda: session().xact_state(),
        "t_error_number": lambda: _caught(session(), "number"),
        "t_error_message": lambda: _caught(session(), "message"),
        "t_error_severity": lambda: _caught(session(), "severity"),
        "t_error_state": lambda: _caught(session(), "state"),
        "t_now": lambda: _now(session()).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
        "t_now2": lambda: _now(session()).strftime("%Y-%m-%d %H:%M:%S.%f") + "0",
    }
    for name, call in functions.items():
        database.function(name, call)


def _collate(left: str, right: str) -> int:
    """Latin1_General_CI_AS as far as it matters: case and trailing blanks are nothing."""
    first, second = left.rstrip(" ").casefold(), right.rstrip(" ").casefold()
    return (first > second) - (first < second)


def _convert(value: Value, source: str, target: str, length: int, style: int | None, explicit: int, safe: int) -> Value:
    try:
        return types.convert(value, _actual(value, source), SqlType(target, length), style, bool(explicit))
    except errors.SqlError as error:
        if safe and error.origin != "lab":
            return None
        raise


def _actual(value: Value, source: str) -> SqlType:
    # a sql_variant converts by what is in it
    return types.of_value(value) if source == "sql_variant" else SqlType(source)


def _store(database: Database, value: Value, length: int, table: str, column: str, nullable: int, verb: str) -> Value:
    if value is None and not nullable:
        raise errors.null_refused(database.name, table, column, verb)
    if length > 0 and isinstance(value, str | bytes) and len(value) > length:
        if isinstance(value, bytes) or value[length:].strip(" "):
            raise errors.truncated(database.name, table, column, str(value[:length]))
        # blanks beyond the end are cut off in silence
        value = value[:length]
    database.last_stored[table, column] = value
    return value


def _like(text: str | None, pattern: str | None, escape: str | None) -> int | None:
    if text is None or pattern is None:
        return None
    return int(re.fullmatch(like_expression(pattern, escape), text, re.IGNORECASE | re.DOTALL) is not None)


def like_expression(pattern: str, escape: str | None = None) -> str:
    """LIKE's pattern (``%``, ``_``, ``[a-z]``, ``[^a]``) as a regular expression."""
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        letter = pattern[at]
        at += 1
        if escape and letter == escape and at < len(pattern):
            parts.append(re.escape(pattern[at]))
            at += 1
        elif letter == "%":
            parts.append(".*")
        elif letter == "_":
            parts.append(".")
        elif letter == "[" and "]" in pattern[at + 1 :]:
            end = pattern.index("]", at + 1)
            content = pattern[at:end]
            negated = content.startswith("^") and len(content) > 1
            letters = content[1:] if negated else content
            ranges = re.sub(r"([\\\[\]^&~|])", r"\\\1", letters)
            parts.append(f"[{'^' if negated else ''}{ranges}]")
            at = end + 1
        else:
            parts.append(re.escape(letter))
    return "".join(parts)


def _single(count: int, value: Value) -> Value:
    if count > 1:
        message = (
            "Subquery returned more than 1 value. This is not permitted when the subquery follows "
            "=, !=, <, <= , >, >= or when the subquery is used as an expression."
        )
        raise errors.SqlError(512, message)
    return value


def _divisor(value: Value) -> Value:
    if value == 0:
        raise errors.SqlError(8134, "Divide by zero error encountered.")
    return value


def _replace(text: str | None, old: str | None, new: str | None) -> str | None:
    if text is None or old is None or new is None:
        return None
    return re.sub(re.escape(old), lambda match: new, text, flags=re.IGNORECASE) if old else text


def _caught(session: Session, attribute: str) -> Value:
    """ERROR_NUMBER() and its like: of the error whose CATCH block runs, else NULL."""
    value: Value = None if session.caught is None else getattr(session.caught, attribute)
    return value


def _now(session: Session) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(session.server.clock.time(), datetime.timezone.utc)


def _database_id(session: Session, *names: str) -> int | None:
    database = session.server.databases.get(names[0].lower()) if names else session.database
    return database.number if database else None


def _server_property(session: Session, name: str) -> Value:
    machine, _unused, instance = session.server.name.partition("\\")
    known: dict[str, Value] = {
        "servername": session.server.name,
        "machinename": machine,
        "instancename": instance or None,
        "productversion": "15.0.2000.5",
        "productlevel": "RTM",
        "edition": "Developer Edition (64-bit)",
        "engineedition": 3,
        "isintegratedsecurityonly": 0,
        "collation": "SQL_Latin1_General_CP1_CI_AS",
    }
    # an unknown property is NULL, not an error, in SQL Server too
    return known.get(name.lower())


def _has_permission(session: Session, securable: str | None, kind: str | None, permission: str) -> int | None:
    """1 or 0; NULL if the securable does not exist (or is not seen) or the words are not known."""
    if kind is None or permission is None:
        return None
    kind, permission = kind.upper(), permission.upper()
    if kind == "OBJECT" and securable:
        rights = session.database.rights(session.login) or frozenset()
        table = session.database.tables.get(_place(securable))
        # an object on which a login has no permission at all is invisible to it
        if table is None or permission not in ("SELECT", "INSERT", "UPDATE", "DELETE") or not rights:
            return None
        return int(permission in rights)
    if kind == "DATABASE" and securable:
        database = session.server.databases.get(securable.strip("[]").lower())
        if database is None or permission not in ("ALTER", "CONNECT", "SELECT", "INSERT", "UPDATE", "DELETE"):
            return None
        rights = database.rights(session.login) or frozenset()
        return int(permission in rights or (permission == "CONNECT" and database.rights(session.login) is not None))
    raise errors.not_simulated(f"HAS_PERMS_BY_NAME for {kind}")


def _has_access(session: Session, name: str) -> int | None:
    database = session.server.databases.get(name.lower())
    return None if database is None else int(database.rights(session.login) is not None)


def _object_id(session: Session, name: str | None, kind: str | None = None) -> int | None:
    if name is None or (kind is not None and kind.strip().upper() != "U"):
        return None
    place = _place(name)
    if place not in session.database.tables or not session.database.rights(session.login):
        return None
    return 2000 + list(session.database.tables).index(place)


def _place(name: str) -> str:
    parts = [part.strip('[]"').lower() for part in name.split(".")]
    return ".".join(parts) if len(parts) > 1 else f"dbo.{parts[0]}"

"""The functions that translated SQL calls inside sqlite: conversions, strings, and what a session knows of itself."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from . import errors, names
from .conversions import convert, padded, tick
from .permissions import has_access, has_permission
from .types import SqlType, Value, of_value

if TYPE_CHECKING:
    import sqlite3

    from .database import Database
    from .session import Session

_ALGORITHMS = {"MD5": "md5", "SHA": "sha1", "SHA1": "sha1", "SHA2_256": "sha256", "SHA2_512": "sha512"}


def install(database: Database, sqlite: sqlite3.Connection) -> None:
    """Register everything on a connection of the database."""

    def session() -> Session:
        assert database.current is not None
        return database.current

    def newid() -> str:
        return session().server.new_guid()

    functions: dict[str, Callable[..., Value]] = {
        **_PURE,
        "t_store": lambda *arguments: _store(database, *arguments),
        "t_rows": lambda view: json.dumps(database.system_rows(view, session())),
        "t_variable": lambda name: session().variables[name].value,
        "t_global": lambda name: session().global_value(name),
        "t_db_name": lambda *number: _database_name(session(), *number),
        "t_db_id": lambda *name: _database_id(session(), *name),
        "t_login": lambda: session().login.name,
        "t_user": lambda: "dbo" if session().login.sysadmin else session().login.name,
        "t_host": lambda: session().host,
        "t_application": lambda: session().application,
        "t_server_property": lambda name: _server_property(session(), name),
        "t_has_permission": lambda *arguments: has_permission(session(), *arguments),
        "t_has_access": lambda name: has_access(session(), name),
        "t_object_id": lambda *arguments: _object_id(session(), *arguments),
        "t_xact_state": lambda: session().xact_state(),
        "t_error_number": lambda: _caught(session(), "number"),
        "t_error_message": lambda: _caught(session(), "message"),
        "t_error_severity": lambda: _caught(session(), "severity"),
        "t_error_state": lambda: _caught(session(), "state"),
        "t_error_line": lambda: _caught(session(), "line"),
        "t_error_procedure": lambda: _caught(session(), "procedure") or None,
        "t_now": lambda: tick(_now(session())).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
        "t_now2": lambda: _now(session()).strftime("%Y-%m-%d %H:%M:%S.%f") + "0",
        "t_newid": newid,
    }
    for name, call in functions.items():
        sqlite.create_function(name, -1, database.guarded(call))


# pure ones


def _convert(value: Value, source: str, target: str, length: int, style: int | None, explicit: int, safe: int) -> Value:
    # a sql_variant converts by what is in it
    kind = of_value(value) if source == "sql_variant" else SqlType(source)
    try:
        return convert(value, kind, SqlType(target, length), style, bool(explicit))
    except errors.SqlError as error:
        if safe and error.origin != "lab":
            return None
        raise


def _like(text: str | None, pattern: str | None, escape: str | None, sensitive: int) -> int | None:
    if text is None or pattern is None:
        return None
    flags = re.DOTALL if sensitive else re.DOTALL | re.IGNORECASE
    return int(re.fullmatch(like_expression(pattern, escape), text, flags) is not None)


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


def _top(count: int | None) -> int:
    if count is None:
        raise errors.SqlError(1014, "A TOP or FETCH clause contains an invalid value.", 15)
    if count < 0:
        raise errors.negative_top()
    return count


def _replace(text: str | None, old: str | None, new: str | None, sensitive: int) -> str | None:
    if text is None or old is None or new is None:
        return None
    if sensitive or not old:
        return text.replace(old, new) if old else text
    return re.sub(re.escape(old), lambda match: new, text, flags=re.IGNORECASE)


def _substring(text: str | bytes | None, start: int | None, length: int | None) -> str | bytes | None:
    if text is None or start is None or length is None:
        return None
    if length < 0:
        raise errors.SqlError(537, "Invalid length parameter passed to the LEFT or SUBSTRING function.", 16, 2)
    return text[max(start - 1, 0) : max(start - 1 + length, 0)]


def _left(text: str | None, length: int | None) -> str | None:
    if text is None or length is None:
        return None
    if length < 0:
        raise errors.SqlError(537, "Invalid length parameter passed to the LEFT or SUBSTRING function.", 16, 2)
    return text[:length]


def _right(text: str | None, length: int | None) -> str | None:
    if text is None or length is None:
        return None
    if length < 0:
        raise errors.SqlError(536, "Invalid length parameter passed to the RIGHT function.", 16, 4)
    return text[-length:] if length else ""


def _replicate(text: str | None, count: int | None, limit: int) -> str | None:
    if text is None or count is None or count < 0:
        return None
    if limit > 0:
        return (text * min(count, limit))[:limit]
    return text * count


def _hashbytes(algorithm: str | None, value: str | bytes | None, wide: int) -> bytes | None:
    # an algorithm that does not exist is NULL, no error
    name = _ALGORITHMS.get((algorithm or "").upper())
    if name is None or value is None:
        return None
    data = value if isinstance(value, bytes) else value.encode("utf-16-le" if wide else "cp1252", "replace")
    return hashlib.new(name, data, usedforsecurity=False).digest()


def _cased(call: Callable[[str], str]) -> Callable[[str | None], str | None]:
    """Letter by letter, since T-SQL's never become more."""

    def changed(text: str | None) -> str | None:
        if text is None:
            return None
        return "".join(other if len(other := call(letter)) == 1 else letter for letter in text)

    return changed


def _stripped(call: Callable[[str], str]) -> Callable[[str | None], str | None]:
    return lambda text: None if text is None else call(text)


_PURE: dict[str, Callable[..., Value]] = {
    "t_convert": _convert,
    "t_like": _like,
    "t_single": _single,
    "t_divisor": _divisor,
    "t_top": _top,
    "t_len": lambda text: None if text is None else len(text.rstrip(" ")),
    "t_upper": _cased(str.upper),
    "t_lower": _cased(str.lower),
    "t_ltrim": _stripped(lambda text: text.lstrip(" ")),
    "t_rtrim": _stripped(lambda text: text.rstrip(" ")),
    "t_trim": _stripped(lambda text: text.strip(" ")),
    "t_replace": _replace,
    "t_substring": _substring,
    "t_left": _left,
    "t_right": _right,
    "t_replicate": _replicate,
    "t_hashbytes": _hashbytes,
    "t_char": lambda code: None if code is None or not 0 <= code < 256 else bytes((code,)).decode("cp1252", "replace"),
    "t_nchar": lambda code: None if code is None or not 0 <= code < 0x10000 else chr(code),
    "t_quotename": lambda text, quote="[": None if text is None or quote is None else names.quoted(text, quote),
}


# what depends on database or session


def _store(
    database: Database, value: Value, kind: str, length: int, table: str, column: str, nullable: int, verb: str
) -> Value:
    if value is None and not nullable:
        raise errors.null_refused(database.name, table, column, verb)
    if length > 0 and isinstance(value, str | bytes) and len(value) > length:
        if isinstance(value, bytes) or value[length:].strip(" "):
            raise errors.truncated(database.name, table, column, str(value[:length]))
        # blanks beyond the end are cut off in silence
        value = value[:length]
    if isinstance(value, str):
        value = padded(value, SqlType(kind, length))
    database.last_stored[table, column] = value
    return value


def _caught(session: Session, attribute: str) -> Value:
    """ERROR_NUMBER() and its like: of the error whose CATCH block runs, else NULL."""
    value: Value = None if session.caught is None else getattr(session.caught, attribute)
    return value


def _now(session: Session) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(session.server.clock.time(), datetime.timezone.utc)


def _database_name(session: Session, *number: int | None) -> str | None:
    if not number:
        return session.database.name
    return next((each.name for each in session.server.databases.values() if each.number == number[0]), None)


def _database_id(session: Session, *name: str | None) -> int | None:
    if not name:
        return session.database.number
    database = session.server.databases.get((name[0] or "").lower())
    return database.number if database else None


def _server_property(session: Session, name: str | None) -> Value:
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
    return known.get((name or "").lower())


def _object_id(session: Session, name: str | None, kind: str | None = None) -> int | None:
    if name is None or (kind is not None and kind.strip().upper() != "U"):
        return None
    if not session.database.rights(session.login):
        return None
    return session.database.object_id(names.parts(name))

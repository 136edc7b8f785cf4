"""Permissions: what there are, which roles have them, and what HAS_PERMS_BY_NAME says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import names
from .errors import not_simulated

if TYPE_CHECKING:
    from .session import Session

ROLES = {
    "db_owner": frozenset(("SELECT", "UPDATE", "INSERT", "DELETE", "ALTER")),
    "db_datareader": frozenset(("SELECT",)),
    "db_datawriter": frozenset(("UPDATE", "INSERT", "DELETE")),
}
PERMISSIONS = frozenset(("SELECT", "UPDATE", "INSERT", "DELETE", "ALTER"))
_ON_TABLES = frozenset(("SELECT", "UPDATE", "INSERT", "DELETE"))
# everybody has these on the server
_PUBLIC = frozenset(("CONNECT SQL", "VIEW ANY DATABASE"))
_ON_SERVER = _PUBLIC | {
    "ALTER ANY DATABASE",
    "ALTER ANY LOGIN",
    "ALTER SERVER STATE",
    "CONTROL SERVER",
    "VIEW ANY DEFINITION",
    "VIEW SERVER STATE",
}


def has_permission(session: Session, securable: str | None, kind: str | None, permission: str | None) -> int | None:
    """1 or 0; NULL if the securable does not exist (or is not seen), its name is none, or the words are not known.

    The securable is parsed as an identifier: a database called ``a.b`` has to be given as ``[a.b]``.
    """
    if permission is None:
        return None
    word = permission.strip().upper()
    if securable is None and kind is None:
        return int(word in _PUBLIC or session.login.sysadmin) if word in _ON_SERVER else None
    if kind is None or not securable:
        return None
    name = names.parts(securable)
    if kind.upper() == "OBJECT":
        return _on_table(session, name, word)
    if kind.upper() == "DATABASE":
        return _on_database(session, name, word)
    raise not_simulated(f"HAS_PERMS_BY_NAME for {kind.upper()}")


def _on_table(session: Session, name: tuple[str, ...], word: str) -> int | None:
    rights = session.database.rights(session.login) or frozenset()
    # an object on which a login has no permission at all is invisible to it
    if not rights or session.database.object_id(name) is None or word not in _ON_TABLES:
        return None
    return int(word in rights)


def _on_database(session: Session, name: tuple[str, ...], word: str) -> int | None:
    database = session.server.databases.get(name[0].lower()) if len(name) == 1 else None
    if database is None or word not in PERMISSIONS | {"CONNECT"}:
        return None
    rights = database.rights(session.login)
    return int(rights is not None and (word == "CONNECT" or word in rights))


def has_access(session: Session, name: str | None) -> int | None:
    """HAS_DBACCESS."""
    database = session.server.databases.get((name or "").lower())
    return None if database is None else int(database.rights(session.login) is not None)

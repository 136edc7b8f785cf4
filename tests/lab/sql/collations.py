"""Collations: how text is compared, and whose collation an expression has."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from . import errors
from .errors import not_simulated

DEFAULT = "SQL_Latin1_General_CP1_CI_AS"
"""The collation of every database of the lab."""

_KNOWN = re.compile(r"(?:SQL_Latin1_General_CP1|Latin1_General(?:_100)?)_(?:(CI|CS)_(AI|AS)|(BIN2?))", re.IGNORECASE)
# a literal's collation gives way to a column's, a column's to COLLATE
LITERAL, COLUMN, EXPLICIT = range(3)


@dataclass(frozen=True)
class Collation:
    """A collation and how strong its claim on an expression is."""

    name: str = DEFAULT
    strength: int = LITERAL

    @property
    def place(self) -> str:
        """Its name in sqlite."""
        return place(self.name)


LITERAL_COLLATION = Collation()


def place(name: str) -> str:
    """The collation's name in sqlite. Raises SqlError 448, or "not simulated" for other languages."""
    match = _KNOWN.fullmatch(name)
    if match is None:
        if re.fullmatch(r"[A-Za-z]\w*_((CI|CS)_(AI|AS)(_KS)?(_WS)?|BIN2?)(_SC)?(_UTF8)?", name, re.IGNORECASE):
            raise not_simulated(f"the collation {name}")
        raise errors.no_collation(name)
    case, accent, binary = (part and part.upper() for part in match.groups())
    return "TSQL_BIN" if binary else f"TSQL_{case}_{accent}"


def joined(first: Collation, second: Collation, operation: str) -> Collation:
    """The collation of two expressions that meet in an operation. Raises SqlError 468 where none is the stronger."""
    if first.strength != second.strength:
        return first if first.strength > second.strength else second
    if first.name.lower() != second.name.lower():
        raise errors.collation_conflict(first.name, second.name, operation)
    return first


def install(sqlite: sqlite3.Connection) -> None:
    """Make the collations known to a connection."""
    for name, key in _KEYS.items():
        sqlite.create_collation(name, partial(_compare, key))


def _compare(key: Callable[[str], str], left: str, right: str) -> int:
    # trailing blanks are nothing in every one of them
    first, second = key(left.rstrip(" ")), key(right.rstrip(" "))
    return (first > second) - (first < second)


def _without_accents(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))


_KEYS: dict[str, Callable[[str], str]] = {
    "TSQL_CI_AS": str.casefold,
    "TSQL_CS_AS": str,
    "TSQL_CI_AI": lambda text: _without_accents(text).casefold(),
    "TSQL_CS_AI": _without_accents,
    "TSQL_BIN": str,
}
